//! Asking a service, whichever it is; and what can go wrong on the way, told in one sentence.

use jiff::Timestamp;
use menagerie_aws::CallError;

use super::answer::{Answer, AnswerError};
use super::service::Service;
use super::settings::Settings;
use super::{aws, http};
use crate::secret_file::SecretFileError;

/// Why a service gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// It cannot be reached.
    #[error("{service} cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        service: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("{service} gave no answer in {seconds} seconds")]
    Late {
        /// Which.
        service: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It answered with another status than 200.
    #[error("{service} did not take the request: status {status}, {reason}")]
    Status {
        /// Which.
        service: String,
        /// HTTP's status.
        status: u16,
        /// What it says.
        reason: String,
    },
    /// It answered what is no answer.
    #[error("{service}: {source}")]
    Answer {
        /// Which.
        service: String,
        /// What is wrong.
        source: AnswerError,
    },
    /// The token's file gives none.
    #[error(transparent)]
    Token(#[from] SecretFileError),
    /// Unix sockets on a system without them.
    #[error("this system has no Unix sockets: reach the service by --url or --lambda")]
    NoSockets,
    /// The runtime cannot start.
    #[error("could not start: {0}")]
    Runtime(std::io::Error),
    /// No Region is known.
    #[error(transparent)]
    Session(#[from] menagerie_aws::SessionError),
    /// AWS said no to a call, or could not be reached.
    #[error("{region}: {}", menagerie_report::shown(&.source.to_string()))]
    Call {
        /// The Region.
        region: String,
        /// The call's error.
        source: CallError,
    },
    /// The function ran and failed.
    #[error("{region}: the function failed ({kind}): {reason}")]
    Function {
        /// The Region.
        region: String,
        /// Lambda's word for how.
        kind: String,
        /// What the function's runtime says.
        reason: String,
    },
    /// Every Region failed.
    #[error("no Region gave an answer: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Regions(Vec<TransportError>),
}

impl TransportError {
    /// `service` cannot be reached, for what `error` and its causes say.
    pub fn unreachable(service: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut reason = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            reason.push_str(&format!(": {cause}"));
            next = cause.source();
        }
        Self::Unreachable { service: service.to_owned(), reason: menagerie_report::shown(&reason).into_owned() }
    }
}

/// Asks the service for the certificate of the public key in `public_line`.
///
/// # Errors
/// [`TransportError`] if it gives no answer; a refusal is one.
pub fn ask(settings: &Settings, public_line: &str, now: Timestamp) -> Result<Answer, TransportError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(TransportError::Runtime)?;
    let answer = runtime.block_on(async {
        if let Service::Lambda(lambda) = &settings.service {
            return aws::ask_lambda(settings, lambda, public_line, now).await;
        }
        let token = aws::token(settings, None, now).await?;
        let event = settings.wanted.event(public_line, &settings.command, token.as_deref());
        http::ask(&settings.service, settings.wanted.path(), event).await
    });
    // A name that is still being looked up must not hold the process.
    runtime.shutdown_background();
    answer
}
