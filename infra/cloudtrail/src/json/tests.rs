//! JSON as it stands in an event.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use fearless_simd::Level;
use proptest::prelude::*;
use serde_json::Value;

use super::scan::{self, Fault, Nest};
use super::*;

/// Any JSON value, with strings of what confuses a scanner.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        r#"[a\\"{}\[\],: é]{0,80}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(r#"[a-c\\"{}]{0,40}"#, inner, 0..5).prop_map(|map| Value::from_iter(map)),
        ]
    })
}

proptest! {
    /// The end of a value is found where it is, with the instructions of this processor and with none, and in any pieces.
    #[test]
    fn ends_are_where_they_are(value in value(), pretty in any::<bool>(), at in any::<prop::sample::Index>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let bytes = format!("{text},\"more\":[{{}}]}}").into_bytes();
        for level in [*LEVEL, Level::baseline()] {
            prop_assert_eq!(dispatch!(level, simd => scan::value(simd, &bytes, 0)), Ok(text.len()));
        }
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            let (first, second) = text.as_bytes().split_at(at.index(text.len()));
            let mut nest = Nest::default();
            prop_assert_eq!(dispatch!(*LEVEL, simd => nest.feed(simd, first)), None);
            prop_assert_eq!(dispatch!(*LEVEL, simd => nest.feed(simd, second)), Some(second.len()));
            prop_assert_eq!(dispatch!(*LEVEL, simd => scan::value(simd, first, 0)), Err(Fault::Cut));
        }
    }

    /// Members and elements are those of a parser that builds a tree.
    #[test]
    fn members_are_those_of_a_tree(value in value()) {
        let text = serde_json::to_string(&value).unwrap();
        let json = Json::new(&text);
        match &value {
            Value::Object(map) => {
                let got: Vec<_> = json.fields().map(|(name, value)| (format!("\"{name}\""), value.text().to_owned())).collect();
                let want: Vec<_> = map.iter().map(|(name, value)| (serde_json::to_string(name).unwrap(), value.to_string())).collect();
                prop_assert_eq!(got, want);
            }
            Value::Array(list) => {
                let got: Vec<_> = json.items().map(|value| value.text().to_owned()).collect();
                prop_assert_eq!(got, list.iter().map(ToString::to_string).collect::<Vec<_>>());
            }
            Value::String(text) => {
                let got = json.as_str();
                prop_assert_eq!(got.as_deref(), Some(text.as_str()));
            }
            _ => prop_assert_eq!(json.items().count() + json.fields().count(), 0),
        }
    }

    /// Nothing that is no JSON makes it panic.
    #[test]
    fn nonsense_is_borne(text in r#"[a"\\{}\[\],:1 é]{0,60}"#) {
        let json = Json::new(&text);
        let _ = (json.fields().count(), json.items().count(), json.as_str(), json.as_bool(), json.get("a"), json.kind());
    }
}

#[test]
fn what_is_asked_for_is_given() {
    let json = Json::new(r#" {"a": {"b": ["x", "\u00e9\n"], "n": 12}, "t": "true", "z": null} "#);
    let items: Vec<_> = json.at(&["a", "b"]).unwrap().items().filter_map(Json::as_str).collect();
    assert_eq!(items, ["x", "é\n"]);
    assert!(matches!(items[0], Cow::Borrowed(_)));
    assert_eq!(json.at(&["a", "n"]).and_then(Json::as_scalar).as_deref(), Some("12"));
    assert_eq!(json.get("t").and_then(Json::as_bool), Some(true));
    assert_eq!((json.get("z"), json.get("b"), json.str("a")), (None, None, None));
    assert_eq!(Json::new(r#"{"a":1,"b":oops,"c":2}"#).fields().count(), 1);
}

#[test]
fn debug_shows_no_content() {
    assert_eq!(format!("{:?}", Json::new(r#"{"password":"hunter2"}"#)), "Json(Object, 22 bytes)");
    let fields = Json::new(r#"{"password":"hunter2"}"#).fields();
    assert!(!format!("{fields:?}").contains("hunter2"));
}
