//! The user's ssh-agent: a certificate is added with its key for as long as it is valid, and the one before it taken out.
//!
//! The messages are those of draft-miller-ssh-agent, spoken over `SSH_AUTH_SOCK` or, on Windows, OpenSSH's named pipe. An agent can
//! hang or ask its user something, so the talk runs on a thread of its own that is left behind when its time is up.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use menagerie_config::Environment;
use ssh_agent_lib::blocking::Client;
use ssh_agent_lib::error::AgentError;
use ssh_agent_lib::proto::{
    AddIdentity, AddIdentityConstrained, EcdsaPrivateKey, KeyConstraint, PrivateCredential, PrivateKeyData, PublicCredential,
    RemoveIdentity,
};
use ssh_key::Certificate;
use ssh_key::private::{EcdsaKeypair, KeypairData};

use super::key::read_private;

/// How long an agent may take when the certificate was cached, as most calls are.
pub const SHORT: Duration = Duration::from_millis(500);

/// How long an agent may take when there is a new certificate.
pub const LONG: Duration = Duration::from_secs(5);

/// An ssh-agent's socket or named pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent(PathBuf);

/// What is to be in the agent.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The certificate.
    pub certificate: Certificate,
    /// The private key's file, read only if the agent lacks the certificate.
    pub private_key: PathBuf,
    /// The certificate that this one takes the place of.
    pub previous: Option<Certificate>,
    /// How long it is valid, in seconds.
    pub left: u64,
}

/// What the agent has of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It had it.
    Already,
    /// It has it now.
    Added,
}

/// Why an agent did not take a certificate.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// Nothing answers there.
    #[error("ssh-agent at {} cannot be reached: {source}", path.display())]
    Unreachable {
        /// The socket or pipe.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It answers too late.
    #[error("ssh-agent gave no answer in {} ms", .0.as_millis())]
    Late(Duration),
    /// It says no, or what cannot be understood.
    #[error("ssh-agent did not take the certificate: {}", menagerie_report::shown(&.0.to_string()))]
    Refused(#[from] AgentError),
    /// The key is not one to give it.
    #[error("the private key at {} cannot be read", .0.display())]
    NoKey(PathBuf),
}

impl Agent {
    /// The agent that the environment names or, on Windows, the system's.
    #[must_use]
    pub fn find(env: &dyn Environment) -> Option<Self> {
        let named = env.var("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
        if cfg!(windows) {
            let pipe = named.filter(|path| path.starts_with(r"\\.\pipe\"));
            return Some(Self(pipe.unwrap_or_else(|| r"\\.\pipe\openssh-ssh-agent".to_owned()).into()));
        }
        named.map(|path| Self(path.into()))
    }

    /// Sees to it that the agent has the certificate, within `patience`.
    ///
    /// # Errors
    /// [`HoldError`] if it does not have it after that.
    pub fn hold(&self, holding: Holding, patience: Duration) -> Result<Held, HoldError> {
        let (send, receive) = mpsc::channel();
        let path = self.0.clone();
        std::thread::spawn(move || {
            let outcome = connect(&path, patience)
                .map_err(|source| HoldError::Unreachable { path, source })
                .and_then(|stream| hold(&mut Client::new(stream), &holding));
            // Nobody listens any more if this took too long.
            let _ = send.send(outcome);
        });
        receive.recv_timeout(patience).unwrap_or(Err(HoldError::Late(patience)))
    }
}

#[cfg(unix)]
fn connect(path: &std::path::Path, patience: Duration) -> std::io::Result<impl Read + Write + use<>> {
    let stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// A named pipe is opened as a file; it has no time-outs, which the thread's end makes up for.
#[cfg(not(unix))]
fn connect(path: &std::path::Path, _patience: Duration) -> std::io::Result<impl Read + Write + use<>> {
    std::fs::File::options().read(true).write(true).open(path)
}

fn hold(client: &mut Client<impl Read + Write>, holding: &Holding) -> Result<Held, HoldError> {
    // An agent may hold a key of a type that does not parse here; then the certificate is added, which changes nothing if it is there.
    let known = client.request_identities().unwrap_or_default();
    let certificates = || known.iter().filter_map(|identity| certificate_of(&identity.credential));
    let held = if certificates().any(|certificate| is_same(certificate, &holding.certificate)) {
        Held::Already
    } else {
        add(client, holding)?;
        Held::Added
    };
    for certificate in certificates().filter(|certificate| is_stale(certificate, holding)) {
        // It may have run out in between.
        let _ = client.remove_identity(RemoveIdentity { credential: certificate.clone().into() });
    }
    Ok(held)
}

fn certificate_of(credential: &PublicCredential) -> Option<&Certificate> {
    match credential {
        PublicCredential::Key(_) => None,
        PublicCredential::Cert(certificate) => Some(certificate),
    }
}

/// Whether two certificates are one. Their comments are the files' alone.
fn is_same(one: &Certificate, other: &Certificate) -> bool {
    one.signature() == other.signature() && one.to_bytes().ok() == other.to_bytes().ok()
}

/// Whether a certificate in the agent is an earlier one of ours: the one that is replaced, or one for the same key.
fn is_stale(certificate: &Certificate, holding: &Holding) -> bool {
    let earlier = holding.previous.as_ref().is_some_and(|previous| is_same(previous, certificate));
    (earlier || certificate.public_key() == holding.certificate.public_key()) && !is_same(certificate, &holding.certificate)
}

fn add(client: &mut Client<impl Read + Write>, holding: &Holding) -> Result<(), HoldError> {
    let no_key = || HoldError::NoKey(holding.private_key.clone());
    let key = read_private(&holding.private_key).ok_or_else(no_key)?;
    let credential = PrivateCredential::Cert {
        algorithm: holding.certificate.algorithm(),
        certificate: Box::new(holding.certificate.clone()),
        privkey: private_half(key.key_data()).ok_or_else(no_key)?,
        comment: format!("bless {}", menagerie_report::shown(holding.certificate.key_id().split_whitespace().next().unwrap_or_default())),
    };
    let lifetime = u32::try_from(holding.left).unwrap_or(u32::MAX);
    let constraints = vec![KeyConstraint::Lifetime(lifetime)];
    client.add_identity_constrained(AddIdentityConstrained { identity: AddIdentity { credential }, constraints })?;
    Ok(())
}

fn private_half(key: &KeypairData) -> Option<PrivateKeyData> {
    match key {
        KeypairData::Ed25519(pair) => Some(PrivateKeyData::Ed25519(pair.clone())),
        KeypairData::Ecdsa(EcdsaKeypair::NistP256 { private, .. }) => {
            Some(PrivateKeyData::Ecdsa(EcdsaPrivateKey::NistP256(private.clone())))
        }
        KeypairData::Rsa(pair) => Some(PrivateKeyData::Rsa(pair.private.clone())),
        _ => None,
    }
}
