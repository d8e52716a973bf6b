//! The audit log: who did what to what, and when. A line is committed with what it tells of, and lines are hash-chained
//! ([`menagerie_store::log`]), so that `lemur audit verify` shows a line that was changed or taken out.
//!
//! A line's fields are `time`, `event`, `actor` and what the event has. No line holds a secret: keys are named by the hash of their public
//! half.

use std::net::IpAddr;

use jiff::Timestamp;
use menagerie_store::log::Entry;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::store::{AuthorityId, CertificateId, UserId};

/// By which door somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The REST interface.
    Rest,
    /// ACME.
    Acme,
    /// The pages.
    Web,
    /// The command line, on the server's own machine.
    Cli,
    /// Nobody: the server does it by itself.
    Server,
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// What they are called: a user's name, an ACME account.
    pub name: String,
    /// The user, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// By which door they came in.
    pub via: Via,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The request's ID, as it stands in the server's other logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

impl Actor {
    /// The server itself.
    #[must_use]
    pub fn server() -> Self {
        Self { name: "lemur".to_owned(), user: None, via: Via::Server, address: None, request: None }
    }

    /// Somebody on the server's own machine.
    #[must_use]
    pub fn cli(name: impl Into<String>) -> Self {
        Self { name: name.into(), user: None, via: Via::Cli, address: None, request: None }
    }
}

/// Fields that were changed, with what they were and what they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Changes(Map<String, Value>);

impl Changes {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more, if it was changed. Texts are cut to what a line takes.
    #[must_use]
    pub fn with<T: Serialize>(mut self, field: &str, from: T, to: Option<T>) -> Self {
        let shown = |value: T| match serde_json::to_value(value).unwrap_or_default() {
            Value::String(text) => shortened(&text).into(),
            Value::Array(items) if items.len() > MOST_ITEMS => format!("{} items", items.len()).into(),
            other => other,
        };
        if let Some(to) = to {
            self.0.insert(field.to_owned(), serde_json::json!({"from": shown(from), "to": shown(to)}));
        }
        self
    }
}

/// How control of a name was proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The name.
    pub name: String,
    /// By which challenge.
    pub method: &'static str,
    /// When.
    pub at: Timestamp,
    /// In which authorization.
    pub authorization: String,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An authority was made.
    AuthorityCreated {
        /// Its name; it has no number yet when the line is written.
        name: String,
        /// Who vouches for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        parent: Option<AuthorityId>,
        /// The SHA-256 of its public key.
        key: String,
    },
    /// An authority that waited for its certificate has it.
    AuthorityActivated {
        /// Which.
        authority: AuthorityId,
        /// The SHA-256 of the certificate.
        fingerprint: String,
    },
    /// An authority was changed.
    AuthorityChanged {
        /// Which.
        authority: AuthorityId,
        /// The fields that were.
        fields: Vec<&'static str>,
        /// What they were and what they are.
        changes: Changes,
    },
    /// An authority has another certificate for its key.
    AuthorityCrossSigned {
        /// Which.
        authority: AuthorityId,
        /// By which of ours.
        #[serde(skip_serializing_if = "Option::is_none")]
        issuer: Option<AuthorityId>,
        /// The SHA-256 of the certificate.
        fingerprint: String,
    },
    /// An authority has a new OCSP responder.
    ResponderRenewed {
        /// Whose.
        authority: AuthorityId,
        /// The SHA-256 of its certificate.
        fingerprint: String,
    },
    /// A certificate was issued.
    CertificateIssued {
        /// By which authority.
        authority: AuthorityId,
        /// Its serial number, hexadecimal.
        serial: String,
        /// The SHA-256 of the certificate.
        fingerprint: String,
        /// By which profile.
        profile: String,
        /// Who answers for it.
        owner: String,
        /// Its names.
        names: Vec<String>,
        /// When it ends.
        not_after: Timestamp,
        /// Whether its key was made here.
        key_made_here: bool,
        /// How control of the names was proved, where it was.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        proofs: Vec<Proof>,
    },
    /// A certificate that was made elsewhere was stored.
    CertificateUploaded {
        /// Its serial number, hexadecimal.
        serial: String,
        /// The SHA-256 of the certificate.
        fingerprint: String,
        /// Who answers for it.
        owner: String,
        /// Whether its private key came with it.
        with_key: bool,
    },
    /// The keys that protect what is stored are kept in another way.
    RingKept {
        /// Under which key elsewhere; none for their file alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        under: Option<String>,
    },
    /// What is known of a certificate was changed.
    CertificateChanged {
        /// Which.
        certificate: CertificateId,
        /// The fields that were.
        fields: Vec<&'static str>,
        /// What they were and what they are.
        changes: Changes,
    },
    /// A certificate's row was deleted.
    CertificateDeleted {
        /// Which.
        certificate: CertificateId,
        /// The SHA-256 of the certificate.
        fingerprint: String,
    },
    /// A certificate was revoked.
    CertificateRevoked {
        /// Which.
        certificate: CertificateId,
        /// Its serial number, hexadecimal.
        serial: String,
        /// Why.
        reason: String,
        /// What was said about it.
        #[serde(skip_serializing_if = "String::is_empty")]
        comments: String,
    },
    /// A certificate that was on hold holds again.
    CertificateReleased {
        /// Which.
        certificate: CertificateId,
        /// Its serial number, hexadecimal.
        serial: String,
    },
    /// A serial number that may have been signed, and whose certificate was not stored, was revoked.
    SerialAbandoned {
        /// By which authority.
        authority: AuthorityId,
        /// The serial number, hexadecimal.
        serial: String,
        /// What it was for.
        about: String,
    },
    /// A private key was shown, or signed a request.
    KeyViewed {
        /// Whose.
        certificate: CertificateId,
        /// The SHA-256 of its public half: which key it was does not depend on the row that it stood in.
        key: String,
        /// For what: `view`, `export`, `request`.
        purpose: &'static str,
    },
    /// Stored keys were sealed under a new key.
    KeysResealed {
        /// The new key.
        ring_key: String,
        /// How many certificates' keys.
        certificates: u64,
        /// How many authorities' keys.
        authorities: u64,
    },
    /// What another part of the server did: access control, ACME.
    #[serde(untagged)]
    Other {
        /// Its name.
        event: &'static str,
        /// What it has.
        #[serde(flatten)]
        fields: Map<String, Value>,
    },
}

/// The most characters of a text that a line repeats: the rest is known from the certificate.
const LONGEST_TEXT: usize = 1_000;
/// The most items of a list that a line repeats.
const MOST_ITEMS: usize = 100;
/// The most bytes of names that a line repeats, and of proofs: together less than a line has.
const MOST_NAMES: usize = 20 * 1024;

/// The log's entry for what was done.
#[must_use]
pub fn entry(at: Timestamp, actor: &Actor, event: &Event) -> Entry {
    #[derive(Serialize)]
    struct Line<'a> {
        time: Timestamp,
        #[serde(flatten)]
        event: &'a Event,
        actor: &'a Actor,
    }
    let body = serde_json::to_string(&Line { time: at, event, actor }).expect("text, numbers and maps of texts are JSON");
    Entry { body, unique: None, time_ms: at.as_millisecond() }
}

/// A text that goes into a line, cut to what a line takes.
#[must_use]
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Names that go into a line, cut to what a line takes.
#[must_use]
pub fn shortened_names(names: impl Iterator<Item = String>) -> Vec<String> {
    let (mut kept, mut left_out, mut bytes) = (Vec::new(), 0_usize, 0);
    for name in names {
        // With its quotes and comma, and each character that JSON writes with a backslash.
        bytes += name.len() + name.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() + 3;
        if bytes <= MOST_NAMES { kept.push(name) } else { left_out += 1 }
    }
    if left_out > 0 {
        kept.push(format!("… and {left_out} more: the certificate has them"));
    }
    kept
}

/// Proofs that go into a line, cut to what a line takes.
#[must_use]
pub fn shortened_proofs(mut proofs: Vec<Proof>) -> Vec<Proof> {
    let mut bytes = 0;
    let fits = proofs.iter().take_while(|proof| {
        bytes += proof.name.len() + proof.authorization.len() + 120;
        bytes <= MOST_NAMES
    });
    let fits = fits.count();
    proofs.truncate(fits);
    proofs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_without_line_breaks() {
        let actor = Actor { name: "bob\n\"x".to_owned(), address: "10.0.0.1".parse().ok(), ..Actor::cli("x") };
        let event = Event::KeyViewed { certificate: CertificateId(7), key: "ab".to_owned(), purpose: "view" };
        let entry = entry(Timestamp::UNIX_EPOCH, &actor, &event);
        let expected = r#"{"time":"1970-01-01T00:00:00Z","event":"key_viewed","certificate":7,"key":"ab","purpose":"view","actor":{"name":"bob\n\"x","via":"cli","address":"10.0.0.1"}}"#;
        assert_eq!(entry.body, expected);
        let fields = Map::from_iter([("user".to_owned(), Value::from(3))]);
        let entry = super::entry(Timestamp::UNIX_EPOCH, &Actor::server(), &Event::Other { event: "user_created", fields });
        assert!(entry.body.starts_with(r#"{"time":"1970-01-01T00:00:00Z","event":"user_created","user":3,"actor":{"#), "{}", entry.body);
    }

    #[test]
    fn a_line_has_all_the_names_that_it_has_room_for() {
        let names = |count: usize, length: usize| shortened_names((0..count).map(|number| format!("{number:0length$}")));
        assert_eq!(names(1_000, 17).len(), 1_000, "all of a certificate of a thousand names");
        let cut = names(1_000, 250);
        assert!(cut.len() < 100 && cut.last().is_some_and(|last| last.contains(&format!("{} more", 1_000 - (cut.len() - 1)))), "{cut:?}");
        let proof = Proof { name: "a".repeat(253), method: "dns-persist-01", at: Timestamp::MAX, authorization: "b".repeat(32) };
        let event = Event::CertificateIssued {
            authority: AuthorityId(i64::MAX),
            serial: "f".repeat(40),
            fingerprint: "f".repeat(64),
            profile: shortened(&"p".repeat(10_000)),
            owner: shortened(&"é".repeat(10_000)),
            names: cut,
            not_after: Timestamp::MAX,
            key_made_here: false,
            proofs: shortened_proofs(vec![proof; 1_000]),
        };
        let body = entry(Timestamp::MAX, &Actor::cli("x".repeat(255)), &event).body;
        assert!(body.len() < menagerie_store::log::MAX_LINE - 200, "{}", body.len());
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(shortened("é"), "é");
        assert_eq!(shortened(&"é".repeat(2_000)).chars().count(), LONGEST_TEXT + 1);
    }
}
