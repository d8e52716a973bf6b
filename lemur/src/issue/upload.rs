//! Certificates that were made elsewhere, stored to be looked after: with their chain, and with their key if it was given.
//!
//! No two rows have the same bytes, so that nobody becomes the owner of another's certificate by bringing it again. One that says that an authority
//! of ours issued it, and that this one did not sign, is not stored; otherwise an issuer's name and a serial number prove nothing, and are
//! taken as often as they come: but from one user no more than so many, since everybody who signs in may bring them.

use menagerie_secret::Secret;
use menagerie_sign::{LocalSigner, Signer};

use super::{IssueError, Record, row};
use crate::audit::{Actor, Event, shortened};
use crate::authority::{key_place, sha256};
use crate::certificate::{Chain, ChainError, Issuer, View, write_bundle};
use crate::engine::Engine;
use crate::name::DistinguishedName;
use crate::store::certificates::{self, Stored};
use crate::store::keys::SealedKey;
use crate::store::{SHORT, StoreError, check_text};

/// How long the certificates above one may be together, in bytes: each item of a list shows them.
const MOST_ABOVE: usize = 32 * 1024;

/// A certificate that was made elsewhere.
pub struct Upload {
    /// The certificate.
    pub certificate: View,
    /// Those above it, in any order.
    pub chain: Vec<View>,
    /// Its private key, PKCS #8.
    pub private_key: Option<Secret<Vec<u8>>>,
    /// The request that it was made from, DER.
    pub csr: Option<Vec<u8>>,
    /// What another system calls it.
    pub external_id: Option<String>,
    /// What is kept with it.
    pub record: Record,
    /// Who brings it.
    pub actor: Actor,
    /// How many a user may have brought that are stored. None for those who may bring any number.
    pub most: Option<u32>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("record", &self.record).finish_non_exhaustive()
    }
}

/// Why a certificate was not stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// What is above it is no chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// What is above it is too long.
    #[error("the certificates above it have more than {MOST_ABOVE} bytes")]
    Long,
    /// The private key cannot be read.
    #[error(transparent)]
    Key(#[from] menagerie_sign::KeyFileError),
    /// The private key is another's.
    #[error("the private key is not the certificate's")]
    OtherKey,
    /// It is stored already.
    #[error("this certificate is stored already")]
    Duplicate,
    /// It has the name of one of our authorities for its issuer's, and that one did not sign it.
    #[error("it says that {name} issued it, and that authority did not sign it")]
    Forged {
        /// What the authority is called.
        name: String,
    },
    /// The user has brought as many as a user may.
    #[error(
        "you have brought {most} certificates that are stored, and that is how many one user may bring: delete some, or ask an administrator"
    )]
    TooMany {
        /// How many that is.
        most: u32,
    },
    /// It was not stored.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

macro_rules! through_issue {
    ($($source:ty),+) => { $(
        impl From<$source> for UploadError {
            fn from(error: $source) -> Self {
                Self::Issue(error.into())
            }
        }
    )+ };
}
through_issue!(StoreError, menagerie_store::database::DatabaseError, menagerie_secret::SealError);

/// Refuses a certificate whose subject or issuer is longer than any that is meant: parts of them stand in indexes, which take no more than some
/// kilobytes. Alternative names are bounded where they are read.
pub(crate) fn check_texts(view: &View) -> Result<(), StoreError> {
    let attributes = [view.subject(), view.issuer()].into_iter().flat_map(DistinguishedName::attributes);
    for attribute in attributes {
        check_text("certificate's subject or issuer", &attribute.text, SHORT)?;
    }
    Ok(())
}

impl Engine {
    /// Stores a certificate that was made elsewhere.
    ///
    /// # Errors
    /// [`UploadError`]: nothing was stored.
    pub async fn upload(&self, upload: Upload) -> Result<Stored, UploadError> {
        upload.record.check()?;
        check_text("external ID", upload.external_id.as_deref().unwrap_or_default(), SHORT)?;
        let view = upload.certificate;
        check_texts(&view)?;
        if let Some(name) = self.forged(&view).await? {
            return Err(UploadError::Forged { name });
        }
        let chain = Chain::of_bundle([view.clone()].into_iter().chain(upload.chain).collect())?;
        let above = chain.issuers();
        if above.iter().map(|view| view.as_der().len()).sum::<usize>() > MOST_ABOVE {
            return Err(UploadError::Long);
        }
        let key = upload.private_key.as_ref().map(|key| self.seal_uploaded(&view, key)).transpose()?;
        let event = Event::CertificateUploaded {
            serial: view.serial().to_string(),
            fingerprint: hex::encode(view.sha256()),
            owner: shortened(&upload.record.owner),
            with_key: key.is_some(),
        };
        let mut new = row(&view, &upload.record, upload.actor.user, self.now().as_millisecond());
        new.key = key;
        new.chain = (!above.is_empty()).then(|| write_bundle(above.iter().map(View::as_der)));
        new.csr = upload.csr;
        new.external_id = upload.external_id;
        let mut transaction = self.shared.store.write().await?;
        if let (Some(most), Some(user)) = (upload.most, upload.actor.user)
            && certificates::brought_by(&mut transaction, user, most).await? >= most
        {
            return Err(UploadError::TooMany { most });
        }
        let stored = match certificates::insert(&mut transaction, std::slice::from_ref(&new)).await {
            Err(error) if error.is_duplicate() => return Err(UploadError::Duplicate),
            stored => stored?,
        };
        self.commit_audited(transaction, &upload.actor, &[event]).await?;
        stored.into_iter().next().ok_or_else(|| menagerie_store::database::DatabaseError::NoRow.into())
    }

    /// The name of the authority of ours whose certificate this only looks like: lists show the issuer's name. None for those that an authority of
    /// ours signed, and for those that do not say so.
    pub(crate) async fn forged(&self, view: &View) -> Result<Option<String>, StoreError> {
        let said = view.issuer().to_string().to_lowercase();
        let mut forged = None;
        for authority in self.authorities().await? {
            let Some(own) = authority.der.as_deref().and_then(|der| View::parse(der).ok()) else { continue };
            if own.subject().to_string().to_lowercase() != said {
                continue;
            }
            if Issuer::new(&own).is_ok_and(|issuer| issuer.check_signature(view).is_ok()) {
                return Ok(None);
            }
            forged = Some(authority.name);
        }
        Ok(forged)
    }

    fn seal_uploaded(&self, view: &View, key: &Secret<Vec<u8>>) -> Result<SealedKey, UploadError> {
        let signer = LocalSigner::from_pkcs8_der(key.expose())?;
        if signer.public_key().to_spki_der() != view.spki() {
            return Err(UploadError::OtherKey);
        }
        let place = key_place(&sha256(view.spki()));
        let ring = self.shared.ring.current();
        let sealed = ring.seal(key.expose(), &place)?;
        Ok(SealedKey { ring_key: ring.newest().to_string(), sealed })
    }
}
