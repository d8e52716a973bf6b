//! Certificates that the administrator signs with the CA's passphrase at hand: any principal that OpenSSH takes, within the
//! configuration's critical options.

use super::certify::{Allowed, Validity};
use super::granted::{Claims, Granted, KeyId};
use super::{Call, Caller, Decision, Issuer, Record, Refusal, Verified};
use crate::certificate::{CriticalOptions, Extensions, Kind, SourceAddress};
use crate::config::{MAX_VALIDITY_SECONDS, check_extensions};
use crate::request::{HostnameRule, UsernameRule, UsernameRules, check_hostname, is_pattern};
use crate::subject_key::SubjectKey;

/// What the administrator asks for.
#[derive(Debug, Clone)]
pub struct AdministratorRequest {
    /// User or host.
    pub kind: Kind,
    /// The line of the key to certify.
    pub public_key: String,
    /// The principals.
    pub principals: Vec<String>,
    /// Seconds from now; else the configuration's.
    pub validity_seconds: Option<u64>,
    /// The key ID; else the configuration's template.
    pub key_id: Option<String>,
    /// Where the certificate may be used from; from everywhere if neither this nor the configuration says.
    pub source_address: Option<SourceAddress>,
    /// The only command.
    pub force_command: Option<String>,
    /// Whether a FIDO key must verify its user.
    pub verify_required: bool,
    /// Extensions in place of the configuration's.
    pub extensions: Option<Vec<String>>,
    /// Whether a host's principals may be patterns.
    pub host_wildcards: bool,
}

impl Issuer {
    /// Decides on an administrator's request.
    pub async fn decide_administrator(&self, request: &AdministratorRequest, call: &Call) -> Decision {
        let now = self.now();
        let mut record = Record::new(call, now);
        record.kind = Some(request.kind);
        record.principals.clone_from(&request.principals);
        record.source_address = request.source_address.as_ref().map(ToString::to_string);
        if let Caller::Administrator { .. } = call.caller {
            record.verified = Some(Verified { method: "administrator", user: call.caller.origin() });
        }
        let result = self.sign(request, call, now, &mut record).await;
        Decision::close(record, result)
    }

    async fn sign(
        &self,
        request: &AdministratorRequest,
        call: &Call,
        now: jiff::Timestamp,
        record: &mut Record,
    ) -> Result<String, Refusal> {
        check_principals(request)?;
        let public_key = SubjectKey::parse(&request.public_key).map_err(Refusal::invalid)?;
        let (user, host) = (&self.settings.user, &self.settings.host);
        let (before, after, template) = match request.kind {
            Kind::User => (user.validity_before_seconds, user.validity_after_seconds, &user.key_id),
            Kind::Host => (host.validity_before_seconds, host.validity_after_seconds, &host.key_id),
        };
        let after = request.validity_seconds.unwrap_or(after);
        if after == 0 || after > MAX_VALIDITY_SECONDS {
            return Err(Refusal::invalid("the certificate would be valid for no time, or for more than ten years"));
        }
        let critical_options = match request.kind {
            Kind::User => self.merge_options(request)?,
            Kind::Host => CriticalOptions::default(),
        };
        record.source_address = critical_options.source_address.as_ref().map(ToString::to_string);
        let extensions = match (request.kind, &request.extensions) {
            (Kind::Host, _) => Ok(Extensions::default()),
            (Kind::User, Some(names)) => {
                check_extensions(names, "--extension").map_err(Refusal::invalid)?;
                Extensions::flags(names.iter().map(String::as_str))
            }
            (Kind::User, None) => Extensions::flags(user.extensions.iter().map(String::as_str)),
        };
        let authority = self.authority_for(&public_key, record).await?;
        let addresses = &user.rules.addresses;
        let granted = Granted {
            kind: request.kind,
            subject: &public_key,
            principals: &request.principals,
            validity: Validity::around(now, before, after),
            critical_options,
            extensions: extensions.map_err(Refusal::invalid)?,
            key_id: request.key_id.as_deref().map_or(KeyId::Template(template), KeyId::Given),
            verified: "administrator",
            claims: Claims { user: &call.caller.origin(), ..Claims::default() },
            allowed: Allowed {
                host_wildcards: request.host_wildcards,
                expired: false,
                shortest_v4: addresses.shortest_v4,
                shortest_v6: addresses.shortest_v6,
            },
        };
        self.issue(granted, call, &authority, record).await
    }

    /// The configuration's critical options with the request's: each can add to them or narrow them, never replace them.
    fn merge_options(&self, request: &AdministratorRequest) -> Result<CriticalOptions, Refusal> {
        if request.force_command.as_deref().is_some_and(|command| command.is_empty() || command.chars().any(char::is_control)) {
            return Err(Refusal::invalid("the forced command is empty or holds control characters"));
        }
        let defaults = &self.settings.user.critical_options;
        let force_command = match (&defaults.force_command, &request.force_command) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                return Err(Refusal::invalid(format!("the configuration's force-command is {ours:?}, and no other can take its place")));
            }
            (ours, theirs) => ours.clone().or_else(|| theirs.clone()),
        };
        let addresses = &self.settings.user.rules.addresses;
        let source_address = match &request.source_address {
            Some(list) => Some(addresses.admit(list.as_str()).map_err(Refusal::invalid)?),
            None if addresses.within.is_empty() => None,
            None => {
                let list: Vec<String> = addresses.within.iter().map(ToString::to_string).collect();
                Some(SourceAddress::parse(&list.join(",")).map_err(Refusal::invalid)?)
            }
        };
        Ok(CriticalOptions { force_command, source_address, verify_required: defaults.verify_required || request.verify_required })
    }
}

fn check_principals(request: &AdministratorRequest) -> Result<(), Refusal> {
    let rules = UsernameRules { rule: UsernameRule::Principal, blacklist: None };
    for name in &request.principals {
        let checked = match request.kind {
            Kind::User => rules.check(name).map_err(|error| error.to_string()),
            Kind::Host if request.host_wildcards && is_pattern(name) => Ok(()),
            Kind::Host => check_hostname(name, HostnameRule::Url),
        };
        checked.map_err(|message| Refusal::invalid(format!("{name:?}: {message}")))?;
    }
    Ok(())
}
