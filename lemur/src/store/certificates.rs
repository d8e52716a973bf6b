//! Certificates: what is known of each, its names, and what else hangs on it.
//!
//! A certificate's name is its own among all: one that is taken gets its serial appended, as Lemur's clients expect.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Row, Statement, Transaction, Value};

use super::words::{self, Word};
use super::{AuthorityId, CertificateId, RoleId, UserId, date, moment, optional, sha256};

/// A certificate as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its number.
    pub id: CertificateId,
    /// Who issued it, if it is one of ours.
    pub authority: Option<AuthorityId>,
    /// The issuer's name for people.
    pub issuer: String,
    /// The serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
    /// The SHA-256 of its bytes.
    pub fingerprint: [u8; 32],
    /// What it is called, unlike any other.
    pub name: String,
    /// The subject's common name, or else the first alternative name.
    pub common_name: String,
    /// Who answers for it, an e-mail address.
    pub owner: String,
    /// Who asked for it.
    pub creator: Option<UserId>,
    /// What people say about it.
    pub description: String,
    /// The profile that it was made by; empty if it was not made here.
    pub profile: String,
    /// The kind of its key, as Lemur names them.
    pub key_type: String,
    /// The first moment that it holds.
    pub not_before: Timestamp,
    /// The last moment that it holds.
    pub not_after: Timestamp,
    /// When it was stored.
    pub issued: Timestamp,
    /// The part of the revocation list that it belongs to.
    pub shard: Option<i64>,
    /// When and why it was revoked.
    pub revoked: Option<Revoked>,
    /// Whether its owner is told of its end.
    pub notify: bool,
    /// Whether it is to be replaced before its end.
    pub rotation: bool,
    /// By which policy.
    pub rotation_policy: String,
    /// Whether its private key is stored.
    pub has_key: bool,
    /// Whether another replaces it.
    pub replaced: bool,
    /// The certificate.
    pub der: Vec<u8>,
    /// The chain of a certificate that was not issued here, PEM.
    pub chain: Option<String>,
    /// What another system calls it.
    pub external_id: Option<String>,
    /// The request that it was made from, DER.
    pub csr: Option<Vec<u8>>,
    /// Its alternative names, in their order.
    pub names: Vec<NameRow>,
    /// The roles that may use it.
    pub roles: Vec<RoleId>,
    /// The certificates that it replaces.
    pub replaces: Vec<CertificateId>,
    /// The certificates that replace it.
    pub replaced_by: Vec<CertificateId>,
}

impl Certificate {
    /// Whether it is the certificate of one of our authorities, and not of somebody who came to them.
    #[must_use]
    pub fn is_an_authoritys(&self) -> bool {
        self.profile == crate::authority::PROFILE
    }
}

/// That a certificate does not hold any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Since when.
    pub at: Timestamp,
    /// Why, as RFC 5280 names it.
    pub reason: String,
}

/// An alternative name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameRow {
    /// `dns`, `ip`, `email` or `uri`.
    pub kind: String,
    /// Its text.
    pub value: String,
}

/// What is stored anew.
#[derive(Debug, Clone)]
pub struct NewCertificate {
    /// Who issued it.
    pub authority: Option<AuthorityId>,
    /// The issuer's name for people.
    pub issuer: String,
    /// The SHA-256 of the issuer's name as it is encoded.
    pub issuer_hash: [u8; 32],
    /// The serial number, big-endian without leading zeros.
    pub serial: Vec<u8>,
    /// The SHA-256 of its bytes.
    pub fingerprint: [u8; 32],
    /// What it shall be called, unless that is taken.
    pub name: String,
    /// See [`Certificate::common_name`].
    pub common_name: String,
    /// Who answers for it.
    pub owner: String,
    /// Who asked for it.
    pub creator: Option<UserId>,
    /// What people say about it.
    pub description: String,
    /// The profile; empty if it was not made here.
    pub profile: String,
    /// The kind of its key.
    pub key_type: String,
    /// In seconds.
    pub not_before: i64,
    /// In seconds.
    pub not_after: i64,
    /// In milliseconds.
    pub issued_ms: i64,
    /// The part of the revocation list.
    pub shard: Option<i64>,
    /// See [`Certificate::notify`].
    pub notify: bool,
    /// See [`Certificate::rotation`].
    pub rotation: bool,
    /// See [`Certificate::rotation_policy`].
    pub rotation_policy: String,
    /// The certificate.
    pub der: Vec<u8>,
    /// See [`Certificate::chain`].
    pub chain: Option<String>,
    /// See [`Certificate::external_id`].
    pub external_id: Option<String>,
    /// See [`Certificate::csr`].
    pub csr: Option<Vec<u8>>,
    /// Its alternative names.
    pub names: Vec<NameRow>,
    /// The roles that may use it.
    pub roles: Vec<RoleId>,
    /// The certificates that it replaces.
    pub replaces: Vec<CertificateId>,
    /// Its private key, sealed.
    pub key: Option<super::keys::SealedKey>,
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub id: CertificateId,
    /// What it is called.
    pub name: String,
}

const COLUMNS: &str = "INSERT INTO certificate (authority, issuer, issuer_hash, serial, fingerprint, name, cn, owner, creator, description, \
     profile, key_type, not_before, not_after, issued_ms, shard, notify, rotation, rotation_policy, has_key, der, chain, external_id, csr, \
     search) VALUES ";

/// The most rows that one statement takes, by the number of its parameters.
const ROWS: usize = 128;

/// Stores certificates, and gives their numbers and names in their order.
pub(crate) async fn insert(transaction: &mut Transaction, new: &[NewCertificate]) -> Result<Vec<Stored>, DatabaseError> {
    let names = free_names(transaction, new).await?;
    let mut stored = Vec::with_capacity(new.len());
    for (new, names) in new.chunks(ROWS).zip(names.chunks(ROWS)) {
        let search: Vec<String> = new.iter().zip(names).map(|(new, name)| search_text(name, new)).collect();
        let mut statement = Statement::new(COLUMNS);
        for (place, ((certificate, name), search)) in new.iter().zip(names).zip(&search).enumerate() {
            statement.push(if place == 0 { "(" } else { ", (" }).bind_all(values(certificate, name, search)).push(")");
        }
        statement.push(" RETURNING id, name");
        let rows = transaction.all_of(&statement).await?;
        let ids: BTreeMap<String, i64> =
            rows.iter().map(|row| Ok((row.text("name")?, row.integer("id")?))).collect::<Result<_, DatabaseError>>()?;
        for name in names {
            let id = ids.get(name).copied().ok_or(DatabaseError::NoRow)?;
            stored.push(Stored { id: CertificateId(id), name: name.clone() });
        }
    }
    let mut few: HashSet<_> = new.iter().map(|new| (Word::Owner, new.owner.as_str())).collect();
    few.extend(new.iter().map(|new| (Word::Issuer, new.issuer.as_str())));
    words::add(transaction, &few).await?;
    insert_parts(transaction, new, &stored).await?;
    Ok(stored)
}

fn values<'a>(new: &'a NewCertificate, name: &'a str, search: &'a str) -> [Value<'a>; 25] {
    [
        new.authority.map(|id| id.0).into(),
        Value::from(&new.issuer),
        new.issuer_hash.as_slice().into(),
        Value::from(&new.serial),
        new.fingerprint.as_slice().into(),
        name.into(),
        Value::from(&new.common_name),
        Value::from(&new.owner),
        new.creator.map(|id| id.0).into(),
        Value::from(&new.description),
        Value::from(&new.profile),
        Value::from(&new.key_type),
        new.not_before.into(),
        new.not_after.into(),
        new.issued_ms.into(),
        new.shard.into(),
        new.notify.into(),
        new.rotation.into(),
        Value::from(&new.rotation_policy),
        new.key.is_some().into(),
        Value::from(&new.der),
        new.chain.as_deref().map(str::as_bytes).into(),
        new.external_id.as_deref().into(),
        new.csr.as_deref().into(),
        search.into(),
    ]
}

/// What a search by part of a name looks at: all names, in lower case, a line each.
fn search_text(name: &str, new: &NewCertificate) -> String {
    let mut text = name.to_lowercase();
    let mut push = |part: &str| {
        text.push('\n');
        text.push_str(&part.to_lowercase());
    };
    push(&new.common_name);
    for name in new.names.iter().filter(|name| name.value != new.common_name) {
        push(&name.value);
    }
    text
}

/// The names that the certificates get: what they ask for, or that and their serial if it is taken.
async fn free_names(transaction: &mut Transaction, new: &[NewCertificate]) -> Result<Vec<String>, DatabaseError> {
    let mut taken = HashSet::new();
    for new in new.chunks(ROWS) {
        let mut statement = Statement::new("SELECT name FROM certificate WHERE name IN (");
        statement.bind_all(new.iter().map(|new| new.name.as_str())).push(")");
        for row in transaction.all_of(&statement).await? {
            taken.insert(row.text("name")?);
        }
    }
    let mut names = Vec::with_capacity(new.len());
    for new in new {
        let name = if taken.contains(&new.name) { with_serial(&new.name, &new.serial) } else { new.name.clone() };
        taken.insert(name.clone());
        names.push(name);
    }
    Ok(names)
}

pub(crate) fn with_serial(name: &str, serial: &[u8]) -> String {
    format!("{name}-{}", hex::encode_upper(serial))
}

async fn insert_parts(transaction: &mut Transaction, new: &[NewCertificate], stored: &[Stored]) -> Result<(), DatabaseError> {
    let pairs = || new.iter().zip(stored);
    let mut names = Vec::new();
    for (new, stored) in pairs() {
        for (name, position) in new.names.iter().zip(0_i64..) {
            names.extend([stored.id.into(), position.into(), Value::from(&name.kind), Value::from(&name.value)]);
        }
    }
    if !names.is_empty() {
        transaction.insert_rows("INSERT INTO certificate_name (certificate, position, kind, value) VALUES", 4, "", &names).await?;
    }
    let keys: Vec<_> = pairs().filter_map(|(new, stored)| Some((new.key.as_ref()?, stored.id))).collect();
    let keys: Vec<Value<'_>> =
        keys.iter().flat_map(|(key, id)| [(*id).into(), Value::from(&key.ring_key), Value::from(&key.sealed)]).collect();
    if !keys.is_empty() {
        transaction.insert_rows("INSERT INTO certificate_key (certificate, ring_key, sealed) VALUES", 3, "", &keys).await?;
    }
    let roles: Vec<Value<'_>> =
        pairs().flat_map(|(new, stored)| new.roles.iter().flat_map(|role| [stored.id.into(), (*role).into()])).collect();
    if !roles.is_empty() {
        transaction.insert_rows("INSERT INTO certificate_role (certificate, role) VALUES", 2, "ON CONFLICT DO NOTHING", &roles).await?;
    }
    let replaces: Vec<(CertificateId, CertificateId)> =
        pairs().flat_map(|(new, stored)| new.replaces.iter().map(|replaced| (stored.id, *replaced))).collect();
    add_replacements(transaction, &replaces).await
}

async fn add_replacements(transaction: &mut Transaction, pairs: &[(CertificateId, CertificateId)]) -> Result<(), DatabaseError> {
    if pairs.is_empty() {
        return Ok(());
    }
    let values: Vec<Value<'_>> = pairs.iter().flat_map(|(new, old)| [(*new).into(), (*old).into()]).collect();
    let insert = "INSERT INTO certificate_replaces (certificate, replaced) VALUES";
    transaction.insert_rows(insert, 2, "ON CONFLICT DO NOTHING", &values).await?;
    let mut statement = Statement::new("UPDATE certificate SET replaced = 1 WHERE id IN (");
    statement.bind_all(pairs.iter().map(|(_, old)| *old)).push(")");
    transaction.execute_of(&statement).await.map(drop)
}

/// What a certificate's row is read by.
pub(crate) const SELECT: &str = "SELECT id, authority, issuer, serial, fingerprint, name, cn, owner, creator, description, profile, key_type, \
     not_before, not_after, issued_ms, shard, revoked_ms, reason, notify, rotation, rotation_policy, has_key, replaced, der, chain, \
     external_id, csr FROM certificate ";

pub(crate) fn read(row: &Row) -> Result<Certificate, DatabaseError> {
    let revoked = match row.optional_integer("revoked_ms")? {
        Some(_) => Some(Revoked { at: moment(row, "revoked_ms")?, reason: row.text("reason")? }),
        None => None,
    };
    let chain = row.optional_bytes("chain")?.map(String::from_utf8).transpose();
    Ok(Certificate {
        id: CertificateId(row.integer("id")?),
        authority: optional(row.optional_integer("authority")?, AuthorityId),
        issuer: row.text("issuer")?,
        serial: row.bytes("serial")?,
        fingerprint: sha256(row, "fingerprint")?,
        name: row.text("name")?,
        common_name: row.text("cn")?,
        owner: row.text("owner")?,
        creator: optional(row.optional_integer("creator")?, UserId),
        description: row.text("description")?,
        profile: row.text("profile")?,
        key_type: row.text("key_type")?,
        not_before: date(row, "not_before")?,
        not_after: date(row, "not_after")?,
        issued: moment(row, "issued_ms")?,
        shard: row.optional_integer("shard")?,
        revoked,
        notify: row.flag("notify")?,
        rotation: row.flag("rotation")?,
        rotation_policy: row.text("rotation_policy")?,
        has_key: row.flag("has_key")?,
        replaced: row.flag("replaced")?,
        der: row.bytes("der")?,
        chain: chain.map_err(|_| DatabaseError::Value { column: "chain", reason: "it is no text".to_owned() })?,
        external_id: row.optional_text("external_id")?,
        csr: row.optional_bytes("csr")?,
        names: Vec::new(),
        roles: Vec::new(),
        replaces: Vec::new(),
        replaced_by: Vec::new(),
    })
}

/// Reads what hangs on certificates.
pub(crate) async fn complete(transaction: &mut Transaction, certificates: &mut [Certificate]) -> Result<(), DatabaseError> {
    if certificates.is_empty() {
        return Ok(());
    }
    let places: BTreeMap<CertificateId, usize> = certificates.iter().zip(0..).map(|(certificate, place)| (certificate.id, place)).collect();
    let place = |row: &Row, column| Ok::<_, DatabaseError>(places.get(&CertificateId(row.integer(column)?)).copied());
    let parts: [(&str, &str); 4] = [
        ("SELECT certificate, kind, value FROM certificate_name WHERE certificate IN (", ") ORDER BY certificate, position"),
        ("SELECT certificate, role FROM certificate_role WHERE certificate IN (", ") ORDER BY certificate, role"),
        ("SELECT certificate, replaced FROM certificate_replaces WHERE certificate IN (", ") ORDER BY certificate, replaced"),
        ("SELECT replaced, certificate FROM certificate_replaces WHERE replaced IN (", ") ORDER BY replaced, certificate"),
    ];
    for (number, (before, after)) in parts.into_iter().enumerate() {
        let mut statement = Statement::new(before);
        statement.bind_all(places.keys().copied()).push(after);
        for row in transaction.all_of(&statement).await? {
            let Some(place) = place(&row, if number == 3 { "replaced" } else { "certificate" })? else { continue };
            let certificate = &mut certificates[place];
            match number {
                0 => certificate.names.push(NameRow { kind: row.text("kind")?, value: row.text("value")? }),
                1 => certificate.roles.push(RoleId(row.integer("role")?)),
                2 => certificate.replaces.push(CertificateId(row.integer("replaced")?)),
                _ => certificate.replaced_by.push(CertificateId(row.integer("certificate")?)),
            }
        }
    }
    Ok(())
}

async fn one(transaction: &mut Transaction, condition: &Statement<'_>) -> Result<Option<Certificate>, DatabaseError> {
    let mut statement = Statement::new(SELECT);
    statement.append(condition);
    let rows = transaction.all_of(&statement).await?;
    let mut found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    complete(transaction, &mut found).await?;
    Ok(found.pop())
}

/// The certificate of a number.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn by_id(transaction: &mut Transaction, id: CertificateId) -> Result<Option<Certificate>, DatabaseError> {
    one(transaction, Statement::new("WHERE id = ").bind(id)).await
}

/// The certificate of a name.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn by_name(transaction: &mut Transaction, name: &str) -> Result<Option<Certificate>, DatabaseError> {
    one(transaction, Statement::new("WHERE name = ").bind(name)).await
}

/// Whether one of the certificates was revoked.
pub(crate) async fn is_any_revoked(transaction: &mut Transaction, ids: &[CertificateId]) -> Result<bool, DatabaseError> {
    let mut statement = Statement::new("SELECT id FROM certificate WHERE revoked_ms IS NOT NULL AND id IN (");
    statement.bind_all(ids.iter().copied()).push(") LIMIT 1");
    Ok(!transaction.all_of(&statement).await?.is_empty())
}

/// How many certificates that were made elsewhere a user has brought and are stored, counted up to `bound`.
pub(crate) async fn brought_by(transaction: &mut Transaction, user: UserId, bound: u32) -> Result<u32, DatabaseError> {
    let sql = "SELECT count(*) AS n FROM (SELECT 1 FROM certificate WHERE creator = $1 AND authority IS NULL LIMIT $2) AS counted";
    let counted = transaction.one(sql, &[user.into(), i64::from(bound).into()]).await?.integer("n")?;
    Ok(u32::try_from(counted).unwrap_or(u32::MAX))
}

/// The certificate that is these bytes.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn by_fingerprint(
    transaction: &mut Transaction,
    serial: &[u8],
    fingerprint: &[u8; 32],
) -> Result<Option<Certificate>, DatabaseError> {
    let mut condition = Statement::new("WHERE serial = ");
    condition.bind(serial).push(" AND fingerprint = ").bind(fingerprint);
    one(transaction, &condition).await
}

/// The certificate of an authority with a serial number.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn by_serial(transaction: &mut Transaction, authority: AuthorityId, serial: &[u8]) -> Result<Option<Certificate>, DatabaseError> {
    let mut condition = Statement::new("WHERE serial = ");
    condition.bind(serial).push(" AND authority = ").bind(authority);
    one(transaction, &condition).await
}

/// What of a certificate may be changed. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateChange {
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
    /// Certificates that it replaces, besides those that it did.
    pub replaces: Option<Vec<CertificateId>>,
}

pub(crate) async fn change(transaction: &mut Transaction, id: CertificateId, change: &CertificateChange) -> Result<bool, DatabaseError> {
    let mut statement = Statement::new("UPDATE certificate SET id = id");
    for (column, text) in
        [(", owner = ", &change.owner), (", description = ", &change.description), (", rotation_policy = ", &change.rotation_policy)]
    {
        if let Some(text) = text {
            statement.push(column).bind(text);
        }
    }
    for (column, flag) in [(", notify = ", change.notify), (", rotation = ", change.rotation)] {
        if let Some(flag) = flag {
            statement.push(column).bind(flag);
        }
    }
    statement.push(" WHERE id = ").bind(id);
    if transaction.execute_of(&statement).await? == 0 {
        return Ok(false);
    }
    if let Some(owner) = &change.owner {
        words::add(transaction, &HashSet::from([(Word::Owner, owner.as_str())])).await?;
    }
    if let Some(roles) = &change.roles {
        transaction.execute("DELETE FROM certificate_role WHERE certificate = $1", &[id.into()]).await?;
        let values: Vec<Value<'_>> = roles.iter().flat_map(|role| [id.into(), (*role).into()]).collect();
        if !values.is_empty() {
            transaction
                .insert_rows("INSERT INTO certificate_role (certificate, role) VALUES", 2, "ON CONFLICT DO NOTHING", &values)
                .await?;
        }
    }
    if let Some(replaces) = &change.replaces {
        let pairs: Vec<_> = replaces.iter().filter(|replaced| **replaced != id).map(|replaced| (id, *replaced)).collect();
        add_replacements(transaction, &pairs).await?;
    }
    Ok(true)
}

/// Deletes a certificate's row and what hangs on it. That it was revoked, and what is published of it, stays.
pub(crate) async fn delete(transaction: &mut Transaction, id: CertificateId) -> Result<bool, DatabaseError> {
    for statement in [
        "DELETE FROM certificate_name WHERE certificate = $1",
        "DELETE FROM certificate_key WHERE certificate = $1",
        "DELETE FROM certificate_role WHERE certificate = $1",
        "DELETE FROM certificate_replaces WHERE certificate = $1 OR replaced = $1",
    ] {
        transaction.execute(statement, &[id.into()]).await?;
    }
    Ok(transaction.execute("DELETE FROM certificate WHERE id = $1", &[id.into()]).await? > 0)
}
