//! A database that is only read: nothing is made or written, and what others write meanwhile is noticed.

use menagerie_store::database::{Database, DatabaseError, Migration, Migrations};
use menagerie_tests::Postgres;

const ZOO: Migrations = Migrations {
    component: "zoo",
    steps: &[Migration { sqlite: "CREATE TABLE pet (id INTEGER) STRICT", postgres: "CREATE TABLE pet (id BIGINT)" }],
};
const NONE: Migrations = Migrations { component: "aviary", steps: ZOO.steps };

/// Fills a database, and reads it with no right to write.
async fn reads_and_writes_nothing(url: &str) -> Database {
    let database = Database::connect(url, &ZOO).await.expect("opens");
    database.execute("INSERT INTO pet (id) VALUES (1)", &[]).await.expect("is done");
    database.close().await;
    let reading = Database::open_to_read(url, &[ZOO]).await.expect("opens");
    assert_eq!(reading.all("SELECT id FROM pet", &[]).await.expect("is read").len(), 1);
    assert!(reading.execute("INSERT INTO pet (id) VALUES (2)", &[]).await.is_err());
    if let Ok(mut transaction) = reading.write().await {
        assert!(transaction.execute("INSERT INTO pet (id) VALUES (2)", &[]).await.is_err());
    }
    let error = Database::open_to_read(url, &[ZOO, NONE]).await.expect_err("is refused");
    assert!(matches!(error, DatabaseError::NoSchema { component: "aviary" }), "{error}");
    reading
}

#[tokio::test]
async fn a_file_is_read_as_it_is_and_a_writer_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = folder.path().join("zoo.db").display().to_string();
    let missing = Database::open_to_read(&url, &[]).await.expect_err("there is none");
    assert!(matches!(missing, DatabaseError::Unreadable { .. }), "{missing}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is made");

    let reading = reads_and_writes_nothing(&url).await;
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is beside it");
    assert!(reading.is_undisturbed());
    let database = Database::connect(&url, &ZOO).await.expect("opens");
    database.execute("INSERT INTO pet (id) VALUES (3)", &[]).await.expect("is done");
    assert!(!reading.is_undisturbed(), "somebody writes");
    // What is beside the file counts, and then SQLite's locks do.
    let beside = Database::open_to_read(&url, &[ZOO]).await.expect("opens");
    assert_eq!(beside.all("SELECT id FROM pet", &[]).await.expect("is read").len(), 2);
    database.execute("INSERT INTO pet (id) VALUES (4)", &[]).await.expect("is done");
    assert!(beside.is_undisturbed() && beside.all("SELECT id FROM pet", &[]).await.expect("is read").len() == 3);
    beside.close().await;
    database.close().await;
    assert!(!reading.is_undisturbed(), "somebody has written");
}

#[tokio::test]
async fn a_server_lets_nothing_be_written() {
    let server = Postgres::start();
    let reading = reads_and_writes_nothing(&server.url()).await;
    assert!(reading.is_undisturbed());
}
