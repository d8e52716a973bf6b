//! Actions that may be done without an event of their own: on behalf of another, or while something is made.

use menagerie_policy::data::AccessLevel;

use super::{ActionId, ActionSet, Base, Evidence, Universe, Verdict};

/// Doubts that silence proves an action unused, given what else the principal holds and did.
///
/// `granted` is everything that the principal's policies grant.
pub(super) fn doubt(universe: &Universe, base: &Base<'_>, granted: &ActionSet, id: ActionId) -> Option<(Verdict, Evidence)> {
    for parent in universe.parents(id) {
        if base.usage().actions.contains_key(parent) || (granted.contains(*parent) && base.alone(*parent).0 != Verdict::Unused) {
            return Some((Verdict::Unobservable, Evidence::DependentOf(*parent)));
        }
    }
    let action = universe.action(id);
    if action.access_level() == AccessLevel::Tagging && made_something(universe, base, action.service()) {
        return Some((Verdict::Unobservable, Evidence::TagOnCreate));
    }
    if action.service() == "kms" && KEY_USE.iter().any(|name| action.name().starts_with(name)) && uses_another_service(universe, base) {
        return Some((Verdict::Unobservable, Evidence::ThroughService));
    }
    None
}

/// What services do with a key on behalf of whoever reads or writes what it encrypts.
const KEY_USE: [&str; 6] = ["Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt", "CreateGrant", "DescribeKey"];

/// Services that ask for no key in the caller's name.
const KEYLESS: [&str; 4] = ["iam", "kms", "organizations", "sts"];

/// Whether the principal was seen to do anything but look with a service that may use keys.
fn uses_another_service(universe: &Universe, base: &Base<'_>) -> bool {
    base.usage().actions.keys().any(|id| {
        let action = universe.action(*id);
        !KEYLESS.contains(&action.service()) && action.access_level() != AccessLevel::List
    })
}

/// Whether the principal did anything with the service that could make or change something.
fn made_something(universe: &Universe, base: &Base<'_>, service: &str) -> bool {
    let writes = |id: &ActionId| {
        let action = universe.action(*id);
        action.service() == service && !matches!(action.access_level(), AccessLevel::List | AccessLevel::Read)
    };
    base.usage().actions.keys().any(writes)
}
