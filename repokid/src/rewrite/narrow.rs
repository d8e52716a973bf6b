//! The actions of one statement.

use menagerie_policy::document::{Actions, Statement};
use menagerie_policy::pattern::ActionPattern;

use super::{Change, Piece, Selection};
use crate::verdict::{ActionId, ActionSet, JudgedStatement, Standing, Universe};

/// What becomes of a statement by its actions, and which of them go.
pub(super) fn statement(statement: &Statement, judged: &JudgedStatement, universe: &Universe) -> (Change, Vec<ActionId>) {
    let unused: ActionSet = judged.actions.iter().filter(|action| action.verdicts.is_unused()).map(|action| action.id).collect();
    // What the elements that we do not know mean, we do not know either.
    if judged.standing != Standing::Grants || unused.is_empty() || !statement.others().is_empty() {
        return (Change::Keep, Vec::new());
    }
    match statement.actions() {
        Actions::Only(patterns) => only(patterns, judged, unused, universe),
        Actions::AllBut(patterns) => all_but(patterns, judged, &unused, universe),
    }
}

fn only(patterns: &[ActionPattern], judged: &JudgedStatement, unused: ActionSet, universe: &Universe) -> (Change, Vec<ActionId>) {
    let mut kept: Vec<&ActionPattern> = Vec::new();
    let mut narrowed: Vec<&ActionPattern> = Vec::new();
    let (mut covered, mut stay) = (ActionSet::default(), ActionSet::default());
    for (number, pattern) in patterns.iter().enumerate() {
        let mut own = ActionSet::default();
        universe.mark(pattern, &mut own);
        let is_open = judged.strange.contains(&number) || judged.open.iter().any(|(open, _)| *open == number);
        let (list, set) = if is_open || !own.meets(&unused) { (&mut kept, &mut covered) } else { (&mut narrowed, &mut stay) };
        list.push(pattern);
        set.insert_set(&own);
    }
    stay.remove_all(&unused);
    stay.remove_all(&covered);
    let mut gone = unused;
    gone.remove_all(&covered);
    if narrowed.is_empty() || gone.is_empty() {
        return (Change::Keep, Vec::new());
    }
    let gone = gone.iter().collect();
    if kept.is_empty() && stay.is_empty() {
        return (Change::Drop, gone);
    }
    let mut list: Vec<_> = kept.iter().map(|pattern| pattern.text().to_owned()).collect();
    // What `*` covers need not be asked.
    let any = narrowed.iter().any(|pattern| pattern.is_any());
    list.extend(shortest(stay.iter(), universe, |candidate| any || narrowed.iter().any(|pattern| pattern.covers(candidate))));
    tidy(&mut list);
    (Change::Replace(vec![Piece { actions: Some(Selection::Only(list)), resources: None }]), gone)
}

/// `NotAction` grants what it does not name. Either more is named, or what stays is listed: whichever is shorter.
fn all_but(patterns: &[ActionPattern], judged: &JudgedStatement, unused: &ActionSet, universe: &Universe) -> (Change, Vec<ActionId>) {
    if !judged.open.is_empty() {
        return (Change::Keep, Vec::new());
    }
    let stay: Vec<_> = judged.actions.iter().map(|action| action.id).filter(|id| !unused.contains(*id)).collect();
    if stay.is_empty() {
        return (Change::Drop, unused.iter().collect());
    }
    let mut named: Vec<_> = patterns.iter().map(|pattern| pattern.text().to_owned()).collect();
    // What is named may cover what the old list names already, never what stays; what the data do not know may go with its like.
    named.extend(shortest(unused.iter(), universe, |_| true));
    tidy(&mut named);
    let mut listed = shortest(stay.into_iter(), universe, |candidate| !patterns.iter().any(|pattern| pattern.overlaps(candidate)));
    tidy(&mut listed);
    let (named, listed) = (Selection::AllBut(named), Selection::Only(listed));
    let actions = if listed.size() < named.size() { listed } else { named };
    (Change::Replace(vec![Piece { actions: Some(actions), resources: None }]), unused.iter().collect())
}

/// The shortest list of patterns that stands for exactly these of the known actions, which ascend, and for nothing that is not `permitted`.
pub(super) fn shortest(
    ids: impl Iterator<Item = ActionId>,
    universe: &Universe,
    permitted: impl Fn(&ActionPattern) -> bool,
) -> Vec<String> {
    let mut list = Vec::new();
    let actions: Vec<_> = ids.map(|id| universe.action(id)).collect();
    for group in actions.chunk_by(|left, right| left.service() == right.service()) {
        let service = group[0].service();
        let names: Vec<_> = group.iter().map(|action| action.name()).collect();
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
