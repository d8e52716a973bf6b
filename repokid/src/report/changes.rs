//! The documents of a change, as a person reviews them.

use std::fmt::Write as _;

use menagerie_report::shown;

use super::files::pretty;
use crate::state::{Document, DocumentPlace};

/// What becomes of each document, with what differs.
#[must_use]
pub fn changes(documents: &[Document]) -> String {
    let mut text = String::new();
    for document in documents {
        let what = match (document.place, &document.before, &document.after) {
            (DocumentPlace::Attached, None, _) => "is attached",
            (DocumentPlace::Attached, Some(_), None) => "is detached",
            (_, None, Some(_)) => "is made",
            (_, Some(_), None) => "is deleted",
            _ => "is changed",
        };
        let _ = writeln!(text, "  {} policy {} {what}", document.place, shown(&document.policy));
        if document.place != DocumentPlace::Attached {
            let side = |side: &Option<String>| side.as_deref().map(pretty).unwrap_or_default();
            let (before, after) = (side(&document.before), side(&document.after));
            for line in similar::TextDiff::from_lines(&before, &after).unified_diff().to_string().lines() {
                let _ = writeln!(text, "    {}", shown(&line.replace('\t', "    ")));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_shown_line_by_line() {
        let document = |place, policy: &str, before: Option<&str>, after: Option<&str>| Document {
            place,
            policy: policy.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let documents = [
            document(DocumentPlace::Inline, "p", Some("{\"a\":[1,2]}"), Some("{\"a\":[1]}")),
            document(DocumentPlace::Inline, "q\u{1b}", Some("{}"), None),
            document(DocumentPlace::Attached, "arn:x", Some("{}"), None),
        ];
        let text = changes(&documents);
        for line in
            ["  inline policy p is changed", "    -    2", "  inline policy q\\u{1b} is deleted", "  attached policy arn:x is detached"]
        {
            assert!(text.lines().any(|found| found.starts_with(line)), "{line} is not in\n{text}");
        }
    }
}
