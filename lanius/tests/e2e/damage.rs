//! Damaged tables that make the decoders of others' making panic: each is told as one clean error.

use std::ops::ControlFlow;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};
use lanius::table::{self, Bounds, Sample};

use crate::bench::Bench;

/// An Arrow stream of two columns.
fn arrow() -> Vec<u8> {
    let schema = Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("name", DataType::Utf8, false)]);
    let names: Vec<String> = (0..40).map(|number| format!("n{number}")).collect();
    let columns: Vec<arrow_array::ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(0..40)), Arc::new(StringArray::from(names))];
    let batch = RecordBatch::try_new(Arc::new(schema.clone()), columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn a_decoder_that_panics_prints_one_clean_error() {
    let (bench, whole) = (Bench::new(), arrow());
    std::fs::create_dir(bench.path("tables")).unwrap();
    for place in 8..whole.len().min(600) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x5a;
        std::fs::write(bench.path(&format!("tables/{place}.arrows")), damaged).unwrap();
    }
    // Some of these do make a decoder panic; who asks is told that such a panic is caught.
    let caught = Arc::new(AtomicUsize::new(0));
    let (counted, before) = (Arc::clone(&caught), panic::take_hook());
    panic::set_hook(Box::new(move |panic| match table::is_decoding() {
        true => drop(counted.fetch_add(1, Ordering::Relaxed)),
        false => before(panic),
    }));
    for file in std::fs::read_dir(bench.path("tables")).unwrap() {
        let _ = table::open_file(&file.unwrap().path(), Sample::All, Bounds::default(), &mut |_| ControlFlow::Continue(()));
    }
    assert!(caught.load(Ordering::Relaxed) > 0, "no table makes a decoder panic");
    assert!(!table::is_decoding());
    let ran = bench.lanius(&["scan", "--tables", "tables"]);
    assert_eq!(ran.status, 2);
    assert!(!ran.err.contains("panicked") && !ran.err.contains("RUST_BACKTRACE"), "{}", ran.err);
    assert!(ran.err.lines().all(|line| line.starts_with("error: tables/")), "{}", ran.err);
}
