//! What restores a principal: a version of its policies as the state keeps it, or what was there before a change. To the letter.

use crate::account::{Inventory, Principal};
use crate::apply::{COPIES, Snapshot};
use crate::state::{Change, Document, DocumentPlace};

/// What is to be done, and what cannot be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restoration {
    /// The documents that come to another text.
    pub documents: Vec<Document>,
    /// What stays as it is though the version has it otherwise, each with why.
    pub notes: Vec<String>,
}

/// Brings a principal whose policies are `live` back to a version. Managed policies that people have attached since then stay, and so do
/// texts that others have, too; the copies that repokid made go.
#[must_use]
pub fn to_version(principal: &Principal, live: &Snapshot, version: &Snapshot, inventory: &Inventory) -> Restoration {
    let (mut documents, mut notes) = (Vec::new(), Vec::new());
    let mut add = |place, policy: &str, before: Option<&str>, after: Option<&str>| {
        let (before, after) = (before.map(str::to_owned), after.map(str::to_owned));
        documents.push(Document { place, policy: policy.to_owned(), before, after });
    };
    for (name, text) in &version.inline {
        let now = live.inline.get(name);
        if now != Some(text) {
            add(DocumentPlace::Inline, name, now.map(String::as_str), Some(text));
        }
    }
    for (name, text) in live.inline.iter().filter(|(name, _)| !version.inline.contains_key(*name)) {
        add(DocumentPlace::Inline, name, Some(text), None);
    }
    for (arn, text) in &version.attached {
        let attached = live.attached.get(arn).map(String::as_str);
        let managed = inventory.managed.get(arn);
        let now = attached.or_else(|| Some(managed?.document()?.text()));
        let is_aws = arn.contains(":iam::aws:");
        let others = managed.is_some_and(|managed| managed.attachments.unwrap_or_default() > u64::from(attached.is_some()));
        match now {
            Some(now) if now != text && (is_aws || others) => {
                notes.push(format!("{arn} has another text today, which stays, since it is not this principal's alone"));
            }
            Some(now) if now != text => add(DocumentPlace::Managed, arn, Some(now), Some(text)),
            None if !is_aws => add(DocumentPlace::Managed, arn, None, Some(text)),
            _ => {}
        }
        if attached.is_none() {
            add(DocumentPlace::Attached, arn, None, Some(text));
        }
    }
    let copies = format!(":iam::{}:policy{COPIES}", principal.account());
    for (arn, text) in live.attached.iter().filter(|(arn, _)| !version.attached.contains_key(*arn)) {
        if arn.contains(&copies) {
            add(DocumentPlace::Attached, arn, Some(text), None);
            add(DocumentPlace::Managed, arn, Some(text), None);
        } else {
            notes.push(format!("{arn} was attached since, and stays"));
        }
    }
    Restoration { documents, notes }
}

/// Brings back what was before a change.
#[must_use]
pub fn of_change(change: &Change) -> Vec<Document> {
    let turned = |document: &Document| Document {
        place: document.place,
        policy: document.policy.clone(),
        before: document.after.clone(),
        after: document.before.clone(),
    };
    change.change.documents.iter().map(turned).collect()
}
