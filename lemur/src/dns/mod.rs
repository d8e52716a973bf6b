//! Names shown to be held by a TXT record (dns-01): the services and programs that write it where a name's zone is kept.
//!
//! A provider stands under its name in the server's configuration file. What asks for a record knows that name and nothing else of the provider:
//! neither a credential nor a path nor a program can come by a request.

mod cloudflare;
pub mod hook;
mod open;
mod record;
mod rfc2136;
#[cfg(feature = "aws")]
mod route53;
mod timed;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use futures_util::future::BoxFuture;
pub use open::OpenError;

/// Where TXT records are written and taken away again.
///
/// Values of one name stand side by side: publishing keeps what is there, and withdrawing takes the one value only. Both may be done again
/// without harm, so that what was cut off by a crash is repeated.
pub trait DnsProvider: Send + Sync {
    /// Writes the record and comes back when the provider's own name servers answer with it, as far as the provider can tell.
    ///
    /// `name` is the record's whole name without a dot at its end.
    ///
    /// # Errors
    /// [`DnsError`] if the record was not written, or not within the provider's time.
    fn publish<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), DnsError>>;

    /// Takes the record away; one that is not there is well.
    ///
    /// # Errors
    /// [`DnsError`] if it may still be there.
    fn withdraw<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), DnsError>>;
}

/// Why a record was not written or not taken away. Its text never holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// No zone of the provider is that of the name.
    #[error("no zone of this provider holds {name}")]
    NoZone {
        /// The record's name.
        name: String,
    },
    /// A name or a value that no such record can have.
    #[error("{0}")]
    Unfit(String),
    /// The provider was not reached, or did not answer as it should: worth another try later.
    #[error("{0}")]
    Unreachable(String),
    /// The provider said no.
    #[error("{0}")]
    Refused(String),
    /// It took longer than it may.
    #[error("not done within {} seconds", .0.as_secs())]
    TimedOut(Duration),
}

impl DnsError {
    /// Whether the same may go well at a later time without anybody changing anything.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TimedOut(_))
    }
}

/// What kind of provider it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Amazon Route 53.
    Route53,
    /// Cloudflare.
    Cloudflare,
    /// A name server that takes dynamic updates.
    Rfc2136,
    /// A program.
    Hook,
}

impl Kind {
    /// Those that this build has.
    pub const ALL: &[Self] = if cfg!(feature = "aws") {
        &[Self::Route53, Self::Cloudflare, Self::Rfc2136, Self::Hook]
    } else {
        &[Self::Cloudflare, Self::Rfc2136, Self::Hook]
    };

    /// As the configuration and the API say it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Route53 => "route53",
            Self::Cloudflare => "cloudflare",
            Self::Rfc2136 => "rfc2136",
            Self::Hook => "hook",
        }
    }
}

/// The providers of the configuration, by name.
#[derive(Clone, Default)]
pub struct Providers {
    by_name: BTreeMap<String, (Kind, Arc<dyn DnsProvider>)>,
}

impl Providers {
    /// The provider of this name, if the configuration has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<dyn DnsProvider>> {
        self.by_name.get(name).map(|(_, provider)| Arc::clone(provider))
    }

    /// The provider of this number, if the configuration has it.
    #[must_use]
    pub fn by_id(&self, id: i64) -> Option<(&str, Arc<dyn DnsProvider>)> {
        let (name, (_, provider)) = self.by_name.iter().find(|(name, _)| Self::id(name) == id)?;
        Some((name, Arc::clone(provider)))
    }

    /// The number by which REST knows the provider of a name: made of the name, so that it stays when others come and go.
    #[must_use]
    pub fn id(name: &str) -> i64 {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
        digest.as_ref().iter().take(4).fold(0, |number, byte| number << 8 | i64::from(*byte)) % i64::from(i32::MAX) + 1
    }

    /// Their names and kinds, sorted by name.
    pub fn list(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.by_name.iter().map(|(name, (kind, _))| (name.as_str(), *kind))
    }

    /// These and one more, which takes the place of one with the same name.
    #[must_use]
    pub fn with(mut self, name: &str, kind: Kind, provider: Arc<dyn DnsProvider>) -> Self {
        self.by_name.insert(name.to_owned(), (kind, provider));
        self
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.list().map(|(name, kind)| (name, kind.word()))).finish()
    }
}
