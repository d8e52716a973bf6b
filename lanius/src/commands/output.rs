//! Where a report goes: standard output, or a file in one step.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use menagerie_report as output;

use crate::cli::Format;
use crate::report::{self, Run, Shown};
use crate::scan::Engine;

/// How many sources that were left out are named.
const LEFT_OUT: usize = 5;

/// What is told, and how.
pub(super) struct Telling<'a> {
    pub(super) format: Format,
    pub(super) shown: Shown,
    /// What was scanned.
    pub(super) subject: String,
    /// The file, or standard output.
    pub(super) to: Option<&'a Path>,
}

/// The time that reports are reckoned from: `SOURCE_DATE_EPOCH`, by which builds are made reproducible, or the clock's.
pub(super) fn now() -> Timestamp {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| Timestamp::from_second(seconds.trim().parse().ok()?).ok());
    fixed.unwrap_or_else(Timestamp::now)
}

/// What was scanned, for people.
pub(super) fn subject(paths: &[PathBuf], repositories: &[PathBuf]) -> String {
    let name = |path: &PathBuf| match path.as_os_str() {
        name if name == "-" => "standard input".to_owned(),
        name if name == "." => std::env::current_dir().map_or_else(|_| ".".to_owned(), |folder| folder.display().to_string()),
        _ => without_password(&path.to_string_lossy()),
    };
    let names: Vec<_> = paths.iter().map(name).chain(repositories.iter().map(|path| format!("history of {}", name(path)))).collect();
    names.join(", ")
}

/// An address without user, password and options; a path as it is.
fn without_password(name: &str) -> String {
    let Some((scheme, rest)) = name.split_once("://") else { return name.to_owned() };
    let (rest, _) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
    format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
}

/// Writes the report, and for people what else they should know.
pub(super) fn write(run: &Run, engine: &Engine, telling: &Telling<'_>) -> anyhow::Result<()> {
    let shown = telling.shown;
    let document = || report::document(run, engine, shown, &telling.subject);
    let text = match telling.format {
        Format::Human => report::human(run, engine, shown),
        Format::Json => output::json_text(&report::json(run, engine, shown))?,
        Format::Jsonl => report::jsonl(run, engine, shown),
        Format::Sarif => output::json_text(&output::sarif(&document()))?,
        Format::Html => output::html(&document()),
        Format::Csv => output::csv(&document()),
    };
    match telling.to {
        // The styles of the form for people are for terminals.
        Some(file) if telling.format == Format::Human => save(file, &output::unstyled(&text))?,
        Some(file) => save(file, &text)?,
        None if telling.format == Format::Human => output::data(text)?,
        None => output::verbatim(&text)?,
    }
    for (entry, reason) in run.ledger.errors() {
        output::error(format_args!("{}: {}", output::shown(&entry.source), output::shown(reason)));
    }
    if run.ledger.is_of_nothing() {
        output::error("nothing was scanned: all that there is was left out");
        for (entry, reason) in run.ledger.skipped().take(LEFT_OUT) {
            output::hint(format_args!("{}: {}", output::shown(&entry.source), output::shown(reason)));
        }
    }
    if telling.format != Format::Human || telling.to.is_some() {
        let places: usize = run.findings.iter().map(|finding| finding.places.len()).sum();
        output::note(format_args!(
            "findings: {}, places: {places}; sources: {}, bytes: {}; findings below the level: {}, places not reported: {}",
            run.findings.len(),
            run.ledger.scanned,
            run.ledger.bytes,
            run.below,
            run.applied.suppressed.len()
        ));
    }
    Ok(())
}

fn save(file: &Path, text: &str) -> anyhow::Result<()> {
    output::replace(file, text.as_bytes()).with_context(|| format!("the report cannot be written to {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_password() {
        assert_eq!(without_password("postgres://app:p@ss@db.test/main?password=x"), "postgres://db.test/main");
        assert_eq!(without_password("src/a@b?"), "src/a@b?");
    }
}
