//! Layers of container images. What `docker save` writes and what the OCI image layout describes is a tar file whose blobs are named by
//! their digest; images share layers, so a layer whose bytes were seen under the same digest is not read again. The name alone is not
//! believed: what is skipped was hashed.

use std::collections::HashSet;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::budget::Exact;
use super::walk::{At, Break, Walk};
use super::{Skip, Status};

/// The most digests that are kept.
const MOST: usize = 1 << 20;

/// The digests of the blobs that were read and were what their names said.
#[derive(Clone, Debug, Default)]
pub struct Layers(HashSet<[u8; 32]>);

/// The digest that a blob's name in an image layout is.
pub(super) fn digest(name: &[u8]) -> Option<[u8; 32]> {
    let name = name.strip_prefix(b"./").unwrap_or(name).strip_prefix(b"blobs/sha256/")?;
    let mut digest = [0; 32];
    if name.len() != 64 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(name.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(digest)
}

/// One blob of an image layout.
pub(super) fn blob(walk: &mut Walk<'_>, at: &At, digest: [u8; 32], content: &mut Exact<'_>) -> Result<(), Break> {
    if walk.layers.0.contains(&digest) {
        let mut hashing = Hashing::new(content);
        let (mut file, length) = walk.spool(&mut hashing)?;
        let outcome = if hashing.is(digest) { walk.entry(at, Status::Skipped(Skip::SeenLayer), length) } else { walk.item(at, &mut file) };
        walk.unspool(length);
        return Ok(outcome?);
    }
    let mut hashing = Hashing::new(content);
    walk.item(at, &mut hashing)?;
    io::copy(&mut hashing, &mut io::sink())?;
    if hashing.is(digest) && walk.layers.0.len() < MOST {
        walk.layers.0.insert(digest);
    }
    Ok(())
}

/// Hashes what is read through it.
struct Hashing<'a, 'b> {
    inner: &'a mut Exact<'b>,
    hash: Sha256,
}

impl<'a, 'b> Hashing<'a, 'b> {
    fn new(inner: &'a mut Exact<'b>) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    fn is(self, digest: [u8; 32]) -> bool {
        self.hash.finalize()[..] == digest
    }
}

impl Read for Hashing<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.hash.update(&buffer[..length]);
        Ok(length)
    }
}
