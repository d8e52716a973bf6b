//! Grants without effect: what a denial forbids whatever grants it, and what a permissions boundary or the organisation does not allow.

use menagerie_policy::document::{Effect, Policy, Resources, Statement};

use crate::verdict::{ActionId, ActionSet, Universe, grants};

/// By action, what blocks it on every resource and under every condition.
#[derive(Debug, Clone, Default)]
pub struct Blocked {
    by_action: Vec<Option<u16>>,
    sources: Vec<String>,
}

impl Blocked {
    /// What blocks an action.
    #[must_use]
    pub fn of(&self, id: ActionId) -> Option<&str> {
        let source = (*self.by_action.get(id.index())?)?;
        self.sources.get(usize::from(source)).map(String::as_str)
    }

    fn source(&mut self, universe: &Universe, text: String) -> u16 {
        self.by_action.resize(universe.len(), None);
        self.sources.push(text);
        u16::try_from(self.sources.len() - 1).unwrap_or(u16::MAX)
    }

    /// Takes in the denials of a policy that hold for every resource and without conditions.
    pub fn by_denials(&mut self, policy: &Policy, name: &str, universe: &Universe) {
        for statement in policy.statements().iter().filter(|statement| statement.effect() == Effect::Deny && is_absolute(statement)) {
            let source = self.source(universe, format!("{name} denies it"));
            for id in grants(statement, universe).iter() {
                self.by_action[id.index()].get_or_insert(source);
            }
        }
    }

    /// Takes in a boundary: what none of its statements allows is blocked.
    pub fn by_boundary(&mut self, policy: &Policy, name: &str, universe: &Universe) {
        let allowing = policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow);
        self.by_limit(allowing, format!("the boundary {name} does not allow it"), universe);
        self.by_denials(policy, name, universe);
    }

    /// Takes in a limit: what none of these statements allows is blocked, as is said.
    pub fn by_limit<'p>(&mut self, allowing: impl Iterator<Item = &'p Statement>, said: String, universe: &Universe) {
        let mut allowed = ActionSet::default();
        allowing.for_each(|statement| allowed.insert_set(&grants(statement, universe)));
        let source = self.source(universe, said);
        for (slot, id) in self.by_action.iter_mut().zip(universe.ids()) {
            if !allowed.contains(id) {
                slot.get_or_insert(source);
            }
        }
    }
}

/// Whether a statement holds on every resource, whatever the request.
fn is_absolute(statement: &Statement) -> bool {
    let everywhere =
        matches!(statement.resources(), Some(Resources::Only(patterns)) if patterns.iter().any(|pattern| pattern.text() == "*"));
    everywhere && statement.conditions().is_empty() && statement.others().is_empty()
}
