//! `--public-keys`: digests that CloudTrail signed, one that it did not, and keys that are none.

use menagerie_tests::DigestSigner;
use serde_json::{Value, json};

use crate::{ACCOUNT, Place};

/// Three hours' digests of a Region, and the trail and the keys to judge them by.
fn signed() -> Place {
    let (place, signer) = (Place::usual(), DigestSigner::new("31e8b5433410dfb61a9dc45cc65b22ff"));
    let mut before = None;
    for hour in 10..13 {
        let name = format!("{ACCOUNT}_CloudTrail-Digest_us-east-1_main_us-east-1_20260601T{hour}0000Z.json");
        let digest = json!({
            "awsAccountId": ACCOUNT, "digestStartTime": format!("2026-06-01T{:02}:00:00Z", hour - 1), "logFiles": [],
            "digestEndTime": format!("2026-06-01T{hour}:00:00Z"), "digestS3Bucket": "b", "digestS3Object": format!("AWSLogs/{name}.gz"),
        });
        let signed = signer.sign(digest, before.as_ref());
        place.write(&format!("logs/{name}"), &signed.text);
        before = Some(signed);
    }
    place.write("keys.json", signer.answer("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z").to_string());
    let arn = format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main");
    let trail = json!([{"trailList": [{"TrailARN": arn, "IsMultiRegionTrail": true}]},
        {"TrailARN": arn, "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]}]);
    place.write("trail.json", trail.to_string());
    place
}

fn notes(value: &Value) -> String {
    value["notes"].to_string()
}

fn errors(value: &Value) -> String {
    value["errors"].to_string()
}

#[test]
fn what_cloudtrail_did_not_sign_is_told_by_file() {
    let place = signed();
    let ask = |more: &[&str]| place.run(&[&["--trail", "trail.json", "--format", "json"], more].concat());
    let without = ask(&[]).json();
    assert!(notes(&without).contains("were not checked: give --public-keys"), "{}", notes(&without));
    let with = ask(&["--public-keys", "keys.json"]).json();
    assert!(notes(&with).contains("CloudTrail signed them, but for 1"), "{}", notes(&with));
    assert!(!errors(&with).contains("CloudTrail-Digest"), "{}", errors(&with));

    let name = format!("{ACCOUNT}_CloudTrail-Digest_us-east-1_main_us-east-1_20260601T110000Z.json");
    let text = std::fs::read_to_string(place.path(&format!("logs/{name}"))).unwrap();
    place.write(&format!("logs/{name}"), text.replace("\"logFiles\":[]", "\"logFiles\": []"));
    let ran = ask(&["--public-keys", "keys.json"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains(&name) && ran.err.contains("its signature is not of what it holds"), "{}", ran.err);
    assert!(errors(&ran.json()).contains(&name), "{}", ran.out);
    assert!(!errors(&ask(&[]).json()).contains(&name), "nothing is asked of it without keys");
}

#[test]
fn what_is_no_key_is_refused() {
    let place = signed();
    for text in ["", "{}", "[]", r#"{"PublicKeyList":[]}"#, &format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000))] {
        place.write("keys.json", text);
        let ran = place.run(&["--public-keys", "keys.json"]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains("--public-keys is no answer of list-public-keys"), "{}", ran.err);
    }
}
