//! Authorities: their names, where their keys are, their certificates, and what they may issue.

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Kind, Row, Statement, Transaction, Value};

use super::role_names::{self, RoleNames};
use super::{AuthorityId, CertificateId, RoleId, UserId, moment, optional};

/// What kind of authority it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorityKind {
    /// It vouches for itself.
    Root,
    /// Another vouches for it.
    Intermediate,
    /// Its key is elsewhere: its certificate is known, and it issues nothing here.
    Offline,
    /// It is elsewhere: its certificates are ordered by ACME.
    Upstream,
}

/// What an authority can do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorityState {
    /// It issues.
    Active,
    /// It waits for its certificate from elsewhere.
    Pending,
    /// It issues no more; what it issued is still answered for.
    Disabled,
}

macro_rules! named {
    ($type:ty { $($variant:ident = $name:literal),+ }) => {
        impl $type {
            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
                match row.text(column)?.as_str() {
                    $($name => Ok(Self::$variant),)+
                    other => Err(DatabaseError::Value { column, reason: format!("{other:?} is not known") }),
                }
            }
        }
    };
}
named!(AuthorityKind { Root = "root", Intermediate = "intermediate", Offline = "offline", Upstream = "upstream" });
named!(AuthorityState { Active = "active", Pending = "pending", Disabled = "disabled" });

/// An authority as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Its number.
    pub id: AuthorityId,
    /// What it is called, unlike any other.
    pub name: String,
    /// What kind it is.
    pub kind: AuthorityKind,
    /// What it can do now.
    pub state: AuthorityState,
    /// Who answers for it, an e-mail address.
    pub owner: String,
    /// What people say about it.
    pub description: String,
    /// Who made it.
    pub creator: Option<UserId>,
    /// When.
    pub created: Timestamp,
    /// Who vouches for it, if that is one of ours.
    pub parent: Option<AuthorityId>,
    /// Its certificate's number.
    pub certificate: Option<CertificateId>,
    /// Its certificate.
    pub der: Option<Vec<u8>>,
    /// Its request, when another is to vouch for it.
    pub csr: Option<Vec<u8>>,
    /// Its public key, a SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// Its name as it is encoded.
    pub subject: Vec<u8>,
    /// Where its key is, if that is not here.
    pub key_reference: Option<String>,
    /// The names of the profiles that it issues by; none means all.
    pub profiles: Vec<String>,
    /// What the interface that made it keeps with it, a JSON document.
    pub options: String,
    /// The roles that may use it.
    pub roles: Vec<RoleId>,
    /// Which names the members of some of its roles may have certified; those of others any.
    pub role_names: Vec<RoleNames>,
    /// Its private key, sealed, if it is here.
    pub(crate) sealed_key: Option<Vec<u8>>,
    /// Who answers for the state of its certificates.
    pub(crate) responder: Option<Responder>,
    /// Grows with every change.
    pub(crate) version: i64,
}

impl Authority {
    /// Whether it issues by a profile.
    #[must_use]
    pub fn may_use(&self, profile: &str) -> bool {
        self.profiles.is_empty() || self.profiles.iter().any(|known| known == profile)
    }
}

/// An OCSP responder's key and certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Responder {
    pub(crate) sealed_key: Vec<u8>,
    pub(crate) der: Vec<u8>,
    /// When its certificate ends, in seconds.
    pub(crate) until: i64,
}

/// An authority that is stored anew.
#[derive(Debug, Clone)]
pub(crate) struct NewAuthority {
    pub(crate) name: String,
    pub(crate) kind: AuthorityKind,
    pub(crate) state: AuthorityState,
    pub(crate) owner: String,
    pub(crate) description: String,
    pub(crate) creator: Option<UserId>,
    pub(crate) created_ms: i64,
    pub(crate) parent: Option<AuthorityId>,
    pub(crate) certificate: Option<CertificateId>,
    pub(crate) der: Option<Vec<u8>>,
    pub(crate) csr: Option<Vec<u8>>,
    pub(crate) spki: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) sealed_key: Option<Vec<u8>>,
    pub(crate) key_reference: Option<String>,
    pub(crate) profiles: Vec<String>,
    pub(crate) options: String,
    pub(crate) roles: Vec<RoleId>,
}

fn json(profiles: &[String]) -> String {
    serde_json::to_string(profiles).expect("texts are JSON")
}

/// What stands before an upstream's name where other authorities have their key's reference.
const UPSTREAM: &str = "acme:";

/// The key's reference of an authority elsewhere.
pub(crate) fn upstream_reference(upstream: &str) -> String {
    format!("{UPSTREAM}{upstream}")
}

impl Authority {
    /// The name of the upstream, in the configuration, that its certificates are ordered from.
    #[must_use]
    pub fn upstream(&self) -> Option<&str> {
        match self.kind {
            AuthorityKind::Upstream => self.key_reference.as_deref()?.strip_prefix(UPSTREAM),
            _ => None,
        }
    }
}

pub(crate) async fn insert(transaction: &mut Transaction, new: &NewAuthority) -> Result<AuthorityId, DatabaseError> {
    let sql =
        "INSERT INTO authority (name, kind, state, owner, description, creator, created_ms, parent, certificate, der, csr, spki, subject,
            sealed_key, key_reference, profiles, options)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id";
    let profiles = json(&new.profiles);
    let values = [
        Value::from(&new.name),
        new.kind.as_str().into(),
        new.state.as_str().into(),
        (&new.owner).into(),
        (&new.description).into(),
        new.creator.map(|id| id.0).into(),
        new.created_ms.into(),
        new.parent.map(|id| id.0).into(),
        new.certificate.map(|id| id.0).into(),
        new.der.as_deref().into(),
        new.csr.as_deref().into(),
        (&new.spki).into(),
        (&new.subject).into(),
        new.sealed_key.as_deref().into(),
        new.key_reference.as_deref().into(),
        (&profiles).into(),
        (&new.options).into(),
    ];
    let id = AuthorityId(transaction.one(sql, &values).await?.integer("id")?);
    set_roles(transaction, id, &new.roles).await?;
    Ok(id)
}

async fn set_roles(transaction: &mut Transaction, id: AuthorityId, roles: &[RoleId]) -> Result<(), DatabaseError> {
    transaction.execute("DELETE FROM authority_role WHERE authority = $1", &[id.into()]).await?;
    let values: Vec<Value<'_>> = roles.iter().flat_map(|role| [id.into(), (*role).into()]).collect();
    if !values.is_empty() {
        transaction.insert_rows("INSERT INTO authority_role (authority, role) VALUES", 2, "ON CONFLICT DO NOTHING", &values).await?;
    }
    Ok(())
}

const SELECT: &str = "SELECT id, name, kind, state, owner, description, creator, created_ms, parent, certificate, der, csr, spki, subject,
    sealed_key, key_reference, profiles, options, responder_key, responder_der, responder_until, version FROM authority ";

fn read(row: &Row) -> Result<Authority, DatabaseError> {
    let responder = match (row.optional_bytes("responder_key")?, row.optional_bytes("responder_der")?) {
        (Some(sealed_key), Some(der)) => Some(Responder { sealed_key, der, until: row.integer("responder_until")? }),
        _ => None,
    };
    let profiles = serde_json::from_str(&row.text("profiles")?);
    Ok(Authority {
        id: AuthorityId(row.integer("id")?),
        name: row.text("name")?,
        kind: AuthorityKind::read(row, "kind")?,
        state: AuthorityState::read(row, "state")?,
        owner: row.text("owner")?,
        description: row.text("description")?,
        creator: optional(row.optional_integer("creator")?, UserId),
        created: moment(row, "created_ms")?,
        parent: optional(row.optional_integer("parent")?, AuthorityId),
        certificate: optional(row.optional_integer("certificate")?, CertificateId),
        der: row.optional_bytes("der")?,
        csr: row.optional_bytes("csr")?,
        spki: row.bytes("spki")?,
        subject: row.bytes("subject")?,
        sealed_key: row.optional_bytes("sealed_key")?,
        key_reference: row.optional_text("key_reference")?,
        profiles: profiles.map_err(|error| DatabaseError::Value { column: "profiles", reason: error.to_string() })?,
        options: row.text("options")?,
        roles: Vec::new(),
        role_names: Vec::new(),
        responder,
        version: row.integer("version")?,
    })
}

async fn select(transaction: &mut Transaction, rest: &Statement<'_>) -> Result<Vec<Authority>, DatabaseError> {
    let mut statement = Statement::new(SELECT);
    statement.append(rest);
    let rows = transaction.all_of(&statement).await?;
    let mut found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut roles = Statement::new("SELECT authority, role FROM authority_role WHERE authority IN (");
    roles.bind_all(found.iter().map(|authority| authority.id)).push(") ORDER BY role");
    for row in transaction.all_of(&roles).await? {
        let id = AuthorityId(row.integer("authority")?);
        if let Some(authority) = found.iter_mut().find(|authority| authority.id == id) {
            authority.roles.push(RoleId(row.integer("role")?));
        }
    }
    role_names::read(transaction, &mut found).await?;
    Ok(found)
}

/// All authorities, in the order in which they were made.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn all(transaction: &mut Transaction) -> Result<Vec<Authority>, DatabaseError> {
    select(transaction, &Statement::new("ORDER BY id")).await
}

/// The authority of a number.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn by_id(transaction: &mut Transaction, id: AuthorityId) -> Result<Option<Authority>, DatabaseError> {
    Ok(select(transaction, Statement::new("WHERE id = ").bind(id)).await?.pop())
}

/// The authorities of some numbers, in no order; those that are not there are left out.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn by_ids(transaction: &mut Transaction, ids: impl IntoIterator<Item = AuthorityId>) -> Result<Vec<Authority>, DatabaseError> {
    select(transaction, Statement::new("WHERE id IN (").bind_all(ids).push(")")).await
}

/// The authority of a name.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn by_name(transaction: &mut Transaction, name: &str) -> Result<Option<Authority>, DatabaseError> {
    Ok(select(transaction, Statement::new("WHERE name = ").bind(name)).await?.pop())
}

/// The numbers of all authorities and of their changes, for those who keep copies.
pub(crate) async fn versions(transaction: &mut Transaction) -> Result<Vec<(AuthorityId, i64)>, DatabaseError> {
    let rows = transaction.all("SELECT id, version FROM authority", &[]).await?;
    rows.iter().map(|row| Ok((AuthorityId(row.integer("id")?), row.integer("version")?))).collect()
}

/// What of an authority may be changed. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorityChange {
    /// Who answers for it.
    pub owner: Option<String>,
    /// What people say about it.
    pub description: Option<String>,
    /// Whether it issues.
    pub active: Option<bool>,
    /// The roles that may use it.
    pub roles: Option<Vec<RoleId>>,
    /// The profiles that it issues by.
    pub profiles: Option<Vec<String>>,
    /// What the interface keeps with it.
    pub options: Option<String>,
    /// Which names the members of these roles may have certified: any, where there is no pattern. Other roles' stay.
    pub role_names: Option<Vec<RoleNames>>,
}

pub(crate) async fn change(transaction: &mut Transaction, id: AuthorityId, change: &AuthorityChange) -> Result<bool, DatabaseError> {
    let profiles = change.profiles.as_deref().map(json);
    let mut statement = Statement::new("UPDATE authority SET version = version + 1");
    for (column, text) in [
        (", owner = ", &change.owner),
        (", description = ", &change.description),
        (", options = ", &change.options),
        (", profiles = ", &profiles),
    ] {
        if let Some(text) = text {
            statement.push(column).bind(text);
        }
    }
    if let Some(active) = change.active {
        let (from, to) = if active { ("disabled", "active") } else { ("active", "disabled") };
        statement.push(", state = CASE WHEN state = ").bind(from).push(" THEN ").bind(to).push(" ELSE state END");
    }
    statement.push(" WHERE id = ").bind(id);
    let found = transaction.execute_of(&statement).await? > 0;
    if let (true, Some(roles)) = (found, &change.roles) {
        set_roles(transaction, id, roles).await?;
    }
    if let (true, Some(names)) = (found, &change.role_names) {
        role_names::set(transaction, id, names).await?;
    }
    Ok(found)
}

/// Says which certificate is an authority's.
pub(crate) async fn set_certificate(
    transaction: &mut Transaction,
    id: AuthorityId,
    certificate: CertificateId,
) -> Result<(), DatabaseError> {
    transaction.execute("UPDATE authority SET certificate = $1 WHERE id = $2", &[certificate.into(), id.into()]).await.map(drop)
}

/// Notes that something is new about the certificate of an authority, for those who keep copies.
pub(crate) async fn touch(transaction: &mut Transaction, certificate: CertificateId) -> Result<(), DatabaseError> {
    transaction.execute("UPDATE authority SET version = version + 1 WHERE certificate = $1", &[certificate.into()]).await.map(drop)
}

/// Gives a pending authority its certificate; false if it waits for none.
pub(crate) async fn activate(
    transaction: &mut Transaction,
    id: AuthorityId,
    certificate: CertificateId,
    der: &[u8],
    parent: Option<AuthorityId>,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE authority SET state = 'active', certificate = $1, der = $2, parent = $3, version = version + 1
        WHERE id = $4 AND state = 'pending'";
    let values = [certificate.into(), der.into(), parent.map(|id| id.0).into(), id.into()];
    Ok(transaction.execute(sql, &values).await? == 1)
}

/// Counts places in its revocation list that are taken, and holds the authority's row until the commit.
pub(crate) async fn count_allocated(transaction: &mut Transaction, id: AuthorityId, count: i64) -> Result<(), DatabaseError> {
    let sql = "UPDATE authority SET allocated = allocated + $1 WHERE id = $2";
    transaction.execute(sql, &[count.into(), id.into()]).await.map(drop)
}

/// Takes the right to renew an authority's responder, for so many milliseconds; false if another process has it.
pub(crate) async fn lease_responder(
    transaction: &mut Transaction,
    kind: Kind,
    id: AuthorityId,
    replica: &str,
    lease_ms: i64,
) -> Result<bool, DatabaseError> {
    let now = super::replicas::now_ms(kind);
    let mut statement = Statement::new("UPDATE authority SET responder_lease = ");
    statement.bind(replica).push(", responder_lease_ms = ").push(now).push(" + ").bind(lease_ms).push(" WHERE id = ").bind(id);
    statement.push(" AND (responder_lease_ms < ").push(now).push(" OR responder_lease = ").bind(replica);
    // One that ends later than one that is given now is from a clock that was ahead.
    statement.push(" OR responder_lease_ms > ").push(now).push(" + ").bind(2 * lease_ms).push(")");
    Ok(transaction.execute_of(&statement).await? == 1)
}

pub(crate) async fn set_responder(transaction: &mut Transaction, id: AuthorityId, responder: &Responder) -> Result<(), DatabaseError> {
    let sql = "UPDATE authority SET responder_key = $1, responder_der = $2, responder_until = $3, responder_lease_ms = 0,
        version = version + 1 WHERE id = $4";
    let values = [(&responder.sealed_key).into(), (&responder.der).into(), responder.until.into(), id.into()];
    transaction.execute(sql, &values).await.map(drop)
}

/// Puts keys that were sealed anew in the place of what they were made from, unless those have changed.
pub(crate) async fn reseal(
    transaction: &mut Transaction,
    old: &Authority,
    key: Option<&[u8]>,
    responder_key: Option<&[u8]>,
) -> Result<bool, DatabaseError> {
    let sql =
        "UPDATE authority SET sealed_key = coalesce($1, sealed_key), responder_key = coalesce($2, responder_key), version = version + 1
        WHERE id = $3 AND version = $4";
    Ok(transaction.execute(sql, &[key.into(), responder_key.into(), old.id.into(), old.version.into()]).await? == 1)
}

/// Another authority's certificate for an authority's name and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossCertificate {
    /// Who vouches, if it is one of ours.
    pub issuer: Option<AuthorityId>,
    /// Its number, if it was issued here.
    pub certificate: Option<CertificateId>,
    /// The certificate and those above it, each DER, one after the other.
    pub chain: Vec<u8>,
}

pub(crate) async fn add_cross(transaction: &mut Transaction, id: AuthorityId, cross: &CrossCertificate) -> Result<(), DatabaseError> {
    let values = [id.into(), cross.issuer.map(|id| id.0).into(), cross.certificate.map(|id| id.0).into(), (&cross.chain).into()];
    let sql = "INSERT INTO cross_certificate (authority, issuer, certificate, chain) VALUES ($1, $2, $3, $4)";
    transaction.execute(sql, &values).await?;
    transaction.execute("UPDATE authority SET version = version + 1 WHERE id = $1", &[id.into()]).await.map(drop)
}

/// The certificates that others gave for an authority's name and key, but for those that were revoked.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn crosses(transaction: &mut Transaction, id: AuthorityId) -> Result<Vec<CrossCertificate>, DatabaseError> {
    let sql = "SELECT issuer, certificate, chain FROM cross_certificate x WHERE authority = $1
        AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.id = x.certificate AND c.revoked_ms IS NOT NULL) ORDER BY x.id";
    let rows = transaction.all(sql, &[id.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(CrossCertificate {
                issuer: optional(row.optional_integer("issuer")?, AuthorityId),
                certificate: optional(row.optional_integer("certificate")?, CertificateId),
                chain: row.bytes("chain")?,
            })
        })
        .collect()
}
