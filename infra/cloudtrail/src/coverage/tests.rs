//! Coverage: what silence proves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const MANAGEMENT: Question<'static> =
    Question { category: Category::Management, source: "ec2.amazonaws.com", name: None, read_only: None, resource_type: None, arn: None };
const DATA: Question<'static> = Question { category: Category::Data, resource_type: Some("AWS::S3::Object"), ..MANAGEMENT };

fn trails(name: &str) -> String {
    let arn = format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}");
    format!(
        r#"{{"trailList":[{{"TrailARN":"{arn}","IsMultiRegionTrail":true,"LogFileValidationEnabled":true}}]}}
        {{"TrailARN":"{arn}","EventSelectors":[{{"ReadWriteType":"All","IncludeManagementEvents":true}}]}}"#
    )
}

fn time(minutes: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn hours(from: i64, to: i64) -> Window {
    Window { from: time(from * 60), to: time(to * 60) }
}

fn log(hour: i64) -> String {
    format!("AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/01/01/{ACCOUNT}_CloudTrail_{REGION}_20260101T{hour:02}30Z_abc.json.gz")
}

fn digest(trail: &str, hour: i64, backfill: &str) -> Digest {
    let (start, end) = (time(hour * 60), time(hour * 60 + 60));
    let object = format!("x/{ACCOUNT}_CloudTrail-Digest_{REGION}_{trail}_us-east-1_20260101T{:02}0000Z{backfill}.json.gz", hour + 1);
    let log = format!(r#"{{"s3Object":"{}","hashValue":"00"}}"#, log(hour));
    Digest::parse(&format!(
        r#"{{"awsAccountId":"{ACCOUNT}","digestStartTime":"{start}","digestEndTime":"{end}","digestS3Object":"{object}","logFiles":[{log}]}}"#
    ))
    .unwrap()
}

/// Hours 0 to 9 with digests and log files, but for those hours that are left out.
fn covered(no_digest: &[i64], no_log: &[i64]) -> Coverage {
    let mut coverage = Coverage::new(Trails::parse(&trails("main")).unwrap());
    for hour in 0..10 {
        if !no_digest.contains(&hour) {
            coverage.digest(digest("main", hour, ""));
        }
        if !no_log.contains(&hour) {
            coverage.file(&log(hour), true);
        }
    }
    coverage
}

fn seen(coverage: &Coverage, from: i64, to: i64) -> Answer {
    coverage.seen(ACCOUNT, REGION, hours(from, to), &MANAGEMENT)
}

fn gap(from: i64, to: i64, why: Why) -> Answer {
    Answer::Unknown(Reason::Gap(hours(from, to), why))
}

#[test]
fn a_chain_of_digests_with_its_files_proves() {
    let whole = covered(&[], &[]);
    assert_eq!(seen(&whole, 0, 9), Answer::Yes(Basis::Digests));
    assert!(whole.complete(ACCOUNT, REGION, hours(2, 5)));
    assert_eq!(whole.seen(ACCOUNT, REGION, hours(0, 9), &DATA), Answer::No(Reason::NotSelected));
    assert_eq!(seen(&whole, 0, 10), gap(9, 10, Why::NoDigest), "what happened last may come later");
    assert_eq!(whole.seen("222233334444", REGION, hours(0, 9), &MANAGEMENT), Answer::Unknown(Reason::NotReached));
    assert_eq!(whole.seen(ACCOUNT, "us-east-1", hours(0, 9), &MANAGEMENT), Answer::Unknown(Reason::Gap(hours(0, 9), Why::NoLogFile)));
}

#[test]
fn a_missing_digest_or_file_uncovers_its_hours() {
    let coverage = covered(&[4], &[]);
    assert_eq!(seen(&coverage, 0, 9), gap(3, 5, Why::NoDigest));
    assert_eq!((seen(&coverage, 0, 3), seen(&coverage, 5, 9)), (Answer::Yes(Basis::Digests), Answer::Yes(Basis::Digests)));
    let coverage = covered(&[], &[4]);
    assert_eq!(seen(&coverage, 0, 9), gap(3, 5, Why::LogFileMissing));
    let mut coverage = covered(&[], &[]);
    coverage.altered(&log(6));
    assert_eq!(seen(&coverage, 0, 9), gap(5, 7, Why::LogFileMissing));
}

#[test]
fn a_backfill_digest_fills_no_hour_but_names_files() {
    let mut coverage = covered(&[4], &[]);
    coverage.digest(digest("main", 4, "_backfill"));
    assert_eq!(seen(&coverage, 0, 9), gap(3, 5, Why::NoDigest));
    let mut coverage = covered(&[], &[]);
    coverage.digest(digest("main", 12, "_backfill"));
    assert_eq!(seen(&coverage, 0, 9), Answer::Yes(Basis::Digests));
    let late = Digest {
        log_files: vec![crate::digest::LogFile {
            oldest_event_time: Some(time(125)),
            newest_event_time: Some(time(130)),
            ..digest("main", 12, "").log_files[0].clone()
        }],
        ..digest("main", 12, "_backfill")
    };
    coverage.digest(late);
    let Answer::Unknown(Reason::Gap(window, Why::LogFileMissing)) = seen(&coverage, 0, 9) else { panic!("the late file is missing") };
    assert_eq!(window.from, time(125));
}

#[test]
fn digests_of_another_trail_prove_nothing() {
    let mut coverage = Coverage::new(Trails::parse(&trails("main")).unwrap());
    (0..10).for_each(|hour| coverage.digest(digest("other", hour, "")));
    (0..10).for_each(|hour| coverage.file(&log(hour), true));
    assert_eq!(seen(&coverage, 0, 9), gap(0, 9, Why::NoDigest), "nor do log files, which are the other's");
}

#[test]
fn without_digests_a_file_may_be_any_trails() {
    let of = |selectors: &str, reach: &str| {
        let arn = format!("arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/second");
        let second = format!(
            r#"{{"trailList":[{{"TrailARN":"{arn}",{reach}"LogFileValidationEnabled":false}}]}}{{"TrailARN":"{arn}","EventSelectors":[{selectors}]}}"#
        );
        let mut coverage = Coverage::new(Trails::parse(&format!("{}{second}", trails("main"))).unwrap());
        (0..10).for_each(|hour| coverage.file(&log(hour), true));
        let ask = |read_only| coverage.seen(ACCOUNT, REGION, hours(0, 9), &Question { read_only: Some(read_only), ..MANAGEMENT });
        (ask(true), ask(false), coverage.complete(ACCOUNT, REGION, hours(0, 9)))
    };
    let (all, writes) = (r#"{"ReadWriteType":"All"}"#, r#"{"ReadWriteType":"WriteOnly"}"#);
    let multi = r#""IsMultiRegionTrail":true,"#;
    let (yes, no) = (Answer::Yes(Basis::Names), gap(0, 9, Why::NoDigest));
    assert_eq!(of(all, multi), (yes.clone(), yes.clone(), false));
    assert_eq!(of(writes, multi), (no.clone(), yes.clone(), false), "the files may be of the trail that has no reads");
    assert_eq!(of(writes, ""), (no.clone(), yes.clone(), false), "it is of this Region");
    assert_eq!(of("", multi), (no.clone(), no, false), "what it takes is not told");
    let elsewhere = Trails::parse(&format!(
        "{}{}",
        trails("main"),
        trails("second").replace(r#""IsMultiRegionTrail":true"#, r#""IsMultiRegionTrail":false"#)
    ));
    let mut coverage = Coverage::new(elsewhere.unwrap());
    (0..10).for_each(|hour| coverage.file(&log(hour), true));
    assert_eq!((seen(&coverage, 0, 9), coverage.complete(ACCOUNT, REGION, hours(0, 9))), (yes, true), "it delivers nothing of this Region");
}

#[test]
fn without_digests_each_hour_needs_a_file() {
    let mut coverage = covered(&(0..10).collect::<Vec<_>>(), &[]);
    assert_eq!(seen(&coverage, 0, 10), Answer::Yes(Basis::Names));
    coverage.file(&log(4), false);
    let Answer::Unknown(Reason::Gap(window, Why::Damaged)) = seen(&coverage, 0, 10) else { panic!("a damaged file uncovers") };
    assert!(window.from <= time(4 * 60) && window.to >= time(4 * 60 + 30));
    assert_eq!(seen(&covered(&(0..10).collect::<Vec<_>>(), &[4]), 0, 9), gap(4, 5, Why::NoLogFile));
}

#[test]
fn what_one_trail_missed_another_may_have() {
    let both = format!("{}{}", trails("main"), trails("second"));
    let mut coverage = Coverage::new(Trails::parse(&both).unwrap());
    for hour in 0..10 {
        coverage.file(&log(hour), true);
        if hour != 2 {
            coverage.digest(digest("main", hour, ""));
        }
        if hour != 6 {
            coverage.digest(digest("second", hour, ""));
        }
    }
    assert_eq!(seen(&coverage, 0, 9), Answer::Yes(Basis::Digests));
    assert!(coverage.complete(ACCOUNT, REGION, hours(0, 9)));
}

fn change(minutes: i64, kind: ChangeKind) -> Change {
    Change { time: time(minutes), trail: "main".into(), account: ACCOUNT.into(), kind }
}

#[test]
fn stops_and_changes_uncover() {
    let mut coverage = covered(&[], &[]);
    coverage.change(change(5 * 60, ChangeKind::Started));
    coverage.change(change(4 * 60, ChangeKind::Stopped));
    assert_eq!(seen(&coverage, 0, 9), gap(4, 5, Why::Stopped));
    assert_eq!(seen(&coverage, 5, 9), Answer::Yes(Basis::Digests));
    coverage.change(change(8 * 60, ChangeKind::Stopped));
    assert_eq!(seen(&coverage, 7, 9), gap(8, 9, Why::Stopped));
    let mut coverage = covered(&[], &[]);
    coverage.change(change(3 * 60, ChangeKind::Changed));
    assert_eq!((seen(&coverage, 0, 9), seen(&coverage, 3, 9)), (gap(0, 3, Why::Changed), Answer::Yes(Basis::Digests)));
    coverage.change(Change { trail: "other".into(), ..change(5 * 60, ChangeKind::Stopped) });
    assert_eq!(seen(&coverage, 3, 9), Answer::Yes(Basis::Digests));
}

#[test]
fn what_is_assumed_is_management_events_unless_the_log_says_otherwise() {
    let mut coverage = Coverage::assume_complete();
    assert_eq!(seen(&coverage, 0, 9), Answer::Yes(Basis::Assumed));
    assert_eq!(coverage.seen(ACCOUNT, REGION, hours(0, 9), &DATA), Answer::No(Reason::NotSelected));
    coverage.change(change(8 * 60, ChangeKind::Stopped));
    assert_eq!(seen(&coverage, 0, 9), gap(8, 9, Why::Stopped));
    coverage.file("notes.json", false);
    assert_eq!(seen(&coverage, 0, 9), gap(0, 9, Why::Damaged));
    assert_eq!(seen(&Coverage::default(), 0, 9), Answer::Unknown(Reason::NoTrail));
}

#[test]
fn changes_are_read_from_events() {
    let event = |name: &str, more: &str| {
        format!(
            r#"{{"eventTime":"2026-01-01T04:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"{name}","recipientAccountId":"{ACCOUNT}","requestParameters":{{"name":"main"}}{more}}}"#
        )
    };
    let of = |text: &str| Change::of(&Event::parse(text).unwrap());
    assert_eq!(of(&event("StopLogging", "")), Some(change(4 * 60, ChangeKind::Stopped)));
    assert_eq!(of(&event("StartLogging", "")), Some(change(4 * 60, ChangeKind::Started)));
    assert_eq!(of(&event("PutEventSelectors", "").replace("\"name\"", "\"trailName\"")), Some(change(4 * 60, ChangeKind::Changed)));
    assert_eq!(of(&event("DescribeTrails", "")), None);
    assert_eq!(of(&event("StopLogging", r#","errorCode":"AccessDenied""#)), None);
    assert_eq!(of(&event("StopLogging", "").replace("cloudtrail.", "other.")), None);
}

#[test]
fn a_trail_of_another_account_counts_where_its_changes_would_show() {
    const OWNER: &str = "999988887777";
    let organization = |name: &str| {
        trails(name)
            .replace(ACCOUNT, OWNER)
            .replace(r#""IsMultiRegionTrail":true"#, r#""IsMultiRegionTrail":true,"IsOrganizationTrail":true"#)
    };
    let at_home = |hour: i64| {
        let digest = digest("main", hour, "");
        Digest {
            account: OWNER.to_owned(),
            object: digest.object.replace(ACCOUNT, OWNER).replace(REGION, "us-east-1"),
            log_files: Vec::new(),
            ..digest
        }
    };
    let of = |home: &[i64]| {
        let mut coverage = Coverage::new(Trails::parse(&organization("main")).unwrap());
        for hour in 0..10 {
            coverage.digest(digest("main", hour, ""));
            coverage.file(&log(hour), true);
        }
        home.iter().for_each(|hour| coverage.digest(at_home(*hour)));
        coverage
    };
    let all: Vec<i64> = (0..10).collect();
    assert_eq!(seen(&of(&all), 0, 9), Answer::Yes(Basis::Digests));
    assert_eq!(seen(&of(&[]), 0, 9), gap(0, 9, Why::Unwatched));
    assert_eq!(seen(&of(&[0, 1, 2, 4, 5, 6, 7, 8, 9]), 0, 9), gap(0, 9, Why::Unwatched), "one hour is enough to change it in");
    assert_eq!(seen(&of(&[0, 1, 2, 4, 5, 6, 7, 8, 9]), 5, 9), Answer::Yes(Basis::Digests));
    // What was told of it at both ends of the time counts as well.
    let mut told = of(&[]);
    told.told(&format!("arn:aws:cloudtrail:us-east-1:{OWNER}:trail/main"), time(2 * 60), time(8 * 60));
    assert_eq!(seen(&told, 2, 8), Answer::Yes(Basis::Digests));
    assert_eq!((seen(&told, 1, 8), seen(&told, 2, 9)), (gap(1, 2, Why::Unwatched), gap(8, 9, Why::Unwatched)));
    // What is not known to be logged at home does not show there.
    let reads = organization("main").replace(r#""ReadWriteType":"All""#, r#""ReadWriteType":"ReadOnly""#);
    let mut coverage = Coverage { trails: Trails::parse(&reads).unwrap(), ..of(&all) };
    let ask = |coverage: &Coverage| coverage.seen(ACCOUNT, REGION, hours(0, 9), &Question { read_only: Some(true), ..MANAGEMENT });
    assert_eq!(ask(&coverage), gap(0, 9, Why::Unwatched));
    coverage.trails = Trails::parse(&organization("main")).unwrap();
    assert_eq!(ask(&coverage), Answer::Yes(Basis::Digests));
    coverage.change(Change { account: OWNER.into(), ..change(4 * 60, ChangeKind::Changed) });
    assert!(matches!(ask(&coverage), Answer::Unknown(Reason::Gap(..))), "it was changed");
}

#[test]
fn a_digest_that_is_not_signed_uncovers_what_it_is_of() {
    let of = |hour: i64, suffix: &str, standing: Standing, log_files: Vec<crate::digest::LogFile>| {
        let mut coverage = covered(&[hour], &[]);
        if !suffix.is_empty() {
            coverage.digest(digest("main", hour, ""));
        }
        coverage.digest(Digest { standing, log_files, ..digest("main", hour, suffix) });
        coverage
    };
    let named = || digest("main", 4, "").log_files;
    let failed = || Standing::Failed("it is not".into());
    assert_eq!(seen(&of(4, "", Standing::Signed, named()), 0, 9), Answer::Yes(Basis::Digests));
    assert_eq!(seen(&of(4, "", failed(), named()), 0, 9), gap(3, 5, Why::Forged));
    assert_eq!(seen(&of(4, "", Standing::Unsigned, named()), 0, 9), gap(3, 5, Why::Unsigned));
    assert_eq!(seen(&of(4, "", failed(), named()), 5, 9), Answer::Yes(Basis::Digests));
    // A backfill digest only adds to what is wanted, unless it is not what was signed: then what it should have named is not known.
    assert_eq!(seen(&of(4, "_backfill", Standing::Unsigned, named()), 0, 9), Answer::Yes(Basis::Digests));
    let late = crate::digest::LogFile { oldest_event_time: Some(time(60)), newest_event_time: Some(time(61)), ..named().remove(0) };
    let Answer::Unknown(Reason::Gap(first, Why::Forged)) = seen(&of(8, "_backfill", failed(), vec![late]), 0, 9) else {
        panic!("the hour of the late events is not proved")
    };
    assert_eq!(first.from, time(60));
    // Where no digest is CloudTrail's, names of files are no proof either.
    let mut coverage = Coverage::new(Trails::parse(&trails("main")).unwrap());
    for hour in 0..10 {
        coverage.file(&log(hour), true);
        coverage.digest(Digest { standing: failed(), ..digest("main", hour, "") });
    }
    assert!(matches!(seen(&coverage, 0, 9), Answer::Unknown(Reason::Gap(_, Why::Forged))));
    // It speaks against what is merely assumed, too; that nobody tells of a signature does not.
    let mut coverage = Coverage::assume_complete();
    coverage.digest(Digest { standing: Standing::Unsigned, ..digest("main", 2, "") });
    assert_eq!(seen(&coverage, 0, 9), Answer::Yes(Basis::Assumed));
    coverage.digest(Digest { standing: failed(), ..digest("another", 4, "") });
    assert_eq!((seen(&coverage, 0, 9), seen(&coverage, 5, 9)), (gap(3, 5, Why::Forged), Answer::Yes(Basis::Assumed)));
}
