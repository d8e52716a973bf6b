//! Puts it together for one principal: what its policies grant, what of it was used, what would change, and the proof.

mod blocked;
mod guard;
mod made;
mod principal;
mod room;

use std::collections::{BTreeMap, BTreeSet};

use menagerie_policy::document::Policy;

use crate::account::{Document, Inventory, Managed, Principal};
use crate::organization::Controls;
use crate::proof::{Proof, Refusal};
use crate::rewrite::{Narrowed, Options};
use crate::verdict::{ActionId, Judged, Sights, Universe, Usage, Verdict, Window};

pub use blocked::Blocked;
pub use guard::{Guards, Left};
pub use made::{COPIES, copy_of};
pub use principal::{analyze, remove};

/// What an analysis is made with.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The actions.
    pub universe: &'a Universe,
    /// All principals and managed policies.
    pub inventory: &'a Inventory,
    /// How many of the principals each managed policy is attached to.
    pub attachments: &'a BTreeMap<&'a str, usize>,
    /// What was seen, by the principal's ARN.
    pub usage: &'a BTreeMap<String, Usage>,
    /// What would have shown, by account; of an account that is missing, nothing.
    pub sights: &'a BTreeMap<String, Sights>,
    /// The same where an account is missing.
    pub blind: &'a Sights,
    /// The span of time.
    pub window: Window,
    /// Who is left alone.
    pub guards: &'a Guards,
    /// What the organisation withholds, by account.
    pub organization: &'a BTreeMap<String, Controls<'a>>,
    /// How far rewrites go.
    pub options: Options,
}

/// What was found of a principal.
#[derive(Debug)]
pub struct Analysis<'a> {
    /// Which.
    pub principal: &'a Principal,
    /// Its policies: inline in order, then managed.
    pub policies: Vec<PolicyAnalysis<'a>>,
    /// What it was seen to do.
    pub usage: Usage,
    /// What would become of it.
    pub outcome: Outcome,
    /// Grants without effect.
    pub blocked: Blocked,
}

/// What would become of a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing of it is proved unused, or nothing can go.
    Same,
    /// Its policies would be narrowed, with this proof.
    Narrowed(Proof),
    /// The narrowed policies do not stand the proof, or do not fit: it stays as it is.
    Refused(Reason),
    /// It is left alone.
    Left(Left),
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The proof fails.
    #[error(transparent)]
    Proof(#[from] Refusal),
    /// The text cannot be edited.
    #[error("{policy} cannot be rewritten: {reason}")]
    Edit {
        /// The policy.
        policy: String,
        /// Why.
        reason: String,
    },
    /// A policy, or the inline policies together, would be too long.
    #[error("the policies would have {size} characters where IAM takes {limit}")]
    TooLong {
        /// How long they would be.
        size: usize,
        /// How long they may be.
        limit: usize,
    },
    /// More managed policies would be attached than may be.
    #[error("{count} managed policies would be attached, and IAM takes {quota}")]
    TooMany {
        /// How many there would be.
        count: usize,
        /// How many there may be.
        quota: usize,
    },
}

/// A policy of a principal.
#[derive(Debug)]
pub struct PolicyAnalysis<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// What it says.
    pub document: &'a Document,
    /// What was judged of it; none if it is no policy.
    pub judged: Option<Judged>,
    /// What would become of it, if anything.
    pub narrowed: Option<Narrowed>,
    /// The documents that would stand in its place: one, none if it goes, several if it is spread. Its own if it stays.
    pub after: Vec<String>,
    /// An inline policy that is too long beside the others: managed policies of the principal's own would take its place.
    pub moved: bool,
}

/// Where a policy stands.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// In the principal.
    Inline(&'a str),
    /// It is the principal's alone: a new version of it would be made.
    Own(&'a Managed),
    /// Others have it, or AWS owns it: a copy would take its place.
    Shared(&'a Managed),
}

impl Place<'_> {
    /// The policy's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Inline(name) => name,
            Self::Own(managed) | Self::Shared(managed) => &managed.name,
        }
    }

    /// The managed policy's ARN.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Inline(_) => None,
            Self::Own(managed) | Self::Shared(managed) => Some(managed.arn.as_str()),
        }
    }
}

impl PolicyAnalysis<'_> {
    /// Whether it would change.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.narrowed.as_ref().is_some_and(Narrowed::is_change)
    }

    /// What it means, if it is a policy.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.document.policy().ok()
    }
}

impl Analysis<'_> {
    /// Leaves everything as it is: nothing of it is to be changed, whatever was found.
    pub fn keep(&mut self) {
        self.policies.iter_mut().for_each(PolicyAnalysis::keep);
        self.outcome = Outcome::Same;
    }

    /// How many permissions, each an action on one of its statement's resources, have each verdict.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for judged in self.policies.iter().filter_map(|policy| policy.judged.as_ref()) {
            for statement in &judged.statements {
                for action in &statement.actions {
                    match &action.verdicts {
                        crate::verdict::Per::All(verdict, _) => counts.add(*verdict, statement.resources.len()),
                        crate::verdict::Per::Each(each) => each.iter().for_each(|(verdict, _)| counts.add(*verdict, 1)),
                    }
                }
                counts.add(Verdict::Unknown, statement.strange.len() * statement.resources.len());
            }
        }
        counts
    }

    /// The actions that would go from every policy.
    #[must_use]
    pub fn removed(&self) -> BTreeSet<ActionId> {
        self.policies
            .iter()
            .filter_map(|policy| policy.narrowed.as_ref())
            .flat_map(|narrowed| narrowed.removed.iter().flatten().copied())
            .collect()
    }
}

/// How many permissions have each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Used.
    pub used: usize,
    /// Proved unused.
    pub unused: usize,
    /// Unobservable.
    pub unobservable: usize,
    /// Unknown.
    pub unknown: usize,
}

impl Counts {
    /// Counts some more of a verdict.
    pub fn add(&mut self, verdict: Verdict, count: usize) {
        match verdict {
            Verdict::Used => self.used += count,
            Verdict::Unused => self.unused += count,
            Verdict::Unobservable => self.unobservable += count,
            Verdict::Unknown => self.unknown += count,
        }
    }

    /// All together.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.used + self.unused + self.unobservable + self.unknown
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            used: self.used + other.used,
            unused: self.unused + other.unused,
            unobservable: self.unobservable + other.unobservable,
            unknown: self.unknown + other.unknown,
        }
    }
}
