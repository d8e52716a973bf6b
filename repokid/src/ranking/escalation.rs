//! The known ways to more than is granted, held against what a principal is granted.

use std::collections::{BTreeSet, HashMap};

use menagerie_finding::Severity;
use menagerie_policy::data::escalation;
use menagerie_policy::document::{Actions, Effect, Policy, Resources, Statement};
use serde::Serialize;

use super::{Entry, Kind};
use crate::account;
use crate::analysis::{Analysis, Left, Outcome, PolicyAnalysis, Setting};
use crate::verdict::{ActionId, Universe, grants};

/// A way that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// Its short name.
    pub name: &'static str,
    /// How much it matters.
    #[serde(serialize_with = "super::name")]
    pub severity: Severity,
    /// What comes of it.
    pub outcome: &'static str,
    /// The actions that it takes.
    pub actions: &'static [&'static str],
    /// Whether a grant of it is limited to some resources or by conditions.
    pub limited: bool,
    /// Whether every action of it was used in the window.
    pub used: bool,
    /// Whether the change that is proposed closes it.
    pub closed: bool,
}

impl Path {
    /// What is to be known of it besides, in a few words.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match (self.closed, self.used, self.limited) {
            (true, _, _) => "the change closes it",
            (false, true, _) => "was used",
            (false, false, true) => "limited by resources or conditions",
            (false, false, false) => "not limited",
        }
    }
}

/// How far a grant of an action reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Limited,
    Everywhere,
}

type Held = HashMap<ActionId, Reach>;

/// The entry of a principal that has such ways.
pub(super) fn of(analysis: &Analysis<'_>, setting: &Setting<'_>) -> Option<Entry> {
    let universe = setting.universe;
    let inherited = inherited(analysis, setting);
    let needed: BTreeSet<_> =
        escalation::paths().iter().flat_map(|path| path.actions).filter_map(|action| universe.named(action)).collect();
    let mut before = held(analysis.policies.iter().filter_map(PolicyAnalysis::policy).chain(inherited.iter().copied()), &needed, universe);
    before.retain(|id, _| analysis.blocked.of(*id).is_none());
    let later: Vec<_> = analysis.policies.iter().flat_map(|policy| &policy.after).filter_map(|text| Policy::parse(text).ok()).collect();
    let changes = analysis.policies.iter().any(PolicyAnalysis::changes);
    let after = changes.then(|| held(later.iter().chain(inherited.iter().copied()), &needed, universe));

    let mut paths: Vec<_> = escalation::paths().iter().filter_map(|path| open(path, &before, after.as_ref(), analysis, universe)).collect();
    let worst = paths.iter().map(|path| path.severity).max()?;
    let subject = analysis.principal.arn.as_str().to_owned();
    let closed = paths.iter().filter(|path| path.closed).count();
    let used = paths.iter().filter(|path| path.used).count();
    if is_everything(analysis, &inherited) && paths.len() == escalation::paths().len() {
        if let Outcome::Left(left @ (Left::Protected | Left::Tag(_) | Left::Member { .. })) = &analysis.outcome {
            let reason = format!("Everything is granted, and it is left alone: {left}.");
            return Some(Entry { severity: Severity::Medium, kind: Kind::Administrator, subject, reason, paths: Vec::new() });
        }
        let reason = match (analysis.usage.is_empty(), closed == paths.len()) {
            (true, _) => "Everything is granted, and no use of it was seen in the window.",
            (false, true) => "Everything is granted; what is proposed leaves no known way to more than it grants.",
            (false, false) => "Everything is granted. Ways to it that stay open after what is proposed need a decision by a person.",
        };
        let severity = if analysis.usage.is_empty() { Severity::Critical } else { Severity::High };
        return Some(Entry { severity, kind: Kind::Administrator, subject, reason: reason.to_owned(), paths: Vec::new() });
    }
    paths.sort_by(|left, right| (right.severity, left.name).cmp(&(left.severity, right.name)));
    let count = if paths.len() == 1 {
        "One way to more than is granted is open".to_owned()
    } else {
        format!("{} ways to more than is granted are open", paths.len())
    };
    let used = match used {
        0 => "none of them was used in the window".to_owned(),
        used => format!("{used} of them may have been used in the window"),
    };
    let closed = match closed {
        0 => String::new(),
        all if all == paths.len() => "; what is proposed closes all of them".to_owned(),
        some => format!("; what is proposed closes {some}"),
    };
    Some(Entry { severity: worst, kind: Kind::Escalation, subject, reason: format!("{count}; {used}{closed}."), paths })
}

fn open(path: &escalation::Path, before: &Held, after: Option<&Held>, analysis: &Analysis<'_>, universe: &Universe) -> Option<Path> {
    let ids: Vec<_> = path.actions.iter().map(|action| universe.named(action)).collect::<Option<_>>()?;
    let reach = ids.iter().map(|id| before.get(id).copied()).min()??;
    // To take on roles that are named is what a grant of `sts:AssumeRole` is for.
    if reach == Reach::Limited && path.actions == ["sts:AssumeRole"] {
        return None;
    }
    Some(Path {
        name: path.name,
        severity: severity(path, reach),
        outcome: path.outcome,
        actions: path.actions,
        limited: reach == Reach::Limited,
        used: ids.iter().all(|id| analysis.usage.actions.contains_key(id)),
        closed: after.is_some_and(|after| ids.iter().any(|id| !after.contains_key(id))),
    })
}

/// Who can write identities' own policies or take on any identity has everything; who hands roles to services has what these have.
fn severity(path: &escalation::Path, reach: Reach) -> Severity {
    let of_identity = |action: &&str| ["iam:", "sts:", "sso:", "organizations:"].iter().any(|prefix| action.starts_with(prefix));
    let severity = if path.passes_role() {
        Severity::High
    } else if path.actions.iter().all(of_identity) {
        Severity::Critical
    } else {
        Severity::Medium
    };
    match (reach, severity) {
        (Reach::Everywhere, severity) => severity,
        (Reach::Limited, Severity::Critical) => Severity::High,
        (Reach::Limited, Severity::High) => Severity::Medium,
        (Reach::Limited, _) => Severity::Low,
    }
}

/// Of the actions that are needed for some way, those that are granted.
fn held<'p>(policies: impl Iterator<Item = &'p Policy>, needed: &BTreeSet<ActionId>, universe: &Universe) -> Held {
    let mut held = Held::new();
    for statement in policies.flat_map(Policy::statements).filter(|statement| statement.effect() == Effect::Allow) {
        let reach = reach(statement);
        let granted = grants(statement, universe);
        for id in needed.iter().filter(|id| granted.contains(**id)) {
            held.entry(*id).and_modify(|known| *known = reach.max(*known)).or_insert(reach);
        }
    }
    held
}

fn reach(statement: &Statement) -> Reach {
    let everywhere = match statement.resources() {
        Some(Resources::Only(patterns)) => patterns.iter().any(|pattern| pattern.text() == "*"),
        Some(Resources::AllBut(_)) => true,
        None => false,
    };
    if everywhere && statement.conditions().is_empty() { Reach::Everywhere } else { Reach::Limited }
}

/// Whether a statement grants every action on every resource without conditions.
fn is_everything(analysis: &Analysis<'_>, inherited: &[&Policy]) -> bool {
    let policies = analysis.policies.iter().filter_map(PolicyAnalysis::policy).chain(inherited.iter().copied());
    policies.flat_map(Policy::statements).any(|statement| {
        let any =
            matches!(statement.actions(), Actions::Only(patterns) if patterns.iter().any(menagerie_policy::pattern::ActionPattern::is_any));
        statement.effect() == Effect::Allow && any && reach(statement) == Reach::Everywhere
    })
}

/// The policies of a user's groups.
fn inherited<'a>(analysis: &Analysis<'a>, setting: &Setting<'a>) -> Vec<&'a Policy> {
    let user = analysis.principal;
    if user.kind != account::Kind::User {
        return Vec::new();
    }
    let groups = setting
        .inventory
        .principals
        .iter()
        .filter(|group| group.kind == account::Kind::Group && group.account() == user.account() && user.groups.contains(&group.name));
    groups
        .flat_map(|group| {
            let managed = group.attached.iter().filter_map(|arn| setting.inventory.managed.get(arn)?.document());
            group.inline.iter().map(|inline| &inline.document).chain(managed)
        })
        .filter_map(|document| document.policy().ok())
        .collect()
}
