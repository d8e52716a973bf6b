//! The harness of the tests: the real peers that a tool meets in service, started on this machine's loopback and ended with the
//! process that started them. A test takes a [`Namespace`] (a folder and a name of its own), starts or borrows peers, and
//! drives the tool through them. What a peer needs and this machine lacks is a failure that names the package, never a skip.
//!
//! | peer | is |
//! | --- | --- |
//! | [`Moto`] | AWS's APIs as `moto` models them; one server a test binary, a name of its own a test |
//! | [`KmsServer`] | AWS KMS with what moto lacks or gets wrong: Ed25519 keys, digests signed as they are, refusals, silence |
//! | [`LambdaService`] | AWS Lambda: its Invoke API in front, its Runtime API behind, the bootstrap as a process between |
//! | [`Postgres`] | PostgreSQL's own server, with a database of its own |
//! | [`SilentProxy`] | a way to such a server over TCP that falls silent |
//! | [`Sshd`], [`SshAgent`] | OpenSSH's own |
//! | [`ChallengeServer`] | `pebble-challtestsrv`, a name service and hosts for ACME's challenges |
//! | [`NameServer`] | BIND's own, which takes dynamic updates |
//! | [`OidcProvider`] | `oidc-provider`, an OpenID provider |
//! | [`GitServer`] | git's own smart HTTP server, `git http-backend` |
//! | [`SoftHsm`] | a PKCS#11 module with tokens in a folder, and OpenSC's tool to make keys in them |
//! | [`pkilint()`] | DigiCert's linter of certificates, many in one process |
//! | [`DigestSigner`] | CloudTrail's key of a Region, with which it signs digests |
//! | [`keys`] | `ssh-keygen` and `openssl`, for keys that others made |

mod challenge_server;
mod digest_signer;
mod git_http;
mod hosted_zones;
pub mod http;
pub mod keys;
mod kms;
mod lambda;
mod moto;
mod name_server;
mod namespace;
mod objects;
mod oidc_provider;
mod pkilint;
mod postgres;
pub mod process;
mod silent_proxy;
mod soft_hsm;
mod ssh_agent;
mod sshd;

pub use challenge_server::ChallengeServer;
pub use digest_signer::{DigestSigner, SignedDigest};
pub use git_http::{GitFolder, GitServer, git, git_http_backend, run_git};
pub use kms::{KmsCall, KmsFailure, KmsServer, SigningKey};
pub use lambda::{Delivery, Function, Invocation, LambdaService, Trouble};
pub use moto::{ACCOUNT, AsymmetricKey, Moto, REGION, credentials};
pub use name_server::{NameServer, TsigKey};
pub use namespace::Namespace;
pub use oidc_provider::OidcProvider;
pub use pkilint::{Pkilint, PkilintVerdict, pkilint};
pub use postgres::Postgres;
pub use silent_proxy::SilentProxy;
pub use soft_hsm::SoftHsm;
pub use ssh_agent::SshAgent;
pub use sshd::{Login, Ssh, Sshd, SshdOptions};

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace")
}

/// The Python virtual environment that `make setup` made: `MENAGERIE_VENV`, or `venv` in cargo's target directory.
#[must_use]
pub fn venv() -> PathBuf {
    if let Some(venv) = std::env::var_os("MENAGERIE_VENV") {
        return venv.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    target.join("venv")
}

/// A program of the virtual environment.
///
/// # Panics
///
/// When it isn't there, saying what to run.
#[must_use]
pub fn venv_program(name: &str) -> PathBuf {
    let program = venv().join("bin").join(name);
    assert!(program.is_file(), "{} is missing: run `make setup` (it installs tests/requirements.txt)", program.display());
    program
}

/// Writes a file that only its owner may read, as one with a secret has to be.
///
/// # Panics
///
/// When it cannot be written.
pub fn write_secret(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) {
    use std::os::unix::fs::PermissionsExt as _;

    let path = path.as_ref();
    std::fs::write(path, contents).expect("a file can be written into the folder");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("its owner may change the mode");
}

/// A file of an npm package that `make setup` fetched (`tests/npm-packages.txt`).
///
/// # Panics
///
/// When it isn't there, saying what to run.
#[must_use]
pub fn npm_file(package: &str, file: &str) -> PathBuf {
    let file = venv().with_file_name("npm").join(package).join(file);
    assert!(file.is_file(), "{} is missing: run `make setup` (it fetches tests/npm-packages.txt)", file.display());
    file
}

/// The folder of the npm programs that `make setup` installed (`tests/npm`).
///
/// # Panics
///
/// When it isn't there, saying what to run.
#[must_use]
pub fn npm_modules() -> PathBuf {
    let folder = venv().with_file_name("npm").join("programs/node_modules");
    assert!(folder.is_dir(), "{} is missing: run `make setup` (it installs tests/npm)", folder.display());
    folder
}

/// Polls until `what` holds, every 10 ms; says whether it did before `limit` was over.
pub fn eventually(limit: Duration, mut what: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if what() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Fails unless the condition comes true within ten seconds, or within the time that `within` gives. A message may follow.
///
/// ```
/// # use menagerie_tests::assert_eventually;
/// let start = std::time::Instant::now();
/// assert_eventually!(start.elapsed().as_millis() > 5);
/// assert_eventually!(within std::time::Duration::from_secs(1), start.elapsed().as_millis() > 9, "time stands still");
/// ```
#[macro_export]
macro_rules! assert_eventually {
    (within $limit:expr, $condition:expr $(,)?) => {
        assert!($crate::eventually($limit, || $condition), "not within {:?}: {}", $limit, stringify!($condition))
    };
    (within $limit:expr, $condition:expr, $($message:tt)+) => {
        assert!($crate::eventually($limit, || $condition), "not within {:?}: {}: {}", $limit, stringify!($condition), format_args!($($message)+))
    };
    ($condition:expr $(, $($message:tt)*)?) => {
        $crate::assert_eventually!(within ::std::time::Duration::from_secs(10), $condition $(, $($message)*)?)
    };
}
