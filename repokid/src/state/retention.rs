//! What the usage store keeps, and for how long: what was last seen before a moment goes, uses and what completeness is judged by alike.
//!
//! Whole days go. Nothing that goes can make anything look unused: the hours of that time go with it, and the digests that reach into it, so
//! that a window that reaches further back than what is kept has a gap. Of changes of a trail the last of each kind stays, for what it
//! stopped may be stopped still.

use jiff::Timestamp;
use menagerie_store::database::Value;

use super::State;
use super::error::StateError;

/// How much went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Uses.
    pub uses: u64,
    /// Files that were read. One that is still there may be read again, and what is taken of that time goes again.
    pub files: u64,
    /// Records that completeness was judged by.
    pub records: u64,
}

const DAY: i64 = 24 * 3600;

/// The statements that remove records of completeness from before a moment.
const RECORDS: [&str; 6] = [
    "DELETE FROM usage_digest WHERE start_at < $1",
    "DELETE FROM usage_awaited WHERE end_at < $1",
    "DELETE FROM usage_signature WHERE end_at < $1",
    "DELETE FROM usage_damage WHERE seen_at < $1",
    "DELETE FROM usage_place WHERE last_at < $1 AND NOT EXISTS (
        SELECT object FROM usage_digest WHERE usage_digest.account = usage_place.account AND usage_digest.region = usage_place.region
    )",
    "DELETE FROM usage_change WHERE at < $1 AND EXISTS (
        SELECT at FROM usage_change AS later WHERE later.account = usage_change.account AND later.trail = usage_change.trail
            AND later.kind = usage_change.kind AND later.at > usage_change.at
    )",
];

impl State {
    /// Removes what the usage store has from before the day of a moment.
    ///
    /// # Errors
    /// [`StateError`] if the database fails: then all stays.
    pub async fn prune_usage(&self, before: Timestamp) -> Result<Pruned, StateError> {
        let day = before.as_second().div_euclid(DAY);
        let moment = Value::from(day.saturating_mul(DAY * 1_000_000));
        let mut transaction = self.database.write().await?;
        let mut pruned = Pruned::default();
        pruned.records += transaction.execute("DELETE FROM usage_hours WHERE day < $1", &[day.into()]).await?;
        for delete in RECORDS {
            pruned.records += transaction.execute(delete, &[moment]).await?;
        }
        pruned.uses = transaction.execute("DELETE FROM usage WHERE last_at < $1", &[moment]).await?;
        let nameless = "DELETE FROM usage_name WHERE NOT EXISTS (SELECT action FROM usage WHERE usage.principal = usage_name.principal)";
        transaction.execute(nameless, &[]).await?;
        pruned.files = transaction.execute("DELETE FROM usage_file WHERE read_at < $1", &[moment]).await?;
        transaction.commit().await?;
        Ok(pruned)
    }
}
