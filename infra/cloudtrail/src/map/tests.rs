//! What events come to: a table of crafted ones, the cases that it cannot tell, and the real ones of attack simulations.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;

use super::*;

/// The parts of an event that a test may choose.
struct Crafted<'a> {
    source: &'a str,
    name: &'a str,
    region: &'a str,
    recipient: &'a str,
    identity: &'a str,
    request: &'a str,
    more: &'a str,
}

const CALLER: &str = r#"{"type":"AssumedRole","accountId":"111122223333","arn":"arn:aws:sts::111122223333:assumed-role/r/s"}"#;

impl Default for Crafted<'_> {
    fn default() -> Self {
        Self {
            source: "s3",
            name: "GetObject",
            region: "eu-west-1",
            recipient: "111122223333",
            identity: CALLER,
            request: "null",
            more: "",
        }
    }
}

impl Crafted<'_> {
    fn text(&self) -> String {
        let Self { source, name, region, recipient, identity, request, more } = self;
        format!(
            r#"{{"eventTime":"2024-01-01T00:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"{region}","recipientAccountId":"{recipient}","userIdentity":{identity},"requestParameters":{request}{more}}}"#
        )
    }

    fn map(&self) -> Mapped {
        map_text(&self.text())
    }

    /// The uses as the table writes them.
    fn uses(&self) -> Vec<String> {
        written(&self.map())
    }
}

fn map_text(text: &str) -> Mapped {
    Mapper::new().map(&Event::parse(text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

fn written(mapped: &Mapped) -> Vec<String> {
    match mapped {
        Mapped::Uses(uses) => uses.iter().map(write_use).collect(),
        Mapped::Unmapped { reason, .. } => vec![format!("! {reason:?}")],
    }
}

fn write_use(one: &Use) -> String {
    let mark = match one.how {
        How::Direct => "",
        How::Possible => "~",
        How::Dependent => "+",
        How::PassRole => ">",
    };
    format!("{mark}{} {}", one.action, write_resource(&one.resource))
}

fn write_resource(resource: &Resource) -> String {
    let text = match resource {
        Resource::Any => "*".to_owned(),
        Resource::Unknown => "?".to_owned(),
        Resource::Arn(arn) => arn.clone(),
        Resource::Part { start, end } => format!("{start}…{end}"),
    };
    text.replace("eu-west-1:111122223333", "@").replace("111122223333", "%")
}

#[test]
fn events_come_to_what_the_table_says() {
    let (mut cases, mut wrong) = (0, String::new());
    for line in include_str!("cases.txt").lines().filter(|line| !line.starts_with('#')) {
        let (event, expected) = line.split_once(" => ").unwrap_or_else(|| panic!("no case: {line}"));
        let mut parts = event.splitn(3, ' ');
        let (source, name, rest) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let mut rest = rest.split(" @");
        let request = rest.next().unwrap();
        let arns: Vec<String> = rest.map(|arn| format!(r#"{{"ARN":"{arn}"}}"#)).collect();
        let more = format!(r#","resources":[{}]"#, arns.join(","));
        let uses = Crafted { source, name, request, more: &more, ..Crafted::default() }.uses();
        let expected: Vec<&str> = expected.split(" & ").collect();
        let missing: Vec<_> = expected.iter().filter(|one| !uses.iter().any(|found| found == *one)).collect();
        let beyond: Vec<_> = uses.iter().filter(|one| !one.starts_with(['+', '~']) && !expected.contains(&one.as_str())).collect();
        if !missing.is_empty() || !beyond.is_empty() {
            writeln!(wrong, "{source} {name}: not there {missing:?}, there {beyond:?}").unwrap();
        }
        cases += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(cases >= 300, "{cases} cases");
}

#[test]
fn what_no_one_asked_iam_for_is_unmapped_with_its_reason() {
    let reason = |source, name, kind: &str| {
        let more = format!(r#","eventType":"{kind}""#);
        match (Crafted { source, name, more: &more, ..Crafted::default() }).map() {
            Mapped::Unmapped { reason, source: told, .. } => {
                assert_eq!(told, format!("{source}.amazonaws.com"));
                reason
            }
            Mapped::Uses(uses) => panic!("{uses:?}"),
        }
    };
    assert_eq!(reason("signin", "ConsoleLogin", "AwsConsoleSignIn"), Reason::SignIn);
    assert_eq!(reason("s3", "GetObject", "AwsConsoleAction"), Reason::Console);
    assert_eq!(reason("kms", "RotateKey", "AwsServiceEvent"), Reason::Service);
    assert_eq!(reason("no-such-service", "GetObject", "AwsApiCall"), Reason::UnknownSource);
    assert_eq!(reason("s3", "NoSuchOperation", "AwsApiCall"), Reason::UnknownName);
    assert!(Reason::UnknownName.is_gap() && Reason::UnknownSource.is_gap() && Reason::UnknownActions.is_gap());
    assert!(!Reason::SignIn.is_gap() && !Reason::Free.is_gap() && !Reason::Service.is_gap() && !Reason::Console.is_gap());
}

#[test]
fn partition_account_and_region_follow_the_event() {
    let request = r#"{"functionName":"f"}"#;
    let function = |region, identity, recipient| {
        let event = Crafted { source: "lambda", name: "Invoke", region, identity, recipient, request, ..Crafted::default() };
        event.uses()
    };
    let china = r#"{"type":"IAMUser","accountId":"444455556666","arn":"arn:aws-cn:iam::444455556666:user/u"}"#;
    assert_eq!(
        function("cn-north-1", china, "444455556666"),
        ["lambda:InvokeFunction arn:aws-cn:lambda:cn-north-1:444455556666:function:f"]
    );
    // A service or a federated caller has no ARN: the region tells the partition, and the log's account is the account.
    let service = r#"{"type":"AWSService","invokedBy":"events.amazonaws.com"}"#;
    let gov = function("us-gov-west-1", service, "777788889999");
    assert_eq!(gov, ["lambda:InvokeFunction arn:aws-us-gov:lambda:us-gov-west-1:777788889999:function:f"]);
    // In the log of another account than the caller's, a name without an account is still of the caller's.
    assert_eq!(function("eu-west-1", CALLER, "777788889999"), ["lambda:InvokeFunction arn:aws:lambda:@:function:f"]);
}

#[test]
fn a_user_who_names_none_is_meant() {
    let identity = r#"{"type":"IAMUser","accountId":"111122223333","arn":"arn:aws:iam::111122223333:user/team/u"}"#;
    for request in ["null", "{}"] {
        let event = Crafted { source: "iam", name: "CreateAccessKey", identity, request, ..Crafted::default() };
        assert_eq!(event.uses(), ["iam:CreateAccessKey arn:aws:iam::%:user/team/u"]);
    }
    // A denied call shows no request: whom it named is not known.
    let more = r#","errorCode":"AccessDenied""#;
    let event = Crafted { source: "iam", name: "CreateAccessKey", identity, more, ..Crafted::default() };
    assert_eq!(event.uses(), ["iam:CreateAccessKey ?"]);
}

#[test]
fn a_role_handed_over_is_told_with_whom_to() {
    let to = |source, name, request| match (Crafted { source, name, request, ..Crafted::default() }).map() {
        Mapped::Uses(uses) => {
            let passed = uses.into_iter().find(|one| one.how == How::PassRole).unwrap_or_else(|| panic!("{source} {name}"));
            assert_eq!(&*passed.action, "iam:PassRole");
            (write_resource(&passed.resource), passed.passed_to)
        }
        Mapped::Unmapped { reason, .. } => panic!("{reason}"),
    };
    let role = || "arn:aws:iam::%:role/r".to_owned();
    let request = r#"{"functionName":"f","role":"arn:aws:iam::111122223333:role/r"}"#;
    assert_eq!(to("lambda", "CreateFunction20150331", request), (role(), Some("lambda.amazonaws.com")));
    let request = r#"{"family":"f","executionRoleArn":"arn:aws:iam::111122223333:role/r"}"#;
    assert_eq!(to("ecs", "RegisterTaskDefinition", request), (role(), Some("ecs-tasks.amazonaws.com")));
    let request = r#"{"cluster":"c","serviceName":"s","role":"arn:aws:iam::111122223333:role/r"}"#;
    assert_eq!(to("ecs", "CreateService", request), (role(), None));
    // An instance profile does not tell its role; a name does not tell the path.
    let request = r#"{"iamInstanceProfile":{"arn":"arn:aws:iam::111122223333:instance-profile/p"}}"#;
    assert_eq!(to("ec2", "RunInstances", request), ("?".to_owned(), Some("ec2.amazonaws.com")));
    assert_eq!(to("glue", "CreateJob", r#"{"name":"j","role":"r"}"#).0, "arn:aws:iam::%:role/…r");
    assert_eq!(to("glue", "CreateJob", r#"{"name":"j","role":"a*"}"#).0, "?");
    // A request that is not shown may have handed over any.
    assert_eq!(to("lambda", "CreateFunction20150331", "null").0, "?");
}

#[test]
fn a_call_that_hands_no_role_over_passes_none() {
    for (name, request) in [("UpdateFunctionConfiguration20150331v2", r#"{"functionName":"f"}"#), ("Invoke", r#"{"functionName":"f"}"#)] {
        let uses = Crafted { source: "lambda", name, request, ..Crafted::default() }.uses();
        assert!(!uses.iter().any(|one| one.starts_with('>')), "{uses:?}");
    }
}

#[test]
fn what_a_call_may_need_beside_is_told() {
    let uses = Crafted { source: "ec2", name: "RunInstances", request: "{}", ..Crafted::default() }.uses();
    assert!(uses.contains(&"+ec2:CreateTags ?".to_owned()), "{uses:?}");
}

#[test]
fn a_response_tells_what_a_request_leaves_out() {
    let more = r#","responseElements":{"instancesSet":{"items":[{"instanceId":"i-1","imageId":"ami-2","subnetId":"subnet-2","groupSet":{"items":[{"groupId":"sg-2"}]}}]}}"#;
    let request = r#"{"launchTemplate":{"launchTemplateId":"lt-1"}}"#;
    let uses = Crafted { source: "ec2", name: "RunInstances", request, more, ..Crafted::default() }.uses();
    for one in
        ["arn:aws:ec2:eu-west-1::image/ami-2", "arn:aws:ec2:eu-west-1:…:subnet/subnet-2", "arn:aws:ec2:eu-west-1:…:security-group/sg-2"]
    {
        assert!(uses.contains(&format!("ec2:RunInstances {one}")), "{one} in {uses:?}");
    }
    assert!(!uses.contains(&"ec2:RunInstances ?".to_owned()), "{uses:?}");
}

#[test]
fn what_is_copied_is_read_and_not_what_is_written() {
    let request = r#"{"bucketName":"dst","key":"new","x-amz-copy-source":"src/old"}"#;
    let more =
        r#","resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::dst/new"},{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::dst"}]"#;
    let uses = Crafted { name: "CopyObject", request, more, ..Crafted::default() }.uses();
    let of = |action: &str| uses.iter().filter(|one| one.contains(action)).map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("s3:GetObject "), ["~s3:GetObject arn:aws:s3:::src/old"]);
    assert_eq!(of("s3:PutObject "), ["s3:PutObject arn:aws:s3:::dst/new"]);
}

#[test]
fn too_many_resources_are_all_of_them() {
    let ids: Vec<String> = (0..10_000).map(|number| format!(r#"{{"instanceId":"i-{number}"}}"#)).collect();
    let request = format!(r#"{{"instancesSet":{{"items":[{}]}}}}"#, ids.join(","));
    let event = Crafted { source: "ec2", name: "TerminateInstances", request: &request, ..Crafted::default() };
    assert_eq!(event.uses(), ["ec2:TerminateInstances ?"]);
    let arns: Vec<String> = (0..10_000).map(|number| format!(r#"{{"ARN":"arn:aws:s3:::b/{number}"}}"#)).collect();
    let more = format!(r#","resources":[{}]"#, arns.join(","));
    assert!(Crafted { more: &more, ..Crafted::default() }.uses().contains(&"s3:GetObject ?".to_owned()));
}

#[test]
fn hostile_requests_are_bounded_and_literal() {
    let long = "x".repeat(1 << 20);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(20_000), "}".repeat(20_000));
    for request in [&format!(r#"{{"bucketName":"b","key":"{long}"}}"#), &format!(r#"{{"bucketName":["b","c"],"key":{deep}}}"#), &deep] {
        for one in (Crafted { request, ..Crafted::default() }).uses() {
            assert!(one.len() < 4096, "{} characters", one.len());
        }
    }
    let request = r#"{"bucketName":"*","key":"${aws:username}/?"}"#;
    let uses = Crafted { request, ..Crafted::default() }.uses();
    assert!(uses.contains(&"s3:GetObject arn:aws:s3:::*/${aws:username}/?".to_owned()), "{uses:?}");
}

#[test]
fn made_up_names_fill_no_memory() {
    let mut mapper = Mapper::new();
    for number in 0..REMEMBERED + 100 {
        mapper.plan("s3.amazonaws.com", &format!("Made{number}"));
    }
    assert_eq!(mapper.plans.values().map(HashMap::len).sum::<usize>(), REMEMBERED);
}

/// Every operation of the catalogue, with nothing said, comes to uses of its actions or to a reason.
#[test]
fn every_operation_of_the_catalogue_maps() {
    let mut mapper = Mapper::new();
    let (mut mapped, mut unmapped) = (0, 0);
    for group in menagerie_policy::data::catalogue().groups() {
        for call in menagerie_policy::data::catalogue().operations(group) {
            let event = Crafted { source: group, name: call.name(), request: "{}", ..Crafted::default() }.text();
            match mapper.map(&Event::parse(&event).unwrap()) {
                Mapped::Uses(uses) => {
                    assert!(!uses.is_empty(), "{group} {}", call.name());
                    mapped += 1;
                }
                Mapped::Unmapped { .. } => unmapped += 1,
            }
        }
    }
    assert!(mapped > 15_000 && mapped > 9 * unmapped, "{mapped} mapped, {unmapped} not");
}

/// Where the real events are; nothing, where they are not and need not be.
fn real_events() -> Option<Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/stratus-cloudtrail");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        assert!(std::env::var("MENAGERIE_SHARED").as_deref() != Ok("required"), "{} is not there", folder.display());
        return None;
    };
    let mut events = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let records: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        events
            .extend(records.into_iter().map(|record| (path.file_name().unwrap().to_string_lossy().into_owned(), record.get().to_owned())));
    }
    Some(events)
}

/// Each event of the attack simulations was read by hand; this keeps what they come to. It needs the shared data.
#[test]
fn real_events_come_to_actions_and_resources() {
    let Some(events) = real_events() else { return };
    assert_eq!(events.len(), 310);
    let mut mapper = Mapper::new();
    // Calls that the event does not tell the resources of: a denied one that shows no request, and a launch without a security group.
    let untold = ["sts:AssumeRole", "ec2:RunInstances"];
    for (file, text) in &events {
        let event = Event::parse(text).unwrap();
        match mapper.map(&event) {
            Mapped::Unmapped { reason, name, .. } => assert_eq!((reason, &*name), (Reason::SignIn, "ConsoleLogin"), "{file}"),
            Mapped::Uses(uses) => {
                for one in uses.iter().filter(|one| one.how == How::Direct) {
                    assert!(one.resource != Resource::Unknown || untold.contains(&&*one.action), "{file}: {one:?}");
                    if let Resource::Arn(arn) = &one.resource {
                        let account = event.recipient_account().unwrap();
                        let owned = arn.split(':').nth(4).is_some_and(|owner| owner.is_empty() || owner == account);
                        assert!(owned && arn.starts_with("arn:aws:"), "{file}: {arn}");
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_request_maps(request in json(4), source in "(s3|ec2|iam|lambda|sqs|glue|ssm|events|logs)", pick in any::<prop::sample::Index>()) {
        let calls = menagerie_policy::data::catalogue().operations(&source);
        let name = calls.get(pick.index(calls.len())).map_or("", |call| call.name());
        for use_ in (Crafted { source: &source, name, request: &request, ..Crafted::default() }).uses() {
            prop_assert!(use_.len() < 8192);
        }
    }
}

/// JSON of names that calls use and values that hostile callers might.
fn json(depth: u32) -> impl Strategy<Value = String> {
    const NAMES: [&str; 14] = [
        "bucketName",
        "key",
        "name",
        "functionName",
        "roleArn",
        "items",
        "instanceId",
        "arn",
        "queueUrl",
        "path",
        "userName",
        "resourceArn",
        "content",
        "é",
    ];
    const VALUES: [&str; 14] = [
        "null",
        "1",
        "true",
        r#""""#,
        r#""*""#,
        r#""${aws:username}""#,
        r#""arn:""#,
        r#""arn:aws:iam::1:role/é""#,
        r#""https://é/é/é""#,
        r#""i-1""#,
        r#""arn:aws:lambda:::function:""#,
        r#""\ud800""#,
        r#""HIDDEN_DUE_TO_SECURITY_REASONS""#,
        r#""é-aaaaaa""#,
    ];
    let leaf = prop::sample::select(&VALUES[..]).prop_map(str::to_owned);
    leaf.prop_recursive(depth, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((prop::sample::select(&NAMES[..]), inner), 0..5).prop_map(|fields| {
                let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}
