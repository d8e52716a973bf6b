//! `lemur lint`: certificates held against the rules.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use menagerie_report::{self as report, Exit};
use serde::Serialize;

use crate::cli::{LintArgs, LintFormat, LintProfile};
use crate::lint::{self, Claims, Finding, LintRow, Severity, Summary};

/// The most bytes that are read of a file.
const MAX_FILE: u64 = 64 * 1024 * 1024;

pub(super) fn run(options: &LintArgs) -> anyhow::Result<Exit> {
    if options.list {
        return list(options.format);
    }
    let compromised = options.compromised.as_deref().map(hashes).transpose()?;
    let as_of = options.as_of.map(|day| day.to_zoned(TimeZone::UTC)).transpose().context("the day is out of range")?;
    let claims = Claims {
        baseline: options.profile == LintProfile::Baseline,
        as_of: as_of.map(|day| day.timestamp()),
        compromised: compromised.as_ref(),
        foreign_key: true,
        ..Claims::default()
    };
    let mut done = Done {
        schema: "lemur.lint/1",
        tool_version: env!("CARGO_PKG_VERSION"),
        profile: options.profile.name(),
        as_of: options.as_of.map(|day| day.to_string()),
        certificates: Vec::new(),
        errors: Vec::new(),
    };
    for file in &options.files {
        let source = file.display().to_string();
        match read(file).and_then(|bytes| blocks(&bytes)) {
            Ok(blocks) => {
                for (position, block) in blocks.into_iter().enumerate() {
                    match block {
                        Ok(der) => done.certificates.push(Linted::new(&source, position + 1, &der, &claims, options.severity.into())),
                        Err(reason) => done.errors.push(Failed { source: format!("{source}, certificate {}", position + 1), reason }),
                    }
                }
            }
            Err(error) => done.errors.push(Failed { source, reason: format!("{error:#}") }),
        }
    }
    match options.format {
        LintFormat::Human => done.print()?,
        LintFormat::Json => report::json(&done)?,
    }
    Ok(done.exit())
}

fn list(format: LintFormat) -> anyhow::Result<Exit> {
    match format {
        LintFormat::Human => report::data(lint::markdown())?,
        LintFormat::Json => {
            let lints = lint::rows();
            report::json(&Listed { schema: "lemur.lints/1", tool_version: env!("CARGO_PKG_VERSION"), lints })?;
        }
    }
    Ok(Exit::Fine)
}

/// What `--list --format json` prints.
#[derive(Debug, Serialize)]
struct Listed {
    schema: &'static str,
    tool_version: &'static str,
    lints: Vec<LintRow>,
}

/// What `--format json` prints.
#[derive(Debug, Serialize)]
struct Done {
    schema: &'static str,
    tool_version: &'static str,
    profile: &'static str,
    as_of: Option<String>,
    certificates: Vec<Linted>,
    errors: Vec<Failed>,
}

/// A certificate and what was found in it.
#[derive(Debug, Serialize)]
struct Linted {
    source: String,
    position: usize,
    sha256: String,
    #[serde(flatten)]
    summary: Option<Summary>,
    findings: Vec<Found>,
}

#[derive(Debug, Serialize)]
struct Found {
    lint: &'static str,
    severity: Severity,
    detail: String,
    source: String,
}

#[derive(Debug, Serialize)]
struct Failed {
    source: String,
    reason: String,
}

impl Linted {
    fn new(source: &str, position: usize, der: &[u8], claims: &Claims<'_>, least: Severity) -> Self {
        let found = |finding: Finding| Found {
            lint: finding.lint.id,
            severity: finding.lint.severity,
            source: finding.lint.source.to_string(),
            detail: finding.detail,
        };
        let findings = lint::check(der, claims).into_iter().filter(|finding| finding.lint.severity >= least).map(found).collect();
        Self { source: source.to_owned(), position, sha256: hex::encode(digest(&SHA256, der)), summary: lint::summary(der), findings }
    }

    /// What people know it by.
    fn name(&self) -> &str {
        match &self.summary {
            Some(summary) if !summary.subject.is_empty() => &summary.subject,
            Some(_) => "a certificate without a subject name",
            None => "not a certificate",
        }
    }
}

impl Done {
    fn exit(&self) -> Exit {
        if !self.errors.is_empty() {
            Exit::Incomplete
        } else if self.certificates.iter().any(|certificate| !certificate.findings.is_empty()) {
            Exit::Found
        } else {
            Exit::Fine
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        let mut text = String::new();
        for certificate in self.certificates.iter().filter(|certificate| !certificate.findings.is_empty()) {
            let source = report::shown(&certificate.source);
            writeln!(text, "{source}, certificate {}: {}", certificate.position, report::shown(certificate.name()))?;
            for found in &certificate.findings {
                writeln!(text, "  {} {}: {} ({})", found.severity, found.lint, report::shown(&found.detail), found.source)?;
            }
        }
        let findings: usize = self.certificates.iter().map(|certificate| certificate.findings.len()).sum();
        let certificates = report::count(self.certificates.len(), "certificate", "certificates");
        writeln!(text, "{certificates}, {}", report::count(findings, "finding", "findings"))?;
        report::data(text)?;
        for failed in &self.errors {
            report::error(format_args!("{}: {}", report::shown(&failed.source), report::shown(&failed.reason)));
        }
        Ok(())
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut input: Box<dyn Read> = if file == Path::new("-") { Box::new(io::stdin().lock()) } else { Box::new(File::open(file)?) };
    input.by_ref().take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        bail!("it is larger than {MAX_FILE} bytes");
    }
    Ok(bytes)
}

const BEGIN: &[u8] = b"-----BEGIN ";
const LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// The certificates in a file: DER as a whole, or the blocks of a PEM file; a block that is no Base64 has a reason instead.
fn blocks(bytes: &[u8]) -> anyhow::Result<Vec<Result<Vec<u8>, String>>> {
    if bytes.first() == Some(&0x30) {
        return Ok(vec![Ok(bytes.to_vec())]);
    }
    let mut found = Vec::new();
    let mut open: Option<(String, Vec<u8>)> = None;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(b"-----")) {
            if open.is_some() {
                found.push(Err("it has no end".to_owned()));
            }
            let label = String::from_utf8_lossy(label).into_owned();
            open = LABELS.contains(&&*label).then(|| (label, Vec::new()));
        } else if let Some((label, text)) = &mut open {
            if line == format!("-----END {label}-----").as_bytes() {
                found.push(STANDARD.decode(text).map_err(|error| format!("it is no Base64: {error}")));
                open = None;
            } else {
                text.extend_from_slice(line);
            }
        }
    }
    if open.is_some() {
        found.push(Err("it has no end".to_owned()));
    }
    if found.is_empty() {
        bail!("there is no certificate in it, neither as PEM nor as DER");
    }
    Ok(found)
}

/// Digests in hexadecimal, one a line; empty lines and those that start with `#` do not count.
pub(super) fn hashes(file: &Path) -> anyhow::Result<HashSet<[u8; 32]>> {
    let bytes = read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is no text", file.display()))?;
    let lines =
        text.lines().enumerate().map(|(number, line)| (number, line.trim())).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let mut hash = [0; 32];
            hex::decode_to_slice(line, &mut hash)
                .with_context(|| format!("line {} of {} is no SHA-256 digest in hexadecimal", number + 1, file.display()))?;
            Ok(hash)
        })
        .collect()
}
