//! Where texts come from.

pub mod ahead;
pub mod changes;
mod columns;
pub mod files;
pub mod history;

pub use columns::Tables;
#[cfg(feature = "postgres")]
pub use columns::server;

use std::sync::atomic::AtomicU64;

/// How far a scan has come, for who watches.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes read.
    pub bytes: AtomicU64,
    /// Sources done.
    pub sources: AtomicU64,
}

#[cfg(test)]
mod tests;
