//! Our own server as upstream: its external account, dns-01, and a revocation that it says to everybody.

use lemur::audit::Actor;
use lemur::certificate::{View, read_bundle};
use lemur::config::ExternalAccount;
use lemur::crl::Reason;
use menagerie_tests::process::free_port;

use super::house::House;
use super::served::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_comes_from_our_own_server_and_is_revoked_there() {
    let house = House::sqlite();
    let place = Place::new(None, free_port());
    place.configure(&format!("[acme]\nname_servers = [\"{}\"]\n", house.chall.dns()));
    let server = place.serve();
    let added = place.lemur(&["acme", "add-key", "--owner", "web@example.org", "--name", ".example.org"]).success();
    let text = added.text();
    let (key_id, key) = text.trim().split_once(' ').unwrap();
    let key_file = house.file("external.key", key);
    let mut upstream = house.by_dns(format!("{}/acme/directory", server.url()), place.root());
    upstream.external_account = Some(ExternalAccount { id: key_id.to_owned(), key_file });
    upstream.issued_under = Some(place.root());
    let replica = house.replica(upstream).await;
    let id = replica.order(&["example.org", "*.example.org"]).await;
    let certificate = replica.issued(id).await;
    let view = View::parse(&certificate.der).unwrap();
    assert_eq!(view.names().len(), 2);
    let chain = read_bundle(certificate.chain.as_deref().unwrap().as_bytes()).unwrap();
    assert_eq!(chain.len(), 1, "the authority, and not the root");
    assert_eq!(house.records.count(), 0);

    replica.upstreams.revoke(certificate.id, Reason::KeyCompromise, "", &Actor::cli("tests")).await.unwrap();
    let list = server.done("GET", "/certificates?count=100&filter=cn;example.org", None);
    let serial = view.serial().to_decimal();
    let theirs = list["items"].as_array().unwrap().iter().find(|item| item["serial"] == serial.as_str()).unwrap();
    assert_eq!((&theirs["status"], &theirs["revocationReason"]), (&"revoked".into(), &"keyCompromise".into()), "{theirs}");
    // A name that its key does not cover is refused for good.
    let id = replica.order(&["example.net"]).await;
    let pending = replica.resolved(id).await;
    assert!(pending.certificate.is_none() && pending.status.contains("rejectedIdentifier"), "{pending:?}");
    assert_eq!(pending.attempts, 1);
}
