//! Keys in PEM (RFC 7468), also where they stand in a string of a program, with its escapes, quotes and operators.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use menagerie_secret::Secret;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// Base64 with or without padding, as keys lose theirs when they are pasted.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// What OpenSSH's own form begins with.
const OPENSSH: &[u8] = b"openssh-key-v1\0";

/// What opens a block.
pub(crate) const OPENS: &[u8] = b"-----BEGIN ";
/// What closes it.
pub(crate) const CLOSES: &[u8] = b"-----END ";

/// Whether all that a pattern matches is one block: it begins with what opens it, and what closes it stands behind.
pub(super) fn is_of_blocks(pattern: &str) -> bool {
    let text = |mark: &'static [u8]| std::str::from_utf8(mark).expect("the marks are ASCII");
    // Most patterns need not be understood.
    if !pattern.starts_with(text(OPENS)) || !pattern.contains(text(CLOSES)) {
        return false;
    }
    let parsed = ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern);
    let Ok(HirKind::Concat(parts)) = parsed.map(Hir::into_kind) else { return false };
    let mut literals = parts.iter().filter_map(|part| match part.kind() {
        HirKind::Literal(literal) => Some(&literal.0),
        _ => None,
    });
    let opens = literals.next().is_some_and(|first| first.starts_with(OPENS));
    let holds = |literal: &[u8], mark: &[u8]| memchr::memmem::find(literal, mark).is_some();
    let (opened, closed) = literals.fold((0, 0), |(opened, closed), literal| {
        (opened + usize::from(holds(literal, OPENS)), closed + usize::from(holds(literal, CLOSES)))
    });
    opens && (opened, closed) == (0, 1)
}

/// Whether the body is a key by its outermost form: OpenSSH's own, or a DER sequence that is as long as it says.
pub(super) fn is_key(text: &[u8]) -> bool {
    let body = std::str::from_utf8(text).ok().and_then(armour).and_then(|(_, body)| decoded(body));
    body.is_some_and(|body| body.expose().starts_with(OPENSSH) || is_sequence(body.expose()))
}

fn is_sequence(bytes: &[u8]) -> bool {
    match bytes {
        [0x30, 0x82, high, low, rest @ ..] => usize::from(u16::from_be_bytes([*high, *low])) == rest.len(),
        [0x30, 0x81, length, rest @ ..] | [0x30, length @ 0..=0x7f, rest @ ..] => usize::from(*length) == rest.len(),
        _ => false,
    }
}

/// The label and the body of `-----BEGIN …-----`.
pub(crate) fn armour(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    Some((label, body))
}

/// The bytes of a body that may stand in a string of a program, with its escapes, quotes and operators.
pub(crate) fn decoded(body: &str) -> Option<Secret<Vec<u8>>> {
    let mut kept = Vec::with_capacity(body.len());
    let mut bytes = body.as_bytes().iter();
    let mut last = b' ';
    while let Some(&byte) = bytes.next() {
        let follows_digit = is_digit(std::mem::replace(&mut last, byte));
        match byte {
            // `\n`, `\r`, `\t`; a line that goes on; a `\/` of JSON.
            b'\\' => kept.extend(bytes.next().filter(|escaped| **escaped == b'/')),
            // A plus between blanks or quotes joins strings.
            b'+' if !follows_digit && !bytes.as_slice().first().is_some_and(|next| is_digit(*next)) => {}
            _ if is_digit(byte) => kept.push(byte),
            _ => {}
        }
    }
    let kept = Secret::new(kept);
    LENIENT.decode(kept.expose()).ok().map(Secret::new)
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armoured(body: &str) -> Vec<u8> {
        format!("-----BEGIN PRIVATE KEY-----{body}-----END PRIVATE KEY-----").into_bytes()
    }

    #[test]
    fn patterns_of_blocks() {
        assert!(is_of_blocks("-----BEGIN (?:RSA )?PRIVATE KEY-----[a-z\\s]{64,}?-----END (?:RSA )?PRIVATE KEY-----"));
        for pattern in [
            "-----BEGIN A-----[a-z]{64,}(?:-----END A-----)?",
            "(?i)-----BEGIN A-----[a-z]{64,}-----END A-----",
            "-----BEGIN A-----[a-z]+-----END A-----\\s+-----BEGIN B-----[a-z]+-----END B-----",
            "-----BEGIN A-----[a-z]+-----END A-----|x_[a-z]{9}",
            "x-----BEGIN A-----[a-z]+-----END A-----",
        ] {
            assert!(!is_of_blocks(pattern), "{pattern}");
        }
    }

    #[test]
    fn a_key_is_known_by_its_form() {
        // A sequence of three bytes, with and without what a program's string adds.
        for body in ["\nMAMCAQE=\n", "\\nMAMCAQE=\\n", "\" +\n  \"MAMC\" +\n \"AQE\"", "b3BlbnNzaC1rZXktdjEA"] {
            assert!(is_key(&armoured(body)), "{body:?}");
        }
        for body in ["\nMAQCAQE=\n", "xxxxxxxx", "", "\\"] {
            assert!(!is_key(&armoured(body)), "{body:?}");
        }
        assert!(!is_key(b"-----BEGIN ") && !is_key(b"\xff"));
    }
}
