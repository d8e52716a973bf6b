//! The certificate that a client shows. The handshake shows that the client has its key, and that is all: whose it is and whether it holds is
//! for whoever reads it to find out.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsAcceptor;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tower::Layer as _;

use crate::connections::{Asked, Bounded, Counted};

/// The certificate of a connection's client, DER, whose key the client has. Handlers find it as an extension of the request; nobody else
/// has looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate(Arc<[u8]>);

impl ClientCertificate {
    /// The certificate, DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

/// Asks clients for certificates and takes any, or none.
#[derive(Debug)]
pub(crate) struct Asking {
    issuers: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

impl Asking {
    pub(crate) fn new(issuers: &[Vec<u8>], provider: Arc<CryptoProvider>) -> Self {
        Self { issuers: issuers.iter().cloned().map(DistinguishedName::from).collect(), provider }
    }
}

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.issuers
    }

    /// Nothing is believed of it yet: see the module.
    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Lets each request know its connection's certificate.
#[derive(Clone)]
pub(crate) struct Showing(pub(crate) RustlsAcceptor<Bounded>);

type Shown<S> = AddExtension<Asked<S>, Option<ClientCertificate>>;
type Accepted<S> = io::Result<(TlsStream<Counted>, Shown<S>)>;

impl<S: Send + 'static> Accept<TcpStream, S> for Showing {
    type Stream = TlsStream<Counted>;
    type Service = Shown<S>;
    type Future = Pin<Box<dyn Future<Output = Accepted<S>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepting = self.0.accept(stream, service);
        Box::pin(async move {
            let (mut stream, service) = accepting.await?;
            stream.get_mut().0.begin_anew();
            let certificates = stream.get_ref().1.peer_certificates();
            let shown = certificates.and_then(<[_]>::first).map(|first| ClientCertificate(Arc::from(first.as_ref())));
            Ok((stream, Extension(shown).layer(service)))
        })
    }
}
