//! Every use of the window is decided as before: the requests that were seen are put to the old policies and to the new, by the evaluator of
//! the policy language, with the principal's other policies and its boundary; where it is known what the organisation withholds, once without
//! that and once with it, since it may be withheld since yesterday, or until tomorrow.
//!
//! A group does nothing itself: the requests are those of each of its members, in the member's own name. They are put to the group's policies
//! alone, since what a member has from elsewhere today it may lose tomorrow, and then to all that the member acts by, with its boundary.
//!
//! What a request's circumstances were is not in the log, so that a condition may leave the outcome open. It must then be left open by the
//! new policies, too: their conditions are those of the old ones, which is shown apart.

use menagerie_policy::evaluate::{Attached, Outcome, Policies, Principal, Request, evaluate};

use super::{Refusal, Rewrite};
use crate::account::Kind;
use crate::organization::Controls;
use crate::verdict::{Base, Resource, Universe, Usage};

/// The resource of a request of which it is not told.
const UNTOLD: &str = "*";

/// What limits all policies of a principal, and who acts by them.
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
    /// A group's members.
    pub members: Vec<Member<'a>>,
}

/// A member of a group.
#[derive(Debug)]
pub struct Member<'a> {
    /// Its ARN.
    pub user: &'a str,
    /// What it was seen to do.
    pub usage: &'a Usage,
    /// What it has beside the group's policies: its own, and those of its other groups.
    pub policies: Vec<Attached<'a>>,
    /// Its permissions boundary.
    pub boundary: Option<Attached<'a>>,
}

/// Policies before and after.
struct Sides<'a> {
    who: Principal,
    old: Policies<'a>,
    new: Policies<'a>,
}

impl<'a> Sides<'a> {
    fn new(who: Principal, rewrites: &'a [Rewrite<'_>], beside: &[&[Attached<'a>]], boundary: Option<Attached<'a>>) -> Self {
        let (mut old, mut new) = (beside.concat(), beside.concat());
        for rewrite in rewrites {
            old.push(Attached { name: rewrite.name, policy: rewrite.old });
            new.extend(rewrite.new.iter().map(|policy| Attached { name: rewrite.name, policy }));
        }
        let policies = |identity| Policies { identity, boundary, ..Policies::default() };
        Self { who, old: policies(old), new: policies(new) }
    }

    /// These, and where it is known what the organisation withholds these under its service control policies, and under all.
    fn under(self, fences: &Fences<'a>) -> impl Iterator<Item = Self> {
        let limited = fences.controls.map(|controls| {
            let limit = |own: &Policies<'a>, resource: &[Vec<Attached<'a>>]| Policies {
                scps: controls.service.clone(),
                rcps: resource.to_vec(),
                ..own.clone()
            };
            // Those of resources are the account's own. Of a resource elsewhere they say nothing, and what is used there stands by the others.
            [&[][..], &controls.resource].map(|resource| Self {
                who: self.who.clone(),
                old: limit(&self.old, resource),
                new: limit(&self.new, resource),
            })
        });
        [self].into_iter().chain(limited.into_iter().flatten())
    }

    /// Whether a use is decided as before.
    fn agree(&self, action: &str, resource: &str) -> bool {
        let request = Request::new(self.who.clone(), action, resource);
        let before = evaluate(&self.old, &request).outcome;
        if before.is_denied() {
            return true;
        }
        let after = evaluate(&self.new, &request).outcome;
        !after.is_denied() && (before != Outcome::Allowed || after == Outcome::Allowed)
    }
}

/// How many uses are decided as before.
pub(super) fn check<'a>(
    rewrites: &'a [Rewrite<'_>],
    untouched: &[Attached<'a>],
    fences: &Fences<'a>,
    base: &Base<'_>,
) -> Result<usize, Refusal> {
    let user = |arn: &str| Principal::User { arn: arn.to_owned() };
    let who = match fences.kind {
        Kind::Role => Principal::RoleSession { role: fences.principal.to_owned(), session: None },
        Kind::User => user(fences.principal),
        Kind::Group => {
            let mut replayed = 0;
            for member in &fences.members {
                let alone = Sides::new(user(member.user), rewrites, &[untouched], None);
                let whole = Sides::new(user(member.user), rewrites, &[untouched, &member.policies], member.boundary);
                let sides: Vec<_> = alone.under(fences).chain(whole.under(fences)).collect();
                replayed += replay(&sides, member.usage, base.universe())?;
            }
            return Ok(replayed);
        }
    };
    let sides: Vec<_> = Sides::new(who, rewrites, &[untouched], fences.boundary).under(fences).collect();
    replay(&sides, base.usage(), base.universe())
}

/// Puts each use to each of the sides; gives how many uses there are.
fn replay(sides: &[Sides<'_>], usage: &Usage, universe: &Universe) -> Result<usize, Refusal> {
    let known = usage.actions.iter().map(|(id, uses)| (universe.text(*id), uses.as_slice()));
    let strange = usage.strange.iter().map(|action| (action.clone(), &[][..]));
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
            replayed += 1;
            if !sides.iter().all(|one| one.agree(&action, resource)) {
                return Err(Refusal::NewlyDenied { action, resource: resource.to_owned() });
            }
        }
    }
    Ok(replayed)
}
