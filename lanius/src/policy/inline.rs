//! Comments beside a find that ask not to report it: ours, `lanius:allow`, and those that Gitleaks, detect-secrets, TruffleHog and
//! Kingfisher read. Nothing of the comment's text but rule ids and a date is kept, since a secret may stand in it.

use std::ops::Range;

use jiff::civil::Date;
use memchr::{memchr, memchr_iter, memrchr};

/// How far from the find a comment may stand: nearer than what the scan of a history sees round a change.
const LONGEST: usize = 448;
/// How many rules one comment names at most.
const MOST_RULES: usize = 32;

/// What begins a comment that stands alone.
const COMMENTS: &[&[u8]] = &[b"#", b"//", b"/*", b"*", b"--", b";", b"<!--", b"%", b"'", b"\"", b"rem ", b"REM ", b"(*", b"{#", b"{-"];

/// What a comment beside a find asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inline {
    /// The words by which it is known.
    pub mark: &'static str,
    /// The rules that it is for; all if there is none.
    pub rules: Vec<String>,
    /// The last day on which it counts.
    pub until: Option<Date>,
    /// Whether its date cannot be read, so that it does not count.
    pub broken: bool,
}

/// Where a mark counts.
struct Mark {
    words: &'static str,
    same: bool,
    before: bool,
}

const MARKS: &[Mark] = &[
    Mark { words: "lanius:allow", same: true, before: true },
    Mark { words: "gitleaks:allow", same: true, before: false },
    Mark { words: "trufflehog:ignore", same: true, before: false },
    Mark { words: "kingfisher:ignore", same: true, before: true },
];
const PRAGMA: &str = "pragma: allowlist secret";
const PRAGMA_NEXT: &str = "pragma: allowlist nextline secret";

/// What a comment in the lines of a find, or alone in the line before it, asks for.
#[must_use]
pub fn inline_beside(text: &[u8], secret: Range<usize>) -> Option<Inline> {
    let from = secret.start.saturating_sub(LONGEST);
    let begin = memrchr(b'\n', &text[from..secret.start]).map_or(from, |newline| from + newline + 1);
    let to = text.len().min(secret.end + LONGEST);
    let end = memchr(b'\n', &text[secret.end..to]).map_or(to, |newline| secret.end + newline);
    // The find itself is no comment: a hostile value must not speak for itself.
    for part in [&text[begin..secret.start], &text[secret.end..end]] {
        if let Some(inline) = read(part, true) {
            return Some(inline);
        }
    }
    let above_end = begin.checked_sub(1).filter(|at| text[*at] == b'\n')?;
    let above_from = from.min(above_end);
    let above = memrchr(b'\n', &text[above_from..above_end]).map_or(above_from, |newline| above_from + newline + 1);
    let line = text[above..above_end].trim_ascii();
    COMMENTS.iter().any(|comment| line.starts_with(comment)).then(|| read(line, false)).flatten()
}

/// The mark in a piece of a line: of the find's own line, or of the line before.
fn read(line: &[u8], same: bool) -> Option<Inline> {
    for mark in MARKS.iter().filter(|mark| if same { mark.same } else { mark.before }) {
        if let Some(at) = find(line, mark.words.as_bytes()) {
            let rest = &line[at + mark.words.len()..];
            // `lanius:allowance` is another word.
            if rest.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                continue;
            }
            let inline = Inline { mark: mark.words, rules: Vec::new(), until: None, broken: false };
            return Some(if mark.words == "lanius:allow" { asks(inline, rest) } else { inline });
        }
    }
    let at = find(line, b"pragma:")?;
    let words = String::from_utf8_lossy(&line[at + b"pragma:".len()..]).to_ascii_lowercase();
    let words = words.trim_start();
    let rest = words.strip_prefix("allowlist").or_else(|| words.strip_prefix("whitelist"))?;
    let rest = rest.strip_prefix([' ', '-'])?;
    let (next, rest) = match rest.strip_prefix("nextline") {
        Some(rest) => (true, rest.strip_prefix([' ', '-'])?),
        None => (false, rest),
    };
    let mark = if next { PRAGMA_NEXT } else { PRAGMA };
    (rest.starts_with("secret") && next != same).then_some(Inline { mark, rules: Vec::new(), until: None, broken: false })
}

/// Rule ids and `until=` behind `lanius:allow`; what follows ` -- ` or `reason=` is for people.
fn asks(mut inline: Inline, rest: &[u8]) -> Inline {
    let rest = String::from_utf8_lossy(rest);
    for word in rest.split([' ', '\t', ',', '(', ')']).filter(|word| !word.is_empty()) {
        if matches!(word, "--" | "-->" | "*/" | "-}" | "#}" | ":" | "-" | "*)") || word.starts_with("reason") {
            break;
        }
        if let Some(date) = word.strip_prefix("until=") {
            let date = date.trim_end_matches(|c: char| !c.is_ascii_digit());
            match date.parse() {
                Ok(date) => inline.until = Some(date),
                Err(_) => inline.broken = true,
            }
        } else if word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            if inline.rules.len() < MOST_RULES {
                inline.rules.push(word.to_owned());
            }
        } else {
            break;
        }
    }
    inline
}

/// Where `words`, which hold a colon, stand in any case. Colons are few, and so quickly passed over.
fn find(line: &[u8], words: &[u8]) -> Option<usize> {
    let colon = memchr(b':', words)?;
    let begins = memchr_iter(b':', line).filter_map(|at| at.checked_sub(colon));
    begins.into_iter().find(|begin| line.get(*begin..begin + words.len()).is_some_and(|part| part.eq_ignore_ascii_case(words)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    /// What is said beside the first `SECRET` of a text.
    fn beside(text: &str) -> Option<Inline> {
        let at = text.find("SECRET").unwrap();
        inline_beside(text.as_bytes(), at..at + 6)
    }

    fn mark(text: &str) -> Option<&'static str> {
        beside(text).map(|inline| inline.mark)
    }

    #[test]
    fn ours_with_rules_and_a_date() {
        let inline = beside("a = 'SECRET' # lanius:allow github-pat-classic,generic-token until=2027-01-31 -- rotated in may").unwrap();
        assert_eq!(inline.rules, ["github-pat-classic", "generic-token"]);
        assert_eq!(inline.until, Some(jiff::civil::date(2027, 1, 31)));
        assert!(!inline.broken);
        assert_eq!(beside("SECRET /* lanius:allow */").unwrap().rules, Vec::<String>::new());
        assert_eq!(beside("SECRET # lanius:allow reason=\"made up\"").unwrap().rules, Vec::<String>::new());
        assert!(beside("SECRET # lanius:allow until=2027-02-31").unwrap().broken);
        assert_eq!(mark("SECRET # lanius:allowance"), None);
    }

    #[test]
    fn those_of_others() {
        assert_eq!(mark("SECRET # gitleaks:allow"), Some("gitleaks:allow"));
        assert_eq!(mark("SECRET // TruffleHog:ignore"), Some("trufflehog:ignore"));
        assert_eq!(mark("SECRET ; kingfisher:ignore"), Some("kingfisher:ignore"));
        for words in ["pragma: allowlist secret", "pragma: whitelist secret", "pragma:allowlist-secret"] {
            assert_eq!(mark(&format!("SECRET # {words}")), Some(PRAGMA), "{words}");
        }
        assert_eq!(mark("SECRET # nosec"), None);
        assert_eq!(mark("SECRET # pragma: no cover"), None);
    }

    #[test]
    fn the_line_before_counts_if_it_is_a_comment() {
        assert_eq!(mark("# lanius:allow\nx = SECRET"), Some("lanius:allow"));
        assert_eq!(mark("  // pragma: allowlist nextline secret\nx = SECRET"), Some(PRAGMA_NEXT));
        assert_eq!(mark("a = 1 # lanius:allow\nx = SECRET"), None);
        assert_eq!(mark("# gitleaks:allow\nx = SECRET"), None);
        assert_eq!(mark("# pragma: allowlist secret\nx = SECRET"), None);
        assert_eq!(mark("SECRET # pragma: allowlist nextline secret"), None);
        assert_eq!(mark("# lanius:allow\n\nx = SECRET"), None);
    }

    #[test]
    fn a_value_does_not_speak_for_itself() {
        let text = b"x = 'lanius:allow-abc'";
        assert_eq!(inline_beside(text, 5..21), None);
    }
}
