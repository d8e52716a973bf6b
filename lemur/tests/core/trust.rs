//! What holds although somebody has more than was meant for them: a revoked authority, a database that others write to.

use std::time::Duration;

use lemur::authority::{AuthorityOrder, Parent};
use lemur::certificate::ExtendedKeyUsage;
use lemur::crl::Reason;
use lemur::engine::Engine;
use lemur::issue::{IssueError, Key, Order};
use lemur::name::{NameConstraints, Subtrees};
use lemur::profile::ProfileRefusal;
use lemur::revoke::KeyError;
use lemur::store::{AuthorityId, CertificateId};
use menagerie_sign::KeyType;

use super::support::{House, actor, authority, on_both, order, their_order, two_authorities, within};

async fn issues(engine: &Engine, id: AuthorityId) -> bool {
    match engine.issue(their_order(id, "www.example.com")).await {
        Ok(_) => true,
        Err(IssueError::NotIssuing { reason, .. }) => {
            assert!(reason.contains("revoked"), "{reason}");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

async fn certificate_of(engine: &Engine, id: AuthorityId) -> CertificateId {
    engine.authority(id).await.unwrap().unwrap().certificate.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_authority_and_those_under_it_issue_no_more_in_any_process() {
    on_both(async |house: House| {
        let (engine, other) = (house.engine().await, house.engine().await);
        let (_, middle) = two_authorities(&engine).await;
        let below = engine.create_authority(authority("Below", Parent::Ours(middle))).await.unwrap().id;
        let leaf = engine.issue(their_order(below, "leaf.example.com")).await.unwrap();
        assert!(issues(&other, middle).await && issues(&other, below).await);
        let certificate = certificate_of(&engine, middle).await;
        engine.revoke(certificate, Reason::CertificateHold, "", &actor()).await.unwrap();
        assert!(!issues(&engine, middle).await && !issues(&engine, below).await, "not one more where it was revoked");
        let refused = async || !issues(&other, middle).await && !issues(&other, below).await;
        assert!(within(Duration::from_secs(2), refused).await, "nor elsewhere");
        let under = engine.create_authority(authority("Under", Parent::Ours(below))).await;
        assert!(under.is_err(), "and no authority under it is made: {under:?}");
        // What it issued is still answered for.
        let shard = engine.certificate(leaf.id).await.unwrap().unwrap().shard.unwrap();
        let number = async || engine.crl(below, shard).await.unwrap().map(|list| list.number);
        assert!(within(Duration::from_secs(5), async || !engine.unpublished().await.unwrap()).await);
        let before = number().await;
        engine.revoke(leaf.id, Reason::Superseded, "", &actor()).await.unwrap();
        assert!(within(Duration::from_secs(5), async || before.is_some() && number().await > before).await);
        engine.release(certificate, &actor()).await.unwrap();
        assert!(issues(&engine, middle).await && issues(&engine, below).await);
        assert!(within(Duration::from_secs(2), async || issues(&other, below).await).await, "released, it issues again");
        engine.revoke(certificate, Reason::CaCompromise, "", &actor()).await.unwrap();
        other.close().await;
        engine.close().await;
        let again = house.engine().await;
        assert!(!issues(&again, below).await, "nor after a start");
        again.close().await;
    })
    .await;
}

/// Whoever writes to the database and has no key of the ring gets no key out by moving it to a row of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_key_opens_in_no_row_but_its_own() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let (root, issuing) = two_authorities(&engine).await;
        let mut ids = Vec::new();
        for name in ["victim.example.com", "mallory.example.com"] {
            ids.push(engine.issue(order(issuing, name, Key::Made(KeyType::EcdsaP256))).await.unwrap().id);
        }
        let (victim, own) = (ids[0], ids[1]);
        let shown = async || engine.private_key(own, "view", &actor()).await;
        let taken = [
            ("SELECT sealed FROM certificate_key WHERE certificate = $1", victim.0),
            ("SELECT sealed_key AS sealed FROM authority WHERE id = $1", root.0),
            ("SELECT sealed_key AS sealed FROM authority WHERE id = $1", issuing.0),
            ("SELECT responder_key AS sealed FROM authority WHERE id = $1", issuing.0),
        ];
        for (sql, id) in taken {
            let mut transaction = engine.store().write().await.unwrap();
            let sealed = transaction.one(sql, &[id.into()]).await.unwrap().bytes("sealed").unwrap();
            let put = "UPDATE certificate_key SET sealed = $1 WHERE certificate = $2";
            assert_eq!(transaction.execute(put, &[(&sealed).into(), own.0.into()]).await.unwrap(), 1);
            transaction.commit().await.unwrap();
            let answer = shown().await;
            assert!(matches!(answer, Err(KeyError::Ring(_))), "{sql}: {:?}", answer.err());
        }
        // With the authority's certificate put beside its key it is of another kind all the same.
        let mut transaction = engine.store().write().await.unwrap();
        let sql = "UPDATE certificate SET der = (SELECT der FROM authority WHERE id = $1) WHERE id = $2";
        transaction.execute(sql, &[issuing.0.into(), own.0.into()]).await.unwrap();
        let sql = "UPDATE certificate_key SET sealed = (SELECT sealed_key FROM authority WHERE id = $1) WHERE certificate = $2";
        transaction.execute(sql, &[issuing.0.into(), own.0.into()]).await.unwrap();
        transaction.commit().await.unwrap();
        let answer = shown().await;
        assert!(matches!(answer, Err(KeyError::Ring(_))), "{:?}", answer.err());
        let log = lines(&engine).await;
        assert!(!log.contains("key_viewed"), "nothing was shown");
        let key = engine.private_key(victim, "view", &actor()).await.unwrap();
        assert!(!key.expose().is_empty());
        assert!(lines(&engine).await.contains("key_viewed"));
        engine.close().await;
    })
    .await;
}

/// All of the audit log.
async fn lines(engine: &Engine) -> String {
    let rows = engine.store().read().await.unwrap().all("SELECT line FROM log_line ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.text("line").unwrap() + "\n").collect()
}

/// What a client of the chain would refuse is refused before it is signed, however far above the constraint stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn constraints_hold_for_all_that_stands_below() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let permitted = Subtrees::parse(&["corp.example".to_owned()], &[], &[], &[]).unwrap();
        let root = AuthorityOrder {
            constraints: NameConstraints::new(permitted, Subtrees::default()).unwrap(),
            ..authority("Root", Parent::Itself)
        };
        let root = engine.create_authority(root).await.unwrap().id;
        let middle = AuthorityOrder { extended_key_usages: vec![ExtendedKeyUsage::SERVER_AUTH], ..authority("Middle", Parent::Ours(root)) };
        let middle = engine.create_authority(middle).await.unwrap().id;
        let below = engine.create_authority(authority("Below", Parent::Ours(middle))).await.unwrap().id;
        for id in [middle, below] {
            engine.issue(their_order(id, "www.corp.example")).await.unwrap();
            let refused = engine.issue(their_order(id, "www.bank.example")).await;
            assert!(matches!(refused, Err(IssueError::Refused(ProfileRefusal::NotPermitted(_)))), "{refused:?}");
            let client = Order { profile: "tls-client".to_owned(), ..their_order(id, "www.corp.example") };
            let refused = engine.issue(client).await;
            assert!(matches!(refused, Err(IssueError::Refused(ProfileRefusal::ExtendedKeyUsage { .. }))), "{refused:?}");
        }
        engine.close().await;
    })
    .await;
}
