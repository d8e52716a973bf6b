//! Several processes' worth of engines on one PostgreSQL.

use std::collections::BTreeSet;
use std::time::Duration;

use lemur::crl::Reason;
use lemur::engine::Engine;
use lemur::issue::IssueError;
use lemur::store::authorities::AuthorityChange;
use menagerie_store::log::verify;
use menagerie_tests::SilentProxy;

use super::support::{House, actor, on_both, settings, their_order, two_authorities, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_engines_issue_at_once_and_publish_one_list() {
    let house = House::postgres();
    let mut engines = Vec::new();
    for _ in 0..3 {
        engines.push(house.engine().await);
    }
    let (_, issuing) = two_authorities(&engines[0]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..150_usize {
        let engine = engines[number % 3].clone();
        tasks.spawn(async move {
            let issued = engine.issue(their_order(issuing, &format!("n{number}.example.com"))).await.unwrap();
            if number % 10 == 0 {
                engine.revoke(issued.id, Reason::Superseded, "", &actor()).await.unwrap();
            }
            issued
        });
    }
    let issued = tasks.join_all().await;
    let serials: BTreeSet<_> = issued.iter().map(|issued| issued.serial).collect();
    let ids: BTreeSet<_> = issued.iter().map(|issued| issued.id).collect();
    assert_eq!((serials.len(), ids.len()), (150, 150));
    let shard = engines[1].certificate(issued[0].id).await.unwrap().unwrap().shard.unwrap();
    assert!(within(Duration::from_secs(5), async || !engines[2].unpublished().await.unwrap()).await);
    let lists = futures_util::future::join_all(engines.iter().map(|engine| engine.crl(issuing, shard))).await;
    let lists: Vec<_> = lists.into_iter().map(|list| list.unwrap().unwrap()).collect();
    assert!(lists.windows(2).all(|pair| pair[0] == pair[1]), "all serve the same list");
    // One engine's change is another's within a moment.
    let off = AuthorityChange { active: Some(false), ..AuthorityChange::default() };
    engines[0].change_authority(issuing, &off, &actor()).await.unwrap();
    let refused = async || matches!(engines[1].issue(their_order(issuing, "x.example.com")).await, Err(IssueError::NotIssuing { .. }));
    assert!(within(Duration::from_secs(3), refused).await, "it issues no more");
    let verified = verify(&mut engines[0].store().audit_lines(), &[]).await.unwrap();
    assert!(verified.problems.is_empty(), "{:?}", verified.problems);
    assert_eq!(verified.writers.len(), 1, "one chain, whoever writes");
    for engine in engines {
        engine.close().await;
    }
}

/// The way to the database falls silent, without a word of it, while nothing else is wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_fall_silent_stop_neither_publishing_nor_what_others_change() {
    let house = House::postgres();
    let other = house.engine().await;
    let (_, issuing) = two_authorities(&other).await;
    let proxy = SilentProxy::before(&house.database);
    let engine = Engine::start(proxy.url(), house.ring(), settings()).await.unwrap();
    engine.store().database().set_silence(Duration::from_secs(2));
    let issued = engine.issue(their_order(issuing, "a.example.com")).await.unwrap();
    assert!(within(Duration::from_secs(5), async || !engine.unpublished().await.unwrap()).await);
    proxy.fall_silent();
    let off = AuthorityChange { active: Some(false), ..AuthorityChange::default() };
    other.change_authority(issuing, &off, &actor()).await.unwrap();
    other.close().await;
    let refused = async || matches!(engine.issue(their_order(issuing, "x.example.com")).await, Err(IssueError::NotIssuing { .. }));
    assert!(within(Duration::from_secs(6), refused).await, "it issues no more");
    // Nobody else publishes now.
    let revoked = async || engine.revoke(issued.id, Reason::Superseded, "", &actor()).await.is_ok();
    assert!(within(Duration::from_secs(3), revoked).await, "it is revoked");
    let published = async || engine.unpublished().await.is_ok_and(|left| !left);
    assert!(within(Duration::from_secs(3), published).await, "it is on its list");
    proxy.fall_silent();
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_a_process_that_was_taken_for_dead_is_thrown_away() {
    on_both(async |house: House| {
        let mut slow = settings();
        // It says that it is there less often than it would have to.
        slow.lease = Duration::from_secs(3600);
        let engine = house.engine_with(slow).await;
        let (_, issuing) = two_authorities(&engine).await;
        engine.issue(their_order(issuing, "before.example.com")).await.unwrap();
        let mut transaction = engine.store().write().await.unwrap();
        transaction.execute("DELETE FROM replica", &[]).await.unwrap();
        transaction.commit().await.unwrap();
        // Another process looks more often than the time from intent to certificate: sooner or later it takes an intent in between.
        let reaper = house.engine().await;
        let mut lost = 0;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..8_u32 {
            let engine = engine.clone();
            let reaper = reaper.clone();
            tasks.spawn(async move {
                let mut lost = 0_u32;
                for round in 0..20_u32 {
                    let (issued, recovered) =
                        tokio::join!(engine.issue(their_order(issuing, &format!("n{number}-{round}.example.com"))), reaper.recover_now());
                    recovered.unwrap();
                    match issued {
                        Ok(issued) => assert!(engine.certificate(issued.id).await.unwrap().is_some()),
                        Err(IssueError::Lost) => lost += 1,
                        Err(other) => panic!("{other}"),
                    }
                }
                lost
            });
        }
        for one in tasks.join_all().await {
            lost += one;
        }
        reaper.recover_now().await.unwrap();
        assert!(lost > 0, "no intent was taken in between");
        assert_eq!(engine.unfinished().await.unwrap(), 0);
        let rows = reaper.store().read().await.unwrap().one("SELECT count(*) AS n FROM revocation WHERE certificate IS NULL", &[]).await;
        assert_eq!(rows.unwrap().integer("n").unwrap(), i64::from(lost), "each that was lost is revoked");
        reaper.close().await;
        engine.close().await;
    })
    .await;
}
