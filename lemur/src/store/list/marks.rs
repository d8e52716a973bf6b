//! Places in long lists, remembered for a minute: behind how many rows which certificate stands. Whoever goes through a list from page to page
//! goes on from the last one, and what a page costs does not grow with how many are before it.
//!
//! A place says how the list was when it was noted. Rows that came or went before it since then shift nothing: the page behind it begins where
//! the one before it ended. Near pages are not found by places at all.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::store::CertificateId;

/// Pages that begin before so many rows are found by counting rows.
pub(super) const NEAR: u64 = 10_000;

/// How long a place is known.
const LASTS: SignedDuration = SignedDuration::from_secs(60);

/// How many places are kept in all.
const MOST: usize = 4_096;

/// The digest of a list's conditions and order.
pub(super) type ListId = [u8; 32];

/// What a list is ordered by, of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SortKey {
    /// Nothing but the number.
    Id,
    Text(String),
    Seconds(i64),
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: CertificateId,
    pub(super) key: SortKey,
}

/// The places that one process knows. Clones would know others: it is shared by reference.
#[derive(Debug, Default)]
pub struct Marks(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    lists: HashMap<ListId, BTreeMap<u64, (Mark, Timestamp)>>,
    kept: usize,
}

impl Table {
    fn forget(&mut self, now: Timestamp) {
        for list in self.lists.values_mut() {
            list.retain(|_, (_, noted)| is_fresh(*noted, now));
        }
        self.lists.retain(|_, list| !list.is_empty());
        self.kept = self.lists.values().map(BTreeMap::len).sum();
    }
}

/// A clock that went back makes nothing last longer.
fn is_fresh(noted: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(noted);
    !age.is_negative() && age < LASTS
}

impl Marks {
    /// The nearest place of a list that is known before `offset` rows, or at it: behind how many rows it is, and the last of them.
    pub(super) fn before(&self, list: &ListId, offset: u64, now: Timestamp) -> Option<(u64, Mark)> {
        if offset < NEAR {
            return None;
        }
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = table.lists.get(list)?.range(..=offset).rev().find(|(_, (_, noted))| is_fresh(*noted, now));
        known.map(|(rows, (mark, _))| (*rows, mark.clone()))
    }

    /// Notes that a row is the last of so many of a list.
    pub(super) fn note(&self, list: ListId, rows: u64, mark: Mark, now: Timestamp) {
        if rows < NEAR {
            return;
        }
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.kept >= MOST {
            table.forget(now);
        }
        if table.kept >= MOST {
            *table = Table::default();
        }
        if table.lists.entry(list).or_default().insert(rows, (mark, now)).is_none() {
            table.kept += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(id: i64) -> Mark {
        Mark { id: CertificateId(id), key: SortKey::Id }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn the_nearest_place_that_is_not_old_is_found() {
        let marks = Marks::default();
        let (list, other) = ([1; 32], [2; 32]);
        marks.note(list, 20_000, mark(5), at(0));
        marks.note(list, 30_000, mark(4), at(30));
        marks.note(list, 5_000, mark(9), at(30));
        assert_eq!(marks.before(&list, 19_999, at(30)), None);
        assert_eq!(marks.before(&list, 20_000, at(30)), Some((20_000, mark(5))));
        assert_eq!(marks.before(&list, 29_999, at(30)), Some((20_000, mark(5))));
        assert_eq!(marks.before(&list, 99_999, at(30)), Some((30_000, mark(4))));
        assert_eq!(marks.before(&list, 29_999, at(60)), None, "it is a minute old");
        assert_eq!(marks.before(&list, 99_999, at(60)), Some((30_000, mark(4))));
        assert_eq!(marks.before(&list, 99_999, at(20)), Some((20_000, mark(5))), "the clock went back behind the other");
        assert_eq!(marks.before(&list, 9_000, at(30)), None, "near pages are found by counting");
        assert_eq!(marks.before(&other, 99_999, at(30)), None);
    }

    #[test]
    fn places_are_few() {
        let marks = Marks::default();
        for list in 0..=255 {
            for page in 0..100 {
                marks.note([list; 32], NEAR + page, mark(1), at(i64::from(list)));
            }
        }
        let table = marks.0.lock().expect("no thread panicked");
        assert!(table.kept <= MOST, "{}", table.kept);
        assert_eq!(table.kept, table.lists.values().map(BTreeMap::len).sum::<usize>());
    }
}
