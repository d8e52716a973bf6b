//! What an analysis says: for people on a terminal, as JSON, as a page, and as files to review.

mod changes;
pub(crate) mod files;
mod html;
mod human;
mod json;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::account::Problem;
use crate::analysis::Counts;
use crate::iac::Owner;
use crate::permission_set::Proposal;
use crate::ranking::Entry;
use crate::verdict::Window;

pub use changes::changes;
pub use files::{Files, FilesError};
pub use html::Html;
pub use human::Human;
pub use json::Json;

/// What holds for the whole report.
#[derive(Debug, Clone)]
pub struct Head {
    /// The span of time.
    pub window: Window,
    /// The accounts.
    pub accounts: Vec<String>,
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
    /// Principals that would change, but whose policies code owns, by ARN: they are changed there.
    pub owners: &'a BTreeMap<String, Owner>,
    /// What to look at first.
    pub ranking: &'a [Entry],
    /// What is proposed for permission sets.
    pub proposals: &'a [Proposal],
}
