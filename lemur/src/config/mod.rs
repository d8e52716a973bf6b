//! What the server's configuration says: `lemur.toml` in the data's folder, then the command line, which wins.
//!
//! The file is read into [`file`]'s unvalidated types, which know every key; what stands here is right by construction. Only this file names
//! programs and paths: no request can.

pub mod dns;
mod file;
mod identity;
mod keys;
mod upstream;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use menagerie_web::Proxies;

pub use file::{TEMPLATE, template};
pub use keys::Pkcs11;
pub use upstream::{ExternalAccount, Proof, Upstream};

use crate::profile::{Profiles, ProfilesError};
use crate::rest::{Defaults, MostUploads};

/// The file's name in the data's folder.
pub const FILE_NAME: &str = "lemur.toml";

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of the data.
    pub data: PathBuf,
    /// The database's URL, or its path.
    pub database: String,
    /// The file with the keys that protect what is stored.
    pub key_file: PathBuf,
    /// Where HTTPS is served.
    pub listen: SocketAddr,
    /// Where plain HTTP is served, for revocation and authorities' certificates alone.
    pub http_listen: Option<SocketAddr>,
    /// Where health and metrics are served by plain HTTP.
    pub metrics_listen: Option<SocketAddr>,
    /// The URL by which clients know the service, without a slash at its end: in ACME's directory and in links.
    pub url: String,
    /// The URL of the plain service, in certificates: where their revocation lists and issuers are.
    pub http_url: Option<String>,
    /// The server's own certificate; one of its own making if there is none.
    pub tls: Option<TlsFiles>,
    /// Whether kinds of keys that are experimental are made and certified.
    pub experimental: bool,
    /// The profiles of certificates: the built-in ones and the file's.
    pub profiles: Profiles,
    /// How ACME is served.
    pub acme: Acme,
    /// Authorities elsewhere.
    pub upstreams: Vec<Upstream>,
    /// By whom names are shown to be held at other authorities.
    pub dns: dns::Dns,
    /// Who comes in by somebody else's word.
    pub identity: crate::identity::Settings,
    /// How REST is served.
    pub rest: Rest,
    /// The reference of the key, elsewhere, under which the keys that protect what is stored are kept.
    pub encryption_key: Option<String>,
    /// The references of keys elsewhere, by the names that requests pick them by.
    pub keys: BTreeMap<String, String>,
    /// The PKCS#11 module.
    pub pkcs11: Option<Pkcs11>,
    /// A file with the hashes of keys that are known to others: none of them is certified.
    pub compromised_keys: Option<PathBuf>,
    /// The proxies whose word is taken for where a request comes from.
    pub proxies: Proxies,
    /// Whether changes to authorities wait for a second person.
    pub approve_authorities: bool,
    /// How the lines on standard error look, and the least severe of them.
    pub log: (menagerie_telemetry::Format, menagerie_telemetry::Level),
}

/// How REST is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// How often one user, or one API key, may ask in a minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Whether certificates may be removed from what is stored.
    pub delete_certificates: bool,
    /// How many certificates that were made elsewhere one user may bring.
    pub most_uploads: MostUploads,
    /// What new certificates say where nobody says it.
    pub defaults: Defaults,
}

/// The certificate of the HTTPS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the certificate, then those above it.
    pub certificate: PathBuf,
    /// PEM: the key.
    pub key: PathBuf,
}

/// How ACME is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// Whether an account needs an external account binding.
    pub binding_required: bool,
    /// Where the terms of service are.
    pub terms_of_service: Option<String>,
    /// The names of this authority in CAA records.
    pub caa_identities: Vec<String>,
    /// The name servers that validation asks; the system's if there is none.
    pub name_servers: Vec<SocketAddr>,
    /// What clients may ask for; the first is meant where none is named.
    pub offers: Vec<Offer>,
    /// How long a proof of control serves later orders.
    pub proof_life: Duration,
    /// How many orders an external account key with all its accounts may make in an hour at each server.
    pub orders_per_hour: Option<NonZeroU32>,
}

/// What ACME clients may ask for by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What the directory says about it.
    pub description: String,
    /// The authority's name.
    pub authority: String,
    /// The profile of its certificates.
    pub profile: String,
    /// Private networks that validation may reach for it.
    pub private_networks: Vec<IpNet>,
}

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The folder of the data.
    pub data: PathBuf,
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The database.
    pub database: Option<String>,
    /// Where HTTPS is served.
    pub listen: Option<SocketAddr>,
    /// Where plain HTTP is served.
    pub http_listen: Option<SocketAddr>,
    /// Whether kinds of keys that are experimental are wanted, whatever the file says.
    pub experimental: bool,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or is not understood.
    #[error(transparent)]
    File(#[from] menagerie_config::ConfigError),
    /// A profile that cannot be.
    #[error("{path}: {source}", path = path.display())]
    Profiles {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ProfilesError,
    },
    /// A value that cannot be used.
    #[error("{path}: {key}: {reason}", path = path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong, and what to do.
        reason: String,
    },
}

impl Config {
    /// Reads the file, if there is one, and what was typed over it. A file that was named has to be there.
    ///
    /// # Errors
    /// [`ConfigError`] if the file cannot be read or a value cannot be used.
    pub fn read(typed: &Typed) -> Result<Self, ConfigError> {
        let path = typed.config.clone().unwrap_or_else(|| typed.data.join(FILE_NAME));
        let file = match menagerie_config::read(&path) {
            Ok(text) => menagerie_config::from_toml(&path, &text)?,
            Err(menagerie_config::ConfigError::Read { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound && typed.config.is_none() =>
            {
                file::File::default()
            }
            Err(error) => return Err(error.into()),
        };
        file.validated(&path, typed)
    }
}

/// A path of the file, from the folder that it is in.
fn beside(path: &Path, name: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(name)
}

#[cfg(test)]
mod tests;
