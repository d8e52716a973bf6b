//! Users and groups from cache to schedule to change to rollback, by the commands that people type, where the configuration names them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::both;
use crate::code::code;
use crate::place::Place;
use crate::world::World;

both!(
    a_whole_round_of_users_and_groups,
    without_being_named_they_are_not_looked_at,
    what_is_new_of_them_is_protected,
    filters_hold_for_them,
    who_is_named_no_more_is_done_with,
    what_code_owns_of_them_is_changed_there,
    who_is_left_alone_is_not_changed_in_code_either,
);

const POLICY: &str = "{\"Version\":\"2012-10-17\",\n \"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"sqs:SendMessage\"],\"Resource\":\"*\"}]}";

fn named(more: Value) -> Value {
    let mut config = json!({ "principals": ["role", "user", "group"] });
    for (key, value) in more.as_object().expect("an object") {
        config[key] = value.clone();
    }
    config
}

/// A role, a user and a group that the user is in, all of which could do without SQS; with a file of rows of Access Advisor that say so.
fn three(world: &World<'_>) -> String {
    let arns = [
        world.role("reader", &[("data", POLICY)]),
        world.principal("User", "ann", &[("data", POLICY)]),
        world.principal("Group", "team", &[("data", POLICY)]),
    ];
    let _ = world.iam("AddUserToGroup", &[("GroupName", "team"), ("UserName", "ann")]);
    let rows: Vec<_> = arns.iter().map(|arn| (arn.as_str(), &[("s3", true), ("sqs", false)][..])).collect();
    world.advisor(&rows)
}

/// The group's members have been the same for years, as the state knows.
fn settle(world: &World<'_>) {
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    runtime.block_on(async {
        let state = world.place.open().await;
        let account = world.account.parse().expect("an account");
        let mut group = state.role_named(&account, "group/team").await.expect("is read").expect("is there");
        group.footing.as_mut().expect("is known").known = Timestamp::now() - SignedDuration::from_hours(24 * 1000);
        state.save(&mut group).await.expect("is written");
        state.close().await;
    });
}

/// The inline policies as they are: the role's, the user's and the group's.
fn policies(world: &World<'_>) -> [String; 3] {
    [("Role", "reader"), ("User", "ann"), ("Group", "team")].map(|(kind, name)| world.policy_of(kind, name, "data"))
}

fn texts(list: &Value, key: &str) -> Vec<String> {
    let texts = list.as_array().expect("a list").iter().map(|one| one[key].as_str().expect("a text").to_owned());
    let mut texts: Vec<_> = texts.collect();
    texts.sort();
    texts
}

fn a_whole_round_of_users_and_groups(place: &Place) {
    let world = World::new("principals", place, named(json!({})));
    let (account, advisor) = (world.account.as_str(), three(&world));
    let run = |more: &[&str]| world.json(&[&["run", "--account", account, "--access-advisor", &advisor], more].concat());

    // A dry run writes the cache and nothing else. Who was in the group before today is not known.
    let dry = run(&[]);
    let done = &dry["accounts"][0];
    assert_eq!((&done["roles"], &done["users"], &done["groups"]), (&json!(1), &json!(1), &json!(1)), "{dry}");
    assert_eq!(texts(&done["scheduled"], "role"), ["reader", "user/ann"], "{dry}");
    let group = world.json(&["display_role", account, "group/team"]);
    assert_eq!(group["role"]["disqualified_by"][0]["filter"], json!("FootingFilter"), "{group}");
    assert_eq!(policies(&world), [POLICY; 3]);

    // Once that is known for the whole window, it is the group's turn, too.
    settle(&world);
    let done = run(&["-c"]);
    assert_eq!(done["accounts"][0]["changed"], json!(3), "{done}");
    let changes = &done["accounts"][0]["changes"];
    assert_eq!(texts(changes, "role"), ["group/team", "reader", "user/ann"], "{done}");
    for narrowed in policies(&world) {
        assert!(!narrowed.contains("sqs") && narrowed.contains("s3:GetObject"), "{narrowed}");
    }
    let again = run(&["-c"]);
    assert_eq!((&again["accounts"][0]["changed"], &again["accounts"][0]["scheduled"]), (&json!(0), &json!([])), "{again}");

    // Each has versions, and comes back by them or by the change, to the letter.
    for name in ["user/ann", "group/team"] {
        let role = world.json(&["display_role", account, name]);
        assert_eq!(role["role"]["kind"], json!(name.split('/').next()), "{role}");
        let sources: Vec<_> = role["policies"].as_array().expect("versions").iter().map(|one| one["source"].clone()).collect();
        assert_eq!(sources, ["Scan", "Repo"], "{role}");
        assert!(role["role"]["repoed"].is_string(), "{role}");
    }
    let of = |name: &str| {
        let list = changes.as_array().expect("a list");
        list.iter().find(|one| one["role"] == name).expect("is there")["change"].as_str().expect("a change").to_owned()
    };
    world.done(&["rollback_role", account, "user/ann", "--change", &of("user/ann"), "-c"]);
    world.done(&["rollback_role", account, &format!("arn:aws:iam::{account}:group/team"), "-s", "0", "-c"]);
    let [reader, ann, team] = policies(&world);
    assert_eq!((ann.as_str(), team.as_str()), (POLICY, POLICY), "byte for byte");
    assert!(!reader.contains("sqs"), "the role is not concerned");
    let table = world.run(&["display_role_cache", account]).success().text();
    assert!(["reader ", "user/ann ", "group/team "].iter().all(|name| table.contains(name)), "{table}");
}

fn without_being_named_they_are_not_looked_at(place: &Place) {
    let world = World::new("unnamed", place, json!({}));
    let (account, advisor) = (world.account.as_str(), three(&world));
    let done = world.json(&["run", "--account", account, "--access-advisor", &advisor, "-c"]);
    let done = &done["accounts"][0];
    assert_eq!((&done["roles"], &done["users"], &done["changed"]), (&json!(1), &json!(0), &json!(1)), "{done}");
    let [_, ann, team] = policies(&world);
    assert_eq!((ann.as_str(), team.as_str()), (POLICY, POLICY));
    assert_eq!(world.run(&["display_role", account, "user/ann"]).status, Some(2), "the state does not know it");
    let shown = world.run(&["repo_role", account, "user/ann", "-c"]).success();
    assert!(shown.stderr.contains("`principals` of the configuration has no \"user\""), "{}", shown.stderr);
}

/// At the first refresh all is new, and later what was granted since.
fn what_is_new_of_them_is_protected(place: &Place) {
    const NEW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}"#;
    let world = World::new("new", place, named(json!({ "repo_requirements": { "exclude_new_permissions_for_days": 14 } })));
    let (account, ann) = (world.account.as_str(), world.principal("User", "ann", &[("data", POLICY)]));
    let group = world.principal("Group", "team", &[("data", POLICY)]);
    let unused = [("s3", true), ("sqs", false), ("sns", false)];
    let advisor = world.advisor(&[(&ann, &unused), (&group, &unused)]);
    let update = || world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    let repoable = |name: &str| world.json(&["display_role", account, name])["role"]["repoable_services"].clone();
    update();
    assert_eq!((repoable("user/ann"), repoable("group/team")), (json!([]), json!([])), "nothing tells since when it is granted");

    // What was there is old by now.
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    runtime.block_on(async {
        let state = place.open().await;
        for name in ["user/ann", "group/team"] {
            let mut role = state.role_named(&world.account.parse().expect("an account"), name).await.expect("is read").expect("is there");
            role.protected = repokid::state::Protected::default();
            state.save(&mut role).await.expect("is written");
        }
        state.close().await;
    });
    for (kind, name) in [("User", "ann"), ("Group", "team")] {
        let key = format!("{kind}Name");
        let _ = world.iam(&format!("Put{kind}Policy"), &[(&key, name), ("PolicyName", "new"), ("PolicyDocument", NEW)]);
    }
    world.done(&["repo_role", account, "user/ann", "-c"]);
    assert!(!world.policy_of("User", "ann", "data").contains("sqs"));
    assert_eq!(world.policy_of("User", "ann", "new"), NEW, "the change is the first that sees it");
    update();
    assert_eq!((repoable("user/ann"), repoable("group/team")), (json!([]), json!(["sqs"])));
    world.done(&["rollback_role", account, "user/ann", "-s", "0", "-c"]);
    world.done(&["repo_role", account, "user/ann", "-c"]);
    assert_eq!(world.policy_of("User", "ann", "data"), POLICY, "what a person gave back stays for as long as what is new");
}

fn filters_hold_for_them(place: &Place) {
    let world = World::new("filters", place, named(json!({})));
    let (account, advisor) = (world.account.as_str(), three(&world));
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    settle(&world);
    world.configure("active_filters", json!(["repokid.filters.blocklist:BlocklistFilter", "repokid.filters.exclusive:ExclusiveFilter"]));
    world.configure("filter_config", json!({ "BlocklistFilter": { "all": ["ANN"] }, "ExclusiveFilter": { "all": ["ann", "reader"] } }));
    let done = world.run(&["repo_all_roles", account]).success();
    for reason in [
        ":user/ann: left alone: BlocklistFilter: it is on the blocklist",
        "ExclusiveFilter: no glob of ExclusiveFilter names it; BlocklistFilter: of its member ann: it is on the blocklist",
    ] {
        assert!(done.stderr.contains(reason), "{reason}: {}", done.stderr);
    }
    // By default Lambda's filter is asked, too: nobody assumes a user.
    world.configure("active_filters", json!(["repokid.filters.lambda:LambdaFilter", "repokid.filters.optout:OptOutFilter"]));
    world.done(&["opt_out", account, "group/team", "--owner", "bob", "--reason", "audit"]);
    let done = world.run(&["repo_all_roles", account, "-c"]).success();
    assert!(done.stderr.contains("3 looked at, 2 changed, 1 left alone"), "{}", done.stderr);
    let [_, ann, team] = policies(&world);
    assert!(!ann.contains("sqs") && team == POLICY, "{ann} {team}");
    // What is scheduled of one is cancelled by its name, and nobody else's.
    world.done(&["opt_out", account, "group/team", "--remove"]);
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    assert_eq!(texts(&world.json(&["schedule_repo", account])["scheduled"], "role"), ["group/team"]);
    assert_eq!(world.run(&["cancel_scheduled_repo", account, "-r", "team"]).status, Some(2), "that would be a role");
    world.done(&["cancel_scheduled_repo", account, "-r", "group/team"]);
    assert_eq!(world.json(&["show_scheduled_roles", account])["scheduled"], json!([]));
}

fn who_is_named_no_more_is_done_with(place: &Place) {
    let world = World::new("no-more", place, named(json!({})));
    let (account, advisor) = (world.account.as_str(), three(&world));
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    world.done(&["schedule_repo", account]);
    world.configure("principals", json!(["role"]));
    let done = world.run(&["repo_scheduled_roles", account, "-c"]);
    assert!(done.status == Some(1) && done.text().contains("1 changed"), "{}{}", done.text(), done.stderr);
    let [reader, ann, _] = policies(&world);
    assert!(!reader.contains("sqs") && ann == POLICY, "it was scheduled, and is named no more: {ann}");
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    assert_eq!(world.json(&["show_scheduled_roles", account])["scheduled"], json!([]));
    // Named again it goes on, but for what was meanwhile.
    world.configure("principals", json!(["role", "user", "group"]));
    settle(&world);
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    let group = world.json(&["display_role", account, "group/team"]);
    assert!(group["role"]["disqualified_by"].to_string().contains("who was in it before"), "{group}");
    let user = world.json(&["display_role", account, "user/ann"]);
    assert_eq!((&user["role"]["active"], &user["role"]["disqualified_by"]), (&json!(true), &json!([])), "{user}");
}

fn what_code_owns_of_them_is_changed_there(place: &Place) {
    let folder = tempfile::tempdir().expect("a folder");
    let map = folder.path().join("map.json");
    let world = World::new("code", place, named(json!({})));
    let (account, advisor) = (world.account.as_str(), three(&world));
    // A group has no tags: the map tells of it.
    std::fs::write(&map, json!({ format!("arn:aws:iam::{account}:group/*"): "groups.tf" }).to_string()).expect("is written");
    let sources = folder.path().join("code");
    std::fs::create_dir(&sources).expect("is made");
    for (file, kind, name) in [("users.tf", "user", "ann"), ("groups.tf", "group", "team")] {
        let text = code(kind, name);
        std::fs::write(sources.join(file), text).expect("is written");
    }
    world.configure("code", json!({ "map": map, "folder": sources, "output": folder.path().join("review") }));
    let _ = world.iam("TagUser", &[("UserName", "ann"), ("Tags.member.1.Key", "managed-by"), ("Tags.member.1.Value", "terraform")]);
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    settle(&world);
    let round = world.json(&["run", "--account", account, "--access-advisor", &advisor, "-c"]);
    let done = &round["accounts"][0];
    assert_eq!(
        (&done["changed"], texts(&done["owned"], "role")),
        (&json!(1), vec!["group/team".to_owned(), "user/ann".to_owned()]),
        "{round}"
    );
    let [reader, ann, team] = policies(&world);
    assert!(!reader.contains("sqs") && ann == POLICY && team == POLICY, "{ann} {team}");
    let request = std::fs::read_to_string(folder.path().join("review").join(account).join("pull-request.md")).expect("is written");
    assert!(request.contains("aws_iam_user_policy.ann") && request.contains("aws_iam_group_policy.team"), "{request}");
    let patch = std::fs::read_to_string(folder.path().join("review").join(account).join("changes.patch")).expect("is written");
    assert_eq!(patch.matches("-      Action   = [\"s3:GetObject\", \"sqs:SendMessage\"]").count(), 2, "{patch}");
    assert!(patch.contains("users.tf") && patch.contains("groups.tf"), "{patch}");
}

fn who_is_left_alone_is_not_changed_in_code_either(place: &Place) {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::new("kept", place, named(json!({})));
    let account = world.account.as_str();
    let mut arns = Vec::new();
    for user in ["ann", "bob"] {
        arns.push(world.principal("User", user, &[("data", POLICY)]));
        let _ = world.iam("TagUser", &[("UserName", user), ("Tags.member.1.Key", "managed-by"), ("Tags.member.1.Value", "terraform")]);
        let text = code("user", user);
        std::fs::write(folder.path().join(format!("{user}.tf")), text).expect("is written");
    }
    // Of a group that is not looked at nothing is changed, either.
    arns.push(world.principal("Group", "team", &[("data", POLICY)]));
    std::fs::write(folder.path().join("team.tf"), code("group", "team")).expect("is written");
    world.configure("principals", json!(["user"]));
    world.configure("code", json!({ "folder": folder.path() }));
    let rows: Vec<_> = arns.iter().map(|arn| (arn.as_str(), &[("s3", true), ("sqs", false)][..])).collect();
    let advisor = world.advisor(&rows);
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    world.done(&["opt_out", account, "user/bob", "--owner", "bob", "--reason", "audit"]);
    let shown = world.run(&["repo_all_roles", account, "-c"]).success().text();
    assert!(shown.contains("aws_iam_user_policy.ann") && shown.contains("--- a/ann.tf"), "{shown}");
    assert!(!shown.contains("bob.tf") && !shown.contains("team.tf"), "{shown}");
}
