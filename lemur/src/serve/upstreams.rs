//! Authorities elsewhere, as the configuration has them.

use super::offers::name_servers;
use crate::config::{Config, Proof};
use crate::dns::Providers;
use crate::engine::Engine;
use crate::upstream::{Parts, SetupError, Upstreams};

/// Those of the configuration, to order from and to revoke at. Without providers of DNS nobody works on what is pending: that is the server's.
///
/// # Errors
/// [`SetupError`] names the upstream and what of it cannot be used.
pub fn upstreams(config: &Config, engine: &Engine, providers: Option<Providers>) -> Result<Upstreams, SetupError> {
    let parts = Parts { upstreams: config.upstreams.clone(), providers, name_servers: name_servers(config) };
    Upstreams::new(engine.clone(), parts)
}

/// The same, for a server: with accounts' keys made, and with what their proofs need.
pub(super) async fn ready(config: &Config, engine: &Engine, providers: Providers) -> Result<Upstreams, SetupError> {
    let by_http = config.upstreams.iter().find(|upstream| upstream.proof == Proof::Http01);
    if let (Some(upstream), None) = (by_http, config.http_listen) {
        return Err(SetupError::NoHttp { name: upstream.name.clone() });
    }
    let upstreams = upstreams(config, engine, Some(providers))?;
    upstreams.prepare().await?;
    Ok(upstreams)
}
