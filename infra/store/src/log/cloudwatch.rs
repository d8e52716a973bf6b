//! A log in CloudWatch Logs: one stream for each chain, in one log group.
//!
//! The stream is named by a prefix and the writer's ID. An event's timestamp is its entry's time, or that of the event before it if that
//! is later, so that a stream reads in the order of its chain. A call may be repeated after a lost answer, and then its lines stand twice:
//! the verifier lets identical lines pass.

use menagerie_aws_logs::{Event, Logs, PutError, in_batches};

use super::chain::Line;
use super::position::WriterId;
use super::sink::{Sink, SinkError, SinkFuture};
use super::source::{Each, RawLine, Source, SourceError, SourceFuture};

/// Appends to the streams of a log group.
#[derive(Debug)]
pub struct CloudWatchSink {
    logs: Logs,
    group: String,
    prefix: String,
    stream: Option<String>,
    latest_ms: i64,
}

impl CloudWatchSink {
    /// Of a group, which must be there, and the prefix of its streams' names. No call is made yet.
    #[must_use]
    pub fn new(logs: Logs, group: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { logs, group: group.into(), prefix: prefix.into(), stream: None, latest_ms: i64::MIN }
    }

    async fn put(&mut self, batch: &[Line]) -> Result<(), SinkError> {
        let stream = self.stream.as_deref().ok_or(SinkError::NotReady)?;
        let mut events = Vec::with_capacity(batch.len());
        for line in batch {
            self.latest_ms = self.latest_ms.max(line.time_ms);
            events.push(Event { time_ms: self.latest_ms, message: line.text.clone() });
        }
        for part in in_batches(events) {
            self.logs.put(&self.group, stream, part).await.map_err(|error| match error {
                PutError::Call(error) => SinkError::Call(error),
                kept_less => SinkError::NotKept { reason: kept_less.to_string() },
            })?;
        }
        Ok(())
    }
}

impl Sink for CloudWatchSink {
    fn begin<'a>(&'a mut self, writer: &'a WriterId) -> SinkFuture<'a> {
        Box::pin(async move {
            let stream = format!("{}{writer}", self.prefix);
            self.logs.create_stream(&self.group, &stream).await?;
            self.stream = Some(stream);
            self.latest_ms = i64::MIN;
            Ok(())
        })
    }

    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a> {
        Box::pin(self.put(batch))
    }
}

/// Reads the streams of a log group whose names have a prefix, one after the other, by name. Memory is bounded by a page of names and a
/// page of events.
#[derive(Debug, Clone)]
pub struct CloudWatchSource {
    logs: Logs,
    group: String,
    prefix: String,
}

impl CloudWatchSource {
    /// Of a group and the prefix of its streams' names. No call is made yet.
    #[must_use]
    pub fn new(logs: Logs, group: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { logs, group: group.into(), prefix: prefix.into() }
    }

    async fn read(&self, each: &mut Each<'_>) -> Result<(), SourceError> {
        let mut page = None;
        loop {
            let streams = self.logs.streams(&self.group, &self.prefix, page.as_deref()).await?;
            for stream in &streams.names {
                if !self.read_stream(stream, each).await? {
                    return Ok(());
                }
            }
            page = streams.next;
            if page.is_none() {
                return Ok(());
            }
        }
    }

    async fn read_stream(&self, stream: &str, each: &mut Each<'_>) -> Result<bool, SourceError> {
        let mut page: Option<String> = None;
        loop {
            let answer = self.logs.messages(&self.group, stream, page.as_deref()).await?;
            for message in &answer.messages {
                if each(RawLine { bytes: message.as_bytes(), ended: true }).is_break() {
                    return Ok(false);
                }
            }
            page = answer.next;
            if page.is_none() {
                return Ok(true);
            }
        }
    }
}

impl Source for CloudWatchSource {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        Box::pin(self.read(each))
    }
}
