//! Digest files: each hour CloudTrail says which log files it delivered, with their hashes, also if there were none. They form a chain: each
//! names the one before it. Backfill digests name log files that were delivered late, and stand outside of the chain.
//!
//! The hashes are of what the files hold, not of their compressed form. Whether CloudTrail signed a digest is for [`crate::signature`].

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::layout::Name;
use crate::signature::{Seal, Standing};

/// A digest file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    /// Whose events.
    #[serde(rename = "awsAccountId")]
    pub account: String,
    /// When its hour begins.
    #[serde(rename = "digestStartTime")]
    pub start: Timestamp,
    /// When its hour ends.
    #[serde(rename = "digestEndTime")]
    pub end: Timestamp,
    /// Its own key, which says the region and the trail.
    #[serde(rename = "digestS3Object")]
    pub object: String,
    /// The key of the one before. The first of a trail has none, nor one behind a stop.
    #[serde(rename = "previousDigestS3Object", default)]
    pub previous: Option<String>,
    /// The hash of the one before.
    #[serde(rename = "previousDigestHashValue", default)]
    pub previous_hash: Option<String>,
    /// The log files that were delivered.
    #[serde(default)]
    pub log_files: Vec<LogFile>,
    /// What was signed of it, if it tells.
    #[serde(skip)]
    pub seal: Option<Box<Seal>>,
    /// What is known of who made it.
    #[serde(skip)]
    pub standing: Standing,
}

/// A log file, as a digest names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFile {
    /// Its key.
    #[serde(rename = "s3Object")]
    pub object: String,
    /// The SHA-256 of what it holds, in hexadecimal digits.
    pub hash_value: String,
    /// When the first event in it was.
    #[serde(default)]
    pub oldest_event_time: Option<Timestamp>,
    /// When the last event in it was.
    #[serde(default)]
    pub newest_event_time: Option<Timestamp>,
}

/// Why a text is no digest.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// It has not the form of one.
    #[error("not a digest file: {0}")]
    Form(#[from] serde_json::Error),
    /// It is not told whose it is.
    #[error("the digest's own key is not one of CloudTrail's")]
    Key,
    /// Its hour ends before it begins.
    #[error("the digest ends before it begins")]
    Order,
}

impl Digest {
    /// Reads the text of a digest file.
    ///
    /// # Errors
    /// If it is no digest.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let mut digest: Self = serde_json::from_str(text)?;
        digest.seal = Seal::parse(text).map(Box::new);
        if digest.end < digest.start {
            return Err(DigestError::Order);
        }
        match digest.name() {
            Some(name) if name.trail.is_some() && name.account == digest.account => Ok(digest),
            _ => Err(DigestError::Key),
        }
    }

    /// Whether it counts as proof of what was delivered: unless its signature was looked for, and is not CloudTrail's.
    #[must_use]
    pub const fn vouches(&self) -> bool {
        matches!(self.standing, Standing::Unchecked | Standing::Signed)
    }

    /// What its key says: the region, the trail and whether it is a backfill digest.
    #[must_use]
    pub fn name(&self) -> Option<Name<'_>> {
        Name::parse(&self.object)
    }
}

/// The SHA-256 of what a file holds, decompressed if it is gzip, in hexadecimal digits: what a digest has of it.
///
/// # Errors
/// If it cannot be read to its end, or holds more than `most` bytes.
pub fn hash(path: &Path, most: u64) -> io::Result<String> {
    hash_of(BufReader::with_capacity(256 << 10, File::open(path)?), most)
}

/// The same of what a stream gives.
///
/// # Errors
/// If it cannot be read to its end, or holds more than `most` bytes.
pub fn hash_of(mut stream: impl BufRead, most: u64) -> io::Result<String> {
    let packed = stream.fill_buf()?.starts_with(&[0x1f, 0x8b, 8]);
    let source: &mut dyn Read = if packed { &mut MultiGzDecoder::new(stream) } else { &mut stream };
    let (mut state, mut piece, mut left) = (Sha256::new(), vec![0; 256 << 10], most);
    loop {
        let length = source.read(&mut piece)?;
        if length == 0 {
            return Ok(hex::encode(state.finalize()));
        }
        left = left.checked_sub(length as u64).ok_or_else(|| io::Error::other("it holds more than a log does"))?;
        state.update(&piece[..length]);
    }
}

#[cfg(test)]
mod tests;
