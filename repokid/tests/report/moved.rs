//! Inline policies that are too long: what is told and written of the managed policies that take their place.

use serde_json::json;

use crate::account::{ACCOUNT, Account, allows, read};

#[test]
fn policies_that_are_made_are_named_and_written() {
    let mut account = Account::new();
    account.role(ACCOUNT, "/", "admin", &json!([]), &[("all", allows(&["*"])), ("few", allows(&["sqs:CreateQueue", "sqs:SendMessage"]))]);
    let report = account.json(&["-o", "out"]);
    let policies = &report["principals"][0]["policies"];
    assert_eq!((&policies[0]["kind"], &policies[0]["change"]), (&json!("inline"), &json!("moved")));
    let made = policies[0]["makes"].as_array().unwrap();
    assert!(made.len() > 1 && made.iter().all(|arn| arn.as_str().unwrap().contains(":policy/repokid/all-admin-")), "{made:?}");
    assert_eq!((&policies[1]["change"], policies[1].get("makes")), (&json!("narrowed"), None), "what fits stays where it is");

    let home = account.path(&format!("out/{ACCOUNT}/role/admin"));
    assert!(home.join("before/all.json").is_file() && !home.join("after/all.json").exists());
    assert!(home.join("after/few.json").is_file());
    let written = std::fs::read_dir(home.join("after/managed")).unwrap().count();
    assert_eq!(written, made.len());
    assert!(read(&home.join("after/managed/all.inline.json")).contains("\"Statement\""));
    let text = account.text(&[]);
    assert!(text.contains(&format!("all (inline, {} managed policies take its place)", made.len())), "{text}");
}
