//! DynamoDB's JSON, in which each value names its type, as plain JSON.

use serde_json::{Map, Number, Value};

/// Repokid writes this where DynamoDB once took no empty text.
const EMPTY: &str = "---DYNAMO-EMPTY-STRING---";

/// An item, whose attributes each name their type. The error says which attribute is no such thing. (`serde_json` bounds the depth.)
pub(super) fn item(value: &Value) -> Result<Map<String, Value>, String> {
    let map = value.as_object().ok_or("an item is an object")?;
    members(map)
}

fn members(map: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    map.iter().map(|(key, value)| Ok((key.clone(), plain(value).map_err(|reason| format!("{key}: {reason}"))?))).collect()
}

fn plain(value: &Value) -> Result<Value, String> {
    let one = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
    let (kind, value) = one.ok_or("a value is an object with its type, such as {\"S\": \"…\"}")?;
    let wrong = || format!("this is no value of type {kind}");
    match kind.as_str() {
        "S" => value.as_str().map(text).ok_or_else(wrong),
        "N" => value.as_str().and_then(number).ok_or_else(wrong),
        "BOOL" => value.as_bool().map(Value::Bool).ok_or_else(wrong),
        "NULL" => Ok(Value::Null),
        "M" => members(value.as_object().ok_or_else(wrong)?).map(Value::Object),
        "L" => value.as_array().ok_or_else(wrong)?.iter().map(plain).collect::<Result<_, _>>().map(Value::Array),
        "SS" => list(value, |value| value.as_str().map(text)).ok_or_else(wrong),
        "NS" => list(value, |value| value.as_str().and_then(number)).ok_or_else(wrong),
        other => Err(format!("values of type {other} are none of Repokid's")),
    }
}

fn list(value: &Value, each: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    value.as_array()?.iter().map(each).collect::<Option<_>>().map(Value::Array)
}

fn text(text: &str) -> Value {
    Value::String(if text == EMPTY { String::new() } else { text.to_owned() })
}

/// DynamoDB's numbers are decimal texts.
fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().map(Number::from).ok();
    whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64)).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_becomes_plain() {
        let typed = json!({
            "S": {"S": "text"}, "Empty": {"S": EMPTY}, "N": {"N": "42"}, "F": {"N": "1.5"}, "B": {"BOOL": true}, "Z": {"NULL": true},
            "M": {"M": {"S": {"S": "a map may have a key S"}}}, "L": {"L": [{"N": "1"}, {"S": "x"}]}, "SS": {"SS": ["a", "b"]}, "NS": {"NS": ["1"]}
        });
        let plain = json!({
            "S": "text", "Empty": "", "N": 42, "F": 1.5, "B": true, "Z": null,
            "M": {"S": "a map may have a key S"}, "L": [1, "x"], "SS": ["a", "b"], "NS": [1]
        });
        assert_eq!(item(&typed).map(Value::Object), Ok(plain));
    }

    #[test]
    fn what_is_no_typed_value_is_named() {
        for (value, place) in [
            (json!({"Arn": "plain"}), "Arn"),
            (json!({"Arn": {"S": 1}}), "Arn"),
            (json!({"Arn": {"S": "a", "N": "1"}}), "Arn"),
            (json!({"M": {"M": {"Deep": {"N": "x"}}}}), "M: Deep"),
            (json!({"B": {"B": "AAAA"}}), "B"),
        ] {
            let error = item(&value).expect_err("no item");
            assert!(error.starts_with(place), "{error}");
        }
    }
}
