//! The certificate authority itself: from an event to a decision, and from a decision to an answer once its line in the log is durable.
//!
//! [`Issuer::decide`] parses, authenticates, authorizes, signs and checks. What it returns shows no answer until [`Issuer::commit`] has
//! written the decision's line to the log, so that nothing leaves that the log does not hold.

mod administrator;
mod caller;
mod certify;
mod clients;
mod granted;
mod host;
mod key_id;
mod record;
mod refusal;
mod serial;
mod user;

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use menagerie_store::log::{Entry, Log};
use serde_json::Value;

pub use administrator::AdministratorRequest;
pub use caller::{Call, Caller, Verified};
pub use clients::AwsClients;
pub use key_id::{KeyIdFields, KeyIdTemplate, KeyIdTemplateError};
pub use record::Record;
pub use refusal::{ErrorType, Refusal};
pub use serial::Serials;

use crate::authority::{Authority, AuthorityError, AuthoritySource};
use crate::certificate::Kind;
use crate::config::Settings;
use crate::request::{MAX_EVENT_BYTES, kind_of};

/// The system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no randomness")]
pub struct NoRandomness;

/// Seconds since 1970, UTC. Handed in, so that a test can set the clock.
pub type Clock = Arc<dyn Fn() -> std::time::SystemTime + Send + Sync>;

/// Decides on requests and answers them.
#[expect(missing_debug_implementations, reason = "holds the CA's key")]
pub struct Issuer {
    settings: Settings,
    authority: AuthoritySource,
    clients: Arc<AwsClients>,
    log: Log,
    clock: Clock,
    random: SystemRandom,
    serials: Serials,
}

/// A fresh ID for a request that has none.
///
/// # Errors
/// [`NoRandomness`].
pub fn request_id() -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    // The form of a version 4 UUID (RFC 9562), which Lambda's request IDs have.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// What the caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The certificate's line.
    Certificate(String),
    /// Why there is none.
    Refused(Refusal),
}

impl Answer {
    /// The JSON that BLESS answers with.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = |text: &str| serde_json::to_string(text).expect("a text is JSON");
        match self {
            // Nearly always a kilobyte of base64, in which nothing is to be escaped: looked at in one sweep, and copied.
            Self::Certificate(line) if is_plain(line) => format!("{{\"certificate\": \"{line}\"}}"),
            Self::Certificate(line) => format!("{{\"certificate\": {}}}", text(line)),
            Self::Refused(refusal) => {
                format!("{{\"errorType\": {}, \"errorMessage\": {}}}", text(refusal.error_type.as_str()), text(&refusal.message))
            }
        }
    }
}

/// Whether a text stands in JSON as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\'))
}

/// An answer that is held back until its line is in the log.
#[derive(Debug)]
#[must_use = "a decision is answered after it is committed"]
pub struct Decision {
    answer: Answer,
    entry: Entry,
}

impl Decision {
    fn close(record: Record, result: Result<String, Refusal>) -> Self {
        let (entry, answer) = record.close(result.map_or_else(Answer::Refused, Answer::Certificate));
        Self { answer, entry }
    }
}

impl Issuer {
    /// An authority by `settings` that writes to `log`.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new(
        settings: Settings,
        authority: AuthoritySource,
        clients: Arc<AwsClients>,
        log: Log,
        clock: Clock,
    ) -> Result<Self, NoRandomness> {
        let random = SystemRandom::new();
        let serials = Serials::random(&random)?;
        Ok(Self { settings, authority, clients, log, clock, random, serials })
    }

    /// What the authority is told.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Loads the CA's key, so that a fault shows before the first request.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub async fn load_authority(&self) -> Result<Arc<Authority>, AuthorityError> {
        self.authority.load(&self.clients).await
    }

    /// The log, for what else is to be written there.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::try_from((self.clock)()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// Decides on one event. `kind` is the handler if something but the event's fields says it.
    pub async fn decide(&self, kind: Option<Kind>, event: &[u8], call: &Call) -> Decision {
        let now = self.now();
        let mut record = Record::new(call, now);
        let result = match self.parse(event) {
            Ok(event) => {
                let kind = kind.unwrap_or_else(|| kind_of(&event));
                record.kind = Some(kind);
                let decided = match kind {
                    Kind::User => self.decide_user(&event, call, now, &mut record).await,
                    Kind::Host => self.decide_host(&event, call, now, &mut record).await,
                };
                decided.inspect_err(|_| record.claim_request(&event))
            }
            Err(refusal) => {
                record.kind = kind;
                Err(refusal)
            }
        };
        Decision::close(record, result)
    }

    fn parse(&self, event: &[u8]) -> Result<Value, Refusal> {
        if event.len() > MAX_EVENT_BYTES {
            return Err(Refusal::invalid(format!("the event has {} bytes, and {MAX_EVENT_BYTES} are the most", event.len())));
        }
        serde_json::from_slice(event).map_err(|error| Refusal::invalid(format!("the event is no JSON: {error}")))
    }

    /// Writes decisions to the log and gives their answers out, in order. If the log cannot be written, every answer says so instead.
    pub async fn commit(&self, decisions: Vec<Decision>) -> Vec<Answer> {
        let (answers, entries): (Vec<_>, Vec<_>) = decisions.into_iter().map(|decision| (decision.answer, decision.entry)).unzip();
        let count = answers.len();
        match self.log.append(entries).await {
            Ok(_) => answers,
            Err(error) => {
                tracing::error!(%error, count, "the log of issuances cannot be written: nothing is answered with a certificate");
                let refusal =
                    Refusal::unavailable(format!("No certificate was issued, since the log of issuances cannot be written: {error}"));
                vec![Answer::Refused(refusal); count]
            }
        }
    }

    /// Refuses a request that could not be read whole, or that this program failed on, and writes that to the log.
    pub async fn refuse(&self, kind: Option<Kind>, call: &Call, refusal: Refusal) -> Answer {
        let mut record = Record::new(call, self.now());
        record.kind = kind;
        let decision = Decision::close(record, Err(refusal));
        self.commit(vec![decision]).await.pop().expect("one answer a decision")
    }

    /// Decides, writes the log, and answers.
    pub async fn answer(&self, kind: Option<Kind>, event: &[u8], call: &Call) -> Answer {
        let decision = self.decide(kind, event, call).await;
        self.commit(vec![decision]).await.pop().expect("one answer a decision")
    }
}

#[cfg(test)]
mod tests;
