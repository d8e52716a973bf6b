//! Where the editable parts of a document stand, and how new parts are laid out so that they look like their neighbours.

use super::canonical::quoted;
use super::json::{Node, Value};
use std::collections::HashMap;
use std::ops::Range;

/// Where the statements of a document stand.
#[derive(Debug, Clone)]
pub(super) struct PolicySpans {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) is_list: bool,
    pub(super) statements: Vec<Range<usize>>,
}

/// Where actions and resources stand in a statement, from its beginning.
#[derive(Debug, Clone)]
pub(super) struct StatementSpans {
    pub(super) actions: ListSpans,
    pub(super) resources: Option<ListSpans>,
}

/// Where a string or a list of strings stands.
#[derive(Debug, Clone)]
pub(super) struct ListSpans {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) items: Vec<Range<usize>>,
    pub(super) is_list: bool,
}

/// How a text is laid out.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// What begins a line, and how far a member is indented: `None` where all stands on one line.
    lines: Option<Lines>,
    /// Whether a space stands after colons and commas on a line.
    spaced: bool,
}

#[derive(Debug, Clone)]
struct Lines {
    newline: &'static str,
    /// Before the member's name.
    indent: String,
    /// By how much one level is further in than the one around it.
    unit: String,
}

impl Layout {
    /// The layout around a member of an object: `text` is the object's, or begins with it.
    pub(super) fn around(text: &str, object_end: usize, name: &Range<usize>, value: &Range<usize>) -> Self {
        let spaced = text[name.end..value.start].ends_with([' ', '\t', '\n']);
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let lines = indent_before(text, name.start).map(|indent| {
            let base = indent_before(text, object_end.saturating_sub(1)).unwrap_or_default();
            let unit = indent.strip_prefix(base).filter(|unit| !unit.is_empty()).unwrap_or("  ");
            Lines { newline, indent: indent.to_owned(), unit: unit.to_owned() }
        });
        Self { lines, spaced }
    }

    /// What stands between two items of a list on one line.
    const fn comma(&self) -> &'static str {
        if self.spaced { ", " } else { "," }
    }

    /// The beginning, the separator and the end of a list that is this member's value.
    pub(super) fn list(&self) -> (String, String, String) {
        match &self.lines {
            None => (String::new(), self.comma().to_owned(), String::new()),
            Some(Lines { newline, indent, unit }) => {
                let item = format!("{newline}{indent}{unit}");
                (item.clone(), format!(",{item}"), format!("{newline}{indent}"))
            }
        }
    }

    /// A value written in this layout, as an item of a list that is this member's value.
    pub(super) fn item(&self, source: &str, node: &Node<'_>) -> String {
        let mut out = String::new();
        self.write(source, node, 1, &mut out);
        out
    }

    fn write(&self, source: &str, node: &Node<'_>, depth: usize, out: &mut String) {
        let parts: Vec<(Option<&Range<usize>>, &Node<'_>)> = match &node.value {
            Value::List(nodes) => nodes.iter().map(|node| (None, node)).collect(),
            Value::Object(members) => members.iter().map(|member| (Some(&member.name_span), &member.node)).collect(),
            _ => return out.push_str(&source[node.span.clone()]),
        };
        let (open, close) = if matches!(node.value, Value::List(_)) { ('[', ']') } else { ('{', '}') };
        out.push(open);
        for (at, (name, part)) in parts.iter().enumerate() {
            if at > 0 {
                out.push_str(if self.lines.is_some() { "," } else { self.comma() });
            }
            self.line(depth + 1, out);
            if let Some(name) = name {
                out.push_str(&source[(*name).clone()]);
                out.push_str(if self.spaced { ": " } else { ":" });
            }
            self.write(source, part, depth + 1, out);
        }
        if !parts.is_empty() {
            self.line(depth, out);
        }
        out.push(close);
    }

    fn line(&self, depth: usize, out: &mut String) {
        if let Some(Lines { newline, indent, unit }) = &self.lines {
            out.push_str(newline);
            out.push_str(indent);
            out.push_str(&unit.repeat(depth));
        }
    }
}

/// The white space between the beginning of a line and a place on it; `None` where other text stands there, or no line begins.
fn indent_before(text: &str, at: usize) -> Option<&str> {
    let line = text[..at].rfind('\n')? + 1;
    let before = &text[line..at];
    before.bytes().all(|byte| byte == b' ' || byte == b'\t').then_some(before)
}

/// A new list of strings in the place and style of an old one. `old` are the old strings: those that stay are written as they were.
pub(super) fn strings<'a>(text: &str, spans: &ListSpans, old: impl Iterator<Item = &'a str>, new: &[String]) -> String {
    let places: HashMap<&str, &Range<usize>> = old.zip(&spans.items).collect();
    let raw = |string: &String| places.get(string.as_str()).map_or_else(|| quoted(string), |span| text[(*span).clone()].to_owned());
    let items: Vec<String> = new.iter().map(raw).collect();
    let layout = Layout::around(text, text.len(), &spans.name, &spans.value);
    let (head, separator, tail) = match spans.items.as_slice() {
        _ if !spans.is_list && items.len() == 1 => return items.concat(),
        [first, second, ..] => {
            let last = &spans.items[spans.items.len() - 1];
            let (head, tail) = (&text[spans.value.start + 1..first.start], &text[last.end..spans.value.end - 1]);
            (head.to_owned(), text[first.end..second.start].to_owned(), tail.to_owned())
        }
        [only] if spans.is_list => {
            let (head, tail) = (&text[spans.value.start + 1..only.start], &text[only.end..spans.value.end - 1]);
            let separator = if head.contains('\n') { format!(",{head}") } else { layout.comma().to_owned() };
            (head.to_owned(), separator, tail.to_owned())
        }
        _ => layout.list(),
    };
    format!("[{head}{}{tail}]", items.join(&separator))
}
