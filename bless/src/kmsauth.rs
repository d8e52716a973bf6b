//! kmsauth tokens, version 2: who can encrypt under the KMS key with a context that names a user is that user.
//!
//! A token is base64 of what KMS made of `{"not_before", "not_after"}` under the encryption context `to`, `from`, `user_type`. Texts
//! of errors are those of Lyft's `kmsauth`, which BLESS answers with. Unlike there, a lifetime is counted in whole time, so that a token
//! of one day and a minute is not one of a minute.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use menagerie_aws_kms::Kms;
use menagerie_secret::Secret;
use serde::Deserialize;

use crate::config::KmsAuth;

/// The longest time between `not_before` and `not_after`, in seconds.
const MAX_LIFETIME: i64 = 60 * 60;

/// How `not_before` and `not_after` are written.
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The most characters of a token: KMS's ciphertexts have at most 6,144 bytes.
const MAX_TOKEN: usize = 8_192;

/// Why a token is not taken. What KMS said is traced, and not told to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KmsAuthError {
    /// A user name that would end the context's field.
    #[error("Unsupported username format.")]
    Username,
    /// KMS could not be reached.
    #[error("Authentication error. Failure connecting to AWS endpoint.")]
    Unreachable,
    /// KMS did not decrypt the token, or it holds something else.
    #[error("Authentication error. General error.")]
    Undecryptable,
    /// KMS decrypted the token with a key that is not configured.
    #[error("Authentication error (wrong KMS key).")]
    WrongKey,
    /// The token does not say when it is valid.
    #[error("Authentication error. Missing validity.")]
    NoValidity,
    /// The token is valid for too long.
    #[error("Authentication error. Token lifetime exceeded.")]
    Lifetime,
    /// The token is not valid now.
    #[error("Authentication error. Invalid time validity for token.")]
    Time,
}

#[derive(Deserialize)]
struct Payload {
    not_before: String,
    not_after: String,
}

/// Checks that `token` proves `user` to this service now.
///
/// # Errors
/// [`KmsAuthError`].
pub async fn validate(kms: &Kms, settings: &KmsAuth, user: &str, token: &Secret<String>, now: Timestamp) -> Result<(), KmsAuthError> {
    if user.contains('/') {
        return Err(KmsAuthError::Username);
    }
    let token = token.expose();
    if token.len() > MAX_TOKEN {
        return Err(KmsAuthError::Undecryptable);
    }
    let ciphertext = BASE64.decode(token.trim()).map_err(|_| KmsAuthError::Undecryptable)?;
    let context = [("to", settings.service_id.as_str()), ("from", user), ("user_type", "user")];
    let context = context.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let failed = |error: menagerie_aws::CallError| {
        tracing::warn!(%error, "a kmsauth token could not be checked");
        if error.unreachable { KmsAuthError::Unreachable } else { KmsAuthError::Undecryptable }
    };
    let decrypted = kms.decrypt(&ciphertext, &context).await.map_err(failed)?;
    // Decrypt finds the key by the ciphertext: anybody's key would do unless it is compared.
    let mut ours = false;
    for key_id in &settings.key_ids {
        let arn = if key_id.starts_with("arn:") && key_id.contains(":key/") {
            key_id.clone()
        } else {
            kms.key_arn(key_id).await.map_err(failed)?
        };
        ours |= arn == decrypted.key_arn;
    }
    if !ours {
        return Err(KmsAuthError::WrongKey);
    }
    check_time(&read_payload(decrypted.plaintext.expose())?, now)
}

/// A payload is a JSON object. (Left to itself, serde would take a list of two times as well.)
fn read_payload(plaintext: &[u8]) -> Result<Payload, KmsAuthError> {
    let payload: serde_json::Value = serde_json::from_slice(plaintext).map_err(|_| KmsAuthError::Undecryptable)?;
    if !payload.is_object() {
        return Err(KmsAuthError::NoValidity);
    }
    serde_json::from_value(payload).map_err(|_| KmsAuthError::NoValidity)
}

fn check_time(payload: &Payload, now: Timestamp) -> Result<(), KmsAuthError> {
    let read = |text: &str| {
        let at = DateTime::strptime(TIME_FORMAT, text).map_err(|_| KmsAuthError::NoValidity)?;
        Ok(at.to_zoned(TimeZone::UTC).map_err(|_| KmsAuthError::NoValidity)?.timestamp())
    };
    let (not_before, not_after): (Timestamp, Timestamp) = (read(&payload.not_before)?, read(&payload.not_after)?);
    let lifetime = not_after.as_second() - not_before.as_second();
    if !(0..=MAX_LIFETIME).contains(&lifetime) {
        return Err(KmsAuthError::Lifetime);
    }
    if now < not_before || now > not_after {
        return Err(KmsAuthError::Time);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(not_before: &str, not_after: &str) -> Result<(), KmsAuthError> {
        let now = "2026-03-01T12:00:00Z".parse().expect("a time");
        check_time(&Payload { not_before: not_before.to_owned(), not_after: not_after.to_owned() }, now)
    }

    #[test]
    fn payloads_are_objects() {
        let read = |text: &str| read_payload(text.as_bytes()).map(|payload| [payload.not_before, payload.not_after]);
        let times = ["20260301T115700Z".to_owned(), "20260301T120700Z".to_owned()];
        assert_eq!(read(r#"{"not_after": "20260301T120700Z", "not_before": "20260301T115700Z", "more": 1}"#), Ok(times));
        for text in
            [r#"["20260301T115700Z", "20260301T120700Z"]"#, "[]", "{}", r#"{"not_before": "20260301T115700Z"}"#, "1", "null", r#""x""#]
        {
            assert_eq!(read(text), Err(KmsAuthError::NoValidity), "{text}");
        }
        for text in ["", "{", "not JSON", "{} {}"] {
            assert_eq!(read(text), Err(KmsAuthError::Undecryptable), "{text}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(at("20260301T115700Z", "20260301T120700Z"), Ok(()));
        assert_eq!(at("20260301T113000Z", "20260301T123000Z"), Ok(()));
        assert_eq!(at("20260301T120100Z", "20260301T120700Z"), Err(KmsAuthError::Time));
        assert_eq!(at("20260301T113000Z", "20260301T115959Z"), Err(KmsAuthError::Time));
        assert_eq!(at("20260301T113000Z", "20260301T123001Z"), Err(KmsAuthError::Lifetime));
        assert_eq!(at("2026-03-01", "20260301T123001Z"), Err(KmsAuthError::NoValidity));
    }

    /// Hole of kmsauth 0.6: the days of a lifetime are dropped, so that a token of a year and a minute counts as one of a minute.
    #[test]
    fn days_count_in_a_lifetime() {
        assert_eq!(at("20260228T115900Z", "20260301T120000Z"), Err(KmsAuthError::Lifetime));
        assert_eq!(at("20260301T120100Z", "20260301T115900Z"), Err(KmsAuthError::Lifetime));
    }
}
