//! A namespace a test: a folder that goes when the test ends, and a prefix that no other test uses, so that tests can share a
//! server. It leans on `tempfile`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder and a name for one test.
#[derive(Debug)]
pub struct Namespace {
    folder: tempfile::TempDir,
    name: String,
}

impl Namespace {
    /// A new one; `label` says which test it is in names and paths.
    #[must_use]
    pub fn new(label: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{label}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // Short and directly under the temporary folder: a Unix socket's path may have 107 bytes at most.
        let folder = tempfile::Builder::new().prefix("mt-").tempdir().expect("a temporary folder can be made");
        Self { folder, name }
    }

    /// The test's folder. Only this user may look into it.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the test's folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file with mode 0600 into the test's folder.
    #[must_use]
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.file(name);
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.write_all(content.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// A name that no other test of this run uses, for what lives on a shared server: `LABEL-PID-N-WHAT`.
    #[must_use]
    pub fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }
}
