//! Spans of time as people write them in configuration: `47d`, `12h`, `30m`, `90s`. A day has 86,400 seconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest, a hundred years of 365.25 days.
const MAX_SECONDS: u64 = 36_525 * 86_400;

/// A span of whole seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lifetime(u64);

/// A text that is no span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a span of time is a number and one of the letters s, m, h or d, as in 47d, and at most a hundred years")]
pub struct LifetimeError;

impl Lifetime {
    /// So many days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self(days as u64 * 86_400)
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self(hours as u64 * 3600)
    }

    /// So many minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes as u64 * 60)
    }

    /// Its seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// The span.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = match &text[digits.len()..] {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(LifetimeError),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(LifetimeError);
        }
        let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or(LifetimeError)?;
        if (1..=MAX_SECONDS).contains(&seconds) { Ok(Self(seconds)) } else { Err(LifetimeError) }
    }
}

/// The largest unit that it is a whole number of.
impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, letter) =
            [(86_400, "d"), (3600, "h"), (60, "m")].into_iter().find(|(unit, _)| self.0.is_multiple_of(*unit)).unwrap_or((1, "s"));
        write!(f, "{}{letter}", self.0 / unit)
    }
}

impl TryFrom<String> for Lifetime {
    type Error = LifetimeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Lifetime> for String {
    fn from(lifetime: Lifetime) -> Self {
        lifetime.to_string()
    }
}
