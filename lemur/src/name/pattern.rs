//! Which names somebody may have certified, as people write it: one text for one name or for many.
//!
//! | pattern | permits |
//! | --- | --- |
//! | `www.team.example` | this name alone |
//! | `*.team.example` | every name below `team.example`, wildcards too |
//! | `.team.example` | `team.example` and every name below it |
//! | `*` | every DNS name |
//! | `10.1.0.0/16`, `2001:db8::1` | addresses |
//! | `@team.example`, `bob@team.example` | all mailboxes of a host, or one |
//! | `spiffe://team.example/*`, `spiffe://team.example/web` | URIs that begin so, or one |

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::dns::DnsName;
use super::email::EmailAddress;
use super::san::San;
use super::uri::Uri;

/// The longest pattern.
const LONGEST: usize = 512;

/// Which names may be certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamePattern(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// One name, which may be a wildcard.
    Exactly(San),
    /// Every DNS name below this.
    Below(DnsName),
    /// This DNS name, and every one below it.
    Within(DnsName),
    /// Every DNS name.
    EveryDns,
    /// Addresses.
    Network(IpNet),
    /// The mailboxes of this host, in lower case.
    Mailboxes(String),
    /// URIs that begin with this: scheme, host and a slash at least.
    UriPrefix(String),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} says no names: write www.team.example for one, *.team.example for all below, * for all, 10.1.0.0/16, @team.example or spiffe://team.example/*"
)]
pub struct NamePatternError {
    text: String,
}

impl NamePattern {
    /// Whether a name may be certified by it.
    #[must_use]
    pub fn permits(&self, name: &San) -> bool {
        match (&self.0, name) {
            (Kind::Exactly(only), name) => only == name,
            (Kind::Below(ancestor), San::Dns(name)) => name.is_within(ancestor.as_str()) && name != ancestor,
            (Kind::Within(ancestor), San::Dns(name)) => name.is_within(ancestor.as_str()),
            (Kind::EveryDns, San::Dns(_)) => true,
            (Kind::Network(network), San::Ip(address)) => network.contains(address),
            (Kind::Mailboxes(host), San::Email(mailbox)) => mailbox.domain().eq_ignore_ascii_case(host),
            // A URI has no path that climbs out again.
            (Kind::UriPrefix(prefix), San::Uri(uri)) => uri.as_str().starts_with(prefix.as_str()),
            _ => false,
        }
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NamePatternError { text: text.chars().take(LONGEST).collect() };
        if text.len() > LONGEST {
            return Err(wrong());
        }
        if text == "*" {
            return Ok(Self(Kind::EveryDns));
        }
        let host = |text: &str| DnsName::parse(text).ok().filter(|name| !name.is_wildcard()).ok_or_else(wrong);
        if let Some(below) = text.strip_prefix("*.") {
            return host(below).map(|name| Self(Kind::Below(name)));
        }
        if let Some(within) = text.strip_prefix('.') {
            return host(within).map(|name| Self(Kind::Within(name)));
        }
        if let Some(mailboxes) = text.strip_prefix('@') {
            return host(mailboxes).map(|name| Self(Kind::Mailboxes(name.as_str().to_owned())));
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self(Kind::Network(network.trunc())));
        }
        if let Ok(address) = text.parse::<std::net::IpAddr>() {
            return Ok(Self(Kind::Exactly(San::Ip(address))));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let Some(prefix) = text.strip_suffix('*') else {
                return Uri::parse(text).map(|uri| Self(Kind::Exactly(San::Uri(uri)))).map_err(|_| wrong());
            };
            // With the host whole: `spiffe://team*` would be of team.evil.example too.
            let whole = prefix.ends_with('/') && rest.split_once('/').is_some_and(|(host, _)| !host.is_empty() && !host.contains('*'));
            let fine = whole && !scheme.is_empty();
            let prefix = Uri::parse(prefix).ok().filter(|_| fine).ok_or_else(wrong)?;
            return Ok(Self(Kind::UriPrefix(prefix.as_str().to_owned())));
        }
        // A star is a letter of mailboxes: `*@team.example` would be one of that name, and not all of the host.
        if text.contains('@') && !text.contains('*') {
            return EmailAddress::parse(text).map(|mailbox| Self(Kind::Exactly(San::Email(mailbox)))).map_err(|_| wrong());
        }
        DnsName::parse(text).map(|name| Self(Kind::Exactly(San::Dns(name)))).map_err(|_| wrong())
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Exactly(name) => name.fmt(f),
            Kind::Below(name) => write!(f, "*.{name}"),
            Kind::Within(name) => write!(f, ".{name}"),
            Kind::EveryDns => f.write_str("*"),
            Kind::Network(network) => network.fmt(f),
            Kind::Mailboxes(host) => write!(f, "@{host}"),
            Kind::UriPrefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

impl TryFrom<String> for NamePattern {
    type Error = NamePatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::*;

    fn permits(pattern: &str, name: &str) -> bool {
        pattern.parse::<NamePattern>().unwrap().permits(&San::guess(name).unwrap())
    }

    #[test]
    fn a_pattern_permits_what_it_says() {
        for (pattern, name) in [
            ("www.team.example", "www.team.example"),
            ("*.team.example", "www.team.example"),
            ("*.team.example", "a.b.team.example"),
            ("*.team.example", "*.team.example"),
            ("*.team.example", "*.b.team.example"),
            (".team.example", "team.example"),
            (".team.example", "www.team.example"),
            ("*", "anything.example"),
            ("10.1.0.0/16", "10.1.2.3"),
            ("2001:db8::1", "2001:db8::1"),
            ("@team.example", "bob@team.example"),
            ("bob@team.example", "bob@team.example"),
            ("spiffe://team.example/*", "spiffe://team.example/web/1"),
            ("spiffe://team.example/web", "spiffe://team.example/web"),
        ] {
            assert!(permits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn it_permits_nothing_else() {
        for (pattern, name) in [
            ("www.team.example", "*.team.example"),
            ("*.team.example", "team.example"),
            ("*.team.example", "badteam.example"),
            ("*.team.example", "www.team.example.evil.example"),
            ("*.team.example", "*.other.example"),
            (".team.example", "badteam.example"),
            ("*", "10.1.2.3"),
            ("*", "bob@team.example"),
            ("10.1.0.0/16", "10.2.0.1"),
            ("@team.example", "bob@sub.team.example"),
            ("@team.example", "team.example"),
            ("spiffe://team.example/*", "spiffe://team.example.evil/web"),
            ("spiffe://team.example/web", "spiffe://team.example/web/1"),
        ] {
            assert!(!permits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_says_no_names_is_refused_and_what_is_written_is_read_again() {
        for text in [
            "",
            ".",
            "..",
            "*.",
            "*.*",
            "*a.example",
            "a b",
            "10.0.0.0/33",
            "@",
            "@*",
            "*@team.example",
            "spiffe://team*",
            "spiffe://*",
            "spiffe:///*",
            "://x/*",
        ] {
            assert!(text.parse::<NamePattern>().is_err(), "{text}");
        }
        for text in [
            "www.a.example",
            "*.a.example",
            ".a.example",
            "*",
            "10.1.0.0/16",
            "10.1.0.1",
            "@a.example",
            "b@a.example",
            "spiffe://a.example/x/*",
        ] {
            assert_eq!(text.parse::<NamePattern>().unwrap().to_string(), text);
        }
    }
}
