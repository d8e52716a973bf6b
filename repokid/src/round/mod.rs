//! Rounds: what becomes of an account's roles, users and groups from one day to the next. [`schedule`] says what is to go and when, and
//! with the feature `aws`, [`Round`] does one whole round: refresh, filter, schedule, and execute what is due.

mod schedule;
#[cfg(feature = "aws")]
mod whole;

pub use schedule::{Planned, cancel, planned, schedule};
#[cfg(feature = "aws")]
pub use whole::{Advisor, CodeProposal, Round, RoundError, RoundReport, Rounds};
