//! Private keys of certificates, sealed and apart from them: no list reads this table. What a key was sealed to belong to stands in no row: whoever
//! could write it could move a key to where it opens for another.

use menagerie_store::database::{DatabaseError, Row, Transaction};

use super::CertificateId;

/// A private key that is sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// The key of the ring that it is sealed under.
    pub ring_key: String,
    /// The bytes.
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedKey").field("ring_key", &self.ring_key).finish_non_exhaustive()
    }
}

impl SealedKey {
    fn read(row: &Row) -> Result<Self, DatabaseError> {
        Ok(Self { ring_key: row.text("ring_key")?, sealed: row.bytes("sealed")? })
    }
}

/// A certificate's key, with the certificate: from its bytes follows what the key was sealed to belong to.
pub(crate) async fn of(transaction: &mut Transaction, certificate: CertificateId) -> Result<Option<(SealedKey, Vec<u8>)>, DatabaseError> {
    let sql = "SELECT k.ring_key AS ring_key, k.sealed AS sealed, c.der AS der FROM certificate_key k
        JOIN certificate c ON c.id = k.certificate WHERE k.certificate = $1";
    let row = transaction.optional(sql, &[certificate.into()]).await?;
    row.map(|row| Ok((SealedKey::read(&row)?, row.bytes("der")?))).transpose()
}

/// Keys that are sealed under another key of the ring than `newest`, up to `limit`, with their certificates.
pub(crate) async fn sealed_otherwise(
    transaction: &mut Transaction,
    newest: &str,
    after: CertificateId,
    limit: i64,
) -> Result<Vec<(CertificateId, SealedKey, Vec<u8>)>, DatabaseError> {
    let sql = "SELECT k.certificate AS certificate, k.ring_key AS ring_key, k.sealed AS sealed, c.der AS der FROM certificate_key k
        JOIN certificate c ON c.id = k.certificate WHERE k.ring_key <> $1 AND k.certificate > $2 ORDER BY k.certificate LIMIT $3";
    let rows = transaction.all(sql, &[newest.into(), after.into(), limit.into()]).await?;
    rows.iter().map(|row| Ok((CertificateId(row.integer("certificate")?), SealedKey::read(row)?, row.bytes("der")?))).collect()
}

/// Puts a key that was sealed anew in the place of what it was made from, unless that has changed.
pub(crate) async fn replace(
    transaction: &mut Transaction,
    certificate: CertificateId,
    old: &SealedKey,
    new: &SealedKey,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE certificate_key SET ring_key = $1, sealed = $2 WHERE certificate = $3 AND sealed = $4";
    let values = [(&new.ring_key).into(), (&new.sealed).into(), certificate.into(), (&old.sealed).into()];
    Ok(transaction.execute(sql, &values).await? == 1)
}

/// The keys of the ring under which certificates' keys are sealed.
pub(crate) async fn ring_keys(transaction: &mut Transaction) -> Result<Vec<String>, DatabaseError> {
    let rows = transaction.all("SELECT DISTINCT ring_key FROM certificate_key", &[]).await?;
    rows.iter().map(|row| row.text("ring_key")).collect()
}
