//! A log in memory, for tests of what stands on a log: it shows its lines and its commits, and fails when asked.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard};

use super::chain::Line;
use super::position::WriterId;
use super::sink::{Sink, SinkError, SinkFuture};
use super::source::{Each, RawLine, Source, SourceFuture};

/// How a sink is to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// At the start of a new chain.
    Begin,
    /// Before a batch is kept.
    Before,
    /// After a batch was kept, as when the answer to a call is lost.
    After,
    /// After this many lines of a batch were kept.
    Midway(usize),
}

/// Lines in memory. Clones share them; each is both a sink and a source.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    unique: HashSet<String>,
    commits: usize,
    failures: Vec<Failure>,
    always: bool,
}

impl Memory {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    /// How many batches it has kept.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.state().commits
    }

    /// Has the next call fail to which `failure` applies. Asked twice, two calls fail.
    pub fn fail_once(&self, failure: Failure) {
        self.state().failures.push(failure);
    }

    /// Has every append fail, or no longer.
    pub fn fail_always(&self, fail: bool) {
        self.state().always = fail;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, wanted: impl Fn(&Failure) -> bool) -> Option<Failure> {
        let at = self.failures.iter().position(wanted)?;
        Some(self.failures.remove(at))
    }

    fn keep(&mut self, batch: &[Line]) -> Result<(), SinkError> {
        let failure = self.take(|failure| *failure != Failure::Begin);
        if self.always || failure == Some(Failure::Before) {
            return Err(asked());
        }
        let mut unique = HashSet::new();
        for key in batch.iter().filter_map(|line| line.unique.as_ref()) {
            if self.unique.contains(key) || !unique.insert(key.clone()) {
                return Err(SinkError::Duplicate { unique: key.clone() });
            }
        }
        if let Some(Failure::Midway(count)) = failure {
            self.lines.extend(batch.iter().take(count).map(|line| line.text.clone()));
            return Err(asked());
        }
        self.unique.extend(unique);
        self.lines.extend(batch.iter().map(|line| line.text.clone()));
        self.commits += 1;
        if failure.is_some() { Err(asked()) } else { Ok(()) }
    }
}

fn asked() -> SinkError {
    SinkError::Asked { reason: "the log was asked to fail".to_owned() }
}

impl Sink for Memory {
    fn begin<'a>(&'a mut self, _: &'a WriterId) -> SinkFuture<'a> {
        let failure = self.state().take(|failure| *failure == Failure::Begin);
        Box::pin(async move { failure.map_or(Ok(()), |_| Err(asked())) })
    }

    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a> {
        let kept = self.state().keep(batch);
        Box::pin(async move { kept })
    }
}

impl Source for Memory {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        let lines = self.lines();
        Box::pin(async move {
            for line in &lines {
                if let ControlFlow::Break(()) = each(RawLine { bytes: line.as_bytes(), ended: true }) {
                    break;
                }
            }
            Ok(())
        })
    }
}
