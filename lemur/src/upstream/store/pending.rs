//! Pending certificates: what was ordered, for whom, and how far it has come.

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Kind, Row, Statement, Transaction, Value};

use crate::issue::Record;
use crate::name::San;
use crate::store::keys::SealedKey;
use crate::store::list::COUNTED;
use crate::store::replicas::now_ms;
use crate::store::{AuthorityId, CertificateId, PendingId, RoleId, UserId, moment, optional};

/// How far a pending certificate has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingState {
    /// Nothing was asked of the upstream yet, or the last order came to nothing.
    Waiting,
    /// The upstream is about to be asked, or was asked and its answer is not known.
    Ordering,
    /// The upstream has the order, and wants the names to be shown to be held.
    Ordered,
    /// The upstream has, or is about to have, the request.
    Finalizing,
    /// The certificate is stored.
    Issued,
    /// It was given up.
    Failed,
}

impl PendingState {
    const ALL: [Self; 6] = [Self::Waiting, Self::Ordering, Self::Ordered, Self::Finalizing, Self::Issued, Self::Failed];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ordering => "ordering",
            Self::Ordered => "ordered",
            Self::Finalizing => "finalizing",
            Self::Issued => "issued",
            Self::Failed => "failed",
        }
    }

    fn read(row: &Row) -> Result<Self, DatabaseError> {
        let text = row.text("state")?;
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| DatabaseError::Value { column: "state", reason: format!("{text:?} is not known") })
    }
}

/// A certificate that an authority elsewhere has yet to issue, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub id: PendingId,
    /// The authority that it was ordered from.
    pub authority: AuthorityId,
    /// What it is called as long as it is pending.
    pub name: String,
    /// The subject's common name, or else the first alternative name.
    pub common_name: String,
    /// What is kept with it and with its certificate.
    pub record: Record,
    /// Who asked for it.
    pub creator: Option<UserId>,
    /// The profile that it was admitted by.
    pub profile: String,
    /// The kind of its key, as Lemur names them.
    pub key_type: String,
    /// Its alternative names, in their order.
    pub names: Vec<San>,
    /// From when it is to hold, if that was asked for.
    pub not_before: Option<Timestamp>,
    /// Until when it is to hold, if that was asked for.
    pub not_after: Option<Timestamp>,
    /// The request that the upstream gets, DER.
    pub csr: Vec<u8>,
    /// Whether whoever asked brought the request.
    pub own_csr: bool,
    /// Whether its private key is stored with it.
    pub has_key: bool,
    /// When it was ordered here.
    pub created: Timestamp,
    /// When it last came further.
    pub updated: Timestamp,
    /// How far it has come.
    pub state: PendingState,
    /// How many attempts failed.
    pub attempts: i64,
    /// Why the last attempt failed.
    pub status: String,
    /// Whether nothing is done for it any more.
    pub resolved: bool,
    /// Its certificate.
    pub certificate: Option<CertificateId>,
    /// The order's URL at the upstream, and the directory that it is of.
    pub(in crate::upstream) order: Option<(String, String)>,
    pub(in crate::upstream) ordered: Option<Timestamp>,
}

impl Pending {
    /// The order's URL at the upstream.
    #[must_use]
    pub fn order_url(&self) -> Option<&str> {
        self.order.as_ref().map(|(_, url)| url.as_str())
    }
}

/// What is stored anew.
pub(in crate::upstream) struct NewPending<'a> {
    pub(in crate::upstream) authority: AuthorityId,
    pub(in crate::upstream) name: &'a str,
    pub(in crate::upstream) common_name: &'a str,
    pub(in crate::upstream) record: &'a Record,
    pub(in crate::upstream) creator: Option<UserId>,
    pub(in crate::upstream) profile: &'a str,
    pub(in crate::upstream) key_type: &'a str,
    pub(in crate::upstream) names: &'a [San],
    pub(in crate::upstream) not_before: Option<Timestamp>,
    pub(in crate::upstream) not_after: Option<Timestamp>,
    pub(in crate::upstream) csr: &'a [u8],
    pub(in crate::upstream) own_csr: bool,
    pub(in crate::upstream) key: Option<&'a SealedKey>,
    pub(in crate::upstream) created_ms: i64,
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("numbers and texts are JSON")
}

pub(in crate::upstream) async fn insert(
    transaction: &mut Transaction,
    kind: Kind,
    new: &NewPending<'_>,
) -> Result<PendingId, DatabaseError> {
    let (roles, replaces, names) = (json(&new.record.roles), json(&new.record.replaces), json(&new.names));
    let columns = "INSERT INTO pending_certificate (authority, name, wanted_name, cn, owner, creator, description, profile, key_type, notify, \
        rotation, rotation_policy, roles, replaces, names, not_before, not_after, csr, own_csr, ring_key, sealed, created_ms, \
        updated_ms, state, due_ms) VALUES (";
    let values = [
        new.authority.into(),
        new.name.into(),
        new.record.name.as_deref().into(),
        new.common_name.into(),
        Value::from(&new.record.owner),
        new.creator.map(|id| id.0).into(),
        Value::from(&new.record.description),
        new.profile.into(),
        new.key_type.into(),
        new.record.notify.into(),
        new.record.rotation.into(),
        Value::from(&new.record.rotation_policy),
        Value::from(&roles),
        Value::from(&replaces),
        Value::from(&names),
        new.not_before.map(Timestamp::as_second).into(),
        new.not_after.map(Timestamp::as_second).into(),
        new.csr.into(),
        new.own_csr.into(),
        new.key.map(|key| key.ring_key.as_str()).into(),
        new.key.map(|key| key.sealed.as_slice()).into(),
        new.created_ms.into(),
        new.created_ms.into(),
        PendingState::Waiting.as_str().into(),
    ];
    let mut statement = Statement::new(columns);
    statement.bind_all(values).push(", ").push(now_ms(kind)).push(") RETURNING id");
    let rows = transaction.all_of(&statement).await?;
    Ok(PendingId(rows.first().ok_or(DatabaseError::NoRow)?.integer("id")?))
}

const COLUMNS: &str = "SELECT id, authority, name, wanted_name, cn, owner, creator, description, profile, key_type, notify, rotation, \
    rotation_policy, roles, replaces, names, not_before, not_after, csr, own_csr, CAST(CASE WHEN sealed IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_key, created_ms, updated_ms, state, \
    attempts, status, resolved, certificate, directory, order_url, ordered_ms FROM pending_certificate ";

fn list_of<T: serde::de::DeserializeOwned>(row: &Row, column: &'static str) -> Result<T, DatabaseError> {
    serde_json::from_str(&row.text(column)?).map_err(|error| DatabaseError::Value { column, reason: error.to_string() })
}

fn read(row: &Row) -> Result<Pending, DatabaseError> {
    let time = |column: &'static str| -> Result<Option<Timestamp>, DatabaseError> {
        let wrong = |_| DatabaseError::Value { column, reason: "it is no time".to_owned() };
        row.optional_integer(column)?.map(|seconds| Timestamp::from_second(seconds).map_err(wrong)).transpose()
    };
    let order = match (row.optional_text("directory")?, row.optional_text("order_url")?) {
        (Some(directory), Some(url)) => Some((directory, url)),
        _ => None,
    };
    Ok(Pending {
        id: PendingId(row.integer("id")?),
        authority: AuthorityId(row.integer("authority")?),
        name: row.text("name")?,
        common_name: row.text("cn")?,
        record: Record {
            name: row.optional_text("wanted_name")?,
            owner: row.text("owner")?,
            description: row.text("description")?,
            roles: list_of::<Vec<RoleId>>(row, "roles")?,
            replaces: list_of::<Vec<CertificateId>>(row, "replaces")?,
            notify: row.flag("notify")?,
            rotation: row.flag("rotation")?,
            rotation_policy: row.text("rotation_policy")?,
        },
        creator: optional(row.optional_integer("creator")?, UserId),
        profile: row.text("profile")?,
        key_type: row.text("key_type")?,
        names: list_of(row, "names")?,
        not_before: time("not_before")?,
        not_after: time("not_after")?,
        csr: row.bytes("csr")?,
        own_csr: row.flag("own_csr")?,
        has_key: row.flag("has_key")?,
        created: moment(row, "created_ms")?,
        updated: moment(row, "updated_ms")?,
        state: PendingState::read(row)?,
        attempts: row.integer("attempts")?,
        status: row.text("status")?,
        resolved: row.flag("resolved")?,
        certificate: optional(row.optional_integer("certificate")?, CertificateId),
        order,
        ordered: match row.optional_integer("ordered_ms")? {
            Some(_) => Some(moment(row, "ordered_ms")?),
            None => None,
        },
    })
}

pub(in crate::upstream) async fn by_id(transaction: &mut Transaction, id: PendingId) -> Result<Option<Pending>, DatabaseError> {
    let mut statement = Statement::new(COLUMNS);
    statement.push("WHERE id = ").bind(id);
    transaction.all_of(&statement).await?.first().map(read).transpose()
}

/// Which pending certificates are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingFilter {
    /// Those that are resolved, instead of those that are not.
    pub resolved: bool,
    /// Of this authority.
    pub authority: Option<AuthorityId>,
    /// With this in their names or their owner's address, in any case.
    pub text: Option<String>,
    /// The oldest first.
    pub ascending: bool,
}

/// A page of the list, and how many there are, counted up to [`COUNTED`] beyond the page.
pub(in crate::upstream) async fn list(
    transaction: &mut Transaction,
    filter: &PendingFilter,
    (offset, limit): (i64, i64),
) -> Result<(Vec<Pending>, i64), DatabaseError> {
    let escaped = filter.text.as_ref().map(|text| text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let pattern = escaped.map(|text| format!("%{text}%"));
    let mut condition = Statement::new("WHERE resolved = ");
    condition.bind(filter.resolved);
    if let Some(authority) = filter.authority {
        condition.push(" AND authority = ").bind(authority);
    }
    if let Some(pattern) = &pattern {
        condition.push(" AND (lower(name) LIKE ").bind(pattern).push(" ESCAPE '\\' OR lower(cn) LIKE ").bind(pattern);
        condition.push(" ESCAPE '\\' OR lower(owner) LIKE ").bind(pattern).push(" ESCAPE '\\')");
    }
    let mut count = Statement::new("SELECT count(*) AS n FROM (SELECT 1 FROM pending_certificate ");
    let counted = i64::try_from(COUNTED).unwrap_or(i64::MAX).saturating_add(limit).saturating_add(offset);
    count.append(&condition).push(" LIMIT ").bind(counted).push(") AS counted");
    let total = transaction.all_of(&count).await?.first().ok_or(DatabaseError::NoRow)?.integer("n")?;
    // The rows before the page are not read to be passed over: their numbers stand in the index.
    let order = if filter.ascending { " ORDER BY id" } else { " ORDER BY id DESC" };
    let mut page = Statement::new(COLUMNS);
    page.push("WHERE id IN (SELECT id FROM pending_certificate ").append(&condition).push(order).push(" LIMIT ").bind(limit);
    page.push(" OFFSET ").bind(offset).push(")").push(order);
    let found = transaction.all_of(&page).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok((found, total))
}

/// What of a pending certificate may be changed. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingChange {
    /// Who answers for it.
    pub owner: Option<String>,
    /// What people say about it.
    pub description: Option<String>,
    /// Whether its owner is told of its end.
    pub notify: Option<bool>,
    /// Whether it is to be replaced before its end.
    pub rotation: Option<bool>,
    /// By which policy.
    pub rotation_policy: Option<String>,
    /// The roles that may use it.
    pub roles: Option<Vec<RoleId>>,
    /// The certificates that it replaces.
    pub replaces: Option<Vec<CertificateId>>,
}

/// Changes one that is not resolved; false if there is none.
pub(in crate::upstream) async fn change(
    transaction: &mut Transaction,
    kind: Kind,
    id: PendingId,
    change: &PendingChange,
) -> Result<bool, DatabaseError> {
    let (roles, replaces) = (change.roles.as_ref().map(json), change.replaces.as_ref().map(json));
    let mut statement = Statement::new("UPDATE pending_certificate SET updated_ms = ");
    statement.push(now_ms(kind));
    for (column, text) in [
        (", owner = ", &change.owner),
        (", description = ", &change.description),
        (", rotation_policy = ", &change.rotation_policy),
        (", roles = ", &roles),
        (", replaces = ", &replaces),
    ] {
        if let Some(text) = text {
            statement.push(column).bind(text);
        }
    }
    for (column, flag) in [(", notify = ", change.notify), (", rotation = ", change.rotation)] {
        if let Some(flag) = flag {
            statement.push(column).bind(flag);
        }
    }
    statement.push(" WHERE resolved = 0 AND id = ").bind(id);
    Ok(transaction.execute_of(&statement).await? == 1)
}

/// Takes one away; what was shown for it is withdrawn later. False if it has its certificate, or is not there.
pub(in crate::upstream) async fn delete(transaction: &mut Transaction, id: PendingId) -> Result<bool, DatabaseError> {
    let sql = "DELETE FROM pending_certificate WHERE id = $1 AND certificate IS NULL";
    Ok(transaction.execute(sql, &[id.into()]).await? == 1)
}

/// Its private key, as long as its certificate does not have it, with its request: from that follows what the key was sealed to belong to.
pub(in crate::upstream) async fn key(transaction: &mut Transaction, id: PendingId) -> Result<Option<(SealedKey, Vec<u8>)>, DatabaseError> {
    let sql = "SELECT id, ring_key, sealed, csr FROM pending_certificate WHERE id = $1 AND sealed IS NOT NULL";
    transaction.optional(sql, &[id.into()]).await?.as_ref().map(read_key).transpose()
}

fn read_key(row: &Row) -> Result<(SealedKey, Vec<u8>), DatabaseError> {
    Ok((SealedKey { ring_key: row.text("ring_key")?, sealed: row.bytes("sealed")? }, row.bytes("csr")?))
}

/// Keys that are sealed under another key of the ring than `newest`, up to `limit`, with their requests.
pub(in crate::upstream) async fn sealed_otherwise(
    transaction: &mut Transaction,
    newest: &str,
    limit: i64,
) -> Result<Vec<(PendingId, SealedKey, Vec<u8>)>, DatabaseError> {
    let sql = "SELECT id, ring_key, sealed, csr FROM pending_certificate WHERE sealed IS NOT NULL AND ring_key <> $1 LIMIT $2";
    let rows = transaction.all(sql, &[newest.into(), limit.into()]).await?;
    let read = |row: &Row| {
        let (key, csr) = read_key(row)?;
        Ok((PendingId(row.integer("id")?), key, csr))
    };
    rows.iter().map(read).collect()
}

/// Puts a key that was sealed anew in the place of what it was made from, unless that has changed.
pub(in crate::upstream) async fn reseal(
    transaction: &mut Transaction,
    id: PendingId,
    old: &SealedKey,
    new: &SealedKey,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE pending_certificate SET ring_key = $1, sealed = $2 WHERE id = $3 AND sealed = $4";
    let values = [Value::from(&new.ring_key), Value::from(&new.sealed), id.into(), Value::from(&old.sealed)];
    transaction.execute(sql, &values).await.map(drop)
}
