//! Keys in tokens, by the PKCS#11 module and the PIN that the configuration file names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use menagerie_pkcs11::{KeyUri, Module, Token, TokenName, TokenSettings, WrappingKey};
use menagerie_secret::KeeperError;
use menagerie_sign::{Pkcs11Signer, RsaHash, Signer};
use zeroize::Zeroizing;

use crate::authority::OpenSignerError;
use crate::config::Pkcs11;
use crate::secret_file::{self, SecretFileError};

/// The tokens of a module.
#[derive(Debug)]
pub(super) struct Tokens {
    configured: Option<(Module, Pkcs11)>,
    open: Mutex<HashMap<TokenName, Token>>,
}

/// Why a token cannot be asked.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error("no PKCS#11 module is configured: name one in [pkcs11] of lemur.toml")]
    NotConfigured,
    #[error("the PIN: {0}")]
    Pin(#[from] SecretFileError),
}

impl Tokens {
    pub(super) fn new(configured: Option<Pkcs11>) -> Self {
        Self { configured: configured.map(|said| (Module::new(&said.module), said)), open: Mutex::default() }
    }

    fn token(&self, name: &TokenName) -> Result<Token, TokenError> {
        let (module, said) = self.configured.as_ref().ok_or(TokenError::NotConfigured)?;
        // A thread that panics while it holds the lock has put in one token at most.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = open.get(name) {
            return Ok(token.clone());
        }
        let pin = said.pin_file.as_deref().map(secret_file::line).transpose()?;
        let settings = TokenSettings { pin, sessions: said.sessions, patience: said.patience };
        let token = module.token(name.clone(), settings);
        open.insert(name.clone(), token.clone());
        Ok(token)
    }

    /// Opens a key that is to sign for an authority.
    pub(super) async fn open(&self, key: KeyUri) -> Result<Arc<dyn Signer>, OpenSignerError> {
        let token = self.token(&key.token).map_err(|error| OpenSignerError::Holder(Box::new(error)))?;
        let signer = Pkcs11Signer::load(token, key, RsaHash::Sha256).await;
        Ok(Arc::new(signer.map_err(|error| OpenSignerError::Holder(Box::new(error)))?))
    }

    /// Wraps a key of the ring.
    pub(super) fn wrap(&self, uri: KeyUri, key: &[u8], belongs_to: &str) -> Result<Vec<u8>, KeeperError> {
        self.wrapping_key(uri)?.wrap(key, belongs_to.as_bytes()).map_err(KeeperError::new)
    }

    /// Unwraps a key of the ring.
    pub(super) fn unwrap(&self, uri: KeyUri, wrapped: &[u8], belongs_to: &str) -> Result<Zeroizing<Vec<u8>>, KeeperError> {
        self.wrapping_key(uri)?.unwrap(wrapped, belongs_to.as_bytes()).map_err(KeeperError::new)
    }

    fn wrapping_key(&self, uri: KeyUri) -> Result<WrappingKey, KeeperError> {
        Ok(WrappingKey::new(self.token(&uri.token).map_err(KeeperError::new)?, uri))
    }
}
