//! The documents of a change, of an analysis.

use crate::account::Principal;
use crate::analysis::{Analysis, Place, copy_of};
use crate::state::{Document, DocumentPlace};

/// Every document that narrowing a principal touches. A shared policy, and one of AWS, is detached once copies stand in its place; one that
/// is the principal's alone and of which nothing is left is detached, and not deleted. An inline policy that is too long goes once managed
/// policies stand in its place.
#[must_use]
pub fn documents(analysis: &Analysis<'_>) -> Vec<Document> {
    let mut documents = Vec::new();
    for policy in analysis.policies.iter().filter(|policy| policy.changes()) {
        let before = Some(policy.document.text());
        let first = policy.after.first().map(String::as_str);
        let made = policy.made(analysis.principal);
        let mut add = |place, name: &str, after| documents.push(document(place, name, before, after));
        match policy.place {
            Place::Inline(name) => add(DocumentPlace::Inline, name, first.filter(|_| !policy.moved)),
            Place::Own(managed) if first.is_some() => add(DocumentPlace::Managed, managed.arn.as_str(), first),
            Place::Own(managed) | Place::Shared(managed) => add(DocumentPlace::Attached, managed.arn.as_str(), None),
        }
        documents.extend(made.into_iter().flat_map(|(arn, text)| both(&arn, text)));
    }
    documents
}

/// A managed policy of the principal's own, made and attached.
#[must_use]
pub fn copy(principal: &Principal, of: &str, text: &str) -> [Document; 2] {
    both(&copy_of(principal, of, text), text)
}

fn both(arn: &str, text: &str) -> [Document; 2] {
    [DocumentPlace::Managed, DocumentPlace::Attached].map(|place| document(place, arn, None, Some(text)))
}

fn document(place: DocumentPlace, policy: &str, before: Option<&str>, after: Option<&str>) -> Document {
    Document { place, policy: policy.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
}
