//! The strings and numbers of a request, each with the names that lead to it. EC2 wraps lists in `items` and whole requests in
//! `NameRequest`, and what was XML in `content`: such names are looked through, and so are lists, so that `instancesSet.instanceId` leads to
//! each of `{"instancesSet":{"items":[{"instanceId":"i-1"}]}}`.

use std::borrow::Cow;

use crate::json::{Json, Kind};

/// How many leaves of one request are looked at, and how deep. What has more is told by [`Leaves::cut`].
const MOST_LEAVES: usize = 2048;
const DEEPEST: usize = 12;
/// No name, id or ARN is longer.
pub(super) const LONGEST: usize = 2048;

/// One string or number.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    node: u32,
    pub(super) value: Cow<'a, str>,
}

/// One name of a member, below another.
#[derive(Debug)]
struct Node<'a> {
    parent: u32,
    name: &'a str,
}

/// What was read of a request.
#[derive(Debug, Default)]
pub(super) struct Leaves<'a> {
    nodes: Vec<Node<'a>>,
    pub(super) all: Vec<Leaf<'a>>,
    /// There was more than was looked at, or CloudTrail left something out.
    pub(super) cut: bool,
}

const ROOT: u32 = u32::MAX;

/// Where something is in a request: the names that lead to it, from the outermost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<Box<str>>);

impl Path {
    /// Of names joined by `.`; `[]` after a name is of no account.
    pub(super) fn new(text: &str) -> Self {
        Self(text.split('.').map(|name| name.trim_end_matches("[]")).filter(|name| !is_wrapper(name)).map(Box::from).collect())
    }
}

/// Names that are looked through.
fn is_wrapper(name: &str) -> bool {
    matches!(name, "items" | "member" | "content")
}

impl<'a> Leaves<'a> {
    pub(super) fn of(json: Option<Json<'a>>) -> Self {
        let mut leaves = Self::default();
        if let Some(json) = json {
            leaves.read(json, ROOT, 0);
        }
        leaves
    }

    fn read(&mut self, json: Json<'a>, node: u32, depth: usize) {
        if self.all.len() >= MOST_LEAVES || self.nodes.len() >= MOST_LEAVES || depth > DEEPEST {
            self.cut = true;
            return;
        }
        match json.kind() {
            Kind::Object => {
                for (name, value) in json.fields() {
                    let next = if is_wrapper(name) || (depth == 0 && name.ends_with("Request") && value.kind() == Kind::Object) {
                        node
                    } else {
                        self.nodes.push(Node { parent: node, name });
                        u32::try_from(self.nodes.len() - 1).unwrap_or(ROOT)
                    };
                    self.read(value, next, depth + 1);
                    if self.cut {
                        return;
                    }
                }
            }
            Kind::Array => {
                for value in json.items() {
                    self.read(value, node, depth + 1);
                    if self.cut {
                        return;
                    }
                }
            }
            Kind::String | Kind::Number => {
                if let Some(value) = json.as_scalar().filter(|value| !value.is_empty()) {
                    self.all.push(Leaf { node, value });
                }
            }
            Kind::Bool => self.cut |= depth == 1 && json.as_bool() == Some(true) && self.says_cut(node),
            Kind::Null => {}
        }
    }

    /// CloudTrail puts a mark in the place of parameters that are too large.
    fn says_cut(&self, node: u32) -> bool {
        matches!(self.name(node), Some("omitted" | "truncated" | "requestParametersTruncated"))
    }

    fn name(&self, node: u32) -> Option<&'a str> {
        self.nodes.get(usize::try_from(node).ok()?).map(|node| node.name)
    }

    /// The name of the member that a leaf is the value of.
    pub(super) fn name_of(&self, leaf: &Leaf<'a>) -> &'a str {
        self.name(leaf.node).unwrap_or_default()
    }

    /// Whether a leaf is the value of the request's own member, or an element of it.
    pub(super) fn is_outermost(&self, leaf: &Leaf<'a>) -> bool {
        usize::try_from(leaf.node).ok().and_then(|at| self.nodes.get(at)).is_some_and(|node| node.parent == ROOT)
    }

    /// What stands at a path.
    pub(super) fn at<'s>(&'s self, path: &'s Path) -> impl Iterator<Item = &'s str> {
        self.all.iter().filter(move |leaf| self.leads(path, leaf.node)).map(|leaf| &*leaf.value)
    }

    /// Whether a request has anything at a path, even an empty object.
    pub(super) fn has(&self, path: &Path) -> bool {
        (0..self.nodes.len()).any(|at| u32::try_from(at).is_ok_and(|node| self.leads(path, node)))
    }

    fn leads(&self, path: &Path, mut node: u32) -> bool {
        for name in path.0.iter().rev() {
            let Some(here) = usize::try_from(node).ok().and_then(|at| self.nodes.get(at)) else { return false };
            if !here.name.eq_ignore_ascii_case(name) {
                return false;
            }
            node = here.parent;
        }
        node == ROOT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, path: &str) -> Vec<String> {
        Leaves::of(Some(Json::new(text))).at(&Path::new(path)).map(str::to_owned).collect()
    }

    #[test]
    fn lists_and_wrappers_are_looked_through() {
        let text = r#"{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]},"a":{"instanceId":"i-3"}}"#;
        assert_eq!(at(text, "instancesSet.items[].instanceId"), ["i-1", "i-2"]);
        assert_eq!(at(text, "InstancesSet.instanceID"), ["i-1", "i-2"]);
        assert!(at(text, "instanceId").is_empty());
        assert_eq!(at(r#"{"DeleteFlowLogsRequest":{"FlowLogId":{"content":"fl-1","tag":1}}}"#, "flowLogId"), ["fl-1"]);
        assert_eq!(at(r#"{"a":["x",["y"],3,null,true,{"b":"z"}]}"#, "a"), ["x", "y", "3"]);
    }

    #[test]
    fn what_is_too_much_is_told() {
        let many = format!(r#"{{"a":[{}"x"]}}"#, r#""x","#.repeat(MOST_LEAVES));
        let leaves = Leaves::of(Some(Json::new(&many)));
        assert!(leaves.cut && leaves.all.len() == MOST_LEAVES);
        let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
        assert!(Leaves::of(Some(Json::new(&deep))).cut);
        assert!(Leaves::of(Some(Json::new(r#"{"omitted":true,"reason":"too large"}"#))).cut);
        assert!(!Leaves::of(Some(Json::new(r#"{"a":{"omitted":true}}"#))).cut);
        assert!(!Leaves::of(Some(Json::new(r#"{"a":"#))).cut);
    }
}
