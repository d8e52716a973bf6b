//! Signatures: a chain as CloudTrail makes it, with a key of ours, and everything that can be wrong with one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;

const ACCOUNT: &str = "111122223333";
const FINGERPRINT: &str = "31e8b5433410dfb61a9dc45cc65b22ff";

/// One who signs.
struct Signer(RsaKeyPair);

impl Signer {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        hex::encode(signature)
    }

    /// As `aws cloudtrail list-public-keys` prints it.
    fn answer(&self, fingerprint: &str, from: &str, to: &str) -> String {
        let value = STANDARD.encode(self.0.public_key().as_ref());
        json!({"PublicKeyList": [{"Value": value, "ValidityStartTime": from, "ValidityEndTime": to, "Fingerprint": fingerprint}]})
            .to_string()
    }

    fn keys(&self) -> PublicKeys {
        PublicKeys::parse(&self.answer(FINGERPRINT, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")).unwrap()
    }
}

fn time(hour: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
}

fn object(hour: i64, suffix: &str) -> String {
    let end = time(hour + 1).strftime("%Y%m%dT%H%M%SZ");
    format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/x/{ACCOUNT}_CloudTrail-Digest_eu-west-1_main_us-east-1_{end}{suffix}.json.gz")
}

/// Digests as they were delivered: each text, and its signature.
type Delivered = Vec<(String, String)>;

/// The text of an hour's digest behind another, with its signature.
fn text_of(signer: &Signer, hour: i64, suffix: &str, before: Option<(i64, &str, &str)>) -> (String, String) {
    let previous = before.map(|(hour, text, _)| (object(hour, ""), hex::encode(Sha256::digest(text))));
    let text = json!({
        "awsAccountId": ACCOUNT, "digestStartTime": time(hour).to_string(), "digestEndTime": time(hour + 1).to_string(),
        "digestS3Bucket": "trails", "digestS3Object": object(hour, suffix), "digestPublicKeyFingerprint": FINGERPRINT,
        "digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": null, "oldestEventTime": null,
        "previousDigestS3Bucket": previous.as_ref().map(|_| "trails"), "previousDigestS3Object": previous.as_ref().map(|(object, _)| object),
        "previousDigestHashValue": previous.as_ref().map(|(_, hash)| hash), "previousDigestHashAlgorithm": previous.as_ref().map(|_| "SHA-256"),
        "previousDigestSignature": before.map(|(_, _, signature)| signature), "logFiles": [],
    });
    let text = text.to_string();
    let signature = before.map_or("null", |(_, _, signature)| signature);
    // Written by hand, as AWS describes it.
    let signed = format!("{}\ntrails/{}\n{}\n{signature}", time(hour + 1), object(hour, suffix), hex::encode(Sha256::digest(&text)));
    let signature = signer.sign(&signed);
    (text, signature)
}

fn chain(signer: &Signer, hours: std::ops::Range<i64>) -> Delivered {
    let mut chain: Delivered = Vec::new();
    for hour in hours.clone() {
        let before = chain.last().map(|(text, signature)| (hour - 1, text.as_str(), signature.as_str()));
        let next = text_of(signer, hour, "", before);
        chain.push(next);
    }
    chain
}

/// As a folder has it: without the signatures of the objects.
fn read(text: &str) -> Digest {
    let mut digest = Digest::parse(text).unwrap();
    if let Some(seal) = &mut digest.seal {
        seal.hash = Some(hex::encode(Sha256::digest(text)));
    }
    digest
}

fn folder(delivered: &Delivered) -> Vec<Digest> {
    delivered.iter().map(|(text, _)| read(text)).collect()
}

fn judged(keys: &PublicKeys, mut digests: Vec<Digest>) -> Vec<Standing> {
    keys.judge(&mut digests);
    digests.into_iter().map(|digest| digest.standing).collect()
}

fn failed(fault: &Fault) -> Standing {
    Standing::Failed(fault.to_string())
}

use Standing::{Signed, Unsigned};

#[test]
fn of_a_folder_each_digest_but_the_newest_is_checked_by_the_next() {
    let signer = Signer::new();
    let delivered = chain(&signer, 0..4);
    assert_eq!(judged(&signer.keys(), folder(&delivered)), [Signed, Signed, Signed, Unsigned]);
    // In whatever order they are read; and what is behind a lifecycle's end is no fault of what is there.
    let mut later = folder(&delivered).split_off(2);
    later.reverse();
    assert_eq!(judged(&signer.keys(), later), [Unsigned, Signed]);
    // One that is missing leaves the one before it unchecked.
    let mut gap = folder(&delivered);
    gap.remove(2);
    assert_eq!(judged(&signer.keys(), gap), [Signed, Unsigned, Unsigned]);
}

#[test]
fn an_object_brings_its_own_signature() {
    let signer = Signer::new();
    let delivered = chain(&signer, 0..2);
    let mut digests = folder(&delivered);
    let newest = digests[1].seal.as_mut().unwrap();
    newest.signature = Some(delivered[1].1.clone());
    assert_eq!(judged(&signer.keys(), digests.clone()), [Signed, Signed]);
    // A carrier of another signature makes nothing of it.
    let (liar, _) = text_of(&signer, 2, "", Some((1, &delivered[1].0, &"ab".repeat(256))));
    digests.push(read(&liar));
    assert_eq!(judged(&signer.keys(), digests.clone()), [Signed, Signed, Unsigned]);
    digests[1].seal.as_mut().unwrap().signature = Some("AB".repeat(256));
    assert_eq!(judged(&signer.keys(), digests)[1], failed(&Fault::Signature));
}

#[test]
fn a_digest_that_was_changed_fails_and_the_others_stand() {
    let signer = Signer::new();
    let delivered = chain(&signer, 0..4);
    let mut changed = delivered.clone();
    changed[1].0 = changed[1].0.replace(r#""logFiles":[]"#, r#""logFiles":[{"s3Object":"x","hashValue":"00"}]"#);
    assert_ne!(changed[1].0, delivered[1].0);
    assert_eq!(judged(&signer.keys(), folder(&changed)), [Signed, failed(&Fault::Signature), Signed, Unsigned]);
    // White space is content, too.
    let mut spaced = delivered.clone();
    spaced[2].0.push('\n');
    assert_eq!(judged(&signer.keys(), folder(&spaced))[2], failed(&Fault::Signature));
    // What somebody else signed under the name of the key.
    let forged = chain(&Signer::new(), 0..4);
    assert_eq!(
        judged(&signer.keys(), folder(&forged))[..3],
        [failed(&Fault::Signature), failed(&Fault::Signature), failed(&Fault::Signature)]
    );
}

#[test]
fn a_digest_in_the_place_of_another_is_not_that_one() {
    let signer = Signer::new();
    let delivered = chain(&signer, 0..4);
    let mut digests = folder(&delivered);
    digests[1] = read(&delivered[2].0);
    digests[1].seal.as_mut().unwrap().place = format!("/logs/{}", object(1, ""));
    assert_eq!(judged(&signer.keys(), digests), [Unsigned, failed(&Fault::Moved), Signed, Unsigned]);
    // What has no name of CloudTrail's, or is not packed any more, is where somebody put it.
    let mut digests = folder(&delivered);
    digests[1].seal.as_mut().unwrap().place = "copy.json".into();
    digests[2].seal.as_mut().unwrap().place = object(2, "").replace(".gz", "");
    assert_eq!(judged(&signer.keys(), digests), [Signed, Signed, Signed, Unsigned]);
}

#[test]
fn a_key_must_be_known_and_in_use() {
    let signer = Signer::new();
    let delivered = chain(&signer, 0..3);
    let keys = |fingerprint: &str, from: &str, to: &str| PublicKeys::parse(&signer.answer(fingerprint, from, to)).unwrap();
    let (long_before, begin, end) = ("2020-01-01T00:00:00Z", "2026-01-01T02:30:00Z", "2026-02-01T00:00:00Z");
    let unknown = failed(&Fault::UnknownKey(FINGERPRINT.into()));
    assert_eq!(judged(&keys("other", long_before, end), folder(&delivered)), [unknown.clone(), unknown.clone(), unknown]);
    // A key that ended before the hour's end, and one that began too long after it.
    let outdated = failed(&Fault::Outdated(FINGERPRINT.into()));
    assert_eq!(judged(&keys(FINGERPRINT, long_before, "2026-01-01T01:30:00Z"), folder(&delivered))[..2], [Signed, outdated.clone()]);
    assert_eq!(judged(&keys(FINGERPRINT, begin, end), folder(&delivered))[..2], [Signed, Signed], "signed within two hours");
    assert_eq!(judged(&keys(FINGERPRINT, "2026-01-01T03:30:00Z", end), folder(&delivered))[..2], [outdated, Signed]);
    // Two keys of one fingerprint: the one in use counts.
    let both = [signer.answer(FINGERPRINT, long_before, long_before), signer.answer(FINGERPRINT, long_before, end)].concat();
    assert_eq!(judged(&PublicKeys::parse(&both).unwrap(), folder(&delivered)), [Signed, Signed, Unsigned]);
}

#[test]
fn a_backfill_digest_is_signed_any_time_later() {
    let signer = Signer::new();
    let (text, signature) = text_of(&signer, 1, "_backfill", None);
    let mut digest = read(&text);
    let keys = |from: &str, to: &str| PublicKeys::parse(&signer.answer(FINGERPRINT, from, to)).unwrap();
    let later = keys("2026-01-20T00:00:00Z", "2026-02-01T00:00:00Z");
    assert_eq!(later.standing(&digest, []), Unsigned);
    assert_eq!(later.standing(&digest, [signature.as_str()]), Signed);
    digest.seal.as_mut().unwrap().signature = Some(signature.to_uppercase());
    assert_eq!(later.standing(&digest, []), Signed);
    assert_eq!(keys("2020-01-01T00:00:00Z", "2026-01-01T01:00:00Z").standing(&digest, []), failed(&Fault::Outdated(FINGERPRINT.into())));
    let hourly = text_of(&signer, 1, "", None);
    assert_eq!(later.standing(&read(&hourly.0), [hourly.1.as_str()]), failed(&Fault::Outdated(FINGERPRINT.into())), "an hourly one is not");
}

#[test]
fn what_does_not_tell_what_was_signed_fails() {
    let signer = Signer::new();
    let (text, signature) = text_of(&signer, 1, "", None);
    let of = |text: &str| signer.keys().standing(&read(text), [signature.as_str()]);
    assert_eq!(of(&text), Signed);
    for lacking in ["digestPublicKeyFingerprint", "digestS3Bucket"] {
        assert_eq!(of(&text.replace(lacking, "other")), failed(&Fault::Seal), "{lacking}");
    }
    assert_eq!(of(&text.replace("SHA256withRSA", "none")), failed(&Fault::Algorithm("none".into())));
    assert_eq!(signer.keys().standing(&Digest::parse(&text).unwrap(), [signature.as_str()]), failed(&Fault::Unread));
    // What was read is not for the text to say.
    let lies = text.replacen('{', &format!(r#"{{"readHash":"00","readSignature":"{signature}","readFrom":"x","#), 1);
    let seal = Digest::parse(&lies).unwrap().seal.unwrap();
    assert_eq!((seal.hash, seal.signature, seal.place.as_str()), (None, None, ""));
}

#[test]
fn keys_are_read_as_the_command_line_prints_them() {
    let signer = Signer::new();
    let answer = signer.answer("f", "2026-01-01T00:00:00+02:00", "2026-02-01T00:00:00.357000+00:00");
    let keys = PublicKeys::parse(&format!("{answer}\n[{answer},{answer}]")).unwrap();
    assert_eq!(keys.by_fingerprint["f"].len(), 3);
    assert_eq!(keys.by_fingerprint["f"][0].from.to_string(), "2025-12-31T22:00:00Z");
    let mut seconds: Value = serde_json::from_str(&answer).unwrap();
    seconds["PublicKeyList"][0]["ValidityStartTime"] = json!(1_767_225_600.25);
    seconds["PublicKeyList"][0]["ValidityEndTime"] = json!(1e300);
    let keys = PublicKeys::parse(&seconds.to_string()).unwrap();
    assert_eq!(
        (keys.by_fingerprint["f"][0].from.to_string(), keys.by_fingerprint["f"][0].to),
        ("2026-01-01T00:00:00Z".into(), Timestamp::MAX)
    );
    assert!(matches!(PublicKeys::parse(r#"{"PublicKeyList":[]}"#), Err(KeysError::Empty)));
    assert!(matches!(PublicKeys::parse(""), Err(KeysError::Empty)));
    assert!(matches!(PublicKeys::parse("{}"), Err(KeysError::Form(_))));
    for value in ["", "AAAA", "not base64!", &STANDARD.encode([0x30; 300])] {
        let text = answer.replace(&STANDARD.encode(signer.0.public_key().as_ref()), value);
        assert!(matches!(PublicKeys::parse(&text), Err(KeysError::Key(fingerprint)) if fingerprint == "f"), "{value}");
    }
}

#[test]
fn false_carriers_are_no_work_without_end() {
    let signer = Signer::new();
    let (text, signature) = text_of(&signer, 1, "", None);
    let mut digests = vec![read(&text)];
    for number in 0_u32..2000 {
        let lie = text_of_carrier(&format!("{number:08x}").repeat(64));
        digests.push(read(&lie));
    }
    digests[0].seal.as_mut().unwrap().signature = Some(signature);
    assert_eq!(judged(&signer.keys(), digests)[0], Signed, "they cannot crowd out its own");
}

/// A digest that nobody signed, with a signature of the one of hour 1.
fn text_of_carrier(signature: &str) -> String {
    json!({
        "awsAccountId": ACCOUNT, "digestStartTime": time(2).to_string(), "digestEndTime": time(3).to_string(), "digestS3Bucket": "trails",
        "digestS3Object": object(2, ""), "digestPublicKeyFingerprint": FINGERPRINT, "previousDigestS3Object": object(1, ""),
        "previousDigestSignature": signature, "logFiles": [],
    })
    .to_string()
}

proptest! {
    #[test]
    fn nothing_but_what_was_signed_stands(at in 0_usize..600, byte: u8, signature in "[0-9a-f]{0,600}|.{0,40}") {
        static MADE: std::sync::LazyLock<(Signer, (String, String))> = std::sync::LazyLock::new(|| {
            let signer = Signer::new();
            let made = text_of(&signer, 1, "", None);
            (signer, made)
        });
        let (signer, (text, right)) = &*MADE;
        prop_assert_ne!(signer.keys().standing(&read(text), [signature.as_str()]), Signed);
        let mut bytes = text.clone().into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes) && Digest::parse(&text).is_ok() {
            prop_assert_ne!(signer.keys().standing(&read(&text), [right.as_str()]), Signed);
        }
    }
}
