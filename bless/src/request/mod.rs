//! What callers ask for: the events of BLESS's user and host handlers, parsed once into typed values.
//!
//! Field names, rules and messages are those of Netflix BLESS, whose requests are validated with marshmallow 2: every field's fault is
//! reported at once, as a Python-style dict of lists ([`InvalidRequest`]). Where BLESS let something through that OpenSSH cannot use or
//! that forges what others read, the request is refused here with a message of its own.

mod address;
mod fields;
mod hostname;
mod message;
mod username;

use menagerie_secret::Secret;
use serde_json::Value;

pub use address::{AddressError, AddressPolicy};
pub use hostname::{HostnameRule, check_hostname, is_pattern};
pub use message::InvalidRequest;
pub use username::{UsernameError, UsernameRule, UsernameRules};

use crate::certificate::{Kind, MAX_PRINCIPALS, SourceAddress};
use crate::subject_key::SubjectKey;
use fields::Fields;

/// The most bytes that an event may have: room for 256 principals and the largest key.
pub const MAX_EVENT_BYTES: usize = 128 * 1024;

/// The most bytes of a list of principals: room for 256 of the length of a host's name and a certificate around them.
const MAX_PRINCIPALS_TEXT: usize = 32 * 1024;

/// The handler that an event's fields are meant for: only a host request has `hostnames`.
#[must_use]
pub fn kind_of(event: &Value) -> Kind {
    if event.get("hostnames").is_some() { Kind::Host } else { Kind::User }
}

/// Rules for user requests, from the configuration.
#[derive(Debug, Clone, Default)]
pub struct UserRules {
    /// For `bastion_user`.
    pub bastion_user: UsernameRule,
    /// For `remote_usernames`.
    pub remote_usernames: UsernameRules,
    /// For `bastion_ips`.
    pub addresses: AddressPolicy,
}

/// A request for a user certificate.
#[expect(missing_debug_implementations, reason = "holds the caller's token")]
pub struct UserRequest {
    /// Where the connection to the target comes from; becomes the `source-address` option.
    pub bastion_ips: SourceAddress,
    /// Who says to ask.
    pub bastion_user: String,
    /// The address that the asking user says to have.
    pub bastion_user_ip: String,
    /// What the user says to be about to run; only for the log and the key ID.
    pub command: String,
    /// The key to certify.
    pub public_key: SubjectKey,
    /// The principals of the certificate.
    pub remote_usernames: Vec<String>,
    /// A kmsauth token, version 2.
    pub kmsauth_token: Option<Secret<String>>,
}

impl UserRequest {
    /// Reads an event.
    ///
    /// # Errors
    /// [`InvalidRequest`] with the faults of all fields.
    pub fn parse(event: &Value, rules: &UserRules) -> Result<Self, InvalidRequest> {
        let mut fields = Fields::of(event)?;
        let bastion_ips = fields.required("bastion_ips", |text| rules.addresses.admit(text).map_err(|e| e.to_string()));
        let bastion_user = fields.required("bastion_user", |user| {
            rules.bastion_user.check(user).map_err(|e| e.to_string())?;
            Ok(user.to_owned())
        });
        let bastion_user_ip = fields.required("bastion_user_ip", |text| {
            AddressPolicy::any().admit(text).map_err(|e| e.to_string())?;
            Ok(text.to_owned())
        });
        let command = fields.required("command", |text| Ok(text.to_owned()));
        let public_key = fields.required("public_key_to_sign", parse_key);
        let remote_usernames = fields.required("remote_usernames", |text| principals(text, |name| rules.remote_usernames.check(name)));
        let kmsauth_token = fields.optional("kmsauth_token", |text| Ok(Secret::new(text.to_owned())));
        fields.finish()?;
        let absent = "a field without a fault has a value";
        Ok(Self {
            bastion_ips: bastion_ips.expect(absent),
            bastion_user: bastion_user.expect(absent),
            bastion_user_ip: bastion_user_ip.expect(absent),
            command: command.expect(absent),
            public_key: public_key.expect(absent),
            remote_usernames: remote_usernames.expect(absent),
            kmsauth_token: kmsauth_token.filter(|token| !token.expose().is_empty()),
        })
    }
}

/// Rules for host requests, from the configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostRules {
    /// For `hostnames`.
    pub hostnames: HostnameRule,
    /// Whether a name may be a pattern, where the configuration allows some caller to have one.
    pub patterns: bool,
    /// Whether `bastion_user` and `kmsauth_token` may be there, which BLESS does not know: where hosts are allowed by verified user.
    pub with_token: bool,
}

/// A request for a host certificate.
#[expect(missing_debug_implementations, reason = "holds the caller's token")]
pub struct HostRequest {
    /// The names of the certificate.
    pub hostnames: Vec<String>,
    /// The key to certify.
    pub public_key: SubjectKey,
    /// Who says to ask.
    pub bastion_user: Option<String>,
    /// A kmsauth token, version 2.
    pub kmsauth_token: Option<Secret<String>>,
}

impl HostRequest {
    /// Reads an event.
    ///
    /// # Errors
    /// [`InvalidRequest`] with the faults of all fields.
    pub fn parse(event: &Value, rules: HostRules) -> Result<Self, InvalidRequest> {
        let mut fields = Fields::of(event)?;
        let hostnames = fields.required("hostnames", |text| {
            principals(text, |name| if rules.patterns && is_pattern(name) { Ok(()) } else { check_hostname(name, rules.hostnames) })
        });
        let public_key = fields.required("public_key_to_sign", parse_key);
        let (mut bastion_user, mut kmsauth_token) = (None, None);
        if rules.with_token {
            bastion_user = fields.optional("bastion_user", |text| {
                UsernameRule::Principal.check(text).map_err(|e| e.to_string())?;
                Ok(text.to_owned())
            });
            kmsauth_token = fields.optional("kmsauth_token", |text| Ok(Secret::new(text.to_owned())));
        }
        fields.finish()?;
        let absent = "a field without a fault has a value";
        Ok(Self { hostnames: hostnames.expect(absent), public_key: public_key.expect(absent), bastion_user, kmsauth_token })
    }
}

/// Reads a comma list of principals, each by `check`.
fn principals<E: ToString>(text: &str, check: impl Fn(&str) -> Result<(), E>) -> Result<Vec<String>, String> {
    if text.len() > MAX_PRINCIPALS_TEXT {
        return Err(format!("More than {MAX_PRINCIPALS_TEXT} bytes of principals."));
    }
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',') {
        check(name).map_err(|error| error.to_string())?;
        if name.is_empty() {
            return Err("An empty principal would be valid for everyone.".to_owned());
        }
        if names.iter().any(|earlier| earlier == name) {
            return Err(format!("Principal {name:?} is there twice."));
        }
        names.push(name.to_owned());
        if names.len() > MAX_PRINCIPALS {
            return Err(format!("More than {MAX_PRINCIPALS} principals: OpenSSH would not read the certificate."));
        }
    }
    Ok(names)
}

/// BLESS's one message for what is no public key at all; a key that is refused for what it is has its own.
fn parse_key(text: &str) -> Result<SubjectKey, String> {
    const KNOWN: [&str; 3] = ["ssh-", "ecdsa-sha2-", "sk-"];
    let kind = text.split(' ').next().unwrap_or_default();
    let looks_like_a_key = KNOWN.iter().any(|prefix| kind.starts_with(prefix)) && text.contains(" AAAA");
    if !looks_like_a_key {
        return Err("Invalid SSH Public Key.".to_owned());
    }
    SubjectKey::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
