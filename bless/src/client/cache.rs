//! The cache: a key, its certificate and what they were asked for, and the lock under which one process at a time renews them.
//!
//! `request.json` is written last and removed first. If it is there, key and certificate beside it belong together, whatever was
//! killed in between; if it is not, they are asked for anew.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use ssh_key::public::KeyData;
use ssh_key::{Certificate, PublicKey};

use super::answer::{Life, certifies, file_text, life};
use super::files::{Access, FileError, private_directory, read_text, replace};
use super::request::Wanted;
use super::settings::{KeyChoice, Paths, Settings};

/// The longest file that the cache reads, in bytes.
const LONGEST: u64 = 1 << 18;

/// How often a lock that another process holds is tried.
const PAUSE: Duration = Duration::from_millis(15);

/// What a cached certificate was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    schema: String,
    service: String,
    certificate: PathBuf,
    key: String,
    wanted: Wanted,
}

/// A key and a certificate that the cache holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The certificate.
    pub certificate: Certificate,
    /// Where `now` lay in its life when it was read.
    pub life: Life,
}

/// Why another process's lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The lock file cannot be made or locked.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process holds it for too long.
    #[error("another bless get has held {} for {} seconds", path.display(), waited.as_secs())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// How long this one has waited.
        waited: Duration,
    },
}

/// The cache's lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file unlocks it as well.
        let _ = self.0.unlock();
    }
}

impl Asked {
    fn of(settings: &Settings) -> Self {
        Self {
            schema: "bless.cache/1".to_owned(),
            service: settings.service.name(),
            certificate: settings.paths.certificate.clone(),
            key: match &settings.key {
                KeyChoice::Made(kind) => format!("made {kind:?}"),
                KeyChoice::Taken(path) => format!("taken {}", path.display()),
            },
            wanted: settings.wanted.clone(),
        }
    }
}

/// The certificate that was asked for as `settings` ask, if it is valid at `now` and belongs to the key beside it.
#[must_use]
pub fn find(settings: &Settings, now: u64) -> Option<Cached> {
    stored(&settings.paths).filter(|asked| *asked == Asked::of(settings))?;
    let key = public_key(&settings.paths.public_key)?;
    if settings.paths.private_key.as_deref().is_some_and(|path| !path.is_file()) {
        return None;
    }
    let certificate = certificate(&settings.paths.certificate)?;
    certifies(&certificate, &settings.wanted, &key).ok()?;
    let life = life(&certificate, now);
    life.is_valid().then_some(Cached { certificate, life })
}

fn stored(paths: &Paths) -> Option<Asked> {
    serde_json::from_str(&read_text(&request_file(paths), LONGEST).ok()?).ok()
}

/// The certificate in a file, if there is one.
#[must_use]
pub fn certificate(path: &Path) -> Option<Certificate> {
    Certificate::from_openssh(&read_text(path, LONGEST).ok()?).ok()
}

fn public_key(path: &Path) -> Option<KeyData> {
    Some(PublicKey::from_openssh(read_text(path, LONGEST).ok()?.trim_end()).ok()?.key_data().clone())
}

/// The key that a certificate is kept with.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it would show the private key")]
pub struct KeyFiles<'a> {
    /// The private key in OpenSSH's form, if it is new.
    pub private: Option<&'a str>,
    /// The public key's line.
    pub public: &'a str,
}

/// Keeps a certificate and its key; of a key that is taken, nothing but the certificate.
///
/// # Errors
/// [`FileError`] if a file cannot be written; then nothing is found in the cache until the next call that succeeds.
pub fn keep(settings: &Settings, key: KeyFiles<'_>, certificate: &Certificate) -> Result<(), FileError> {
    let paths = &settings.paths;
    let request = request_file(paths);
    let public = format!("{}\n", key.public);
    // A process that was killed may have left the public half of an earlier key.
    let public_differs = || read_text(&paths.public_key, LONGEST).map_or(true, |kept| kept != public);
    let key_changes = paths.private_key.is_some() && (key.private.is_some() || public_differs());
    if key_changes || stored(paths).is_none_or(|stored| stored != Asked::of(settings)) {
        forget(&request)?;
    }
    if let (Some(text), Some(private)) = (key.private, &paths.private_key) {
        replace(private, text.as_bytes(), Access::Owner)?;
    }
    if key_changes {
        replace(&paths.public_key, public.as_bytes(), Access::Everyone)?;
    }
    let text = file_text(certificate).map_err(|error| FileError::new("could not encode", &paths.certificate, io::Error::other(error)))?;
    replace(&paths.certificate, text.as_bytes(), Access::Everyone)?;
    let asked = serde_json::to_vec_pretty(&Asked::of(settings))
        .map_err(|error| FileError::new("could not describe", &request, io::Error::other(error)))?;
    replace(&request, &asked, Access::Owner)
}

fn forget(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::new("could not remove", path, error)),
        _ => Ok(()),
    }
}

/// Waits for the right to renew, for at most `patience`.
///
/// # Errors
/// [`LockError`] if the lock file cannot be had in that time.
pub fn lock(paths: &Paths, patience: Duration) -> Result<Lock, LockError> {
    private_directory(&paths.directory)?;
    let path = paths.directory.join("lock");
    let failed = |source| FileError::new("could not lock", &path, source);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::Error(error)) => return Err(failed(error).into()),
            Err(TryLockError::WouldBlock) if start.elapsed() >= patience => {
                return Err(LockError::Held { path, waited: start.elapsed() });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
        }
    }
}

/// A renewal that failed, left for those that waited for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whether the service said no; else it could not be asked.
    pub refused: bool,
    /// What to tell.
    pub message: String,
    asked: Asked,
}

impl Failure {
    /// A failure of what `settings` ask.
    #[must_use]
    pub fn new(settings: &Settings, at_ms: u64, refused: bool, message: String) -> Self {
        Self { at_ms, refused, message, asked: Asked::of(settings) }
    }
}

/// Leaves word of a failure. That it cannot be left only costs the others a try of their own.
pub fn leave_failure(paths: &Paths, failure: &Failure) {
    if let Ok(text) = serde_json::to_vec(failure) {
        let _ = replace(&failure_file(paths), &text, Access::Owner);
    }
}

/// The failure of the same request, if one was left at `since_ms` or later.
#[must_use]
pub fn failure_since(settings: &Settings, since_ms: u64) -> Option<Failure> {
    let failure: Failure = serde_json::from_str(&read_text(&failure_file(&settings.paths), LONGEST).ok()?).ok()?;
    (failure.at_ms >= since_ms && failure.asked == Asked::of(settings)).then_some(failure)
}

fn request_file(paths: &Paths) -> PathBuf {
    paths.directory.join("request.json")
}

fn failure_file(paths: &Paths) -> PathBuf {
    paths.directory.join("failure.json")
}
