//! Judges each permission that a policy grants.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use menagerie_cloudtrail::map::How;
use menagerie_policy::document::{Actions, Effect, Policy, Resources, Statement};
use menagerie_policy::pattern::{ActionPattern, ResourcePattern};

use super::dependents::doubt;
use super::{ActionId, ActionSet, Evidence, Freshness, Resource, ServiceAdvice, Sight, Sights, Universe, Usage, Use, Verdict, Window};

/// How far back Access Advisor looks: of a service that it never saw it proves no more.
const TRACKED: SignedDuration = SignedDuration::from_hours(24 * 400);

/// A Sid that begins so is never rewritten, as in Repokid.
pub(super) const KEEP_SID: &str = "NOREPO";

/// What is known of the use of a policy's permissions.
#[derive(Debug)]
pub struct Judged {
    /// Each statement, in order.
    pub statements: Vec<JudgedStatement>,
}

/// What is known of the use of a statement's permissions.
#[derive(Debug)]
pub struct JudgedStatement {
    /// Whether it may be rewritten.
    pub standing: Standing,
    /// The resources that it names, as it names them; of `NotResource` the one entry says so.
    pub resources: Vec<String>,
    /// The known actions that it grants, ascending. None of a statement that denies.
    pub actions: Vec<JudgedAction>,
    /// Patterns that no known action matches, by their number in the statement.
    pub strange: Vec<usize>,
    /// Patterns that stand for actions the data do not know and of which there may have been use, by their number, with the reason.
    pub open: Vec<(usize, Evidence)>,
}

/// Whether a statement may be rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It grants.
    Grants,
    /// It denies: it stays.
    Denies,
    /// Its Sid asks that it stays.
    Protected,
    /// It names principals: no policy of an identity does.
    Foreign,
}

/// An action that a statement grants.
#[derive(Debug)]
pub struct JudgedAction {
    /// Which.
    pub id: ActionId,
    /// What is known for each of the statement's resources.
    pub verdicts: Per,
}

/// Something for each resource of a statement.
#[derive(Debug)]
pub enum Per {
    /// The same for all.
    All(Verdict, Evidence),
    /// One each, in the order of the statement's resources.
    Each(Vec<(Verdict, Evidence)>),
}

impl Per {
    /// What is known for the resource of this number.
    #[must_use]
    pub fn of(&self, resource: usize) -> (Verdict, &Evidence) {
        match self {
            Self::All(verdict, evidence) => (*verdict, evidence),
            Self::Each(each) => (each[resource].0, &each[resource].1),
        }
    }

    /// Whether it is proved of every resource that there was no use.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        match self {
            Self::All(verdict, _) => *verdict == Verdict::Unused,
            Self::Each(each) => each.iter().all(|(verdict, _)| *verdict == Verdict::Unused),
        }
    }

    /// The verdict that weighs most.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let order = |verdict: &Verdict| match verdict {
            Verdict::Used => 3,
            Verdict::Unknown => 2,
            Verdict::Unobservable => 1,
            Verdict::Unused => 0,
        };
        match self {
            Self::All(verdict, _) => *verdict,
            Self::Each(each) => each.iter().map(|(verdict, _)| *verdict).max_by_key(order).unwrap_or(Verdict::Unknown),
        }
    }
}

/// What is known of one principal's use, whatever policy grants it.
#[derive(Debug, Clone)]
pub struct Base<'a> {
    universe: &'a Universe,
    usage: &'a Usage,
    sights: &'a Sights,
    window: Window,
    /// The principal is younger than the window needs.
    too_new: Option<Timestamp>,
    /// By service, events of which it is not known what authorised them.
    unmapped: BTreeMap<&'a str, Evidence>,
    /// Services that events show in use.
    active: BTreeSet<&'a str>,
}

impl<'a> Base<'a> {
    /// With `too_new`, nothing of the principal is proved unused: it is there since then only.
    #[must_use]
    pub fn new(universe: &'a Universe, usage: &'a Usage, sights: &'a Sights, window: Window, too_new: Option<Timestamp>) -> Self {
        let mut events: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((source, name), prefixes) in &usage.unmapped {
            for prefix in prefixes {
                events.entry(prefix).or_default().push(format!("{source} {name}"));
            }
        }
        let shown = |uses: &Vec<Use>| uses.iter().any(|one| matches!(one.how, How::Direct | How::Possible));
        let known = usage.actions.iter().filter(|(_, uses)| shown(uses)).map(|(id, _)| universe.action(*id).service());
        let strange = usage.strange.iter().filter_map(|action| Some(action.split_once(':')?.0));
        let active = known.chain(strange).chain(events.keys().copied()).collect();
        let unmapped = events.into_iter().filter_map(|(service, events)| Some((service, summary(events.into_iter())?))).collect();
        Self { universe, usage, sights, window, too_new, unmapped, active }
    }

    /// The same, with permissions that are there since `too_new` only.
    #[must_use]
    pub fn since(&self, too_new: Option<Timestamp>) -> Self {
        Self { too_new, ..self.clone() }
    }

    /// Since when the principal's permissions are there, if that is not long enough.
    #[must_use]
    pub const fn too_new(&self) -> Option<Timestamp> {
        self.too_new
    }

    /// What was seen.
    #[must_use]
    pub const fn usage(&self) -> &'a Usage {
        self.usage
    }

    /// What the actions are.
    #[must_use]
    pub const fn universe(&self) -> &'a Universe {
        self.universe
    }

    /// Whether every use of an action on any resource would have shown.
    #[must_use]
    pub fn would_show(&self, id: ActionId) -> bool {
        self.too_new.is_none()
            && !self.usage.kept.contains_key(&id)
            && *self.sights.of(id) == Sight::Seen
            && self.universe.parents(id).is_empty()
    }

    fn advice(&self, service: &str) -> Option<&'a ServiceAdvice> {
        self.usage.advice.as_ref()?.services.get(service)
    }

    /// What Access Advisor proves of an action, if anything: its use, or that there was none.
    fn advised(&self, id: ActionId) -> Option<(Verdict, Evidence)> {
        let action = self.universe.action(id);
        let row = self.advice(action.service())?;
        let tracked = row.actions.get(&action.name().to_ascii_lowercase());
        if let Some(Some(last)) = tracked
            && *last >= self.window.from
        {
            return Some((Verdict::Used, Evidence::AdvisorSaw(*last)));
        }
        // What passes a role is never recorded as the role's use by its holder.
        // A row that says nothing of what events show was made before them.
        if self.universe.is_pass_role(id) || row.fresh != Freshness::Fresh || self.active.contains(action.service()) {
            return None;
        }
        let reaches = self.window.to.duration_since(self.window.from) <= TRACKED;
        if row.last.map_or(reaches, |last| last < self.window.from) {
            return Some((Verdict::Unused, Evidence::AdvisorQuiet { last: row.last, action: false }));
        }
        tracked.filter(|last| reaches || last.is_some()).map(|last| (Verdict::Unused, Evidence::AdvisorQuiet { last: *last, action: true }))
    }

    /// That Access Advisor's row would prove an action unused, were it not too old. `gap` is why the logs do not.
    fn stale(&self, id: ActionId, gap: &Arc<str>) -> Option<Evidence> {
        let service = self.universe.action(id).service();
        let row = self.advice(service)?;
        let quiet = row.last.is_none_or(|last| last < self.window.from) && !self.active.contains(service);
        (row.fresh != Freshness::Fresh && quiet).then(|| Evidence::AdvisorStale { of: row.fresh, gap: Arc::clone(gap) })
    }

    /// The verdict on an action of which no use was seen, without regard to what it may be done on behalf of.
    #[must_use]
    pub fn alone(&self, id: ActionId) -> (Verdict, Evidence) {
        let silence = match self.advised(id) {
            Some(advised) => advised,
            None if self.universe.is_pass_role(id) => (Verdict::Unobservable, Evidence::PassRole),
            None => match self.sights.silence(id) {
                (Verdict::Unknown, Evidence::Gap(reason)) => (Verdict::Unknown, self.stale(id, &reason).unwrap_or(Evidence::Gap(reason))),
                silence => silence,
            },
        };
        if silence.0 != Verdict::Unused {
            return silence;
        }
        if let Some(since) = self.too_new {
            return (Verdict::Unknown, Evidence::TooNew(since));
        }
        if let Some(reason) = self.usage.kept.get(&id) {
            return (Verdict::Unknown, Evidence::Kept(Arc::clone(reason)));
        }
        // What Access Advisor saw and no event shows was done where the logs do not reach.
        let service = self.universe.action(id).service();
        if silence.1 == Evidence::Quiet
            && let Some(last) = self.advice(service).and_then(|row| row.last).filter(|last| *last >= self.window.from)
            && !self.active.contains(service)
        {
            return (Verdict::Unknown, Evidence::AdvisorAlone(last));
        }
        // An event that no action is known for may have been authorised by any action of its service.
        match self.unmapped.get(self.universe.action(id).service()) {
            Some(events) => (Verdict::Unknown, events.clone()),
            None => silence,
        }
    }

    fn silent(&self, granted: &ActionSet, id: ActionId) -> (Verdict, Evidence) {
        let alone = self.alone(id);
        // A service that Access Advisor did not see was not reached on behalf of another either.
        let told = matches!(alone.1, Evidence::Quiet | Evidence::AdvisorQuiet { action: true, .. });
        if alone.0 == Verdict::Unused && told {
            return doubt(self.universe, self, granted, id).unwrap_or(alone);
        }
        alone
    }
}

/// Judges every statement of a policy. `granted` is what all policies of the principal grant together.
#[must_use]
pub fn judge(policy: &Policy, base: &Base<'_>, granted: &ActionSet) -> Judged {
    Judged { statements: policy.statements().iter().map(|statement| judge_statement(statement, base, granted)).collect() }
}

/// The known actions that a statement grants, ascending.
#[must_use]
pub fn granted_by(statement: &Statement, universe: &Universe) -> Vec<ActionId> {
    if let Actions::Only(patterns) = statement.actions()
        && let [pattern] = patterns.as_slice()
    {
        return universe.expand(pattern).to_vec();
    }
    grants(statement, universe).iter().collect()
}

/// The same as a set.
#[must_use]
pub fn grants(statement: &Statement, universe: &Universe) -> ActionSet {
    let mut named = ActionSet::default();
    for pattern in statement.actions().patterns() {
        universe.mark(pattern, &mut named);
    }
    if matches!(statement.actions(), Actions::Only(_)) {
        return named;
    }
    let mut rest = universe.all();
    rest.remove_all(&named);
    rest
}

fn judge_statement(statement: &Statement, base: &Base<'_>, granted: &ActionSet) -> JudgedStatement {
    let standing = if statement.principals().is_some() {
        Standing::Foreign
    } else if statement.effect() == Effect::Deny {
        Standing::Denies
    } else if statement.sid().is_some_and(|sid| sid.starts_with(KEEP_SID)) {
        Standing::Protected
    } else {
        Standing::Grants
    };
    let mut judged =
        JudgedStatement { standing, resources: resource_texts(statement), actions: Vec::new(), strange: Vec::new(), open: Vec::new() };
    if matches!(standing, Standing::Denies | Standing::Foreign) {
        return judged;
    }
    let universe = base.universe;
    let reach = Reach { statement, folded: OnceCell::new() };
    judged.actions = granted_by(statement, universe)
        .into_iter()
        .map(|id| {
            let verdicts = match base.usage.actions.get(&id) {
                Some(uses) => used(&reach, uses, &judged.resources, || base.silent(granted, id)),
                None => {
                    let (verdict, evidence) = base.silent(granted, id);
                    Per::All(verdict, evidence)
                }
            };
            JudgedAction { id, verdicts }
        })
        .collect();
    if let Actions::Only(patterns) = statement.actions() {
        for (number, pattern) in patterns.iter().enumerate() {
            if universe.expand(pattern).is_empty() {
                judged.strange.push(number);
            }
            if let Some(evidence) = open(pattern, base.usage) {
                judged.open.push((number, evidence));
            }
        }
    } else if let Some(evidence) = open_at_all(base.usage) {
        judged.open.push((0, evidence));
    }
    judged
}

/// Whether actions that the data do not know may have been used by right of a pattern.
fn open(pattern: &ActionPattern, usage: &Usage) -> Option<Evidence> {
    let strange = usage.strange.iter().find(|action| action.split_once(':').is_some_and(|(service, name)| pattern.matches(service, name)));
    if let Some(action) = strange {
        return Some(Evidence::Unmapped(action.as_str().into()));
    }
    if pattern.is_exact() {
        return None;
    }
    let may_be = |prefixes: &[String]| prefixes.is_empty() || prefixes.iter().any(|prefix| pattern.services().matches(prefix).is_yes());
    let events = usage.unmapped.iter().filter(|(_, prefixes)| may_be(prefixes)).map(|((source, name), _)| format!("{source} {name}"));
    summary(events)
}

fn open_at_all(usage: &Usage) -> Option<Evidence> {
    summary(usage.strange.iter().cloned().chain(usage.unmapped.keys().map(|(source, name)| format!("{source} {name}"))))
}

fn summary(events: impl Iterator<Item = String>) -> Option<Evidence> {
    let events: Vec<_> = events.collect();
    let shown = events.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    match events.len() {
        0 => None,
        1..=3 => Some(Evidence::Unmapped(shown.into())),
        more => Some(Evidence::Unmapped(Arc::from(format!("{shown} and {} more", more - 3)))),
    }
}

fn resource_texts(statement: &Statement) -> Vec<String> {
    match statement.resources() {
        Some(Resources::Only(patterns)) => patterns.iter().map(|pattern| pattern.text().to_owned()).collect(),
        Some(Resources::AllBut(patterns)) => {
            vec![format!("all but {}", patterns.iter().map(ResourcePattern::text).collect::<Vec<_>>().join(", "))]
        }
        None => vec!["*".to_owned()],
    }
}

/// What a statement is about, as far as uses are held against it. Events have names as callers typed them, and some services take them in any
/// case: a use counts if its resource is the statement's but for case.
struct Reach<'a> {
    statement: &'a Statement,
    folded: OnceCell<Vec<ResourcePattern>>,
}

impl Reach<'_> {
    /// Whether a use may have been by right of the statement's resource of this number.
    fn reaches(&self, number: usize, resource: &Resource) -> bool {
        match (self.statement.resources(), resource) {
            (Some(Resources::Only(patterns)), Resource::Arn(arn)) => {
                !patterns[number].matches(arn).is_no() || !self.folded()[number].matches(&arn.to_ascii_lowercase()).is_no()
            }
            (Some(Resources::Only(patterns)), Resource::Part { start, end }) => {
                let folded = || between(&start.to_ascii_lowercase(), &end.to_ascii_lowercase());
                patterns[number].overlaps(&between(start, end)) || self.folded()[number].overlaps(&folded())
            }
            (Some(Resources::AllBut(patterns)), Resource::Arn(arn)) => !patterns.iter().any(|pattern| pattern.matches(arn).is_yes()),
            _ => true,
        }
    }

    fn folded(&self) -> &[ResourcePattern] {
        self.folded.get_or_init(|| {
            let patterns = self.statement.resources().map(Resources::patterns).unwrap_or_default();
            patterns.iter().map(|pattern| ResourcePattern::new(&pattern.text().to_ascii_lowercase())).collect()
        })
    }
}

/// The pattern of what begins and ends so, both literally.
fn between(start: &str, end: &str) -> ResourcePattern {
    let literal = |text: &str| text.replace('$', "${$}").replace('*', "${*}").replace('?', "${?}");
    ResourcePattern::new(&format!("{}*{}", literal(start), literal(end)))
}

fn used(reach: &Reach<'_>, uses: &[Use], resources: &[String], silent: impl Fn() -> (Verdict, Evidence)) -> Per {
    let each: Vec<_> = (0..resources.len())
        .map(|number| {
            let mut seen: Option<Evidence> = None;
            for one in uses.iter().filter(|one| reach.reaches(number, &one.resource)) {
                seen = Some(join(seen, one));
            }
            seen.map_or_else(&silent, |evidence| (Verdict::Used, evidence))
        })
        .collect();
    match each.as_slice() {
        [(verdict, evidence)] => Per::All(*verdict, evidence.clone()),
        _ => Per::Each(each),
    }
}

/// Evidence of a use beside what was seen before.
fn join(before: Option<Evidence>, one: &Use) -> Evidence {
    let known = !matches!(one.resource, Resource::Unknown | Resource::Part { .. });
    match before {
        Some(Evidence::Events { how, first, last, count, resource_known }) => Evidence::Events {
            how: how.min(one.how),
            first: first.min(one.first),
            last: last.max(one.last),
            count: count.saturating_add(one.count),
            resource_known: resource_known || known,
        },
        _ => Evidence::Events { how: one.how, first: one.first, last: one.last, count: one.count, resource_known: known },
    }
}
