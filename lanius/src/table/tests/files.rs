//! Parquet and SQLite files: real ones from `pyarrow` and Python's `sqlite3`, and hostile ones.

use std::fs;

use super::*;

/// Makes `t.parquet` of 5000 rows by pyarrow's writer with these options.
fn parquet(folder: &Path, options: &str) {
    let program = format!(
        "
import pyarrow as pa, pyarrow.parquet as pq, datetime, decimal
n = 5000
table = pa.table({{
    'id': pa.array(range(n), pa.int64()),
    'mail': pa.array([None if i % 10 == 0 else f'user{{i % 7}}@example.com' for i in range(n)]),
    'day': pa.array([datetime.date(2024, 1, 1) + datetime.timedelta(days=i % 3) for i in range(n)]),
    'time': pa.array([datetime.datetime(2024, 5, 6, 7, 8, 9)] * n, pa.timestamp('us')),
    'price': pa.array([decimal.Decimal('1.25')] * n, pa.decimal128(9, 2)),
    'rate': pa.array([0.5] * n),
    'ok': pa.array([i % 2 == 0 for i in range(n)]),
    'blob': pa.array([b'\\x00\\xff'] * n, pa.binary()),
    'tags': pa.array([[f't{{i % 2}}', 'all'] if i % 4 else [] for i in range(n)]),
    'who': pa.array([{{'name': f'n{{i}}'}} for i in range(n)]),
}})
pq.write_table(table, 't.parquet', {options})
"
    );
    python(folder, &program);
}

#[test]
fn parquet_of_every_compression_and_encoding_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    for options in [
        "compression='snappy'",
        "compression='gzip', row_group_size=700",
        "compression='zstd', data_page_version='2.0'",
        "compression='brotli', use_dictionary=False",
        "compression='lz4'",
        "compression='none', use_dictionary=False, column_encoding={'id': 'DELTA_BINARY_PACKED', 'mail': 'DELTA_BYTE_ARRAY'}",
        "compression='none', store_decimal_as_integer=True, use_deprecated_int96_timestamps=True, data_page_size=2000",
    ] {
        parquet(folder.path(), options);
        let table = only(&path, Sample::All);
        assert_eq!((table.summary.rows, table.summary.sampled), (Some(5000), 5000), "{options}");
        let tally = |name| table.summary.columns[table.index(name)];
        assert_eq!((tally("mail").values, tally("mail").nulls), (4500, 500), "{options}");
        let mut mails = table.values("mail");
        mails.sort();
        mails.dedup();
        assert_eq!(mails, (0..7).map(|number| format!("user{number}@example.com")).collect::<Vec<_>>());
        let first = |name: &str| table.values(name)[0].clone();
        assert_eq!((first("day"), first("rate"), first("ok")), ("2024-01-01".into(), "0.5".into(), "true".into()), "{options}");
        assert!(first("time").starts_with("2024-05-06T07:08:09"), "{options}: {}", first("time"));
        assert_eq!(tally("tags.list.element").values, 7500);
        assert_eq!(tally("id").values, 5000);
        assert_eq!(table.values("who.name")[4999], "n4999");
        assert_eq!(table.cells.iter().find(|cell| cell.0 == table.index("blob")).unwrap().4, b"\x00\xff");
        if options.contains("as_integer") {
            assert_eq!(first("price"), "1.25");
        }
    }
}

#[test]
fn a_value_of_a_dictionary_is_shown_once_with_its_count() {
    let folder = tempfile::tempdir().unwrap();
    parquet(folder.path(), "compression='snappy', row_group_size=2500");
    let table = only(&folder.path().join("t.parquet"), Sample::All);
    let mails = table.counted("mail");
    assert_eq!(mails.len(), 14, "seven values in each of two groups of rows");
    assert_eq!(mails[0], (1, 322, "user1@example.com".to_owned()));
    assert_eq!(mails.iter().map(|(_, count, _)| count).sum::<u64>(), 4500);
    assert_eq!(table.counted("price").len(), 2);
}

#[test]
fn a_sample_of_parquet_takes_the_rows_it_says() {
    let folder = tempfile::tempdir().unwrap();
    parquet(folder.path(), "row_group_size=700");
    let path = folder.path().join("t.parquet");
    let table = only(&path, Sample::Spread(10));
    let rows: Vec<u64> = (0..10).map(|number| number * 500).collect();
    assert_eq!(table.values("id"), rows.iter().map(u64::to_string).collect::<Vec<_>>());
    assert_eq!(table.counted("who.name").iter().map(|(row, _, _)| *row).collect::<Vec<_>>(), rows);
    assert_eq!((table.summary.sampled, table.summary.rows), (10, Some(5000)));
    let table = only(&path, Sample::First(1500));
    assert_eq!((table.values("id").len(), table.values("tags.list.element").len(), table.summary.sampled), (1500, 2250, 1500));
}

#[test]
fn damaged_parquet_is_a_failure_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    parquet(folder.path(), "compression='zstd', use_dictionary=['mail'], write_page_checksum=True");
    let path = folder.path().join("t.parquet");
    let bytes = fs::read(&path).unwrap();
    let mut failures = 0;
    for step in 0..60 {
        let mut damaged = bytes.clone();
        // More of the changes hit the headers and the footer than the data.
        let place = if step % 2 == 0 { bytes.len() - 1 - step * 13 } else { step * 97 % bytes.len() };
        damaged[place] = damaged[place].wrapping_add(u8::try_from(step % 255).unwrap() + 1);
        fs::write(&path, &damaged).unwrap();
        let mut result = Ok(ControlFlow::Continue(()));
        collect(|visit| result = open_file(&path, Sample::All, Bounds::default(), visit));
        failures += u32::from(result.is_err());
    }
    assert!(failures > 20, "{failures}");
    for length in [4, 12, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let mut result = Ok(ControlFlow::Continue(()));
        collect(|visit| result = open_file(&path, Sample::All, Bounds::default(), visit));
        assert!(result.is_err(), "{length}");
    }
}

#[test]
fn a_page_that_claims_more_than_the_bounds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    parquet(folder.path(), "compression='zstd', use_dictionary=False");
    let path = folder.path().join("t.parquet");
    let bounds = Bounds { piece: 20_000, ..Bounds::default() };
    let mut result = Ok(ControlFlow::Continue(()));
    collect(|visit| result = open_file(&path, Sample::All, bounds, visit));
    assert_eq!(result, Err(Failure::Damaged(Format::Parquet)));
}

const DATABASE: &str = "
import sqlite3
db = sqlite3.connect('t.db')
db.executescript('''
create table people (id integer primary key, mail text, rate real, photo blob, shout text generated always as (upper(mail)));
insert into people (mail, rate, photo) values ('a@example.com', 0.5, x'00ff'), (null, 2, null), ('c@example.com', null, null);
create table \"odd \"\" name\" (\"a b\" text) ;
insert into \"odd \"\" name\" values ('here');
create table keyed (k text primary key, v int) without rowid;
insert into keyed values ('key', 7);
create view spy as select load_extension('x'), * from people;
create trigger t after insert on people begin delete from people; end;
create virtual table words using fts5(body);
insert into words values ('a word in an index');
create table many (n integer);
''')
db.executemany('insert into many values (?)', [(i,) for i in range(1000)])
db.commit()
";

#[test]
fn sqlite_shows_its_tables_and_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    python(folder.path(), DATABASE);
    let path = folder.path().join("t.db");
    let before = fs::read(&path).unwrap();
    let tables = file(&path, Sample::All);
    assert!(!tables.contains_key("spy") && !tables.contains_key("words"), "{:?}", tables.keys());
    let people = &tables["people"];
    assert_eq!(
        people.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect::<Vec<_>>(),
        [("id", "INTEGER"), ("mail", "TEXT"), ("rate", "REAL"), ("photo", "BLOB")]
    );
    assert_eq!(people.values("mail"), ["a@example.com", "c@example.com"]);
    assert_eq!((people.values("rate"), people.cells[3].4.as_slice()), (vec!["0.5".to_owned(), "2".to_owned()], &b"\x00\xff"[..]));
    assert_eq!(people.summary.columns[1], Tally { values: 2, nulls: 1, cut: 0 });
    assert_eq!(tables["odd \" name"].values("a b"), ["here"]);
    assert_eq!(tables["keyed"].values("k"), ["key"]);
    assert!(tables["words_content"].values("c0").contains(&"a word in an index".to_owned()), "what an index is made of is a table");
    assert_eq!(tables["many"].summary.rows, Some(1000));
    assert_eq!(file(&path, Sample::Spread(4))["many"].values("n"), ["0", "250", "500", "750"]);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no journal is made");
}

#[test]
fn damaged_sqlite_is_a_failure_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    python(folder.path(), DATABASE);
    let path = folder.path().join("t.db");
    let bytes = fs::read(&path).unwrap();
    let mut failures = 0;
    for step in 0..150 {
        let mut damaged = bytes.clone();
        for nth in 0..20 {
            let place = 100 + (step * 7919 + nth * 104_729) % (bytes.len() - 100);
            damaged[place] ^= u8::try_from(1 + step % 255).unwrap();
        }
        fs::write(&path, &damaged).unwrap();
        let mut result = Ok(ControlFlow::Continue(()));
        let tables = collect(|visit| result = open_file(&path, Sample::All, Bounds::default(), visit));
        failures += u32::from(result.is_err() || tables.values().any(|table| table.summary.failure.is_some()));
    }
    assert!(failures > 20, "{failures}");
    fs::write(&path, b"SQLite format 3\0 and nothing else").unwrap();
    let mut result = Ok(ControlFlow::Continue(()));
    collect(|visit| result = open_file(&path, Sample::All, Bounds::default(), visit));
    assert_eq!(result, Err(Failure::CutOff));
}
