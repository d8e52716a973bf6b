//! Names of hosts, as BLESS's `hostname_validation` has them.

use std::net::{Ipv4Addr, Ipv6Addr};

/// How names of hosts are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostnameRule {
    /// A name that stands as the host of a URL; unlike in BLESS, without user, port or path, which ssh would never match.
    #[default]
    Url,
    /// No rule beyond those of every principal.
    Disabled,
}

/// Checks one name of a host.
///
/// # Errors
/// BLESS's message for a bad name.
pub fn check_hostname(name: &str, rule: HostnameRule) -> Result<(), String> {
    let good = match rule {
        HostnameRule::Disabled => true,
        HostnameRule::Url => is_domain_name(name) || name.parse::<Ipv4Addr>().is_ok() || name.parse::<Ipv6Addr>().is_ok(),
    };
    if good { Ok(()) } else { Err(format!("Invalid hostname \"ssh://{name}\".")) }
}

/// Whether a name is a pattern that ssh reads in a host certificate: a name with `*` or `?` in it.
#[must_use]
pub fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
        && name.len() <= 253
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'*' | b'?'))
}

/// Labels by RFC 1123; the last of several has two characters or more, as BLESS wants it, and is no number, which an address ends with.
fn is_domain_name(name: &str) -> bool {
    let bare = name.strip_suffix('.').unwrap_or(name);
    let mut labels = 0;
    let mut last = "";
    for label in bare.split('.') {
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = label.as_bytes();
        if bytes.len() > 63 || !edge(bytes.first()) || !edge(bytes.last()) || !bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        {
            return false;
        }
        labels += 1;
        last = label;
    }
    let numeric_end = labels > 1 && last.bytes().all(|b| b.is_ascii_digit());
    bare.len() <= 253 && !numeric_end && (labels == 1 || last.len() >= 2)
}
