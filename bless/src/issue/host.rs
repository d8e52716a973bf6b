//! Host certificates: off unless the configuration allows the names, to whoever may invoke the function or to a verified user.

use jiff::Timestamp;
use serde_json::Value;

use super::certify::{Allowed, Validity};
use super::granted::{Claims, Granted, KeyId};
use super::{Call, Caller, Issuer, Record, Refusal, Verified};
use crate::certificate::{CriticalOptions, Extensions, Kind};
use crate::config::{HostCaller, HostRule};
use crate::kmsauth;
use crate::request::{HostRequest, HostRules, InvalidRequest};

impl Issuer {
    pub(super) async fn decide_host(&self, event: &Value, call: &Call, now: Timestamp, record: &mut Record) -> Result<String, Refusal> {
        let settings = &self.settings.host;
        record.claim(event);
        let by_user = settings.allow.iter().any(|rule| matches!(rule.who, HostCaller::User(_)));
        let with_token = by_user && self.settings.authentication.kmsauth.is_some();
        let request = HostRequest::parse(
            event,
            HostRules { hostnames: settings.hostname_rule, patterns: settings.allow.iter().any(|rule| rule.wildcards), with_token },
        )
        .map_err(Refusal::invalid)?;
        record.principals.clone_from(&request.hostnames);
        let authority = self.authority_for(&request.public_key, record).await?;
        record.verified = self.authenticate_host(&request, call, now).await?;
        let wildcards = allowed_names(&settings.allow, &request.hostnames, call, record.verified.as_ref())?;

        let validity = Validity::around(now, settings.validity_before_seconds, settings.validity_after_seconds);
        let verified = record.verified.as_ref().map_or_else(String::new, |verified| verified.user.clone());
        let granted = Granted {
            kind: Kind::Host,
            subject: &request.public_key,
            principals: &request.hostnames,
            validity,
            critical_options: CriticalOptions::default(),
            extensions: Extensions::default(),
            key_id: KeyId::Template(&settings.key_id),
            verified: &verified,
            claims: Claims { user: request.bastion_user.as_deref().unwrap_or_default(), ..Claims::default() },
            allowed: Allowed { host_wildcards: wildcards, expired: false, shortest_v4: 0, shortest_v6: 0 },
        };
        self.issue(granted, call, &authority, record).await
    }

    async fn authenticate_host(&self, request: &HostRequest, call: &Call, now: Timestamp) -> Result<Option<Verified>, Refusal> {
        if let Some((method, local)) = call.caller.local_user() {
            return Ok(Some(Verified { method, user: local.user.clone() }));
        }
        let (Some(kmsauth), Some(user), Some(token)) =
            (&self.settings.authentication.kmsauth, &request.bastion_user, &request.kmsauth_token)
        else {
            return Ok(None);
        };
        let kms = self.clients.kms().await.map_err(Refusal::unavailable)?;
        kmsauth::validate(kms, kmsauth, user, token, now).await.map_err(Refusal::unauthorized)?;
        Ok(Some(Verified { method: "kmsauth", user: user.clone() }))
    }
}

/// Whether each name is allowed to this caller, and whether any of them is a pattern that may stand in the certificate.
fn allowed_names(rules: &[HostRule], names: &[String], call: &Call, verified: Option<&Verified>) -> Result<bool, Refusal> {
    let mine = |rule: &&HostRule| match &rule.who {
        HostCaller::Function(arn) => matches!(call.caller, Caller::Lambda) && *arn == call.function_arn,
        HostCaller::User(user) => verified.is_some_and(|verified| verified.user == *user),
    };
    let mine: Vec<&HostRule> = rules.iter().filter(mine).collect();
    if mine.is_empty() {
        let who = verified.map_or_else(|| call.function_arn.clone(), |verified| verified.user.clone());
        return Err(Refusal::invalid(format!(
            "host certificates are not allowed for {who}: the configuration has no entry for it ([[host.allow]], or [Bless Hosts] allowed)"
        )));
    }
    let mut wildcards = false;
    for name in names {
        let pattern = name.contains(['*', '?']);
        let fits = mine.iter().any(|rule| (!pattern || rule.wildcards) && rule.names.iter().any(|allowed| matches_name(allowed, name)));
        if !fits {
            return Err(Refusal::invalid(InvalidRequest::new(
                "hostnames",
                format!("{name:?} is none of the names that are allowed here."),
            )));
        }
        wildcards |= pattern;
    }
    Ok(wildcards)
}

/// Whether `name` is the name, or fits the pattern, without regard to case: `*` stands for one character or more.
fn matches_name(allowed: &str, name: &str) -> bool {
    let (allowed, name) = (allowed.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = allowed.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(between) = last.replace(part) {
            // The shortest run that leaves the part behind it; one character at least is the star's.
            let Some(at) = rest.char_indices().skip(1).find(|(at, _)| rest[*at..].starts_with(between)).map(|(at, _)| at) else {
                return false;
            };
            rest = &rest[at + between.len()..];
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.len() > end.len() && rest.ends_with(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (allowed, name) in [
            ("db1", "DB1"),
            ("*.example.com", "a.example.com"),
            ("*.example.com", "a.b.example.com"),
            ("web-*.x.com", "web-1.x.com"),
            ("a*b*c", "a1b2c"),
            ("*", "x"),
        ] {
            assert!(matches_name(allowed, name), "{allowed} {name}");
        }
        for (allowed, name) in [
            ("db1", "db12"),
            ("*.example.com", "example.com"),
            ("*.example.com", ".example.com"),
            ("web-*.x.com", "web-.x.com"),
            ("a*b*c", "abc"),
            ("a*", "a"),
            ("*.a", "x.a.b"),
        ] {
            assert!(!matches_name(allowed, name), "{allowed} {name}");
        }
    }
}
