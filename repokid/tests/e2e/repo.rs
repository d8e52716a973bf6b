//! Narrowing roles, with inline, own, shared and AWS's managed policies.

use std::time::Duration;

use menagerie_tests::process::run_within;
use repokid::state::{ChangeStatus, OptOut};

use crate::world::{UNUSED, WIDE, World};

#[test]
fn nothing_is_written_without_commit() {
    let world = World::new("dry");
    let reader = world.role("reader", &[("wide", WIDE), ("unused", UNUSED)]);
    let before = world.live(&reader);
    let shown = world.run(&["repo_role", world.account.as_str(), "reader"]).success();
    assert!(
        shown.text().contains("inline policy wide is changed") && shown.text().contains("inline policy unused is deleted"),
        "{}",
        shown.text()
    );
    assert_eq!((world.written(), world.live(&reader)), (Vec::new(), before));
    assert_eq!(world.changes(&reader), Vec::new());
}

/// Defect 7 of Repokid: policies are deleted first and put back one by one.
#[test]
fn grants_are_put_before_anything_is_deleted() {
    let world = World::new("order");
    let reader = world.role("reader", &[("a-unused", UNUSED), ("wide", WIDE), ("z-unused", UNUSED)]);
    world.done(&["repo-role", world.account.as_str(), "reader", "-c"]);
    assert_eq!(world.written(), ["PutRolePolicy", "DeleteRolePolicy", "DeleteRolePolicy"]);
    assert_eq!(world.live(&reader).into_keys().collect::<Vec<_>>(), ["wide"]);
    assert!(world.allows(&reader, "s3:GetObject") && !world.allows(&reader, "sqs:ListQueues"));
    let changes = world.changes(&reader);
    assert_eq!(changes.iter().map(|change| change.status).collect::<Vec<_>>(), [ChangeStatus::Applied]);
    assert!(changes[0].change.proof.as_ref().is_some_and(|proof| proof.contains("\"newly_denied\":0")), "{:?}", changes[0].change.proof);
    let again = world.run(&["repo_role", world.account.as_str(), "reader", "-c"]).success();
    assert!(world.written().is_empty() && again.stderr.contains("nothing is proved unused"), "{}", again.stderr);
}

#[test]
fn an_own_managed_policy_gets_a_new_version_and_at_most_five() {
    let world = World::new("own");
    let account = world.account.as_str();
    let reader = world.role("reader", &[]);
    let policy = world.policy("own", WIDE);
    world.attach(&reader, &policy);
    for version in 0..4 {
        let text = UNUSED.replace("sns:*", &format!("sns:Publish{version}*"));
        world.iam("CreatePolicyVersion", &[("PolicyArn", &policy), ("PolicyDocument", &text), ("SetAsDefault", "false")]);
    }
    world.done(&["repo_role", account, "reader", "-c"]);
    let narrowed = world.in_force(&policy);
    assert!(!narrowed.contains("sqs") && narrowed.contains("s3:GetObject"), "{narrowed}");
    assert_eq!(world.written(), ["DeletePolicyVersion", "CreatePolicyVersion"]);
    let change = &world.changes(&reader)[0];
    let deleted = change.steps.iter().find(|step| step.what.starts_with("DeletePolicyVersion")).expect("is noted");
    assert!(deleted.what.contains("sns:Publish0*"), "the oldest that is not in force, with its text: {}", deleted.what);
    world.done(&["rollback_role", account, "reader", "-s", "1", "-c"]);
    assert_eq!(world.in_force(&policy), WIDE);
    assert_eq!(world.written(), ["SetDefaultPolicyVersion"], "the old version is still there");
}

#[test]
fn a_shared_policy_is_copied_and_left_as_it_is() {
    let world = World::new("shared");
    let account = world.account.as_str();
    let (reader, other) = (world.role("reader", &[]), world.role("other", &[]));
    let policy = world.policy("shared", WIDE);
    world.attach(&reader, &policy);
    world.attach(&other, &policy);
    world.done(&["repo_role", account, "reader", "-c"]);
    assert_eq!(world.written(), ["CreatePolicy", "AttachRolePolicy", "DetachRolePolicy"]);
    let live = world.live(&reader);
    let copy = live.keys().next().expect("a copy").clone();
    assert!(live.len() == 1 && copy.contains(":policy/repokid/shared-reader-"), "{live:?}");
    assert!(world.allows(&reader, "s3:GetObject") && !world.allows(&reader, "sqs:ListQueues"));
    assert!(world.allows(&other, "sqs:ListQueues") && world.in_force(&policy) == WIDE, "others keep theirs");
    world.done(&["rollback_role", account, "reader", "-s", "1", "-c"]);
    assert_eq!(world.live(&reader), [(policy, WIDE.to_owned())].into());
    assert!(!world.is_there(&copy), "the copy is gone");
}

#[test]
fn a_policy_of_aws_is_copied_and_detached() {
    let world = World::with_policies_of_aws("aws");
    let account = world.account.as_str();
    let reader = world.role("reader", &[("kept", WIDE)]);
    let policy = "arn:aws:iam::aws:policy/AmazonSQSFullAccess";
    world.attach(&reader, policy);
    let before = world.live(&reader);
    world.done(&["repo_role", account, "reader", "-c"]);
    assert!(!world.live(&reader).contains_key(policy) && world.allows(&reader, "s3:GetObject"));
    let change = world.changes(&reader)[0].id.to_string();
    world.done(&["rollback_role", account, "reader", "--change", &change, "-c"]);
    assert_eq!(world.live(&reader), before);
}

#[test]
fn who_has_opted_out_is_left_alone() {
    let world = World::new("optout");
    let reader = world.role("reader", &[("wide", WIDE)]);
    world.with_state(async |state| {
        let mut role = state.role_named(&world.account, "reader").await.expect("is read").expect("is there");
        let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
        role.opt_out = Some(OptOut { owner: "ann".to_owned(), reason: "a migration".to_owned(), expires });
        state.save(&mut role).await.expect("is written");
    });
    let run = world.run(&["repo_all_roles", world.account.as_str(), "-c"]).success();
    assert!(run.stderr.contains("OptOutFilter") && world.live(&reader)["wide"] == WIDE, "{}", run.stderr);
}

#[test]
fn what_is_newer_than_the_cache_is_kept() {
    let world = World::new("new");
    let reader = world.role("reader", &[("wide", WIDE)]);
    let config =
        world.namespace.write("strict.json", r#"{"active_filters": [], "repo_requirements": {"exclude_new_permissions_for_days": 14}}"#);
    world.iam("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "late"), ("PolicyDocument", UNUSED)]);
    let command = world.command_with(&config, &["repo_role", world.account.as_str(), "reader", "-c"]);
    let _ = run_within(Duration::from_secs(60), command, b"").success();
    let live = world.live(&reader);
    assert!(live["late"] == UNUSED && !live["wide"].contains("sqs"), "{live:?}");
}

#[test]
fn a_call_that_fails_has_everything_undone() {
    let world = World::new("undone");
    let reader = world.role("reader", &[("wide", WIDE), ("unused", UNUSED)]);
    let before = world.live(&reader);
    world.refuse(Some("DeleteRolePolicy"));
    let run = world.run(&["repo_role", world.account.as_str(), "reader", "-c"]);
    assert!(run.status == Some(2) && run.stderr.contains("was undone"), "{}", run.stderr);
    assert_eq!(world.live(&reader), before);
    assert_eq!(world.changes(&reader)[0].status, ChangeStatus::Failed);
}

#[test]
fn one_run_at_a_time_works_in_an_account() {
    let world = World::new("lease");
    let reader = world.role("reader", &[("wide", WIDE)]);
    world.with_state(async |state| {
        let now = jiff::Timestamp::now();
        state.lease(&world.account, "another run", now, jiff::SignedDuration::from_mins(5)).await.expect("is asked").expect("is free");
    });
    let run = world.run(&["repo_role", world.account.as_str(), "reader", "-c"]);
    assert!(run.status == Some(2) && run.stderr.contains("another run"), "{}", run.stderr);
    assert_eq!(world.live(&reader)["wide"], WIDE);
    world.minutes_later();
    world.done(&["repo_role", world.account.as_str(), "reader", "-c"]);
    assert!(!world.allows(&reader, "sqs:ListQueues"));
}

#[test]
fn what_has_changed_since_it_was_analysed_is_not_touched() {
    let world = World::new("since");
    let reader = world.role("reader", &[("wide", WIDE)]);
    let theirs = WIDE.replace("Both", "Theirs");
    world.meddle("ListRolePolicies", "PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "wide"), ("PolicyDocument", &theirs)]);
    let run = world.run(&["repo_role", world.account.as_str(), "reader", "-c"]);
    assert!(run.status == Some(1) && run.stderr.contains("wide has another text"), "{}", run.stderr);
    assert_eq!((world.written(), world.live(&reader)["wide"].as_str()), (Vec::new(), theirs.as_str()));
    assert_eq!(world.changes(&reader), Vec::new());
}

#[test]
fn what_others_change_midway_brings_the_rest_back() {
    let world = World::new("midway");
    let reader = world.role("reader", &[("unused", UNUSED), ("wide", WIDE)]);
    let theirs = WIDE.replace("Both", "Theirs");
    world.meddle("DeleteRolePolicy", "PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "wide"), ("PolicyDocument", &theirs)]);
    let run = world.run(&["repo_role", world.account.as_str(), "reader", "-c"]);
    assert!(run.status == Some(1) && run.stderr.contains("others changed the same policies meanwhile"), "{}", run.stderr);
    let expected = [("unused".to_owned(), UNUSED.to_owned()), ("wide".to_owned(), theirs)];
    assert_eq!(world.live(&reader), expected.into(), "what is ours is as it was");
    assert_eq!(world.changes(&reader).iter().map(|change| change.status).collect::<Vec<_>>(), [ChangeStatus::Failed]);
}

#[test]
fn a_policy_that_others_were_given_meanwhile_is_not_edited() {
    let world = World::new("given");
    let (reader, other) = (world.role("reader", &[]), world.role("other", &[]));
    let policy = world.policy("own", WIDE);
    world.attach(&reader, &policy);
    world.meddle("ListRolePolicies", "AttachRolePolicy", &[("RoleName", "other"), ("PolicyArn", &policy)]);
    let run = world.run(&["repo_role", world.account.as_str(), "reader", "-c"]);
    assert!(run.status == Some(1) && run.stderr.contains("attached to others"), "{}", run.stderr);
    assert!(world.in_force(&policy) == WIDE && world.allows(&other, "sqs:ListQueues"));
}

/// Accounts are reached by assuming the role that the configuration names.
#[test]
fn a_failed_account_keeps_no_other_from_its_turn() {
    let (here, there) = (World::new("here"), World::new("there"));
    let (reader, other) = (here.role("reader", &[("wide", WIDE)]), there.role("reader", &[("wide", WIDE)]));
    let config = r#"{"active_filters": [], "repo_requirements": {"exclude_new_permissions_for_days": 0},
        "connection_iam": {"assume_role": "RepokidRole", "session_name": "nightly"}}"#;
    let config = here.namespace.write("fan-out.json", config);
    let (front, assumed) = there.closed();
    let mut command = here.command_with(&config, &["repo_all_roles", there.account.as_str(), here.account.as_str(), "-c"]);
    command.env("AWS_ENDPOINT_URL", front.url());
    let run = run_within(Duration::from_secs(60), command, b"");
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(
        run.stderr.contains(&format!("account {}: ", there.account)) && run.stderr.contains("1 of 2 accounts failed"),
        "{}",
        run.stderr
    );
    assert!(!here.allows(&reader, "sqs:ListQueues") && there.live(&other)["wide"] == WIDE);
    let assumed = assumed.lock().expect("nobody panics with it").clone();
    let role = |world: &World| (format!("arn:aws:iam::{}:role/RepokidRole", world.account), "nightly".to_owned());
    assert!(assumed.contains(&role(&here)) && assumed.contains(&role(&there)), "{assumed:?}");
}
