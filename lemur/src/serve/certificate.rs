//! The server's own certificate: from files, read again each hour; or issued to itself by the first authority, and issued anew in time.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use menagerie_sign::{ExportError, GenerateError, KeyType, LocalSigner, Signer as _};
use menagerie_web::{Tls, TlsError};

use super::first::AUTHORITY;
use super::{tls_of, tls_of_files};
use crate::audit::Actor;
use crate::certificate::View;
use crate::config::Config;
use crate::engine::Engine;
use crate::export;
use crate::issue::{IssueError, Key, Order, Record};
use crate::name::{DnsName, San, Subject};
use crate::profile::{Lifetime, Period};
use crate::store::StoreError;

/// What the root's certificate is written to, for clients to trust.
const ROOT_FILE: &str = "internal-root.pem";

/// How long the server's own certificate holds.
const DAYS: u32 = 30;

/// How often it is looked whether there is to be another one.
const LOOK: Duration = Duration::from_secs(3600);

/// Why there is no certificate for the server.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No certificate was issued.
    #[error("cannot issue the server's own certificate: {0}: give it one by [tls] in lemur.toml")]
    Issue(#[from] IssueError),
    /// There is nobody to issue one.
    #[error("the authority {AUTHORITY} is gone, which issued the server's own certificate: give it one by [tls] in lemur.toml")]
    NoAuthority,
    /// No key was made.
    #[error("cannot make the server's own key: {0}")]
    Generate(#[from] GenerateError),
    /// The key cannot be handed to TLS.
    #[error("cannot use the server's own key: {0}")]
    Export(#[from] ExportError),
    /// The certificate is none for TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Exchanges the certificate while the server serves.
#[derive(Debug)]
pub(super) struct Renewal {
    config: Config,
    engine: Engine,
    tls: Tls,
    /// From then on there is to be another one. None if files are read.
    due: Option<Timestamp>,
}

/// What the server shows its clients.
pub(super) async fn tls(config: &Config, engine: &Engine) -> Result<(Tls, Renewal), CertificateError> {
    let clients = clients(config, engine).await?;
    let (tls, due) = match &config.tls {
        Some(files) => (tls_of_files(files, clients)?, None),
        None => {
            let own = issued(config, engine).await?;
            (tls_of(own.chain.as_bytes(), own.key.expose().as_bytes(), clients)?, Some(own.due))
        }
    };
    let renewal = Renewal { config: config.clone(), engine: engine.clone(), tls: tls.clone(), due };
    Ok((tls, renewal))
}

/// The names of the authorities by whose certificates workloads come in. None if none does: then nobody is asked for one.
async fn clients(config: &Config, engine: &Engine) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
    let names = config.identity.client_authorities();
    let mut issuers = Vec::with_capacity(names.len());
    for name in &names {
        let der = engine.authority_by_name(name).await?.and_then(|authority| authority.der);
        let view = der.and_then(|der| View::parse(&der).ok());
        issuers.extend(view.map(|view| view.subject().as_der().to_vec()));
    }
    Ok((!names.is_empty()).then_some(issuers))
}

impl Renewal {
    pub(super) async fn run(mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.look().await {
                tracing::error!(error = &error as &dyn std::error::Error, "the server keeps its old certificate");
            }
        }
    }

    async fn look(&mut self) -> Result<(), CertificateError> {
        match (&self.config.tls, self.due) {
            (Some(files), _) => {
                let read =
                    |path: &std::path::Path| std::fs::read(path).map_err(|source| CertificateError::File { path: path.to_owned(), source });
                let key = zeroize::Zeroizing::new(read(&files.key)?);
                self.tls.replace(&read(&files.certificate)?, &key)?;
            }
            (None, Some(due)) if due <= self.engine.now() => {
                let own = issued(&self.config, &self.engine).await?;
                self.tls.replace(own.chain.as_bytes(), own.key.expose().as_bytes())?;
                self.due = Some(own.due);
            }
            (None, _) => {}
        }
        Ok(())
    }
}

struct Own {
    chain: String,
    key: menagerie_secret::Secret<String>,
    due: Timestamp,
}

/// A fresh certificate for a fresh key, which is in this process alone.
async fn issued(config: &Config, engine: &Engine) -> Result<Own, CertificateError> {
    let authority = engine.authority_by_name(AUTHORITY).await?.ok_or(CertificateError::NoAuthority)?;
    let key = LocalSigner::generate(KeyType::EcdsaP256)?;
    let order = Order {
        authority: authority.id,
        profile: "tls-server".to_owned(),
        key: Key::Theirs(key.public_key().clone()),
        subject: Subject::new(),
        names: names(config),
        period: Period::For(Lifetime::days(DAYS)),
        csr: None,
        record: Record { notify: false, description: "The server's own".to_owned(), ..Record::of_owner("admin@localhost") },
        actor: Actor::server(),
    };
    let issued = engine.issue(order).await?;
    let mut chain = vec![issued.der];
    chain.extend(issued.chain.iter().cloned());
    if let Some(root) = chain.pop() {
        let path = config.data.join(ROOT_FILE);
        let written = menagerie_report::replace(&path, export::certificates_pem(&[root]).as_bytes());
        written.map_err(|source| CertificateError::File { path, source })?;
    }
    let key = export::key_pem(&key.to_pkcs8_der()?);
    let due = engine.now() + jiff::SignedDuration::from_hours(i64::from(DAYS) * 24 * 2 / 3);
    Ok(Own { chain: export::certificates_pem(&chain), key, due })
}

/// What clients may call the server: the host of its URL, the address that it listens at, and this machine.
fn names(config: &Config) -> Vec<San> {
    let mut names = Vec::new();
    let mut add = |name: San| {
        if !names.contains(&name) {
            names.push(name);
        }
    };
    let url = config.url.parse::<http::Uri>().ok();
    let host = url.as_ref().and_then(http::Uri::host).map(|host| host.trim_matches(['[', ']']));
    if let Some(Ok(name)) = host.map(San::guess) {
        add(name);
    }
    if !config.listen.ip().is_unspecified() {
        add(San::Ip(config.listen.ip()));
    }
    if config.listen.ip().is_loopback() || config.listen.ip().is_unspecified() {
        add(San::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        add(San::Dns(DnsName::parse("localhost").expect("a name")));
    }
    names
}
