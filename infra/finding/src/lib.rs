//! What every tool that finds things says: a [`Finding`] of some code at some [`Location`]s, the [`Fact`]s that are known of it,
//! what became of each [`Asset`] that was looked at ([`Outcome`]), who accepts a finding until when ([`Waiver`]), and how two runs
//! differ ([`Difference`]). Reports (`menagerie-report`) are written from these and know no tool.

mod difference;
mod finding;
mod outcome;
mod waiver;

pub use difference::{Difference, difference};
pub use finding::{Asset, Commit, Excerpt, Fact, Finding, Location, Severity};
pub use outcome::Outcome;
pub use waiver::Waiver;
