use ssh_key::certificate::Builder;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, PrivateKey};

use super::*;

fn key() -> PrivateKey {
    PrivateKey::random(&mut OsRng, Algorithm::Ed25519).expect("made")
}

fn key_of_an_authority() -> PrivateKey {
    key()
}

fn certificate(key: &PrivateKey, principals: &[&str], after: u64, before: u64, kind: CertType) -> String {
    let mut builder = Builder::new_with_random_nonce(&mut OsRng, key.public_key(), after, before).expect("a span");
    builder.cert_type(kind).expect("set");
    for principal in principals {
        builder.valid_principal(*principal).expect("set");
    }
    builder.sign(&key_of_an_authority()).expect("signed").to_openssh().expect("encoded")
}

fn wanted() -> Wanted {
    Wanted::User { user: "ada".into(), principals: vec!["ops".into(), "ada".into()], sources: vec!["192.0.2.1".into()] }
}

#[test]
fn answers() {
    assert_eq!(Answer::parse(br#"{"certificate":"x"}"#), Ok(Answer::Certificate("x".into())));
    let refusal = Refusal { kind: "ClientError".into(), message: "no\n".into() };
    assert_eq!(Answer::parse(br#"{"errorType":"ClientError","errorMessage":"no\n"}"#), Ok(Answer::Refusal(refusal.clone())));
    assert_eq!(refusal.to_string(), "ClientError: no\\u{a}");
    for bad in ["", "null", "[]", "{}", "\"x\"", "{\"certificate\":null}", "{\"errorType\":\"x\"}", "{\"certificate\":\"x\",\"more\":1}"] {
        assert!(matches!(Answer::parse(bad.as_bytes()), Err(AnswerError::Shape(_))), "{bad}");
    }
    assert!(Answer::parse(&[0xff, 0xfe]).is_err());
}

#[test]
fn the_certificate_that_was_asked_for() {
    let key = key();
    let data = key.public_key().key_data();
    let good = certificate(&key, &["ada", "ops"], 1000, 2000, CertType::User);
    for now in [1000, 1500, 1999] {
        assert!(accept(&good, &wanted(), data, now).is_ok(), "{now}");
    }
    assert!(accept(&format!("{good} a comment\n"), &wanted(), data, 1500).is_ok());
    assert_eq!(accept(&good, &wanted(), data, 999).expect_err("early"), AnswerError::Early(1));
    assert_eq!(accept(&good, &wanted(), data, 2000).expect_err("late"), AnswerError::Expired(0));
    assert_eq!(accept(&good, &wanted(), key_of_an_authority().public_key().key_data(), 1500).expect_err("other"), AnswerError::OtherKey);
    let host = certificate(&key, &["ada", "ops"], 1000, 2000, CertType::Host);
    assert_eq!(accept(&host, &wanted(), data, 1500).expect_err("a host's"), AnswerError::OtherType("host"));
    for names in [&["ada"][..], &["ada", "ops", "root"], &["ada", "root"]] {
        let other = certificate(&key, names, 1000, 2000, CertType::User);
        assert!(matches!(accept(&other, &wanted(), data, 1500), Err(AnswerError::OtherPrincipals { .. })), "{names:?}");
    }
    for text in ["", "x", "ssh-ed25519 AAAA", &good[..good.len() - 8], &format!("{good}\n{good}"), &format!("{good} \u{1b}[2J")] {
        assert!(matches!(accept(text, &wanted(), data, 1500), Err(AnswerError::NoCertificate(_))), "{text:?}");
    }
}

#[test]
fn a_certificate_without_principals_is_for_everyone_and_not_taken() {
    let key = key();
    let mut builder = Builder::new_with_random_nonce(&mut OsRng, key.public_key(), 1000, 2000).expect("a span");
    builder.all_principals_valid().expect("set");
    let text = builder.sign(&key_of_an_authority()).expect("signed").to_openssh().expect("encoded");
    let error = accept(&text, &wanted(), key.public_key().key_data(), 1500).expect_err("refused");
    assert!(error.to_string().contains("nobody"), "{error}");
}

#[test]
fn a_quarter_of_a_life() {
    let now = |left, whole| Life::Now { left, whole };
    assert!(now(25, 100).is_fresh() && !now(24, 100).is_fresh());
    assert!(now(u64::MAX, u64::MAX).is_fresh());
    assert!(!Life::Over(0).is_fresh() && !Life::Ahead(1).is_fresh() && !Life::Over(0).is_valid());
}
