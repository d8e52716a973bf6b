//! The actions that the data know, numbered, so that sets of them are cheap; and what each pattern stands for among them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use menagerie_policy::data::{Action, Basis, Catalogue, How, catalogue};
use menagerie_policy::pattern::ActionPattern;

/// The number of an action in a [`Universe`]; in the order of services and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(u32);

impl ActionId {
    /// For tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All actions of the catalogue.
#[derive(Debug)]
pub struct Universe {
    catalogue: &'static Catalogue,
    actions: Vec<&'static Action>,
    services: Vec<(&'static str, Range<u32>)>,
    /// Whether an event of its own shows each action.
    logged: Vec<bool>,
    /// By action that may be done on behalf of others: those others.
    parents: HashMap<ActionId, Vec<ActionId>>,
    pass_role: Option<ActionId>,
    expansions: RefCell<HashMap<String, Arc<[ActionId]>>>,
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
            actions,
            services,
            parents: HashMap::new(),
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
        let at = self.services.binary_search_by(|(prefix, _)| order(prefix, service)).ok()?;
        let range = &self.services[at].1;
        let within = &self.actions[range.start as usize..range.end as usize];
        let at = within.binary_search_by(|action| order(action.name(), name)).ok()?;
        Some(ActionId(range.start + u32::try_from(at).ok()?))
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
        self.parents.get(&id).map_or(&[], Vec::as_slice)
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
        for (prefix, range) in &self.services {
            if !pattern.services().matches(prefix).is_yes() {
                continue;
            }
            let every = pattern.names().is_any();
            found.extend(range.clone().map(ActionId).filter(|id| every || pattern.names().matches(self.action(*id).name()).is_yes()));
        }
        let found: Arc<[ActionId]> = found.into();
        self.expansions.borrow_mut().insert(pattern.text().to_owned(), Arc::clone(&found));
        found
    }

    /// An action is logged when some operation needs it: one that needs it at times counts as its use each time.
    fn read_operations(&mut self) {
        for group in self.catalogue.groups() {
            for call in self.catalogue.operations(group) {
                // An event of an action's name may be, but that there would be one is not known: agents and services use such actions.
                let is_operation = call.basis() != Basis::Action;
                let mut direct = Vec::new();
                for needed in call.actions() {
                    let Some(id) = self.find(needed.service, needed.name) else { continue };
                    match needed.how {
                        How::Direct => {
                            self.logged[id.index()] |= is_operation;
                            direct.push(id);
                        }
                        How::Possible => self.logged[id.index()] |= is_operation,
                        How::Dependent => self.parents.entry(id).or_default().extend(direct.iter().filter(|parent| **parent != id)),
                    }
                }
            }
        }
    }

    fn read_dependents(&mut self) {
        for parent in self.ids() {
            for dependent in self.action(parent).dependents() {
                if let Some(id) = self.named(dependent).filter(|id| *id != parent) {
                    self.parents.entry(id).or_default().push(parent);
                }
            }
        }
        for parents in self.parents.values_mut() {
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
    left.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(right.bytes().map(|byte| byte.to_ascii_lowercase()))
}
