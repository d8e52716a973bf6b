//! Keys that others are known to have, since a certificate of theirs was revoked for it: by the SHA-256 of the key as certificates have it
//! (SubjectPublicKeyInfo), for all authorities, and for good, whether the certificate is stored any longer or not (BR 6.1.1.3).
//!
//! They are looked up in the statement that makes a serial number durable ([`super::intents`]), so that what one process revoked no other
//! certifies. Certificates that were revoked by a program from before are listed by the schema's steps; their keys are read when the database is
//! opened, and now and then after that, since such a program may still run beside this one.

use menagerie_store::database::{Database, DatabaseError, Transaction};

use crate::certificate::View;
use crate::crl::Reason;

/// How many certificates are read at once.
const AT_ONCE: i64 = 500;

/// Whether who revokes for this reason says that others have the key.
pub(crate) const fn says_so(reason: Reason) -> bool {
    matches!(reason, Reason::KeyCompromise | Reason::CaCompromise | Reason::AaCompromise)
}

/// From now on others are known to have a certificate's key.
pub(crate) async fn add(transaction: &mut Transaction, spki: &[u8; 32], since_ms: i64) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO compromised_key (spki, since_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    transaction.execute(sql, &[spki.into(), since_ms.into()]).await.map(drop)
}

/// Reads the keys of certificates that were revoked without a look at the table of keys. Each is taken off the list in the commit that adds its key.
pub(super) async fn read_earlier(database: &Database) -> Result<(), DatabaseError> {
    let sql = "SELECT c.id, c.der, c.revoked_ms FROM compromised_certificate AS listed JOIN certificate AS c ON c.id = listed.certificate
        ORDER BY c.id LIMIT $1";
    loop {
        if database.optional("SELECT 1 AS one FROM compromised_certificate LIMIT 1", &[]).await?.is_none() {
            return Ok(());
        }
        let mut transaction = database.write().await?;
        let rows = transaction.all(sql, &[AT_ONCE.into()]).await?;
        for row in &rows {
            // What was brought may be no certificate that is read today; nothing is issued for a key that cannot be read either.
            if let Ok(view) = View::parse(&row.bytes("der")?) {
                add(&mut transaction, &crate::authority::sha256(view.spki()), row.optional_integer("revoked_ms")?.unwrap_or_default())
                    .await?;
            }
            let sql = "DELETE FROM compromised_certificate WHERE certificate = $1";
            transaction.execute(sql, &[row.integer("id")?.into()]).await?;
        }
        if rows.is_empty() {
            // Their certificates were deleted in the meantime.
            transaction.execute("DELETE FROM compromised_certificate", &[]).await?;
        }
        transaction.commit().await?;
    }
}
