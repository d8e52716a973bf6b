//! The log's handle and its one writer task, which commits what waits together in one batch.
//!
//! An append is acknowledged after its batch is durable, never before. A batch that fails acknowledges nobody and ends its chain: it is
//! not known which of its lines were kept, so the next batch begins a new chain under a new writer ID.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::chain::{self, Chain, Line};
use super::position::{Position, WriterId};
use super::sink::{Sink, SinkError};

/// Something that happened, to be one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The text of one JSON object on one line, without fields named `writer`, `seq` or `prev`. The caller vouches that it is JSON:
    /// only its ends and control characters are looked at.
    pub body: String,
    /// What may be in the log once only. SQLite and [`super::Memory`] hold to it; files, CloudWatch Logs and DynamoDB keep no index and do
    /// not.
    pub unique: Option<String>,
    /// When it happened, in milliseconds since 1970.
    pub time_ms: i64,
}

/// How much waits, and how much is committed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// How many appends may wait; further ones wait to be let in.
    pub queue: usize,
    /// A batch takes no further append once it has this many lines.
    pub batch_lines: usize,
    /// A batch takes no further append once it has this many bytes.
    pub batch_bytes: usize,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { queue: 4096, batch_lines: 4096, batch_bytes: 1 << 20 }
    }
}

/// Why an append was not acknowledged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The body does not begin with `{` and end with `}`.
    #[error("a log entry must be the text of a JSON object")]
    NotAnObject,
    /// The body has a newline or another control character.
    #[error("a log entry must not have a newline or another control character")]
    Control,
    /// The line would be too long.
    #[error("a log entry's line would have {bytes} bytes, and {limit} are the most")]
    TooLong {
        /// What it would have at most.
        bytes: usize,
        /// The most a line may have.
        limit: usize,
    },
    /// The batch was not committed.
    #[error("the log was not written: {0}")]
    Sink(#[source] Arc<SinkError>),
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}

impl LogError {
    /// The unique key that was in the log already, if that is the reason. It may be another append's of the same batch.
    #[must_use]
    pub fn duplicate(&self) -> Option<&str> {
        match self {
            Self::Sink(error) => match &**error {
                SinkError::Duplicate { unique } => Some(unique),
                _ => None,
            },
            _ => None,
        }
    }
}

type Answer = Result<Vec<Position>, LogError>;

struct Append {
    entries: Vec<Entry>,
    answer: oneshot::Sender<Answer>,
}

enum Message {
    Append(Append),
    Close(oneshot::Sender<()>),
}

/// A log. Clones share one chain and one writer task, which ends, with all that waits written, once the last clone is dropped or
/// [`Log::close`] is called.
#[derive(Debug, Clone)]
pub struct Log {
    queue: mpsc::Sender<Message>,
}

impl Log {
    /// Starts the writer task on the current tokio runtime. The sink is first touched by the first append.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn open(sink: impl Sink + 'static) -> Self {
        Self::with_options(sink, LogOptions::default())
    }

    /// As [`Log::open`], with limits other than the default.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn with_options(sink: impl Sink + 'static, options: LogOptions) -> Self {
        let (queue, waiting) = mpsc::channel(options.queue.max(1));
        tokio::spawn(Writer { sink: Box::new(sink), chain: None, lines: Vec::new(), options }.run(waiting));
        Self { queue }
    }

    /// Appends entries as neighbours in one chain and waits until they are durable. Dropping the future gives up the answer, not the
    /// append.
    ///
    /// # Errors
    /// [`LogError`]: an entry that cannot be a line (nothing is written), or a batch that could not be committed. In the latter case the
    /// lines may be in the log or not, and nothing that hangs on them may go out.
    pub async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Position>, LogError> {
        for entry in &entries {
            chain::check(&entry.body)?;
        }
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        self.queue.send(Message::Append(Append { entries, answer })).await.map_err(|_| LogError::Closed)?;
        answered.await.map_err(|_| LogError::Closed)?
    }

    /// Lets in no further append, and waits until all that were let in are answered.
    pub async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.queue.send(Message::Close(answer)).await.is_ok() {
            // An error means that the task has ended: closed it is.
            let _ = answered.await;
        }
    }
}

struct Writer {
    sink: Box<dyn Sink>,
    chain: Option<Chain>,
    /// The batch being written; kept for its room.
    lines: Vec<Line>,
    options: LogOptions,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        while let Some(first) = queue.recv().await {
            // Tasks that are ready to append get to do so, and share the commit.
            tokio::task::yield_now().await;
            let appends = self.gather(first, &mut queue, &mut closing);
            self.commit(appends).await;
        }
        for answer in closing {
            // Whoever closes may have stopped waiting.
            let _ = answer.send(());
        }
    }

    /// Takes what waits, up to one batch. A request to close lets nothing further in; what is in the queue is still taken.
    fn gather(&self, first: Message, queue: &mut mpsc::Receiver<Message>, closing: &mut Vec<oneshot::Sender<()>>) -> Vec<Append> {
        let mut appends = Vec::new();
        let (mut lines, mut bytes) = (0, 0);
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Append(append) => {
                    lines += append.entries.len();
                    bytes += append.entries.iter().map(|entry| entry.body.len()).sum::<usize>();
                    appends.push(append);
                }
                Message::Close(answer) => {
                    queue.close();
                    closing.push(answer);
                }
            }
            let room = lines < self.options.batch_lines && bytes < self.options.batch_bytes;
            next = if room { queue.try_recv().ok() } else { None };
        }
        appends
    }

    async fn commit(&mut self, appends: Vec<Append>) {
        let mut entries = Vec::new();
        let mut answers = Vec::with_capacity(appends.len());
        for append in appends {
            answers.push((append.answer, append.entries.len()));
            entries.extend(append.entries);
        }
        if entries.is_empty() {
            return;
        }
        match self.write(entries).await {
            Ok(()) => {
                let mut positions = self.lines.iter().map(|line| line.position);
                for (answer, count) in answers {
                    // Whoever appended may have stopped waiting; the lines stay.
                    let _ = answer.send(Ok(positions.by_ref().take(count).collect()));
                }
            }
            Err(error) => {
                self.chain = None;
                let error = Arc::new(error);
                for (answer, _) in answers {
                    let _ = answer.send(Err(LogError::Sink(Arc::clone(&error))));
                }
            }
        }
    }

    async fn write(&mut self, entries: Vec<Entry>) -> Result<(), SinkError> {
        self.lines.clear();
        let chain = match &mut self.chain {
            Some(chain) => chain,
            none => {
                let writer = WriterId::random().ok_or(SinkError::NoRandomness)?;
                self.sink.begin(&writer).await?;
                none.insert(Chain::new(writer))
            }
        };
        self.lines.extend(entries.into_iter().map(|entry| chain.link(entry)));
        self.sink.append(&self.lines).await
    }
}
