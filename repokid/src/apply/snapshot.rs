//! The policies of a principal at one moment, to the letter.

use std::collections::BTreeMap;

use menagerie_aws::CallError;
use menagerie_aws_iam::{Holder, Iam};

use crate::account::{Inventory, Principal};

/// The policies of a principal at one moment, to the letter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The inline ones by name.
    pub inline: BTreeMap<String, String>,
    /// The managed ones that are attached, by ARN: the text in force.
    pub attached: BTreeMap<String, String>,
}

impl Snapshot {
    /// Of an inventory; none if it lacks the text of a managed policy.
    #[must_use]
    pub fn of(principal: &Principal, inventory: &Inventory) -> Option<Self> {
        let inline = principal.inline.iter().map(|inline| (inline.name.clone(), inline.document.text().to_owned())).collect();
        let text = |arn: &String| Some((arn.clone(), inventory.managed.get(arn)?.document()?.text().to_owned()));
        let attached = principal.attached.iter().map(text).collect::<Option<_>>()?;
        Some(Self { inline, attached })
    }

    /// Reads it from IAM; none if there is no such principal.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn read(iam: &Iam, holder: &Holder) -> Result<Option<Self>, CallError> {
        let Some(names) = iam.inline_names(holder).await? else { return Ok(None) };
        let Some(arns) = iam.attached(holder).await? else { return Ok(None) };
        let mut snapshot = Self::default();
        for name in names {
            if let Some(text) = iam.inline(holder, &name).await? {
                snapshot.inline.insert(name, text);
            }
        }
        for arn in arns {
            if let Some(text) = in_force(iam, &arn).await? {
                snapshot.attached.insert(arn, text);
            }
        }
        Ok(Some(snapshot))
    }

    /// Of a version that the state keeps: what has an ARN for a name is a managed policy.
    #[must_use]
    pub fn of_version(policies: &BTreeMap<String, String>) -> Self {
        let (attached, inline) = policies.clone().into_iter().partition(|(name, _)| name.starts_with("arn:"));
        Self { inline, attached }
    }

    /// As the state keeps a version.
    #[must_use]
    pub fn into_version(self) -> BTreeMap<String, String> {
        self.inline.into_iter().chain(self.attached).collect()
    }

    /// What differs, in words.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (was, is) in [(&self.inline, &now.inline), (&self.attached, &now.attached)] {
            for (name, text) in was {
                match is.get(name) {
                    None => differences.push(format!("{name} is gone")),
                    Some(other) if other != text => differences.push(format!("{name} has another text")),
                    Some(_) => {}
                }
            }
            differences.extend(is.keys().filter(|name| !was.contains_key(*name)).map(|name| format!("{name} is new")));
        }
        differences
    }
}

/// The text in force of a managed policy; none if there is no such policy.
pub(super) async fn in_force(iam: &Iam, arn: &str) -> Result<Option<String>, CallError> {
    let Some(version) = iam.default_version(arn).await? else { return Ok(None) };
    Ok(Some(iam.version(arn, &version).await?.document))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn whatever_differs_is_told() {
        let was = Snapshot { inline: texts(&[("a", "{}"), ("b", "{}")]), attached: texts(&[("arn:x", "{}")]) };
        let now = Snapshot { inline: texts(&[("a", "{ }"), ("c", "{}")]), attached: texts(&[]) };
        assert_eq!(was.differences(&now), ["a has another text", "b is gone", "c is new", "arn:x is gone"]);
        assert_eq!(was.differences(&was.clone()), Vec::<String>::new());
    }

    #[test]
    fn a_version_has_both_kinds() {
        let snapshot = Snapshot { inline: texts(&[("a", "{}")]), attached: texts(&[("arn:aws:iam::aws:policy/p", "{}")]) };
        assert_eq!(Snapshot::of_version(&snapshot.clone().into_version()), snapshot);
    }
}
