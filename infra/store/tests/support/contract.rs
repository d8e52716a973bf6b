//! What every log does, whatever it is kept in. Each test crate names its store and gets this suite.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use menagerie_store::log::{Digest, Entry, Log, LogError, Position, Problem, WriterId};

use super::{Backend, append_at_once, assert_sound, check, entry, open, read_all};

/// Runs the whole suite with `width` appends at once.
pub(crate) async fn holds(backend: &impl Backend, width: usize) {
    an_empty_log_is_sound(backend).await;
    appends_share_commits_and_keep_their_order(backend, width).await;
    acknowledged_lines_are_there_when_reopened(backend).await;
    a_failed_batch_acknowledges_nobody_and_ends_its_chain(backend, width).await;
    an_entry_that_is_no_line_fails_alone(backend).await;
    a_batch_past_every_limit_is_kept_whole(backend).await;
    closing_and_dropping_write_what_waits(backend).await;
    tampering_is_found(backend).await;
}

async fn an_empty_log_is_sound(backend: &impl Backend) {
    let (log, watch) = open(backend, "empty").await;
    assert_eq!(log.append(Vec::new()).await.expect("nothing is appended"), []);
    log.close().await;
    assert_eq!(watch.commits.load(Ordering::SeqCst), 0);
    assert_eq!(assert_sound(backend.source("empty"), &[]).await.entries, 0);
}

async fn appends_share_commits_and_keep_their_order(backend: &impl Backend, width: usize) {
    let (log, watch) = open(backend, "grouped").await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        for answer in append_at_once(&log, width).await {
            expected.push(answer.expect("is acknowledged"));
        }
    }
    let commits = watch.commits.load(Ordering::SeqCst);
    assert!(commits < width, "{commits} commits for three times {width} appends");
    let mut positions = log.append(vec![entry(0), entry(1), entry(2)]).await.expect("is acknowledged");
    assert_eq!(positions[2].seq, positions[0].seq + 2, "entries of one append are neighbours");
    expected.append(&mut positions);
    let seqs: HashSet<u64> = expected.iter().map(|position| position.seq).collect();
    assert_eq!(seqs.len(), 3 * width + 3);
    let found = assert_sound(backend.source("grouped"), &expected).await;
    assert_eq!((found.entries, found.writers.len()), (3 * width as u64 + 3, 1));
    let hashes: Vec<Digest> = read_all(backend.source("grouped")).await.iter().map(|line| Digest::of(line)).collect();
    expected.sort_unstable();
    assert_eq!(hashes, expected.iter().map(|position| position.hash).collect::<Vec<_>>(), "lines are read in the chain's order");
}

async fn acknowledged_lines_are_there_when_reopened(backend: &impl Backend) {
    let mut expected = Vec::new();
    for _ in 0..3 {
        let (log, _) = open(backend, "reopened").await;
        expected.extend(log.append(vec![entry(1), entry(2)]).await.expect("is acknowledged"));
        // Not closed: what is acknowledged is durable.
        let found = assert_sound(backend.source("reopened"), &expected).await;
        assert_eq!(found.entries, expected.len() as u64);
    }
    let writers: HashSet<WriterId> = expected.iter().map(|position| position.writer).collect();
    assert_eq!(writers.len(), 3, "each opening is a writer of its own");
}

async fn a_failed_batch_acknowledges_nobody_and_ends_its_chain(backend: &impl Backend, width: usize) {
    let (log, watch) = open(backend, "failed").await;
    let before = log.append(vec![entry(0)]).await.expect("is acknowledged")[0];
    watch.fail_after.store(true, Ordering::SeqCst);
    let failed = append_at_once(&log, width).await.into_iter().filter(Result::is_err).count();
    assert!(failed > 0, "nobody in the batch is acknowledged");
    let after = log.append(vec![entry(1)]).await.expect("is acknowledged")[0];
    assert_ne!(before.writer, after.writer, "a failure ends the chain");
    let reason = LogError::Closed.to_string();
    log.close().await;
    let closed = log.append(vec![entry(2)]).await.expect_err("a closed log takes nothing");
    assert_eq!(closed.to_string(), reason);
    assert_sound(backend.source("failed"), &[before, after]).await;
}

async fn an_entry_that_is_no_line_fails_alone(backend: &impl Backend) {
    let (log, _) = open(backend, "refused").await;
    let before = log.append(vec![entry(0)]).await.expect("is acknowledged")[0];
    let bodies = ["[]".to_owned(), "{\"a\":1}\n{}".to_owned(), format!(r#"{{"a":"{}"}}"#, "x".repeat(65_536))];
    for body in bodies {
        let bad = Entry { body, unique: None, time_ms: 0 };
        assert!(log.append(vec![entry(1), bad]).await.is_err());
    }
    let after = log.append(vec![entry(2)]).await.expect("is acknowledged")[0];
    assert_eq!((after.writer, after.seq), (before.writer, 2), "the chain goes on");
    assert_eq!(assert_sound(backend.source("refused"), &[before, after]).await.entries, 2);
}

async fn a_batch_past_every_limit_is_kept_whole(backend: &impl Backend) {
    let (log, _) = open(backend, "large").await;
    let large = |number| Entry { body: format!(r#"{{"number":{number},"text":"{}"}}"#, "x".repeat(60_000)), ..entry(0) };
    let expected = log.append((0..40).map(large).collect()).await.expect("is acknowledged");
    assert_eq!(assert_sound(backend.source("large"), &expected).await.entries, 40);
}

async fn closing_and_dropping_write_what_waits(backend: &impl Backend) {
    let (log, _) = open(backend, "waiting").await;
    let mut waiting = Vec::new();
    for number in 0..5 {
        waiting.push(queued(&log, number).await);
    }
    log.close().await;
    let mut expected = Vec::new();
    for append in waiting {
        expected.extend(append.await.expect("what waited is acknowledged"));
    }
    let (log, watch) = open(backend, "waiting").await;
    drop(queued(&log, 9).await);
    drop(log);
    while watch.commits.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(assert_sound(backend.source("waiting"), &expected).await.entries, 6);
}

/// An append that was let into the queue: being asked once is enough.
async fn queued(log: &Log, number: usize) -> Pin<Box<impl Future<Output = Result<Vec<Position>, LogError>>>> {
    let mut append = Box::pin(log.append(vec![entry(number)]));
    poll_fn(|context| Poll::Ready(append.as_mut().poll(context).is_pending())).await.then_some(append).expect("it waits to be durable")
}

async fn tampering_is_found(backend: &impl Backend) {
    let (log, _) = open(backend, "tampered").await;
    let mut positions = Vec::new();
    for number in 0..8 {
        positions.extend(log.append(vec![entry(number)]).await.expect("is acknowledged"));
    }
    let lines = read_all(backend.source("tampered")).await;
    assert!(check(&lines, &positions).is_sound());
    let writer = positions[0].writer;
    let found = |change: &dyn Fn(&mut Vec<Vec<u8>>), expected: &[Position]| {
        let mut lines = lines.clone();
        change(&mut lines);
        check(&lines, expected).problems
    };
    let flip = |line: &mut Vec<u8>| {
        let at = line.windows(2).position(|pair| pair == b"an").expect("the text is there");
        line[at] = b'e';
    };
    assert_eq!(found(&|lines| flip(&mut lines[3]), &[]), [Problem::BrokenLink { place: 5, writer, seq: 5 }]);
    assert_eq!(found(&|lines| flip(&mut lines[7]), &positions[7..]), [Problem::NotExpected { expected: positions[7] }]);
    assert_eq!(found(&|lines| drop(lines.remove(3)), &[]), [Problem::Missing { place: 4, writer, first: 4, last: 4 }]);
    let swapped = found(&|lines| lines.swap(3, 4), &[]);
    assert!(swapped.contains(&Problem::OutOfOrder { place: 5, writer, seq: 4 }), "{swapped:?}");
    let twice = |lines: &mut Vec<Vec<u8>>| {
        let mut other = lines[3].clone();
        flip(&mut other);
        lines.insert(6, other);
    };
    assert_eq!(found(&twice, &[]), [Problem::Conflict { place: 7, writer, seq: 4 }]);
    assert_eq!(found(&|lines| lines.insert(6, lines[3].clone()), &positions), [], "an identical repetition is no problem");
    let relinked = |lines: &mut Vec<Vec<u8>>| {
        let text = String::from_utf8(lines[3].clone()).expect("UTF-8");
        lines[3] = text.replace(&positions[2].hash.to_string(), &Digest::of(b"other").to_string()).into_bytes();
    };
    assert!(found(&relinked, &[]).contains(&Problem::BrokenLink { place: 4, writer, seq: 4 }));
    assert_eq!(found(&|lines| lines.truncate(5), &positions[6..7]), [Problem::CutTail { expected: positions[6], found: 5 }]);
    assert_eq!(found(&|lines| lines.insert(2, b"rubbish".to_vec()), &[]), [Problem::Garbage { place: 3 }]);
    let half = |lines: &mut Vec<Vec<u8>>| lines.insert(2, lines[2][..60].to_vec());
    assert_eq!(found(&half, &[]), [Problem::Garbage { place: 3 }], "a broken line amid a chain is none of a crash");
    let unknown = Position { writer: WriterId::from_bytes([7; 16]), ..positions[0] };
    assert_eq!(found(&|_| (), &[unknown]), [Problem::UnknownWriter { expected: unknown }]);
}
