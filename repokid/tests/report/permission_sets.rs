//! Proposals for permission sets.

use serde_json::{Value, json};

use crate::account::{Account, allows, read};

const PATH: &str = "/aws-reserved/sso.amazonaws.com/";
const ONE: &str = "AWSReservedSSO_Build_0123456789abcdef";
const TWO: &str = "AWSReservedSSO_Build_fedcba9876543210";

fn account(second: &Value) -> Account {
    let mut account = Account::new();
    let policy = allows(&["ec2:DescribeInstances", "ec2:DescribeVpcs", "ec2:RunInstances"]);
    account.role("111122223333", PATH, ONE, &json!([]), &[("AwsSSOInlinePolicy", policy)]);
    account.role("444455556666", PATH, TWO, &json!([]), &[("AwsSSOInlinePolicy", second.clone())]);
    account.call("111122223333", PATH, ONE, "ec2.amazonaws.com", "DescribeInstances");
    account.call("444455556666", PATH, TWO, "ec2.amazonaws.com", "DescribeVpcs");
    account
}

#[test]
fn what_any_account_used_stays_in_the_set() {
    let policy = allows(&["ec2:DescribeInstances", "ec2:DescribeVpcs", "ec2:RunInstances"]);
    let account = account(&policy);
    let set = json!([{ "arn": "arn:aws:sso:::permissionSet/ssoins-1/ps-1", "name": "Build", "inline": policy.to_string(), "managed": [] }]);
    account.write("sets.json", &set.to_string());
    let report = account.json(&["--permission-sets", "sets.json", "-o", "out"]);
    let proposal = &report["permission_sets"][0];
    assert_eq!((&proposal["name"], &proposal["outcome"]), (&json!("Build"), &json!("narrowed")), "{proposal}");
    assert_eq!(proposal["arn"], "arn:aws:sso:::permissionSet/ssoins-1/ps-1");
    assert_eq!(proposal["roles"].as_array().unwrap().len(), 2);
    assert_eq!(proposal["proof"]["newly_denied"], 0);
    let after: Value = serde_json::from_str(&read(&account.path("out/permission-sets/Build/after/inline.json"))).unwrap();
    assert_eq!(after["Statement"][0]["Action"], json!(["ec2:DescribeInstances", "ec2:DescribeVpcs"]));
    assert!(read(&account.path("out/permission-sets/Build/proposal.json")).contains("uses_replayed"));
    assert!(account.text(&["--format", "html"]).contains("To be changed in its permission set"));
    for format in ["human", "html"] {
        assert!(account.text(&["--format", format]).contains("1 policy would change"), "{format}");
    }
}

#[test]
fn a_set_whose_roles_differ_is_left() {
    let account = account(&allows(&["ec2:*"]));
    let report = account.json(&[]);
    assert_eq!(report["permission_sets"][0]["outcome"], "refused");
    assert!(report["permission_sets"][0]["reason"].as_str().unwrap().contains("provision it in every account first"));
}
