//! The contents of Repokid's table `repokid_roles`, exported from DynamoDB, brought into the state.
//!
//! Three forms are read, plain or gzipped: the lines of an export to S3 (`{"Item": {…}}` each), what `aws dynamodb scan` prints
//! (`{"Items": […]}`), and single items as `get-item` prints them. Items of Repokid 0.19 and of older ones differ in what they have and in how
//! they write times; both are taken. An item that cannot be used is a [`Fault`] with its place, and the others are imported; what of an item
//! has no meaning any more is a note. Memory is bounded by the largest item.
//!
//! DynamoDB keeps policies as trees, not as texts: the documents that come from it are JSON with sorted keys, not the letters that IAM has.

mod attribute;
mod export;
mod item;

use std::io::Read;

use jiff::Timestamp;

use crate::state::{Imported, RoleHistory, State, StateError};

pub use export::{Entry, ExportError, Fault, read};

/// What an import has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// How many roles are new in the state.
    pub imported: u64,
    /// How many the state had already, and has as they were.
    pub known: u64,
    /// What of the items that were taken has no meaning any more.
    pub notes: Vec<String>,
    /// The items that could not be used.
    pub faults: Vec<Fault>,
}

/// Why an import was broken off. What was imported before stays, and the import can be repeated.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The export cannot be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The state does not take it.
    #[error(transparent)]
    State(#[from] StateError),
}

/// How many roles are read ahead of what the database has taken.
const AHEAD: usize = 16;

/// Brings an export into the state. Each role is taken with all its history or not at all; one that the state has is left as it is.
///
/// # Errors
/// [`ImportError`] if the export cannot be read to its end, or the database fails.
///
/// # Panics
/// If the reader panics.
pub async fn import(state: &State, reader: impl Read + Send + 'static, now: Timestamp) -> Result<Import, ImportError> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        // When nobody takes the entries any more, reading ends.
        read(reader, now, &mut |entry| sender.blocking_send(entry).is_ok())
    });
    let mut import = Import::default();
    while let Some(entry) = receiver.recv().await {
        take(state, entry, &mut import).await?;
    }
    reading.await.expect("reading does not panic")?;
    Ok(import)
}

async fn take(state: &State, entry: Entry, import: &mut Import) -> Result<(), StateError> {
    match entry {
        Entry::Fault(fault) => import.faults.push(fault),
        Entry::Role { history, notes } => match state.import(&history).await? {
            Imported::Known => import.known += 1,
            Imported::New => {
                import.imported += 1;
                import.notes.extend(notes.iter().map(|note| format!("{}: {note}", named(&history))));
            }
        },
    }
    Ok(())
}

fn named(history: &RoleHistory) -> &str {
    history.role.arn.as_str()
}

#[cfg(test)]
mod tests;
