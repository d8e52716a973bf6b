//! What principals were seen to do: events of CloudTrail, gathered to distinct uses, and then by principal.

mod observer;

pub use observer::{Observer, Seen};
