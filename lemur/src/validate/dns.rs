//! dns-01 (RFC 8555, 8.4) and dns-persist-01 (draft-ietf-acme-dns-persist-01): proofs by TXT records.

use std::time::Duration;

use super::failure::Failure;
use super::issue_value::IssueValue;
use super::resolver::Resolver;

/// A record `_acme-challenge` with the digest of the key authorization.
pub(super) async fn challenge(resolver: &Resolver, domain: &str, digest: &str) -> Result<(), Failure> {
    let name = format!("_acme-challenge.{domain}");
    let texts = resolver.texts(&name).await?;
    if texts.iter().any(|text| text.bytes == digest.as_bytes()) {
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

/// What a record says to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// All that it must.
    Met,
    /// It is for this authority, or for nobody that can be told, and is not what the draft says.
    Malformed,
    /// It is another's, or not in force.
    Other,
}

impl Persistent<'_> {
    /// For how long the record holds that meets the challenge.
    pub(super) async fn check(&self, resolver: &Resolver) -> Result<Duration, Failure> {
        let name = format!("_validation-persist.{}", self.domain);
        let texts = resolver.texts(&name).await?;
        let verdicts: Vec<_> = texts.iter().map(|text| (self.verdict(&text.bytes), text.life)).collect();
        // The longest of those that meet it: each is a leave by itself.
        if let Some((_, life)) = verdicts.iter().filter(|(verdict, _)| *verdict == Verdict::Met).max_by_key(|(_, life)| *life) {
            return Ok(*life);
        }
        if verdicts.iter().any(|(verdict, _)| *verdict == Verdict::Malformed) {
            return Err(Failure::MalformedRecord { name });
        }
        let wanted = match (texts.is_empty(), self.wildcard) {
            (true, _) => "is there",
            (false, false) => "names this authority and this account, and is in force",
            (false, true) => "names this authority and this account with policy=wildcard, and is in force",
        };
        Err(Failure::NoRecord { name, wanted })
    }

    fn verdict(&self, text: &[u8]) -> Verdict {
        let Some(value) = IssueValue::parse(text) else { return Verdict::Malformed };
        if !value.names_one_of(self.issuers) {
            return Verdict::Other;
        }
        let Some(account) = value.parameter("accounturi") else { return Verdict::Malformed };
        let in_force = match value.parameter("persistUntil") {
            None => true,
            Some(until) if !until.is_empty() && until.bytes().all(|digit| digit.is_ascii_digit()) => {
                // A time past all numbers is a long way off.
                until.parse().unwrap_or(i64::MAX) >= self.now
            }
            Some(_) => return Verdict::Malformed,
        };
        let wild = value.parameter("policy").is_some_and(|policy| policy.eq_ignore_ascii_case("wildcard"));
        if account == self.account && in_force && (wild || !self.wildcard) { Verdict::Met } else { Verdict::Other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persistent_record_names_authority_account_scope_and_term() {
        let issuers = ["ca.example".to_owned()];
        let verdict = |wildcard, text: &str| {
            Persistent { domain: "example.org", wildcard, issuers: &issuers, account: "https://ca.example/acct/1", now: 1_000 }
                .verdict(text.as_bytes())
        };
        for (wildcard, text) in [
            (false, "ca.example; accounturi=https://ca.example/acct/1"),
            (false, "ca.example;accounturi=https://ca.example/acct/1;policy=WILDCARD;persistuntil=1000"),
            (false, "ca.example; accounturi=https://ca.example/acct/1; persistUntil=99999999999999999999; future=x"),
            (true, "ca.example;accounturi=https://ca.example/acct/1;policy=wildcard"),
        ] {
            assert_eq!(verdict(wildcard, text), Verdict::Met, "{wildcard} {text}");
        }
        for (wildcard, text) in [
            (true, "ca.example; accounturi=https://ca.example/acct/1"),
            (true, "ca.example; accounturi=https://ca.example/acct/1; policy=subdomain"),
            (false, "ca.example; accounturi=https://ca.example/acct/12"),
            (false, "ca.example; accounturi=https://CA.example/acct/1"),
            (false, "other.example; accounturi=https://ca.example/acct/1"),
            (false, "other.example"),
            (false, "; accounturi=https://ca.example/acct/1"),
            (false, "ca.example; accounturi=https://ca.example/acct/1; persistUntil=999"),
        ] {
            assert_eq!(verdict(wildcard, text), Verdict::Other, "{wildcard} {text}");
        }
        for text in [
            "ca.example",
            "ca.example; policy=wildcard",
            "ca.example; accounturi=https://ca.example/acct/1; accounturi=https://ca.example/acct/1",
            "ca.example; accounturi=https://ca.example/acct/1; persistUntil=never",
            "ca.example; accounturi=https://ca.example/acct/1; persistUntil=+1000",
            "ca.example; accounturi=https://ca.example/acct/1; persistUntil=-1",
            "ca.example; accounturi=https://ca.example/acct/1; persistUntil=",
            "ca example",
        ] {
            assert_eq!(verdict(false, text), Verdict::Malformed, "{text}");
        }
    }
}
