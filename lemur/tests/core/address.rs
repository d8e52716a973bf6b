//! Where lists are: certificates and the lists that cover them say the same, whatever the service is called later.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use lemur::certificate::View;
use lemur::crl::{Crl, Reason};
use lemur::engine::{Engine, Settings};
use lemur::issue::Issued;
use lemur::store::AuthorityId;

use super::support::{House, actor, bundle, on_both, openssl, settings, their_order, two_authorities, within};

fn settings_at(url: &str) -> Settings {
    Settings { public_url: url.to_owned(), ..settings() }
}

/// The part that a certificate belongs to, when all that is wanted is published.
async fn list(engine: &Engine, authority: AuthorityId, issued: &Issued) -> (i64, Vec<u8>) {
    assert!(within(Duration::from_secs(10), async || !engine.unpublished().await.unwrap()).await);
    let shard = engine.certificate(issued.id).await.unwrap().unwrap().shard.unwrap();
    (shard, engine.crl(authority, shard).await.unwrap().unwrap().der)
}

/// What the list says of where it is.
fn places(list: &[u8]) -> Vec<String> {
    Crl::parse(list).unwrap().scope().places.iter().map(ToString::to_string).collect()
}

fn named(issued: &Issued) -> Vec<String> {
    View::parse(&issued.der).unwrap().crl_urls().to_vec()
}

/// Whether OpenSSL, which compares the two, takes the list for the certificate's and finds the certificate not on it.
fn is_good(house: &House, issued: &Issued, list: &[u8]) -> Result<(), String> {
    house.file("root.pem", bundle(&issued.chain[1..]));
    house.file("chain.pem", bundle(&issued.chain[..1]));
    house.file("leaf.pem", bundle(std::slice::from_ref(&issued.der)));
    house.file("list.der", list);
    openssl(&["crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem"], house.folder.path());
    let mut command = std::process::Command::new("openssl");
    command.args(["verify", "-crl_check", "-CAfile", "root.pem", "-untrusted", "chain.pem", "-CRLfile", "list.pem", "leaf.pem"]);
    let output = command.current_dir(house.folder.path()).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_where_its_certificates_say_when_the_services_address_has_changed() {
    on_both(async |house: House| {
        let engine = house.engine_with(settings_at("http://old.example.test")).await;
        let (_, issuing) = two_authorities(&engine).await;
        let old = engine.issue(their_order(issuing, "old.example.com")).await.unwrap();
        let other = engine.issue(their_order(issuing, "other.example.com")).await.unwrap();
        engine.close().await;

        let engine = house.engine_with(settings_at("http://new.example.test")).await;
        let new = engine.issue(their_order(issuing, "new.example.com")).await.unwrap();
        // A list that is signed anew covers certificates from before.
        engine.revoke(other.id, Reason::Superseded, "", &actor()).await.unwrap();
        let (old_shard, old_list) = list(&engine, issuing, &old).await;
        let (new_shard, new_list) = list(&engine, issuing, &new).await;
        assert_ne!(old_shard, new_shard);
        assert_eq!(named(&old), [format!("http://old.example.test/crl/{issuing}/{old_shard}.crl")]);
        assert_eq!(named(&new), [format!("http://new.example.test/crl/{issuing}/{new_shard}.crl")]);
        assert_eq!((places(&old_list), places(&new_list)), (named(&old), named(&new)));
        assert_eq!((is_good(&house, &old, &old_list), is_good(&house, &new, &new_list)), (Ok(()), Ok(())));
        assert!(is_good(&house, &other, &old_list).unwrap_err().contains("revoked"));
        assert!(is_good(&house, &old, &new_list).is_err(), "another part's list is not the certificate's");

        // Whoever asks by the old name is answered.
        for path in [format!("/crl/{issuing}/{old_shard}.crl"), format!("/crl/{issuing}/{new_shard}.crl"), format!("/ca/{issuing}.cer")] {
            for host in ["old.example.test", "new.example.test", "192.0.2.1:8080"] {
                let request = Request::get(&path).header("host", host).body(Body::empty()).unwrap();
                let answer = TowerToHyperService::new(lemur::repository::router(engine.clone())).call(request).await.unwrap();
                assert_eq!(answer.status(), StatusCode::OK, "{path} at {host}");
            }
        }
        engine.close().await;

        // The name comes back: its part has room still.
        let engine = house.engine_with(settings_at("http://old.example.test")).await;
        let again = engine.issue(their_order(issuing, "again.example.com")).await.unwrap();
        assert_eq!(list(&engine, issuing, &again).await.0, old_shard);
        engine.close().await;
    })
    .await;
}

/// Two servers that are told different addresses, as when one after the other is started anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_with_different_addresses_do_not_share_a_part() {
    let house = House::postgres();
    let mut one = settings_at("http://one.example.test");
    let mut two = settings_at("http://two.example.test");
    (one.shard_capacity, two.shard_capacity) = (3, 3);
    let (one, two) = (house.engine_with(one).await, house.engine_with(two).await);
    let (_, issuing) = two_authorities(&one).await;
    let mut issued = Vec::new();
    for number in 0..5 {
        for engine in [&one, &two] {
            issued.push(engine.issue(their_order(issuing, &format!("n{number}.example.com"))).await.unwrap());
        }
    }
    let mut held = std::collections::BTreeMap::<i64, u32>::new();
    for issued in &issued {
        let (shard, list) = list(&one, issuing, issued).await;
        assert_eq!(places(&list), named(issued));
        *held.entry(shard).or_default() += 1;
    }
    assert!(held.values().all(|certificates| *certificates <= 3), "{held:?}");
    assert!(held.len() <= 5, "parts are filled before others are opened: {held:?}");
    one.close().await;
    two.close().await;
}

/// A database from before the address was written down: what the certificates say holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_from_before_is_where_its_certificates_say() {
    on_both(async |house: House| {
        let engine = house.engine_with(settings_at("http://old.example.test")).await;
        let (_, issuing) = two_authorities(&engine).await;
        let old = engine.issue(their_order(issuing, "old.example.com")).await.unwrap();
        let forget = "UPDATE crl SET url = '', taken = 9223372036854775807, wanted = wanted + 1";
        engine.store().database().execute(forget, &[]).await.unwrap();
        engine.close().await;
        let engine = house.engine_with(settings_at("http://new.example.test")).await;
        let (shard, of_old) = list(&engine, issuing, &old).await;
        assert_eq!(places(&of_old), named(&old));
        assert_eq!(is_good(&house, &old, &of_old), Ok(()));
        let new = engine.issue(their_order(issuing, "new.example.com")).await.unwrap();
        assert_ne!(list(&engine, issuing, &new).await.0, shard);
        engine.close().await;
    })
    .await;
}
