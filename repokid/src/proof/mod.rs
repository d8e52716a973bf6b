//! Proof that a rewrite is safe, by means of its own: it reads the old texts and the new ones, knows nothing of how the one became the
//! other, and holds them against what was seen and judged.
//!
//! What is shown: nothing is granted that was not ([`subset`]); no denial is lost; what is not proved unused is still granted
//! ([`retained`]); and every use in the window is decided as before ([`replay`]).

mod replay;
mod retained;
mod subset;

use menagerie_policy::document::{Actions, Condition, Effect, Policy, Resources, Statement};
use menagerie_policy::evaluate::Attached;
use serde::Serialize;

pub use replay::{Fences, Member};

use crate::verdict::{Base, Judged};

/// A policy of a principal, before and after.
#[derive(Debug)]
pub struct Rewrite<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Before.
    pub old: &'a Policy,
    /// After: none if it goes, several if it is spread.
    pub new: Vec<Policy>,
    /// What was judged of the old one.
    pub judged: &'a Judged,
}

/// What was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Granting statements of the new policies, each within one of the old.
    pub statements_within: usize,
    /// Denying statements, each still there.
    pub denials_kept: usize,
    /// Permissions that are not proved unused, each still granted.
    pub permissions_kept: usize,
    /// Uses of the window, of a group those of each member, each decided as before.
    pub uses_replayed: usize,
    /// Uses that the old policies allow and the new do not.
    pub newly_denied: usize,
}

/// Why a rewrite is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A new statement grants what no old one does.
    #[error("a statement of {policy} would grant what was not granted: {statement}")]
    Wider {
        /// The policy.
        policy: String,
        /// The statement's text.
        statement: String,
    },
    /// A denial is gone.
    #[error("a statement of {policy} that denies would be lost: {statement}")]
    DenialLost {
        /// The policy.
        policy: String,
        /// The statement's text.
        statement: String,
    },
    /// A denial came in.
    #[error("a statement of {policy} would deny what was not denied: {statement}")]
    DenialAdded {
        /// The policy.
        policy: String,
        /// The statement's text.
        statement: String,
    },
    /// A permission that is not proved unused is gone.
    #[error("{action} on {resource} would be lost from {policy}, which is not proved unused")]
    Lost {
        /// The policy.
        policy: String,
        /// The action, or a pattern that the data do not know.
        action: String,
        /// The resource's pattern.
        resource: String,
    },
    /// A use of the window would be denied.
    #[error("{action} on {resource}, which was used, would be denied")]
    NewlyDenied {
        /// The action.
        action: String,
        /// What it was done to.
        resource: String,
    },
}

/// Proves the rewrites of one principal's policies, all at once. `untouched` are its other policies, `fences` what limits them all.
///
/// # Errors
/// The first [`Refusal`].
pub fn prove<'a>(rewrites: &'a [Rewrite<'_>], untouched: &[Attached<'a>], fences: &Fences<'a>, base: &Base<'_>) -> Result<Proof, Refusal> {
    let mut proof = Proof { statements_within: 0, denials_kept: 0, permissions_kept: 0, uses_replayed: 0, newly_denied: 0 };
    for rewrite in rewrites {
        let (within, denials) = subset::check(rewrite)?;
        proof.statements_within += within;
        proof.denials_kept += denials;
        proof.permissions_kept += retained::check(rewrite, base)?;
    }
    proof.uses_replayed = replay::check(rewrites, untouched, fences, base)?;
    Ok(proof)
}

/// Proves that a policy grants nothing that `old` does not, and denies all that `old` denies; gives how many statements grant and deny.
///
/// # Errors
/// The first [`Refusal`].
pub fn within(name: &str, old: &Policy, new: Policy) -> Result<(usize, usize), Refusal> {
    subset::check(&Rewrite { name, old, new: vec![new], judged: &Judged { statements: Vec::new() } })
}

fn granting(policy: &Policy) -> impl Iterator<Item = &Statement> {
    policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow)
}

/// Whether two statements ask the same besides actions and resources.
fn asks_the_same(left: &Statement, right: &Statement) -> bool {
    fn sorted(conditions: &[Condition]) -> Vec<&Condition> {
        let mut sorted: Vec<_> = conditions.iter().collect();
        sorted.sort_by_key(|condition| (condition.operator.text().to_owned(), condition.key.clone()));
        sorted
    }
    left.principals() == right.principals() && left.others() == right.others() && sorted(left.conditions()) == sorted(right.conditions())
}

/// Whether every action that `inner` is about is one that `outer` is about, now and whatever comes.
fn actions_within(inner: &Actions, outer: &Actions) -> bool {
    match (inner, outer) {
        (Actions::Only(inner), Actions::Only(outer)) => inner.iter().all(|one| outer.iter().any(|pattern| pattern.covers(one))),
        (Actions::Only(inner), Actions::AllBut(but)) => inner.iter().all(|one| !but.iter().any(|pattern| pattern.overlaps(one))),
        (Actions::AllBut(inner), Actions::AllBut(but)) => but.iter().all(|one| inner.iter().any(|pattern| pattern.covers(one))),
        (Actions::AllBut(_), Actions::Only(outer)) => outer.iter().any(menagerie_policy::pattern::ActionPattern::is_any),
    }
}

/// Whether every resource that `inner` is about is one that `outer` is about.
fn resources_within(inner: Option<&Resources>, outer: Option<&Resources>) -> bool {
    match (inner, outer) {
        (None, None) => true,
        (Some(Resources::Only(inner)), Some(Resources::Only(outer))) => {
            inner.iter().all(|one| outer.iter().any(|pattern| pattern.covers(one)))
        }
        (Some(Resources::Only(inner)), Some(Resources::AllBut(but))) => {
            inner.iter().all(|one| !but.iter().any(|pattern| pattern.overlaps(one)))
        }
        (Some(Resources::AllBut(inner)), Some(Resources::AllBut(but))) => {
            but.iter().all(|one| inner.iter().any(|pattern| pattern.covers(one)))
        }
        _ => false,
    }
}
