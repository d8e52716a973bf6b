//! Permission sets of Identity Center: their roles are written anew from them, so a change is proposed for the set, from what all of its
//! roles did in all accounts that were analysed.

mod propose;
mod reserved;
mod saved;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::account::{Document, Owner, Principal};
use crate::analysis::{Analysis, Place, Setting};
use crate::proof::Proof;
use crate::verdict::Usage;

pub use reserved::Reserved;
pub use saved::{PermissionSet, SavedError, saved};

/// What the name of every such role begins with.
const PREFIX: &str = "AWSReservedSSO_";

/// What is proposed for a permission set.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    /// The set's name.
    pub name: String,
    /// Its ARN, where it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The roles that were made from it.
    pub roles: Vec<String>,
    /// What would become of it.
    #[serde(flatten)]
    pub state: State,
}

/// What would become of a permission set.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum State {
    /// Nothing of it is proved unused in every account.
    Same,
    /// It would be narrowed.
    Narrowed {
        /// Its policies that would change.
        policies: Vec<Proposed>,
        /// What was shown, with what all roles did, for each of them.
        proof: Proof,
    },
    /// Nothing can be proposed.
    Refused {
        /// Why.
        reason: String,
    },
}

/// A policy of a permission set that would change.
#[derive(Debug, Clone, Serialize)]
pub struct Proposed {
    /// The managed policy's name; none for the set's inline policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<String>,
    /// What it says now.
    #[serde(skip)]
    pub before: String,
    /// What it, or the inline policy in its place, would say; none if it goes.
    pub after: Option<String>,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("nothing of it is proved unused in every account"),
            Self::Narrowed { policies, proof } => {
                let several = if policies.len() == 1 { "policy" } else { "policies" };
                write!(f, "{} {several} would change, proved with {} uses", policies.len(), proof.uses_replayed)
            }
            Self::Refused { reason } => f.write_str(reason),
        }
    }
}

/// The roles of all permission sets, as they are analysed.
#[derive(Debug, Default)]
pub struct Gathered<'a> {
    sets: BTreeMap<String, Vec<Role<'a>>>,
}

/// A role of a permission set.
#[derive(Debug)]
struct Role<'a> {
    principal: &'a Principal,
    /// By managed policy's name, or none for the inline one.
    documents: BTreeMap<Option<String>, &'a Document>,
    usage: Usage,
}

impl<'a> Gathered<'a> {
    /// Takes a principal in, if it is such a role.
    pub fn add(&mut self, analysis: &Analysis<'a>) {
        let principal = analysis.principal;
        let Some(name) = (principal.owner() == Owner::IdentityCenter).then(|| set_name(&principal.name)).flatten() else { return };
        let documents = analysis.policies.iter().map(|policy| {
            let managed = (!matches!(policy.place, Place::Inline(_))).then(|| policy.place.name().to_owned());
            (managed, policy.document)
        });
        let role = Role { principal, documents: documents.collect(), usage: analysis.usage.clone() };
        self.sets.entry(name.to_owned()).or_default().push(role);
    }

    /// What is proposed for each set; `known` are the sets as Identity Center tells them.
    #[must_use]
    pub fn proposals(&self, setting: &Setting<'a>, known: &[PermissionSet]) -> Vec<Proposal> {
        let propose = |(name, roles): (&String, &Vec<Role<'a>>)| {
            let known = known.iter().find(|set| set.name == *name);
            let state = propose::state(roles, known, setting).unwrap_or_else(|reason| State::Refused { reason });
            Proposal {
                name: name.clone(),
                arn: known.map(|set| set.arn.clone()),
                roles: roles.iter().map(|role| role.principal.arn.as_str().to_owned()).collect(),
                state,
            }
        };
        self.sets.iter().map(propose).collect()
    }
}

/// The set's name in a role's: `AWSReservedSSO_<name>_<16 hexadecimal digits>`.
#[must_use]
pub fn set_name(role: &str) -> Option<&str> {
    let (name, hash) = role.strip_prefix(PREFIX)?.rsplit_once('_')?;
    (!name.is_empty() && hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sets_name_is_what_stands_before_the_last_digits() {
        assert_eq!(set_name("AWSReservedSSO_Power_User_0123456789abcdef"), Some("Power_User"));
        assert_eq!(set_name("AWSReservedSSO_PowerUser"), None);
        assert_eq!(set_name("AWSReservedSSO__0123456789abcdef"), None);
        assert_eq!(set_name("AWSReservedSSO_PowerUser_0123456789abcdeg"), None);
        assert_eq!(set_name("deploy"), None);
    }
}
