//! Proving that an applicant controls a name or an address: http-01 and dns-01 (RFC 8555), tls-alpn-01 (RFC 8737), addresses (RFC 8738) and
//! dns-persist-01, and asking whether the name's owner lets this authority certify it (CAA).
//!
//! Whoever asks for a certificate names the host that is then asked. So everything here takes hostile names, hostile name services and
//! hostile hosts: what is connected to has passed [`Reach`], each answer is bounded in size and in time, and no failure quotes an answer.

mod caa;
mod dns;
mod failure;
mod http;
mod issue_value;
mod leaf;
mod network;
mod reach;
mod resolver;
mod tls;
mod tls_alpn;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use caa::CaaQuestion;
pub use failure::Failure;
pub use network::{Connecting, Direct, Host, Network};
pub use reach::{Forbidden, Reach, ReachError};
pub use resolver::{Resolver, ResolverError};

/// How long one attempt may take in all.
const DEADLINE: Duration = Duration::from_secs(15);

/// How often an attempt is made, when what failed may pass.
const ATTEMPTS: u32 = 3;

/// How control of an identifier is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// A document at a well-known path.
    Http01,
    /// A TXT record with a digest.
    Dns01,
    /// A TXT record that names authority and account, and stays.
    DnsPersist01,
    /// A certificate in a handshake.
    TlsAlpn01,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Http01, Self::Dns01, Self::DnsPersist01, Self::TlsAlpn01];

    /// Its name in ACME.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::Dns01 => "dns-01",
            Self::DnsPersist01 => "dns-persist-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether it can prove control of the host; of a wildcard only the name service can.
    #[must_use]
    pub const fn proves(self, host: &Host, wildcard: bool) -> bool {
        match (host, self) {
            (Host::Name(_), Self::Dns01 | Self::DnsPersist01) => true,
            (Host::Name(_), Self::Http01 | Self::TlsAlpn01) => !wildcard,
            (Host::Address(_), Self::Http01 | Self::TlsAlpn01) => true,
            (Host::Address(_), Self::Dns01 | Self::DnsPersist01) => false,
        }
    }
}

/// The ports that hosts are asked at: 80 and 443, as the standards say. A test's hosts may be elsewhere; no configuration can say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Of http-01.
    pub http: u16,
    /// Of tls-alpn-01, and of what http-01 redirects to.
    pub https: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { http: 80, https: 443 }
    }
}

/// A challenge to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Challenge<'a> {
    /// How control is proved.
    pub method: Method,
    /// What is to be controlled, without `*.`.
    pub host: &'a Host,
    /// Whether it is for `*.` of the host.
    pub wildcard: bool,
    /// The challenge's token.
    pub token: &'a str,
    /// The token and the account key's thumbprint (RFC 8555, 8.1).
    pub key_authorization: &'a str,
    /// The account's URL.
    pub account: &'a str,
    /// The domain names of this authority.
    pub issuers: &'a [String],
    /// Which addresses may be asked.
    pub reach: &'a Reach,
    /// Seconds since 1970.
    pub now: i64,
}

/// What a challenge that is met shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// For how long later orders may rely on it at most, where the name's owner says so: of a record that stays, for as long as it may be
    /// kept (draft-ietf-acme-dns-persist, "Validation Data Reuse and TTL Handling").
    pub life: Option<Duration>,
}

/// Who looks at challenges.
#[derive(Clone)]
pub struct Validator {
    resolver: Resolver,
    network: Arc<dyn Network>,
    tls: tls::AnyCertificate,
    ports: Ports,
    pause: Duration,
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("ports", &self.ports).finish_non_exhaustive()
    }
}

impl Validator {
    /// Asks this name service, and hosts through this network.
    #[must_use]
    pub fn new(resolver: Resolver, network: Arc<dyn Network>) -> Self {
        Self { resolver, network, tls: tls::AnyCertificate::new(), ports: Ports::default(), pause: Duration::from_secs(2) }
    }

    /// Asks hosts at other ports.
    #[must_use]
    pub fn at(self, ports: Ports) -> Self {
        Self { ports, ..self }
    }

    /// Waits this long before an attempt is repeated: 2 seconds, unless this says otherwise.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// The name service that is asked.
    #[must_use]
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Looks whether a challenge is met, three times if what went wrong may pass.
    ///
    /// # Errors
    /// [`Failure`] says why it is not.
    pub async fn validate(&self, challenge: &Challenge<'_>) -> Result<Proof, Failure> {
        let mut left = ATTEMPTS;
        loop {
            let attempt = tokio::time::timeout(DEADLINE, self.attempt(challenge)).await;
            let failure = match attempt.unwrap_or_else(|_| Err(Failure::TooLong { host: challenge.host.to_string() })) {
                Ok(proof) => return Ok(proof),
                Err(failure) => failure,
            };
            left -= 1;
            if left == 0 || !failure.may_pass() {
                return Err(failure);
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    async fn attempt(&self, challenge: &Challenge<'_>) -> Result<Proof, Failure> {
        let Challenge { method, host, wildcard, .. } = *challenge;
        let dialer = network::Dialer { resolver: &self.resolver, network: &self.network, reach: challenge.reach };
        let hash = digest(&SHA256, challenge.key_authorization.as_bytes());
        let met = |done: Result<(), Failure>| done.map(|()| Proof { life: None });
        match (method, host) {
            _ if !method.proves(host, wildcard) => Err(Failure::Method { method: method.name(), host: host.to_string() }),
            (Method::Http01, _) => {
                met(http::challenge(&dialer, &self.tls, self.ports, host, challenge.token, challenge.key_authorization).await)
            }
            (Method::TlsAlpn01, _) => {
                let hash = hash.as_ref().try_into().expect("SHA-256 gives 32 bytes");
                met(tls_alpn::challenge(&dialer, &self.tls, host, self.ports.https, hash).await)
            }
            (Method::Dns01, Host::Name(domain)) => met(dns::challenge(&self.resolver, domain, &URL_SAFE_NO_PAD.encode(hash)).await),
            (Method::DnsPersist01, Host::Name(domain)) => {
                let Challenge { issuers, account, now, .. } = *challenge;
                let life = dns::Persistent { domain, wildcard, issuers, account, now }.check(&self.resolver).await?;
                Ok(Proof { life: Some(life) })
            }
            (Method::Dns01 | Method::DnsPersist01, Host::Address(_)) => {
                Err(Failure::Method { method: method.name(), host: host.to_string() })
            }
        }
    }
}
