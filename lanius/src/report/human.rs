//! For people, as compilers tell of errors: what and how bad, where with its line, what is known, why, what to do next; and a table
//! at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use menagerie_finding::Severity;
use menagerie_report::{age, count, date, shown as plain, size};

use super::told::{Told, tell, worst_first};
use super::{Run, Shown, advice};
use crate::scan::Engine;
use crate::triage::{Commit, Place};

/// How many places of a finding are listed.
const PLACES: usize = 5;
/// How much of a line is shown on each side of a secret, in characters.
const SIDE: usize = 56;
/// How many characters of a commit's name are shown.
const ABBREVIATED: usize = 10;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const MARK: Style = AnsiColor::Yellow.on_default().bold();
const NEXT: Style = AnsiColor::Cyan.on_default().bold();

const fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Blue.on_default(),
    }
}

/// The findings as text with colours, which the printer takes out where they are not wanted.
#[must_use]
pub fn human(run: &Run, engine: &Engine, shown: Shown) -> String {
    let told = worst_first(tell(run, engine, shown));
    let mut text = String::new();
    let mut advised = BTreeSet::new();
    for told in &told {
        // The advice for a service is given once.
        let definition = &told.rule.definition;
        let advice = advised.insert(if definition.service.is_empty() { &definition.id } else { &definition.service });
        finding(&mut text, told, shown, advice);
    }
    summary(&mut text, run, &told);
    text
}

fn finding(text: &mut String, told: &Told<'_>, shown: Shown, advise: bool) {
    let definition = &told.rule.definition;
    let severity = told.assessment.severity;
    let style = colour(severity);
    let _ = writeln!(
        text,
        "{style}{severity}{style:#}{BOLD}: {}{BOLD:#} {DIM}[{}]{DIM:#} {} % sure",
        plain(&definition.name),
        definition.id,
        told.finding.confidence()
    );
    if let Some(known) = &told.finding.known {
        let state = format!("{:?}", known.state).to_lowercase();
        let again = if known.reopened { ", reopened: it was dealt with and is here again" } else { "" };
        let _ = writeln!(text, "  {DIM}={DIM:#} {state} since {}{again}", known.first_seen.strftime("%F"));
    }
    for (number, place) in told.finding.places.iter().take(PLACES).enumerate() {
        let arrow = if number == 0 { "-->" } else { "and" };
        let _ = writeln!(text, "  {DIM}{arrow}{DIM:#} {}:{}:{}", plain(&place.path), place.line, place.column);
        if number == 0 {
            excerpt(text, place, &told.secret);
        }
        if let Some(lineage) = &place.lineage {
            let state = if lineage.in_head { format!("{MARK}still in HEAD{MARK:#}") } else { "no longer in HEAD".to_owned() };
            let _ = write!(text, "      since {}", commit(&lineage.first, shown));
            if lineage.last.id != lineage.first.id {
                let _ = write!(text, "; last in {}", commit(&lineage.last, shown));
            }
            let _ = writeln!(text, "; {state}");
        }
        if !place.encodings.is_empty() {
            let _ = writeln!(text, "      hidden by {}", place.encodings.join(", then "));
        }
    }
    if let Some(more) = told.finding.places.len().checked_sub(PLACES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  {DIM}and{DIM:#} {}", count(more, "more place", "more places"));
    }
    for fact in &told.assessment.facts {
        let _ = writeln!(text, "  {DIM}={DIM:#} {}: {}", plain(&fact.label()), plain(&fact.value));
    }
    if let Some(verification) = &told.finding.verification {
        let _ = writeln!(text, "  {DIM}= {}{DIM:#}: {}", verification.state.name(), plain(&verification.reason));
    }
    let reasons = told.finding.best().reasons.iter().map(AsRef::as_ref).chain(told.assessment.reasons.iter().map(String::as_str));
    let reasons: Vec<_> = reasons.collect();
    if !reasons.is_empty() {
        let _ = writeln!(text, "  {DIM}= because{DIM:#} {}", plain(&reasons.join("; ")));
    }
    let _ = writeln!(text, "  {DIM}= fingerprint{DIM:#} {}", told.finding.best().fingerprint);
    if advise {
        let _ = writeln!(text, "  {NEXT}= next:{NEXT:#} {}", advice::revoke(definition));
    }
    text.push('\n');
}

/// The line with the secret masked.
fn excerpt(text: &mut String, place: &Place, secret: &str) {
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let before = plain(place.before.trim_start());
    let before: String = before.chars().skip(before.chars().count().saturating_sub(SIDE)).collect();
    let after: String = plain(place.after.trim_end()).chars().take(SIDE).collect();
    let secret = plain(secret);
    let _ = writeln!(text, "   {DIM}{margin} |{DIM:#}");
    let _ = writeln!(text, "   {DIM}{number} |{DIM:#} {before}{MARK}{secret}{MARK:#}{after}");
    let _ = writeln!(text, "   {DIM}{margin} |{DIM:#}");
}

fn commit(commit: &Commit, shown: Shown) -> String {
    let id: String = commit.id.chars().take(ABBREVIATED).collect();
    let mut text = format!("{id} by {} <{}>", plain(&commit.author), plain(&commit.email));
    if let Some(date) = date(commit.time) {
        let _ = write!(text, " on {}", date.get(..10).unwrap_or(&date));
    }
    if let Some(age) = age(commit.time, shown.now) {
        let _ = write!(text, ", {age} ago");
    }
    text
}

fn summary(text: &mut String, run: &Run, told: &[Told<'_>]) {
    let mut rows: BTreeMap<(std::cmp::Reverse<Severity>, &str), (usize, usize)> = BTreeMap::new();
    for told in told {
        let row = rows.entry((std::cmp::Reverse(told.assessment.severity), told.rule.definition.id.as_str())).or_default();
        *row = (row.0 + 1, row.1 + told.finding.places.len());
    }
    if !rows.is_empty() {
        let _ = writeln!(text, "{BOLD}{:<8}  {:>8}  {:>6}  rule{BOLD:#}", "severity", "findings", "places");
    }
    for ((std::cmp::Reverse(severity), rule), (findings, places)) in &rows {
        let style = colour(*severity);
        let _ = writeln!(text, "{style}{severity:<8}{style:#}  {findings:>8}  {places:>6}  {rule}");
    }
    if !rows.is_empty() {
        text.push('\n');
    }
    let places: usize = run.findings.iter().map(|finding| finding.places.len()).sum();
    let found = match run.findings.len() {
        0 => "Nothing found".to_owned(),
        some => format!("{} at {}", count(some, "finding", "findings"), count(places, "place", "places")),
    };
    let _ = write!(text, "{BOLD}{found}{BOLD:#} in {} ({})", count(run.ledger.scanned, "source", "sources"), size(run.ledger.bytes));
    if run.below > 0 {
        let _ = write!(text, "; {} below the level, which `--confidence low` shows", run.below);
    }
    text.push('\n');
    if let Some(worst) = told.first() {
        let _ = writeln!(text, "{DIM}`lanius explain {}` says more of a rule.{DIM:#}", worst.rule.definition.id);
    }
}
