//! A log in a DynamoDB table: an item holds a run of one writer's lines.
//!
//! The partition key `writer` is text, the sort key `seq` the number of the item's first line, `lines` a list of texts. Items are put only
//! where none is. A call may be repeated after a lost answer and then finds its own item, which counts as put if it is the same.

use std::collections::HashSet;
use std::ops::ControlFlow;

use menagerie_aws_dynamodb::{DynamoDb, Item, MAX_ITEM_BYTES, PutError, Value};

use super::chain::Line;
use super::position::WriterId;
use super::sink::{Sink, SinkError, SinkFuture};
use super::source::{Each, RawLine, Source, SourceError, SourceFuture};

const WRITER: &str = "writer";
const SEQ: &str = "seq";
const LINES: &str = "lines";
const TIME: &str = "time_ms";

/// What an item's lines may weigh; the rest is for the other attributes and their names.
const LINES_BYTES: usize = MAX_ITEM_BYTES - 1024;

/// Appends to a table.
#[derive(Debug)]
pub struct DynamoDbSink {
    client: DynamoDb,
    table: String,
}

impl DynamoDbSink {
    /// Of a table, which must be there with the keys `writer` (text) and `seq` (number). No call is made yet.
    #[must_use]
    pub fn new(client: DynamoDb, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    async fn put(&self, lines: &[Line]) -> Result<(), SinkError> {
        let Some(first) = lines.first() else { return Ok(()) };
        let item = Item::from([
            (WRITER.to_owned(), Value::Text(first.position.writer.to_string())),
            (SEQ.to_owned(), Value::Number(first.position.seq)),
            (TIME.to_owned(), Value::Number(u64::try_from(first.time_ms).unwrap_or(0))),
            (LINES.to_owned(), Value::Texts(lines.iter().map(|line| line.text.clone()).collect())),
        ]);
        match self.client.put_new(&self.table, WRITER, item.clone()).await {
            Ok(()) => Ok(()),
            Err(PutError::Exists { item: Some(found) }) if found == item => Ok(()),
            Err(PutError::Exists { .. }) => {
                Err(SinkError::Occupied { table: self.table.clone(), writer: first.position.writer, seq: first.position.seq })
            }
            Err(PutError::Call(error)) => Err(error.into()),
        }
    }
}

impl Sink for DynamoDbSink {
    fn begin<'a>(&'a mut self, _: &'a WriterId) -> SinkFuture<'a> {
        Box::pin(async { Ok(()) })
    }

    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a> {
        Box::pin(async move {
            for part in parts(batch) {
                self.put(part).await?;
            }
            Ok(())
        })
    }
}

/// Cuts a batch into runs that fit into an item each.
fn parts(batch: &[Line]) -> Vec<&[Line]> {
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, line) in batch.iter().enumerate() {
        // A list's element counts one byte more than its text.
        let size = line.text.len() + 1;
        if at > start && bytes + size > LINES_BYTES {
            parts.push(&batch[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    parts.push(&batch[start..]);
    parts
}

/// Reads a table: finds its writers, then reads each writer's items in order. Memory is bounded by the writers' names and a page.
#[derive(Debug, Clone)]
pub struct DynamoDbSource {
    client: DynamoDb,
    table: String,
}

impl DynamoDbSource {
    /// Of a table. No call is made yet.
    #[must_use]
    pub fn new(client: DynamoDb, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    async fn writers(&self) -> Result<Vec<String>, SourceError> {
        let mut writers = HashSet::new();
        let mut page = None;
        loop {
            let answer = self.client.scan(&self.table, WRITER, page).await?;
            writers.extend(answer.items.into_iter().filter_map(|mut item| match item.remove(WRITER) {
                Some(Value::Text(writer)) => Some(writer),
                _ => None,
            }));
            page = answer.next;
            if page.is_none() {
                let mut writers: Vec<_> = writers.into_iter().collect();
                writers.sort_unstable();
                return Ok(writers);
            }
        }
    }

    async fn read_writer(&self, writer: &str, each: &mut Each<'_>) -> Result<bool, SourceError> {
        let mut page = None;
        loop {
            let answer = self.client.query(&self.table, WRITER, writer, page).await?;
            for item in &answer.items {
                if hand_over(item, each).is_break() {
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

/// Hands over an item's lines; of an item without lines, a line that the verifier takes for none.
fn hand_over(item: &Item, each: &mut Each<'_>) -> ControlFlow<()> {
    let Some(Value::Texts(lines)) = item.get(LINES) else {
        return each(RawLine { bytes: b"(an item without lines)", ended: true });
    };
    lines.iter().try_for_each(|line| each(RawLine { bytes: line.as_bytes(), ended: true }))
}

impl Source for DynamoDbSource {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        Box::pin(async move {
            for writer in self.writers().await? {
                if !self.read_writer(&writer, each).await? {
                    break;
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::position::{Digest, Position};
    use super::*;

    fn line(bytes: usize) -> Line {
        let position = Position { writer: WriterId::from_bytes([0; 16]), seq: 1, hash: Digest::ZERO };
        Line { position, time_ms: 0, unique: None, text: "x".repeat(bytes) }
    }

    #[test]
    fn an_item_stays_below_its_limit() {
        let batch: Vec<Line> = [60_000; 20].into_iter().map(line).collect();
        let sizes: Vec<usize> = parts(&batch).iter().map(|part| part.len()).collect();
        assert_eq!(sizes, [6, 6, 6, 2]);
        for part in parts(&batch) {
            assert!(Value::Texts(part.iter().map(|line| line.text.clone()).collect()).size() <= LINES_BYTES + 3);
        }
    }
}
