//! The signatures of digests, as the usage store keeps them until they are settled: what was signed of each, and what others carry of it.
//!
//! A digest that was read while signatures are looked for waits, and proves nothing. When CloudTrail's keys show that it is CloudTrail's, it
//! counts from then on, and what was kept for the check goes. One that fails stays, and is looked at anew with each set of keys. Digests that
//! were read before any keys were known are as they were: their signatures were not looked at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use menagerie_cloudtrail::coverage::last_part;
use menagerie_cloudtrail::digest::Digest;
use menagerie_cloudtrail::signature::{Seal, Standing};
use menagerie_store::database::{Row, Transaction, Value};

use super::State;
use super::column::{json, time};
use super::error::StateError;

/// A digest whose signature is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// What it is known by: the last part of its key.
    pub object: String,
    /// What is to be checked of it.
    pub digest: Digest,
    /// Signatures that others carry of it.
    pub signatures: Vec<String>,
}

/// How a standing is kept.
fn code(standing: &Standing) -> Option<i64> {
    match standing {
        Standing::Unchecked => None,
        Standing::Unsigned => Some(0),
        Standing::Signed => Some(1),
        Standing::Failed(_) => Some(2),
    }
}

/// The standing that a row keeps.
pub(super) fn standing(row: &Row) -> Result<Standing, StateError> {
    Ok(match row.optional_integer("checked")? {
        None => Standing::Unchecked,
        Some(0) => Standing::Unsigned,
        Some(1) => Standing::Signed,
        Some(_) => Standing::Failed(row.optional_text("fault")?.unwrap_or_default()),
    })
}

impl State {
    /// Whether signatures of digests were ever looked for: then those that come wait for it, too.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn checks_signatures(&self) -> Result<bool, StateError> {
        let mut transaction = self.database.read().await?;
        Ok(transaction.optional("SELECT object FROM usage_digest WHERE checked IS NOT NULL LIMIT 1", &[]).await?.is_some())
    }

    /// The Regions of which digests wait for their signatures to be checked, with when the first of them begins.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn unsettled_regions(&self) -> Result<Vec<(String, Timestamp)>, StateError> {
        let mut transaction = self.database.read().await?;
        let find = "SELECT region, MIN(start_at) AS first FROM usage_digest WHERE checked <> 1 GROUP BY region ORDER BY region";
        let rows = transaction.all(find, &[]).await?;
        rows.iter().map(|row| Ok((row.text("region")?, time(row, "first")?))).collect()
    }

    /// Digests that wait, or have failed, of one Region if it is named: so many behind one, in the order of what they are known by.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn unsettled(&self, region: Option<&str>, after: &str, most: usize) -> Result<Vec<Unsettled>, StateError> {
        let mut transaction = self.database.read().await?;
        let find = "SELECT object, account, start_at, end_at, checked, seal, fault FROM usage_digest
            WHERE checked <> 1 AND object > $1 AND (region = $2 OR $2 = '') ORDER BY object LIMIT $3";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = transaction.all(find, &[after.into(), region.unwrap_or_default().into(), most.into()]).await?;
        let mut unsettled = Vec::with_capacity(rows.len());
        for row in rows {
            let object = row.text("object")?;
            let seal = row.optional_text("seal")?.map(|text| json::<Seal>(&text, "what was signed of a digest")).transpose()?;
            let digest = Digest {
                account: row.text("account")?,
                start: time(&row, "start_at")?,
                end: time(&row, "end_at")?,
                object: object.clone(),
                previous: None,
                previous_hash: None,
                log_files: Vec::new(),
                seal: seal.map(Box::new),
                standing: standing(&row)?,
            };
            unsettled.push(Unsettled { object, digest, signatures: Vec::new() });
        }
        if let Some(last) = unsettled.last().map(|one| one.object.clone()) {
            let find = "SELECT digest, signature FROM usage_signature WHERE digest > $1 AND digest <= $2 ORDER BY digest, signature";
            let mut carried: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for row in transaction.all(find, &[after.into(), Value::from(&last)]).await? {
                carried.entry(row.text("digest")?).or_default().push(row.text("signature")?);
            }
            for one in &mut unsettled {
                one.signatures = carried.remove(&one.object).unwrap_or_default();
            }
        }
        Ok(unsettled)
    }

    /// Keeps what became of digests, by what they are known by.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn settle(&self, settled: &[(String, Standing)]) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        for (object, standing) in settled {
            let fault = match standing {
                Standing::Failed(reason) => Some(reason.as_str()),
                _ => None,
            };
            let update =
                "UPDATE usage_digest SET checked = $2, fault = $3, seal = CASE WHEN $2 = 1 THEN NULL ELSE seal END WHERE object = $1";
            transaction.execute(update, &[Value::from(object), code(standing).into(), fault.into()]).await?;
        }
        let done = "DELETE FROM usage_signature WHERE EXISTS (
            SELECT object FROM usage_digest WHERE usage_digest.object = usage_signature.digest AND usage_digest.checked = 1
        )";
        transaction.execute(done, &[]).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Lets the digests of a Region that wait count without their signatures, if none of that Region was ever checked: nothing is asked of
    /// them that was not asked before. Whether it was so.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn leave_unchecked(&self, region: &str) -> Result<bool, StateError> {
        let mut transaction = self.database.write().await?;
        let find = "SELECT object FROM usage_digest WHERE region = $1 AND checked >= 1 LIMIT 1";
        if transaction.optional(find, &[region.into()]).await?.is_some() {
            return Ok(false);
        }
        transaction
            .execute("UPDATE usage_digest SET checked = NULL, seal = NULL, fault = NULL WHERE region = $1", &[region.into()])
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Which of these digests are CloudTrail's already: another of that name is not taken in its place.
pub(super) async fn signed(transaction: &mut Transaction, objects: impl Iterator<Item = &str>) -> Result<BTreeSet<String>, StateError> {
    let mut signed = BTreeSet::new();
    for object in objects {
        let find = "SELECT object FROM usage_digest WHERE object = $1 AND checked = 1";
        if transaction.optional(find, &[object.into()]).await?.is_some() {
            signed.insert(object.to_owned());
        }
    }
    Ok(signed)
}

/// Keeps the signatures that digests which wait carry of others.
pub(super) async fn write_carried(transaction: &mut Transaction, digests: impl Iterator<Item = &Digest>) -> Result<(), StateError> {
    let mut carried = BTreeMap::new();
    for digest in digests.filter(|digest| digest.standing != Standing::Unchecked) {
        if let Some(of) = digest.seal.as_deref().and_then(Seal::carried) {
            carried.insert(of, digest.end.as_microsecond());
        }
    }
    let rows: Vec<Value<'_>> =
        carried.into_iter().flat_map(|((of, signature), end)| [Value::from(of), signature.into(), end.into()]).collect();
    let insert = "INSERT INTO usage_signature (digest, signature, end_at) VALUES";
    transaction.insert_rows(insert, 3, "ON CONFLICT (digest, signature) DO NOTHING", &rows).await?;
    Ok(())
}

/// The last part of a digest's key.
pub(super) fn known_by(digest: &Digest) -> &str {
    last_part(&digest.object)
}
