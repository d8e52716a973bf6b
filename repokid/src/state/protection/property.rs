//! What is granted now and was not before is kept, whatever the policies say: for random policies, actions and resources.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use menagerie_policy::document::{Effect, Policy, Resources, Statement};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Protected, new_since};

fn action() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[st?*]{1,2}:[Gg*?a]{1,3}", 1 => Just("*".to_owned())]
}

fn resource() -> impl Strategy<Value = String> {
    prop_oneof![1 => Just("*".to_owned()), 3 => "arn:aws:s3:::[xy*?]{1,2}"]
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = (prop::bool::weighted(0.8), prop::collection::vec(action(), 1..3));
    let resources = (prop::bool::weighted(0.8), prop::collection::vec(resource(), 1..3));
    (prop::bool::weighted(0.75), actions, resources).prop_map(|(allows, (only, actions), (here, resources))| {
        let keys = (if only { "Action" } else { "NotAction" }, if here { "Resource" } else { "NotResource" });
        json!({"Effect": if allows { "Allow" } else { "Deny" }, (keys.0): actions, (keys.1): resources})
    })
}

fn policies() -> impl Strategy<Value = BTreeMap<String, String>> {
    let document =
        prop::collection::vec(statement(), 1..4).prop_map(|list| json!({"Version": "2012-10-17", "Statement": list}).to_string());
    prop::collection::btree_map("[pq]", document, 0..3)
}

fn is_about(statement: &Statement, (service, name, resource): (&str, &str, &str)) -> bool {
    let here = statement.resources().is_some_and(|resources| {
        let named = resources.patterns().iter().any(|pattern| pattern.matches(resource).is_yes());
        named == matches!(resources, Resources::Only(_))
    });
    here && statement.actions().matches(service, name)
}

/// By the rule itself: something allows it, and nothing denies it.
fn is_granted(policies: &BTreeMap<String, String>, call: (&str, &str, &str)) -> bool {
    let policies: Vec<_> = policies.values().map(|text| Policy::parse(text).expect("a policy")).collect();
    let about = |effect| policies.iter().flat_map(Policy::statements).any(|said| said.effect() == effect && is_about(said, call));
    about(Effect::Allow) && !about(Effect::Deny)
}

proptest! {
    #[test]
    fn what_was_not_granted_before_is_kept(before in policies(), after in policies()) {
        let now = Timestamp::UNIX_EPOCH;
        let mut protected = Protected::default();
        new_since(Some(&before), &after).protect(&mut protected, now + SignedDuration::from_hours(1));
        for service in ["s", "t", "st"] {
            for name in ["g", "a", "ag", "gag"] {
                let is_new = |resource| is_granted(&after, (service, name, resource)) && !is_granted(&before, (service, name, resource));
                let new = ["arn:aws:s3:::x", "arn:aws:s3:::y", "arn:aws:s3:::xx", "arn:aws:s3:::yx", "arn:aws:s3:::zz"].into_iter().any(is_new);
                prop_assert!(!new || protected.keeps(service, name, now), "{}:{} of {:?}", service, name, protected);
            }
        }
        prop_assert!(new_since(Some(&after), &after).patterns.is_empty(), "nothing is new in what stays");
    }
}
