//! `s3://bucket/prefix`, as it is typed.

use std::fmt;
use std::str::FromStr;

/// A bucket, and what keys begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The bucket's name.
    pub bucket: String,
    /// What keys begin with; may be empty.
    pub prefix: String,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place in S3: s3://bucket/prefix is wanted")]
pub struct AddressError(String);

impl Address {
    /// The key of something below this place.
    #[must_use]
    pub fn below(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{}/{name}", prefix.trim_end_matches('/')),
        }
    }

    /// Whether an object lies below this place.
    #[must_use]
    pub fn holds(&self, bucket: &str, key: &str) -> bool {
        let folder = self.prefix.trim_end_matches('/');
        bucket == self.bucket && (folder.is_empty() || key.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("s3://").ok_or_else(|| AddressError(text.to_owned()))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let named = (3..=255).contains(&bucket.len()) && bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if !named || prefix.len() > 1024 {
            return Err(AddressError(text.to_owned()));
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_address() {
        let address: Address = "s3://logs/2026/11".parse().unwrap();
        assert_eq!(
            (address.bucket.as_str(), address.prefix.as_str(), address.to_string().as_str()),
            ("logs", "2026/11", "s3://logs/2026/11")
        );
        assert_eq!("s3://logs".parse::<Address>().unwrap().prefix, "");
        for text in ["logs", "s3:/logs", "s3://", "s3:///x", "s3://a b/x", "S3://logs"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_lies_below() {
        let results: Address = "s3://logs/found/".parse().unwrap();
        assert_eq!(results.below("a"), "found/a");
        assert!(results.holds("logs", "found/a") && !results.holds("logs", "foundling") && !results.holds("other", "found/a"));
        assert!("s3://logs".parse::<Address>().unwrap().holds("logs", "x"));
    }
}
