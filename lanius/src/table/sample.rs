//! Which rows of a table are read.

/// Which rows of a table are read. The choice depends on nothing but the table.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sample {
    /// All of them.
    #[default]
    All,
    /// So many from the start.
    First(u64),
    /// So many at even distances, where the number of rows is known. Where it isn't (CSV, JSON lines, Avro, Arrow streams), so many from the
    /// start and then ever fewer: of each doubling of the rows, about seven tenths of so many.
    Spread(u64),
}

/// The rows that a sample picks, in order.
#[derive(Clone, Debug)]
pub(super) struct Picker {
    sample: Sample,
    total: Option<u64>,
    taken: u64,
    next: Option<u64>,
}

impl Picker {
    /// Picks from a table of so many rows, where that is known.
    pub(super) fn new(sample: Sample, total: Option<u64>) -> Self {
        let empty = matches!(sample, Sample::First(0) | Sample::Spread(0)) || total == Some(0);
        Self { sample, total, taken: 0, next: (!empty).then_some(0) }
    }

    /// The next row that is wanted; none when there is none any more.
    pub(super) fn next(&self) -> Option<u64> {
        self.next
    }

    /// Whether this row is wanted. Rows are asked for in order; one that is wanted counts as taken.
    pub(super) fn takes(&mut self, row: u64) -> bool {
        if self.next != Some(row) {
            return false;
        }
        self.taken += 1;
        let next = match (self.sample, self.total) {
            (Sample::All, _) => Some(row + 1),
            (Sample::First(count), _) => (self.taken < count).then_some(row + 1),
            (Sample::Spread(count), Some(total)) if count < total => {
                let nth = u128::from(self.taken) * u128::from(total) / u128::from(count);
                (self.taken < count).then_some(u64::try_from(nth).unwrap_or(u64::MAX))
            }
            (Sample::Spread(_), Some(_)) => Some(row + 1),
            (Sample::Spread(count), None) => Some(row + (row / count).max(1)),
        };
        self.next = next.filter(|next| self.total.is_none_or(|total| *next < total));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(sample: Sample, total: Option<u64>, rows: u64) -> Vec<u64> {
        let mut picker = Picker::new(sample, total);
        (0..rows).filter(|row| picker.takes(*row)).collect()
    }

    #[test]
    fn samples_pick_what_they_say() {
        assert_eq!(picked(Sample::All, None, 5), [0, 1, 2, 3, 4]);
        assert_eq!(picked(Sample::First(2), Some(5), 5), [0, 1]);
        assert!(picked(Sample::First(0), None, 5).is_empty());
        assert_eq!(picked(Sample::Spread(4), Some(100), 100), [0, 25, 50, 75]);
        assert_eq!(picked(Sample::Spread(3), Some(10), 10), [0, 3, 6]);
        assert_eq!(picked(Sample::Spread(7), Some(4), 4), [0, 1, 2, 3]);
        let thinned = picked(Sample::Spread(100), None, 1_000_000);
        assert_eq!(thinned[..100], (0..100).collect::<Vec<u64>>());
        assert!((800..1300).contains(&thinned.len()) && thinned.last().is_some_and(|last| *last > 980_000), "{}", thinned.len());
    }
}
