//! SQLite files, as hostile ones: opened as immutable and read-only, so that neither a journal nor a lock is touched; without extensions,
//! triggers, views, virtual tables and generated columns, so that nothing in the file is executed; with an authorizer that lets reading
//! tables pass and nothing else. See "Defense Against The Dark Arts" in SQLite's documentation.

use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::sample::Picker;
use super::show::{End, Show, Visit};
use super::{Bounds, Failure, Format, Sample};

/// Shows every table of a file.
pub(super) fn read(path: &Path, sample: Sample, bounds: Bounds, visit: &mut Visit<'_>) -> ControlFlow<(), Result<(), Failure>> {
    let tables = open(path, bounds).and_then(|file| tables(&file).map(|tables| (file, tables)));
    let (file, tables) = match tables {
        Ok(opened) => opened,
        Err(_) if is_cut_off(path) => return ControlFlow::Continue(Err(Failure::CutOff)),
        Err(_) => return ControlFlow::Continue(Err(Failure::Damaged(Format::Sqlite))),
    };
    for name in tables {
        Show::table(&name, bounds, visit, |show| table(&file, &name, sample, show))?;
    }
    // What is missing of the last page reads as zeros, which are rows without values.
    ControlFlow::Continue(if is_cut_off(path) { Err(Failure::CutOff) } else { Ok(()) })
}

/// Whether the file has less than its header says, or no whole number of pages ("Database File Format", 1.3).
fn is_cut_off(path: &Path) -> bool {
    let mut header = [0; 100];
    let length = File::open(path).and_then(|mut file| {
        file.read_exact(&mut header)?;
        file.metadata().map(|metadata| metadata.len())
    });
    let Ok(length) = length else { return true };
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size.max(512)),
    };
    // Writers before 3.7.0 do not keep the number of pages up to date.
    let counted = header[24..28] == header[92..96];
    let pages = u32::from_be_bytes(*header[28..].first_chunk().expect("the header is longer"));
    !length.is_multiple_of(page) || counted && length < u64::from(pages) * page
}

fn open(path: &Path, bounds: Bounds) -> rusqlite::Result<Connection> {
    let mut uri = String::from("file:");
    for byte in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => uri.push(char::from(*byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = Connection::open_with_flags(uri, flags)?;
    file.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    for off in [
        DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
        DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW,
        DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
    ] {
        file.set_db_config(off, false)?;
    }
    let piece = i32::try_from(bounds.piece).unwrap_or(i32::MAX);
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, piece),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 64),
        (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
    ] {
        file.set_limit(limit, value)?;
    }
    file.execute_batch("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -4096;")?;
    file.authorizer(Some(only_reading))?;
    Ok(file)
}

fn only_reading(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } => Authorization::Allow,
        AuthAction::Pragma { pragma_name: "table_xinfo", .. } => Authorization::Allow,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("count") => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

/// The names of the tables whose rows stand in the file.
fn tables(file: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut schema = file.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rootpage")?;
    let names = schema.query_map([], |row| row.get::<_, String>(0))?;
    names.collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn table(file: &Connection, name: &str, sample: Sample, show: &mut Show<'_, '_>) -> Result<(), End> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::TooBig) => Failure::TooLarge,
        _ => Failure::Damaged(Format::Sqlite),
    };
    let mut names = Vec::new();
    let mut columns = file.prepare(&format!("PRAGMA table_xinfo({})", quoted(name))).map_err(failed)?;
    let mut rows = columns.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let (column, kind, hidden): (String, String, i64) =
            (row.get(1).map_err(failed)?, row.get(2).map_err(failed)?, row.get(6).map_err(failed)?);
        // Generated columns are code of the file.
        if hidden == 0 {
            show.column(&column, &kind)?;
            names.push(quoted(&column));
        }
    }
    if matches!(sample, Sample::Spread(_)) {
        let count: i64 = file.query_row(&format!("SELECT count(*) FROM {}", quoted(name)), [], |row| row.get(0)).map_err(failed)?;
        show.summary.rows = u64::try_from(count).ok();
    }
    let mut picker = Picker::new(sample, show.summary.rows);
    let mut cells = file.prepare(&format!("SELECT {} FROM {}", names.join(", "), quoted(name))).map_err(failed)?;
    let (mut rows, mut number) = (cells.query([]).map_err(failed)?, 0);
    let last = show.summary.columns.len().saturating_sub(1);
    while picker.next().is_some() {
        let Some(row) = rows.next().map_err(failed)? else {
            show.summary.rows = Some(number);
            return Ok(());
        };
        if picker.takes(number) {
            for at in 0..names.len() {
                let column = at.min(last);
                match row.get_ref(at).map_err(failed)? {
                    ValueRef::Null => show.null(column),
                    ValueRef::Integer(value) => show.cell(column, number, None, 1, value.to_string().as_bytes())?,
                    ValueRef::Real(value) => show.cell(column, number, None, 1, value.to_string().as_bytes())?,
                    ValueRef::Text(value) | ValueRef::Blob(value) => show.cell(column, number, None, 1, value)?,
                }
            }
            show.summary.sampled += 1;
        }
        number += 1;
    }
    Ok(())
}
