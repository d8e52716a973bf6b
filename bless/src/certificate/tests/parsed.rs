//! Each way in which some input is not a certificate, and where.

use super::*;
use crate::certificate::{Field, Problem, ReadError, blob_of, read};

/// A certificate of bytes that no writer would put together.
pub(super) fn by_hand(critical: &[u8], extensions: &[u8], tail: &[u8]) -> Vec<u8> {
    [
        string(b"ssh-ed25519-cert-v01@openssh.com"),
        string(&[1; 32]),
        string(&[2; 32]),
        1u64.to_be_bytes().to_vec(),
        1u32.to_be_bytes().to_vec(),
        string(b"id"),
        string(&string(b"ada")),
        5u64.to_be_bytes().to_vec(),
        6u64.to_be_bytes().to_vec(),
        string(critical),
        string(extensions),
        string(b""),
        string(&[string(b"ssh-ed25519"), string(&[3; 32])].concat()),
        string(&[string(b"ssh-ed25519"), string(&[4; 64])].concat()),
        tail.to_vec(),
    ]
    .concat()
}

/// Where the critical options' content begins in a certificate made by hand.
const CRITICAL: usize = 4 + 32 + 36 + 36 + 8 + 4 + 6 + 4 + 7 + 16 + 4;

fn problem(blob: &[u8]) -> Problem {
    read(blob).unwrap_err().problem
}

#[test]
fn options_are_sorted_unique_and_exact() {
    let option = |name: &[u8], value: &[u8]| [string(name), string(value)].concat();
    let field = Field::CriticalOptions;
    let judge = |critical: &[u8]| read(&by_hand(critical, b"", b"")).map(|c| c.critical_options.len());
    assert_eq!(judge(&[option(b"a", b"x"), option(b"b", b"")].concat()), Ok(2));
    let at = |offset: usize, problem| Err(ReadError { position: CRITICAL + offset, problem });
    assert_eq!(judge(&[option(b"b", b""), option(b"a", b"")].concat()), at(9, Problem::UnsortedOptions { field }));
    assert_eq!(judge(&[option(b"b", b""), option(b"b", b"")].concat()), at(9, Problem::DuplicateOption { field }));
    assert_eq!(judge(&string(b"a")), at(5, Problem::Truncated { field }));
    assert_eq!(judge(&option(b"a\0", b"")), at(5, Problem::ZeroByte { field }));
    assert_eq!(judge(&option(b"force-command", b"ls")), at(21, Problem::Truncated { field }));
    assert_eq!(judge(&option(b"force-command", &[string(b"ls"), vec![0]].concat())), at(27, Problem::TrailingBytes { field }));
    assert_eq!(judge(&option(b"verify-required", b"x")), at(23, Problem::TrailingBytes { field }));
    let flag = by_hand(b"", &option(b"permit-pty", &string(b"")), b"");
    assert_eq!(problem(&flag), Problem::TrailingBytes { field: Field::Extensions });
}

#[test]
fn unknown_options_are_kept() {
    let critical = [string(b"x"), string(b"\xff\0raw")].concat();
    let blob = by_hand(&critical, b"", b"");
    let certificate = read(&blob).unwrap();
    assert_eq!((certificate.critical_options[0].name, certificate.critical_options[0].data), (&b"x"[..], &b"\xff\0raw"[..]));
    assert_eq!(certificate.critical_options[0].text(), None);
}

#[test]
fn every_cut_and_every_tail_is_refused() {
    for subject in SUBJECTS.iter() {
        let certificate = RSA_CA.certify(&template(subject));
        let blob = certificate.as_bytes();
        read(blob).unwrap();
        for end in 0..blob.len() {
            assert!(read(&blob[..end]).is_err(), "{end}");
        }
        let longer = [blob, &[0]].concat();
        assert_eq!(problem(&longer), Problem::TrailingBytes { field: Field::Certificate });
    }
    let inside = |signature: &[u8]| {
        let tbs = template(&SUBJECTS[0]).to_be_signed(&ED25519_CA.public_key()).unwrap();
        problem(tbs.finish(signature).unwrap().as_bytes())
    };
    assert_eq!(inside(&[string(b"a"), string(b"b"), vec![1]].concat()), Problem::TrailingBytes { field: Field::Signature });
    assert_eq!(inside(&[string(b"a\n"), string(b"b")].concat()), Problem::AlgorithmName);
    assert_eq!(inside(&[string(b"sk-a"), string(b"b"), vec![1]].concat()), Problem::Truncated { field: Field::Signature });
}

#[test]
fn keys_are_held_to_their_form() {
    let ca = |blob: &[u8]| {
        let tbs = template(&SUBJECTS[0]).to_be_signed(blob).unwrap();
        problem(tbs.finish(&ED25519_CA.sign(b"")).unwrap().as_bytes())
    };
    let field = Field::Authority;
    assert_eq!(ca(&[string(b"ssh-ed25519"), string(&[1; 31])].concat()), Problem::PointForm { field });
    assert_eq!(ca(&[string(b"ssh-ed25519"), string(&[1; 32]), vec![0]].concat()), Problem::TrailingBytes { field });
    assert_eq!(ca(&string(b"ssh-dss")), Problem::KeyType { field });
    assert_eq!(ca(ED25519_CA.certify(&template(&SUBJECTS[0])).as_bytes()), Problem::KeyType { field });
    let p256 = |curve: &[u8], point: &[u8]| ca(&[string(b"ecdsa-sha2-nistp256"), string(curve), string(point)].concat());
    assert_eq!(p256(b"nistp384", &[4; 65]), Problem::CurveName { field });
    assert_eq!(p256(b"nistp256", &[2; 33]), Problem::PointForm { field });
    for number in [&b""[..], b"\0", b"\0\x01", b"\x80"] {
        assert_eq!(ca(&[string(b"ssh-rsa"), string(number), string(b"\x03")].concat()), Problem::Number { field }, "{number:?}");
    }
}

#[test]
fn kinds_and_sizes_are_bounded() {
    let mut blob = by_hand(b"", b"", b"");
    let kind = 4 + 32 + 36 + 36 + 8;
    blob[kind + 3] = 3;
    assert_eq!(read(&blob), Err(ReadError { position: kind, problem: Problem::UnknownKind { number: 3 } }));
    assert_eq!(problem(&[0; 65_537]), Problem::TooLarge);
    assert_eq!(problem(SUBJECTS[0].blob()), Problem::UnknownType);
    assert_eq!(blob_of(&[b'a'; 200_000]).unwrap_err().problem, Problem::TooLarge);
}

#[test]
fn text_is_one_line_with_its_own_type() {
    let blob = by_hand(b"", b"", b"");
    let base64 = STANDARD.encode(&blob);
    let name = "ssh-ed25519-cert-v01@openssh.com";
    let judge = |text: String| blob_of(text.as_bytes()).map(|blob| blob.into_owned()).map_err(|error| error.problem);
    assert_eq!(judge(format!("{name} {base64}")), Ok(blob.clone()));
    assert_eq!(judge(format!("\n{name}\t{base64} a comment\r\n")), Ok(blob.clone()));
    assert_eq!(blob_of(&blob).unwrap(), blob);
    assert_eq!(judge(format!("{name} {base64}\n{name} {base64}")), Err(Problem::NotOneLine));
    assert_eq!(judge(name.to_owned()), Err(Problem::NotOneLine));
    assert_eq!(judge(String::new()), Err(Problem::NotOneLine));
    assert_eq!(judge(format!("ssh-ed25519 {base64}")), Err(Problem::TypeMismatch));
    assert_eq!(judge(format!("{name} {base64}=")), Err(Problem::Base64));
    assert_eq!(judge(format!("{name} {}*", &base64[1..])), Err(Problem::Base64));
}
