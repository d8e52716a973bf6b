//! An object's body as a reader, for the scanner, which waits for bytes on a thread of its own.

use std::io::{self, Read};
use std::time::Duration;

use menagerie_aws_s3::Body;
use tokio::runtime::Handle;

/// A body that gives nothing for this long has broken off.
const SILENCE: Duration = Duration::from_secs(120);

/// A body, read from a thread that may wait.
pub(super) struct Waiting {
    body: Body,
    runtime: Handle,
    chunk: Vec<u8>,
    at: usize,
    /// How many bytes were read.
    pub(super) bytes: u64,
    /// Why the body broke off, also where the one who reads does not tell.
    pub(super) broken: Option<String>,
}

impl Waiting {
    pub(super) const fn new(body: Body, runtime: Handle) -> Self {
        Self { body, runtime, chunk: Vec::new(), at: 0, bytes: 0, broken: None }
    }
}

impl Waiting {
    fn breaks(&mut self, reason: String) -> io::Error {
        self.broken = Some(reason.clone());
        io::Error::other(reason)
    }
}

impl Read for Waiting {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            let next = self.runtime.block_on(async { tokio::time::timeout(SILENCE, self.body.next()).await });
            match next {
                Err(_) => return Err(self.breaks("the object broke off: no bytes for two minutes".to_owned())),
                Ok(Err(error)) => return Err(self.breaks(error.to_string())),
                Ok(Ok(None)) => return Ok(0),
                Ok(Ok(Some(chunk))) => {
                    self.chunk.clear();
                    self.chunk.extend_from_slice(chunk.as_ref());
                    self.at = 0;
                    self.bytes += self.chunk.len() as u64;
                }
            }
        }
        let count = into.len().min(self.chunk.len() - self.at);
        into[..count].copy_from_slice(&self.chunk[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
