//! Principals of identities that were seen before. A session makes many requests, and each says all of its identity to the letter.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use super::{Identity, Principal};
use crate::json::Json;

/// How many identities are remembered; a power of two.
const SLOTS: usize = 4096;
/// The longest that is remembered.
const LONGEST: usize = 2048;

/// A memory of so many identities and whose permissions they use. Whatever it remembers, what it says is what [`Identity::principal`] says.
#[derive(Debug, Default)]
pub struct Principals {
    state: RandomState,
    slots: Vec<Option<(Box<str>, Principal<'static>)>>,
    other: Option<Principal<'static>>,
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
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        let [low, high, ..] = self.state.hash_one(text).to_le_bytes();
        let slot = &mut self.slots[usize::from(u16::from_le_bytes([low, high])) % SLOTS];
        if slot.as_ref().is_some_and(|(known, _)| **known != *text) {
            *slot = None;
        }
        &slot.get_or_insert_with(|| (text.into(), principal())).1
    }
}
