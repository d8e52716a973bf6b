//! The text around a public key: type, base64, comment, and what people paste by mistake.

use super::error::SubjectKeyError;

const MAX_TEXT: usize = 16 * 1024;
const MAX_COMMENT: usize = 1024;

/// The three parts of a public key's line.
pub(super) struct Line<'a> {
    pub(super) type_name: &'a str,
    pub(super) base64: &'a str,
    pub(super) comment: &'a str,
}

pub(super) fn split(text: &str) -> Result<Line<'_>, SubjectKeyError> {
    if text.len() > MAX_TEXT {
        return Err(SubjectKeyError::TooLong { length: text.len() });
    }
    if text.contains("PRIVATE KEY-----") || text.trim_start().starts_with("PuTTY-User-Key-File-") {
        return Err(SubjectKeyError::PrivateKey);
    }
    let text = text.strip_suffix('\n').map_or(text, |rest| rest.strip_suffix('\r').unwrap_or(rest));
    if text
        .chars()
        .any(|c| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    {
        return Err(SubjectKeyError::ControlCharacter);
    }
    let (type_name, rest) = field(text);
    if type_name.is_empty() {
        return Err(SubjectKeyError::Empty);
    }
    let (base64, comment) = field(rest);
    if comment.contains('\t') {
        return Err(SubjectKeyError::ControlCharacter);
    }
    if comment.len() > MAX_COMMENT {
        return Err(SubjectKeyError::CommentTooLong { length: comment.len() });
    }
    Ok(Line { type_name, base64, comment })
}

/// The first field, and what follows the blanks behind it.
fn field(text: &str) -> (&str, &str) {
    let text = text.trim_matches([' ', '\t']);
    match text.split_once([' ', '\t']) {
        Some((first, rest)) => (first, rest.trim_start_matches([' ', '\t'])),
        None => (text, ""),
    }
}
