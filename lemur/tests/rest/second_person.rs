//! That nobody is the second person to themselves: not by an account that they made or took over, and not by an API key.

use std::sync::atomic::Ordering;

use lemur::rest::{Settings, SettledDays};
use serde_json::{Value, json};

use super::support::{PASSWORD, Service, new_authority, on_both_with};

const DAY: i64 = 24 * 60 * 60;
const ANOTHER: &str = "another horse battery";

fn waits_for(days: u16) -> Settings {
    Settings { approve_authorities: Some(SettledDays(days)), ..Settings::default() }
}

fn number(service: &Service, name: &str) -> i64 {
    number_by(service, &service.admin, name)
}

fn number_by(service: &Service, token: &str, name: &str) -> i64 {
    service.get(&format!("/users?filter=name;{name}"), token).done()["items"][0]["id"].as_i64().unwrap()
}

fn proposed(service: &Service, token: &str, name: &str) -> i64 {
    let answer = service.post("/authorities", token, &new_authority(name));
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["approval"]["id"].as_i64().unwrap()
}

fn approve(service: &Service, token: &str, number: i64) -> super::support::Answer {
    service.post(&format!("/approvals/{number}/approve"), token, &json!({}))
}

#[test]
fn who_proposes_neither_makes_nor_takes_over_who_approves() {
    on_both_with(waits_for(0), |service| {
        let (bob, _) = (service.session("bob", &["admin"]), service.session("carol", &["admin"]));
        service.session("dave", &[]);
        service.session("erin", &["admin", "read-only"]);
        let waits = proposed(service, &service.admin, "Corp");
        let change = |name: &str, body: Value| service.put(&format!("/users/{}", number(service, name)), &service.admin, &body).done();
        // Made, taken over, and given a role by who proposed it, after it.
        let sock = service.session("sock", &["admin"]);
        change("carol", json!({"password": ANOTHER}));
        change("dave", json!({"roles": [{"name": "admin"}]}));
        change("erin", json!({"roles": [{"name": "admin"}]}));
        for token in [sock, service.login("carol", ANOTHER), service.login("dave", PASSWORD), service.login("erin", PASSWORD)] {
            let refused = approve(service, &token, waits).refused(403);
            assert!(refused["message"].as_str().unwrap().contains("by somebody else"), "{refused}");
        }
        // What one changes oneself makes one nobody else.
        let own = json!({"password": ANOTHER, "oldPassword": PASSWORD});
        service.put(&format!("/users/{}", number(service, "bob")), &bob, &own).done();
        assert_eq!(approve(service, &service.login("bob", ANOTHER), waits).done()["state"], "done");
    });
}

#[test]
fn accounts_of_the_last_days_neither_propose_nor_approve() {
    on_both_with(waits_for(7), |service| {
        // One who has two accounts made neither of them a moment ago.
        service.post("/authorities", &service.admin, &new_authority("Corp")).refused(403);
        for name in ["ann", "bob"] {
            service.session(name, &["admin"]);
        }
        service.ahead.fetch_add(7 * DAY - 3_600, Ordering::SeqCst);
        let refused = service.post("/authorities", &service.login("ann", PASSWORD), &new_authority("Corp")).refused(403);
        assert!(refused["message"].as_str().unwrap().contains("settled_days"), "{refused}");
        service.ahead.fetch_add(2 * 3_600, Ordering::SeqCst);
        let [admin, ann, bob] = ["admin", "ann", "bob"].map(|name| service.login(name, PASSWORD));
        let waits = proposed(service, &ann, "Corp");
        // A key of hers that another made would propose as she does.
        let key = json!({"name": "k", "user": {"id": number_by(service, &admin, "ann")}, "ttl": 1});
        let key = service.post("/keys", &admin, &key).done();
        service.post("/authorities", key["jwt"].as_str().unwrap(), &new_authority("Other")).refused(403);
        assert_eq!(approve(service, &bob, waits).done()["state"], "done");
        // A role that is named anew gives its members what it did not.
        let role = service.post("/roles", &admin, &json!({"name": "team", "users": [{"name": "bob"}]}));
        let role = role.done()["id"].clone();
        let waits = proposed(service, &admin, "Third");
        approve(service, &bob, waits).refused(403);
        service.ahead.fetch_add(8 * DAY, Ordering::SeqCst);
        let [admin, bob] = ["admin", "bob"].map(|name| service.login(name, PASSWORD));
        let waits = proposed(service, &admin, "Third");
        service.put(&format!("/roles/{role}"), &admin, &json!({"name": "Third_admin"})).done();
        approve(service, &bob, waits).refused(403);
    });
}

#[test]
fn an_api_key_makes_no_administrator_and_takes_nobody_over() {
    on_both_with(Settings::default(), |service| {
        service.session("bob", &["admin"]);
        service.session("dave", &[]);
        let key = service.post("/keys", &service.admin, &json!({"name": "k", "ttl": 1})).done()["jwt"].as_str().unwrap().to_owned();
        let new = |name: &str, role: &str| json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD, "roles": [{"name": role}]});
        service.post("/roles", &service.admin, &json!({"name": "Corp_admin"})).done();
        service.post("/roles", &service.admin, &json!({"name": "deploy"})).done();
        let role = |name: &str| service.get(&format!("/roles?filter=name;{name}"), &key).done()["items"][0]["id"].clone();
        let (bob, dave) = (number(service, "bob"), number(service, "dave"));
        for refused in [
            service.post("/users", &key, &new("sock", "admin")),
            service.post("/users", &key, &new("sock", "Corp_admin")),
            service.put(&format!("/users/{dave}"), &key, &json!({"roles": [{"name": "admin"}]})),
            service.put(&format!("/users/{bob}"), &key, &json!({"password": ANOTHER})),
            service.delete(&format!("/users/{bob}/second_factor"), &key),
            service.delete(&format!("/users/{bob}/tokens"), &key),
            service.put(&format!("/roles/{}", role("Corp_admin")), &key, &json!({"users": [{"name": "dave"}]})),
            service.put(&format!("/roles/{}", role("deploy")), &key, &json!({"name": "Other_admin"})),
            service.post("/roles", &key, &json!({"name": "Third_admin", "users": [{"name": "dave"}]})),
        ] {
            let refused = refused.refused(403);
            assert!(refused["message"].as_str().unwrap().contains("An API key"), "{refused}");
        }
        // What administers nothing it goes on to give, and what somebody has already it leaves.
        service.post("/users", &key, &new("ci", "deploy")).done();
        service.put(&format!("/users/{bob}"), &key, &json!({"roles": [{"name": "admin"}, {"name": "deploy"}]})).done();
        service.put(&format!("/roles/{}", role("deploy")), &key, &json!({"users": [{"name": "dave"}]})).done();
    });
}

#[test]
fn what_changes_nothing_waits_for_nobody() {
    on_both_with(waits_for(0), |service| {
        let bob = service.session("bob", &["admin"]);
        let waits = proposed(service, &service.admin, "Corp");
        approve(service, &bob, waits).done();
        let id = service.get("/authorities", &bob).done()["items"][0]["id"].clone();
        let path = format!("/authorities/{id}");
        let whole = service.get(&path, &bob).done();
        assert_eq!(service.put(&path, &bob, &whole).done(), whole);
        let waiting = || service.get("/approvals", &bob).done()["total"].clone();
        assert_eq!(waiting(), 0);
        let mut body = whole;
        body["description"] = json!("ours");
        assert_eq!(service.put(&path, &bob, &body).status, 202);
        assert_eq!(waiting(), 1);
    });
}
