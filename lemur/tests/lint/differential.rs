//! What `pkilint` calls an error is an error here too, and what it passes is passed: on every certificate of the tables, on hundreds with
//! several faults at once or with bytes changed anywhere, and on the roots that this machine and PyPI's `certifi` trust.

use std::fs;
use std::panic::{self, AssertUnwindSafe};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lemur::lint::{self, Claims, Kind, Severity};
use menagerie_tests::process::{command, run};
use menagerie_tests::{PkilintVerdict, pkilint, venv_program};

use crate::cases::{self, Case, SOUND, Sound};
use crate::codes::{self, OURS, UNREAD, covering, is_theirs};

/// Certificates, each with a name for whoever reads a failure.
type Named = Vec<(String, Vec<u8>)>;

/// A stream of numbers that is the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

fn errors(der: &[u8], baseline: bool, as_of: Option<Timestamp>) -> Vec<&'static str> {
    let claims = Claims { baseline, as_of, foreign_key: true, ..Claims::default() };
    lint::check(der, &claims).iter().filter(|finding| finding.lint.severity == Severity::Error).map(|finding| finding.lint.id).collect()
}

/// Whether `pkilint` takes the certificate for what it is: it calls every self-issued one a root.
fn same_kind(der: &[u8], verdict: &PkilintVerdict) -> bool {
    let kind = lint::summary(der).map(|summary| summary.kind);
    match &*verdict.kind {
        "ROOT-CA" => kind == Some(Kind::Root),
        "OCSP-RESPONDER" => kind == Some(Kind::OcspResponder),
        leaf if leaf.ends_with("-CERTIFICATE") => kind == Some(Kind::Leaf),
        _ => kind == Some(Kind::Intermediate),
    }
}

/// What the two say of a certificate that the lists of [`codes`] do not explain.
fn disagreements(name: &str, der: &[u8], verdict: &PkilintVerdict, as_of: Option<Timestamp>) -> Vec<String> {
    let mut told = Vec::new();
    for (rules, theirs) in [("pkix", &verdict.pkix), ("baseline", &verdict.baseline)] {
        let baseline = rules == "baseline";
        if baseline && !same_kind(der, verdict) && verdict.failed.is_none() {
            continue;
        }
        let ours = errors(der, baseline, as_of);
        // What it cannot read it judges no further.
        let unread = |code: &str| code == "itu.invalid_asn1_syntax" || code == "base.unhandled_exception";
        if verdict.failed.is_some() || theirs.iter().any(|(code, _)| unread(code)) {
            let said: Vec<&String> = verdict.failed.iter().chain(theirs.iter().map(|(_, said)| said)).collect();
            let explained = UNREAD.iter().any(|(part, _)| said.iter().any(|said| said.contains(part)));
            if ours.is_empty() && !explained {
                told.push(format!("{name}, {rules}: pkilint cannot read it ({:?} {theirs:?}), and we find nothing", verdict.failed));
            }
            continue;
        }
        let is_covered = |code: &str| covering(code).is_some_and(|lints| lints.iter().any(|lint| ours.contains(lint)));
        let (covered, uncovered): (Vec<_>, Vec<_>) = theirs.iter().partition(|(code, _)| is_covered(code));
        for (code, message) in uncovered.iter().filter(|(code, message)| !is_theirs(code, message)) {
            let named = if covering(code).is_some() { "is not told" } else { "has no lint named for it" };
            told.push(format!("{name}, {rules}: {code} ({message}) {named}; ours: {ours:?}"));
        }
        if covered.is_empty() {
            for alone in ours.iter().filter(|id| !OURS.contains(id)) {
                told.push(format!("{name}, {rules}: {alone} is told of what pkilint passes"));
            }
        }
    }
    told
}

fn assert_agreement(certificates: &Named, day: Option<&str>) {
    let ders: Vec<Vec<u8>> = certificates.iter().map(|(_, der)| der.clone()).collect();
    let as_of = day.map(|day| format!("{day}T00:00:00Z").parse().unwrap());
    let mut told = Vec::new();
    for ((name, der), verdict) in certificates.iter().zip(pkilint(&ders, day)) {
        told.extend(disagreements(name, der, &verdict, as_of));
    }
    assert!(told.is_empty(), "{} of {} certificates:\n{}", told.len(), certificates.len(), told.join("\n"));
}

fn made(case: &Case) -> Vec<u8> {
    let mut made = (case.sound)();
    (case.spoil)(&mut made);
    made.der()
}

/// Sound certificates, and those with one fault of the tables.
fn with_one_fault() -> Named {
    let sound = SOUND.iter().map(|sound| (sound.name.to_owned(), (sound.make)().der()));
    sound.chain(cases::all().map(|case| (case.lint.to_owned(), made(case)))).collect()
}

/// Certificates with two or three faults, of the same sound one.
fn with_several_faults(count: usize) -> Named {
    let all: Vec<&Case> = cases::all().filter(|case| !case.lint.starts_with("x509-")).collect();
    let mut numbers = Numbers(0x5eed);
    let mut certificates = Vec::new();
    while certificates.len() < count {
        let first = all[numbers.below(all.len())];
        let alike: Vec<&&Case> = all.iter().filter(|case| std::ptr::fn_addr_eq(case.sound, first.sound)).collect();
        let mut spoiled = (first.sound)();
        let chosen: Vec<&Case> = (0..1 + numbers.below(2)).map(|_| *alike[numbers.below(alike.len())]).chain([first]).collect();
        // One fault may take away what the next would change.
        let applied = panic::catch_unwind(AssertUnwindSafe(|| chosen.iter().for_each(|case| (case.spoil)(&mut spoiled))));
        if applied.is_ok() {
            let names: Vec<&str> = chosen.iter().map(|case| case.lint).collect();
            certificates.push((names.join(" + "), spoiled.der()));
        }
    }
    certificates
}

/// Sound certificates with a byte changed anywhere before the signature.
fn with_changed_bytes(count: usize) -> Named {
    let mut numbers = Numbers(0xb17e);
    (0..count)
        .map(|_| {
            let Sound { name, make } = &SOUND[numbers.below(SOUND.len())];
            let mut der = make().der();
            let at = 4 + numbers.below(der.len() - 4 - 75);
            let bit = 1 << numbers.below(8);
            der[at] ^= bit;
            (format!("{name} with bit {bit:#04x} of byte {at} changed"), der)
        })
        .collect()
}

#[test]
fn single_faults_are_judged_as_pkilint_judges_them() {
    assert_agreement(&with_one_fault(), None);
}

#[test]
fn several_faults_are_judged_as_pkilint_judges_them() {
    assert_agreement(&with_several_faults(if soak() { 5000 } else { 300 }), Some("2026-06-15"));
}

#[test]
fn changed_bytes_are_judged_as_pkilint_judges_them() {
    assert_agreement(&with_changed_bytes(if soak() { 5000 } else { 300 }), Some("2026-06-15"));
}

#[test]
fn trusted_roots_are_judged_as_pkilint_judges_them() {
    let mut python = command(venv_program("python"));
    python.args(["-c", "import certifi; print(certifi.where())"]);
    let certifi = String::from_utf8(run(python, b"").stdout).unwrap();
    let places = ["/etc/ssl/certs/ca-certificates.crt", certifi.trim()];
    let mut certificates = Named::new();
    for place in places {
        let text = fs::read_to_string(place).unwrap();
        let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1).map(|block| block.split("-----END").next().unwrap());
        for block in blocks {
            let der = STANDARD.decode(block.split_whitespace().collect::<String>()).unwrap();
            let name = lint::summary(&der).expect("a trusted root can be read").subject;
            certificates.push((format!("{place}: {name}"), der));
        }
    }
    certificates.sort_by(|one, other| one.1.cmp(&other.1));
    certificates.dedup_by(|one, other| one.1 == other.1);
    assert!(certificates.len() > 100, "{}", certificates.len());
    assert_agreement(&certificates, Some("2026-11-01"));
}

#[test]
fn every_lint_that_stands_for_a_code_exists() {
    let ids: Vec<&str> = lint::lints().map(|lint| lint.id).collect();
    for id in codes::COVERS.iter().flat_map(|(_, lints)| *lints).chain(OURS) {
        assert!(ids.contains(id), "{id} is no lint");
    }
}

fn soak() -> bool {
    std::env::var_os("MENAGERIE_SOAK").is_some()
}
