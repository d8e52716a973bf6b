//! The names that a workload may have certified. DNS names and addresses are written as in an ACME key's grant ([`NameRule`]); URIs and
//! mailboxes with `*`.

use std::fmt;
use std::str::FromStr;

use super::pattern::Pattern;
use crate::acme::{Identifier, NameRule};
use crate::name::San;

/// Which names may be certified, as one line of a grant says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamePattern {
    /// DNS names and addresses.
    Host(NameRule),
    /// URIs, as `spiffe://corp.example/ns/prod/*`.
    Uri(Pattern),
    /// Mailboxes, as `*@corp.example`.
    Email(Pattern),
}

/// Why a text is no pattern of names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} says no names: write www.example.org for one name, .example.org for all below it, 10.1.0.0/16 for addresses, spiffe://example.org/a/* for URIs, *@example.org for mailboxes"
)]
pub struct NamePatternError(String);

impl NamePattern {
    /// Whether this lets a name be certified.
    #[must_use]
    pub fn permits(&self, name: &San) -> bool {
        match (self, name) {
            (Self::Host(rule), San::Dns(name)) => rule.permits(&Identifier::Dns(name.clone())),
            (Self::Host(rule), San::Ip(address)) => rule.permits(&Identifier::Ip(*address)),
            (Self::Uri(pattern), San::Uri(uri)) => pattern.matches(uri.as_str()),
            (Self::Email(pattern), San::Email(address)) => pattern.matches(address.as_str()),
            _ => false,
        }
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NamePatternError(text.chars().take(300).collect());
        let pattern = |text: &str| Pattern::parse(text).map_err(|_| wrong());
        if let Some((scheme, rest)) = text.split_once("://") {
            // A star in place of the host would be every host there is.
            let host = rest.split('/').next().unwrap_or_default();
            return if scheme.is_empty() || host.is_empty() || scheme.contains('*') || host.contains('*') {
                Err(wrong())
            } else {
                pattern(text).map(Self::Uri)
            };
        }
        if let Some((mailbox, domain)) = text.rsplit_once('@') {
            return if mailbox.is_empty() || domain.is_empty() || domain.contains('*') {
                Err(wrong())
            } else {
                pattern(text).map(Self::Email)
            };
        }
        text.parse().map(Self::Host).map_err(|_| wrong())
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(rule) => rule.fmt(f),
            Self::Uri(pattern) | Self::Email(pattern) => f.write_str(pattern.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(pattern: &str, name: &str) -> bool {
        pattern.parse::<NamePattern>().expect("a pattern").permits(&San::guess(name).expect("a name"))
    }

    #[test]
    fn each_kind_permits_its_own() {
        assert!(permits(".corp.example", "a.corp.example") && permits(".corp.example", "*.corp.example"));
        assert!(permits("a.corp.example", "a.corp.example") && !permits("a.corp.example", "b.corp.example"));
        assert!(!permits(".corp.example", "corp.example.evil.example") && !permits(".corp.example", "evilcorp.example"));
        assert!(permits("10.1.0.0/16", "10.1.2.3") && !permits("10.1.0.0/16", "10.2.0.1") && !permits(".", "10.1.2.3"));
        assert!(permits("spiffe://corp.example/ns/prod/*", "spiffe://corp.example/ns/prod/web"));
        assert!(!permits("spiffe://corp.example/ns/prod/*", "spiffe://corp.example/ns/prod/web/x"));
        assert!(!permits("spiffe://corp.example/**", "spiffe://corp.example.evil.example/x"));
        assert!(permits("*@corp.example", "a@corp.example") && !permits("*@corp.example", "a@corp.example.evil.example"));
        assert!(!permits(".", "spiffe://corp.example/x"));
    }

    #[test]
    fn what_would_be_every_name_is_refused() {
        for text in ["spiffe://*/x", "*://corp.example/x", "://x", "a@*", "a@", "@corp.example", "", "a b", "spiffe://"] {
            assert!(text.parse::<NamePattern>().is_err(), "{text}");
        }
        for text in [".corp.example", "10.0.0.0/8", "spiffe://corp.example/*", "*@corp.example"] {
            assert_eq!(text.parse::<NamePattern>().expect("a pattern").to_string(), text);
        }
    }
}
