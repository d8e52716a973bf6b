//! What an analysis says: for people on a terminal, as JSON, and as files to review.

mod changes;
mod files;
mod human;
mod json;

use jiff::Timestamp;

use crate::account::Problem;
use crate::analysis::Counts;
use crate::verdict::Window;

pub use changes::changes;
pub use files::{Files, FilesError};
pub use human::Human;
pub use json::Json;

/// What holds for the whole report.
#[derive(Debug, Clone)]
pub struct Head {
    /// The span of time.
    pub window: Window,
    /// When the report was made.
    pub made: Timestamp,
    /// What the actions come from.
    pub data: Vec<(String, String)>,
    /// What a reader must know to weigh the verdicts.
    pub notes: Vec<String>,
}

/// What was counted over all principals.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// Principals.
    pub principals: usize,
    /// Those that would change.
    pub narrowed: usize,
    /// Those whose change was refused.
    pub refused: usize,
    /// Those that are left alone.
    pub left: usize,
    /// Permissions.
    pub counts: Counts,
}

/// The end of a report.
#[derive(Debug)]
pub struct Tail<'a> {
    /// Over all principals.
    pub totals: Totals,
    /// What could not be read.
    pub problems: &'a [Problem],
}
