//! The service's certificate and key. Both are exchanged while it serves; connections that stand keep theirs.

use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates are not PEM.
    #[error("the certificates cannot be read: {reason}")]
    Certificates {
        /// What is wrong.
        reason: String,
    },
    /// There is no certificate in the text.
    #[error("there is no certificate among what was given")]
    NoCertificate,
    /// The key is not PEM. What it holds is not shown.
    #[error("the private key cannot be read")]
    Key,
    /// The key does not belong to the certificate, or is of no use for TLS.
    #[error("the certificate and the key make no TLS server: {0}")]
    Rustls(#[from] rustls::Error),
}

/// What a listener shows its clients. A clone shows the same, also after an exchange.
#[derive(Debug, Clone)]
pub struct Tls(RustlsConfig);

impl Tls {
    /// From a chain, leaf first, and its key, both PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self::new(config(chain, key)?))
    }

    /// From a configuration of rustls, for instance one that asks clients for certificates. The application protocols are set here.
    #[must_use]
    pub fn new(mut config: ServerConfig) -> Self {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self(RustlsConfig::from_config(Arc::new(config)))
    }

    /// Shows another certificate from now on.
    ///
    /// # Errors
    /// [`TlsError`]: the one before then stays.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let Self(new) = Self::from_pem(chain, key)?;
        self.0.reload_from_config(new.get_inner());
        Ok(())
    }

    pub(crate) fn rustls(&self) -> RustlsConfig {
        self.0.clone()
    }
}

fn config(chain: &[u8], key: &[u8]) -> Result<ServerConfig, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::Certificates { reason: error.to_string() })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Key)?;
    let versions = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    Ok(versions.with_no_client_auth().with_single_cert(chain, key)?)
}
