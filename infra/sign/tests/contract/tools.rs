//! The real `ssh-keygen` and `openssl`, and a directory for their files.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use menagerie_secret::Secret;
use tempfile::TempDir;

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

pub(crate) fn passphrase() -> Secret<Vec<u8>> {
    Secret::new(PASSPHRASE.as_bytes().to_vec())
}

pub(crate) struct Workshop(TempDir);

impl Workshop {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory is made"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Stores a file that only its owner may read, as ssh-keygen wants it.
    pub(crate) fn store(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, contents).expect("the file is stored");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("the file is made private");
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("the file is there")
    }

    /// Runs a tool in the directory; the arguments are separated by spaces.
    pub(crate) fn run(&self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        self.run_words(&words)
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> String {
        let output =
            Command::new(words[0]).args(&words[1..]).current_dir(self.0.path()).stdin(Stdio::null()).output().expect("the tool runs");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the tool prints text")
    }

    /// A key that ssh-keygen makes in its own form, encrypted if a cipher is named.
    pub(crate) fn ssh_keygen(&self, name: &str, kind: &str, cipher: Option<&str>) -> Vec<u8> {
        let passphrase = if cipher.is_some() { PASSPHRASE } else { "" };
        let mut words = vec!["ssh-keygen", "-q", "-a", "2", "-C", "made by a test", "-f", name, "-N", passphrase];
        words.extend(kind.split(' '));
        words.extend(cipher.into_iter().flat_map(|cipher| ["-Z", cipher]));
        self.run_words(&words);
        self.read(name)
    }

    /// Whether ssh-keygen accepts a signature over `message` by the key of `line`.
    pub(crate) fn ssh_keygen_verifies(&self, line: &str, signature: &str, message: &[u8]) -> bool {
        let signers = self.store("allowed_signers", format!("someone {line}\n").as_bytes());
        let signature = self.store("message.sig", signature.as_bytes());
        let mut child = Command::new("ssh-keygen")
            .args(["-Y", "verify", "-I", "someone", "-n", "test", "-f"])
            .arg(signers)
            .arg("-s")
            .arg(signature)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ssh-keygen runs");
        // A refusal may come before the message has been read.
        let _ = child.stdin.take().expect("its input is a pipe").write_all(message);
        child.wait().expect("ssh-keygen ends").success()
    }

    pub(crate) fn fingerprint(&self, line: &str) -> String {
        let path = self.store("key.pub", line.as_bytes());
        self.run_words(&["ssh-keygen", "-l", "-E", "sha256", "-f", as_text(&path)])
    }
}

pub(crate) fn as_text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}
