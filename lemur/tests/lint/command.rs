//! `lemur lint` as it is typed: what it reads, what it prints, how it ends; and the page that lists the lints.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lemur::lint;
use menagerie_tests::process::{Finished, command, run};
use menagerie_tests::{Namespace, venv_program};
use serde_json::Value;

use crate::made::{self, Made};

struct Bench {
    space: Namespace,
}

impl Bench {
    fn new() -> Self {
        Self { space: Namespace::new("lint") }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.space.path().join(name), bytes).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.with(arguments, b"")
    }

    fn with(&self, arguments: &[&str], input: &[u8]) -> Finished {
        let mut lemur = command(env!("CARGO_BIN_EXE_lemur"));
        lemur.current_dir(self.space.path()).arg("lint").args(arguments);
        run(lemur, input)
    }
}

fn out(finished: &Finished) -> String {
    String::from_utf8(finished.stdout.clone()).unwrap()
}

fn json(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

fn faulty() -> Made {
    let mut made = made::leaf();
    made.serial = vec![0];
    made.put(made::SAN, true, made::seq(&[made::dns("server.local")]));
    made
}

#[test]
fn nothing_found_is_zero_and_something_is_one() {
    let bench = Bench::new();
    bench.write("sound.der", made::leaf().der());
    bench.write("tbs.der", faulty().tbs());
    bench.write("chain.pem", format!("subject=x\n{}\n{}", pem(&made::leaf().der()), pem(&faulty().der())));
    let sound = bench.run(&["--profile", "baseline", "sound.der"]);
    assert_eq!((sound.status, &*out(&sound)), (Some(0), "1 certificate, 0 findings\n"), "{}", sound.stderr);
    let tbs = bench.run(&["--severity", "error", "tbs.der"]);
    assert_eq!(tbs.status, Some(1));
    assert!(out(&tbs).contains("error rfc5280-serial-positive: the serial number is zero (RFC 5280 4.1.2.2)"), "{}", out(&tbs));
    let chain = bench.run(&["--profile", "baseline", "chain.pem"]);
    assert_eq!(chain.status, Some(1));
    assert!(out(&chain).contains("chain.pem, certificate 2: a certificate without a subject name"), "{}", out(&chain));
    assert!(out(&chain).contains("br-san-internal-name") && !out(&chain).contains("certificate 1:"));
}

#[test]
fn what_cannot_be_read_is_two_and_the_rest_is_told() {
    let bench = Bench::new();
    bench.write("empty.pem", "nothing here");
    bench.write("cut.pem", pem(&made::leaf().der()).replace("-----END CERTIFICATE-----", ""));
    bench.write("odd.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    bench.write("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    bench.write("faulty.der", faulty().der());
    let all = bench.run(&["empty.pem", "cut.pem", "odd.pem", "key.pem", "missing.pem", "faulty.der"]);
    assert_eq!(all.status, Some(2));
    assert!(out(&all).contains("rfc5280-serial-positive"));
    for file in ["empty.pem", "cut.pem", "odd.pem", "key.pem", "missing.pem"] {
        assert!(all.stderr.contains(file), "{file} is not named in {}", all.stderr);
    }
    assert_eq!(bench.run(&[]).status, Some(2), "no file");
}

#[test]
fn bytes_that_are_no_certificate_are_a_finding() {
    let bench = Bench::new();
    bench.write("odd.der", b"\x30\x03\x02\x01\x01");
    let odd = bench.run(&["odd.der"]);
    assert_eq!(odd.status, Some(1));
    assert!(out(&odd).contains("odd.der, certificate 1: not a certificate") && out(&odd).contains("x509-malformed"), "{}", out(&odd));
}

#[test]
fn the_day_picks_the_rules() {
    let bench = Bench::new();
    let mut made = made::leaf();
    made.valid("260601000000Z", "261118235959Z");
    let input = pem(&made.der());
    let on = |day: &str| bench.with(&["--profile", "baseline", "--severity", "error", "--as-of", day, "-"], input.as_bytes()).status;
    assert_eq!([on("2026-06-01"), on("2027-03-14"), on("2027-03-15")], [Some(0), Some(0), Some(1)]);
    assert_eq!(on("yesterday"), Some(2));
}

#[test]
fn keys_that_others_know_are_told() {
    let bench = Bench::new();
    bench.write("leaf.der", made::leaf().der());
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &made::leaf().key);
    bench.write("known.txt", format!("# keys\n\n{}\n", hex::encode(hash)));
    bench.write("bad.txt", "abc\n");
    let known = bench.run(&["--severity", "error", "--compromised", "known.txt", "leaf.der"]);
    assert_eq!(known.status, Some(1));
    assert!(out(&known).contains("key-compromised"));
    let bad = bench.run(&["--compromised", "bad.txt", "leaf.der"]);
    assert_eq!(bad.status, Some(2));
    assert!(bad.stderr.contains("line 1 of bad.txt"), "{}", bad.stderr);
}

#[test]
fn the_json_is_as_its_schema_says() {
    let bench = Bench::new();
    bench.write("all.pem", [made::root(), faulty(), made::responder()].iter().map(|made| pem(&made.der())).collect::<String>());
    bench.write("odd.der", b"\x30\x03\x02\x01\x01");
    let ran = bench.run(&["--format", "json", "--profile", "baseline", "--as-of", "2026-11-01", "all.pem", "odd.der", "missing.pem"]);
    assert_eq!(ran.status, Some(2));
    let value = json(&ran);
    assert_eq!(value["schema"], "lemur.lint/1");
    assert_eq!(value["as_of"], "2026-11-01");
    assert_eq!(value["certificates"].as_array().unwrap().len(), 4);
    assert_eq!(value["certificates"][0]["kind"], "root");
    assert_eq!(value["certificates"][0]["findings"], Value::Array(Vec::new()));
    assert_eq!(value["errors"][0]["source"], "missing.pem");
    assert_eq!(faults(&bench, &value), "");
    let mut wrong = value;
    wrong["certificates"][1]["findings"][0]["severity"] = "grave".into();
    assert_ne!(faults(&bench, &wrong), "", "the check checks");
}

/// What the committed schema has against a value.
fn faults(bench: &Bench, value: &Value) -> String {
    bench.write("value.json", value.to_string());
    let program = "import json, sys, jsonschema\n\
        schema, value = (json.load(open(path)) for path in sys.argv[1:])\n\
        print('\\n'.join(error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)), end='')";
    let mut python = command(venv_program("python"));
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/lint.json");
    python.current_dir(bench.space.path()).args(["-c", program]).arg(schema).arg("value.json");
    let ran = run(python, b"");
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn the_page_of_lints_is_the_table() {
    let bench = Bench::new();
    let listed = bench.run(&["--list"]);
    assert_eq!(listed.status, Some(0));
    assert_eq!(out(&listed), lint::markdown());
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lints.md")).unwrap();
    assert!(page.ends_with(&lint::markdown()), "docs/lints.md is not what `lemur lint --list` prints: replace its table");
    for (_, why) in crate::codes::UNREAD {
        assert!(page.contains(why), "docs/lints.md does not say that {why}");
    }
    for difference in crate::codes::THEIRS {
        assert!(page.contains(difference.why), "docs/lints.md does not say that {}", difference.why);
    }
    for lint in crate::codes::OURS {
        assert!(page.split("\n| Lint").next().unwrap().contains(&format!("`{lint}`")), "docs/lints.md does not name {lint} as ours alone");
    }
    let rows = json(&bench.run(&["--list", "--format", "json"]));
    assert_eq!(rows["lints"].as_array().unwrap().len(), lint::lints().count());
}
