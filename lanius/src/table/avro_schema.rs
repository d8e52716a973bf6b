//! Avro schemas: parsed from JSON into nodes that name one another by number, so that a schema which holds itself needs no recursion here.

use std::collections::HashMap;

use serde_json::Value;

/// A schema.
#[derive(Debug)]
pub(super) struct Schema {
    nodes: Vec<(Kind, String)>,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number(Number),
    Float,
    Double,
    Bytes,
    Fixed(usize),
    Enum(Vec<String>),
    Union(Vec<usize>),
    Record(Vec<(String, usize)>),
    Array(usize),
    Map(usize),
}

/// What a whole number is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Plain,
    Days,
    Milliseconds,
    Microseconds,
}

impl Number {
    /// The number as text.
    pub(super) fn text(self, value: i64) -> String {
        let shown = match self {
            Self::Plain => None,
            Self::Days => jiff::Span::new()
                .try_days(value)
                .and_then(|days| jiff::civil::date(1970, 1, 1).checked_add(days))
                .map(|date| date.to_string())
                .ok(),
            Self::Milliseconds => jiff::Timestamp::from_millisecond(value).map(|time| time.to_string()).ok(),
            Self::Microseconds => jiff::Timestamp::from_microsecond(value).map(|time| time.to_string()).ok(),
        };
        shown.unwrap_or_else(|| value.to_string())
    }
}

impl Schema {
    /// The number of the outermost node.
    pub(super) const ROOT: usize = 0;

    /// Parses a schema; none when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let value = if text.trim_start().starts_with(['{', '[', '"']) {
            serde_json::from_str(text).ok()?
        } else {
            // Some writers leave the quotes of a bare name out.
            Value::String(text.trim().to_owned())
        };
        let mut parser = Parser { nodes: Vec::new(), names: HashMap::new() };
        parser.node(&value, "")?;
        Some(Self { nodes: parser.nodes.into_iter().collect::<Option<_>>()? })
    }

    pub(super) fn kind(&self, node: usize) -> &Kind {
        &self.nodes[node].0
    }

    /// The words of the schema for a type.
    pub(super) fn kind_name(&self, node: usize) -> &str {
        &self.nodes[node].1
    }
}

struct Parser {
    /// None for one that is being parsed.
    nodes: Vec<Option<(Kind, String)>>,
    names: HashMap<String, usize>,
}

impl Parser {
    /// Parses a type; gives its number. The depth of the JSON is bounded by its parser.
    fn node(&mut self, value: &Value, space: &str) -> Option<usize> {
        if let Value::String(name) = value
            && let Some(known) = self.named(name, space)
        {
            return Some(known);
        }
        let node = self.nodes.len();
        self.nodes.push(None);
        let (kind, name) = match value {
            Value::String(name) => (primitive(name, None)?, name.clone()),
            Value::Array(branches) => {
                let branches = branches.iter().map(|branch| self.node(branch, space)).collect::<Option<_>>()?;
                (Kind::Union(branches), "union".to_owned())
            }
            Value::Object(object) => {
                let kind = match object.get("type")? {
                    Value::String(kind) => kind.as_str(),
                    // {"type": {"type": …}} is what is inside.
                    inner => return self.wrapped(node, inner, space),
                };
                let logical = object.get("logicalType").and_then(Value::as_str);
                let own = object.get("name").and_then(Value::as_str);
                let space = object.get("namespace").and_then(Value::as_str).unwrap_or(space);
                let space = own.and_then(|name| name.rsplit_once('.')).map_or(space, |(space, _)| space);
                if let ("record" | "error" | "enum" | "fixed", Some(own)) = (kind, own) {
                    self.names.insert(full(own, space), node);
                }
                let parsed = match kind {
                    "record" | "error" => {
                        let fields = object.get("fields")?.as_array()?.iter();
                        let mut field =
                            |field: &Value| Some((field.get("name")?.as_str()?.to_owned(), self.node(field.get("type")?, space)?));
                        Kind::Record(fields.map(&mut field).collect::<Option<_>>()?)
                    }
                    "enum" => {
                        let symbols = object.get("symbols")?.as_array()?.iter();
                        Kind::Enum(symbols.map(|symbol| symbol.as_str().map(str::to_owned)).collect::<Option<_>>()?)
                    }
                    "fixed" => Kind::Fixed(usize::try_from(object.get("size")?.as_u64()?).ok()?),
                    "array" => Kind::Array(self.node(object.get("items")?, space)?),
                    "map" => Kind::Map(self.node(object.get("values")?, space)?),
                    name => match primitive(name, logical) {
                        Some(kind) => kind,
                        None => return self.wrapped(node, object.get("type")?, space),
                    },
                };
                (parsed, logical.unwrap_or(kind).to_owned())
            }
            _ => return None,
        };
        self.nodes[node] = Some((kind, name));
        Some(node)
    }

    /// A type written as an object around another type: it is that one.
    fn wrapped(&mut self, node: usize, inner: &Value, space: &str) -> Option<usize> {
        if node + 1 == self.nodes.len() {
            self.nodes.pop();
        }
        self.node(inner, space)
    }

    fn named(&self, name: &str, space: &str) -> Option<usize> {
        self.names.get(&full(name, space)).or_else(|| self.names.get(name)).copied()
    }
}

fn full(name: &str, space: &str) -> String {
    if space.is_empty() || name.contains('.') { name.to_owned() } else { format!("{space}.{name}") }
}

fn primitive(name: &str, logical: Option<&str>) -> Option<Kind> {
    Some(match (name, logical) {
        ("null", _) => Kind::Null,
        ("boolean", _) => Kind::Boolean,
        ("int", Some("date")) => Kind::Number(Number::Days),
        ("long", Some("timestamp-millis" | "local-timestamp-millis")) => Kind::Number(Number::Milliseconds),
        ("long", Some("timestamp-micros" | "local-timestamp-micros")) => Kind::Number(Number::Microseconds),
        ("int" | "long", _) => Kind::Number(Number::Plain),
        ("float", _) => Kind::Float,
        ("double", _) => Kind::Double,
        ("bytes" | "string", _) => Kind::Bytes,
        _ => return None,
    })
}
