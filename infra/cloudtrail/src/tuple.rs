//! What was used, each once: principal, action, resource and outcome, with how often, first and last. Memory grows with what is distinct,
//! not with the log.
//!
//! Each thread that reads has a table of its own, sorts it, and [`merged`] makes one list of them, so that next to nothing is left to do on
//! one thread. Beyond a table's limit what is new is only counted ([`Tuples::dropped`]), and the answer is then not all.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use crate::identity::Principal;
use crate::outcome::Outcome;

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

/// What uses are told apart by, in the order in which they are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use<'a> {
    /// Whose permissions.
    pub principal: &'a Principal<'static>,
    /// The action.
    pub action: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// On what, by its ARN, if that is told.
    pub resource: Option<&'a str>,
}

/// One use, of all that are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuple<'a> {
    /// What was used.
    pub of: Use<'a>,
    /// How often, and when.
    pub tally: Tally,
}

/// The number of a principal or of an interned string.
type Id = u32;

/// A use, by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    principal: Id,
    action: Id,
    outcome: Outcome,
    resource: Option<Id>,
}

/// A table of uses.
#[derive(Debug, Clone)]
pub struct Tuples {
    limit: usize,
    principals: HashMap<Principal<'static>, Id, RandomState>,
    strings: HashMap<Box<str>, Id, RandomState>,
    uses: HashMap<Key, Tally, RandomState>,
    dropped: u64,
}

impl Tuples {
    /// An empty table, of so many different uses at most.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, principals: HashMap::default(), strings: HashMap::default(), uses: HashMap::default(), dropped: 0 }
    }

    /// Counts a use.
    pub fn add(&mut self, principal: &Principal<'_>, action: &str, resource: Option<&str>, outcome: Outcome, time: Timestamp) {
        let tally = Tally { count: 1, first: time, last: time };
        if let Some(known) = self.known(principal, action, resource, outcome).and_then(|key| self.uses.get_mut(&key)) {
            known.merge(tally);
        } else if self.uses.len() >= self.limit {
            self.dropped += 1;
        } else {
            let principal = find(&self.principals, principal).unwrap_or_else(|| {
                let id = number(self.principals.len());
                self.principals.insert(principal.clone().into_owned(), id);
                id
            });
            let key = Key {
                principal,
                action: intern(&mut self.strings, action),
                outcome,
                resource: resource.map(|arn| intern(&mut self.strings, arn)),
            };
            self.uses.insert(key, tally);
        }
    }

    /// The use's numbers, if it has them.
    fn known(&self, principal: &Principal<'_>, action: &str, resource: Option<&str>, outcome: Outcome) -> Option<Key> {
        let string = |text: &str| self.strings.get(text).copied();
        let resource = match resource {
            Some(arn) => Some(string(arn)?),
            None => None,
        };
        Some(Key { principal: find(&self.principals, principal)?, action: string(action)?, outcome, resource })
    }

    /// All uses, in order.
    #[must_use]
    pub fn sorted(&self) -> Vec<Tuple<'_>> {
        // Strings are compared once each and not for each use: what is sorted then are numbers.
        let mut principals: Vec<_> = self.principals.iter().map(|(principal, id)| (principal, *id)).collect();
        let mut strings: Vec<_> = self.strings.iter().map(|(text, id)| (&**text, *id)).collect();
        principals.sort_unstable();
        strings.sort_unstable();
        let (of_principal, of_string) = (places(&principals), places(&strings));
        let placed = |(key, tally): (&Key, &Tally)| {
            let place = Key {
                principal: of_principal[key.principal as usize],
                action: of_string[key.action as usize],
                outcome: key.outcome,
                resource: key.resource.map(|id| of_string[id as usize]),
            };
            (place, *tally)
        };
        let mut all: Vec<_> = self.uses.iter().map(placed).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        let tuple = |(key, tally): (Key, Tally)| Tuple {
            of: Use {
                principal: principals[key.principal as usize].0,
                action: strings[key.action as usize].0,
                outcome: key.outcome,
                resource: key.resource.map(|place| strings[place as usize].0),
            },
            tally,
        };
        all.into_iter().map(tuple).collect()
    }

    /// How many uses were not kept, since there were too many different ones. If any, the table is not all that was used.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// The uses of several sorted tables, in order and each once.
pub fn merged<'a>(tables: Vec<Vec<Tuple<'a>>>) -> impl Iterator<Item = Tuple<'a>> {
    let mut tables: Vec<_> = tables.into_iter().map(|table| table.into_iter().peekable()).collect();
    let mut heads: BinaryHeap<_> =
        tables.iter_mut().enumerate().filter_map(|(number, table)| table.peek().map(|head| Reverse((head.of, number)))).collect();
    std::iter::from_fn(move || {
        let mut one: Option<Tuple<'a>> = None;
        while let Some(Reverse((of, number))) = heads.peek().copied().filter(|head| one.is_none_or(|one| one.of == head.0.0)) {
            heads.pop();
            let table = &mut tables[number];
            let tally = table.next()?.tally;
            match &mut one {
                Some(one) => one.tally.merge(tally),
                None => one = Some(Tuple { of, tally }),
            }
            heads.extend(table.peek().map(|head| Reverse((head.of, number))));
        }
        one
    })
}

/// Where each number stands in a list of all of them.
fn places<T>(sorted: &[(T, Id)]) -> Vec<Id> {
    let mut places = vec![0; sorted.len()];
    sorted.iter().enumerate().for_each(|(place, (_, id))| places[*id as usize] = number(place));
    places
}

/// The number of a string, which it gets now if it has none.
fn intern(strings: &mut HashMap<Box<str>, Id, RandomState>, text: &str) -> Id {
    if let Some(id) = strings.get(text) {
        return *id;
    }
    let id = number(strings.len());
    strings.insert(text.into(), id);
    id
}

/// Looks up a principal that does not live as long as the table.
fn find<'p>(known: &HashMap<Principal<'p>, Id, RandomState>, principal: &Principal<'p>) -> Option<Id> {
    known.get(principal).copied()
}

fn number(length: usize) -> Id {
    u32::try_from(length).expect("a limit keeps fewer strings than there are numbers")
}

#[cfg(test)]
mod tests;
