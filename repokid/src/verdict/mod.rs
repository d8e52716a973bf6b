//! What is known of the use of each permission: used, provably unused, unobservable or unknown, each with its evidence.
//!
//! Only what is provably unused may go. A use that was seen outweighs everything; a fresh row of Access Advisor outweighs the trail, since
//! it counts data events too; the trail proves nothing about what it does not log, and nothing about hours that are missing.

mod dependents;
mod evidence;
mod judge;
mod set;
mod sight;
mod universe;
mod usage;

pub use evidence::{Evidence, Verdict};
pub use judge::{Base, Judged, JudgedAction, JudgedStatement, Per, Standing, granted_by, grants, judge};
pub use menagerie_cloudtrail::map::{How, Resource};
pub use set::ActionSet;
pub use sight::{Sight, Sights};
pub use universe::{ActionId, Universe};
pub use usage::{Advice, Freshness, ServiceAdvice, Usage, Use, Window};
