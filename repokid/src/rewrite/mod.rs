//! Narrows a policy to what is not proved unused.
//!
//! What a change does not touch stays to the letter: statements that deny or are protected, conditions, patterns that the data do not know,
//! and every pattern of which nothing goes. A wildcard of which something goes becomes the shortest list of what stays.

mod fit;
mod narrow;
mod resources;

use menagerie_policy::document::{EditError, Policy, Statement};
use serde_json::Value;

use crate::verdict::{ActionId, Base, Judged};

pub use fit::{MANAGED_LIMIT, pack};

/// How far a rewrite goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Narrow resources, too, to those that were used.
    pub resources: bool,
}

/// What becomes of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It stays to the letter.
    Keep,
    /// Nothing of it was used: it goes.
    Drop,
    /// It is replaced by itself with other actions, or resources, once or several times.
    Replace(Vec<Piece>),
}

/// A statement that differs from the one it comes from by actions or resources alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its actions; as they were if none.
    pub actions: Option<Selection>,
    /// Its resources; as they were if none.
    pub resources: Option<Vec<String>>,
}

/// The actions of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// `Action`.
    Only(Vec<String>),
    /// `NotAction`.
    AllBut(Vec<String>),
}

impl Selection {
    /// How many characters it takes.
    fn size(&self) -> usize {
        let (Self::Only(list) | Self::AllBut(list)) = self;
        list.iter().map(|text| text.len() + 3).sum()
    }
}

/// A policy, narrowed.
#[derive(Debug)]
pub struct Narrowed {
    /// What becomes of each statement.
    pub changes: Vec<Change>,
    /// The new text; none if nothing is left of the policy.
    pub text: Option<String>,
    /// What goes, by statement.
    pub removed: Vec<Vec<ActionId>>,
}

impl Narrowed {
    /// Whether anything changes.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.changes.iter().any(|change| *change != Change::Keep)
    }
}

/// Narrows `policy` by what was judged of it.
///
/// # Errors
/// [`EditError`] if the text cannot be edited, which leaves the policy as it is.
pub fn narrow(policy: &Policy, judged: &Judged, base: &Base<'_>, options: Options) -> Result<Narrowed, EditError> {
    let mut changes = Vec::new();
    let mut removed = Vec::new();
    for (statement, judged) in policy.statements().iter().zip(&judged.statements) {
        let (change, gone) = narrow::statement(statement, judged, base.universe());
        let change = if options.resources { resources::narrow(change, statement, judged, base) } else { change };
        changes.push(change);
        removed.push(gone);
    }
    let text = rewritten(policy, &changes)?;
    Ok(Narrowed { changes, text, removed })
}

/// The policy's text after the changes; none if no statement is left.
fn rewritten(policy: &Policy, changes: &[Change]) -> Result<Option<String>, EditError> {
    if changes.iter().all(|change| *change == Change::Drop) {
        return Ok(None);
    }
    let mut edit = policy.edit();
    for (number, change) in changes.iter().enumerate() {
        match change {
            Change::Keep => {}
            Change::Drop => edit = edit.drop_statement(number),
            Change::Replace(pieces) => {
                let Some((first, more)) = pieces.split_first() else { continue };
                edit = match &first.actions {
                    Some(Selection::Only(list)) => edit.replace_actions(number, list),
                    Some(Selection::AllBut(list)) => edit.replace_not_actions(number, list),
                    None => edit,
                };
                if let Some(resources) = &first.resources {
                    edit = edit.replace_resources(number, resources);
                }
                for piece in more {
                    edit = edit.add_statement(piece.beside(&policy.statements()[number]));
                }
            }
        }
    }
    edit.finish().map(|policy| Some(policy.text().to_owned()))
}

impl Piece {
    /// The text of a statement beside the one that it comes from: it has no Sid, which would have to be another.
    #[must_use]
    pub fn beside(&self, statement: &Statement) -> String {
        let mut fields: serde_json::Map<String, Value> = serde_json::from_str(statement.text()).unwrap_or_default();
        fields.retain(|name, _| {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            !(is("Sid") || (self.actions.is_some() && (is("Action") || is("NotAction"))) || (self.resources.is_some() && is("Resource")))
        });
        match &self.actions {
            Some(Selection::Only(list)) => drop(fields.insert("Action".to_owned(), list.clone().into())),
            Some(Selection::AllBut(list)) => drop(fields.insert("NotAction".to_owned(), list.clone().into())),
            None => {}
        }
        if let Some(resources) = &self.resources {
            fields.insert("Resource".to_owned(), resources.clone().into());
        }
        Value::Object(fields).to_string()
    }
}
