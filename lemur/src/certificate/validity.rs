//! How long a certificate is valid (RFC 5280, 4.1.2.5): from one second to another, both included, so that a certificate of a day ends a
//! second before the day after.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asn1::{Malformed, Reader, Writer};

/// A period of validity, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Bounds", into = "Bounds")]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Bounds {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.not_before, self.not_after)
    }
}

/// Why two times are no period of validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValidityError {
    /// The end is before the start.
    #[error("the validity ends before it starts")]
    Backwards,
    /// A start before 1970 or an end that X.509 cannot write.
    #[error("the validity is outside the years 1970 to 9999")]
    OutOfRange,
}

impl Validity {
    /// From one second to another, both included; fractions are cut off.
    ///
    /// # Errors
    /// [`ValidityError`] if it ends before it starts, or starts before 1970.
    pub fn new(not_before: Timestamp, not_after: Timestamp) -> Result<Self, ValidityError> {
        let whole = |at: Timestamp| Timestamp::from_second(at.as_second()).map_err(|_| ValidityError::OutOfRange);
        let (not_before, not_after) = (whole(not_before)?, whole(not_after)?);
        if not_before < Timestamp::UNIX_EPOCH {
            return Err(ValidityError::OutOfRange);
        }
        if not_after < not_before { Err(ValidityError::Backwards) } else { Ok(Self { not_before, not_after }) }
    }

    /// So many whole seconds, from one on.
    ///
    /// # Errors
    /// [`ValidityError`] if that is less than a second, or ends too late for X.509.
    pub fn lasting(not_before: Timestamp, lifetime: Duration) -> Result<Self, ValidityError> {
        let seconds = i64::try_from(lifetime.as_secs()).map_err(|_| ValidityError::OutOfRange)?;
        let last = seconds.checked_sub(1).and_then(|rest| not_before.as_second().checked_add(rest)).ok_or(ValidityError::OutOfRange)?;
        Self::new(not_before, Timestamp::from_second(last).map_err(|_| ValidityError::OutOfRange)?)
    }

    /// The first second.
    #[must_use]
    pub const fn not_before(self) -> Timestamp {
        self.not_before
    }

    /// The last second.
    #[must_use]
    pub const fn not_after(self) -> Timestamp {
        self.not_after
    }

    /// How long it is, its last second included.
    #[must_use]
    pub fn lifetime(self) -> Duration {
        let seconds = self.not_after.as_second() - self.not_before.as_second() + 1;
        Duration::from_secs(u64::try_from(seconds).expect("a validity does not end before it starts"))
    }

    /// Whether a moment is in it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.not_before.as_second() <= at.as_second() && at.as_second() <= self.not_after.as_second()
    }

    /// Whether all of another period is in it.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.not_before <= other.not_before && other.not_after <= self.not_after
    }

    /// The part of it that is in another period.
    #[must_use]
    pub fn within(self, other: Self) -> Option<Self> {
        Self::new(self.not_before.max(other.not_before), self.not_after.min(other.not_after)).ok()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut times = reader.sequence()?;
        let (not_before, not_after) = (times.time()?, times.time()?);
        times.finish()?;
        Self::new(not_before, not_after).map_err(|_| Malformed)
    }

    pub(crate) fn write(self, writer: &mut Writer) {
        writer.sequence(|writer| {
            writer.time(self.not_before);
            writer.time(self.not_after);
        });
    }
}

impl TryFrom<Bounds> for Validity {
    type Error = ValidityError;

    fn try_from(bounds: Bounds) -> Result<Self, Self::Error> {
        Self::new(bounds.not_before, bounds.not_after)
    }
}

impl From<Validity> for Bounds {
    fn from(validity: Validity) -> Self {
        Self { not_before: validity.not_before, not_after: validity.not_after }
    }
}
