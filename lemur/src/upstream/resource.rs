//! What an ACME server answers (RFC 8555, 7.1), as it is read: only what is needed, and nothing of it trusted before it was looked at.

use serde::Deserialize;
use serde_json::Value;

/// The longest text of an upstream that is kept, in characters.
const LONGEST: usize = 1_000;

/// The most parts of a problem that are kept.
const PARTS: usize = 5;

/// Where an upstream's resources are.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Directory {
    pub(super) new_nonce: String,
    pub(super) new_account: String,
    pub(super) new_order: String,
    pub(super) revoke_cert: String,
    #[serde(default)]
    pub(super) meta: Meta,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) terms_of_service: Option<String>,
    #[serde(default)]
    pub(super) external_account_required: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Account {
    pub(super) status: String,
    pub(super) orders: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Orders {
    #[serde(default)]
    pub(super) orders: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OrderStatus {
    Pending,
    Ready,
    Processing,
    Valid,
    Invalid,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub(super) status: OrderStatus,
    #[serde(default)]
    pub(super) identifiers: Vec<Identifier>,
    pub(super) authorizations: Vec<String>,
    pub(super) finalize: String,
    pub(super) certificate: Option<String>,
    pub(super) error: Option<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Identifier {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) value: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Authorization {
    pub(super) status: String,
    pub(super) identifier: Identifier,
    #[serde(default)]
    pub(super) wildcard: bool,
    pub(super) challenges: Vec<Challenge>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Challenge {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) url: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) token: String,
    pub(super) error: Option<Problem>,
}

impl Challenge {
    /// Whether its token is one (RFC 8555, 8.3): base64url, and no longer than any would be.
    pub(super) fn has_token(&self) -> bool {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (16..=256).contains(&self.token.len()) && self.token.bytes().all(letter)
    }
}

/// What an upstream says went wrong (RFC 8555, 6.7).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Problem {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    detail: Value,
    #[serde(default)]
    subproblems: Vec<SubProblem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct SubProblem {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    detail: Value,
    identifier: Option<Identifier>,
}

impl Problem {
    /// Its kind, without what stands before all of them.
    #[must_use]
    pub fn word(&self) -> &str {
        word(&self.kind)
    }
}

fn word(kind: &str) -> &str {
    kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(kind)
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |detail: &Value| detail.as_str().unwrap_or_default().to_owned();
        let mut whole = format!("{}: {}", self.word(), text(&self.detail));
        for part in self.subproblems.iter().take(PARTS) {
            let of = part.identifier.as_ref().map_or("", |identifier| identifier.value.as_str());
            whole = format!("{whole}; {of}: {}: {}", word(&part.kind), text(&part.detail));
        }
        f.write_str(&plain(&whole))
    }
}

/// A text of somebody else, cut, and without what moves a cursor.
pub(super) fn plain(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut plain: String = text.chars().take(LONGEST).map(shown).collect();
    if text.chars().nth(LONGEST).is_some() {
        plain.push('…');
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_is_one_line_of_bounded_length() {
        let long = "x\n\u{1b}[2J".repeat(10_000);
        let parts: Vec<_> = (0..100).map(|_| json!({"type": "urn:ietf:params:acme:error:dns", "detail": long})).collect();
        let problem: Problem =
            serde_json::from_value(json!({"type": "urn:ietf:params:acme:error:compound", "detail": 7, "subproblems": parts})).unwrap();
        let text = problem.to_string();
        assert!(text.starts_with("compound: ; : dns: x") && text.chars().count() == LONGEST + 1, "{text}");
        assert!(!text.contains(char::is_control));
    }

    #[test]
    fn a_token_is_base64url_and_bounded() {
        let token = |token: &str| {
            Challenge { kind: String::new(), url: String::new(), status: String::new(), token: token.to_owned(), error: None }.has_token()
        };
        assert!(token("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"));
        for bad in ["", "short", "../../../../etc/passwd", "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDf wyjxAjEuX0", &"a".repeat(257)] {
            assert!(!token(bad), "{bad}");
        }
    }
}
