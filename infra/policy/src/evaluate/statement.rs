//! Whether a statement is about a request.

use super::attached::Kind;
use super::condition;
use super::principal::{self, Named};
use super::request::Request;
use crate::document::{Effect, Policy, Resources, Statement};
use crate::pattern::Truth;

/// Whether the statement applies, and for resources' policies how it names the principal. A statement of another policy than a
/// resource's is about the principal that has it.
pub(super) fn applies(policy: &Policy, statement: &Statement, kind: Kind, request: &Request, has_boundary: bool) -> Named {
    let Some((service, action)) = request.action.split_once(':') else { return Named::unknown() };
    if !statement.actions().matches(service, action) {
        return Named::nobody();
    }
    let of_resource = matches!(kind, Kind::Resource | Kind::ResourceControl);
    let named = match statement.principals() {
        Some(principals) if of_resource => principal::named(principals, request, statement.effect() == Effect::Deny, has_boundary),
        None if !of_resource => Named { itself: Truth::Yes, ..Named::nobody() },
        // The grammar does not allow it, so that what it means is not known.
        _ => Named::unknown(),
    };
    let resource = match statement.resources() {
        Some(resources) => resource(resources, request),
        None if of_resource => Truth::Yes,
        None => Truth::Unknown,
    };
    let known = if statement.others().is_empty() { Truth::Yes } else { Truth::Unknown };
    let circumstances = || {
        let conditions = statement.conditions().iter();
        Truth::all(conditions.map(|condition| condition::holds(condition, request, policy.has_variables())))
    };
    let so_far = resource.and(known);
    if so_far.is_no() || named.at_all().is_no() { Named::nobody() } else { named.and(so_far.and(circumstances())) }
}

fn resource(resources: &Resources, request: &Request) -> Truth {
    let lookup = |key: &str| request.variable(key);
    match resources {
        Resources::Only(patterns) => Truth::any(patterns.iter().map(|pattern| pattern.matches_with(&request.resource, lookup))),
        // Whether a pattern with a variable that has no value leaves out what it could match, or nothing, AWS does not say.
        Resources::AllBut(patterns) => !Truth::any(patterns.iter().map(|pattern| match pattern.lacks_value(lookup) {
            true => pattern.matches(&request.resource),
            false => pattern.matches_with(&request.resource, lookup),
        })),
    }
}
