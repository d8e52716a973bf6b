//! Uses: kept once, whichever table counted them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;

use super::*;

type Use = (u8, u8, Option<u8>, bool, i64);

fn table(uses: &[Use], bounds: Bounds) -> Tuples {
    let mut table = Tuples::new(bounds);
    for (principal, action, target, denied, second) in uses {
        let arn = target.map(|number| format!("arn:{number}"));
        let target = arn.as_deref().map_or(Target::Unknown, Target::Arn);
        let outcome = if *denied { Outcome::Denied } else { Outcome::Used };
        let time = Timestamp::from_second(*second).unwrap();
        table.add(&Principal::Role(format!("role{principal}").into()), &format!("s3:A{action}"), target, outcome, time);
    }
    table
}

#[test]
fn a_use_is_kept_once_with_its_times() {
    let table = table(
        &[(1, 1, Some(1), false, 30), (1, 1, Some(1), false, 10), (1, 1, None, false, 5), (1, 1, Some(1), true, 40)],
        Bounds::default(),
    );
    let got: Vec<_> = table
        .sorted()
        .iter()
        .map(|tuple| (tuple.target, tuple.outcome, tuple.tally.count, tuple.tally.first.as_second(), tuple.tally.last.as_second()))
        .collect();
    let one = Target::Arn("arn:1");
    assert_eq!(got, [(one, Outcome::Used, 2, 10, 30), (Target::Unknown, Outcome::Used, 1, 5, 5), (one, Outcome::Denied, 1, 40, 40)]);
}

#[test]
fn what_is_too_much_is_counted() {
    let bounds = Bounds { resources: 10, groups: 1 };
    let uses: Vec<_> = (0..30).map(|number| (1, 1, Some(number), false, 7)).chain([(2, 1, None, false, 7)]).collect();
    let table = table(&uses, bounds);
    let tuples = table.sorted();
    assert_eq!((tuples.len(), tuples[0].target, tuples[0].tally.count), (1, Target::Many, 30));
    assert_eq!((table.groups(), table.dropped()), (1, 1));
}

proptest! {
    /// Whatever was counted in which table, all together is the same.
    #[test]
    fn how_it_is_shared_out_is_nothing(uses in prop::collection::vec((0_u8..3, 0_u8..3, prop::option::of(0_u8..12), any::<bool>(), 0_i64..100), 0..120), at in prop::collection::vec(0_usize..3, 120)) {
        let bounds = Bounds { resources: 5, groups: 1000 };
        let whole = table(&uses, bounds);
        let mut merged = Tuples::new(bounds);
        for part in 0..3 {
            let of_part: Vec<_> = uses.iter().zip(&at).filter(|(_, of)| **of == part).map(|(one, _)| *one).collect();
            merged.merge(&table(&of_part, bounds));
        }
        prop_assert_eq!(merged.sorted(), whole.sorted());
        prop_assert_eq!(whole.sorted().iter().map(|tuple| tuple.tally.count).sum::<u64>(), uses.len() as u64);
    }
}
