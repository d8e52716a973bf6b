//! What repokid remembers from run to run: roles, users and groups with their policies, what was planned and done, what usage was seen.
//!
//! [`State`] is a database of [`menagerie_store::database`]: SQLite in a file by default, PostgreSQL by URL; one contract suite
//! (`tests/state`) runs on both. What a call has acknowledged is kept through the death of the process. Documents are kept to the letter.
//!
//! Runs at the same time are kept apart twice: a [`Lease`] lets one run at a time change things in an account, and a [`Role`] that was
//! changed since it was read is not overwritten ([`StateError::Stale`]). A [`Change`] is stored before the first call that makes it, and
//! each step when it is done, so that whoever comes after a killed run knows how far it came.
//!
//! Nothing here reads the clock: times are handed in.

mod advisor;
mod change;
mod changes;
mod column;
mod delivery;
mod denial;
mod error;
mod footing;
mod import;
mod lease;
mod protection;
mod retention;
mod role;
mod roles;
mod schedule;
mod schema;
mod signature;
mod statistic;
mod usage;
mod version;

use menagerie_store::database::Database;

pub use advisor::{AdvisorAction, AdvisorRow, LastAccess};
pub use change::{Change, ChangeId, ChangeStatus, Document, DocumentPlace, NewChange, Purpose, Step};
pub use delivery::{Damage, Delivered, DeliveredLog, Home, Kept};
pub use denial::Denial;
pub use error::StateError;
pub use footing::Footing;
pub use import::{Imported, RoleHistory};
pub use lease::Lease;
pub use protection::{NewPermissions, Protected, new_since};
pub use retention::Pruned;
pub use role::{Disqualification, Observation, OptOut, Repoable, Role, RoleId, RoleIdError};
pub use roles::Activity;
pub use schedule::Schedule;
pub use signature::Unsettled;
pub use statistic::Statistic;
pub use usage::{Absorbed, MOST_RESOURCES, Taken, UsageFile, UsageOutcome, UsagePrincipal, UsageTuple, known_as};
pub use version::{NewVersion, PolicyVersion};

/// The memory of repokid.
#[derive(Debug, Clone)]
pub struct State {
    database: Database,
}

impl State {
    /// Opens the state that `url` names: `postgres://…`, `sqlite:PATH` or a path. A file that is not there is made, for its owner alone.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be opened or is of a newer version of repokid.
    pub async fn open(url: &str) -> Result<Self, StateError> {
        Ok(Self { database: Database::connect(url, &schema::MIGRATIONS).await? })
    }

    /// Closes it, when what it does is done.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
