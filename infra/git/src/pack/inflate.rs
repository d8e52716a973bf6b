//! Inflating: what is in memory by libdeflate, which is the fastest where both lengths are known; what is too long for that, by zlib-rs
//! as a stream.

use crate::error::ObjectError;
use flate2::read::ZlibDecoder;
use libdeflater::{DecompressionError, Decompressor};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// An upper bound of what any known encoder makes of `size` bytes. A stream that is longer (by empty blocks) is read the slow way.
pub(crate) const fn longest_compressed(size: u64) -> u64 {
    size.saturating_add(size >> 8).saturating_add(128)
}

/// How much a byte of a stream can make.
const MOST_OF_A_BYTE: u64 = 1032;

/// Inflates what is in memory.
pub(crate) struct Inflater(Decompressor);

impl Inflater {
    pub(crate) fn new() -> Self {
        Self(Decompressor::new())
    }

    /// Inflates the stream at the start of `input` into `out`, exactly `size` bytes.
    pub(crate) fn inflate(&mut self, input: &[u8], size: usize, out: &mut Vec<u8>) -> Result<(), ObjectError> {
        // Deflate makes at most 1032 bytes of one: what claims more is not worth the memory.
        if size as u64 > (input.len() as u64 + 1) * MOST_OF_A_BYTE {
            return Err(ObjectError::Length);
        }
        out.resize(size, 0);
        match self.0.zlib_decompress(input, out) {
            Ok(made) if made == size => Ok(()),
            Ok(_) | Err(DecompressionError::InsufficientSpace) => Err(ObjectError::Length),
            Err(DecompressionError::BadData) => Err(ObjectError::Compression),
        }
    }

    /// As [`Inflater::inflate`], for the entry whose compressed bytes begin at `offset` and stop before `end`, of which `input` is what is
    /// in memory.
    pub(crate) fn entry(&mut self, input: &[u8], size: usize, out: &mut Vec<u8>, rest: Span<'_>) -> Result<(), ObjectError> {
        match self.inflate(input, size, out) {
            Err(ObjectError::Compression) if (input.len() as u64) < rest.end - rest.at => {
                out.clear();
                ZlibDecoder::new(rest).take(size as u64 + 1).read_to_end(out).map_err(|_| ObjectError::Compression)?;
                if out.len() == size { Ok(()) } else { Err(ObjectError::Length) }
            }
            result => result,
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

/// A part of a file, as a stream.
#[derive(Debug)]
pub(crate) struct Span<'f> {
    pub(crate) file: &'f File,
    pub(crate) at: u64,
    pub(crate) end: u64,
}

impl Read for Span<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(out.len());
        let read = self.file.read_at(&mut out[..left], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
