//! Tries at signing in, counted in the database so that replicas count together: ten in five minutes from one address, a hundred at one account.
//! The account's limit is the wider one, since whoever knows a name could otherwise shut its owner out. Whoever knows the password as well has
//! ten codes of the second factor an hour: there are only a million. A try is counted before the password is looked at, so that tries at the
//! same time count as well, and taken back when it was right.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use menagerie_store::database::Transaction;

use super::AccessError;
use crate::store::{Store, UserId};

const WITHIN: i64 = 5 * 60;
const FROM_ONE_ADDRESS: i64 = 10;
const AT_ONE_ACCOUNT: i64 = 100;
const CODES_WITHIN: i64 = 60 * 60;
const CODES: i64 = 10;
/// How many seconds another server's clock may be ahead.
const AHEAD: i64 = 60;

/// Where a try counts, and how many may.
pub(super) struct Place {
    key: String,
    most: i64,
    within: i64,
}

impl Place {
    pub(super) fn address(address: IpAddr) -> Self {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            // What one customer has of IPv6.
            IpAddr::V6(address) => format!("{:016x}/64", address.to_bits() >> 64),
        };
        Self { key: format!("address {network}"), most: FROM_ONE_ADDRESS, within: WITHIN }
    }

    /// By what was typed, so that who is tried by name and by address is not told to be one; and by a digest: people type passwords into the wrong
    /// field.
    pub(super) fn account(username: &str) -> Self {
        let digest = digest(&SHA256, username.to_lowercase().as_bytes());
        Self { key: format!("account {}", hex::encode(digest)), most: AT_ONE_ACCOUNT, within: WITHIN }
    }

    /// Codes of a user's second factor, with the right password.
    pub(super) fn code(user: UserId) -> Self {
        Self { key: format!("code {user}"), most: CODES, within: CODES_WITHIN }
    }
}

/// Counts a try at each place. `Err` within says how long to wait, and then nothing was counted.
pub(super) async fn count(store: &Store, places: &[Place], now: i64) -> Result<Result<(), Duration>, AccessError> {
    let mut transaction = store.write().await?;
    // Those that began later than another's clock may be ahead are from a clock that was wrong: they start over.
    let sql = "DELETE FROM access_attempts WHERE began <= $1 OR began > $2";
    transaction.execute(sql, &[(now - CODES_WITHIN).into(), (now + AHEAD).into()]).await?;
    let sql = "INSERT INTO access_attempts (place, began, tries) VALUES ($1, $2, 1)
        ON CONFLICT (place) DO UPDATE SET tries = CASE WHEN access_attempts.began <= $3 THEN 1 ELSE access_attempts.tries + 1 END,
        began = CASE WHEN access_attempts.began <= $3 THEN $2 ELSE access_attempts.began END RETURNING began, tries";
    for place in places {
        let row = transaction.one(sql, &[(&place.key).into(), now.into(), (now - place.within).into()]).await?;
        if row.integer("tries")? > place.most {
            let left = row.integer("began")? + place.within - now;
            return Ok(Err(Duration::from_secs(u64::try_from(left).unwrap_or(1).max(1))));
        }
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

/// Takes back a try that was right.
pub(super) async fn take_back(transaction: &mut Transaction, places: &[Place]) -> Result<(), AccessError> {
    for place in places {
        let sql = "UPDATE access_attempts SET tries = tries - 1 WHERE place = $1 AND tries > 0";
        transaction.execute(sql, &[(&place.key).into()]).await?;
    }
    Ok(())
}
