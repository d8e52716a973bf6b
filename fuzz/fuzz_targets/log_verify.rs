//! The log's verifier, on lines that anyone could have written. It tells, and never fails, and it keeps a bounded number of problems.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_store::log::{MAX_PROBLEMS, RawLine, Verifier};

fuzz_target!(|data: &[u8]| {
    let mut verifier = Verifier::new(&[]);
    let mut rest = data;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        verifier.line(RawLine { bytes: &rest[..end], ended: true });
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        verifier.line(RawLine { bytes: rest, ended: false });
    }
    let found = verifier.finish();
    assert!(found.problems.len() <= MAX_PROBLEMS && found.notices.len() <= MAX_PROBLEMS);
    assert!(found.writers.len() as u64 <= found.entries);
});
