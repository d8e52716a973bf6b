//! Every lint has a certificate that breaks it, and the sound certificates break none.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::SignedDuration;
use lemur::lint::{self, Claims, Family, Kind, Severity};

use crate::cases::{self, Case, SOUND, Sound};
use crate::made;

/// What is claimed for a case: the Baseline Requirements for their own lints, and what the lints on claims need.
fn claims<'a>(case: &Case, issuer: Option<&'a [u8]>, compromised: &'a HashSet<[u8; 32]>) -> Claims<'a> {
    let baseline = lint::lints().find(|lint| lint.id == case.lint).is_some_and(|lint| lint.family == Family::Baseline);
    Claims {
        baseline,
        kind: (case.lint == "claim-kind").then_some(Kind::Leaf),
        max_validity: (case.lint == "claim-validity").then(|| SignedDuration::from_hours(24 * 90)),
        issuer,
        compromised: (case.lint == "key-compromised").then_some(compromised),
        foreign_key: true,
        ..Claims::default()
    }
}

/// The issuer of a case's sound certificate, and that of the one that breaks the lint.
fn issuers(case: &Case) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let right = case.lint.starts_with("chain-").then(|| made::constrained().der());
    let wrong = match case.lint {
        "chain-issuer-readable" => Some(vec![0x30, 0]),
        "chain-authority" => Some(made::leaf().der()),
        _ => right.clone(),
    };
    (right, wrong)
}

fn ids(der: &[u8], claims: &Claims<'_>) -> BTreeSet<&'static str> {
    lint::check(der, claims).iter().map(|finding| finding.lint.id).collect()
}

#[test]
fn lints_have_names_of_their_own() {
    let mut seen = BTreeSet::new();
    for lint in lint::lints() {
        assert!(seen.insert(lint.id), "{} is there twice", lint.id);
        assert!(lint.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{}", lint.id);
        assert!(lint.says.ends_with('.') && !lint.says.contains('|'), "{}: {}", lint.id, lint.says);
        assert!(!lint.source.document.is_empty() && !lint.source.section.is_empty());
        let (since, until) = (lint.since, lint.until);
        assert!(since.is_none() || until.is_none() || since < until, "{}", lint.id);
    }
    assert!(seen.len() > 250, "{}", seen.len());
}

#[test]
fn every_lint_has_a_case() {
    let cases: BTreeSet<&str> = cases::all().map(|case| case.lint).collect();
    let lints: BTreeSet<&str> = lint::lints().map(|lint| lint.id).collect();
    assert_eq!(cases, lints);
}

#[test]
fn every_case_breaks_its_lint_and_the_sound_certificate_does_not() {
    let key = made::leaf().key;
    let compromised = HashSet::from([<[u8; 32]>::try_from(digest(&SHA256, &key).as_ref()).unwrap()]);
    let mut faults = Vec::new();
    for case in cases::all() {
        let sound = (case.sound)();
        let mut spoiled = sound.clone();
        (case.spoil)(&mut spoiled);
        let (right, wrong) = issuers(case);
        let claims = claims(case, wrong.as_deref(), &compromised);
        if !ids(&spoiled.der(), &claims).contains(case.lint) {
            faults.push(format!("{} is not told", case.lint));
        }
        let compromised = claims.compromised.filter(|_| case.lint != "key-compromised");
        let claims = Claims { compromised, issuer: right.as_deref(), ..claims };
        if ids(&sound.der(), &claims).contains(case.lint) {
            faults.push(format!("{} is told of the sound certificate", case.lint));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_bytes_before_the_signature_are_judged_as_the_certificate_is() {
    for case in cases::all()
        .filter(|case| !["rfc5280-signature-match", "x509-malformed", "x509-too-large", "der-trailing-data"].contains(&case.lint))
    {
        let mut spoiled = (case.sound)();
        (case.spoil)(&mut spoiled);
        let claims = Claims { baseline: true, foreign_key: true, ..Claims::default() };
        assert_eq!(ids(&spoiled.tbs(), &claims), ids(&spoiled.der(), &claims), "{}", case.lint);
    }
}

#[test]
fn sound_certificates_break_nothing() {
    for Sound { name, make } in SOUND {
        let claims = Claims { baseline: true, foreign_key: true, ..Claims::default() };
        let found: BTreeMap<&str, String> = lint::check(&make().der(), &claims).into_iter().map(|f| (f.lint.id, f.detail)).collect();
        assert_eq!(found, BTreeMap::new(), "{name}");
        let pkix = lint::check(&make().der(), &Claims { foreign_key: true, ..Claims::default() });
        // The Baseline Requirements advise against what RFC 5280 asks for.
        let rest: Vec<&str> = pkix.iter().map(|f| f.lint.id).filter(|id| *id != "rfc5280-ski-missing-leaf").collect();
        assert_eq!(rest, Vec::<&str>::new(), "{name}");
    }
}

#[test]
fn rules_hold_from_their_day_on() {
    let mut made = made::leaf();
    made.valid("270101000000Z", "270620000000Z");
    let of = |day: &str| {
        let as_of = Some(day.parse().unwrap());
        ids(&made.der(), &Claims { baseline: true, as_of, ..Claims::default() })
    };
    let validity = |day: &str| of(day).into_iter().filter(|id| id.starts_with("br-validity")).collect::<Vec<_>>();
    assert_eq!(validity("2026-03-14T23:59:59Z"), Vec::<&str>::new());
    assert_eq!(validity("2027-03-14T23:59:59Z"), Vec::<&str>::new());
    assert_eq!(validity("2027-03-15T00:00:00Z"), ["br-validity-100", "br-validity-99"]);
    assert_eq!(validity("2029-03-14T23:59:59Z"), ["br-validity-100", "br-validity-99"]);
    assert_eq!(validity("2029-03-15T00:00:00Z"), ["br-validity-46", "br-validity-47"]);
}

#[test]
fn short_lived_is_ten_days_and_later_seven() {
    let mut made = made::short_lived();
    made.drop(made::NO_REV);
    let told = |made: &made::Made, day: &str| {
        let as_of = Some(day.parse().unwrap());
        ids(&made.der(), &Claims { baseline: true, as_of, ..Claims::default() }).contains("br-revocation")
    };
    made.valid("260301000000Z", "260310235959Z");
    assert!(!told(&made, "2026-03-14T00:00:00Z"), "ten days before the change");
    assert!(told(&made, "2026-03-15T00:00:00Z"), "ten days after it");
    assert!(told(&made, "2024-03-14T00:00:00Z"), "before there was any");
    made.valid("260401000000Z", "260407235959Z");
    assert!(!told(&made, "2026-04-01T00:00:00Z"), "seven days");
    made.valid("260401000000Z", "260408000000Z");
    assert!(told(&made, "2026-04-01T00:00:00Z"), "a second more");
}

#[test]
fn an_onion_name_of_version_three_passes() {
    let mut made = made::leaf();
    made.put(made::SAN, true, made::seq(&[made::dns("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion")]));
    let claims = Claims { baseline: true, ..Claims::default() };
    assert_eq!(ids(&made.der(), &claims), BTreeSet::new());
}

#[test]
fn hostile_certificates_cost_little_and_say_little() {
    let claims = Claims { baseline: true, foreign_key: true, ..Claims::default() };
    let mut made = made::leaf();
    let names: Vec<Vec<u8>> = (0..20_000).map(|number| made::dns(&format!("_{number}"))).collect();
    made.put(made::SAN, true, made::seq(&names));
    let found = lint::check(&made.der(), &claims);
    assert!(found.len() < 100 && found.iter().all(|finding| finding.detail.chars().count() <= 301), "{}", found.len());
    let mut deep = vec![5, 0];
    for _ in 0..5000 {
        deep = made::tlv(0x30, &deep);
    }
    made.put(made::SAN, true, deep);
    assert!(ids(&made.der(), &claims).contains("der-unreadable"));
    let mut many = made::leaf();
    many.subject = (0..10_000).map(|_| made::attribute(made::OU, made::UTF8, "x")).collect();
    assert!(lint::check(&many.der(), &claims).len() < 100);
    let again = made::leaf().extensions.unwrap().remove(0);
    many = made::leaf();
    many.extensions.as_mut().unwrap().extend(std::iter::repeat_n(again, 10_000));
    assert!(ids(&many.der(), &claims).contains("rfc5280-extension-duplicate"));
}

#[test]
fn text_from_certificates_cannot_drive_a_terminal() {
    let mut made = made::organization();
    made.subject.push(made::attribute(made::CN, made::UTF8, "\u{1b}[2J\u{202e}"));
    let found = lint::check(&made.der(), &Claims { baseline: true, ..Claims::default() });
    assert!(found.iter().any(|finding| finding.detail.contains("\\u{1b}")));
    assert!(found.iter().all(|finding| !finding.detail.contains(['\u{1b}', '\u{202e}'])));
}

#[test]
fn no_cut_and_no_flipped_byte_panics() {
    let claims = Claims { baseline: true, ..Claims::default() };
    for Sound { make, .. } in SOUND {
        let der = make().der();
        for end in 0..der.len() {
            assert!(!lint::check(&der[..end], &claims).is_empty(), "a cut certificate passes");
        }
        for at in 0..der.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[at] ^= flip;
                let _ = lint::check(&changed, &claims);
            }
        }
    }
}

#[test]
fn errors_forbid_and_warnings_do_not() {
    for lint in lint::lints() {
        let finding = lint::Finding { lint, detail: String::new() };
        assert_eq!(finding.forbids(), lint.severity == Severity::Error);
    }
}
