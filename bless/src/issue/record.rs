//! The log's line of one decision: who asked, from where, for which key and principals, what was decided and why, by which CA.

use jiff::Timestamp;
use menagerie_store::log::Entry;
use serde::Serialize;

use super::{Answer, Call, Verified};
use crate::certificate::Kind;
use crate::subject_key::SubjectKey;

/// The most characters of a claim that are logged.
const MAX_CLAIM: usize = 4_096;

/// One decision, as it is logged. The fields only grow within `schema`. Nothing here is secret: of a kmsauth token only what it proved.
#[derive(Debug, Serialize)]
pub struct Record {
    schema: &'static str,
    /// `issued` or `refused`.
    #[serde(rename = "type")]
    outcome: &'static str,
    time: String,
    #[serde(serialize_with = "kind_name")]
    pub(super) kind: Option<Kind>,
    request_id: String,
    function: String,
    /// Where the call came from: `lambda`, `uid:1000`, `loopback`, `local`.
    origin: String,
    /// Whether something proved who asked.
    authenticated: bool,
    /// Who was proved to ask.
    pub(super) verified: Option<Verified>,
    /// What the request says, which nothing proves.
    pub(super) claimed: Claimed,
    pub(super) principals: Vec<String>,
    pub(super) source_address: Option<String>,
    pub(super) key: Option<KeyFacts>,
    pub(super) ca: Option<String>,
    /// As text, since a JSON number loses digits in many readers.
    pub(super) serial: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) valid_after: Option<String>,
    pub(super) valid_before: Option<String>,
    error_type: Option<&'static str>,
    reason: Option<String>,
    #[serde(skip)]
    time_ms: i64,
}

/// What a request says of itself.
#[derive(Debug, Default, Serialize)]
pub(super) struct Claimed {
    pub(super) user: Option<String>,
    pub(super) user_ip: Option<String>,
    pub(super) command: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct KeyFacts {
    #[serde(rename = "type")]
    key_type: &'static str,
    fingerprint: String,
    comment: String,
}

impl KeyFacts {
    pub(super) fn of(key: &SubjectKey) -> Self {
        Self { key_type: key.key_type().name(), fingerprint: key.fingerprint_sha256(), comment: key.comment().to_owned() }
    }
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn kind_name<S: serde::Serializer>(kind: &Option<Kind>, serializer: S) -> Result<S::Ok, S::Error> {
    match kind {
        Some(kind) => serializer.collect_str(kind),
        None => serializer.serialize_none(),
    }
}

/// RFC 3339, UTC, of seconds since 1970; what no calendar holds is shown as the number.
pub(super) fn rfc3339(seconds: u64) -> String {
    i64::try_from(seconds).ok().and_then(|s| Timestamp::from_second(s).ok()).map_or_else(|| seconds.to_string(), |t| t.to_string())
}

impl Record {
    pub(super) fn new(call: &Call, now: Timestamp) -> Self {
        Self {
            schema: "bless.log/1",
            outcome: "refused",
            time: now.to_string(),
            kind: None,
            request_id: call.request_id.clone(),
            function: call.function_arn.clone(),
            origin: call.caller.origin(),
            authenticated: false,
            verified: None,
            claimed: Claimed::default(),
            principals: Vec::new(),
            source_address: None,
            key: None,
            ca: None,
            serial: None,
            key_id: None,
            valid_after: None,
            valid_before: None,
            error_type: None,
            reason: None,
            time_ms: now.as_millisecond(),
        }
    }

    /// Keeps what an event says of its caller, also of one that is refused: bounded, since nothing has checked it yet.
    pub(super) fn claim(&mut self, event: &serde_json::Value) {
        let text = |name: &str| event.get(name).and_then(serde_json::Value::as_str).map(|text| text.chars().take(MAX_CLAIM).collect());
        self.claimed = Claimed { user: text("bastion_user"), user_ip: text("bastion_user_ip"), command: text("command") };
    }

    pub(super) fn entry(mut self, answer: &Answer) -> Entry {
        self.authenticated = self.verified.is_some();
        match answer {
            Answer::Certificate(_) => self.outcome = "issued",
            Answer::Refused(refusal) => {
                self.error_type = Some(refusal.error_type.as_str());
                self.reason = Some(refusal.message.clone());
            }
        }
        let body = serde_json::to_string(&self).expect("texts and numbers are JSON");
        Entry { body, unique: self.serial.filter(|_| self.outcome == "issued"), time_ms: self.time_ms }
    }
}
