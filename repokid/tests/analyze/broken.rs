//! Broken input: told by file and place, passed over, and with the status that says so. Nothing goes on the strength of it.

use std::io::Write as _;
use std::process::Command;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{Place, Ran, details, event, policy, role, run};

fn errors(ran: &Ran) -> Vec<(String, String)> {
    let value = ran.json();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    value["errors"].as_array().unwrap().iter().map(|one| (text(one, "source"), text(one, "reason"))).collect()
}

/// That the role is left as it is, one thing is told of this file, and the status says that the result is weaker.
fn weaker(place: &Place, file: &str) {
    let ran = place.assumed(&["--format", "json"]);
    let errors = errors(&ran);
    assert_eq!(ran.status, 2, "{file}: {errors:?}");
    assert!(errors.iter().any(|(source, _)| source.contains(file)), "{file}: {errors:?}");
    assert_eq!(ran.json()["principals"][0]["outcome"], json!("same"), "{file}");
    assert!(ran.err.contains(file), "{}", ran.err);
}

#[test]
fn a_cut_gzip() {
    let place = Place::usual();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json!({"Records": vec![event("ec2.amazonaws.com", "DescribeVpcs"); 50]}).to_string().as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    place.write("logs/cut.json.gz", &bytes[..bytes.len() - 20]);
    weaker(&place, "cut.json.gz");
}

#[test]
fn a_broken_record() {
    let place = Place::usual();
    let good = event("ec2.amazonaws.com", "CreateVpc").to_string();
    place.write("logs/broken.json", format!("{{\"Records\":[{{\"eventName\": nonsense}},{good}]}}"));
    let ran = place.assumed(&["--format", "json"]);
    assert_eq!(ran.status, 2);
    assert!(errors(&ran).iter().any(|(source, _)| source.contains("broken.json")));
    // What stands beside it is read.
    let grants = ran.json()["principals"][0]["grants"].clone();
    let create = grants.as_array().unwrap().iter().find(|one| one["action"] == "ec2:CreateVpc").cloned().unwrap();
    assert_eq!(create["verdict"], json!("used"));
}

#[test]
fn files_that_are_no_logs() {
    for (name, text) in [("empty.json", ""), ("other.json", "{\"a\": 1}"), ("binary.json", "\u{0}\u{1}\u{2}")] {
        let place = Place::usual();
        place.write(&format!("logs/{name}"), text);
        weaker(&place, name);
    }
    // What cannot have been a log hides none: it is told, and that is all.
    let place = Place::usual();
    place.write("logs/notes.txt", "hello, world");
    let ran = place.assumed(&["--format", "json"]);
    assert!(ran.err.contains("notes.txt"), "{}", ran.err);
    assert_eq!((ran.status, &ran.json()["principals"][0]["outcome"]), (2, &json!("narrowed")));
}

#[test]
fn an_empty_folder() {
    let place = Place::usual();
    std::fs::remove_file(place.path("logs/a.json")).unwrap();
    let ran = place.run(&["--format", "json"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.json()["principals"][0]["counts"]["unused"], json!(0));
}

#[test]
fn a_document_of_a_hundred_megabytes_and_one_beyond_the_grammar() {
    let place = Place::usual();
    let long = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[],\"Id\":\"{}\"}}", "x".repeat(100 << 20));
    let mut all = details(&policy());
    let list = all["RoleDetailList"].as_array_mut().unwrap();
    list.push(role("odd", &json!({"Statement": [{"Effect": "Perhaps", "Action": "ec2:CreateVpc", "Resource": "*"}]})));
    list.push(role("long", &json!("LONG")));
    place.write("details.json", all.to_string().replace("\"LONG\"", &long));
    let ran = place.assumed(&["--format", "json"]);
    let told = errors(&ran);
    assert_eq!((ran.status, told.len()), (2, 2), "{told:?}");
    assert!(
        told.iter().any(|(source, _)| source.contains("role/long")) && told.iter().any(|(source, _)| source.contains("role/odd")),
        "{told:?}"
    );
    assert!(told.iter().all(|(_, reason)| reason.len() < 1_000));
    let outcomes: Vec<_> = ran.json()["principals"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect();
    assert_eq!(outcomes, [json!("narrowed"), json!("same"), json!("same")], "the others are analysed");
}

#[test]
fn details_that_are_none() {
    for text in ["", "[]", "{}", "not json", "{\"Roles\":[]}", "{\"RoleDetailList\":[{\"RoleName\":1}]}"] {
        let place = Place::usual();
        place.write("details.json", text);
        let ran = place.assumed(&[]);
        assert_eq!(ran.status, 2, "{text}");
        assert!(ran.err.contains("details.json"), "{text}: {}", ran.err);
    }
}

#[test]
fn a_last_page_that_is_missing_and_a_policy_that_is() {
    let place = Place::usual();
    let mut all = details(&policy());
    all["IsTruncated"] = json!(true);
    all["RoleDetailList"][0]["AttachedManagedPolicies"] = json!([{"PolicyArn": "arn:aws:iam::aws:policy/Absent"}]);
    place.write("details.json", all.to_string());
    let ran = place.assumed(&["--format", "json"]);
    let told = errors(&ran);
    assert_eq!((ran.status, told.len()), (2, 2), "{told:?}");
    assert!(
        told.iter().any(|(_, reason)| reason.contains("IsTruncated")) && told.iter().any(|(_, reason)| reason.contains("policy/Absent"))
    );
}

#[test]
fn pipes() {
    let place = Place::usual();
    // Details may come through a pipe.
    let arguments =
        ["analyze", "--authorization-details", "/dev/stdin", "--cloudtrail", "logs", "--assume-complete", "--as-of", "2026-06-30"];
    assert_eq!(run(&place.path("."), &arguments, Some(&details(&policy()).to_string())).status, 1);
    // A pipe in a folder of logs is not waited for; one that is named is told.
    assert!(Command::new("mkfifo").arg(place.path("logs/pipe")).status().unwrap().success());
    assert_eq!(place.assumed(&[]).status, 1);
    let ran = place.assumed(&["--cloudtrail", "logs/pipe", "--format", "json"]);
    assert_eq!(ran.status, 2);
    assert!(errors(&ran).iter().any(|(source, _)| source.contains("logs/pipe")));
}
