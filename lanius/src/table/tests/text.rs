//! CSV and JSON lines.

use proptest::prelude::*;

use super::*;

#[test]
fn csv_has_its_columns_rows_and_lines() {
    let text = b"\xef\xbb\xbfname,mail,age\r\nAnn,ann@example.com,31\r\n\"Bob \"\"B\"\"\nJones\",,42\r\n\r\nEve,eve@example.com,\r\n";
    let table = stream("people.csv", text, Sample::All);
    assert_eq!(table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["name", "mail", "age"]);
    assert_eq!(table.values("name"), ["Ann", "Bob \"B\"\nJones", "Eve"]);
    assert_eq!(table.values("mail"), ["ann@example.com", "eve@example.com"]);
    let lines: Vec<_> = table.cells.iter().filter(|cell| cell.0 == 0).map(|cell| (cell.1, cell.2)).collect();
    assert_eq!(lines, [(0, Some(2)), (1, Some(3)), (2, Some(6))]);
    assert_eq!((table.summary.rows, table.summary.sampled, table.summary.failure), (Some(3), 3, None));
    assert_eq!(table.summary.columns[1], Tally { values: 2, nulls: 1, cut: 0 });
}

#[test]
fn delimiters_and_missing_names_are_told_from_the_text() {
    for (name, text) in [
        ("a.tsv", "id\tmail\n1\ta@example.com\n2\tb,c@example.com\n"),
        ("a.csv", "id;mail\n1;a@example.com\n2;b,c@example.com\n"),
        ("a.psv", "id|mail\n1|a@example.com\n2|b,c@example.com\n"),
        ("a.csv", "id,mail\n1,a@example.com\n2,\"b,c@example.com\"\n"),
    ] {
        let table = stream(name, text.as_bytes(), Sample::All);
        assert_eq!(table.values("mail"), ["a@example.com", "b,c@example.com"], "{text}");
    }
    let table = stream("bare.csv", b"1,a@example.com\n2,b@example.com\n3,c@example.com,more", Sample::All);
    assert_eq!(table.values("column 2"), ["a@example.com", "b@example.com", "c@example.com"]);
    assert_eq!(table.values("column 3"), ["more"]);
    assert_eq!(table.summary.sampled, 3);
    assert_eq!(stream("one.csv", b"mail\na@example.com\nb@example.com\n", Sample::All).values("mail").len(), 2);
    assert_eq!(stream("none.csv", b"", Sample::All).summary.rows, Some(0));
}

#[test]
fn a_sample_of_csv_takes_the_rows_it_says() {
    let text: String = std::iter::once("number\n".to_owned()).chain((0..10_000).map(|number| format!("{number}\n"))).collect();
    let first = stream("n.csv", text.as_bytes(), Sample::First(3));
    assert_eq!((first.values("number"), first.summary.sampled, first.summary.rows), (vec!["0".into(), "1".into(), "2".into()], 3, None));
    let spread = stream("n.csv", text.as_bytes(), Sample::Spread(50));
    assert_eq!(spread.values("number"), stream("n.csv", text.as_bytes(), Sample::Spread(50)).values("number"), "no chance in it");
    assert!(spread.counted("number").iter().all(|(row, _, value)| row.to_string() == *value));
    assert!((250..400).contains(&spread.summary.sampled), "{}", spread.summary.sampled);
}

#[test]
fn long_cells_are_cut_and_many_columns_are_one() {
    let text = format!("a,b\n{},short\nx,y\n", "l".repeat(100_000));
    let bounds = Bounds { cell: 1000, columns: 3, ..Bounds::default() };
    let table = stream_within("l.csv", text.as_bytes(), Sample::All, bounds);
    assert_eq!((table.values("a")[0].len(), table.values("b").join(" ")), (1000, "short y".to_owned()));
    assert_eq!(table.summary.columns[0], Tally { values: 2, nulls: 0, cut: 1 });
    let wide = format!("{}\n1,2,3,4,5,6\n", ["a", "b", "c", "d", "e", "f"].join(","));
    let table = stream_within("w.csv", wide.as_bytes(), Sample::All, bounds);
    assert_eq!((table.columns.len(), table.values("(more columns)")), (3, vec!["3".into(), "4".into(), "5".into(), "6".into()]));
    let keys: String = (0..100).map(|key| format!("{{\"k{key}\": {key}}}\n")).collect();
    let table = stream_within("k.jsonl", keys.as_bytes(), Sample::All, bounds);
    assert_eq!((table.columns.len(), table.values("(more columns)").len()), (3, 98));
}

#[test]
fn json_lines_are_flattened_with_their_digits() {
    let text = concat!(
        "{\"id\": 12345678901234567890123, \"who\": {\"mail\": \"a@example.com\", \"tags\": [\"x\", {\"y\": null}]}}\n\n",
        "{\"id\": 1.50, \"who\": {\"mail\": \"\\u00e9@example.com\", \"tags\": []}, \"ok\": true}\n",
        "broken {\n",
        "{\"id\": 3}",
    );
    let table = stream("a.jsonl", text.as_bytes(), Sample::All);
    assert_eq!(table.values("id"), ["12345678901234567890123", "1.50", "3"]);
    assert_eq!(table.values("who.mail"), ["a@example.com", "é@example.com"]);
    assert_eq!((table.values("who.tags[]"), table.values("ok")), (vec!["x".to_owned()], vec!["true".to_owned()]));
    let nulls = table.summary.columns[table.index("who.tags[].y")];
    assert_eq!((nulls.values, nulls.nulls), (0, 1));
    let lines: Vec<_> = table.cells.iter().filter(|cell| cell.0 == 0).map(|cell| (cell.1, cell.2)).collect();
    assert_eq!(lines, [(0, Some(1)), (1, Some(3)), (3, Some(5))]);
    assert_eq!((table.summary.rows, table.summary.sampled, table.summary.unread), (Some(4), 3, 1));
}

#[test]
fn deep_and_endless_json_is_bounded() {
    let deep = format!("{{\"a\": {}1{}}}\n", "[".repeat(100), "]".repeat(100));
    let table = stream("d.jsonl", deep.as_bytes(), Sample::All);
    assert_eq!(table.columns[0].name, format!("a{}", "[]".repeat(63)));
    assert!(table.values(&table.columns[0].name)[0].starts_with('['));
    let deeper = format!("{{\"a\": 1}}\n{{\"a\": {}1{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
    let table = stream("d.jsonl", deeper.as_bytes(), Sample::All);
    assert_eq!((table.values("a"), table.summary.rows), (vec!["1".to_owned()], Some(2)));
    let long = format!("{{\"a\": \"{}\"}}\n{{\"a\": 2}}\n", "x".repeat(5000));
    let table = stream_within("l.jsonl", long.as_bytes(), Sample::All, Bounds { piece: 1000, ..Bounds::default() });
    assert_eq!((table.values("a"), table.summary.unread), (vec!["2".to_owned()], 1));
}

#[test]
fn only_tables_are_taken_for_tables() {
    for (name, text, format) in [
        ("a.txt", "one, two\nthree, four\n", None),
        ("a.csv", "a,b\n", Some(Format::Delimited)),
        ("a.csv", "binary\0", None),
        ("a.log", "{\"a\": 1}\n{\"a\": 2}\n", Some(Format::JsonLines)),
        ("a.json", "{\"a\": 1}\n", None),
        ("a.json", "{\n\"a\": 1\n}\n", None),
        ("a.ndjson", "{\"a\": 1}", Some(Format::JsonLines)),
    ] {
        assert_eq!(sniff(name, text.as_bytes()), format, "{name} {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(11), ..ProptestConfig::default() })]

    /// What a writer of RFC 4180 writes is read back, whatever the cells hold.
    #[test]
    fn csv_is_read_back(cells in prop::collection::vec(("[a-z,\"\r\n;]{1,12}", "[0-9|\t\"]{1,8}"), 1..20)) {
        let quote = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
        let rows: String = cells.iter().map(|(first, second)| format!("{},{}\n", quote(first), quote(second))).collect();
        let table = stream("p.csv", format!("first,second\n{rows}").as_bytes(), Sample::All);
        prop_assert_eq!(table.values("first"), cells.iter().map(|(first, _)| first.clone()).collect::<Vec<_>>());
        prop_assert_eq!(table.values("second"), cells.iter().map(|(_, second)| second.clone()).collect::<Vec<_>>());
    }

    /// Any bytes are read without a panic, to their end.
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\n\r1a\\ \xff\0".to_vec()), 0..200), json in any::<bool>()) {
        let format = if json { Format::JsonLines } else { Format::Delimited };
        let mut end = None;
        collect(|visit| end = Some(open_stream("b", format, &bytes[..], Sample::All, Bounds::default(), visit)));
        let unclosed = end == Some(Err(Failure::Unclosed)) && !json && bytes.contains(&b'"');
        prop_assert!(unclosed || end == Some(Ok(ControlFlow::Continue(()))), "{:?}", end);
    }
}
