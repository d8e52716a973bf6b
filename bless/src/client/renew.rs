//! Getting a certificate: from the cache while it is fresh, else from the service, by one process at a time.
//!
//! Many `ssh` start at once. The first to find the certificate stale takes the lock and asks; the others wait and take what it got,
//! its failure included. If the service cannot be asked while the old certificate is still valid, the old one does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use ssh_key::Certificate;

use super::answer::{Answer, AnswerError, Life, Refusal, accept, life};
use super::cache::{self, Failure, KeyFiles, LockError};
use super::files::FileError;
use super::key::{KeyError, SubjectKey};
use super::settings::Settings;
use super::transport::{self, TransportError};

/// How long another process's renewal is waited for: a cold function in several Regions, each with its retries, fits in.
const PATIENCE: Duration = Duration::from_secs(90);

/// A certificate to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// The certificate, which is in its file.
    pub certificate: Certificate,
    /// How much of its life is left.
    pub life: Life,
    /// Whether it was in the cache before this call.
    pub cached: bool,
    /// The certificate that was in the file before.
    pub previous: Option<Certificate>,
    /// Why there is no newer one, although this one is about to run out.
    pub warning: Option<String>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The service says no.
    #[error("{service} refused: {refusal}")]
    Refused {
        /// Which.
        service: String,
        /// Its words.
        refusal: Refusal,
    },
    /// The service gave no answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The service gave a certificate that is not the one that was asked for.
    #[error("{service}: {source}")]
    Answer {
        /// Which.
        service: String,
        /// What is wrong with it.
        source: AnswerError,
    },
    /// Another process asked the same a moment ago, in vain.
    #[error("{message}")]
    Shared {
        /// Whether the service said no.
        refused: bool,
        /// What it came to.
        message: String,
    },
    /// Another process renews for too long.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Key or certificate cannot be kept.
    #[error(transparent)]
    File(#[from] FileError),
}

impl RenewError {
    /// Whether the service was asked and said no.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Shared { refused: true, .. })
    }

    /// Whether it would come to the same for whoever waited for this process.
    const fn is_shared(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Transport(_) | Self::Answer { .. })
    }
}

/// The time, handed in.
pub type Clock<'a> = &'a dyn Fn() -> SystemTime;

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn milliseconds(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// A certificate as `settings` want it. With `anew`, one that is newer than this call, with a new key.
///
/// # Errors
/// [`RenewError`] if there is none, or none that is new enough.
pub fn obtain(settings: &Settings, anew: bool, clock: Clock<'_>) -> Result<Got, RenewError> {
    let start = clock();
    let found = cache::find(settings, seconds(start));
    if let Some(cached) = found.as_ref().filter(|cached| !anew && cached.life.is_fresh()) {
        return Ok(Got { certificate: cached.certificate.clone(), life: cached.life, cached: true, previous: None, warning: None });
    }
    let before = found.map(|cached| cached.certificate);
    renew(settings, anew, start, before.as_ref(), clock).or_else(|error| match cache::find(settings, seconds(clock())) {
        Some(old) if !anew => {
            Ok(Got { certificate: old.certificate, life: old.life, cached: true, previous: None, warning: Some(error.to_string()) })
        }
        _ => Err(error),
    })
}

/// Renews under the lock, unless another process has done so while this one waited.
fn renew(settings: &Settings, anew: bool, start: SystemTime, before: Option<&Certificate>, clock: Clock<'_>) -> Result<Got, RenewError> {
    let _lock = cache::lock(&settings.paths, PATIENCE)?;
    if let Some(now) = cache::find(settings, seconds(clock())).filter(|now| before != Some(&now.certificate) && now.life.is_fresh()) {
        return Ok(Got { certificate: now.certificate, life: now.life, cached: true, previous: before.cloned(), warning: None });
    }
    if let Some(failure) = cache::failure_since(settings, milliseconds(start)) {
        return Err(RenewError::Shared { refused: failure.refused, message: failure.message });
    }
    let got = ask(settings, anew, clock);
    if let Err(error) = &got
        && error.is_shared()
    {
        let failure = Failure::new(settings, milliseconds(clock()), error.is_refusal(), error.to_string());
        cache::leave_failure(&settings.paths, &failure);
    }
    got
}

/// Asks the service and keeps what it gives.
fn ask(settings: &Settings, anew: bool, clock: Clock<'_>) -> Result<Got, RenewError> {
    let service = || settings.service.name();
    let key = SubjectKey::choose(settings, anew, clock())?;
    let public = key.public_line()?;
    let now = Timestamp::try_from(clock()).unwrap_or(Timestamp::UNIX_EPOCH);
    let text = match transport::ask(settings, &public, now)? {
        Answer::Certificate(text) => text,
        Answer::Refusal(refusal) => return Err(RenewError::Refused { service: service(), refusal }),
    };
    let now = seconds(clock());
    let certificate =
        accept(&text, &settings.wanted, key.public.key_data(), now).map_err(|source| RenewError::Answer { service: service(), source })?;
    let previous = cache::certificate(&settings.paths.certificate);
    let private = key.private_file()?.filter(|_| key.is_new);
    let files = KeyFiles { private: private.as_ref().map(|private| private.as_str()), public: &public };
    cache::keep(settings, files, &certificate)?;
    Ok(Got { life: life(&certificate, now), certificate, cached: false, previous, warning: None })
}
