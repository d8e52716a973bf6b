//! The catalogue: every service, action, resource type and condition key of IAM that AWS's reference has, and the SDKs' operations with
//! the actions that authorise them, so that a policy's wildcards can be read and CloudTrail's events can be held against them. `make data`
//! writes its tables (`data/*.zst`) from the packages that NOTICE names; they are part of the binary, unpacked when first asked for, and each
//! service is decoded when it is first asked for. [`Catalogue::versions`] says what they were made from.
//!
//! What the catalogue does not know is unknown, never absent: AWS adds actions every week.

mod action;
mod classes;
pub mod escalation;
mod operation;
mod shortest;
mod table;
#[cfg(test)]
mod tests;

pub use action::{AccessLevel, Action, ActionResource, ConditionKey, ResourceType, Service};
pub use operation::{Basis, Call, How, Operation, OperationAction, PassedRole, Unknown};
pub use table::Version;

use std::collections::BTreeSet;
use std::sync::OnceLock;
use table::{Table, order, unpack};

static ACTIONS: &[u8] = include_bytes!("../../data/actions.zst");
static OPERATIONS: &[u8] = include_bytes!("../../data/operations.zst");
static DESCRIPTIONS: &[u8] = include_bytes!("../../data/descriptions.zst");

/// What is known of AWS's permissions. There is one: [`catalogue`].
#[derive(Debug)]
pub struct Catalogue {
    services: Vec<Slot<Service>>,
    versions: Vec<Version>,
}

/// The operations' table, apart from the actions' since many runs need but one of the two.
#[derive(Debug)]
struct Calls {
    sources: Vec<(&'static str, &'static str)>,
    groups: Vec<Slot<Vec<Call>>>,
}

/// A section, decoded when it is first asked for.
#[derive(Debug)]
struct Slot<T> {
    section: table::Section,
    decoded: OnceLock<T>,
}

/// A table of the embedded bytes, unpacked once for the life of the process.
fn embedded(text: &'static OnceLock<String>, packed: &[u8]) -> Table {
    Table::read(text.get_or_init(|| unpack(packed)))
}

fn slots<T>(table: Vec<table::Section>) -> Vec<Slot<T>> {
    table.into_iter().map(|section| Slot { section, decoded: OnceLock::new() }).collect()
}

fn slot<T>(slots: &'static [Slot<T>], name: &str) -> Option<(usize, &'static Slot<T>)> {
    let at = slots.binary_search_by(|slot| order(slot.section.name, name)).ok()?;
    Some((at, slots.get(at)?))
}

/// The catalogue.
#[must_use]
pub fn catalogue() -> &'static Catalogue {
    static TEXT: OnceLock<String> = OnceLock::new();
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let table = embedded(&TEXT, ACTIONS);
        Catalogue { services: slots(table.sections), versions: table.versions }
    })
}

fn calls() -> &'static Calls {
    static TEXT: OnceLock<String> = OnceLock::new();
    static CALLS: OnceLock<Calls> = OnceLock::new();
    CALLS.get_or_init(|| {
        let table = embedded(&TEXT, OPERATIONS);
        Calls { sources: table.sources, groups: slots(table.sections) }
    })
}

impl Slot<Service> {
    fn service(&'static self, at: usize) -> &'static Service {
        self.decoded.get_or_init(|| Service::read(at, self.section.name, self.section.title, self.section.body))
    }
}

impl Slot<Vec<Call>> {
    fn calls(&'static self) -> &'static [Call] {
        let group = self.section.name;
        self.decoded.get_or_init(|| self.section.body.lines().filter_map(|line| Call::read(group, line)).collect())
    }
}

impl Catalogue {
    fn at(at: usize) -> Option<&'static Service> {
        Some(catalogue().services.get(at)?.service(at))
    }

    /// What the tables were made from.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// All services, sorted by prefix.
    pub fn services(&'static self) -> impl Iterator<Item = &'static Service> {
        self.services.iter().enumerate().map(|(at, slot)| slot.service(at))
    }

    /// The prefixes of all services, sorted.
    pub fn prefixes(&'static self) -> impl Iterator<Item = &'static str> {
        self.services.iter().map(|slot| slot.section.name)
    }

    /// A service by its prefix, in any case.
    #[must_use]
    pub fn service(&'static self, prefix: &str) -> Option<&'static Service> {
        let (at, slot) = slot(&self.services, prefix)?;
        Some(slot.service(at))
    }

    /// An action by its service's prefix and its name, in any case.
    #[must_use]
    pub fn action(&'static self, service: &str, name: &str) -> Option<&'static Action> {
        self.service(service)?.action(name)
    }

    /// An action by its whole name (`s3:GetObject`), in any case.
    #[must_use]
    pub fn named(&'static self, name: &str) -> Option<&'static Action> {
        let (service, name) = name.split_once(':')?;
        self.action(service, name)
    }

    /// The actions of a service, sorted; none where the service is unknown.
    #[must_use]
    pub fn actions(&'static self, service: &str) -> &'static [Action] {
        self.service(service).map(Service::actions).unwrap_or_default()
    }

    /// The actions that a pattern covers today: `*` is any text and `?` any one character, in the service's part as in the name's, and case
    /// is nothing. Sorted. What AWS adds later, and what the tables do not have, is covered too, though it cannot be listed.
    #[must_use]
    pub fn expand(&'static self, service: &str, name: &str) -> Vec<&'static Action> {
        let mut found = Vec::new();
        for (at, slot) in self.services.iter().enumerate() {
            if shortest::covers(service, slot.section.name) {
                found.extend(slot.service(at).actions().iter().filter(|action| shortest::covers(name, action.name())));
            }
        }
        found
    }

    /// The shortest list of action patterns, as `service:Name`, that covers of the service's actions exactly those to keep: names, and
    /// prefixes with `*` where the prefix is of kept actions alone. No pattern covers a name of `apart` (names that the tables do not have,
    /// and that must stay outside). `permitted` is asked of each prefix whether `prefix*` may be used: a rewriter says yes where the old policy
    /// covers it, so that what AWS adds tomorrow is not granted anew. It must say yes to each longer prefix of one that it said yes to.
    /// A name to keep that the tables do not have is written as it is. The same input gives the same list, sorted.
    #[must_use]
    pub fn shortest(&'static self, service: &str, keep: &[&str], apart: &[&str], permitted: &dyn Fn(&str) -> bool) -> Vec<String> {
        let known = self.actions(service);
        let prefix: &str = self.service(service).map_or(service, |known| known.prefix());
        shortest::shortest(known, keep, apart, permitted).into_iter().map(|name| format!("{prefix}:{name}")).collect()
    }

    /// What authorises an operation, by CloudTrail's `eventSource` (`s3.amazonaws.com`, or `s3`) and `eventName`, in any case. A name that ends
    /// in the API's version is found without it.
    #[must_use]
    pub fn operation(&'static self, event_source: &str, event_name: &str) -> Operation {
        let Some(group) = self.event_source(event_source) else { return Operation::Unknown(Unknown::Source) };
        let found = slot(&calls().groups, group).and_then(|(_, slot)| operation::find(slot.calls(), event_name));
        found.map_or(Operation::Unknown(Unknown::Name), Call::answer)
    }

    /// Whose calls the events of a source are: mostly an IAM prefix (`monitoring.amazonaws.com` is `cloudwatch`), or botocore's name of a
    /// service that has none.
    #[must_use]
    pub fn event_source(&'static self, event_source: &str) -> Option<&'static str> {
        let cut = event_source.len().saturating_sub(HOST.len());
        let name = match event_source.split_at_checked(cut) {
            Some((name, host)) if host.eq_ignore_ascii_case(HOST) => name,
            _ => event_source,
        };
        let sources = &calls().sources;
        let at = sources.binary_search_by(|(source, _)| order(source, name)).ok()?;
        sources.get(at).map(|(_, group)| *group)
    }

    /// The sources whose events are calls of a group, without `.amazonaws.com`.
    pub fn sources(&'static self, group: &str) -> impl Iterator<Item = &'static str> {
        calls().sources.iter().filter(move |(_, of)| *of == group).map(|(source, _)| *source)
    }

    /// The services, by prefix, of which some action authorises calls of a source. None if the source, or what authorises its calls, is not known.
    #[must_use]
    pub fn authorisers(&'static self, event_source: &str) -> BTreeSet<&'static str> {
        let Some(group) = self.event_source(event_source) else { return BTreeSet::new() };
        let needed = self.operations(group).iter().flat_map(Call::actions).filter(|needed| needed.how != How::Dependent);
        needed.map(|needed| needed.service).chain(self.service(group).map(Service::prefix)).collect()
    }

    /// All operations of a group that [`Catalogue::event_source`] names, sorted.
    #[must_use]
    pub fn operations(&'static self, group: &str) -> &'static [Call] {
        slot(&calls().groups, group).map(|(_, slot)| slot.calls()).unwrap_or_default()
    }

    /// All groups of operations, sorted.
    pub fn groups(&'static self) -> impl Iterator<Item = &'static str> {
        calls().groups.iter().map(|slot| slot.section.name)
    }

    /// The descriptions of a service's actions, a line for each.
    fn descriptions(&'static self, service: &str) -> Option<&'static str> {
        static TEXT: OnceLock<String> = OnceLock::new();
        static TABLE: OnceLock<Table> = OnceLock::new();
        let table = TABLE.get_or_init(|| embedded(&TEXT, DESCRIPTIONS));
        let at = table.sections.binary_search_by(|section| order(section.name, service)).ok()?;
        table.sections.get(at).map(|section| section.body)
    }
}

const HOST: &str = ".amazonaws.com";
