//! A role from cache to schedule to change to rollback, by the commands that people type.

use serde_json::{Value, json};

use crate::both;
use crate::place::Place;
use crate::world::World;

const READER: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Sid":"Data","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"},
  {"Sid":"Queue","Effect":"Allow","Action":["sqs:SendMessage","s3:GetBucketLocation"],"Resource":"*"}
]}"#;

both!(a_whole_round, what_was_not_scheduled_stays, an_opt_out_keeps_a_role, lists_are_written_as_repokid_does, one_account_fails_alone);

fn a_whole_round(place: &Place) {
    let world = World::new("cycle", place, json!({}));
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", READER)]));
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false)])]);
    let run = |more: &[&str]| world.json(&[&["run", "--account", account, "--access-advisor", &advisor], more].concat());

    // A dry run writes the cache and nothing else.
    let dry = run(&[]);
    assert_eq!(dry["accounts"][0]["scheduled"][0]["permissions"], json!(["sqs"]), "{dry}");
    let listed = world.json(&["show_scheduled_roles", account]);
    assert_eq!(listed["scheduled"], json!([]), "{listed}");

    // What is scheduled for now is due in the same round.
    let done = run(&["-c"]);
    assert_eq!(done["accounts"][0]["changed"], json!(1), "{done}");
    let narrowed = world.policy("reader", "data");
    assert!(!narrowed.contains("sqs") && narrowed.contains("s3:GetBucketLocation"), "{narrowed}");
    let kept = r#"{"Sid":"Data","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}"#;
    assert!(narrowed.contains(kept), "an untouched statement stays to the letter: {narrowed}");

    // Nothing is left to do.
    let again = run(&["-c"]);
    assert_eq!((&again["accounts"][0]["changed"], &again["accounts"][0]["scheduled"]), (&json!(0), &json!([])), "{again}");

    let role = world.json(&["display_role", account, "reader"]);
    let sources: Vec<_> = role["policies"].as_array().expect("versions").iter().map(|one| one["source"].clone()).collect();
    assert_eq!(sources, ["Scan", "Repo"], "{role}");
    assert!(role["role"]["repoed"].is_string(), "{role}");

    let change = done["accounts"][0]["changes"][0]["change"].as_str().expect("a change");
    world.done(&["rollback_role", account, "reader", "--change", change, "-c"]);
    assert_eq!(world.policy("reader", "data"), READER, "byte for byte");
}

fn what_was_not_scheduled_stays(place: &Place) {
    let world = World::new("later", place, json!({}));
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", READER)]));
    let update = |services: &[(&str, bool)]| {
        let advisor = world.advisor(&[(&arn, services)]);
        world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    };
    update(&[("s3", true), ("sqs", false)]);
    world.done(&["schedule_repo", account]);
    // Now S3 is unused, too, which nobody was told of; and SQS is in use, which was scheduled.
    update(&[("s3", false), ("sqs", true)]);
    let done = world.run(&["repo_scheduled_roles", account, "-c"]);
    assert_eq!(done.status, Some(0), "{}{}", done.text(), done.stderr);
    assert_eq!(world.policy("reader", "data"), READER);

    world.done(&["cancel_scheduled_repo", account, "-r", "reader"]);
    assert_eq!(world.json(&["show-scheduled-roles", account])["scheduled"], json!([]));
    assert_eq!(world.run(&["cancel_scheduled_repo", account, "-r", "reader"]).status, Some(2), "there is nothing to cancel");
}

fn an_opt_out_keeps_a_role(place: &Place) {
    let world = World::new("optout", place, json!({}));
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", READER)]));
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false)])]);
    let update = || world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    update();
    world.done(&["schedule_repo", account]);
    world.done(&["opt_out", account, "reader", "--owner", "ann", "--reason", "audit"]);
    let wishes = world.json(&["opt_out", account]);
    assert_eq!(wishes["opt_outs"][0]["opt_out"]["owner"], json!("ann"), "{wishes}");
    assert_eq!(world.json(&["show_scheduled_roles", account])["scheduled"], json!([]), "what was scheduled is cancelled");
    update();
    let role = world.json(&["display_role", account, "reader"]);
    assert_eq!(role["role"]["disqualified_by"][0]["filter"], json!("OptOutFilter"), "{role}");
    assert_eq!(world.json(&["schedule_repo", account])["scheduled"], json!([]));

    world.done(&["opt_out", account, "reader", "--remove"]);
    update();
    assert_eq!(world.json(&["schedule_repo", account])["scheduled"][0]["permissions"], json!(["sqs"]));
    assert_eq!(world.run(&["opt_out", account, "reader", "--owner", "ann", "--reason", "x", "--expires", "2020-01-01"]).status, Some(2));
}

fn lists_are_written_as_repokid_does(place: &Place) {
    let world = World::new("lists", place, json!({}));
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", READER)]));
    let gone = world.role("gone", &[("data", READER)]);
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false)]), (&gone, &[("s3", false), ("sqs", false)])]);
    let update = || world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    update();
    let table = world.run(&["display_role_cache", account]).success().text();
    assert!(table.starts_with("Name    Refreshed"), "{table}");
    let roles = world.json(&["display_role_cache", account]);
    let counts = |name: &str| {
        let role = roles["roles"].as_array().expect("a list").iter().find(|role| role["name"] == name).expect("is listed");
        (role["total_permissions"].clone(), role["repoable_permissions"].clone(), role["repoable_services"].clone())
    };
    assert_eq!(counts("reader"), (json!(4), json!(1), json!(["sqs"])));
    assert_eq!(counts("gone"), (json!(4), json!(4), json!(["s3", "sqs"])));

    let _ = world.iam("DeleteRolePolicy", &[("RoleName", "gone"), ("PolicyName", "data")]);
    let _ = world.iam("DeleteRole", &[("RoleName", "gone")]);
    update();
    let names = |arguments: &[&str]| -> Vec<Value> {
        world.json(arguments)["roles"].as_array().expect("a list").iter().map(|role| role["name"].clone()).collect()
    };
    assert_eq!(names(&["display_role_cache", account]), ["reader"]);
    assert_eq!(names(&["display_role_cache", account, "--inactive"]).len(), 2);

    let csv = world.namespace.file("stats.csv");
    world.done(&["repo_stats", account, "-o", csv.to_str().expect("text")]);
    let csv = std::fs::read_to_string(csv).expect("is written");
    let head = "RoleId,Role Name,Account,Active,Date,Source,Permissions Count,Repoable Permissions Count,Disqualified By\n";
    assert!(csv.starts_with(head) && csv.lines().count() == 3, "{csv}");
    assert!(csv.contains(&format!(",gone,{account},False,")) && csv.contains(",Scan,4,1,"), "{csv}");
}

fn one_account_fails_alone(place: &Place) {
    let world = World::new("alone", place, json!({}));
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", READER)]));
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false)])]);
    // Another run is at work in the other account.
    let other = World::new("other", place, json!({}));
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let state = runtime.block_on(place.open());
    let hour = jiff::SignedDuration::from_hours(1);
    let busy = other.account.parse().expect("an account");
    let leased = state.lease(&busy, "someone else", jiff::Timestamp::now(), hour);
    assert!(runtime.block_on(leased).expect("is asked").is_some());
    let done =
        world.run(&["run", "--account", account, "--account", &other.account, "--access-advisor", &advisor, "--format", "json", "-c"]);
    assert_eq!(done.status, Some(2), "{}", done.stderr);
    let done: Value = serde_json::from_slice(&done.stdout).expect("is JSON");
    assert_eq!(done["accounts"][0]["changed"], json!(1), "{done}");
    assert!(done["accounts"][1]["error"].as_str().is_some_and(|error| error.contains("someone else")), "{done}");
    runtime.block_on(state.close());
}
