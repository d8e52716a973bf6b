//! Every use of the window is decided as before: the requests that were seen are put to the old policies and to the new, by the evaluator of
//! the policy language, with the principal's other policies and its boundary; where it is known what the organisation withholds, once without
//! that and once with it, since it may be withheld since yesterday, or until tomorrow.
//!
//! What a request's circumstances were is not in the log, so that a condition may leave the outcome open. It must then be left open by the
//! new policies, too: their conditions are those of the old ones, which is shown apart.

use menagerie_policy::evaluate::{Attached, Outcome, Policies, Principal, Request, evaluate};

use super::{Refusal, Rewrite};
use crate::account::Kind;
use crate::organization::Controls;
use crate::verdict::{Base, Resource};

/// The resource of a request of which it is not told.
const UNTOLD: &str = "*";

/// What limits all policies of a principal.
#[derive(Debug)]
pub struct Fences<'a> {
    /// Its ARN.
    pub principal: &'a str,
    /// What it is: requests of a group are those of its members.
    pub kind: Kind,
    /// Its permissions boundary.
    pub boundary: Option<Attached<'a>>,
    /// What the organisation withholds from its account, if that is known.
    pub controls: Option<&'a Controls<'a>>,
}

impl Fences<'_> {
    fn principal(&self) -> Principal {
        match self.kind {
            Kind::Role => Principal::RoleSession { role: self.principal.to_owned(), session: None },
            Kind::User | Kind::Group => Principal::User { arn: self.principal.to_owned() },
        }
    }
}

/// Whether a request that the old policies may allow is one that the new ones may not.
fn is_newly_denied(old: &Policies<'_>, new: &Policies<'_>, request: &Request) -> bool {
    let before = evaluate(old, request).outcome;
    if before.is_denied() {
        return false;
    }
    let after = evaluate(new, request).outcome;
    after.is_denied() || (before == Outcome::Allowed && after != Outcome::Allowed)
}

/// How many uses are decided as before.
pub(super) fn check(rewrites: &[Rewrite<'_>], untouched: &[Attached<'_>], fences: &Fences<'_>, base: &Base<'_>) -> Result<usize, Refusal> {
    let (mut old, mut new) = (untouched.to_vec(), untouched.to_vec());
    for rewrite in rewrites {
        old.push(Attached { name: rewrite.name, policy: rewrite.old });
        new.extend(rewrite.new.iter().map(|policy| Attached { name: rewrite.name, policy }));
    }
    let own = |identity| Policies { identity, boundary: fences.boundary, ..Policies::default() };
    let (old, new) = (own(old), own(new));
    let mut limits = vec![(old.clone(), new.clone())];
    if let Some(controls) = fences.controls {
        let service = |own| Policies { scps: controls.service.clone(), ..own };
        limits.push((service(old.clone()), service(new.clone())));
        // Those of the account's own resources. Of a resource elsewhere they say nothing, and what is used there stands by the others.
        let all = |own| Policies { rcps: controls.resource.clone(), ..service(own) };
        limits.push((all(old), all(new)));
    }
    let known = base.usage().actions.iter().map(|(id, uses)| (base.universe().text(*id), uses.as_slice()));
    let strange = base.usage().strange.iter().map(|action| (action.clone(), &[][..]));
    let mut replayed = 0;
    for (action, uses) in known.chain(strange) {
        let resources = uses.iter().map(|one| match &one.resource {
            Resource::Arn(arn) => arn.as_str(),
            // What lies between is not told: that the grant itself stays is shown by what is retained.
            Resource::Any | Resource::Part { .. } | Resource::Unknown => UNTOLD,
        });
        let mut resources: Vec<_> = resources.collect();
        if resources.is_empty() {
            resources.push(UNTOLD);
        }
        resources.sort_unstable();
        resources.dedup();
        for resource in resources {
            let request = Request::new(fences.principal(), &action, resource);
            replayed += 1;
            if limits.iter().any(|(old, new)| is_newly_denied(old, new, &request)) {
                return Err(Refusal::NewlyDenied { action, resource: resource.to_owned() });
            }
        }
    }
    Ok(replayed)
}
