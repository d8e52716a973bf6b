//! What is published grows old: by a clock that the test turns, lists, answers and responders are made anew before they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lemur::access::{self, Access, Login, LoginError};
use lemur::audit::Via;
use lemur::certificate::View;
use lemur::crl::{Crl, Reason};
use lemur::engine::{Clock, Settings};
use lemur::store::CertificateId;
use lemur::store::authorities::AuthorityChange;
use zeroize::Zeroizing;

use super::support::{House, actor, on_both, openssl, settings, their_order, two_authorities, within};

const PASSWORD: &str = "correct horse battery";

/// A clock that runs, and can be put forward and back.
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

/// A clock that was days ahead for a moment leaves nothing behind that does not hold when it is right again, and takes nothing away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_ahead_for_a_moment_leaves_nothing_behind() {
    on_both(async |house: House| {
        let clock = Turned::default();
        let mut engine = house.engine_with(clock.settings()).await;
        let (root, issuing) = two_authorities(&engine).await;
        let leaf = engine.issue(their_order(issuing, "www.example.com")).await.unwrap();
        let gone = engine.issue(their_order(issuing, "gone.example.com")).await.unwrap();
        engine.revoke(gone.id, Reason::Superseded, "", &actor()).await.unwrap();
        house.file("chain.pem", super::support::bundle(&leaf.chain[..1]));
        house.file("root.pem", super::support::bundle(&leaf.chain[1..]));
        let shard = engine.certificate(leaf.id).await.unwrap().unwrap().shard.unwrap();
        let roots = engine.crl_shards(root).await.unwrap();
        assert!(within(Duration::from_secs(5), async || !engine.unpublished().await.unwrap()).await);
        let requests = [request_for(&house, "leaf", &leaf.der), request_for(&house, "gone", &gone.der)];
        let mut numbers = numbers(&engine, &[(issuing, shard), (root, roots[0])]).await;
        // For less than a responder's life, and for longer than the certificates have; the second time with a restart before it is right again.
        for (days, restarted) in [(6, false), (400, false), (400, true)] {
            let before = [engine.ocsp(&requests[0]).await.unwrap(), engine.ocsp(&requests[1]).await.unwrap()];
            clock.forward(24 * days);
            for ((authority, shard), number) in [(issuing, shard), (root, roots[0])].into_iter().zip(&numbers) {
                let ahead = async || engine.crl(authority, shard).await.unwrap().unwrap().number > *number;
                assert!(within(Duration::from_secs(10), ahead).await, "the list of {days} days later is there");
            }
            for (request, before) in requests.iter().zip(&before) {
                let later = async || {
                    let answer = engine.ocsp(request).await.unwrap();
                    if days < 47 { answer.len() > 5 && answer != *before } else { answer == lemur::ocsp::Refusal::Unauthorized.as_der() }
                };
                assert!(within(Duration::from_secs(10), later).await, "and the answers of {days} days later");
            }
            let ahead = [engine.ocsp(&requests[0]).await.unwrap(), engine.ocsp(&requests[1]).await.unwrap()];
            numbers = self::numbers(&engine, &[(issuing, shard), (root, roots[0])]).await;
            if restarted {
                engine.close().await;
            }
            clock.forward(-24 * days);
            if restarted {
                engine = house.engine_with(clock.settings()).await;
            }
            // At once: its answer is signed by a responder that holds.
            let new = engine.issue(their_order(issuing, &format!("n{days}{restarted}.example.com"))).await.unwrap();
            let name = format!("n{days}{restarted}");
            let request = request_for(&house, &name, &new.der);
            assert_status(&house, &engine.ocsp(&request).await.unwrap(), &name, "good");
            for (request, ahead) in requests.iter().zip(&ahead) {
                let mended = async || {
                    let answer = engine.ocsp(request).await.unwrap();
                    answer.len() > 5 && answer != *ahead
                };
                assert!(within(Duration::from_secs(10), mended).await, "the answer is there again");
            }
            assert!(within(Duration::from_secs(10), async || !engine.unpublished().await.unwrap()).await, "nothing is left");
            assert_status(&house, &engine.ocsp(&requests[0]).await.unwrap(), "leaf", "good");
            assert_status(&house, &engine.ocsp(&requests[1]).await.unwrap(), "gone", "revoked");
            let now = self::numbers(&engine, &[(issuing, shard), (root, roots[0])]).await;
            assert!(now.iter().zip(&numbers).all(|(now, before)| now > before), "numbers grow: {numbers:?}, {now:?}");
            numbers = now;
            let list = engine.crl(issuing, shard).await.unwrap().unwrap();
            assert!(list.this_update <= clock.settings().clock.now().as_second());
            house.file("list.der", &list.der);
            openssl(&["crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem"], house.folder.path());
            let verified = |file: &str| {
                let mut command = std::process::Command::new("openssl");
                command.args(["verify", "-crl_check", "-CAfile", "root.pem", "-untrusted", "chain.pem", "-CRLfile", "list.pem", file]);
                let output = command.current_dir(house.folder.path()).output().unwrap();
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
            };
            assert_eq!(verified("leaf.pem").trim(), "leaf.pem: OK");
            assert!(verified("gone.pem").contains("certificate revoked"), "{}", verified("gone.pem"));
        }
        engine.close().await;
    })
    .await;
}

/// A request for a certificate's status, by `openssl`; the certificate is in a file of that name afterwards.
fn request_for(house: &House, name: &str, der: &[u8]) -> Vec<u8> {
    let (file, request) = (format!("{name}.pem"), format!("{name}.request"));
    house.file(&file, lemur::certificate::write_certificate(der));
    openssl(&["ocsp", "-issuer", "chain.pem", "-cert", &file, "-no_nonce", "-reqout", &request], house.folder.path());
    std::fs::read(house.folder.path().join(request)).unwrap()
}

/// Lets `openssl` verify an answer by the machine's own clock.
fn assert_status(house: &House, answer: &[u8], name: &str, status: &str) {
    house.file("answer.der", answer);
    let file = format!("{name}.pem");
    let verify = ["ocsp", "-issuer", "chain.pem", "-cert", &file, "-CAfile", "root.pem", "-no_nonce", "-respin", "answer.der"];
    let said = openssl(&verify, house.folder.path());
    let whole = said.contains("Response verify OK") && said.contains(&format!("{file}: {status}")) && !said.contains("WARNING");
    assert!(whole, "{said}");
}

async fn numbers(engine: &lemur::engine::Engine, lists: &[(lemur::store::AuthorityId, i64)]) -> Vec<i64> {
    let mut numbers = Vec::new();
    for (authority, shard) in lists {
        numbers.push(engine.crl(*authority, *shard).await.unwrap().unwrap().number);
    }
    numbers
}

/// Tries at signing in that were counted by a clock that was ahead keep nobody out when it is right again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tries_of_a_clock_that_was_ahead_are_not_counted() {
    on_both(async |house: House| {
        let clock = Turned::default();
        let engine = house.engine_with(clock.settings()).await;
        let ours = clock.settings().clock;
        let access = Access::open(engine.store().clone(), engine.ring().clone(), ours, access::Settings::default()).await.unwrap();
        access.bootstrap(Some(access::Password::chosen(PASSWORD.to_owned()).unwrap())).await.unwrap();
        let login = async |password: &str| {
            let password = Zeroizing::new(password.to_owned());
            access
                .login(Login { username: "admin", password, code: None, from: "192.0.2.1".parse().unwrap(), via: Via::Rest, request: None })
                .await
        };
        for hours in [6 * 24, 400 * 24] {
            clock.forward(hours);
            for _ in 0..10 {
                assert!(matches!(login("wrong").await, Err(LoginError::Refused)));
            }
            assert!(matches!(login(PASSWORD).await, Err(LoginError::TooMany(_))));
            clock.forward(-hours);
            login(PASSWORD).await.unwrap();
        }
        // Those of the right time are counted as ever.
        for _ in 0..10 {
            assert!(matches!(login("wrong").await, Err(LoginError::Refused)));
        }
        assert!(matches!(login(PASSWORD).await, Err(LoginError::TooMany(_))));
        engine.close().await;
    })
    .await;
}
