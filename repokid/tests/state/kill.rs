//! Processes that write and are killed at random moments: what was acknowledged is there afterwards, and nothing is there by halves.
//!
//! The test runs itself again as the process that is killed. `MENAGERIE_SOAK` is 100 kills instead of 8.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use repokid::state::{ChangeId, ChangeStatus, Document, DocumentPlace, NewChange, Purpose, State};

use crate::place::Place;
use crate::usage::{absorb, file, tuple};
use crate::{account, arn, hours, now};

const URL: &str = "REPOKID_TEST_KILLED";
const RUN: &str = "REPOKID_TEST_RUN";

/// Reads files, and plans and makes changes, until it is killed; says what was acknowledged.
async fn write_for_ever(url: &str, run: u32) {
    let state = State::open(url).await.expect("opens");
    // Each run is a day after the one that was killed, whose lease has run out.
    let today = now() + hours(24 * i64::from(run));
    let lease = state.lease(&account(), &run.to_string(), today, hours(12)).await.expect("is asked").expect("has run out");
    for number in 0_u32.. {
        let name = format!("{run}/{number}");
        absorb(&state, &file(&name, "1"), &[tuple("s3:GetObject", 0, 0, 1), tuple("s3:PutObject", 0, 0, 1)]).await.expect("is added");
        say(&format!("file {name}"));
        let document = Document { place: DocumentPlace::Inline, policy: name.clone(), before: Some("{}".repeat(500)), after: None };
        let change = NewChange {
            principal: arn(&format!("role/{run}-{number}")),
            purpose: Purpose::Repo,
            actor: run.to_string(),
            undoes: None,
            documents: vec![document.clone(), document],
            proof: None,
        };
        let id = state.plan(&lease, &change, today).await.expect("is stored");
        say(&format!("planned {id}"));
        state.advance(id, ChangeStatus::Applying, None, today).await.expect("goes on");
        state.record_step(id, "PutRolePolicy", today).await.expect("is noted");
        state.advance(id, ChangeStatus::Applied, None, today).await.expect("goes on");
        say(&format!("applied {id}"));
    }
}

fn say(what: &str) {
    std::io::stdout().lock().write_all(format!("\nack {what}\n").as_bytes()).expect("is printed");
}

/// What a process acknowledged until it was killed, `delay` after its first word.
fn run_and_kill(test: &str, url: &str, run: u32, delay: Duration) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("the test knows its path"))
        .args(["--exact", test, "--nocapture"])
        .env(URL, url)
        .env(RUN, run.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the process starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is piped"));
    let (begun, begins) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let (mut said, mut line) = (Vec::new(), String::new());
        while lines.read_line(&mut line).expect("its output is text") > 0 {
            // What was not printed to the end is not taken as acknowledged.
            if let Some(text) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('\n')) {
                said.push(text.to_owned());
                let _ = begun.send(());
            }
            line.clear();
        }
        said
    });
    begins.recv_timeout(Duration::from_secs(60)).expect("it acknowledges something");
    std::thread::sleep(delay);
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    reader.join().expect("its output is read")
}

async fn survives(test: &str, place: &Place) {
    let kills = if std::env::var_os("MENAGERIE_SOAK").is_some() { 100 } else { 8 };
    let mut acknowledged = 0;
    for run in 1..=kills {
        // Spread over what a round of writes takes, and the same in each run of the test.
        let delay = Duration::from_micros(u64::from(run) * 7_919 % 60_000);
        let said = run_and_kill(test, place.url(), run, delay);
        acknowledged += said.len();
        let state = place.open().await;
        for word in &said {
            assert!(is_kept(&state, word).await, "{word} was acknowledged, and is not there");
        }
        let files = state.usage_files().await.expect("are read").len() as u64;
        let uses = state.usage("arn:aws:iam::111122223333:role/reader").await.expect("is read");
        assert!(uses.len() == 2 && uses.iter().all(|tuple| tuple.count == files), "{files} files: {uses:?}");
        for change in state.unfinished(&account()).await.expect("are read") {
            assert_eq!(change.change.documents.len(), 2, "a change is there whole");
            state.advance(change.id, ChangeStatus::Failed, Some("its run was killed"), now()).await.expect("is given up");
        }
        state.close().await;
    }
    assert!(acknowledged > kills as usize, "{acknowledged}");
}

async fn is_kept(state: &State, word: &str) -> bool {
    match word.split_once(' ').expect("two words") {
        ("file", name) => state.has_read(name, "1").await.expect("is asked"),
        ("planned", id) => change(state, id).await.is_some(),
        ("applied", id) => change(state, id).await == Some(ChangeStatus::Applied),
        other => panic!("{other:?}"),
    }
}

async fn change(state: &State, id: &str) -> Option<ChangeStatus> {
    let id: ChangeId = id.parse().expect("a number");
    state.change(id).await.expect("is read").map(|change| change.status)
}

async fn killed() -> bool {
    let (Some(url), Some(run)) = (std::env::var_os(URL), std::env::var_os(RUN)) else { return false };
    let run = run.to_str().and_then(|run| run.parse().ok()).expect("a number");
    write_for_ever(url.to_str().expect("a URL"), run).await;
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sqlite_acknowledged_outlives_the_process() {
    if !killed().await {
        survives("kill::what_sqlite_acknowledged_outlives_the_process", &Place::sqlite()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_postgresql_acknowledged_outlives_the_process() {
    if !killed().await {
        survives("kill::what_postgresql_acknowledged_outlives_the_process", &Place::postgres()).await;
    }
}
