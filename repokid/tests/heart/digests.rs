//! Folders as a trail delivers them: what silence in them proves, and what each thing that is missing takes away.

use std::fs;
use std::io::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use jiff::{SignedDuration, Timestamp};
use menagerie_cloudtrail::digest::hash;
use menagerie_cloudtrail::read::{Limits, fold, walk};
use menagerie_cloudtrail::selectors::Trails;
use menagerie_cloudtrail::signature::PublicKeys;
use repokid::account::Problem;
use repokid::feed::{self, Pace};
use repokid::sight::{Observation, Trust};
use repokid::state::State;
use repokid::usage::{Observer, names_of, of_tuples};
use repokid::verdict::{Verdict, Window};
use serde_json::{Value, json};

use crate::stage::{ACCOUNT, Stage, allow, event, with};

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
pub(crate) const HOURS: i64 = 54;
const DAYS: u32 = 2;

fn start() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn at(hour: i64, minute: i64) -> Timestamp {
    start() + SignedDuration::from_mins(60 * hour + minute)
}

/// A folder of a multi-Region trail, `main`: a digest for each hour of each Region, each at minutes of its own; log files where there were events.
pub(crate) struct Delivered {
    pub(crate) folder: tempfile::TempDir,
    selectors: Value,
    multi_region: bool,
    /// What is told of another trail.
    another: Vec<Value>,
    /// The account that the trail is of.
    owner: &'static str,
    /// The Region that it was made in.
    home: &'static str,
    /// Answers of ListPublicKeys, if signatures are to be checked.
    pub(crate) keys: Option<String>,
}

impl Delivered {
    pub(crate) fn new(events: &[(&str, i64, Value)]) -> Self {
        Self::of_trail_in("us-east-1", events)
    }

    fn of_trail_in(home: &'static str, events: &[(&str, i64, Value)]) -> Self {
        let delivered = Self {
            home,
            folder: tempfile::tempdir().unwrap(),
            selectors: json!([{"ReadWriteType": "All", "IncludeManagementEvents": true}]),
            multi_region: true,
            another: Vec::new(),
            owner: ACCOUNT,
            keys: None,
        };
        for (number, region) in REGIONS.iter().enumerate() {
            let minute = i64::try_from(number).unwrap() * 3;
            for hour in 0..HOURS {
                let mut files = Vec::new();
                for (_, _, event) in events.iter().filter(|(of, when, _)| of == region && *when == hour) {
                    let path = delivered.log(region, hour);
                    let record = with(event.clone(), json!({"awsRegion": region, "eventTime": at(hour, minute + 5).to_string()}));
                    gzip(&path, &json!({"Records": [record]}).to_string());
                    let hash = hash(&path, 1 << 20).unwrap();
                    files.push(json!({"s3Bucket": "b", "s3Object": delivered.key(&path), "hashValue": hash, "hashAlgorithm": "SHA-256",
                        "oldestEventTime": at(hour, minute + 5).to_string(), "newestEventTime": at(hour, minute + 5).to_string()}));
                }
                let path = delivered.digest(region, hour);
                let digest = json!({
                    "awsAccountId": ACCOUNT, "digestStartTime": at(hour, minute).to_string(), "digestEndTime": at(hour + 1, minute).to_string(),
                    "digestS3Bucket": "b", "digestS3Object": delivered.key(&path), "logFiles": files,
                });
                gzip(&path, &digest.to_string());
            }
        }
        delivered
    }

    fn key(&self, path: &Path) -> String {
        path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap().to_owned()
    }

    fn path(&self, kind: &str, region: &str, time: Timestamp, name: &str) -> PathBuf {
        self.folder.path().join(format!("AWSLogs/{ACCOUNT}/{kind}/{region}/{}", time.strftime("%Y/%m/%d"))).join(name)
    }

    fn log(&self, region: &str, hour: i64) -> PathBuf {
        let time = at(hour, 30);
        self.path("CloudTrail", region, time, &format!("{ACCOUNT}_CloudTrail_{region}_{}_abc.json.gz", time.strftime("%Y%m%dT%H%MZ")))
    }

    pub(crate) fn digest(&self, region: &str, hour: i64) -> PathBuf {
        let minute = i64::try_from(REGIONS.iter().position(|one| *one == region).unwrap()).unwrap() * 3;
        let time = at(hour + 1, minute);
        let name = format!("{ACCOUNT}_CloudTrail-Digest_{region}_main_{}_{}.json.gz", self.home, time.strftime("%Y%m%dT%H%M%SZ"));
        self.path("CloudTrail-Digest", region, time, &name)
    }

    fn selecting(mut self, selectors: Value) -> Self {
        self.selectors = selectors;
        self
    }

    /// The verdicts on these actions, of a role that may do them all, and what was wrong. What the usage store makes of the folder
    /// must be the same.
    pub(crate) fn verdicts(&self, actions: &[&str]) -> (Vec<Verdict>, Vec<Problem>) {
        let (verdicts, problems) = self.of_files(actions);
        assert_eq!(self.of_store(actions, true), verdicts, "the store says something else than the files");
        (verdicts, problems)
    }

    fn trails(&self) -> Trails {
        let arn = format!("arn:aws:cloudtrail:{}:{}:trail/main", self.home, self.owner);
        let organization = self.owner != ACCOUNT;
        let mut trails = vec![
            json!({"trailList": [{"TrailARN": arn, "IsMultiRegionTrail": self.multi_region, "IsOrganizationTrail": organization, "IncludeGlobalServiceEvents": true, "LogFileValidationEnabled": true}]}),
            json!({"TrailARN": arn, "EventSelectors": self.selectors}),
        ];
        trails.extend(self.another.clone());
        Trails::parse(&Value::from(trails).to_string()).unwrap()
    }

    /// By way of the usage store, as a round judges; if reading was broken off, too.
    fn of_store(&self, actions: &[&str], to_its_end: bool) -> Vec<Verdict> {
        stored(async |state| {
            self.feed(state, Timestamp::UNIX_EPOCH).await;
            if !to_its_end {
                state.begin_place("/another/folder", at(HOURS, 0)).await.unwrap();
            }
            judged(state, actions).await
        })
    }

    /// Takes the folder in, as `usage add --since` does.
    pub(crate) async fn feed(&self, state: &State, since: Timestamp) {
        let two = NonZero::new(2).unwrap();
        let pace = Pace { now: at(HOURS, 0), threads: two, objects: two, since, signatures: self.keys.is_some() };
        state.tell_trails(&self.trails(), pace.now).await.unwrap();
        feed::folder(state, self.folder.path(), pace).await.unwrap();
        if let Some(keys) = self.public_keys() {
            feed::settle(state, &keys, None).await.unwrap();
        }
    }

    fn public_keys(&self) -> Option<PublicKeys> {
        self.keys.as_deref().map(|text| PublicKeys::parse(text).unwrap())
    }

    fn of_files(&self, actions: &[&str]) -> (Vec<Verdict>, Vec<Problem>) {
        let files = walk(&[self.folder.path().to_owned()]);
        let (observers, summary) = fold(&files, NonZero::new(2).unwrap(), Limits::default(), || Observer::new(None, None));
        let mut observer = Observer::new(None, None);
        observers.into_iter().for_each(|one| observer.merge(one));
        let mut problems = Vec::new();
        if let Some(keys) = self.public_keys() {
            observer.check_signatures(&keys, &mut problems);
        }
        let mut stage = Stage::of(&allow(&json!(actions)));
        stage.window = Window::of_days(DAYS, observer.seen_up_to().unwrap());
        let trust = Trust::Judged(self.trails());
        let observation = Observation::new(trust, &observer, &summary, &files, &mut problems);
        stage
            .sights
            .insert(ACCOUNT.to_owned(), observation.sights(ACCOUNT, stage.window, &std::collections::BTreeSet::new(), stage.universe));
        stage.usage = observer.usage(stage.universe, &stage.inventory, stage.window.from);
        (actions.iter().map(|action| stage.verdict(action)).collect(), problems)
    }
}

/// What is done with an empty store.
pub(crate) fn stored<T>(act: impl AsyncFnOnce(&State) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&format!("sqlite:{}", folder.path().join("state.db").display())).await.unwrap();
        act(&state).await
    })
}

/// The verdicts on these actions by what a store has, of a role that may do them all.
pub(crate) async fn judged(state: &State, actions: &[&str]) -> Vec<Verdict> {
    let kept = state.deliveries(ACCOUNT, start()).await.unwrap();
    let observation = Observation::stored(ACCOUNT, kept, at(HOURS, 0), 5);
    let mut stage = Stage::of(&allow(&json!(actions)));
    stage.window = Window::of_days(DAYS, observation.reach().unwrap());
    let sights = observation.sights(ACCOUNT, stage.window, &std::collections::BTreeSet::new(), stage.universe);
    stage.sights.insert(ACCOUNT.to_owned(), sights);
    let principal = &stage.inventory.principals[0];
    let mut tuples = Vec::new();
    for name in names_of(principal) {
        tuples.extend(state.usage_under(&name).await.unwrap());
    }
    let arn = principal.arn.as_str().to_owned();
    stage.usage.insert(arn, of_tuples(&tuples, stage.universe, stage.window.from));
    actions.iter().map(|action| stage.verdict(action)).collect()
}

pub(crate) fn gzip(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap();
}

pub(crate) const ASKED: [&str; 4] = ["ec2:DescribeVpcs", "ec2:CreateVpc", "iam:CreateUser", "s3:GetObject"];

pub(crate) fn quiet() -> Vec<(&'static str, i64, Value)> {
    vec![("us-east-1", 20, event("ec2.amazonaws.com", "DescribeVpcs")), ("eu-west-1", 30, event("ec2.amazonaws.com", "DescribeVpcs"))]
}

use Verdict::{Unknown, Unobservable, Unused, Used};

#[test]
fn a_complete_folder_proves() {
    let delivered = Delivered::new(&quiet());
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!((verdicts, problems.len()), (vec![Used, Unused, Unused, Unobservable], 0));

    // Each thing that is missing takes away what it could have shown, and no more.
    let log = delivered.log("eu-west-1", 30);
    fs::remove_file(&log).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unused, Unobservable], "IAM is logged in one Region");
    let text =
        json!({"Records": [with(event("ec2.amazonaws.com", "DescribeVpcs"), json!({"eventTime": at(30, 40).to_string()}))]}).to_string();
    gzip(&log, &text);
    let (verdicts, problems) = delivered.verdicts(&ASKED);
    assert_eq!((verdicts, problems.len()), (vec![Used, Unknown, Unused, Unobservable], 1), "the file is not what was delivered");
}

#[test]
fn a_missing_digest_leaves_its_region_unknown() {
    let delivered = Delivered::new(&quiet());
    fs::remove_file(delivered.digest("ap-south-1", 25)).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unused, Unobservable]);
    let delivered = Delivered::new(&quiet());
    fs::remove_file(delivered.digest("us-east-1", 25)).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unknown, Unobservable]);
    let delivered = Delivered::new(&quiet());
    fs::remove_file(delivered.digest("us-east-1", 0)).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unused, Unused, Unobservable], "it is before the window");
}

#[test]
fn a_gap_where_a_trail_is_at_home_may_hide_its_changes() {
    let delivered = Delivered::of_trail_in("eu-west-1", &quiet());
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unused, Unused, Unobservable]);
    fs::remove_file(delivered.digest("eu-west-1", 25)).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unknown, Unobservable], "IAM is logged elsewhere, StopLogging here");
}

#[test]
fn a_region_that_is_missing_is_not_a_region_without_events() {
    let delivered = Delivered::new(&quiet());
    for kind in ["CloudTrail", "CloudTrail-Digest"] {
        let folder = delivered.folder.path().join(format!("AWSLogs/{ACCOUNT}/{kind}/eu-west-1"));
        fs::remove_dir_all(folder).unwrap();
    }
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unused, Unobservable]);
    fs::remove_dir_all(delivered.folder.path().join(format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest"))).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unknown, Unobservable], "without digests an hour without a file is missing");
}

#[test]
fn a_cut_file_leaves_its_hour_unknown() {
    let delivered = Delivered::new(&quiet());
    let log = delivered.log("us-east-1", 20);
    let bytes = fs::read(&log).unwrap();
    fs::write(&log, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0[1..], [Unknown, Unknown, Unobservable]);
}

#[test]
fn a_stop_inside_the_window_leaves_everything_unknown() {
    let change = |name: &str| with(event("cloudtrail.amazonaws.com", name), json!({"requestParameters": {"name": "main"}}));
    let of = |stop: i64, start: i64| {
        let mut events = quiet();
        events.extend([("us-east-1", stop, change("StopLogging")), ("us-east-1", start, change("StartLogging"))]);
        Delivered::new(&events).verdicts(&ASKED[..3]).0
    };
    assert_eq!(of(22, 24), [Used, Unknown, Unknown]);
    assert_eq!(of(1, 2), [Used, Unused, Unused], "before the window");
    let mut events = quiet();
    events.push(("us-east-1", 25, with(change("PutEventSelectors"), json!({"requestParameters": {"trailName": "main"}}))));
    assert_eq!(Delivered::new(&events).verdicts(&ASKED[..3]).0, [Used, Unknown, Unknown], "what it selected before is not known");
}

#[test]
fn selectors_say_what_silence_proves() {
    let actions = ["ec2:DescribeSubnets", "ec2:CreateVpc", "kms:ScheduleKeyDeletion", "s3:AbortMultipartUpload", "dynamodb:GetItem"];
    let of = |selectors| Delivered::new(&quiet()).selecting(selectors).verdicts(&actions).0;
    assert_eq!(
        of(json!([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}])),
        [Unknown, Unused, Unknown, Unobservable, Unobservable]
    );
    let without_keys =
        json!([{"ReadWriteType": "All", "IncludeManagementEvents": true, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]);
    assert_eq!(of(without_keys), [Unused, Unused, Unknown, Unobservable, Unobservable]);
    let objects = json!([{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]);
    assert_eq!(of(objects), [Unused, Unused, Unused, Unused, Unobservable]);
    let one = json!([{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}]}]);
    assert_eq!(of(one)[3], Unknown, "one bucket's alone");
    assert_eq!(of(json!([{"ReadWriteType": "All", "IncludeManagementEvents": false}]))[..3], [Unknown, Unknown, Unknown]);
}

#[test]
fn a_trail_of_one_region_proves_nothing_of_others() {
    let mut delivered = Delivered::new(&quiet());
    delivered.multi_region = false;
    assert_eq!(delivered.verdicts(&ASKED[..3]).0, [Used, Unknown, Unused]);
}

#[test]
fn a_region_that_was_opted_into_counts_once_it_is_seen() {
    let delivered = Delivered::new(&quiet());
    let name = format!("{ACCOUNT}_CloudTrail_af-south-1_{}_abc.json.gz", at(20, 0).strftime("%Y%m%dT%H%MZ"));
    let path = delivered.path("CloudTrail", "af-south-1", at(20, 0), &name);
    gzip(&path, r#"{"Records":[]}"#);
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unused, Unobservable]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unused, Unobservable], "its only file is damaged");
}

#[test]
fn without_digests_each_hour_needs_a_file_and_all_must_be_read() {
    let delivered = hourly();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unused, Unused, Unobservable]);
    assert_eq!(delivered.of_store(&ASKED, false), [Used, Unknown, Unknown, Unobservable], "of an hour another file may not be read yet");
    fs::remove_file(delivered.log("sa-east-1", 40)).unwrap();
    assert_eq!(delivered.verdicts(&ASKED).0, [Used, Unknown, Unused, Unobservable]);
}

/// A folder without digests, with a log file for each hour of each Region.
fn hourly() -> Delivered {
    let events = (0..HOURS).flat_map(|hour| REGIONS.map(|region| (region, hour, event("ec2.amazonaws.com", "DescribeVpcs"))));
    let delivered = Delivered::new(&events.collect::<Vec<_>>());
    fs::remove_dir_all(delivered.folder.path().join(format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest"))).unwrap();
    delivered
}

#[test]
fn what_is_left_out_by_since_is_missing_until_it_is_read() {
    let delivered = hourly();
    let used = |hour: i64, name: &str| {
        let path = delivered.log("us-east-1", hour);
        let record = with(event("ec2.amazonaws.com", name), json!({"eventTime": at(hour, 10).to_string()}));
        gzip(&path, &json!({"Records": [record]}).to_string());
    };
    used(20, "CreateVpc");
    used(12, "DeleteVpc");
    let asked = ["ec2:DescribeVpcs", "ec2:CreateVpc", "ec2:DeleteVpc", "ec2:CreateSubnet"];
    stored(async |state| {
        // The file of hour 20 was delivered after its event, and is read whole.
        delivered.feed(state, at(20, 20)).await;
        assert_eq!(judged(state, &asked).await, [Used, Used, Unknown, Unknown]);
        // Nothing that was left out is known as read.
        delivered.feed(state, Timestamp::UNIX_EPOCH).await;
        assert_eq!(judged(state, &asked).await[..3], [Used, Used, Used]);
    });
}

#[test]
fn an_hour_counts_if_all_its_files_were_looked_for() {
    let delivered = hourly();
    // Delivered early in an hour: it has the last events of the hour before.
    let name = format!("{ACCOUNT}_CloudTrail_us-east-1_{}_abc.json.gz", at(19, 5).strftime("%Y%m%dT%H%MZ"));
    let early = delivered.path("CloudTrail", "us-east-1", at(19, 5), &name);
    gzip(&early, r#"{"Records":[]}"#);
    let hours = async |state: &State| state.deliveries(ACCOUNT, start()).await.unwrap().hours["us-east-1"].clone();
    let of = |from: i64| (from..HOURS).map(|hour| at(hour, 0).as_second() / 3600).collect::<Vec<_>>();
    stored(async |state| {
        delivered.feed(state, at(20, 0)).await;
        assert_eq!(hours(state).await, of(20));
        assert!(
            state.usage_files().await.unwrap().iter().any(|file| file.name == early.display().to_string()),
            "read, and counts for no hour"
        );
    });
}

#[test]
fn without_digests_files_of_a_trail_vouch_for_no_other() {
    let asked = ["ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:CreateVpc"];
    let arn = format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/writes");
    let writes = vec![
        json!({"trailList": [{"TrailARN": arn, "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true}]}),
        json!({"TrailARN": arn, "EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]}),
    ];
    let mut delivered = hourly();
    assert_eq!(delivered.verdicts(&asked).0, [Used, Unused, Unused]);
    delivered.another = writes.clone();
    assert_eq!(delivered.verdicts(&asked).0, [Used, Unknown, Unused], "the files may be of the other, which takes no reads");
    let mut delivered = Delivered::new(&quiet());
    delivered.another = writes.clone();
    assert_eq!(delivered.verdicts(&asked).0, [Used, Unused, Unused], "digests say whose they are");

    // A trail that was changed since it was told of is there still.
    let delivered = hourly();
    stored(async |state| {
        state.tell_trails(&Trails::parse(&Value::from(writes).to_string()).unwrap(), at(0, 0)).await.unwrap();
        let change = with(event("cloudtrail.amazonaws.com", "PutEventSelectors"), json!({"requestParameters": {"trailName": "writes"}}));
        let change = with(change, json!({"eventTime": at(1, 5).to_string()}));
        gzip(&delivered.log("us-east-1", 1), &json!({"Records": [change]}).to_string());
        delivered.feed(state, Timestamp::UNIX_EPOCH).await;
        assert_eq!(judged(state, &asked).await, [Used, Unknown, Unknown]);
    });
}

#[test]
fn a_trail_of_another_account_counts_if_its_changes_would_show() {
    const OWNER: &str = "999988887777";
    let asked = ["ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:CreateVpc"];
    let mut delivered = Delivered::new(&quiet());
    delivered.owner = OWNER;
    let of_owner = |path: PathBuf| PathBuf::from(path.to_str().unwrap().replace(ACCOUNT, OWNER));
    let unknown = [Used, Unknown, Unknown];
    assert_eq!(delivered.verdicts(&asked).0, unknown, "of the trail's account there is nothing");
    let digests: Vec<_> = (0..HOURS).map(|hour| (delivered.digest("us-east-1", hour), hour)).collect();
    let path = |hour: i64| of_owner(digests[usize::try_from(hour).unwrap()].0.clone());
    let put = |hour: i64| {
        let (start, end) = (at(hour, 39).to_string(), at(hour + 1, 39).to_string());
        let key = delivered.key(&path(hour));
        let digest = json!({"awsAccountId": OWNER, "digestStartTime": start, "digestEndTime": end, "digestS3Object": key, "logFiles": []});
        gzip(&path(hour), &digest.to_string());
    };
    put(HOURS - 1);
    assert_eq!(delivered.verdicts(&asked).0, unknown, "one hour of it says nothing of the others");
    (0..HOURS).for_each(put);
    assert_eq!(delivered.verdicts(&asked).0, [Used, Unused, Unused]);
    fs::remove_file(path(25)).unwrap();
    assert_eq!(delivered.verdicts(&asked).0, unknown);

    // What was told before, and is told again, was so in between.
    let before = |since: i64, selectors: Value| {
        stored(async |state| {
            let told = Delivered {
                folder: tempfile::tempdir().unwrap(),
                selectors,
                multi_region: true,
                another: Vec::new(),
                owner: OWNER,
                home: "us-east-1",
                keys: None,
            };
            state.tell_trails(&told.trails(), at(since, 0)).await.unwrap();
            delivered.feed(state, Timestamp::UNIX_EPOCH).await;
            judged(state, &asked).await
        })
    };
    assert_eq!(before(0, delivered.selectors.clone()), [Used, Unused, Unused]);
    assert_eq!(before(20, delivered.selectors.clone()), unknown, "the window begins before");
    assert_eq!(before(0, json!([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}])), unknown);
}
