//! `[upstream.NAME]`: authorities elsewhere, whose certificates are ordered by ACME. Requests pick one by its name; where it is, who it trusts and
//! which files and programs take part stands here alone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::file::NameServer;
use super::{ConfigError, beside};

/// An authority elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Its name here.
    pub name: String,
    /// Its directory's URL, by HTTPS. All its other URLs are at the same host and port.
    pub directory: String,
    /// The roots that its HTTPS is trusted by, PEM; the system's if there is none.
    pub ca_file: Option<PathBuf>,
    /// What it is told of whom to reach, such as `mailto:pki@corp.example`.
    pub contact: Vec<String>,
    /// Whether whoever wrote the file agrees to its terms of service.
    pub agree_to_terms: bool,
    /// The key by which it knows whose account it is.
    pub external_account: Option<ExternalAccount>,
    /// How names are shown to be held.
    pub proof: Proof,
    /// The common name of the issuer of the last certificate of the chain that is wanted, where it offers several.
    pub preferred_chain: Option<String>,
    /// The roots that what it issues has to stand under, PEM; whatever it sends along if there is none.
    pub issued_under: Option<PathBuf>,
    /// The profile that it is asked for, where it has several.
    pub profile: Option<String>,
    /// After so long a failed attempt is followed by the next; each pause is four times the one before.
    pub retry: Duration,
}

/// A key by which an authority elsewhere knows whose account it is (RFC 8555, 7.3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalAccount {
    /// The key's ID.
    pub id: String,
    /// A file with the key in base64url. Once it was read its content is kept in the database, sealed.
    pub key_file: PathBuf,
}

/// How names are shown to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The plain HTTP service answers under `/.well-known/acme-challenge/`.
    Http01,
    /// A provider of DNS publishes a record.
    Dns01 {
        /// The provider's name in the configuration.
        provider: String,
        /// Who is asked whether the record is there; the servers of `[acme]`, or the system's, if nobody is named.
        name_servers: Vec<SocketAddr>,
        /// For how long they are asked at most; they are not asked if it is nothing.
        propagation: Duration,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpstreamSection {
    directory: String,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    contact: Vec<String>,
    #[serde(default)]
    agree_to_terms: bool,
    external_account: Option<ExternalAccountSection>,
    challenge: ChallengeWord,
    dns_provider: Option<String>,
    #[serde(default)]
    name_servers: Vec<NameServer>,
    propagation: Option<String>,
    preferred_chain: Option<String>,
    issued_under: Option<PathBuf>,
    profile: Option<String>,
    retry: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExternalAccountSection {
    id: String,
    key_file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum ChallengeWord {
    #[serde(rename = "http-01")]
    Http01,
    #[serde(rename = "dns-01")]
    Dns01,
}

const PROPAGATION: Duration = Duration::from_secs(120);
const RETRY: Duration = Duration::from_secs(30);

impl UpstreamSection {
    pub(super) fn named(self, path: &Path, name: String) -> Result<Upstream, ConfigError> {
        let bad = |key: &str, reason: &str| ConfigError::Value {
            path: path.to_owned(),
            key: format!("upstream.{name}.{key}"),
            reason: reason.to_owned(),
        };
        let seconds = |key: &str, text: Option<String>, usual: Duration| match text {
            None => Ok(usual),
            Some(text) => match menagerie_config::parse_seconds(&text) {
                Ok(seconds) => Ok(Duration::from_secs(seconds)),
                Err(error) => Err(bad(key, &error.to_string())),
            },
        };
        let letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if name.is_empty() || name.len() > 64 || !name.chars().all(letter) {
            return Err(bad("", "a name has 1 to 64 letters, digits, dots, hyphens and underscores"));
        }
        let url = self.directory.parse::<http::Uri>().ok();
        let is_right = |url: &http::Uri| {
            url.scheme_str() == Some("https") && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        };
        if !url.as_ref().is_some_and(is_right) {
            return Err(bad("directory", "has to begin with https:// and a host"));
        }
        if self.contact.iter().any(|contact| !contact.contains(':') || contact.len() > 320) {
            return Err(bad("contact", "each is a URL, such as mailto:pki@corp.example"));
        }
        let propagation = seconds("propagation", self.propagation, PROPAGATION)?;
        let proof = match (self.challenge, self.dns_provider) {
            (ChallengeWord::Http01, None) => Proof::Http01,
            (ChallengeWord::Http01, Some(_)) => return Err(bad("dns_provider", "is for challenge = \"dns-01\" alone")),
            (ChallengeWord::Dns01, None) => return Err(bad("dns_provider", "dns-01 wants a provider of DNS by name")),
            (ChallengeWord::Dns01, Some(provider)) => {
                let name_servers = self.name_servers.into_iter().map(NameServer::socket).collect();
                Proof::Dns01 { provider, name_servers, propagation }
            }
        };
        let retry = seconds("retry", self.retry, RETRY)?;
        if retry.is_zero() {
            return Err(bad("retry", "has to be a second at least"));
        }
        let external_account =
            self.external_account.map(|account| ExternalAccount { id: account.id, key_file: beside(path, &account.key_file) });
        Ok(Upstream {
            directory: self.directory,
            ca_file: self.ca_file.map(|file| beside(path, &file)),
            contact: self.contact,
            agree_to_terms: self.agree_to_terms,
            external_account,
            proof,
            preferred_chain: self.preferred_chain,
            issued_under: self.issued_under.map(|file| beside(path, &file)),
            profile: self.profile,
            retry,
            name,
        })
    }
}
