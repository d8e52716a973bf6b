//! Keys that others made: `ssh-keygen` and `openssl`, run on files in a test's folder. An RSA key takes a while to find, so
//! one of each size is made a test binary and copied to whoever asks.

use crate::Namespace;
use crate::process::{Finished, command, run};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What `ssh-keygen -t` and `-b` can make.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SshKey {
    /// `ed25519`
    Ed25519,
    /// `ecdsa`, 256 bits
    EcdsaP256,
    /// `ecdsa`, 384 bits
    EcdsaP384,
    /// `ecdsa`, 521 bits
    EcdsaP521,
    /// `rsa`, of this many bits
    Rsa(u32),
    /// `dsa`, which Debian 12's still makes
    Dsa,
}

impl SshKey {
    fn arguments(self) -> Vec<String> {
        let (kind, bits) = match self {
            Self::Ed25519 => ("ed25519", None),
            Self::EcdsaP256 => ("ecdsa", Some(256)),
            Self::EcdsaP384 => ("ecdsa", Some(384)),
            Self::EcdsaP521 => ("ecdsa", Some(521)),
            Self::Rsa(bits) => ("rsa", Some(bits)),
            Self::Dsa => ("dsa", None),
        };
        let mut arguments = vec!["-t".to_owned(), kind.to_owned()];
        if let Some(bits) = bits {
            arguments.extend(["-b".to_owned(), bits.to_string()]);
        }
        arguments
    }
}

/// Runs `ssh-keygen`.
#[must_use]
pub fn ssh_keygen<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Finished {
    let mut command = command("ssh-keygen");
    command.args(arguments);
    run(command, b"")
}

/// Runs `openssl` with this standard input.
#[must_use]
pub fn openssl<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, input: &[u8]) -> Finished {
    let mut command = command("openssl");
    command.args(arguments);
    run(command, input)
}

/// A key pair of `ssh-keygen`'s as `FILE` and `FILE.pub`; without a passphrase if that is empty. The comment is the name.
/// Gives the private key's path.
#[must_use]
pub fn generate_ssh_key(namespace: &Namespace, name: &str, key: SshKey, passphrase: &str) -> PathBuf {
    let path = namespace.file(name);
    match key {
        SshKey::Rsa(bits) => {
            let _ = namespace.write(name, cached_rsa(bits));
            if !passphrase.is_empty() {
                let file = path.as_os_str();
                let _ = ssh_keygen([OsStr::new("-q"), "-p".as_ref(), "-N".as_ref(), passphrase.as_ref(), "-f".as_ref(), file]).success();
            }
            let file = path.as_os_str();
            let ask =
                [OsStr::new("-q"), "-c".as_ref(), "-C".as_ref(), name.as_ref(), "-P".as_ref(), passphrase.as_ref(), "-f".as_ref(), file];
            let _ = ssh_keygen(ask).success();
        }
        _ => generate(&path, key, passphrase, name),
    }
    path
}

/// The public key's line of a private key that `ssh-keygen` made, without the line's end.
#[must_use]
pub fn public_line(private: &Path) -> String {
    let mut path = private.as_os_str().to_owned();
    path.push(".pub");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", Path::new(&path).display())).trim_end().to_owned()
}

fn generate(path: &Path, key: SshKey, passphrase: &str, comment: &str) {
    let mut arguments = vec!["-q".to_owned(), "-N".to_owned(), passphrase.to_owned(), "-C".to_owned(), comment.to_owned()];
    arguments.extend(key.arguments());
    arguments.extend(["-f".to_owned(), path.to_str().expect("a test's folder has a name in UTF-8").to_owned()]);
    let _ = ssh_keygen(arguments).success();
}

/// The private key's file of an RSA key of this size, without a passphrase.
fn cached_rsa(bits: u32) -> Vec<u8> {
    static CACHE: Mutex<BTreeMap<u32, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let private = cache.entry(bits).or_insert_with(|| {
        let namespace = Namespace::new("rsa");
        let path = namespace.file("key");
        generate(&path, SshKey::Rsa(bits), "", "key");
        std::fs::read(path).expect("ssh-keygen wrote the key")
    });
    private.clone()
}

/// A private key of OpenSSL's in PKCS#8 PEM, unencrypted: `ed25519`, `P-256`, `P-384`, `P-521` or `rsa:BITS`.
///
/// # Panics
///
/// For any other kind.
#[must_use]
pub fn generate_pem(kind: &str) -> Vec<u8> {
    let option = |name: &str| vec!["-pkeyopt".to_owned(), name.to_owned()];
    let (algorithm, options) = match kind.split_once(':') {
        Some(("rsa", bits)) => ("rsa", option(&format!("rsa_keygen_bits:{bits}"))),
        None if kind == "ed25519" => ("ed25519", Vec::new()),
        None if kind.starts_with("P-") => ("EC", option(&format!("ec_paramgen_curve:{kind}"))),
        _ => panic!("no kind of key: {kind}"),
    };
    openssl(["genpkey", "-algorithm", algorithm].map(str::to_owned).into_iter().chain(options), b"").success().stdout
}
