//! Keys in tokens, by the PKCS#11 module and the PIN that the configuration file names.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use menagerie_pkcs11::{KeyUri, Module, Token, TokenName, TokenSettings, WrappingKey};
use menagerie_secret::{KeeperError, Secret};
use menagerie_sign::{Pkcs11Signer, RsaHash, Signer};
use zeroize::Zeroizing;

use crate::authority::OpenSignerError;
use crate::config::Pkcs11;

/// The longest PIN file that is read, in bytes.
const LONGEST_PIN: u64 = 1024;

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
    #[error("the PIN's file {path} cannot be read: {source}", path = path.display())]
    Pin { path: PathBuf, source: std::io::Error },
    #[error("the PIN's file {path} can be read by others (mode {mode:o}): chmod 600 it", path = path.display())]
    PinMode { path: PathBuf, mode: u32 },
    #[error("the PIN's file {path} has no PIN on its first line", path = path.display())]
    NoPin { path: PathBuf },
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
        let pin = said.pin_file.as_deref().map(read_pin).transpose()?;
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

/// The first line of a file that only its owner may read.
fn read_pin(path: &Path) -> Result<Secret<String>, TokenError> {
    let failed = |source| TokenError::Pin { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    check_mode(path, &file).map_err(failed)??;
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST_PIN).unwrap_or(0)));
    file.take(LONGEST_PIN).read_to_string(&mut text).map_err(failed)?;
    let pin = text.lines().next().unwrap_or_default();
    if pin.is_empty() { Err(TokenError::NoPin { path: path.to_owned() }) } else { Ok(Secret::new(pin.to_owned())) }
}

#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> std::io::Result<Result<(), TokenError>> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions()) & 0o777;
    Ok(if mode & 0o077 == 0 { Ok(()) } else { Err(TokenError::PinMode { path: path.to_owned(), mode }) })
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> std::io::Result<Result<(), TokenError>> {
    Ok(Ok(()))
}
