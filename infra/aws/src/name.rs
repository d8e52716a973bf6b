//! Account IDs, Regions and Amazon Resource Names, as AWS's General Reference writes them.

use std::fmt;
use std::str::FromStr;

/// Why a text is no AWS name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not twelve digits.
    #[error("{0:?} is no AWS account ID: twelve digits are wanted")]
    AccountId(String),
    /// Not the shape of a Region's code.
    #[error("{0:?} is no AWS Region: a code such as us-east-1 is wanted")]
    Region(String),
    /// Not `arn:partition:service:region:account:resource`.
    #[error("{0:?} is no ARN: arn:partition:service:region:account:resource is wanted")]
    Arn(String),
}

/// An AWS account's twelve digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(String);

impl AccountId {
    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::AccountId(text.to_owned()))
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS Region's code, such as `eu-central-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(String);

impl Region {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('-').collect();
        let words = parts.len() >= 3
            && text.len() <= 32
            && parts.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
            && parts.last().is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
        if words { Ok(Self(text.to_owned())) } else { Err(NameError::Region(text.to_owned())) }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An Amazon Resource Name. Region and account may be empty, as in an S3 bucket's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    text: String,
    colons: [usize; 5],
}

impl Arn {
    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.text[self.colons[0] + 1..self.colons[1]]
    }

    /// The service's namespace, such as `lambda`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.text[self.colons[1] + 1..self.colons[2]]
    }

    /// The Region's code, or nothing.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.text[self.colons[2] + 1..self.colons[3]]
    }

    /// The account's digits, or nothing.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.text[self.colons[3] + 1..self.colons[4]]
    }

    /// All behind the fifth colon, such as `function:bless:prod`.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.text[self.colons[4] + 1..]
    }
}

impl FromStr for Arn {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || NameError::Arn(text.to_owned());
        let mut colons = [0; 5];
        let mut found = text.match_indices(':').map(|(at, _)| at);
        for colon in &mut colons {
            *colon = found.next().ok_or_else(bad)?;
        }
        let arn = Self { text: text.to_owned(), colons };
        let account = arn.account();
        let whole = text.starts_with("arn:")
            && text.len() <= 2048
            && !text.chars().any(|c| c.is_control() || c.is_whitespace())
            && !arn.partition().is_empty()
            && !arn.service().is_empty()
            && !arn.resource().is_empty()
            && (account.is_empty() || account == "aws" || account.parse::<AccountId>().is_ok())
            && (arn.region().is_empty() || arn.region().parse::<Region>().is_ok());
        if whole { Ok(arn) } else { Err(bad()) }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arn_parts() {
        let arn: Arn = "arn:aws:lambda:us-east-1:111122223333:function:bless:prod".parse().expect("an ARN");
        assert_eq!(
            (arn.partition(), arn.service(), arn.region(), arn.account(), arn.resource()),
            ("aws", "lambda", "us-east-1", "111122223333", "function:bless:prod")
        );
        let bucket: Arn = "arn:aws:s3:::bucket/key".parse().expect("an ARN");
        assert_eq!((bucket.region(), bucket.account(), bucket.resource()), ("", "", "bucket/key"));
        let managed: Arn = "arn:aws:iam::aws:policy/ReadOnlyAccess".parse().expect("an ARN");
        assert_eq!(managed.account(), "aws");
    }

    #[test]
    fn what_is_no_arn() {
        for text in [
            "",
            "arn",
            "arn:aws:s3::",
            "arn:aws:s3:::",
            "urn:aws:s3:::b",
            "arn:aws:s3:::b c",
            "arn:aws:iam::12:role/x",
            "arn:aws:ec2:nowhere:111122223333:x",
        ] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }

    #[test]
    fn regions_and_accounts() {
        for text in ["us-east-1", "us-gov-west-1", "ap-southeast-2", "us-iso-east-1"] {
            assert!(text.parse::<Region>().is_ok(), "{text}");
        }
        for text in ["", "us", "us-east", "US-EAST-1", "us-east-x", "us--1"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
        assert!("123456789012".parse::<AccountId>().is_ok());
        assert!("12345678901".parse::<AccountId>().is_err());
    }
}
