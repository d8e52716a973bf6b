//! Actions that may be done without an event of their own: on behalf of another, or while something is made.

use std::collections::BTreeSet;

use menagerie_policy::data::AccessLevel;

use super::{ActionId, Base, Evidence, Universe, Verdict};

/// Doubts that silence proves an action unused, given what else the principal holds and did.
///
/// `granted` is everything that the principal's policies grant.
pub(super) fn doubt(universe: &Universe, base: &Base<'_>, granted: &BTreeSet<ActionId>, id: ActionId) -> Option<(Verdict, Evidence)> {
    for parent in universe.parents(id) {
        if base.usage().actions.contains_key(parent) || (granted.contains(parent) && base.alone(*parent).0 != Verdict::Unused) {
            return Some((Verdict::Unobservable, Evidence::DependentOf(*parent)));
        }
    }
    let action = universe.action(id);
    if action.access_level() == AccessLevel::Tagging && made_something(universe, base, action.service()) {
        return Some((Verdict::Unobservable, Evidence::TagOnCreate));
    }
    None
}

/// Whether the principal did anything with the service that could make or change something.
fn made_something(universe: &Universe, base: &Base<'_>, service: &str) -> bool {
    let writes = |id: &ActionId| {
        let action = universe.action(*id);
        action.service() == service && action.access_level() == AccessLevel::Write
    };
    base.usage().actions.keys().any(writes)
}
