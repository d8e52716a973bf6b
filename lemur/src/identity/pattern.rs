//! What a claim has to be: an exact text, or one with `*` for any characters but `/`, and `**` for any characters. Matching takes time in
//! proportion to both texts, whatever they are.

use std::fmt;

use serde_json::{Map, Value};

/// The longest pattern.
const LONGEST: usize = 1_024;
/// The longest text that matches anything.
const LONGEST_TEXT: usize = 4_096;

/// A text with `*` and `**`.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Any characters but `/`.
    WithinSegment,
    /// Any characters.
    Anything,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pattern has 1 to {LONGEST} bytes")]
pub struct PatternError;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] if it is empty or too long.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(PatternError);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.find('*').unwrap_or(rest.len());
            if plain > 0 {
                parts.push(Part::Text(rest[..plain].to_owned()));
            }
            let stars = rest[plain..].bytes().take_while(|byte| *byte == b'*').count();
            match stars {
                0 => {}
                1 => parts.push(Part::WithinSegment),
                _ => parts.push(Part::Anything),
            }
            rest = &rest[plain + stars..];
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it says nothing: `*` and `**` alone.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        !self.parts.iter().any(|part| matches!(part, Part::Text(_)))
    }

    /// Whether a text is of this form.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text = text.as_bytes();
        if text.len() > LONGEST_TEXT {
            return false;
        }
        // Which ends of the text the parts so far may lead to.
        let mut reached = vec![false; text.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            let mut next = vec![false; text.len() + 1];
            match part {
                Part::Text(plain) => {
                    for from in (0..=text.len()).filter(|from| reached[*from]) {
                        if text[from..].starts_with(plain.as_bytes()) {
                            next[from + plain.len()] = true;
                        }
                    }
                }
                Part::WithinSegment => {
                    let mut open = false;
                    for end in 0..=text.len() {
                        open = (open && text[end - 1] != b'/') || reached[end];
                        next[end] = open;
                    }
                }
                Part::Anything => {
                    let first = reached.iter().position(|reached| *reached).unwrap_or(reached.len());
                    next[first..].fill(true);
                }
            }
            reached = next;
        }
        reached[text.len()]
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// What a token's claims have to be: each of these matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(Vec<(String, Pattern)>);

impl Claims {
    /// Of claims' names and patterns. A name that begins with `/` is a JSON pointer (RFC 6901) to a claim within a claim.
    #[must_use]
    pub fn new(claims: Vec<(String, Pattern)>) -> Self {
        Self(claims)
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a claim is wanted that tells one bearer from another: not who issued a token and whom for, and not `*`.
    #[must_use]
    pub fn tell_apart(&self) -> bool {
        self.0.iter().any(|(name, pattern)| !["iss", "aud", "exp", "iat", "nbf", "jti"].contains(&name.as_str()) && !pattern.says_nothing())
    }

    /// The first claim that is not as it has to be.
    ///
    /// # Errors
    /// Its name.
    pub fn check(&self, claims: &Map<String, Value>) -> Result<(), &str> {
        let wrong = self.0.iter().find(|(name, pattern)| !find(claims, name).is_some_and(|found| holds(found, pattern)));
        wrong.map_or(Ok(()), |(name, _)| Err(name))
    }
}

/// A claim by its name, or by a pointer.
pub(super) fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let Some(pointer) = name.strip_prefix('/') else { return claims.get(name) };
    let (first, rest) = pointer.split_once('/').map_or((pointer, None), |(first, rest)| (first, Some(rest)));
    let found = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    rest.map_or(Some(found), |rest| found.pointer(&format!("/{rest}")))
}

/// The texts of a claim: one, or those of a list.
pub(super) fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(items) => items.iter().filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    }
}

fn holds(value: &Value, pattern: &Pattern) -> bool {
    texts(value).iter().any(|text| pattern.matches(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern).expect("a pattern").matches(text)
    }

    #[test]
    fn a_text_is_matched_whole() {
        assert!(matches("org/app", "org/app"));
        for other in ["org/app2", "org/ap", "Org/app", "", "xorg/app", "org/app/", "org/app\n"] {
            assert!(!matches("org/app", other), "{other}");
        }
        assert!(!matches("org/app", &"x".repeat(LONGEST_TEXT + 1)));
        assert!(Pattern::parse("").is_err() && Pattern::parse(&"x".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn a_star_stays_within_a_segment_and_two_do_not() {
        assert!(matches("org/*", "org/app") && matches("org/*", "org/"));
        assert!(!matches("org/*", "org/app/evil") && !matches("*", "a/b"));
        assert!(matches("refs/heads/release-*-x", "refs/heads/release-1-x-2-x"));
        assert!(matches("repo:org/*:ref:**", "repo:org/app:ref:refs/heads/a/b"));
        assert!(matches("**b", "a/ab") && !matches("**b", "a/a"));
        assert!(matches("é*", "éa") && matches("*é", "aé"));
    }

    #[test]
    fn the_worst_pattern_takes_no_time() {
        let began = std::time::Instant::now();
        assert!(!matches(&"*a".repeat(500), &format!("{}b", "a".repeat(4_000))));
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn claims_are_found_by_name_and_by_pointer() {
        let claims = json!({"repository": "org/app", "protected": true, "run": 7, "groups": ["a", "b"], "http://x/y": "z",
            "kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "web"}}, "a/b": {"c": "d"}});
        let claims = claims.as_object().expect("an object");
        let check = |name: &str, pattern: &str| {
            Claims::new(vec![(name.to_owned(), Pattern::parse(pattern).expect("a pattern"))]).check(claims).is_ok()
        };
        for (name, pattern) in [
            ("repository", "org/*"),
            ("protected", "true"),
            ("run", "7"),
            ("groups", "b"),
            ("http://x/y", "z"),
            ("/kubernetes.io/namespace", "prod"),
            ("/kubernetes.io/serviceaccount/name", "web"),
            ("/a~1b/c", "d"),
        ] {
            assert!(check(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in
            [("repository", "org2/*"), ("missing", "**"), ("kubernetes.io", "**"), ("/kubernetes.io/x", "**"), ("groups", "c")]
        {
            assert!(!check(name, pattern), "{name} {pattern}");
        }
    }

    #[test]
    fn what_tells_nobody_apart_is_known() {
        let claims = |name: &str, pattern: &str| Claims::new(vec![(name.to_owned(), Pattern::parse(pattern).expect("a pattern"))]);
        assert!(claims("repository", "org/*").tell_apart());
        for (name, pattern) in [("iss", "https://x"), ("aud", "y"), ("repository", "*"), ("sub", "**"), ("sub", "*****")] {
            assert!(!claims(name, pattern).tell_apart(), "{name} {pattern}");
        }
        assert!(!Claims::default().tell_apart());
    }
}
