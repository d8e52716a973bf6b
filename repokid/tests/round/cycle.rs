//! A role from cache to schedule to change to rollback, by the commands that people type.

use repokid::state::{ChangeStatus, Document, DocumentPlace, NewChange, Purpose};
use serde_json::{Value, json};

use crate::both;
use crate::place::Place;
use crate::world::World;

const READER: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Sid":"Data","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"},
  {"Sid":"Queue","Effect":"Allow","Action":["sqs:SendMessage","s3:GetBucketLocation"],"Resource":"*"}
]}"#;

both!(
    a_whole_round,
    what_was_not_scheduled_stays,
    what_a_change_sees_first_is_protected_all_the_same,
    what_a_killed_run_left_is_settled_though_nothing_is_due,
    an_opt_out_keeps_a_role,
    lists_are_written_as_repokid_does,
    one_account_fails_alone,
);

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

    // It is done with, and what can go now can be scheduled.
    assert_eq!(world.json(&["show-scheduled-roles", account])["scheduled"], json!([]));
    assert_eq!(world.run(&["cancel_scheduled_repo", account, "-r", "reader"]).status, Some(2), "there is nothing to cancel");
}

/// A permission that is newer than the last refresh is seen by `repo_role` first, and what a rollback gave back is new, too.
fn what_a_change_sees_first_is_protected_all_the_same(place: &Place) {
    const NEW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}"#;
    let world = World::new("first", place, json!({}));
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", READER)]));
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false), ("sns", false)])]);
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    world.configure("repo_requirements", json!({ "exclude_new_permissions_for_days": 14 }));
    let _ = world.iam("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "new"), ("PolicyDocument", NEW)]);

    world.done(&["repo_role", account, "reader", "-c"]);
    assert!(!world.policy("reader", "data").contains("sqs"));
    world.done(&["repo_role", account, "reader", "-c"]);
    assert_eq!(world.policy("reader", "new"), NEW, "the second run knows that it is new");

    let role = world.json(&["display_role", account, "reader"]);
    assert_eq!(role["policies"].as_array().map(Vec::len), Some(3), "before, with what is new, and narrowed: {role}");
    world.done(&["rollback_role", account, "reader", "-s", "1", "-c"]);
    let restored = world.policy("reader", "data");
    assert!(restored.contains("sqs"), "{restored}");
    world.done(&["repo_role", account, "reader", "-c"]);
    world.done(&["run", "--account", account, "--access-advisor", &advisor, "--format", "json"]);
    assert_eq!(world.policy("reader", "data"), restored, "what a person gave back stays for as long as what is new");
}

/// A run that was killed between two steps, in an account of which no role is due.
fn what_a_killed_run_left_is_settled_though_nothing_is_due(place: &Place) {
    let world = World::new("left", place, json!({}));
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", READER)]));
    let gone = "arn:aws:iam::aws:policy/none";
    let document = |place, policy: &str, after: Option<&str>| Document {
        place,
        policy: policy.to_owned(),
        before: Some(READER.to_owned()),
        after: after.map(str::to_owned),
    };
    let less = READER.replace("sqs:SendMessage", "sqs:GetQueueUrl");
    let change = NewChange {
        principal: arn.parse().expect("an ARN"),
        purpose: Purpose::Repo,
        actor: "tests".to_owned(),
        undoes: None,
        documents: vec![document(DocumentPlace::Inline, "data", Some(&less))],
        proof: None,
    };
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let (id, unsettled) = runtime.block_on(async {
        let state = place.open().await;
        let now = jiff::Timestamp::now();
        let of = world.account.parse().expect("an account");
        let lease = state.lease(&of, "killed", now, jiff::SignedDuration::from_hours(1)).await.expect("is asked").expect("is free");
        let id = state.plan(&lease, &change, now).await.expect("is stored");
        state.advance(id, ChangeStatus::Applying, None, now).await.expect("is begun");
        // Another principal's, which IAM will not let anybody undo.
        let stuck = world.role("stuck", &[]).parse().expect("an ARN");
        let stuck = NewChange { principal: stuck, documents: vec![document(DocumentPlace::Attached, gone, None)], ..change };
        let unsettled = state.plan(&lease, &stuck, now).await.expect("is stored");
        state.advance(unsettled, ChangeStatus::Applying, None, now).await.expect("is begun");
        state.release(lease).await.expect("ends");
        state.close().await;
        (id, unsettled)
    });
    let _ = world.iam("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "data"), ("PolicyDocument", &less)]);
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", true)])]);
    let done = world.json(&["run", "--account", account, "--access-advisor", &advisor, "-c"]);
    assert_eq!(world.policy("reader", "data"), READER, "{done}");
    assert_eq!(done["accounts"][0]["roles"], json!(2), "the change that cannot be settled keeps no other from its round: {done}");
    let problems = done["accounts"][0]["problems"].to_string();
    assert!(problems.contains("it was undone") && problems.contains("left as it is for the next run"), "{problems}");
    let status = runtime.block_on(async {
        let state = place.open().await;
        let settled = state.change(id).await.expect("is read").expect("is there").status;
        let open = state.change(unsettled).await.expect("is read").expect("is there").status;
        state.close().await;
        (settled, open)
    });
    assert_eq!(status, (ChangeStatus::Failed, ChangeStatus::Applying));
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
