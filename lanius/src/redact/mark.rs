//! What is written in place of a finding, and how it is known again: a mark that names the rule, or the same length of one sign.

/// Before the rule's name in a mark that tells nothing of the value.
pub(super) const REDACTED: &[u8] = b"[REDACTED:";
/// Before the rule's name in a mark that also holds a keyed token.
pub(super) const TOKEN: &[u8] = b"[TOKEN:";
/// The signs that a value may be covered with.
pub const SIGNS: &[u8] = b"*#";
/// The longest name of a rule in a mark.
const NAME: usize = 64;
/// The longest mark: its opening, a name, a token, its end.
const LONGEST: usize = NAME + 48;

/// The mark of a rule.
pub(super) fn redacted(rule: &str) -> Vec<u8> {
    [REDACTED, name(rule), b"]"].concat()
}

/// The mark of a rule with a token.
pub(super) fn token(rule: &str, token: &str) -> Vec<u8> {
    [TOKEN, name(rule), b":", token.as_bytes(), b"]"].concat()
}

fn name(rule: &str) -> &[u8] {
    &rule.as_bytes()[..rule.len().min(NAME)]
}

fn is_inner(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b':')
}

/// What of `text` follows the opening of a mark; the bracket before it may be missing.
fn opened(text: &[u8]) -> Option<&[u8]> {
    [REDACTED, TOKEN].iter().find_map(|opening| text.strip_prefix(*opening).or_else(|| text.strip_prefix(&opening[1..])))
}

/// Whether a value is nothing but marks, or signs that cover it: what redaction leaves, and what is no secret. The brackets at its
/// ends may be missing, as where a rule stops at them.
#[must_use]
pub fn is_redacted(value: &[u8]) -> bool {
    if value.is_empty() {
        return false;
    }
    if value.iter().all(|byte| SIGNS.contains(byte) || byte.is_ascii_whitespace()) {
        return true;
    }
    let mut rest = value;
    while !rest.is_empty() {
        let Some(inner) = opened(rest) else { return false };
        let end = inner.iter().position(|byte| !is_inner(*byte)).unwrap_or(inner.len());
        rest = match inner.get(end) {
            None => &[],
            Some(b']') => &inner[end + 1..],
            Some(_) => return false,
        };
    }
    true
}

/// Whether a place of `text` lies in a mark, whose words name no value.
#[must_use]
pub fn within_mark(text: &[u8], at: usize) -> bool {
    let from = at.saturating_sub(LONGEST);
    let Some(bracket) = text[from..at].iter().rposition(|byte| *byte == b'[') else { return false };
    let Some(inner) = opened(&text[from + bracket..]) else { return false };
    let begin = text.len() - inner.len();
    begin <= at && text[begin..at].iter().all(|byte| is_inner(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known_again() {
        for value in [&b"[REDACTED:a-1]"[..], b"[REDACTED:a][TOKEN:b:77aa]", b"REDACTED:a", b"[TOKEN:b:77", b"********", b"##\n##"] {
            assert!(is_redacted(value), "{value:?}");
        }
        for value in [&b""[..], b"[REDACTED:a]x", b"x[REDACTED:a]", b"REDACTED", b"****a", b"[REDACTED:A]"] {
            assert!(!is_redacted(value), "{value:?}");
        }
    }

    #[test]
    fn a_place_in_a_mark() {
        let text = b"a token: [REDACTED:some-token], b";
        assert!(within_mark(text, 24) && within_mark(text, 19));
        assert!(!within_mark(text, 2) && !within_mark(text, 9) && !within_mark(text, 31) && !within_mark(text, 15));
    }

    #[test]
    fn a_mark_has_a_longest_form() {
        let rule = "a".repeat(1000);
        assert!(redacted(&rule).len() <= LONGEST && token(&rule, &"a".repeat(24)).len() <= LONGEST);
        assert!(within_mark(&token(&rule, &"a".repeat(24)), 90));
    }
}
