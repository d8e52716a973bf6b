//! Narrows a policy to what is not proved unused.
//!
//! What a change does not touch stays to the letter: statements that deny or are protected, conditions, patterns that the data do not know,
//! and every pattern of which nothing goes. A wildcard of which something goes becomes the shortest list of what stays.

mod fit;
mod narrow;
mod resources;

use menagerie_policy::document::{Edit, EditError, Policy};

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
    let mut edits = Vec::new();
    for (statement, change) in changes.iter().enumerate() {
        match change {
            Change::Keep => {}
            Change::Drop => edits.push(Edit::Drop { statement }),
            Change::Replace(pieces) => edits.push(Edit::Replace { statement, pieces: pieces.iter().map(Piece::edit).collect() }),
        }
    }
    policy.edited(&edits).map(Some)
}
