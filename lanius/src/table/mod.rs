//! Tables read by column: CSV, JSON lines, Parquet, Avro, Arrow, SQLite and PostgreSQL.
//!
//! Whatever holds a table, a visitor is shown the same: its name, its columns as they become known, its cells as bytes with the row (and
//! the line, in files of lines), and what it came to. Numbers and dates are text. Cells stream; nothing holds a table in memory. Which rows
//! are read is a [`Sample`], chosen without chance: the same file gives the same rows. Where a format stores a column's distinct values
//! once, a value is shown once with its count.
//!
//! Files are hostile: sizes that a file claims are held against [`Bounds`] before memory is taken for them, longer cells are cut and counted,
//! and a decoder of another's making that panics is a [`Failure`] of its table (decoders are called within `catch_unwind`; the visitor is
//! not).

mod arrow;
mod avro;
mod avro_schema;
mod bounds;
mod delimited;
mod event;
mod format;
pub(crate) mod json;
mod lines;
mod parquet;
#[cfg(feature = "postgres")]
mod postgres;
mod sample;
mod show;
mod sqlite;
#[cfg(test)]
mod tests;

pub use bounds::Bounds;
pub use event::{Cell, Column, Event, Failure, Summary, Tally};
pub use format::{Format, HEAD, open_file, open_stream, sniff};
#[cfg(feature = "postgres")]
pub use postgres::{Server, open_server};
pub use sample::Sample;
pub use show::is_decoding;
