//! `pkilint`, DigiCert's linter: what others say of a certificate. One process holds any number of them against RFC 5280 and the
//! CA/Browser Forum's Baseline Requirements.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;

use crate::process::command;
use crate::venv_program;

const PROGRAM: &str = include_str!("pkilint.py");
/// It takes some ten milliseconds for a certificate, and some seconds to begin.
const LIMIT: Duration = Duration::from_secs(120);

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

/// A `pkilint` that is running. It ends with this.
#[derive(Debug)]
pub struct Pkilint {
    child: Child,
    questions: ChildStdin,
    answers: Receiver<String>,
}

impl Pkilint {
    /// Starts it. The Baseline Requirements are those of `day` (`2026-11-01`), or else of the start of each certificate's validity.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(day: Option<&str>) -> Self {
        let mut python = command(venv_program("python"));
        python.args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().expect("python starts");
        let mut questions = child.stdin.take().expect("it is piped");
        questions.write_all(format!("{}\n", day.unwrap_or("-")).as_bytes()).expect("it reads");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (tell, answers) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, questions, answers }
    }

    /// Holds a certificate in DER against its rules.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn verdict(&mut self, der: &[u8]) -> PkilintVerdict {
        let mut line: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
        line.push('\n');
        self.questions.write_all(line.as_bytes()).expect("it reads");
        let answer = self.answers.recv_timeout(LIMIT).expect("pkilint answers");
        verdict(&serde_json::from_str(&answer).expect("a verdict is JSON"))
    }
}

impl Drop for Pkilint {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Holds certificates in DER against `pkilint`'s rules, as [`Pkilint`] does. There is a verdict for each, in the same order.
///
/// # Panics
/// When the program does not answer for each.
#[must_use]
pub fn pkilint(certificates: &[Vec<u8>], day: Option<&str>) -> Vec<PkilintVerdict> {
    let mut running = Pkilint::start(day);
    certificates.iter().map(|der| running.verdict(der)).collect()
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
