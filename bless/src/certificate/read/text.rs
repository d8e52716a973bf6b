//! The text form of a certificate: one line, `TYPE BASE64 [COMMENT]`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::MAX_CERTIFICATE;
use super::error::{Problem, ReadError};

/// The binary form of a certificate that is given in binary or as one line of text (as in `id_ed25519-cert.pub`).
///
/// # Errors
/// Text that is not one line of type, canonical base64 and an optional comment, or whose stated type is not the one
/// inside.
pub fn blob_of(input: &[u8]) -> Result<Cow<'_, [u8]>, ReadError> {
    // A binary certificate begins with the length of its type's name, which is below 256; text has no zero bytes.
    if input.starts_with(&[0, 0, 0]) {
        return Ok(Cow::Borrowed(input));
    }
    if input.len() > MAX_CERTIFICATE * 2 {
        return Err(ReadError { position: MAX_CERTIFICATE * 2, problem: Problem::TooLarge });
    }
    let line = input.trim_ascii();
    let start = input.len() - input.trim_ascii_start().len();
    if let Some(at) = line.iter().position(|byte| matches!(byte, b'\n' | b'\r' | 0)) {
        return Err(ReadError { position: start + at, problem: Problem::NotOneLine });
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let not_one_line = ReadError { position: start, problem: Problem::NotOneLine };
    let name_end = line.iter().position(blank).ok_or(not_one_line)?;
    let rest = line[name_end..].trim_ascii_start();
    let position = start + line.len() - rest.len();
    let base64 = rest.split(blank).next().unwrap_or_default();
    let blob = STANDARD.decode(base64).map_err(|_| ReadError { position, problem: Problem::Base64 })?;
    let name = &line[..name_end];
    let same = blob.split_first_chunk::<4>().is_some_and(|(length, rest)| {
        usize::try_from(u32::from_be_bytes(*length)).is_ok_and(|length| length == name.len()) && rest.starts_with(name)
    });
    if same { Ok(Cow::Owned(blob)) } else { Err(ReadError { position: start, problem: Problem::TypeMismatch }) }
}
