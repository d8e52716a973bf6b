//! What people do with pending certificates: look at them, change what is kept with them, give them up, and bring the certificate themselves.

use jiff::Timestamp;
use menagerie_secret::Secret;
use menagerie_sign::{LocalSigner, Signer as _};
use menagerie_store::database::Transaction;
use serde_json::json;

use super::check::{CheckError, Wanted};
use super::order::pending_event;
use super::step::issued;
use super::store::leases::{self, Lease};
use super::store::pending;
use super::{Known, Pending, PendingChange, PendingFilter, Upstreams};
use crate::audit::{Actor, Event, shortened, shortened_names};
use crate::authority::{key_place, sha256};
use crate::certificate::Chain;
use crate::csr::Csr;
use crate::engine::{Engine, RingError};
use crate::issue::check_texts;
use crate::profile::Profile;
use crate::store::{ADDRESS, CertificateId, LONG, PendingId, SHORT, StoreError, certificates, check_text};

/// Why something was not done with a pending certificate.
#[derive(Debug, thiserror::Error)]
pub enum PendingError {
    /// There is none of this number.
    #[error("there is no pending certificate {id}")]
    Unknown {
        /// The number.
        id: PendingId,
    },
    /// Nothing is done for it any more.
    #[error("the pending certificate {id} is resolved already")]
    Resolved {
        /// The number.
        id: PendingId,
    },
    /// Its key is not stored with it.
    #[error("no private key is stored for the pending certificate {id}")]
    NoKey {
        /// The number.
        id: PendingId,
    },
    /// The certificate is not the one that was ordered.
    #[error(transparent)]
    Certificate(#[from] CheckError),
    /// It has the name of one of our authorities for its issuer's, and that one did not sign it.
    #[error("it says that {name} issued it, and that authority did not sign it")]
    Forged {
        /// What the authority is called.
        name: String,
    },
    /// A certificate with this issuer and serial number is stored already.
    #[error("a certificate of this issuer with this serial number is stored already")]
    Duplicate,
    /// Its key does not open.
    #[error("the private key cannot be opened: {0}")]
    Ring(#[from] RingError),
    /// The database failed, or a text is not kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<menagerie_store::database::DatabaseError> for PendingError {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

/// A certificate that is brought for a pending one.
#[derive(Debug, Clone)]
pub struct PendingUpload {
    /// PEM: the certificate and those above it.
    pub bundle: Vec<u8>,
    /// What another system calls it.
    pub external_id: Option<String>,
}

impl Upstreams {
    /// A pending certificate.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn pending(&self, id: PendingId) -> Result<Option<Pending>, StoreError> {
        Ok(pending::by_id(&mut self.shared.engine.store().read().await?, id).await?)
    }

    /// A page of pending certificates, and how many there are in all.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list(&self, filter: &PendingFilter, offset: i64, limit: i64) -> Result<(Vec<Pending>, i64), StoreError> {
        Ok(pending::list(&mut self.shared.engine.store().read().await?, filter, (offset, limit)).await?)
    }

    /// Changes what is kept with a pending certificate, and with its certificate when that comes.
    ///
    /// # Errors
    /// [`PendingError`]: nothing was changed.
    pub async fn change(&self, id: PendingId, change: &PendingChange, actor: &Actor) -> Result<(), PendingError> {
        for (field, text, longest) in [
            ("owner", &change.owner, ADDRESS),
            ("description", &change.description, LONG),
            ("rotation policy", &change.rotation_policy, SHORT),
        ] {
            check_text(field, text.as_deref().unwrap_or_default(), longest)?;
        }
        let engine = &self.shared.engine;
        let mut transaction = engine.store().write().await?;
        if !pending::change(&mut transaction, engine.store().database().kind(), id, change).await? {
            drop(transaction);
            return Err(self.gone(id).await?);
        }
        let fields = [
            ("owner", change.owner.is_some()),
            ("description", change.description.is_some()),
            ("notify", change.notify.is_some()),
            ("rotation", change.rotation.is_some()),
            ("rotation_policy", change.rotation_policy.is_some()),
            ("roles", change.roles.is_some()),
            ("replaces", change.replaces.is_some()),
        ];
        let fields: Vec<_> = fields.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect();
        let event = pending_event("pending_certificate_changed", id, [("fields", json!(fields))]);
        Ok(engine.commit_audited(transaction, actor, &[event]).await?)
    }

    /// Gives a pending certificate up, with its key. What the upstream issues for it all the same is nobody's.
    ///
    /// # Errors
    /// [`PendingError`]: it is as it was.
    pub async fn cancel(&self, id: PendingId, note: &str, actor: &Actor) -> Result<(), PendingError> {
        let engine = &self.shared.engine;
        let mut transaction = engine.store().write().await?;
        if !pending::delete(&mut transaction, id).await? {
            drop(transaction);
            return Err(self.gone(id).await?);
        }
        let event = pending_event("pending_certificate_cancelled", id, [("note", json!(shortened(note)))]);
        engine.commit_audited(transaction, actor, &[event]).await?;
        Ok(self.withdraw(id).await?)
    }

    /// Whether it is known here under which roots the authority issues that this was ordered from: what anybody brings can be held to them. Where
    /// it is not, whoever brings it vouches for it.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn knows_roots(&self, pending: &Pending) -> Result<bool, StoreError> {
        Ok(self.known(pending).await?.is_some_and(|known| !known.anchors.is_empty()))
    }

    /// The upstream that this was ordered from, if the configuration has it still.
    async fn known(&self, pending: &Pending) -> Result<Option<&Known>, StoreError> {
        let authority = self.shared.engine.authority(pending.authority).await?;
        Ok(authority.and_then(|authority| self.shared.by_name.get(authority.upstream()?)))
    }

    /// Takes the certificate of a pending one from whoever brings it; gives the number of the certificate that it became. It is held to all that
    /// the upstream's own answer is held to. Who may bring one whose roots are not known ([`Self::knows_roots`]) is the caller's to decide.
    ///
    /// # Errors
    /// [`PendingError`]: it is for another key, other names or other usages, its chain does not hold or does not end where it has to, or it only
    /// says that an authority of ours issued it; nothing was stored.
    pub async fn bring(&self, id: PendingId, upload: PendingUpload, actor: &Actor) -> Result<CertificateId, PendingError> {
        check_text("external ID", upload.external_id.as_deref().unwrap_or_default(), SHORT)?;
        let engine = &self.shared.engine;
        let found = self.pending(id).await?.ok_or(PendingError::Unknown { id })?;
        if found.certificate.is_some() {
            return Err(PendingError::Resolved { id });
        }
        let spki = Csr::from_der(&found.csr).map(|csr| csr.public_key().to_spki_der()).unwrap_or_default();
        let usages = engine.settings().profiles.get(&found.profile).map(Profile::extended_key_usages).unwrap_or_default();
        let anchors = self.known(&found).await?.map(|known| known.anchors.as_slice()).unwrap_or_default();
        let chain = Wanted::of(&found, &spki, usages, anchors).check(&upload.bundle, engine.now())?;
        check_texts(chain.leaf())?;
        if let Some(name) = engine.forged(chain.leaf()).await? {
            return Err(PendingError::Forged { name });
        }
        let transaction = engine.store().write().await?;
        let stored = store_issued(engine, transaction, (id, None), (&chain, upload.external_id), actor).await?;
        self.withdraw(id).await?;
        Ok(stored)
    }

    /// The private key of a pending certificate, PKCS #8. That it was shown is in the audit log before it is.
    ///
    /// # Errors
    /// [`PendingError`] if none is stored with it, it does not open, or the log could not be written.
    pub async fn private_key(&self, id: PendingId, actor: &Actor) -> Result<Secret<Vec<u8>>, PendingError> {
        let engine = &self.shared.engine;
        let mut transaction = engine.store().write().await?;
        let (sealed, csr) = pending::key(&mut transaction, id).await?.ok_or(PendingError::NoKey { id })?;
        let spki = Csr::from_der(&csr).map_err(|_| PendingError::NoKey { id })?.public_key().to_spki_der();
        let mut key = engine.ring().open_sealed(&sealed.sealed, &key_place(&sha256(&spki)))?;
        let same = LocalSigner::from_pkcs8_der(&key).is_ok_and(|signer| signer.public_key().to_spki_der() == spki);
        if !same {
            return Err(PendingError::NoKey { id });
        }
        engine.commit_audited(transaction, actor, &[pending_event("pending_key_viewed", id, [])]).await?;
        Ok(Secret::new(std::mem::take(&mut *key)))
    }

    async fn gone(&self, id: PendingId) -> Result<PendingError, StoreError> {
        Ok(match self.pending(id).await? {
            Some(_) => PendingError::Resolved { id },
            None => PendingError::Unknown { id },
        })
    }
}

/// What the audit log has of a certificate that somebody brought: that the upstream issued it is that one's word.
fn brought(pending: &Pending, chain: &Chain) -> Event {
    let leaf = chain.leaf();
    pending_event(
        "pending_certificate_brought",
        pending.id,
        [
            ("authority", json!(pending.authority)),
            ("serial", json!(leaf.serial().to_string())),
            ("fingerprint", json!(hex::encode(leaf.sha256()))),
            ("issuer", json!(shortened(&leaf.issuer().to_string()))),
            ("profile", json!(pending.profile)),
            ("owner", json!(shortened(&pending.record.owner))),
            ("names", json!(shortened_names(leaf.names().iter().map(ToString::to_string)))),
            ("not_after", json!(leaf.validity().not_after())),
        ],
    )
}

/// Stores a pending certificate's own, with its key, and that it is resolved by it: one commit.
pub(super) async fn store_issued(
    engine: &Engine,
    mut transaction: Transaction,
    (id, lease): (PendingId, Option<&Lease>),
    (chain, external_id): (&Chain, Option<String>),
    actor: &Actor,
) -> Result<CertificateId, PendingError> {
    let kind = engine.store().database().kind();
    let found = pending::by_id(&mut transaction, id).await?.ok_or(PendingError::Unknown { id })?;
    let now: Timestamp = engine.now();
    let (mut new, mut event) = issued(&found, chain, now);
    if lease.is_none() {
        event = brought(&found, chain);
    }
    new.key = pending::key(&mut transaction, id).await?.map(|(key, _)| key);
    new.external_id = external_id.or_else(|| found.order_url().map(str::to_owned)).filter(|text| text.chars().count() <= SHORT);
    let stored = certificates::insert(&mut transaction, std::slice::from_ref(&new)).await;
    let stored = stored.map_err(|error| if error.is_duplicate() { PendingError::Duplicate } else { error.into() })?;
    let certificate = stored.first().ok_or(menagerie_store::database::DatabaseError::NoRow)?.id;
    if !leases::resolve(&mut transaction, kind, id, lease, certificate).await? {
        return Err(PendingError::Resolved { id });
    }
    engine.commit_audited(transaction, actor, &[event]).await?;
    Ok(certificate)
}
