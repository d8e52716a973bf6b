//! The table of all lints, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::definition::{Family, Kind, Lint, Severity};

/// A lint as reports name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintRow {
    /// Its name, which stays.
    pub lint: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Which rules it belongs to.
    pub family: Family,
    /// Where it stands.
    pub source: String,
    /// What it asks for.
    pub says: &'static str,
    /// The kinds of certificates that are held to it.
    pub kinds: Vec<Kind>,
    /// The first day on which it holds, where it has not held always.
    pub since: Option<String>,
    /// The first day on which it holds no more.
    pub until: Option<String>,
}

impl From<&Lint> for LintRow {
    fn from(lint: &Lint) -> Self {
        let kinds = [Kind::Root, Kind::Intermediate, Kind::OcspResponder, Kind::Leaf];
        Self {
            lint: lint.id,
            severity: lint.severity,
            family: lint.family,
            source: lint.source.to_string(),
            says: lint.says,
            kinds: kinds.into_iter().filter(|kind| lint.applies_to(*kind)).collect(),
            since: lint.since.map(|day| day.to_string()),
            until: lint.until.map(|day| day.to_string()),
        }
    }
}

/// Every lint's row, in the order in which findings come.
#[must_use]
pub fn rows() -> Vec<LintRow> {
    super::lints().map(LintRow::from).collect()
}

/// The table in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| Lint | Severity | Asks | Source | Certificates | Holds |\n| --- | --- | --- | --- | --- | --- |\n");
    for row in rows() {
        let kinds: Vec<String> = row.kinds.iter().map(Kind::to_string).collect();
        let kinds = if kinds.len() == 4 { "all".to_owned() } else { kinds.join(", ") };
        let holds = match (&row.since, &row.until) {
            (None, None) => "always".to_owned(),
            (Some(since), None) => format!("from {since}"),
            (None, Some(until)) => format!("before {until}"),
            (Some(since), Some(until)) => format!("from {since}, before {until}"),
        };
        let family = if row.family == Family::Baseline { " (baseline)" } else { "" };
        let _ = writeln!(text, "| `{}` | {}{family} | {} | {} | {kinds} | {holds} |", row.lint, row.severity, row.says, row.source);
    }
    text
}
