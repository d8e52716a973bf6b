//! Signatures of digests, as CloudTrail makes them with a key of its own in each Region: RSA, PKCS #1 v1.5, with SHA-256.
//!
//! What is signed is a text of four lines: the end of the digest's hour, its bucket and key, the SHA-256 of what it holds, and the signature of
//! the digest before it, or `null`. The signature is metadata of the object in S3, `x-amz-meta-signature`; a copy has not got it. The next
//! digest of the same trail, account and Region carries it, so that of a copy every digest can be checked but the newest, and the last one
//! before a break. A signature that fits is one whoever brought it: a false carrier can make a digest doubtful, never a false one good.
//!
//! A key counts for the time in which CloudTrail used it. A digest is signed when its hour is over; a backfill digest at an unknown time after
//! that. What AWS says of it: *Custom implementations of CloudTrail log file integrity validation*, in the user guide of CloudTrail, and
//! `ListPublicKeys` in its API reference.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::coverage::last_part;
use crate::digest::Digest;
use crate::layout::{Kind, Name};

/// How long after the end of its hour a digest may be signed.
pub const SIGNED_WITHIN: SignedDuration = SignedDuration::from_hours(2);

/// The algorithm that CloudTrail signs with.
const ALGORITHM: &str = "SHA256withRSA";

/// The most characters of a signature: of a key of 8192 bits, in hexadecimal digits.
const LONGEST_SIGNATURE: usize = 2048;

/// How many different signatures of one digest are tried.
const MOST_SIGNATURES: usize = 4;

/// What was signed of a digest, and by which key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seal {
    /// The end of its hour, as it is written in the digest.
    #[serde(rename = "digestEndTime")]
    end: String,
    /// The bucket that it was delivered to.
    #[serde(rename = "digestS3Bucket")]
    bucket: String,
    /// Its key there.
    #[serde(rename = "digestS3Object")]
    object: String,
    /// Which key it was signed with.
    #[serde(rename = "digestPublicKeyFingerprint")]
    pub fingerprint: String,
    #[serde(rename = "digestSignatureAlgorithm", default)]
    algorithm: Option<String>,
    /// The key of the digest before it.
    #[serde(rename = "previousDigestS3Object", default)]
    previous: Option<String>,
    /// The signature of that one.
    #[serde(rename = "previousDigestSignature", default)]
    previous_signature: Option<String>,
    /// The SHA-256 of all that the file holds, in hexadecimal digits, as whoever read it tells ([`crate::digest::hash`]).
    #[serde(rename = "readHash", default)]
    pub hash: Option<String>,
    /// The signature that its object in S3 has.
    #[serde(rename = "readSignature", default)]
    pub signature: Option<String>,
    /// Where it was read: a path, or `s3://bucket/key`.
    #[serde(rename = "readFrom", default)]
    pub place: String,
}

impl Seal {
    /// What the text of a digest says of it. `None` if that does not suffice for a signature.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let seal: Self = serde_json::from_str(text).ok()?;
        // What was read is not for the text to say.
        Some(Self { hash: None, signature: None, place: String::new(), ..seal })
    }

    /// The signature that it carries of the digest before it, by the last part of that one's key.
    #[must_use]
    pub fn carried(&self) -> Option<(&str, &str)> {
        let signature = self.previous_signature.as_deref().filter(|signature| is_signature(signature))?;
        Some((last_part(self.previous.as_deref()?), signature))
    }

    /// The signature that its object has, if it is one.
    #[must_use]
    pub fn own(&self) -> Option<&str> {
        self.signature.as_deref().filter(|signature| is_signature(signature))
    }

    fn signed_text(&self, hash: &str) -> String {
        let previous = self.previous_signature.as_deref().unwrap_or("null");
        format!("{}\n{}/{}\n{}\n{previous}", self.end, self.bucket, self.object, hash.to_ascii_lowercase())
    }
}

fn is_signature(text: &str) -> bool {
    text.len() <= LONGEST_SIGNATURE && !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is known of who made a digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// Its signature was not looked at: it counts by its hashes alone.
    #[default]
    Unchecked,
    /// CloudTrail signed it.
    Signed,
    /// Its signature is not known. It proves nothing; that it names log files counts.
    Unsigned,
    /// It is not what CloudTrail signed, or that cannot be shown, for this reason.
    Failed(String),
}

/// Why a digest is not shown to be CloudTrail's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It lacks what a signature is of.
    #[error("it does not say what was signed, and by which key")]
    Seal,
    /// It could not be read again.
    #[error("it could not be read as a whole")]
    Unread,
    /// The file has the name of another digest.
    #[error("it has the name of another digest than it holds")]
    Moved,
    /// It was signed in another way.
    #[error("it is signed by {0:?}, which is not known")]
    Algorithm(String),
    /// There is no such key.
    #[error("it is signed with the key {0:?}, which is none of the public keys")]
    UnknownKey(String),
    /// The key was not in use then.
    #[error("it is signed with the key {0:?}, which was not in use at that time")]
    Outdated(String),
    /// The signature is of something else.
    #[error("its signature is not of what it holds")]
    Signature,
}

/// Why a text tells of no public keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It has not the form of an answer.
    #[error("no answer of list-public-keys: {0}")]
    Form(#[from] serde_json::Error),
    /// There is no key in it.
    #[error("there is no public key in it")]
    Empty,
    /// A key is none, or too short.
    #[error("the key {0:?} is no RSA key of PKCS #1 of at least 2048 bits")]
    Key(String),
}

/// CloudTrail's public keys.
#[derive(Debug, Default)]
pub struct PublicKeys {
    by_fingerprint: BTreeMap<String, Vec<Key>>,
}

#[derive(Debug)]
struct Key {
    key: ParsedPublicKey,
    from: Timestamp,
    to: Timestamp,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answers {
    One(Answer),
    Several(Vec<Answer>),
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "PublicKeyList")]
    keys: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    value: String,
    validity_start_time: Moment,
    validity_end_time: Moment,
    fingerprint: String,
}

/// As the versions of the command line write it: seconds since 1970, or a date with its time.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(f64),
    Text(Timestamp),
}

impl Moment {
    fn time(&self) -> Timestamp {
        match self {
            #[expect(clippy::cast_possible_truncation, reason = "what is no time of day is at the end of time")]
            Self::Seconds(seconds) => Timestamp::from_second(*seconds as i64).unwrap_or(Timestamp::MAX),
            Self::Text(time) => *time,
        }
    }
}

impl PublicKeys {
    /// Reads answers of `ListPublicKeys` as the command line prints them, one after the other, or in lists.
    ///
    /// # Errors
    /// If there is no key in the text, or one that cannot be one of CloudTrail's.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut keys = Self::default();
        for answers in serde_json::Deserializer::from_str(text).into_iter() {
            let answers = match answers? {
                Answers::One(answer) => vec![answer],
                Answers::Several(answers) => answers,
            };
            for told in answers.into_iter().flat_map(|answer| answer.keys) {
                let der = STANDARD.decode(&told.value).ok();
                let key = der.and_then(|der| ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).ok());
                let key = key.ok_or_else(|| KeysError::Key(told.fingerprint.clone()))?;
                let key = Key { key, from: told.validity_start_time.time(), to: told.validity_end_time.time() };
                keys.by_fingerprint.entry(told.fingerprint).or_default().push(key);
            }
        }
        if keys.by_fingerprint.is_empty() { Err(KeysError::Empty) } else { Ok(keys) }
    }

    /// What is known of who made a digest, by the signatures that were told of it.
    #[must_use]
    pub fn standing<'s>(&self, digest: &'s Digest, signatures: impl IntoIterator<Item = &'s str>) -> Standing {
        match self.check(digest, signatures) {
            Ok(true) => Standing::Signed,
            Ok(false) => Standing::Unsigned,
            Err(fault) => Standing::Failed(fault.to_string()),
        }
    }

    /// Whether CloudTrail signed a digest; not, if no signature of it is known.
    ///
    /// # Errors
    /// Why it cannot be CloudTrail's, or is not shown to be.
    pub fn check<'s>(&self, digest: &'s Digest, signatures: impl IntoIterator<Item = &'s str>) -> Result<bool, Fault> {
        let seal = digest.seal.as_deref().ok_or(Fault::Seal)?;
        let hash = seal.hash.as_deref().ok_or(Fault::Unread)?;
        let is_digest = Name::parse(&seal.place).is_some_and(|name| name.kind == Kind::Digest);
        if is_digest && last_part(&seal.place) != last_part(&digest.object) {
            return Err(Fault::Moved);
        }
        if let Some(other) = seal.algorithm.as_deref().filter(|algorithm| *algorithm != ALGORITHM) {
            return Err(Fault::Algorithm(shown(other)));
        }
        let known = self.by_fingerprint.get(&seal.fingerprint).ok_or_else(|| Fault::UnknownKey(shown(&seal.fingerprint)))?;
        let backfill = digest.name().is_some_and(|name| name.backfill);
        let latest = if backfill { Timestamp::MAX } else { digest.end.checked_add(SIGNED_WITHIN).unwrap_or(Timestamp::MAX) };
        let mut used = known.iter().filter(|key| key.from <= latest && key.to >= digest.end).peekable();
        if used.peek().is_none() {
            return Err(Fault::Outdated(shown(&seal.fingerprint)));
        }
        let (text, used) = (seal.signed_text(hash), used.collect::<Vec<_>>());
        let signatures: BTreeSet<&str> = seal.own().into_iter().chain(signatures).filter(|signature| is_signature(signature)).collect();
        if signatures.is_empty() {
            return Ok(false);
        }
        let fits = |signature: &str| {
            let Ok(signature) = hex::decode(signature) else { return false };
            used.iter().any(|key| key.key.verify_sig(text.as_bytes(), &signature).is_ok())
        };
        // Its own first: carriers of false ones must not crowd it out.
        let own = seal.own().into_iter();
        let tried = own.chain(signatures.iter().copied().take(MOST_SIGNATURES)).any(fits);
        if tried { Ok(true) } else { Err(Fault::Signature) }
    }

    /// Judges digests that were read together, each by its own signature and by those that the others carry of it.
    pub fn judge(&self, digests: &mut [Digest]) {
        let mut carried: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (of, signature) in digests.iter().filter_map(|digest| digest.seal.as_deref()?.carried()) {
            let of = carried.entry(of.to_owned()).or_default();
            if of.len() < MOST_SIGNATURES {
                of.insert(signature.to_owned());
            }
        }
        for digest in digests {
            let signatures = carried.get(last_part(&digest.object)).into_iter().flatten();
            digest.standing = self.standing(digest, signatures.map(String::as_str));
        }
    }
}

/// What a digest says of itself, short enough to be told.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
