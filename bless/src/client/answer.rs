//! What a service answers, distrusted: a refusal is text of others, and a certificate is taken only if it is the one asked for.
//!
//! The answer is BLESS's JSON object, `{"certificate"}` or `{"errorType","errorMessage"}`. The rules for a certificate are those that
//! sshd goes by (OpenSSH's PROTOCOL.certkeys): its signature holds, it certifies our key, names what was asked and is valid now.

use serde::Deserialize;
use ssh_key::Certificate;
use ssh_key::certificate::CertType;
use ssh_key::public::KeyData;

use super::request::Wanted;

/// The longest answer that is read, in bytes.
pub const LONGEST: usize = 1 << 18;

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A certificate, not looked at yet.
    Certificate(String),
    /// No.
    Refusal(Refusal),
}

/// A service's no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", menagerie_report::shown(.kind), menagerie_report::shown(.message))]
pub struct Refusal {
    /// BLESS's `errorType`, such as `InputValidationError`.
    pub kind: String,
    /// BLESS's `errorMessage`.
    pub message: String,
}

/// Why an answer is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Neither a certificate nor an error.
    #[error("the service's answer is neither a certificate nor an error: {0}")]
    Shape(String),
    /// No certificate of OpenSSH.
    #[error("what the service sent as a certificate is none: {0}")]
    NoCertificate(String),
    /// Its signature is not its authority's.
    #[error("the certificate's signature does not hold: it is forged or damaged")]
    Signature,
    /// It certifies another key.
    #[error("the certificate is for another key than the one that was sent")]
    OtherKey,
    /// A host's instead of a user's or the other way round.
    #[error("the certificate is a {0} certificate, which was not asked for")]
    OtherType(&'static str),
    /// It names others than were asked for.
    #[error("the certificate names {named} where {asked} was asked for")]
    OtherPrincipals {
        /// The names in it.
        named: String,
        /// Those that were asked for.
        asked: String,
    },
    /// Its time has not come.
    #[error("the certificate is valid only in {0} seconds: compare this machine's clock with the service's")]
    Early(u64),
    /// Its time is over.
    #[error("the certificate expired {0} seconds ago: compare this machine's clock with the service's")]
    Expired(u64),
}

impl Answer {
    /// Reads a service's answer.
    ///
    /// # Errors
    /// [`AnswerError::Shape`] for all that is not one of the two objects.
    pub fn parse(bytes: &[u8]) -> Result<Self, AnswerError> {
        #[derive(Deserialize)]
        #[serde(untagged, deny_unknown_fields)]
        enum Wire {
            Certificate {
                certificate: String,
            },
            Refusal {
                #[serde(rename = "errorType")]
                kind: String,
                #[serde(rename = "errorMessage")]
                message: String,
            },
        }
        match serde_json::from_slice(bytes) {
            Ok(Wire::Certificate { certificate }) => Ok(Self::Certificate(certificate)),
            Ok(Wire::Refusal { kind, message }) => Ok(Self::Refusal(Refusal { kind, message })),
            Err(_) => Err(AnswerError::Shape(excerpt(bytes))),
        }
    }
}

/// The beginning of bytes of others, fit for a terminal.
pub fn excerpt(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(300).collect();
    if text.is_empty() { "it is empty".to_owned() } else { menagerie_report::shown(&text).into_owned() }
}

/// Takes `text` for the certificate that was `wanted` for `key`, or says why it is not that.
///
/// # Errors
/// [`AnswerError`] for the first rule that it breaks.
pub fn accept(text: &str, wanted: &Wanted, key: &KeyData, now: u64) -> Result<Certificate, AnswerError> {
    let text = text.trim_end_matches('\n');
    if text.chars().any(char::is_control) {
        return Err(AnswerError::NoCertificate("it has control characters in it".to_owned()));
    }
    let certificate = Certificate::from_openssh(text).map_err(|error| AnswerError::NoCertificate(error.to_string()))?;
    // The verifier stops at RSA moduli of 4096 bits; a larger authority's signature is left to sshd.
    let large = certificate.signature_key().rsa().is_some_and(|rsa| rsa.n.as_positive_bytes().is_none_or(|n| n.len() > 512));
    // Encoding again what was parsed must give what was signed, so this also finds options in an order that sshd refuses.
    if !large && certificate.verify_signature().is_err() {
        return Err(AnswerError::Signature);
    }
    certifies(&certificate, wanted, key)?;
    match life(&certificate, now) {
        Life::Ahead(seconds) => Err(AnswerError::Early(seconds)),
        Life::Over(seconds) => Err(AnswerError::Expired(seconds)),
        Life::Now { .. } => Ok(certificate),
    }
}

/// Whether the certificate is of the kind and for the key and names that were `wanted`.
///
/// # Errors
/// [`AnswerError`] for the first that it is not.
pub fn certifies(certificate: &Certificate, wanted: &Wanted, key: &KeyData) -> Result<(), AnswerError> {
    if certificate.public_key() != key {
        return Err(AnswerError::OtherKey);
    }
    match (wanted, certificate.cert_type()) {
        (Wanted::User { .. }, CertType::User) | (Wanted::Host { .. }, CertType::Host) => {}
        (_, CertType::User) => return Err(AnswerError::OtherType("user")),
        (_, CertType::Host) => return Err(AnswerError::OtherType("host")),
    }
    let set = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        names
    };
    let (named, asked) = (set(certificate.valid_principals()), set(wanted.principals()));
    if named != asked {
        let list =
            |names: &[String]| if names.is_empty() { "nobody".to_owned() } else { menagerie_report::shown(&names.join(",")).into_owned() };
        return Err(AnswerError::OtherPrincipals { named: list(&named), asked: list(&asked) });
    }
    Ok(())
}

/// Where in a certificate's life a moment lies; all in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It begins later.
    Ahead(u64),
    /// It is valid.
    Now {
        /// For this long.
        left: u64,
        /// Of this much.
        whole: u64,
    },
    /// It ended this long ago.
    Over(u64),
}

impl Life {
    /// Whether it is valid and at least a quarter of it is left.
    #[must_use]
    pub fn is_fresh(self) -> bool {
        matches!(self, Self::Now { left, whole } if u128::from(left) * 4 >= u128::from(whole))
    }

    /// Whether it is valid.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Now { .. })
    }
}

/// Where in the certificate's life `now` (seconds since 1970) lies.
#[must_use]
pub fn life(certificate: &Certificate, now: u64) -> Life {
    let (after, before) = (certificate.valid_after(), certificate.valid_before());
    if now < after {
        Life::Ahead(after - now)
    } else if now < before {
        Life::Now { left: before - now, whole: before - after }
    } else {
        Life::Over(now - before)
    }
}

/// The text of a certificate that was accepted, as a file holds it.
///
/// # Errors
/// [`AnswerError::NoCertificate`] if it does not encode, which one that was parsed does.
pub fn file_text(certificate: &Certificate) -> Result<String, AnswerError> {
    certificate.to_openssh().map(|text| text + "\n").map_err(|error| AnswerError::NoCertificate(error.to_string()))
}

#[cfg(test)]
mod tests;
