//! Passwords in URLs, by whom they are for: a host that RFC 2606 keeps for examples has no account, and on a developer's own machine
//! `app:app` protects nothing.

use std::ops::Range;

use super::engine::Text;
use crate::judge;

/// Why the password of a URL, which stands before `@host`, is hardly one; `None` if nothing says so.
pub(super) fn doubt(text: &Text<'_>, secret: &Range<usize>) -> Option<&'static str> {
    const LONGEST: usize = 255;
    let after = &text.bytes[secret.end..text.bytes.len().min(secret.end + LONGEST)];
    let after = after.strip_prefix(b"@")?;
    let length = after.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
    let host = after[..length].to_ascii_lowercase();
    if is_reserved(&host) {
        return Some("the host is one of documentation");
    }
    let value = &text.bytes[secret.clone()];
    let before = &text.bytes[secret.start.saturating_sub(LONGEST)..secret.start];
    let user = before.strip_suffix(b":").map(|before| before.rsplit(|byte| matches!(byte, b'/' | b':')).next().unwrap_or_default());
    let weak =
        user == Some(value) || judge::is_well_known(value) || value.iter().all(u8::is_ascii_alphabetic) && judge::word_share(value) > 0.8;
    if weak && is_local(&host) {
        return Some("everybody knows it, and the host is local");
    }
    (weak && (text.fixture || is_remark(text, secret.start))).then_some("everybody knows it, and it stands in an example")
}

/// Names that belong to nobody: `example.com`, `x.invalid`.
fn is_reserved(host: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[b"example", b"example.com", b"example.org", b"example.net", b"example.edu", b"invalid", b"host", b"hostname"];
    const ENDS: &[&[u8]] = &[b".example", b".example.com", b".example.org", b".example.net", b".invalid"];
    NAMES.contains(&host) || ENDS.iter().any(|end| host.ends_with(end))
}

/// This machine, or one that only the local network or a container's knows.
fn is_local(host: &[u8]) -> bool {
    !host.contains(&b'.') || host.starts_with(b"127.") || host == b"0.0.0.0" || host.ends_with(b".localhost")
}

/// Whether the line is documentation within a program.
fn is_remark(text: &Text<'_>, at: usize) -> bool {
    let from = memchr::memrchr(b'\n', &text.bytes[at.saturating_sub(512)..at])
        .map_or(at.saturating_sub(512), |line| at.saturating_sub(512) + line + 1);
    let line = text.bytes[from..at].trim_ascii_start();
    [&b"//"[..], b"#", b"* ", b">>>", b"/**"].iter().any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubted(line: &str, password: &str, path: &str) -> bool {
        let start = line.find(&format!(":{password}@")).map_or(0, |at| at + 1);
        doubt(&Text::whole(line.as_bytes(), path), &(start..start + password.len())).is_some()
    }

    #[test]
    fn hosts_and_passwords() {
        assert!(doubted("postgres://app:app@localhost:5432/app", "app", "a.env"));
        assert!(doubted("ftp://rms:q8Zt2kLw0P@example.com/", "q8Zt2kLw0P", "a.rs"));
        assert!(doubted("/// all(\"https://al:opensesame@proxy.corp.io\")", "opensesame", "a.rs"));
        assert!(!doubted("postgres://app:q8Zt2kLw0P@localhost:5432/app", "q8Zt2kLw0P", "a.env"));
        assert!(!doubted("https://al:opensesame@proxy.corp.io", "opensesame", "a.rs"));
    }
}
