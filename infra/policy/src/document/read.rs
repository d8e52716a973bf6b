//! From JSON to a policy. Element names are taken in any case, each once; what the grammar does not have is kept as JSON.

use super::canonical::without_space;
use super::condition::{Condition, Operator};
use super::error::{ParseError, Reason, quoted};
use super::json::{self, Member, Node, Value};
use super::policy::{Element, Policy, Version};
use super::principal::{PrincipalPattern, Principals};
use super::splice::{ListSpans, PolicySpans, StatementSpans};
use super::statement::{Actions, Effect, Resources, Statement};
use crate::pattern::{ActionPattern, ResourcePattern};
use std::collections::HashSet;
use std::ops::Range;

/// An error, and the byte at which it stands.
struct Fault(usize, Reason);

type Read<T> = Result<T, Fault>;

pub(super) fn policy(text: &str) -> Result<Policy, ParseError> {
    let node = json::parse(text)?;
    document(text, &node).map_err(|Fault(at, reason)| ParseError::at(text, at, reason))
}

/// Reads one statement alone, as of a policy with variables: whether it is one at all.
pub(super) fn is_statement(text: &str) -> Result<(), ParseError> {
    let node = json::parse(text)?;
    statement(text, &node, true).map(drop).map_err(|Fault(at, reason)| ParseError::at(text, at, reason))
}

fn document(text: &str, node: &Node<'_>) -> Read<Policy> {
    let members = object(node, "a policy", "an object with the element Statement")?;
    let mut elements = Elements::new(text, members);
    let version = elements.take("Version")?.map(|member| version(&member.node)).transpose()?;
    let id = elements.take("Id")?.map(|member| string(&member.node, "Id")).transpose()?;
    let missing = Reason::Missing { element: "Statement", hint: "give a policy document, which has a list of statements" };
    let member = elements.take("Statement")?.ok_or(Fault(node.span.start, missing))?;
    let nodes = match &member.node.value {
        Value::List(nodes) => nodes.as_slice(),
        Value::Object(_) => std::slice::from_ref(&member.node),
        _ => return Err(kind(&member.node, "Statement", "a statement or a list of them")),
    };
    let variables = version == Some(Version::V2012);
    Ok(Policy {
        version,
        id,
        statements: nodes.iter().map(|node| statement(text, node, variables)).collect::<Read<_>>()?,
        others: elements.rest(),
        text: text.into(),
        spans: PolicySpans {
            name: member.name_span.clone(),
            value: member.node.span.clone(),
            is_list: matches!(member.node.value, Value::List(_)),
            statements: nodes.iter().map(|node| node.span.clone()).collect(),
        },
    })
}

fn statement(text: &str, node: &Node<'_>, variables: bool) -> Read<Statement> {
    let mut elements = Elements::new(text, object(node, "a statement", "an object")?);
    let sid = elements.take("Sid")?.map(|member| string(&member.node, "Sid")).transpose()?;
    let missing = |element, hint| Fault(node.span.start, Reason::Missing { element, hint });
    let member = elements.take("Effect")?.ok_or_else(|| missing("Effect", "say \"Allow\" or \"Deny\""))?;
    let effect = effect(&member.node)?;
    let principals = match elements.either("Principal", "NotPrincipal")? {
        Some((member, false)) => Some(Principals::Only(principals(member)?)),
        Some((member, true)) => Some(Principals::AllBut(principals(member)?)),
        None => None,
    };
    let (member, negated) = elements.either("Action", "NotAction")?.ok_or_else(|| missing("Action", "name the actions"))?;
    let (actions, action_spans) = listed(member, node.span.start, if negated { "NotAction" } else { "Action" }, |at, text| {
        ActionPattern::parse(text).map_err(|source| Fault(at, Reason::Action { found: quoted(text), source }))
    })?;
    let mut resource_spans = None;
    let mut resources = None;
    if let Some((member, negated)) = elements.either("Resource", "NotResource")? {
        let pattern = if variables { ResourcePattern::new } else { ResourcePattern::without_variables };
        let element = if negated { "NotResource" } else { "Resource" };
        let (patterns, spans) = listed(member, node.span.start, element, |_, text| Ok(pattern(text)))?;
        resources = Some(if negated { Resources::AllBut(patterns) } else { Resources::Only(patterns) });
        resource_spans = Some(spans);
    }
    let conditions = elements.take("Condition")?.map_or(Ok(Vec::new()), conditions)?;
    Ok(Statement {
        sid,
        effect,
        principals,
        actions: if negated { Actions::AllBut(actions) } else { Actions::Only(actions) },
        resources,
        conditions,
        others: elements.rest(),
        text: text[node.span.clone()].into(),
        spans: StatementSpans { actions: action_spans, resources: resource_spans },
    })
}

/// The elements of an object, of which each is taken once.
struct Elements<'n, 'a> {
    text: &'a str,
    members: &'n [Member<'a>],
    taken: Vec<bool>,
}

impl<'n, 'a> Elements<'n, 'a> {
    fn new(text: &'a str, members: &'n [Member<'a>]) -> Self {
        Self { text, members, taken: vec![false; members.len()] }
    }

    fn take(&mut self, name: &str) -> Read<Option<&'n Member<'a>>> {
        let mut found = None;
        for (at, member) in self.members.iter().enumerate().filter(|(_, member)| member.name.eq_ignore_ascii_case(name)) {
            if found.is_some() {
                return Err(Fault(member.name_span.start, Reason::Duplicate { name: quoted(name) }));
            }
            self.taken[at] = true;
            found = Some(member);
        }
        Ok(found)
    }

    /// An element or its opposite, and whether it is the opposite.
    fn either(&mut self, one: &'static str, other: &'static str) -> Read<Option<(&'n Member<'a>, bool)>> {
        match (self.take(one)?, self.take(other)?) {
            (Some(_), Some(member)) => Err(Fault(member.name_span.start, Reason::Both { one, other })),
            (Some(member), None) => Ok(Some((member, false))),
            (None, other) => Ok(other.map(|member| (member, true))),
        }
    }

    fn rest(self) -> Vec<Element> {
        let left = self.members.iter().zip(self.taken).filter(|(_, taken)| !taken);
        let element = |member: &Member<'a>| Element {
            name: member.name.clone().into_owned(),
            value: without_space(&self.text[member.node.span.clone()]).collect(),
        };
        left.map(|(member, _)| element(member)).collect()
    }
}

fn kind(node: &Node<'_>, element: &'static str, expected: &'static str) -> Fault {
    Fault(node.span.start, Reason::Kind { element, expected })
}

fn object<'n, 'a>(node: &'n Node<'a>, element: &'static str, expected: &'static str) -> Read<&'n [Member<'a>]> {
    match &node.value {
        Value::Object(members) => Ok(members),
        _ => Err(kind(node, element, expected)),
    }
}

fn string(node: &Node<'_>, element: &'static str) -> Read<String> {
    match &node.value {
        Value::String(text) => Ok(text.clone().into_owned()),
        _ => Err(kind(node, element, "a string")),
    }
}

fn version(node: &Node<'_>) -> Read<Version> {
    match &node.value {
        Value::String(text) if text == "2012-10-17" => Ok(Version::V2012),
        Value::String(text) if text == "2008-10-17" => Ok(Version::V2008),
        Value::String(text) => Err(Fault(node.span.start, Reason::Version { found: quoted(text) })),
        _ => Err(kind(node, "Version", "a string")),
    }
}

fn effect(node: &Node<'_>) -> Read<Effect> {
    match &node.value {
        Value::String(text) if text == "Allow" => Ok(Effect::Allow),
        Value::String(text) if text == "Deny" => Ok(Effect::Deny),
        Value::String(text) => Err(Fault(node.span.start, Reason::Effect { found: quoted(text) })),
        _ => Err(kind(node, "Effect", "a string")),
    }
}

/// A value or a list of values.
fn one_or_more<'n, 'a>(node: &'n Node<'a>) -> &'n [Node<'a>] {
    match &node.value {
        Value::List(nodes) => nodes,
        _ => std::slice::from_ref(node),
    }
}

/// The strings of `Action` or `Resource`, and where they stand in the statement that begins at `from`.
fn listed<T>(member: &Member<'_>, from: usize, element: &'static str, parse: impl Fn(usize, &str) -> Read<T>) -> Read<(Vec<T>, ListSpans)> {
    let nodes = one_or_more(&member.node);
    if nodes.is_empty() {
        return Err(Fault(member.node.span.start, Reason::Empty { element }));
    }
    let within = |span: &Range<usize>| span.start - from..span.end - from;
    let mut items = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Value::String(text) = &node.value else { return Err(kind(node, element, "a string or a list of strings")) };
        items.push(parse(node.span.start, text)?);
    }
    let spans = ListSpans {
        name: within(&member.name_span),
        value: within(&member.node.span),
        items: nodes.iter().map(|node| within(&node.span)).collect(),
        is_list: matches!(member.node.value, Value::List(_)),
    };
    Ok((items, spans))
}

fn principals(member: &Member<'_>) -> Read<Vec<PrincipalPattern>> {
    const FORM: &str = "\"*\", or an object such as {\"AWS\": \"arn:…\"}";
    let kinds = match &member.node.value {
        Value::String(text) if text == "*" => return Ok(vec![PrincipalPattern::Everyone]),
        Value::String(text) => return Err(Fault(member.node.span.start, Reason::Principal { found: quoted(text) })),
        Value::Object(kinds) => kinds,
        _ => return Err(kind(&member.node, "Principal", FORM)),
    };
    let mut patterns = Vec::new();
    let mut names = HashSet::new();
    for of_kind in kinds {
        if !names.insert(of_kind.name.to_ascii_lowercase()) {
            return Err(Fault(of_kind.name_span.start, Reason::Duplicate { name: quoted(&of_kind.name) }));
        }
        for node in one_or_more(&of_kind.node) {
            let Value::String(text) = &node.value else { return Err(kind(node, "Principal", "named by strings")) };
            patterns.push(PrincipalPattern::new(&of_kind.name, text.clone().into_owned()));
        }
    }
    Ok(patterns)
}

fn conditions(member: &Member<'_>) -> Read<Vec<Condition>> {
    let mut conditions = Vec::new();
    for block in object(&member.node, "Condition", "an object from operators to objects")? {
        let operator = Operator::parse(&block.name);
        for key in object(&block.node, "a condition operator", "an object from keys to values")? {
            let values = one_or_more(&key.node).iter().map(value).collect::<Read<_>>()?;
            conditions.push(Condition { operator: operator.clone(), key: key.name.clone().into_owned(), values });
        }
    }
    Ok(conditions)
}

fn value(node: &Node<'_>) -> Read<String> {
    match &node.value {
        Value::String(text) => Ok(text.clone().into_owned()),
        Value::Number(text) => Ok((*text).to_owned()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null | Value::List(_) | Value::Object(_) => Err(kind(node, "a condition's value", "a string, a number or a Boolean")),
    }
}
