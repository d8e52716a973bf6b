//! Keys of every type from real `ssh-keygen`, and each refusal by name.

use std::process::Command;

use base64::Engine as _;
use proptest::prelude::*;

use super::*;

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn line(name: &str, parts: &[&[u8]]) -> String {
    let blob: Vec<u8> = std::iter::once(name.as_bytes()).chain(parts.iter().copied()).flat_map(string).collect();
    format!("{name} {}", STANDARD.encode(blob))
}

fn refusal(text: &str) -> SubjectKeyError {
    SubjectKey::parse(text).unwrap_err()
}

/// Makes a key pair and returns its directory and public half.
fn generate(kind: &str, bits: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let args = ["-q", "-t", kind, "-b", bits, "-N", "", "-C", "ada's key é", "-f", "k"];
    assert!(Command::new("ssh-keygen").args(args).current_dir(dir.path()).status().unwrap().success());
    let public = std::fs::read_to_string(dir.path().join("k.pub")).unwrap();
    (dir, public)
}

fn real_fingerprint(dir: &tempfile::TempDir, hash: &str) -> String {
    let output = Command::new("ssh-keygen").args(["-l", "-E", hash, "-f", "k.pub"]).current_dir(dir.path()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
}

/// The RFC 8032 generator, a sound point.
const POINT: [u8; 32] = {
    let mut point = [0x66; 32];
    point[0] = 0x58;
    point
};

#[test]
fn real_keys_and_their_fingerprints() {
    let kinds = [
        ("ed25519", "256", "ED25519"),
        ("ecdsa", "256", "ECDSA"),
        ("ecdsa", "384", "ECDSA"),
        ("ecdsa", "521", "ECDSA"),
        ("rsa", "2048", "RSA"),
    ];
    for (kind, bits, short) in kinds {
        let (dir, public) = generate(kind, bits);
        let key = SubjectKey::parse(&public).unwrap();
        assert_eq!(key.comment(), "ada's key é");
        assert_eq!(key.key_type().short_name(), short);
        assert_eq!(key.fingerprint_sha256(), real_fingerprint(&dir, "sha256"));
        assert_eq!(key.fingerprint_md5(), format!("{short} {}", real_fingerprint(&dir, "md5").strip_prefix("MD5:").unwrap()));
        assert_eq!(format!("{} {} ada's key é\n", key.key_type().name(), STANDARD.encode(key.blob())), public);
    }
}

#[test]
fn security_keys_of_any_application() {
    for application in [&b"ssh:"[..], b"ssh:work", b"", &[b'a'; 256]] {
        let key = SubjectKey::parse(&line("sk-ssh-ed25519@openssh.com", &[&POINT, application])).unwrap();
        assert_eq!(key.key_type(), KeyType::SkEd25519);
        assert!(key.fingerprint_md5().starts_with("ED25519-SK "));
    }
    let too_long = [b'a'; 257];
    for application in [&b"a\0"[..], &too_long] {
        assert_eq!(refusal(&line("sk-ssh-ed25519@openssh.com", &[&POINT, application])), SubjectKeyError::Application);
    }
    let (_, public) = generate("ecdsa", "256");
    let plain = SubjectKey::parse(&public).unwrap();
    let blob = [string(b"sk-ecdsa-sha2-nistp256@openssh.com"), plain.fields().to_vec(), string(b"ssh:")].concat();
    let key = SubjectKey::parse(&format!("sk-ecdsa-sha2-nistp256@openssh.com {}", STANDARD.encode(blob))).unwrap();
    assert!(key.fingerprint_md5().starts_with("ECDSA-SK "));
    assert!(key.is_same_key(plain.blob()), "the same point is the same key");
}

#[test]
fn an_ed25519_key_with_an_empty_or_bad_point_is_refused() {
    let ed25519 = |point: &[u8]| refusal(&line("ssh-ed25519", &[point]));
    assert_eq!(ed25519(b""), SubjectKeyError::PointForm);
    assert_eq!(ed25519(&[1; 33]), SubjectKeyError::PointForm);
    assert!(SubjectKey::parse(&line("ssh-ed25519", &[&POINT])).is_ok());
    let mut two = [0; 32];
    two[0] = 2;
    assert_eq!(ed25519(&two), SubjectKeyError::PointNotOnCurve);
    // y = p + 3: the point with y = 3 in a second encoding.
    let mut high = [0xff; 32];
    (high[0], high[31]) = (0xf0, 0x7f);
    assert_eq!(ed25519(&high), SubjectKeyError::PointNotOnCurve);
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    for small in [[0; 32], one, minus_one] {
        assert_eq!(ed25519(&small), SubjectKeyError::SmallOrder);
    }
}

#[test]
fn ecdsa_points_are_uncompressed_and_on_their_curve() {
    for (bits, name, curve) in
        [("256", "ecdsa-sha2-nistp256", "nistp256"), ("384", "ecdsa-sha2-nistp384", "nistp384"), ("521", "ecdsa-sha2-nistp521", "nistp521")]
    {
        let (_, public) = generate("ecdsa", bits);
        let key = SubjectKey::parse(&public).unwrap();
        let good = blob::point(key.blob()).unwrap();
        let judge = |point: &[u8]| refusal(&line(name, &[curve.as_bytes(), point]));
        let mut off = good.to_vec();
        *off.last_mut().unwrap() ^= 1;
        assert_eq!(judge(&off), SubjectKeyError::PointNotOnCurve);
        let zero = [&[4][..], &vec![0; good.len() - 1]].concat();
        assert_eq!(judge(&zero), SubjectKeyError::PointNotOnCurve);
        let compressed = [&[2 + (good.last().unwrap() & 1)][..], &good[1..=good.len() / 2]].concat();
        assert_eq!(judge(&compressed), SubjectKeyError::PointForm);
        for point in [&b""[..], &[0], &good[1..]] {
            assert_eq!(judge(point), SubjectKeyError::PointForm);
        }
        assert_eq!(refusal(&line(name, &[b"nistp224", good])), SubjectKeyError::WrongCurve);
    }
}

#[test]
fn a_newline_in_the_comment_is_refused() {
    let key = line("ssh-ed25519", &[&POINT]);
    for comment in ["a\nb", "a\rb", "a\x1b[0m", "a\tb", "a\u{85}", "a\n\n", "\n\n"] {
        assert_eq!(refusal(&format!("{key} {comment}")), SubjectKeyError::ControlCharacter, "{comment:?}");
    }
    assert_eq!(refusal(&format!("{key} {}", "c".repeat(1025))), SubjectKeyError::CommentTooLong { length: 1025 });
    for end in ["", "\n", "\r\n", "  "] {
        assert_eq!(SubjectKey::parse(&format!("{key} two  words{end}")).unwrap().comment(), "two  words");
        assert_eq!(SubjectKey::parse(&format!("{key}{end}")).unwrap().comment(), "");
    }
}

#[test]
fn private_keys_are_refused_without_repeating_them() {
    let (dir, _) = generate("ed25519", "256");
    let private = std::fs::read_to_string(dir.path().join("k")).unwrap();
    assert_eq!(refusal(&private), SubjectKeyError::PrivateKey);
    assert_eq!(refusal("-----BEGIN RSA PRIVATE KEY-----\nMIIE"), SubjectKeyError::PrivateKey);
    assert_eq!(refusal("PuTTY-User-Key-File-3: ssh-ed25519"), SubjectKeyError::PrivateKey);
}

#[test]
fn other_types_are_refused_each_with_its_message() {
    assert_eq!(refusal(&line("ssh-dss", &[b"\x05"])), SubjectKeyError::Dsa);
    assert_eq!(refusal(&line("ssh-ed448", &[b"x"])), SubjectKeyError::UnknownType { name: "ssh-ed448".to_owned() });
    assert_eq!(refusal("no-pty ssh-ed25519 AAAA"), SubjectKeyError::UnknownType { name: "no-pty".to_owned() });
    assert!(matches!(refusal(&"x".repeat(1000)), SubjectKeyError::UnknownType { name } if name.len() == 64));
    assert_eq!(refusal(""), SubjectKeyError::Empty);
    assert_eq!(refusal(" \n"), SubjectKeyError::Empty);
    assert_eq!(refusal("ssh-ed25519"), SubjectKeyError::MissingKey);
    assert_eq!(refusal(&"x".repeat(16_385)), SubjectKeyError::TooLong { length: 16_385 });
}

#[test]
fn certificates_as_subject_keys_are_refused_cve_2025_49825() {
    let (dir, _) = generate("ed25519", "256");
    let signed = Command::new("ssh-keygen").args(["-q", "-s", "k", "-I", "i", "-n", "ada", "k.pub"]).current_dir(dir.path()).status();
    assert!(signed.unwrap().success());
    let certificate = std::fs::read_to_string(dir.path().join("k-cert.pub")).unwrap();
    assert_eq!(refusal(&certificate), SubjectKeyError::Certificate);
    let disguised = certificate.replacen("ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1);
    assert_eq!(refusal(&disguised), SubjectKeyError::Certificate);
}

#[test]
fn the_binary_form_is_exact() {
    let good = [string(b"ssh-ed25519"), string(&POINT)].concat();
    let judge = |blob: &[u8]| refusal(&format!("ssh-ed25519 {}", STANDARD.encode(blob)));
    assert_eq!(judge(&[&good[..], &[0, 0]].concat()), SubjectKeyError::TrailingBytes { count: 2 });
    assert_eq!(judge(&good[..good.len() - 1]), SubjectKeyError::Truncated { part: Part::Point });
    assert_eq!(judge(&good[..10]), SubjectKeyError::Truncated { part: Part::TypeName });
    assert_eq!(judge(&[string(b"ssh-rsa"), string(&POINT)].concat()), SubjectKeyError::TypeMismatch { stated: "ssh-ed25519" });
    let text = STANDARD.encode(&good);
    assert!(text.ends_with('='), "the test needs padding");
    let unpadded = text.trim_end_matches('=');
    assert_eq!(refusal(&format!("ssh-ed25519 {unpadded}")), SubjectKeyError::Base64);
    let (head, last) = unpadded.split_at(unpadded.len() - 1);
    let loose = char::from(last.as_bytes()[0] + 1);
    assert_eq!(refusal(&format!("ssh-ed25519 {head}{loose}=")), SubjectKeyError::Base64, "bits behind the last byte");
    assert_eq!(refusal("ssh-ed25519 AA*A"), SubjectKeyError::Base64);
}

#[test]
fn rsa_numbers_are_minimal_and_strong() {
    let (_, public) = generate("rsa", "2048");
    let key = SubjectKey::parse(&public).unwrap();
    let n = blob::modulus(key.blob()).unwrap();
    let wide = [&[0], n].concat();
    let rsa = |e: &[u8], n: &[u8]| refusal(&line("ssh-rsa", &[e, n]));
    for e in [&b""[..], b"\0", b"\0\x01\0\x01", b"\x81\0\x01"] {
        assert_eq!(rsa(e, &wide), SubjectKeyError::Number { part: Part::Exponent });
    }
    assert_eq!(rsa(b"\x01\0\x01", n), SubjectKeyError::Number { part: Part::Modulus }, "negative");
    assert_eq!(rsa(b"\x01\0\x01", &[&[0], &wide[..]].concat()), SubjectKeyError::Number { part: Part::Modulus });
    let other_exponent = [string(b"ssh-rsa"), string(b"\x01\0\x03"), string(&wide)].concat();
    assert!(key.is_same_key(&other_exponent), "one modulus is one key");
    assert!(!key.is_same_key(&[string(b"ssh-ed25519"), string(&POINT)].concat()));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,120}", rest in "[A-Za-z0-9+/=]{0,200}", kind in 0usize..5) {
        let _ = SubjectKey::parse(&text);
        let name = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com", "ssh-dss"][kind];
        let _ = SubjectKey::parse(&format!("{name} {rest}"));
    }

    #[test]
    fn no_binary_form_makes_it_panic(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70), 0..4), kind in 0usize..5) {
        let name = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com"][kind];
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let _ = SubjectKey::parse(&line(name, &parts));
    }
}
