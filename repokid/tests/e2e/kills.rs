//! A kill at any step leaves the principal with at least what it used, and the next run goes on.

use menagerie_aws::Arn;
use repokid::account::Kind;
use repokid::state::ChangeStatus;

use crate::world::{UNUSED, WIDE, World};

/// A principal with an inline policy to narrow, one to delete, an own managed policy and a shared one; and how commands name it.
fn principal(world: &World, kind: Kind) -> (Arn, &'static str) {
    let inline = [("wide", &*WIDE.replace("s3:GetObject", "s3:PutObject")), ("unused", UNUSED)];
    let (principal, name) = match kind {
        Kind::Role => (world.role("reader", &inline), "reader"),
        Kind::User => (world.user("ann", &inline), "user/ann"),
        Kind::Group => (world.group("team", &inline), "group/team"),
    };
    if kind == Kind::Group {
        let members = ["ann", "bob"].map(|member| world.user(member, &[]));
        members.iter().for_each(|member| world.join(&principal, member));
    }
    let other = world.role("other", &[]);
    world.role("idle", &[]);
    let own = world.policy("own", &WIDE.replace("s3:GetObject", "s3:ListBucket"));
    let shared = world.policy("shared", WIDE);
    world.attach(&principal, &own);
    world.attach(&principal, &shared);
    world.attach(&other, &shared);
    (principal, name)
}

const USED: [&str; 3] = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"];

fn narrowing(kind: Kind) {
    let world = World::new("kills");
    let account = world.account.as_str();
    let (reader, name) = principal(&world, kind);
    let before = world.live(&reader);
    let arguments = ["repo_role", account, name, "-c"];
    let mut writes = 0;
    for at in 1.. {
        let mut any = false;
        for done in [false, true] {
            if !world.killed(&arguments, at, done) {
                // It came to its end: the change is there to be undone.
                assert_eq!(world.changes(&reader)[0].status, ChangeStatus::Applied, "write {at}");
                break;
            }
            any = true;
            for used in USED {
                assert!(world.allows(&reader, used), "{used} after a kill at write {at}, done {done}");
            }
            world.minutes_later();
            let resumed = world.run(&arguments).success();
            assert!(resumed.stderr.contains("it was undone"), "write {at}: {}", resumed.stderr);
            assert!(USED.iter().all(|used| world.allows(&reader, used)) && !world.allows(&reader, "sqs:ListQueues"), "write {at}");
            assert_eq!(world.changes(&reader)[0].status, ChangeStatus::Applied, "write {at}");
            let change = world.changes(&reader)[0].id.to_string();
            world.done(&["rollback_role", account, name, "--change", &change, "-c"]);
            assert_eq!(world.live(&reader), before, "write {at}, done {done}");
        }
        if !any {
            break;
        }
        writes = at;
    }
    assert!(writes >= 6, "{writes} writes: create, attach, put, new version, delete, detach");
}

#[test]
fn narrowing_a_role_survives_a_kill_at_each_write() {
    narrowing(Kind::Role);
}

#[test]
fn narrowing_a_user_survives_a_kill_at_each_write() {
    narrowing(Kind::User);
}

#[test]
fn narrowing_a_group_survives_a_kill_at_each_write() {
    narrowing(Kind::Group);
}

fn restoring(kind: Kind) {
    let world = World::new("back");
    let account = world.account.as_str();
    let (reader, name) = principal(&world, kind);
    let before = world.live(&reader);
    let mut writes = 0;
    for at in 1.. {
        world.done(&["repo_role", account, name, "-c"]);
        let change = world.changes(&reader)[0].id.to_string();
        let was_killed = world.killed(&["rollback_role", account, name, "--change", &change, "-c"], at, true);
        for used in USED {
            assert!(world.allows(&reader, used), "{used} after a kill at write {at}");
        }
        if was_killed {
            world.minutes_later();
            // A run for somebody else settles it.
            let resumed = world.run(&["repo_role", account, "idle", "-c"]).success();
            assert!(resumed.stderr.contains("it was finished"), "write {at}: {}", resumed.stderr);
        }
        assert_eq!(world.live(&reader), before, "write {at}");
        if !was_killed {
            break;
        }
        writes = at;
    }
    assert!(writes >= 6, "{writes} writes");
}

#[test]
fn restoring_a_role_survives_a_kill_at_each_write() {
    restoring(Kind::Role);
}

#[test]
fn restoring_a_user_survives_a_kill_at_each_write() {
    restoring(Kind::User);
}

#[test]
fn restoring_a_group_survives_a_kill_at_each_write() {
    restoring(Kind::Group);
}

#[test]
fn what_others_changed_after_a_kill_is_left_to_them() {
    let world = World::new("met");
    let account = world.account.as_str();
    let reader = world.role("reader", &[("unused", UNUSED), ("wide", WIDE)]);
    assert!(world.killed(&["repo_role", account, "reader", "-c"], 2, true), "the put and the deletion");
    let theirs = WIDE.replace("s3:GetObject", "s3:GetObject*");
    world.iam("PutRolePolicy", &[("RoleName", "reader"), ("PolicyName", "wide"), ("PolicyDocument", &theirs)]);
    world.minutes_later();
    let run = world.run(&["rollback_role", account, "reader", "-s", "0"]).success();
    assert!(run.stderr.contains("say -c"), "{}", run.stderr);
    world.done(&["repo_role", account, "reader", "-c"]);
    let failed = world.changes(&reader).into_iter().find(|change| change.status == ChangeStatus::Failed).expect("the killed one");
    assert!(failed.note.as_ref().is_some_and(|note| note.contains("others changed: wide")), "{:?}", failed.note);
    assert!(world.allows(&reader, "s3:GetObject"));
}
