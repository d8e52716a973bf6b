//! Where something that is used could be taken for unused: each way is a test.

use jiff::SignedDuration;
use repokid::advice;
use repokid::analysis::{Outcome, Place};
use repokid::state::{AdvisorRow, LastAccess};
use repokid::verdict::{Advice, Freshness, ServiceAdvice, Verdict, Window};
use serde_json::{Value, json};

use crate::stage::{ACCOUNT, ROLE, ROLE_ID, Stage, allow, event, now, role, with};

fn denied(event: Value, action: &str) -> Value {
    let message = format!(
        "You are not authorized to perform this operation. User: arn:aws:sts::{ACCOUNT}:assumed-role/app/session is not authorized to perform: \
         {action} on resource: arn:aws:iam::{ACCOUNT}:role/other because no identity-based policy allows the {action} action. Encoded \
         authorization failure message: abc"
    );
    with(event, json!({"errorCode": "Client.UnauthorizedOperation", "errorMessage": message}))
}

fn row(service: &str, last: LastAccess) -> AdvisorRow {
    AdvisorRow {
        service: service.to_owned(),
        service_name: String::new(),
        last_authenticated: last,
        last_authenticated_entity: None,
        total_authenticated_entities: 0,
        actions: Vec::new(),
        last_updated: Some(now()),
    }
}

#[test]
fn a_denial_of_another_action_does_not_make_the_events_own_unused() {
    let policy = allow(&json!(["ec2:RunInstances", "ec2:TerminateInstances"]));
    let run = event("ec2.amazonaws.com", "RunInstances");
    assert_eq!(Stage::of(&policy).see(&[denied(run.clone(), "iam:PassRole")]).verdict("ec2:RunInstances"), Verdict::Used);
    assert_eq!(Stage::of(&policy).see(&[denied(run, "ec2:RunInstances")]).verdict("ec2:RunInstances"), Verdict::Unused);
}

#[test]
fn a_denial_that_does_not_say_which_of_several_counts_for_each() {
    let parameters = json!({"iamInstanceProfile": {"name": "p"}});
    let run = with(
        event("ec2.amazonaws.com", "RunInstances"),
        json!({"requestParameters": parameters, "errorCode": "Client.UnauthorizedOperation", "errorMessage": "Encoded"}),
    );
    let stage = Stage::of(&allow(&json!(["ec2:RunInstances", "ec2:CreateVpc"]))).see(&[run]);
    assert_eq!((stage.verdict("ec2:RunInstances"), stage.verdict("ec2:CreateVpc")), (Verdict::Used, Verdict::Unused));
}

#[test]
fn a_role_is_known_by_its_name_and_by_its_id() {
    let policy = allow(&json!(["ec2:CreateVpc", "ec2:DeleteVpc", "ec2:DescribeVpcs", "ec2:CreateSubnet"]));
    let call = |name: &str, identity: Value| with(event("ec2.amazonaws.com", name), json!({"userIdentity": identity}));
    let elsewhere = format!("arn:aws:iam::{ACCOUNT}:role/app");
    let stage = Stage::of(&policy).see(&[
        call("CreateVpc", json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": elsewhere}}})),
        call("DeleteVpc", json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/s")})),
        call("DescribeVpcs", json!({"type": "AssumedRole", "principalId": format!("{ROLE_ID}:s")})),
    ]);
    for action in ["ec2:CreateVpc", "ec2:DeleteVpc", "ec2:DescribeVpcs"] {
        assert_eq!(stage.verdict(action), Verdict::Used, "{action}");
    }
    assert_eq!(stage.verdict("ec2:CreateSubnet"), Verdict::Unused);
}

#[test]
fn an_event_that_no_action_is_known_for_leaves_its_service_open() {
    let policy = allow(&json!(["ec2:CreateVpc", "ec2:Delete*", "sns:CreateTopic"]));
    let stage = Stage::of(&policy).see(&[event("ec2.amazonaws.com", "CreateVpcAndMore")]);
    assert_eq!((stage.verdict("ec2:CreateVpc"), stage.verdict("ec2:DeleteVpc")), (Verdict::Unknown, Verdict::Unknown));
    assert_eq!(stage.actions_after(), ["ec2:CreateVpc", "ec2:Delete*"]);
}

#[test]
fn passed_roles_dependents_and_tags_do_not_show() {
    let policy = allow(&json!(["iam:PassRole", "ec2:RunInstances", "ec2:CreateTags", "iam:CreatePolicy", "iam:TagPolicy", "iam:TagUser"]));
    let stage = Stage::of(&policy).see(&[event("ec2.amazonaws.com", "RunInstances"), event("iam.amazonaws.com", "CreatePolicy")]);
    for action in ["iam:PassRole", "iam:TagPolicy", "iam:TagUser"] {
        assert_eq!(stage.verdict(action), Verdict::Unobservable, "{action}");
    }
    assert_ne!(stage.verdict("ec2:CreateTags"), Verdict::Unused);
    stage.look(ROLE, |analysis| assert_eq!(analysis.outcome, Outcome::Same));
}

#[test]
fn keys_are_used_through_services() {
    let policy =
        allow(&json!(["kms:Decrypt", "kms:GenerateDataKey*", "kms:ScheduleKeyDeletion", "s3:PutBucketTagging", "s3:GetBucketTagging"]));
    let idle = Stage::of(&policy).see(&[event("iam.amazonaws.com", "ListRoles")]);
    let busy = Stage::of(&policy).see(&[event("s3.amazonaws.com", "GetBucketTagging")]);
    assert_eq!(busy.verdict("kms:Decrypt"), Verdict::Unobservable);
    assert_eq!(busy.verdict("kms:ScheduleKeyDeletion"), Verdict::Unused);
    assert_eq!(idle.verdict("kms:ScheduleKeyDeletion"), Verdict::Unused);
}

#[test]
fn object_versions_and_acl_variants_are_not_taken_for_unused() {
    let kinds = ["AWS::S3::Object"];
    let policy = allow(&json!(["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*"]));
    let object = |name: &str, parameters: Value| {
        with(event("s3.amazonaws.com", name), json!({"requestParameters": parameters, "managementEvent": false, "eventCategory": "Data"}))
    };
    let stage = Stage::of(&policy).complete_with_data(&kinds).see(&[
        object("GetObject", json!({"bucketName": "b", "key": "k", "versionId": "v"})),
        object("PutObject", json!({"bucketName": "b", "key": "k", "x-amz-acl": "private"})),
        object("DeleteObjects", json!({"bucketName": "b"})),
    ]);
    for action in ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject", "s3:DeleteObjectVersion"] {
        assert_ne!(stage.verdict(action), Verdict::Unused, "{action}");
    }
}

#[test]
fn data_events_and_what_no_event_shows_are_unobservable() {
    let stage = Stage::of(&allow(&json!("*"))).see(&[]);
    for action in [
        "s3:GetObject",
        "dynamodb:GetItem",
        "lambda:InvokeFunction",
        "sqs:SendMessage",
        "iot:Connect",
        "rds-db:connect",
        "sts:TagSession",
        "cloudsearch:search",
        "machinelearning:Predict",
    ] {
        assert_eq!(stage.verdict(action), Verdict::Unobservable, "{action}");
    }
}

#[test]
fn advice_proves_no_more_than_it_saw() {
    let policy = allow(&json!(["sqs:*", "iam:PassRole"]));
    let of = |rows: &[AdvisorRow]| {
        Stage::new(&json!({"RoleDetailList": [role(&policy)]})).advised(ROLE, advice::of_rows(rows, now(), advice::OLDEST_DAYS))
    };
    let verdict = |rows: &[AdvisorRow]| of(rows).verdict("sqs:SendMessage");
    let days = |days: i64| LastAccess::At(now() - SignedDuration::from_hours(24 * days));
    assert_eq!(verdict(&[row("sqs", LastAccess::Never)]), Verdict::Unused);
    assert_eq!(verdict(&[row("sqs", days(100))]), Verdict::Unused);
    assert_eq!(verdict(&[row("sqs", days(80))]), Verdict::Unknown);
    assert_eq!(verdict(&[row("sqs", LastAccess::Unreadable)]), Verdict::Unknown);
    assert_eq!(verdict(&[row("sqs", LastAccess::Never), row("SQS", days(3))]), Verdict::Unknown, "two rows that contradict");
    assert_eq!(verdict(&[row("sqs", days(3)), row("sqs", LastAccess::Never)]), Verdict::Unknown);
    let stale = AdvisorRow { last_updated: Some(now() - SignedDuration::from_hours(24 * 6)), ..row("sqs", LastAccess::Never) };
    assert_eq!(verdict(std::slice::from_ref(&stale)), Verdict::Unknown);
    let said = |row: AdvisorRow| {
        let stage = of(&[row]);
        stage.look(ROLE, |analysis| {
            let id = stage.universe.named("sqs:SendMessage").unwrap();
            let actions = &analysis.policies[0].judged.as_ref().unwrap().statements[0].actions;
            let action = actions.iter().find(|one| one.id == id).unwrap();
            action.verdicts.of(0).1.text(stage.universe, &stage.window)
        })
    };
    assert_eq!(
        said(stale.clone()),
        "no logs; Access Advisor's row of the service was made on 2026-06-24, more than 5 days before 2026-06-30, and proves nothing"
    );
    assert_eq!(
        said(AdvisorRow { last_updated: None, ..stale.clone() }),
        "no logs; Access Advisor's row of the service does not say when it was made, and proves nothing"
    );
    assert_eq!(said(AdvisorRow { last_authenticated: days(3), ..stale }), "no logs", "nor would it if it were new");
    assert_eq!(of(&[row("iam", LastAccess::Never)]).verdict("iam:PassRole"), Verdict::Unobservable);

    let mut long = of(&[row("sqs", LastAccess::Never)]);
    long.window = Window::of_days(500, now());
    assert_eq!(long.verdict("sqs:SendMessage"), Verdict::Unknown, "a service is tracked for 400 days");
}

#[test]
fn advice_that_events_contradict_proves_nothing() {
    let quiet =
        Advice { services: [("ec2".to_owned(), ServiceAdvice { last: None, fresh: Freshness::Fresh, ..ServiceAdvice::default() })].into() };
    let stage = Stage::new(&json!({"RoleDetailList": [role(&allow(&json!("ec2:*")))]}))
        .see(&[event("ec2.amazonaws.com", "DescribeInstances")])
        .advised(ROLE, quiet);
    assert_eq!(stage.verdict("ec2:CreateVpc"), Verdict::Unknown);
    assert_eq!(stage.actions_after(), ["ec2:*"]);
}

#[test]
fn a_tracked_action_may_still_be_done_on_behalf_of_another() {
    let tracked = ServiceAdvice {
        last: Some(now()),
        fresh: Freshness::Fresh,
        actions: [("createtags".to_owned(), None), ("createvpc".to_owned(), None)].into(),
    };
    let stage = Stage::of(&allow(&json!(["ec2:CreateTags", "ec2:CreateVpc", "ec2:CreateSubnet"])))
        .see(&[event("ec2.amazonaws.com", "CreateSubnet")])
        .advised(ROLE, Advice { services: [("ec2".to_owned(), tracked)].into() });
    assert_ne!(stage.verdict("ec2:CreateTags"), Verdict::Unused);
}

#[test]
fn resources_are_the_same_in_any_case() {
    let statement = |arn: &str| json!({"Effect": "Allow", "Action": "rds:DeleteDBInstance", "Resource": arn});
    let arns = [format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:MyDB"), format!("arn:aws:rds:us-east-1:{ACCOUNT}:db:other")];
    let policy = json!({"Version": "2012-10-17", "Statement": [statement(&arns[0]), statement(&arns[1])]});
    let delete = with(event("rds.amazonaws.com", "DeleteDBInstance"), json!({"requestParameters": {"dBInstanceIdentifier": "mydb"}}));
    for stage in [Stage::of(&policy).see(std::slice::from_ref(&delete)), Stage::of(&policy).see(&[delete]).narrowing_resources()] {
        let text = stage.after().concat();
        assert!(text.contains(&arns[0]) && !text.contains(&arns[1]), "{text}");
    }
}

#[test]
fn a_policy_that_somebody_else_may_have_is_copied() {
    let place = |count: Value, boundary: bool| {
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/own");
        let mut holder = role(&allow(&json!("sns:CreateTopic")));
        holder["AttachedManagedPolicies"] = json!([{"PolicyArn": arn}]);
        let mut other = with(
            role(&allow(&json!("sns:CreateTopic"))),
            json!({"RoleName": "other", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/other"), "RoleId": "AROAOTHER"}),
        );
        if boundary {
            other["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": arn});
        }
        let version = json!([{"VersionId": "v1", "Document": allow(&json!("ec2:CreateVpc"))}]);
        let mut managed = json!({"PolicyName": "own", "Arn": arn, "DefaultVersionId": "v1", "PolicyVersionList": version});
        if !count.is_null() {
            managed["AttachmentCount"] = count;
        }
        let stage = Stage::new(&json!({"RoleDetailList": [holder, other], "Policies": [managed]}));
        stage.look(ROLE, |analysis| matches!(analysis.policies[1].place, Place::Own(_)))
    };
    assert!(place(json!(1), false));
    assert!(!place(json!(2), false));
    assert!(!place(Value::Null, false), "how many have it is not told");
    assert!(!place(json!(1), true), "it is a boundary");
}

#[test]
fn a_version_that_was_made_lately_is_too_new() {
    let verdict = |created: &str| {
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/own");
        let mut holder = role(&allow(&json!("sns:CreateTopic")));
        holder["AttachedManagedPolicies"] = json!([{"PolicyArn": arn}]);
        let version = json!([{"VersionId": "v2", "CreateDate": created, "Document": allow(&json!("ec2:CreateVpc"))}]);
        let managed =
            json!({"PolicyName": "own", "Arn": arn, "DefaultVersionId": "v2", "AttachmentCount": 1, "PolicyVersionList": version});
        Stage::new(&json!({"RoleDetailList": [holder], "Policies": [managed]})).complete().verdict("ec2:CreateVpc")
    };
    assert_eq!(verdict("2026-06-20T00:00:00Z"), Verdict::Unknown);
    assert_eq!(verdict("2026-01-20T00:00:00Z"), Verdict::Unused);
}

#[test]
fn a_group_is_what_its_members_did_and_a_new_member_has_had_no_time() {
    let user = |name: &str, created: &str| {
        json!({
            "Path": "/", "UserName": name, "UserId": format!("AIDA{name}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
            "CreateDate": created, "GroupList": ["g"], "UserPolicyList": [], "AttachedManagedPolicies": [],
        })
    };
    let group = json!({
        "Path": "/", "GroupName": "g", "GroupId": "AGPA", "Arn": format!("arn:aws:iam::{ACCOUNT}:group/g"), "CreateDate": "2020-01-01T00:00:00Z",
        "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": allow(&json!(["ec2:CreateVpc", "ec2:DeleteVpc"]))}], "AttachedManagedPolicies": [],
    });
    let identity = json!({"type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/ann"), "accountId": ACCOUNT, "userName": "ann"});
    let used = with(event("ec2.amazonaws.com", "CreateVpc"), json!({"userIdentity": identity}));
    let of = |bob: &str| {
        let details =
            json!({"GroupDetailList": [group.clone()], "UserDetailList": [user("ann", "2020-01-01T00:00:00Z"), user("bob", bob)]});
        let stage = Stage::new(&details).complete().see(std::slice::from_ref(&used));
        let verdict = |action| stage.verdict_of(&format!("arn:aws:iam::{ACCOUNT}:group/g"), action);
        (verdict("ec2:CreateVpc"), verdict("ec2:DeleteVpc"))
    };
    assert_eq!(of("2020-01-01T00:00:00Z"), (Verdict::Used, Verdict::Unused));
    assert_eq!(of("2026-06-29T00:00:00Z"), (Verdict::Used, Verdict::Unknown));
}

#[test]
fn what_a_condition_or_a_variable_leaves_open_counts_as_used() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sns:DeleteTopic", "Resource": "arn:aws:sns:*:*:${aws:PrincipalTag/team}-*"},
        {"Effect": "Allow", "Action": "sns:DeleteTopic", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
    ]});
    let arn = format!("arn:aws:sns:us-east-1:{ACCOUNT}:red-alerts");
    let delete = with(event("sns.amazonaws.com", "DeleteTopic"), json!({"requestParameters": {"topicArn": arn}}));
    let stage = Stage::of(&policy).see(&[delete]);
    stage.look(ROLE, |analysis| assert_eq!(analysis.outcome, Outcome::Same));
}

#[test]
fn the_edges_of_the_window_belong_to_it() {
    let at = |time: &str| {
        let call = with(event("ec2.amazonaws.com", "CreateVpc"), json!({"eventTime": time}));
        Stage::of(&allow(&json!("ec2:CreateVpc"))).see(&[call]).verdict("ec2:CreateVpc")
    };
    assert_eq!(at("2026-04-01T00:00:00Z"), Verdict::Used);
    assert_eq!(at("2026-06-30T00:00:00Z"), Verdict::Used);
    assert_eq!(at("2026-03-31T23:59:59Z"), Verdict::Unused);
}
