//! The analysis of one principal.

use jiff::Timestamp;
use menagerie_policy::document::{Effect, Policy};
use menagerie_policy::evaluate::Attached;

use super::room::{self, Spared};
use super::{Analysis, Blocked, Left, Outcome, Place, PolicyAnalysis, Reason, Setting};
use crate::account::{Document, Kind, Principal};
use crate::organization::Controls;
use crate::proof::{Fences, Member, Proof, Rewrite, prove};
use crate::rewrite::narrow;
use crate::verdict::{ActionId, ActionSet, Base, Evidence, Per, Universe, Usage, Verdict, grants, judge};

/// Analyses one principal.
#[must_use]
pub fn analyze<'a>(principal: &'a Principal, setting: &Setting<'a>) -> Analysis<'a> {
    let usage = usage_of(principal, setting);
    let sights = setting.sights.get(principal.account()).unwrap_or(setting.blind);
    let of_member = || setting.guards.left_member(setting.inventory.members(principal), setting.window);
    let left = setting.guards.left(principal, setting.window).or_else(of_member);
    let members = acting(principal, setting);
    let too_new = too_new(principal, setting);
    let mut policies = held(principal, setting);
    let inherited = inherited(principal, setting);
    let blocked = blocked(principal, &policies, &inherited, setting);

    let granted =
        granted(policies.iter().filter_map(PolicyAnalysis::policy).chain(inherited.iter().map(|named| named.policy)), setting.universe);
    let base = Base::new(setting.universe, &usage, sights, setting.window, too_new);
    let judge_all = |policies: &mut [PolicyAnalysis<'_>]| {
        for analysis in policies {
            let base = base_of(analysis.place, &base, too_new, setting);
            analysis.judged = analysis.document.policy().ok().map(|policy| judge(policy, &base, &granted));
        }
    };
    judge_all(&mut policies);
    let outcome = match left {
        Some(left) if left != Left::IdentityCenter => Outcome::Left(left),
        left => match fitted(principal, &mut policies, &inherited, members, &base, setting) {
            Ok(None) => left.map_or(Outcome::Same, Outcome::Left),
            Ok(Some(proof)) => Outcome::Narrowed(proof),
            Err(reason) => {
                policies.iter_mut().for_each(PolicyAnalysis::keep);
                Outcome::Refused(reason)
            }
        },
    };
    // What is kept so that the policies fit is unused all the same.
    if policies.iter().any(PolicyAnalysis::is_spared) {
        judge_all(&mut policies);
    }
    Analysis { principal, policies, usage, outcome, blocked }
}

/// Since when a principal, or the last who joined a group, is there, if that is not long enough.
fn too_new(principal: &Principal, setting: &Setting<'_>) -> Option<Timestamp> {
    let own = setting.guards.too_new(principal, setting.window);
    if principal.kind != Kind::Group {
        return own;
    }
    let of_members = setting.inventory.members(principal).filter_map(|member| setting.guards.too_new(member, setting.window));
    own.into_iter().chain(of_members).max()
}

/// What a policy's permissions are judged by: those of a version that was made lately had no time to be used.
fn base_of<'a>(place: Place<'_>, base: &Base<'a>, too_new: Option<Timestamp>, setting: &Setting<'_>) -> Base<'a> {
    let made = match place {
        Place::Own(managed) | Place::Shared(managed) if !managed.is_aws() => managed.made(),
        _ => None,
    };
    let since = made.filter(|made| setting.guards.is_new(*made, setting.window));
    base.since(too_new.max(since))
}

/// What would become of a principal without the actions that a person names, used or not. Everything else of it stays.
#[must_use]
pub fn remove<'a>(principal: &'a Principal, setting: &Setting<'a>, named: impl Fn(ActionId) -> bool) -> Analysis<'a> {
    let mut policies = held(principal, setting);
    let inherited = inherited(principal, setting);
    let blocked = blocked(principal, &policies, &inherited, setting);
    let unseen = Usage::default();
    let base = Base::new(setting.universe, &unseen, setting.blind, setting.window, None);
    for analysis in &mut policies {
        let Ok(policy) = analysis.document.policy() else { continue };
        let mut judged = judge(policy, &base, &ActionSet::default());
        for action in judged.statements.iter_mut().flat_map(|statement| &mut statement.actions).filter(|action| named(action.id)) {
            action.verdicts = Per::All(Verdict::Unused, Evidence::Named);
        }
        analysis.judged = Some(judged);
    }
    // What is used may go, too, and so nothing is replayed.
    let fences = fences(principal, Vec::new(), setting);
    let outcome = match rewrite(principal, &mut policies, &inherited, &fences, &base, setting) {
        Ok(None) => Outcome::Same,
        Ok(Some(proof)) => Outcome::Narrowed(proof),
        Err(reason) => {
            policies.iter_mut().for_each(PolicyAnalysis::keep);
            Outcome::Refused(reason)
        }
    };
    Analysis { principal, policies, usage: usage_of(principal, setting), outcome, blocked }
}

impl PolicyAnalysis<'_> {
    /// Whether actions of it are kept so that it fits.
    fn is_spared(&self) -> bool {
        let mut actions = self.judged.iter().flat_map(|judged| &judged.statements).flat_map(|statement| &statement.actions);
        actions.any(|action| matches!(action.verdicts, Per::All(_, Evidence::Fits)))
    }

    /// Leaves the policy as it is.
    pub(super) fn keep(&mut self) {
        self.narrowed = None;
        self.moved = false;
        self.after = vec![self.document.text().to_owned()];
    }
}

/// What was seen of a principal; of a group, what was seen of its members.
fn usage_of(principal: &Principal, setting: &Setting<'_>) -> Usage {
    let mut usage = setting.usage.get(principal.arn.as_str()).cloned().unwrap_or_default();
    for member in setting.inventory.members(principal) {
        let other = setting.usage.get(member.arn.as_str());
        if let Some(other) = other {
            usage.merge(other);
        }
        usage.join_advice(other.and_then(|other| other.advice.as_ref()));
    }
    usage
}

fn held<'a>(principal: &'a Principal, setting: &Setting<'a>) -> Vec<PolicyAnalysis<'a>> {
    let analysis = |place, document: &'a Document| PolicyAnalysis {
        place,
        document,
        judged: None,
        narrowed: None,
        after: vec![document.text().to_owned()],
        moved: false,
    };
    let inline = principal.inline.iter().map(|inline| analysis(Place::Inline(&inline.name), &inline.document));
    let managed = principal.attached.iter().filter_map(|arn| {
        let managed = setting.inventory.managed.get(arn)?;
        let attached = setting.attachments.get(arn.as_str()).copied().unwrap_or_default();
        // Of a policy that is not said to be attached once, somebody else may have it.
        let is_boundary = || setting.inventory.principals.iter().any(|other| other.boundary.as_ref() == Some(arn));
        let alone = attached == 1
            && managed.attachments.is_some_and(|count| count <= 1)
            && managed.boundaries.is_none_or(|count| count == 0)
            && !is_boundary();
        let place = if alone && !managed.is_aws() { Place::Own(managed) } else { Place::Shared(managed) };
        managed.document().map(|document| analysis(place, document))
    });
    inline.chain(managed).collect()
}

/// The policies that stand in a principal and are attached to it.
fn own<'a>(principal: &'a Principal, setting: &Setting<'a>) -> Vec<Attached<'a>> {
    let inventory = setting.inventory;
    let inline = principal.inline.iter().map(|inline| (inline.name.as_str(), &inline.document));
    let managed = principal.attached.iter().filter_map(|arn| inventory.managed.get(arn));
    let managed = managed.filter_map(|managed| Some((managed.name.as_str(), managed.document()?)));
    inline.chain(managed).filter_map(|(name, document)| Some(Attached { name, policy: document.policy().ok()? })).collect()
}

/// The policies of a user's groups.
fn inherited<'a>(principal: &'a Principal, setting: &Setting<'a>) -> Vec<Attached<'a>> {
    setting.inventory.groups_of(principal).flat_map(|group| own(group, setting)).collect()
}

/// Who acts by a group's policies, and by what else.
fn acting<'a>(group: &'a Principal, setting: &Setting<'a>) -> Vec<Member<'a>> {
    let (inventory, usage) = (setting.inventory, setting.usage);
    let member = |user: &'a Principal| {
        let others = inventory.groups_of(user).filter(|other| other.arn != group.arn);
        let policies = [user].into_iter().chain(others).flat_map(|holder| own(holder, setting)).collect();
        // Who was not seen at all did nothing that could be replayed.
        let usage = usage.get(user.arn.as_str())?;
        Some(Member { user: user.arn.as_str(), usage, policies, boundary: boundary(user, setting) })
    };
    inventory.members(group).filter_map(member).collect()
}

fn fences<'a>(principal: &'a Principal, members: Vec<Member<'a>>, setting: &Setting<'a>) -> Fences<'a> {
    let (arn, kind) = (principal.arn.as_str(), principal.kind);
    Fences { principal: arn, kind, boundary: boundary(principal, setting), controls: controls(principal, setting), members }
}

fn boundary<'a>(principal: &Principal, setting: &Setting<'a>) -> Option<Attached<'a>> {
    let managed = setting.inventory.managed.get(principal.boundary.as_ref()?)?;
    Some(Attached { name: &managed.name, policy: managed.document()?.policy().ok()? })
}

/// What the organisation withholds from a principal: nothing from service-linked roles.
fn controls<'a>(principal: &Principal, setting: &Setting<'a>) -> Option<&'a Controls<'a>> {
    setting.organization.get(principal.account()).filter(|_| !principal.path.starts_with("/aws-service-role/"))
}

fn blocked(principal: &Principal, policies: &[PolicyAnalysis<'_>], inherited: &[Attached<'_>], setting: &Setting<'_>) -> Blocked {
    // What is said first of an action is what is told: the widest limit.
    let mut blocked = controls(principal, setting).map(|controls| controls.blocked.clone()).unwrap_or_default();
    for analysis in policies {
        if let Some(policy) = analysis.policy() {
            blocked.by_denials(policy, analysis.place.name(), setting.universe);
        }
    }
    for named in inherited {
        blocked.by_denials(named.policy, named.name, setting.universe);
    }
    if let Some(boundary) = boundary(principal, setting) {
        blocked.by_boundary(boundary.policy, boundary.name, setting.universe);
    }
    blocked
}

/// All known actions that some policy grants.
fn granted<'p>(policies: impl Iterator<Item = &'p Policy>, universe: &Universe) -> ActionSet {
    let allowing = policies.flat_map(Policy::statements).filter(|statement| statement.effect() == Effect::Allow);
    let mut granted = ActionSet::default();
    allowing.for_each(|statement| granted.insert_set(&grants(statement, universe)));
    granted
}

/// Narrows the policies; where they would not fit, services keep all their actions until they do.
fn fitted<'a>(
    principal: &'a Principal,
    policies: &mut [PolicyAnalysis<'_>],
    inherited: &[Attached<'_>],
    members: Vec<Member<'a>>,
    base: &Base<'_>,
    setting: &Setting<'a>,
) -> Result<Option<Proof>, Reason> {
    let mut spared: Option<Spared> = None;
    let fences = fences(principal, members, setting);
    loop {
        match rewrite(principal, policies, inherited, &fences, base, setting) {
            Err(reason @ (Reason::TooLong { .. } | Reason::TooMany { .. })) => {
                let spared = spared.get_or_insert_with(|| Spared::new(policies, setting.universe));
                if !spared.keep(policies, &reason, setting.universe) {
                    return Err(reason);
                }
            }
            result => return result,
        }
    }
}

/// Narrows the policies and proves it; none if nothing changes.
fn rewrite(
    principal: &Principal,
    policies: &mut [PolicyAnalysis<'_>],
    inherited: &[Attached<'_>],
    fences: &Fences<'_>,
    base: &Base<'_>,
    setting: &Setting<'_>,
) -> Result<Option<Proof>, Reason> {
    for analysis in policies.iter_mut() {
        let (Some(judged), Ok(policy)) = (&analysis.judged, analysis.document.policy()) else { continue };
        let edit = |reason: String| Reason::Edit { policy: analysis.place.name().to_owned(), reason };
        let own = base_of(analysis.place, base, base.too_new(), setting);
        let narrowed = narrow(policy, judged, &own, setting.options).map_err(|error| edit(error.to_string()))?;
        if !narrowed.is_change() {
            continue;
        }
        analysis.after = narrowed.text.iter().cloned().collect();
        analysis.narrowed = Some(narrowed);
    }
    if !policies.iter().any(PolicyAnalysis::changes) {
        return Ok(None);
    }
    room::place(principal, policies)?;
    let mut rewrites = Vec::new();
    let mut untouched = inherited.to_vec();
    for analysis in policies.iter() {
        let (Ok(old), Some(judged)) = (analysis.document.policy(), &analysis.judged) else { continue };
        if !analysis.changes() {
            untouched.push(Attached { name: analysis.place.name(), policy: old });
            continue;
        }
        let mut new = Vec::new();
        for text in &analysis.after {
            let parsed = Policy::parse(text);
            new.push(parsed.map_err(|error| Reason::Edit { policy: analysis.place.name().to_owned(), reason: error.to_string() })?);
        }
        rewrites.push(Rewrite { name: analysis.place.name(), old, new, judged });
    }
    Ok(Some(prove(&rewrites, &untouched, fences, base)?))
}
