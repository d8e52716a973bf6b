//! What organisations withhold: AWS's description of how service control policies are evaluated ("SCP evaluation" in the user guide of AWS
//! Organizations), scenario by scenario, and answers that do not suffice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use menagerie_policy::evaluate::{Outcome, Policies, Principal, Request, evaluate};
use serde_json::{Value, json};

use super::*;

const MANAGEMENT: &str = "999988887777";
const ACCOUNT: &str = "111122223333";

fn statement(effect: &str, action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]}).to_string()
}

fn summary(kind: &str, name: &str) -> Value {
    let folder = kind.to_lowercase();
    json!({
        "Id": format!("p-{name}"), "Name": name, "Type": kind, "AwsManaged": false,
        "Arn": format!("arn:aws:organizations::{MANAGEMENT}:policy/o-exampleorgid/{folder}/p-{name}"),
    })
}

fn described(kind: &str, name: &str, content: &str) -> String {
    json!({"Policy": {"PolicySummary": summary(kind, name), "Content": content}}).to_string()
}

fn target(id: &str, parent: &str, kind: &str, names: &[&str]) -> String {
    let policies: Vec<_> = names.iter().map(|name| summary(kind, name)).collect();
    json!({"TargetId": id, "ParentId": parent, "Policies": policies}).to_string()
}

const SCP: &str = "SERVICE_CONTROL_POLICY";
const RCP: &str = "RESOURCE_CONTROL_POLICY";

/// An organisation whose root, unit and account have these policies.
fn organization(levels: [&[&str]; 3]) -> String {
    [
        described(SCP, "AllowEC2", &statement("Allow", "ec2:*")),
        described(SCP, "AllowS3", &statement("Allow", "s3:*")),
        described(SCP, "DenyS3", &statement("Deny", "s3:*")),
        target("r-root", "", SCP, levels[0]),
        target("ou-root-unit", "r-root", SCP, levels[1]),
        target(ACCOUNT, "ou-root-unit", SCP, levels[2]),
    ]
    .concat()
}

fn user() -> Principal {
    Principal::User { arn: format!("arn:aws:iam::{ACCOUNT}:user/u") }
}

/// What becomes of two calls of a user who may do everything.
fn outcomes(controls: &Controls<'_>) -> [bool; 2] {
    let all = Policy::parse(&statement("Allow", "*")).unwrap();
    let policies = Policies {
        identity: vec![Attached { name: "own", policy: &all }],
        scps: controls.service.clone(),
        rcps: controls.resource.clone(),
        ..Policies::default()
    };
    ["ec2:RunInstances", "s3:CreateBucket"].map(|action| {
        let request = Request::new(user(), action, &format!("arn:aws:any:us-east-1:{ACCOUNT}:x"));
        evaluate(&policies, &request).outcome == Outcome::Allowed
    })
}

#[test]
fn every_level_must_allow_and_none_may_deny() {
    let universe = Universe::new();
    let full = "FullAWSAccess";
    for (levels, allowed) in [
        ([&[full][..], &[full], &[full]], [true, true]),
        ([&[full], &[full], &[full, "DenyS3"]], [true, false]),
        ([&[full], &[full, "DenyS3"], &[full]], [true, false]),
        ([&[full, "DenyS3"], &[full], &[full]], [true, false]),
        ([&[full], &["AllowEC2"], &["AllowEC2"]], [true, false]),
        ([&[full], &["AllowEC2"], &[full]], [true, false]),
        // Allowed above, and not below; or in two places of which neither has both.
        ([&[full], &["AllowEC2"], &["AllowS3"]], [false, false]),
        ([&["DenyS3"], &["AllowS3"], &[full]], [false, false]),
        ([&[full], &["AllowEC2", "AllowS3"], &["AllowS3", "AllowEC2"]], [true, true]),
        ([&["AllowEC2"], &[full], &[full, "DenyS3"]], [true, false]),
    ] {
        let organization = saved(&organization(levels)).unwrap();
        let controls = organization.of(ACCOUNT, &universe).unwrap().unwrap();
        assert_eq!(outcomes(&controls), allowed, "{levels:?}");
        // What is said of an action, whatever the resource, is the same.
        let said = |action: &str| controls.blocked.of(universe.named(action).unwrap());
        assert_eq!([said("ec2:runinstances").is_none(), said("s3:createbucket").is_none()], allowed, "{levels:?}");
    }
}

#[test]
fn who_withholds_is_told() {
    let universe = Universe::new();
    let organization = saved(&organization([&["FullAWSAccess", "DenyS3"], &["AllowEC2"], &["FullAWSAccess"]])).unwrap();
    let controls = organization.of(ACCOUNT, &universe).unwrap().unwrap();
    let said = |action: &str| controls.blocked.of(universe.named(action).unwrap());
    assert_eq!(said("s3:createbucket"), Some("the service control policy DenyS3 denies it"));
    assert_eq!(said("sqs:createqueue"), Some("no service control policy of ou-root-unit allows it"));
    assert_eq!(said("ec2:runinstances"), None);
    assert_eq!(controls.note(ACCOUNT), format!("4 service control policies and 0 resource control policies bear on account {ACCOUNT}"));
}

#[test]
fn a_denial_under_a_condition_withholds_nothing_for_certain() {
    let universe = Universe::new();
    let outside = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}}]});
    let text = [
        described(SCP, "Regions", &outside.to_string()),
        target("r-root", "", SCP, &["FullAWSAccess", "Regions"]),
        target(ACCOUNT, "r-root", SCP, &["FullAWSAccess"]),
    ];
    let organization = saved(&text.concat()).unwrap();
    let controls = organization.of(ACCOUNT, &universe).unwrap().unwrap();
    assert_eq!(controls.blocked.of(universe.named("ec2:runinstances").unwrap()), None);
    assert_eq!(outcomes(&controls), [false, false], "of which Region a request is, is not known: neither is it allowed for certain");
}

#[test]
fn resource_control_policies_have_levels_of_their_own() {
    let universe = Universe::new();
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]});
    let text = [
        described(RCP, "NoS3", &deny.to_string()),
        target("r-root", "", RCP, &["RCPFullAWSAccess"]),
        target(ACCOUNT, "r-root", RCP, &["RCPFullAWSAccess", "NoS3"]),
    ];
    let organization = saved(&text.concat()).unwrap();
    let controls = organization.of(ACCOUNT, &universe).unwrap().unwrap();
    assert_eq!((controls.service.len(), controls.resource.len(), outcomes(&controls)), (0, 2, [true, false]));
    // The principal may do it to resources of another account.
    assert_eq!(controls.blocked.of(universe.named("s3:createbucket").unwrap()), None);
}

#[test]
fn the_management_account_is_free() {
    let universe = Universe::new();
    let all = organization([&["FullAWSAccess", "DenyS3"], &["FullAWSAccess"], &["FullAWSAccess"]]);
    let managed = saved(&[all.as_str(), &target(MANAGEMENT, "r-root", SCP, &["FullAWSAccess"])].concat()).unwrap();
    assert!(managed.of(MANAGEMENT, &universe).unwrap().is_none(), "the ARNs of its policies say which it is");
    let told = r#"{"Organization": {"Id": "o-exampleorgid", "MasterAccountId": "111122223333"}}"#;
    assert!(saved(&[all.as_str(), told].concat()).unwrap().of(ACCOUNT, &universe).unwrap().is_none());
}

#[test]
fn what_does_not_suffice_withholds_nothing_and_is_told() {
    let universe = Universe::new();
    let full = &["FullAWSAccess"][..];
    let of = |text: &str| saved(text).unwrap().of(ACCOUNT, &universe).err();
    let whole = organization([full, full, full]);
    assert_eq!(of(&whole), None);
    assert_eq!(of(&target("r-root", "", SCP, full)), Some(Missing::Target(ACCOUNT.into())));
    assert_eq!(of(&target(ACCOUNT, "ou-x", SCP, full)), Some(Missing::Target("ou-x".into())));
    assert_eq!(of(&target(ACCOUNT, "", SCP, full)), Some(Missing::Parent(ACCOUNT.into())));
    let circle = [target(ACCOUNT, "ou-x", SCP, full), target("ou-x", "ou-x", SCP, full)].concat();
    assert_eq!(of(&circle), Some(Missing::Parent("ou-x".into())));
    assert_eq!(of(&organization([full, &[], full])), Some(Missing::Bare("ou-root-unit".into(), Control::Service)));
    assert_eq!(of(&organization([full, &["Other"], full])), Some(Missing::Policy("p-Other".into())));
    let broken = [described(SCP, "Other", "{"), organization([full, &["Other"], full])].concat();
    assert!(matches!(of(&broken), Some(Missing::Text(id, _)) if id == "p-Other"));
    let mut problems = Vec::new();
    let organization = saved(&broken).unwrap();
    assert!(organization.controls([ACCOUNT], &universe, "org.json", &mut problems).is_empty());
    assert!(problems[0].to_string().starts_with(&format!("org.json: account {ACCOUNT}: what the organisation withholds is not known")));
}

#[test]
fn what_is_no_answer_is_refused() {
    assert!(matches!(saved(""), Err(OrganizationError::Empty)));
    assert!(matches!(saved("nonsense"), Err(OrganizationError::Form(_))));
    assert!(matches!(saved(&"[".repeat(100_000)), Err(OrganizationError::Form(_))));
    assert!(matches!(saved("{}"), Err(OrganizationError::Answer(1))));
    let policies = r#"{"Policies": []}"#;
    assert!(matches!(saved(policies), Err(OrganizationError::Answer(1))), "of what?");
    let next = r#"[{"TargetId": "r-root", "Policies": []}, {"TargetId": "r-root", "Policies": [], "NextToken": "x"}]"#;
    assert!(matches!(saved(next), Err(OrganizationError::Page(2))));
}
