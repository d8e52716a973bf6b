//! Grants without effect: what a denial forbids whatever grants it, and what a permissions boundary does not allow.

use menagerie_policy::document::{Effect, Policy, Resources, Statement};

use crate::verdict::{ActionId, ActionSet, Universe, grants};

/// By action, what blocks it on every resource and under every condition.
#[derive(Debug, Default)]
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
        let mut allowed = ActionSet::default();
        for statement in policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow) {
            allowed.insert_set(&grants(statement, universe));
        }
        let source = self.source(universe, format!("the boundary {name} does not allow it"));
        for (slot, id) in self.by_action.iter_mut().zip(universe.ids()) {
            if !allowed.contains(id) {
                slot.get_or_insert(source);
            }
        }
        self.by_denials(policy, name, universe);
    }
}

/// Whether a statement holds on every resource, whatever the request.
fn is_absolute(statement: &Statement) -> bool {
    let everywhere =
        matches!(statement.resources(), Some(Resources::Only(patterns)) if patterns.iter().any(|pattern| pattern.text() == "*"));
    everywhere && statement.conditions().is_empty() && statement.others().is_empty()
}
