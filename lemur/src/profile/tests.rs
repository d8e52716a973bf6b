//! Profiles: which make sense, and what they admit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::Timestamp;
use menagerie_sign::{KeyType, LocalSigner, Signer};

use super::*;
use crate::certificate::{AuthorityTemplate, Issuer, Serial, Template, Validity, View};
use crate::name::{San, Subject, SubjectField};

const SOUND: &str = r#"
description = "x"
key_usages = ["digital_signature"]
extended_key_usages = ["server_auth", "1.2.3.4"]
key_types = ["ecdsa-p256"]
default_lifetime = "2d"
max_lifetime = "7d"
revocation = "none"
policies = ["2.23.140.1.2.1"]
names = { kinds = ["dns"] }
"#;

fn parse(text: &str) -> Result<Profile, toml::de::Error> {
    toml::from_str(text)
}

#[test]
fn profiles_are_read_and_written() {
    for profile in Profile::built_in().into_values().chain([parse(SOUND).unwrap()]) {
        assert_eq!(parse(&toml::to_string(&profile).unwrap()).unwrap(), profile);
    }
    let profiles = Profile::built_in();
    assert_eq!(profiles.keys().collect::<Vec<_>>(), ["mtls-workload", "tls-client", "tls-server"]);
    let workload = &profiles["mtls-workload"];
    assert_eq!((workload.revocation(), workload.max_lifetime().to_string().as_str()), (Revocation::None, "1d"));
    assert!(!profiles.values().any(Profile::is_baseline));
}

#[test]
fn profiles_that_make_no_sense_are_refused() {
    for (from, to, why) in [
        ("key_usages = [\"digital_signature\"]", "key_usages = []", "key_usages is empty"),
        ("[\"server_auth\", \"1.2.3.4\"]", "[]", "extended_key_usages is empty"),
        ("[\"ecdsa-p256\"]", "[]", "key_types is empty"),
        ("digital_signature", "key_cert_sign", "keyCertSign"),
        ("digital_signature", "crl_sign", "cRLSign"),
        ("server_auth", "ocsp_signing", "OCSPSigning"),
        ("server_auth", "any", "anyExtendedKeyUsage"),
        ("server_auth", "servers", "no extended key usage"),
        ("\"2d\"", "\"8d\"", "default lifetime is longer"),
        ("\"7d\"", "\"8d\"", "at most 7d"),
        ("\"2d\"", "\"5m\"", "backdate"),
        ("\"2d\"", "\"2 weeks\"", "span of time"),
        ("\"2d\"", "\"0d\"", "span of time"),
        ("[\"dns\"]", "[]", "neither a name nor a common name"),
        ("kinds = [\"dns\"]", "kinds = [\"dns\"], max = 1001", "at most 1000"),
        ("2.23.140", "x.23.140", "no object identifier"),
        ("description", "descriptions", "unknown field"),
        ("ecdsa-p256", "ecdsa-p521", "unknown variant"),
    ] {
        assert!(SOUND.contains(from), "{from}");
        let error = parse(&SOUND.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
}

#[test]
fn sets_take_the_built_in_and_others() {
    let set = Profiles::parse(&format!("[tls-server]{SOUND}\n[own]{SOUND}")).unwrap();
    assert_eq!(set.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["mtls-workload", "own", "tls-client", "tls-server"]);
    assert_eq!(set.get("tls-server"), set.get("own"));
    assert!(set.get("none").is_none());
    for name in ["Own", "-own", "\"o n\""] {
        assert!(matches!(Profiles::parse(&format!("[{name}]{SOUND}")), Err(ProfilesError::Name { .. })), "{name}");
    }
    assert!(matches!(Profiles::parse(&"#".repeat(2_000_000)), Err(ProfilesError::TooLarge { .. })));
    assert!(matches!(Profiles::parse("x"), Err(ProfilesError::Toml(_))));
}

#[test]
fn lifetimes() {
    for (text, seconds) in [("90s", 90), ("30m", 1800), ("12h", 43_200), ("47d", 4_060_800), ("36525d", 3_155_760_000)] {
        let lifetime: Lifetime = text.parse().unwrap();
        assert_eq!((lifetime.as_secs(), lifetime.to_string().parse()), (seconds, Ok(lifetime)));
    }
    for text in ["", "d", "1", "1w", "-1d", "1.5d", "1 d", "0s", "36526d", "99999999999999999999d", "1dd", "é"] {
        assert_eq!(text.parse::<Lifetime>(), Err(LifetimeError), "{text}");
    }
    assert_eq!(Lifetime::days(2).to_string(), "2d");
    assert_eq!(Lifetime::minutes(90).to_string(), "90m");
}

fn now() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn issuer() -> Issuer {
    let key = LocalSigner::generate(KeyType::EcdsaP256).unwrap();
    let validity = Validity::new(at("2026-01-01T00:00:00Z"), at("2026-06-01T00:00:00Z")).unwrap();
    let template = AuthorityTemplate::new(&Subject::of_common_name("Root").unwrap(), key.public_key(), validity).unwrap();
    let signed = template.root(&Serial::from_random([1; 16]), key.algorithm()).unwrap();
    let der = signed.certificate(&key.sign_now(signed.as_der()).unwrap()).unwrap();
    Issuer::new(&View::parse(&der).unwrap()).unwrap()
}

struct Asked<'a> {
    issuer: &'a Issuer,
    key: LocalSigner,
}

impl<'a> Asked<'a> {
    fn new(issuer: &'a Issuer) -> Self {
        Self { issuer, key: LocalSigner::generate(KeyType::EcdsaP256).unwrap() }
    }

    fn ask(&self, profile: &Profile, subject: Subject, names: &[&str], period: Period) -> Result<Template<'a>, ProfileRefusal> {
        let names = names.iter().map(|name| San::guess(name).unwrap()).collect();
        profile.admit(Ask { public_key: self.key.public_key(), subject, names, period }, self.issuer, now())
    }
}

fn texts(template: &Template<'_>) -> Vec<String> {
    template.names().iter().map(ToString::to_string).collect()
}

#[test]
fn the_common_name_is_a_name_unless_it_is_free() {
    let issuer = issuer();
    let asked = Asked::new(&issuer);
    let profiles = Profile::built_in();
    let ask = |profile: &str, common_name: &str, names: &[&str]| {
        asked.ask(&profiles[profile], Subject::of_common_name(common_name).unwrap(), names, Period::Default)
    };
    let admitted = ask("tls-server", "WWW.example.com", &["a.example.com", "a.example.com"]).unwrap();
    assert_eq!(texts(&admitted), ["www.example.com", "a.example.com"]);
    assert_eq!(admitted.subject().common_name(), Some("www.example.com"));
    assert!(matches!(ask("tls-server", "Ada Lovelace", &["a.example.com"]), Err(ProfileRefusal::CommonName { .. })));
    assert!(matches!(ask("tls-server", "ada@example.com", &["a.example.com"]), Err(ProfileRefusal::CommonName { .. })));
    let admitted = ask("mtls-workload", "pay.example.com", &["spiffe://example.com/pay"]).unwrap();
    assert_eq!(texts(&admitted), ["pay.example.com", "spiffe://example.com/pay"]);
    assert!(admitted.subject().is_empty() && !admitted.is_revocable());
    let admitted = ask("tls-client", "Ada Lovelace", &[]).unwrap();
    assert_eq!((admitted.subject().common_name(), admitted.names().len()), (Some("Ada Lovelace"), 0));
    let long = format!("{}.example.com", "a".repeat(60));
    assert!(ask("tls-server", "a.example.com", &[&long]).is_ok());
    assert_eq!(
        Subject::of_common_name(&long).unwrap_err().to_string(),
        "the subject's common name has 72 characters: at most 64 are possible"
    );
}

#[test]
fn names_are_of_the_profiles_kinds_and_forms() {
    let issuer = issuer();
    let asked = Asked::new(&issuer);
    let profiles = Profile::built_in();
    let ask = |profile: &Profile, names: &[&str]| asked.ask(profile, Subject::new(), names, Period::Default).map(|_| ());
    assert_eq!(ask(&profiles["tls-server"], &[]), Err(ProfileRefusal::NoName));
    assert!(ask(&profiles["tls-server"], &["*.example.com", "10.0.0.1", "localhost"]).is_ok());
    for (profile, name) in [("tls-server", "ada@example.com"), ("tls-server", "urn:x:y"), ("mtls-workload", "ada@example.com")] {
        assert!(matches!(ask(&profiles[profile], &[name]), Err(ProfileRefusal::NameKind { .. })), "{profile} {name}");
    }
    assert!(matches!(ask(&profiles["mtls-workload"], &["*.example.com"]), Err(ProfileRefusal::NameForm { .. })));
    let strict = parse(SOUND).unwrap();
    assert!(matches!(ask(&strict, &["localhost"]), Err(ProfileRefusal::NameForm { .. })));
    let many: Vec<String> = (0..101).map(|index| format!("n{index}.example.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(ask(&strict, &many), Err(ProfileRefusal::TooManyNames { found: 101, max: 100 }));
    let spiffe = parse(&SOUND.replace("[\"dns\"]", "[\"uri\"], uri_schemes = [\"spiffe\"]")).unwrap();
    assert!(ask(&spiffe, &["spiffe://example.com/a"]).is_ok());
    assert!(matches!(ask(&spiffe, &["https://example.com/a"]), Err(ProfileRefusal::NameForm { .. })));
}

/// RFC 5280's names have none, whatever a profile would like, and the lints would refuse the certificate.
#[test]
fn names_with_underscores_are_certified_by_no_profile() {
    let issuer = issuer();
    let asked = Asked::new(&issuer);
    for profile in Profile::built_in().values() {
        for name in ["a_b.example.com", "_sip.example.com", "*.a_b.example.com"] {
            let refused = asked.ask(profile, Subject::new(), &[name], Period::Default).map(|_| ()).unwrap_err();
            assert!(matches!(&refused, ProfileRefusal::NameForm { name: found, .. } if found == name), "{refused}");
        }
    }
    let error = parse(&SOUND.replace("kinds = [\"dns\"]", "kinds = [\"dns\"], underscores = true")).unwrap_err().to_string();
    assert!(error.contains("underscores"), "{error}");
}

/// A field that a profile forbids is refused by its name, and never dropped in silence.
#[test]
fn subjects_are_the_profiles() {
    let issuer = issuer();
    let asked = Asked::new(&issuer);
    let profile = parse(&format!("{SOUND}[subject]\nallowed = [\"locality\"]\nfixed = {{ organization = \"Example\" }}")).unwrap();
    let ask =
        |subject: Subject| asked.ask(&profile, subject, &["a.example.com"], Period::Default).map(|template| template.subject().to_string());
    assert_eq!(ask(Subject::new()), Ok("O=Example".to_owned()));
    assert_eq!(ask(Subject::new().with(SubjectField::Organization, "Example").unwrap()), Ok("O=Example".to_owned()));
    assert_eq!(ask(Subject::new().with(SubjectField::Locality, "Delft").unwrap()), Ok("O=Example,L=Delft".to_owned()));
    for field in [SubjectField::Organization, SubjectField::State, SubjectField::OrganizationalUnit] {
        assert_eq!(ask(Subject::new().with(field, "Other").unwrap()), Err(ProfileRefusal::SubjectField { field }));
    }
}

#[test]
fn keys_are_of_the_profiles_kinds() {
    let issuer = issuer();
    let profile = parse(SOUND).unwrap();
    for (kind, fine) in [(KeyType::EcdsaP256, true), (KeyType::EcdsaP384, false), (KeyType::Ed25519, false), (KeyType::Rsa2048, false)] {
        let asked = Asked { issuer: &issuer, key: LocalSigner::generate(kind).unwrap() };
        let admitted = asked.ask(&profile, Subject::new(), &["a.example.com"], Period::Default);
        assert_eq!(admitted.is_ok(), fine, "{kind}");
        assert!(fine || matches!(admitted, Err(ProfileRefusal::KeyType { .. })));
    }
    let ask = Ask { public_key: issuer.public_key(), subject: Subject::new(), names: Vec::new(), period: Period::Default };
    assert_eq!(profile.admit(ask, &issuer, now()).unwrap_err(), ProfileRefusal::IssuersKey);
}

#[test]
fn validity_is_within_the_profiles_and_the_issuers() {
    let issuer = issuer();
    let asked = Asked::new(&issuer);
    let profiles = Profile::built_in();
    let profile = &profiles["tls-server"];
    let ask = |period: Period| asked.ask(profile, Subject::new(), &["a.example.com"], period).map(|template| template.validity());
    let end = at("2026-06-01T00:00:00Z");
    // The default is 47 days, which the issuer cuts.
    assert_eq!(ask(Period::Default), Ok(Validity::new(at("2026-05-01T11:55:00Z"), end).unwrap()));
    assert_eq!(ask(Period::For(Lifetime::days(1))), Ok(Validity::new(at("2026-05-01T11:55:00Z"), at("2026-05-02T11:54:59Z")).unwrap()));
    assert_eq!(ask(Period::Until(end)).unwrap().not_after(), end);
    let long = ask(Period::Until(at("2026-06-01T00:00:01Z"))).unwrap_err();
    assert_eq!(
        long.to_string(),
        "the certificate would be valid from 2026-05-01T11:55:00Z to 2026-06-01T00:00:01Z, and its issuer is from 2026-01-01T00:00:00Z to \
         2026-06-01T00:00:00Z"
    );
    assert_eq!(ask(Period::Until(now())), Err(ProfileRefusal::Over));
    assert_eq!(ask(Period::For(Lifetime::minutes(5))), Err(ProfileRefusal::Over));
    assert_eq!(ask(Period::For(Lifetime::days(399))), Err(ProfileRefusal::TooLong { max: Lifetime::days(398) }));
    assert!(matches!(ask(Period::Until(at("2026-01-01T00:00:00Z"))), Err(ProfileRefusal::Validity(_))));
    let (start, stop) = (at("2026-05-02T12:00:00Z"), at("2026-05-04T00:00:00Z"));
    assert_eq!(ask(Period::Between(start, stop)), Ok(Validity::new(start, stop).unwrap()));
    // Nobody stocks certificates for later: a start is a day from now at most.
    for far in ["2026-05-02T12:00:01Z", "2026-04-30T11:59:59Z"] {
        assert_eq!(ask(Period::Between(at(far), stop)), Err(ProfileRefusal::StartsFar { max: Lifetime::days(1) }), "{far}");
    }
    assert!(ask(Period::Between(at("2026-04-30T12:00:00Z"), stop)).is_ok());
    let early = ask(Period::Between(at("2025-12-31T00:00:00Z"), stop));
    assert!(matches!(early, Err(ProfileRefusal::OutlivesIssuer { .. })), "{early:?}");
    let late = |period| {
        profile.admit(
            Ask { public_key: asked.key.public_key(), subject: Subject::new(), names: vec![San::guess("a.example.com").unwrap()], period },
            &issuer,
            at("2026-06-02T00:00:00Z"),
        )
    };
    assert!(matches!(late(Period::Default), Err(ProfileRefusal::OutlivesIssuer { .. })));
}
