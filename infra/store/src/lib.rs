//! Durable stores: the append-only, hash-chained log and its verifier, and a tool's own database.
//!
//! [`log`] knows nothing of what its entries mean: whoever appends brings a JSON object. `database` (with the feature `database`) is a pool of
//! connections to SQLite or PostgreSQL with migrations, and knows nothing of the tables.

#[cfg(feature = "database")]
pub mod database;
pub mod log;
#[cfg(any(feature = "sqlite", feature = "database"))]
mod sqlite;
