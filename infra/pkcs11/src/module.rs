//! A module: a library that is loaded when the first token in it is asked for, and once.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;

use crate::error::Pkcs11Error;
use crate::pool::{Token, TokenSettings};
use crate::uri::TokenName;

/// A PKCS#11 module. Clones share it.
#[derive(Clone)]
pub struct Module {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    context: Mutex<Option<Pkcs11>>,
}

impl Module {
    /// Of a library. Nothing is loaded yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { shared: Arc::new(Shared { path: path.into(), context: Mutex::new(None) }) }
    }

    /// A token of it. Nothing is asked of it yet.
    #[must_use]
    pub fn token(&self, name: TokenName, settings: TokenSettings) -> Token {
        Token::new(self.clone(), name, settings)
    }

    /// Loads and initialises it, unless that was done. May take as long as the module likes.
    pub(crate) fn context(&self) -> Result<Pkcs11, Pkcs11Error> {
        // A thread that panics while it holds the lock has not put anything in.
        let mut known = self.shared.context.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = &*known {
            return Ok(context.clone());
        }
        let failed = |error: &Error| Pkcs11Error::Module { path: self.shared.path.clone(), reason: error.to_string() };
        let context = Pkcs11::new(&self.shared.path).map_err(|error| failed(&error))?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Somebody else in this process uses it too.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(&error)),
        }
        *known = Some(context.clone());
        Ok(context)
    }

    /// The slot that has a token.
    pub(crate) fn slot(&self, name: &TokenName) -> Result<(Pkcs11, Slot), Pkcs11Error> {
        let context = self.context()?;
        let mut found = Vec::new();
        for slot in context.get_slots_with_token()? {
            // A token that was taken out between the two calls is not there.
            let Ok(token) = context.get_token_info(slot) else { continue };
            let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has.trim_end());
            let same = is(&name.token, token.label())
                && is(&name.serial, token.serial_number())
                && is(&name.manufacturer, token.manufacturer_id())
                && is(&name.model, token.model());
            if token.token_initialized() && same {
                found.push(slot);
            }
        }
        match found[..] {
            [slot] => Ok((context, slot)),
            [] => Err(Pkcs11Error::NoToken { token: Box::new(name.clone()) }),
            _ => Err(Pkcs11Error::ManyTokens { token: Box::new(name.clone()), count: found.len() }),
        }
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("path", &self.shared.path).finish_non_exhaustive()
    }
}
