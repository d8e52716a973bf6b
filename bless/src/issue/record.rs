//! The log's line of one decision: who asked, from where, for which key and principals, what was decided and why, by which CA.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use menagerie_store::log::Entry;
use serde::Serialize;
use serde_json::Value;

use super::{Answer, Call, Refusal, Verified};
use crate::certificate::Kind;
use crate::subject_key::{SubjectKey, fingerprint_sha256};

/// The most bytes of JSON that one text of the caller's choice takes in the log.
const MAX_TEXT: usize = 4_096;

/// The most bytes of an entry; the log's line has its chain besides.
const MAX_ENTRY: usize = menagerie_store::log::MAX_LINE - 1_024;

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
    /// Of a refused request: the principals as they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    principals: Option<String>,
    /// Of a refused request: the fingerprint of whatever stood in the key's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
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
    pub(super) fn claim(&mut self, event: &Value) {
        let text = |name: &str| event.get(name).and_then(Value::as_str).map(bounded);
        self.claimed.user = text("bastion_user");
        self.claimed.user_ip = text("bastion_user_ip");
        self.claimed.command = text("command");
    }

    /// Keeps what a refused event asked for, where it was refused before that was known to be well-formed.
    pub(super) fn claim_request(&mut self, event: &Value) {
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        if self.principals.is_empty() {
            self.claimed.principals = text("remote_usernames").or_else(|| text("hostnames")).map(bounded);
        }
        if self.key.is_none() {
            let blob = text("public_key_to_sign").and_then(|line| line.split(' ').nth(1)).and_then(|blob| BASE64.decode(blob).ok());
            self.claimed.key = blob.filter(|blob| !blob.is_empty()).map(|blob| fingerprint_sha256(&blob));
        }
    }

    /// The entry, and the answer that it stands for: a request whose record would not fit a line of the log is refused.
    pub(super) fn close(mut self, answer: Answer) -> (Entry, Answer) {
        self.authenticated = self.verified.is_some();
        match &answer {
            Answer::Certificate(_) => self.outcome = "issued",
            Answer::Refused(refusal) => {
                self.error_type = Some(refusal.error_type.as_str());
                self.reason = Some(bounded(&refusal.message));
            }
        }
        let body = serde_json::to_string(&self).expect("texts and numbers are JSON");
        if body.len() > MAX_ENTRY {
            let smaller = Self {
                claimed: Claimed::default(),
                principals: Vec::new(),
                key_id: None,
                source_address: None,
                outcome: "refused",
                ..self
            };
            return smaller.close(Answer::Refused(Refusal::invalid("the request is larger than what the log can record")));
        }
        (Entry { body, unique: self.serial.filter(|_| self.outcome == "issued"), time_ms: self.time_ms }, answer)
    }
}

/// The beginning of a text, so much of it that its JSON has at most [`MAX_TEXT`] bytes: a control character takes six there.
fn bounded(text: &str) -> String {
    if text.len() * 6 <= MAX_TEXT {
        return text.to_owned();
    }
    let mut room = MAX_TEXT;
    let fits = |c: &char| {
        let bytes = if c.is_ascii_control() { 6 } else { c.len_utf8() * if matches!(c, '"' | '\\') { 2 } else { 1 } };
        room = room.saturating_sub(bytes);
        room > 0
    };
    text.chars().take_while(fits).collect()
}
