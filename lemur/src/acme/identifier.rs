//! What a certificate is asked for: names (RFC 8555, 7.1.3) and addresses (RFC 8738).

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::name::DnsName;
use crate::validate::Host;

/// A name, which may begin with `*.`, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
pub enum Identifier {
    /// A name.
    Dns(DnsName),
    /// An address.
    Ip(IpAddr),
}

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum IdentifierError {
    #[error("identifiers of this type are not certified here: dns and ip are")]
    Type,
    #[error("it is no name: {0}")]
    Name(String),
    #[error("it is no address in the one form that it has (RFC 5952)")]
    Address,
}

impl Identifier {
    pub(super) fn parse(kind: &str, value: &str) -> Result<Self, IdentifierError> {
        match kind {
            "dns" => DnsName::parse(value).map(Self::Dns).map_err(|error| IdentifierError::Name(error.to_string())),
            "ip" => match value.parse::<IpAddr>() {
                // An IPv4 address in IPv6's clothes would be validated as one and certified as the other.
                Ok(address) if address.to_canonical() == address && address.to_string().eq_ignore_ascii_case(value) => {
                    Ok(Self::Ip(address))
                }
                _ => Err(IdentifierError::Address),
            },
            _ => Err(IdentifierError::Type),
        }
    }

    /// Its type, as ACME names it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Ip(_) => "ip",
        }
    }

    /// Whether it stands for many names.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        matches!(self, Self::Dns(name) if name.is_wildcard())
    }

    /// What is validated: the name without its `*.`, or the address.
    #[must_use]
    pub fn base(&self) -> String {
        match self {
            Self::Dns(name) => name.base().to_owned(),
            Self::Ip(address) => address.to_string(),
        }
    }

    /// What is asked when it is validated.
    #[must_use]
    pub fn host(&self) -> Host {
        match self {
            Self::Dns(name) => Host::Name(name.base().to_owned()),
            Self::Ip(address) => Host::Address(*address),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_one_form_each() {
        let text = |kind, value| Identifier::parse(kind, value).map(|identifier| identifier.to_string()).ok();
        assert_eq!(text("dns", "*.Example.ORG").as_deref(), Some("*.example.org"));
        assert_eq!(text("ip", "2001:DB8::1").as_deref(), Some("2001:db8::1"));
        for (kind, value) in [
            ("dns", "10.0.0.1"),
            ("dns", "a..b"),
            ("dns", ""),
            ("dns", "a.example/"),
            ("dns", "a.example:80"),
            ("ip", "010.0.0.1"),
            ("ip", "127.1"),
            ("ip", "2001:0db8::1"),
            ("ip", "::ffff:127.0.0.1"),
            ("ip", "[::1]"),
            ("ip", "10.0.0.0/8"),
            ("ip", "fe80::1%eth0"),
            ("ip", ""),
            ("email", "a@example.org"),
        ] {
            assert_eq!(text(kind, value), None, "{kind} {value}");
        }
    }
}
