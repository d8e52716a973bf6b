//! CloudTrail records from files, S3 and events, streamed; event to principal, action, resource.

pub mod coverage;
pub mod data_events;
pub mod digest;
pub mod event;
pub mod identity;
pub mod json;
pub mod layout;
pub mod map;
pub mod outcome;
pub mod read;
pub mod selectors;
pub mod tuple;

pub use event::{Event, EventError};
pub use identity::{Identity, Principal};
pub use json::Json;
pub use outcome::Outcome;
