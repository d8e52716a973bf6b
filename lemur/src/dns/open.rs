//! The providers as the configuration says them, with their credentials read.

use std::sync::Arc;
use std::time::Duration;

use super::cloudflare::{ClientError, CloudflareWriter};
use super::hook::Hooks;
use super::rfc2136::{KeyError, Rfc2136Writer};
use super::timed::{Timed, Writer};
use super::{Kind, Providers};
use crate::config::dns::{Dns, Way};
use crate::engine::Clock;

/// How long a program waits at most for others to end, beyond its own time again.
const WAITING: Duration = Duration::from_secs(60);

/// Why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("dns.{name}.{reason}")]
pub struct OpenError {
    name: String,
    reason: Reason,
}

/// What is wrong with it, beginning with the key's name.
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("program: the process that runs programs was not started")]
    NoHooks,
}

impl Providers {
    /// Those of the configuration. `hooks` runs the programs, and has to be there if there are any.
    ///
    /// # Errors
    /// [`OpenError`] if a credential cannot be read.
    pub fn open(dns: &Dns, hooks: Option<&Hooks>, clock: &Clock) -> Result<Self, OpenError> {
        let mut providers = Self::default();
        for (name, settings) in dns {
            let failed = |reason| OpenError { name: name.clone(), reason };
            let (kind, writer): (Kind, Arc<dyn Writer>) = match &settings.way {
                #[cfg(feature = "aws")]
                Way::Route53(way) => (Kind::Route53, Arc::new(super::route53::Route53Writer::new(way.clone()))),
                Way::Cloudflare(way) => {
                    let writer = CloudflareWriter::new(way, settings.timeout).map_err(|error| failed(error.into()))?;
                    (Kind::Cloudflare, Arc::new(writer))
                }
                Way::Rfc2136(way) => {
                    let writer = Rfc2136Writer::new(way, clock.clone()).map_err(|error| failed(error.into()))?;
                    (Kind::Rfc2136, Arc::new(writer))
                }
                Way::Hook(_) => {
                    let hooks = hooks.ok_or_else(|| failed(Reason::NoHooks))?;
                    (Kind::Hook, Arc::new(hooks.writer(name, settings.timeout)))
                }
            };
            // A program is killed at its time by whoever runs it, who then says so; others may run before it.
            let timeout = if kind == Kind::Hook { settings.timeout * 2 + WAITING } else { settings.timeout };
            providers = providers.with(name, kind, Arc::new(Timed { writer, timeout, propagation: settings.propagation }));
        }
        Ok(providers)
    }
}
