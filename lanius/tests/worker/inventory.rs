//! S3 Inventory: a manifest that arrives is taken apart, and its parts are worked through, as CSV and as Parquet.

use std::io::Write as _;
use std::sync::Arc;

use flate2::{Compression, write::GzEncoder};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;

use crate::world::{World, secret};

struct Row {
    key: String,
    etag: String,
}

fn csv(world: &World, rows: &[Row]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    for row in rows {
        let key = row.key.replace('/', "%2F").replace(' ', "+");
        writeln!(packed, "\"{}\",\"{key}\",\"10\",\"{}\"", world.bucket, row.etag).expect("memory takes it");
    }
    packed.finish().expect("memory takes it")
}

fn parquet(world: &World, rows: &[Row]) -> Vec<u8> {
    let schema = "message s3.inventory { required binary bucket (STRING); required binary key (STRING); optional int64 size; optional binary e_tag (STRING); }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::builder().build())).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    let columns: [Vec<&str>; 3] = [
        rows.iter().map(|_| world.bucket.as_str()).collect(),
        rows.iter().map(|row| row.key.as_str()).collect(),
        rows.iter().map(|row| row.etag.as_str()).collect(),
    ];
    let there = vec![1_i16; rows.len()];
    for number in 0..4 {
        let mut column = group.next_column().expect("a column").expect("four columns");
        let texts = |at: usize| columns[at].iter().map(|text| ByteArray::from(*text)).collect::<Vec<_>>();
        match number {
            0 | 1 => column.typed::<ByteArrayType>().write_batch(&texts(number), None, None),
            2 => column.typed::<Int64Type>().write_batch(&vec![10; rows.len()], Some(&there), None),
            _ => column.typed::<ByteArrayType>().write_batch(&texts(2), Some(&there), None),
        }
        .expect("values");
        column.close().expect("a column");
    }
    group.close().expect("a group");
    writer.into_inner().expect("a file")
}

/// Puts an inventory of one part in place, and tells the queue that its manifest arrived.
fn announce(world: &World, format: &str, columns: &str, part: Vec<u8>) {
    let key = format!("inventory/data/{format}");
    let _ = world.moto.put_object(&world.bucket, &key, part);
    let manifest = json!({"sourceBucket": world.bucket, "destinationBucket": format!("arn:aws:s3:::{}", world.bucket), "version": "2016-11-30",
        "fileFormat": format, "fileSchema": columns, "files": [{"key": key, "size": 1, "MD5checksum": "0"}]});
    let tag = world.put("inventory/2026-11-22T01-00Z/manifest.json", &manifest.to_string());
    world.send(&world.event("inventory/2026-11-22T01-00Z/manifest.json", &tag));
}

fn rows(world: &World) -> Vec<Row> {
    let put = |number: u64| {
        let key = format!("in/a b/{number}");
        Row { etag: world.put(&key, &secret(number)), key }
    };
    (0..30).map(put).collect()
}

#[test]
fn both_forms_lead_to_the_same_objects() {
    let world = World::new("inventory");
    let rows = rows(&world);
    let inventory = world.place("inventory");
    announce(&world, "CSV", "Bucket, Key, Size, ETag", csv(&world, &rows));
    let first = world.drain(&["--inventory", &inventory]);
    assert_eq!(first.status, Some(0), "{}", first.stderr);
    assert!(first.stderr.contains("2 messages done") && first.stderr.contains("30 objects scanned, 0 known"), "{}", first.stderr);
    assert_eq!(world.found().len(), 30);
    announce(&world, "Parquet", "message s3.inventory {}", parquet(&world, &rows));
    let second = world.drain(&["--inventory", &inventory]);
    assert!(second.stderr.contains("0 objects scanned, 30 known"), "{}", second.stderr);
}

#[test]
fn a_manifest_elsewhere_is_an_object_as_any_other() {
    let world = World::new("foreign");
    let rows = rows(&world);
    announce(&world, "CSV", "Bucket, Key, Size, ETag", csv(&world, &rows));
    let done = world.drain(&[]);
    assert!(done.stderr.contains("1 message done") && done.stderr.contains("1 object scanned"), "{}", done.stderr);
    assert!(world.found().is_empty());
}

#[test]
fn a_damaged_part_stays_in_the_queue() {
    let world = World::new("damaged");
    announce(&world, "CSV", "Bucket, Key, Size, ETag", b"no gzip".to_vec());
    let done = world.drain(&["--inventory", &world.place("inventory")]);
    assert_eq!(done.status, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("1 message done, 1 left") && done.stderr.contains("damaged"), "{}", done.stderr);
}
