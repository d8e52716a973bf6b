//! CloudTrail: records from files and streams of any form ([`read`]), what an event says ([`Event`]), whose permissions it used
//! ([`identity`]), how it ended ([`outcome`]), each use once ([`mod@tuple`]); and what silence proves: what trails log ([`selectors`]), what is
//! logged at all ([`data_events`]), and whether what was delivered is here ([`layout`], [`digest`], [`signature`], [`coverage`]).

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
pub mod signature;
pub mod tuple;

pub use event::{Event, EventError};
pub use identity::{Identity, Principal};
pub use json::Json;
pub use outcome::Outcome;
