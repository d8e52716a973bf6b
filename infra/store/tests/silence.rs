//! Connections to PostgreSQL that fall silent, seen from both ends.

use std::time::{Duration, Instant};

use menagerie_store::database::{Database, Migration, Migrations};
use menagerie_tests::{Postgres, SilentProxy};

const PETS: &[Migration] = &[Migration {
    sqlite: "CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
    postgres: "CREATE TABLE pet (id BIGINT PRIMARY KEY, name TEXT NOT NULL)",
}];

async fn open(url: &str) -> Database {
    Database::connect(url, &Migrations { component: "zoo", steps: PETS }).await.expect("opens")
}

async fn pets(database: &Database) -> usize {
    database.all("SELECT id FROM pet", &[]).await.expect("is answered").len()
}

/// A machine that vanished, or a firewall that forgot: nothing is passed on any more, and nothing says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_falls_silent_is_given_up_for_another() {
    let server = Postgres::start();
    let proxy = SilentProxy::before(&server.url());
    let database = open(proxy.url()).await;
    database.set_silence(Duration::from_secs(1));
    let use_all = async || {
        let all = (0..8).map(|_| database.optional("SELECT pg_sleep(0.1)", &[]));
        for answer in futures_util::future::join_all(all).await {
            answer.expect("is answered");
        }
    };
    let soon = |since: Instant| assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    // One that was used a moment ago is not asked whether it is there: its statement fails, and those of its time are not tried.
    use_all().await;
    proxy.fall_silent();
    let since = Instant::now();
    let error = database.all("SELECT id FROM pet", &[]).await.expect_err("nobody hears it");
    assert!(error.is_away(), "{error}");
    assert_eq!(pets(&database).await, 0);
    soon(since);
    // Others are asked, and one answer is waited for.
    use_all().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    proxy.fall_silent();
    let since = Instant::now();
    assert_eq!(pets(&database).await, 0);
    soon(since);
    // What begins asks another; what has begun fails, whatever is asked of it, and waits for nothing when it is dropped.
    for way in 0..4 {
        let since = Instant::now();
        proxy.fall_silent();
        let mut transaction = database.write().await.expect("begins");
        transaction.execute("INSERT INTO pet (id, name) VALUES ($1, 'Mimi' || $1::text)", &[i64::from(way).into()]).await.expect("is done");
        proxy.fall_silent();
        let failed = match way {
            0 => transaction.execute("DELETE FROM pet", &[]).await.map(drop),
            1 => transaction.all("SELECT id FROM pet", &[]).await.map(drop),
            2 => transaction.one("SELECT id FROM pet", &[]).await.map(drop),
            _ => transaction.commit().await,
        };
        assert!(failed.expect_err("nobody hears it").is_away());
        soon(since);
    }
    assert_eq!(pets(&database).await, 0);
    let since = Instant::now();
    database.close().await;
    soon(since);
}

/// A client that vanished leaves no lock behind for long; and what somebody has set is left as it is.
#[tokio::test]
async fn the_server_ends_what_nobody_waits_for_any_more() {
    let server = Postgres::start();
    let show = async |url: &str| {
        let database = open(url).await;
        let names = "SELECT string_agg(setting, ' ' ORDER BY name) AS all FROM pg_settings \
            WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'tcp_keepalives_idle')";
        let row = database.optional(names, &[]).await.expect("is answered").expect("a row");
        row.text("all").expect("a text")
    };
    assert_eq!(show(&server.url()).await, "30000 60000 30");
    assert_eq!(show(&format!("{}?options=-c%20statement_timeout%3D7s", server.url())).await, "30000 7000 30");
    server.sql("ALTER ROLE tests SET idle_in_transaction_session_timeout = '200ms'");
    let database = open(&server.url()).await;
    let mut transaction = database.write().await.expect("begins");
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(transaction.execute("DELETE FROM pet", &[]).await.expect_err("it was ended").is_away());
    drop(transaction);
    assert_eq!(pets(&database).await, 0);
}
