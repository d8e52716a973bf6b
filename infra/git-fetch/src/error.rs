//! Why a fetch failed, by whose doing: the way there, what the other side says, its pack, or our own store.

use crate::store::StoreError;
use menagerie_git::ReceiveError;
use std::io;
use thiserror::Error;

/// Why a call did not succeed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// There is no such repository, or none that is shown to us.
    #[error("there is no such repository, or it is not open to us")]
    Missing,
    /// It wants other credentials than it got.
    #[error("access is refused")]
    Refused,
    /// Anything else, as a sentence without secrets.
    #[error("{0}")]
    Failed(String),
}

/// What is wrong with an answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The connection broke.
    #[error("the answer ended: {0}")]
    Io(#[from] io::Error),
    /// A packet's length is not one.
    #[error("a packet of the answer has no length")]
    Length,
    /// The other side speaks another version.
    #[error("the server does not speak version 2 of git's protocol")]
    Version,
    /// It lacks a command, or its answer a section.
    #[error("the answer has no {0}")]
    Lacks(&'static str),
    /// A line that is none of the protocol.
    #[error("a line of the answer is not one of the protocol: {0:?}")]
    Line(String),
    /// More than is read.
    #[error("the answer has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
    /// The other side says why.
    #[error("the server says: {0:?}")]
    Said(String),
    /// A hash function that is not known, or not that of the earlier fetch.
    #[error("the repository uses the hash {0:?}")]
    Hash(String),
}

/// Why a repository was not fetched. What an earlier fetch brought is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The call.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The answer.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The pack.
    #[error(transparent)]
    Pack(#[from] ReceiveError),
    /// The folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It sent a pack without an object that was asked for.
    #[error("the server did not send {0}, which it lists")]
    NotSent(menagerie_git::ObjectId),
    /// The repository has grown over the bound.
    #[error("the repository is larger than the {limit} bytes that may be kept of one")]
    TooLarge {
        /// The bound.
        limit: u64,
    },
}

/// Foreign text, short enough and plain enough for an error.
pub(crate) fn cut(text: &[u8]) -> String {
    String::from_utf8_lossy(text).trim_end().chars().take(200).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
