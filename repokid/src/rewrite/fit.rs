//! Policies that fit IAM's limits: what is too long for one document is spread over several, which together say the same.

use menagerie_policy::document::{Policy, Version};

/// The most characters of a managed policy, white space aside.
pub const MANAGED_LIMIT: usize = 6_144;

/// Spreads the statements of a policy over documents of `limit` characters at most, in order. A statement that is too long for one
/// document has its list of actions divided. None if even that does not fit.
#[must_use]
pub fn pack(policy: &Policy, limit: usize) -> Option<Vec<String>> {
    let version = policy.version().map(Version::as_str);
    let mut statements: Vec<String> = Vec::new();
    for statement in policy.statements() {
        divide(statement.text(), version, limit, &mut statements)?;
    }
    let mut documents = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for statement in &statements {
        open.push(statement);
        if size(&document(version, &open)) > limit {
            open.pop();
            documents.push(document(version, &open));
            open = vec![statement];
        }
    }
    documents.push(document(version, &open));
    Some(documents)
}

/// A document of statements, laid out for people.
fn document(version: Option<&str>, statements: &[&str]) -> String {
    let head = version.map_or(String::new(), |version| format!("\n  \"Version\": \"{version}\","));
    format!("{{{head}\n  \"Statement\": [\n    {}\n  ]\n}}", statements.join(",\n    "))
}

/// As IAM counts: white space within strings counts, around them it does not.
fn size(text: &str) -> usize {
    Policy::parse(text).map_or(usize::MAX, |policy| policy.size())
}

fn divide(text: &str, version: Option<&str>, limit: usize, into: &mut Vec<String>) -> Option<()> {
    if size(&document(version, &[text])) <= limit {
        into.push(text.to_owned());
        return Some(());
    }
    let mut statement: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let key = statement.keys().find(|key| key.eq_ignore_ascii_case("Action"))?.clone();
    let actions = statement[&key].as_array().filter(|actions| actions.len() > 1)?.clone();
    let sid = statement.keys().find(|key| key.eq_ignore_ascii_case("Sid")).cloned();
    let (left, right) = actions.split_at(actions.len() / 2);
    for (half, part) in [left, right].into_iter().enumerate() {
        statement.insert(key.clone(), part.into());
        if let (Some(sid), 1) = (&sid, half) {
            // Sids are unique within a policy: the first part keeps it.
            statement.remove(sid);
        }
        divide(&serde_json::to_string(&statement).ok()?, version, limit, into)?;
    }
    Some(())
}
