//! What the server and its runner of programs say to each other: a JSON document a line, over a socket that nobody else has.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The longest line, in bytes.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

/// What is run for a provider. The runner learns it once, when it is started.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    /// The user and the group that it runs as; those of the runner if there are none.
    pub(super) run_as: Option<(u32, u32)>,
    /// In milliseconds.
    pub(super) timeout: u64,
}

/// The programs, by the providers' names.
pub(super) type Programs = BTreeMap<String, Program>;

/// What a program is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Publish,
    Withdraw,
}

impl Action {
    /// The program's first argument behind those of the configuration.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Withdraw => "withdraw",
        }
    }
}

/// That a provider's program is to be run. It names no path and no argument but the record.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) provider: String,
    pub(super) action: Action,
    pub(super) name: String,
    pub(super) value: String,
}

/// What came of a request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) number: u64,
    pub(super) end: End,
    /// The beginning of what the program wrote.
    pub(super) said: String,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    /// With this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
    /// It took too long and was killed.
    Late,
    /// The server ended meanwhile, and it was killed.
    Ending,
    /// It was not started: why.
    NotStarted(String),
}
