//! A disk that is full: SQLite's bound of a file's pages stands for it, which each connection has of its own.

use std::time::Duration;

use super::support::{House, their_order, two_authorities, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_more_is_known_until_there_is_room() {
    let house = House::sqlite();
    let engine = house.engine().await;
    let (_, issuing) = two_authorities(&engine).await;
    let database = engine.store().database().clone();
    assert!(database.writable().is_ok());
    // All connections that there are at a time: those that are opened later have room.
    let mut all = Vec::new();
    for _ in 0..4 {
        let mut one = database.read().await.unwrap();
        one.execute("PRAGMA max_page_count = 1", &[]).await.unwrap();
        all.push(one);
    }
    drop(all);
    let mut number = 0;
    let error = loop {
        match engine.issue(their_order(issuing, &format!("{}{number}.example.com", "x".repeat(50)))).await {
            Ok(_) => number += 1,
            Err(error) => break error,
        }
        assert!(number < 2_000, "it is never full");
    };
    assert!(error.outage().is_some(), "{error}");
    assert!(database.writable().is_err());
    assert!(within(Duration::from_secs(60), async || database.writable().is_ok()).await, "nobody looked for room");
    engine.issue(their_order(issuing, "after.example.com")).await.unwrap();
    engine.close().await;
}
