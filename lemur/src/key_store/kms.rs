//! Keys of AWS KMS: asymmetric ones that sign for authorities, and symmetric ones that wrap the keys of the ring.
//!
//! Credentials are those of the environment. A key is asked for in the Region of its ARN. A key of the ring is wrapped with an encryption context
//! (which CloudTrail shows) that names it, and KMS has to say that it unwrapped by the very key that is asked for: the ciphertext chose it.

use std::collections::HashMap;
use std::sync::Arc;

use menagerie_aws::{Arn, CallError, Session, SessionError, SessionOptions};
use menagerie_aws_kms::{Decrypted, Kms};
use menagerie_secret::{KeeperError, Secret};
use menagerie_sign::{Algorithm, KmsSigner, RsaHash, Signer};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::reference::is_key_arn;
use crate::authority::OpenSignerError;

/// What the encryption context calls what a wrapped key belongs to.
const CONTEXT: &str = "lemur";

/// Clients of KMS, by Region.
#[derive(Debug, Default)]
pub(super) struct KmsKeys {
    clients: Mutex<HashMap<Option<String>, Kms>>,
}

/// Why KMS did not wrap or unwrap a key.
#[derive(Debug, thiserror::Error)]
enum WrapError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("AWS KMS unwrapped by the key {found}, which is another")]
    Another { found: String },
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the thread that asked AWS KMS ended without an answer")]
    Ended,
}

fn region_of(key: &str) -> Option<String> {
    key.parse::<Arn>().ok().map(|arn| arn.region().to_owned())
}

fn holder(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OpenSignerError {
    OpenSignerError::Holder(error.into())
}

impl KmsKeys {
    async fn client(&self, key: &str) -> Result<Kms, SessionError> {
        let region = region_of(key);
        let mut clients = self.clients.lock().await;
        if let Some(kms) = clients.get(&region) {
            return Ok(kms.clone());
        }
        let kms = Kms::new(&Session::load(SessionOptions { region: region.clone(), ..SessionOptions::default() }).await?);
        clients.insert(region, kms.clone());
        Ok(kms)
    }

    /// The ARN of a key that may be named otherwise.
    pub(super) async fn arn(&self, key: &str) -> Result<String, OpenSignerError> {
        if is_key_arn(key) {
            return Ok(key.to_owned());
        }
        self.client(key).await.map_err(holder)?.key_arn(key).await.map_err(holder)
    }

    /// Opens a key that is to sign for an authority.
    pub(super) async fn open(&self, key: &str) -> Result<Arc<dyn Signer>, OpenSignerError> {
        let signer = KmsSigner::load(self.client(key).await.map_err(holder)?, key).await.map_err(holder)?;
        if signer.algorithm() == Algorithm::Ed25519 {
            let reason =
                "AWS KMS signs no more than 4096 bytes with an Ed25519 key, and revocation lists grow longer: take one of ECDSA or RSA";
            return Err(OpenSignerError::Unfit { reference: format!("aws-kms:{key}"), reason });
        }
        Ok(Arc::new(signer.with_rsa_hash(RsaHash::Sha256)))
    }
}

/// Wraps a key of the ring.
pub(super) fn wrap(arn: &str, key: &[u8], belongs_to: &str) -> Result<Vec<u8>, KeeperError> {
    let (key, context) = (Secret::new(key.to_vec()), context(belongs_to));
    asked(arn, async |kms: Kms| Ok(kms.encrypt(arn, &key, &context).await?))
}

/// Unwraps a key of the ring.
pub(super) fn unwrap(arn: &str, wrapped: &[u8], belongs_to: &str) -> Result<Zeroizing<Vec<u8>>, KeeperError> {
    let context = context(belongs_to);
    asked(arn, async |kms: Kms| {
        let Decrypted { plaintext, key_arn } = kms.decrypt(wrapped, &context).await?;
        if key_arn != arn {
            return Err(WrapError::Another { found: key_arn });
        }
        Ok(Zeroizing::new(plaintext.expose().clone()))
    })
}

fn context(belongs_to: &str) -> [(String, String); 1] {
    [(CONTEXT.to_owned(), belongs_to.to_owned())]
}

/// Asks KMS from a thread with a runtime of its own, since whoever asks may be on a thread that other tasks wait for. This happens when a ring
/// is opened, and when it changes.
fn asked<T: Send>(arn: &str, work: impl AsyncFnOnce(Kms) -> Result<T, WrapError> + Send) -> Result<T, KeeperError> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let options = SessionOptions { region: region_of(arn), ..SessionOptions::default() };
            work(Kms::new(&Session::load(options).await?)).await
        })
    };
    let done = std::thread::scope(|scope| scope.spawn(ask).join().unwrap_or(Err(WrapError::Ended)));
    done.map_err(KeeperError::new)
}
