//! Whether a domain's owner lets this authority certify it: CAA records (RFC 8659) with the conditions of RFC 8657.
//!
//! The records of the closest ancestor that has any count. No answer is no leave: a name service that fails, or that someone makes fail,
//! must not open what a record would have closed.

use super::Method;
use super::failure::Failure;
use super::issue_value::IssueValue;
use super::resolver::{CaaRecord, Resolver};

/// Properties that are understood, and so may be critical.
const KNOWN: &[&str] = &["issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"];

/// What is asked: may this authority certify the name for this account by what this method proved?
#[derive(Debug, Clone, Copy)]
pub struct CaaQuestion<'a> {
    /// The name without `*.`.
    pub domain: &'a str,
    /// Whether the certificate is for `*.` of the name.
    pub wildcard: bool,
    /// The domain names by which this authority is named in CAA records.
    pub issuers: &'a [String],
    /// The account's URL.
    pub account: &'a str,
    /// How control of the name was proved.
    pub method: Method,
}

impl CaaQuestion<'_> {
    /// Asks the name service.
    ///
    /// # Errors
    /// [`Failure::Caa`] if the owner lets others certify it, [`Failure::Dns`] if that is not known.
    pub async fn check(&self, resolver: &Resolver) -> Result<(), Failure> {
        let mut name = self.domain;
        loop {
            let records = resolver.caa(name).await?;
            if !records.is_empty() {
                let refused = |reason| Failure::Caa { name: name.to_owned(), domain: self.domain.to_owned(), reason };
                return self.judge(&records).map_err(refused);
            }
            match name.split_once('.') {
                Some((_, parent)) => name = parent,
                None => return Ok(()),
            }
        }
    }

    fn judge(&self, records: &[CaaRecord]) -> Result<(), &'static str> {
        let of = |tag: &'static str| records.iter().filter(move |record| record.tag.eq_ignore_ascii_case(tag));
        if records.iter().any(|record| record.critical && !KNOWN.iter().any(|known| record.tag.eq_ignore_ascii_case(known))) {
            return Err("a critical property is not known here");
        }
        let wild = self.wildcard && of("issuewild").next().is_some();
        let mut relevant = of(if wild { "issuewild" } else { "issue" }).peekable();
        if relevant.peek().is_none() {
            return Ok(());
        }
        let named: Vec<IssueValue<'_>> =
            relevant.filter_map(|record| IssueValue::parse(&record.value)).filter(|value| value.names_one_of(self.issuers)).collect();
        if named.is_empty() {
            return Err("they name other authorities, or none");
        }
        if named.iter().any(|value| self.meets(value)) { Ok(()) } else { Err("they name another account or other methods") }
    }

    fn meets(&self, value: &IssueValue<'_>) -> bool {
        let account = value.parameter("accounturi").is_none_or(|account| account == self.account);
        let method = value
            .parameter("validationmethods")
            .is_none_or(|methods| methods.split(',').any(|method| method.eq_ignore_ascii_case(self.method.name())));
        account && method
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(critical: bool, tag: &str, value: &str) -> CaaRecord {
        CaaRecord { critical, tag: tag.to_owned(), value: value.as_bytes().to_vec() }
    }

    fn judged(wildcard: bool, records: &[CaaRecord]) -> bool {
        let issuers = ["ca.example".to_owned()];
        let account = "https://ca.example/acme/account/1";
        CaaQuestion { domain: "www.example.org", wildcard, issuers: &issuers, account, method: Method::Dns01 }.judge(records).is_ok()
    }

    #[test]
    fn records_let_those_certify_whom_they_name() {
        let ours = record(false, "Issue", "ca.example");
        let others = record(false, "issue", "other.example");
        assert!(judged(false, std::slice::from_ref(&ours)));
        assert!(judged(false, &[others.clone(), ours.clone()]));
        assert!(!judged(false, std::slice::from_ref(&others)));
        assert!(!judged(false, &[record(false, "issue", ";")]));
        assert!(!judged(false, &[record(false, "issue", "%%%%")]), "a malformed value lets nobody");
        assert!(judged(false, &[record(false, "iodef", "mailto:a@example.org")]), "no property about issuing");
    }

    #[test]
    fn wildcards_have_properties_of_their_own() {
        let ours = record(false, "issue", "ca.example");
        let wild = record(false, "issuewild", "ca.example");
        let no_wild = record(false, "issuewild", ";");
        assert!(judged(true, std::slice::from_ref(&ours)));
        assert!(!judged(true, &[ours.clone(), no_wild.clone()]));
        assert!(judged(false, &[ours, no_wild]));
        assert!(judged(true, &[record(false, "issue", ";"), wild.clone()]));
        assert!(judged(false, &[wild]), "issuewild says nothing about the name itself");
    }

    #[test]
    fn conditions_and_critical_properties_are_heeded() {
        let with = |parameters: &str| judged(false, &[record(false, "issue", &format!("ca.example; {parameters}"))]);
        assert!(with("accounturi=https://ca.example/acme/account/1"));
        assert!(!with("accounturi=https://ca.example/acme/account/12"));
        assert!(with("validationmethods=http-01,dns-01"));
        assert!(!with("validationmethods=http-01"));
        assert!(with("unknown=1"));
        assert!(!judged(false, &[record(true, "tbs", "x"), record(false, "issue", "ca.example")]));
        assert!(judged(false, &[record(false, "tbs", "x"), record(true, "issue", "ca.example")]));
    }
}
