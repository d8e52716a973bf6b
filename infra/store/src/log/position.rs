//! Writer IDs, digests, and the place of a line in its writer's chain.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use serde::{Serialize, Serializer};

/// Who wrote a chain: 16 random bytes, new for each chain. As text, 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WriterId([u8; 16]);

/// A SHA-256. As text, 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// The place of a line: whose, which, and its hash. As text, `WRITER:SEQ:HASH`. The place of a writer's last line is its chain's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The writer.
    pub writer: WriterId,
    /// The line's number in the writer's chain, from 1.
    pub seq: u64,
    /// The SHA-256 of the line's bytes without its newline.
    pub hash: Digest,
}

/// Why a text is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no position in a log: WRITER:SEQ:HASH is wanted, with 32 hexadecimal digits, a number from 1, 64 hexadecimal digits")]
pub struct PositionError {
    /// What was given.
    pub text: String,
}

impl WriterId {
    /// A new one, from the system's randomness; none if there is no randomness to be had.
    #[must_use]
    pub fn random() -> Option<Self> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Of its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) fn from_hex(digits: &[u8]) -> Option<Self> {
        from_hex(digits).map(Self)
    }

    pub(crate) fn to_hex(self) -> [u8; 32] {
        to_hex(&self.0)
    }
}

impl Digest {
    /// What the first line of a chain names as the hash before it.
    pub const ZERO: Self = Self([0; 32]);

    /// The SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        Self(digest.as_ref().try_into().expect("a SHA-256 has 32 bytes"))
    }

    pub(crate) fn from_hex(digits: &[u8]) -> Option<Self> {
        from_hex(digits).map(Self)
    }

    pub(crate) fn to_hex(self) -> [u8; 64] {
        to_hex(&self.0)
    }
}

fn to_hex<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut digits = [0; N];
    hex::encode_to_slice(bytes, &mut digits).expect("callers give room for two digits a byte");
    digits
}

fn from_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    (lower && hex::decode_to_slice(digits, &mut bytes).is_ok()).then_some(bytes)
}

macro_rules! as_hex {
    ($name:ty) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(std::str::from_utf8(&self.to_hex()).expect("hexadecimal digits are ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}
as_hex!(WriterId);
as_hex!(Digest);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.writer, self.seq, self.hash)
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| PositionError { text: text.to_owned() })
    }
}

fn read(text: &str) -> Option<Position> {
    let mut parts = text.split(':');
    let (writer, seq, hash) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = seq.bytes().all(|byte| byte.is_ascii_digit()) && !seq.starts_with('0');
    if parts.next().is_some() || !digits {
        return None;
    }
    Some(Position { writer: WriterId::from_hex(writer.as_bytes())?, seq: seq.parse().ok()?, hash: Digest::from_hex(hash.as_bytes())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        let position = Position { writer: WriterId::from_bytes([0xab; 16]), seq: u64::MAX, hash: Digest::of(b"x") };
        assert_eq!(position.to_string().parse(), Ok(position));
        let json = serde_json::to_string(&position).expect("serializes");
        assert!(json.starts_with(r#"{"writer":"abababababababababababababababab","seq":18446744073709551615,"hash":""#), "{json}");
    }

    #[test]
    fn what_is_no_position() {
        let good = Position { writer: WriterId::from_bytes([1; 16]), seq: 7, hash: Digest::ZERO }.to_string();
        let zero = good.replace(":7:", ":0:");
        for text in
            ["", ":::", &good[1..], &good.to_uppercase().replace('0', "A"), &format!("{good}:"), &zero, &good.replace(":7:", ":+7:")]
        {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(Digest::of(b"abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
