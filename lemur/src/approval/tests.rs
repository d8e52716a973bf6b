//! Proposals over a clock that is set: how long they wait, and that each is decided once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use menagerie_secret::RingFile;

use super::*;
use crate::engine::{Clock, Settings};

struct World {
    _folder: tempfile::TempDir,
    now: Arc<AtomicI64>,
    proposals: Proposals,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = {
        let now = Arc::clone(&now);
        Clock::new(move || Timestamp::from_second(now.load(Ordering::SeqCst)).unwrap())
    };
    let database = folder.path().join("lemur.db").display().to_string();
    let settings = Settings::new(clock, "http://pki.example").unwrap();
    let engine = Engine::start(&database, RingFile::new(folder.path().join("keys")), settings).await.unwrap();
    World { _folder: folder, now, proposals: Proposals::open(engine).await.unwrap() }
}

fn new(about: &str) -> Proposed {
    Proposed {
        act: json!({"act": "create", "body": {"name": about}}).to_string(),
        about: about.to_owned(),
        proposer: UserId(7),
        proposer_name: "ann".to_owned(),
        api_key: Some(ApiKeyId(3)),
        basis: "00".to_owned(),
    }
}

fn actor(name: &str) -> Actor {
    Actor::cli(name)
}

#[tokio::test]
async fn a_proposal_waits_for_seven_days() {
    let world = world().await;
    let made = world.proposals.propose(new("a"), &actor("ann")).await.unwrap();
    assert_eq!((made.state, &made.proposed), (State::Waiting, &new("a")));
    let by_another = Proposed { proposer: UserId(8), api_key: None, ..new("b") };
    let other = world.proposals.propose(by_another.clone(), &actor("eve")).await.unwrap();
    assert_eq!(other.proposed, by_another);
    world.now.fetch_add(7 * 24 * 3_600 - 1, Ordering::SeqCst);
    assert_eq!(world.proposals.claim(other.id, &actor("bob")).await.unwrap().decided_by.as_deref(), Some("bob"));
    world.now.fetch_add(1, Ordering::SeqCst);
    assert_eq!(world.proposals.get(made.id).await.unwrap().state, State::Expired);
    assert!(matches!(world.proposals.claim(made.id, &actor("bob")).await, Err(ApprovalError::Decided(State::Expired))));
    assert!(matches!(world.proposals.reject(made.id, "", &actor("bob")).await, Err(ApprovalError::Decided(State::Expired))));
    let (waiting, total) = world.proposals.list(false, 0, 10).await.unwrap();
    assert!(waiting.is_empty() && total == 0);
    assert_eq!(world.proposals.list(true, 0, 10).await.unwrap().1, 2);
}

#[tokio::test]
async fn of_two_who_approve_at_once_one_does() {
    let world = world().await;
    let id = world.proposals.propose(new("a"), &actor("ann")).await.unwrap().id;
    let (bob, eve) = (actor("bob"), actor("eve"));
    let (first, second) = tokio::join!(world.proposals.claim(id, &bob), world.proposals.claim(id, &eve));
    assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1);
    // A server that dies here leaves it approved, and nobody does it again.
    assert!(matches!(world.proposals.claim(id, &bob).await, Err(ApprovalError::Decided(State::Approved))));
    let failed = world.proposals.finish(id, Err("no".to_owned()), &bob).await.unwrap();
    assert_eq!((failed.state, failed.reason.as_str()), (State::Failed, "no"));
    world.proposals.finish(id, Ok(()), &bob).await.unwrap();
    assert_eq!(world.proposals.get(id).await.unwrap().state, State::Failed, "what became of it is said once");
}

#[tokio::test]
async fn one_is_done_at_a_time_and_a_dead_server_holds_nobody_up() {
    let world = world().await;
    let mut ids = Vec::new();
    for about in ["a", "b", "c"] {
        ids.push(world.proposals.propose(new(about), &actor("ann")).await.unwrap().id);
    }
    let bob = actor("bob");
    world.proposals.claim(ids[0], &bob).await.unwrap();
    assert!(matches!(world.proposals.claim(ids[1], &bob).await, Err(ApprovalError::Busy)));
    world.proposals.finish(ids[0], Ok(()), &bob).await.unwrap();
    world.proposals.claim(ids[1], &bob).await.unwrap();
    world.now.fetch_add(299, Ordering::SeqCst);
    assert!(matches!(world.proposals.claim(ids[2], &bob).await, Err(ApprovalError::Busy)));
    world.now.fetch_add(1, Ordering::SeqCst);
    world.proposals.claim(ids[2], &bob).await.unwrap();
    let dead = world.proposals.get(ids[1]).await.unwrap();
    assert!(dead.state == State::Failed && dead.reason.contains("look whether"), "{dead:?}");
}

#[tokio::test]
async fn so_many_wait_and_no_more() {
    let world = world().await;
    let by = |user: i64, about: &str| Proposed { proposer: UserId(user), ..new(about) };
    for number in 0..MOST_WAITING {
        world.proposals.propose(by(number / MOST_OF_ONE, &number.to_string()), &actor("ann")).await.unwrap();
    }
    assert!(matches!(world.proposals.propose(by(99, "one too many"), &actor("ann")).await, Err(ApprovalError::TooMany)));
    let (page, total) = world.proposals.list(false, 10, 5).await.unwrap();
    assert_eq!((page.len(), total, page[0].proposed.about.as_str()), (5, MOST_WAITING, "989"));
}

#[tokio::test]
async fn one_proposer_does_not_fill_it_for_the_others() {
    let world = world().await;
    let by = |user| Proposed { proposer: UserId(user), ..new("a") };
    let mut last = 0;
    for _ in 0..MOST_OF_ONE {
        last = world.proposals.propose(by(7), &actor("ann")).await.unwrap().id;
    }
    let refused = world.proposals.propose(by(7), &actor("ann")).await;
    assert!(matches!(refused, Err(ApprovalError::TooManyOfOne)));
    world.proposals.propose(by(8), &actor("bob")).await.unwrap();
    // What can never be done makes room.
    let ended = world.proposals.give_up(last, "it was changed", &actor("bob")).await.unwrap();
    assert_eq!((ended.state, ended.reason.as_str(), ended.decided_by.as_deref()), (State::Failed, "it was changed", Some("bob")));
    assert!(matches!(world.proposals.claim(last, &actor("bob")).await, Err(ApprovalError::Decided(State::Failed))));
    world.proposals.propose(by(7), &actor("ann")).await.unwrap();
}

#[test]
fn what_is_too_long_for_a_line_is_repeated_by_its_digest() {
    assert_eq!(repeated(r#"{"a": 1}"#), json!({"a": 1}));
    assert_eq!(repeated(&json!({"a": "x".repeat(LONGEST_REPEATED)}).to_string())["sha256"].as_str().unwrap().len(), 64);
}
