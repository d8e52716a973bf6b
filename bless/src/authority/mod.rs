//! The CA's key: loaded once from where the configuration says, and verified with before anything leaves.

mod load;

use std::sync::Arc;

use menagerie_secret::Secret;
use menagerie_sign::{PublicKey, Signer, Verifier, ssh};
use tokio::sync::OnceCell;

pub use load::AuthorityError;

use crate::config::CaSource;
use crate::issue::AwsClients;
use crate::subject_key::fingerprint_sha256;

/// A CA's key that is ready to sign.
#[expect(missing_debug_implementations, reason = "holds the CA's key")]
pub struct Authority {
    signer: Box<dyn Signer>,
    verifier: Verifier,
    public_blob: Vec<u8>,
    fingerprint: String,
}

impl Authority {
    /// A CA that signs with `signer`.
    ///
    /// # Errors
    /// [`AuthorityError::PublicKey`] if the signer's public key is not one, [`AuthorityError::NotForSsh`] if it is one that OpenSSH does not know.
    pub fn new(signer: Box<dyn Signer>) -> Result<Self, AuthorityError> {
        if !ssh::is_for_ssh(signer.public_key()) {
            return Err(AuthorityError::NotForSsh { name: signer.public_key().to_string() });
        }
        let verifier = Verifier::new(signer.public_key()).map_err(AuthorityError::PublicKey)?;
        let public_blob = ssh::public_key_blob(signer.public_key());
        let fingerprint = fingerprint_sha256(&public_blob);
        Ok(Self { signer, verifier, public_blob, fingerprint })
    }

    /// Who signs.
    #[must_use]
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    /// The public key in SSH's binary form.
    #[must_use]
    pub fn public_blob(&self) -> &[u8] {
        &self.public_blob
    }

    /// The public key's fingerprint, `SHA256:…`.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether this CA made a signature, given as the algorithm's name and the string behind it.
    #[must_use]
    pub fn verify(&self, message: &[u8], algorithm: &str, raw: &[u8]) -> bool {
        ssh::parse_signature(algorithm.as_bytes(), raw).is_ok_and(|signature| self.verifier.verify(message, &signature).is_ok())
    }
}

/// Where the CA's key comes from, and the key once it was loaded. A failure is not kept: the next call tries again.
#[expect(missing_debug_implementations, reason = "holds the CA's passphrase")]
pub struct AuthoritySource {
    source: Option<CaSource>,
    passphrase: Option<Secret<Vec<u8>>>,
    loaded: OnceCell<Arc<Authority>>,
}

impl AuthoritySource {
    /// A key by the configuration. A `passphrase` that is given here goes before the configuration's.
    #[must_use]
    pub fn new(source: CaSource, passphrase: Option<Secret<Vec<u8>>>) -> Self {
        Self { source: Some(source), passphrase, loaded: OnceCell::new() }
    }

    /// A key that is there already.
    #[must_use]
    pub fn ready(authority: Authority) -> Self {
        Self { source: None, passphrase: None, loaded: OnceCell::new_with(Some(Arc::new(authority))) }
    }

    /// The CA, loaded if it was not yet.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub async fn load(&self, clients: &AwsClients) -> Result<Arc<Authority>, AuthorityError> {
        if let Some(authority) = self.loaded.get() {
            return Ok(Arc::clone(authority));
        }
        let authority = self.loaded.get_or_try_init(|| async {
            let source = self.source.as_ref().expect("a source that is not ready has one");
            let signer = load::signer(source, self.passphrase.as_ref(), clients).await?;
            let authority = Authority::new(signer)?;
            tracing::info!(ca = authority.fingerprint(), "the CA's key is loaded");
            Ok::<_, AuthorityError>(Arc::new(authority))
        });
        Ok(Arc::clone(authority.await?))
    }
}
