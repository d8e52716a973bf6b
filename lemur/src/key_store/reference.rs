//! Names of keys that are elsewhere: `aws-kms:` with an ARN, an ID or an alias, and `pkcs11:` URIs.

use std::fmt;
use std::str::FromStr;

/// The longest reference, in bytes: that of an ARN in AWS KMS.
const LONGEST: usize = 2048;

/// A key that is elsewhere. What this program was not built for is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyReference {
    /// A key of AWS KMS: its ARN, its ID, or an alias.
    #[cfg(feature = "aws")]
    AwsKms(String),
    /// A key in a token.
    #[cfg(feature = "pkcs11")]
    Pkcs11(menagerie_pkcs11::KeyUri),
}

/// Why a text names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Of no known kind.
    #[error("a key is named as aws-kms:ARN or pkcs11:token=TOKEN;object=LABEL")]
    Kind,
    /// Of a kind that this program was built without.
    #[error("this lemur was built without {0}")]
    Unbuilt(&'static str),
    /// No name of a key of AWS KMS.
    #[error("aws-kms: is followed by a key's ARN, its ID, or alias/NAME")]
    AwsKms,
    /// No URI of a key in a token.
    #[cfg(feature = "pkcs11")]
    #[error(transparent)]
    Pkcs11(#[from] menagerie_pkcs11::UriError),
}

impl KeyReference {
    /// Whether this means the same key for ever: a name that is given to keys can be given to another.
    #[must_use]
    pub fn lasts(&self) -> bool {
        match *self {
            #[cfg(feature = "aws")]
            Self::AwsKms(ref key) => is_key_arn(key),
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11(_) => true,
        }
    }
}

impl fmt::Display for KeyReference {
    #[cfg_attr(not(any(feature = "aws", feature = "pkcs11")), expect(unused_variables, reason = "there is no key to name"))]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            #[cfg(feature = "aws")]
            Self::AwsKms(ref key) => write!(f, "aws-kms:{key}"),
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11(ref uri) => write!(f, "{uri}"),
        }
    }
}

impl FromStr for KeyReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.len() > LONGEST {
            return Err(ReferenceError::Kind);
        }
        match text.split_once(':') {
            Some(("aws-kms", key)) => aws_kms(key),
            Some(("pkcs11", _)) => pkcs11(text),
            _ => Err(ReferenceError::Kind),
        }
    }
}

#[cfg(feature = "aws")]
fn aws_kms(key: &str) -> Result<KeyReference, ReferenceError> {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte));
    let good = match key.parse::<menagerie_aws::Arn>() {
        Ok(arn) => {
            let of_key = arn.resource().strip_prefix("key/").or_else(|| arn.resource().strip_prefix("alias/"));
            arn.service() == "kms" && !arn.region().is_empty() && of_key.is_some_and(plain)
        }
        Err(_) => plain(key),
    };
    if good { Ok(KeyReference::AwsKms(key.to_owned())) } else { Err(ReferenceError::AwsKms) }
}

#[cfg(not(feature = "aws"))]
fn aws_kms(_: &str) -> Result<KeyReference, ReferenceError> {
    Err(ReferenceError::Unbuilt("AWS"))
}

#[cfg(feature = "pkcs11")]
fn pkcs11(text: &str) -> Result<KeyReference, ReferenceError> {
    Ok(KeyReference::Pkcs11(text.parse()?))
}

#[cfg(not(feature = "pkcs11"))]
fn pkcs11(_: &str) -> Result<KeyReference, ReferenceError> {
    Err(ReferenceError::Unbuilt("PKCS#11"))
}

/// Whether this is the ARN of a key, and not of an alias.
#[cfg(feature = "aws")]
pub(super) fn is_key_arn(key: &str) -> bool {
    key.parse::<menagerie_aws::Arn>().is_ok_and(|arn| arn.resource().starts_with("key/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "aws")]
    #[test]
    fn keys_of_kms_are_told_from_other_texts() {
        let arn = "aws-kms:arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        for (text, lasts) in [
            (arn, true),
            ("aws-kms:arn:aws:kms:eu-central-1:123456789012:alias/root", false),
            ("aws-kms:alias/root", false),
            ("aws-kms:mrk-1234abcd12ab34cd56ef1234567890ab", false),
        ] {
            let read = text.parse::<KeyReference>();
            assert!(read.as_ref().is_ok_and(|read| read.lasts() == lasts && read.to_string() == text), "{text}: {read:?}");
        }
        for text in [
            "aws-kms:",
            "aws-kms:a b",
            "aws-kms:arn:aws:s3:::bucket",
            "aws-kms:arn:aws:kms:eu-central-1:123456789012:grant/x",
            "aws-kms:a\n",
        ] {
            assert_eq!(text.parse::<KeyReference>(), Err(ReferenceError::AwsKms), "{text}");
        }
    }

    #[test]
    fn files_and_programs_are_no_keys() {
        for text in ["", "corp-root", "/etc/lemur.key", "file:/etc/lemur.key", "exec:/bin/sh", "vault:root"] {
            assert_eq!(text.parse::<KeyReference>(), Err(ReferenceError::Kind), "{text}");
        }
        assert_eq!(format!("pkcs11:{}", "a".repeat(LONGEST)).parse::<KeyReference>(), Err(ReferenceError::Kind));
    }
}
