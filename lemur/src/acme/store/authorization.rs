//! Authorizations in the database, each with its challenges: they share a token, and a client answers one of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Row, Statement, Value};
use serde_json::json;

use super::{Store, optional_time_of, time_of, wrong};
use crate::acme::id::Id;
use crate::acme::identifier::Identifier;
use crate::acme::problem::Document;
use crate::audit::Actor;
use crate::store::StoreError;
use crate::validate::Method;

/// How an authorization stands (RFC 8555, 7.1.6). That it has expired is told by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::acme) enum AuthorizationStatus {
    Pending,
    Valid,
    Invalid,
    Deactivated,
}

impl AuthorizationStatus {
    pub(in crate::acme) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Deactivated => "deactivated",
        }
    }

    fn named(name: &str) -> Result<Self, DatabaseError> {
        let all = [Self::Pending, Self::Valid, Self::Invalid, Self::Deactivated];
        all.into_iter().find(|status| status.name() == name).ok_or_else(|| wrong("status"))
    }
}

/// Leave for an account to have an identifier certified, or the way to it.
#[derive(Debug, Clone)]
pub(in crate::acme) struct Authorization {
    pub(in crate::acme) id: Id,
    pub(in crate::acme) account: Id,
    pub(in crate::acme) identifier: Identifier,
    pub(in crate::acme) status: AuthorizationStatus,
    pub(in crate::acme) expires: Timestamp,
    pub(in crate::acme) token: String,
    /// What is asked for with it: says which addresses may be asked.
    pub(in crate::acme) offer: String,
    /// The challenge that the client answered.
    pub(in crate::acme) attempted: Option<Method>,
    pub(in crate::acme) validated: Option<Timestamp>,
    /// When CAA records were last found to let this authority certify the name.
    pub(in crate::acme) caa: Option<Timestamp>,
    pub(in crate::acme) error: Option<Document>,
}

/// What came of a challenge.
#[derive(Debug, Clone)]
pub(in crate::acme) enum Attempt {
    Valid { expires: Timestamp, caa: bool },
    Invalid(Document),
}

/// A challenge that was answered and that nobody looks at any more.
#[derive(Debug)]
pub(in crate::acme) struct Job {
    pub(in crate::acme) authorization: Authorization,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT z.id, z.account, z.kind, z.value, z.wildcard, z.status, z.expires, z.token, z.offer, z.attempted, z.validated, z.caa,
             z.error FROM acme_authorization z ",
            $rest
        )
    };
}

/// The values of an insert, in the order of [`INSERT`].
pub(super) const COLUMNS: usize = 9;
pub(super) const INSERT: &str = "INSERT INTO acme_authorization (id, account, kind, value, wildcard, status, expires, token, offer) VALUES";

impl Authorization {
    /// The row of a new one. `base` is [`Identifier::base`].
    pub(super) fn row<'a>(&'a self, base: &'a str) -> [Value<'a>; COLUMNS] {
        [
            (&self.id).into(),
            (&self.account).into(),
            self.identifier.kind().into(),
            base.into(),
            self.identifier.is_wildcard().into(),
            self.status.name().into(),
            self.expires.as_second().into(),
            (&self.token).into(),
            (&self.offer).into(),
        ]
    }

    /// What the row is after [`Store::settle`].
    pub(in crate::acme) fn settle(&mut self, method: Method, attempt: Attempt, now: Timestamp) {
        self.attempted = Some(method);
        match attempt {
            Attempt::Valid { expires, caa } => {
                (self.status, self.validated, self.expires) = (AuthorizationStatus::Valid, Some(now), expires);
                self.caa = caa.then_some(now);
            }
            Attempt::Invalid(document) => (self.status, self.error) = (AuthorizationStatus::Invalid, Some(document)),
        }
    }

    /// Whether it gives leave at this time.
    pub(in crate::acme) fn is_in_force(&self, now: Timestamp) -> bool {
        self.status == AuthorizationStatus::Valid && now < self.expires
    }
}

impl Store {
    /// An authorization of this account.
    pub(in crate::acme) async fn authorization(&self, id: &Id, account: &Id) -> Result<Option<Authorization>, DatabaseError> {
        let row = self.database.optional(select!("WHERE z.id = $1 AND z.account = $2"), &[id.into(), account.into()]).await?;
        row.as_ref().map(authorization).transpose()
    }

    /// Proofs of control that this account gave for this offer and that hold until then at least: of each identifier the one that holds
    /// longest.
    pub(in crate::acme) async fn reusable(
        &self,
        account: &Id,
        identifiers: &[Identifier],
        offer: &str,
        until: Timestamp,
    ) -> Result<BTreeMap<Identifier, Authorization>, DatabaseError> {
        let bases: BTreeSet<String> = identifiers.iter().map(Identifier::base).collect();
        let mut statement = Statement::new(select!("WHERE z.status = 'valid' AND z.account = "));
        statement.bind(account).push(" AND z.offer = ").bind(offer).push(" AND z.expires > ").bind(until.as_second());
        statement.push(" AND z.value IN (").bind_all(&bases).push(") ORDER BY z.expires");
        let mut known = BTreeMap::new();
        // The last of an identifier stays.
        for row in &self.database.all_of(&statement).await? {
            let found = authorization(row)?;
            known.insert(found.identifier.clone(), found);
        }
        Ok(known)
    }

    /// Whether the account has leave for an identifier, whatever it was for.
    pub(in crate::acme) async fn is_authorized(
        &self,
        account: &Id,
        identifier: &Identifier,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "SELECT 1 AS one FROM acme_authorization WHERE account = $1 AND kind = $2 AND value = $3 AND wildcard = $4
            AND status = 'valid' AND expires > $5 LIMIT 1";
        let base = identifier.base();
        let values = [account.into(), identifier.kind().into(), (&base).into(), identifier.is_wildcard().into(), now.as_second().into()];
        Ok(self.database.optional(sql, &values).await?.is_some())
    }

    /// Notes that a client answered a challenge and that this replica looks at it; whether it is the first answer.
    pub(in crate::acme) async fn attempt(
        &self,
        id: &Id,
        method: Method,
        replica: &str,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE acme_authorization SET attempted = $1, lease = $2, lease_until = $3
            WHERE id = $4 AND status = 'pending' AND attempted IS NULL AND expires > $5";
        let values = [method.name().into(), replica.into(), lease_until.as_second().into(), id.into(), now.as_second().into()];
        Ok(self.database.execute(sql, &values).await? == 1)
    }

    /// Notes what came of it, if this replica still has the lease.
    pub(in crate::acme) async fn settle(&self, id: &Id, replica: &str, attempt: &Attempt, now: Timestamp) -> Result<bool, DatabaseError> {
        let error;
        let (status, validated, expires, caa, error) = match attempt {
            Attempt::Valid { expires, caa } => {
                let now = now.as_second();
                (AuthorizationStatus::Valid, Some(now), Some(expires.as_second()), caa.then_some(now), None)
            }
            Attempt::Invalid(document) => {
                error = document.to_text();
                (AuthorizationStatus::Invalid, None, None, None, Some(error.as_str()))
            }
        };
        let sql = "UPDATE acme_authorization SET status = $1, validated = $2, expires = coalesce($3, expires), caa = $4, error = $5,
            lease = NULL, lease_until = NULL WHERE id = $6 AND status = 'pending' AND lease = $7";
        let values = [status.name().into(), validated.into(), expires.into(), caa.into(), error.into(), id.into(), replica.into()];
        Ok(self.database.execute(sql, &values).await? == 1)
    }

    /// Takes over answered challenges whose replica has not been heard of since.
    pub(in crate::acme) async fn take_over(
        &self,
        replica: &str,
        lease_until: Timestamp,
        now: Timestamp,
        count: u32,
    ) -> Result<Vec<Job>, DatabaseError> {
        let abandoned = self
            .database
            .all(
                select!("WHERE z.status = 'pending' AND z.attempted IS NOT NULL AND z.lease_until < $1 ORDER BY z.lease_until LIMIT $2"),
                &[now.as_second().into(), i64::from(count).into()],
            )
            .await?;
        let mut jobs = Vec::new();
        for row in &abandoned {
            let authorization = authorization(row)?;
            let sql =
                "UPDATE acme_authorization SET lease = $1, lease_until = $2 WHERE id = $3 AND status = 'pending' AND lease_until < $4";
            let values = [replica.into(), lease_until.as_second().into(), (&authorization.id).into(), now.as_second().into()];
            if self.database.execute(sql, &values).await? == 1 {
                jobs.push(Job { authorization });
            }
        }
        Ok(jobs)
    }

    /// Holds on to a challenge that waits its turn, or begins to be looked at; false if it has gone to another replica, or been given up.
    pub(in crate::acme) async fn renew(&self, id: &Id, replica: &str, lease_until: Timestamp) -> Result<bool, DatabaseError> {
        let sql = "UPDATE acme_authorization SET lease_until = $1 WHERE id = $2 AND status = 'pending' AND lease = $3";
        Ok(self.database.execute(sql, &[lease_until.as_second().into(), id.into(), replica.into()]).await? == 1)
    }

    /// Gives an authorization up for its account; whether it could be.
    pub(in crate::acme) async fn deactivate(&self, given_up: &Authorization, actor: &Actor) -> Result<bool, StoreError> {
        let sql = "UPDATE acme_authorization SET status = 'deactivated' WHERE id = $1 AND status IN ('pending', 'valid')";
        let mut transaction = self.database.write().await?;
        if transaction.execute(sql, &[(&given_up.id).into()]).await? == 0 {
            return Ok(false);
        }
        let fields = [
            ("authorization", json!(given_up.id.as_str())),
            ("identifier", json!(given_up.identifier.to_string())),
            ("from", json!(given_up.status.name())),
        ];
        self.audited(transaction, actor, "acme_authorization_deactivated", fields).await?;
        Ok(true)
    }

    /// Notes that CAA records were looked at anew.
    pub(in crate::acme) async fn set_caa(&self, id: &Id, now: Timestamp) -> Result<(), DatabaseError> {
        self.database.execute("UPDATE acme_authorization SET caa = $1 WHERE id = $2", &[now.as_second().into(), id.into()]).await.map(drop)
    }
}

pub(super) fn authorization(row: &Row) -> Result<Authorization, DatabaseError> {
    let (kind, value) = (row.text("kind")?, row.text("value")?);
    let value = if row.flag("wildcard")? { format!("*.{value}") } else { value };
    let identifier = Identifier::parse(&kind, &value).map_err(|_| wrong("value"))?;
    let method = |name: String| Method::named(&name).ok_or_else(|| wrong("attempted"));
    let error = |text: String| serde_json::from_str(&text).map_err(|_| wrong("error"));
    Ok(Authorization {
        id: Id::stored(row.text("id")?),
        account: Id::stored(row.text("account")?),
        identifier,
        status: AuthorizationStatus::named(&row.text("status")?)?,
        expires: time_of(row, "expires")?,
        token: row.text("token")?,
        offer: row.text("offer")?,
        attempted: row.optional_text("attempted")?.map(method).transpose()?,
        validated: optional_time_of(row, "validated")?,
        caa: optional_time_of(row, "caa")?,
        error: row.optional_text("error")?.map(error).transpose()?,
    })
}
