//! The evaluation logic itself. An explicit denial of any policy ends it. Else every kind of policy that limits must allow (service
//! and resource control policies level by level), and
//! - in one account the principal's own policies within boundary and session, or the resource's policy, which some of these limit
//!   by how it names the principal; a role's trust policy and a key's policy must allow in any case;
//! - across accounts the principal's own policies within boundary and session, and the resource's policy.

use super::attached::{Attached, Kind, Policies, ResourcePolicies};
use super::decision::{DecidingStatement, Decision, Outcome};
use super::principal::Named;
use super::request::{Principal, Request};
use super::statement::applies;
use crate::document::Effect;
use crate::pattern::Truth;

/// Decides by all policies.
#[must_use]
pub fn evaluate(policies: &Policies<'_>, request: &Request) -> Decision {
    let found = Found::new(policies, request);
    let unknown_resource = matches!(policies.resource, ResourcePolicies::Unknown);
    let (access, lacking) = Access::new(&found, policies, request).decide(request);
    found.decision(access, lacking, unknown_resource, request)
}

/// Decides by the principal's own policies alone, as if nothing else granted or limited.
#[must_use]
pub fn evaluate_identity(identity: &[Attached<'_>], request: &Request) -> Decision {
    let alone = Policies { identity: identity.to_vec(), ..Policies::default() };
    let found = Found::new(&alone, request);
    let access = found.allows(Kind::Identity, 0);
    found.decision(access, "No identity-based policy allows", false, request)
}

/// The statements that apply, or may.
struct Found {
    hits: Vec<Hit>,
}

struct Hit {
    statement: DecidingStatement,
    effect: Effect,
    named: Named,
    level: usize,
}

impl Found {
    fn new(policies: &Policies<'_>, request: &Request) -> Self {
        let resource = match &policies.resource {
            ResourcePolicies::Attached(attached) => attached.as_slice(),
            ResourcePolicies::None | ResourcePolicies::Unknown => &[],
        };
        let linked = request.principal.is_service_linked();
        let scps = if linked || request.principal.account().is_none() { &[] } else { policies.scps.as_slice() };
        let rcps = if linked { &[] } else { policies.rcps.as_slice() };
        let one = [
            (Kind::Identity, policies.identity.as_slice()),
            (Kind::Resource, resource),
            (Kind::Boundary, policies.boundary.as_slice()),
            (Kind::Session, policies.session.as_slice()),
        ];
        let levels = |kind, levels: &[Vec<Attached<'_>>]| -> Vec<Hit> {
            let each = levels.iter().enumerate();
            each.flat_map(|(level, attached)| hits(kind, level, attached, request, policies.boundary.is_some())).collect()
        };
        let mut found: Vec<_> =
            one.into_iter().flat_map(|(kind, attached)| hits(kind, 0, attached, request, policies.boundary.is_some())).collect();
        found.extend(levels(Kind::ServiceControl, scps));
        found.extend(levels(Kind::ResourceControl, rcps));
        Self { hits: found }
    }

    fn of(&self, effect: Effect) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(move |hit| hit.effect == effect)
    }

    /// How statements of a kind that allow name the principal.
    fn named(&self, kind: Kind, level: usize) -> Named {
        let allow = self.of(Effect::Allow).filter(|hit| hit.statement.kind == kind && hit.level == level);
        allow.fold(Named::nobody(), |named, hit| named.or(hit.named))
    }

    fn allows(&self, kind: Kind, level: usize) -> Truth {
        self.named(kind, level).at_all()
    }

    fn decision(&self, access: Truth, lacking: &str, unknown_resource: bool, request: &Request) -> Decision {
        let with = |effect, truth| -> Vec<DecidingStatement> {
            self.of(effect).filter(|hit| hit.named.at_all() == truth).map(|hit| hit.statement.clone()).collect()
        };
        let (denied, mut unknown) = (with(Effect::Deny, Truth::Yes), with(Effect::Deny, Truth::Unknown));
        let action = &request.action;
        if let [first, ..] = denied.as_slice() {
            let why = format!("The {} denies {action}.", shown(first));
            return Decision { outcome: Outcome::ExplicitDeny, by: denied, why };
        }
        match access {
            Truth::No => Decision { outcome: Outcome::ImplicitDeny, by: Vec::new(), why: format!("{lacking} {action}.") },
            Truth::Yes if unknown.is_empty() && !unknown_resource => {
                let by = with(Effect::Allow, Truth::Yes);
                let why = match by.first() {
                    Some(first) => format!("The {} allows {action}, and nothing denies it.", shown(first)),
                    None => format!("The root user of an account is allowed {action}, since nothing denies it."),
                };
                Decision { outcome: Outcome::Allowed, by, why }
            }
            _ => {
                if access.is_unknown() {
                    unknown.extend(with(Effect::Allow, Truth::Unknown));
                }
                let about = match unknown.first() {
                    Some(statement) => format!("whether the {} applies", shown(statement)),
                    None if unknown_resource => "which policies the resource has".to_owned(),
                    None => "of which account the resource is, or how its policy and the principal's limits go together".to_owned(),
                };
                Decision { outcome: Outcome::Unknown, by: unknown, why: format!("It is not known {about}.") }
            }
        }
    }
}

fn hits(kind: Kind, level: usize, attached: &[Attached<'_>], request: &Request, has_boundary: bool) -> Vec<Hit> {
    let mut hits = Vec::new();
    for Attached { name, policy } in attached {
        for (index, statement) in policy.statements().iter().enumerate() {
            let named = applies(policy, statement, kind, request, has_boundary);
            if !named.at_all().is_no() {
                let sid = statement.sid().map(str::to_owned);
                let statement_of = DecidingStatement { policy: (*name).to_owned(), kind, index, sid };
                hits.push(Hit { statement: statement_of, effect: statement.effect(), named, level });
            }
        }
    }
    hits
}

/// What each kind of policy allows, denials aside.
struct Access {
    identity: Truth,
    boundary: Truth,
    session: Truth,
    scps: Truth,
    rcps: Truth,
    resource: Named,
}

impl Access {
    fn new(found: &Found, policies: &Policies<'_>, request: &Request) -> Self {
        let principal = &request.principal;
        let levels = |kind, count| Truth::all((0..count).map(|level| found.allows(kind, level)));
        let linked = principal.is_service_linked();
        let is_root = matches!(principal, Principal::Root { .. });
        let unless_absent = |absent: bool, kind| if absent { Truth::Yes } else { found.allows(kind, 0) };
        Self {
            identity: Truth::from(is_root).or(found.allows(Kind::Identity, 0)),
            boundary: unless_absent(policies.boundary.is_none(), Kind::Boundary),
            session: unless_absent(policies.session.is_empty(), Kind::Session),
            scps: if linked || principal.account().is_none() { Truth::Yes } else { levels(Kind::ServiceControl, policies.scps.len()) },
            rcps: if linked { Truth::Yes } else { levels(Kind::ResourceControl, policies.rcps.len()) },
            resource: match policies.resource {
                ResourcePolicies::Unknown => Named::unknown(),
                _ => found.named(Kind::Resource, 0),
            },
        }
    }

    /// Whether there is access, and what is lacking if there is none.
    fn decide(&self, request: &Request) -> (Truth, &'static str) {
        let (limits, resource) = (self.boundary.and(self.session), self.resource.at_all());
        let own = self.identity.and(limits);
        let must = must_be_allowed_by_resource(request);
        let direct = self.resource.itself.or(self.resource.role.and(limits));
        // Of `*` it is not said whether boundary and session policies withhold what it grants.
        let everyone = self.resource.everyone.and(limits.or(Truth::Unknown));
        let inside = direct.or(everyone).or(own.and(resource.or(!Truth::from(must))));
        let across = resource.and(own);
        let access = match (request.principal.account(), request.account()) {
            (None, _) => resource,
            (Some(own), Some(owner)) if own == owner => inside,
            (Some(_), Some(_)) => across,
            (Some(_), None) if inside == across => inside,
            (Some(_), None) => Truth::Unknown,
        };
        let is_across = request.account().is_some() && request.account() != request.principal.account();
        let lacking = if self.scps.is_no() {
            "A level of the service control policies does not allow"
        } else if self.rcps.is_no() {
            "A level of the resource control policies does not allow"
        } else if resource.is_no() && (is_across || must) {
            "No policy of the resource, as one must, allows"
        } else if self.identity.is_no() {
            "No identity-based policy allows"
        } else if self.boundary.is_no() {
            "The permissions boundary does not allow"
        } else {
            "No session policy allows"
        };
        (self.scps.and(self.rcps).and(access), lacking)
    }
}

/// Roles and keys are the exceptions among resources: without their own policy's word nothing else grants.
fn must_be_allowed_by_resource(request: &Request) -> bool {
    let of = |service: &str, start: &str| {
        let (of, name) = request.action.split_once(':').unwrap_or_default();
        of.eq_ignore_ascii_case(service) && name.get(..start.len()).is_some_and(|name| name.eq_ignore_ascii_case(start))
    };
    let key = request.resource.split(':').nth(5).is_some_and(|resource| resource.starts_with("key/"));
    of("sts", "AssumeRole") || of("sts", "TagSession") || of("sts", "SetSourceIdentity") || key && of("kms", "")
}

fn shown(statement: &DecidingStatement) -> String {
    let DecidingStatement { policy, kind, index, sid } = statement;
    match sid {
        Some(sid) => format!("statement {index} ({sid:?}) of the {kind} {policy:?}"),
        None => format!("statement {index} of the {kind} {policy:?}"),
    }
}
