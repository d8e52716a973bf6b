//! Which kind of table a file is, and the door to each.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek as _};
use std::ops::ControlFlow;
use std::path::Path;

use super::show::{Show, Visit};
use super::{Bounds, Failure, Sample, arrow, avro, delimited, lines, parquet, sqlite};

/// How many bytes [`sniff`] wants to see, where the file has them.
pub const HEAD: usize = 64 << 10;

/// A kind of table.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// CSV, or another delimiter's.
    Delimited,
    /// One JSON object a line.
    JsonLines,
    /// Parquet
    Parquet,
    /// A SQLite file.
    Sqlite,
    /// An Avro object container file.
    Avro,
    /// An Arrow IPC file or stream.
    Arrow,
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Delimited => "CSV",
            Self::JsonLines => "JSON lines",
            Self::Parquet => "Parquet",
            Self::Sqlite => "SQLite",
            Self::Avro => "Avro",
            Self::Arrow => "Arrow",
        })
    }
}

/// The kind of table that a file with these first bytes is. Text is CSV only when its name says so: much text has even commas.
#[must_use]
pub fn sniff(name: &str, head: &[u8]) -> Option<Format> {
    if head.starts_with(b"PAR1") {
        return Some(Format::Parquet);
    }
    if head.starts_with(b"SQLite format 3\0") {
        return Some(Format::Sqlite);
    }
    if head.starts_with(b"Obj\x01") {
        return Some(Format::Avro);
    }
    // A stream begins with a schema's message: a mark and a small length.
    if head.starts_with(b"ARROW1\0\0") || (head.starts_with(b"\xff\xff\xff\xff") && head.get(6..8) == Some(b"\0\0")) {
        return Some(Format::Arrow);
    }
    let suffix = name.rsplit(['/', '!']).next().and_then(|last| last.rsplit_once('.')).map(|(_, suffix)| suffix.to_ascii_lowercase());
    if matches!(suffix.as_deref(), Some("csv" | "tsv" | "tab" | "psv")) && !head.contains(&0) {
        return Some(Format::Delimited);
    }
    let named = matches!(suffix.as_deref(), Some("jsonl" | "ndjson"));
    let mut first = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let is_row = |line: &[u8]| line.starts_with(b"{") && std::str::from_utf8(line).is_ok_and(lines::is_row);
    let two = first.next().is_some_and(is_row) && (named || first.next().is_some_and(|line| line.starts_with(b"{")));
    (two || (named && head.trim_ascii_start().starts_with(b"{"))).then_some(Format::JsonLines)
}

/// Shows every table of a file.
///
/// # Errors
///
/// When it is no table, or damaged as a whole. What is wrong with one table is in its [`Summary`](super::Summary) only, and, for a file
/// of one table, here too.
pub fn open_file(path: &Path, sample: Sample, bounds: Bounds, visit: &mut Visit<'_>) -> Result<ControlFlow<()>, Failure> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    file.rewind()?;
    let name = path.to_string_lossy();
    match sniff(&name, &head).ok_or(Failure::Unknown)? {
        Format::Sqlite => match sqlite::read(path, sample, bounds, visit) {
            ControlFlow::Continue(read) => read.map(ControlFlow::Continue),
            ControlFlow::Break(()) => Ok(ControlFlow::Break(())),
        },
        Format::Parquet => done(Show::table(&name, bounds, visit, |show| parquet::read(file, sample, bounds, show))),
        format => open_stream(&name, format, file, sample, bounds, visit),
    }
}

/// Shows the table in a stream, such as a member of an archive.
///
/// # Errors
///
/// When the format needs a file, or the table is damaged; its [`Summary`](super::Summary) says so too.
pub fn open_stream(
    name: &str,
    format: Format,
    mut reader: impl Read,
    sample: Sample,
    bounds: Bounds,
    visit: &mut Visit<'_>,
) -> Result<ControlFlow<()>, Failure> {
    let reader: &mut dyn Read = &mut reader;
    done(match format {
        Format::Delimited => Show::table(name, bounds, visit, |show| delimited::read(reader, sample, bounds, show)),
        Format::JsonLines => Show::table(name, bounds, visit, |show| lines::read(reader, sample, bounds, show)),
        Format::Avro => Show::table(name, bounds, visit, |show| avro::read(reader, sample, bounds, show)),
        Format::Arrow => Show::table(name, bounds, visit, |show| arrow::read(reader, sample, bounds, show)),
        Format::Parquet | Format::Sqlite => return Err(Failure::NeedsFile(format)),
    })
}

fn done(shown: ControlFlow<(), Option<Failure>>) -> Result<ControlFlow<()>, Failure> {
    match shown {
        ControlFlow::Break(()) => Ok(ControlFlow::Break(())),
        ControlFlow::Continue(None) => Ok(ControlFlow::Continue(())),
        ControlFlow::Continue(Some(failure)) => Err(failure),
    }
}
