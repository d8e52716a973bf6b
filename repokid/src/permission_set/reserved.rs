//! The roles of permission sets, from accounts that were surveyed one by one, put together for proposals: a set is narrowed by what all of its
//! roles did, so that no account's own survey can say.

use std::collections::BTreeMap;

use super::{Gathered, PermissionSet, Proposal};
use crate::account::Inventory;
use crate::analysis::{Guards, Setting, analyze};
use crate::organization;
use crate::rewrite::Options;
use crate::verdict::{Sights, Universe, Usage, Window};

/// What was found of the roles of permission sets.
#[derive(Debug, Default)]
pub struct Reserved {
    /// Those roles, and the managed policies that they have.
    pub inventory: Inventory,
    /// What they did, by ARN.
    pub usage: BTreeMap<String, Usage>,
    /// What would have shown, by account.
    pub sights: BTreeMap<String, Sights>,
    /// The span that was looked at, if there is any such role.
    pub window: Option<Window>,
}

impl Reserved {
    /// Adds what was found in another account. The window becomes one that asks more of both.
    pub fn add(&mut self, other: Self) {
        self.inventory.principals.extend(other.inventory.principals);
        self.inventory.principals.sort_by(|left, right| left.arn.cmp(&right.arn));
        self.inventory.managed.extend(other.inventory.managed);
        self.usage.extend(other.usage);
        self.sights.extend(other.sights);
        self.window = match (self.window, other.window) {
            (Some(one), Some(two)) => Some(Window { from: one.from.min(two.from), to: one.to.min(two.to) }),
            (one, two) => one.or(two),
        };
    }

    /// What is proposed for each set; `known` are the sets as Identity Center tells them.
    #[must_use]
    pub fn proposals(&self, guards: &Guards, known: &[PermissionSet]) -> Vec<Proposal> {
        let Some(window) = self.window else { return Vec::new() };
        let universe = Universe::new();
        let blind = Sights::none(&universe, "the usage store has no logs of the account");
        let attachments = self.inventory.attachments();
        let setting = Setting {
            universe: &universe,
            inventory: &self.inventory,
            attachments: &attachments,
            usage: &self.usage,
            sights: &self.sights,
            blind: &blind,
            window,
            guards,
            organization: organization::NONE,
            options: Options { resources: false },
        };
        let mut gathered = Gathered::default();
        self.inventory.principals.iter().for_each(|principal| gathered.add(&analyze(principal, &setting)));
        gathered.proposals(&setting, known)
    }
}
