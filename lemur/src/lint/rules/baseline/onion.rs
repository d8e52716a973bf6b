//! Onion names of Tor's third version (BR appendix B): a key, a checksum and a version in Base32.

use aws_lc_rs::digest::{Context, SHA3_256};

/// What is wrong with an onion name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum OnionFault {
    #[error("its second label is not 56 characters of Base32")]
    Form,
    #[error("its version is {0}, not 3")]
    Version(u8),
    #[error("its checksum is wrong")]
    Checksum,
}

/// Whether a name ends in `.onion`.
pub(super) fn is_onion(name: &[u8]) -> bool {
    name.len() > 6 && name[name.len() - 6..].eq_ignore_ascii_case(b".onion")
}

/// Checks an onion name, which may have labels before its key.
pub(super) fn check(name: &[u8]) -> Result<(), OnionFault> {
    let key = name[..name.len() - 6].rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let bytes = base32(key).ok_or(OnionFault::Form)?;
    let (public_key, rest) = bytes.split_at(32);
    if rest[2] != 3 {
        return Err(OnionFault::Version(rest[2]));
    }
    let mut hash = Context::new(&SHA3_256);
    hash.update(b".onion checksum");
    hash.update(public_key);
    hash.update(&[3]);
    if hash.finish().as_ref()[..2] == rest[..2] { Ok(()) } else { Err(OnionFault::Checksum) }
}

/// 35 bytes from 56 characters.
fn base32(text: &[u8]) -> Option<[u8; 35]> {
    if text.len() != 56 {
        return None;
    }
    let mut bytes = [0; 35];
    for (group, out) in text.chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
        let mut bits = 0_u64;
        for character in group {
            let value = match character.to_ascii_lowercase() {
                letter @ b'a'..=b'z' => letter - b'a',
                digit @ b'2'..=b'7' => digit - b'2' + 26,
                _ => return None,
            };
            bits = bits << 5 | u64::from(value);
        }
        out.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}
