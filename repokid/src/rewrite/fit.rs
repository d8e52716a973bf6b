//! Policies that fit IAM's limits: what is too long for one document is spread over several, which together say the same.

use menagerie_policy::document::{Policy, Version, size};
use serde_json::{Map, Value};

/// The most characters of a managed policy, white space aside.
pub const MANAGED_LIMIT: usize = menagerie_policy::document::limits::MANAGED;

/// Spreads the statements of a policy over documents of `limit` characters at most, in order. A statement that is too long for one
/// document has its list of actions divided, in order. None if even that does not fit.
#[must_use]
pub fn pack(policy: &Policy, limit: usize) -> Option<Vec<String>> {
    let version = policy.version().map(Version::as_str);
    let room = limit.checked_sub(size(&document(version, &[])))?;
    let mut statements: Vec<String> = Vec::new();
    for statement in policy.statements() {
        if size(statement.text()) <= room {
            statements.push(statement.text().to_owned());
        } else {
            Long::read(statement.text())?.divide(room, &mut statements)?;
        }
    }
    let mut documents = Vec::new();
    let (mut open, mut left): (Vec<&str>, usize) = (Vec::new(), room);
    for statement in &statements {
        let length = size(statement);
        if !open.is_empty() && length + 1 > left {
            documents.push(document(version, &open));
            (open, left) = (Vec::new(), room);
        }
        // The comma before it.
        left = left.saturating_sub(length + usize::from(!open.is_empty()));
        open.push(statement);
    }
    documents.push(document(version, &open));
    Some(documents)
}

/// A document of statements, laid out for people.
fn document(version: Option<&str>, statements: &[&str]) -> String {
    let head = version.map_or(String::new(), |version| format!("\n  \"Version\": \"{version}\","));
    format!("{{{head}\n  \"Statement\": [\n    {}\n  ]\n}}", statements.join(",\n    "))
}

/// A statement that is too long for a document.
struct Long {
    members: Map<String, Value>,
    /// The name of the member that has its actions, and that of the one that names it.
    key: String,
    sid: Option<String>,
    /// How many characters it takes without its actions.
    around: usize,
    actions: Vec<Value>,
}

impl Long {
    fn read(text: &str) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_str(text).ok()?;
        let named = |members: &Map<String, Value>, wanted: &str| members.keys().find(|key| key.eq_ignore_ascii_case(wanted)).cloned();
        let (key, sid) = (named(&members, "Action")?, named(&members, "Sid"));
        let Value::Array(actions) = members.insert(key.clone(), Value::Array(Vec::new()))? else { return None };
        let around = size(&serde_json::to_string(&members).ok()?);
        Some(Self { members, key, sid, around, actions })
    }

    /// Fills one part after the other.
    fn divide(mut self, room: usize, into: &mut Vec<String>) -> Option<()> {
        let actions = std::mem::take(&mut self.actions);
        let mut rest = actions.as_slice();
        while !rest.is_empty() {
            let (mut count, mut length) = (0, self.around);
            for action in rest {
                length += size(&action.to_string()) + usize::from(count > 0);
                if length > room {
                    break;
                }
                count += 1;
            }
            let (part, left) = rest.split_at_checked(count).filter(|(part, _)| !part.is_empty())?;
            rest = left;
            self.members.insert(self.key.clone(), part.into());
            into.push(serde_json::to_string(&self.members).ok()?);
            if let Some(sid) = self.sid.take() {
                // Sids are unique within a policy: the first part keeps it.
                self.members.remove(&sid);
                self.members.insert(self.key.clone(), Value::Array(Vec::new()));
                self.around = size(&serde_json::to_string(&self.members).ok()?);
            }
        }
        Some(())
    }
}
