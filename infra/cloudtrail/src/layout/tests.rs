//! Names and keys of what is delivered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

#[test]
fn names_say_whose_and_when() {
    let log = "p/AWSLogs/o-1/111122223333/CloudTrail/us-gov-west-1/2026/01/31/111122223333_CloudTrail_us-gov-west-1_20260131T2355Z_a1B2_c.json.gz";
    let name = Name::parse(log).unwrap();
    assert_eq!((name.kind, name.account, name.region), (Kind::Log, "111122223333", "us-gov-west-1"));
    assert_eq!((name.time.to_string().as_str(), name.trail), ("2026-01-31T23:55:00Z", None));
    assert_eq!(Name::parse(log.rsplit('/').next().unwrap().trim_end_matches(".gz")), Some(name));
    let digest = "111122223333_CloudTrail-Digest_eu-west-1_my_odd_trail_us-east-1_20260131T235501Z_backfill.json.gz";
    let name = Name::parse(digest).unwrap();
    assert_eq!((name.kind, name.trail, name.home_region, name.backfill), (Kind::Digest, Some("my_odd_trail"), Some("us-east-1"), true));
    assert_eq!(name.time.to_string(), "2026-01-31T23:55:01Z");
    assert!(!Name::parse(&digest.replace("_backfill", "")).unwrap().backfill);
    for other in [
        "",
        "a.json",
        "111122223333_CloudTrail_eu-west-1_20260131T2355Z.json.gz",
        "111122223333_CloudTrail_eu-west-1_20261331T2355Z_x.json.gz",
        "11112222333_CloudTrail_eu-west-1_20260131T2355Z_x.json.gz",
        "111122223333_Config_eu-west-1_20260131T2355Z_x.json.gz",
        "111122223333_CloudTrail_eu-west-1_20260131T2355Z_x.txt",
    ] {
        assert_eq!(Name::parse(other), None, "{other}");
    }
}

#[test]
fn layouts_are_told_and_made() {
    for (key, accounts) in [
        ("AWSLogs/111122223333/CloudTrail/x", "AWSLogs/"),
        ("a/b/AWSLogs/o-abc/111122223333/CloudTrail/x", "a/b/AWSLogs/o-abc/"),
        ("/AWSLogs/1/", "AWSLogs/"),
    ] {
        assert_eq!(Layout::of(key).unwrap().accounts(), accounts, "{key}");
    }
    assert_eq!(Layout::of("logs/x.json.gz"), None);
    let layout = Layout::of("p/AWSLogs/o-1/x").unwrap();
    let day = layout.day("111122223333", Kind::Digest, "eu-west-1", Date::constant(2026, 2, 3));
    assert_eq!(day, "p/AWSLogs/o-1/111122223333/CloudTrail-Digest/eu-west-1/2026/02/03/");
}
