//! What the ACME server is told to offer: what the configuration says, or else every authority that issues, by its name.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;

use super::first;
use crate::acme::{Offer, Offers, Parts, Settings, SettingsError};
use crate::config::{self, Config};
use crate::engine::Engine;
use crate::store::StoreError;
use crate::validate::{Direct, Reach, ReachError, Resolver, ResolverError, Validator};

/// The profile by which authorities are offered that the configuration does not name.
const PROFILE: &str = "tls-server";

/// Where the system's name servers are named.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Why the ACME server cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
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
pub(super) fn parts(config: &Config, engine: &Engine) -> Result<Parts, OfferError> {
    let said = &config.acme;
    let offers = match said.offers.first() {
        None => Offers::Authorities { profile: PROFILE.to_owned(), first: first::AUTHORITY.to_owned(), reach: Reach::default() },
        Some(default) => {
            let offers = said.offers.iter().map(|offer| Ok((offer.name.clone(), offered(offer.clone(), engine)?)));
            Offers::Named { offers: offers.collect::<Result<_, OfferError>>()?, default: default.name.clone() }
        }
    };
    let mut settings = Settings::offering(&format!("{}/acme", config.url), offers)?;
    settings.binding_required = said.binding_required;
    settings.terms_of_service.clone_from(&said.terms_of_service);
    settings.caa_identities.clone_from(&said.caa_identities);
    settings.proof_life = said.proof_life;
    settings.orders_per_hour = said.orders_per_hour.map_or(settings.orders_per_hour, u32::from);
    let servers = name_servers(config);
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
    if said.is_empty() {
        return Ok(engine.issuing(PROFILE).await?.into_iter().map(|authority| authority.name).collect());
    }
    Ok(said.to_vec())
}

fn offered(offer: config::Offer, engine: &Engine) -> Result<Offer, OfferError> {
    if engine.settings().profiles.get(&offer.profile).is_none() {
        return Err(OfferError::Profile { name: offer.name, profile: offer.profile });
    }
    let reach = Reach::new(&offer.private_networks).map_err(|source| OfferError::Reach { name: offer.name, source })?;
    Ok(Offer::new(offer.description, offer.authority, offer.profile, reach))
}

/// The name servers that validation asks.
pub(super) fn name_servers(config: &Config) -> Vec<SocketAddr> {
    let said = &config.acme.name_servers;
    if said.is_empty() { system_name_servers() } else { said.clone() }
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
