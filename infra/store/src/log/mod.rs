//! An append-only log, hash-chained per writer: what was acknowledged can be shown to be there, whole, unchanged and in order.
//!
//! A line is one JSON object that begins `{"writer":"<32 hex>","seq":N,"prev":"<64 hex>"` and goes on with the entry's own fields.
//! `writer` is random and new for each process (and after each failed write), `seq` counts from 1, and `prev` is the SHA-256 of that
//! writer's previous line without its newline, zeros for the first. One chain per writer, and not one for all, because a single head
//! would cap the rate of appends at the rate of commits; appends that wait together share one commit ([`Log`]). A table of a tool's own
//! database is one chain (`TableLog`).
//!
//! A [`Sink`] is where lines go, a [`Source`] reads them back, and [`verify`] checks the chains. A chain alone cannot show that its tail
//! was cut off: give the verifier a [`Position`] that was noted elsewhere. SHA-256 and randomness are aws-lc's.

mod chain;
mod file;
mod memory;
mod position;
mod sink;
mod source;
mod verify;
mod writer;

#[cfg(feature = "cloudwatch")]
mod cloudwatch;
#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "database")]
mod table;

#[cfg(feature = "cloudwatch")]
pub use cloudwatch::{CloudWatchSink, CloudWatchSource};
#[cfg(feature = "dynamodb")]
pub use dynamodb::{DynamoDbSink, DynamoDbSource};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteSink, SqliteSource};

#[cfg(feature = "database")]
pub use table::{Columns, Head, NumberedLine, TableError, TableLog, TableSource, TableVerifier};

pub use chain::{Chain, Line, MAX_LINE};
pub use file::{FileSink, FileSource};
pub use memory::{Failure, Memory};
pub use position::{Digest, Position, PositionError, WriterId};
pub use sink::{Sink, SinkError, SinkFuture};
pub use source::{Each, RawLine, Source, SourceError, SourceFuture};
pub use verify::{MAX_PROBLEMS, Notice, Problem, Verification, Verifier, verify};
pub use writer::{Entry, Log, LogError, LogOptions};
