//! What principals were seen to do: events of CloudTrail, gathered to distinct uses, and then by principal.

mod delivered;
mod observer;
mod signatures;
mod stored;

pub use delivered::{damage, delivered, may_be_log, of_events};
pub use observer::{Observer, Seen, Span, reach};
pub use stored::{names_of, of_tuples, tuples};
