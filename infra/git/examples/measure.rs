//! Rebuilds every blob of a repository and says how many bytes that was: for measuring with `time` or a profiler.
//!
//! `measure blobs REPOSITORY [THREADS]`

use menagerie_git::{Blob, BlobOptions, BlobVisitor, ObjectId, Problem, Repository};
use std::io::{Read, Write};
use std::path::Path;

#[derive(Default)]
struct Count {
    blobs: u64,
    bytes: u64,
    deltas: u64,
    large: u64,
    lost: u64,
}

impl BlobVisitor for Count {
    type Kept = ();

    fn blob(&mut self, blob: &Blob<'_>, _: Option<&()>) {
        self.blobs += 1;
        self.bytes += blob.bytes.len() as u64;
        self.deltas += u64::from(blob.delta.is_some());
    }

    fn large(&mut self, _: &ObjectId, _: u64, _: &mut dyn Read) {
        self.large += 1;
    }

    fn lost(&mut self, _: Problem) {
        self.lost += 1;
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let repository = Repository::open(Path::new(&arguments[2])).expect("a repository");
    let mut out = std::io::stdout();
    let threads = arguments.get(3).and_then(|text| text.parse().ok()).unwrap_or(1);
    let counts = repository.blobs(BlobOptions { threads, ..BlobOptions::default() }, |_| true, |_| Count::default()).expect("a run");
    for count in counts {
        let Count { blobs, bytes, deltas, large, lost } = count;
        writeln!(out, "{blobs} blobs, {bytes} bytes, {deltas} by deltas, {large} streamed, {lost} lost").expect("stdout");
    }
}
