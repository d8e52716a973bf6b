//! The syntax of domain names, mail addresses and URIs in certificates (RFC 1034, 5321, 3986, and IDNA2008 through the `idna` crate).

/// What is wrong with a domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum DomainFault {
    #[error("it is empty")]
    Empty,
    #[error("a label is empty")]
    EmptyLabel,
    #[error("a label is longer than 63 characters")]
    LongLabel,
    #[error("a label starts or ends with a hyphen")]
    Hyphen,
    #[error("it has a character that is no letter, digit or hyphen")]
    Character,
    #[error("its last label is a number")]
    NumericTop,
}

/// The most characters of a domain name.
pub(super) const MAX_DOMAIN: usize = 253;

/// Checks the preferred syntax: letters, digits and hyphens in labels of 1 to 63.
pub(super) fn domain(name: &[u8]) -> Result<(), DomainFault> {
    if name.is_empty() {
        return Err(DomainFault::Empty);
    }
    for label in name.split(|byte| *byte == b'.') {
        match label {
            [] => return Err(DomainFault::EmptyLabel),
            [b'-', ..] | [.., b'-'] => return Err(DomainFault::Hyphen),
            label if !label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-') => return Err(DomainFault::Character),
            label if label.len() > 63 => return Err(DomainFault::LongLabel),
            _ => {}
        }
    }
    let top = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    if top.iter().all(u8::is_ascii_digit) { Err(DomainFault::NumericTop) } else { Ok(()) }
}

/// The name without a first label that is `*`.
pub(super) fn without_wildcard(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"*.").unwrap_or(name)
}

/// Whether a label with `--` at its third place is of IDNA.
pub(super) fn reserved_tag(label: &[u8]) -> Option<[u8; 2]> {
    match label {
        [first, second, b'-', b'-', ..] => Some([first.to_ascii_lowercase(), second.to_ascii_lowercase()]),
        _ => None,
    }
}

/// Whether an A-label is what IDNA2008 would make of a U-label.
pub(super) fn is_a_label(label: &[u8]) -> bool {
    let Ok(label) = std::str::from_utf8(label) else { return false };
    let label = label.to_ascii_lowercase();
    let (unicode, checked) = idna::domain_to_unicode(&label);
    checked.is_ok() && unicode != label && idna::domain_to_ascii_strict(&unicode).is_ok_and(|ascii| ascii == label)
}

/// Checks a mail address: a local part of RFC 5321's dot-string or quoted string, and a domain.
pub(super) fn is_mailbox(address: &[u8]) -> bool {
    let Some(at) = address.iter().rposition(|byte| *byte == b'@') else { return false };
    let (local, host) = (&address[..at], &address[at + 1..]);
    if local.is_empty() || local.len() > 64 || !local.is_ascii() {
        return false;
    }
    let quoted = local.len() > 2 && local.first() == Some(&b'"') && local.last() == Some(&b'"');
    let plain = local.split(|byte| *byte == b'.').all(|atom| !atom.is_empty() && atom.iter().copied().all(is_atom));
    (plain || quoted && is_quoted(&local[1..local.len() - 1])) && domain(host).is_ok()
}

const fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

fn is_quoted(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if bytes.next().is_some_and(|next| (0x20..0x7f).contains(next)) => {}
            0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e => {}
            _ => return false,
        }
    }
    true
}

/// The parts of an absolute URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Uri<'a> {
    pub scheme: &'a [u8],
    /// The host in the authority, where there is one.
    pub host: Option<&'a [u8]>,
    /// Whether there is something after the scheme's colon.
    pub rest: bool,
}

/// What is wrong with a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum UriFault {
    #[error("it is not absolute")]
    Relative,
    #[error("it has a character that a URI cannot have")]
    Character,
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Percent,
    #[error("its host is neither a domain name nor an address")]
    Host,
    #[error("its port is not a number")]
    Port,
    #[error("there is nothing after its scheme")]
    Nothing,
}

/// Reads an absolute URI.
pub(super) fn uri(text: &[u8]) -> Result<Uri<'_>, UriFault> {
    let colon = text.iter().position(|byte| *byte == b':').ok_or(UriFault::Relative)?;
    let (scheme, rest) = (&text[..colon], &text[colon + 1..]);
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if !scheme.first().is_some_and(u8::is_ascii_alphabetic) || !scheme.iter().all(is_scheme) {
        return Err(UriFault::Relative);
    }
    check_characters(rest)?;
    if rest.is_empty() {
        return Err(UriFault::Nothing);
    }
    let host = match rest.strip_prefix(b"//") {
        None => None,
        Some(after) => Some(authority(after.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next().unwrap_or_default())?),
    };
    Ok(Uri { scheme, host, rest: true })
}

fn check_characters(text: &[u8]) -> Result<(), UriFault> {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'%' if !text.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) => {
                return Err(UriFault::Percent);
            }
            0x21 | 0x23..=0x3b | b'=' | 0x3f..=0x5b | b']' | b'_' | b'a'..=b'z' | b'~' => {}
            _ => return Err(UriFault::Character),
        }
    }
    Ok(())
}

fn authority(text: &[u8]) -> Result<&[u8], UriFault> {
    let text = text.iter().rposition(|byte| *byte == b'@').map_or(text, |at| &text[at + 1..]);
    if let Some(literal) = text.strip_prefix(b"[") {
        let end = literal.iter().position(|byte| *byte == b']').ok_or(UriFault::Host)?;
        port(&literal[end + 1..])?;
        let address = std::str::from_utf8(&literal[..end]).map_err(|_| UriFault::Host)?;
        return if address.parse::<std::net::Ipv6Addr>().is_ok() { Ok(&literal[..end]) } else { Err(UriFault::Host) };
    }
    let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
    port(&text[end..])?;
    Ok(&text[..end])
}

fn port(text: &[u8]) -> Result<(), UriFault> {
    let digits = text.strip_prefix(b":").unwrap_or(text);
    if digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit) { Ok(()) } else { Err(UriFault::Port) }
}

/// Whether a URI's host is a domain name or an address.
pub(super) fn is_host(host: &[u8]) -> bool {
    let is_address = || std::str::from_utf8(host).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok());
    domain(host).is_ok() || is_address()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains() {
        for good in ["example.com", "a", "xn--p1ai", "1.example", "a-b.c", &"a".repeat(63)] {
            assert_eq!(domain(good.as_bytes()), Ok(()), "{good}");
        }
        let bad = [
            ("", DomainFault::Empty),
            ("a..b", DomainFault::EmptyLabel),
            ("example.com.", DomainFault::EmptyLabel),
            ("-a.b", DomainFault::Hyphen),
            ("a-.b", DomainFault::Hyphen),
            ("a_b.c", DomainFault::Character),
            ("*.b", DomainFault::Character),
            ("10.0.0.1", DomainFault::NumericTop),
        ];
        for (name, fault) in bad {
            assert_eq!(domain(name.as_bytes()), Err(fault), "{name}");
        }
        assert_eq!(domain("a".repeat(64).as_bytes()), Err(DomainFault::LongLabel));
    }

    #[test]
    fn a_labels() {
        assert!(is_a_label(b"xn--mnchen-3ya") && is_a_label(b"XN--P1AI"));
        assert!(!is_a_label(b"xn--zz") && !is_a_label(b"xn--") && !is_a_label(b"plain") && !is_a_label(b"xn--\xff"));
    }

    #[test]
    fn mailboxes() {
        for good in ["a@example.com", "a.b+c@example.com", "\"a b\"@example.com", "\"a\\\"b\"@example.com", "a@host"] {
            assert!(is_mailbox(good.as_bytes()), "{good}");
        }
        for bad in ["", "a", "@example.com", "a@", "a..b@example.com", "a b@example.com", "\"a@example.com", "a@-b", "\u{e9}@example.com"] {
            assert!(!is_mailbox(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn uris() {
        let host =
            |text: &'static str| uri(text.as_bytes()).map(|uri| uri.host.map(|host| String::from_utf8(host.to_vec()).expect("ASCII")));
        assert_eq!(host("http://user@ca.example.com:80/a?b#c"), Ok(Some("ca.example.com".to_owned())));
        assert_eq!(host("http://[2001:db8::1]:80/"), Ok(Some("2001:db8::1".to_owned())));
        assert_eq!(host("spiffe://mesh/ns/a"), Ok(Some("mesh".to_owned())));
        assert_eq!(host("urn:uuid:1"), Ok(None));
        assert_eq!(host("/relative"), Err(UriFault::Relative));
        assert_eq!(host("http://a b/"), Err(UriFault::Character));
        assert_eq!(host("http://a/%zz"), Err(UriFault::Percent));
        assert_eq!(host("http://[::1/"), Err(UriFault::Host));
        assert_eq!(host("http://a:port/"), Err(UriFault::Port));
        assert_eq!(host("http:"), Err(UriFault::Nothing));
    }
}
