//! `[oidc.NAME]` and `[workloads.NAME]`: who comes in by somebody else's word. What could let in more than was meant is refused here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, beside};
use crate::access::{Actions, Email, Grant, RoleName};
use crate::identity::{Claims, KeysFrom, NamePattern, Pattern, People, Provider, Settings, Way, Workload, check_address, names_an_account};
use crate::profile::Profiles;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OidcSection {
    title: Option<String>,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    scopes: Option<Vec<String>>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    userinfo: bool,
    username_claim: Option<String>,
    #[serde(default)]
    create_users: bool,
    #[serde(default)]
    email_domains: Vec<String>,
    #[serde(default)]
    link_by_email: bool,
    #[serde(default)]
    emails_are_verified: bool,
    #[serde(default)]
    require: BTreeMap<String, String>,
    roles_claim: Option<String>,
    #[serde(default)]
    roles: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkloadSection {
    owner: String,
    authority: String,
    #[serde(default = "server_profile")]
    profiles: Vec<String>,
    names: Vec<String>,
    actions: Option<Vec<Action>>,
    token_lifetime: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    jwks_url: Option<String>,
    jwks_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    #[serde(default, rename = "match")]
    claims: BTreeMap<String, String>,
    aws: Option<AwsSection>,
    certificate: Option<CertificateSection>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Issue,
    Renew,
    Revoke,
    Export,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AwsSection {
    arn: Vec<String>,
    endpoint: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateSection {
    authority: Option<String>,
    names: Vec<String>,
}

fn server_profile() -> Vec<String> {
    vec!["tls-server".to_owned()]
}

/// How long a workload's token lasts where nothing is said, in seconds.
const LIFETIME: u64 = 15 * 60;
/// The longest that it may last.
const LONGEST_LIFETIME: u64 = 60 * 60;

/// Says what is wrong with a key of a section.
struct Section<'a> {
    path: &'a Path,
    name: String,
}

impl Section<'_> {
    fn wrong(&self, key: &str, reason: impl Into<String>) -> ConfigError {
        ConfigError::Value { path: self.path.to_owned(), key: format!("{}.{key}", self.name), reason: reason.into() }
    }

    fn check_name(&self, name: &str) -> Result<(), ConfigError> {
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=64).contains(&name.len()) && name.bytes().all(good) {
            return Ok(());
        }
        let reason = "a name of small letters, digits and hyphens is wanted".to_owned();
        Err(ConfigError::Value { path: self.path.to_owned(), key: self.name.clone(), reason })
    }

    fn address(&self, key: &str, url: &str) -> Result<(), ConfigError> {
        check_address(url).map_err(|error| self.wrong(key, error.to_string()))
    }

    fn claims(&self, key: &str, claims: BTreeMap<String, String>) -> Result<Claims, ConfigError> {
        let read = |(name, text): (String, String)| {
            let pattern = Pattern::parse(&text).map_err(|error| self.wrong(&format!("{key}.{name}"), error.to_string()))?;
            Ok((name, pattern))
        };
        Ok(Claims::new(claims.into_iter().map(read).collect::<Result<_, ConfigError>>()?))
    }

    fn names(&self, key: &str, names: &[String]) -> Result<Vec<NamePattern>, ConfigError> {
        if names.is_empty() {
            return Err(self.wrong(key, "say which names are meant"));
        }
        names
            .iter()
            .map(|text| text.parse().map_err(|error: crate::identity::NamePatternError| self.wrong(key, error.to_string())))
            .collect()
    }
}

pub(super) fn validated(
    path: &Path,
    oidc: BTreeMap<String, OidcSection>,
    workloads: BTreeMap<String, WorkloadSection>,
    profiles: &Profiles,
) -> Result<Settings, ConfigError> {
    let provider = |(name, section): (String, OidcSection)| section.validated(name, path);
    let workload = |(name, section): (String, WorkloadSection)| section.validated(name, path, profiles);
    Ok(Settings {
        providers: oidc.into_iter().map(provider).collect::<Result<_, _>>()?,
        workloads: workloads.into_iter().map(workload).collect::<Result<_, _>>()?,
    })
}

impl OidcSection {
    fn validated(self, name: String, path: &Path) -> Result<Provider, ConfigError> {
        let section = Section { path, name: format!("oidc.{name}") };
        section.check_name(&name)?;
        section.address("issuer", &self.issuer)?;
        if self.client_id.is_empty() {
            return Err(section.wrong("client_id", "it is empty"));
        }
        if self.create_users && self.email_domains.is_empty() && self.require.is_empty() {
            return Err(section.wrong(
                "create_users",
                "say by email_domains or require whose users are made: else it is everybody whom the provider knows",
            ));
        }
        if self.emails_are_verified && self.email_domains.is_empty() {
            return Err(section.wrong("emails_are_verified", "say by email_domains which addresses the provider answers for"));
        }
        for role in self.roles.values().flatten() {
            RoleName::parse(role).map_err(|error| section.wrong("roles", error.to_string()))?;
        }
        let mut scopes = self.scopes.unwrap_or_else(|| vec!["email".to_owned(), "profile".to_owned()]);
        if !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let people = People {
            create_users: self.create_users,
            email_domains: self.email_domains,
            link_by_email: self.link_by_email,
            emails_are_verified: self.emails_are_verified,
            required: section.claims("require", self.require)?,
            roles_claim: self.roles_claim.unwrap_or_else(|| "groups".to_owned()),
            roles: self.roles.into_iter().map(|(value, roles)| (value, roles.into_iter().collect())).collect(),
        };
        Ok(Provider {
            title: self.title.unwrap_or_else(|| name.clone()),
            name,
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret_file: self.client_secret_file.map(|file| beside(path, &file)),
            scopes,
            ca_file: self.ca_file.map(|file| beside(path, &file)),
            userinfo: self.userinfo,
            username_claim: self.username_claim.unwrap_or_else(|| "email".to_owned()),
            people,
        })
    }
}

impl WorkloadSection {
    fn validated(mut self, name: String, path: &Path, profiles: &Profiles) -> Result<Workload, ConfigError> {
        let section = Section { path, name: format!("workloads.{name}") };
        section.check_name(&name)?;
        Email::parse(&self.owner).map_err(|error| section.wrong("owner", error.to_string()))?;
        if self.profiles.is_empty() {
            return Err(section.wrong("profiles", "say which profiles are meant"));
        }
        if let Some(unknown) = self.profiles.iter().find(|profile| profiles.get(profile).is_none()) {
            return Err(section.wrong("profiles", format!("there is no profile {unknown:?}")));
        }
        let names = section.names("names", &self.names)?;
        let seconds = match &self.token_lifetime {
            None => LIFETIME,
            Some(text) => menagerie_config::parse_seconds(text).map_err(|error| section.wrong("token_lifetime", error.to_string()))?,
        };
        if !(1..=LONGEST_LIFETIME).contains(&seconds) {
            return Err(section.wrong("token_lifetime", "at least a second and at most an hour is wanted"));
        }
        let by_certificate = self.certificate.is_some();
        let usual = if by_certificate { vec![Action::Renew] } else { vec![Action::Issue, Action::Renew] };
        let actions = self.actions.take().unwrap_or(usual);
        if by_certificate && actions.contains(&Action::Issue) {
            return Err(section.wrong("actions", "whoever comes in by a certificate renews it, and issues nothing new"));
        }
        let may = |action| actions.contains(&action);
        let grant = Grant {
            name,
            owner: self.owner.clone(),
            authority: self.authority.clone(),
            profiles: std::mem::take(&mut self.profiles),
            names,
            actions: Actions {
                issue: may(Action::Issue),
                renew: may(Action::Renew),
                revoke: may(Action::Revoke),
                export: may(Action::Export),
            },
            token_lifetime: Duration::from_secs(seconds),
        };
        Ok(Workload { way: self.way(&section)?, grant: Arc::new(grant) })
    }

    fn way(self, section: &Section<'_>) -> Result<Way, ConfigError> {
        let ca_file = self.ca_file.map(|file| beside(section.path, &file));
        let by_token = self.audience.is_some() || self.jwks_url.is_some() || self.jwks_file.is_some() || !self.claims.is_empty();
        match (self.issuer, self.aws, self.certificate) {
            (Some(issuer), None, None) => {
                let audience = self.audience.filter(|audience| !audience.is_empty());
                let audience = audience.ok_or_else(|| section.wrong("audience", "say whom the issuer's tokens have to be for"))?;
                let claims = section.claims("match", self.claims)?;
                if !claims.tell_apart() {
                    return Err(section.wrong("match", "say by a claim besides iss and aud whose tokens are meant, and not by * alone"));
                }
                let keys = match (self.jwks_url, self.jwks_file) {
                    (None, None) => {
                        section.address("issuer", &issuer)?;
                        KeysFrom::Discovery
                    }
                    (Some(url), None) => {
                        section.address("jwks_url", &url)?;
                        KeysFrom::Url(url)
                    }
                    (None, Some(file)) => KeysFrom::File(beside(section.path, &file)),
                    (Some(_), Some(_)) => return Err(section.wrong("jwks_file", "there is a jwks_url, too")),
                };
                Ok(Way::Token { issuer, audience, keys, ca_file, claims })
            }
            (None, Some(aws), None) if !by_token => {
                let pattern = |text: &String| Pattern::parse(text).ok().filter(names_an_account);
                let arns: Option<Vec<_>> = aws.arn.iter().map(pattern).collect();
                let arns = arns.filter(|arns| !arns.is_empty()).ok_or_else(|| {
                    section.wrong(
                        "aws.arn",
                        "ARNs of roles and users are wanted, as arn:aws:iam::123456789012:role/deploy-*, each with its account",
                    )
                })?;
                if let Some(endpoint) = &aws.endpoint {
                    section.address("aws.endpoint", endpoint)?;
                }
                Ok(Way::Aws { arns, endpoint: aws.endpoint, ca_file })
            }
            (None, None, Some(certificate)) if !by_token && ca_file.is_none() => {
                if certificate.authority.is_some_and(|authority| authority != self.authority) {
                    let reason = "whoever comes in by a certificate renews it, so this is the workload's authority: leave it out";
                    return Err(section.wrong("certificate.authority", reason));
                }
                Ok(Way::Certificate { names: section.names("certificate.names", &certificate.names)?, authority: self.authority })
            }
            _ => Err(section.wrong("issuer", "say one way to come in: issuer with audience and match, aws, or certificate")),
        }
    }
}
