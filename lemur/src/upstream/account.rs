//! Accounts at upstreams. An account's key is made here and stored, sealed, before the upstream hears of it: a process that dies then is followed by
//! one that asks for the account with the same key, and gets the same.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use menagerie_secret::{KeyRing, Secret};
use menagerie_sign::KeyType;
use serde_json::json;

use super::client::{ClientError, NewAccount, Session};
use super::jws::AccountKey;
use super::store::accounts::{self, Account, Sealed, Which};
use super::{Known, SetupError, Upstreams};
use crate::audit::{Actor, Event};
use crate::config::ExternalAccount;
use crate::engine::{Engine, RingError};
use crate::issue::generate;
use crate::secret_file;
use crate::store::StoreError;

/// Why there is no account to ask with.
#[derive(Debug, thiserror::Error)]
pub(super) enum AccountError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the account's key cannot be used: {0}")]
    Key(#[from] super::AccountKeyError),
    #[error("the account's key cannot be used: {0}")]
    Ring(#[from] RingError),
    #[error("the account's key cannot be made: {0}")]
    Make(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<menagerie_store::database::DatabaseError> for AccountError {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl Known {
    pub(super) fn which(&self) -> Which<'_> {
        Which { upstream: &self.config.name, directory: &self.config.directory }
    }
}

/// What an account's sealed key belongs to.
pub(super) fn key_place(which: Which<'_>) -> String {
    format!("lemur-upstream account key of {} at {}", which.upstream, which.directory)
}

/// What the sealed key of an external account belongs to.
pub(super) fn external_place(which: Which<'_>) -> String {
    format!("lemur-upstream external key of {} at {}", which.upstream, which.directory)
}

pub(super) fn sealed(bytes: Vec<u8>) -> Sealed {
    let ring_key = KeyRing::key_of(&bytes).map(|key| key.to_string()).unwrap_or_default();
    Sealed { ring_key, bytes }
}

impl Upstreams {
    /// Makes accounts' keys where there are none, and takes the keys of external accounts from their files into the database.
    ///
    /// # Errors
    /// [`SetupError`] if one cannot be made, read or stored.
    pub async fn prepare(&self) -> Result<(), SetupError> {
        for known in self.shared.by_name.values() {
            let name = || known.config.name.clone();
            let account = self.account(known).await.map_err(|error| match error {
                AccountError::Store(error) => SetupError::Store(error),
                other => SetupError::Account { name: name(), reason: other.to_string() },
            })?;
            if let Some(external) = &known.config.external_account {
                self.take_external(known, &account, external).await?;
            }
        }
        Ok(())
    }

    /// Keeps the key of an external account. Its file may be gone once it was read.
    async fn take_external(&self, known: &Known, account: &Account, external: &ExternalAccount) -> Result<(), SetupError> {
        let engine = &self.shared.engine;
        let is_kept = account.external.as_ref().is_some_and(|(id, _)| *id == external.id);
        let text = match secret_file::word(&external.key_file) {
            Err(error) if is_kept && error.is_missing() => return Ok(()),
            read => read.map_err(|source| SetupError::Secret { name: known.config.name.clone(), source })?,
        };
        let text = text.expose();
        let wrong = || SetupError::ExternalKey { name: known.config.name.clone(), path: external.key_file.clone() };
        let key = URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text)).map_err(|_| wrong())?;
        let key = Secret::new(key);
        if !(16..=512).contains(&key.expose().len()) {
            return Err(wrong());
        }
        let place = external_place(known.which());
        if let Some((_, kept)) = account.external.as_ref().filter(|_| is_kept)
            && engine.ring().open_sealed(&kept.bytes, &place).is_ok_and(|kept| key.ct_eq(&kept))
        {
            return Ok(());
        }
        let bytes = engine.ring().seal(key.expose(), &place);
        let bytes = bytes.map_err(|error| SetupError::Account { name: known.config.name.clone(), reason: error.to_string() })?;
        let mut transaction = engine.store().write().await?;
        accounts::set_external(&mut transaction, known.which(), &external.id, &sealed(bytes)).await.map_err(StoreError::from)?;
        audited(engine, transaction, known, "upstream_external_key_kept").await?;
        Ok(())
    }

    /// The account's row, with a key that is made if there is none.
    async fn account(&self, known: &Known) -> Result<Account, AccountError> {
        let engine = &self.shared.engine;
        if let Some(account) = accounts::of(&mut engine.store().read().await?, known.which()).await? {
            return Ok(account);
        }
        let made = generate(KeyType::EcdsaP256).await.map_err(|error| AccountError::Make(error.to_string()))?;
        let plain = made.to_pkcs8_der().map_err(|error| AccountError::Make(error.to_string()))?;
        let bytes = engine.ring().seal(plain.expose(), &key_place(known.which()));
        let key = sealed(bytes.map_err(|error| AccountError::Make(error.to_string()))?);
        let mut transaction = engine.store().write().await?;
        if accounts::insert(&mut transaction, known.which(), &key, engine.now().as_millisecond()).await? {
            audited(engine, transaction, known, "upstream_account_key_made").await?;
        }
        // Of two processes that make one, both use the one that was stored.
        let stored = accounts::of(&mut engine.store().read().await?, known.which()).await?;
        stored.ok_or_else(|| menagerie_store::database::DatabaseError::NoRow.into())
    }

    /// The account's key, open, and its URL if the upstream knows it.
    pub(super) async fn open_account(&self, known: &Known) -> Result<(AccountKey, Account), AccountError> {
        let account = self.account(known).await?;
        let plain = self.shared.engine.ring().open_sealed(&account.key.bytes, &key_place(known.which()))?;
        Ok((AccountKey::read(&plain)?, account))
    }

    /// A session of the account, which is made at the upstream if that does not know it.
    pub(super) async fn session<'a>(
        &self,
        known: &'a Known,
        (key, account): (&'a AccountKey, &Account),
    ) -> Result<Session<'a>, AccountError> {
        let engine = &self.shared.engine;
        let mut session = Session::open(&known.http, &known.config.directory, key, account.url.clone(), engine.now()).await?;
        if session.account.is_none() {
            let external = match &account.external {
                Some((id, sealed)) => {
                    let mut plain = engine.ring().open_sealed(&sealed.bytes, &external_place(known.which()))?;
                    Some((id.as_str(), Secret::new(std::mem::take(&mut *plain))))
                }
                None => None,
            };
            let new = NewAccount {
                contact: &known.config.contact,
                agree_to_terms: known.config.agree_to_terms,
                external: external.as_ref().map(|(id, key)| (*id, key)),
            };
            let url = session.register(new).await?;
            let mut transaction = engine.store().write().await?;
            accounts::set_url(&mut transaction, known.which(), Some(&url)).await?;
            audited(engine, transaction, known, "upstream_account_registered").await?;
        }
        Ok(session)
    }

    /// Notes that the upstream does not know the account any more: the next session makes it anew, with the same key.
    pub(super) async fn forget_account(&self, known: &Known) -> Result<(), StoreError> {
        let mut transaction = self.shared.engine.store().write().await?;
        accounts::set_url(&mut transaction, known.which(), None).await?;
        audited(&self.shared.engine, transaction, known, "upstream_account_lost").await
    }
}

async fn audited(
    engine: &Engine,
    transaction: menagerie_store::database::Transaction,
    known: &Known,
    event: &'static str,
) -> Result<(), StoreError> {
    let fields = [("upstream", &known.config.name), ("directory", &known.config.directory)];
    let fields = fields.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
    engine.commit_audited(transaction, &Actor::server(), &[Event::Other { event, fields }]).await
}
