//! Orders in the database.

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Row, Value};

use super::authorization::{COLUMNS, INSERT, authorization};
use super::{Authorization, Store, json_of, optional_time_of, time_of, wrong};
use crate::acme::id::Id;
use crate::acme::identifier::Identifier;
use crate::acme::problem::Document;
use crate::store::CertificateId;

/// How far an order has come. Until it is finalized its authorizations say the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::acme) enum OrderState {
    /// Pending, ready, or invalid, as its authorizations are.
    Open,
    /// A certificate is being made.
    Processing,
    /// The certificate of this number is there.
    Valid { certificate: CertificateId },
    /// There will be none.
    Invalid { error: Option<Document> },
}

/// What an account ordered.
#[derive(Debug, Clone)]
pub(in crate::acme) struct Order {
    pub(in crate::acme) id: Id,
    pub(in crate::acme) account: Id,
    pub(in crate::acme) state: OrderState,
    pub(in crate::acme) offer: String,
    /// Whether the client named the offer.
    pub(in crate::acme) named_offer: bool,
    pub(in crate::acme) identifiers: Vec<Identifier>,
    pub(in crate::acme) not_before: Option<Timestamp>,
    pub(in crate::acme) not_after: Option<Timestamp>,
    pub(in crate::acme) created: Timestamp,
    pub(in crate::acme) expires: Timestamp,
    pub(in crate::acme) replaces: Option<String>,
}

/// An order to be kept, with its authorizations in the order of its identifiers.
#[derive(Debug)]
pub(in crate::acme) struct NewOrder<'a> {
    pub(in crate::acme) order: &'a Order,
    pub(in crate::acme) fresh: &'a [Authorization],
    pub(in crate::acme) authorizations: &'a [Id],
    /// How many authorizations of the account may be pending, with these. Those that came to nothing within the hour count as pending.
    pub(in crate::acme) pending: u32,
    /// What expires after this, in seconds, and came to nothing, did so within the hour.
    pub(in crate::acme) spent_after: i64,
}

/// Whether an order was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::acme) enum Kept {
    Yes,
    /// The account has as many authorizations pending as it may.
    TooMany,
    /// Another order replaces the certificate.
    Replaced,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT o.id AS order_id, o.account AS order_account, o.status AS order_status, o.offer AS order_offer, o.named_offer,
             o.identifiers, o.not_before, o.not_after, o.created, o.expires AS order_expires, o.replaces, o.error AS order_error,
             o.certificate, z.id, z.account, z.kind, z.value, z.wildcard, z.status, z.expires, z.token, z.offer, z.attempted, z.validated,
             z.caa, z.error FROM acme_order o LEFT JOIN acme_order_authorization p ON p.order_id = o.id
             LEFT JOIN acme_authorization z ON z.id = p.authorization_id ",
            $rest
        )
    };
}

/// How long an order is kept after it has come to nothing, in seconds.
const KEPT: i64 = 7 * 24 * 3_600;

impl Store {
    /// Keeps an order, if the account may have so many authorizations pending and nothing else replaces what it replaces.
    pub(in crate::acme) async fn insert_order(&self, new: &NewOrder<'_>) -> Result<Kept, DatabaseError> {
        let order = new.order;
        let mut transaction = self.database.write().await?;
        if !new.fresh.is_empty() {
            let sql = "SELECT count(*) AS pending FROM (
                SELECT 1 FROM acme_authorization WHERE account = $1 AND status = 'pending' AND expires > $2
                UNION ALL
                SELECT 1 FROM acme_authorization WHERE account = $1 AND status IN ('invalid', 'deactivated') AND expires > $4
                LIMIT $3
            ) AS waiting";
            let limit = i64::from(new.pending);
            let values = [(&order.account).into(), order.created.as_second().into(), limit.into(), new.spent_after.into()];
            let row = transaction.one(sql, &values).await?;
            let more = i64::try_from(new.fresh.len()).unwrap_or(i64::MAX);
            if row.integer("pending")?.saturating_add(more) > limit {
                return Ok(Kept::TooMany);
            }
            let bases: Vec<String> = new.fresh.iter().map(|one| one.identifier.base()).collect();
            let rows: Vec<Value<'_>> = new.fresh.iter().zip(&bases).flat_map(|(one, base)| one.row(base)).collect();
            transaction.insert_rows(INSERT, COLUMNS, "", &rows).await?;
        }
        let identifiers = serde_json::to_string(&order.identifiers).expect("identifiers are written as JSON");
        let row: [Value<'_>; 12] = [
            (&order.id).into(),
            (&order.account).into(),
            "open".into(),
            (&order.offer).into(),
            order.named_offer.into(),
            (&identifiers).into(),
            order.not_before.map(Timestamp::as_second).into(),
            order.not_after.map(Timestamp::as_second).into(),
            order.created.as_second().into(),
            order.expires.as_second().into(),
            order.replaces.as_deref().into(),
            (order.expires.as_second() + KEPT).into(),
        ];
        let insert =
            "INSERT INTO acme_order (id, account, status, offer, named_offer, identifiers, not_before, not_after, created, expires,
            replaces, kept_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        if let Some(replaced) = &order.replaces {
            // An order that has come to nothing replaces nothing, though nobody has noted that it has.
            let sql = "UPDATE acme_order SET status = 'invalid' WHERE replaces = $1 AND status = 'open' AND (expires <= $2 OR EXISTS (
                SELECT 1 FROM acme_order_authorization p JOIN acme_authorization z ON z.id = p.authorization_id
                WHERE p.order_id = acme_order.id AND z.status IN ('invalid', 'deactivated')))";
            transaction.execute(sql, &[replaced.into(), order.created.as_second().into()]).await?;
        }
        match transaction.execute(insert, &row).await {
            Err(error) if error.is_duplicate() && order.replaces.is_some() => return Ok(Kept::Replaced),
            inserted => inserted?,
        };
        let positions = new.authorizations.iter().zip(0_i64..);
        let rows: Vec<Value<'_>> =
            positions.flat_map(|(authorization, position)| [(&order.id).into(), position.into(), authorization.into()]).collect();
        let insert = "INSERT INTO acme_order_authorization (order_id, position, authorization_id) VALUES";
        transaction.insert_rows(insert, 3, "", &rows).await?;
        transaction.commit().await?;
        Ok(Kept::Yes)
    }

    /// An order of this account, and its authorizations in the order of its identifiers, those that are there still.
    pub(in crate::acme) async fn order(&self, id: &Id, account: &Id) -> Result<Option<(Order, Vec<Authorization>)>, DatabaseError> {
        let sql = select!("WHERE o.id = $1 AND o.account = $2 ORDER BY p.position");
        let rows = self.database.all(sql, &[id.into(), account.into()]).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut authorizations = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.optional_text("id")?.is_some() {
                authorizations.push(authorization(row)?);
            }
        }
        Ok(Some((order(first)?, authorizations)))
    }

    /// The IDs of an account's orders that have come to something or still may, the newest first, those before a place in that list.
    pub(in crate::acme) async fn orders_of(
        &self,
        account: &Id,
        before: Option<(Timestamp, &Id)>,
        now: Timestamp,
        count: u32,
    ) -> Result<Vec<(Id, Timestamp)>, DatabaseError> {
        let sql = "SELECT id, created FROM acme_order WHERE account = $1 AND (created < $2 OR (created = $2 AND id < $3))
            AND (status IN ('valid', 'processing') OR (status = 'open' AND expires > $4)) ORDER BY created DESC, id DESC LIMIT $5";
        let (created, id) = before.map_or((i64::MAX, ""), |(created, id)| (created.as_second(), id.as_str()));
        let values = [account.into(), created.into(), id.into(), now.as_second().into(), i64::from(count).into()];
        let rows = self.database.all(sql, &values).await?;
        rows.iter().map(|row| Ok((Id::stored(row.text("id")?), time_of(row, "created")?))).collect()
    }

    /// The account whose order a certificate came of.
    pub(in crate::acme) async fn account_of_certificate(&self, certificate: CertificateId) -> Result<Option<Id>, DatabaseError> {
        let row = self.database.optional("SELECT account FROM acme_order WHERE certificate = $1", &[certificate.into()]).await?;
        row.map(|row| row.text("account").map(Id::stored)).transpose()
    }

    /// Begins to make the certificate of a request; whether nobody else has.
    pub(in crate::acme) async fn begin(&self, id: &Id, csr: &[u8], lease_until: Timestamp, now: Timestamp) -> Result<bool, DatabaseError> {
        let sql =
            "UPDATE acme_order SET status = 'processing', csr = $1, lease_until = $2 WHERE id = $3 AND status = 'open' AND expires > $4";
        let values = [csr.into(), lease_until.as_second().into(), id.into(), now.as_second().into()];
        Ok(self.database.execute(sql, &values).await? == 1)
    }

    /// Makes an order ready again whose certificate was refused.
    pub(in crate::acme) async fn release(&self, id: &Id) -> Result<(), DatabaseError> {
        let sql = "UPDATE acme_order SET status = 'open', csr = NULL, lease_until = NULL WHERE id = $1 AND status = 'processing'";
        self.database.execute(sql, &[id.into()]).await.map(drop)
    }

    /// Ends an order with its certificate, which is kept until it has expired.
    pub(in crate::acme) async fn fulfil(&self, id: &Id, certificate: CertificateId, not_after: Timestamp) -> Result<(), DatabaseError> {
        let sql = "UPDATE acme_order SET status = 'valid', certificate = $1, kept_until = $2, csr = NULL, lease_until = NULL
            WHERE id = $3 AND status = 'processing'";
        let values = [certificate.into(), (not_after.as_second() + KEPT).into(), id.into()];
        self.database.execute(sql, &values).await.map(drop)
    }

    /// Ends an order without a certificate.
    pub(in crate::acme) async fn fail(&self, id: &Id, error: &Document) -> Result<(), DatabaseError> {
        let sql =
            "UPDATE acme_order SET status = 'invalid', error = $1, csr = NULL, lease_until = NULL WHERE id = $2 AND status = 'processing'";
        self.database.execute(sql, &[(&error.to_text()).into(), id.into()]).await.map(drop)
    }

    /// Orders whose certificate was being made by a process that has not been heard of since, and the certificate of each, if it was stored:
    /// the one for its first name that keeps the very request.
    pub(in crate::acme) async fn abandoned(
        &self,
        now: Timestamp,
        count: u32,
    ) -> Result<Vec<(Id, Option<(CertificateId, Timestamp)>)>, DatabaseError> {
        let sql = "SELECT id, identifiers, csr, created FROM acme_order WHERE status = 'processing' AND lease_until < $1 LIMIT $2";
        let rows = self.database.all(sql, &[now.as_second().into(), i64::from(count).into()]).await?;
        let mut orders = Vec::new();
        for row in &rows {
            let identifiers: Vec<Identifier> = json_of(row, "identifiers")?;
            let first = identifiers.first().map(ToString::to_string).unwrap_or_default();
            let (csr, created) = (row.bytes("csr")?, row.integer("created")?);
            let sql = "SELECT c.id, c.not_after FROM certificate_name n JOIN certificate c ON c.id = n.certificate
                WHERE n.value = $1 AND c.csr = $2 AND c.issued_ms >= $3 ORDER BY c.id DESC LIMIT 1";
            let found = self.database.optional(sql, &[(&first).into(), (&csr).into(), (created * 1_000).into()]).await?;
            let found =
                found.map(|row| Ok::<_, DatabaseError>((CertificateId(row.integer("id")?), time_of(&row, "not_after")?))).transpose()?;
            orders.push((Id::stored(row.text("id")?), found));
        }
        Ok(orders)
    }

    /// Forgets orders and authorizations that have come to nothing, and those of certificates that have expired.
    pub(in crate::acme) async fn forget(&self, now: Timestamp, count: u32) -> Result<(), DatabaseError> {
        let (now, count) = (now.as_second(), i64::from(count));
        let mut transaction = self.database.write().await?;
        let old = "DELETE FROM acme_order_authorization WHERE order_id IN (SELECT id FROM acme_order WHERE kept_until < $1 ORDER BY kept_until LIMIT $2)";
        transaction.execute(old, &[now.into(), count.into()]).await?;
        let old = "DELETE FROM acme_order WHERE id IN (SELECT id FROM acme_order WHERE kept_until < $1 ORDER BY kept_until LIMIT $2)";
        transaction.execute(old, &[now.into(), count.into()]).await?;
        // An order may name an authorization that has expired; one that is this old is in no order that still may succeed.
        let old =
            "DELETE FROM acme_authorization WHERE id IN (SELECT id FROM acme_authorization WHERE expires < $1 ORDER BY expires LIMIT $2)";
        transaction.execute(old, &[(now - 2 * KEPT).into(), count.into()]).await?;
        transaction.commit().await
    }
}

fn order(row: &Row) -> Result<Order, DatabaseError> {
    let state = match row.text("order_status")?.as_str() {
        "open" => OrderState::Open,
        "processing" => OrderState::Processing,
        "valid" => OrderState::Valid { certificate: CertificateId(row.integer("certificate")?) },
        "invalid" => {
            let error = |text: String| serde_json::from_str(&text).map_err(|_| wrong("error"));
            OrderState::Invalid { error: row.optional_text("order_error")?.map(error).transpose()? }
        }
        _ => return Err(wrong("status")),
    };
    Ok(Order {
        id: Id::stored(row.text("order_id")?),
        account: Id::stored(row.text("order_account")?),
        state,
        offer: row.text("order_offer")?,
        named_offer: row.flag("named_offer")?,
        identifiers: json_of(row, "identifiers")?,
        not_before: optional_time_of(row, "not_before")?,
        not_after: optional_time_of(row, "not_after")?,
        created: time_of(row, "created")?,
        expires: time_of(row, "order_expires")?,
        replaces: row.optional_text("replaces")?,
    })
}
