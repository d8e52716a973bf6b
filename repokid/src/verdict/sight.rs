//! Which actions the input would show, had they been done.

use std::sync::Arc;

use menagerie_policy::data::Action;

use super::{ActionId, Evidence, Universe, Verdict};

/// Whether a use of an action would have shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Yes: the trail logs it, and no hour of the window is missing.
    Seen,
    /// No: it is a data event of this kind, which no selector asks for.
    DataEvent(Arc<str>),
    /// No: no event shows it.
    NotLogged,
    /// Not for sure, for this reason.
    Gap(Arc<str>),
}

/// For each action of an account, whether its use would have shown.
#[derive(Debug, Clone)]
pub struct Sights {
    by_action: Vec<Sight>,
}

impl Sights {
    /// Asks for each action. What no event shows is not seen whatever the trail logs.
    pub fn new(universe: &Universe, mut of: impl FnMut(&Action) -> Sight) -> Self {
        let sight = |id: ActionId| match of(universe.action(id)) {
            data @ Sight::DataEvent(_) => data,
            other if universe.is_logged(id) => other,
            _ => Sight::NotLogged,
        };
        Self { by_action: universe.ids().map(sight).collect() }
    }

    /// The same for every action: nothing is known of the trail.
    #[must_use]
    pub fn none(universe: &Universe, reason: &str) -> Self {
        let reason: Arc<str> = reason.into();
        Self::new(universe, |_| Sight::Gap(Arc::clone(&reason)))
    }

    /// Why most actions that events show would not have shown, if that is so.
    #[must_use]
    pub fn mostly_missing(&self) -> Option<&str> {
        let seen = self.by_action.iter().filter(|sight| **sight == Sight::Seen).count();
        let mut gaps = self.by_action.iter().filter_map(|sight| match sight {
            Sight::Gap(reason) => Some(&**reason),
            _ => None,
        });
        let first = gaps.next()?;
        (gaps.count() >= seen).then_some(first)
    }

    /// Whether the use of an action would have shown.
    #[must_use]
    pub fn of(&self, id: ActionId) -> &Sight {
        &self.by_action[id.index()]
    }

    /// The verdict on an action of which nothing was seen.
    #[must_use]
    pub fn silence(&self, id: ActionId) -> (Verdict, Evidence) {
        match self.of(id) {
            Sight::Seen => (Verdict::Unused, Evidence::Quiet),
            Sight::DataEvent(kind) => (Verdict::Unobservable, Evidence::DataEvent(Arc::clone(kind))),
            Sight::NotLogged => (Verdict::Unobservable, Evidence::NotLogged),
            Sight::Gap(reason) => (Verdict::Unknown, Evidence::Gap(Arc::clone(reason))),
        }
    }
}
