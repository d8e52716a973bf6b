//! Avro files by `fastavro`, Arrow files and streams by `pyarrow`, and damaged ones.

use std::fs;

use super::*;

#[test]
fn avro_of_every_codec_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for codec in ["null", "deflate", "snappy", "bzip2", "xz", "zstandard"] {
        let program = format!(
            "
import fastavro, datetime
schema = fastavro.parse_schema({{'type': 'record', 'name': 'people.Person', 'fields': [
    {{'name': 'id', 'type': 'long'}},
    {{'name': 'mail', 'type': ['null', 'string']}},
    {{'name': 'day', 'type': {{'type': 'int', 'logicalType': 'date'}}}},
    {{'name': 'kind', 'type': {{'type': 'enum', 'name': 'Kind', 'symbols': ['A', 'B']}}}},
    {{'name': 'tags', 'type': {{'type': 'array', 'items': 'string'}}}},
    {{'name': 'facts', 'type': {{'type': 'map', 'values': 'double'}}}},
    {{'name': 'hash', 'type': {{'type': 'fixed', 'name': 'Hash', 'size': 2}}}},
    {{'name': 'friend', 'type': ['null', 'Person']}},
]}})
def person(i, friend=None):
    return {{'id': i, 'mail': f'u{{i}}@example.com' if i % 2 else None, 'day': datetime.date(2024, 10, 4), 'kind': 'B',
            'tags': ['x', 'y'], 'facts': {{'height': 1.5}}, 'hash': b'\\x00\\xff', 'friend': friend}}
with open('t.avro', 'wb') as file:
    fastavro.writer(file, schema, [person(i, person(-1) if i == 0 else None) for i in range(1000)], codec='{codec}', sync_interval=4000)
"
        );
        python(folder.path(), &program);
        let table = only(&folder.path().join("t.avro"), Sample::All);
        assert_eq!((table.summary.rows, table.summary.sampled), (Some(1000), 1000), "{codec}");
        let first = |name: &str| table.values(name)[0].clone();
        assert_eq!(table.values("id").last().map(String::as_str), Some("999"));
        assert_eq!((first("day"), first("kind"), first("facts.height")), ("2024-10-04".into(), "B".into(), "1.5".into()));
        assert_eq!((table.values("tags[]").len(), first("friend.id"), first("friend.mail")), (2000, "-1".into(), "u-1@example.com".into()));
        let mail = table.summary.columns[table.index("mail")];
        assert_eq!((mail.values, mail.nulls), (500, 500));
        assert_eq!(table.cells.iter().find(|cell| cell.0 == table.index("hash")).unwrap().4, b"\x00\xff");
        assert_eq!(only(&folder.path().join("t.avro"), Sample::First(3)).values("id"), ["0", "1", "2"]);
    }
}

const ARROW: &str = "
import pyarrow as pa, datetime
def table(n):
    return pa.table({
        'id': pa.array(range(n)),
        'mail': pa.array([None if i % 10 == 0 else f'u{i}@example.com' for i in range(n)]),
        'city': pa.array([['Bern', 'Oslo'][i % 2] if i % 5 else None for i in range(n)]).dictionary_encode(),
        'day': pa.array([datetime.date(2024, 10, 4)] * n),
        'blob': pa.array([b'\\x00\\xff'] * n),
        'tags': pa.array([['x', 'y']] * n),
        'who': pa.array([{'name': f'n{i}'} for i in range(n)]),
        'map': pa.array([[('k', 'v')]] * n, pa.map_(pa.string(), pa.string())),
    })
for name, open in [('t.arrow', pa.ipc.new_file), ('t.arrows', pa.ipc.new_stream)]:
    for codec in [None, 'lz4', 'zstd']:
        with open(f'{codec}.{name}', table(3).schema, options=pa.ipc.IpcWriteOptions(compression=codec, unify_dictionaries=True)) as file:
            file.write_table(table(1000), max_chunksize=400)
";

#[test]
fn arrow_files_and_streams_are_read() {
    let folder = tempfile::tempdir().unwrap();
    python(folder.path(), ARROW);
    for name in ["None.t.arrow", "lz4.t.arrow", "zstd.t.arrow", "None.t.arrows", "lz4.t.arrows", "zstd.t.arrows"] {
        let path = folder.path().join(name);
        let table = only(&path, Sample::All);
        assert_eq!((table.summary.rows, table.summary.sampled), (Some(1000), 1000), "{name}");
        let first = |column: &str| table.values(column)[0].clone();
        assert_eq!((first("day"), first("who.name"), first("mail")), ("2024-10-04".into(), "n0".into(), "u1@example.com".into()));
        assert_eq!((table.values("tags[]").len(), first("map[].key"), first("map[].value")), (2000, "k".into(), "v".into()), "{name}");
        let cities = table.counted("city");
        assert_eq!(cities.len(), 6, "each of two values once in each of three batches: {cities:?}");
        let city = table.summary.columns[table.index("city")];
        assert_eq!((city.values, city.nulls), (800, 200));
        assert_eq!(table.cells.iter().find(|cell| cell.0 == table.index("blob")).unwrap().4, b"\x00\xff");
        assert_eq!(only(&path, Sample::First(3)).values("id"), ["0", "1", "2"]);
        let bounds = Bounds { piece: 1000, ..Bounds::default() };
        let mut result = Ok(ControlFlow::Continue(()));
        collect(|visit| result = open_file(&path, Sample::All, bounds, visit));
        assert_eq!(result, Err(Failure::TooLarge), "{name}");
    }
}

#[test]
fn damaged_avro_and_arrow_are_failures_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    python(folder.path(), ARROW);
    python(
        folder.path(),
        "
import fastavro
schema = fastavro.parse_schema({'type': 'record', 'name': 'r', 'fields': [{'name': 'a', 'type': 'string'}, {'name': 'b', 'type': {'type': 'array', 'items': 'null'}}]})
fastavro.writer(open('t.avro', 'wb'), schema, [{'a': 'x' * i, 'b': [None] * i} for i in range(40)], codec='deflate')
",
    );
    for name in ["t.avro", "None.t.arrows", "lz4.t.arrow"] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        let mut failures = 0;
        for step in 0..300 {
            let mut damaged = bytes.clone();
            let place = 4 + step * 7919 % (bytes.len().min(if step % 2 == 0 { 1200 } else { usize::MAX }) - 4);
            damaged[place] = damaged[place].wrapping_add(u8::try_from(step % 255).unwrap() + 1);
            let Some(format) = sniff(name, &damaged) else { continue };
            let mut result = Ok(ControlFlow::Continue(()));
            collect(|visit| result = open_stream(name, format, &damaged[..], Sample::All, Bounds::default(), visit));
            failures += u32::from(result.is_err());
        }
        assert!(failures > 30, "{name}: {failures}");
    }
}

/// A file of one block, with a schema.
fn avro(schema: &str, count: i64, block: &[u8]) -> Vec<u8> {
    let long = |number: i64| {
        let (mut number, mut bytes) = (((number << 1) ^ (number >> 63)).cast_unsigned(), Vec::new());
        while number > 0x7f {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
        bytes
    };
    let length = |bytes: &[u8]| long(i64::try_from(bytes.len()).unwrap());
    let header =
        [&b"Obj\x01"[..], &long(1), &length(b"avro.schema"), b"avro.schema", &length(schema.as_bytes()), schema.as_bytes(), &long(0)];
    [&header.concat(), &[7; 16][..], &long(count), &length(block), block, &[7; 16]].concat()
}

#[test]
fn avro_that_claims_without_end_is_refused() {
    let end = |file: &[u8]| {
        let mut result = Ok(ControlFlow::Continue(()));
        collect(|visit| result = open_stream("a", Format::Avro, file, Sample::All, Bounds::default(), visit));
        result
    };
    assert_eq!(end(&avro("\"string\"", 2, b"\x02a\x02b")), Ok(ControlFlow::Continue(())));
    assert_eq!(end(&avro("\"null\"", i64::MAX >> 1, b"")), Err(Failure::Damaged(Format::Avro)));
    let nulls = b"\xff\xff\xff\xff\xff\xff\xff\x7f";
    assert_eq!(end(&avro("{\"type\": \"array\", \"items\": \"null\"}", 1, nulls)), Err(Failure::Damaged(Format::Avro)));
    let list = "{\"type\": \"record\", \"name\": \"l\", \"fields\": [{\"name\": \"n\", \"type\": [\"null\", \"l\"]}]}";
    assert_eq!(end(&avro(list, 1, &[2; 100_000])), Err(Failure::TooLarge));
    let endless = "{\"type\": \"record\", \"name\": \"l\", \"fields\": [{\"name\": \"n\", \"type\": \"l\"}]}";
    assert_eq!(end(&avro(endless, 1, b"")), Err(Failure::TooLarge));
    assert_eq!(end(&avro(&format!("{}1{}", "[".repeat(5000), "]".repeat(5000)), 1, b"")), Err(Failure::Damaged(Format::Avro)));
}
