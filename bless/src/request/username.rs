//! Names of users and principals, as BLESS's `username_validation` and `remote_usernames_validation` have them.

use std::str::FromStr;
use std::sync::LazyLock;

use fancy_regex::Regex;

/// The most characters of a name under `useradd` and `debian`.
const MAX_NAME: usize = 32;

/// Why a name is refused; the texts are BLESS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Over 32 characters.
    #[error("Username is too long.")]
    TooLong,
    /// Breaks the rule, or is on the blacklist.
    #[error("Username contains invalid characters.")]
    Characters,
    /// Breaks the rule for principals, or is what OpenSSH may read as a pattern or an option.
    #[error("Principal contains invalid characters.")]
    Principal,
    /// Not an address of e-mail.
    #[error("Invalid email address.")]
    Email,
}

/// Which names are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UsernameRule {
    /// What useradd(8) takes.
    #[default]
    Useradd,
    /// What Debian takes.
    Debian,
    /// An address of e-mail.
    Email,
    /// What can stand in a certificate.
    Principal,
    /// No rule beyond those of every principal.
    Disabled,
}

/// The text names no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no rule for names: useradd, debian, email, principal or disabled is wanted")]
pub struct UnknownRule(pub String);

impl FromStr for UsernameRule {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "useradd" => Ok(Self::Useradd),
            "debian" => Ok(Self::Debian),
            "email" => Ok(Self::Email),
            "principal" => Ok(Self::Principal),
            "disabled" => Ok(Self::Disabled),
            _ => Err(UnknownRule(text.to_owned())),
        }
    }
}

impl UsernameRule {
    /// Checks one name.
    ///
    /// # Errors
    /// [`UsernameError`].
    pub fn check(self, name: &str) -> Result<(), UsernameError> {
        match self {
            Self::Disabled => Ok(()),
            Self::Email => {
                if is_email(name) {
                    Ok(())
                } else {
                    Err(UsernameError::Email)
                }
            }
            Self::Principal => {
                if is_principal(name) {
                    Ok(())
                } else {
                    Err(UsernameError::Principal)
                }
            }
            Self::Useradd | Self::Debian if name.chars().count() > MAX_NAME => Err(UsernameError::TooLong),
            Self::Useradd => {
                if is_useradd(name) {
                    Ok(())
                } else {
                    Err(UsernameError::Characters)
                }
            }
            Self::Debian => {
                if is_debian(name) {
                    Ok(())
                } else {
                    Err(UsernameError::Characters)
                }
            }
        }
    }
}

/// The rule for principals with the blacklist before it.
#[derive(Debug, Clone)]
pub struct UsernameRules {
    /// The rule.
    pub rule: UsernameRule,
    /// Names that start with a match of this are refused first.
    pub blacklist: Option<Regex>,
}

impl Default for UsernameRules {
    fn default() -> Self {
        Self { rule: UsernameRule::Principal, blacklist: None }
    }
}

impl UsernameRules {
    /// A blacklist as Python's `re.match` reads it: anchored at the start.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn compile_blacklist(expression: &str) -> Result<Regex, String> {
        fancy_regex::RegexBuilder::new(&format!(r"\A(?:{expression})")).backtrack_limit(10_000).build().map_err(|error| error.to_string())
    }

    /// Checks one principal: the blacklist, the rule, and that OpenSSH reads it as a name. A `*` or `?` would be a pattern, and
    /// a leading `-` an option to whatever program it is handed to.
    ///
    /// # Errors
    /// [`UsernameError`]. A blacklist that takes too long refuses.
    pub fn check(&self, name: &str) -> Result<(), UsernameError> {
        if let Some(blacklist) = &self.blacklist
            && blacklist.is_match(name).unwrap_or(true)
        {
            return Err(UsernameError::Characters);
        }
        self.rule.check(name)?;
        if name.starts_with('-') || name.contains(['*', '?']) || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(UsernameError::Principal);
        }
        Ok(())
    }
}

fn is_useradd(name: &str) -> bool {
    let body = name.strip_suffix('$').unwrap_or(name);
    let mut bytes = body.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}

fn is_debian(name: &str) -> bool {
    let mut chars = name.chars();
    // The first character is only kept from being one of three; all others also from `:`, `,` and white space.
    chars.next().is_some_and(|c| !matches!(c, '-' | '+' | '~')) && chars.all(|c| !matches!(c, ':' | ',') && !c.is_whitespace())
}

fn is_principal(name: &str) -> bool {
    const MARKS: &str = "_!\"$%&'()*+-./:;<=>?@[\\]^`{|}~";
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || MARKS.contains(c))
}

fn is_email(address: &str) -> bool {
    static USER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"\A(?:[-!#$%&'*+/=?^`{}|~\w]+(?:\.[-!#$%&'*+/=?^`{}|~\w]+)*|"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*")\z"#)
            .expect("a constant expression")
    });
    static DOMAIN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\A(?:(?:[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?\.)+[A-Z0-9-]{2,}|\[(?:25[0-5]|2[0-4]\d|[0-1]?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|[0-1]?\d?\d)){3}\])\z",
        )
        .expect("a constant expression")
    });
    let Some((user, domain)) = address.rsplit_once('@') else { return false };
    USER.is_match(user).unwrap_or(false) && (domain == "localhost" || DOMAIN.is_match(domain).unwrap_or(false))
}
