//! Findings as CSV (RFC 4180), a line for each place. Spreadsheets run a cell that begins like a formula; such a cell gets an
//! apostrophe in front, which shows it as text (<https://owasp.org/www-community/attacks/CSV_Injection>). Control characters are written out
//! as [`crate::shown`] does it, since a table is looked at on terminals, too.

use std::borrow::Cow;

use crate::{Document, shown};

/// The columns.
const COLUMNS: [&str; 18] = [
    "code",
    "title",
    "severity",
    "confidence",
    "path",
    "line",
    "end_line",
    "column",
    "shown",
    "fingerprint",
    "commit",
    "author",
    "date",
    "last_commit",
    "last_date",
    "in_head",
    "facts",
    "reasons",
];

/// A report as CSV.
#[must_use]
pub fn csv(document: &Document<'_>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut row = |cells: [String; COLUMNS.len()]| {
        writer.write_record(cells.iter().map(|cell| harmless(cell).into_owned())).expect("memory takes rows of the same length");
    };
    row(COLUMNS.map(str::to_owned));
    for finding in document.findings.iter().map(|reported| &reported.finding) {
        let facts: Vec<_> = finding.facts.iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect();
        for place in &finding.locations {
            let (first, last) = place.history.as_ref().map(|(first, last, _)| (first, last)).unzip();
            let date = |time: Option<i64>| time.and_then(crate::date).unwrap_or_default();
            row([
                finding.code.clone(),
                finding.title.clone(),
                finding.severity.name().to_owned(),
                place.confidence.to_string(),
                place.asset.name.clone(),
                place.line.to_string(),
                place.end_line.to_string(),
                place.column.to_string(),
                place.excerpt.shown.clone(),
                place.fingerprint.clone(),
                first.map(|commit| commit.id.clone()).unwrap_or_default(),
                first.map(|commit| commit.author.clone()).unwrap_or_default(),
                date(first.map(|commit| commit.time)),
                last.map(|commit| commit.id.clone()).unwrap_or_default(),
                date(last.map(|commit| commit.time)),
                place.history.as_ref().map(|(_, _, in_head)| in_head.to_string()).unwrap_or_default(),
                facts.join("; "),
                finding.reasons.join("; "),
            ]);
        }
    }
    String::from_utf8(writer.into_inner().expect("memory is written without an error")).expect("cells are text")
}

/// A cell that no spreadsheet runs, and that drives no terminal.
fn harmless(cell: &str) -> Cow<'_, str> {
    let begins = cell.trim_start_matches([' ', '\u{feff}', '\u{a0}']);
    if begins.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        format!("'{}", shown(cell)).into()
    } else {
        shown(cell)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use crate::tests::document;

    #[test]
    fn no_cell_is_a_formula() {
        for hostile in ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", " =1", "\u{feff}=1", "|cmd", "\u{ff1d}1"] {
            assert!(harmless(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(harmless("src/main.rs"), "src/main.rs");
    }

    #[test]
    fn no_cell_drives_a_terminal() {
        assert_eq!(harmless("a\u{1b}[31m\u{202e}\n"), "a\\u{1b}[31m\\u{202e}\\u{a}");
        let text = csv(&document("x\u{1b}]0;y\u{7}\u{9b}\u{2067}", 1));
        assert!(!text.contains(|c: char| crate::is_hostile(c) && c != '\n'), "{text:?}");
    }

    #[test]
    fn every_row_can_be_read_back() {
        let hostile = "=HYPERLINK(\"http://x\",\"a\"),\"b\"";
        let text = csv(&document(hostile, 2));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(&rows[0][4], format!("'{hostile}"));
        assert_eq!(&rows[0][11], format!("'{hostile}"));
        assert_eq!(&rows[0][12], "2023-11-14T22:13:20Z");
    }
}
