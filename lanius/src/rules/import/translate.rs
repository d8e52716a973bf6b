//! From Go's regular expressions (RE2) to ours. They differ in what need not be escaped: a brace that is no repetition, a bracket or a
//! doubled operator within a class.

/// The same expression in our syntax.
pub(super) fn from_go(pattern: &str) -> String {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut at = 0;
    let mut class: Option<usize> = None;
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        match (c, class) {
            ('\\', _) => {
                match next {
                    // Escapes that only RE2 takes.
                    Some(escaped @ ('<' | '>' | '_')) => out.push(escaped),
                    Some(escaped) => out.extend(['\\', escaped]),
                    None => out.push('\\'),
                }
                at += 1;
            }
            ('[', None) => {
                out.push('[');
                if next == Some('^') {
                    out.push('^');
                    at += 1;
                }
                // A bracket that comes first stands for itself.
                if chars.get(at + 1) == Some(&']') {
                    out.push_str("\\]");
                    at += 1;
                }
                class = Some(at);
            }
            ('[', Some(_)) if next == Some(':') => {
                let close = (at..chars.len() - 1).find(|end| chars[*end] == ':' && chars[*end + 1] == ']' && *end > at + 1);
                match close {
                    Some(close) => {
                        out.extend(&chars[at..=close + 1]);
                        at = close + 1;
                    }
                    None => out.push_str("\\["),
                }
            }
            ('[', Some(_)) => out.push_str("\\["),
            (']', Some(_)) => {
                out.push(']');
                class = None;
            }
            ('&' | '~', Some(_)) => out.extend(['\\', c]),
            // `--` would take away; a hyphen that is doubled, first or last stands for itself.
            ('-', Some(begin)) if next == Some('-') || next == Some(']') || at == begin + 1 || chars[at - 1] == '-' => out.push_str("\\-"),
            ('{', None) if !is_repetition(&chars[at..]) => out.push_str("\\{"),
            _ => out.push(c),
        }
        at += 1;
    }
    out
}

/// Whether a brace begins `{n}`, `{n,}` or `{n,m}`.
fn is_repetition(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|c| *c == '}') else { return false };
    let inner: String = rest[1..end].iter().collect();
    let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && number(least) && number(most)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn what_go_takes_we_take() {
        for (go, matches, not) in [
            (r"{secret}", "{secret}", "secret"),
            (r"a{2}", "aa", "a{2}"),
            (r"[[]x", "[x", "x"),
            (r"[]a]+", "]a", "b"),
            (r"[&&a]", "&", "b"),
            (r"[a--]", "-", "b"),
            (r"[\w.-]{3}", "a.-", "a b"),
            (r"[[:alpha:]-]", "-", "1"),
            (r#"['\"]\<b\>"#, "'<b>", "b"),
            (r"\${x}", "${x}", "x"),
            (r"[^]]", "a", "]"),
            (r"[=:|>-]", "-", "a"),
            (r"(?i)key(?:[0-9a-z\-_\t .]{0,20})", "KEY", "k"),
        ] {
            let ours = regex::Regex::new(&from_go(go)).unwrap_or_else(|error| panic!("{go}: {error}"));
            assert!(ours.is_match(matches), "{go} as {}", from_go(go));
            assert!(!ours.is_match(not), "{go} as {}", from_go(go));
        }
    }
}
