//! Storing what was signed: many certificates with their names, keys, OCSP answers and audit lines in one commit, and their intents gone in
//! the same.

use std::collections::HashSet;

use menagerie_store::log::Entry;

use crate::store::batch::Write;
use crate::store::certificates::{self, NewCertificate, Stored, with_serial};
use crate::store::published::{self, OcspRow};
use crate::store::{Store, StoreError, intents};

/// What became of a certificate that was signed.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is stored.
    Stored(Stored),
    /// Others took its intent, and revoked its serial.
    Lost,
    /// It is not stored, or it is not known whether it is.
    Failed(StoreError),
}

/// Stores what one process signed.
#[derive(Debug)]
pub(crate) struct Issuance {
    store: Store,
    replica: String,
}

/// A certificate that was signed and not shown to anybody yet.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) row: NewCertificate,
    pub(crate) ocsp: Option<OcspRow>,
    pub(crate) entry: Entry,
}

impl Issuance {
    pub(crate) const fn new(store: Store, replica: String) -> Self {
        Self { store, replica }
    }

    /// Stores all of them but those whose intent was taken by others.
    async fn store(&mut self, signed: &[Signed]) -> Result<Vec<Outcome>, StoreError> {
        let mut transaction = self.store.write().await?;
        let serials: Vec<&[u8]> = signed.iter().map(|signed| signed.row.serial.as_slice()).collect();
        let mine: HashSet<_> = intents::take(&mut transaction, &self.replica, &serials).await?.into_iter().collect();
        let kept: Vec<&Signed> = signed.iter().filter(|signed| mine.contains(&signed.row.serial)).collect();
        let rows: Vec<NewCertificate> = kept.iter().map(|signed| signed.row.clone()).collect();
        let mut stored = certificates::insert(&mut transaction, &rows).await?.into_iter();
        let answers: Vec<OcspRow> = kept.iter().filter_map(|signed| signed.ocsp.clone()).collect();
        published::put_ocsp(&mut transaction, &answers).await?;
        let entries = kept.iter().map(|signed| signed.entry.clone()).collect();
        self.store.commit(transaction, entries).await?;
        let outcome = |signed: &Signed| match mine.contains(&signed.row.serial) {
            true => stored.next().map_or(Outcome::Lost, Outcome::Stored),
            false => Outcome::Lost,
        };
        Ok(signed.iter().map(outcome).collect())
    }
}

impl Write for Issuance {
    type Item = Signed;
    type Answer = Outcome;
    const BATCH: usize = 64;

    async fn write(&mut self, items: Vec<Signed>) -> Result<Vec<Outcome>, StoreError> {
        match self.store(&items).await {
            Err(error) if error.is_duplicate() => {}
            stored => return stored,
        }
        // Another process took one of the names between the look and the insert: each goes by itself then, under a name that none can take.
        let mut stored = Vec::with_capacity(items.len());
        for mut item in items {
            item.row.name = with_serial(&item.row.name, &item.row.serial);
            match self.store(std::slice::from_ref(&item)).await {
                Ok(one) => stored.extend(one),
                Err(error) => stored.push(Outcome::Failed(error)),
            }
        }
        Ok(stored)
    }
}
