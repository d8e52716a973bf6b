//! The bounds within which archives are read. Each can be set; the defaults keep memory below 200 MiB whatever the input is.

use std::path::PathBuf;

/// What reading one file may cost. A bound that is met is a [`Skip`](super::Skip) in the ledger, never silence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Containers within containers: a member of a tar file within a gzip stream stands at depth 2.
    pub depth: u32,
    /// Bytes that all expansions of one file may produce together.
    pub total: u64,
    /// Bytes of one member that are read.
    pub member: u64,
    /// Members that one file may list, in all its containers together.
    pub members: u64,
    /// Bytes that a compressed stream may produce for each of its own, once it has produced [`Limits::ratio_from`].
    pub ratio: u64,
    /// Bytes that a compressed stream may produce before its ratio is judged.
    pub ratio_from: u64,
    /// Bytes of zip files inside streams that may lie in temporary files at one time.
    pub spool: u64,
    /// Where those temporary files are made. They have no name there once they are open.
    pub spool_folder: PathBuf,
    /// Bytes of memory for the window of an xz or zstd stream. Such a stream within another has a quarter of what that one may have.
    pub window: u64,
    /// Bytes of a notebook that is taken apart; a larger one is read as it is.
    pub notebook: u64,
}

impl Limits {
    /// The defaults, with temporary files in `spool_folder`.
    #[must_use]
    pub fn new(spool_folder: impl Into<PathBuf>) -> Self {
        Self {
            depth: 5,
            total: 256 << 30,
            member: 64 << 30,
            members: 4_000_000,
            ratio: 2_000,
            ratio_from: 64 << 20,
            spool: 4 << 30,
            spool_folder: spool_folder.into(),
            window: 128 << 20,
            notebook: 16 << 20,
        }
    }
}
