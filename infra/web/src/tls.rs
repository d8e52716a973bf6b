//! The service's certificate and key. Both are exchanged while it serves; connections that stand keep theirs.

use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::client::Asking;

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
pub struct Tls {
    config: RustlsConfig,
    /// Whose certificates clients are asked for: the issuers' names, DER.
    clients: Option<Arc<[Vec<u8>]>>,
}

impl Tls {
    /// From a chain, leaf first, and its key, both PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self::new(config(chain, key, None)?))
    }

    /// From a chain, leaf first, and its key, both PEM. Clients may show a certificate, which handlers find as a [`crate::ClientCertificate`];
    /// they are told by whom it should be issued (names, DER), so that people's browsers ask nobody who has none.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn asking_clients(chain: &[u8], key: &[u8], issuers: Vec<Vec<u8>>) -> Result<Self, TlsError> {
        let clients: Arc<[_]> = issuers.into();
        Ok(Self { clients: Some(Arc::clone(&clients)), ..Self::new(config(chain, key, Some(&clients))?) })
    }

    /// From a configuration of rustls. The application protocols are set here.
    #[must_use]
    pub fn new(mut config: ServerConfig) -> Self {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { config: RustlsConfig::from_config(Arc::new(config)), clients: None }
    }

    /// Shows another certificate from now on. Clients are asked as before.
    ///
    /// # Errors
    /// [`TlsError`]: the one before then stays.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let new = Self::new(config(chain, key, self.clients.as_deref())?);
        self.config.reload_from_config(new.config.get_inner());
        Ok(())
    }

    pub(crate) fn rustls(&self) -> RustlsConfig {
        self.config.clone()
    }
}

fn config(chain: &[u8], key: &[u8], clients: Option<&[Vec<u8>]>) -> Result<ServerConfig, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::Certificates { reason: error.to_string() })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Key)?;
    let provider = Arc::new(default_provider());
    let versions = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let asked = match clients {
        None => versions.with_no_client_auth(),
        Some(issuers) => versions.with_client_cert_verifier(Arc::new(Asking::new(issuers, provider))),
    };
    Ok(asked.with_single_cert(chain, key)?)
}
