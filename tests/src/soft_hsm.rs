//! SoftHSM: a PKCS#11 module whose tokens are files in a folder, and `pkcs11-tool` of OpenSC, by which keys are made in them and removed. The
//! module finds its folder by an environment variable of the process that loads it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{command, run_within};

const LIMIT: Duration = Duration::from_secs(120);
/// Where Debian has the module: its architecture's folder, or one for all.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// Tokens in a folder.
#[derive(Debug)]
pub struct SoftHsm {
    folder: PathBuf,
}

impl SoftHsm {
    /// Without tokens, in a folder of its own, which is made.
    ///
    /// # Panics
    /// When the folder cannot be made.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        std::fs::create_dir_all(folder.join("tokens")).expect("a folder can be made");
        let text = format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", folder.join("tokens").display());
        std::fs::write(folder.join("softhsm2.conf"), text).expect("a file can be written");
        Self { folder }
    }

    /// The module.
    ///
    /// # Panics
    /// When it is not installed.
    #[must_use]
    pub fn module() -> &'static Path {
        let found = MODULES.iter().map(Path::new).find(|module| module.is_file());
        found.unwrap_or_else(|| panic!("libsofthsm2.so is missing: install Debian's package softhsm2, or run `make setup`"))
    }

    /// What the environment of a process says that is to have these tokens.
    #[must_use]
    pub fn environment(&self) -> (&'static str, PathBuf) {
        ("SOFTHSM2_CONF", self.folder.join("softhsm2.conf"))
    }

    /// Where the tokens' files are.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    /// Makes a token with this label and user's PIN.
    pub fn create_token(&self, token: &str, pin: &str) {
        self.run("softhsm2-util", &["--init-token", "--free", "--label", token, "--pin", pin, "--so-pin", "so-12345678"]);
    }

    /// Makes a pair of keys: `EC:prime256v1`, `EC:secp384r1`, `EC:edwards25519`, `rsa:2048` … The ID is hexadecimal.
    pub fn create_key_pair(&self, (token, pin): (&str, &str), kind: &str, label: &str, id: &str) {
        self.tool((token, pin), &["--keypairgen", "--key-type", kind, "--label", label, "--id", id]);
    }

    /// Makes an AES key of 256 bits.
    pub fn create_secret_key(&self, (token, pin): (&str, &str), label: &str, id: &str) {
        self.tool((token, pin), &["--keygen", "--key-type", "AES:32", "--sensitive", "--label", label, "--id", id]);
    }

    /// Removes objects: `privkey`, `pubkey`, `secrkey`.
    pub fn delete(&self, (token, pin): (&str, &str), kinds: &[&str], label: &str) {
        for kind in kinds {
            self.tool((token, pin), &["--delete-object", "--type", kind, "--label", label]);
        }
    }

    fn tool(&self, (token, pin): (&str, &str), arguments: &[&str]) {
        let module = Self::module().display().to_string();
        let login = ["--module", &module, "--token-label", token, "--login", "--pin", pin];
        self.run("pkcs11-tool", &[&login, arguments].concat());
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let (name, value) = self.environment();
        let mut process = command(program);
        process.args(arguments).env(name, value);
        let ended = run_within(LIMIT, process, b"");
        assert_eq!(ended.status, Some(0), "{program} {arguments:?}: {}{}", ended.text(), ended.stderr);
    }
}
