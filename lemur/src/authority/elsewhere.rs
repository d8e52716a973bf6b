//! An authority's key that is elsewhere, as the engine uses it: opened when it is first to sign, so that an authority is known, and answered
//! for, while its key cannot be reached; held to the public key in the authority's certificate; and believed only what that verifies.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use menagerie_sign::{Algorithm, PublicKey, PublicKeyError, RsaHash, SignError, Signer, Signing, Verifier};
use tokio::sync::Mutex;

use super::{OpenSignerError, Signers};

const HOLDER: &str = "the authority's key";

/// A key that is elsewhere.
pub(crate) struct Elsewhere {
    signers: Arc<dyn Signers>,
    reference: String,
    public_key: PublicKey,
    verifier: Verifier,
    algorithm: Algorithm,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Open, until it fails.
    opened: Option<Arc<dyn Signer>>,
    /// When it could not be opened last, and why.
    failed: Option<(Instant, String)>,
}

impl Elsewhere {
    /// The key that has this public half. Nothing is opened yet.
    pub(crate) fn new(signers: Arc<dyn Signers>, reference: String, public_key: PublicKey) -> Result<Self, PublicKeyError> {
        let algorithm = match public_key {
            PublicKey::Ed25519(_) => Algorithm::Ed25519,
            PublicKey::EcdsaP256(_) => Algorithm::EcdsaP256Sha256,
            PublicKey::EcdsaP384(_) => Algorithm::EcdsaP384Sha384,
            PublicKey::Rsa { .. } => RsaHash::Sha256.algorithm(),
            PublicKey::MlDsa(set, _) => Algorithm::MlDsa(set),
        };
        let verifier = Verifier::new(&public_key)?;
        Ok(Self { signers, reference, public_key, verifier, algorithm, state: Mutex::default() })
    }

    /// Opens it, unless it is open: after this it is likely to sign.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Signer>, OpenSignerError> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(signer) = &state.opened {
            return Ok(Arc::clone(signer));
        }
        // Whoever waited while another found that it does not open knows that: of many who ask, one waits for a holder that does not answer.
        if let Some((_, reason)) = state.failed.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(OpenSignerError::Holder(reason.clone().into()));
        }
        match self.fresh().await {
            Ok(signer) => Ok(Arc::clone(state.opened.insert(signer))),
            Err(error) => {
                state.failed = Some((Instant::now(), error.to_string()));
                Err(error)
            }
        }
    }

    async fn fresh(&self) -> Result<Arc<dyn Signer>, OpenSignerError> {
        let signer = self.signers.open(&self.reference).await?;
        if *signer.public_key() != self.public_key {
            return Err(OpenSignerError::Another { reference: self.reference.clone() });
        }
        if signer.algorithm() != self.algorithm {
            return Err(OpenSignerError::Unfit { reference: self.reference.clone(), reason: "it signs in another way" });
        }
        Ok(signer)
    }

    async fn ask(&self, message: &[u8]) -> Result<menagerie_sign::Signature, SignError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| SignError::Remote { holder: HOLDER, source };
        let signer = self.open().await.map_err(|error| failed(Box::new(error)))?;
        let signed = match signer.sign(message).await {
            Ok(signature) => self.verifier.verify(message, &signature).map(|()| signature).map_err(|error| failed(Box::new(error))),
            Err(error) => Err(error),
        };
        if signed.is_err() {
            // It is opened and looked at again before it is asked for more.
            let mut state = self.state.lock().await;
            if state.opened.as_ref().is_some_and(|known| Arc::ptr_eq(known, &signer)) {
                state.opened = None;
            }
        }
        signed
    }
}

impl Signer for Elsewhere {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        Box::pin(self.ask(message))
    }
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elsewhere").field("reference", &self.reference).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
