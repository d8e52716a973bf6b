//! DNS names as certificates carry them: RFC 5280's preferred name syntax (RFC 1034, 3.5; RFC 1123, 2.1), in lower case,
//! internationalised labels in their ASCII form (RFC 5890), and `*` as the whole leftmost label (RFC 9525, 6.3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes, without a final dot.
const MAX_NAME: usize = 253;
/// The longest label, in bytes.
const MAX_LABEL: usize = 63;

/// A DNS name, which may begin with `*.`. Underscores are let through here, since they are in use and others certify them; no profile does
/// ([`DnsName::has_underscore`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsName(String);

/// Why a text is no DNS name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsNameError {
    /// Nothing at all.
    #[error("a DNS name is empty")]
    Empty,
    /// Longer than DNS carries.
    #[error("a DNS name of {len} bytes is longer than {MAX_NAME}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// Two dots in a row, or one at an end.
    #[error("a label of the DNS name is empty: a dot stands at an end, or two in a row")]
    EmptyLabel,
    /// A label longer than DNS carries.
    #[error("a label of the DNS name has {len} bytes: at most {MAX_LABEL} are possible")]
    LongLabel {
        /// Its length in bytes.
        len: usize,
    },
    /// A character that has no place in a host's name.
    #[error("a DNS name cannot have the character {found:?}")]
    Character {
        /// The character.
        found: char,
    },
    /// A letter that is not in ASCII.
    #[error(
        "a DNS name is in ASCII: {}",
        written.as_ref().map_or_else(|| "labels in other scripts are written as xn--…".to_owned(), |written| format!("write {written} for this one"))
    )]
    NotAscii {
        /// How the name is written in ASCII, if it can be one.
        written: Option<String>,
    },
    /// A label that begins or ends with a hyphen.
    #[error("a label of the DNS name begins or ends with a hyphen")]
    Hyphen,
    /// A `*` that is not the whole leftmost label.
    #[error("a * can only be the whole leftmost label of a DNS name")]
    Wildcard,
    /// A wildcard over a whole top level.
    #[error("a wildcard needs at least two labels after the *")]
    WideWildcard,
    /// A last label of digits alone: an IP address, or something that looks like one.
    #[error("the last label of a DNS name cannot be a number: an IP address is a name of its own kind")]
    Numeric,
    /// An `xn--` label that encodes nothing, or not in the one right way.
    #[error("a label of the DNS name begins with xn-- and is no internationalised label")]
    Punycode,
}

impl DnsName {
    /// Reads a name in ASCII; capitals become small.
    ///
    /// # Errors
    /// [`DnsNameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, DnsNameError> {
        if text.is_empty() {
            return Err(DnsNameError::Empty);
        }
        if text.len() > MAX_NAME {
            return Err(DnsNameError::TooLong { len: text.len() });
        }
        if !text.is_ascii() {
            return Err(DnsNameError::NotAscii { written: Self::parse_international(text).ok().map(String::from) });
        }
        let name = text.to_ascii_lowercase();
        let base = match name.strip_prefix("*.") {
            Some(base) if !base.contains('.') => return Err(DnsNameError::WideWildcard),
            Some(base) => base,
            None => &name,
        };
        for label in base.split('.') {
            check_label(label)?;
        }
        let last = base.rsplit('.').next().unwrap_or(base);
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DnsNameError::Numeric);
        }
        Ok(Self(name))
    }

    /// Reads a name that may have labels in other scripts, which take their ASCII form (UTS #46, not transitional).
    ///
    /// # Errors
    /// [`DnsNameError`] says what is wrong with it.
    pub fn parse_international(text: &str) -> Result<Self, DnsNameError> {
        if text.is_ascii() {
            return Self::parse(text);
        }
        if text.len() > 4 * MAX_NAME {
            return Err(DnsNameError::TooLong { len: text.len() });
        }
        let (prefix, base) = text.strip_prefix("*.").map_or(("", text), |base| ("*.", base));
        let ascii = idna::domain_to_ascii(base).map_err(|_| DnsNameError::Punycode)?;
        Self::parse(&format!("{prefix}{ascii}"))
    }

    /// The name, with its `*.` if it has one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it begins with `*.`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// The name without `*.`.
    #[must_use]
    pub fn base(&self) -> &str {
        self.0.strip_prefix("*.").unwrap_or(&self.0)
    }

    /// Whether a label has an underscore.
    #[must_use]
    pub fn has_underscore(&self) -> bool {
        self.0.contains('_')
    }

    /// Whether it is one label, as the names of a local network are.
    #[must_use]
    pub fn is_single_label(&self) -> bool {
        !self.0.contains('.')
    }

    /// Whether it is `ancestor` or ends with it, label by label. A `*` counts as a label.
    #[must_use]
    pub fn is_within(&self, ancestor: &str) -> bool {
        self.0.strip_suffix(ancestor).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

fn check_label(label: &str) -> Result<(), DnsNameError> {
    if label.is_empty() {
        return Err(DnsNameError::EmptyLabel);
    }
    if label.contains('*') {
        return Err(DnsNameError::Wildcard);
    }
    if let Some(found) = label.chars().find(|found| !matches!(found, 'a'..='z' | '0'..='9' | '-' | '_')) {
        return Err(DnsNameError::Character { found });
    }
    if label.len() > MAX_LABEL {
        return Err(DnsNameError::LongLabel { len: label.len() });
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(DnsNameError::Hyphen);
    }
    if label.starts_with("xn--") {
        let (unicode, valid) = idna::domain_to_unicode(label);
        let again = idna::domain_to_ascii(&unicode);
        if valid.is_err() || unicode.is_ascii() || again.ok().as_deref() != Some(label) {
            return Err(DnsNameError::Punycode);
        }
    }
    Ok(())
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for DnsName {
    type Error = DnsNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DnsName> for String {
    fn from(name: DnsName) -> Self {
        name.0
    }
}
