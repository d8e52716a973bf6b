//! Managed policies that would be made: in the place of one that others have, of one that is too long, of inline policies that are.

use sha2::{Digest as _, Sha256};

use super::{Place, PolicyAnalysis};
use crate::account::Principal;

/// The path of the managed policies that are made.
pub const COPIES: &str = "/repokid/";

/// The longest name of a managed policy.
const NAME: usize = 128;

/// The ARN of the managed policy that takes the place of another for a principal, with this text.
#[must_use]
pub fn copy_of(principal: &Principal, of: &str, text: &str) -> String {
    let name = name(principal, of, text);
    format!("arn:{}:iam::{}:policy{COPIES}{name}", principal.arn.partition(), principal.account())
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

impl PolicyAnalysis<'_> {
    /// The managed policies that would be made: each ARN, with the text.
    #[must_use]
    pub fn made(&self, principal: &Principal) -> Vec<(String, &str)> {
        let skipped = match self.place {
            _ if !self.changes() => return Vec::new(),
            Place::Inline(_) if !self.moved => return Vec::new(),
            Place::Inline(_) | Place::Shared(_) => 0,
            // The first is a new version of its own.
            Place::Own(_) => 1,
        };
        let texts = self.after.iter().skip(skipped).map(String::as_str);
        texts.map(|text| (copy_of(principal, self.place.name(), text), text)).collect()
    }

    /// What becomes of it, in a few words.
    #[must_use]
    pub fn fate(&self) -> String {
        match (self.place, self.after.len()) {
            (Place::Inline(_), 0) => "inline, goes".to_owned(),
            (Place::Inline(_), 1) if self.moved => "inline, a managed policy takes its place".to_owned(),
            (Place::Inline(_), several) if self.moved => format!("inline, {several} managed policies take its place"),
            (Place::Inline(_), _) => "inline".to_owned(),
            (Place::Own(_) | Place::Shared(_), 0) => "managed, is detached".to_owned(),
            (Place::Own(_), 1) => "managed, gets a new version".to_owned(),
            (Place::Shared(_), 1) => "managed, a narrowed copy takes its place".to_owned(),
            (_, several) => format!("managed, {several} narrowed policies take its place"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn principal(name: &str) -> Principal {
        Principal::bare(&format!("arn:aws-cn:iam::111122223333:role/{name}"))
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
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn a_copy_is_of_the_principals_partition_and_account() {
        let arn = copy_of(&principal("reader"), "p", "{}");
        assert!(arn.starts_with("arn:aws-cn:iam::111122223333:policy/repokid/p-reader-"), "{arn}");
    }
}
