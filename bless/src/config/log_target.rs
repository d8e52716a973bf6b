//! Where the log of issuances goes, as one text: `file:PATH`, `sqlite:PATH`, `cloudwatch:GROUP[:STREAM-PREFIX]` or `dynamodb:TABLE`.

use std::path::{Path, PathBuf};

/// Where the log of issuances goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// A file of JSON lines.
    File(PathBuf),
    /// An SQLite database.
    Sqlite(PathBuf),
    /// CloudWatch Logs.
    CloudWatch {
        /// The log group.
        group: String,
        /// What the names of the streams begin with; the writer's ID follows.
        prefix: String,
    },
    /// A DynamoDB table.
    DynamoDb {
        /// The table's name or ARN.
        table: String,
    },
}

/// The text names no place for a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no log: file:PATH, sqlite:PATH, cloudwatch:GROUP[:STREAM-PREFIX] or dynamodb:TABLE is wanted")]
pub struct LogTargetError(pub String);

impl LogTarget {
    /// The prefix of stream names where none is given.
    pub const DEFAULT_PREFIX: &'static str = "bless-issued/";

    /// Reads a target; a relative path is below `base`.
    ///
    /// # Errors
    /// [`LogTargetError`].
    pub fn parse(text: &str, base: &Path) -> Result<Self, LogTargetError> {
        let bad = || LogTargetError(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(bad)?;
        if rest.is_empty() || rest.chars().any(char::is_control) {
            return Err(bad());
        }
        Ok(match kind {
            "file" => Self::File(base.join(rest)),
            "sqlite" => Self::Sqlite(base.join(rest)),
            "cloudwatch" => {
                let (group, prefix) = rest.split_once(':').unwrap_or((rest, Self::DEFAULT_PREFIX));
                Self::CloudWatch { group: group.to_owned(), prefix: prefix.to_owned() }
            }
            "dynamodb" => Self::DynamoDb { table: rest.to_owned() },
            _ => return Err(bad()),
        })
    }
}
