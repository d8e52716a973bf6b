//! What gives back what was denied, and no more: the statement that granted it, with the denied actions alone, on the resources and under
//! the conditions that it had. It is proved to be within the policy that was there before the change.

use std::collections::BTreeSet;

use menagerie_policy::document::{EditError, Effect, Policy};

use super::cause::granting;
use super::{Cause, Denied};
use crate::account::Principal;
use crate::apply::{Snapshot, copy};
use crate::proof::{Refusal, within};
use crate::rewrite::{Piece, Selection};
use crate::state::{Document, DocumentPlace};

/// Why nothing can be given back.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// A text of the change cannot be read.
    #[error("{policy} cannot be read")]
    Unreadable {
        /// The policy.
        policy: String,
    },
    /// The text cannot be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// What is live is not within what was there before.
    #[error("what is live is not what the change left: {0}")]
    Refused(#[from] Refusal),
    /// The policy is not there as the change left it.
    #[error("{policy} is not as the change left it")]
    Changed {
        /// The policy.
        policy: String,
    },
    /// No statement of the change's policies grants it.
    #[error("no policy of the change grants it")]
    Nothing,
}

/// The documents that give back what was denied, all for the one cause.
///
/// # Errors
/// [`NotRestored`] if something has changed since.
pub fn restoration(principal: &Principal, live: &Snapshot, cause: &Cause<'_>, denied: &[&Denied]) -> Result<Vec<Document>, NotRestored> {
    let mut documents = Vec::new();
    for document in &cause.change.change.documents {
        let Some(before) = &document.before else { continue };
        let policy = document.policy.as_str();
        let unreadable = || NotRestored::Unreadable { policy: policy.to_owned() };
        let original = Policy::parse(before).map_err(|_| unreadable())?;
        let statements = statements(&original, denied);
        if statements.is_empty() {
            continue;
        }
        let now = match document.place {
            DocumentPlace::Inline => live.inline.get(policy),
            DocumentPlace::Managed => live.attached.get(policy),
            DocumentPlace::Attached => None,
        };
        let changed = || NotRestored::Changed { policy: policy.to_owned() };
        if document.place == DocumentPlace::Attached && (document.after.is_some() || live.attached.contains_key(policy)) {
            return Err(changed());
        }
        if now.is_some() != document.after.is_some() {
            return Err(changed());
        }
        let text = match now {
            Some(text) => {
                let current = Policy::parse(text).map_err(|_| unreadable())?;
                with(&current, |_| true, statements)?
            }
            None => with(&original, |effect| effect == Effect::Deny, statements)?,
        };
        within(policy, &original, Policy::parse(&text).map_err(|_| unreadable())?)?;
        if document.place == DocumentPlace::Attached {
            let name = policy.rsplit('/').next().unwrap_or(policy);
            documents.extend(copy(principal, name, &text));
        } else {
            let (place, policy) = (document.place, policy.to_owned());
            documents.push(Document { place, policy, before: now.cloned(), after: Some(text) });
        }
    }
    if documents.is_empty() { Err(NotRestored::Nothing) } else { Ok(documents) }
}

/// Each statement that granted something denied, with that alone.
fn statements(original: &Policy, denied: &[&Denied]) -> Vec<String> {
    let mut texts = Vec::new();
    for (number, statement) in original.statements().iter().enumerate() {
        let is_granted =
            |denied: &&&Denied| granting(original, denied, denied.resource.as_deref()).any(|granting| std::ptr::eq(granting, statement));
        let actions: BTreeSet<String> = denied.iter().filter(is_granted).map(|denied| denied.action.clone()).collect();
        if !actions.is_empty() {
            let piece = Piece { actions: Some(Selection::Only(actions.into_iter().collect())), resources: None };
            texts.push(piece.beside(&original.statements()[number]));
        }
    }
    texts
}

/// A policy with more statements, and of its own those that are kept.
fn with(policy: &Policy, keep: impl Fn(Effect) -> bool, more: Vec<String>) -> Result<String, EditError> {
    let mut edit = policy.edit();
    for (number, statement) in policy.statements().iter().enumerate() {
        if !keep(statement.effect()) {
            edit = edit.drop_statement(number);
        }
    }
    for statement in more {
        edit = edit.add_statement(statement);
    }
    Ok(edit.finish()?.text().to_owned())
}
