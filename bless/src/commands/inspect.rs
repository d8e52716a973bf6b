//! `bless inspect`: what a certificate says.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use menagerie_report::{Exit, shown};

use crate::certificate::{self, CertificateReport, Report, SourceError};
use crate::cli::{Format, Inspect};

/// The most bytes of a file: room for a few thousand certificates.
const MAX_FILE: u64 = 16 << 20;

/// Shows every certificate of every file. A file that cannot be read is reported, and the rest shown.
///
/// # Errors
/// A stdout that fails.
pub fn run(args: &Inspect) -> anyhow::Result<Exit> {
    let mut report = Report::new();
    let mut text = String::new();
    for path in &args.files {
        let source = path.to_string_lossy();
        match read(path) {
            Ok(content) => {
                let shown = report.certificates.len();
                let mut errors = Vec::new();
                for (number, line) in lines(&content) {
                    let source = if number == 0 { source.clone().into_owned() } else { format!("{source}:{number}") };
                    if let Err(reason) = show(&source, line, &mut text, &mut report) {
                        errors.push(SourceError { source, reason });
                    }
                }
                if errors.len() > 1 && report.certificates.len() == shown {
                    let reason = format!("holds no certificate in its {} lines; the first: {}", errors.len(), errors[0].reason);
                    errors = vec![SourceError { source: source.into_owned(), reason }];
                }
                report.errors.append(&mut errors);
            }
            Err(error) => report.errors.push(SourceError { source: source.into_owned(), reason: format!("{error:#}") }),
        }
    }
    match args.format {
        Format::Human => {
            menagerie_report::data(&text)?;
            for error in &report.errors {
                menagerie_report::error(format_args!("{}: {}", shown(&error.source), shown(&error.reason)));
            }
        }
        Format::Json => menagerie_report::data(format_args!("{}\n", report.to_json()))?,
    }
    Ok(if report.errors.is_empty() { Exit::Fine } else { Exit::Incomplete })
}

fn show(source: &str, line: &str, text: &mut String, report: &mut Report) -> Result<(), String> {
    let answered = answered(line);
    let line = answered.as_deref().unwrap_or(line);
    let blob = certificate::blob_of(line.as_bytes()).map_err(|error| error.to_string())?;
    let certificate = certificate::read(&blob).map_err(|error| error.to_string())?;
    text.push_str(&shown(source));
    text.push_str(":\n");
    text.push_str(&certificate::inspect(&certificate, &TimeZone::system()));
    report.certificates.push(CertificateReport::new(source, &certificate));
    Ok(())
}

/// The certificate in an answer of the service's, `{"certificate": "…"}`.
fn answered(line: &str) -> Option<String> {
    let mut answer: serde_json::Value = line.starts_with('{').then(|| serde_json::from_str(line).ok())??;
    match answer["certificate"].take() {
        serde_json::Value::String(line) => Some(line),
        _ => None,
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let reader: Box<dyn std::io::Read> =
        if path == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(path).context("cannot be opened")?) };
    reader.take(MAX_FILE + 1).read_to_end(&mut bytes).context("cannot be read")?;
    anyhow::ensure!(bytes.len() as u64 <= MAX_FILE, "is larger than {MAX_FILE} bytes");
    String::from_utf8(bytes)
        .map_err(|_| anyhow::anyhow!("is not text; a certificate file begins with its type, such as ssh-ed25519-cert-v01@openssh.com"))
}

/// The lines that hold something, numbered if there are several. Each is a certificate, or JSON as the service answers it.
fn lines(content: &str) -> Vec<(usize, &str)> {
    let lines: Vec<(usize, &str)> = content
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    match lines.as_slice() {
        [] => vec![(0, content.trim())],
        [(_, only)] => vec![(0, only)],
        _ => lines,
    }
}
