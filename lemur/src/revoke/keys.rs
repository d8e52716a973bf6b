//! Private keys that are stored: showing one, with a line in the audit log before it is shown, and sealing all of them anew under a fresh
//! key of the ring, while everything else goes on.

use menagerie_secret::{KeyRing, OpenError, RingFileError, Secret};
use menagerie_sign::{LocalSigner, Signer as _};

use crate::audit::{Actor, Event};
use crate::authority::{authority_place, key_place, responder_place, sha256};
use crate::certificate::View;
use crate::engine::{Engine, RingError, RingTurn};
use crate::store::authorities::{self, Authority};
use crate::store::keys::{self, SealedKey};
use crate::store::{CertificateId, StoreError};

/// How many keys are sealed anew in one transaction.
const AT_ONCE: i64 = 200;

/// Why a key was not shown, or keys were not sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No key is stored for the certificate, or there is no such certificate.
    #[error("no private key is stored for the certificate {id}")]
    None {
        /// The certificate.
        id: CertificateId,
    },
    /// The key does not open.
    #[error("the private key cannot be opened: {0}")]
    Ring(#[from] RingError),
    /// The ring's file was not changed.
    #[error(transparent)]
    File(#[from] RingFileError),
    /// What is stored as the certificate's key is another's: somebody has changed the database.
    #[error("what is stored as the private key of the certificate {id} is not its key")]
    OtherKey {
        /// The certificate.
        id: CertificateId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<menagerie_store::database::DatabaseError> for KeyError {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

/// What was sealed anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Keys of certificates.
    pub certificates: u64,
    /// Keys of authorities and their OCSP responders.
    pub authorities: u64,
}

impl Engine {
    /// A certificate's private key, PKCS #8. That it was shown is in the audit log before it is. `purpose` says for what: `view`,
    /// `export`, `request`.
    ///
    /// # Errors
    /// [`KeyError`] if none is stored, it does not open, or the log could not be written.
    pub async fn private_key(&self, id: CertificateId, purpose: &'static str, actor: &Actor) -> Result<Secret<Vec<u8>>, KeyError> {
        let mut transaction = self.shared.store.write().await?;
        let (sealed, der) = keys::of(&mut transaction, id).await?.ok_or(KeyError::None { id })?;
        let view = View::parse(&der).map_err(|_| KeyError::OtherKey { id })?;
        let hash = sha256(view.spki());
        let mut key = self.shared.ring.open_sealed(&sealed.sealed, &key_place(&hash))?;
        let signer = LocalSigner::from_pkcs8_der(&key).map_err(|_| KeyError::OtherKey { id })?;
        if signer.public_key().to_spki_der() != view.spki() {
            return Err(KeyError::OtherKey { id });
        }
        let event = Event::KeyViewed { certificate: id, key: hex::encode(hash), purpose };
        self.commit_audited(transaction, actor, &[event]).await?;
        Ok(Secret::new(std::mem::take(&mut *key)))
    }

    /// Seals every stored key under the newest key of the ring that is not sealed under it. What is sealed meanwhile under an older one, here or by
    /// other processes, opens all the same: that stays in the ring until [`Engine::drop_unused_keys`].
    ///
    /// # Errors
    /// [`KeyError`]: some keys may be sealed anew and others not; doing it again goes on with those.
    pub async fn reseal(&self, actor: &Actor) -> Result<Resealed, KeyError> {
        let ring = self.shared.ring.reload().map_err(RingError::from)?;
        let mut done = Resealed::default();
        for authority in self.authorities().await? {
            done.authorities += self.reseal_authority(&ring, authority).await?;
        }
        let newest = ring.newest().to_string();
        let mut after = CertificateId(i64::MIN);
        loop {
            let mut transaction = self.shared.store.write().await?;
            let found = keys::sealed_otherwise(&mut transaction, &newest, after, AT_ONCE).await?;
            let Some((last, ..)) = found.last() else { break };
            after = *last;
            for (certificate, old, der) in &found {
                let view = View::parse(der).map_err(|_| KeyError::OtherKey { id: *certificate })?;
                let place = key_place(&sha256(view.spki()));
                let plain = self.shared.ring.open_sealed(&old.sealed, &place)?;
                let sealed = ring.seal(&plain, &place).map_err(RingError::from)?;
                let new = SealedKey { ring_key: newest.clone(), sealed };
                done.certificates += u64::from(keys::replace(&mut transaction, *certificate, old, &new).await?);
            }
            transaction.commit().await.map_err(StoreError::from)?;
        }
        let event = Event::KeysResealed { ring_key: newest, certificates: done.certificates, authorities: done.authorities };
        self.commit_audited(self.shared.store.write().await?, actor, &[event]).await?;
        Ok(done)
    }

    async fn reseal_authority(&self, ring: &KeyRing, mut authority: Authority) -> Result<u64, KeyError> {
        loop {
            let anew = |sealed: Option<&Vec<u8>>, place: &str| -> Result<Option<Vec<u8>>, KeyError> {
                let Some(sealed) = sealed else { return Ok(None) };
                if KeyRing::key_of(sealed).map_err(RingError::from)? == ring.newest() {
                    return Ok(None);
                }
                let plain = self.shared.ring.open_sealed(sealed, place)?;
                Ok(Some(ring.seal(&plain, place).map_err(RingError::from)?))
            };
            let key = anew(authority.sealed_key.as_ref(), &authority_place(&authority.spki))?;
            let responder = authority.responder.as_ref().map(|responder| &responder.sealed_key);
            let responder = anew(responder, &responder_place(&authority.spki))?;
            if key.is_none() && responder.is_none() {
                return Ok(0);
            }
            let mut transaction = self.shared.store.write().await?;
            if authorities::reseal(&mut transaction, &authority, key.as_deref(), responder.as_deref()).await? {
                transaction.commit().await.map_err(StoreError::from)?;
                self.shared.cache.forget(authority.id);
                return Ok(u64::from(key.is_some()) + u64::from(responder.is_some()));
            }
            // It was changed meanwhile.
            match authorities::by_id(&mut transaction, authority.id).await? {
                Some(changed) => authority = changed,
                None => return Ok(0),
            }
        }
    }

    /// Keeps the ring under a key elsewhere, or in its file in the clear; gives whether that is a change. Nothing stored is sealed anew.
    ///
    /// # Errors
    /// [`KeyError`] if the key elsewhere cannot be used, or the file cannot be written: it is as it was.
    pub async fn keep_ring_under(&self, reference: Option<&str>, actor: &Actor) -> Result<bool, KeyError> {
        let changed = self.shared.ring.keep_under(reference)?;
        if changed {
            let event = Event::RingKept { under: reference.map(str::to_owned) };
            self.commit_audited(self.shared.store.write().await?, actor, &[event]).await?;
        }
        Ok(changed)
    }

    /// Takes the older keys out of the ring under which nothing is sealed any more; gives how many.
    ///
    /// # Errors
    /// [`KeyError`]: the ring is as it was. [`OpenError`] in it if something stored is no sealed key.
    pub async fn drop_unused_keys(&self) -> Result<usize, KeyError> {
        let turn = self.shared.ring.turn()?;
        self.drop_unused_keys_in(&turn).await
    }

    /// As [`Engine::drop_unused_keys`], in a turn that lasts: what is sealed is read after it has begun.
    ///
    /// # Errors
    /// As [`Engine::drop_unused_keys`].
    pub async fn drop_unused_keys_in(&self, turn: &RingTurn<'_>) -> Result<usize, KeyError> {
        let ring = self.shared.ring.reload().map_err(RingError::from)?;
        let mut used = vec![ring.newest().to_string()];
        for authority in self.authorities().await? {
            let responder = authority.responder.map(|responder| responder.sealed_key);
            for sealed in authority.sealed_key.into_iter().chain(responder) {
                used.push(KeyRing::key_of(&sealed).map_err(|error: OpenError| RingError::from(error))?.to_string());
            }
        }
        used.extend(keys::ring_keys(&mut self.shared.store.read().await?).await?);
        let unused: Vec<_> = ring.ids().into_iter().filter(|id| !used.contains(&id.to_string())).collect();
        Ok(turn.drop_keys(&unused)?)
    }
}
