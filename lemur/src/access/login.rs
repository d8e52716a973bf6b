//! Signing in: name, password, and the second factor where the user has one, against a token.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::Map;
use zeroize::Zeroizing;

use super::attempts::{self, Place};
use super::{Access, AccessError, Email, Username, totp};
use crate::audit::{self, Actor, Event, Via};
use crate::store::{StoreError, UserId};

/// A try at signing in.
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct Login<'a> {
    /// The name or the address as it was typed.
    pub username: &'a str,
    /// The password as it was typed.
    pub password: Zeroizing<String>,
    /// The code of the second factor.
    pub code: Option<&'a str>,
    /// Where the try comes from.
    pub from: IpAddr,
    /// By which door.
    pub via: Via,
    /// The request's ID.
    pub request: Option<String>,
}

/// What a right password gives.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "holds a token")]
pub struct Session {
    /// The token.
    pub token: String,
    /// Whose it is.
    pub user: UserId,
    /// How long it lasts.
    pub lifetime: Duration,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The name, the password or the code is wrong, or the user may not come in: which of these is not told.
    #[error("the supplied credentials are invalid")]
    Refused,
    /// The password is right, and a code of the second factor is wanted as well.
    #[error("a code of the second factor is wanted")]
    CodeWanted,
    /// There were too many tries.
    #[error("too many tries; wait {} seconds", .0.as_secs())]
    TooMany(Duration),
    /// It could not be looked up.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl From<menagerie_store::database::DatabaseError> for LoginError {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        Self::Access(error.into())
    }
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl Access {
    /// Signs a user in.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn login(&self, login: Login<'_>) -> Result<Session, LoginError> {
        let now = self.now();
        let (user, generation) = self.prove(login, "signed_in").await?;
        let lifetime = self.0.settings.token_lifetime;
        let until = now.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        let token = self.sign(user, generation, None, (now, Some(until)))?;
        Ok(Session { token, user, lifetime })
    }

    /// Proves that whoever asks is this user and no other: who is signed in already is asked again before what one signs in by is changed.
    ///
    /// # Errors
    /// [`LoginError`], as for signing in; tries count alike.
    pub async fn prove_again(&self, user: UserId, login: Login<'_>) -> Result<(), LoginError> {
        let (proved, _) = self.prove(login, "proved_again").await?;
        if proved == user { Ok(()) } else { Err(LoginError::Refused) }
    }

    /// Who has this name, this password, and this code where one is wanted; and how often the user's tokens were made void. The audit log has
    /// a line of it.
    async fn prove(&self, login: Login<'_>, event: &'static str) -> Result<(UserId, i64), LoginError> {
        let mut actor =
            Actor { name: "nobody".to_owned(), user: None, via: login.via, address: Some(login.from), request: login.request.clone() };
        let done = self.find(login, &mut actor, event).await;
        let reason = match &done {
            Err(LoginError::Refused) => "refused",
            Err(LoginError::CodeWanted) => "code_wanted",
            Err(LoginError::TooMany(_)) => "too_many_tries",
            Ok(_) | Err(LoginError::Access(_)) => return done,
        };
        // Whoever tries without end fills no log: what is told is bounded, and that it was too much is in the trace.
        if self.0.failures.take((), self.0.began.elapsed()).is_ok() {
            let event = Event::Other { event: "sign_in_failed", fields: Map::from_iter([("reason".to_owned(), reason.into())]) };
            let entry = audit::entry(self.0.clock.now(), &actor, &event);
            self.0.store.commit(self.0.store.write().await?, vec![entry]).await?;
        } else {
            tracing::warn!(reason, "a sign-in failed, and too many have to be in the audit log");
        }
        done
    }

    /// Says of which name a try is as soon as it is known that there is such a user: people type passwords into the wrong field.
    async fn find(&self, login: Login<'_>, actor: &mut Actor, event: &'static str) -> Result<(UserId, i64), LoginError> {
        let mut places = vec![Place::address(login.from), Place::account(login.username)];
        let now = self.now();
        attempts::count(&self.0.store, &places, now).await?.map_err(LoginError::TooMany)?;
        // By name or by address, as in Lemur; a name goes before another's address. A text that is neither is nobody's, and takes as long.
        let sql = "SELECT id, username, username_key, password, active FROM access_users WHERE username_key = $1 OR email_key = $2";
        let name = Username::parse(login.username).map(|username| username.key()).unwrap_or_default();
        let address = Email::parse(login.username).map(|email| email.key()).unwrap_or_default();
        let mut rows = self.0.store.read().await?.all(sql, &[(&name).into(), (&address).into()]).await?;
        if rows.len() > 1 {
            rows.retain(|row| row.text("username_key").is_ok_and(|key| key == name));
        }
        let row = rows.pop();
        let stored = match &row {
            Some(row) if row.flag("active")? => row.optional_text("password")?,
            _ => None,
        };
        if let Some(row) = &row {
            (actor.name, actor.user) = (row.text("username")?, Some(UserId(row.integer("id")?)));
        }
        let right = self.0.passwords.verify(login.password, stored.clone()).await?;
        let (Some(row), Some(stored), true) = (row, stored, right) else { return Err(LoginError::Refused) };
        let user = UserId(row.integer("id")?);
        if login.code.is_some_and(|code| !code.trim().is_empty()) {
            let codes = Place::code(user);
            attempts::count(&self.0.store, std::slice::from_ref(&codes), now).await?.map_err(LoginError::TooMany)?;
            places.push(codes);
        }
        let mut transaction = self.0.store.write().await?;
        let sql = "SELECT generation FROM access_users WHERE id = $1 AND active = 1 AND password = $2";
        // The password may have been changed while it was compared.
        let row = transaction.optional(sql, &[user.0.into(), (&stored).into()]).await?.ok_or(LoginError::Refused)?;
        let generation = row.integer("generation")?;
        match (totp::check(&mut transaction, &self.0.ring, user, login.code, now).await?, login.code) {
            (totp::Check::Passed, _) => {}
            (totp::Check::Wanted, _) => return Err(LoginError::CodeWanted),
            (totp::Check::Wrong, _) => {
                // Somebody knows the password, and not the second factor.
                self.commit(transaction, actor, "second_factor_refused", serde_json::json!({"user": user})).await?;
                return Err(LoginError::Refused);
            }
        }
        attempts::take_back(&mut transaction, &places).await?;
        let event = Event::Other { event, fields: Map::new() };
        self.0.store.commit(transaction, vec![audit::entry(self.0.clock.now(), actor, &event)]).await?;
        Ok((user, generation))
    }

    /// Makes every token of a user void, those of API keys included: new ones have to be made.
    ///
    /// # Errors
    /// [`AccessError::Missing`], or the database's failure.
    pub async fn void_tokens(&self, user: UserId, actor: &Actor) -> Result<(), AccessError> {
        let mut transaction = self.0.store.write().await?;
        let sql = "UPDATE access_users SET generation = generation + 1 WHERE id = $1";
        if transaction.execute(sql, &[user.0.into()]).await? == 0 {
            return Err(AccessError::Missing(super::Subject::User));
        }
        self.commit(transaction, actor, "tokens_voided", serde_json::json!({"user": user})).await
    }
}
