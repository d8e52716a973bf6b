//! Processes that append and are killed at random moments: every line that was acknowledged is there afterwards, and the chains hold.
//!
//! Each test runs itself again as the process that is killed. `MENAGERIE_SOAK` is the number of kills, 20 if it is not set.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::support::{assert_sound, entry};
use menagerie_store::log::{FileSink, FileSource, Log, Notice, Position, Sink, Source, SqliteSink, SqliteSource};

const LOG: &str = "MENAGERIE_STORE_KILLED";

/// The tasks that append at once in a process.
const TASKS: usize = 16;

fn kills() -> u32 {
    if std::env::var_os("MENAGERIE_SOAK").is_some() { 100 } else { 20 }
}

/// Numbers that look random and are the same in each run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Appends until it is killed, and prints each position that is acknowledged.
async fn append_for_ever(sink: impl Sink + 'static) {
    let log = Log::open(sink);
    for task in 0..TASKS {
        let log = log.clone();
        tokio::spawn(async move {
            loop {
                let entries = (0..1 + task % 3).map(entry).collect();
                let positions = log.append(entries).await.expect("is acknowledged");
                let text: String = positions.iter().map(|position| format!("\nack {position}\n")).collect();
                std::io::stdout().lock().write_all(text.as_bytes()).expect("is printed");
            }
        });
    }
    std::future::pending().await
}

/// Runs the test `name` as a process that appends to `path`, kills it a while after its first line, and adds what it acknowledged.
fn run_and_kill(name: &str, path: &Path, delay: Duration, acknowledged: &mut Vec<Position>) {
    let mut child = Command::new(std::env::current_exe().expect("the test knows its path"))
        .args(["--exact", name, "--nocapture"])
        .env(LOG, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the process starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is piped"));
    let (begun, begins) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut positions = Vec::new();
        let mut line = String::new();
        while lines.read_line(&mut line).expect("its output is text") > 0 {
            // What was not printed to the end is not taken as acknowledged.
            if let Some(text) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('\n')) {
                positions.push(text.parse().expect("a position"));
                let _ = begun.send(());
            }
            line.clear();
        }
        positions
    });
    begins.recv_timeout(Duration::from_secs(60)).expect("it acknowledges a line");
    std::thread::sleep(delay);
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    let positions: Vec<Position> = reader.join().expect("its output is read");
    acknowledged.extend(positions);
}

async fn survives(name: &str, path: PathBuf, source: impl Fn() -> Box<dyn Source>) {
    let mut delays = Numbers(0x6d65_6e61);
    let mut acknowledged = Vec::new();
    let kills = kills();
    for _ in 0..kills {
        let delay = Duration::from_micros(delays.below(60_000));
        run_and_kill(name, &path, delay, &mut acknowledged);
        let found = assert_sound(source(), &acknowledged).await;
        assert!(found.notices.iter().all(|notice| matches!(notice, Notice::Torn { .. })), "{:?}", found.notices);
    }
    let found = assert_sound(source(), &acknowledged).await;
    assert_eq!(found.writers.len(), usize::try_from(kills).expect("fits"));
    writeln!(std::io::stdout(), "{kills} kills, {} acknowledged, {} in the log", acknowledged.len(), found.entries).expect("is printed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_keeps_what_it_acknowledged() {
    if let Some(path) = std::env::var_os(LOG) {
        return append_for_ever(FileSink::open(path).expect("opens")).await;
    }
    let directory = tempfile::tempdir().expect("a temporary directory is made");
    let path = directory.path().join("log");
    survives("kill::a_file_keeps_what_it_acknowledged", path.clone(), || Box::new(FileSource::new(&path))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_keeps_what_it_acknowledged() {
    if let Some(path) = std::env::var_os(LOG) {
        return append_for_ever(SqliteSink::open(path).await.expect("opens")).await;
    }
    let directory = tempfile::tempdir().expect("a temporary directory is made");
    let path = directory.path().join("log.db");
    survives("kill::a_database_keeps_what_it_acknowledged", path.clone(), || Box::new(SqliteSource::new(&path))).await;
}
