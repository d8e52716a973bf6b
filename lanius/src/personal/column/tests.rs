//! Columns: of identifiers, of random numbers, of names.

use super::*;
use crate::personal::scope::Scope;
use std::sync::LazyLock;

static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new(Scope::everywhere()));

/// Numbers of nine digits that are as good as random (a full-period linear generator).
fn numbers() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(123_456_789_u64), |last| Some((last * 48_271 + 11) % 2_147_483_647))
        .map(|value| 100_000_000 + value % 900_000_000)
}

/// Social insurance numbers: of the random numbers, those that pass.
fn insurance_numbers() -> impl Iterator<Item = String> {
    numbers().map(|number| number.to_string()).filter(|value| crate::personal::classify(value).any(|detector| detector.id == "pii-ca-sin"))
}

fn verdicts(name: &str, cells: impl IntoIterator<Item = String>) -> Vec<(Meaning, u8)> {
    let mut column = Column::new(&FINDER, name);
    cells.into_iter().for_each(|cell| column.add(&cell));
    column.verdicts().into_iter().map(|verdict| (verdict.meaning, verdict.confidence)).collect()
}

fn is(meaning: Meaning, id: &str) -> bool {
    matches!(meaning, Meaning::Values(detector) if detector.id == id)
}

#[test]
fn random_numbers_are_nothing_though_one_in_ten_passes() {
    let cells: Vec<String> = numbers().take(2000).map(|number| number.to_string()).collect();
    assert_eq!(verdicts("reference", cells.clone()), []);
    let named = verdicts("sin", cells);
    assert!(named.iter().all(|(_, confidence)| *confidence < 40), "{named:?}");
    assert_eq!(verdicts("id", (1..2000).map(|row| (100_000_000 + row).to_string())), []);
}

#[test]
fn identifiers_are_seen_without_a_name_and_are_sure_with_one() {
    let unnamed = verdicts("field7", insurance_numbers().take(300));
    let sin = unnamed.iter().find(|(meaning, _)| is(*meaning, "pii-ca-sin")).expect("it is among them");
    assert!((40..80).contains(&sin.1), "Israel's numbers have the same check: {unnamed:?}");
    let named = verdicts("customer_SIN", insurance_numbers().take(300));
    assert!(is(named[0].0, "pii-ca-sin") && named[0].1 >= 90, "{named:?}");
}

#[test]
fn a_structure_without_a_check_needs_the_name_or_its_form() {
    let bare = || numbers().take(500).filter(|number| *number < 899_000_000).map(|number| number.to_string());
    let with_hyphens = || bare().map(|digits| format!("{}-{}-{}", &digits[..3], &digits[3..5], &digits[5..]));
    let sure = |verdicts: Vec<(Meaning, u8)>| verdicts.iter().find(|(meaning, _)| is(*meaning, "pii-us-ssn")).map_or(0, |(_, sure)| *sure);
    assert!(sure(verdicts("value", bare())) < 30);
    assert!(sure(verdicts("value", with_hyphens())) <= 45);
    assert!(sure(verdicts("ssn", with_hyphens())) >= 65);
}

#[test]
fn a_value_that_is_repeated_counts_once() {
    let mut column = Column::new(&FINDER, "n");
    for _ in 0..1000 {
        column.add("130692544");
        column.add("  ");
    }
    assert_eq!((column.cells(), column.empty(), column.distinct()), (2000, 1000, 1));
    assert!(column.verdicts().iter().all(|verdict| verdict.confidence <= 30), "{:?}", column.verdicts());
}

#[test]
fn addresses_of_mail_need_no_name_and_examples_are_not_sure() {
    let people = verdicts("c3", (0..50).map(|row| format!("person{row}@posteo.de")));
    assert!(is(people[0].0, "pii-email") && people[0].1 >= 80, "{people:?}");
    let examples = verdicts("c3", (0..50).map(|row| format!("person{row}@example.com")));
    assert!(examples.iter().all(|(_, confidence)| *confidence <= 20), "{examples:?}");
}

#[test]
fn names_of_columns_tell_what_no_check_can() {
    for (column, meaning) in [
        ("FirstName", Some(Meaning::PersonName)),
        ("customer_last_name", Some(Meaning::PersonName)),
        ("NACHNAME", Some(Meaning::PersonName)),
        ("dob", Some(Meaning::BirthDate)),
        ("Geburtsdatum", Some(Meaning::BirthDate)),
        ("home_address", Some(Meaning::PostalAddress)),
        ("ip_address", None),
        ("emailAddress", None),
        ("file_name", None),
        ("", None),
    ] {
        assert_eq!(named(column), meaning, "{column}");
    }
    assert_eq!(verdicts("dob", ["1980-01-01".to_owned()]), [(Meaning::BirthDate, 50)]);
    assert_eq!(verdicts("dob", [String::new()]), []);
}

#[test]
fn the_reason_gives_the_rate_and_no_value() {
    let mut column = Column::new(&FINDER, "sin");
    insurance_numbers().take(100).for_each(|cell| column.add(&cell));
    let verdicts = column.verdicts();
    assert!(verdicts[0].reason.starts_with("100 of 100 distinct values pass (100 %)"), "{}", verdicts[0].reason);
    assert!((verdicts[0].rate - 1.0).abs() < f64::EPSILON && verdicts[0].named);
}
