//! How far a scan of a bucket has come, in a file that survives the death of the process at any moment.
//!
//! The file is lines of JSON: what is scanned, then where the listing stands, then each object of the present window that is done, by a
//! hash of its key and ETag. A line is written and made durable after the object's findings were. When a window is done the file
//! is written anew beside itself and renamed, so that it does not grow with the bucket.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::window::Taken;

const SCHEMA: &str = "lanius.resume/1";

/// How many objects that could not be read are remembered, to be tried again.
pub(super) const RETRIES: usize = 10_000;

/// Why a file of progress cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("the file of progress {path} cannot be used: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// It is not of this form.
    #[error("{path} holds no progress of a scan: name another file")]
    Foreign {
        /// The file.
        path: String,
    },
    /// It is of another scan.
    #[error("{path} is of another scan ({what} differ): name another file, or remove it to scan from the beginning")]
    Other {
        /// The file.
        path: String,
        /// What differs.
        what: &'static str,
    },
}

/// What is scanned, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    schema: String,
    source: String,
    rules: String,
    sample: Option<u64>,
}

/// Where the listing stands, and sums over what is done.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The key behind which the present window begins.
    pub(super) after: Option<String>,
    /// Whether everything was listed and scanned, but for `retry`.
    pub(super) finished: bool,
    /// Of folders that the listing is in, how many objects were taken.
    pub(super) taken: Taken,
    /// The keys of objects that could not be read.
    pub(super) retry: BTreeSet<String>,
    /// Objects listed.
    pub(super) listed: u64,
    /// Objects scanned.
    pub(super) scanned: u64,
    /// Their bytes.
    pub(super) bytes: u64,
    /// Places found.
    pub(super) found: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Scan(Header),
    Window(Checkpoint),
    /// An object's hash, its bytes, the places found in it.
    Done(String, u64, u64),
}

/// The progress of a scan.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    header: Header,
    pub(super) checkpoint: Checkpoint,
    done: HashSet<[u8; 16]>,
}

impl Journal {
    /// Opens the file, or makes it. `source`, `rules` and `sample` say what is scanned and how.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path, source: &str, rules: &str, sample: Option<u64>) -> Result<Self, JournalError> {
        let header = Header { schema: SCHEMA.to_owned(), source: source.to_owned(), rules: rules.to_owned(), sample };
        let failed = |error| JournalError::File { path: path.display().to_string(), error };
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let (checkpoint, done) = read(&text, &header, path)?;
        let file = rewritten(path, &header, &checkpoint, &done).map_err(failed)?;
        let seen = done.iter().map(|(hash, _, _)| *hash).collect();
        let mut journal = Self { path: path.to_owned(), file, header, checkpoint, done: seen };
        for (_, bytes, found) in done {
            journal.count(bytes, found);
        }
        Ok(journal)
    }

    fn count(&mut self, bytes: u64, found: u64) {
        self.checkpoint.scanned += 1;
        self.checkpoint.bytes += bytes;
        self.checkpoint.found += found;
    }

    /// Whether the object was scanned.
    #[must_use]
    pub fn is_done(&self, key: &str, etag: &str) -> bool {
        self.done.contains(&hash(key, etag))
    }

    /// Writes down that objects were scanned: key, ETag, bytes, places found.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn done<'a>(&mut self, objects: impl IntoIterator<Item = (&'a str, &'a str, u64, u64)>) -> Result<(), JournalError> {
        let mut text = String::new();
        for (key, etag, bytes, found) in objects {
            let hash = hash(key, etag);
            self.done.insert(hash);
            self.count(bytes, found);
            text.push_str(&line(&Line::Done(hex::encode(hash), bytes, found)));
        }
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| JournalError::File { path: self.path.display().to_string(), error })
    }

    /// Writes down that the window is done, and where the next one begins.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn advance(&mut self) -> Result<(), JournalError> {
        self.done.clear();
        let file = rewritten(&self.path, &self.header, &self.checkpoint, &[]);
        self.file = file.map_err(|error| JournalError::File { path: self.path.display().to_string(), error })?;
        Ok(())
    }
}

fn hash(key: &str, etag: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key);
    hash.update(etag);
    let whole: [u8; 32] = hash.finalize().into();
    *whole.first_chunk().expect("a SHA-256 has 32 bytes")
}

fn line(line: &Line) -> String {
    let mut text = serde_json::to_string(line).expect("a line of progress is JSON");
    text.push('\n');
    text
}

type Done = Vec<([u8; 16], u64, u64)>;

/// What a file says. A last line without its end was being written when the process died, and counts as not written.
fn read(text: &[u8], header: &Header, path: &Path) -> Result<(Checkpoint, Done), JournalError> {
    let foreign = || JournalError::Foreign { path: path.display().to_string() };
    let other = |what| Err(JournalError::Other { path: path.display().to_string(), what });
    let (mut checkpoint, mut done) = (Checkpoint::default(), Vec::new());
    if text.is_empty() {
        return Ok((checkpoint, done));
    }
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    for (number, line) in text[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
        match (number, serde_json::from_slice(line).map_err(|_| foreign())?) {
            (0, Line::Scan(known)) if known.schema != header.schema => return Err(foreign()),
            (0, Line::Scan(known)) if known.source != header.source => return other("what is scanned"),
            (0, Line::Scan(known)) if known.rules != header.rules => return other("the rules or the level"),
            (0, Line::Scan(known)) if known.sample != header.sample => return other("the samples"),
            (0, Line::Scan(_)) => {}
            (1, Line::Window(known)) => checkpoint = known,
            (2.., Line::Done(name, bytes, found)) => {
                let mut hash = [0; 16];
                hex::decode_to_slice(&name, &mut hash).map_err(|_| foreign())?;
                done.push((hash, bytes, found));
            }
            _ => return Err(foreign()),
        }
    }
    if whole == 0 { Err(foreign()) } else { Ok((checkpoint, done)) }
}

/// Puts the file in place as a whole, and opens it to add to it.
fn rewritten(path: &Path, header: &Header, checkpoint: &Checkpoint, done: &[([u8; 16], u64, u64)]) -> io::Result<File> {
    let mut text = line(&Line::Scan(header.clone())) + &line(&Line::Window(checkpoint.clone()));
    for (hash, bytes, found) in done {
        text.push_str(&line(&Line::Done(hex::encode(hash), *bytes, *found)));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()?;
    OpenOptions::new().append(true).open(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<Journal, JournalError> {
        Journal::open(path, "s3://b/p", "r1", None)
    }

    #[test]
    fn what_was_done_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("progress");
        let mut journal = open(&path).unwrap();
        journal.done([("a", "1", 10, 2), ("b", "1", 20, 0)]).unwrap();
        drop(journal);
        // The process died in the middle of a line.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"done\":[\"00").unwrap();
        let mut journal = open(&path).unwrap();
        assert!(journal.is_done("a", "1") && journal.is_done("b", "1") && !journal.is_done("a", "2") && !journal.is_done("c", "1"));
        assert_eq!((journal.checkpoint.scanned, journal.checkpoint.bytes, journal.checkpoint.found), (2, 30, 2));
        journal.checkpoint.after = Some("b".to_owned());
        journal.advance().unwrap();
        drop(journal);
        let journal = open(&path).unwrap();
        assert_eq!((journal.checkpoint.after.as_deref(), journal.checkpoint.scanned), (Some("b"), 2));
        assert!(!journal.is_done("a", "1"), "what lies before the window need not be known");
    }

    #[test]
    fn another_scan_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("progress");
        drop(open(&path).unwrap());
        assert!(matches!(Journal::open(&path, "s3://b/q", "r1", None), Err(JournalError::Other { .. })));
        assert!(matches!(Journal::open(&path, "s3://b/p", "r2", None), Err(JournalError::Other { .. })));
        assert!(matches!(Journal::open(&path, "s3://b/p", "r1", Some(3)), Err(JournalError::Other { .. })));
        fs::write(&path, "my notes").unwrap();
        assert!(matches!(open(&path), Err(JournalError::Foreign { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"my notes", "a file that is no journal is left alone");
    }
}
