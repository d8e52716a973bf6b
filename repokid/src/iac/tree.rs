//! JSON and YAML as a tree that knows where everything stands. JSON is read as YAML, of which it is a part.

use std::ops::Range;

use saphyr_parser::{Event, Parser};

/// How deep a text may be nested.
const DEPTH: usize = 64;
/// How many nodes it may have.
const NODES: usize = 500_000;

/// A part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub span: Range<usize>,
    /// Its tag, such as `!Sub`: it is not to the letter then.
    pub tag: bool,
    pub value: Value,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// A reference to what stands elsewhere.
    Alias,
}

impl Node {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) if !self.tag => entries.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Its text, if it is one and to the letter.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) if !self.tag => Some(text),
            _ => None,
        }
    }

    /// Its elements; those of one that is no list are itself.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.value {
            Value::List(items) if !self.tag => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// Its keys and values.
    pub(super) fn entries(&self) -> &[(Self, Self)] {
        match &self.value {
            Value::Map(entries) if !self.tag => entries,
            _ => &[],
        }
    }
}

/// A list or map that is not complete yet.
struct Open {
    start: usize,
    tag: bool,
    map: bool,
    nodes: Vec<Node>,
}

/// The first document of a text; its places count from `offset`.
pub(super) fn tree(text: &str, offset: usize) -> Result<Node, String> {
    // The parser counts characters.
    let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    places.push(text.len());
    let place = |index: usize| places.get(index).copied().unwrap_or(text.len());
    let mut open: Vec<Open> = Vec::new();
    let mut count = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let (start, end) = (place(span.start.index()), place(span.end.index()));
        count += 1;
        if count > NODES {
            return Err(format!("it has more than {NODES} parts"));
        }
        let whole = |value, tag| Node { span: start..end, tag, value };
        let node = match event {
            Event::Scalar(text, _, _, tag) => whole(Value::Scalar(text.into_owned()), tag.is_some()),
            Event::Alias(_) => whole(Value::Alias, false),
            Event::SequenceStart(_, tag) | Event::MappingStart(_, tag) if open.len() >= DEPTH => {
                let _ = tag;
                return Err(format!("it is nested deeper than {DEPTH}"));
            }
            Event::SequenceStart(_, tag) => {
                open.push(Open { start, tag: tag.is_some(), map: false, nodes: Vec::new() });
                continue;
            }
            Event::MappingStart(_, tag) => {
                open.push(Open { start, tag: tag.is_some(), map: true, nodes: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(done) = open.pop() else { return Err("it ends what did not begin".to_owned()) };
                close(text, done, end)
            }
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.nodes.push(node),
            None => return Ok(shift(node, offset)),
        }
    }
    Err("there is nothing in it".to_owned())
}

/// A list or map that is complete. In block style it ends where its last part does, not where the next begins.
fn close(text: &str, done: Open, end: usize) -> Node {
    let is_flow = text[done.start..].starts_with(['[', '{']);
    let last = done.nodes.last().map(|node| node.span.end);
    let end = if is_flow { end } else { last.unwrap_or(done.start) };
    let value = if done.map {
        let mut nodes = done.nodes.into_iter();
        let mut entries = Vec::new();
        while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
            entries.push((key, value));
        }
        Value::Map(entries)
    } else {
        Value::List(done.nodes)
    };
    Node { span: done.start..end, tag: done.tag, value }
}

/// Bounded by [`DEPTH`].
fn shift(mut node: Node, offset: usize) -> Node {
    node.span = node.span.start + offset..node.span.end + offset;
    node.value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| shift(item, offset)).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (shift(key, offset), shift(value, offset))).collect()),
        other => other,
    };
    node
}
