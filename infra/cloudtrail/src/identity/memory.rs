//! Principals of identities that were seen before. A session makes many requests, and each says all of its identity to the letter.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use super::{Identity, Principal};
use crate::json::Json;

/// How many sets of identities there are; a power of two, of 16 bits at most. Each remembers the two that were asked for last.
const SETS: usize = 4096;
/// The longest that is remembered.
const LONGEST: usize = 2048;

/// A memory of so many identities and whose permissions they use. Whatever it remembers, what it says is what [`Identity::principal`] says.
#[derive(Debug, Default)]
pub struct Principals {
    state: RandomState,
    sets: Vec<Set>,
    other: Option<Principal<'static>>,
}

/// An identity as it is written, and whose permissions it uses.
type Known = (Box<str>, Principal<'static>);

/// The identities of one set, the one that was asked for last first.
#[derive(Debug, Default)]
struct Set {
    last: Option<Known>,
    before: Option<Known>,
}

impl Principals {
    /// An empty memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose permissions a `userIdentity` uses.
    pub fn of(&mut self, identity: Json<'_>) -> &Principal<'static> {
        let text = identity.text();
        let principal = || Identity::of(identity).principal().into_owned();
        if text.len() > LONGEST {
            return self.other.insert(principal());
        }
        if self.sets.is_empty() {
            self.sets.resize_with(SETS, Set::default);
        }
        let [low, high, ..] = self.state.hash_one(text).to_le_bytes();
        let set = &mut self.sets[usize::from(u16::from_le_bytes([low, high])) % SETS];
        let is_it = |known: &Option<Known>| known.as_ref().is_some_and(|(known, _)| **known == *text);
        if !is_it(&set.last) {
            std::mem::swap(&mut set.last, &mut set.before);
            if !is_it(&set.last) {
                set.last = None;
            }
        }
        &set.last.get_or_insert_with(|| (text.into(), principal())).1
    }
}
