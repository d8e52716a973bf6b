//! Selectors: what a trail logs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

const TRAIL: &str = r#"{"trailList":[{"Name":"main","S3BucketName":"b","IncludeGlobalServiceEvents":true,"IsMultiRegionTrail":true,"HomeRegion":"us-east-1",
"TrailARN":"arn:aws:cloudtrail:us-east-1:111122223333:trail/main","LogFileValidationEnabled":true,"IsOrganizationTrail":false}]}"#;
const MANAGEMENT: Question<'static> =
    Question { category: Category::Management, source: "iam.amazonaws.com", name: None, read_only: None, resource_type: None, arn: None };
const OBJECT: Question<'static> = Question {
    category: Category::Data,
    source: "s3.amazonaws.com",
    name: Some("GetObject"),
    read_only: Some(true),
    resource_type: Some("AWS::S3::Object"),
    arn: None,
};

fn selectors(text: &str) -> Selectors {
    let whole = format!(r#"{TRAIL} {{"TrailARN":"arn:aws:cloudtrail:us-east-1:111122223333:trail/main",{text}}}"#);
    Trails::parse(&whole).unwrap().iter().next().unwrap().selectors.clone().unwrap()
}

fn basic(text: &str) -> Selectors {
    selectors(&format!(r#""EventSelectors":[{text}],"AdvancedEventSelectors":[]"#))
}

fn advanced(fields: &[&str]) -> Selectors {
    let each: Vec<_> = fields.iter().map(|fields| format!(r#"{{"Name":"x","FieldSelectors":[{fields}]}}"#)).collect();
    selectors(&format!(r#""AdvancedEventSelectors":[{}]"#, each.join(",")))
}

#[test]
fn answers_are_put_together_by_trail() {
    let selectors = r#"{"TrailARN":"arn:aws:cloudtrail:us-east-1:111122223333:trail/main","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true}]}"#;
    for text in [format!("{TRAIL}\n{selectors}"), format!("[{selectors},{TRAIL},{{\"IsLogging\":true}}]")] {
        let trails = Trails::parse(&text).unwrap();
        let trail = trails.iter().next().unwrap();
        assert_eq!((trail.name(), trail.home_region(), trail.account(), trails.iter().count()), ("main", "us-east-1", "111122223333", 1));
        assert!(
            trail.described && trail.digests && trail.reaches("111122223333", "eu-west-1") && !trail.reaches("222233334444", "eu-west-1")
        );
        assert_eq!(trail.logs(&MANAGEMENT), Logged::Yes);
    }
    let only = Trails::parse(selectors).unwrap();
    assert!(!only.iter().next().unwrap().reaches("111122223333", "us-east-1"), "a trail that was not described reaches nothing");
    assert_eq!(
        Trails::parse(TRAIL).unwrap().iter().next().unwrap().logs(&MANAGEMENT),
        Logged::Partly,
        "without selectors nothing is certain"
    );
    let stopped = Trails::parse(&format!("{TRAIL}{selectors}{{\"IsLogging\":false}}")).unwrap();
    assert_eq!(stopped.iter().next().unwrap().logs(&MANAGEMENT), Logged::No);
}

#[test]
fn what_is_no_answer_is_refused() {
    for text in ["{}", "[]", r#"{"Version":"2012-10-17"}"#] {
        assert!(matches!(Trails::parse(text), Err(TrailError::Nothing)), "{text}");
    }
    for text in ["{", "[1,", r#"{"trailList":[{"Name":"x"}]}"#] {
        assert!(matches!(Trails::parse(text), Err(TrailError::Form(_))), "{text}");
    }
    assert!(matches!(Trails::parse(r#"{"IsLogging":true}"#), Err(TrailError::WhichTrail("IsLogging"))));
}

#[test]
fn a_regional_trail_may_leave_global_services_out() {
    let text = TRAIL.replace("\"IsMultiRegionTrail\":true", "\"IsMultiRegionTrail\":false");
    let of = |text: &str| {
        let whole = format!(r#"{text}{{"EventSelectors":[{{"ReadWriteType":"All","IncludeManagementEvents":true}}]}}"#);
        let trails = Trails::parse(&whole).unwrap();
        let trail = trails.iter().next().unwrap().clone();
        (trail.logs(&MANAGEMENT), trail.reaches("111122223333", "eu-west-1"))
    };
    assert_eq!(of(&text), (Logged::Yes, false));
    assert_eq!(of(&text.replace("\"IncludeGlobalServiceEvents\":true", "\"IncludeGlobalServiceEvents\":false")), (Logged::No, false));
}

#[test]
fn selectors_of_the_old_form() {
    let halves = basic(
        r#"{"ReadWriteType":"ReadOnly","IncludeManagementEvents":true},{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}"#,
    );
    assert_eq!(halves.logs(&MANAGEMENT), Logged::Yes, "reading and writing together are all");
    let writes = basic(r#"{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}"#);
    assert_eq!(writes.logs(&MANAGEMENT), Logged::Partly);
    assert_eq!(writes.logs(&Question { read_only: Some(true), ..MANAGEMENT }), Logged::No);
    let less = basic(r#"{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":["kms.amazonaws.com"]}"#);
    assert_eq!(less.logs(&Question { source: "kms.amazonaws.com", ..MANAGEMENT }), Logged::No);
    assert_eq!((less.logs(&MANAGEMENT), less.logs(&OBJECT)), (Logged::Yes, Logged::No));
    let objects = |values: &str| {
        basic(&format!(
            r#"{{"ReadWriteType":"All","IncludeManagementEvents":false,"DataResources":[{{"Type":"AWS::S3::Object","Values":[{values}]}}]}}"#
        ))
    };
    let key = Question { arn: Some("arn:aws:s3:::b/k"), ..OBJECT };
    for (values, all, one) in [
        (r#""arn:aws:s3""#, Logged::Yes, Logged::Yes),
        (r#""arn:aws:s3:::""#, Logged::Yes, Logged::Yes),
        (r#""arn:aws:s3:::b/""#, Logged::Partly, Logged::Yes),
        (r#""arn:aws:s3:::c/""#, Logged::Partly, Logged::No),
        (r#""arn:aws:s3:::c/","arn:aws:s3:::b/""#, Logged::Partly, Logged::Yes),
        ("", Logged::No, Logged::No),
    ] {
        assert_eq!((objects(values).logs(&OBJECT), objects(values).logs(&key)), (all, one), "{values}");
        assert_eq!(objects(values).logs(&MANAGEMENT), Logged::No);
    }
}

#[test]
fn selectors_of_the_new_form() {
    const DATA: &str = r#"{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}"#;
    let all = advanced(&[DATA]);
    assert_eq!((all.logs(&OBJECT), all.logs(&MANAGEMENT)), (Logged::Yes, Logged::No));
    assert_eq!(all.logs(&Question { resource_type: Some("AWS::Lambda::Function"), ..OBJECT }), Logged::No);
    assert_eq!(all.logs(&Question { name: None, read_only: None, ..OBJECT }), Logged::Yes);
    let key = Question { arn: Some("arn:aws:s3:::b/k"), ..OBJECT };
    for (field, all, one) in [
        (r#"{"Field":"resources.ARN","StartsWith":["arn:aws:s3:::b/"]}"#, Logged::Partly, Logged::Yes),
        (r#"{"Field":"resources.ARN","NotStartsWith":["arn:aws:s3:::b/"]}"#, Logged::Partly, Logged::No),
        (r#"{"Field":"resources.ARN","StartsWith":["arn:aws:s3:::"],"EndsWith":["/z"]}"#, Logged::Partly, Logged::Partly),
        (r#"{"Field":"eventName","Equals":["PutObject"]}"#, Logged::No, Logged::No),
        (r#"{"Field":"eventName","NotEquals":["PutObject"]}"#, Logged::Yes, Logged::Yes),
        (r#"{"Field":"readOnly","Equals":["false"]}"#, Logged::No, Logged::No),
        (r#"{"Field":"userIdentity.arn","NotStartsWith":["arn:aws:sts::1:"]}"#, Logged::Partly, Logged::Partly),
        (r#"{"Field":"somethingNew","Equals":["x"]}"#, Logged::Partly, Logged::Partly),
    ] {
        let selectors = advanced(&[&format!("{DATA},{field}")]);
        assert_eq!((selectors.logs(&OBJECT), selectors.logs(&key)), (all, one), "{field}");
    }
    assert_eq!(advanced(&[r#"{"Field":"resources.type","Equals":["AWS::S3::Object"]}"#]).logs(&OBJECT), Logged::Partly);
    let management =
        advanced(&[r#"{"Field":"eventCategory","Equals":["Management"]},{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}"#, DATA]);
    assert_eq!((management.logs(&MANAGEMENT), management.logs(&OBJECT)), (Logged::Yes, Logged::Yes));
    assert_eq!(management.logs(&Question { source: "kms.amazonaws.com", ..MANAGEMENT }), Logged::No);
}

#[test]
fn a_trail_is_told_again_as_it_was_understood() {
    let of = "\"TrailARN\":\"arn:aws:cloudtrail:us-east-1:111122223333:trail/main\"";
    let basic = r#""EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,"ExcludeManagementEventSources":["kms.amazonaws.com"],"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]"#;
    let advanced =
        r#""AdvancedEventSelectors":[{"Name":"x","FieldSelectors":[{"Field":"eventCategory","Equals":["Management"],"NotEquals":["y"]}]}]"#;
    let read = |text: &str| Trails::parse(text).unwrap().iter().next().unwrap().clone();
    let mut told = Vec::new();
    for text in [
        TRAIL.to_owned(),
        format!("{{{of},{basic}}}"),
        format!("{TRAIL}{{{of},{basic}}}{{{of},\"IsLogging\":false}}"),
        format!("{TRAIL}{{{of},{advanced}}}"),
    ] {
        let trail = read(&text);
        assert_eq!(read(&trail.answers()), trail, "{text}");
        told.push(trail);
    }
    let [bare, unreached, basic, advanced] = &told[..] else { unreachable!("there are four") };
    assert!(advanced.contradicts(basic) && basic.contradicts(advanced));
    for (later, before) in [(basic, bare), (bare, basic), (basic, unreached), (basic, basic)] {
        assert!(!later.contradicts(before), "what was not told before is no change");
    }
    let regional = Trail { multi_region: false, ..bare.clone() };
    assert!(regional.contradicts(bare));
    assert!(!Trail { logging: Some(true), ..basic.clone() }.contradicts(basic), "that it logs again its own events tell");
}
