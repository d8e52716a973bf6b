//! Mailboxes as `rfc822Name` carries them (RFC 5280, 4.2.1.6; RFC 5321, 4.1.2): a local part in ASCII without quotes, `@`, a domain.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::dns::{DnsName, DnsNameError};

/// The longest mailbox, in bytes (RFC 5321, 4.5.3.1, without the angle brackets).
const MAX_ADDRESS: usize = 254;
/// The longest local part, in bytes.
const MAX_LOCAL: usize = 64;

/// A mailbox. Its domain is in lower case; its local part, which may tell capitals apart, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// Why a text is no mailbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmailAddressError {
    /// Longer than mail carries.
    #[error("an email address of {len} bytes is longer than {MAX_ADDRESS}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// No `@`.
    #[error("an email address has an @ between its local part and its domain")]
    NoAt,
    /// A local part that is empty, too long, or has other than atoms with dots between them.
    #[error("the part of an email address before the @ has 1 to {MAX_LOCAL} letters, digits and signs, with single dots between")]
    Local,
    /// No domain.
    #[error("the domain of the email address: {0}")]
    Domain(#[source] DnsNameError),
}

impl EmailAddress {
    /// Reads a mailbox.
    ///
    /// # Errors
    /// [`EmailAddressError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, EmailAddressError> {
        if text.len() > MAX_ADDRESS {
            return Err(EmailAddressError::TooLong { len: text.len() });
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailAddressError::NoAt)?;
        if local.len() > MAX_LOCAL || !local.split('.').all(is_atom) {
            return Err(EmailAddressError::Local);
        }
        let domain = DnsName::parse(domain).map_err(EmailAddressError::Domain)?;
        if domain.is_wildcard() {
            return Err(EmailAddressError::Domain(DnsNameError::Wildcard));
        }
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The mailbox.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// RFC 5322, 3.2.3.
fn is_atom(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = EmailAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}
