//! Rebuilds every blob of a repository, or walks its history, and says how much that was: for measuring with `time` or a profiler.
//!
//! `measure blobs|verify|history|unreachable|staged|paths REPOSITORY [THREADS]`

use menagerie_git::{Blob, BlobOptions, BlobVisitor, Kind, ObjectId, Problem, Repository, name_of};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

#[derive(Default)]
struct Count {
    blobs: u64,
    bytes: u64,
    deltas: u64,
    large: u64,
    lost: u64,
    verify: bool,
    wrong: u64,
}

impl BlobVisitor for Count {
    type Kept = ();

    fn blob(&mut self, blob: &Blob<'_>, _: Option<&()>) {
        self.blobs += 1;
        self.bytes += blob.bytes.len() as u64;
        self.deltas += u64::from(blob.delta.is_some());
        self.wrong += u64::from(self.verify && name_of(blob.oid.hash_kind(), Kind::Blob, blob.bytes) != blob.oid);
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
    let refs = repository.refs();
    let said = match arguments[1].as_str() {
        "blobs" | "verify" => {
            blobs(&repository, arguments[1] == "verify", arguments.get(3).and_then(|text| text.parse().ok()).unwrap_or(1))
        }
        "history" => {
            let mut introduced = 0;
            let end = repository.objects().history(&refs.tips(), &[], |_, _, blobs| {
                introduced += blobs.len();
                ControlFlow::Continue(())
            });
            format!("{} commits bring {introduced} blobs, {} problems", end.commits, end.problems.len())
        }
        "unreachable" => {
            let mut problems = Vec::new();
            let found = repository.objects().unreachable(&refs.tips(), &mut problems).expect("a store");
            format!("{} unreachable, {} problems", found.len(), problems.len())
        }
        "paths" => {
            let (mut problems, mut count) = (Vec::new(), 0);
            let head = refs.head().expect("a commit");
            repository.objects().tree_paths(&head, &mut problems, |_| count += 1).expect("a tree");
            format!("{count} paths, {} problems", problems.len())
        }
        _ => format!("{} staged", repository.objects().staged(&refs, &mut Vec::new()).expect("an index").len()),
    };
    writeln!(std::io::stdout(), "{said}").expect("stdout");
}

fn blobs(repository: &Repository, verify: bool, threads: usize) -> String {
    let counts = repository
        .blobs(BlobOptions { threads, ..BlobOptions::default() }, |_| true, |_| Count { verify, ..Count::default() })
        .expect("a run");
    let mut all = Count::default();
    for count in counts {
        all.blobs += count.blobs;
        all.bytes += count.bytes;
        all.deltas += count.deltas;
        all.large += count.large;
        all.lost += count.lost;
        all.wrong += count.wrong;
    }
    let Count { blobs, bytes, deltas, large, lost, wrong, .. } = all;
    format!("{blobs} blobs, {bytes} bytes, {deltas} by deltas, {large} streamed, {lost} lost, {wrong} with another name")
}
