//! Where in a rule file something stands, so that whoever wrote it finds what is wrong.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Error;

/// The line of an offset, from 1.
fn line(text: &str, offset: usize) -> usize {
    1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// A file's name with the line where its TOML is wrong, if that is known. The line itself may hold what must not be shown.
pub(crate) fn place(name: &str, text: &str, error: &toml::de::Error) -> String {
    error.span().map_or_else(|| name.to_owned(), |span| format!("{name}:{}", line(text, span.start)))
}

/// The same error with the file and the line of what it is about.
pub(super) fn located(error: Error, name: &str, text: &str) -> Error {
    let wanted = match &error {
        Error::Pattern { pattern, .. } => pattern,
        Error::Rule { id, .. } => id,
        Error::File { .. } | Error::At { .. } => return error,
    };
    let found = match DeTable::parse(text) {
        Ok(table) => table.get_ref().values().find_map(|value| offset(value, wanted)).map(|offset| line(text, offset)),
        // YAML: what stands there as it is.
        Err(_) => wanted.lines().next().and_then(|first| text.lines().position(|line| line.contains(first))).map(|index| index + 1),
    };
    let place = found.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
    Error::At { place, what: Box::new(error) }
}

/// Where a text stands in a value. How deep values nest, the parser bounds.
fn offset(value: &Spanned<DeValue<'_>>, wanted: &str) -> Option<usize> {
    match value.get_ref() {
        DeValue::String(text) => (text.as_ref() == wanted).then(|| value.span().start),
        DeValue::Array(values) => values.iter().find_map(|value| offset(value, wanted)),
        DeValue::Table(table) => table.values().find_map(|value| offset(value, wanted)),
        _ => None,
    }
}
