//! Serial numbers (RFC 5280, 4.1.2.2): positive, of at most twenty octets, and of ours 126 bits are random.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A serial number. It is stored and shown as lower-case hexadecimal digits of its shortest form ([`fmt::Display`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial {
    /// The number, big-endian, at a fixed width, so that numbers are ordered as their values are.
    number: [u8; 20],
}

/// Why something is no serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// Nothing, or not digits.
    #[error("a serial number is 1 to 40 hexadecimal digits")]
    Digits,
    /// More than twenty octets as X.509 writes them.
    #[error("a serial number has at most twenty octets")]
    TooLong,
    /// Below zero.
    #[error("a serial number is not negative")]
    Negative,
}

impl Serial {
    /// A number for a new certificate, from sixteen bytes of a cryptographic source: its highest bits are made 01, so that it is positive
    /// and always sixteen octets long.
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        let mut number = [0; 20];
        number[4..].copy_from_slice(&random);
        number[4] = number[4] & 0x3f | 0x40;
        Self { number }
    }

    /// A number from its big-endian bytes, which may begin with zeros.
    ///
    /// # Errors
    /// [`SerialError::TooLong`] if it needs more than twenty octets, a sign bit included.
    pub fn from_unsigned(bytes: &[u8]) -> Result<Self, SerialError> {
        let skip = bytes.iter().take_while(|byte| **byte == 0).count();
        let digits = &bytes[skip..];
        let start = 20_usize.checked_sub(digits.len()).ok_or(SerialError::TooLong)?;
        let mut number = [0; 20];
        number[start..].copy_from_slice(digits);
        if number[0] >= 0x80 {
            return Err(SerialError::TooLong);
        }
        Ok(Self { number })
    }

    /// A number from an INTEGER's contents.
    pub(crate) fn from_integer(contents: &[u8]) -> Result<Self, SerialError> {
        match contents {
            [] => Err(SerialError::Digits),
            [first, ..] if *first >= 0x80 => Err(SerialError::Negative),
            _ => Self::from_unsigned(contents),
        }
    }

    /// Its big-endian bytes without leading zeros; one zero byte for zero.
    #[must_use]
    pub fn as_unsigned(&self) -> &[u8] {
        let skip = self.number.iter().take_while(|byte| **byte == 0).count().min(19);
        &self.number[skip..]
    }

    /// An INTEGER's contents.
    pub(crate) fn as_integer(&self) -> &[u8] {
        let skip = self.number.iter().take_while(|byte| **byte == 0).count().min(19);
        let skip = if self.number[skip] >= 0x80 { skip - 1 } else { skip };
        &self.number[skip..]
    }

    /// Whether it is zero, which no certificate should have and some do.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.number == [0; 20]
    }

    /// The number in decimal digits, as Lemur's API shows it.
    #[must_use]
    pub fn to_decimal(&self) -> String {
        let mut number = self.number;
        let mut digits = Vec::with_capacity(49);
        loop {
            let rest = number.iter_mut().fold(0_u32, |rest, byte| {
                let value = rest << 8 | u32::from(*byte);
                *byte = u8::try_from(value / 10).expect("a remainder below ten times 256 leaves a byte");
                value % 10
            });
            digits.push(char::from_digit(rest, 10).expect("a remainder by ten is a digit"));
            if number == [0; 20] {
                return digits.into_iter().rev().collect();
            }
        }
    }

    /// Reads decimal digits.
    ///
    /// # Errors
    /// [`SerialError`] if they are none, or too many.
    pub fn from_decimal(text: &str) -> Result<Self, SerialError> {
        if text.is_empty() {
            return Err(SerialError::Digits);
        }
        let mut number = [0_u8; 20];
        for digit in text.chars() {
            let digit = digit.to_digit(10).ok_or(SerialError::Digits)?;
            let carry = number.iter_mut().rev().fold(digit, |carry, byte| {
                let value = u32::from(*byte) * 10 + carry;
                *byte = value.to_le_bytes()[0];
                value >> 8
            });
            if carry > 0 || number[0] >= 0x80 {
                return Err(SerialError::TooLong);
            }
        }
        Ok(Self { number })
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_unsigned().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

/// Hexadecimal digits, with colons between bytes or without.
impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > 80 {
            return Err(SerialError::TooLong);
        }
        let mut digits = text.replace(':', "");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SerialError::Digits);
        }
        if !digits.len().is_multiple_of(2) {
            digits.insert(0, '0');
        }
        Self::from_unsigned(&hex::decode(digits).map_err(|_| SerialError::Digits)?)
    }
}

impl TryFrom<String> for Serial {
    type Error = SerialError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> Self {
        serial.to_string()
    }
}
