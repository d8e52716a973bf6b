//! AWS names that parse, sessions, and what a failed call says.
//!
//! [`Arn`], [`AccountId`] and [`Region`] are parsed at the door. With the feature `sdk`, [`Session`] holds the credentials, region and
//! endpoint that the adapters in `infra/aws/*` share, each of them the only crate that uses its `aws-sdk-*`.

mod name;
#[cfg(feature = "sdk")]
mod session;

pub use name::{AccountId, Arn, NameError, Region};
#[cfg(feature = "sdk")]
pub use session::{CallError, Session, SessionError, SessionOptions};
