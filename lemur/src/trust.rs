//! By which certificates the servers of others are known: the system's, or those of a file alone. Every `ca_file` of the configuration means
//! this. And how they are called by HTTPS: what all clients here have in common stands in one place.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// The longest file, in bytes.
const LONGEST: u64 = 4 << 20;

/// Why no server of others can be known.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system's certificates.
    #[error("the system's certificates: {reason}")]
    System {
        /// What is wrong with them.
        reason: String,
    },
}

/// The certificates of the file, or the system's if there is none; at least one.
///
/// # Errors
/// [`RootsError`].
pub(crate) fn roots(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let Some(path) = file else {
        let system = rustls_native_certs::load_native_certs();
        let reason = || system.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return if system.certs.is_empty() { Err(RootsError::System { reason: reason() }) } else { Ok(system.certs) };
    };
    let bad = |reason: String| RootsError::File { path: path.to_owned(), reason };
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| bad(error.to_string()))?;
    if bytes.len() as u64 > LONGEST {
        return Err(bad(format!("it has more than {LONGEST} bytes")));
    }
    let found: Vec<_> = CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().map_err(|error| bad(error.to_string()))?;
    if found.is_empty() { Err(bad("there is no certificate in it".to_owned())) } else { Ok(found) }
}

/// A client to be, of servers that are known by [`roots`]: no redirect is followed, since what a request carries is for its own server, and a status
/// that is no success is an answer. How long it waits, and for how much, is for its maker to say.
///
/// # Errors
/// [`RootsError`].
pub(crate) fn client(file: Option<&Path>) -> Result<ConfigBuilder<AgentScope>, RootsError> {
    let roots: Vec<_> = roots(file)?.iter().map(|root| Certificate::from_der(root.as_ref()).to_owned()).collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    Ok(Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("lemur/", env!("CARGO_PKG_VERSION"))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn a_file_without_certificates_or_without_an_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "nothing of the kind\n").unwrap();
        for (path, why) in
            [(empty.as_path(), "no certificate"), (Path::new("/dev/zero"), "more than"), (Path::new("/none"), "No such file")]
        {
            let refused = roots(Some(path)).unwrap_err().to_string();
            assert!(refused.starts_with(&path.display().to_string()) && refused.contains(why), "{refused}");
        }
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&empty, own.cert.pem().repeat(2)).unwrap();
        assert_eq!(roots(Some(&empty)).unwrap(), [own.cert.der().clone(), own.cert.der().clone()]);
    }
}
