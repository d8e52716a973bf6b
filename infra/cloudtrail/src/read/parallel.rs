//! Reads files on several threads. Which thread reads which file is left to chance, so that what sinks gather must not depend on it: each
//! thread has one, and their owner brings them together in a way in which order is nothing.

use std::num::NonZero;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Found, Limits, Reader, Sink, Summary};

/// Reads all files on so many threads, each of which hands what it reads to a sink of its own that `new` makes. The summary is the same for
/// any number of threads.
pub fn fold<S: Sink + Send>(files: &[Found], threads: NonZero<usize>, limits: Limits, new: impl Fn() -> S + Sync) -> (Vec<S>, Summary) {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut reader, mut sink, mut summary) = (Reader::new(limits), new(), Summary::default());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(number) else { return (sink, summary) };
            reader.file(file, number, &mut sink, &mut summary);
        }
    };
    let threads = threads.get().min(files.len()).max(1);
    let mut done = Vec::with_capacity(threads);
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        done.push(work());
        done.extend(others.into_iter().map(|thread| thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))));
    });
    let mut whole = Summary::default();
    let mut sinks = Vec::with_capacity(threads);
    for (sink, summary) in done {
        whole.merge(summary, limits.places);
        sinks.push(sink);
    }
    (sinks, whole)
}
