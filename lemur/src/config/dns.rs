//! `[dns.NAME]`: the providers by which names are shown to be held at another ACME authority. Credentials, paths and programs come from here
//! and from nowhere else.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, beside};

/// The providers by name.
pub type Dns = BTreeMap<String, Provider>;

/// A provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// How records are written.
    pub way: Way,
    /// How long writing one, or taking one away, may take.
    pub timeout: Duration,
    /// How long a record that was written needs until all servers have it.
    pub propagation: Duration,
}

/// How records are written.
#[derive(Debug, Clone)]
pub enum Way {
    /// By Amazon Route 53.
    #[cfg(feature = "aws")]
    Route53(Route53Settings),
    /// By Cloudflare.
    Cloudflare(CloudflareSettings),
    /// By dynamic updates.
    Rfc2136(Rfc2136Settings),
    /// By a program.
    Hook(HookSettings),
}

/// Amazon Route 53.
#[cfg(feature = "aws")]
#[derive(Debug, Clone, Default)]
pub struct Route53Settings {
    /// The zone's ID; looked up by the record's name if there is none.
    pub zone: Option<String>,
    /// The Region of the partition; the environment's, else us-east-1.
    pub region: Option<String>,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// The endpoint, for emulators.
    pub endpoint_url: Option<String>,
    /// A role to assume.
    pub assume_role: Option<menagerie_aws::Arn>,
}

/// Cloudflare.
#[derive(Debug, Clone)]
pub struct CloudflareSettings {
    /// The zone's ID; looked up by the record's name if there is none.
    pub zone: Option<String>,
    /// The file whose first line is an API token.
    pub token_file: PathBuf,
    /// Where the API is, without a slash at its end.
    pub url: String,
    /// PEM: the certificates that the API is known by; the system's if there is none.
    pub ca_file: Option<PathBuf>,
}

/// A name server that takes dynamic updates.
#[derive(Debug, Clone)]
pub struct Rfc2136Settings {
    /// The primary name server.
    pub server: SocketAddr,
    /// The zone's name; the server is asked for it if there is none.
    pub zone: Option<String>,
    /// The file with the key.
    pub key_file: PathBuf,
    /// What is said of the key here.
    pub key: TsigName,
}

/// What is said of a key outside of its file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TsigName {
    /// Its name.
    pub name: Option<String>,
    /// Its algorithm.
    pub algorithm: Option<String>,
}

/// A program.
#[derive(Clone)]
pub struct HookSettings {
    /// The program.
    pub program: PathBuf,
    /// What stands before `publish NAME VALUE`.
    pub arguments: Vec<String>,
    /// All of its environment.
    pub environment: BTreeMap<String, String>,
    /// The user that it runs as; lemur's if there is none.
    pub user: Option<String>,
}

impl std::fmt::Debug for HookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Arguments and environment may hold credentials.
        f.debug_struct("HookSettings").field("program", &self.program).field("user", &self.user).finish_non_exhaustive()
    }
}

/// As it is written: every key of every kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    kind: String,
    timeout: Option<String>,
    propagation: Option<String>,
    zone: Option<String>,
    region: Option<String>,
    profile: Option<String>,
    endpoint_url: Option<String>,
    assume_role: Option<String>,
    token_file: Option<PathBuf>,
    url: Option<String>,
    ca_file: Option<PathBuf>,
    server: Option<Server>,
    key_file: Option<PathBuf>,
    key_name: Option<String>,
    algorithm: Option<String>,
    program: Option<PathBuf>,
    arguments: Option<Vec<String>>,
    environment: Option<BTreeMap<String, String>>,
    user: Option<String>,
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Section").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// An address, on port 53 if it names none.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Server {
    Socket(SocketAddr),
    Address(IpAddr),
}

const TIMEOUT: u64 = 120;
const LONGEST_TIMEOUT: u64 = 3_600;
const CLOUDFLARE: &str = "https://api.cloudflare.com/client/v4";

/// What a program finds in its environment where nothing else is said.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) fn validated(sections: BTreeMap<String, Section>, path: &Path) -> Result<Dns, ConfigError> {
    let provider = |(name, section): (String, Section)| {
        let at = At { path, name: &name };
        let provider = section.validated(&at)?;
        Ok((name, provider))
    };
    sections.into_iter().map(provider).collect()
}

/// Where in the file.
struct At<'a> {
    path: &'a Path,
    name: &'a str,
}

impl At<'_> {
    fn bad(&self, key: &str, reason: impl Into<String>) -> ConfigError {
        let dot = if key.is_empty() { "" } else { "." };
        ConfigError::Value { path: self.path.to_owned(), key: format!("dns.{}{dot}{key}", self.name), reason: reason.into() }
    }

    fn wanted<T>(&self, key: &str, value: Option<T>) -> Result<T, ConfigError> {
        value.ok_or_else(|| self.bad(key, "is wanted for this kind of provider"))
    }

    fn seconds(&self, key: &str, text: Option<&str>, usual: u64, allowed: std::ops::RangeInclusive<u64>) -> Result<Duration, ConfigError> {
        let seconds = match text {
            None => usual,
            Some(text) => menagerie_config::parse_seconds(text).map_err(|error| self.bad(key, error.to_string()))?,
        };
        if !allowed.contains(&seconds) {
            return Err(self.bad(key, format!("between {} and {} seconds are wanted", allowed.start(), allowed.end())));
        }
        Ok(Duration::from_secs(seconds))
    }
}

impl Section {
    fn validated(self, at: &At<'_>) -> Result<Provider, ConfigError> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if at.name.is_empty() || at.name.len() > 64 || !at.name.bytes().all(letter) {
            return Err(at.bad("", "a provider's name has at most 64 letters, digits, hyphens and underscores"));
        }
        let timeout = at.seconds("timeout", self.timeout.as_deref(), TIMEOUT, 1..=LONGEST_TIMEOUT)?;
        let propagation = at.seconds("propagation", self.propagation.as_deref(), 0, 0..=LONGEST_TIMEOUT)?;
        let kind = self.kind.as_str();
        for (key, is_set, kinds) in self.keys() {
            if is_set && !kinds.contains(&kind) {
                return Err(at.bad(key, format!("is nothing for the kind {kind:?}, but for {}", kinds.join(", "))));
            }
        }
        let way = match kind {
            "route53" => self.route53(at)?,
            "cloudflare" => Way::Cloudflare(self.cloudflare(at)?),
            "rfc2136" => Way::Rfc2136(self.rfc2136(at)?),
            "hook" => Way::Hook(self.hook(at)?),
            other => return Err(at.bad("kind", format!("{other:?} is none of route53, cloudflare, rfc2136, hook"))),
        };
        Ok(Provider { way, timeout, propagation })
    }

    /// Each key that only some kinds have, whether it is written, and which kinds have it.
    fn keys(&self) -> [(&'static str, bool, &'static [&'static str]); 16] {
        let aws: &[&str] = &["route53"];
        [
            ("zone", self.zone.is_some(), &["route53", "cloudflare", "rfc2136"]),
            ("region", self.region.is_some(), aws),
            ("profile", self.profile.is_some(), aws),
            ("endpoint_url", self.endpoint_url.is_some(), aws),
            ("assume_role", self.assume_role.is_some(), aws),
            ("token_file", self.token_file.is_some(), &["cloudflare"]),
            ("url", self.url.is_some(), &["cloudflare"]),
            ("ca_file", self.ca_file.is_some(), &["cloudflare"]),
            ("server", self.server.is_some(), &["rfc2136"]),
            ("key_file", self.key_file.is_some(), &["rfc2136"]),
            ("key_name", self.key_name.is_some(), &["rfc2136"]),
            ("algorithm", self.algorithm.is_some(), &["rfc2136"]),
            ("program", self.program.is_some(), &["hook"]),
            ("arguments", self.arguments.is_some(), &["hook"]),
            ("environment", self.environment.is_some(), &["hook"]),
            ("user", self.user.is_some(), &["hook"]),
        ]
    }

    /// A zone's ID, which stands in a path of the API.
    fn zone_id(&self, at: &At<'_>) -> Result<Option<String>, ConfigError> {
        let plain = |id: &String| (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match &self.zone {
            Some(id) if !plain(id) => Err(at.bad("zone", "the zone's ID is wanted, which is letters and digits")),
            id => Ok(id.clone()),
        }
    }

    #[cfg(not(feature = "aws"))]
    fn route53(self, at: &At<'_>) -> Result<Way, ConfigError> {
        Err(at.bad("kind", "this lemur was built without AWS: build it with the feature `aws` for route53"))
    }

    #[cfg(feature = "aws")]
    fn route53(self, at: &At<'_>) -> Result<Way, ConfigError> {
        let role = self.assume_role.as_deref().map(str::parse).transpose();
        Ok(Way::Route53(Route53Settings {
            zone: self.zone_id(at)?,
            assume_role: role.map_err(|error: menagerie_aws::NameError| at.bad("assume_role", error.to_string()))?,
            region: self.region,
            profile: self.profile,
            endpoint_url: self.endpoint_url,
        }))
    }

    fn cloudflare(self, at: &At<'_>) -> Result<CloudflareSettings, ConfigError> {
        let zone = self.zone_id(at)?;
        let url = self.url.unwrap_or_else(|| CLOUDFLARE.to_owned());
        Ok(CloudflareSettings {
            zone,
            token_file: beside(at.path, &at.wanted("token_file", self.token_file)?),
            url: super::file::base(at.path, &format!("dns.{}.url", at.name), &url, "https")?,
            ca_file: self.ca_file.map(|file| beside(at.path, &file)),
        })
    }

    fn rfc2136(self, at: &At<'_>) -> Result<Rfc2136Settings, ConfigError> {
        Ok(Rfc2136Settings {
            server: match at.wanted("server", self.server)? {
                Server::Socket(socket) => socket,
                Server::Address(address) => SocketAddr::new(address, 53),
            },
            zone: self.zone,
            key_file: beside(at.path, &at.wanted("key_file", self.key_file)?),
            key: TsigName { name: self.key_name, algorithm: self.algorithm },
        })
    }

    fn hook(self, at: &At<'_>) -> Result<HookSettings, ConfigError> {
        let mut environment = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
        for (name, value) in self.environment.unwrap_or_default() {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                return Err(at.bad("environment", format!("{name:?} is no variable")));
            }
            environment.insert(name, value);
        }
        let arguments = self.arguments.unwrap_or_default();
        if arguments.iter().any(|argument| argument.contains('\0')) {
            return Err(at.bad("arguments", "an argument holds a NUL"));
        }
        Ok(HookSettings { program: beside(at.path, &at.wanted("program", self.program)?), arguments, environment, user: self.user })
    }
}
