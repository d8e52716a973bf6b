//! JSON lines: one object a line. Members of objects in objects are columns `a.b`, elements of arrays all one column `a[]`.

use std::io::{BufRead, BufReader, Read};

use super::json::{self, each};
use super::sample::Picker;
use super::show::{End, Show};
use super::{Bounds, Sample};

/// How deep values are taken apart; what is deeper is one cell of JSON.
const DEPTH: usize = 64;
/// The longest name of a column, in bytes; below it a value is one cell of JSON.
const NAME: usize = 1024;

pub(super) fn read(reader: &mut dyn Read, sample: Sample, bounds: Bounds, show: &mut Show<'_, '_>) -> Result<(), End> {
    let mut reader = BufReader::with_capacity(64 << 10, reader);
    let (mut picker, mut row, mut line, mut bytes) = (Picker::new(sample, None), 0, 0, Vec::new());
    while picker.next().is_some() {
        bytes.clear();
        let most = bounds.piece as u64;
        let length = reader.by_ref().take(most).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            show.summary.rows = Some(row);
            return Ok(());
        }
        line += 1;
        if length as u64 == most && !bytes.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
            show.summary.unread += u64::from(picker.takes(row));
            row += 1;
            continue;
        }
        let text = bytes.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if picker.takes(row) {
            match std::str::from_utf8(text) {
                Ok(text) if is_row(text) => {
                    flatten(text, &mut String::new(), 0, (row, line), show)?;
                    show.summary.sampled += 1;
                }
                _ => show.summary.unread += 1,
            }
        }
        row += 1;
    }
    Ok(())
}

/// Whether a line is an object or an array, whole.
pub(super) fn is_row(text: &str) -> bool {
    text.starts_with(['{', '[']) && each::<()>(text, &mut |_, _, _| Ok(())).is_ok()
}

fn flatten(value: &str, path: &mut String, depth: usize, at: (u64, u64), show: &mut Show<'_, '_>) -> Result<(), End> {
    let length = path.len();
    if depth < DEPTH && length < NAME && value.starts_with(['{', '[']) {
        let array = value.starts_with('[');
        let taken = each(value, &mut |key, _, inner| {
            if array {
                path.push_str("[]");
            } else {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(&key[..key.floor_char_boundary(NAME)]);
            }
            let shown = flatten(inner.get(), path, depth + 1, at, show);
            path.truncate(length);
            shown
        });
        match taken {
            Ok(()) => return Ok(()),
            Err(json::End::Visitor(end)) => return Err(end),
            // A key or a number of a form that is no text: shown as it stands.
            Err(json::End::Malformed) => {}
        }
    }
    let column = show.column_named(path, "json")?;
    if value == "null" {
        show.null(column);
        return Ok(());
    }
    let text = value.starts_with('"').then(|| serde_json::from_str::<String>(value).ok()).flatten();
    show.cell(column, at.0, Some(at.1), 1, text.as_deref().unwrap_or(value).as_bytes())
}
