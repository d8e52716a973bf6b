//! What principals were seen to do: events of CloudTrail, gathered to distinct uses, and then by principal.

mod observer;
mod stored;

pub use observer::{Observer, Seen, Span};
pub use stored::{of_tuples, principals_of, tuples};
