//! What was used, each once: principal, action, resource and outcome, with how often, first and last. Memory grows with what is distinct,
//! not with the log.
//!
//! Two bounds hold whatever is read. A principal that uses one action on more resources than [`Bounds::resources`] has them all counted as
//! [`Target::Many`]; since that depends on how many there are and not on which came first, several tables merge to the same whatever was
//! read by which. Beyond [`Bounds::groups`] what is new is only counted ([`Tuples::dropped`]), and the answer is then not all.

use std::collections::HashMap;
use std::mem;

use foldhash::fast::RandomState;
use jiff::Timestamp;

use crate::identity::Principal;
use crate::outcome::Outcome;

/// Bounds on what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Resources of one principal, action and outcome.
    pub resources: usize,
    /// Different principals, actions and outcomes together.
    pub groups: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { resources: 1000, groups: 4_000_000 }
    }
}

/// What an action was used on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target<'a> {
    /// A resource, by its ARN.
    Arn(&'a str),
    /// The action knows no resources.
    Any,
    /// It cannot be told.
    Unknown,
    /// More resources than are kept.
    Many,
}

/// How often something was, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
}

impl Tally {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// One use, of all that are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuple<'a> {
    /// Whose permissions.
    pub principal: &'a Principal<'static>,
    /// The action.
    pub action: &'a str,
    /// On what.
    pub target: Target<'a>,
    /// How it ended.
    pub outcome: Outcome,
    /// How often, and when.
    pub tally: Tally,
}

/// The number of an interned string. The first ones are not strings.
type Id = u32;
const ANY: Id = 0;
const UNKNOWN: Id = 1;
const RESERVED: Id = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Group {
    principal: Id,
    action: Id,
    outcome: Outcome,
}

/// The resources of a group, until they are too many.
#[derive(Debug, Clone)]
enum Used {
    Few(HashMap<Id, Tally, RandomState>),
    Many(Tally),
}

/// A table of uses.
#[derive(Debug, Clone)]
pub struct Tuples {
    bounds: Bounds,
    principals: HashMap<Principal<'static>, Id, RandomState>,
    strings: HashMap<Box<str>, Id, RandomState>,
    groups: HashMap<Group, Used, RandomState>,
    dropped: u64,
}

impl Tuples {
    /// An empty table.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, principals: HashMap::default(), strings: HashMap::default(), groups: HashMap::default(), dropped: 0 }
    }

    /// Counts a use.
    pub fn add(&mut self, principal: &Principal<'_>, action: &str, target: Target<'_>, outcome: Outcome, time: Timestamp) {
        self.put(principal, action, target, outcome, Tally { count: 1, first: time, last: time });
    }

    fn put(&mut self, principal: &Principal<'_>, action: &str, target: Target<'_>, outcome: Outcome, tally: Tally) {
        let Some(group) = self.group(principal, action, outcome) else {
            self.dropped += tally.count;
            return;
        };
        let id = match target {
            Target::Any => ANY,
            Target::Unknown => UNKNOWN,
            // Of a group that is closed no more strings are kept.
            Target::Arn(_) if matches!(self.groups.get(&group), Some(Used::Many(_))) => UNKNOWN,
            Target::Arn(arn) => self.string(arn),
            Target::Many => {
                let used = self.groups.entry(group).or_insert_with(|| Used::Few(HashMap::default()));
                match used.close() {
                    Some(whole) => whole.merge(tally),
                    None => *used = Used::Many(tally),
                }
                return;
            }
        };
        let used = self.groups.entry(group).or_insert_with(|| Used::Few(HashMap::default()));
        match used {
            Used::Many(whole) => whole.merge(tally),
            Used::Few(few) => {
                few.entry(id).and_modify(|old| old.merge(tally)).or_insert(tally);
                if few.len() > self.bounds.resources {
                    used.close();
                }
            }
        }
    }

    /// The group, unless it is one too many.
    fn group(&mut self, principal: &Principal<'_>, action: &str, outcome: Outcome) -> Option<Group> {
        let known = find(&self.principals, principal).zip(self.strings.get(action).copied());
        if let Some((principal, action)) = known {
            let group = Group { principal, action, outcome };
            return (self.groups.len() < self.bounds.groups || self.groups.contains_key(&group)).then_some(group);
        }
        if self.groups.len() >= self.bounds.groups {
            return None;
        }
        let action = self.string(action);
        let principal = find(&self.principals, principal).unwrap_or_else(|| {
            let id = number(self.principals.len());
            self.principals.insert(principal.clone().into_owned(), id);
            id
        });
        Some(Group { principal, action, outcome })
    }

    fn string(&mut self, text: &str) -> Id {
        if let Some(id) = self.strings.get(text) {
            return *id;
        }
        let id = RESERVED + number(self.strings.len());
        self.strings.insert(text.into(), id);
        id
    }

    /// Takes over another table.
    pub fn merge(&mut self, other: &Self) {
        self.dropped += other.dropped;
        for tuple in other.sorted() {
            self.put(tuple.principal, tuple.action, tuple.target, tuple.outcome, tuple.tally);
        }
    }

    /// All uses, in the order of principals, actions, outcomes and resources.
    #[must_use]
    pub fn sorted(&self) -> Vec<Tuple<'_>> {
        // Strings are compared once each and not for each use: what is sorted then are numbers.
        let mut principals: Vec<_> = self.principals.iter().map(|(principal, id)| (principal, *id)).collect();
        let mut strings: Vec<_> = self.strings.iter().map(|(text, id)| (&**text, *id)).collect();
        principals.sort_unstable();
        strings.sort_unstable();
        let (of_principal, of_string) =
            (places(principals.iter().map(|(_, id)| *id)), places(strings.iter().map(|(_, id)| *id - RESERVED)));
        let rank = |id: Id| if id < RESERVED { (1 + id, 0) } else { (0, of_string[(id - RESERVED) as usize]) };
        let mut all: Vec<_> = self
            .rows()
            .map(|(group, id, tally)| {
                let action = of_string[(group.action - RESERVED) as usize];
                ((of_principal[group.principal as usize], action, group.outcome, id.map_or((3, 0), rank)), tally)
            })
            .collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let tuple = |((principal, action, outcome, target), tally): ((Id, Id, Outcome, (u32, Id)), Tally)| Tuple {
            principal: principals[principal as usize].0,
            action: strings[action as usize].0,
            target: match target {
                (0, place) => Target::Arn(strings[place as usize].0),
                (1, _) => Target::Any,
                (2, _) => Target::Unknown,
                _ => Target::Many,
            },
            outcome,
            tally,
        };
        all.into_iter().map(tuple).collect()
    }

    /// Each use by its numbers: a resource that is none stands for many.
    fn rows(&self) -> impl Iterator<Item = (Group, Option<Id>, Tally)> {
        self.groups.iter().flat_map(|(group, used)| {
            let (few, many) = match used {
                Used::Few(few) => (Some(few), None),
                Used::Many(tally) => (None, Some(*tally)),
            };
            let each = few.into_iter().flatten().map(|(id, tally)| (*group, Some(*id), *tally));
            each.chain(many.map(|tally| (*group, None, tally)))
        })
    }

    /// How many different principals, actions and outcomes there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// How many uses were not kept, since there were too many different ones. If any, the table is not all that was used.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Used {
    /// Makes one tally of all resources; `None` if there is none.
    fn close(&mut self) -> Option<&mut Tally> {
        if let Self::Few(few) = self {
            let whole = mem::take(few).into_values().reduce(|mut whole, tally| {
                whole.merge(tally);
                whole
            })?;
            *self = Self::Many(whole);
        }
        match self {
            Self::Many(whole) => Some(whole),
            Self::Few(_) => None,
        }
    }
}

/// Where each number stands in a list of all of them.
fn places(ids: impl ExactSizeIterator<Item = Id>) -> Vec<Id> {
    let mut places = vec![0; ids.len()];
    ids.enumerate().for_each(|(place, id)| places[id as usize] = number(place));
    places
}

/// Looks up a principal that does not live as long as the table.
fn find<'p>(known: &HashMap<Principal<'p>, Id, RandomState>, principal: &Principal<'p>) -> Option<Id> {
    known.get(principal).copied()
}

fn number(length: usize) -> Id {
    u32::try_from(length).ok().filter(|id| *id < u32::MAX - RESERVED).expect("bounds keep fewer strings than there are numbers")
}

#[cfg(test)]
mod tests;
