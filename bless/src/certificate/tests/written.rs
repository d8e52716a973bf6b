//! What the writer makes, real ssh-keygen reads and shows as meant, for every subject and authority type.

use super::*;
use crate::certificate::{SourceAddress, WriteError, blob_of, inspect, read};
use crate::subject_key::KeyType;

#[test]
fn ssh_keygen_reads_every_type_as_this_does() {
    let dir = tempfile::tempdir().unwrap();
    for authority in [&*ED25519_CA, &*P256_CA, &*RSA_CA] {
        for subject in SUBJECTS.iter() {
            for kind in [Kind::User, Kind::Host] {
                let mut template = template(subject);
                template.kind = kind;
                if kind == Kind::User {
                    template.critical_options.force_command = Some("uptime -p".to_owned());
                    template.critical_options.source_address = Some(SourceAddress::parse("192.0.2.0/24,2001:db8::1").unwrap());
                    template.critical_options.verify_required = matches!(subject.key_type(), KeyType::SkEd25519 | KeyType::SkEcdsaP256);
                    template.extensions = Extensions::new([("permit-pty", None), ("login@example.org", Some("ada"))]).unwrap();
                }
                let certificate = authority.certify(&template);
                authority.check(certificate.as_bytes(), &template, &Policy::default()).unwrap();
                let line = certificate.to_line(subject.comment()).unwrap();
                std::fs::write(dir.path().join("c.pub"), &line).unwrap();
                let shown = String::from_utf8(keygen(dir.path(), &["-Lf", "c.pub"])).unwrap();
                let blob = blob_of(line.as_bytes()).unwrap();
                assert_eq!(blob, certificate.as_bytes());
                let parsed = read(&blob).unwrap();
                assert_eq!(format!("c.pub:\n{}", inspect(&parsed, &jiff::tz::TimeZone::UTC)), shown);
                assert!(shown.contains(&format!("{} {kind} certificate", certificate.type_name())), "{shown}");
                assert!(shown.contains(&subject.fingerprint_sha256()), "{shown}");
            }
        }
    }
}

#[test]
fn ssh_keygen_verifies_the_signature() {
    let dir = tempfile::tempdir().unwrap();
    let template = template(&SUBJECTS[0]);
    let mut blob = ED25519_CA.certify(&template).as_bytes().to_vec();
    let last = blob.len() - 1;
    blob[last] ^= 1;
    std::fs::write(dir.path().join("c.pub"), format!("ssh-ed25519-cert-v01@openssh.com {}", STANDARD.encode(blob))).unwrap();
    let output = Command::new("ssh-keygen").args(["-Lf", "c.pub"]).current_dir(dir.path()).output().unwrap();
    assert!(!output.status.success());
}

#[test]
fn test_user_certificates_end_before_they_begin() {
    let dir = tempfile::tempdir().unwrap();
    let mut template = template(&SUBJECTS[0]);
    template.valid_before = template.valid_after - 1;
    let certificate = ED25519_CA.certify(&template);
    let policy = Policy { expired: true, ..Policy::default() };
    ED25519_CA.check(certificate.as_bytes(), &template, &policy).unwrap();
    let refused = ED25519_CA.check(certificate.as_bytes(), &template, &Policy::default());
    assert_eq!(refused, Err(CheckError::NeverValid { valid_after: 1_704_067_200, valid_before: 1_704_067_199 }));
    std::fs::write(dir.path().join("c.pub"), certificate.to_line("").unwrap()).unwrap();
    let shown = String::from_utf8(keygen(dir.path(), &["-Lf", "c.pub"])).unwrap();
    assert!(shown.contains("Valid: from 2024-01-01T00:00:00 to 2023-12-31T23:59:59"), "{shown}");
}

#[test]
fn a_comment_cannot_break_the_line() {
    let certificate = ED25519_CA.certify(&template(&SUBJECTS[0]));
    assert_eq!(certificate.to_line("a\nssh-ed25519 AAAA"), Err(WriteError::Comment));
    let base64 = STANDARD.encode(certificate.as_bytes());
    assert_eq!(certificate.to_line("").unwrap(), format!("ssh-ed25519-cert-v01@openssh.com {base64}"));
    let comment = "Certificate type[1] principals[ada]";
    assert_eq!(certificate.to_line(comment).unwrap(), format!("ssh-ed25519-cert-v01@openssh.com {base64} {comment}"));
}

#[test]
fn more_than_64_kib_are_not_written() {
    let key_id = "x".repeat(65_000);
    let mut template = template(&SUBJECTS[0]);
    template.key_id = &key_id;
    let ca = ED25519_CA.public_key();
    let tbs = template.to_be_signed(&ca).unwrap();
    assert!(matches!(tbs.finish(&[0; 1000]), Err(WriteError::TooLarge { size: 65_537.. })));
    template.principals = vec!["y".repeat(600)];
    assert!(matches!(template.to_be_signed(&ca), Err(WriteError::TooLarge { .. })));
}

#[test]
fn extensions_are_unique_sorted_and_well_named() {
    use crate::certificate::ExtensionsError as E;
    let sorted = Extensions::flags(["permit-pty", "permit-X11-forwarding", "a@b.c"]).unwrap();
    assert_eq!(sorted.iter().map(|e| e.name()).collect::<Vec<_>>(), ["a@b.c", "permit-X11-forwarding", "permit-pty"]);
    assert!(matches!(Extensions::flags(["a", "a"]), Err(E::Duplicate { .. })));
    assert!(matches!(Extensions::new([("permit-pty", Some("x"))]), Err(E::FlagWithValue { .. })));
    for name in ["", "a b", "a@", "@b", "a@b@c", "a\n", "ü", &"a".repeat(65)] {
        assert!(matches!(Extensions::flags([name]), Err(E::Name { .. })), "{name:?}");
    }
    let many: Vec<String> = (0..65).map(|n| format!("e{n}")).collect();
    assert_eq!(Extensions::flags(many.iter().map(String::as_str)), Err(E::TooMany { count: 65 }));
}
