//! Holds a value against a schema of this repository. What the schema says in words that are not known here fails.

use serde_json::Value;

/// What is wrong with a value; none if nothing.
pub(crate) fn faults(value: &Value, schema: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(value, schema, schema, "$", &mut faults);
    faults
}

fn check(value: &Value, rule: &Value, root: &Value, at: &str, faults: &mut Vec<String>) {
    for (word, said) in rule.as_object().expect("a rule is an object") {
        let fits = match word.as_str() {
            "$schema" | "$id" | "title" | "description" | "$defs" => true,
            "$ref" => {
                let path = said.as_str().expect("a path").trim_start_matches('#');
                check(value, root.pointer(path).expect("a definition"), root, at, faults);
                true
            }
            "const" => value == said,
            "enum" => said.as_array().expect("a list").contains(value),
            "minimum" => value.as_i64() >= said.as_i64(),
            "type" => match said.as_str().expect("a type") {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                other => panic!("the type {other} is not known"),
            },
            "required" => said.as_array().expect("a list").iter().all(|name| value.get(name.as_str().expect("a name")).is_some()),
            "properties" => {
                for (name, rule) in said.as_object().expect("rules") {
                    if let Some(member) = value.get(name) {
                        check(member, rule, root, &format!("{at}.{name}"), faults);
                    }
                }
                true
            }
            "additionalProperties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    check(member, said, root, &format!("{at}.{name}"), faults);
                }
                true
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(item, said, root, &format!("{at}[{number}]"), faults);
                }
                true
            }
            other => panic!("{other} is not known"),
        };
        if !fits {
            faults.push(format!("{at}: {word} {said}"));
        }
    }
}
