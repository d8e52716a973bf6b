//! Uses: kept once, whichever table counted them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;

use super::*;

type Called = (u8, u8, Option<u8>, bool, i64);

fn table(uses: &[Called], limit: usize) -> Tuples {
    let mut table = Tuples::new(limit);
    for (principal, action, resource, denied, second) in uses {
        let arn = resource.map(|number| format!("arn:{number}"));
        let outcome = if *denied { Outcome::Denied } else { Outcome::Used };
        let time = Timestamp::from_second(*second).unwrap();
        table.add(&Principal::Role(format!("role{principal}").into()), &format!("s3:A{action}"), arn.as_deref(), outcome, time);
    }
    table
}

#[test]
fn a_use_is_kept_once_with_its_times() {
    let table = table(&[(1, 1, Some(1), false, 30), (1, 1, Some(1), false, 10), (1, 1, None, false, 5), (1, 1, Some(1), true, 40)], 10);
    let got: Vec<_> = table
        .sorted()
        .iter()
        .map(|tuple| (tuple.of.resource, tuple.of.outcome, tuple.tally.count, tuple.tally.first.as_second(), tuple.tally.last.as_second()))
        .collect();
    let one = Some("arn:1");
    assert_eq!(got, [(None, Outcome::Used, 1, 5, 5), (one, Outcome::Used, 2, 10, 30), (one, Outcome::Denied, 1, 40, 40)]);
}

#[test]
fn what_is_too_much_is_counted() {
    let uses: Vec<_> = (0..30).map(|number| (1, 1, Some(number), false, 7)).chain([(1, 1, Some(3), false, 8)]).collect();
    let table = table(&uses, 10);
    let tuples = table.sorted();
    assert_eq!((tuples.len(), table.dropped()), (10, 20));
    assert_eq!(tuples.iter().map(|tuple| tuple.tally.count).sum::<u64>(), 11, "what is known is counted on");
}

proptest! {
    /// Whatever was counted in which table, all together is the same.
    #[test]
    fn how_it_is_shared_out_is_nothing(uses in prop::collection::vec((0_u8..3, 0_u8..3, prop::option::of(0_u8..12), any::<bool>(), 0_i64..100), 0..120), at in prop::collection::vec(0_usize..4, 120)) {
        let whole = table(&uses, 1000);
        let parts: Vec<_> = (0..4)
            .map(|part| {
                let of_part: Vec<_> = uses.iter().zip(&at).filter(|(_, of)| **of == part).map(|(one, _)| *one).collect();
                table(&of_part, 1000)
            })
            .collect();
        let merged: Vec<_> = merged(parts.iter().map(Tuples::sorted).collect()).collect();
        prop_assert_eq!(&merged, &whole.sorted());
        prop_assert!(merged.is_sorted_by(|one, next| one.of < next.of));
        prop_assert_eq!(merged.iter().map(|tuple| tuple.tally.count).sum::<u64>(), uses.len() as u64);
    }
}
