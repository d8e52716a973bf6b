//! Keys of every type from real `ssh-keygen`, and each refusal by name.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on fails")]

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
fn security_keys_are_made_for_ssh() {
    let longest = [b"ssh:".as_slice(), &[b'a'; 252]].concat();
    for application in [&b"ssh:"[..], b"ssh:work", &longest] {
        let key = SubjectKey::parse(&line("sk-ssh-ed25519@openssh.com", &[&POINT, application])).unwrap();
        assert_eq!(key.key_type(), KeyType::SkEd25519);
        assert!(key.fingerprint_md5().starts_with("ED25519-SK "));
    }
    let too_long = [b'a'; 257];
    for application in [&b"a\0"[..], &too_long] {
        assert_eq!(refusal(&line("sk-ssh-ed25519@openssh.com", &[&POINT, application])), SubjectKeyError::Application);
    }
    for application in [&b""[..], b"ssh", b"SSH:", b"https://example.com", b"example.com", b" ssh:"] {
        assert_eq!(refusal(&line("sk-ssh-ed25519@openssh.com", &[&POINT, application])), SubjectKeyError::WebApplication);
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
        let (good, _) = blob::point(key.blob()).unwrap();
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
    assert_eq!(refusal(private.lines().nth(1).unwrap()), SubjectKeyError::PrivateKey);
    assert_eq!(refusal("PuTTY-User-Key-File-3: ssh-ed25519"), SubjectKeyError::PrivateKey);
}

#[test]
fn other_types_are_refused_each_with_its_message() {
    assert_eq!(refusal(&line("ssh-dss", &[b"\x05"])), SubjectKeyError::Dsa);
    assert_eq!(refusal(&line("ssh-ed448", &[b"x"])), SubjectKeyError::UnknownType { name: "ssh-ed448".to_owned() });
    assert_eq!(refusal("no-pty ssh-ed25519 AAAA"), SubjectKeyError::UnknownType { name: "no-pty".to_owned() });
    for text in [&"x".repeat(65), "AKIAIOSFODNN7EXAMPLE ssh-ed25519"] {
        assert_eq!(refusal(text), SubjectKeyError::UnknownType { name: "...".to_owned() }, "not repeated");
    }
    assert_eq!(refusal("\u{202e}x"), SubjectKeyError::ControlCharacter);
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
    let padded = line("sk-ssh-ed25519@openssh.com", &[&POINT, b"ssh:"]);
    let unpadded = padded.strip_suffix('=').expect("74 bytes need padding");
    assert_eq!(refusal(unpadded), SubjectKeyError::Base64);
    let (head, last) = unpadded.split_at(unpadded.len() - 1);
    let loose = char::from(last.as_bytes()[0] + 1);
    assert_eq!(refusal(&format!("{head}{loose}=")), SubjectKeyError::Base64, "bits behind the last byte");
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

/// A product of two 1024-bit primes about 2^500 apart.
const FERMAT_CLOSE: &str = "\
    a8ee2ed4ec9fed69515a95c7f7225b5027626d306c1e383d3abf2e8378bb284eaf72535a1c5cf34201eebb8438e622a0fdb5452a71f2dfd0ffb0570215c35c9a\
    3ee2bcff945ef884c4c51e03380c168b10c973f4687a5095352e5278ac3203dc7bb84d164aee5842143af1bb963dc6dac49cef2d474cd5951085a6fa89b8c0c9\
    aaee849e58ccfb2f454b39ba00ebbd73c540f70844dbb6eee73999ed487dce777eb41b93080f88e9eaf5f4596b28757470d98f1849ffc5afdf13ea5130e8f49e\
    024b54fd9213114915827f689e35bbd5356525a003e330cf25dd8369ec2355d9b17aedd1091f32579e28caaf930f4f865b5bcd8cca8b42288ad75db70d4e496d";

/// A product of two primes of the form k * M + 65537^a mod M (CVE-2017-15361).
const ROCA: &str = "\
    d9514ae9f9874d5c5eba220251427489a28b09505d71a3584beebc630f59c3185fe8779f6096eba97a24122d78c2dccc751f3908d27d9a43f9671782da85870e\
    d7ba7c47e43bd43298ded1018ceb87f417514098620f685767cb0378b621688868e4346231d1d199fce89e7c66cf2a5d23afe5c1974866307f11c3653528a173\
    54280aa8cc36e2078f79897421978cfdd36f479cd0552e6af8c039d0913e6d78df2851ef5115979a50edb5e2ed218146a26570319cf06594626cbb32f4244290\
    f1971618a5c7df616d9b1dfad830412fb1ce1d6b89d203b602de8a8d541c5464d072a33e46fb0f57c44186f4149b3368addf611a888c3d9ef730b805822ecfd1";

#[test]
fn each_weakness_of_an_rsa_key_has_its_message() {
    const F4: &[u8] = b"\x01\0\x01";
    let (_, public) = generate("rsa", "2048");
    let good = blob::modulus(SubjectKey::parse(&public).unwrap().blob()).unwrap().to_vec();
    let judge = |e: &[u8], n: &[u8]| match refusal(&line("ssh-rsa", &[e, &[&[0], n].concat()])) {
        SubjectKeyError::WeakRsa(weak) => weak,
        other => panic!("{other}"),
    };
    let last = good.len() - 1;
    let with_last = |byte: u8| [&good[..last], &[byte]].concat();
    let (_, small) = generate("rsa", "1024");
    assert_eq!(refusal(&small), SubjectKeyError::WeakRsa(WeakRsa::TooSmall { bits: 1024 }));
    assert_eq!(judge(F4, &[0xff; 1025]), WeakRsa::TooLarge { bits: 8200 });
    for e in [&b"\x03"[..], b"\x01\0\0", b"\x02\0\0\0\x01"] {
        assert_eq!(judge(e, &good), WeakRsa::Exponent, "{e:?}");
    }
    assert_eq!(judge(F4, &with_last(good[last] ^ 1)), WeakRsa::Even);
    let divisible = (0..=255u8)
        .filter(|byte| byte % 2 == 1)
        .map(with_last)
        .find(|n| n.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % 3) == 0);
    assert_eq!(judge(F4, &divisible.unwrap()), WeakRsa::SmallFactor(3));
    assert_eq!(judge(F4, &hex::decode(ROCA).unwrap()), WeakRsa::Roca);
    // 2^2048 - 1557 is a prime.
    assert_eq!(judge(F4, &[&[0xff; 254][..], &[0xf9, 0xeb]].concat()), WeakRsa::Prime);
    assert_eq!(judge(F4, &hex::decode(FERMAT_CLOSE).unwrap()), WeakRsa::FermatClose);
}

/// The negative of a point belongs to the negative of its private key: whoever has one has both.
#[test]
fn the_authoritys_negated_key_is_its_key() {
    let mut negated = POINT;
    negated[31] |= 0x80;
    let negated = SubjectKey::parse(&line("ssh-ed25519", &[&negated])).unwrap();
    let authority = [string(b"ssh-ed25519"), string(&POINT)].concat();
    assert_eq!(negated.refuse_authority(&authority), Err(SubjectKeyError::AuthorityKey));

    // The P-256 generator, and its negative: p - y in the place of y (FIPS 186-4, D.1.2.3).
    let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let negated_y = "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a";
    let name = "ecdsa-sha2-nistp256";
    let point = |y: &str| hex::decode(format!("04{x}{y}")).unwrap();
    let authority = [string(name.as_bytes()), string(b"nistp256"), string(&point(y))].concat();
    let negated = SubjectKey::parse(&line(name, &[b"nistp256", &point(negated_y)])).unwrap();
    assert_eq!(negated.refuse_authority(&authority), Err(SubjectKeyError::AuthorityKey));
    let other = SubjectKey::parse(&generate("ecdsa", "256").1).unwrap();
    assert_eq!(other.refuse_authority(&authority), Ok(()));
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
