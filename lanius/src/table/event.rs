//! What reading tables tells.

use std::io;

use super::Format;

/// What is shown of tables, in this order for each: its name, its columns and cells, its summary.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A table begins. Its name is for display: the file's, or the table's in a database.
    Table(&'a str),
    /// A column became known. Columns are numbered from 0; with JSON lines, a column may come after cells of others.
    Column(usize, &'a Column),
    /// A cell that is not null.
    Cell(Cell<'a>),
    /// The table is over.
    End(&'a Summary),
}

/// A column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    /// Its name; nested ones as in `a.b[].c`.
    pub name: String,
    /// Its type in the words of its format, empty where there is none.
    pub kind: String,
}

/// A cell's value, or a value that stands in several cells of its column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cell<'a> {
    /// The number of its column.
    pub column: usize,
    /// The row, from 0, or the first of them.
    pub row: u64,
    /// The line on which the row begins, from 1, in a file of lines.
    pub line: Option<u64>,
    /// In how many cells it stands.
    pub count: u64,
    /// The value: text, or bytes where the column holds bytes. At most [`Bounds::cell`](super::Bounds::cell) bytes.
    pub value: &'a [u8],
}

/// The cells of one column.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Cells that were shown, each counted as often as it stands there.
    pub values: u64,
    /// Cells without a value, among the rows that were read.
    pub nulls: u64,
    /// Cells of which only the first bytes were shown.
    pub cut: u64,
}

/// What a table came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// How many rows it has, where that is known.
    pub rows: Option<u64>,
    /// How many rows were read.
    pub sampled: u64,
    /// Rows that could not be read, while others could.
    pub unread: u64,
    /// For each column, by its number.
    pub columns: Vec<Tally>,
    /// Why it ended early, when it did.
    pub failure: Option<Failure>,
}

/// Why a table could not be read, or not to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The file is no table of a kind that is known.
    #[error("is no table of a kind that is known")]
    Unknown,
    /// This format needs a file, not a stream.
    #[error("{0} can be read from a file only")]
    NeedsFile(Format),
    /// Its structure is wrong.
    #[error("is damaged, or not {0} as it is understood here")]
    Damaged(Format),
    /// The file is shorter than it says itself.
    #[error("is cut off: the file is shorter than it says itself")]
    CutOff,
    /// A quote was opened and never closed: what follows it was read as one cell.
    #[error("ends within a quote that nothing closes; all that follows it was read as one cell")]
    Unclosed,
    /// A page, batch or block is larger than [`Bounds::piece`](super::Bounds::piece).
    #[error("has a part that is larger than the limit")]
    TooLarge,
    /// The system could not read it.
    #[error("cannot be read: {0}")]
    Io(io::ErrorKind),
    /// The server would have to be reached without encryption.
    #[error("is on another machine, and encryption is not supported: say sslmode=disable, or read it where it runs")]
    NeedsTls,
    /// The server took longer than it may.
    #[error("took longer than the limit")]
    TimedOut,
    /// The server does not let this user read it, or would have hidden rows.
    #[error("may not be read by this user")]
    Denied,
    /// The server cannot be reached, or refused.
    #[error("the server cannot be reached, or refused")]
    Server,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}
