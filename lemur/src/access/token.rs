//! Tokens: JWTs by HMAC with SHA-256. The algorithm is the program's and never the token's; the key is the database's, sealed, and named in the
//! header. A token holds no rights: who its user is, and what that user may do, is looked up.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::rand;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use menagerie_store::database::Transaction;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::api_key::{self, ApiKeyId};
use super::requester::{Held, Person, Requester};
use super::workload::{self, Admitted};
use super::{Access, AccessError};
use crate::audit::Actor;
use crate::engine::Ring;
use crate::store::{RoleId, Store, StoreError, UserId};

/// The longest token that is looked at.
const LONGEST: usize = 2_048;

/// How many bytes the name of a key has, written in hexadecimal.
const ID_BYTES: usize = 8;

/// How far ahead the clock of another replica may be, in seconds.
const AHEAD: i64 = 60;

/// Why a token lets nobody in. What was wrong with it is for the trace and not for the client.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not one of ours: its form, its algorithm, its key or its signature.
    #[error("the token is not one of this service")]
    Foreign,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its user is gone or deactivated, or has another password since.
    #[error("the token's user may not come in")]
    User,
    /// Its API key is gone or revoked.
    #[error("the token's API key is revoked")]
    ApiKey,
    /// It could not be looked up.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl From<menagerie_store::database::DatabaseError> for TokenError {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        Self::Access(error.into())
    }
}

impl From<StoreError> for TokenError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aid: Option<i64>,
    /// Random, so that no two sessions have the same token.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    jti: String,
    /// How often the user's tokens were made void before this one.
    #[serde(rename = "gen")]
    generation: i64,
    /// Whose word a workload came in by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    /// The certificate that a workload came in by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crt: Option<i64>,
}

struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// What tells a token from every other.
fn new_id() -> Result<String, AccessError> {
    let mut id = [0; 16];
    rand::fill(&mut id).map_err(|_| AccessError::Randomness)?;
    Ok(hex::encode(id))
}

/// The keys of the database; the last signs.
pub(super) struct Keys(RwLock<Arc<Vec<Key>>>);

fn place(id: &str) -> String {
    format!("lemur token key {id}")
}

impl Keys {
    pub(super) async fn open(store: &Store, ring: &Ring, now: Timestamp) -> Result<Self, AccessError> {
        let mut transaction = store.write().await?;
        let mut keys = load(&mut transaction, ring).await?;
        if keys.is_empty() {
            add(&mut transaction, ring, 1, now).await?;
            // Another replica may have been first.
            keys = load(&mut transaction, ring).await?;
        }
        transaction.commit().await?;
        Ok(Self(RwLock::new(Arc::new(keys))))
    }

    fn all(&self) -> Arc<Vec<Key>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn add(transaction: &mut Transaction, ring: &Ring, number: i64, now: Timestamp) -> Result<(), AccessError> {
    let (mut id, mut key) = ([0; ID_BYTES], Zeroizing::new([0; 32]));
    rand::fill(&mut id).map_err(|_| AccessError::Randomness)?;
    rand::fill(key.as_mut_slice()).map_err(|_| AccessError::Randomness)?;
    let id = hex::encode(id);
    let sealed = ring.seal(key.as_slice(), &place(&id))?;
    let sql = "INSERT INTO access_token_keys (number, id, sealed, created) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    transaction.execute(sql, &[number.into(), (&id).into(), (&sealed).into(), now.as_second().into()]).await?;
    Ok(())
}

async fn load(transaction: &mut Transaction, ring: &Ring) -> Result<Vec<Key>, AccessError> {
    let mut keys = Vec::new();
    for row in transaction.all("SELECT id, sealed FROM access_token_keys ORDER BY number", &[]).await? {
        let id = row.text("id")?;
        let key = ring.open_sealed(&row.bytes("sealed")?, &place(&id))?;
        keys.push(Key { id, encoding: EncodingKey::from_secret(&key), decoding: DecodingKey::from_secret(&key) });
    }
    Ok(keys)
}

pub(super) async fn reseal(transaction: &mut Transaction, ring: &Ring) -> Result<u64, AccessError> {
    let mut done = 0;
    for row in transaction.all("SELECT id, sealed FROM access_token_keys", &[]).await? {
        let id = row.text("id")?;
        let sealed = ring.seal(&ring.open_sealed(&row.bytes("sealed")?, &place(&id))?, &place(&id))?;
        transaction.execute("UPDATE access_token_keys SET sealed = $1 WHERE id = $2", &[(&sealed).into(), (&id).into()]).await?;
        done += 1;
    }
    Ok(done)
}

impl Access {
    /// Signs with a new key from now on. Tokens of older keys stay valid for their time, since API keys may be for ever: a key that became known
    /// is no matter of this method but of new API keys and passwords.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn add_token_key(&self, actor: &Actor) -> Result<(), AccessError> {
        let ring = &self.0.ring;
        let mut transaction = self.0.store.write().await?;
        let next = transaction.one("SELECT coalesce(max(number), 0) + 1 AS next FROM access_token_keys", &[]).await?.integer("next")?;
        add(&mut transaction, ring, next, self.0.clock.now()).await?;
        let keys = load(&mut transaction, ring).await?;
        self.commit(transaction, actor, "token_key_added", serde_json::json!({"number": next})).await?;
        *self.0.keys.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    /// A token of a user, or of one of the user's API keys, from one moment to another, in seconds since 1970.
    pub(super) fn sign(
        &self,
        user: UserId,
        generation: i64,
        api_key: Option<ApiKeyId>,
        (from, until): (i64, Option<i64>),
    ) -> Result<String, AccessError> {
        let aid = api_key.map(|ApiKeyId(id)| id);
        let jti = new_id()?;
        self.signed(&Claims { iat: from, exp: until, sub: user.to_string(), aid, jti, generation, who: None, crt: None })
    }

    /// A token of a workload.
    pub(super) fn sign_workload(&self, admitted: &Admitted, subject: &str, (from, until): (i64, i64)) -> Result<String, AccessError> {
        self.signed(&Claims {
            iat: from,
            exp: Some(until),
            sub: format!("{}{}", workload::PREFIX, admitted.name),
            aid: None,
            jti: new_id()?,
            generation: 0,
            who: Some(subject.to_owned()),
            crt: admitted.certificate.map(|id| id.0),
        })
    }

    fn signed(&self, claims: &Claims) -> Result<String, AccessError> {
        let keys = self.0.keys.all();
        let key = keys.last().ok_or(AccessError::Token)?;
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &key.encoding).map_err(|_| AccessError::Token)
    }

    /// Who a token is of.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn requester(&self, token: &str) -> Result<Requester, TokenError> {
        let began = self.0.clock.now().as_millisecond();
        if let Some(requester) = self.0.recent.find(token, began) {
            return Ok(requester);
        }
        let generation = self.0.recent.generation();
        let (requester, expires) = self.look_up(token).await?;
        self.0.recent.keep(token, &requester, (generation, began), expires);
        Ok(requester)
    }

    /// Who a token is of, by the database, and when the token ends.
    pub(super) async fn look_up(&self, token: &str) -> Result<(Requester, Option<i64>), TokenError> {
        let claims = self.claims(token).await?;
        let now = self.now();
        if claims.exp.is_some_and(|expires| expires <= now) {
            return Err(TokenError::Expired);
        }
        if claims.iat > now + AHEAD || (claims.exp.is_none() && claims.aid.is_none()) {
            return Err(TokenError::Foreign);
        }
        if claims.aid.is_none() && super::session::is_ended(&mut self.0.store.read().await?, token).await? {
            return Err(TokenError::User);
        }
        if let Some(name) = claims.sub.strip_prefix(workload::PREFIX) {
            let requester = self.workload(name, claims.who, claims.crt, now).await?;
            return Ok((requester, claims.exp));
        }
        let user = claims.sub.parse().map(UserId).map_err(|_| TokenError::Foreign)?;
        let mut transaction = self.0.store.read().await?;
        let requester = as_now(&mut transaction, user, Some(claims.generation), claims.aid.map(ApiKeyId), now).await?;
        Ok((requester, claims.exp))
    }

    /// A user as the database has them now, by an API key if they came with one before.
    ///
    /// # Errors
    /// [`TokenError`] if the user may not come in any more, or the key is revoked or over.
    pub async fn requester_now(&self, user: UserId, api_key: Option<ApiKeyId>) -> Result<Requester, TokenError> {
        as_now(&mut self.0.store.read().await?, user, None, api_key, self.now()).await
    }

    /// What a token says, if one of our keys signed it.
    async fn claims(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Foreign);
        }
        let id = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid).ok_or(TokenError::Foreign)?;
        if id.len() != 2 * ID_BYTES || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            // None that was made here: PostgreSQL does not even take any text to compare.
            return Err(TokenError::Foreign);
        }
        let mut keys = self.0.keys.all();
        if !keys.iter().any(|key| key.id == id) {
            // Perhaps another replica made it. A stranger's token costs one look at a small table.
            let known = "SELECT id FROM access_token_keys WHERE id = $1";
            let mut transaction = self.0.store.read().await?;
            transaction.optional(known, &[(&id).into()]).await?.ok_or(TokenError::Foreign)?;
            keys = Arc::new(load(&mut transaction, &self.0.ring).await?);
            *self.0.keys.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        }
        let key = keys.iter().find(|key| key.id == id).ok_or(TokenError::Foreign)?;
        let mut validation = Validation::new(Algorithm::HS256);
        // Times are compared by the clock that was handed in.
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::new();
        jsonwebtoken::decode(token, &key.decoding, &validation).map(|token| token.claims).map_err(|_| TokenError::Foreign)
    }
}

/// A user as the database has them, if tokens of this generation let them in.
async fn as_now(
    transaction: &mut Transaction,
    user: UserId,
    generation: Option<i64>,
    api_key: Option<ApiKeyId>,
    now: i64,
) -> Result<Requester, TokenError> {
    let rows = transaction.all(USER, &[user.0.into()]).await?;
    let first = rows.first().ok_or(TokenError::User)?;
    let current = first.integer("generation")?;
    if !first.flag("active")? || generation.is_some_and(|generation| generation != current) {
        return Err(TokenError::User);
    }
    let mut requester = Person {
        user,
        username: first.text("username")?,
        email: first.text("email")?,
        roles: Vec::new(),
        api_key: None,
        personal: true,
        read_only: false,
    };
    for row in &rows {
        if let Some(id) = row.optional_integer("role")? {
            requester.roles.push(Held { id: RoleId(id), name: row.text("name")? });
        }
    }
    if let Some(id) = api_key {
        api_key::apply(transaction, id, &mut requester, now).await?;
    }
    Ok(Requester::Person(requester))
}

const USER: &str =
    "SELECT u.username AS username, u.email AS email, u.active AS active, u.generation AS generation, r.id AS role, r.name AS name
    FROM access_users u LEFT JOIN access_members m ON m.member = u.id LEFT JOIN access_roles r ON r.id = m.role
    WHERE u.id = $1 ORDER BY r.id";
