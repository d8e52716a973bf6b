//! CloudTrail records from files, S3 and events, streamed; event to principal, action, resource.

pub mod event;
pub mod identity;
pub mod json;
pub mod map;

pub use event::{Event, EventError};
pub use identity::Identity;
pub use json::Json;
