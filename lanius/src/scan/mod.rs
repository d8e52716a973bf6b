//! The scanner: one pass over a text finds what deserves a look, and rules look there.
//!
//! `menagerie-runs` marks token-like runs and telling words. Round these, and nowhere else, the keywords of all rules are searched
//! (`keywords`); where one stands, its rule's pattern is tried. Values beside telling names are judged in their context
//! ([`crate::judge`]). What a finding depends on lies within [`CONTEXT`] bytes of it, so that a text may be scanned in blocks.

mod anchors;
mod armour;
mod beside;
mod choice;
mod connector;
mod engine;
mod found;
mod handed;
mod host;
mod keywords;
mod kind;
mod left;
mod names;
mod personal;
mod stream;
mod windows;

pub use connector::{Connector, Operator, Quote};
pub use engine::{Engine, Scratch, Text};
pub use found::{ColumnFacts, Found};
pub(crate) use kind::is_program;
pub use kind::{Kind, Profile, is_fixture};
pub use left::LeftOut;
pub use personal::Personal;
pub use stream::{BLOCK, Buffer, CONTEXT, Going, stream};
