//! A kmsauth token, version 2: what KMS makes of a span of time under a context that says who speaks to whom. Who may encrypt under
//! that context is settled by the key's policy in AWS, so the service that decrypts the token knows who asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};

use super::settings::Kmsauth;

/// How far back a token begins, for clocks that go slow.
const BACK: SignedDuration = SignedDuration::from_mins(3);

/// What KMS is to encrypt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// The span of time, as JSON.
    pub text: String,
    /// The encryption context.
    pub context: [(String, String); 3],
}

impl Plain {
    /// The token that `kmsauth` describes, as of `now`.
    #[must_use]
    pub fn new(kmsauth: &Kmsauth, now: Timestamp) -> Self {
        let begin = now.saturating_sub(BACK).unwrap_or(now);
        // The lifetime counts from the beginning: 60 minutes in all is the most that a service takes.
        let end = begin.saturating_add(SignedDuration::from_mins(i64::from(kmsauth.lifetime_minutes))).unwrap_or(now);
        let stamp = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let text = serde_json::json!({ "not_before": stamp(begin), "not_after": stamp(end) }).to_string();
        let context = [("to", kmsauth.to.as_str()), ("from", kmsauth.from.as_str()), ("user_type", "user")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()));
        Self { text, context }
    }
}

/// The token's text, of what KMS gave.
#[must_use]
pub fn token(ciphertext: &[u8]) -> String {
    STANDARD.encode(ciphertext)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_ten_minutes() {
        let kmsauth =
            Kmsauth { key_id: "alias/kmsauth".into(), to: "bless".into(), from: "ada".into(), region: None, lifetime_minutes: 10 };
        let now: Timestamp = "2026-11-21T21:00:00Z".parse().expect("a time");
        let plain = Plain::new(&kmsauth, now);
        assert_eq!(plain.text, r#"{"not_after":"20261121T210700Z","not_before":"20261121T205700Z"}"#);
        let context: Vec<(&str, &str)> = plain.context.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(context, [("to", "bless"), ("from", "ada"), ("user_type", "user")]);
        assert_eq!(token(&[0xfb, 0xff]), "+/8=");
    }
}
