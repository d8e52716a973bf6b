//! Gathers events. Memory grows with what is distinct (principal, action, resource), not with the number of events.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use menagerie_cloudtrail::coverage::{Change, LAG};
use menagerie_cloudtrail::digest::Digest;
use menagerie_cloudtrail::identity::Principal;
use menagerie_cloudtrail::map::{How, Mapped, Mapper, Resource};
use menagerie_cloudtrail::outcome::Outcome;
use menagerie_cloudtrail::read::{Place, Sink};
use menagerie_cloudtrail::{Event, Json};
use menagerie_policy::data::catalogue;

use crate::account::{Inventory, Kind};
use crate::verdict::{Universe, Usage, Use};

/// How many resources of one principal's action are told apart. Beyond, the action counts as used on any: data events name each object.
const MOST_RESOURCES: usize = 4_096;

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
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// By principal: an ARN, or of a role without its path `account/name`.
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
    /// Events outside the window.
    pub outside: u64,
    /// Events whose principal is none of IAM's, or is not told.
    pub of_nobody: u64,
}

impl Observer {
    /// Takes events between these moments alone.
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
        if self.from.is_some_and(|from| time < from) || self.to.is_some_and(|to| time > to) {
            self.outside += 1;
            return;
        }
        self.span = Some(self.span.map_or((span.first, span.last), |(first, last)| (first.min(span.first), last.max(span.last))));
        self.place(event);
        let Some(principal) = principal_of(event) else {
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
            Mapped::Uses(uses) => {
                if let Some(one) = uses.into_iter().next() {
                    seen.denied.entry(one.action).and_modify(|old| old.join(span)).or_insert(span);
                }
            }
            Mapped::Unmapped { source, name, reason } if reason.is_gap() => {
                seen.unmapped.entry((source, name)).and_modify(|old| old.join(span)).or_insert(span);
            }
            Mapped::Unmapped { .. } => {}
        }
    }

    /// Adds a use that an event of somebody's stands for, and does not show.
    pub fn add_use(&mut self, event: &Event<'_>, action: Arc<str>, resource: Resource, how: How, span: Span) {
        if let Some(principal) = principal_of(event)
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

    /// Up to when the logs reach: as far as digests vouch for them, or to the last event.
    #[must_use]
    pub fn seen_up_to(&self) -> Option<Timestamp> {
        let digested = self.digests.iter().map(|digest| digest.end).max();
        digested.and_then(|end| end.checked_sub(LAG).ok()).or(self.span.map(|(_, last)| last))
    }

    /// What was seen, by the principal's ARN; of roles without their path, by `account/name`.
    #[must_use]
    pub fn principals(&self) -> &HashMap<Box<str>, Seen> {
        &self.principals
    }

    /// What was seen since `from`, for the judgement of an inventory's principals.
    #[must_use]
    pub fn usage(&self, universe: &Universe, inventory: &Inventory, from: Timestamp) -> BTreeMap<String, Usage> {
        let roles: HashMap<String, &str> = inventory
            .principals
            .iter()
            .filter(|principal| principal.kind == Kind::Role)
            .map(|principal| (format!("{}/{}", principal.account(), principal.name), principal.arn.as_str()))
            .collect();
        let mut usage: BTreeMap<String, Usage> = BTreeMap::new();
        for (principal, seen) in &self.principals {
            let arn = match roles.get(&**principal) {
                Some(arn) => (*arn).to_owned(),
                None => principal.to_string(),
            };
            usage.entry(arn).or_default().merge(&judged(seen, universe, from));
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
            Ok(digest) => self.digests.push(digest),
            Err(error) => self.bad_digests.push((place.file.to_owned(), error.to_string())),
        }
    }
}

/// Whose use an event is: an ARN, or of a role without its path `account/name`.
fn principal_of<'a>(event: &Event<'a>) -> Option<Cow<'a, str>> {
    match event.identity()?.principal() {
        Principal::Role(arn) | Principal::User(arn) => Some(arn),
        Principal::RoleNamed { account, name, .. } => Some(format!("{account}/{name}").into()),
        _ => None,
    }
}

fn judged(seen: &Seen, universe: &Universe, from: Timestamp) -> Usage {
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
            let prefixes = catalogue().event_source(source).map(str::to_owned).into_iter().collect();
            usage.unmapped.insert((source.clone(), name.clone()), prefixes);
        }
    }
    usage
}
