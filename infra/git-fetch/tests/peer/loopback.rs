//! The two calls of smart HTTP over the harness's client, and what tests compare.

use menagerie_git_fetch::{FetchError, FetchOptions, Fetched, Store, Transport, TransportError, fetch};
use menagerie_tests::http::{self, Request};
use menagerie_tests::run_git;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;

/// A repository on a server on loopback.
pub(crate) struct Loopback {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// The requests that were sent.
    pub(crate) sent: Vec<Vec<u8>>,
    /// What is done to each answer before it is read.
    pub(crate) spoil: fn(usize, Vec<u8>) -> Vec<u8>,
}

impl Loopback {
    pub(crate) fn new(address: SocketAddr, path: &str) -> Self {
        Self { address, path: path.to_owned(), sent: Vec::new(), spoil: |_, body| body }
    }

    fn call(&self, request: &Request) -> Result<Box<dyn Read>, TransportError> {
        let answer = http::call(self.address, &request.clone().header("Git-Protocol", "version=2"));
        let answer = answer.map_err(|error| TransportError::Failed(error.to_string()))?;
        match answer.status {
            200 => Ok(Box::new(std::io::Cursor::new((self.spoil)(self.sent.len(), answer.body)))),
            404 => Err(TransportError::Missing),
            status => Err(TransportError::Failed(format!("status {status}"))),
        }
    }
}

impl Transport for Loopback {
    fn advertisement(&mut self) -> Result<Box<dyn Read + '_>, TransportError> {
        self.call(&Request::new("GET", &format!("{}/info/refs?service=git-upload-pack", self.path), ""))
    }

    fn upload_pack(&mut self, request: &[u8]) -> Result<Box<dyn Read + '_>, TransportError> {
        self.sent.push(request.to_vec());
        let target = format!("{}/git-upload-pack", self.path);
        self.call(&Request::new("POST", &target, request).header("Content-Type", "application/x-git-upload-pack-request"))
    }
}

pub(crate) fn options() -> FetchOptions {
    FetchOptions { agent: "test/1".to_owned(), largest: 1 << 30 }
}

/// Fetches into a folder.
pub(crate) fn into(transport: &mut Loopback, folder: &Path) -> Result<Fetched, FetchError> {
    fetch(transport, &Store::hold(folder)?, &options())
}

/// Every object of a repository: its name, type and length.
pub(crate) fn objects(repository: &Path) -> String {
    String::from_utf8(run_git(repository, &["cat-file", "--batch-all-objects", "--batch-check"])).expect("names are ASCII")
}

/// Every ref of a repository with its object.
pub(crate) fn refs(repository: &Path) -> String {
    String::from_utf8(run_git(repository, &["for-each-ref", "--format=%(refname) %(objectname)"])).expect("these names are ASCII")
}

/// Fails unless git finds the repository sound, and equal in objects and refs to what git itself clones.
pub(crate) fn same_as_gits(fetched: &Path, url: &str, scratch: &Path) {
    let clone = scratch.join("clone.git");
    let _ = std::fs::remove_dir_all(&clone);
    run_git(scratch, &["clone", "--quiet", "--mirror", url, "clone.git"]);
    assert_eq!(objects(fetched), objects(&clone));
    assert_eq!(refs(fetched), refs(&clone));
    run_git(fetched, &["fsck", "--full", "--strict"]);
    for pack in std::fs::read_dir(fetched.join("objects/pack")).expect("it has packs").flatten().map(|entry| entry.path()) {
        if pack.extension().is_some_and(|end| end == "idx") {
            // It compares the index with the pack, the checksums of entries included.
            run_git(fetched, &["verify-pack", &pack.display().to_string()]);
        }
    }
}
