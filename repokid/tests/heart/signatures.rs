//! Folders whose digests are signed: what a chain proves, and what one that is not CloudTrail's takes away, of files and of the usage store
//! alike.

use std::fs;
use std::io::Read as _;

use flate2::read::GzDecoder;
use jiff::Timestamp;
use menagerie_tests::{DigestSigner, SignedDigest};
use serde_json::Value;

use crate::digests::{ASKED, Delivered, HOURS, REGIONS, gzip, judged, quiet, stored};
use repokid::verdict::Verdict::{Unknown, Unobservable, Unused, Used};

const FINGERPRINT: &str = "31e8b5433410dfb61a9dc45cc65b22ff";

fn text(delivered: &Delivered, region: &str, hour: i64) -> String {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(delivered.digest(region, hour)).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Signs the digests of each Region from an hour on, as a chain.
fn sign(delivered: &Delivered, signer: &DigestSigner, from: i64) {
    for region in REGIONS {
        let mut before: Option<SignedDigest> = None;
        for hour in from..HOURS {
            let unsigned: Value = serde_json::from_str(&text(delivered, region, hour)).unwrap();
            let signed = signer.sign(unsigned, before.as_ref());
            gzip(&delivered.digest(region, hour), &signed.text);
            before = Some(signed);
        }
    }
}

/// A folder that is signed from its first hour, and its keys.
fn signed() -> (Delivered, DigestSigner) {
    let (mut delivered, signer) = (Delivered::new(&quiet()), DigestSigner::new(FINGERPRINT));
    sign(&delivered, &signer, 0);
    delivered.keys = Some(signer.answer("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z").to_string());
    (delivered, signer)
}

#[test]
fn a_signed_folder_proves_and_one_digest_that_was_changed_takes_its_hour_away() {
    let (delivered, _) = signed();
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!((verdicts, problems.len()), (vec![Used, Unused, Unused, Unobservable], 0), "{problems:?}");

    // The log file that shows what was done, and the digest that names it: who takes both away changes a digest.
    let path = delivered.digest("eu-west-1", 30);
    let whole = fs::read(&path).unwrap();
    let mut digest: Value = serde_json::from_str(&text(&delivered, "eu-west-1", 30)).unwrap();
    digest["logFiles"] = serde_json::json!([]);
    gzip(&path, &digest.to_string());
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!(verdicts, [Used, Unknown, Unused, Unobservable], "IAM is logged in one Region");
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(told.len() == 1 && told[0].contains(name) && told[0].contains("signature is not of what it holds"), "{told:?}");

    // What is restored counts again, also in a store that has the other.
    let verdicts = stored(async |state| {
        delivered.feed(state, Timestamp::UNIX_EPOCH).await;
        let before = judged(state, &ASKED).await;
        fs::write(&path, &whole).unwrap();
        delivered.feed(state, Timestamp::UNIX_EPOCH).await;
        (before, judged(state, &ASKED).await)
    });
    assert_eq!(verdicts, (vec![Used, Unknown, Unused, Unobservable], vec![Used, Unused, Unused, Unobservable]));
}

#[test]
fn without_keys_nothing_is_asked_of_signatures() {
    let (mut delivered, _) = signed();
    let digest = text(&delivered, "eu-west-1", 30);
    gzip(&delivered.digest("eu-west-1", 30), &format!("{digest}\n"));
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unused, Unobservable], "white space is content");
    delivered.keys = None;
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unused, Unused, Unobservable]);
}

#[test]
fn digests_that_nobody_signed_prove_nothing() {
    let mut delivered = Delivered::new(&quiet());
    let signer = DigestSigner::new(FINGERPRINT);
    // The older half has no signatures at all.
    sign(&delivered, &signer, 20);
    delivered.keys = Some(signer.answer("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z").to_string());
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!(verdicts, [Used, Unknown, Unknown, Unobservable]);
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert!(told.iter().all(|one| one.contains("does not say what was signed")) && told.len() == 6, "five, and how many more: {told:?}");
    // Another's signatures are none, nor is one made with a key that was not in use.
    let (mut delivered, _) = signed();
    delivered.keys = Some(DigestSigner::new(FINGERPRINT).answer("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z").to_string());
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!(verdicts, [Used, Unknown, Unknown, Unobservable]);
    assert!(problems[0].to_string().contains("its signature is not of what it holds"), "{problems:?}");
    let (mut delivered, signer) = signed();
    delivered.keys = Some(signer.answer("2026-06-02T00:00:00Z", "2026-12-01T00:00:00Z").to_string());
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!(verdicts, [Used, Unknown, Unknown, Unobservable]);
    assert!(problems[0].to_string().contains("was not in use at that time"), "{problems:?}");
}

#[test]
fn a_digest_in_the_place_of_another_is_missing_where_it_should_be() {
    let (delivered, _) = signed();
    let other = text(&delivered, "eu-west-1", 31);
    gzip(&delivered.digest("eu-west-1", 30), &other);
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!(verdicts, [Used, Unknown, Unused, Unobservable]);
    assert!(problems[0].to_string().contains("name of another digest"), "{problems:?}");
}

#[test]
fn what_a_lifecycle_has_removed_is_no_fault_of_what_is_there() {
    let (delivered, _) = signed();
    for region in REGIONS {
        for hour in 0..3 {
            fs::remove_file(delivered.digest(region, hour)).unwrap();
        }
    }
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!((verdicts, problems.len()), (vec![Used, Unused, Unused, Unobservable], 0), "it is before the window");
    for region in REGIONS {
        fs::remove_file(delivered.digest(region, 10)).unwrap();
    }
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!((verdicts, problems.len()), (vec![Used, Unknown, Unknown, Unobservable], 0), "of the one before nothing has the signature");
}
