//! Checks of a value that need no network: checksums within tokens, JSON Web Tokens, AWS key IDs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Checksum;

/// What a value says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The check holds.
    Valid,
    /// The check fails: a typing error, an old form, or no credential.
    Invalid,
    /// There is nothing to check.
    Unknown,
}

impl From<bool> for Verdict {
    fn from(valid: bool) -> Self {
        if valid { Self::Valid } else { Self::Invalid }
    }
}

pub(super) fn check(checksum: Checksum, secret: &[u8]) -> Verdict {
    match checksum {
        Checksum::GithubCrc32 | Checksum::NpmCrc32 => crc32_base62(secret),
        Checksum::Jwt => is_jwt(secret).into(),
        Checksum::AwsKeyId => aws_account(secret).map_or(Verdict::Unknown, |_| Verdict::Valid),
        Checksum::Pem if super::pem::is_key(secret) => Verdict::Valid,
        Checksum::Pem => Verdict::Unknown,
    }
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Six base-62 digits of a CRC-32.
#[must_use]
pub(super) fn base62_of_crc32(text: &[u8]) -> [u8; 6] {
    let mut rest = crc32fast::hash(text);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// `PREFIX_` + random characters + six base-62 digits of their CRC-32
/// (<https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>).
fn crc32_base62(token: &[u8]) -> Verdict {
    let Some(prefix) = token.iter().position(|byte| *byte == b'_') else { return Verdict::Unknown };
    let Some((random, digits)) = token[prefix + 1..].split_last_chunk::<6>() else { return Verdict::Unknown };
    (base62_of_crc32(random) == *digits).into()
}

/// Whether the header is a JSON object that names an algorithm (RFC 7515).
fn is_jwt(token: &[u8]) -> bool {
    let mut parts = token.split(|byte| *byte == b'.');
    let Some(header) = parts.next().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()) else { return false };
    serde_json::from_slice::<serde_json::Value>(&header).is_ok_and(|header| header.get("alg").is_some_and(serde_json::Value::is_string))
}

/// The account that an access key ID of AWS's newer generation holds: the first characters after the prefix are base32 of it.
#[must_use]
pub fn aws_account(key_id: &[u8]) -> Option<u64> {
    let body = key_id.get(4..20)?;
    let mut bits = 0_u64;
    for byte in &body[..10] {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u64::from(digit);
    }
    // 50 bits are read, of which the first 48 are six bytes; the account is bits 1 to 40 of them.
    let six = bits >> 2;
    let account = (six & 0x7fff_ffff_ff80) >> 7;
    // IDs made before 2019 (first character up to P) hold no account.
    (matches!(body[0], b'Q'..=b'Z' | b'2'..=b'7') && account < 1_000_000_000_000).then_some(account)
}
