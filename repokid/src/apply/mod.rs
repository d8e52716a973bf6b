//! Changes of IAM that can be undone, and that a kill at any step does no harm to.
//!
//! A change is a list of documents, each with its text before and after to the letter ([`documents`] makes it of an analysis). Before the
//! first call it is compared with what is live ([`Snapshot`]): whatever differs from what was analysed refuses it. Then it is stored, and
//! only then made. Grants come first and removals last, in either direction ([`steps`]), so that the principal has at every moment all of
//! one side's policies at least. What was made is read back.
//!
//! What is to be done next is told from what is live, never from what was noted. A run that finds another's half-made change looks where
//! each document stands and goes on from there: a narrowing is taken back, since its analysis is of another day; a restoring is finished.
//! What is neither as it was before nor as it was to be has been changed by others, and is left alone and told.

mod error;
mod plan;
mod snapshot;
mod step;
mod worker;

pub use crate::analysis::COPIES;
pub use error::ApplyError;
pub use plan::{copy, documents};
pub use snapshot::Snapshot;
pub use step::{Side, Step, Todo, steps};
pub use worker::{Recovered, Worker};
