//! What is offered follows the authorities: one that is made, disabled or limited to some names is seen without a restart, whoever did it.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lemur::acme::{Offers, Settings};
use lemur::authority::Parent;
use lemur::name::{NameConstraints, Subtrees};
use lemur::store::authorities::AuthorityChange;
use lemur::validate::Reach;
use serde_json::{Value, json};

use crate::hostile::ready;
use crate::house::{House, Replica, authority, constrained, on_both};
use crate::raw::{Answer, Raw, openssl_request};

/// Every authority by its own name, as where the configuration names none.
fn each(settings: &mut Settings) {
    let offers = Offers::Authorities { profile: "tls-server".to_owned(), first: "internal".to_owned(), reach: Reach::default() };
    *settings = Settings::offering(settings.base(), offers).unwrap();
}

async fn account(house: &House, replica: &Replica, profiles: &[&str]) -> Raw {
    let mut raw = Raw::new(house, replica);
    let key = replica.key_for(&[".example.org"], profiles).await;
    let answer = raw.post("/new-account", &json!({ "externalAccountBinding": raw.binding(&key) })).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    raw.kid = Some(answer.header("location"));
    raw
}

async fn order(raw: &Raw, profile: Option<&str>, names: &[&str]) -> Answer {
    let identifiers: Vec<Value> = names.iter().map(|name| json!({ "type": "dns", "value": name })).collect();
    let mut payload = json!({ "identifiers": identifiers });
    if let Some(profile) = profile {
        payload["profile"] = json!(profile);
    }
    raw.post("/new-order", &payload).await
}

async fn profiles(raw: &Raw) -> Vec<String> {
    let directory = raw.send("GET", "/directory", &[], Vec::new()).await.json();
    directory["meta"]["profiles"].as_object().unwrap().keys().cloned().collect()
}

/// Waits until the server says so.
async fn in_time(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(5), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_is_offered_from_when_it_is_made_until_it_is_disabled() {
    on_both(async |house| {
        let replica = house.replica_with(each).await;
        let command_line = house.engine().await;
        let raw = account(&house, &replica, &["Issuing", "Second"]).await;
        assert_eq!(profiles(&raw).await, ["Issuing"]);
        assert_eq!(order(&raw, Some("Second"), &["a.example.org"]).await.problem(), "invalidProfile");
        // By another process, and at once.
        let second = authority(&command_line, "Second", Parent::Ours(replica.root)).await;
        let answer = order(&raw, Some("Second"), &["a.example.org"]).await;
        assert_eq!((answer.status, answer.json()["profile"].as_str()), (201, Some("Second")), "{answer:?}");
        in_time("the directory has it", async || profiles(&raw).await == ["Issuing", "Second"]).await;

        let set = async |id, active| {
            let change = AuthorityChange { active: Some(active), ..AuthorityChange::default() };
            command_line.change_authority(id, &change, &lemur::audit::Actor::cli("tests")).await.unwrap();
        };
        set(second, false).await;
        in_time("it is offered no more", async || profiles(&raw).await == ["Issuing"]).await;
        assert_eq!(order(&raw, Some("Second"), &["a.example.org"]).await.problem(), "invalidProfile");
        // Another takes the place of the one that is meant where none is named.
        assert_eq!(order(&raw, None, &["a.example.org"]).await.status, 201);
        set(replica.authority, false).await;
        in_time("nothing is offered", async || profiles(&raw).await.is_empty()).await;
        assert_eq!(order(&raw, None, &["a.example.org"]).await.problem(), "invalidProfile");
        set(second, true).await;
        in_time("the other is", async || profiles(&raw).await == ["Second"]).await;
        assert_eq!(order(&raw, None, &["a.example.org"]).await.status, 201);
        command_line.close().await;
    })
    .await;
}

/// Offers that the configuration names wait for their authorities.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_that_is_named_waits_for_its_authority() {
    let house = House::sqlite();
    let later = |settings: &mut Settings| {
        let offer = |authority: &str| lemur::acme::Offer::new("", authority, "tls-server", Reach::default());
        let offers = [("now".to_owned(), offer("Issuing")), ("later".to_owned(), offer("Later"))];
        *settings = Settings::new(settings.base(), offers.into(), "now").unwrap();
    };
    let replica = house.replica_with(later).await;
    let raw = account(&house, &replica, &["now", "later"]).await;
    assert_eq!(profiles(&raw).await, ["now"]);
    assert_eq!(order(&raw, Some("later"), &["a.example.org"]).await.problem(), "invalidProfile");
    authority(&replica.engine, "Later", Parent::Ours(replica.root)).await;
    assert_eq!(profiles(&raw).await, ["later", "now"]);
    assert_eq!(order(&raw, Some("later"), &["a.example.org"]).await.status, 201);
}

/// What the configuration names: offers and their authorities.
fn named(offers: &'static [(&'static str, &'static str)]) -> impl Fn(&mut Settings) {
    move |settings| {
        let offer = |authority: &str| lemur::acme::Offer::new("", authority, "tls-server", Reach::default());
        let all = offers.iter().map(|(name, authority)| ((*name).to_owned(), offer(authority))).collect();
        *settings = Settings::new(settings.base(), all, offers[0].0).unwrap();
    }
}

/// The answer refuses the profile, and says this.
fn refuses(answer: &Answer, said: &str) {
    let json = answer.json();
    assert_eq!((answer.status, answer.problem().as_str()), (400, "invalidProfile"), "{json}");
    assert!(json["detail"].as_str().unwrap().contains(said), "{json}");
}

/// Once the configuration names a profile, a key without profiles has it, and a key with profiles has no more than it had.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_without_profiles_has_those_that_are_offered_and_a_key_with_some_never_others() {
    on_both(async |house| {
        let before = house.replica_with(each).await;
        let (all, old) = (account(&house, &before, &[]).await, account(&house, &before, &["Issuing"]).await);
        let kept = before.acme.external_keys().list(None, 10).await.unwrap();
        assert_eq!(kept.iter().filter(|key| key.grant.profiles.is_empty()).count(), 1);
        for raw in [&all, &old] {
            assert_eq!(order(raw, None, &["a.example.org"]).await.status, 201);
        }
        // What is ordered of an offer that is gone later cannot be finalised.
        let path = ready(&house, &all, &["b.example.org"]).await;

        let after = house.replica_with(named(&[("server", "Issuing"), ("later", "Later")])).await;
        let (all, old) = (all.at(&after), old.at(&after));
        assert_eq!(order(&all, None, &["a.example.org"]).await.status, 201);
        assert_eq!(order(&all, Some("server"), &["a.example.org"]).await.status, 201);
        refuses(&order(&all, Some("Issuing"), &["a.example.org"]).await, "what is offered is server");
        refuses(&order(&old, None, &["a.example.org"]).await, "what is offered is server");
        refuses(&order(&old, Some("server"), &["a.example.org"]).await, "does not have this profile");
        let csr = openssl_request(&house.folder.path().join("b.key"), "/", "DNS:b.example.org");
        let csr = json!({ "csr": URL_SAFE_NO_PAD.encode(csr) });
        refuses(&all.post(&format!("{path}/finalize"), &csr).await, "what is offered is server");

        // A profile that comes to be offered is for keys without profiles and for those that name it.
        let waits = account(&house, &after, &["later", "never"]).await;
        refuses(&order(&all, Some("later"), &["a.example.org"]).await, "what is offered is server");
        refuses(&order(&waits, None, &["a.example.org"]).await, "what is offered is server");
        authority(&after.engine, "Later", Parent::Ours(after.root)).await;
        for (raw, profile) in [(&all, Some("later")), (&waits, Some("later")), (&waits, None)] {
            assert_eq!(order(raw, profile, &["a.example.org"]).await.status, 201);
        }
        refuses(&order(&waits, Some("server"), &["a.example.org"]).await, "does not have this profile");
        refuses(&order(&old, Some("later"), &["a.example.org"]).await, "does not have this profile");
        let both = account(&house, &after, &["later", "server"]).await;
        assert_eq!(order(&both, None, &["a.example.org"]).await.status, 201);

        // Where what is meant by itself is gone, a key without profiles names what it wants.
        let gone = house.replica_with(named(&[("gone", "Nobody"), ("server", "Issuing"), ("later", "Later")])).await;
        let (all, both) = (all.at(&gone), both.at(&gone));
        refuses(&order(&all, None, &["a.example.org"]).await, "later, server");
        refuses(&order(&both, None, &["a.example.org"]).await, "later, server");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_the_authority_may_not_certify_are_refused_before_they_are_proved() {
    let house = House::sqlite();
    let replica = house.replica_with(each).await;
    let subtrees = |names: &[&str]| Subtrees::parse(names, &[], &[], &[]).unwrap();
    let constraints = NameConstraints::new(subtrees(&["a.example.org"]), subtrees(&["secret.a.example.org"])).unwrap();
    constrained(&replica.engine, "Narrow", Parent::Ours(replica.root), constraints).await;
    let raw = account(&house, &replica, &["Narrow"]).await;
    assert_eq!(order(&raw, None, &["x.a.example.org", "a.example.org"]).await.status, 201);
    let names = ["x.a.example.org", "x.b.example.org", "secret.a.example.org", "*.a.example.org"];
    let answer = order(&raw, None, &names).await;
    assert_eq!((answer.status, answer.problem().as_str()), (400, "rejectedIdentifier"));
    let json = answer.json();
    let refused: Vec<_> = json["subproblems"].as_array().unwrap().iter().map(|one| one["identifier"]["value"].as_str().unwrap()).collect();
    // The wildcard reaches into what is excluded.
    assert_eq!(refused, names[1..], "{json}");
    for one in json["subproblems"].as_array().unwrap() {
        assert_eq!(one["type"], "urn:ietf:params:acme:error:rejectedIdentifier");
        assert!(one["detail"].as_str().unwrap().contains("name constraints"), "{one}");
    }
}
