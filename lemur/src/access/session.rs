//! Sessions that were ended before their time. A token says by itself until when it holds; signing out puts its digest into a table until then, so
//! that every replica refuses it. What has ended by itself is forgotten.

use aws_lc_rs::digest::{SHA256, digest};
use menagerie_store::database::{Migration, Migrations, Transaction};
use serde_json::json;

use super::token::TokenError;
use super::{Access, AccessError};
use crate::audit::Actor;

/// The schema of the component `lemur-sessions`.
pub(super) const MIGRATIONS: Migrations = Migrations {
    component: "lemur-sessions",
    steps: &[Migration {
        sqlite: "CREATE TABLE access_ended_sessions (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT;
            CREATE INDEX access_ended_sessions_by_end ON access_ended_sessions (expires)",
        postgres: "CREATE TABLE access_ended_sessions (id TEXT PRIMARY KEY, expires BIGINT NOT NULL);
            CREATE INDEX access_ended_sessions_by_end ON access_ended_sessions (expires)",
    }],
};

/// What a session is called in the table: nobody comes in by it. Of what is signed alone, so that another spelling of the signature is no other
/// session.
fn id(token: &str) -> String {
    let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
    hex::encode(digest(&SHA256, signed.as_bytes()))
}

/// Whether a session was ended.
pub(super) async fn is_ended(transaction: &mut Transaction, token: &str) -> Result<bool, AccessError> {
    let sql = "SELECT id FROM access_ended_sessions WHERE id = $1";
    Ok(transaction.optional(sql, &[(&id(token)).into()]).await?.is_some())
}

impl Access {
    /// Ends the session of a token that a password was given for: no replica takes it any more.
    ///
    /// # Errors
    /// [`TokenError`] if it lets nobody in, or is an API key's, which is revoked instead.
    pub async fn end_session(&self, token: &str, actor: &Actor) -> Result<(), TokenError> {
        let (requester, expires) = self.look_up(token).await?;
        let (None, Some(expires)) = (requester.api_key(), expires) else { return Err(TokenError::Foreign) };
        let mut transaction = self.0.store.write().await?;
        transaction.execute("DELETE FROM access_ended_sessions WHERE expires <= $1", &[self.now().into()]).await?;
        let sql = "INSERT INTO access_ended_sessions (id, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        transaction.execute(sql, &[(&id(token)).into(), expires.into()]).await?;
        Ok(self.commit(transaction, actor, "session_ended", json!({"user": requester.user()})).await?)
    }
}
