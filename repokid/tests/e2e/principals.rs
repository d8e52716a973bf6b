//! Users and groups: narrowed, restored and watched as roles are, and left alone where what their use is told by was not the same.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::Arn;
use menagerie_tests::process::run_within;
use repokid::state::{ChangeStatus, OptOut};
use serde_json::{Value, json};

use crate::world::{UNUSED, WIDE, World};

/// A user and a group that it is in, with the names that commands have for them.
fn both(world: &World) -> [(Arn, &'static str); 2] {
    let inline = [("wide", WIDE), ("unused", UNUSED)];
    let (user, group) = (world.user("ann", &inline), world.group("team", &inline));
    world.join(&group, &user);
    [(user, "user/ann"), (group, "group/team")]
}

#[test]
fn inline_policies_are_narrowed_and_restored_to_the_letter() {
    let world = World::new("inline");
    let account = world.account.as_str();
    for (principal, name) in both(&world) {
        let before = world.live(&principal);
        let shown = world.run(&["repo_role", account, name]).success().text();
        assert!(shown.contains("inline policy wide is changed") && shown.contains("inline policy unused is deleted"), "{shown}");
        assert_eq!((world.written(), world.live(&principal)), (Vec::new(), before.clone()), "nothing is written without -c");
        world.done(&["repo_role", account, principal.as_str(), "-c"]);
        let kind = if name.starts_with("user") { "User" } else { "Group" };
        assert_eq!(world.written(), [format!("Put{kind}Policy"), format!("Delete{kind}Policy")], "what is put comes first");
        assert!(world.allows(&principal, "s3:GetObject") && !world.allows(&principal, "sqs:ListQueues"));
        let changes = world.changes(&principal);
        assert_eq!(changes.iter().map(|change| change.status).collect::<Vec<_>>(), [ChangeStatus::Applied]);
        let proof = changes[0].change.proof.as_deref().expect("is kept with the change");
        assert!(proof.contains("\"newly_denied\":0"), "{proof}");
        let listed = world.run(&["rollback_role", account, name]).success().text();
        assert!(listed.contains("version 0: ") && listed.contains("version 1: "), "{listed}");
        world.done(&["rollback_role", account, name, "-s", "0", "-c"]);
        assert_eq!(world.live(&principal), before, "byte for byte");
        world.written();
    }
}

#[test]
fn managed_policies_get_a_version_or_a_copy() {
    let world = World::new("managed");
    let account = world.account.as_str();
    for ((principal, name), own) in both(&world).into_iter().zip(["own-a", "own-b"]) {
        world.done(&["repo_role", account, name, "-c"]);
        let (own, shared) = (world.policy(own, WIDE), world.policy(&format!("shared-{own}"), WIDE));
        let other = world.role(&format!("other-{}", principal.as_str().len()), &[]);
        world.attach(&principal, &own);
        world.attach(&principal, &shared);
        world.attach(&other, &shared);
        let before = world.live(&principal);
        world.done(&["repo_role", account, name, "-c"]);
        assert!(!world.in_force(&own).contains("sqs") && world.in_force(&shared) == WIDE, "others keep theirs");
        assert!(world.allows(&other, "sqs:ListQueues") && !world.allows(&principal, "sqs:ListQueues"));
        let live = world.live(&principal);
        assert!(!live.contains_key(&shared) && live.keys().any(|arn| arn.contains(":policy/repokid/shared-")), "{live:?}");
        let change = world.changes(&principal)[0].id.to_string();
        world.done(&["rollback_role", account, name, "--change", &change, "-c"]);
        assert_eq!(world.live(&principal), before, "byte for byte");
    }
}

#[test]
fn a_policy_of_a_user_and_its_group_is_copied_for_each() {
    let world = World::new("shared-both");
    let account = world.account.as_str();
    let [(user, _), (group, _)] = both(&world);
    let shared = world.policy("shared", WIDE);
    world.attach(&user, &shared);
    world.attach(&group, &shared);
    world.done(&["repo_all_roles", account, "-c"]);
    for principal in [&user, &group] {
        assert!(world.allows(principal, "s3:GetObject") && !world.allows(principal, "sqs:ListQueues"), "{principal}");
        assert_eq!(world.changes(principal)[0].status, ChangeStatus::Applied);
    }
    assert_eq!(world.in_force(&shared), WIDE);
}

/// Drop-in: whoever says nothing has roles changed, and nobody else.
#[test]
fn who_is_not_configured_is_left_alone() {
    let world = World::new("unnamed");
    let config = world.namespace.write("roles.json", r#"{"repo_requirements": {"exclude_new_permissions_for_days": 0}}"#);
    for (principal, name) in both(&world) {
        let before = world.live(&principal);
        for command in ["repo_role", "repo_all_roles"] {
            let named = if command == "repo_role" { vec![name] } else { Vec::new() };
            let arguments = [&[command, world.account.as_str()][..], &named, &["-c"]].concat();
            let done = run_within(Duration::from_secs(60), world.command_with(&config, &arguments), b"").success();
            assert_eq!(named.is_empty(), !done.stderr.contains("`principals` of the configuration has no"), "{}", done.stderr);
        }
        assert_eq!((world.live(&principal), world.written()), (before, Vec::new()));
    }
}

/// What one member uses, all keep, and it counts against the user's own policies as well.
#[test]
fn the_use_of_each_member_counts() {
    let world = World::new("members");
    let account = world.account.as_str();
    let inline = [("unused", UNUSED), ("wide", WIDE)];
    let (idle, busy, group) = (world.user("idle", &inline), world.user("busy", &inline), world.group("team", &inline));
    world.join(&group, &idle);
    world.join(&group, &busy);
    let event = event(&busy, "sqs:ListQueues", Timestamp::now(), None);
    let logs = world.namespace.write("used.json", json!({ "Records": [event] }).to_string());
    world.done(&["usage", "add", logs.to_str().expect("text")]);
    world.done(&["repo_all_roles", account, "-c"]);
    for (principal, keeps) in [(&idle, false), (&busy, true), (&group, true)] {
        assert_eq!(world.allows(principal, "sqs:ListQueues"), keeps, "{principal}");
        assert!(!world.allows(principal, "sns:Publish") && world.allows(principal, "s3:GetObject"), "{principal}");
    }
    let proof = world.changes(&group)[0].change.proof.clone().expect("is kept");
    assert!(proof.contains("\"uses_replayed\":1"), "{proof}");
}

#[test]
fn a_group_whose_members_are_others_is_left_alone() {
    let world = World::new("joined");
    let account = world.account.as_str();
    let group = world.group("team", &[("wide", WIDE)]);
    let (ann, bob) = (world.user("ann", &[]), world.user("bob", &[]));
    world.join(&group, &ann);
    let left = |why: &str| {
        let done = world.run(&["repo_role", account, "group/team", "-c"]).success();
        assert!(done.stderr.contains(why), "{why}: {}", done.stderr);
        assert_eq!(world.live(&group)["wide"], WIDE, "{why}");
    };
    // Since the last refresh.
    world.iam("AddUserToGroup", &[("GroupName", "team"), ("UserName", "bob")]);
    left("its members are others than at the last refresh");
    // A refresh within the window found it.
    world.iam("RemoveUserFromGroup", &[("GroupName", "team"), ("UserName", "bob")]);
    let set = |change: &dyn Fn(&mut repokid::state::Footing)| {
        world.with_state(async |state| {
            let mut role = state.role_named(&world.account, group.as_str()).await.expect("is read").expect("is there");
            change(role.footing.as_mut().expect("is known"));
            state.save(&mut role).await.expect("is written");
        });
    };
    set(&|footing| footing.changed = Some(Timestamp::now() - SignedDuration::from_hours(24 * 80)));
    left("its members changed on ");
    set(&|footing| footing.changed = Some(Timestamp::now() - SignedDuration::from_hours(24 * 91)));
    // The logs show that somebody came and went.
    let parameters = json!({ "groupName": "team", "userName": "bob" });
    let moved = event(&bob, "iam:AddUserToGroup", Timestamp::now() - SignedDuration::from_hours(24), Some(parameters));
    let elsewhere = json!({ "groupName": "other-team", "userName": "bob" });
    let others = event(&ann, "iam:AddUserToGroup", Timestamp::now() - SignedDuration::from_hours(24), Some(elsewhere));
    let add = |name: &str, event: &Value| {
        let logs = world.namespace.write(name, json!({ "Records": [event] }).to_string());
        world.done(&["usage", "add", logs.to_str().expect("text")]);
    };
    add("others.json", &others);
    let shown = world.run(&["repo_role", account, "group/team"]).success();
    assert!(shown.text().contains("inline policy wide is changed"), "another group's members: {}", shown.stderr);
    add("moved.json", &moved);
    left("its members changed on ");
}

#[test]
fn who_was_in_a_group_before_it_was_known_is_not_known() {
    let world = World::new("unknown");
    let group = world.group("team", &[("wide", WIDE)]);
    world.with_state(async |state| {
        let mut role = state.role_named(&world.account, group.as_str()).await.expect("is read").expect("is there");
        role.footing.as_mut().expect("is known").known = Timestamp::now() - SignedDuration::from_hours(24 * 80);
        state.save(&mut role).await.expect("is written");
    });
    let done = world.run(&["repo_role", world.account.as_str(), "group/team", "-c"]).success();
    assert!(done.stderr.contains("who was in it before"), "{}", done.stderr);
    assert_eq!(world.live(&group)["wide"], WIDE);
}

/// Who runs once a year may have all that its groups give for it.
#[test]
fn a_group_is_looked_at_for_as_long_as_any_of_its_members() {
    let world = World::new("yearly");
    let group = world.group("team", &[("wide", WIDE)]);
    let ann = world.user("ann", &[]);
    world.join(&group, &ann);
    world.with_state(async |state| {
        let mut role = state.role_named(&world.account, group.as_str()).await.expect("is read").expect("is there");
        role.footing.as_mut().expect("is known").known = Timestamp::now() - SignedDuration::from_hours(24 * 100);
        state.save(&mut role).await.expect("is written");
    });
    let shown = world.run(&["repo_role", world.account.as_str(), "group/team"]).success();
    assert!(shown.text().contains("inline policy wide is changed"), "{}", shown.stderr);
    let config = r#"{"active_filters": [], "repo_requirements": {"exclude_new_permissions_for_days": 0},
        "principals": ["user", "group"], "observation": {"ANN": "yearly"}}"#;
    let config = world.namespace.write("yearly.json", config);
    let command = world.command_with(&config, &["repo_role", world.account.as_str(), "group/team"]);
    let shown = run_within(Duration::from_secs(60), command, b"").success();
    assert!(shown.stderr.contains("who was in it before"), "{}", shown.stderr);
}

/// What a user did under another name is not found under this one.
#[test]
fn a_user_who_was_called_otherwise_is_left_alone() {
    let world = World::new("renamed");
    let account = world.account.as_str();
    let ann = world.user("ann", &[("wide", WIDE)]);
    world.iam("UpdateUser", &[("UserName", "ann"), ("NewUserName", "anna")]);
    let done = world.run(&["repo_role", account, "user/anna", "-c"]).success();
    assert!(done.stderr.contains("has not seen it yet"), "{}", done.stderr);
    let anna: Arn = ann.as_str().replace("/ann", "/anna").parse().expect("an ARN");
    assert_eq!(world.live(&anna)["wide"], WIDE);
    let advisor = world.namespace.write("advisor.json", "{}");
    world.done(&["update_role_cache", account, "--access-advisor", advisor.to_str().expect("text")]);
    let done = world.run(&["repo_role", account, "user/anna", "-c"]).success();
    assert!(done.stderr.contains("it was called otherwise until"), "{}", done.stderr);
    assert_eq!(world.live(&anna)["wide"], WIDE);
}

/// Before the state knew anybody, somebody got another name: whoever is not known for as long may be the one.
#[test]
fn a_new_name_in_the_logs_may_be_anybodys_who_is_known_since() {
    let world = World::new("names");
    let account = world.account.as_str();
    let ann = world.user("ann", &[("wide", WIDE)]);
    let (long_ago, known) =
        (Timestamp::now() - SignedDuration::from_hours(24 * 70), Timestamp::now() - SignedDuration::from_hours(24 * 60));
    let update = |name: &str| event(&ann, "iam:UpdateUser", long_ago, Some(json!({ "userName": name, "newPath": "/x/" })));
    let add = |name: &str| {
        let logs = world.namespace.write(&format!("{name}.json"), json!({ "Records": [update(name)] }).to_string());
        world.done(&["usage", "add", logs.to_str().expect("text")]);
    };
    add("ann");
    world.with_state(async |state| {
        let mut role = state.role_named(&world.account, ann.as_str()).await.expect("is read").expect("is there");
        role.footing.as_mut().expect("is known").known = known;
        state.save(&mut role).await.expect("is written");
    });
    let shown = world.run(&["repo_role", account, "user/ann"]).success();
    assert!(shown.text().contains("inline policy wide is changed"), "a user that is called so still: {}", shown.stderr);
    add("anette");
    let done = world.run(&["repo_role", account, "user/ann", "-c"]).success();
    assert!(done.stderr.contains("a user got another name on"), "{}", done.stderr);
    assert_eq!(world.live(&ann)["wide"], WIDE);
}

/// Who is for the worst day has what its groups give it.
#[test]
fn a_group_is_left_alone_for_its_members_sake() {
    let world = World::new("wishes");
    let account = world.account.as_str();
    let [(ann, _), (group, _)] = both(&world);
    let left = |why: &str| {
        let done = world.run(&["repo_role", account, "group/team", "-c"]).success();
        assert!(done.stderr.contains(why), "{why}: {}", done.stderr);
        assert_eq!(world.live(&group)["wide"], WIDE, "{why}");
    };
    let opt_out = |wish: Option<OptOut>| {
        world.with_state(async |state| {
            let mut role = state.role_named(&world.account, ann.as_str()).await.expect("is read").expect("is there");
            role.opt_out = wish;
            state.save(&mut role).await.expect("is written");
        });
    };
    let expires = Timestamp::now() + SignedDuration::from_hours(1);
    opt_out(Some(OptOut { owner: "ann".to_owned(), reason: "a migration".to_owned(), expires }));
    left("OptOutFilter: of its member ann: ann opted out");
    opt_out(None);
    world.iam("TagUser", &[("UserName", "ann"), ("Tags.member.1.Key", "break-glass"), ("Tags.member.1.Value", "yes")]);
    left("its member ann is left alone: the tag break-glass asks for it");
    let done = world.run(&["repo_role", account, "user/ann", "-c"]).success();
    assert!(done.stderr.contains("the tag break-glass asks for it") && world.live(&ann)["wide"] == WIDE, "{}", done.stderr);
    world.iam("UntagUser", &[("UserName", "ann"), ("TagKeys.member.1", "break-glass")]);
    world.done(&["repo_role", account, "group/team", "-c"]);
    assert!(!world.allows(&group, "sqs:ListQueues"));
}

#[test]
fn a_policy_that_is_somebodys_boundary_is_not_edited() {
    let world = World::new("boundary");
    let account = world.account.as_str();
    let ann = world.user("ann", &[]);
    world.role("bound", &[]);
    let both = world.policy("both", WIDE);
    world.iam("PutRolePermissionsBoundary", &[("RoleName", "bound"), ("PermissionsBoundary", &both)]);
    world.attach(&ann, &both);
    world.done(&["repo_role", account, "user/ann", "-c"]);
    assert_eq!(world.in_force(&both), WIDE);
    assert!(world.allows(&ann, "s3:GetObject") && !world.allows(&ann, "sqs:ListQueues"));
    let live = world.live(&ann);
    assert!(live.len() == 1 && !live.contains_key(&both), "a copy stands in its place: {live:?}");
}

/// An event of a user's.
fn event(user: &Arn, action: &str, at: Timestamp, parameters: Option<Value>) -> Value {
    let (service, name) = action.split_once(':').expect("an action");
    let who = user.resource().rsplit('/').next().expect("a name");
    json!({
        "eventVersion": "1.08", "eventID": format!("{who}-{name}"), "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": "us-east-1", "eventType": "AwsApiCall",
        "managementEvent": true, "recipientAccountId": user.account(), "responseElements": null,
        "requestParameters": parameters,
        "userIdentity": {"type": "IAMUser", "arn": user.as_str(), "accountId": user.account(), "userName": who},
    })
}

#[test]
fn denials_of_users_are_told_and_those_of_groups_wait_for_a_person() {
    let world = World::new("denied");
    let account = world.account.as_str();
    let alone = world.user("alone", &[("wide", WIDE)]);
    let member = world.user("member", &[]);
    let group = world.group("team", &[("wide", WIDE)]);
    world.join(&group, &member);
    world.done(&["repo_all_roles", account, "-c"]);
    assert!(!world.allows(&alone, "sqs:ListQueues") && !world.allows(&group, "sqs:ListQueues"));
    let denied = |user: &Arn| {
        let mut denied = event(user, "sqs:ListQueues", Timestamp::now() + SignedDuration::from_secs(60), None);
        denied["errorCode"] = json!("AccessDenied");
        denied["errorMessage"] = json!(format!(
            "User: {user} is not authorized to perform: sqs:ListQueues on resource: arn:aws:sqs:us-east-1:{account}:x because no identity-based policy allows the action"
        ));
        denied
    };
    let logs = world.namespace.write("denied.json", json!({ "Records": [denied(&alone), denied(&member)] }).to_string());
    let run = world.run(&["watch", logs.to_str().expect("text"), "--json", "--auto-rollback"]);
    let alerts: Vec<Value> = run.text().lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let of = |user: &Arn| alerts.iter().find(|alert| alert["principal"] == user.as_str()).unwrap_or_else(|| panic!("{alerts:?}"));
    assert!(of(&alone)["answer"]["restored"].is_string(), "{alerts:?}");
    assert_eq!(of(&member)["narrowed"], group.as_str());
    assert!(of(&member)["answer"]["waits"].as_str().is_some_and(|why| why.contains("a group was narrowed")), "{alerts:?}");
    assert!(world.allows(&alone, "sqs:ListQueues") && !world.allows(&alone, "sqs:SendMessage"), "what was denied, and no more");
    assert!(!world.allows(&group, "sqs:ListQueues"));
    let versions = world.run(&["rollback_role", account, "user/alone"]).success().text();
    assert!(versions.contains("AutoRollback"), "{versions}");
}
