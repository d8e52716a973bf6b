//! What differs between two texts of a policy, line by line.

use maud::{Markup, html as markup};
use menagerie_report::shown;
use similar::{Change, ChangeTag, TextDiff};

use super::super::files::pretty;

/// The most lines that go, or come, one after another that are shown, and how many of the rest.
const GONE: usize = 30;
const NEW: usize = 400;
const TAIL: usize = 5;
/// The most characters of a line.
const WIDTH: usize = 2_000;

/// The lines around what differs between a document and those that take its place.
pub(super) fn between<'a>(before: &str, after: impl Iterator<Item = &'a str>) -> Markup {
    let before = pretty(before);
    let after: String = after.map(pretty).collect();
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    markup! {
        div.diff {
            @for (number, group) in diff.grouped_ops(3).iter().enumerate() {
                @if number > 0 { i { "⋯" } }
                @for op in group {
                    @let changes: Vec<_> = diff.iter_changes(op).collect();
                    @for run in changes.chunk_by(|left, right| left.tag() == right.tag()) { (self::run(run)) }
                }
            }
        }
    }
}

/// Lines that are alike; of many, the first and the last.
fn run(lines: &[Change<&str>]) -> Markup {
    let most = if lines[0].tag() == ChangeTag::Insert { NEW } else { GONE };
    let (head, rest) = lines.split_at(lines.len().min(most));
    let (hidden, tail) = rest.split_at(rest.len().saturating_sub(TAIL));
    markup! {
        @for change in head { (line(change.tag(), change.value())) }
        @if !hidden.is_empty() { i { "⋯ " (hidden.len()) " more such lines" } }
        @for change in tail { (line(change.tag(), change.value())) }
    }
}

fn line(tag: ChangeTag, text: &str) -> Markup {
    let text = text.trim_end_matches(['\n', '\r']);
    let cut = text.char_indices().nth(WIDTH).map(|(at, _)| at);
    let cut = cut.map_or(shown(text), |at| format!("{} …", shown(&text[..at])).into());
    match tag {
        ChangeTag::Delete => markup! { del { (cut) } },
        ChangeTag::Insert => markup! { ins { (cut) } },
        ChangeTag::Equal => markup! { span { (cut) } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_and_comes_is_marked() {
        let page = between(r#"{"Statement":[{"Action":"s3:*"}]}"#, [r#"{"Statement":[{"Action":"s3:Get<b>"}]}"#].into_iter()).into_string();
        assert!(page.contains("<del>") && page.contains("<ins>"));
        assert!(page.contains("s3:Get&lt;b&gt;") && !page.contains("<b>"));
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = "x\n".repeat(5_000);
        let page = between(&long, std::iter::empty()).into_string();
        assert_eq!(page.matches("<del>").count(), GONE + TAIL);
        assert!(page.contains("4965 more such lines"));
    }
}
