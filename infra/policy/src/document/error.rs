//! Why a text is no policy, and where.

use std::fmt;
use thiserror::Error;

/// How much of a name from a document is shown.
const SHOWN: usize = 60;

/// Why a text could not be read as a policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{position}: {reason}")]
pub struct ParseError {
    /// Where in the text.
    pub position: Position,
    /// What is wrong there.
    pub reason: Reason,
}

/// A place in a text, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// What is wrong with a text that is no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    /// It is longer than any policy.
    #[error("the document has {bytes} bytes, and IAM takes none over {}: give one policy document alone", super::limits::DOCUMENT_BYTES)]
    TooLong {
        /// The length of the text.
        bytes: usize,
    },
    /// Objects and lists stand in each other deeper than is read.
    #[error("objects and lists stand deeper in each other than {} levels, where a policy needs five", super::limits::DEPTH)]
    TooDeep,
    /// It is not JSON.
    #[error("this is not JSON: {expected} must stand here")]
    Syntax {
        /// What the grammar wants.
        expected: &'static str,
    },
    /// A name stands twice in one object.
    #[error("{name} stands twice in one object, of which IAM takes neither: keep one")]
    Duplicate {
        /// The name, quoted.
        name: String,
    },
    /// A value is of another kind than the grammar wants.
    #[error("{element} must be {expected}")]
    Kind {
        /// The element.
        element: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// An element is missing.
    #[error("{element} is missing: {hint}")]
    Missing {
        /// The element.
        element: &'static str,
        /// What is to be done.
        hint: &'static str,
    },
    /// An element and its opposite stand in one statement.
    #[error("{one} and {other} stand in one statement, of which IAM takes one only")]
    Both {
        /// The element.
        one: &'static str,
        /// Its opposite.
        other: &'static str,
    },
    /// A list names nothing.
    #[error("{element} is an empty list, which IAM refuses: name at least one")]
    Empty {
        /// The element.
        element: &'static str,
    },
    /// The value of `Version` is none of the language's.
    #[error("{found} is no version of the policy language: it is \"2012-10-17\" or \"2008-10-17\"")]
    Version {
        /// The value, quoted.
        found: String,
    },
    /// The value of `Effect` is neither of the two.
    #[error("{found} is no effect: it is \"Allow\" or \"Deny\", in this case")]
    Effect {
        /// The value, quoted.
        found: String,
    },
    /// A text is no pattern of actions.
    #[error("{found} is no action: {source}")]
    Action {
        /// The text, quoted.
        found: String,
        /// What an action is.
        source: crate::pattern::BadAction,
    },
    /// `Principal` is a text other than `*`.
    #[error("{found} is no principal: it is \"*\", or an object such as {{\"AWS\": \"arn:…\"}}")]
    Principal {
        /// The text, quoted.
        found: String,
    },
}

impl ParseError {
    /// An error at a byte of the text.
    pub(super) fn at(text: &str, byte: usize, reason: Reason) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        Self { position: Position { line, column: 1 + before[line_start..].chars().count() }, reason }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// A text from a document as it is shown: quoted, without control characters, and not long.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
