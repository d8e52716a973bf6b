//! Permissions that are too new to be judged: Repokid's `NoRepoPermissions`.
//!
//! What is new since the previous version of a role's policies has had no time to be used, and is kept for some days. What is new is told
//! from the patterns as they are written, never from the names that they stand for today: a wildcard protects all that it can stand for,
//! and an action that no data set knows is protected like any other. (Repokid compares lists of names: once wildcards are stored they match
//! nothing, and one name that it does not know switches all of it off.)
//!
//! A permission is old where one statement of the previous version shows that it was granted: actions covered, resources covered, no
//! condition that is not in the new statement too. Where that cannot be shown it is new; too much is protected then, never too little. A
//! Deny that is gone makes what it denied new. Where there is no previous version all is new, as with Repokid 0.19: when it was granted is
//! not known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use menagerie_policy::document::{Actions, Effect, Policy, Resources, Statement};
use menagerie_policy::pattern::ActionPattern;
use serde::{Deserialize, Serialize};

/// Every action there is.
const ALL: &str = "*";

/// The patterns that are kept, as they were written, each with the time until which it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Protected(BTreeMap<String, Timestamp>);

impl Protected {
    /// Keeps a pattern until `until`, or longer if it is kept longer already.
    pub fn keep(&mut self, pattern: String, until: Timestamp) {
        let kept = self.0.entry(pattern).or_insert(until);
        *kept = until.max(*kept);
    }

    /// Forgets what is not kept any more.
    pub fn expire(&mut self, now: Timestamp) {
        self.0.retain(|_, until| *until > now);
    }

    /// The patterns that are kept at `now`, with their ends.
    pub fn at(&self, now: Timestamp) -> impl Iterator<Item = (&str, Timestamp)> {
        self.0.iter().filter(move |(_, until)| **until > now).map(|(pattern, until)| (pattern.as_str(), *until))
    }

    /// Whether an action (`s3`, `GetObject`) is kept at `now`, in any case.
    #[must_use]
    pub fn keeps(&self, service: &str, action: &str, now: Timestamp) -> bool {
        self.at(now).any(|(text, _)| pattern(text).is_none_or(|pattern| pattern.matches(service, action)))
    }

    /// Whether something that `granted` can stand for is kept at `now`.
    #[must_use]
    pub fn keeps_some_of(&self, granted: &ActionPattern, now: Timestamp) -> bool {
        self.at(now).any(|(text, _)| pattern(text).is_none_or(|pattern| pattern.overlaps(granted)))
    }
}

/// A pattern that was kept; a bare word is a service. What is neither is `None`, and keeps everything.
fn pattern(text: &str) -> Option<ActionPattern> {
    ActionPattern::parse(text).or_else(|_| ActionPattern::parse(&format!("{text}:*"))).ok()
}

/// What is new in a version of policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPermissions {
    /// Patterns of actions, as they are written.
    pub patterns: BTreeSet<String>,
    /// Policies of the new version that cannot be read, by name. With one, `patterns` has every action.
    pub unreadable: Vec<String>,
}

impl NewPermissions {
    /// Keeps them until `until`.
    pub fn protect(&self, protected: &mut Protected, until: Timestamp) {
        self.patterns.iter().for_each(|pattern| protected.keep(pattern.clone(), until));
    }
}

/// What is new in `current` since `previous`: documents by the names of their policies, as a version has them.
#[must_use]
pub fn new_since(previous: Option<&BTreeMap<String, String>>, current: &BTreeMap<String, String>) -> NewPermissions {
    let mut new = NewPermissions::default();
    // A document that cannot be read grants nothing that could be shown.
    let before = Statements::of(previous.into_iter().flat_map(BTreeMap::values).filter_map(|text| Policy::parse(text).ok()));
    let mut readable = Vec::new();
    for (name, text) in current {
        match Policy::parse(text) {
            Ok(policy) => readable.push(policy),
            Err(_) => new.unreadable.push(name.clone()),
        }
    }
    if !new.unreadable.is_empty() {
        new.patterns.insert(ALL.to_owned());
    }
    let after = Statements::of(readable);
    for granted in after.with(Effect::Allow) {
        match granted.actions() {
            Actions::Only(patterns) => {
                let is_new = |pattern: &&ActionPattern| !before.with(Effect::Allow).any(|old| grants(old, pattern, granted));
                new.patterns.extend(patterns.iter().filter(is_new).map(|pattern| pattern.text().to_owned()));
            }
            Actions::AllBut(excepted) => {
                if !before.with(Effect::Allow).any(|old| grants_all_but(old, excepted, granted)) {
                    new.patterns.insert(ALL.to_owned());
                }
            }
        }
    }
    for denied in before.with(Effect::Deny).filter(|old| !after.with(Effect::Deny).any(|new| says_the_same(new, old))) {
        match denied.actions() {
            Actions::Only(patterns) => new.patterns.extend(patterns.iter().map(|pattern| pattern.text().to_owned())),
            Actions::AllBut(_) => drop(new.patterns.insert(ALL.to_owned())),
        }
    }
    new
}

/// The statements of several policies.
#[derive(Debug)]
struct Statements(Vec<Policy>);

impl Statements {
    fn of(policies: impl IntoIterator<Item = Policy>) -> Self {
        Self(policies.into_iter().collect())
    }

    fn with(&self, effect: Effect) -> impl Iterator<Item = &Statement> {
        self.0.iter().flat_map(Policy::statements).filter(move |statement| statement.effect() == effect)
    }
}

/// The name of a statement has no meaning.
fn says_the_same(one: &Statement, other: &Statement) -> bool {
    (one.effect(), one.principals(), one.actions(), one.resources())
        == (other.effect(), other.principals(), other.actions(), other.resources())
        && (one.conditions(), one.others()) == (other.conditions(), other.others())
}

/// Whether `old` grants what `pattern` stands for wherever `granted` does.
fn grants(old: &Statement, pattern: &ActionPattern, granted: &Statement) -> bool {
    let actions = match old.actions() {
        Actions::Only(patterns) => patterns.iter().any(|old| old.covers(pattern)),
        Actions::AllBut(excepted) => !excepted.iter().any(|excepted| excepted.overlaps(pattern)),
    };
    actions && reaches(old, granted)
}

/// Whether `old` grants all but `excepted` wherever `granted` does.
fn grants_all_but(old: &Statement, excepted: &[ActionPattern], granted: &Statement) -> bool {
    let actions = match old.actions() {
        Actions::Only(patterns) => patterns.iter().any(ActionPattern::is_any),
        Actions::AllBut(before) => before.iter().all(|before| excepted.iter().any(|excepted| excepted.covers(before))),
    };
    actions && reaches(old, granted)
}

/// Whether `old` is about every resource that `granted` is about, under no condition that `granted` has not.
fn reaches(old: &Statement, granted: &Statement) -> bool {
    let resources = match (old.resources(), granted.resources()) {
        (Some(Resources::Only(old)), _) if old.iter().any(menagerie_policy::pattern::ResourcePattern::is_any) => true,
        (Some(Resources::Only(old)), Some(Resources::Only(new))) => new.iter().all(|new| old.iter().any(|old| old.covers(new))),
        (Some(Resources::AllBut(old)), Some(Resources::Only(new))) => !old.iter().any(|old| new.iter().any(|new| old.overlaps(new))),
        (Some(Resources::AllBut(old)), Some(Resources::AllBut(new))) => old.iter().all(|old| new.iter().any(|new| new.covers(old))),
        (old, new) => old == new,
    };
    let conditions = old.conditions().iter().all(|condition| granted.conditions().contains(condition));
    resources && conditions && old.principals() == granted.principals() && (old.others().is_empty() || old.others() == granted.others())
}

#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
