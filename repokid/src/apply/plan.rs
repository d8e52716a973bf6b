//! The documents of a change, of an analysis.

use sha2::{Digest as _, Sha256};

use crate::account::Principal;
use crate::analysis::{Analysis, Place};
use crate::state::{Document, DocumentPlace};

/// The path of the managed policies that are made in the place of shared ones.
pub const COPIES: &str = "/repokid/";

/// The longest name of a managed policy.
const NAME: usize = 128;

/// Every document that narrowing a principal touches. A shared policy, and one of AWS, is detached once copies stand in its place; one that
/// is the principal's alone and of which nothing is left is detached, and not deleted.
#[must_use]
pub fn documents(analysis: &Analysis<'_>) -> Vec<Document> {
    let mut documents = Vec::new();
    for policy in analysis.policies.iter().filter(|policy| policy.changes()) {
        let before = policy.document.text();
        let mut after = policy.after.iter().map(String::as_str);
        match policy.place {
            Place::Inline(name) => documents.push(document(DocumentPlace::Inline, name, Some(before), after.next())),
            Place::Own(managed) => {
                let arn = managed.arn.as_str();
                match after.next() {
                    Some(text) => documents.push(document(DocumentPlace::Managed, arn, Some(before), Some(text))),
                    None => documents.push(document(DocumentPlace::Attached, arn, Some(before), None)),
                }
                after.for_each(|text| documents.extend(copy(analysis.principal, &managed.name, text)));
            }
            Place::Shared(managed) => {
                after.for_each(|text| documents.extend(copy(analysis.principal, &managed.name, text)));
                documents.push(document(DocumentPlace::Attached, managed.arn.as_str(), Some(before), None));
            }
        }
    }
    documents
}

/// A managed policy of the principal's own, made and attached.
#[must_use]
pub fn copy(principal: &Principal, of: &str, text: &str) -> [Document; 2] {
    let name = name(principal, of, text);
    let arn = format!("arn:{}:iam::{}:policy{COPIES}{name}", principal.arn.partition(), principal.account());
    [DocumentPlace::Managed, DocumentPlace::Attached].map(|place| document(place, &arn, None, Some(text)))
}

/// A name that tells what it is a copy of and for whom, and that no other text for anybody else has.
fn name(principal: &Principal, of: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    for part in [principal.arn.as_str(), of, text] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let hash = &hex::encode(hash.finalize())[..12];
    // Names are of ASCII; what IAM would not take has come from nowhere.
    let short = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let room = NAME - hash.len() - 2;
    let of = short(of, room / 2);
    let whose = short(&principal.name, room - of.len().min(room));
    format!("{of}-{whose}-{hash}")
}

fn document(place: DocumentPlace, policy: &str, before: Option<&str>, after: Option<&str>) -> Document {
    Document { place, policy: policy.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::account::Kind;

    fn principal(name: &str) -> Principal {
        Principal {
            arn: format!("arn:aws-cn:iam::111122223333:role/{name}").parse().expect("an ARN"),
            kind: Kind::Role,
            id: String::new(),
            name: name.to_owned(),
            path: "/".to_owned(),
            created: None,
            trust: None,
            inline: Vec::new(),
            attached: Vec::new(),
            groups: Vec::new(),
            boundary: None,
            tags: BTreeMap::new(),
            last_used: None,
            last_used_region: None,
        }
    }

    #[test]
    fn a_copy_has_a_name_of_its_own_that_fits() {
        let names = [
            name(&principal("reader"), "ReadOnlyAccess", "{}"),
            name(&principal("reader"), "ReadOnlyAccess", "{ }"),
            name(&principal("writer"), "ReadOnlyAccess", "{}"),
            name(&principal(&"r".repeat(64)), &"p".repeat(128), "{}"),
        ];
        assert!(names[0].starts_with("ReadOnlyAccess-reader-"), "{}", names[0]);
        assert!(names.iter().all(|name| name.len() <= NAME), "{names:?}");
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn a_copy_is_of_the_principals_partition_and_account() {
        let [made, attached] = copy(&principal("reader"), "p", "{}");
        assert!(made.policy.starts_with("arn:aws-cn:iam::111122223333:policy/repokid/p-reader-"), "{}", made.policy);
        assert_eq!((made.before, made.policy == attached.policy), (None, true));
    }
}
