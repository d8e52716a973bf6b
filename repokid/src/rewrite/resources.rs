//! The resources of one statement: those that nothing was done to go, and a wildcard becomes what was used where every use is known.

use std::collections::{BTreeMap, BTreeSet};

use menagerie_policy::document::{Actions, Resources, Statement};
use menagerie_policy::pattern::{ResourcePattern, Truth};

use super::narrow::shortest;
use super::{Change, Piece, Selection};
use crate::verdict::{ActionId, Base, Evidence, JudgedStatement, Resource, Standing, Verdict};

/// The most ARNs that a wildcard becomes: a longer list is a policy that breaks tomorrow.
const MOST: usize = 20;

/// Services whose names are the same in any case.
const FOLDING: [&str; 6] = ["dms", "elasticache", "memorydb", "rds", "redshift", "redshift-serverless"];

/// Whether an ARN is a pattern's but for case.
fn is_near(pattern: &ResourcePattern, arn: &str) -> bool {
    !ResourcePattern::new(&pattern.text().to_ascii_lowercase()).matches(&arn.to_ascii_lowercase()).is_no()
}

pub(super) fn narrow(change: Change, statement: &Statement, judged: &JudgedStatement, base: &Base<'_>) -> Change {
    let universe = base.universe();
    let (Actions::Only(_), Some(Resources::Only(patterns))) = (statement.actions(), statement.resources()) else { return change };
    let plain = judged.standing == Standing::Grants && judged.open.is_empty() && judged.strange.is_empty() && statement.others().is_empty();
    let actions = match &change {
        Change::Drop => return change,
        Change::Keep => None,
        Change::Replace(pieces) => match pieces.as_slice() {
            [Piece { actions, resources: None }] => actions.clone(),
            _ => return change,
        },
    };
    if !plain {
        return change;
    }
    let kept: Vec<_> = judged.actions.iter().filter(|action| !action.verdicts.is_unused()).collect();

    // Actions of which every use is an event on a resource that it tells, by service, with those resources.
    let mut exact: BTreeMap<&str, (BTreeSet<ActionId>, BTreeSet<String>)> = BTreeMap::new();
    let mut others = BTreeSet::new();
    let wide = patterns.iter().any(|pattern| pattern.text().contains(['*', '?']));
    for action in &kept {
        match wide.then(|| places(action.id, judged, statement, base)).flatten() {
            Some(arns) => {
                let entry = exact.entry(universe.action(action.id).service()).or_default();
                entry.0.insert(action.id);
                entry.1.extend(arns);
            }
            None => {
                others.insert(action.id);
            }
        }
    }
    exact.retain(|_, (ids, arns)| {
        let fits = arns.len() <= MOST;
        if !fits {
            others.append(ids);
        }
        fits
    });

    if exact.is_empty() {
        let list = needed(&kept.iter().map(|action| action.id).collect(), judged, patterns.len());
        return match list {
            Some(numbers) => {
                let resources = Some(numbers.iter().map(|number| patterns[*number].text().to_owned()).collect());
                Change::Replace(vec![Piece { actions, resources }])
            }
            None => change,
        };
    }
    let Actions::Only(old) = statement.actions() else { return change };
    let permitted = |candidate: &menagerie_policy::pattern::ActionPattern| old.iter().any(|pattern| pattern.covers(candidate));
    let mut pieces = Vec::new();
    for (ids, arns) in exact.values() {
        let actions = Some(Selection::Only(shortest(ids.iter().copied(), universe, permitted)));
        pieces.push(Piece { actions, resources: Some(arns.iter().cloned().collect()) });
    }
    if !others.is_empty() {
        let resources = needed(&others, judged, patterns.len())
            .map(|numbers| numbers.iter().map(|number| patterns[*number].text().to_owned()).collect());
        pieces.push(Piece { actions: Some(Selection::Only(shortest(others.iter().copied(), universe, permitted))), resources });
    }
    Change::Replace(pieces)
}

/// The numbers of the resources that some of these actions may need; none if all.
fn needed(ids: &BTreeSet<ActionId>, judged: &JudgedStatement, count: usize) -> Option<Vec<usize>> {
    let actions: Vec<_> = judged.actions.iter().filter(|action| ids.contains(&action.id)).collect();
    let numbers: Vec<_> =
        (0..count).filter(|number| actions.iter().any(|action| action.verdicts.of(*number).0 != Verdict::Unused)).collect();
    (numbers.len() < count && !numbers.is_empty()).then_some(numbers)
}

/// What an action's name begins with that makes what it is on, or starts a run of it: the next one has another name.
const MAKES: [&str; 22] = [
    "Allocate",
    "BatchStart",
    "Copy",
    "Create",
    "Export",
    "Import",
    "Initiate",
    "Invoke",
    "Launch",
    "Provision",
    "Publish",
    "Purchase",
    "Put",
    "Register",
    "Request",
    "Restore",
    "Run",
    "Send",
    "Start",
    "Submit",
    "Tag",
    "Update",
];

/// Kinds of resources that are made for one run.
const RUNS: [&str; 16] = [
    "backup",
    "build",
    "command",
    "execution",
    "export",
    "import",
    "ingestion",
    "invocation",
    "job",
    "query",
    "recovery-point",
    "run",
    "session",
    "snapshot",
    "stack",
    "task",
];

/// Whether an ARN is of something that is made anew for each run.
fn is_of_a_run(arn: &str) -> bool {
    let kind = arn.splitn(6, ':').nth(5).unwrap_or_default().split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    RUNS.iter().any(|run| kind.contains(run))
}

/// The resources that an action was used on, where that is all there can have been.
fn places(id: ActionId, judged: &JudgedStatement, statement: &Statement, base: &Base<'_>) -> Option<BTreeSet<String>> {
    let name = base.universe().action(id).name();
    if !base.would_show(id) || MAKES.iter().any(|begin| name.starts_with(begin)) {
        return None;
    }
    let action = judged.actions.iter().find(|action| action.id == id)?;
    let proved = (0..judged.resources.len()).all(|number| match action.verdicts.of(number) {
        (Verdict::Unused, evidence) => *evidence == Evidence::Quiet,
        (Verdict::Used, Evidence::Events { .. }) => true,
        _ => false,
    });
    if !proved {
        return None;
    }
    let patterns = statement.resources()?.patterns();
    let mut arns = BTreeSet::new();
    for one in base.usage().actions.get(&id)? {
        let Resource::Arn(arn) = &one.resource else { return None };
        // What reads as a pattern in a policy, or as a variable, is none here.
        if is_of_a_run(arn) || arn.contains(['*', '?', '$']) {
            return None;
        }
        let reached = Truth::any(patterns.iter().map(|pattern| pattern.matches(arn)));
        // By what a variable stands for it may be one of them, which nobody can write down.
        if reached.is_unknown() {
            return None;
        }
        if reached.is_yes() {
            // Services that fold case are asked for another ARN than the one that the event's words make.
            if FOLDING.contains(&base.universe().action(id).service()) && arn.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return None;
            }
            arns.insert(arn.clone());
        } else if patterns.iter().any(|pattern| is_near(pattern, arn)) {
            return None;
        }
    }
    (!arns.is_empty()).then_some(arns)
}
