//! How a secret is shown: its public prefix, its length, the characters it is made of; never more.

use crate::rules::Rule;

/// The shortest secret of which a public prefix is shown.
const SHORTEST: usize = 16;
/// The longest prefix that is shown.
const PREFIX: usize = 12;

/// A secret as it is shown.
#[must_use]
pub fn masked(rule: &Rule, secret: &[u8]) -> String {
    let length = secret.len();
    let keywords = rule.definition.keywords.iter().filter(|_| rule.definition.pattern.is_some());
    let prefix = keywords
        .filter(|keyword| keyword.len() <= PREFIX && length >= SHORTEST && secret.len() > keyword.len())
        .find(|keyword| secret[..keyword.len()].eq_ignore_ascii_case(keyword.as_bytes()));
    match prefix {
        Some(prefix) => format!("{}… ({length} characters)", String::from_utf8_lossy(&secret[..prefix.len()])),
        None => format!("({length} characters: {})", made_of(secret)),
    }
}

/// The kinds of characters.
fn made_of(secret: &[u8]) -> String {
    let any = |class: fn(&u8) -> bool| secret.iter().any(class);
    if secret.contains(&b'\n') {
        return "a block of lines".to_owned();
    }
    if secret.iter().all(u8::is_ascii_hexdigit) && any(u8::is_ascii_digit) {
        return "hexadecimal".to_owned();
    }
    let kinds = [
        ("lower case", any(u8::is_ascii_lowercase)),
        ("upper case", any(u8::is_ascii_uppercase)),
        ("digits", any(u8::is_ascii_digit)),
        ("others", any(|byte| !byte.is_ascii_alphanumeric())),
    ];
    kinds.iter().filter(|(_, holds)| *holds).map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn rule() -> Rule {
        crate::rules::parse(
            "t",
            "[[rule]]\nid='a'\nname='A'\nseverity='low'\nconfidence='high'\nkeywords=['ghp_']\npattern='ghp_[a-z0-9]+'",
        )
        .unwrap()
        .remove(0)
    }

    #[test]
    fn shows_no_more_than_a_public_prefix() {
        assert_eq!(masked(&rule(), b"ghp_0123456789abcdef"), "ghp_… (20 characters)");
        assert_eq!(masked(&rule(), b"ghp_0123456789"), "(14 characters: lower case, digits, others)");
        assert_eq!(masked(&rule(), b"0123456789abcdef0123"), "(20 characters: hexadecimal)");
    }
}
