//! Authorities ready to use: their certificates read, their keys open. A copy is thrown away when the row has changed, which is looked at
//! several times a second, and at once when this process changes it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use menagerie_sign::{LocalSigner, Signer};

use super::{Allocation, Engine};
use crate::authority::{authority_place, responder_place};
use crate::certificate::{Issuer, Places, View};
use crate::issue::IssueError;
use crate::name::Uri;
use crate::ocsp::IssuerIds;
use crate::store::authorities::{self, Authority, AuthorityKind, AuthorityState};
use crate::store::{AuthorityId, StoreError};

/// Authorities that were used, and how far each was handed out.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    loaded: RwLock<HashMap<AuthorityId, Arc<Loaded>>>,
    known: RwLock<Vec<AuthorityId>>,
    allocations: RwLock<HashMap<AuthorityId, Arc<Allocation>>>,
}

/// An authority ready to use.
pub(crate) struct Loaded {
    pub(crate) row: Authority,
    /// Its own certificate.
    pub(crate) view: View,
    pub(crate) issuer: Issuer,
    /// How OCSP names it.
    pub(crate) ids: IssuerIds,
    /// None if its key is not to be had here.
    pub(crate) signer: Option<Arc<dyn Signer>>,
    /// Its certificate and those above it, the root last.
    pub(crate) chain: Arc<[Vec<u8>]>,
    pub(crate) responder: Option<LoadedResponder>,
    pub(crate) allocation: Arc<Allocation>,
}

/// An OCSP responder ready to sign.
pub(crate) struct LoadedResponder {
    pub(crate) signer: LocalSigner,
    pub(crate) view: View,
    /// When its certificate ends, in seconds.
    pub(crate) until: i64,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("id", &self.row.id).field("version", &self.row.version).finish_non_exhaustive()
    }
}

impl Loaded {
    /// What signs for it.
    pub(crate) fn signer(&self) -> Result<&Arc<dyn Signer>, IssueError> {
        let refuse = |reason| IssueError::NotIssuing { name: self.row.name.clone(), reason };
        match self.row.state {
            AuthorityState::Active => self.signer.as_ref().ok_or_else(|| refuse("its key is elsewhere")),
            AuthorityState::Pending => Err(refuse("it waits for its own certificate")),
            AuthorityState::Disabled => Err(refuse("it was disabled")),
        }
    }

    pub(crate) fn broken(row: &Authority, reason: impl ToString) -> IssueError {
        IssueError::Broken { name: row.name.clone(), reason: reason.to_string() }
    }
}

impl Cache {
    fn get(&self, id: AuthorityId) -> Option<Arc<Loaded>> {
        // A thread that panics while it holds the lock has only changed one entry.
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn put(&self, loaded: &Arc<Loaded>) {
        let mut all = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever read an older row came later: the newer stays.
        if all.get(&loaded.row.id).is_none_or(|known| known.row.version <= loaded.row.version) {
            all.insert(loaded.row.id, Arc::clone(loaded));
        }
    }

    pub(crate) fn forget(&self, id: AuthorityId) {
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    fn keep_only(&self, versions: &HashMap<AuthorityId, i64>) {
        let mut all = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        // A chain reaches above its authority: one that changes may change those under it.
        if all.iter().any(|(id, loaded)| versions.get(id) != Some(&loaded.row.version)) {
            all.clear();
        }
    }

    fn allocation(&self, id: AuthorityId) -> Arc<Allocation> {
        Arc::clone(self.allocations.write().unwrap_or_else(PoisonError::into_inner).entry(id).or_default())
    }
}

impl Engine {
    /// Throws away what others have changed.
    pub(crate) async fn notice_changes(&self) -> Result<(), StoreError> {
        let versions: HashMap<_, _> = authorities::versions(&mut self.shared.store.read().await?).await?.into_iter().collect();
        self.shared.cache.keep_only(&versions);
        *self.shared.cache.known.write().unwrap_or_else(PoisonError::into_inner) = versions.into_keys().collect();
        Ok(())
    }

    /// The authorities that there were at the last look.
    pub(crate) fn known_authorities(&self) -> Vec<AuthorityId> {
        self.shared.cache.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An authority ready to use.
    pub(crate) async fn load(&self, id: AuthorityId) -> Result<Arc<Loaded>, IssueError> {
        if let Some(loaded) = self.shared.cache.get(id) {
            return Ok(loaded);
        }
        let mut transaction = self.shared.store.read().await?;
        let row = authorities::by_id(&mut transaction, id).await?.ok_or(IssueError::UnknownAuthority { id })?;
        let mut chain = Vec::new();
        let mut above = row.parent;
        chain.extend(row.der.clone());
        while let Some(id) = above {
            let parent =
                authorities::by_id(&mut transaction, id).await?.ok_or_else(|| Loaded::broken(&row, "an authority above it is gone"))?;
            if chain.len() > crate::certificate::MAX_CHAIN {
                return Err(Loaded::broken(&row, "the authorities above it have no end"));
            }
            chain.extend(parent.der);
            above = parent.parent;
        }
        drop(transaction);
        let loaded = Arc::new(self.prepare(row, chain).await?);
        self.shared.cache.put(&loaded);
        Ok(loaded)
    }

    async fn prepare(&self, row: Authority, chain: Vec<Vec<u8>>) -> Result<Loaded, IssueError> {
        let waits = || IssueError::NotIssuing {
            name: row.name.clone(),
            reason: match row.kind {
                AuthorityKind::Upstream => "it is elsewhere: its certificates are ordered from it, and pending until they come",
                _ => "it waits for its own certificate",
            },
        };
        let der = row.der.as_ref().ok_or_else(waits)?;
        let view = View::parse(der).map_err(|error| Loaded::broken(&row, error))?;
        let issuer = Issuer::new(&view).map_err(|error| Loaded::broken(&row, error))?;
        let signer = self.open_signer(&row).await?;
        if signer.as_ref().is_some_and(|signer| signer.public_key() != issuer.public_key()) {
            return Err(Loaded::broken(&row, "its key is not the one in its certificate"));
        }
        let responder = match &row.responder {
            Some(responder) => {
                let key = self.shared.ring.open_sealed(&responder.sealed_key, &responder_place(&row.spki))?;
                let signer = LocalSigner::from_pkcs8_der(&key).map_err(|error| Loaded::broken(&row, error))?;
                let view = View::parse(&responder.der).map_err(|error| Loaded::broken(&row, error))?;
                Some(LoadedResponder { signer, view, until: responder.until })
            }
            None => None,
        };
        Ok(Loaded {
            ids: IssuerIds::new(&issuer),
            allocation: self.shared.cache.allocation(row.id),
            chain: chain.into(),
            view,
            issuer,
            signer,
            responder,
            row,
        })
    }

    async fn open_signer(&self, row: &Authority) -> Result<Option<Arc<dyn Signer>>, IssueError> {
        if let Some(sealed) = &row.sealed_key {
            let key = self.shared.ring.open_sealed(sealed, &authority_place(&row.spki))?;
            let signer = LocalSigner::from_pkcs8_der(&key).map_err(|error| Loaded::broken(row, error))?;
            return Ok(Some(Arc::new(signer.with_rsa_hash(menagerie_sign::RsaHash::Sha256))));
        }
        match &row.key_reference {
            Some(reference) => {
                let opened = self.shared.settings.signers.open(reference).await;
                Ok(Some(opened.map_err(|error| Loaded::broken(row, error))?))
            }
            None => Ok(None),
        }
    }

    /// Where what an authority issues says that more is to be had.
    pub(crate) fn places(&self, authority: AuthorityId, shard: i64) -> Places {
        let base = &self.shared.settings.public_url;
        let uri = |text: String| Uri::parse(&text).expect("numbers behind an address that was checked at the start");
        Places {
            ocsp: vec![uri(format!("{base}/ocsp"))],
            issuers: vec![uri(format!("{base}/ca/{authority}.cer"))],
            crl: vec![self.crl_url(authority, shard)],
        }
    }

    /// Where a part of an authority's revocation list is.
    pub(crate) fn crl_url(&self, authority: AuthorityId, shard: i64) -> Uri {
        let text = format!("{}/crl/{authority}/{shard}.crl", self.shared.settings.public_url);
        Uri::parse(&text).expect("numbers behind an address that was checked at the start")
    }
}
