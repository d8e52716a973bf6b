//! A policy written anew from what was read of it: compact, and the elements in the order of the grammar.

use super::condition::Condition;
use super::policy::{Element, Policy};
use super::principal::{PrincipalPattern, Principals};
use super::statement::{Actions, Effect, Resources, Statement};
use crate::pattern::{ActionPattern, ResourcePattern};

pub(super) fn policy(policy: &Policy) -> String {
    let mut members = Vec::new();
    members.extend(policy.version.map(|version| ("Version", quoted(version.as_str()))));
    members.extend(policy.id.as_deref().map(|id| ("Id", quoted(id))));
    members.push(("Statement", list(policy.statements.iter().map(statement))));
    object(members.into_iter().chain(policy.others.iter().map(other)))
}

fn statement(statement: &Statement) -> String {
    let mut members = Vec::new();
    members.extend(statement.sid.as_deref().map(|sid| ("Sid", quoted(sid))));
    members.push(("Effect", quoted(if statement.effect == Effect::Allow { "Allow" } else { "Deny" })));
    members.extend(statement.principals.as_ref().map(|principals| match principals {
        Principals::Only(patterns) => ("Principal", of_kinds(patterns)),
        Principals::AllBut(patterns) => ("NotPrincipal", of_kinds(patterns)),
    }));
    members.push(match &statement.actions {
        Actions::Only(patterns) => ("Action", list(patterns.iter().map(ActionPattern::text).map(quoted))),
        Actions::AllBut(patterns) => ("NotAction", list(patterns.iter().map(ActionPattern::text).map(quoted))),
    });
    members.extend(statement.resources.as_ref().map(|resources| match resources {
        Resources::Only(patterns) => ("Resource", list(patterns.iter().map(ResourcePattern::text).map(quoted))),
        Resources::AllBut(patterns) => ("NotResource", list(patterns.iter().map(ResourcePattern::text).map(quoted))),
    }));
    if !statement.conditions.is_empty() {
        members.push(("Condition", conditions(&statement.conditions)));
    }
    object(members.into_iter().chain(statement.others.iter().map(other)))
}

fn of_kinds(patterns: &[PrincipalPattern]) -> String {
    if patterns == [PrincipalPattern::Everyone] {
        return quoted("*");
    }
    let kinds = patterns.chunk_by(|one, other| one.parts().0 == other.parts().0);
    object(kinds.map(|chunk| (chunk[0].parts().0, list(chunk.iter().map(|pattern| quoted(pattern.parts().1))))))
}

fn conditions(conditions: &[Condition]) -> String {
    let blocks = conditions.chunk_by(|one, other| one.operator.text() == other.operator.text());
    object(blocks.map(|block| {
        let keys = block.iter().map(|condition| (condition.key.as_str(), list(condition.values.iter().map(|value| quoted(value)))));
        (block[0].operator.text(), object(keys))
    }))
}

fn other(element: &Element) -> (&str, String) {
    (&element.name, element.value.clone())
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let members: Vec<_> = members.into_iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

/// A string as JSON has it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// How many characters IAM counts of a JSON text against its limits: all but the white space between JSON's signs. (White space within a
/// string is counted, which is never too few.)
#[must_use]
pub fn size(json: &str) -> usize {
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in json.bytes() {
        let is_space = !in_string && matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        // A character is counted at its first byte.
        count += usize::from(!is_space && byte & 0xc0 != 0x80);
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            in_string = byte == b'"';
        }
    }
    count
}

/// The characters of a JSON text but the white space between its signs.
pub(super) fn without_space(json: &str) -> impl Iterator<Item = char> {
    let (mut in_string, mut escaped) = (false, false);
    json.chars().filter(move |character| {
        if in_string {
            in_string = escaped || *character != '"';
            escaped = !escaped && *character == '\\';
            return true;
        }
        in_string = *character == '"';
        !matches!(character, ' ' | '\t' | '\n' | '\r')
    })
}
