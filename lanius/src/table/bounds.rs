//! The bounds within which tables are read.

/// What reading a table may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Bytes of a cell that are shown; the rest of it is not.
    pub cell: usize,
    /// Columns of one table. The cells of further ones are shown as those of a last column, `(more columns)`.
    pub columns: usize,
    /// Bytes of one row of JSON lines, one page of Parquet, one batch of Arrow or one block of Avro, expanded.
    pub piece: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { cell: 1 << 20, columns: 4096, piece: 32 << 20 }
    }
}
