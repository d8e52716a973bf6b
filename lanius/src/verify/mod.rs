//! Verification, only when asked for: does a credential that was found still live? Each rule may document one call that reads and
//! changes nothing; its host is the rule's own, never one that the scanned content names. Every distinct secret is sent once, to the
//! service it belongs to. The answer is [`State::Active`], [`State::Inactive`] or, where it says neither, [`State::Unknown`].

mod call;
mod client;
mod pace;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::rules::Verify;
use crate::scan::Engine;
use crate::triage::Finding;
use client::{Answer, Client};
use pace::Pace;

pub use call::{Call, Endpoint, EndpointError, Refusal, host, prepare};
pub use client::ClientError;

/// How many calls are under way at once.
const AT_ONCE: usize = 8;
/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often a call is made again when the service is overloaded.
const RETRIES: u32 = 2;
/// How long the first wait is; each further one is twice as long.
const WAIT: Duration = Duration::from_millis(500);
/// The longest wait that a service may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a service says of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It lives.
    Active,
    /// It does not.
    Inactive,
    /// Nobody knows: there is no call for it, or the answer says neither.
    Unknown,
}

impl State {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Unknown => "unknown",
        }
    }
}

/// What verification came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The state.
    pub state: State,
    /// Why.
    pub reason: String,
}

/// How calls are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Calls a second for each host.
    pub rate: f64,
    /// An HTTP proxy that calls go through.
    pub proxy: Option<String>,
    /// Where the calls for some hosts go instead.
    pub endpoints: Vec<Endpoint>,
    /// What waits are varied by, so that many machines do not call at the same moment.
    pub seed: u64,
}

/// Makes the calls.
#[derive(Debug)]
pub struct Verifier {
    options: Options,
    client: Client,
    pace: Pace,
}

/// A secret to be verified, and the findings it is of.
struct Job<'a> {
    verify: &'a Verify,
    secret: &'a [u8],
    findings: Vec<usize>,
}

impl Verifier {
    /// A verifier. Nothing is sent yet.
    ///
    /// # Errors
    /// When the proxy's address is none.
    pub fn new(options: Options) -> Result<Self, ClientError> {
        let client = Client::new(options.proxy.as_deref(), TIMEOUT)?;
        Ok(Self { pace: Pace::new(options.rate), client, options })
    }

    /// Asks the services of all findings, and notes the answers on them. Each distinct secret is sent once.
    pub fn verify(&self, engine: &Engine, findings: &mut [Finding]) {
        let mut answers: Vec<Option<Verification>> = findings.iter().map(|_| None).collect();
        let mut jobs: BTreeMap<(&str, &[u8]), Job<'_>> = BTreeMap::new();
        for (number, finding) in findings.iter().enumerate() {
            match &finding.rule(engine).definition.verify {
                Some(verify) => {
                    let secret = finding.secret.expose().as_slice();
                    let job = jobs.entry((&verify.url, secret)).or_insert_with(|| Job { verify, secret, findings: Vec::new() });
                    job.findings.push(number);
                }
                None => answers[number] = Some(unknown("no call that only reads is known for it")),
            }
        }
        let jobs: Vec<_> = jobs.into_values().collect();
        let (next, done) = (AtomicUsize::new(0), Mutex::new(&mut answers));
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(jobs.len()) {
                scope.spawn(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let verification = self.ask(job.verify, job.secret);
                        let mut answers = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        job.findings.iter().for_each(|number| answers[*number] = Some(verification.clone()));
                    }
                });
            }
        });
        drop(jobs);
        findings.iter_mut().zip(answers).for_each(|(finding, answer)| finding.verification = answer);
    }

    /// Asks the service of one secret.
    #[must_use]
    pub fn ask(&self, verify: &Verify, secret: &[u8]) -> Verification {
        let (call, host) = match prepare(verify, secret, &self.options.endpoints).and_then(|call| Ok((call, host(verify)?))) {
            Ok(both) => both,
            Err(refusal) => return unknown(refusal.to_string()),
        };
        let mut turn = 0;
        loop {
            let Some(wait) = self.pace.turn(host, Instant::now()) else {
                return unknown("the service could not be reached several times");
            };
            std::thread::sleep(wait);
            let answer = self.client.call(&call);
            self.pace.answered(host, answer.is_ok());
            let again = match &answer {
                Ok(answer) => matches!(answer.status, 429 | 500..=599),
                Err(_) => false,
            };
            if again && turn < RETRIES {
                let asked = answer.as_ref().ok().and_then(|answer| answer.retry_after).unwrap_or_default();
                std::thread::sleep((WAIT * (1 << turn) + self.jitter(host, turn)).max(asked).min(LONGEST_WAIT));
                turn += 1;
                continue;
            }
            return match answer {
                Ok(answer) => judge(verify, &answer),
                Err(reason) => unknown(reason),
            };
        }
    }

    /// Up to as long again as the first wait.
    fn jitter(&self, host: &str, turn: u32) -> Duration {
        let mixed =
            host.bytes().fold(self.options.seed ^ u64::from(turn), |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Duration::from_millis((mixed >> 32) % 500)
    }
}

fn unknown(reason: impl Into<String>) -> Verification {
    Verification { state: State::Unknown, reason: reason.into() }
}

/// What an answer says.
fn judge(verify: &Verify, answer: &Answer) -> Verification {
    let holds = |text: &Option<String>| text.as_ref().map(|text| memchr::memmem::find(&answer.body, text.as_bytes()).is_some());
    let status = answer.status;
    let state = match (holds(&verify.active_text), holds(&verify.inactive_text)) {
        (None | Some(true), None | Some(false)) if verify.active.contains(&status) => State::Active,
        // Where a text tells, a status alone does not.
        (_, Some(true)) if verify.inactive.contains(&status) || verify.active.contains(&status) => State::Inactive,
        (_, None) if verify.inactive.contains(&status) => State::Inactive,
        _ => State::Unknown,
    };
    Verification { state, reason: format!("the service answered {status}") }
}

#[cfg(test)]
mod tests;
