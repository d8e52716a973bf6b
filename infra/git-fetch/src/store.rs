//! A bare repository of our own that fetches go to. Its folder and every name in it are ours; the other side's refs stand in `packed-refs`
//! and nowhere else. Every file is written beside its place and renamed, so that a process may end at any moment; one process at a time
//! writes, held by a lock on a file.

use menagerie_git::{HashKind, ObjectId, OpenError, Repository};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the folder cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process fetches into it.
    #[error("another process is at work on it")]
    Busy,
    /// What is there is no repository that can be read.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A folder that a repository is fetched into, held for this process until it is dropped.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    lock: File,
}

impl Drop for Store {
    fn drop(&mut self) {
        // Closing the file unlocks it too, but not while a process that was just started still has it.
        let _ = self.lock.unlock();
    }
}

impl Store {
    /// Takes hold of a folder; it and what it lies in are made if they are not there, for the user alone.
    ///
    /// # Errors
    /// If it cannot be made, or another process has hold of it.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        let pack = path.join("objects/pack");
        DirBuilder::new().recursive(true).mode(0o700).create(&pack).map_err(|source| StoreError::Io { path: pack, source })?;
        let name = path.join("menagerie.lock");
        let io = |source| StoreError::Io { path: name.clone(), source };
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&name).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its packs are.
    #[must_use]
    pub fn packs(&self) -> PathBuf {
        self.path.join("objects/pack")
    }

    /// Opens what was fetched; none if nothing was yet.
    ///
    /// # Errors
    /// If what is there cannot be read.
    pub fn open(&self) -> Result<Option<Repository>, StoreError> {
        if self.path.join("HEAD").symlink_metadata().is_err() {
            return Ok(None);
        }
        Ok(Some(Repository::open(&self.path)?))
    }

    /// Makes it a repository without objects.
    pub(crate) fn begin(&self, hash: HashKind) -> Result<Repository, StoreError> {
        let config = match hash {
            HashKind::Sha1 => "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
            HashKind::Sha256 => "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = sha256\n",
        };
        let refs = self.path.join("refs");
        DirBuilder::new().recursive(true).mode(0o700).create(&refs).map_err(|source| StoreError::Io { path: refs, source })?;
        self.write("config", config.as_bytes())?;
        self.write("HEAD", b"ref: refs/heads/main\n")?;
        Ok(Repository::open(&self.path)?)
    }

    /// Writes all refs, in the place of those of an earlier fetch.
    pub(crate) fn set_refs(&self, refs: &BTreeMap<String, ObjectId>) -> Result<(), StoreError> {
        let mut text = String::from("# pack-refs with: sorted \n");
        for (name, oid) in refs {
            text.push_str(&format!("{oid} {name}\n"));
        }
        self.write("packed-refs", text.as_bytes())
    }

    /// Writes HEAD: a ref, or an object.
    pub(crate) fn set_head(&self, head: &str) -> Result<(), StoreError> {
        self.write("HEAD", format!("{head}\n").as_bytes())
    }

    /// Writes the commits whose parents are not here.
    pub(crate) fn set_shallow(&self, commits: &BTreeSet<ObjectId>) -> Result<(), StoreError> {
        let text: String = commits.iter().map(|oid| format!("{oid}\n")).collect();
        self.write("shallow", text.as_bytes())
    }

    /// Writes a file in the folder, whole or not at all.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let (place, beside) = (self.path.join(name), self.path.join(format!("{name}.new")));
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&beside, &place)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|source| StoreError::Io { path: place.clone(), source })
    }
}
