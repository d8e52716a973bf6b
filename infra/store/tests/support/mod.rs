//! What the log's tests share: a sink that is watched and fails when asked, reading all lines, and checking them.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use menagerie_store::log::{
    Entry, Line, Log, LogError, Position, RawLine, Sink, SinkError, SinkFuture, Source, Verification, Verifier, WriterId, verify,
};

pub(crate) mod contract;

/// A namespace of a real store: each name is a log of its own, empty at first.
pub(crate) trait Backend {
    async fn sink(&self, name: &str) -> Box<dyn Sink>;
    fn source(&self, name: &str) -> Box<dyn Source>;
}

#[derive(Clone, Default)]
pub(crate) struct Watch {
    pub(crate) commits: Arc<AtomicUsize>,
    pub(crate) fail_after: Arc<AtomicBool>,
}

/// Counts a sink's commits, and reports a failure after a batch was kept when asked.
pub(crate) struct Watched {
    inner: Box<dyn Sink>,
    watch: Watch,
}

impl Sink for Watched {
    fn begin<'a>(&'a mut self, writer: &'a WriterId) -> SinkFuture<'a> {
        self.inner.begin(writer)
    }

    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a> {
        Box::pin(async move {
            self.inner.append(batch).await?;
            self.watch.commits.fetch_add(1, Ordering::SeqCst);
            if self.watch.fail_after.swap(false, Ordering::SeqCst) {
                return Err(SinkError::Asked { reason: "the answer was lost".to_owned() });
            }
            Ok(())
        })
    }
}

pub(crate) async fn open(backend: &impl Backend, name: &str) -> (Log, Watch) {
    let watch = Watch::default();
    (Log::open(Watched { inner: backend.sink(name).await, watch: watch.clone() }), watch)
}

pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(since.as_millis()).expect("milliseconds fit")
}

pub(crate) fn entry(number: usize) -> Entry {
    Entry { body: format!(r#"{{"number":{number},"text":"an entry é"}}"#), unique: None, time_ms: now_ms() }
}

pub(crate) async fn read_all(mut source: Box<dyn Source>) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    source
        .read_lines(&mut |line| {
            lines.push(line.bytes.to_vec());
            ControlFlow::Continue(())
        })
        .await
        .expect("the log reads");
    lines
}

pub(crate) fn check(lines: &[Vec<u8>], expected: &[Position]) -> Verification {
    let mut verifier = Verifier::new(expected);
    for line in lines {
        verifier.line(RawLine { bytes: line, ended: true });
    }
    verifier.finish()
}

pub(crate) async fn assert_sound(mut source: Box<dyn Source>, expected: &[Position]) -> Verification {
    let found = verify(&mut *source, expected).await.expect("the log reads");
    assert!(found.is_sound(), "{:?}", found.problems);
    found
}

/// Appends `count` entries from as many tasks at once; the answers by the entry's number.
pub(crate) async fn append_at_once(log: &Log, count: usize) -> Vec<Result<Position, LogError>> {
    let mut tasks = Vec::new();
    for number in 0..count {
        let log = log.clone();
        tasks.push(tokio::spawn(async move { log.append(vec![entry(number)]).await.map(|positions| positions[0]) }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("the task ends"));
    }
    answers
}
