//! TLS to a host that is being validated. Its certificate proves nothing yet, so any is taken; the host proves that it holds the key.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::Failure;
use super::leaf::Leaf;

/// Connects with TLS and takes any certificate.
#[derive(Clone)]
pub(super) struct AnyCertificate {
    web: TlsConnector,
    acme: TlsConnector,
}

/// What is spoken inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    Web,
    /// Nothing: the handshake is the proof (RFC 8737).
    Acme,
}

/// The protocol's name in ALPN (RFC 8737, 6.2).
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

impl AnyCertificate {
    pub(super) fn new() -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let connector = |protocols: &[&[u8]]| {
            let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .expect("the provider knows the default versions")
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(HoldsItsKey::of(&provider)))
                .with_no_client_auth();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            config.resumption = Resumption::disabled();
            TlsConnector::from(Arc::new(config))
        };
        Self { web: connector(&[b"http/1.1"]), acme: connector(&[ACME_TLS]) }
    }

    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
        inside: Inside,
        server: ServerName<'static>,
        host: &str,
        port: u16,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let connector = if inside == Inside::Acme { &self.acme } else { &self.web };
        connector.connect(server, stream).await.map_err(|error| {
            let alert = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            let reason = match alert {
                Some(Error::AlertReceived(_)) => "it refused the handshake",
                Some(Error::NoApplicationProtocol) => "it does not speak acme-tls/1",
                Some(Error::InvalidCertificate(_)) => "its certificate cannot be read or its signature is wrong",
                Some(_) => "the handshake failed",
                None => "the connection broke",
            };
            Failure::Tls { host: host.to_owned(), port, reason }
        })
    }
}

/// Checks the handshake's signature and nothing else. rustls' own check refuses certificates with critical extensions that it does not
/// know, and one of them is what tls-alpn-01 is about; so the key is taken out of the certificate here.
#[derive(Debug)]
struct HoldsItsKey {
    algorithms: WebPkiSupportedAlgorithms,
}

impl HoldsItsKey {
    fn of(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }

    fn verify(&self, message: &[u8], certificate: &CertificateDer<'_>, signed: &DigitallySignedStruct) -> Result<(), Error> {
        let (algorithm, bits) =
            Leaf::read(certificate).and_then(|leaf| leaf.key()).map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let candidates = self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme).map(|(_, algorithms)| *algorithms);
        let candidates = candidates.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let fits = candidates.iter().filter(|candidate| algorithm == candidate.public_key_alg_id().as_ref());
        let good = fits.into_iter().any(|candidate| candidate.verify_signature(bits, message, signed.signature()).is_ok());
        if good { Ok(()) } else { Err(Error::InvalidCertificate(CertificateError::BadSignature)) }
    }
}

impl ServerCertVerifier for HoldsItsKey {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, certificate, signed).map(|()| HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, certificate, signed).map(|()| HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
