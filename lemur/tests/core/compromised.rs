//! The hole: a key whose certificate was revoked because others have it was certified again at once, by whichever way it was asked for.

use std::time::Duration;

use lemur::crl::Reason;
use lemur::engine::Engine;
use lemur::issue::{IssueError, Key};
use lemur::store::AuthorityId;
use menagerie_sign::{KeyType, LocalSigner, PublicKey, Signer};
use menagerie_store::database::Kind;

use super::support::{House, actor, on_both, order, two_authorities, within};

fn made() -> PublicKey {
    LocalSigner::generate(KeyType::EcdsaP256).unwrap().public_key().clone()
}

/// Whether an authority certifies a key; if not, it is because others have it.
async fn certifies(engine: &Engine, authority: AuthorityId, key: &PublicKey) -> bool {
    match engine.issue(order(authority, "www.example.com", Key::Theirs(key.clone()))).await {
        Ok(_) => true,
        Err(IssueError::Lint { findings }) => {
            assert_eq!(findings.iter().map(|finding| finding.lint.id).collect::<Vec<_>>(), ["key-compromised"]);
            false
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_others_have_is_certified_no_more_by_any_authority_or_replica() {
    on_both(async |house| {
        let engine = house.engine().await;
        let other = house.engine().await;
        let (root, issuing) = two_authorities(&engine).await;
        for (reason, known) in [(Reason::Superseded, false), (Reason::KeyCompromise, true), (Reason::CaCompromise, true)] {
            let key = made();
            let issued = engine.issue(order(issuing, "www.example.com", Key::Theirs(key.clone()))).await.unwrap();
            engine.revoke(issued.id, reason, "", &actor()).await.unwrap();
            for (engine, authority) in [(&engine, issuing), (&other, issuing), (&other, root)] {
                assert_eq!(certifies(engine, authority, &key).await, !known, "{reason:?}");
            }
        }
        assert!(certifies(&other, issuing, &made()).await, "others' keys are certified as before");
        // What is refused is not begun, and in one commit with others it does not hold these up.
        let key = made();
        let issued = engine.issue(order(issuing, "www.example.com", Key::Theirs(key.clone()))).await.unwrap();
        engine.revoke(issued.id, Reason::KeyCompromise, "", &actor()).await.unwrap();
        let asked = (0..40).map(|number| {
            let key = if number % 2 == 0 { key.clone() } else { made() };
            let engine = engine.clone();
            tokio::spawn(async move { certifies(&engine, issuing, &key).await })
        });
        for (number, asked) in asked.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(asked.await.unwrap(), number % 2 == 1);
        }
        assert_eq!(engine.unfinished().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_others_have_the_key_is_heard_after_another_reason_too() {
    on_both(async |house| {
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        for first in [Reason::CertificateHold, Reason::Superseded, Reason::Unspecified] {
            let key = made();
            let id = engine.issue(order(issuing, "www.example.com", Key::Theirs(key.clone()))).await.unwrap().id;
            engine.revoke(id, first, "", &actor()).await.unwrap();
            let since = engine.certificate(id).await.unwrap().unwrap().revoked.unwrap().at;
            assert!(certifies(&engine, issuing, &key).await);
            engine.revoke(id, Reason::KeyCompromise, "", &actor()).await.unwrap();
            assert!(!certifies(&engine, issuing, &key).await);
            let revoked = engine.certificate(id).await.unwrap().unwrap().revoked.unwrap();
            assert_eq!(revoked.reason, "keyCompromise");
            assert!(first == Reason::CertificateHold || revoked.at == since);
            for again in [Reason::KeyCompromise, Reason::Superseded] {
                engine.revoke(id, again, "", &actor()).await.unwrap_err();
            }
        }
    })
    .await;
}

/// A database from before knew no keys; its revocations count as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_were_revoked_before_the_table_was_there_are_known() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        let mut keys = Vec::new();
        for reason in [Reason::KeyCompromise, Reason::Superseded] {
            let key = made();
            let id = engine.issue(order(issuing, "www.example.com", Key::Theirs(key.clone()))).await.unwrap().id;
            engine.revoke(id, reason, "", &actor()).await.unwrap();
            keys.push(key);
        }
        engine.close().await;
        let engine = house.engine().await;
        let trigger: &[&str] = match engine.store().database().kind() {
            Kind::Sqlite => &["DROP TRIGGER certificate_compromised"],
            Kind::Postgres => &["DROP TRIGGER certificate_compromised ON certificate", "DROP FUNCTION certificate_compromised"],
        };
        let mut transaction = engine.store().write().await.unwrap();
        for sql in trigger.iter().chain(&[
            "DROP TABLE compromised_key",
            "DROP TABLE compromised_certificate",
            "DELETE FROM schema_version WHERE component = 'lemur' AND version >= 7",
        ]) {
            transaction.execute(sql, &[]).await.unwrap();
        }
        transaction.commit().await.unwrap();
        let engine = house.engine().await;
        assert!(!certifies(&engine, issuing, &keys[0]).await);
        assert!(certifies(&engine, issuing, &keys[1]).await);
        // And what one from before does beside this one, which is brought up to date later.
        let mut transaction = engine.store().write().await.unwrap();
        let sql = "UPDATE certificate SET reason = 'keyCompromise' WHERE revoked_ms IS NOT NULL";
        transaction.execute(sql, &[]).await.unwrap();
        transaction.commit().await.unwrap();
        assert!(within(Duration::from_secs(10), async || !certifies(&engine, issuing, &keys[1]).await).await);
    })
    .await;
}
