//! Authorities ready to use: their certificates read, their keys open. A copy is thrown away when the row has changed, which is looked at
//! several times a second, and at once when this process changes it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use menagerie_sign::{LocalSigner, Signer};

use super::{Allocation, Engine};
use crate::authority::{Elsewhere, authority_place, responder_place};
use crate::certificate::{Issuer, MAX_CHAIN, Places, View};
use crate::issue::IssueError;
use crate::name::Uri;
use crate::ocsp::IssuerIds;
use crate::store::authorities::{self, Authority, AuthorityKind, AuthorityState};
use crate::store::{AuthorityId, StoreError, certificates};

/// Authorities that were used, and how far each was handed out.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    loaded: RwLock<HashMap<AuthorityId, Arc<Loaded>>>,
    /// The authorities that there were at the last look, with their versions.
    known: RwLock<HashMap<AuthorityId, i64>>,
    /// Grows whenever one of them was made or changed.
    generation: AtomicU64,
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
    /// The same, if its key is elsewhere.
    elsewhere: Option<Arc<Elsewhere>>,
    /// Its certificate and those above it, the root last.
    pub(crate) chain: Arc<[Vec<u8>]>,
    /// Whether its certificate, or one above it, was revoked.
    pub(crate) revoked: bool,
    /// Those above it: what they may not certify, nothing under them does either.
    pub(crate) above: Vec<Issuer>,
    /// The profiles that those above it are held to, a list for each that is.
    pub(crate) narrowed: Vec<Vec<String>>,
    pub(crate) responder: Option<LoadedResponder>,
    pub(crate) allocation: Arc<Allocation>,
}

/// An authority to be looked at, whether or not it can be used.
pub(crate) struct Lineage {
    pub(crate) row: Authority,
    /// Its certificate and those above it, the root last.
    pub(crate) chain: Arc<[Vec<u8>]>,
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
    /// What signs what it says of what it issued, also when it issues no more.
    pub(crate) fn key(&self) -> Result<&Arc<dyn Signer>, IssueError> {
        let elsewhere = || IssueError::NotIssuing { name: self.row.name.clone(), reason: "its key is elsewhere" };
        self.signer.as_ref().ok_or_else(elsewhere)
    }

    /// What signs what it issues.
    pub(crate) fn signer(&self) -> Result<&Arc<dyn Signer>, IssueError> {
        let refuse = |reason| IssueError::NotIssuing { name: self.row.name.clone(), reason };
        if self.revoked {
            return Err(refuse("its certificate, or that of an authority above it, is revoked"));
        }
        match self.row.state {
            AuthorityState::Active => self.key(),
            AuthorityState::Pending => Err(refuse("it waits for its own certificate")),
            AuthorityState::Disabled => Err(refuse("it was disabled")),
        }
    }

    /// Sees that its key can be reached, before a serial number is given away that it would have to sign.
    pub(crate) async fn ready(&self) -> Result<(), IssueError> {
        let Some(elsewhere) = &self.elsewhere else { return Ok(()) };
        let opened = elsewhere.open().await;
        opened.map(drop).map_err(|source| IssueError::KeyElsewhere { name: self.row.name.clone(), source })
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
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Forgets all of them: of one that changes, those under it may change too.
    pub(crate) fn forget_all(&self) {
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).clear();
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
        let mut known = self.shared.cache.known.write().unwrap_or_else(PoisonError::into_inner);
        if *known != versions {
            *known = versions;
            self.shared.cache.generation.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    /// The authorities that there were at the last look.
    pub(crate) fn known_authorities(&self) -> Vec<AuthorityId> {
        let mut known: Vec<_> = self.shared.cache.known.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        known.sort_unstable();
        known
    }

    /// What grows whenever an authority was made or changed, by this process at once, by another within a second: whoever keeps what follows
    /// from authorities keeps this with it.
    pub(crate) fn generation(&self) -> u64 {
        self.shared.cache.generation.load(Ordering::Acquire)
    }

    /// An authority ready to use.
    pub(crate) async fn load(&self, id: AuthorityId) -> Result<Arc<Loaded>, IssueError> {
        if let Some(loaded) = self.shared.cache.get(id) {
            return Ok(loaded);
        }
        let mut transaction = self.shared.store.read().await?;
        let row = authorities::by_id(&mut transaction, id).await?.ok_or(IssueError::UnknownAuthority { id })?;
        let mut chain = Vec::new();
        let mut certificates = Vec::from_iter(row.certificate);
        let mut narrowed = Vec::new();
        let mut above = row.parent;
        chain.extend(row.der.clone());
        while let Some(id) = above {
            let parent =
                authorities::by_id(&mut transaction, id).await?.ok_or_else(|| Loaded::broken(&row, "an authority above it is gone"))?;
            if chain.len() > MAX_CHAIN {
                return Err(Loaded::broken(&row, "the authorities above it have no end"));
            }
            chain.extend(parent.der);
            certificates.extend(parent.certificate);
            narrowed.extend(Some(parent.profiles).filter(|profiles| !profiles.is_empty()));
            above = parent.parent;
        }
        let revoked = certificates::is_any_revoked(&mut transaction, &certificates).await?;
        drop(transaction);
        let loaded = Arc::new(self.prepare(row, chain, (revoked, narrowed))?);
        self.shared.cache.put(&loaded);
        Ok(loaded)
    }

    /// Authorities by their numbers, for those who only look at them: what is ready to use is taken as it is, and the rest is read by a
    /// number of statements that grows with how deep they stand, and not with how many they are.
    pub(crate) async fn lineages(&self, ids: impl IntoIterator<Item = AuthorityId>) -> Result<BTreeMap<AuthorityId, Lineage>, StoreError> {
        let mut lineages = BTreeMap::new();
        let mut cold = BTreeSet::new();
        for id in ids {
            match self.shared.cache.get(id) {
                Some(loaded) => drop(lineages.insert(id, Lineage { row: loaded.row.clone(), chain: Arc::clone(&loaded.chain) })),
                None => drop(cold.insert(id)),
            }
        }
        if cold.is_empty() {
            return Ok(lineages);
        }
        let mut rows: BTreeMap<AuthorityId, Authority> = BTreeMap::new();
        let mut wanted = cold.clone();
        let mut transaction = self.shared.store.read().await?;
        for _ in 0..=MAX_CHAIN {
            if wanted.is_empty() {
                break;
            }
            let found = authorities::by_ids(&mut transaction, wanted).await?;
            wanted = found.iter().filter_map(|row| row.parent).filter(|above| !rows.contains_key(above)).collect();
            rows.extend(found.into_iter().map(|row| (row.id, row)));
        }
        for id in cold {
            let Some(row) = rows.get(&id) else { continue };
            // One that waits for its certificate has no chain.
            let above = std::iter::successors(Some(row).filter(|row| row.der.is_some()), |row| rows.get(&row.parent?));
            let chain = above.take(MAX_CHAIN).filter_map(|row| row.der.clone()).collect();
            lineages.insert(id, Lineage { row: row.clone(), chain });
        }
        Ok(lineages)
    }

    fn prepare(&self, row: Authority, chain: Vec<Vec<u8>>, (revoked, narrowed): (bool, Vec<Vec<String>>)) -> Result<Loaded, IssueError> {
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
        let above = chain.iter().skip(1).map(|der| -> Result<Issuer, String> {
            Issuer::new(&View::parse(der).map_err(|error| error.to_string())?).map_err(|error| error.to_string())
        });
        let above = above.collect::<Result<_, _>>().map_err(|error| Loaded::broken(&row, error))?;
        let elsewhere = self.elsewhere(&row, &issuer)?;
        let signer = match &elsewhere {
            Some(elsewhere) => Some(Arc::clone(elsewhere) as Arc<dyn Signer>),
            None => self.open_signer(&row)?,
        };
        if signer.as_ref().is_some_and(|signer| signer.public_key() != issuer.public_key()) {
            return Err(Loaded::broken(&row, "its key is not the one in its certificate"));
        }
        let responder = match &row.responder {
            Some(responder) => {
                let key = self.shared.ring.open_sealed(&responder.sealed_key, &responder_place(&row.spki))?;
                let signer = LocalSigner::from_pkcs8_der(&key).map_err(|error| Loaded::broken(&row, error))?;
                let view = View::parse(&responder.der).map_err(|error| Loaded::broken(&row, error))?;
                if signer.public_key().to_spki_der() != view.spki() {
                    return Err(Loaded::broken(&row, "its OCSP responder's key is not the one in its certificate"));
                }
                Some(LoadedResponder { signer, view, until: responder.until })
            }
            None => None,
        };
        Ok(Loaded {
            ids: IssuerIds::new(&issuer),
            allocation: self.shared.cache.allocation(row.id),
            chain: chain.into(),
            revoked,
            above,
            narrowed,
            view,
            issuer,
            signer,
            elsewhere,
            responder,
            row,
        })
    }

    /// The key of an authority that is elsewhere; nobody is asked for it yet.
    fn elsewhere(&self, row: &Authority, issuer: &Issuer) -> Result<Option<Arc<Elsewhere>>, IssueError> {
        let Some(reference) = row.key_reference.clone() else { return Ok(None) };
        let key = Elsewhere::new(Arc::clone(&self.shared.settings.signers), reference, issuer.public_key().clone());
        key.map(|key| Some(Arc::new(key))).map_err(|error| Loaded::broken(row, error))
    }

    /// The key of an authority that is here.
    fn open_signer(&self, row: &Authority) -> Result<Option<Arc<dyn Signer>>, IssueError> {
        let Some(sealed) = &row.sealed_key else { return Ok(None) };
        let key = self.shared.ring.open_sealed(sealed, &authority_place(&row.spki))?;
        let signer = LocalSigner::from_pkcs8_der(&key).map_err(|error| Loaded::broken(row, error))?;
        Ok(Some(Arc::new(signer.with_rsa_hash(menagerie_sign::RsaHash::Sha256))))
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
