//! Addresses of e-mail, in the dot-atom form of RFC 5322 as mailboxes use it, with a domain that could be delivered to. Domains that
//! RFC 2606 and RFC 6761 reserve for examples, and a few that documentation uses the same way, are told apart; so are mailboxes of a role.

use super::detector::{Detector, Kind};
use std::ops::Range;

/// The detector of e-mail addresses; the finder calls [`around`] at each `@`.
pub(super) static DETECTOR: Detector = Detector {
    id: "pii-email",
    name: "e-mail address",
    kind: Kind::Email,
    jurisdictions: &["*"],
    chance: 1,
    layouts: &[],
    keywords: &[
        "email",
        "e mail",
        "mail",
        "mailbox",
        "courriel",
        "correo",
        "correo electrónico",
        "posta elettronica",
        "eposta",
        "e post",
        "epost",
        "sähköposti",
        "почта",
        "メール",
        "邮箱",
        "이메일",
    ],
    check: |value| around(value, value.iter().position(|byte| *byte == b'@').unwrap_or(0)) == Some(0..value.len()),
    specimen,
};

/// The longest part before the `@`, and the longest domain, in bytes (RFC 5321, 4.5.3.1).
const LOCAL: usize = 64;
const DOMAIN: usize = 253;

/// Endings that files have and no delivered domain has, or that are far more often a file's: `icon@2x.png`.
const FILE_ENDINGS: &[&str] = &[
    "avif", "bak", "bat", "bin", "bmp", "conf", "cfg", "cpp", "css", "csv", "dll", "doc", "exe", "gif", "gz", "htm", "html", "ico", "ini",
    "jpeg", "jpg", "js", "json", "jsx", "lock", "log", "map", "mjs", "pdf", "php", "png", "rb", "service", "socket", "timer", "svg", "tar",
    "target", "tgz", "tmp", "ts", "tsx", "txt", "webp", "xml", "yaml", "yml",
];

/// Domains, and endings of domains, where nobody lives.
const EXAMPLE_DOMAINS: &[&str] = &[
    "example.com",
    "example.net",
    "example.org",
    "example.edu",
    "example",
    "test",
    "invalid",
    "localhost",
    "local",
    "localdomain",
    "domain.com",
    "yourdomain.com",
    "mydomain.com",
    "company.com",
    "yourcompany.com",
    "acme.com",
    "foo.com",
    "bar.com",
    "foo.bar",
    "test.com",
    "email.com",
    "host.com",
    "users.noreply.github.com",
];

/// Mailboxes of a function, not of a person (RFC 2142 and custom).
const ROLES: &[&str] = &[
    "abuse",
    "admin",
    "billing",
    "contact",
    "git",
    "help",
    "hello",
    "hostmaster",
    "info",
    "mailer-daemon",
    "no-reply",
    "noreply",
    "donotreply",
    "do-not-reply",
    "office",
    "postmaster",
    "press",
    "root",
    "sales",
    "security",
    "support",
    "team",
    "webmaster",
];

/// The address whose `@` stands at `at`, if one stands there. It looks at no more than a local part and a domain can have.
pub(super) fn around(text: &[u8], at: usize) -> Option<Range<usize>> {
    if text.get(at) != Some(&b'@') {
        return None;
    }
    let before = text[..at].iter().rev().take(LOCAL + 1).take_while(|byte| local_byte(**byte)).count();
    let mut start = at - before;
    // A quotation mark of one kind or the other, or a dot that ends a sentence, is not the mailbox's.
    while start < at && matches!(text[start], b'.' | b'\'' | b'-' | b'+' | b'%') {
        start += 1;
    }
    let local = &text[start..at];
    if local.is_empty()
        || local.len() > LOCAL
        || local.ends_with(b".")
        || local.windows(2).any(|two| two == b"..")
        || in_address(text, start)
    {
        return None;
    }
    let after =
        text[at + 1..].iter().take(DOMAIN + 1).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
    let mut end = at + 1 + after;
    while end > at && matches!(text[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let domain = text.get(at + 1..end)?;
    (after <= DOMAIN && deliverable(domain) && text.get(end) != Some(&b'@')).then_some(start..end)
}

const fn local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

/// Whether what begins here is the user or the password of a web address: `https://user:word@host`.
fn in_address(text: &[u8], start: usize) -> bool {
    let before = &text[start.saturating_sub(LOCAL)..start];
    match before.last() {
        Some(b'/') => before.ends_with(b"//"),
        Some(b':') => {
            let word = before.rsplit(|byte| byte.is_ascii_whitespace() || *byte == b'"').next().unwrap_or_default();
            word.windows(3).any(|three| three == b"://")
        }
        _ => false,
    }
}

/// Whether the domain has at least two labels of letters, digits and inner hyphens, and ends in letters that could be a top-level domain.
fn deliverable(domain: &[u8]) -> bool {
    let mut labels = domain.split(|byte| *byte == b'.');
    let sound = |label: &[u8]| !label.is_empty() && label.len() <= 63 && label[0] != b'-' && label[label.len() - 1] != b'-';
    let Some(top) = domain.rsplit(|byte| *byte == b'.').next() else { return false };
    labels.clone().count() >= 2
        && labels.all(sound)
        && (2..=24).contains(&top.len())
        && (top.iter().all(u8::is_ascii_alphabetic) || top.get(..4).is_some_and(|four| four.eq_ignore_ascii_case(b"xn--")))
        && !FILE_ENDINGS.iter().any(|ending| top.eq_ignore_ascii_case(ending.as_bytes()))
}

/// Whether the domain is one of examples.
fn specimen(value: &[u8]) -> bool {
    let Some(domain) = value.rsplit(|byte| *byte == b'@').next() else { return false };
    EXAMPLE_DOMAINS.iter().any(|example| {
        let split = domain.len().checked_sub(example.len());
        split.is_some_and(|at| domain[at..].eq_ignore_ascii_case(example.as_bytes()) && (at == 0 || domain[at - 1] == b'.'))
    })
}

/// Whether the mailbox is of a function and not of a person.
pub(super) fn is_role(value: &[u8]) -> bool {
    let local = value.split(|byte| *byte == b'@').next().unwrap_or_default();
    ROLES.iter().any(|role| local.eq_ignore_ascii_case(role.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at = text.find('@')?;
        around(text.as_bytes(), at).map(|range| &text[range])
    }

    #[test]
    fn addresses_are_found_with_their_borders() {
        for (text, address) in [
            ("write to <jane.roe+x@mail.uni-bonn.de>.", "jane.roe+x@mail.uni-bonn.de"),
            ("\"mailto:o'hara@irish.ie\"", "o'hara@irish.ie"),
            ("'jo@posteo.de'", "jo@posteo.de"),
            ("jo@posteo.de.", "jo@posteo.de"),
            ("a=jo_b@xn--bcher-kva.xn--p1ai;", "jo_b@xn--bcher-kva.xn--p1ai"),
        ] {
            assert_eq!(found(text), Some(address), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_is_left() {
        for text in [
            "icon@2x.png",
            "left-pad@1.3.0",
            "@scope/name",
            "a@b",
            "a..b@posteo.de",
            "https://user@host.de/x",
            "postgres://app:word@db.intern.de/x",
            "a@-b.de",
            "getty@tty1.service",
            "x@y.c",
            "a@b.de@c.de",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        let long = format!("{}@posteo.de", "a".repeat(65));
        assert_eq!(found(&long), None);
    }

    #[test]
    fn examples_and_roles_are_told_apart() {
        assert!(specimen(b"a@example.com") && specimen(b"a@mail.EXAMPLE.org") && specimen(b"a@host.test") && !specimen(b"a@myexample.com"));
        assert!(is_role(b"noreply@posteo.de") && is_role(b"GIT@github.com") && !is_role(b"jane@posteo.de"));
    }
}
