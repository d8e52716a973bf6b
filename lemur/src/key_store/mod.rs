//! Keys that are not here: in AWS KMS (feature `aws`) and in tokens by PKCS#11 (feature `pkcs11`), each named by a [`KeyReference`].
//!
//! They sign for authorities ([`Signers`]) and wrap the keys of the key ring ([`Keeper`]). Which module and which PIN a token is used with is
//! said in the configuration file alone.

#[cfg(feature = "aws")]
mod kms;
mod reference;
#[cfg(feature = "pkcs11")]
mod token;

use menagerie_secret::{Keeper, KeeperError};
use zeroize::Zeroizing;

use crate::authority::{Lasting, OpenSignerError, Opening, Signers};
use crate::config::Pkcs11;

pub use reference::{KeyReference, ReferenceError};

/// Opens keys wherever they are.
#[derive(Debug)]
pub struct KeyStores {
    #[cfg(feature = "aws")]
    kms: kms::KmsKeys,
    #[cfg(feature = "pkcs11")]
    tokens: token::Tokens,
}

impl KeyStores {
    /// With the module that the configuration names. Nothing is asked of anybody yet.
    #[must_use]
    pub fn new(pkcs11: Option<Pkcs11>) -> Self {
        #[cfg(not(feature = "pkcs11"))]
        drop(pkcs11);
        Self {
            #[cfg(feature = "aws")]
            kms: kms::KmsKeys::default(),
            #[cfg(feature = "pkcs11")]
            tokens: token::Tokens::new(pkcs11),
        }
    }
}

fn parse(reference: &str) -> Result<KeyReference, OpenSignerError> {
    let malformed = |error: ReferenceError| OpenSignerError::Malformed { reference: reference.to_owned(), reason: error.to_string() };
    reference.parse().map_err(malformed)
}

impl Signers for KeyStores {
    fn open<'a>(&'a self, reference: &'a str) -> Opening<'a> {
        Box::pin(async move {
            match parse(reference)? {
                #[cfg(feature = "aws")]
                KeyReference::AwsKms(key) => self.kms.open(&key).await,
                #[cfg(feature = "pkcs11")]
                KeyReference::Pkcs11(key) => self.tokens.open(key).await,
            }
        })
    }

    fn lasting<'a>(&'a self, reference: &'a str) -> Lasting<'a> {
        Box::pin(async move {
            match parse(reference)? {
                #[cfg(feature = "aws")]
                KeyReference::AwsKms(key) => Ok(KeyReference::AwsKms(self.kms.arn(&key).await?).to_string()),
                #[cfg(feature = "pkcs11")]
                KeyReference::Pkcs11(key) => Ok(KeyReference::Pkcs11(key).to_string()),
            }
        })
    }
}

#[cfg_attr(not(any(feature = "aws", feature = "pkcs11")), expect(unused_variables, reason = "there is no key elsewhere"))]
impl Keeper for KeyStores {
    fn wrap(&self, reference: &str, key: &[u8], belongs_to: &str) -> Result<Vec<u8>, KeeperError> {
        match reference.parse::<KeyReference>().map_err(|error: ReferenceError| KeeperError::new(error))? {
            #[cfg(feature = "aws")]
            KeyReference::AwsKms(arn) => kms::wrap(&arn, key, belongs_to),
            #[cfg(feature = "pkcs11")]
            KeyReference::Pkcs11(uri) => self.tokens.wrap(uri, key, belongs_to),
        }
    }

    fn unwrap(&self, reference: &str, wrapped: &[u8], belongs_to: &str) -> Result<Zeroizing<Vec<u8>>, KeeperError> {
        match reference.parse::<KeyReference>().map_err(|error: ReferenceError| KeeperError::new(error))? {
            #[cfg(feature = "aws")]
            KeyReference::AwsKms(arn) => kms::unwrap(&arn, wrapped, belongs_to),
            #[cfg(feature = "pkcs11")]
            KeyReference::Pkcs11(uri) => self.tokens.unwrap(uri, wrapped, belongs_to),
        }
    }
}
