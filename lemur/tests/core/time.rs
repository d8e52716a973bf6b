//! What is published grows old: by a clock that the test turns, lists, answers and responders are made anew before they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lemur::certificate::View;
use lemur::crl::{Crl, Reason};
use lemur::engine::{Clock, Settings};
use lemur::store::CertificateId;
use lemur::store::authorities::AuthorityChange;

use super::support::{House, actor, on_both, openssl, settings, their_order, two_authorities, within};

/// A clock that runs, and can be put forward.
#[derive(Clone, Default)]
struct Turned(Arc<AtomicI64>);

impl Turned {
    fn forward(&self, hours: i64) {
        self.0.fetch_add(hours, Ordering::Relaxed);
    }

    fn settings(&self) -> Settings {
        let ahead = Arc::clone(&self.0);
        let clock = Clock::new(move || Timestamp::now() + SignedDuration::from_hours(ahead.load(Ordering::Relaxed)));
        Settings { clock, ..settings() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_answers_and_responders_are_made_anew_before_they_end() {
    on_both(async |house: House| {
        let clock = Turned::default();
        let engine = house.engine_with(clock.settings()).await;
        let (_, issuing) = two_authorities(&engine).await;
        let issued = engine.issue(their_order(issuing, "www.example.com")).await.unwrap();
        let gone = engine.issue(their_order(issuing, "gone.example.com")).await.unwrap();
        engine.revoke(gone.id, Reason::Superseded, "", &actor()).await.unwrap();
        house.file("chain.pem", super::support::bundle(&issued.chain[..1]));
        house.file("root.pem", super::support::bundle(&issued.chain[1..]));
        let folder = house.folder.path();
        let mut requests = Vec::new();
        for (leaf, file) in [(&issued, "leaf.pem"), (&gone, "gone.pem")] {
            house.file(file, super::support::bundle(std::slice::from_ref(&leaf.der)));
            openssl(&["ocsp", "-issuer", "chain.pem", "-cert", file, "-no_nonce", "-reqout", "request.der"], folder);
            requests.push(std::fs::read(folder.join("request.der")).unwrap());
        }
        let shard = engine.certificate(issued.id).await.unwrap().unwrap().shard.unwrap();
        let published = async || !engine.unpublished().await.unwrap();
        assert!(within(Duration::from_secs(5), published).await);
        let mut list = engine.crl(issuing, shard).await.unwrap().unwrap();
        let mut answer = engine.ocsp(&requests[0]).await.unwrap();
        let responder = responder_of(&house, &answer);
        // Forty days in steps of two: the leaf holds all the while.
        for _ in 0..20 {
            clock.forward(48);
            let fresh_list = async || engine.crl(issuing, shard).await.unwrap().unwrap().number > list.number;
            assert!(within(Duration::from_secs(5), fresh_list).await, "the list is made anew");
            assert!(within(Duration::from_secs(5), async || engine.ocsp(&requests[0]).await.unwrap() != answer).await, "so is the answer");
            list = engine.crl(issuing, shard).await.unwrap().unwrap();
            answer = engine.ocsp(&requests[0]).await.unwrap();
            let now = clock.settings().clock.now();
            assert!(list.next_update > now.as_second() && list.this_update <= now.as_second());
            let responder = View::parse(&responder_of(&house, &answer)).unwrap();
            assert!(responder.validity().contains(now), "the responder's certificate holds");
        }
        assert_ne!(responder_of(&house, &answer), responder, "the responder is another by now");
        let at = clock.settings().clock.now().as_second().to_string();
        house.file("answer.der", &answer);
        let verify = [
            "ocsp",
            "-issuer",
            "chain.pem",
            "-cert",
            "leaf.pem",
            "-CAfile",
            "root.pem",
            "-respin",
            "answer.der",
            "-attime",
            &at,
            "-validity_period",
            "1000000000",
        ];
        let said = openssl(&verify, folder);
        assert!(said.contains("Response verify OK") && said.contains("leaf.pem: good"), "{said}");
        let revoked = async || {
            house.file("gone.der", engine.ocsp(&requests[1]).await.unwrap());
            let arguments = [
                "ocsp",
                "-issuer",
                "chain.pem",
                "-cert",
                "gone.pem",
                "-CAfile",
                "root.pem",
                "-respin",
                "gone.der",
                "-attime",
                &at,
                "-validity_period",
                "1000000000",
            ];
            openssl(&arguments, folder).contains("gone.pem: revoked")
        };
        assert!(within(Duration::from_secs(5), revoked).await, "what was revoked still is");
        // When both have ended for a day, the list forgets the one and OCSP both.
        clock.forward(24 * 60);
        let forgotten = async || {
            let list = engine.crl(issuing, shard).await.unwrap().unwrap();
            Crl::parse(&list.der).unwrap().entries().all(|entry| entry.unwrap().serial != gone.serial)
        };
        assert!(within(Duration::from_secs(5), forgotten).await);
        let unauthorized = async || engine.ocsp(&requests[1]).await.unwrap().len() == 5;
        assert!(within(Duration::from_secs(5), unauthorized).await);
        engine.close().await;
    })
    .await;
}

/// The responder's certificate in an answer, as `openssl` finds it.
fn responder_of(house: &House, answer: &[u8]) -> Vec<u8> {
    house.file("any.der", answer);
    let text = openssl(&["ocsp", "-respin", "any.der", "-noverify", "-resp_text"], house.folder.path());
    let start = text.find("-----BEGIN CERTIFICATE-----").unwrap();
    let bundle = lemur::certificate::read_bundle(&text.as_bytes()[start..]).unwrap();
    bundle[0].as_der().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_the_list_have_their_number_of_certificates() {
    on_both(async |house: House| {
        let engine = house.engine_with(Settings { shard_capacity: 4, ..settings() }).await;
        let (_, issuing) = two_authorities(&engine).await;
        let mut shards = std::collections::BTreeMap::<i64, i64>::new();
        let mut ids: Vec<CertificateId> = Vec::new();
        for number in 0..18 {
            let issued = engine.issue(their_order(issuing, &format!("n{number}.example.com"))).await.unwrap();
            let row = engine.certificate(issued.id).await.unwrap().unwrap();
            let shard = row.shard.unwrap();
            let url = View::parse(&row.der).unwrap().crl_urls()[0].clone();
            assert_eq!(url, format!("{}/crl/{issuing}/{shard}.crl", super::support::URL));
            *shards.entry(shard).or_default() += 1;
            ids.push(issued.id);
        }
        assert!(shards.values().all(|count| *count <= 4) && shards.len() >= 5, "{shards:?}");
        assert!(within(Duration::from_secs(5), async || !engine.unpublished().await.unwrap()).await);
        let before = lists(&engine, issuing).await;
        engine.revoke(ids[17], Reason::Superseded, "", &actor()).await.unwrap();
        assert!(within(Duration::from_secs(5), async || !engine.unpublished().await.unwrap()).await);
        let after = lists(&engine, issuing).await;
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert_eq!(changed, 1, "a revocation makes one part anew");
        engine.close().await;
    })
    .await;
}

async fn lists(engine: &lemur::engine::Engine, authority: lemur::store::AuthorityId) -> Vec<String> {
    let mut etags = Vec::new();
    for shard in engine.crl_shards(authority).await.unwrap() {
        etags.push(engine.crl_etag(authority, shard).await.unwrap().unwrap());
    }
    etags
}

/// One that was disabled or revoked issues no more, and what it issued holds as long as it did: its answers have a responder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_issues_no_more_goes_on_answering() {
    on_both(async |house: House| {
        let clock = Turned::default();
        let engine = house.engine_with(clock.settings()).await;
        let (_, issuing) = two_authorities(&engine).await;
        let issued = engine.issue(their_order(issuing, "www.example.com")).await.unwrap();
        house.file("chain.pem", super::support::bundle(&issued.chain[..1]));
        house.file("leaf.pem", super::support::bundle(std::slice::from_ref(&issued.der)));
        openssl(&["ocsp", "-issuer", "chain.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "request.der"], house.folder.path());
        let request = std::fs::read(house.folder.path().join("request.der")).unwrap();
        let off = AuthorityChange { active: Some(false), ..AuthorityChange::default() };
        engine.change_authority(issuing, &off, &actor()).await.unwrap();
        let own = engine.authority(issuing).await.unwrap().unwrap().certificate.unwrap();
        engine.revoke(own, Reason::CessationOfOperation, "", &actor()).await.unwrap();
        let mut answer = engine.ocsp(&request).await.unwrap();
        let first = responder_of(&house, &answer);
        for _ in 0..20 {
            clock.forward(48);
            assert!(within(Duration::from_secs(5), async || engine.ocsp(&request).await.unwrap() != answer).await, "it is made anew");
            answer = engine.ocsp(&request).await.unwrap();
            let now = clock.settings().clock.now();
            assert!(View::parse(&responder_of(&house, &answer)).unwrap().validity().contains(now), "the responder's certificate holds");
        }
        assert_ne!(responder_of(&house, &answer), first, "the responder is another by now");
        engine.close().await;
    })
    .await;
}
