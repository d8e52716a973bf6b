//! Digests and hashes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const TEXT: &str = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-01T00:00:00Z","digestEndTime":"2026-01-01T01:00:00Z",
"digestS3Bucket":"b","digestS3Object":"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/01/111122223333_CloudTrail-Digest_eu-west-1_main_us-east-1_20260101T010000Z.json.gz",
"previousDigestS3Object":null,"previousDigestHashValue":null,"logFiles":[{"s3Bucket":"b","s3Object":"x/l.json.gz","hashValue":"ab","hashAlgorithm":"SHA-256",
"newestEventTime":"2026-01-01T00:50:00Z","oldestEventTime":"2026-01-01T00:40:00Z"}]}"#;

#[test]
fn a_digest_says_its_hour_its_trail_and_its_files() {
    let digest = Digest::parse(TEXT).unwrap();
    let name = digest.name().unwrap();
    assert_eq!(
        (digest.account.as_str(), name.region, name.trail, name.home_region),
        ("111122223333", "eu-west-1", Some("main"), Some("us-east-1"))
    );
    assert_eq!(digest.end.duration_since(digest.start).as_secs(), 3600);
    assert_eq!((digest.log_files[0].object.as_str(), digest.previous.as_deref()), ("x/l.json.gz", None));
}

#[test]
fn what_is_no_digest_is_refused() {
    assert!(matches!(Digest::parse("{}"), Err(DigestError::Form(_))));
    assert!(matches!(Digest::parse(&TEXT.replace("digestEndTime\":\"2026", "digestEndTime\":\"2025")), Err(DigestError::Order)));
    assert!(matches!(Digest::parse(&TEXT.replacen("111122223333", "999922223333", 1)), Err(DigestError::Key)));
    assert!(matches!(Digest::parse(&TEXT.replace("_CloudTrail-Digest_", "_Other_")), Err(DigestError::Key)));
}

#[test]
fn the_hash_is_of_what_a_file_holds() {
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let folder = tempfile::tempdir().unwrap();
    let (plain, packed) = (folder.path().join("plain"), folder.path().join("packed"));
    std::fs::write(&plain, "abc").unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"abc").unwrap();
    std::fs::write(&packed, encoder.finish().unwrap()).unwrap();
    assert_eq!((hash(&plain, 3).unwrap().as_str(), hash(&packed, 3).unwrap().as_str()), (ABC, ABC));
    assert!(hash(&packed, 2).is_err());
    assert!(hash(&folder.path().join("gone"), 2).is_err());
}
