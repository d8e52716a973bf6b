//! The main path: two authorities in an empty folder, a leaf for a key of theirs and for one of ours, revoked, and the list and the answer
//! say so within a second.

use std::time::{Duration, Instant};

use lemur::crl::Reason;
use lemur::issue::{IssueError, Key};
use lemur::name::San;
use lemur::revoke::RevokeError;
use lemur::store::authorities::AuthorityChange;
use lemur::store::certificates::CertificateChange;
use menagerie_sign::{KeyType, LocalSigner, Signer};
use menagerie_store::log::verify;

use super::support::{House, actor, bundle, on_both, openssl, order, their_order, two_authorities, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaf_is_issued_revoked_and_its_end_is_published_within_a_second() {
    on_both(main_path).await;
}

async fn main_path(house: House) {
    let engine = house.engine().await;
    let (root, issuing) = two_authorities(&engine).await;
    let theirs = engine.issue(their_order(issuing, "www.example.com")).await.unwrap();
    let ours = engine.issue(order(issuing, "api.example.com", Key::Made(KeyType::EcdsaP384))).await.unwrap();
    let key = ours.private_key.as_ref().unwrap();
    let shown = engine.private_key(ours.id, "view", &actor()).await.unwrap();
    assert!(*shown.expose() == *key.expose(), "the key that is stored is the one that was given");
    let signer = LocalSigner::from_pkcs8_der(shown.expose()).unwrap();
    assert_eq!(signer.public_key().key_type(), Some(KeyType::EcdsaP384));

    // What others make of it.
    house.file("root.pem", bundle(&theirs.chain[1..]));
    house.file("chain.pem", bundle(&theirs.chain[..1]));
    house.file("leaf.pem", bundle(std::slice::from_ref(&theirs.der)));
    let folder = house.folder.path();
    openssl(&["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"], folder);

    // It is on the disk: another process finds all of it.
    engine.close().await;
    let engine = house.engine().await;
    let found = engine.certificate(theirs.id).await.unwrap().unwrap();
    assert_eq!((found.der.as_slice(), found.names[0].value.as_str()), (theirs.der.as_slice(), "www.example.com"));
    assert_eq!(engine.certificate_by_name(&theirs.name).await.unwrap().unwrap().id, theirs.id);

    let ask =
        |hash, file| ["ocsp", hash, "-issuer", "chain.pem", "-cert", "leaf.pem", "-CAfile", "root.pem", "-resp_text", "-respin", file];
    let request = |hash| {
        openssl(&["ocsp", hash, "-issuer", "chain.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "request.der"], folder);
        std::fs::read(folder.join("request.der")).unwrap()
    };
    for hash in ["-sha1", "-sha256"] {
        house.file("good.der", engine.ocsp(&request(hash)).await.unwrap());
        let said = openssl(&ask(hash, "good.der"), folder);
        assert!(said.contains("leaf.pem: good") && said.contains("Response verify OK"), "{said}");
        assert_eq!(said.matches("Certificate ID:").count(), 1, "Go's clients take no answer that says more: {said}");
    }
    let shard = found.shard.unwrap();
    assert!(within(Duration::from_secs(5), async || engine.crl(issuing, shard).await.unwrap().is_some()).await);
    let before = engine.crl(issuing, shard).await.unwrap().unwrap();

    let revoked_at = Instant::now();
    engine.revoke(theirs.id, Reason::KeyCompromise, "lost", &actor()).await.unwrap();
    let fresh = async || engine.crl(issuing, shard).await.unwrap().unwrap().number > before.number;
    assert!(within(Duration::from_secs(1), fresh).await, "the list follows");
    assert!(revoked_at.elapsed() < Duration::from_secs(1), "within a second: {:?}", revoked_at.elapsed());
    for hash in ["-sha1", "-sha256"] {
        house.file("revoked.der", engine.ocsp(&request(hash)).await.unwrap());
        let said = openssl(&ask(hash, "revoked.der"), folder);
        assert!(said.contains("leaf.pem: revoked") && said.contains("Reason: keyCompromise"), "{said}");
    }
    let list = engine.crl(issuing, shard).await.unwrap().unwrap();
    assert_ne!(list.etag, before.etag);
    house.file("list.der", &list.der);
    let said = openssl(&["crl", "-inform", "DER", "-in", "list.der", "-noout", "-text", "-CAfile", "chain.pem"], folder);
    assert!(said.contains(&theirs.serial.to_string().to_uppercase()) && said.contains("Key Compromise"), "{said}");
    assert!(said.contains("verify OK"), "{said}");

    // Twice is once; a root does not revoke itself.
    let again = engine.revoke(theirs.id, Reason::Superseded, "", &actor()).await;
    assert!(matches!(again, Err(RevokeError::Revoked { .. })), "{again:?}");
    let own = engine.authority(root).await.unwrap().unwrap().certificate.unwrap();
    let refused = engine.revoke(own, Reason::Superseded, "", &actor()).await;
    assert!(matches!(refused, Err(RevokeError::NotOurs { .. })), "{refused:?}");

    // On hold and released.
    engine.revoke(ours.id, Reason::CertificateHold, "", &actor()).await.unwrap();
    assert!(engine.certificate(ours.id).await.unwrap().unwrap().revoked.is_some());
    engine.release(ours.id, &actor()).await.unwrap();
    assert!(engine.certificate(ours.id).await.unwrap().unwrap().revoked.is_none());
    assert!(matches!(engine.release(theirs.id, &actor()).await, Err(RevokeError::NotOnHold { .. })));

    let verified = verify(&mut engine.store().audit_lines(), &[]).await.unwrap();
    assert!(verified.problems.is_empty() && verified.entries >= 10, "{verified:?}");
    engine.close().await;
}

/// What is signed and cannot be read again is revoked: it does not come to that, and nothing of it is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_would_be_too_long_is_not_signed() {
    let house = House::sqlite();
    let engine = house.engine().await;
    let (_, issuing) = two_authorities(&engine).await;
    let mut large = their_order(issuing, "a.example.com");
    large.profile = "tls-client".to_owned();
    large.names = (0..60).map(|number| San::guess(&format!("https://a.example/{number}/{}", "x".repeat(1_500))).unwrap()).collect();
    let refused = engine.issue(large.clone()).await;
    assert!(matches!(&refused, Err(error @ IssueError::TooLarge { .. }) if error.is_the_requests_fault()), "{refused:?}");
    assert_eq!(engine.unfinished().await.unwrap(), 0, "no serial number is begun");
    large.names.truncate(30);
    engine.issue(large).await.unwrap();
    engine.close().await;
}

/// The log says what somebody made of what: who was the owner before, and who is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_told_with_what_was_before() {
    on_both(async |house| {
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        let issued = engine.issue(their_order(issuing, "a.example.com")).await.unwrap();
        let taken =
            CertificateChange { owner: Some("mallory@example.com".to_owned()), notify: Some(false), ..CertificateChange::default() };
        assert!(engine.change_certificate(issued.id, &taken, &actor()).await.unwrap());
        let taken = AuthorityChange { owner: Some("mallory@example.com".to_owned()), active: Some(false), ..AuthorityChange::default() };
        engine.change_authority(issuing, &taken, &actor()).await.unwrap();
        let rows = engine.store().database().all("SELECT line FROM log_line ORDER BY id DESC LIMIT 2", &[]).await.unwrap();
        let lines: Vec<serde_json::Value> = rows.iter().map(|row| serde_json::from_str(&row.text("line").unwrap()).unwrap()).collect();
        let changed = |from: &str| serde_json::json!({"from": from, "to": "mallory@example.com"});
        assert_eq!(lines[1]["changes"]["owner"], changed("team@example.com"), "{}", lines[1]);
        assert_eq!(lines[1]["changes"]["notify"], serde_json::json!({"from": true, "to": false}));
        assert_eq!(lines[0]["changes"]["owner"]["to"], "mallory@example.com", "{}", lines[0]);
        assert_eq!(lines[0]["changes"]["active"], serde_json::json!({"from": true, "to": false}));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_rules_is_not_signed() {
    let house = House::sqlite();
    let engine = house.engine().await;
    let (_, issuing) = two_authorities(&engine).await;
    let mut unknown = their_order(issuing, "a.example.com");
    unknown.profile = "nonsense".to_owned();
    assert!(matches!(engine.issue(unknown).await, Err(IssueError::UnknownProfile { .. })));
    let refused = engine.issue(their_order(issuing, "user@example.com")).await;
    assert!(matches!(refused, Err(IssueError::Refused(_))), "{refused:?}");
    let issuer = engine.authority(issuing).await.unwrap().unwrap();
    let own_key = menagerie_sign::PublicKey::from_spki_der(&issuer.spki).unwrap();
    let refused = engine.issue(order(issuing, "a.example.com", Key::Theirs(own_key))).await;
    assert!(refused.as_ref().is_err_and(IssueError::is_the_requests_fault), "{refused:?}");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_taken_gets_the_serial() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let engine = engine.clone();
            tasks.spawn(async move { engine.issue(their_order(issuing, "same.example.com")).await.unwrap() });
        }
        let issued = tasks.join_all().await;
        let mut names: Vec<_> = issued.iter().map(|issued| issued.name.clone()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 40, "{names:?}");
        assert_eq!(names.iter().filter(|name| name.starts_with("same.example.com-Issuing-")).count(), 40, "{names:?}");
        engine.close().await;
    })
    .await;
}
