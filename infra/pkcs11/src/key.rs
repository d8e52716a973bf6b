//! Keys in tokens: those that sign, and those that wrap other keys.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::types::Ulong;
use zeroize::Zeroizing;

use crate::error::Pkcs11Error;
use crate::lookup;
use crate::pool::{LoggedIn, Token};
use crate::uri::KeyUri;

const NONCE: usize = 12;
const TAG_BITS: Ulong = Ulong::new(128);
const VERSION: u8 = 1;

/// What is public of a key, as the token says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicHalf {
    /// Unsigned big-endian numbers without leading zeros.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The public exponent.
        e: Vec<u8>,
    },
    /// A point of a curve for ECDSA.
    Ec {
        /// The curve: DER, an object identifier if it has a name.
        curve: Vec<u8>,
        /// SEC 1's encoding of the point.
        point: Vec<u8>,
    },
    /// A point of a curve for `EdDSA`.
    Edwards {
        /// The curve: DER, an object identifier or a printable string.
        curve: Vec<u8>,
        /// RFC 8032's encoding of the point.
        point: Vec<u8>,
    },
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToSign {
    /// A hash, by ECDSA: the signature is r and s, one after the other (`CKM_ECDSA`).
    EcdsaHash(Vec<u8>),
    /// A DigestInfo (RFC 8017, 9.2), by RSA with PKCS #1's padding (`CKM_RSA_PKCS`).
    RsaDigestInfo(Vec<u8>),
    /// A message, by RSA with PKCS #1's padding over SHA-256 (`CKM_SHA256_RSA_PKCS`).
    RsaSha256(Vec<u8>),
    /// A message, by Ed25519 (`CKM_EDDSA`).
    Eddsa(Vec<u8>),
}

/// A private key in a token.
#[derive(Debug, Clone)]
pub struct SigningKey {
    token: Token,
    uri: KeyUri,
    public: PublicHalf,
    digest_info: bool,
}

impl SigningKey {
    /// Finds the key and reads its public half.
    ///
    /// # Errors
    /// [`Pkcs11Error`] says why it cannot be used.
    pub async fn open(token: Token, uri: KeyUri) -> Result<Self, Pkcs11Error> {
        let sought = uri.clone();
        let look = move |open: &LoggedIn| Ok((lookup::signing_key(open, &sought)?.public, lookup::signs_digest_info(open)?));
        let (public, digest_info) = token.call(move |worker| worker.in_session(look)).await?;
        Ok(Self { token, uri, public, digest_info })
    }

    /// Its name.
    #[must_use]
    pub const fn uri(&self) -> &KeyUri {
        &self.uri
    }

    /// Its public half.
    #[must_use]
    pub const fn public(&self) -> &PublicHalf {
        &self.public
    }

    /// Whether the token signs a [`ToSign::RsaDigestInfo`].
    #[must_use]
    pub const fn signs_digest_info(&self) -> bool {
        self.digest_info
    }

    /// Signs. The key is looked for anew in each session, and another that was put in its place is noticed.
    ///
    /// # Errors
    /// [`Pkcs11Error`] if the token does not sign, or another key stands there.
    pub async fn sign(&self, what: ToSign) -> Result<Vec<u8>, Pkcs11Error> {
        let (uri, public) = (self.uri.clone(), self.public.clone());
        let sign = move |open: &LoggedIn| {
            let handle = open.handle_of(&uri, || match lookup::signing_key(open, &uri)? {
                found if found.public == public => Ok(found.handle),
                _ => Err(Pkcs11Error::Changed { key: Box::new(uri.clone()) }),
            })?;
            let (mechanism, bytes) = match &what {
                ToSign::EcdsaHash(hash) => (Mechanism::Ecdsa, hash),
                ToSign::RsaDigestInfo(info) => (Mechanism::RsaPkcs, info),
                ToSign::RsaSha256(message) => (Mechanism::Sha256RsaPkcs, message),
                ToSign::Eddsa(message) => (Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure)), message),
            };
            Ok(open.session.sign(&mechanism, handle, bytes)?)
        };
        self.token.call(move |worker| worker.in_session(sign)).await
    }
}

/// A secret key in a token that wraps other keys, by AES-256-GCM (`CKM_AES_GCM`). Its methods make the thread wait that calls them.
#[derive(Debug, Clone)]
pub struct WrappingKey {
    token: Token,
    uri: KeyUri,
}

impl WrappingKey {
    /// Of its name. It is looked for when it is used.
    #[must_use]
    pub const fn new(token: Token, uri: KeyUri) -> Self {
        Self { token, uri }
    }

    /// Wraps a value that belongs to something. The bytes are: version (1), nonce (12), ciphertext and tag (n + 16).
    ///
    /// # Errors
    /// [`Pkcs11Error`] if the token does not do it.
    pub fn wrap(&self, value: &[u8], belongs_to: &[u8]) -> Result<Vec<u8>, Pkcs11Error> {
        let (uri, value, belongs_to) = (self.uri.clone(), Zeroizing::new(value.to_vec()), belongs_to.to_vec());
        let wrap = move |open: &LoggedIn| {
            let key = open.handle_of(&uri, || lookup::secret_key(open, &uri))?;
            let mut nonce = [0; NONCE];
            open.session.generate_random_slice(&mut nonce)?;
            let sealed = {
                let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, &belongs_to, TAG_BITS)?);
                open.session.encrypt(&mechanism, key, &value)?
            };
            // A token that makes nonces of its own has put it where ours was.
            Ok([[VERSION].as_slice(), &nonce, &sealed].concat())
        };
        self.token.call_here(move |worker| worker.in_session(wrap))
    }

    /// Unwraps a value that belongs to something.
    ///
    /// # Errors
    /// [`Pkcs11Error`] if the token does not do it; [`Pkcs11Error::Damaged`] if the value is not what was wrapped.
    pub fn unwrap(&self, wrapped: &[u8], belongs_to: &[u8]) -> Result<Zeroizing<Vec<u8>>, Pkcs11Error> {
        let Some((nonce, sealed)) =
            wrapped.split_first().filter(|(version, _)| **version == VERSION).and_then(|(_, rest)| rest.split_first_chunk())
        else {
            return Err(Pkcs11Error::Damaged);
        };
        let (uri, nonce, sealed, belongs_to): (_, [u8; NONCE], _, _) = (self.uri.clone(), *nonce, sealed.to_vec(), belongs_to.to_vec());
        let unwrap = move |open: &LoggedIn| {
            let key = open.handle_of(&uri, || lookup::secret_key(open, &uri))?;
            let mut nonce = nonce;
            let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, &belongs_to, TAG_BITS)?);
            match open.session.decrypt(&mechanism, key, &sealed) {
                Ok(value) => Ok(Zeroizing::new(value)),
                // Modules have several words for a tag that is not right.
                Err(Error::Pkcs11(RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::GeneralError, _)) => {
                    Err(Pkcs11Error::Damaged)
                }
                Err(error) => Err(error.into()),
            }
        };
        self.token.call_here(move |worker| worker.in_session(unwrap))
    }
}
