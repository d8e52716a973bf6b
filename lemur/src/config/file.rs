//! The configuration file as it is written: every key, optional and unvalidated.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use menagerie_web::{ForwardedBy, Proxies, Rate};
use serde::Deserialize;

use crate::name::{Subject, SubjectField};
use crate::profile::{Profile, Profiles};
use crate::rest::Defaults;

use super::{Acme, Config, ConfigError, Offer, RestSettings, TlsFiles, Typed, beside};

/// A file with every key and its default.
pub const TEMPLATE: &str = include_str!("lemur.toml.template");

/// [`TEMPLATE`] with these addresses in force, so that commands and the next start know where the service is.
#[must_use]
pub fn template(listen: SocketAddr, http_listen: Option<SocketAddr>) -> String {
    let mut text = TEMPLATE.replace("#listen = \"127.0.0.1:8443\"", &format!("listen = \"{listen}\""));
    if let Some(address) = http_listen {
        text = text.replace("#http_listen = \"127.0.0.1:8080\"", &format!("http_listen = \"{address}\""));
    }
    text
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    database: Option<String>,
    key_file: Option<PathBuf>,
    listen: Option<SocketAddr>,
    http_listen: Option<SocketAddr>,
    metrics_listen: Option<SocketAddr>,
    url: Option<String>,
    http_url: Option<String>,
    tls: Option<Tls>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
    #[serde(default)]
    acme: AcmeSection,
    compromised_keys: Option<PathBuf>,
    #[serde(default)]
    rest: RestSection,
    #[serde(default)]
    subject: SubjectSection,
    #[serde(default)]
    http: HttpSection,
    #[serde(default)]
    approval: ApprovalSection,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AcmeSection {
    binding_required: Option<bool>,
    terms_of_service: Option<String>,
    #[serde(default)]
    caa_identities: Vec<String>,
    #[serde(default)]
    name_servers: Vec<NameServer>,
    proof_life: Option<String>,
    default_profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, OfferSection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RestSection {
    requests: Option<u32>,
    within: Option<String>,
    #[serde(default)]
    delete_certificates: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectSection {
    country: Option<String>,
    state: Option<String>,
    location: Option<String>,
    organization: Option<String>,
    organizational_unit: Option<String>,
    authority: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpSection {
    #[serde(default)]
    trusted_proxies: Vec<IpNet>,
    #[serde(default)]
    proxy_header: ProxyHeader,
}

/// The header that trusted proxies write.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ProxyHeader {
    #[default]
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    Forwarded,
}

impl From<ProxyHeader> for ForwardedBy {
    fn from(header: ProxyHeader) -> Self {
        match header {
            ProxyHeader::XForwardedFor => Self::XForwardedFor,
            ProxyHeader::Forwarded => Self::Forwarded,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalSection {
    #[serde(default)]
    authorities: bool,
}

/// An address, on port 53 if it names none.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum NameServer {
    Socket(SocketAddr),
    Address(IpAddr),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferSection {
    #[serde(default)]
    description: String,
    authority: String,
    #[serde(default = "tls_server")]
    certificate_profile: String,
    #[serde(default)]
    private_networks: Vec<IpNet>,
}

fn tls_server() -> String {
    "tls-server".to_owned()
}

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8443);
const DAY: u64 = 86_400;

impl File {
    pub(super) fn validated(self, path: &Path, typed: &Typed) -> Result<Config, ConfigError> {
        let listen = typed.listen.or(self.listen).unwrap_or(LISTEN);
        let http_listen = typed.http_listen.or(self.http_listen);
        let url = self.url.unwrap_or_else(|| url_of("https", listen, 443));
        let http_url = self.http_url.or_else(|| http_listen.map(|address| url_of("http", address, 80)));
        Ok(Config {
            database: typed
                .database
                .clone()
                .or(self.database.map(|name| located(path, name)))
                .unwrap_or_else(|| typed.data.join("lemur.db").display().to_string()),
            key_file: self.key_file.map_or_else(|| typed.data.join("lemur.key"), |name| beside(path, &name)),
            url: base(path, "url", &url, "https")?,
            http_url: http_url.map(|url| base(path, "http_url", &url, "http")).transpose()?,
            tls: self.tls.map(|tls| TlsFiles { certificate: beside(path, &tls.certificate), key: beside(path, &tls.key) }),
            profiles: Profiles::default().with(self.profiles).map_err(|source| ConfigError::Profiles { path: path.to_owned(), source })?,
            acme: self.acme.validated(path)?,
            compromised_keys: self.compromised_keys.map(|name| beside(path, &name)),
            rest: self.rest.validated(path)?,
            subject: self.subject.validated(path)?,
            proxies: Proxies::new(self.http.trusted_proxies, self.http.proxy_header.into()),
            approve_authorities: self.approval.authorities,
            data: typed.data.clone(),
            listen,
            http_listen,
            metrics_listen: self.metrics_listen,
        })
    }
}

impl AcmeSection {
    fn validated(self, path: &Path) -> Result<Acme, ConfigError> {
        let bad = |key: &str, reason: String| ConfigError::Value { path: path.to_owned(), key: key.to_owned(), reason };
        let seconds = match self.proof_life {
            None => DAY,
            Some(text) => menagerie_config::parse_seconds(&text).map_err(|error| bad("acme.proof_life", error.to_string()))?,
        };
        let mut offers: Vec<Offer> = self.profiles.into_iter().map(|(name, section)| section.named(name)).collect();
        if let Some(default) = self.default_profile {
            let Some(index) = offers.iter().position(|offer| offer.name == default) else {
                return Err(bad("acme.default_profile", format!("there is no [acme.profiles.{default}]")));
            };
            offers[..=index].rotate_right(1);
        } else if offers.len() > 1 {
            return Err(bad("acme.default_profile", "say which of the profiles is meant where a client names none".to_owned()));
        }
        Ok(Acme {
            binding_required: self.binding_required.unwrap_or(true),
            terms_of_service: self.terms_of_service,
            caa_identities: self.caa_identities,
            name_servers: self.name_servers.into_iter().map(NameServer::socket).collect(),
            offers,
            proof_life: std::time::Duration::from_secs(seconds),
        })
    }
}

impl RestSection {
    fn validated(self, path: &Path) -> Result<RestSettings, ConfigError> {
        let bad = |key: &str, reason: &str| ConfigError::Value { path: path.to_owned(), key: key.to_owned(), reason: reason.to_owned() };
        let within = match &self.within {
            None => 60,
            Some(text) => menagerie_config::parse_seconds(text).map_err(|error| bad("rest.within", &error.to_string()))?,
        };
        if within == 0 || within > DAY {
            return Err(bad("rest.within", "a second to a day is wanted"));
        }
        let rate = match self.requests {
            None if self.within.is_some() => return Err(bad("rest.within", "rest.requests is wanted too: how many requests within that")),
            None => None,
            Some(0) => return Err(bad("rest.requests", "at least one is wanted; without the key there is no limit")),
            Some(times) => Some(Rate { times, within: std::time::Duration::from_secs(within) }),
        };
        Ok(RestSettings { rate, delete_certificates: self.delete_certificates })
    }
}

impl SubjectSection {
    /// What cannot stand in a subject is found here, and not with the first certificate.
    fn validated(self, path: &Path) -> Result<Defaults, ConfigError> {
        for (key, field, text) in [
            ("country", SubjectField::Country, &self.country),
            ("state", SubjectField::State, &self.state),
            ("location", SubjectField::Locality, &self.location),
            ("organization", SubjectField::Organization, &self.organization),
            ("organizational_unit", SubjectField::OrganizationalUnit, &self.organizational_unit),
        ] {
            if let Some(text) = text {
                let read = Subject::new().with(field, text);
                read.map_err(|error| ConfigError::Value {
                    path: path.to_owned(),
                    key: format!("subject.{key}"),
                    reason: error.to_string(),
                })?;
            }
        }
        Ok(Defaults {
            country: self.country,
            state: self.state,
            location: self.location,
            organization: self.organization,
            organizational_unit: self.organizational_unit,
            authority: self.authority,
        })
    }
}

impl NameServer {
    fn socket(self) -> SocketAddr {
        match self {
            Self::Socket(socket) => socket,
            Self::Address(address) => SocketAddr::new(address, 53),
        }
    }
}

impl OfferSection {
    fn named(self, name: String) -> Offer {
        Offer {
            name,
            description: self.description,
            authority: self.authority,
            profile: self.certificate_profile,
            private_networks: self.private_networks,
        }
    }
}

/// A database that the file names: a URL, or a path from the file's folder.
fn located(path: &Path, name: String) -> String {
    if name.contains(':') { name } else { beside(path, Path::new(&name)).display().to_string() }
}

/// The URL of an address, without the port that is meant where none is named.
fn url_of(scheme: &str, address: SocketAddr, usual: u16) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    if address.port() == usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{}", address.port()) }
}

/// A base of URLs: a scheme and a host, perhaps a path, and no slash at its end.
fn base(path: &Path, key: &str, url: &str, scheme: &str) -> Result<String, ConfigError> {
    let bad = |reason: &str| ConfigError::Value { path: path.to_owned(), key: key.to_owned(), reason: format!("{url:?} {reason}") };
    let url = url.trim_end_matches('/');
    let parsed: http::Uri = url.parse().map_err(|_| bad("is no URL"))?;
    if parsed.scheme_str() != Some(scheme) || parsed.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err(bad(&format!("has to begin with {scheme}:// and a host")));
    }
    if parsed.query().is_some() { Err(bad("has a query")) } else { Ok(url.to_owned()) }
}
