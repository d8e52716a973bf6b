//! The analysis of one role with what the state knows of its use.

use std::collections::BTreeMap;
use std::sync::Arc;

use globset::GlobSet;
use jiff::{SignedDuration, Timestamp};
use menagerie_aws::Arn;
use menagerie_policy::pattern::ActionPattern;

use crate::account::{Inventory, Principal};
use crate::advice;
use crate::analysis::{Analysis, Guards, Setting, analyze};
use crate::compat::config::Config;
use crate::compat::filters::FilterName;
use crate::rewrite::Options;
use crate::state::{Role, State, StateError, UsageTuple};
use crate::usage::{of_tuples, principals_of};
use crate::verdict::{Sights, Universe, Usage, Window};

/// Why the usage store's silence is no proof.
const SILENCE: &str = "the usage store tells what was used, and not what the trail would have shown";

/// What roles of an account are judged with.
#[derive(Debug)]
pub struct Judgement<'a> {
    universe: &'a Universe,
    inventory: &'a Inventory,
    attachments: BTreeMap<&'a str, usize>,
    blind: Sights,
    guards: Guards,
    oldest_days: u32,
    window_days: u32,
    now: Timestamp,
}

impl<'a> Judgement<'a> {
    /// At `now`, as the configuration has it.
    #[must_use]
    pub fn new(universe: &'a Universe, inventory: &'a Inventory, config: &Config, now: Timestamp) -> Self {
        // A filter says so of roles that are too young; without it, they are as young as their permissions.
        let has_age = config.active_filters.contains(&FilterName::Age);
        let minimum_age_days = if has_age { config.minimum_age_days } else { 0 };
        Self {
            universe,
            inventory,
            attachments: inventory.attachments(),
            blind: Sights::none(universe, SILENCE),
            // Break-glass roles are named by a filter of the configuration.
            guards: Guards { protected: GlobSet::empty(), minimum_age_days },
            oldest_days: config.oldest_aa_data_days,
            window_days: config.minimum_age_days,
            now,
        }
    }

    /// The span that a role's usage is looked at in.
    #[must_use]
    pub fn window(&self, role: &Role) -> Window {
        let length = role.observation.map_or_else(|| SignedDuration::from_hours(24 * i64::from(self.window_days)), |own| own.length());
        Window { from: self.now.checked_sub(length).unwrap_or(Timestamp::MIN), to: self.now }
    }

    /// What the state knows of a role's use.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn usage(&self, state: &State, role: &Role) -> Result<Usage, StateError> {
        let mut tuples: Vec<UsageTuple> = Vec::new();
        for name in principals_of(&role.arn) {
            tuples.extend(state.usage(&name).await?);
        }
        let mut usage = of_tuples(&tuples, self.universe, self.window(role).from);
        let rows = state.advisor(&role.arn).await?;
        usage.advice = (!rows.is_empty()).then(|| advice::of_rows(&rows, self.now, self.oldest_days));
        Ok(usage)
    }

    /// Keeps what is too new to be judged.
    pub fn protect(&self, usage: &mut Usage, role: &Role) {
        for (text, until) in role.protected.at(self.now) {
            let reason: Arc<str> = format!("{text} is new: it is kept until {until}").into();
            // A bare word is a service, and what is neither keeps everything.
            let pattern = ActionPattern::parse(text).or_else(|_| ActionPattern::parse(&format!("{text}:*")));
            match pattern {
                Ok(pattern) => usage.kept.extend(self.universe.expand(&pattern).iter().map(|id| (*id, Arc::clone(&reason)))),
                Err(_) => usage.kept.extend(self.universe.ids().map(|id| (id, Arc::clone(&reason)))),
            }
        }
    }

    /// Analyses a role; hands the analysis to `with`, which makes of it what it needs.
    pub fn of<T>(&self, principal: &'a Principal, role: &Role, usage: Usage, with: impl FnOnce(&Analysis<'_>) -> T) -> T {
        let usage = BTreeMap::from([(principal.arn.as_str().to_owned(), usage)]);
        let sights = BTreeMap::new();
        let setting = Setting {
            universe: self.universe,
            inventory: self.inventory,
            attachments: &self.attachments,
            usage: &usage,
            sights: &sights,
            blind: &self.blind,
            window: self.window(role),
            guards: &self.guards,
            options: Options { resources: false },
        };
        with(&analyze(principal, &setting))
    }

    /// The role's principal in the inventory.
    #[must_use]
    pub fn principal(&self, arn: &Arn) -> Option<&'a Principal> {
        self.inventory.principals.iter().find(|principal| principal.arn == *arn)
    }

    /// The actions.
    #[must_use]
    pub const fn universe(&self) -> &'a Universe {
        self.universe
    }
}
