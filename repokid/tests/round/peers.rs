//! What moto lacks, by servers of our own that follow AWS's descriptions of the services: Access Advisor of IAM, the event history of
//! CloudTrail, findings of Access Analyzer.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use menagerie_tests::http::{Request, Response, Server, call};
use serde_json::{Value, json};

use crate::both;
use crate::place::Place;
use crate::store::{ROLE, event};
use crate::world::World;

both!(
    access_advisor_is_asked_about_each_role,
    access_advisor_is_asked_about_who_is_named_and_about_members,
    the_event_history_is_read_hour_by_hour,
    findings_are_listed,
    a_page_that_takes_long_is_waited_for,
);

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","sqs:SendMessage"],"Resource":"*"}]}"#;

/// The world's IAM, but for Access Advisor: S3 is used, and of its actions `PutObject` is not; SQS is not used. The first answer of a job is
/// that it is not done, and the answer has two pages.
fn advisor(iam: std::net::SocketAddr, asked: Arc<Mutex<Vec<String>>>) -> Server {
    let xml = |action: &str, result: &str| {
        let text = format!(
            "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
        );
        Some(Response::new(200, text).header("content-type", "text/xml"))
    };
    let member = |service: &str, last: &str, actions: &str| {
        format!(
            "<member><ServiceName>{service}</ServiceName><ServiceNamespace>{service}</ServiceNamespace>{last}\
             <TotalAuthenticatedEntities>1</TotalAuthenticatedEntities>{actions}</member>"
        )
    };
    Server::start(move |request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let dates = format!("<JobCreationDate>{now}</JobCreationDate><JobCompletionDate>{now}</JobCompletionDate>");
        if body.contains("Action=GenerateServiceLastAccessedDetails") {
            asked.lock().expect("no test panics with it").push(body.clone());
            return xml("GenerateServiceLastAccessedDetails", "<JobId>examplea-1111-2222-3333-444444444444</JobId>");
        }
        if !body.contains("Action=GetServiceLastAccessedDetails") {
            return Some(call(iam, &request).expect("IAM answers"));
        }
        let mut asked = asked.lock().expect("no test panics with it");
        asked.push(body.clone());
        let first = asked.iter().filter(|body| body.contains("Action=Get")).count() == 1;
        let answer = if first {
            format!("<JobStatus>IN_PROGRESS</JobStatus>{dates}<ServicesLastAccessed/><IsTruncated>false</IsTruncated>")
        } else if body.contains("Marker=next") {
            let sqs = member("sqs", "", "");
            format!(
                "<JobStatus>COMPLETED</JobStatus>{dates}<ServicesLastAccessed>{sqs}</ServicesLastAccessed><IsTruncated>false</IsTruncated>"
            )
        } else {
            let get = format!("<member><ActionName>GetObject</ActionName><LastAccessedTime>{now}</LastAccessedTime></member>");
            let actions = format!(
                "<TrackedActionsLastAccessed>{get}<member><ActionName>PutObject</ActionName></member></TrackedActionsLastAccessed>"
            );
            let s3 = member("s3", &format!("<LastAuthenticated>{now}</LastAuthenticated>"), &actions);
            format!(
                "<JobStatus>COMPLETED</JobStatus>{dates}<ServicesLastAccessed>{s3}</ServicesLastAccessed>\
                 <IsTruncated>true</IsTruncated><Marker>next</Marker>"
            )
        };
        xml("GetServiceLastAccessedDetails", &answer)
    })
}

fn access_advisor_is_asked_about_each_role(place: &Place) {
    let world = World::new("advisor", place, json!({}));
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", POLICY)]));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let iam = world.iam.url().trim_start_matches("http://").parse().expect("an address");
    let server = advisor(iam, Arc::clone(&asked));
    let mut command = world.command(&["run", "--account", account, "--format", "json", "-c"]);
    command.env("AWS_ENDPOINT_URL_IAM", server.url());
    let done = menagerie_tests::process::run(command, b"");
    let round: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stderr));
    assert_eq!(round["accounts"][0]["changed"], json!(1), "{round} {}", done.stderr);
    assert_eq!(round["accounts"][0]["scheduled"][0]["permissions"], json!(["s3:putobject", "sqs"]), "an action and a service: {round}");
    let narrowed = world.policy("reader", "data");
    assert!(narrowed.contains("s3:GetObject") && !narrowed.contains("PutObject") && !narrowed.contains("sqs"), "{narrowed}");
    let asked = asked.lock().expect("no test panics with it");
    assert!(asked[0].contains("Granularity=ACTION_LEVEL") && asked[0].contains(&arn.replace(':', "%3A").replace('/', "%2F")), "{asked:?}");
}

/// A group's use is its members'.
fn access_advisor_is_asked_about_who_is_named_and_about_members(place: &Place) {
    for (principals, of) in [
        (json!(["group"]), &["group/team", "user/ann"][..]),
        (json!(["user"]), &["user/ann", "user/bob"]),
        (json!(["role", "group"]), &["group/team", "role/reader", "user/ann"]),
    ] {
        let world = World::new("asked", place, json!({ "principals": principals }));
        world.role("reader", &[("data", POLICY)]);
        world.principal("Group", "team", &[("data", POLICY)]);
        for user in ["ann", "bob"] {
            world.principal("User", user, &[("data", POLICY)]);
        }
        let _ = world.iam("AddUserToGroup", &[("GroupName", "team"), ("UserName", "ann")]);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let iam = world.iam.url().trim_start_matches("http://").parse().expect("an address");
        let server = advisor(iam, Arc::clone(&asked));
        let mut command = world.command(&["update_role_cache", &world.account]);
        command.env("AWS_ENDPOINT_URL_IAM", server.url());
        let _ = menagerie_tests::process::run(command, b"").success();
        let asked = asked.lock().expect("no test panics with it");
        let arns = asked.iter().filter_map(|body| body.split('&').find_map(|pair| pair.strip_prefix("Arn=")));
        let mut arns: Vec<_> = arns.map(|arn| arn.rsplit("%3A").next().expect("a resource").replace("%2F", "/")).collect();
        arns.sort();
        assert_eq!(arns, of);
    }
}

/// CloudTrail's history: what lies in the span, newest first, two events a page. From the call of number `fails` on it refuses.
fn history(events: Vec<(Timestamp, Value)>, fails: usize, calls: Arc<Mutex<usize>>) -> Server {
    Server::start(move |request: Request| {
        assert!(request.value("x-amz-target").is_some_and(|target| target.ends_with(".LookupEvents")), "{request:?}");
        let asked: Value = serde_json::from_slice(&request.body).expect("is JSON");
        let mut calls = calls.lock().expect("no test panics with it");
        *calls += 1;
        if *calls >= fails {
            let refusal = json!({ "__type": "InvalidTimeRangeException", "message": "no" });
            return Some(Response::new(400, refusal.to_string()).header("content-type", "application/x-amz-json-1.1"));
        }
        let seconds = |name: &str| asked[name].as_f64().expect("a time");
        let mut within: Vec<_> = events
            .iter()
            .filter(|(time, _)| time.as_second() as f64 >= seconds("StartTime") && time.as_second() as f64 <= seconds("EndTime"))
            .collect();
        within.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        let from: usize = asked["NextToken"].as_str().map_or(0, |token| token.parse().expect("a number"));
        let page: Vec<_> = within.iter().skip(from).take(2).map(|(_, event)| json!({ "CloudTrailEvent": event.to_string() })).collect();
        let next = (from + 2 < within.len()).then(|| (from + 2).to_string());
        let answer = json!({ "Events": page, "NextToken": next });
        Some(Response::new(200, answer.to_string()).header("content-type", "application/x-amz-json-1.1"))
    })
}

fn the_event_history_is_read_hour_by_hour(place: &Place) {
    let world = World::new("history", place, json!({ "connection_iam": { "region": "us-east-1" } }));
    let ago = |minutes: i64| Timestamp::now() - SignedDuration::from_mins(minutes);
    let events: Vec<_> = (0..8)
        .map(|number| {
            let time = ago(4 * 60 + number * 25);
            (time, event(&time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "s3.amazonaws.com", "ListBuckets"))
        })
        .collect();
    let add = |server: &Server| {
        let since = ago(10 * 60).to_string();
        let mut command = world.command(&["usage", "add", "lookup://us-east-1", "--since", &since, "--format", "json"]);
        command.env("AWS_ENDPOINT_URL_CLOUDTRAIL", server.url());
        menagerie_tests::process::run(command, b"")
    };
    let count = || {
        let uses = world.json(&["usage", "show", ROLE]);
        uses["uses"].as_array().expect("a list").iter().filter_map(|one| one["count"].as_u64()).sum::<u64>()
    };
    // It ends after two pages: the hours that were whole by then stay.
    let calls = Arc::new(Mutex::new(0));
    let broken = add(&history(events.clone(), 3, Arc::clone(&calls)));
    assert_eq!(broken.status, Some(2), "{}", broken.stderr);
    let kept = count();
    assert!((1..4).contains(&kept), "{kept}");
    let calls = Arc::new(Mutex::new(0));
    let server = history(events, usize::MAX, Arc::clone(&calls));
    let added: Value = serde_json::from_slice(&add(&server).success().stdout).expect("is JSON");
    assert_eq!((added["events"].as_u64(), count()), (Some(8 - kept), 8), "each event once: {added}");
    let before = *calls.lock().expect("no test panics with it");
    let again: Value = serde_json::from_slice(&add(&server).success().stdout).expect("is JSON");
    // A whole hour may have ended since.
    assert!(again["read"].as_u64() <= Some(1) && *calls.lock().expect("no test panics with it") <= before + 1, "{again}");
}

fn findings_are_listed(place: &Place) {
    let world = World::new("findings", place, json!({ "connection_iam": { "region": "us-east-1" } }));
    let server = Server::start(|request| {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let analyzer = |name: &str, kind: &str| {
            json!({
                "arn": format!("arn:aws:access-analyzer:us-east-1:111122223333:analyzer/{name}"), "name": name, "type": kind,
                "createdAt": now, "status": "ACTIVE",
            })
        };
        let finding = |id: &str, status: &str| {
            json!({
                "id": id, "status": status, "resource": ROLE, "resourceType": "AWS::IAM::Role", "resourceOwnerAccount": "111122223333",
                "analyzedAt": now, "createdAt": now, "updatedAt": now, "findingType": "UnusedPermission",
            })
        };
        let answer = match (request.method.as_str(), request.path().as_str()) {
            ("GET", "/analyzer") => json!({ "analyzers": [analyzer("unused", "ACCOUNT_UNUSED_ACCESS"), analyzer("other", "ACCOUNT")] }),
            ("POST", "/findingv2") => json!({ "findings": [finding("f1", "ACTIVE"), finding("f2", "ARCHIVED")] }),
            ("GET", "/findingv2/f1") => {
                let mut whole = finding("f1", "ACTIVE");
                whole["findingDetails"] = json!([
                    { "unusedPermissionDetails": { "serviceNamespace": "sqs" } },
                    { "unusedPermissionDetails": { "serviceNamespace": "s3", "actions": [{ "action": "PutObject" }] } },
                ]);
                whole
            }
            other => panic!("{other:?} was not expected"),
        };
        Some(Response::new(200, answer.to_string()).header("content-type", "application/json"))
    });
    let mut command = world.command(&["usage", "findings", "--format", "json"]);
    command.env("AWS_ENDPOINT_URL_ACCESSANALYZER", server.url());
    let done = menagerie_tests::process::run(command, b"");
    assert_eq!(done.status, Some(1), "{}", done.stderr);
    let found: Value = serde_json::from_slice(&done.stdout).expect("is JSON");
    let unused: Vec<_> = found["findings"].as_array().expect("a list").iter().map(|one| one["what"].clone()).collect();
    assert_eq!(unused, ["s3:PutObject", "sqs"], "{found}");
}

/// A page of a large account's details takes longer than any other answer of IAM's.
fn a_page_that_takes_long_is_waited_for(place: &Place) {
    let world = World::new("slow", place, json!({}));
    let arn = world.role("reader", &[("data", POLICY)]);
    let moto: std::net::SocketAddr = world.moto.endpoint().trim_start_matches("http://").parse().expect("an address");
    let server = Server::start(move |request| {
        if String::from_utf8_lossy(&request.body).contains("Action=GetAccountAuthorizationDetails") {
            std::thread::sleep(std::time::Duration::from_secs(8));
        }
        Some(call(moto, &request).expect("moto answers"))
    });
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false)])]);
    let mut command = world.command(&["update_role_cache", &world.account, "--access-advisor", &advisor]);
    command.env("AWS_ENDPOINT_URL_IAM", server.url());
    let done = menagerie_tests::process::run(command, b"").success();
    assert!(done.text().starts_with("1 role up to date"), "{}", done.text());
}
