//! Whether a change of ours took a permission away.

use std::collections::BTreeSet;

use menagerie_policy::document::{Effect, Policy, Resources, Statement};

use super::Denied;
use crate::state::{Change, ChangeStatus, Purpose};

/// A change that took away what was denied.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// The change.
    pub change: &'a Change,
    /// Whether it is of the caller itself, and not of a group.
    pub is_own: bool,
}

impl<'a> Cause<'a> {
    /// The latest of the changes, which are the latest first, that took away what was denied after it was made. `principal` is the caller's
    /// ARN; a user's group is not told by an event, so that every group's change may be the cause of its denial.
    #[must_use]
    pub fn find(changes: &'a [Change], denied: &Denied, principal: &str) -> Option<Self> {
        let is_narrowing = |change: &&Change| {
            change.status == ChangeStatus::Applied
                && matches!(change.change.purpose, Purpose::Repo | Purpose::Remove)
                && change.updated <= denied.at
        };
        let is_user = principal.contains(":user/");
        changes.iter().filter(is_narrowing).find_map(|change| {
            let of = change.change.principal.as_str();
            let is_own = of == principal;
            let may_be = is_own || (is_user && of.contains(":group/"));
            (may_be && removed(change, denied)).then_some(Self { change, is_own })
        })
    }
}

/// Whether a change's documents granted before what they do not grant after.
fn removed(change: &Change, denied: &Denied) -> bool {
    let documents = &change.change.documents;
    let before: Vec<_> = documents.iter().filter_map(|document| Policy::parse(document.before.as_deref()?).ok()).collect();
    let after: Vec<_> = documents.iter().filter_map(|document| Policy::parse(document.after.as_deref()?).ok()).collect();
    let Some(resource) = &denied.resource else {
        // Where it is not told which resource was meant, any that is not granted any more may have been.
        let places = |policies: &[Policy]| -> BTreeSet<String> {
            policies
                .iter()
                .flat_map(|policy| granting(policy, denied, None))
                .map(|statement| format!("{:?}", statement.resources()))
                .collect()
        };
        return !places(&before).is_subset(&places(&after));
    };
    let grants = |policies: &[Policy]| policies.iter().any(|policy| granting(policy, denied, Some(resource)).next().is_some());
    grants(&before) && !grants(&after)
}

/// The statements of a policy that grant what was denied.
pub(super) fn granting<'p>(policy: &'p Policy, denied: &'p Denied, resource: Option<&'p str>) -> impl Iterator<Item = &'p Statement> {
    let (service, name) = denied.action.split_once(':').unwrap_or_default();
    policy.statements().iter().filter(move |statement| {
        statement.effect() == Effect::Allow
            && statement.actions().matches(service, name)
            && resource.is_none_or(|arn| reaches(statement, arn))
    })
}

fn reaches(statement: &Statement, arn: &str) -> bool {
    match statement.resources() {
        Some(Resources::Only(patterns)) => patterns.iter().any(|pattern| !pattern.matches(arn).is_no()),
        Some(Resources::AllBut(patterns)) => !patterns.iter().any(|pattern| pattern.matches(arn).is_yes()),
        None => true,
    }
}
