//! What the configuration says of those who come from elsewhere. What stands here is right by construction.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::names::NamePattern;
use super::pattern::{Claims, Pattern};
use crate::access::Grant;

/// Providers of people's identities, and workloads.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Providers by which people sign in.
    pub providers: Vec<Provider>,
    /// Workloads.
    pub workloads: Vec<Workload>,
}

impl Settings {
    /// What each workload may, by its name.
    #[must_use]
    pub fn grants(&self) -> BTreeMap<String, Arc<Grant>> {
        self.workloads.iter().map(|workload| (workload.grant.name.clone(), Arc::clone(&workload.grant))).collect()
    }

    /// The authorities whose certificates workloads come in by.
    #[must_use]
    pub fn client_authorities(&self) -> Vec<&str> {
        let of = |workload: &'_ Workload| matches!(workload.way, Way::Certificate { .. });
        let mut names: Vec<_> = self.workloads.iter().filter(|workload| of(workload)).map(Workload::client_authority).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A provider by which people sign in.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name, in addresses.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its issuer, as its tokens have it.
    pub issuer: String,
    /// What it calls this service.
    pub client_id: String,
    /// The file of the secret by which it knows this service. None for a public client.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The roots that its certificate is trusted by; the system's if there is none.
    pub ca_file: Option<PathBuf>,
    /// Whether its userinfo endpoint is asked, for claims that are not in its tokens.
    pub userinfo: bool,
    /// The claim that a new user is called by.
    pub username_claim: String,
    /// Who may come in, and as what.
    pub people: People,
}

/// Who of a provider's people may come in, and as what.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Whether whoever is not known yet becomes a user.
    pub create_users: bool,
    /// The domains that addresses may be of; any, if there is none.
    pub email_domains: Vec<String>,
    /// Whether a user that is there already is taken for the one with the same address, which the provider has verified.
    pub link_by_email: bool,
    /// Whether the provider verifies every address, without saying so in its tokens.
    pub emails_are_verified: bool,
    /// What claims have to be.
    pub required: Claims,
    /// The claim that roles are given by.
    pub roles_claim: String,
    /// The roles that each of its values gives.
    pub roles: BTreeMap<String, Vec<String>>,
}

/// A workload: something that comes in without a secret of ours.
#[derive(Debug, Clone)]
pub struct Workload {
    /// What it may.
    pub grant: Arc<Grant>,
    /// How it shows who it is.
    pub way: Way,
}

impl Workload {
    fn client_authority(&self) -> &str {
        if let Way::Certificate { authority, .. } = &self.way { authority } else { "" }
    }
}

/// How a workload shows who it is.
#[derive(Debug, Clone)]
pub enum Way {
    /// By a token that somebody else signed.
    Token {
        /// Who.
        issuer: String,
        /// Whom the token is for.
        audience: String,
        /// Where the issuer's keys are.
        keys: KeysFrom,
        /// The roots that the issuer's certificate is trusted by; the system's if there is none.
        ca_file: Option<PathBuf>,
        /// What its claims have to be.
        claims: Claims,
    },
    /// By a request to AWS STS that it signed.
    Aws {
        /// The ARNs of roles and users.
        arns: Vec<Pattern>,
        /// Where AWS STS is, if it is not AWS's own.
        endpoint: Option<String>,
        /// The roots that the endpoint's certificate is trusted by; the system's if there is none.
        ca_file: Option<PathBuf>,
    },
    /// By a certificate of ours that it has.
    Certificate {
        /// Which authority's.
        authority: String,
        /// What all names of the certificate have to be.
        names: Vec<NamePattern>,
    },
}

/// Where an issuer's keys are.
#[derive(Debug, Clone)]
pub enum KeysFrom {
    /// Where its discovery document says.
    Discovery,
    /// At this address.
    Url(String),
    /// In this file.
    File(PathBuf),
}
