//! A tool's own database: migrations, transactions and rows, on SQLite and on PostgreSQL.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use menagerie_store::database::{Database, DatabaseError, Kind, Migration, Migrations, Statement, Value};
use menagerie_store::log::{Chain, Entry, Notice, Problem, TableError, TableLog, TableSource, Verification, WriterId, verify};
use menagerie_tests::Postgres;

/// A schema that has grown by three steps, of which the second carries data over.
const STEPS: [Migration; 3] = [
    Migration {
        sqlite: "CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT; CREATE UNIQUE INDEX pet_name ON pet (name)",
        postgres: "CREATE TABLE pet (id BIGINT PRIMARY KEY, name TEXT NOT NULL); CREATE UNIQUE INDEX pet_name ON pet (name)",
    },
    Migration {
        sqlite: "ALTER TABLE pet ADD COLUMN kind TEXT; UPDATE pet SET kind = 'cat'",
        postgres: "ALTER TABLE pet ADD COLUMN kind TEXT; UPDATE pet SET kind = 'cat'",
    },
    Migration {
        sqlite: "CREATE TABLE meal (pet INTEGER NOT NULL REFERENCES pet (id), grams INTEGER) STRICT",
        postgres: "CREATE TABLE meal (pet BIGINT NOT NULL REFERENCES pet (id), grams BIGINT)",
    },
];

/// The schema after so many steps.
fn migrations(steps: usize) -> Migrations {
    const ALL: &[Migration] = &STEPS;
    Migrations { component: "zoo", steps: ALL.get(..steps).expect("no more steps than there are") }
}

/// Runs a test on both: on an SQLite file, and in a database of its own.
async fn on_both(test: impl AsyncFn(&str)) {
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let folder = tempfile::tempdir().expect("a folder");
    test(&format!("sqlite:{}", folder.path().join("zoo.db").display())).await;
    let server = Postgres::start();
    let name = format!("zoo_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    server.sql(&format!("CREATE DATABASE {name}"));
    let (base, _) = server.url().rsplit_once('/').map(|(base, rest)| (base.to_owned(), rest.to_owned())).expect("a URL with a database");
    test(&format!("{base}/{name}")).await;
}

async fn open(url: &str, steps: usize) -> Database {
    Database::connect(url, &migrations(steps)).await.expect("opens")
}

async fn count(database: &Database, sql: &'static str) -> i64 {
    let mut transaction = database.read().await.expect("begins");
    transaction.one(sql, &[]).await.expect("is answered").integer("n").expect("a number")
}

#[tokio::test]
async fn every_released_schema_comes_to_todays_and_keeps_its_rows() {
    on_both(async |url| {
        let mut database = open(url, 0).await;
        for steps in 1..=STEPS.len() {
            database.close().await;
            database = open(url, steps).await;
            if steps == 1 {
                let mut transaction = database.write().await.expect("begins");
                transaction.execute("INSERT INTO pet (id, name) VALUES ($1, $2)", &[1_i64.into(), "tom".into()]).await.expect("is done");
                transaction.commit().await.expect("is kept");
            }
        }
        let mut transaction = database.read().await.expect("begins");
        let row = transaction.one("SELECT name, kind FROM pet", &[]).await.expect("is there");
        assert_eq!((row.text("name").expect("text"), row.text("kind").expect("text")), ("tom".to_owned(), "cat".to_owned()));
        drop(transaction);
        assert_eq!(count(&database, "SELECT count(*) AS n FROM schema_version").await, 3);
        assert_eq!(database.kind() == Kind::Sqlite, url.starts_with("sqlite:"));
    })
    .await;
}

/// A connection of SQLite has the tables in mind as it saw them last, and would prepare statements for those.
#[tokio::test]
async fn what_a_step_altered_is_read_as_it_is_by_each_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = open(&format!("sqlite:{}", folder.path().join("zoo.db").display()), 1).await;
    let mut transaction = database.write().await.expect("begins");
    transaction.execute("INSERT INTO pet (id, name) VALUES ($1, $2)", &[1_i64.into(), "tom".into()]).await.expect("is done");
    transaction.commit().await.expect("is kept");
    // As many as the pool has connections, each held until all have read.
    let look = async |column: &'static str| {
        let mut readers = Vec::new();
        for _ in 0..4 {
            let mut transaction = database.read().await.expect("begins");
            let row = transaction.one("SELECT * FROM pet", &[]).await.expect("is there");
            let _ = row.text(column).unwrap_or_else(|error| panic!("{column}: {error}"));
            readers.push(transaction);
        }
    };
    look("name").await;
    database.migrate(&migrations(3)).await.expect("comes to today's");
    look("kind").await;
}

#[tokio::test]
async fn a_newer_or_another_schema_is_refused_and_left_as_it_is() {
    on_both(async |url| {
        open(url, 3).await.close().await;
        let error = Database::connect(url, &migrations(2)).await.expect_err("is refused");
        assert!(matches!(error, DatabaseError::NewerSchema { component: "zoo", found: 3, known: 2 }), "{error}");
        const OTHER: &[Migration] = &[STEPS[0], STEPS[2], STEPS[1]];
        let error = Database::connect(url, &Migrations { component: "zoo", steps: OTHER }).await.expect_err("is refused");
        assert!(matches!(error, DatabaseError::OtherSchema { component: "zoo", version: 2 }), "{error}");
        const BIRDS: &[Migration] = &[Migration { sqlite: "CREATE TABLE bird (id INTEGER)", postgres: "CREATE TABLE bird (id BIGINT)" }];
        let birds = Migrations { component: "aviary", steps: BIRDS };
        Database::connect(url, &birds).await.expect("another component has versions of its own").close().await;
        open(url, 3).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_migrate_at_once_do_each_step_once() {
    on_both(async |url| {
        migrate_at_once(url).await;
    })
    .await;
    // A new file's first openers are in each other's way for a moment only: one round seldom shows it.
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..40 {
        migrate_at_once(&format!("sqlite:{}", folder.path().join(format!("{round}.db")).display())).await;
    }
}

async fn migrate_at_once(url: &str) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let url = url.to_owned();
        tasks.spawn(async move { open(&url, 3).await.close().await });
    }
    tasks.join_all().await;
    assert_eq!(count(&open(url, 3).await, "SELECT count(*) AS n FROM schema_version").await, 3);
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_behind() {
    const BROKEN: &[Migration] = &[
        STEPS[0],
        Migration { sqlite: "CREATE TABLE half (id INTEGER); SELECT nonsense", postgres: "CREATE TABLE half (id BIGINT); SELECT nonsense" },
    ];
    on_both(async |url| {
        Database::connect(url, &Migrations { component: "zoo", steps: BROKEN }).await.expect_err("fails");
        let database = open(url, 3).await;
        let mut transaction = database.read().await.expect("begins");
        assert!(transaction.all("SELECT * FROM half", &[]).await.is_err(), "the table was taken back");
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_has_done_nothing() {
    on_both(async |url| {
        let database = open(url, 3).await;
        let insert = "INSERT INTO pet (id, name) VALUES ($1, $2)";
        for commit in [false, true] {
            let mut transaction = database.write().await.expect("begins");
            assert_eq!(transaction.execute(insert, &[1_i64.into(), "tom".into()]).await.expect("is done"), 1);
            if commit {
                transaction.commit().await.expect("is kept");
            }
        }
        assert_eq!(count(&database, "SELECT count(*) AS n FROM pet").await, 1);
        let mut transaction = database.write().await.expect("begins");
        let error = transaction.execute(insert, &[2_i64.into(), "tom".into()]).await.expect_err("the name is taken");
        assert!(error.is_duplicate(), "{error}");
        drop(transaction);
        let mut transaction = database.write().await.expect("begins");
        let orphan = transaction.execute("INSERT INTO meal (pet, grams) VALUES ($1, $2)", &[9_i64.into(), Value::Integer(None)]).await;
        let kept = match orphan {
            Ok(_) => transaction.commit().await,
            Err(error) => Err(error),
        };
        assert!(kept.is_err_and(|error| !error.is_duplicate()), "a foreign key is held");
    })
    .await;
}

/// Whoever asks and goes away has the server do no more at once than those who wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_any_more_keeps_its_place() {
    let server = Postgres::start();
    let database = open(&server.url(), 3).await;
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let slow = futures_util::future::join_all((0..8).map(|_| database.optional("SELECT pg_sleep(5)", &[])));
    assert!(tokio::time::timeout(Duration::from_secs(2), slow).await.is_err());
    let waiting = database.clone();
    let refused = tokio::time::timeout(Duration::from_millis(300), async move { waiting.all("SELECT id FROM pet", &[]).await }).await;
    assert!(refused.is_err(), "all places are taken");
    let open: u32 = server.sql(connections).trim().parse().expect("a number");
    assert!(open <= 8, "{open}");
    assert!(database.all("SELECT id FROM pet", &[]).await.expect("is answered").is_empty());
    // A transaction whose begin, statement or commit nobody waited for is over, and holds no lock.
    for pause in 0..40_u64 {
        let work = async {
            let mut transaction = database.write().await?;
            transaction.execute("LOCK TABLE pet IN ACCESS EXCLUSIVE MODE", &[]).await?;
            transaction.commit().await
        };
        let _ = tokio::time::timeout(Duration::from_micros(pause * 40), work).await;
    }
    assert_eq!(count(&database, "SELECT count(*) AS n FROM pet").await, 0);
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'";
    assert!(menagerie_tests::eventually(Duration::from_secs(10), || server.sql(idle).trim() == "0"));
}

#[tokio::test]
async fn a_server_that_closed_all_connections_costs_one_answer_at_most() {
    let server = Postgres::start();
    let database = open(&server.url(), 3).await;
    let all = (0..8).map(|_| database.optional("SELECT pg_sleep(0.1)", &[]));
    for answer in futures_util::future::join_all(all).await {
        answer.expect("is answered");
    }
    server.sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    let mut failed = 0;
    for _ in 0..10 {
        failed += u32::from(database.all("SELECT id FROM pet", &[]).await.is_err());
    }
    assert!(failed <= 1, "{failed}");
    // What begins asks another connection by itself.
    server.sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    let mut transaction = database.write().await.expect("begins");
    transaction.execute("INSERT INTO pet (id, name) VALUES (1, 'Mimi')", &[]).await.expect("is done");
    transaction.commit().await.expect("commits");
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    on_both(async |url| {
        let database = open(url, 3).await;
        let texts = ["", "é\u{1f512}\u{2028}", "it's \"so\"; --", "1", "\r\n\t"];
        let mut transaction = database.write().await.expect("begins");
        for (text, id) in texts.iter().zip([i64::MIN, -1, 0, 1, i64::MAX]) {
            let values = [id.into(), (*text).into(), Value::Text(None)];
            transaction.execute("INSERT INTO pet (id, name, kind) VALUES ($1, $2, $3)", &values).await.expect("is done");
        }
        transaction.commit().await.expect("is kept");
        let mut transaction = database.read().await.expect("begins");
        let rows = transaction.all("SELECT * FROM pet ORDER BY id", &[]).await.expect("are there");
        let found: Vec<_> = rows.iter().map(|row| row.text("name").expect("text")).collect();
        assert_eq!(found, texts);
        assert_eq!(rows[4].integer("id").expect("a number"), i64::MAX);
        assert_eq!(rows[0].optional_text("kind").expect("nothing"), None);
        assert!(matches!(rows[0].text("kind"), Err(DatabaseError::Value { column: "kind", .. })));
        assert!(matches!(rows[0].flag("id"), Err(DatabaseError::Value { column: "id", .. })));
        assert!(rows[0].text("nothing").is_err() && rows[0].integer("name").is_err());
        let none = transaction.one("SELECT * FROM pet WHERE name = $1", &["tom".into()]).await;
        assert!(matches!(none, Err(DatabaseError::NoRow)));
        assert!(transaction.execute("DELETE FROM pet", &[]).await.is_err() || url.starts_with("sqlite:"), "what reads does not write");
    })
    .await;
}

#[tokio::test]
async fn more_rows_than_one_statement_takes_are_inserted() {
    on_both(async |url| {
        let database = open(url, 3).await;
        let names: Vec<String> = (0..5_000).map(|number| format!("pet {number}")).collect();
        let values: Vec<Value<'_>> = names.iter().zip(0_i64..).flat_map(|(name, id)| [id.into(), Value::from(name)]).collect();
        for inserted in [5_000, 0] {
            let mut transaction = database.write().await.expect("begins");
            let conflict = "ON CONFLICT (id) DO NOTHING";
            let done = transaction.insert_rows("INSERT INTO pet (id, name) VALUES", 2, conflict, &values).await.expect("is done");
            transaction.commit().await.expect("is kept");
            assert_eq!(done, inserted);
        }
        assert_eq!(count(&database, "SELECT count(*) AS n FROM pet").await, 5_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_wait_for_each_other_and_readers_see_one_state() {
    on_both(async |url| {
        let database = open(url, 3).await;
        let mut first = database.write().await.expect("begins");
        first.execute("INSERT INTO pet (id, name) VALUES (1, 'a')", &[]).await.expect("is done");
        let mut reader = database.read().await.expect("begins");
        let pets = "SELECT count(*) AS n FROM pet";
        assert_eq!(reader.one(pets, &[]).await.expect("is answered").integer("n").expect("a number"), 0);
        let second = tokio::spawn({
            let database = database.clone();
            async move {
                let mut second = database.write().await.expect("begins");
                let taken = second.execute("INSERT INTO pet (id, name) VALUES (1, 'b')", &[]).await;
                taken.expect_err("the first came first").is_duplicate()
            }
        });
        first.commit().await.expect("is kept");
        assert!(second.await.expect("ends"));
        assert_eq!(reader.one(pets, &[]).await.expect("is answered").integer("n").expect("a number"), 0, "as it was when it began");
        drop(reader);
        assert_eq!(count(&database, pets).await, 1);
    })
    .await;
}

/// SQLite then takes the transaction back by itself, which the driver does not come to know.
#[tokio::test]
async fn a_disk_that_was_full_is_written_to_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = open(&format!("sqlite:{}", folder.path().join("zoo.db").display()), 3).await;
    // Of this connection, the only one so far.
    database.execute("PRAGMA max_page_count = 20", &[]).await.expect("is done");
    let name = "x".repeat(10_000);
    let add = async |id: i64| {
        let mut transaction = database.write().await?;
        transaction.execute("INSERT INTO pet (id, name) VALUES ($1, $2 || $1)", &[id.into(), Value::from(&name)]).await?;
        transaction.commit().await
    };
    let mut kept = 0;
    let error = loop {
        match add(kept).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 100, "it is never full");
    };
    assert!(error.to_string().contains("full") && database.is_refused(), "{error}");
    database.look_for_room().await.expect("a connection without that bound finds room");
    assert!(!database.is_refused());
    assert_eq!(count(&database, "SELECT count(*) AS n FROM schema_version WHERE component = ' room'").await, 0);
    for more in 0..20 {
        add(kept + more).await.unwrap_or_else(|error| panic!("{more} later: {error}"));
    }
    assert_eq!(count(&database, "SELECT count(*) AS n FROM pet").await, kept + 20);
}

/// More writers than there are connections: each waits in line, and none of them keeps a reader from one.
#[tokio::test]
async fn writers_of_a_file_have_their_turn_in_the_order_of_asking_and_keep_no_reader_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = open(&format!("sqlite:{}", folder.path().join("zoo.db").display()), 3).await;
    let first = database.write().await.expect("begins");
    let turns = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..12_i64 {
        let (database, turns) = (database.clone(), std::sync::Arc::clone(&turns));
        writers.spawn(async move {
            let insert = "INSERT INTO pet (id, name) VALUES ($1, $2)";
            let name = format!("pet {number}");
            let values = [number.into(), Value::from(&name)];
            if number % 3 == 0 {
                database.execute(insert, &values).await.expect("is done");
                turns.lock().expect("no panic").push(number);
            } else {
                let mut transaction = database.write().await.expect("begins");
                turns.lock().expect("no panic").push(number);
                transaction.execute(insert, &values).await.expect("is done");
                transaction.commit().await.expect("is kept");
            }
        });
        // So that it stands in line before the next.
        tokio::task::yield_now().await;
    }
    let read = tokio::time::timeout(Duration::from_secs(5), count(&database, "SELECT count(*) AS n FROM pet")).await;
    assert_eq!(read.expect("a reader does not stand in line"), 0);
    first.commit().await.expect("is kept");
    writers.join_all().await;
    assert_eq!(*turns.lock().expect("no panic"), (0..12).collect::<Vec<_>>());
    assert_eq!(count(&database, "SELECT count(*) AS n FROM pet").await, 12);
}

#[tokio::test]
async fn a_file_is_its_owners_alone_and_other_urls_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = open(folder.path().join("zoo.db").to_str().expect("text"), 3).await;
    let mut transaction = database.write().await.expect("begins");
    transaction.execute("INSERT INTO pet (id, name) VALUES (1, 'tom')", &[]).await.expect("is done");
    transaction.commit().await.expect("is kept");
    for entry in std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry")) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().expect("is there").permissions());
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
    for url in ["mysql://u:hunter2@h/d", "sqlite:", "sqlite::memory:", "sqlite:x.db?mode=ro", "", "/nowhere/zoo.db", "https://example.com/"]
    {
        let error = Database::connect(url, &migrations(3)).await.expect_err("is refused");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let error = Database::connect("postgres://u:hunter2@127.0.0.1:1/d", &migrations(3)).await.expect_err("nobody is there");
    assert!(error.to_string().contains("d at 127.0.0.1:1: ") && !format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[tokio::test]
async fn bytes_and_statements_that_are_put_together() {
    const BLOBS: &[Migration] = &[Migration {
        sqlite: "CREATE TABLE scan (id INTEGER PRIMARY KEY, image BLOB) STRICT",
        postgres: "CREATE TABLE scan (id BIGINT PRIMARY KEY, image BYTEA)",
    }];
    on_both(async |url| {
        let database = Database::connect(url, &Migrations { component: "scans", steps: BLOBS }).await.expect("opens");
        let images: [&[u8]; 4] = [b"", b"\0\xff\x00", b"'; --", &[7; 100_000]];
        let mut transaction = database.write().await.expect("begins");
        let values: Vec<Value<'_>> = images.iter().zip(0_i64..).flat_map(|(image, id)| [id.into(), Value::from(*image)]).collect();
        assert_eq!(transaction.insert_rows("INSERT INTO scan (id, image) VALUES", 2, "", &values).await.expect("is done"), 4);
        transaction.execute("INSERT INTO scan (id, image) VALUES ($1, $2)", &[9_i64.into(), Value::Bytes(None)]).await.expect("is done");
        transaction.commit().await.expect("is kept");
        let mut statement = Statement::new("SELECT id, image FROM scan WHERE image IN (");
        statement.bind_all(images).push(") AND id < ").bind(3_i64).push(" ORDER BY id");
        let mut transaction = database.read().await.expect("begins");
        let found = transaction.all_of(&statement).await.expect("is answered");
        let found: Vec<_> = found.iter().map(|row| row.bytes("image").expect("bytes")).collect();
        assert_eq!(found, images[..3]);
        let rows = transaction.all("SELECT image FROM scan WHERE id >= $1 ORDER BY id", &[2_i64.into()]).await.expect("is answered");
        let lengths: Vec<_> = rows.iter().map(|row| row.optional_bytes("image").expect("bytes").map(|bytes| bytes.len())).collect();
        assert_eq!(lengths, [Some(5), Some(100_000), None]);
        let mut update = Statement::new("UPDATE scan SET image = ");
        update.bind(b"x").push(" WHERE id = ").bind(1_i64);
        let mut transaction = database.write().await.expect("begins");
        assert_eq!(transaction.execute_of(&update).await.expect("is done"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_and_its_line_are_kept_together_or_not_at_all() {
    on_both(async |url| {
        let database = open(url, 3).await;
        database.migrate(&TableLog::MIGRATIONS).await.expect("the log has its table");
        let log = TableLog::of(&database);
        let entry = |name: &str| Entry { body: format!("{{\"pet\":\"{name}\"}}"), unique: None, time_ms: 7 };
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..40_i64 {
            let database = database.clone();
            let name = format!("pet {}", number / 2);
            let entry = entry(&name);
            tasks.spawn(async move {
                let mut transaction = database.write().await.expect("begins");
                let values = [number.into(), Value::from(&name)];
                // Of each two with a name, the second is refused: its transaction, and no line of it, is kept.
                match transaction.execute("INSERT INTO pet (id, name) VALUES ($1, $2)", &values).await {
                    Ok(_) => log.commit(transaction, vec![entry]).await.map(drop).is_ok(),
                    Err(error) => {
                        assert!(error.is_duplicate(), "{error}");
                        false
                    }
                }
            });
        }
        let kept = tasks.join_all().await.into_iter().filter(|kept| *kept).count();
        assert_eq!(kept, 20);
        assert_eq!(count(&database, "SELECT count(*) AS n FROM log_line").await, 20);
        // What is no line keeps the change from being committed.
        let mut transaction = database.write().await.expect("begins");
        transaction.execute("INSERT INTO pet (id, name) VALUES (99, 'odd')", &[]).await.expect("is done");
        let broken = Entry { body: "no object".to_owned(), unique: None, time_ms: 7 };
        assert!(matches!(log.commit(transaction, vec![entry("odd"), broken]).await, Err(TableError::Entry(_))));
        assert_eq!(count(&database, "SELECT count(*) AS n FROM pet").await, 20);
        let last = log.commit(database.write().await.expect("begins"), vec![entry("a"), entry("b")]).await.expect("is kept");
        let verified = verify(&mut TableSource::new(database.clone()), &last).await.expect("is read");
        assert!(verified.problems.is_empty() && verified.entries == 22, "{verified:?}");
        assert_eq!(verified.writers, last[1..], "one chain, whoever wrote");
    })
    .await;
}

/// A log from before it was one chain is no alarm: its chains are told of, and what is wrong with them is still wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chains_from_before_the_log_was_one_are_told_of() {
    on_both(async |url| {
        let database = open(url, 3).await;
        let steps: &'static [Migration] = &TableLog::MIGRATIONS.steps[..1];
        database.migrate(&Migrations { steps, ..TableLog::MIGRATIONS }).await.expect("the table as it was");
        let mut ends = Vec::new();
        for process in 1..=3_u8 {
            let mut chain = Chain::new(WriterId::from_bytes([process; 16]));
            for number in 0..i64::from(process) {
                let body = format!("{{\"pet\":{number}}}");
                let line = chain.add(Entry { body, unique: None, time_ms: number }).expect("a line");
                let values = [
                    Value::from(line.position.writer.to_string().leak() as &str),
                    (number + 1).into(),
                    number.into(),
                    Value::from(&line.text),
                ];
                database
                    .execute("INSERT INTO log_line (writer, seq, time_ms, line) VALUES ($1, $2, $3, $4)", &values)
                    .await
                    .expect("is kept");
                if number + 1 == i64::from(process) {
                    ends.push(line.position);
                }
            }
        }
        database.migrate(&TableLog::MIGRATIONS).await.expect("the table as it is");
        let source = TableSource::new(database.clone());
        let told = |found: &Verification| {
            let before = |notice: &Notice| if let Notice::Before { found } = notice { Some(*found) } else { None };
            found.notices.iter().filter_map(before).collect::<Vec<_>>()
        };
        let found = source.verify(&ends).await.expect("is read");
        assert!(found.is_sound() && found.entries == 6, "{found:?}");
        assert_eq!(told(&found), ends);
        let log = TableLog::of(&database);
        for number in 0..3 {
            let entry = Entry { body: "{}".to_owned(), unique: None, time_ms: number };
            log.commit(database.write().await.expect("begins"), vec![entry]).await.expect("is kept");
        }
        let found = source.verify(&ends).await.expect("is read");
        assert!(found.is_sound() && found.entries == 9 && found.writers.len() == 4, "{found:?}");
        assert_eq!(told(&found), ends);
        assert!(found.notices[0].to_string().contains("from before this log was one chain"));
        // A chain that somebody puts beside them, or goes on with, and a line that is not there.
        let mut own = Chain::new(WriterId::from_bytes([9; 16]));
        let insert = |chain: &mut Chain| {
            let line = chain.add(Entry { body: "{}".to_owned(), unique: None, time_ms: 0 }).expect("a line");
            let (writer, seq) = (line.position.writer, line.position.seq);
            format!("INSERT INTO log_line (writer, seq, time_ms, line) VALUES ('{writer}', {seq}, 0, '{}')", line.text).leak()
                as &'static str
        };
        let tail = "DELETE FROM log_line WHERE id > 9";
        for (change, back) in [(insert(&mut own), tail), (insert(&mut Chain::after(ends[2])), tail)] {
            database.execute(change, &[]).await.expect("is done");
            let found = source.verify(&[]).await.expect("is read");
            assert!(matches!(found.problems[..], [Problem::Unaccounted { .. }]), "{change}: {found:?}");
            database.execute(back, &[]).await.expect("is done");
            assert!(source.verify(&[]).await.expect("is read").is_sound());
        }
        database.execute("DELETE FROM log_line WHERE id = 5", &[]).await.expect("is done");
        let found = source.verify(&[]).await.expect("is read");
        assert!(matches!(found.problems[..], [Problem::Missing { .. }]), "{found:?}");
    })
    .await;
}

/// Each process is a chain of one line no more: every one of the lines of many processes is held by the others, the last by the head.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_of_any_process_is_taken_out_or_changed_unnoticed() {
    on_both(async |url| {
        let database = open(url, 3).await;
        database.migrate(&TableLog::MIGRATIONS).await.expect("the log has its table");
        let source = TableSource::new(database.clone());
        assert!(source.verify(&[]).await.expect("is read").is_sound(), "a log that nobody wrote");
        for number in 0..6 {
            let (process, body) = (open(url, 3).await, format!("{{\"time\":\"1970-01-01T00:00:00.00{number}Z\",\"pet\":{number}}}"));
            let entry = Entry { body, unique: None, time_ms: number };
            TableLog::of(&process).commit(process.write().await.expect("begins"), vec![entry]).await.expect("is kept");
            process.close().await;
        }
        let verified = source.verify(&[]).await.expect("is read");
        assert!(verified.is_sound() && verified.entries == 6 && verified.writers.len() == 1, "{verified:?}");
        let head = verified.writers[0];
        let tampered = async |changes: &[&'static str]| {
            // What was changed is put back, so that the next change is found by itself.
            let copy = ["CREATE TABLE line_copy AS SELECT id, writer, seq, time_ms, line FROM log_line"];
            let restore = [
                "DELETE FROM log_line",
                match database.kind() {
                    Kind::Sqlite => "INSERT INTO log_line (id, writer, seq, time_ms, line) SELECT * FROM line_copy",
                    Kind::Postgres => {
                        "INSERT INTO log_line (id, writer, seq, time_ms, line) OVERRIDING SYSTEM VALUE SELECT * FROM line_copy"
                    }
                },
                "DROP TABLE line_copy",
            ];
            for sql in copy.iter().chain(changes) {
                database.execute(sql, &[]).await.expect("is done");
            }
            let found = source.verify(&[]).await.expect("is read");
            for sql in &restore {
                database.execute(sql, &[]).await.expect("is done");
            }
            assert!(source.verify(&[head]).await.expect("is read").is_sound(), "as it was before {changes:?}");
            assert!(!found.is_sound(), "{changes:?}: {found:?}");
        };
        for at in ["seq = 1", "seq = 2", "seq = 3", "seq = 4", "seq = 5", "seq = 6"] {
            tampered(&[format!("DELETE FROM log_line WHERE {at}").leak()]).await;
            tampered(&[format!("UPDATE log_line SET seq = seq + 900 WHERE {at}").leak()]).await;
            tampered(&[format!("UPDATE log_line SET time_ms = 77 WHERE {at}").leak()]).await;
            tampered(&[format!("UPDATE log_line SET line = replace(line, '\"pet\":', '\"cat\":') WHERE {at}").leak()]).await;
        }
        tampered(&["DELETE FROM log_line"]).await;
        tampered(&["DELETE FROM log_line WHERE seq > 3"]).await;
        let swap = ["UPDATE log_line SET line = (SELECT line FROM line_copy WHERE seq = 7 - log_line.seq)"];
        tampered(&swap).await;
        // A chain of somebody's own beside it, whole by itself; also before the first number, where an earlier version's lines would stand.
        let own = Chain::new(WriterId::from_bytes([7; 16])).add(Entry { body: "{}".to_owned(), unique: None, time_ms: 0 }).expect("a line");
        let overriding = if database.kind() == Kind::Postgres { " OVERRIDING SYSTEM VALUE" } else { "" };
        for id in [77, 0, -7, i64::MIN] {
            let values = format!("VALUES ({id}, '{}', 1, 0, '{}')", own.position.writer, own.text);
            tampered(&[format!("INSERT INTO log_line (id, writer, seq, time_ms, line){overriding} {values}").leak()]).await;
        }
        // Who takes out the head has nothing accounted for, and nothing is written any more.
        database.execute("DELETE FROM log_head", &[]).await.expect("is done");
        assert!(!source.verify(&[]).await.expect("is read").is_sound());
        database.execute("DELETE FROM log_line", &[]).await.expect("is done");
        assert!(matches!(source.verify(&[]).await.expect("is read").problems[..], [Problem::NoHead]), "it is there before the first line");
        let entry = Entry { body: "{}".to_owned(), unique: None, time_ms: 0 };
        assert!(TableLog::of(&database).commit(database.write().await.expect("begins"), vec![entry]).await.is_err());
    })
    .await;
}
