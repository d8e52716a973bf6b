//! What the ACME server offers: what the configuration says, or else every authority that issues, by its name.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;

use super::first;
use crate::acme::{Offer, Parts, Settings, SettingsError};
use crate::config::{self, Config};
use crate::engine::Engine;
use crate::store::StoreError;
use crate::validate::{Direct, Reach, ReachError, Resolver, ResolverError, Validator};

/// Where the system's name servers are named.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Why the ACME server cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A network that validation may never reach.
    #[error("[acme.profiles.{name}] private_networks: {source}")]
    Reach {
        /// The profile.
        name: String,
        /// What is wrong.
        source: ReachError,
    },
    /// A profile of certificates that there is not.
    #[error("[acme.profiles.{name}] certificate_profile: there is no profile {profile:?}")]
    Profile {
        /// The profile of ACME.
        name: String,
        /// What it asks for.
        profile: String,
    },
    /// What is said of ACME is not right.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No name server can be asked.
    #[error(transparent)]
    Resolver(#[from] ResolverError),
}

/// What the ACME server is made of.
pub(super) async fn parts(config: &Config, engine: &Engine) -> Result<Parts, OfferError> {
    let said = &config.acme;
    let offers = if said.offers.is_empty() { of_authorities(engine).await? } else { said.offers.clone() };
    let default = offers.first().map(|offer| offer.name.clone()).unwrap_or_default();
    let offers = offers
        .into_iter()
        .map(|offer| Ok((offer.name.clone(), offered(offer, engine)?)))
        .collect::<Result<BTreeMap<_, _>, OfferError>>()?;
    let mut settings = Settings::new(&format!("{}/acme", config.url), offers, &default)?;
    settings.binding_required = said.binding_required;
    settings.terms_of_service.clone_from(&said.terms_of_service);
    settings.caa_identities.clone_from(&said.caa_identities);
    settings.proof_life = said.proof_life;
    let servers = if said.name_servers.is_empty() { system_name_servers() } else { said.name_servers.clone() };
    Ok(Parts {
        settings,
        engine: engine.clone(),
        validator: Validator::new(Resolver::new(&servers)?, Arc::new(Direct)),
        random: Arc::new(SystemRandom::new()),
    })
}

/// The names by which ACME clients ask for what is offered: those that the configuration says, or else every authority that issues.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn offered_profiles(said: &[String], engine: &Engine) -> Result<Vec<String>, StoreError> {
    if said.is_empty() { first::issuing(engine).await } else { Ok(said.to_vec()) }
}

async fn of_authorities(engine: &Engine) -> Result<Vec<config::Offer>, OfferError> {
    let names = first::issuing(engine).await?;
    let offer = |name: String| config::Offer {
        description: format!("Servers, from {name}"),
        authority: name.clone(),
        name,
        profile: "tls-server".to_owned(),
        private_networks: Vec::new(),
    };
    Ok(names.into_iter().map(offer).collect())
}

fn offered(offer: config::Offer, engine: &Engine) -> Result<Offer, OfferError> {
    if engine.settings().profiles.get(&offer.profile).is_none() {
        return Err(OfferError::Profile { name: offer.name, profile: offer.profile });
    }
    let reach = Reach::new(&offer.private_networks).map_err(|source| OfferError::Reach { name: offer.name, source })?;
    Ok(Offer::new(offer.description, offer.authority, offer.profile, reach))
}

/// The name servers of resolv.conf(5); this machine's, as the manual says, if there is none.
fn system_name_servers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string(RESOLV_CONF).unwrap_or_default();
    let server = |line: &str| {
        let address: IpAddr = line.trim().strip_prefix("nameserver")?.trim().parse().ok()?;
        Some(SocketAddr::new(address, 53))
    };
    let servers: Vec<_> = text.lines().filter_map(server).collect();
    if servers.is_empty() { vec![SocketAddr::from(([127, 0, 0, 1], 53))] } else { servers }
}
