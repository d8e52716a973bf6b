//! The faults of Repokid, TrailScraper and CloudTracker that cost outages, each by name. Those of rollback, protection and applying are
//! tested where these are.

use menagerie_policy::document::Policy;
use repokid::analysis::{Outcome, Place};
use repokid::verdict::{Advice, Freshness, ServiceAdvice, Usage, Verdict};
use serde_json::json;

use crate::stage::{ACCOUNT, ROLE, Stage, allow, event, role, with};

fn quiet(services: &[&str]) -> Advice {
    let row = || ServiceAdvice { last: None, fresh: Freshness::Fresh, ..ServiceAdvice::default() };
    Advice { services: services.iter().map(|service| ((*service).to_owned(), row())).collect() }
}

#[test]
fn one_action_unknown_to_the_data_switches_nothing_off() {
    let stage = Stage::of(&allow(&json!(["sqs:FrobnicateQueue", "ec2:DescribeInstances", "ec2:CreateVpc", "*:Madeup"])))
        .see(&[event("ec2.amazonaws.com", "DescribeInstances")]);
    assert_eq!(stage.actions_after(), ["*:Madeup", "ec2:DescribeInstances", "sqs:FrobnicateQueue"]);
    assert_eq!(stage.verdict("ec2:CreateVpc"), Verdict::Unused);
}

#[test]
fn a_wildcard_stays_to_the_letter_when_its_neighbour_goes() {
    let stage = Stage::new(&json!({"RoleDetailList": [role(&allow(&json!(["s3:*", "sqs:*"])))]})).advised(ROLE, quiet(&["sqs"]));
    let text = stage.after().concat();
    assert!(text.contains("\"s3:*\"") && !text.contains("sqs"), "{text}");
}

#[test]
fn a_service_that_is_absent_from_the_usage_data_is_not_unused() {
    let stage = Stage::new(&json!({"RoleDetailList": [role(&allow(&json!(["sqs:*", "sns:*"])))]})).advised(ROLE, quiet(&["sns"]));
    assert_eq!(stage.actions_after(), ["sqs:*"]);
    assert_eq!(stage.verdict("sqs:CreateQueue"), Verdict::Unknown);
    assert_eq!(stage.verdict("sns:CreateTopic"), Verdict::Unused);
}

#[test]
fn not_action_does_not_explode() {
    let policy =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": ["iam:*", "Organizations:*"], "Resource": "*"}});
    let stage = Stage::new(&json!({"RoleDetailList": [role(&policy)]})).advised(ROLE, quiet(&["sqs", "sns"]));
    let text = stage.after().concat();
    let after = Policy::parse(&text).unwrap();
    assert_eq!(after.statements()[0].actions().patterns().len(), 4, "{text}");
    assert!(text.contains("NotAction") && text.contains("\"sqs:*\"") && text.contains("\"Organizations:*\""), "{text}");
}

#[test]
fn question_marks_and_any_case_are_expanded() {
    let stage = Stage::of(&allow(&json!(["EC2:createvp?", "ec2:DESCRIBEINSTANCES", "ec2:De?eteVpc"])))
        .see(&[event("ec2.amazonaws.com", "DescribeInstances"), event("ec2.amazonaws.com", "DeleteVpc")]);
    assert_eq!(stage.verdict("ec2:CreateVpc"), Verdict::Unused);
    assert_eq!(stage.actions_after(), ["ec2:De?eteVpc", "ec2:DESCRIBEINSTANCES"]);
}

#[test]
fn denials_stay_and_what_they_block_is_told() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
        {"Sid": "No", "Effect": "Deny", "Action": ["ec2:TerminateInstances", "ec2:Create*"], "Resource": "*"},
    ]});
    let stage = Stage::of(&policy).see(&[event("ec2.amazonaws.com", "DescribeInstances")]);
    let text = stage.after().concat();
    let (before, after) = (Policy::parse(&policy.to_string()).unwrap(), Policy::parse(&text).unwrap());
    assert_eq!(after.statements().last(), Some(&before.statements()[1]));
    let blocked = stage.look(ROLE, |analysis| {
        let id = stage.universe.named("ec2:CreateVpc").unwrap();
        analysis.blocked.of(id).map(str::to_owned)
    });
    assert_eq!(blocked.as_deref(), Some("p denies it"));
}

#[test]
fn boundaries_and_managed_policies_are_looked_at() {
    let managed = |name: &str, document| {
        json!({
            "PolicyName": name, "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}"), "DefaultVersionId": "v1", "AttachmentCount": 1,
            "PermissionsBoundaryUsageCount": 0, "PolicyVersionList": [{"VersionId": "v1", "Document": document}],
        })
    };
    let mut holder = role(&allow(&json!("sns:CreateTopic")));
    holder["AttachedManagedPolicies"] = json!([{"PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/own")}]);
    holder["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": format!("arn:aws:iam::{ACCOUNT}:policy/fence")});
    let details = json!({
        "RoleDetailList": [holder],
        "Policies": [managed("own", allow(&json!(["ec2:CreateVpc", "ec2:DescribeInstances"]))), managed("fence", allow(&json!("ec2:*")))],
    });
    let stage = Stage::new(&details).complete().see(&[event("ec2.amazonaws.com", "DescribeInstances")]);
    assert_eq!(stage.actions_after(), ["ec2:DescribeInstances"]);
    stage.look(ROLE, |analysis| {
        assert!(matches!(analysis.policies[1].place, Place::Own(_)));
        let id = stage.universe.named("sns:CreateTopic").unwrap();
        assert_eq!(analysis.blocked.of(id), Some("the boundary fence does not allow it"));
    });
}

#[test]
fn events_become_actions_that_exist() {
    let stage = Stage::of(&allow(&json!(["lambda:*", "s3:*"]))).complete_with_data(&["AWS::Lambda::Function"]).see(&[
        event("lambda.amazonaws.com", "Invoke"),
        event("lambda.amazonaws.com", "ListFunctions20150331"),
        event("lambda.amazonaws.com", "UpdateFunctionCode20150331v2"),
        event("s3.amazonaws.com", "ListBuckets"),
    ]);
    for action in ["lambda:InvokeFunction", "lambda:ListFunctions", "lambda:UpdateFunctionCode", "s3:ListAllMyBuckets"] {
        assert_eq!(stage.verdict(action), Verdict::Used, "{action}");
    }
    assert!(stage.usage[ROLE].strange.is_empty() && stage.usage[ROLE].unmapped.is_empty());
}

#[test]
fn nothing_is_said_without_logs_or_advice() {
    let stage = Stage::new(&json!({"RoleDetailList": [role(&allow(&json!("*")))]}));
    stage.look(ROLE, |analysis| {
        assert_eq!(analysis.outcome, Outcome::Same);
        assert_eq!(analysis.counts().unused + analysis.counts().used, 0);
    });
}

#[test]
fn what_was_denied_is_not_used_and_what_failed_otherwise_is() {
    let stage = Stage::of(&allow(&json!(["ec2:DeleteVpc", "ec2:CreateVpc"]))).see(&[
        with(event("ec2.amazonaws.com", "DeleteVpc"), json!({"errorCode": "Client.UnauthorizedOperation", "errorMessage": "no"})),
        with(event("ec2.amazonaws.com", "CreateVpc"), json!({"errorCode": "Client.VpcLimitExceeded", "errorMessage": "too many"})),
    ]);
    assert_eq!(stage.actions_after(), ["ec2:CreateVpc"]);
    assert_eq!(stage.usage.get(ROLE).map(Usage::is_empty), Some(false));
}
