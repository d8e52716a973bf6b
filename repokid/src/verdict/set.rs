//! Sets of actions, as a bit for each: a wildcard stands for twenty thousand of them.

use std::ops::Range;

use super::ActionId;

/// A set of actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionSet {
    words: Vec<u64>,
}

const BITS: usize = 64;

impl ActionSet {
    /// Adds an action.
    pub fn insert(&mut self, id: ActionId) {
        let (word, bit) = place(id.index());
        self.reach(word);
        self.words[word] |= 1 << bit;
    }

    /// Adds all actions of a run of numbers.
    pub fn insert_all(&mut self, ids: Range<u32>) {
        if ids.is_empty() {
            return;
        }
        let ((first, from), (last, to)) = (place(ids.start as usize), place(ids.end as usize - 1));
        self.reach(last);
        for word in first..=last {
            let begin = if word == first { u64::MAX << from } else { u64::MAX };
            let end = if word == last { u64::MAX >> (BITS - 1 - to) } else { u64::MAX };
            self.words[word] |= begin & end;
        }
    }

    /// Adds all actions of another set.
    pub fn insert_set(&mut self, other: &Self) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Takes out all actions of another set.
    pub fn remove_all(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    /// Whether an action is in it.
    #[must_use]
    pub fn contains(&self, id: ActionId) -> bool {
        let (word, bit) = place(id.index());
        self.words.get(word).is_some_and(|word| word & (1 << bit) != 0)
    }

    /// Whether it has an action of another.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(word, other)| word & other != 0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// All, ascending.
    pub fn iter(&self) -> impl Iterator<Item = ActionId> + '_ {
        self.words.iter().enumerate().flat_map(|(number, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.checked_sub(1)?;
                Some(ActionId::of_index(number * BITS + bit))
            })
        })
    }

    fn reach(&mut self, word: usize) {
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
    }
}

const fn place(index: usize) -> (usize, usize) {
    (index / BITS, index % BITS)
}

impl Extend<ActionId> for ActionSet {
    fn extend<I: IntoIterator<Item = ActionId>>(&mut self, ids: I) {
        ids.into_iter().for_each(|id| self.insert(id));
    }
}

impl FromIterator<ActionId> for ActionSet {
    fn from_iter<I: IntoIterator<Item = ActionId>>(ids: I) -> Self {
        let mut set = Self::default();
        set.extend(ids);
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn numbers(set: &ActionSet) -> Vec<usize> {
        set.iter().map(ActionId::index).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_set(one in prop::collection::btree_set(0usize..300, 0..40), from in 0u32..200, length in 0u32..150, probe in 0usize..400) {
            let mut set: ActionSet = one.iter().copied().map(ActionId::of_index).collect();
            prop_assert_eq!(numbers(&set), one.iter().copied().collect::<Vec<_>>());
            let run: BTreeSet<usize> = (from as usize..(from + length) as usize).collect();
            let mut run_set = ActionSet::default();
            run_set.insert_all(from..from + length);
            prop_assert_eq!(numbers(&run_set), run.iter().copied().collect::<Vec<_>>());
            let mut joined = set.clone();
            joined.insert_set(&run_set);
            prop_assert_eq!(numbers(&joined), one.union(&run).copied().collect::<Vec<_>>());
            prop_assert_eq!(set.meets(&run_set), one.intersection(&run).next().is_some());
            set.insert_all(from..from + length);
            let whole: BTreeSet<usize> = one.union(&run).copied().collect();
            prop_assert_eq!((set.len(), set.is_empty()), (whole.len(), whole.is_empty()));
            prop_assert_eq!(set.contains(ActionId::of_index(probe)), whole.contains(&probe));
            set.remove_all(&run_set);
            prop_assert_eq!(numbers(&set), one.difference(&run).copied().collect::<Vec<_>>());
        }
    }
}
