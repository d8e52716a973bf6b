//! What the ledger says of sources that were looked at in part only.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;

use super::files::{How, scan};
use super::{Progress, Tables};
use crate::coverage::Ledger;
use crate::rules;
use crate::rules::import;
use crate::scan::Engine;

/// The ledger of one file.
fn ledger(engine: &Engine, name: &str, content: &[u8]) -> Ledger {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    ledger_of(engine, &path)
}

fn ledger_of(engine: &Engine, path: &Path) -> Ledger {
    let how = How { threads: 1, keep_all: false, archives: None, tables: Some(Tables::default()) };
    scan(engine, &[path.to_owned()], &how, &|_| false, &Progress::default()).1
}

/// What it says of what was left out, and of what failed.
fn told(ledger: &Ledger) -> (Vec<&str>, Vec<&str>) {
    (ledger.skipped().map(|(_, reason)| reason).collect(), ledger.errors().map(|(_, reason)| reason).collect())
}

#[test]
fn what_is_encoded_beyond_the_bound_is_told() {
    let engine = Engine::new(rules::built_in());
    let packed = |length: usize| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&b"all work and no play\n".repeat(length / 21)).unwrap();
        base64::engine::general_purpose::STANDARD.encode(gzip.finish().unwrap())
    };
    let small = ledger(&engine, "a.txt", format!("x = \"{}\"\n", packed(10_000)).as_bytes());
    assert_eq!((told(&small), small.scanned), ((vec![], vec![]), 1));
    let large = ledger(&engine, "a.txt", format!("x = \"{}\"\n", packed(600_000)).repeat(5).as_bytes());
    let (skipped, errors) = told(&large);
    assert!(skipped.len() == 1 && skipped[0].contains("more is encoded") && errors.is_empty() && large.scanned == 1, "{skipped:?}");
}

#[test]
fn matches_beyond_the_bound_are_told() {
    let rules = "[[rules]]\nid = \"own\"\nregex = '''[0-9a-f]{8}'''\n";
    let engine = Engine::new(import::read("gitleaks.toml", rules).unwrap().rules);
    let few = ledger(&engine, "a.txt", &b"0a1b2c3d ".repeat(256));
    assert_eq!((told(&few), few.scanned), ((vec![], vec![]), 1));
    let many = ledger(&engine, "a.txt", &b"0a1b2c3d ".repeat(257));
    let (skipped, errors) = told(&many);
    assert!(skipped.len() == 1 && skipped[0].contains("matches one line more often") && errors.is_empty(), "{skipped:?}");
}

#[test]
fn a_quote_that_nothing_closes_is_told() {
    let engine = Engine::new(rules::built_in());
    for text in
        ["name,mail\na,\"b\"\n", "name,mail\na,\"b\"", "name,mail\na,\"b\"\"c\"\n", "name,mail\na,b\"c\n", "name,mail\r\na,\"b\"\r\n"]
    {
        assert_eq!(told(&ledger(&engine, "a.csv", text.as_bytes())), (vec![], vec![]), "{text:?}");
    }
    for text in ["name,mail\na,\"b\nc,d\n", "name,mail\na,\"", "\"name,mail\na,b\n"] {
        let ledger = ledger(&engine, "a.csv", text.as_bytes());
        let (skipped, errors) = told(&ledger);
        assert!(skipped.is_empty() && errors.len() == 1 && errors[0].contains("nothing closes"), "{text:?}: {errors:?}");
    }
    let long = ledger(&engine, "a.csv", format!("name,mail\na,{}\n", "b ".repeat(1 << 20)).as_bytes());
    let (skipped, errors) = told(&long);
    assert!(skipped.len() == 1 && skipped[0].starts_with("a part: 1 cells") && errors.is_empty(), "{skipped:?}");
}

#[test]
fn cells_beyond_the_distinct_are_told() {
    let engine = Engine::new(rules::built_in());
    let rows = |count: usize| (0..count).map(|row| format!("row{row},same\n")).collect::<String>();
    assert_eq!(told(&ledger(&engine, "a.csv", format!("name,mail\n{}", rows(1 << 16)).as_bytes())), (vec![], vec![]));
    let more = ledger(&engine, "a.csv", format!("name,mail\n{}", rows((1 << 16) + 3)).as_bytes());
    let (skipped, errors) = told(&more);
    assert!(skipped.len() == 1 && skipped[0].starts_with("a part: 3 cells") && errors.is_empty(), "{skipped:?}");
}

/// What is missing of SQLite's last page reads as zeros.
#[test]
fn a_database_that_is_cut_off_is_told() {
    let engine = Engine::new(rules::built_in());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch("CREATE TABLE t (name TEXT)").unwrap();
    for row in 0..2000 {
        file.execute("INSERT INTO t VALUES (?1)", [format!("some name of {row}")]).unwrap();
        if row == 0 {
            file.execute_batch("BEGIN").unwrap();
        }
    }
    file.execute_batch("COMMIT").unwrap();
    drop(file);
    assert_eq!(told(&ledger_of(&engine, &path)), (vec![], vec![]));
    let whole = fs::read(&path).unwrap();
    for less in [1, 100, 4095, 4096, 5000, whole.len() - 200, whole.len() - 4096] {
        fs::write(&path, &whole[..whole.len() - less]).unwrap();
        let ledger = ledger_of(&engine, &path);
        assert!(
            told(&ledger).1.iter().any(|reason| reason.contains("cut off") || reason.contains("damaged")),
            "{less}: {:?}",
            told(&ledger)
        );
    }
}
