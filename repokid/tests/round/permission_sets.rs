//! Permission sets, read from Identity Center as moto has it: what is proposed for them, and that nothing is changed.

use serde_json::{Value, json};

use crate::both;
use crate::place::Place;
use crate::world::World;

both!(a_set_is_proposed_for_from_all_of_its_accounts);

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage","sns:Publish"],"Resource":"*"}]}"#;
const PATH: &str = "/aws-reserved/sso.amazonaws.com/";

/// A role of the set, of whose services one is used.
fn role(world: &World<'_>, set: &str, digits: &str) -> String {
    let name = format!("AWSReservedSSO_{set}_{digits}");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let _ = world.iam("CreateRole", &[("RoleName", &name), ("Path", PATH), ("AssumeRolePolicyDocument", trust)]);
    let _ = world.iam("PutRolePolicy", &[("RoleName", &name), ("PolicyName", "AwsSSOInlinePolicy"), ("PolicyDocument", POLICY)]);
    format!("arn:aws:iam::{}:role{PATH}{name}", world.account)
}

fn a_set_is_proposed_for_from_all_of_its_accounts(place: &Place) {
    let config = json!({ "identity_center": { "region": "us-east-1" } });
    let (one, two) = (World::new("one", place, config.clone()), World::new("two", place, config));
    let sso = |operation: &str, parameters: Value| one.moto.json("sso", &format!("SWBExternalService.{operation}"), &parameters);
    let instance = sso("ListInstances", json!({}))["Instances"][0]["InstanceArn"].clone();
    let name = one.namespace.name("Build");
    let set = sso("CreatePermissionSet", json!({ "InstanceArn": instance, "Name": name, "SessionDuration": "PT1H" }))["PermissionSet"]["PermissionSetArn"].clone();
    let inline = json!({ "InstanceArn": instance, "PermissionSetArn": set, "InlinePolicy": POLICY });
    let _ = sso("PutInlinePolicyToPermissionSet", inline);
    let roles = [role(&one, &name, "0123456789abcdef"), role(&two, &name, "fedcba9876543210")];
    let services = [[("s3", true), ("sqs", false), ("sns", false)], [("s3", false), ("sqs", true), ("sns", false)]];
    let advisor = one.advisor(&[(&roles[0], &services[0]), (&roles[1], &services[1])]);
    let run = |accounts: &[&str]| {
        let accounts: Vec<_> = accounts.iter().flat_map(|account| ["--account", account]).collect();
        let round = one.json(&[&["run", "-c", "--access-advisor", &advisor], &accounts[..]].concat());
        let sets = round["permission_sets"].as_array().expect("a list").clone();
        sets.into_iter().find(|set| set["name"] == json!(name)).unwrap_or_else(|| panic!("{round}"))
    };
    let proposal = run(&[&one.account, &two.account]);
    assert_eq!((&proposal["outcome"], &proposal["arn"]), (&json!("narrowed"), &set), "{proposal}");
    assert_eq!(proposal["roles"], json!(roles));
    let after = proposal["policies"][0]["after"].as_str().expect("a text");
    assert!(after.contains("s3:GetObject") && after.contains("sqs:SendMessage") && !after.contains("sns"), "{after}");
    // Another account may use what these do not: moto provisions a set in its own.
    let provision = json!({ "InstanceArn": instance, "PermissionSetArn": set, "TargetType": "ALL_PROVISIONED_ACCOUNTS" });
    let _ = sso("ProvisionPermissionSet", provision);
    let proposal = run(&[&one.account, &two.account]);
    assert_eq!(proposal["outcome"], json!("refused"), "{proposal}");
    assert!(proposal["reason"].as_str().is_some_and(|reason| reason.contains("provisioned in account 123456789012")), "{proposal}");
    // It is read, and proposed, and no more.
    let query = json!({ "InstanceArn": instance, "PermissionSetArn": set });
    assert_eq!(sso("GetInlinePolicyForPermissionSet", query)["InlinePolicy"], json!(POLICY));
    let name = roles[0].rsplit('/').next().expect("a name");
    assert_eq!(one.policy(name, "AwsSSOInlinePolicy"), POLICY);
}
