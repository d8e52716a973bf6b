//! Who was in a group before the state knew it, as complete logs tell: over moto, at the first refresh.

use serde_json::{Value, json};

use crate::both;
use crate::complete::{Logs, config};
use crate::place::Place;
use crate::world::World;

both!(complete_logs_without_a_change_of_members_settle_a_group, a_change_of_members_in_the_logs_leaves_a_group_alone,);

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeVpcs","ec2:CreateVpc"],"Resource":"*"}]}"#;

/// An account with a group and its member, and a role whose use is in the logs.
fn world<'a>(label: &str, place: &'a Place) -> World<'a> {
    let mut config = config();
    config["principals"] = json!(["group", "user"]);
    let world = World::new(label, place, config);
    world.principal("Group", "team", &[("data", POLICY)]);
    world.principal("User", "ann", &[]);
    let _ = world.iam("AddUserToGroup", &[("GroupName", "team"), ("UserName", "ann")]);
    world
}

fn by_ann(world: &World<'_>, mut event: Value) -> Value {
    let arn = format!("arn:aws:iam::{}:user/ann", world.account);
    event["userIdentity"] = json!({ "type": "IAMUser", "arn": arn, "accountId": world.account, "userName": "ann" });
    event
}

/// What a dry round would schedule, and what is said of the group.
fn looked_at(world: &World<'_>) -> (Value, String) {
    let none = world.advisor(&[]);
    let round = world.json(&["run", "--account", &world.account, "--access-advisor", &none]);
    let group = world.json(&["display_role", &world.account, "group/team"]);
    (round["accounts"][0]["scheduled"].clone(), group["role"]["disqualified_by"].to_string())
}

fn complete_logs_without_a_change_of_members_settle_a_group(place: &Place) {
    let world = world("settled", place);
    let logs = Logs::new(&world, -2);
    let used = logs.log(9, &[by_ann(&world, logs.event(9, "DescribeVpcs", json!(null)))]);
    logs.digest("us-east-1", 9, &[used]);
    logs.add(&[]);
    let (scheduled, why) = looked_at(&world);
    assert!(scheduled == json!([]) && why.contains("who was in it before"), "nothing says what the trail logs: {scheduled} {why}");
    world.done(&["usage", "add", "--trail", &logs.trail()]);
    let (scheduled, why) = looked_at(&world);
    assert_eq!(why, "[]");
    assert_eq!((&scheduled[0]["role"], &scheduled[0]["permissions"]), (&json!("group/team"), &json!(["ec2:createvpc"])), "{scheduled}");
    let none = world.advisor(&[]);
    let round = world.json(&["run", "--account", &world.account, "--access-advisor", &none, "-c"]);
    assert_eq!(round["accounts"][0]["changed"], json!(1), "{round}");
    let narrowed = world.policy_of("Group", "team", "data");
    assert!(narrowed.contains("ec2:DescribeVpcs") && !narrowed.contains("CreateVpc"), "what ann used stays: {narrowed}");
}

fn a_change_of_members_in_the_logs_leaves_a_group_alone(place: &Place) {
    let world = world("moved", place);
    let logs = Logs::new(&world, -2);
    let mut moved = logs.event(9, "RemoveUserFromGroup", json!({ "groupName": "team", "userName": "bob" }));
    moved["eventSource"] = json!("iam.amazonaws.com");
    let moved = logs.log(9, &[by_ann(&world, moved)]);
    logs.digest("us-east-1", 9, &[moved]);
    logs.add(&["--trail", &logs.trail()]);
    let (scheduled, why) = looked_at(&world);
    assert!(scheduled == json!([]) && why.contains("its members changed on"), "{scheduled} {why}");
    let done = world.run(&["repo_role", &world.account, "group/team", "-c"]).success();
    assert!(done.stderr.contains("its members changed on"), "{}", done.stderr);
    assert_eq!(world.policy_of("Group", "team", "data"), POLICY);
}
