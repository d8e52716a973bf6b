use super::*;
use crate::{KeyType, LocalSigner, Signer};

fn ed25519() -> PublicKey {
    LocalSigner::generate(KeyType::Ed25519).expect("a key is made").public_key().clone()
}

fn blob(parts: &[&[u8]]) -> Vec<u8> {
    let mut blob = Vec::new();
    parts.iter().for_each(|part| put_string(&mut blob, part));
    blob
}

/// The identity, and a point of order four: anyone can sign for these.
#[test]
fn points_of_small_order_and_none() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(parse_public_key_blob(&blob(&[b"ssh-ed25519", &identity])), Err(DecodeError::Key(PublicKeyError::SmallOrder)));
    assert_eq!(parse_public_key_blob(&blob(&[b"ssh-ed25519", &[0; 32]])), Err(DecodeError::Key(PublicKeyError::SmallOrder)));
    let mut not_canonical = [0xff; 32];
    (not_canonical[0], not_canonical[31]) = (0xee, 0x7f);
    let none = Err(DecodeError::Key(PublicKeyError::NotOnCurve { curve: "Ed25519" }));
    assert_eq!(parse_public_key_blob(&blob(&[b"ssh-ed25519", &not_canonical])), none);
    let mut two = [0; 32];
    two[0] = 2;
    assert_eq!(parse_public_key_blob(&blob(&[b"ssh-ed25519", &two])), none);
    let empty = Err(DecodeError::Length { what: "an Ed25519 point", len: 0 });
    assert_eq!(parse_public_key_blob(&blob(&[b"ssh-ed25519", b""])), empty);
}

#[test]
fn elliptic_curve_points() {
    let key = LocalSigner::generate(KeyType::EcdsaP256).expect("a key is made").public_key().clone();
    let PublicKey::EcdsaP256(point) = key else { panic!("a P-256 key was asked for") };
    let mut off = point;
    off[64] ^= 1;
    let name = b"ecdsa-sha2-nistp256";
    assert_eq!(
        parse_public_key_blob(&blob(&[name, b"nistp256", &off])),
        Err(DecodeError::Key(PublicKeyError::NotOnCurve { curve: "P-256" }))
    );
    assert_eq!(parse_public_key_blob(&blob(&[name, b"nistp384", &point])), Err(DecodeError::Curve));
    assert_eq!(
        parse_public_key_blob(&blob(&[name, b"nistp256", &[0]])),
        Err(DecodeError::Length { what: "a P-256 point", len: 1 }),
        "the point at infinity"
    );
    let mut hybrid = point;
    hybrid[0] = 6 | point[64] & 1;
    assert!(parse_public_key_blob(&blob(&[name, b"nistp256", &hybrid])).is_err());
}

#[test]
fn what_is_no_key() {
    let sound = public_key_blob(&ed25519());
    for len in 0..sound.len() {
        assert_eq!(parse_public_key_blob(&sound[..len]).err(), Some(DecodeError::Truncated), "{len}");
    }
    let longer = [sound.as_slice(), &[0]].concat();
    assert_eq!(parse_public_key_blob(&longer), Err(DecodeError::Trailing(1)));
    assert_eq!(parse_public_key_blob(&blob(&[b"ssh-dss", b"x"])), Err(DecodeError::Type("ssh-dss".to_owned())));
    let certificate = "ssh-ed25519-cert-v01@openssh.com";
    assert_eq!(parse_public_key_blob(&blob(&[certificate.as_bytes(), b"x"])), Err(DecodeError::Certificate(certificate.to_owned())));
    for number in [&[][..], &[0], &[0, 1], &[0x80]] {
        assert_eq!(parse_public_key_blob(&blob(&[b"ssh-rsa", number, &[1; 256]])), Err(DecodeError::Number), "{number:?}");
    }
}

#[test]
fn ecdsa_numbers_lose_and_regain_their_zeros() {
    let mut bytes = vec![0; 64];
    (bytes[31], bytes[32]) = (7, 0x80);
    let signature = Signature::new(Algorithm::EcdsaP256Sha256, bytes).expect("64 bytes are a signature");
    let encoded = signature_blob(&signature);
    let held = [[0, 0, 0, 1, 7, 0, 0, 0, 33, 0, 0x80].as_slice(), &[0; 31]].concat();
    assert_eq!(encoded, blob(&[b"ecdsa-sha2-nistp256", &held]));
    assert_eq!(parse_signature_blob(&encoded), Ok(signature));
    let long = blob(&[&[1; 33], &[1; 32]]);
    let expected = Err(DecodeError::Length { what: "half an ECDSA signature", len: 33 });
    assert_eq!(parse_signature_blob(&blob(&[b"ecdsa-sha2-nistp256", &long])), expected);
}

#[test]
fn signatures_with_sha1_or_of_a_wrong_length() {
    assert_eq!(parse_signature_blob(&blob(&[b"ssh-rsa", &[1; 256]])), Err(DecodeError::Type("ssh-rsa".to_owned())));
    for (name, len) in [("ssh-ed25519", 63), ("rsa-sha2-256", 255), ("rsa-sha2-512", 1025)] {
        assert!(matches!(parse_signature_blob(&blob(&[name.as_bytes(), &vec![1; len]])), Err(DecodeError::Signature(_))), "{name}");
    }
}

#[test]
fn a_comment_stays_on_its_line() {
    let line = public_key_line(&ed25519(), "mallory\ncert-authority ssh-ed25519 AAAA\r\u{1b}[0m ");
    assert_eq!(line.lines().count(), 1);
    assert!(line.ends_with(" mallorycert-authority ssh-ed25519 AAAA[0m"), "{line}");
    assert_eq!(public_key_line(&ed25519(), "").split(' ').count(), 2);
}
