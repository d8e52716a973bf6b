//! Logs in memory, in files and in SQLite: the contract of every log, and what is particular to each.

mod kill;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use menagerie_store::log::{
    Entry, Failure, FileSink, FileSource, Log, Memory, Notice, Problem, Sink, SinkError, Source, SqliteSink, SqliteSource, verify,
};
use support::{Backend, append_at_once, assert_sound, contract, entry};

#[derive(Default)]
struct InMemory(std::sync::Mutex<std::collections::HashMap<String, Memory>>);

impl InMemory {
    fn of(&self, name: &str) -> Memory {
        self.0.lock().expect("no test panics with it").entry(name.to_owned()).or_default().clone()
    }
}

impl Backend for InMemory {
    async fn sink(&self, name: &str) -> Box<dyn Sink> {
        Box::new(self.of(name))
    }
    fn source(&self, name: &str) -> Box<dyn Source> {
        Box::new(self.of(name))
    }
}

struct Files(PathBuf);

impl Backend for Files {
    async fn sink(&self, name: &str) -> Box<dyn Sink> {
        Box::new(FileSink::open(self.0.join(name)).expect("opens"))
    }
    fn source(&self, name: &str) -> Box<dyn Source> {
        Box::new(FileSource::new(self.0.join(name)))
    }
}

struct Databases(PathBuf);

impl Backend for Databases {
    async fn sink(&self, name: &str) -> Box<dyn Sink> {
        Box::new(SqliteSink::open(self.0.join(name)).await.expect("opens"))
    }
    fn source(&self, name: &str) -> Box<dyn Source> {
        Box::new(SqliteSource::new(self.0.join(name)))
    }
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory is made")
}

#[tokio::test]
async fn memory_is_a_log() {
    contract::holds(&InMemory::default(), 200).await;
}

#[tokio::test]
async fn a_file_is_a_log() {
    let directory = directory();
    contract::holds(&Files(directory.path().to_owned()), 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_log_for_several_threads() {
    let directory = directory();
    contract::holds(&Files(directory.path().to_owned()), 200).await;
}

#[tokio::test]
async fn a_database_is_a_log() {
    let directory = directory();
    contract::holds(&Databases(directory.path().to_owned()), 200).await;
}

async fn takes_two_writers_at_once(backend: &impl Backend) {
    let (one, two) = (Log::open(backend.sink("shared").await), Log::open(backend.sink("shared").await));
    let mut expected = Vec::new();
    for _ in 0..20 {
        let (first, second) = tokio::join!(append_at_once(&one, 10), append_at_once(&two, 10));
        expected.extend(first.into_iter().chain(second).map(|answer| answer.expect("is acknowledged")));
    }
    let found = assert_sound(backend.source("shared"), &expected).await;
    assert_eq!((found.entries, found.writers.len(), found.notices.len()), (400, 2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_share_a_file() {
    let directory = directory();
    takes_two_writers_at_once(&Files(directory.path().to_owned())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_share_a_database() {
    let directory = directory();
    takes_two_writers_at_once(&Databases(directory.path().to_owned())).await;
}

/// A chain stands on its own: its first line names no line before it, whatever stands there, and is whole without it.
async fn a_chain_begins_with_itself(backend: &impl Backend) -> Vec<Vec<u8>> {
    for number in 0..3 {
        Log::open(backend.sink("begins").await).append(vec![entry(number), entry(number)]).await.expect("is acknowledged");
    }
    let lines = support::read_all(backend.source("begins")).await;
    let fields: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_slice(line).expect("JSON")).collect();
    for pair in fields.chunks(2) {
        assert_eq!((&pair[0]["seq"], pair[0]["prev"].as_str()), (&1.into(), Some("0".repeat(64).as_str())), "{pair:?}");
        assert_eq!((&pair[1]["seq"], &pair[1]["writer"]), (&2.into(), &pair[0]["writer"]), "{pair:?}");
    }
    assert_eq!(lines.len(), 6);
    lines
}

#[tokio::test]
async fn a_chain_in_a_file_begins_with_itself() {
    let directory = directory();
    let files = Files(directory.path().to_owned());
    let lines = a_chain_begins_with_itself(&files).await;
    // What another wrote there, or was torn, is not bound to either, and any order of whole chains verifies.
    let path = directory.path().join("begins");
    let reordered: Vec<u8> = [4, 5, 0, 2, 1, 3].iter().flat_map(|at| [&lines[*at][..], b"\n"].concat()).collect();
    fs::write(&path, reordered).expect("writes");
    Log::open(files.sink("begins").await).append(vec![entry(9)]).await.expect("is acknowledged");
    let found = assert_sound(files.source("begins"), &[]).await;
    assert_eq!((found.entries, found.writers.len()), (7, 4));
    fs::write(&path, "not ours\n").expect("writes");
    Log::open(files.sink("begins").await).append(vec![entry(9)]).await.expect("is acknowledged");
    let found = verify(&mut *files.source("begins"), &[]).await.expect("reads");
    assert_eq!((found.entries, &found.problems[..]), (1, &[Problem::Garbage { place: 1 }][..]));
}

#[tokio::test]
async fn a_chain_in_a_database_begins_with_itself() {
    let directory = directory();
    a_chain_begins_with_itself(&Databases(directory.path().to_owned())).await;
}

async fn refuses_a_second_of_its_kind(log: Log) {
    let once = |key: &str| Entry { unique: Some(key.to_owned()), ..entry(0) };
    let first = log.append(vec![once("a"), entry(1), entry(2)]).await.expect("is acknowledged")[0];
    let error = log.append(vec![once("b"), once("a")]).await.expect_err("a is there");
    assert_eq!(error.duplicate(), Some("a"), "{error}");
    let error = log.append(vec![once("c"), once("c")]).await.expect_err("c is there twice");
    assert_eq!(error.duplicate(), Some("c"), "{error}");
    let next = log.append(vec![once("b"), once("c")]).await.expect("b and c were not kept")[0];
    assert_ne!(first.writer, next.writer);
}

#[tokio::test]
async fn a_unique_key_is_kept_once() {
    let directory = directory();
    let path = directory.path().join("log.db");
    refuses_a_second_of_its_kind(Log::open(SqliteSink::open(&path).await.expect("opens"))).await;
    assert_eq!(assert_sound(Box::new(SqliteSource::new(&path)), &[]).await.entries, 5);
    let memory = Memory::new();
    refuses_a_second_of_its_kind(Log::open(memory.clone())).await;
    assert_eq!(memory.lines().len(), 5);
}

#[tokio::test]
async fn memory_fails_as_asked() {
    let memory = Memory::new();
    let log = Log::open(memory.clone());
    for (failure, kept) in [(Failure::Begin, 0), (Failure::Before, 0), (Failure::Midway(1), 1), (Failure::After, 2)] {
        let before = memory.lines().len();
        memory.fail_once(failure.clone());
        log.append(vec![entry(0), entry(1)]).await.expect_err("was asked to fail");
        assert_eq!(memory.lines().len() - before, kept, "{failure:?}");
    }
    memory.fail_always(true);
    log.append(vec![entry(0)]).await.expect_err("was asked to fail");
    memory.fail_always(false);
    log.append(vec![entry(0)]).await.expect("is acknowledged");
    assert_sound(Box::new(memory), &[]).await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_a_log() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let (file, database) = (directory.path().join("log"), directory.path().join("log.db"));
    let _sinks = (FileSink::open(&file).expect("opens"), SqliteSink::open(&database).await.expect("opens"));
    for path in [&file, &database, &directory.path().join("log.db-wal")] {
        let mode = fs::metadata(path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

fn append_raw(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(bytes)).expect("is written");
}

#[tokio::test]
async fn a_torn_line_is_closed_by_the_next_writer() {
    let directory = directory();
    let path = directory.path().join("log");
    let mut expected = Vec::new();
    for round in 0..3_u64 {
        let log = Log::open(FileSink::open(&path).expect("opens"));
        expected.extend(log.append(vec![entry(0), entry(1)]).await.expect("is acknowledged"));
        log.close().await;
        append_raw(&path, &br#"{"writer":"00112233445566778899aabbccddeeff","seq":1,"prev":"00"#[..5 + 20 * usize::from(round > 0)]);
        let found = assert_sound(Box::new(FileSource::new(&path)), &expected).await;
        assert_eq!(found.notices.last(), Some(&Notice::Torn { place: 3 * (round + 1) }));
        assert_eq!(found.notices.len() as u64, round + 1);
    }
    append_raw(&path, b"\nrubbish\n");
    let found = verify(&mut FileSource::new(&path), &expected).await.expect("reads");
    assert_eq!(found.problems, [Problem::Garbage { place: 9 }, Problem::Garbage { place: 10 }]);
}

#[tokio::test]
async fn a_removed_file_is_noticed_and_made_again() {
    let directory = directory();
    let path = directory.path().join("log");
    let log = Log::open(FileSink::open(&path).expect("opens"));
    log.append(vec![entry(0)]).await.expect("is acknowledged");
    fs::remove_file(&path).expect("is removed");
    let error = log.append(vec![entry(1)]).await.expect_err("nobody would find the line");
    assert!(error.to_string().contains("was removed"), "{error}");
    let position = log.append(vec![entry(2)]).await.expect("is acknowledged");
    assert_eq!(assert_sound(Box::new(FileSource::new(&path)), &position).await.entries, 1);
}

#[tokio::test]
async fn what_is_no_log_is_an_error() {
    let directory = directory();
    assert!(matches!(FileSink::open(directory.path()), Err(SinkError::File { .. })));
    assert!(matches!(FileSink::open("/dev/null"), Err(SinkError::File { .. })));
    assert!(FileSink::open(directory.path().join("no/log")).is_err());
    let text = directory.path().join("text");
    fs::write(&text, "no database, and long enough to be seen as none ".repeat(50)).expect("is written");
    assert!(SqliteSink::open(&text).await.is_err());
    let none = directory.path().join("none");
    assert!(verify(&mut FileSource::new(&none), &[]).await.is_err());
    assert!(verify(&mut SqliteSource::new(&none), &[]).await.is_err());
    assert!(!none.exists(), "reading makes no file");
}

/// A file that may not grow, as on a full disk: this test runs itself again under a shell's `ulimit -f`, whose signal is ignored.
#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_an_error_and_spoils_no_later_line() {
    const LOG: &str = "MENAGERIE_STORE_FULL";
    if let Some(path) = std::env::var_os(LOG) {
        let log = Log::open(FileSink::open(path).expect("opens"));
        let mut failures = 0;
        while failures < 3 {
            match log.append((0..7).map(entry).collect()).await {
                Ok(positions) => writeln!(std::io::stdout(), "\nack {}", positions[6]).expect("is printed"),
                Err(error) => {
                    assert!(error.to_string().contains("cannot write"), "{error}");
                    failures += 1;
                }
            }
        }
        return;
    }
    let directory = directory();
    let path = directory.path().join("log");
    let script = r#"trap '' XFSZ; ulimit -f 16; exec "$0" --exact "$1" --nocapture"#;
    let itself = std::env::current_exe().expect("the test knows its path");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script]).arg(itself).arg("a_full_disk_is_an_error_and_spoils_no_later_line").env(LOG, &path);
    let output = shell.output().expect("sh runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let mut expected: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("ack ")?.parse().ok()).collect();
    assert!(!expected.is_empty(), "{text}");
    let log = Log::open(FileSink::open(&path).expect("opens"));
    expected.extend(log.append(vec![entry(0)]).await.expect("is acknowledged"));
    let found = assert_sound(Box::new(FileSource::new(&path)), &expected).await;
    assert_eq!(found.notices.len(), 1, "{:?}", found.notices);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    use sqlx_check::set_version;
    let directory = directory();
    let path = directory.path().join("log.db");
    drop(SqliteSink::open(&path).await.expect("opens"));
    drop(SqliteSink::open(&path).await.expect("opens again"));
    set_version(&path, 99).await;
    let error = SqliteSink::open(&path).await.expect_err("is newer");
    assert!(matches!(error, SinkError::NewerSchema { found: 99, known: 1 }), "{error}");
}

/// Changes a database behind the log's back.
mod sqlx_check {
    use std::path::Path;

    use sqlx::{ConnectOptions, Connection};

    pub(crate) async fn run(path: &Path, statement: &'static str) {
        let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.expect("opens");
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("runs");
        connection.close().await.expect("closes");
    }

    pub(crate) async fn set_version(path: &Path, version: i64) {
        let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.expect("opens");
        let insert = sqlx::query("INSERT INTO log_schema (version) VALUES (?)").bind(version);
        insert.execute(&mut connection).await.expect("runs");
        connection.close().await.expect("closes");
    }
}

#[tokio::test]
async fn a_changed_row_is_found() {
    let directory = directory();
    let path = directory.path().join("log.db");
    let log = Log::open(SqliteSink::open(&path).await.expect("opens"));
    let expected = log.append((0..600).map(entry).collect()).await.expect("is acknowledged");
    assert_eq!(assert_sound(Box::new(SqliteSource::new(&path)), &expected).await.entries, 600);
    sqlx_check::run(&path, "UPDATE log SET line = replace(line, ':41,', ':14,') WHERE seq = 42").await;
    let found = verify(&mut SqliteSource::new(&path), &expected).await.expect("reads");
    assert!(matches!(found.problems[..], [Problem::BrokenLink { place: 43, .. }, Problem::NotExpected { .. }]), "{:?}", found.problems);
    sqlx_check::run(&path, "DELETE FROM log WHERE seq > 500").await;
    let found = verify(&mut SqliteSource::new(&path), &expected[599..]).await.expect("reads");
    assert!(matches!(found.problems[..], [Problem::BrokenLink { .. }, Problem::CutTail { found: 500, .. }]), "{:?}", found.problems);
}
