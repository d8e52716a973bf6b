//! The configuration file as it is written: every key, optional and unvalidated.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use menagerie_telemetry::{Format, Level};
use menagerie_web::{ForwardedBy, Proxies};
use serde::Deserialize;

use crate::name::DnsName;
use crate::profile::{Profile, Profiles};
use crate::rest::{Defaults, MostUploads, SettledDays};

use super::identity::{self, OidcSection, WorkloadSection};
use super::keys::{self, EncryptionSection, KeySection, Pkcs11Section};
use super::upstream::UpstreamSection;
use super::{Acme, Config, ConfigError, Offer, Rest, TlsFiles, Typed, beside};

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
    experimental: bool,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
    #[serde(default)]
    acme: AcmeSection,
    #[serde(default)]
    upstream: BTreeMap<String, UpstreamSection>,
    #[serde(default)]
    dns: BTreeMap<String, super::dns::Section>,
    #[serde(default)]
    oidc: BTreeMap<String, OidcSection>,
    #[serde(default)]
    workloads: BTreeMap<String, WorkloadSection>,
    #[serde(default)]
    rest: RestSection,
    #[serde(default)]
    encryption: EncryptionSection,
    #[serde(default)]
    keys: BTreeMap<String, KeySection>,
    pkcs11: Option<Pkcs11Section>,
    compromised_keys: Option<PathBuf>,
    #[serde(default)]
    http: HttpSection,
    #[serde(default)]
    approval: ApprovalSection,
    #[serde(default)]
    log: LogSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RestSection {
    requests_per_minute: Option<NonZeroU32>,
    #[serde(default)]
    delete_certificates: bool,
    uploads_per_user: Option<u32>,
    #[serde(default)]
    defaults: Defaults,
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
    orders_per_hour: Option<NonZeroU32>,
    default_profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, OfferSection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpSection {
    #[serde(default)]
    trusted_proxies: Vec<IpNet>,
    #[serde(default)]
    proxy_header: ProxyHeader,
}

impl HttpSection {
    fn validated(self, path: &Path) -> Result<Proxies, ConfigError> {
        if let Some(all) = self.trusted_proxies.iter().find(|network| network.prefix_len() == 0) {
            let reason = format!("{all} is everybody, and each could say to come from any address: name the proxies' own");
            return Err(ConfigError::Value { path: path.to_owned(), key: "http.trusted_proxies".to_owned(), reason });
        }
        Ok(Proxies::new(self.trusted_proxies, self.proxy_header.into()))
    }
}

/// The header that trusted proxies write.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ProxyHeader {
    #[default]
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
    settled_days: Option<u16>,
}

impl ApprovalSection {
    fn validated(&self, path: &Path) -> Result<Option<SettledDays>, ConfigError> {
        let days = self.settled_days.unwrap_or(SETTLED_DAYS);
        if days > MOST_SETTLED_DAYS {
            let reason = format!("{days}: 0 to {MOST_SETTLED_DAYS} days are wanted");
            return Err(ConfigError::Value { path: path.to_owned(), key: "approval.settled_days".to_owned(), reason });
        }
        Ok(self.authorities.then_some(SettledDays(days)))
    }
}

/// For how many days an account has to have been its user's alone, where nothing is said.
const SETTLED_DAYS: u16 = 7;

/// The most that is taken.
const MOST_SETTLED_DAYS: u16 = 365;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogSection {
    level: Option<String>,
    #[serde(default)]
    format: LogFormat,
}

/// How the lines of the log look.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LogFormat {
    #[default]
    Text,
    Json,
}

impl LogSection {
    fn validated(self, path: &Path) -> Result<(Format, Level), ConfigError> {
        let level = self.level.as_deref().map_or(Ok(Level::Warning), str::parse).map_err(|_| ConfigError::Value {
            path: path.to_owned(),
            key: "log.level".to_owned(),
            reason: "debug, info, warning or error is wanted".to_owned(),
        })?;
        let format = match self.format {
            LogFormat::Text => Format::Human,
            LogFormat::Json => Format::Json,
        };
        Ok((format, level))
    }
}

/// An address, on port 53 if it names none.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum NameServer {
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
        let experimental = typed.experimental || self.experimental;
        let strange = |profile: &Profile| profile.key_kinds().iter().copied().find(|kind| kind.is_experimental() && !experimental);
        if let Some((name, kind)) = self.profiles.iter().find_map(|(name, profile)| Some((name, strange(profile)?))) {
            let reason = format!("{kind} is experimental: set `experimental = true`, or give --experimental");
            return Err(ConfigError::Value { path: path.to_owned(), key: format!("profiles.{name}.key_types"), reason });
        }
        let http_url = self.http_url.or_else(|| http_listen.map(|address| url_of("http", address, 80)));
        let profiles = Profiles::default().with(self.profiles).map_err(|source| ConfigError::Profiles { path: path.to_owned(), source })?;
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
            identity: identity::validated(path, self.oidc, self.workloads, &profiles)?,
            profiles,
            acme: self.acme.validated(path)?,
            upstreams: self.upstream.into_iter().map(|(name, section)| section.named(path, name)).collect::<Result<_, _>>()?,
            dns: super::dns::validated(self.dns, path)?,
            rest: Rest {
                requests_per_minute: self.rest.requests_per_minute,
                delete_certificates: self.rest.delete_certificates,
                most_uploads: self.rest.uploads_per_user.map(MostUploads).unwrap_or_default(),
                defaults: self.rest.defaults,
            },
            encryption_key: self.encryption.validated(path)?,
            keys: keys::named(path, self.keys)?,
            pkcs11: self.pkcs11.map(|section| section.validated(path)).transpose()?,
            compromised_keys: self.compromised_keys.map(|name| beside(path, &name)),
            proxies: self.http.validated(path)?,
            approve_authorities: self.approval.validated(path)?,
            log: self.log.validated(path)?,
            data: typed.data.clone(),
            experimental,
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
            caa_identities: identities(self.caa_identities).map_err(|reason| bad("acme.caa_identities", reason))?,
            name_servers: self.name_servers.into_iter().map(NameServer::socket).collect(),
            offers,
            proof_life: std::time::Duration::from_secs(seconds),
            orders_per_hour: self.orders_per_hour,
        })
    }
}

/// The most names of an authority that a challenge of dns-persist-01 may have.
const MOST_IDENTITIES: usize = 10;

/// Domain names in the one form that clients compare: small letters, other scripts in ASCII, no dot at the end.
fn identities(said: Vec<String>) -> Result<Vec<String>, String> {
    if said.len() > MOST_IDENTITIES {
        return Err(format!("there are {}, and clients take at most {MOST_IDENTITIES}", said.len()));
    }
    let one = |text: String| match DnsName::parse_international(text.strip_suffix('.').unwrap_or(&text)) {
        Ok(name) if !name.is_wildcard() => Ok(name.as_str().to_owned()),
        Ok(_) => Err(format!("{text:?} stands for many names")),
        Err(error) => Err(format!("{text:?}: {error}")),
    };
    said.into_iter().map(one).collect()
}

impl NameServer {
    pub(super) fn socket(self) -> SocketAddr {
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
pub(super) fn base(path: &Path, key: &str, url: &str, scheme: &str) -> Result<String, ConfigError> {
    let bad = |reason: &str| ConfigError::Value { path: path.to_owned(), key: key.to_owned(), reason: format!("{url:?} {reason}") };
    let url = url.trim_end_matches('/');
    let parsed: http::Uri = url.parse().map_err(|_| bad("is no URL"))?;
    if parsed.scheme_str() != Some(scheme) || parsed.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err(bad(&format!("has to begin with {scheme}:// and a host")));
    }
    let host = parsed.host().unwrap_or_default().trim_matches(['[', ']']);
    if host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified()) {
        return Err(bad(&format!(
            "is no place that a client can go to, and every certificate and ACME's directory would name it: \
             say by which name clients reach this server, {key} = \"{scheme}://NAME:PORT\""
        )));
    }
    if parsed.query().is_some() { Err(bad("has a query")) } else { Ok(url.to_owned()) }
}
