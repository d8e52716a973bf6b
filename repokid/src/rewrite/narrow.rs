//! The actions of one statement.

use std::collections::BTreeSet;

use menagerie_policy::document::{Actions, Statement};
use menagerie_policy::pattern::ActionPattern;

use super::{Change, Piece, Selection};
use crate::verdict::{ActionId, JudgedStatement, Standing, Universe};

/// What becomes of a statement by its actions, and which of them go.
pub(super) fn statement(statement: &Statement, judged: &JudgedStatement, universe: &Universe) -> (Change, Vec<ActionId>) {
    let unused: BTreeSet<_> = judged.actions.iter().filter(|action| action.verdicts.is_unused()).map(|action| action.id).collect();
    // What the elements that we do not know mean, we do not know either.
    if judged.standing != Standing::Grants || unused.is_empty() || !statement.others().is_empty() {
        return (Change::Keep, Vec::new());
    }
    match statement.actions() {
        Actions::Only(patterns) => only(patterns, judged, &unused, universe),
        Actions::AllBut(patterns) => all_but(patterns, judged, unused, universe),
    }
}

fn only(patterns: &[ActionPattern], judged: &JudgedStatement, unused: &BTreeSet<ActionId>, universe: &Universe) -> (Change, Vec<ActionId>) {
    let mut kept: Vec<&ActionPattern> = Vec::new();
    let mut narrowed: Vec<&ActionPattern> = Vec::new();
    for (number, pattern) in patterns.iter().enumerate() {
        let is_open = judged.strange.contains(&number) || judged.open.iter().any(|(open, _)| *open == number);
        let loses = universe.expand(pattern).iter().any(|id| unused.contains(id));
        if is_open || !loses { kept.push(pattern) } else { narrowed.push(pattern) }
    }
    let covered: BTreeSet<_> = kept.iter().flat_map(|pattern| universe.expand(pattern).to_vec()).collect();
    let gone: Vec<_> = unused.iter().copied().filter(|id| !covered.contains(id)).collect();
    if narrowed.is_empty() || gone.is_empty() {
        return (Change::Keep, Vec::new());
    }
    let stay: BTreeSet<_> = narrowed
        .iter()
        .flat_map(|pattern| universe.expand(pattern).to_vec())
        .filter(|id| !unused.contains(id) && !covered.contains(id))
        .collect();
    if kept.is_empty() && stay.is_empty() {
        return (Change::Drop, gone);
    }
    let mut list: Vec<_> = kept.iter().map(|pattern| pattern.text().to_owned()).collect();
    list.extend(shortest(&stay, universe, |candidate| narrowed.iter().any(|pattern| pattern.covers(candidate))));
    tidy(&mut list);
    (Change::Replace(vec![Piece { actions: Some(Selection::Only(list)), resources: None }]), gone)
}

/// `NotAction` grants what it does not name. Either more is named, or what stays is listed: whichever is shorter.
fn all_but(
    patterns: &[ActionPattern],
    judged: &JudgedStatement,
    unused: BTreeSet<ActionId>,
    universe: &Universe,
) -> (Change, Vec<ActionId>) {
    if !judged.open.is_empty() {
        return (Change::Keep, Vec::new());
    }
    let stay: BTreeSet<_> = judged.actions.iter().map(|action| action.id).filter(|id| !unused.contains(id)).collect();
    if stay.is_empty() {
        return (Change::Drop, unused.into_iter().collect());
    }
    let mut named: Vec<_> = patterns.iter().map(|pattern| pattern.text().to_owned()).collect();
    // What is named may cover what the old list names already, never what stays; what the data do not know may go with its like.
    named.extend(shortest(&unused, universe, |_| true));
    tidy(&mut named);
    let mut listed = shortest(&stay, universe, |candidate| !patterns.iter().any(|pattern| pattern.overlaps(candidate)));
    tidy(&mut listed);
    let (named, listed) = (Selection::AllBut(named), Selection::Only(listed));
    let actions = if listed.size() < named.size() { listed } else { named };
    (Change::Replace(vec![Piece { actions: Some(actions), resources: None }]), unused.into_iter().collect())
}

/// The shortest list of patterns that stands for exactly these of the known actions, and for nothing that is not `permitted`.
pub(super) fn shortest(ids: &BTreeSet<ActionId>, universe: &Universe, permitted: impl Fn(&ActionPattern) -> bool) -> Vec<String> {
    let mut list = Vec::new();
    let ids: Vec<_> = ids.iter().copied().collect();
    for group in ids.chunk_by(|left, right| universe.action(*left).service() == universe.action(*right).service()) {
        let service = universe.action(group[0]).service();
        let names: Vec<_> = group.iter().map(|id| universe.action(*id).name()).collect();
        let permitted = |prefix: &str| ActionPattern::parse(&format!("{service}:{prefix}*")).is_ok_and(|pattern| permitted(&pattern));
        list.extend(universe.catalogue().shortest(service, &names, &[], &permitted));
    }
    list
}

/// Sorted as people sort, each once.
fn tidy(list: &mut Vec<String>) {
    list.sort_by_cached_key(|text| (text.to_ascii_lowercase(), text.clone()));
    list.dedup_by(|left, right| left.eq_ignore_ascii_case(right));
}
