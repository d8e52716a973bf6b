//! URIs as `uniformResourceIdentifier` carries them (RFC 5280, 4.2.1.6; RFC 3986): absolute, with a scheme and something after it, and
//! no user's name. `spiffe://…` and `urn:…` are such; a workload's certificate has one.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::dns::DnsName;

/// The longest URI, in bytes (the SPIFFE standard's bound).
const MAX_URI: usize = 2048;

/// An absolute URI. Its scheme and host are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uri(String);

/// Why a text is no URI that a certificate can carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Longer than is useful.
    #[error("a URI of {len} bytes is longer than {MAX_URI}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// No scheme, or nothing after it.
    #[error("a URI begins with its scheme and a colon, and goes on after it")]
    Relative,
    /// A character that RFC 3986 has no place for, or a % without two hexadecimal digits.
    #[error("a URI cannot have the character {found:?} there")]
    Character {
        /// The character.
        found: char,
    },
    /// An authority with a user's name.
    #[error("a URI in a certificate has no user's name")]
    User,
    /// An authority whose host is no DNS name and no IP address, or whose port is no number.
    #[error("the URI's host is no DNS name and no IP address, or its port is no number")]
    Host,
    /// A path with `.` or `..`, written out or as `%2e`: it is of one place before it is normalised (RFC 3986, 6.2.2.3) and of another after.
    #[error("a URI in a certificate has no part . or .. in its path")]
    Dots,
    /// A SPIFFE ID with a query or a fragment (SPIFFE-ID, 2.2).
    #[error("a SPIFFE ID has no query and no fragment")]
    Spiffe,
}

/// Whether a part of a path is `.` or `..`, written out or not.
fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

impl Uri {
    /// Reads a URI.
    ///
    /// # Errors
    /// [`UriError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text.len() > MAX_URI {
            return Err(UriError::TooLong { len: text.len() });
        }
        check_characters(text)?;
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Relative)?;
        let mut letters = scheme.bytes();
        let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !is_scheme || rest.is_empty() {
            return Err(UriError::Relative);
        }
        let scheme = scheme.to_ascii_lowercase();
        let Some(hierarchy) = rest.strip_prefix("//") else {
            return Ok(Self(format!("{scheme}:{rest}")));
        };
        let (authority, path) = hierarchy.split_at(hierarchy.find(['/', '?', '#']).unwrap_or(hierarchy.len()));
        if authority.contains('@') {
            return Err(UriError::User);
        }
        if path.split(['/', '?', '#']).any(is_dots) {
            return Err(UriError::Dots);
        }
        if scheme == "spiffe" && path.contains(['?', '#']) {
            return Err(UriError::Spiffe);
        }
        let authority = authority.to_ascii_lowercase();
        check_authority(&authority)?;
        Ok(Self(format!("{scheme}://{authority}{path}")))
    }

    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// The authority's host, if it has one: a DNS name, or an IP address (version 6 in brackets).
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        let (_, hierarchy) = self.0.split_once("://").filter(|(scheme, _)| !scheme.contains(':'))?;
        let authority = hierarchy.split(['/', '?', '#']).next().unwrap_or_default();
        Some(split_port(authority).0)
    }
}

fn check_characters(text: &str) -> Result<(), UriError> {
    let mut characters = text.chars();
    while let Some(found) = characters.next() {
        let fits = match found {
            '%' => {
                let mut digits = characters.by_ref().take(2);
                matches!((digits.next(), digits.next()), (Some(high), Some(low)) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
            }
            _ => found.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=".contains(found),
        };
        if !fits {
            return Err(UriError::Character { found });
        }
    }
    match text.matches('#').count() {
        0 | 1 => Ok(()),
        _ => Err(UriError::Character { found: '#' }),
    }
}

fn check_authority(authority: &str) -> Result<(), UriError> {
    let (host, port) = split_port(authority);
    let is_port = port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok() || DnsName::parse(host).is_ok_and(|name| !name.is_wildcard()),
    };
    if is_port && is_host { Ok(()) } else { Err(UriError::Host) }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Uri {
    type Error = UriError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Uri> for String {
    fn from(uri: Uri) -> Self {
        uri.0
    }
}
