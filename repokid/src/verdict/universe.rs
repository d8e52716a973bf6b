//! The actions that the data know, numbered, so that sets of them are cheap; and what each pattern stands for among them.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use foldhash::HashMap;
use menagerie_policy::data::{Action, Basis, Catalogue, How, catalogue};
use menagerie_policy::pattern::ActionPattern;

use super::ActionSet;

/// The number of an action in a [`Universe`]; in the order of services and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(u32);

impl ActionId {
    /// For tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The action of this number.
    pub(super) fn of_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("there are fewer actions than 2^32"))
    }
}

/// All actions of the catalogue.
#[derive(Debug)]
pub struct Universe {
    catalogue: &'static Catalogue,
    actions: Vec<&'static Action>,
    services: Vec<(&'static str, Range<u32>)>,
    /// Where each service is among them, by its prefix as it is written there.
    places: HashMap<&'static str, usize>,
    /// Whether an event of its own shows each action.
    logged: Vec<bool>,
    /// By action, those on whose behalf it may be done.
    parents: Vec<Vec<ActionId>>,
    pass_role: Option<ActionId>,
    expansions: RefCell<HashMap<Box<str>, Arc<[ActionId]>>>,
}

impl Universe {
    /// Numbers the catalogue's actions.
    #[must_use]
    pub fn new() -> Self {
        let catalogue = catalogue();
        let mut actions = Vec::with_capacity(24_000);
        let mut services = Vec::with_capacity(500);
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        for service in catalogue.services() {
            let from = number(actions.len());
            actions.extend(service.actions());
            services.push((service.prefix(), from..number(actions.len())));
        }
        let mut universe = Self {
            catalogue,
            logged: vec![false; actions.len()],
            parents: vec![Vec::new(); actions.len()],
            places: services.iter().enumerate().map(|(at, (prefix, _))| (*prefix, at)).collect(),
            actions,
            services,
            pass_role: None,
            expansions: RefCell::default(),
        };
        universe.pass_role = universe.find("iam", "PassRole");
        universe.read_operations();
        universe.read_dependents();
        universe
    }

    /// What the catalogue was made from.
    #[must_use]
    pub const fn catalogue(&self) -> &'static Catalogue {
        self.catalogue
    }

    /// How many actions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether there are none, which is never so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// All numbers.
    pub fn ids(&self) -> impl Iterator<Item = ActionId> + use<> {
        (0..u32::try_from(self.actions.len()).unwrap_or(u32::MAX)).map(ActionId)
    }

    /// All numbers, as a set.
    #[must_use]
    pub fn all(&self) -> ActionSet {
        let mut all = ActionSet::default();
        all.insert_all(0..u32::try_from(self.actions.len()).unwrap_or(u32::MAX));
        all
    }

    /// The action of a number of this universe.
    #[must_use]
    pub fn action(&self, id: ActionId) -> &'static Action {
        self.actions[id.index()]
    }

    /// `service:Name`.
    #[must_use]
    pub fn text(&self, id: ActionId) -> String {
        let action = self.action(id);
        format!("{}:{}", action.service(), action.name())
    }

    /// The number of an action, by service and name in any case.
    #[must_use]
    pub fn find(&self, service: &str, name: &str) -> Option<ActionId> {
        self.find_in(self.service(service)?, name)
    }

    /// The number of a service, by its prefix in any case.
    fn service(&self, prefix: &str) -> Option<usize> {
        let exact = self.places.get(prefix).copied();
        exact.or_else(|| self.services.binary_search_by(|(known, _)| order(known, prefix)).ok())
    }

    /// The number of an action of a service.
    fn find_in(&self, service: usize, name: &str) -> Option<ActionId> {
        let range = &self.services[service].1;
        let at = self.within(range).binary_search_by(|action| order(action.name(), name)).ok()?;
        Some(ActionId(range.start + u32::try_from(at).ok()?))
    }

    fn within(&self, range: &Range<u32>) -> &[&'static Action] {
        &self.actions[range.start as usize..range.end as usize]
    }

    /// The number of `service:Name`, in any case.
    #[must_use]
    pub fn named(&self, text: &str) -> Option<ActionId> {
        let (service, name) = text.split_once(':')?;
        self.find(service, name)
    }

    /// Whether an event of its own would show the action.
    #[must_use]
    pub fn is_logged(&self, id: ActionId) -> bool {
        self.logged[id.index()]
    }

    /// Actions on whose behalf this one may be done.
    #[must_use]
    pub fn parents(&self, id: ActionId) -> &[ActionId] {
        &self.parents[id.index()]
    }

    /// Whether it is `iam:PassRole`.
    #[must_use]
    pub fn is_pass_role(&self, id: ActionId) -> bool {
        self.pass_role == Some(id)
    }

    /// The services, with the numbers of their actions.
    #[must_use]
    pub fn services(&self) -> &[(&'static str, Range<u32>)] {
        &self.services
    }

    /// The actions that a pattern covers among those known, ascending.
    #[must_use]
    pub fn expand(&self, pattern: &ActionPattern) -> Arc<[ActionId]> {
        if let Some(known) = self.expansions.borrow().get(pattern.text()) {
            return Arc::clone(known);
        }
        let mut found = Vec::new();
        self.runs(pattern, |run| found.extend(run.map(ActionId)));
        let found: Arc<[ActionId]> = found.into();
        self.expansions.borrow_mut().insert(pattern.text().into(), Arc::clone(&found));
        found
    }

    /// Adds the actions that a pattern covers among those known to a set.
    pub fn mark(&self, pattern: &ActionPattern, set: &mut ActionSet) {
        self.runs(pattern, |run| set.insert_all(run));
    }

    /// The numbers of the actions that a pattern covers, in ascending runs.
    fn runs(&self, pattern: &ActionPattern, mut take: impl FnMut(Range<u32>)) {
        if pattern.services().is_exact() {
            if let Some(at) = self.service(pattern.service()) {
                self.runs_in(&self.services[at].1, pattern, &mut take);
            }
            return;
        }
        for (prefix, range) in &self.services {
            if pattern.services().matches(prefix).is_yes() {
                self.runs_in(range, pattern, &mut take);
            }
        }
    }

    fn runs_in(&self, range: &Range<u32>, pattern: &ActionPattern, take: &mut impl FnMut(Range<u32>)) {
        let within = self.within(range);
        // Almost all patterns are a name, or what names begin with: names that begin alike stand together.
        let (begin, open) = pattern.name().strip_suffix('*').map_or((pattern.name(), false), |begin| (begin, true));
        if begin.is_ascii() && !begin.contains(['*', '?']) {
            let number = |at: usize| range.start + u32::try_from(at).unwrap_or(u32::MAX);
            let from = within.partition_point(|action| order(action.name(), begin).is_lt());
            let is_in = |action: &&Action| {
                let name = action.name();
                if open {
                    name.get(..begin.len()).is_some_and(|own| own.eq_ignore_ascii_case(begin))
                } else {
                    name.eq_ignore_ascii_case(begin)
                }
            };
            let count = within[from..].partition_point(is_in);
            take(number(from)..number(from + count));
            return;
        }
        for id in range.clone().filter(|id| pattern.names().matches(self.actions[*id as usize].name()).is_yes()) {
            take(id..id + 1);
        }
    }

    /// An action is logged when some operation needs it: one that needs it at times counts as its use each time.
    fn read_operations(&mut self) {
        // Neighbours are mostly of one service.
        let mut last: Option<(&str, Option<usize>)> = None;
        for group in self.catalogue.groups() {
            for call in self.catalogue.operations(group) {
                // An event of an action's name may be, but that there would be one is not known: agents and services use such actions.
                let is_operation = call.basis() != Basis::Action;
                let mut direct = Vec::new();
                for needed in call.actions() {
                    let service = match last {
                        Some((name, service)) if name == needed.service => service,
                        _ => last.insert((needed.service, self.service(needed.service))).1,
                    };
                    let Some(id) = service.and_then(|service| self.find_in(service, needed.name)) else { continue };
                    match needed.how {
                        How::Direct => {
                            self.logged[id.index()] |= is_operation;
                            direct.push(id);
                        }
                        How::Possible => self.logged[id.index()] |= is_operation,
                        How::Dependent => self.parents[id.index()].extend(direct.iter().filter(|parent| **parent != id)),
                    }
                }
            }
        }
    }

    fn read_dependents(&mut self) {
        for parent in self.ids() {
            for dependent in self.action(parent).dependents() {
                if let Some(id) = self.named(dependent).filter(|id| *id != parent) {
                    self.parents[id.index()].push(parent);
                }
            }
        }
        for parents in &mut self.parents {
            parents.sort_unstable();
            parents.dedup();
        }
    }
}

impl Default for Universe {
    fn default() -> Self {
        Self::new()
    }
}

/// The order of the catalogue: bytes in lower case.
fn order(left: &str, right: &str) -> std::cmp::Ordering {
    let mut both = left.bytes().zip(right.bytes()).filter(|(a, b)| a != b).map(|(a, b)| (a.to_ascii_lowercase(), b.to_ascii_lowercase()));
    both.find(|(a, b)| a != b).map_or_else(|| left.len().cmp(&right.len()), |(a, b)| a.cmp(&b))
}
