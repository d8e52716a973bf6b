//! Whatever JSON others hand in: it is read or refused, and nothing panics.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::advisor::{AardvarkPage, answer, saved};
use super::config::Config;
use super::dynamo;
use super::filters::{BlocklistFile, Filters};

/// Words that lead somewhere.
const WORDS: [&str; 30] = [
    "filter_config",
    "AgeFilter",
    "minimum_age",
    "BlocklistFilter",
    "blocklist_bucket",
    "all",
    "111122223333",
    "active_filters",
    "hooks",
    "observation",
    "dynamo_db",
    "Items",
    "Item",
    "RoleId",
    "Arn",
    "S",
    "N",
    "M",
    "L",
    "SS",
    "Policies",
    "Policy",
    "OptOut",
    "expire",
    "Stats",
    "RepoScheduled",
    "AAData",
    "JobStatus",
    "ServicesLastAccessed",
    "arn:aws:iam::111122223333:role/r",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => prop::sample::select(&["COMPLETED", "2020-01-01 10:00", "<X>", "yearly", "app-[", "-1", "1e400", "99999999999999999999"][..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(word(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn read_all(text: &str, now: Timestamp) {
    if let Ok(config) = Config::parse(text) {
        config.warnings.iter().for_each(|warning| drop(warning.to_string()));
        let _ = Filters::new(&config, None);
    }
    let _ = (saved(text, now), answer(text, now), AardvarkPage::parse(text, now), BlocklistFile::parse(text));
    let _ = dynamo::read(text.as_bytes(), now, &mut |_| true);
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(value in value()) {
        let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(500_000);
        read_all(&value.to_string(), now);
        // As an item whose identity is right, so that the rest is reached.
        let mut item = json!({"RoleId": {"S": "AROA"}, "Arn": {"S": "arn:aws:iam::111122223333:role/r"}});
        for (key, value) in value.as_object().into_iter().flatten() {
            item[key] = value.clone();
        }
        read_all(&json!({"Item": item}).to_string(), now);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), packed in any::<bool>()) {
        let head: &[u8] = if packed { &[0x1f, 0x8b, 8, 0] } else { b"{\"Item\": " };
        let _ = dynamo::read([head, &bytes].concat().as_slice(), Timestamp::UNIX_EPOCH, &mut |_| true);
    }
}
