//! One run at a time changes things in an account: it holds the account's lease, and others do not get it until it is given back or has
//! run out.
//!
//! A lease has a number that grows with each holder. What a run writes under a lease is checked against that number in the same
//! transaction, so a run that slept past its lease cannot write over its successor. Times are the callers': clocks that differ by more than
//! a lease's length would let two runs in, and the number would still stop the first one's writes.

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::AccountId;
use menagerie_store::database::{Transaction, Value};

use super::State;
use super::error::StateError;

/// The right to change things in an account, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    account: AccountId,
    holder: String,
    token: i64,
    expires: Timestamp,
}

impl Lease {
    /// The account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// When it ends, if it is not renewed.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
}

impl State {
    /// Takes the lease of an account for `length` from `now`, if nobody has it. `holder` names the run and is no other run's.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn lease(
        &self,
        account: &AccountId,
        holder: &str,
        now: Timestamp,
        length: SignedDuration,
    ) -> Result<Option<Lease>, StateError> {
        let expires = now + length;
        let take = "INSERT INTO lease (account, holder, token, expires_at) VALUES ($1, $2, 1, $3)
            ON CONFLICT (account) DO UPDATE SET holder = excluded.holder, token = lease.token + 1, expires_at = excluded.expires_at
            WHERE lease.expires_at <= $4 RETURNING token";
        let mut transaction = self.database.write().await?;
        let values = [account.as_str().into(), holder.into(), expires.as_microsecond().into(), now.as_microsecond().into()];
        let Some(row) = transaction.optional(take, &values).await? else { return Ok(None) };
        let token = row.integer("token")?;
        transaction.commit().await?;
        Ok(Some(Lease { account: account.clone(), holder: holder.to_owned(), token, expires }))
    }

    /// Who has the lease of an account at `now`, and until when.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn lease_holder(&self, account: &AccountId, now: Timestamp) -> Result<Option<(String, Timestamp)>, StateError> {
        let find = "SELECT holder, expires_at FROM lease WHERE account = $1 AND expires_at > $2";
        let mut transaction = self.database.read().await?;
        let row = transaction.optional(find, &[account.as_str().into(), now.as_microsecond().into()]).await?;
        row.map(|row| Ok((row.text("holder")?, super::column::time(&row, "expires_at")?))).transpose()
    }

    /// Keeps a lease for `length` more from `now`.
    ///
    /// # Errors
    /// [`StateError::LeaseLost`] if another run has taken it; [`StateError`] if the database fails.
    pub async fn renew(&self, lease: &mut Lease, now: Timestamp, length: SignedDuration) -> Result<(), StateError> {
        let expires = now + length;
        self.set(lease, expires).await?;
        lease.expires = expires;
        Ok(())
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// [`StateError::LeaseLost`] if another run has taken it; [`StateError`] if the database fails.
    pub async fn release(&self, lease: Lease) -> Result<(), StateError> {
        self.set(&lease, Timestamp::UNIX_EPOCH).await
    }

    async fn set(&self, lease: &Lease, expires: Timestamp) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        let set = "UPDATE lease SET expires_at = $1 WHERE account = $2 AND token = $3 AND holder = $4";
        let values = [expires.as_microsecond().into(), lease.account.as_str().into(), lease.token.into(), Value::from(&lease.holder)];
        if transaction.execute(set, &values).await? == 0 {
            return Err(lost(lease));
        }
        Ok(transaction.commit().await?)
    }
}

/// That a lease holds at `now`, to the end of the transaction: its row is locked by being written.
pub(super) async fn hold(transaction: &mut Transaction, lease: &Lease, now: Timestamp) -> Result<(), StateError> {
    let touch = "UPDATE lease SET holder = holder WHERE account = $1 AND token = $2 AND holder = $3 AND expires_at > $4";
    let values = [lease.account.as_str().into(), lease.token.into(), Value::from(&lease.holder), now.as_microsecond().into()];
    if transaction.execute(touch, &values).await? == 1 { Ok(()) } else { Err(lost(lease)) }
}

fn lost(lease: &Lease) -> StateError {
    StateError::LeaseLost { account: lease.account.to_string() }
}
