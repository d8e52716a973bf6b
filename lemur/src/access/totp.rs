//! The second factor: codes by time (RFC 6238: SHA-1, six digits, thirty seconds, as every authenticator has them). The secret is stored sealed,
//! a code counts once, and one step to either side is taken for clocks that differ.

use aws_lc_rs::rand;
use menagerie_store::database::Transaction;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::{Access, AccessError, Subject, settled};
use crate::audit::Actor;
use crate::engine::Ring;
use crate::store::UserId;

/// A secret that waits for its first code.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "is secret")]
pub struct Enrolment {
    /// The secret for an authenticator, in base 32.
    pub secret: String,
    /// The same as `otpauth://totp/…`.
    pub uri: String,
}

/// What became of a code.
pub(super) enum Check {
    /// It is right, or none is wanted.
    Passed,
    /// There is none, and one is wanted.
    Wanted,
    /// It is wrong, or was used.
    Wrong,
}

fn place(user: UserId) -> String {
    format!("lemur second factor of user {user}")
}

fn totp(secret: &[u8]) -> Totp {
    // The secret is of 160 bits and the digits are six.
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret.to_vec())
        .build_noncompliant()
}

fn seconds(now: i64) -> u64 {
    u64::try_from(now).unwrap_or(0)
}

impl Access {
    /// Makes a new secret for a user, which counts once [`Self::confirm_second_factor`] has seen a code of it. A user who has a second factor
    /// keeps it until then.
    ///
    /// # Errors
    /// [`AccessError::Taken`] if the user has one: it is removed first.
    pub async fn enrol_second_factor(&self, user: UserId) -> Result<Enrolment, AccessError> {
        let mut secret = Zeroizing::new([0; 20]);
        rand::fill(secret.as_mut_slice()).map_err(|_| AccessError::Randomness)?;
        let sealed = self.0.ring.seal(secret.as_slice(), &place(user))?;
        let mut transaction = self.0.store.write().await?;
        let sql = "SELECT username, totp_confirmed FROM access_users WHERE id = $1";
        let row = transaction.optional(sql, &[user.0.into()]).await?.ok_or(AccessError::Missing(Subject::User))?;
        if row.flag("totp_confirmed")? {
            return Err(AccessError::Taken { subject: Subject::SecondFactor, field: "user" });
        }
        let set = "UPDATE access_users SET totp = $1, totp_step = 0 WHERE id = $2";
        transaction.execute(set, &[(&sealed).into(), user.0.into()]).await?;
        transaction.commit().await?;
        let text = Secret::from(secret.to_vec()).to_base32();
        let (service, username) = (self.0.settings.service.as_str(), row.text("username")?);
        let [service, username] = [service, &username].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        let uri = format!("otpauth://totp/{service}:{username}?secret={text}&issuer={service}&algorithm=SHA1&digits=6&period=30");
        Ok(Enrolment { secret: text, uri })
    }

    /// Asks for a second factor from now on, if the code is one of the secret that was made.
    ///
    /// # Errors
    /// [`AccessError::Missing`] if no secret waits; [`AccessError::Invalid`] if the code is not of it.
    pub async fn confirm_second_factor(&self, user: UserId, code: &str, actor: &Actor) -> Result<(), AccessError> {
        let mut transaction = self.0.store.write().await?;
        let sql = "SELECT totp FROM access_users WHERE id = $1 AND totp_confirmed = 0";
        let row = transaction.optional(sql, &[user.0.into()]).await?.ok_or(AccessError::Missing(Subject::SecondFactor))?;
        let sealed = row.optional_bytes("totp")?.ok_or(AccessError::Missing(Subject::SecondFactor))?;
        let secret = self.0.ring.open_sealed(&sealed, &place(user))?;
        let step = totp(&secret).check(code, seconds(self.now()));
        let step = step.ok_or(AccessError::Invalid { field: "code", reason: "the code is not of this secret, or its time is over" })?;
        let set = "UPDATE access_users SET totp_confirmed = 1, totp_step = $1 WHERE id = $2";
        transaction.execute(set, &[i64::try_from(step).unwrap_or(i64::MAX).into(), user.0.into()]).await?;
        self.commit(transaction, actor, "second_factor_added", serde_json::json!({"user": user})).await
    }

    /// Asks for no second factor any more.
    ///
    /// # Errors
    /// [`AccessError::Missing`] if the user has none.
    pub async fn remove_second_factor(&self, user: UserId, actor: &Actor) -> Result<(), AccessError> {
        let mut transaction = self.0.store.write().await?;
        let set = "UPDATE access_users SET totp = NULL, totp_confirmed = 0, totp_step = 0 WHERE id = $1 AND totp IS NOT NULL";
        if transaction.execute(set, &[user.0.into()]).await? == 0 {
            return Err(AccessError::Missing(Subject::SecondFactor));
        }
        settled::note(&mut transaction, user, actor, self.0.clock.now()).await?;
        self.commit(transaction, actor, "second_factor_removed", serde_json::json!({"user": user})).await
    }
}

/// Looks whether a code is wanted and right, and notes that it was used.
pub(super) async fn check(
    transaction: &mut Transaction,
    ring: &Ring,
    user: UserId,
    code: Option<&str>,
    now: i64,
) -> Result<Check, AccessError> {
    let sql = "SELECT totp, totp_step FROM access_users WHERE id = $1 AND totp_confirmed = 1";
    let Some(row) = transaction.optional(sql, &[user.0.into()]).await? else { return Ok(Check::Passed) };
    let sealed = row.optional_bytes("totp")?.ok_or(AccessError::Missing(Subject::SecondFactor))?;
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else { return Ok(Check::Wanted) };
    let secret = ring.open_sealed(&sealed, &place(user))?;
    let Some(step) = totp(&secret).check(code, seconds(now)) else { return Ok(Check::Wrong) };
    // Only forward, so that no code counts twice; the condition holds also between replicas.
    let set = "UPDATE access_users SET totp_step = $1 WHERE id = $2 AND totp_step < $1";
    let used = transaction.execute(set, &[i64::try_from(step).unwrap_or(i64::MAX).into(), user.0.into()]).await?;
    Ok(if used == 1 { Check::Passed } else { Check::Wrong })
}

pub(super) async fn reseal(transaction: &mut Transaction, ring: &Ring) -> Result<u64, AccessError> {
    let mut done = 0;
    for row in transaction.all("SELECT id, totp FROM access_users WHERE totp IS NOT NULL", &[]).await? {
        let user = UserId(row.integer("id")?);
        let sealed = row.optional_bytes("totp")?.ok_or(AccessError::Missing(Subject::SecondFactor))?;
        let sealed = ring.seal(&ring.open_sealed(&sealed, &place(user))?, &place(user))?;
        transaction.execute("UPDATE access_users SET totp = $1 WHERE id = $2", &[(&sealed).into(), user.0.into()]).await?;
        done += 1;
    }
    Ok(done)
}
