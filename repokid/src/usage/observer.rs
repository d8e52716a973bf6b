//! Gathers events. Memory grows with what is distinct (principal, action, resource), not with the number of events.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use foldhash::HashMap;
use jiff::{SignedDuration, Timestamp};
use menagerie_cloudtrail::coverage::{Change, LAG};
use menagerie_cloudtrail::digest::Digest;
use menagerie_cloudtrail::identity::{Identity, Principal, Principals};
use menagerie_cloudtrail::map::{self, How, Mapped, Mapper, Resource};
use menagerie_cloudtrail::outcome::{Denial, Outcome};
use menagerie_cloudtrail::read::{Place, Sink};
use menagerie_cloudtrail::{Event, Json};
use menagerie_policy::data::catalogue;

use super::stored::names_of;
use crate::account::Inventory;
use crate::state::{MOST_RESOURCES, known_as};
use crate::verdict::{Universe, Usage, Use};

/// Digests of different Regions end at different minutes. A Region whose last digest is older than this is not merely late.
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// When something was seen, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
}

impl Span {
    /// Once.
    #[must_use]
    pub const fn once(time: Timestamp) -> Self {
        Self { first: time, last: time, count: 1 }
    }

    fn join(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count = self.count.saturating_add(other.count);
    }
}

/// What one principal was seen to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// By action (`service:Name`): each resource, and how.
    pub uses: HashMap<Arc<str>, HashMap<(Resource, How), Span>>,
    /// Requests that were refused, by action.
    pub denied: HashMap<Arc<str>, Span>,
    /// Events that no action is known for, by source and name.
    pub unmapped: HashMap<(String, String), Span>,
}

impl Seen {
    /// Adds uses of an action on a resource.
    pub fn add(&mut self, action: Arc<str>, resource: Resource, how: How, span: Span) {
        let resources = self.uses.entry(action).or_default();
        let full = resources.len() >= MOST_RESOURCES && !resources.contains_key(&(resource.clone(), how));
        let key = if full { (Resource::Unknown, how) } else { (resource, how) };
        resources.entry(key).and_modify(|old| old.join(span)).or_insert(span);
    }

    /// Takes a request that was refused. What was refused may be another action than the request's own: then that one had been allowed, and
    /// is needed as soon as the other is granted. Where the denial does not say which of several it was, each counts as used.
    fn refuse(&mut self, uses: Vec<map::Use>, message: Option<&str>, span: Span) {
        let own = |one: &map::Use| matches!(one.how, How::Direct | How::PassRole);
        let refused = message.and_then(Denial::parse).map(|denial| denial.action);
        let several = uses.iter().any(|one| own(one) && one.action != uses[0].action);
        let spelled = refused.map(|action| {
            uses.iter().find(|one| one.action.eq_ignore_ascii_case(action)).map_or_else(|| action.into(), |one| Arc::clone(&one.action))
        });
        let denied = spelled.or_else(|| uses.first().map(|one| Arc::clone(&one.action)));
        for one in uses {
            let allowed = refused.map_or(several, |action| !one.action.eq_ignore_ascii_case(action));
            if own(&one) && allowed {
                self.add(one.action, one.resource, one.how, span);
            }
        }
        if let Some(action) = denied {
            self.denied.entry(action).and_modify(|old| old.join(span)).or_insert(span);
        }
    }

    fn merge(&mut self, other: Self) {
        for (action, resources) in other.uses {
            // In order, so that what is told apart does not depend on how the work was divided.
            let sorted: BTreeMap<_, _> = resources.into_iter().collect();
            for ((resource, how), span) in sorted {
                self.add(Arc::clone(&action), resource, how, span);
            }
        }
        for (action, span) in other.denied {
            self.denied.entry(action).and_modify(|old| old.join(span)).or_insert(span);
        }
        for (event, span) in other.unmapped {
            self.unmapped.entry(event).and_modify(|old| old.join(span)).or_insert(span);
        }
    }
}

/// Takes events and remembers what is distinct in them.
#[derive(Debug, Default)]
pub struct Observer {
    mapper: Mapper,
    identities: Principals,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// By principal: an ARN, of a role without its path `account/name`, or a unique ID where the log has no more.
    principals: HashMap<Box<str>, Seen>,
    /// What became of trails.
    pub trails: Vec<Change>,
    /// Digests of what was delivered.
    pub digests: Vec<Digest>,
    /// Digest files that cannot be read.
    pub bad_digests: Vec<(PathBuf, String)>,
    /// Accounts and Regions that events are of.
    pub places: BTreeSet<(Box<str>, Box<str>)>,
    /// The first and the last event that was taken.
    pub span: Option<(Timestamp, Timestamp)>,
    last_place: Option<(Box<str>, Box<str>)>,
    /// Events before the window.
    pub outside: u64,
    /// Events after the window, which count as use.
    pub later: u64,
    /// Events whose principal is none of IAM's, or is not told.
    pub of_nobody: u64,
}

impl Observer {
    /// Takes events from a moment on; `to` is the moment that is analysed for.
    #[must_use]
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self { from, to, ..Self::default() }
    }

    /// Adds what another observer saw.
    pub fn merge(&mut self, other: Self) {
        for (principal, seen) in other.principals {
            self.principals.entry(principal).or_default().merge(seen);
        }
        self.span = match (self.span, other.span) {
            (Some(mine), Some(its)) => Some((mine.0.min(its.0), mine.1.max(its.1))),
            (mine, its) => mine.or(its),
        };
        self.trails.extend(other.trails);
        self.digests.extend(other.digests);
        self.bad_digests.extend(other.bad_digests);
        self.places.extend(other.places);
        self.outside += other.outside;
        self.later += other.later;
        self.of_nobody += other.of_nobody;
    }

    /// Takes an event.
    pub fn take(&mut self, event: &Event<'_>) {
        self.take_all(event, Span::once(event.time()));
    }

    /// Takes an event that stands for several of its kind, the last of which it is.
    pub fn take_all(&mut self, event: &Event<'_>, span: Span) {
        let time = event.time();
        self.trails.extend(Change::of(event));
        // What was done after the moment that is analysed for was done: it counts.
        self.later += u64::from(self.to.is_some_and(|to| time > to));
        if self.from.is_some_and(|from| time < from) {
            self.outside += 1;
            return;
        }
        self.span = Some(self.span.map_or((span.first, span.last), |(first, last)| (first.min(span.first), last.max(span.last))));
        self.place(event);
        let Some(principal) = principal_of(&mut self.identities, event) else {
            self.of_nobody += 1;
            return;
        };
        let mapped = self.mapper.map(event);
        if !self.principals.contains_key(&*principal) {
            self.principals.insert(principal.as_ref().into(), Seen::default());
        }
        let Some(seen) = self.principals.get_mut(&*principal) else { return };
        match mapped {
            Mapped::Uses(uses) if Outcome::of(event).is_use() => {
                for one in uses {
                    seen.add(one.action, one.resource, one.how, span);
                }
            }
            Mapped::Uses(uses) => seen.refuse(uses, event.error_message().as_deref(), span),
            Mapped::Unmapped { source, name, reason } if reason.is_gap() => {
                seen.unmapped.entry((source, name)).and_modify(|old| old.join(span)).or_insert(span);
            }
            Mapped::Unmapped { .. } => {}
        }
    }

    fn place(&mut self, event: &Event<'_>) {
        if let (Some(account), Some(region)) = (event.recipient_account(), event.region()) {
            // Mostly it is where the event before was.
            if self.last_place.as_ref().is_none_or(|(last, of)| **last != *account || **of != *region) {
                let place: (Box<str>, Box<str>) = (account.as_ref().into(), region.as_ref().into());
                self.places.insert(place.clone());
                self.last_place = Some(place);
            }
        }
    }

    /// Up to when the logs reach: as far as the digests of every Region vouch for them, or to the last event.
    #[must_use]
    pub fn seen_up_to(&self) -> Option<Timestamp> {
        reach(&self.digests, self.span.map(|(_, last)| last))
    }

    /// Adds a use that an event of somebody's stands for, and does not show.
    pub fn add_use(&mut self, event: &Event<'_>, action: Arc<str>, resource: Resource, how: How, span: Span) {
        if let Some(principal) = principal_of(&mut self.identities, event)
            && Outcome::of(event).is_use()
        {
            self.principals.entry(principal.as_ref().into()).or_default().add(action, resource, how, span);
        }
    }

    /// Gives what was seen and begins anew, with what it has learned of operations.
    pub fn take_seen(&mut self) -> HashMap<Box<str>, Seen> {
        (self.span, self.last_place) = (None, None);
        self.trails.clear();
        self.digests.clear();
        self.bad_digests.clear();
        self.places.clear();
        std::mem::take(&mut self.principals)
    }

    /// What was seen, by the principal's ARN; of roles without their path, by `account/name`.
    #[must_use]
    pub fn principals(&self) -> &HashMap<Box<str>, Seen> {
        &self.principals
    }

    /// What was seen since `from`, for the judgement of an inventory's principals.
    #[must_use]
    pub fn usage(&self, universe: &Universe, inventory: &Inventory, from: Timestamp) -> BTreeMap<String, Usage> {
        let mut known: HashMap<String, &str> = HashMap::default();
        for principal in &inventory.principals {
            known.extend(names_of(principal).into_iter().map(|name| (name, principal.arn.as_str())));
        }
        let mut usage: BTreeMap<String, Usage> = BTreeMap::new();
        for (principal, seen) in &self.principals {
            // Of who is not in the inventory nothing is judged.
            let Some(arn) = known.get(&*known_as(principal)).copied() else { continue };
            let judged = judged(seen, universe, from);
            match usage.entry(arn.to_owned()) {
                Entry::Vacant(entry) => drop(entry.insert(judged)),
                Entry::Occupied(mut entry) => entry.get_mut().merge(&judged),
            }
        }
        usage
    }
}

impl Sink for Observer {
    fn event(&mut self, event: &Event<'_>, _: &Place<'_>) {
        self.take(event);
    }

    fn digest(&mut self, digest: Json<'_>, place: &Place<'_>) {
        match Digest::parse(digest.text()) {
            Ok(mut digest) => {
                if let Some(seal) = &mut digest.seal {
                    seal.place = place.file.to_string_lossy().into_owned();
                }
                self.digests.push(digest);
            }
            Err(error) => self.bad_digests.push((place.file.to_owned(), error.to_string())),
        }
    }
}

/// Up to when logs reach: as far as the digests of every Region vouch for them, or to the last event.
#[must_use]
pub fn reach(digests: &[Digest], last_event: Option<Timestamp>) -> Option<Timestamp> {
    let mut ends: HashMap<_, Timestamp> = HashMap::default();
    for digest in digests.iter().filter(|digest| digest.vouches()) {
        if let Some(name) = digest.name() {
            ends.entry((name.account, name.region, name.trail)).and_modify(|end| *end = digest.end.max(*end)).or_insert(digest.end);
        }
    }
    let last = ends.values().max().copied();
    let digested = ends.into_values().filter(|end| last.is_some_and(|last| last.duration_since(*end) < LATE)).min();
    digested.and_then(|end| end.checked_sub(LAG).ok()).or(last_event)
}

/// The unique ID of a role or a user, which some events have alone.
fn unique_id<'a>(identity: &'a Identity<'_>) -> Option<&'a str> {
    let issuer = identity.issuer.as_ref().and_then(|issuer| issuer.principal_id.as_deref());
    let id = issuer.or(identity.principal_id.as_deref())?.split(':').next()?;
    (id.starts_with("AROA") || id.starts_with("AIDA")).then_some(id)
}

/// Whose use an event is: an ARN, of a role without its path `account/name`, or a unique ID where the log has no more.
fn principal_of<'m>(identities: &'m mut Principals, event: &Event<'_>) -> Option<Cow<'m, str>> {
    let identity = event.identity_json()?;
    match identities.of(identity) {
        Principal::Role(arn) | Principal::User(arn) => Some(Cow::Borrowed(arn.as_ref())),
        Principal::RoleNamed { account, name, .. } => Some(Cow::Owned(format!("{account}/{name}"))),
        Principal::Unknown => unique_id(&Identity::of(identity)).map(|id| Cow::Owned(id.to_owned())),
        _ => None,
    }
}

pub(super) fn judged(seen: &Seen, universe: &Universe, from: Timestamp) -> Usage {
    let mut usage = Usage::default();
    for (action, resources) in &seen.uses {
        let mut uses: Vec<_> = resources
            .iter()
            .filter(|(_, span)| span.last >= from)
            .map(|((resource, how), span)| Use {
                resource: resource.clone(),
                how: *how,
                first: span.first,
                last: span.last,
                count: span.count,
            })
            .collect();
        uses.sort_by(|left, right| (&left.resource, left.how).cmp(&(&right.resource, right.how)));
        match universe.named(action) {
            _ if uses.is_empty() => {}
            Some(id) => usage.actions.entry(id).or_default().append(&mut uses),
            None => drop(usage.strange.insert(action.to_ascii_lowercase())),
        }
    }
    for ((source, name), span) in &seen.unmapped {
        if span.last >= from {
            let prefixes = catalogue().authorisers(source).into_iter().map(str::to_owned).collect();
            usage.unmapped.insert((source.clone(), name.clone()), prefixes);
        }
    }
    usage
}
