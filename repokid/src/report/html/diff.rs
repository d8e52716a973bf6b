//! What differs between two texts of a policy, line by line.

use maud::{Markup, html as markup};
use menagerie_report::shown;
use similar::{ChangeTag, TextDiff};

use super::super::files::pretty;

/// The most lines of one comparison.
const LINES: usize = 600;
/// The most characters of a line.
const WIDTH: usize = 2_000;

/// The lines around what differs between a document and those that take its place.
pub(super) fn between<'a>(before: &str, after: impl Iterator<Item = &'a str>) -> Markup {
    let before = pretty(before);
    let after: String = after.map(pretty).collect();
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let groups = diff.grouped_ops(3);
    let mut written = 0;
    markup! {
        div.diff role="table" {
            @for (number, group) in groups.iter().enumerate() {
                @if number > 0 && written < LINES { div.line.gap { "⋯" } }
                @for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                    ({ written += 1; "" })
                    @if written <= LINES { (line(change.tag(), change.value())) }
                }
            }
            @if written > LINES { div.line.gap { "and " (written - LINES) " more lines" } }
        }
    }
}

fn line(tag: ChangeTag, text: &str) -> Markup {
    let (class, sign) = match tag {
        ChangeTag::Delete => ("gone", "−"),
        ChangeTag::Insert => ("new", "+"),
        ChangeTag::Equal => ("same", " "),
    };
    let text = text.trim_end_matches(['\n', '\r']);
    let cut = text.char_indices().nth(WIDTH).map(|(at, _)| at);
    let text = cut.map_or(text, |at| &text[..at]);
    markup! { div.line.(class) { span.sign { (sign) } span.text { (shown(text)) @if cut.is_some() { " …" } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_and_comes_is_marked() {
        let page = between(r#"{"Statement":[{"Action":"s3:*"}]}"#, [r#"{"Statement":[{"Action":"s3:Get<b>"}]}"#].into_iter()).into_string();
        assert!(page.contains("line gone") && page.contains("line new"));
        assert!(page.contains("s3:Get&lt;b&gt;") && !page.contains("<b>"));
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = "x\n".repeat(5_000);
        let page = between(&long, std::iter::empty()).into_string();
        assert_eq!(page.matches("line gone").count(), LINES);
        assert!(page.contains("and 4400 more lines"));
    }
}
