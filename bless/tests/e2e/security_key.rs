//! A security key (FIDO) in software, which `ssh-keygen` and `ssh` load as they load one of a vendor's: see `security_key.c`.

use std::path::PathBuf;

use menagerie_tests::Namespace;
use menagerie_tests::process::{Finished, command, run};

use crate::authority::text;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/security_key.c");

/// The library, built for the installed OpenSSH.
#[derive(Debug)]
pub(crate) struct SecurityKey<'a> {
    namespace: &'a Namespace,
    library: PathBuf,
}

impl<'a> SecurityKey<'a> {
    /// Builds the library into the test's folder.
    pub(crate) fn new(namespace: &'a Namespace) -> Self {
        // ssh-keygen takes one version of the interface, and says which when it is shown another.
        let unversioned = Self { namespace, library: compile(namespace, "unversioned.so", "0") };
        let refused = unversioned.enroll("ed25519-sk", "refused", &[]);
        let version = refused.stderr.split_once("(supported: ").and_then(|(_, rest)| rest.split_once(')'));
        let (version, _) = version.unwrap_or_else(|| panic!("ssh-keygen names no version of the interface: {refused:?}"));
        Self { namespace, library: compile(namespace, "security_key.so", version) }
    }

    /// A key pair as `FILE` and `FILE.pub`, of a type as `ssh-keygen -t` names it; gives the path of the private part.
    pub(crate) fn generate(&self, kind: &str, name: &str, options: &[&str]) -> PathBuf {
        let _ = self.enroll(kind, name, options).success();
        self.namespace.file(name)
    }

    /// What `ssh` is told to use the device.
    pub(crate) fn option(&self) -> String {
        format!("SecurityKeyProvider={}", text(&self.library))
    }

    fn enroll(&self, kind: &str, name: &str, options: &[&str]) -> Finished {
        let mut keygen = command("ssh-keygen");
        keygen.args(["-q", "-t", kind, "-N", "", "-C", name, "-w", text(&self.library), "-f", text(&self.namespace.file(name))]);
        keygen.args(options);
        run(keygen, b"")
    }
}

fn compile(namespace: &Namespace, name: &str, version: &str) -> PathBuf {
    let library = namespace.file(name);
    let mut cc = command("cc");
    cc.args([
        "-Wall",
        "-Wextra",
        "-Werror",
        "-shared",
        "-fPIC",
        &format!("-DSK_VERSION={version}"),
        "-o",
        text(&library),
        SOURCE,
        "-lcrypto",
    ]);
    let _ = run(cc, b"").success();
    library
}
