//! dns-01 (RFC 8555, 8.4) and dns-persist-01 (draft-ietf-acme-dns-persist-01): proofs by TXT records.

use super::failure::Failure;
use super::issue_value::IssueValue;
use super::resolver::Resolver;

/// A record `_acme-challenge` with the digest of the key authorization.
pub(super) async fn challenge(resolver: &Resolver, domain: &str, digest: &str) -> Result<(), Failure> {
    let name = format!("_acme-challenge.{domain}");
    let texts = resolver.texts(&name).await?;
    if texts.iter().any(|text| text == digest.as_bytes()) {
        return Ok(());
    }
    let wanted = if texts.is_empty() { "is there" } else { "is the digest of the key authorization" };
    Err(Failure::NoRecord { name, wanted })
}

/// What a record `_validation-persist` must say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Persistent<'a> {
    pub(super) domain: &'a str,
    pub(super) wildcard: bool,
    pub(super) issuers: &'a [String],
    pub(super) account: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
}

impl Persistent<'_> {
    pub(super) async fn check(&self, resolver: &Resolver) -> Result<(), Failure> {
        let name = format!("_validation-persist.{}", self.domain);
        let texts = resolver.texts(&name).await?;
        if texts.iter().any(|text| self.is_met_by(text)) {
            return Ok(());
        }
        let wanted = match (texts.is_empty(), self.wildcard) {
            (true, _) => "is there",
            (false, false) => "names this authority and this account, and is in force",
            (false, true) => "names this authority and this account with policy=wildcard, and is in force",
        };
        Err(Failure::NoRecord { name, wanted })
    }

    fn is_met_by(&self, text: &[u8]) -> bool {
        let Some(value) = IssueValue::parse(text) else { return false };
        let wild = value.parameter("policy").is_some_and(|policy| policy.eq_ignore_ascii_case("wildcard"));
        let in_force = match value.parameter("persistUntil") {
            None => true,
            Some(until) => until.parse::<i64>().is_ok_and(|until| until >= self.now),
        };
        value.names_one_of(self.issuers) && value.parameter("accounturi") == Some(self.account) && (wild || !self.wildcard) && in_force
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persistent_record_names_authority_account_scope_and_term() {
        let issuers = ["ca.example".to_owned()];
        let met = |wildcard, text: &str| {
            Persistent { domain: "example.org", wildcard, issuers: &issuers, account: "https://ca.example/acct/1", now: 1_000 }
                .is_met_by(text.as_bytes())
        };
        assert!(met(false, "ca.example; accounturi=https://ca.example/acct/1"));
        assert!(met(false, "ca.example;accounturi=https://ca.example/acct/1;policy=WILDCARD;persistuntil=1000"));
        assert!(met(true, "ca.example;accounturi=https://ca.example/acct/1;policy=wildcard"));
        for (wildcard, text) in [
            (true, "ca.example; accounturi=https://ca.example/acct/1"),
            (true, "ca.example; accounturi=https://ca.example/acct/1; policy=subdomain"),
            (false, "ca.example; accounturi=https://ca.example/acct/12"),
            (false, "ca.example"),
            (false, "other.example; accounturi=https://ca.example/acct/1"),
            (false, "; accounturi=https://ca.example/acct/1"),
            (false, "ca.example; accounturi=https://ca.example/acct/1; persistUntil=999"),
            (false, "ca.example; accounturi=https://ca.example/acct/1; persistUntil=never"),
        ] {
            assert!(!met(wildcard, text), "{wildcard} {text}");
        }
    }
}
