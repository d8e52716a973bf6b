//! What is stored of upstreams: accounts, pending certificates, and what is shown to prove names. Each change of a pending certificate's state is
//! one statement that says by whose lease it is made, so that two processes cannot both make it.

pub(super) mod accounts;
pub(super) mod challenges;
pub(super) mod leases;
pub(super) mod pending;
mod schema;

pub use pending::{Pending, PendingChange, PendingFilter, PendingState};
pub use schema::MIGRATIONS;
