//! Writing a key as PKCS #8 (RFC 5958): plain, for who encrypts it another way, or encrypted by PBES2 (RFC 8018).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand;
use menagerie_secret::Secret;
use pkcs8::PrivateKeyInfo;
use pkcs8::der::pem::{self, LineEnding};
use pkcs8::pkcs5::pbes2;
use zeroize::Zeroizing;

use super::{ExportError, Key, LocalSigner};

/// OWASP's count for PBKDF2 with HMAC-SHA-256, about 100 ms.
const PBKDF2_ITERATIONS: u32 = 600_000;

impl LocalSigner {
    /// The key as a DER-encoded PrivateKeyInfo, version 1, which every tool reads. It is not encrypted.
    ///
    /// # Errors
    /// [`ExportError::Encode`] if the crypto library fails.
    pub fn to_pkcs8_der(&self) -> Result<Secret<Vec<u8>>, ExportError> {
        let failed = |_| ExportError::Encode;
        let bytes = match &self.key {
            Key::Ed25519(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Key::Ecdsa(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            // The seed alone (RFC 9881, 6): 32 bytes, from which the rest follows.
            Key::MlDsa(_, pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Key::Rsa { pair, .. } => {
                let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                pkcs8.as_ref().to_vec()
            }
        };
        Ok(Secret::new(bytes))
    }

    /// The key as text (`PRIVATE KEY`). It is not encrypted.
    ///
    /// # Errors
    /// As [`LocalSigner::to_pkcs8_der`].
    pub fn to_pkcs8_pem(&self) -> Result<Secret<String>, ExportError> {
        text("PRIVATE KEY", self.to_pkcs8_der()?.expose())
    }

    /// The key as text (`ENCRYPTED PRIVATE KEY`), encrypted with AES-256 in CBC mode, keyed by PBKDF2 with HMAC-SHA-256.
    ///
    /// # Errors
    /// As [`LocalSigner::to_pkcs8_der`], and [`ExportError::EmptyPassphrase`].
    pub fn to_encrypted_pkcs8_pem(&self, passphrase: &Secret<Vec<u8>>) -> Result<Secret<String>, ExportError> {
        if passphrase.expose().is_empty() {
            return Err(ExportError::EmptyPassphrase);
        }
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        rand::fill(&mut salt).map_err(|_| ExportError::Encode)?;
        rand::fill(&mut iv).map_err(|_| ExportError::Encode)?;
        let parameters = pbes2::Parameters::pbkdf2_sha256_aes256cbc(PBKDF2_ITERATIONS, &salt, &iv).map_err(|_| ExportError::Encode)?;
        let der = self.to_pkcs8_der()?;
        let info = PrivateKeyInfo::try_from(der.expose().as_slice()).map_err(|_| ExportError::Encode)?;
        let encrypted = info.encrypt_with_params(parameters, passphrase.expose()).map_err(|_| ExportError::Encode)?;
        text("ENCRYPTED PRIVATE KEY", encrypted.as_bytes())
    }
}

/// RFC 7468's text, written at once into a buffer of its final size, so that no copy stays behind.
fn text(label: &str, der: &[u8]) -> Result<Secret<String>, ExportError> {
    let len = pem::encapsulated_len(label, LineEnding::LF, der.len()).map_err(|_| ExportError::Encode)?;
    let mut buffer = Zeroizing::new(vec![0; len]);
    pem::encode(label, LineEnding::LF, der, &mut buffer).map(|written| Secret::new(written.to_owned())).map_err(|_| ExportError::Encode)
}
