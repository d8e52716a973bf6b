//! The way back.

use crate::world::{UNUSED, WIDE, World};

/// Defect 1 of Repokid: rollback deletes what it has just restored.
#[test]
fn rollback_keeps_what_it_has_just_restored() {
    let world = World::new("defect1");
    let account = world.account.as_str();
    let reader = world.role("reader", &[("wide", WIDE), ("unused", UNUSED), ("also-unused", UNUSED)]);
    let before = world.live(&reader);
    world.done(&["repo_role", account, "reader", "-c"]);
    world.written();
    let listed = world.run(&["rollback_role", account, "reader"]).success().text();
    assert!(listed.contains("version 0: ") && listed.contains("version 1: "), "{listed}");
    let shown = world.run(&["rollback_role", account, "reader", "-s", "0"]).success();
    assert!(shown.stderr.contains("say -c") && world.written().is_empty(), "{}", shown.stderr);
    world.done(&["rollback_role", account, "reader", "-s", "0", "-c"]);
    assert_eq!(world.written(), ["PutRolePolicy"; 3], "nothing is deleted");
    assert_eq!(world.live(&reader), before, "to the letter");
    let again = world.run(&["rollback_role", account, "reader", "-s", "0", "-c"]).success();
    assert!(world.written().is_empty() && again.stderr.contains("is as it was"), "{}", again.stderr);
}

#[test]
fn what_came_since_goes_after_what_is_restored() {
    let world = World::new("since");
    let account = world.account.as_str();
    let reader = world.role("reader", &[("wide", WIDE)]);
    world.iam("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "since"), ("PolicyDocument", UNUSED)]);
    world.iam("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "wide"), ("PolicyDocument", UNUSED)]);
    world.done(&["rollback_role", account, "reader", "-s", "0", "-c"]);
    assert_eq!(world.written(), ["PutRolePolicy", "DeleteRolePolicy"]);
    assert_eq!(world.live(&reader), [("wide".to_owned(), WIDE.to_owned())].into());
    // The version that was there before the rollback is kept, too.
    world.done(&["rollback_role", account, "reader", "-s", "1", "-c"]);
    let names = ["since", "wide"].map(|name| (name.to_owned(), UNUSED.to_owned()));
    assert_eq!(world.live(&reader), names.into());
}

#[test]
fn a_version_that_is_not_there_and_a_change_of_another() {
    let world = World::new("missing");
    let account = world.account.as_str();
    world.role("reader", &[("wide", WIDE)]);
    let other = world.role("other", &[("wide", WIDE)]);
    world.done(&["repo_role", account, "other", "-c"]);
    let change = world.changes(&other)[0].id.to_string();
    for (arguments, reason) in [(["-s", "7"], "no version 7"), (["--change", change.as_str()], "has no change")] {
        let run = world.run(&[&["rollback_role", account, "reader"][..], &arguments, &["-c"]].concat());
        assert!(run.status == Some(2) && run.stderr.contains(reason), "{}", run.stderr);
    }
    let run = world.run(&["rollback_role", account, "nobody", "-s", "0"]);
    assert!(run.status == Some(2) && run.stderr.contains("has no nobody"), "{}", run.stderr);
}

#[test]
fn what_others_changed_since_is_not_overwritten_by_undoing_a_change() {
    let world = World::new("theirs");
    let account = world.account.as_str();
    let reader = world.role("reader", &[("wide", WIDE)]);
    world.done(&["repo_role", account, "reader", "-c"]);
    world.iam("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "wide"), ("PolicyDocument", UNUSED)]);
    let change = world.changes(&reader)[0].id.to_string();
    let run = world.run(&["rollback_role", account, "reader", "--change", &change, "-c"]);
    assert!(run.status == Some(1) && run.stderr.contains("changed since"), "{}", run.stderr);
    assert_eq!(world.live(&reader)["wide"], UNUSED);
}
