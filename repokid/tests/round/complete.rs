//! What complete logs in the usage store prove to a round and to `repo_role`, over moto: the same as to `analyze`, and nothing where they are
//! not complete.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::both;
use crate::place::Place;
use crate::world::World;

both!(
    complete_logs_prove_what_access_advisor_does_not,
    without_rows_of_access_advisor_logs_alone_prove,
    what_is_missing_proves_nothing,
    logs_that_end_long_ago_prove_nothing,
    a_trail_that_was_changed_must_be_told_of_again,
);

pub(crate) const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];
/// A day is looked at, and what comes late of it.
pub(crate) const HOURS: i64 = 32;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeVpcs","ec2:CreateVpc","s3:GetObject","sqs:SendMessage"],"Resource":"*"}]}"#;

pub(crate) fn config() -> Value {
    json!({ "filter_config": { "AgeFilter": { "minimum_age": 1 } } })
}

/// Logs of the account's trail `main`, as a copy of its bucket has them: a digest for each hour of each Region, and one log file, in which the
/// role describes its VPCs.
pub(crate) struct Logs<'a> {
    pub(crate) world: &'a World<'a>,
    end: Timestamp,
}

impl<'a> Logs<'a> {
    /// Up to some hours ago. The role is made now, and what it was granted since the logs end would be too new: they reach a little further.
    pub(crate) fn new(world: &'a World<'a>, hours_ago: i64) -> Self {
        let hour = Timestamp::now().as_second() / 3600 - hours_ago;
        let logs = Self { world, end: Timestamp::from_second(hour * 3600).expect("a time") };
        std::fs::create_dir(world.namespace.file("logs")).expect("is made");
        for region in REGIONS {
            for back in 0..HOURS {
                let named = if region == "us-east-1" && back == 6 {
                    vec![logs.log(back, &[logs.event(back, "DescribeVpcs", json!(null))])]
                } else {
                    vec![]
                };
                logs.digest(region, back, &named);
            }
        }
        logs
    }

    fn at(&self, back: i64) -> Timestamp {
        self.end - SignedDuration::from_hours(back)
    }

    pub(crate) fn event(&self, back: i64, name: &str, parameters: Value) -> Value {
        let account = &self.world.account;
        let source = if name.ends_with("Selectors") { "cloudtrail.amazonaws.com" } else { "ec2.amazonaws.com" };
        json!({
            "eventVersion": "1.09", "eventTime": (self.at(back) - SignedDuration::from_mins(30)).to_string(), "eventSource": source,
            "eventName": name, "awsRegion": "us-east-1", "eventID": format!("{name}-{back}"), "eventType": "AwsApiCall",
            "managementEvent": true, "recipientAccountId": account, "requestParameters": parameters, "responseElements": null,
            "userIdentity": {
                "type": "AssumedRole", "arn": format!("arn:aws:sts::{account}:assumed-role/reader/session"), "accountId": account,
                "sessionContext": { "sessionIssuer": {
                    "type": "Role", "arn": format!("arn:aws:iam::{account}:role/elsewhere/reader"), "accountId": account, "userName": "reader",
                } },
            },
        })
    }

    /// Writes a log file of us-east-1; gives what a digest says of it.
    pub(crate) fn log(&self, back: i64, events: &[Value]) -> Value {
        let time = self.at(back) - SignedDuration::from_mins(20);
        let name = format!("{}_CloudTrail_us-east-1_{}_abc.json", self.world.account, time.strftime("%Y%m%dT%H%MZ"));
        let path = self.world.namespace.write(&format!("logs/{name}"), json!({ "Records": events }).to_string());
        let hash = menagerie_cloudtrail::digest::hash(&path, 1 << 20).expect("is read");
        let moment = (self.at(back) - SignedDuration::from_mins(30)).to_string();
        json!({ "s3Object": format!("{name}.gz"), "hashValue": hash, "oldestEventTime": moment, "newestEventTime": moment })
    }

    pub(crate) fn digest_name(&self, region: &str, back: i64) -> String {
        let time = self.at(back).strftime("%Y%m%dT%H%M%SZ").to_string();
        format!("{}_CloudTrail-Digest_{region}_main_us-east-1_{time}.json", self.world.account)
    }

    pub(crate) fn digest(&self, region: &str, back: i64, logs: &[Value]) {
        let name = self.digest_name(region, back);
        let digest = json!({
            "awsAccountId": self.world.account, "digestStartTime": self.at(back + 1).to_string(), "digestEndTime": self.at(back).to_string(),
            "digestS3Bucket": "b", "digestS3Object": format!("{name}.gz"), "logFiles": logs,
        });
        let _ = self.world.namespace.write(&format!("logs/{name}"), digest.to_string());
    }

    pub(crate) fn add(&self, more: &[&str]) {
        let folder = self.world.namespace.file("logs");
        self.world.done(&[&["usage", "add", folder.to_str().expect("text")], more].concat());
    }

    /// A file of what was told of the trail.
    pub(crate) fn trail(&self) -> String {
        let arn = format!("arn:aws:cloudtrail:us-east-1:{}:trail/main", self.world.account);
        let trail = json!([
            { "trailList": [{ "TrailARN": arn, "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true, "LogFileValidationEnabled": true }] },
            { "TrailARN": arn, "EventSelectors": [{ "ReadWriteType": "All", "IncludeManagementEvents": true }] },
        ]);
        self.world.namespace.write("trail.json", trail.to_string()).display().to_string()
    }
}

/// What a dry round would schedule of the account's one role, and what it complains of.
pub(crate) fn scheduled(world: &World<'_>, advisor: &str) -> (Value, String) {
    let round = world.json(&["run", "--account", &world.account, "--access-advisor", advisor]);
    let account = &round["accounts"][0];
    (account["scheduled"][0]["permissions"].clone(), account["problems"].to_string())
}

/// EC2 and S3 are in use, says Access Advisor, and SQS is not.
pub(crate) fn rows(world: &World<'_>) -> String {
    let arn = world.role("reader", &[("data", POLICY)]);
    world.advisor(&[(&arn, &[("ec2", true), ("s3", true), ("sqs", false)])])
}

fn complete_logs_prove_what_access_advisor_does_not(place: &Place) {
    let world = World::new("complete", place, config());
    let advisor = rows(&world);
    let logs = Logs::new(&world, -2);
    logs.add(&[]);
    assert_eq!(scheduled(&world, &advisor), (json!(["sqs"]), "[]".to_owned()), "nothing says what the trail logs");

    world.done(&["usage", "add", "--trail", &logs.trail()]);
    assert_eq!(scheduled(&world, &advisor), (json!(["ec2:createvpc", "sqs"]), "[]".to_owned()));
    let shown = world.run(&["repo_role", &world.account, "reader"]).success().text();
    assert!(shown.contains("ec2:CreateVpc"), "{shown}");
    let round = world.json(&["run", "--account", &world.account, "--access-advisor", &advisor, "-c"]);
    assert_eq!(round["accounts"][0]["changed"], json!(1), "{round}");
    let narrowed = world.policy("reader", "data");
    for (granted, action) in [(true, "ec2:DescribeVpcs"), (true, "s3:GetObject"), (false, "ec2:CreateVpc"), (false, "sqs:SendMessage")] {
        assert_eq!(narrowed.contains(action), granted, "{action}: {narrowed}");
    }
}

fn without_rows_of_access_advisor_logs_alone_prove(place: &Place) {
    let world = World::new("alone", place, config());
    let _ = world.role("reader", &[("data", POLICY)]);
    let none = world.advisor(&[]);
    let logs = Logs::new(&world, -2);
    logs.add(&["--trail", &logs.trail()]);
    // That messages are sent is a data event, which the trail does not log.
    assert_eq!(scheduled(&world, &none), (json!(["ec2:createvpc"]), "[]".to_owned()));
}

fn what_is_missing_proves_nothing(place: &Place) {
    let world = World::new("missing", place, config());
    let advisor = rows(&world);
    let logs = Logs::new(&world, -2);
    let digest = world.namespace.file(&format!("logs/{}", logs.digest_name("ap-south-1", 9)));
    let whole = std::fs::read(&digest).expect("is there");
    std::fs::remove_file(&digest).expect("is there");
    logs.add(&["--trail", &logs.trail()]);
    let (permissions, problems) = scheduled(&world, &advisor);
    assert_eq!(permissions, json!(["sqs"]));
    assert!(problems.contains("there is no digest") && problems.contains("ap-south-1"), "{problems}");
    // It comes late.
    std::fs::write(&digest, whole).expect("is written");
    logs.add(&[]);
    assert_eq!(scheduled(&world, &advisor), (json!(["ec2:createvpc", "sqs"]), "[]".to_owned()));

    // A log file that a digest names, and that is not what was delivered.
    logs.digest("eu-west-1", 9, &[json!({ "s3Object": "x_CloudTrail_eu-west-1_20260101T0000Z_y.json.gz", "hashValue": "00" })]);
    logs.add(&[]);
    let (permissions, problems) = scheduled(&world, &advisor);
    assert_eq!(permissions, json!(["sqs"]));
    assert!(problems.contains("a log file that a digest names is missing"), "{problems}");
}

fn logs_that_end_long_ago_prove_nothing(place: &Place) {
    let world = World::new("ended", place, config());
    let advisor = rows(&world);
    let logs = Logs::new(&world, 24 * 6);
    logs.add(&["--trail", &logs.trail()]);
    let (permissions, problems) = scheduled(&world, &advisor);
    assert_eq!(permissions, json!(["sqs"]));
    assert!(problems.contains("end at"), "{problems}");
}

fn a_trail_that_was_changed_must_be_told_of_again(place: &Place) {
    let world = World::new("changed", place, config());
    let advisor = rows(&world);
    let logs = Logs::new(&world, -2);
    logs.add(&["--trail", &logs.trail()]);
    // What is told of a trail counts until its log says that it was changed.
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    runtime.block_on(async {
        let state = place.open().await;
        let later = Timestamp::now() + SignedDuration::from_hours(1);
        let change = menagerie_cloudtrail::coverage::Change {
            time: later,
            trail: "main".to_owned(),
            account: world.account.clone(),
            kind: menagerie_cloudtrail::coverage::ChangeKind::Changed,
        };
        let file =
            repokid::state::UsageFile { name: "later".to_owned(), version: "1".to_owned(), bytes: 0, records: 1, faults: 0, read: later };
        let delivered = repokid::state::Delivered { changes: vec![change], ..repokid::state::Delivered::default() };
        let taken = repokid::state::Taken { file: &file, tuples: &[], delivered: &delivered };
        state.absorb(taken).await.expect("is taken");
        state.close().await;
    });
    let (permissions, problems) = scheduled(&world, &advisor);
    assert_eq!(permissions, json!(["sqs"]));
    assert!(problems.contains("tell of it again"), "{problems}");
}
