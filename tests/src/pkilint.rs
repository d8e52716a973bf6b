//! `pkilint`, DigiCert's linter: what others say of a certificate. One process holds any number of them against RFC 5280 and the
//! CA/Browser Forum's Baseline Requirements.

use std::time::Duration;

use serde_json::Value;

use crate::process::{command, run_within};
use crate::venv_program;

const PROGRAM: &str = include_str!("pkilint.py");
/// It takes some ten milliseconds for a certificate.
const LIMIT: Duration = Duration::from_secs(1800);

/// What `pkilint` says of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PkilintVerdict {
    /// What sort of certificate it takes it for, in its own words: `DV-FINAL-CERTIFICATE`.
    pub kind: String,
    /// Errors by RFC 5280: a code, and what is said besides.
    pub pkix: Vec<(String, String)>,
    /// Errors by RFC 5280 and the Baseline Requirements.
    pub baseline: Vec<(String, String)>,
    /// Why it could not judge it, where it could not.
    pub failed: Option<String>,
}

/// Holds certificates in DER against `pkilint`'s rules, the Baseline Requirements by those of `day` (`2026-11-01`) or else of the start of
/// each certificate's validity. There is a verdict for each, in the same order.
///
/// # Panics
/// When the program does not answer for each.
#[must_use]
pub fn pkilint(certificates: &[Vec<u8>], day: Option<&str>) -> Vec<PkilintVerdict> {
    let mut text = format!("{}\n", day.unwrap_or("-"));
    for certificate in certificates {
        certificate.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
        text.push('\n');
    }
    let mut python = command(venv_program("python"));
    python.args(["-c", PROGRAM]);
    let output = run_within(LIMIT, python, text.as_bytes());
    let answers = String::from_utf8(output.stdout).expect("its answers are text");
    let verdicts: Vec<PkilintVerdict> =
        answers.lines().map(|line| verdict(&serde_json::from_str(line).expect("a verdict is JSON"))).collect();
    assert_eq!(verdicts.len(), certificates.len(), "pkilint did not answer for each certificate");
    verdicts
}

fn verdict(value: &Value) -> PkilintVerdict {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = |name: &str| {
        let found = value[name].as_array().cloned().unwrap_or_default();
        found.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
    };
    PkilintVerdict {
        kind: text(&value["kind"]),
        pkix: errors("pkix"),
        baseline: errors("baseline"),
        failed: value["failed"].as_str().map(str::to_owned),
    }
}
