//! Usage: files read once, uses added up.

use std::time::Duration;

use repokid::state::{Absorbed, Delivered, State, StateError, Taken, UsageFile, UsageOutcome, UsageTuple};

use crate::place::Place;
use crate::{contract, hours, now};

contract!(
    a_file_is_read_once,
    uses_are_added_up,
    many_uses_are_taken_at_once,
    files_that_are_read_at_once_lose_nothing,
    what_is_broken_off_is_added_whole_or_not_at_all,
);

pub(crate) fn file(name: &str, version: &str) -> UsageFile {
    UsageFile { name: name.to_owned(), version: version.to_owned(), bytes: 10, records: 3, faults: 1, read: now() }
}

pub(crate) fn tuple(action: &str, first: i64, last: i64, count: u64) -> UsageTuple {
    UsageTuple {
        principal: "arn:aws:iam::111122223333:role/reader".to_owned(),
        action: action.to_owned(),
        resource: "arn:aws:s3:::b/k".to_owned(),
        outcome: UsageOutcome::Used,
        first: now() + hours(first),
        last: now() + hours(last),
        count,
    }
}

/// Adds a file of which nothing is known but its uses.
pub(crate) async fn absorb(state: &State, file: &UsageFile, tuples: &[UsageTuple]) -> Result<Absorbed, StateError> {
    state.absorb(Taken { file, tuples, delivered: &Delivered::default() }).await
}

async fn usage(state: &State) -> Vec<UsageTuple> {
    state.usage("arn:aws:iam::111122223333:role/reader").await.expect("is read")
}

async fn a_file_is_read_once(place: &Place) {
    let state = place.open().await;
    assert!(!state.has_read("s3://b/k", "1").await.expect("is asked"));
    let tuples = [tuple("s3:GetObject", 0, 1, 2)];
    assert_eq!(absorb(&state, &file("s3://b/k", "1"), &tuples).await.expect("is added"), Absorbed::New);
    assert_eq!(absorb(&state, &file("s3://b/k", "1"), &tuples).await.expect("is known"), Absorbed::Known);
    assert_eq!(usage(&state).await, tuples);
    assert!(state.has_read("s3://b/k", "1").await.expect("is asked"));
    assert!(!state.has_read("s3://b/k", "2").await.expect("is asked"));
    assert_eq!(absorb(&state, &file("s3://b/k", "2"), &[tuple("s3:GetObject", 0, 2, 3)]).await.expect("is added"), Absorbed::Changed);
    assert_eq!(usage(&state).await, [tuple("s3:GetObject", 0, 2, 5)], "of an overwritten file the times are right");
    assert_eq!(state.usage_files().await.expect("are read"), [file("s3://b/k", "2")]);
}

async fn uses_are_added_up(place: &Place) {
    let state = place.open().await;
    let denied = UsageTuple { outcome: UsageOutcome::Denied, ..tuple("s3:GetObject", 3, 3, 1) };
    let elsewhere = UsageTuple { resource: String::new(), ..tuple("s3:GetObject", 1, 1, 1) };
    let stranger = UsageTuple { principal: "arn:aws:iam::111122223333:user/ann".to_owned(), ..tuple("S3:getobject", 1, 1, 1) };
    let first = [tuple("s3:GetObject", 5, 9, 1), denied.clone(), elsewhere.clone(), stranger.clone()];
    absorb(&state, &file("a", "1"), &first).await.expect("is added");
    let second = [tuple("s3:GetObject", 4, 6, 2), tuple("s3:GetObject", 7, 10, 1), tuple("sqs:SendMessage", 0, 0, 1)];
    absorb(&state, &file("b", "1"), &second).await.expect("is added");
    let expected = [elsewhere, denied, tuple("s3:GetObject", 4, 10, 4), tuple("sqs:SendMessage", 0, 0, 1)];
    assert_eq!(usage(&state).await, expected);
    let users = state.users_of("s3:GETobject").await.expect("are read");
    assert_eq!((users.len(), users.last()), (4, Some(&stranger)), "an action has no case");
}

async fn many_uses_are_taken_at_once(place: &Place) {
    let state = place.open().await;
    let tuples: Vec<_> = (0..3_000).map(|number| tuple(&format!("s3:Action{number:04}"), 0, 0, 1)).collect();
    for name in ["a", "b"] {
        absorb(&state, &file(name, "1"), &tuples).await.expect("is added");
    }
    let found = usage(&state).await;
    assert_eq!((found.len(), found.iter().map(|tuple| tuple.count).sum::<u64>()), (3_000, 6_000));
    absorb(&state, &file("c", "1"), &[]).await.expect("a file without a use is read as well");
}

async fn files_that_are_read_at_once_lose_nothing(place: &Place) {
    let mut tasks = tokio::task::JoinSet::new();
    for reader in 0..4 {
        let state = place.open().await;
        tasks.spawn(async move {
            for number in 0..10 {
                let mut tuples = [tuple("s3:GetObject", 0, 0, 1), tuple("s3:PutObject", 0, 0, 1)];
                if reader % 2 == 1 {
                    tuples.reverse();
                }
                // Two readers have each file.
                let name = format!("{}/{number}", reader / 2);
                absorb(&state, &file(&name, "1"), &tuples).await.expect("is added");
            }
        });
    }
    tasks.join_all().await;
    let counts: Vec<_> = usage(&place.open().await).await.iter().map(|tuple| tuple.count).collect();
    assert_eq!(counts, [20, 20]);
}

/// A caller that stops waiting leaves a transaction behind in any state.
async fn what_is_broken_off_is_added_whole_or_not_at_all(place: &Place) {
    let state = place.open().await;
    let tuples: Vec<_> = (0..40).map(|number| tuple(&format!("s3:Action{number:02}"), 0, 0, 1)).collect();
    let (mut kept, mut broken) = (0, 0);
    for number in 0..120_u64 {
        // Some have the time that they need, however busy the machine is, and some none, however idle it is.
        let limit = match number % 10 {
            0 => Duration::from_secs(30),
            1 => Duration::ZERO,
            _ => Duration::from_micros(number * number),
        };
        let absorbing = absorb(&state, &file(&number.to_string(), "1"), &tuples).await_for(limit).await;
        match absorbing {
            Some(absorbed) => kept += u64::from(absorbed == Absorbed::New),
            None => broken += 1,
        }
    }
    assert!(broken > 0, "none was broken off");
    // What was begun may be ended later: all is looked at when nothing is under way any more.
    state.close().await;
    let state = place.open().await;
    let files = state.usage_files().await.expect("are read").len() as u64;
    assert!((kept..=kept + broken).contains(&files), "{kept} acknowledged, {broken} broken off, {files} there");
    let found = usage(&state).await;
    assert_eq!(found.len(), 40);
    assert!(found.iter().all(|tuple| tuple.count == files), "{files} files: {found:?}");
}

trait AwaitFor: Future + Sized {
    /// What comes of it within a time.
    async fn await_for(self, limit: Duration) -> Option<Absorbed>;
}

impl<F: Future<Output = Result<Absorbed, StateError>>> AwaitFor for F {
    async fn await_for(self, limit: Duration) -> Option<Absorbed> {
        Some(tokio::time::timeout(limit, self).await.ok()?.expect("is added"))
    }
}
