//! Every route is asked by every kind of requester, and answers only those who may. What is served is read from the service's own description:
//! a route that the table below does not know fails the walk.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{PASSWORD, Service, new_authority, new_certificate, new_upstream_authority};

/// Who asks. `owner` has a role of the owner's name, `member` one of the certificate's roles, `issuer` and `ca-admin` the roles of the authority,
/// `reader` all of these and `read-only`. All of them have signed in; `key` is an API key of an administrator, who may what the administrator
/// may, but for what that one comes in by; and `workload` is one whose own the certificates are, with every action in its grant.
const EVERYONE: [&str; 10] = ["nobody", "reader", "operator", "issuer", "ca-admin", "owner", "member", "admin", "key", "workload"];
const PEOPLE: &[&str] = &["nobody", "reader", "operator", "issuer", "ca-admin", "owner", "member", "admin", "key"];
const SIGNED_IN: &[&str] = &["nobody", "operator", "issuer", "ca-admin", "owner", "member", "admin"];
/// An API key has no session that ends.
const SESSIONS: &[&str] = &["nobody", "reader", "operator", "issuer", "ca-admin", "owner", "member", "admin", "workload"];
const WRITERS: &[&str] = &["nobody", "operator", "issuer", "ca-admin", "owner", "member", "admin", "key"];
const ISSUERS: &[&str] = &["issuer", "ca-admin", "admin", "key", "workload"];
/// A workload's grant is for one authority, and not for the one that is elsewhere.
const ISSUING_PEOPLE: &[&str] = &["issuer", "ca-admin", "admin", "key"];
const ANSWERS_FOR: &[&str] = &["owner", "member", "admin", "key"];
const OWN: &[&str] = &["owner", "member", "admin", "key", "workload"];
const CA_ADMINS: &[&str] = &["ca-admin", "admin", "key"];
const ADMINS: &[&str] = &["admin", "key"];
const DELIVERY: &[&str] = &["operator", "admin", "key"];
const LOG: &[&str] = &["reader", "operator", "admin", "key"];
const ROLE: &[&str] = &["reader", "operator", "member", "admin", "key"];

/// A route, who may, and what those are answered.
pub(crate) type Row = (&'static str, &'static str, &'static [&'static str], u16);

const TABLE: &[Row] = &[
    ("get", "/auth/me", &EVERYONE, 200),
    ("post", "/auth/second_factor", SIGNED_IN, 200),
    ("put", "/auth/second_factor", SIGNED_IN, 400),
    ("delete", "/auth/second_factor", SIGNED_IN, 200),
    ("get", "/certificates", &EVERYONE, 200),
    ("post", "/certificates", ISSUERS, 200),
    ("post", "/certificates/upload", WRITERS, 400),
    ("get", "/certificates/valid", &EVERYONE, 200),
    ("get", "/certificates/stats", &EVERYONE, 200),
    ("get", "/certificates/name/{name}", &EVERYONE, 200),
    ("get", "/certificates/{id}", &EVERYONE, 200),
    ("put", "/certificates/{id}", ANSWERS_FOR, 200),
    ("post", "/certificates/{id}", ANSWERS_FOR, 200),
    ("delete", "/certificates/{id}", ANSWERS_FOR, 405),
    ("post", "/certificates/{id}/update/switches", ANSWERS_FOR, 200),
    ("put", "/certificates/{id}/update/owner", ANSWERS_FOR, 200),
    ("post", "/certificates/{id}/update/owner", ANSWERS_FOR, 200),
    ("put", "/certificates/{id}/description", ANSWERS_FOR, 200),
    ("put", "/certificates/{id}/revoke", OWN, 200),
    ("put", "/certificates/{id}/deactivate", OWN, 200),
    // None of them is on hold.
    ("put", "/certificates/{id}/release", CA_ADMINS, 400),
    ("get", "/certificates/{id}/key", OWN, 200),
    ("post", "/certificates/{id}/export", OWN, 200),
    ("get", "/certificates/{id}/authority", &EVERYONE, 200),
    ("get", "/certificates/{id}/creator", PEOPLE, 200),
    ("get", "/certificates/{id}/domains", &EVERYONE, 200),
    ("get", "/certificates/{id}/replacements", &EVERYONE, 200),
    ("get", "/certificates/{id}/destinations", &EVERYONE, 200),
    ("get", "/certificates/{id}/notifications", &EVERYONE, 200),
    ("get", "/certificates/{id}/sources", &EVERYONE, 200),
    ("get", "/authorities", &EVERYONE, 200),
    ("post", "/authorities", ADMINS, 200),
    ("get", "/authorities/{id}", &EVERYONE, 200),
    ("put", "/authorities/{id}", CA_ADMINS, 200),
    ("put", "/authorities/{id}/certificate", CA_ADMINS, 400),
    ("post", "/authorities/{id}/cross_certificates", CA_ADMINS, 400),
    ("get", "/authorities/{id}/visualize", &EVERYONE, 200),
    ("get", "/authorities/{id}/roles", &EVERYONE, 200),
    ("get", "/roles", PEOPLE, 200),
    ("post", "/roles", ADMINS, 200),
    ("get", "/roles/{id}", ROLE, 200),
    ("put", "/roles/{id}", ADMINS, 200),
    ("delete", "/roles/{id}", ADMINS, 200),
    ("get", "/roles/{id}/users", ROLE, 200),
    ("get", "/roles/{id}/credentials", ADMINS, 404),
    ("get", "/users", PEOPLE, 200),
    ("post", "/users", ADMINS, 200),
    ("get", "/users/{id}", PEOPLE, 200),
    ("put", "/users/{id}", ADMINS, 200),
    ("get", "/users/{id}/roles", LOG, 200),
    ("delete", "/users/{id}/tokens", &["admin"], 200),
    // The victim has none.
    ("delete", "/users/{id}/second_factor", &["admin"], 404),
    ("get", "/users/{id}/keys", ADMINS, 200),
    ("post", "/users/{id}/keys", ADMINS, 200),
    ("get", "/keys", PEOPLE, 200),
    ("post", "/keys", SIGNED_IN, 200),
    ("get", "/keys/{id}", ADMINS, 200),
    ("get", "/keys/{id}/described", ADMINS, 200),
    ("put", "/keys/{id}", ADMINS, 200),
    ("delete", "/keys/{id}", ADMINS, 200),
    ("get", "/plugins", &EVERYONE, 200),
    ("get", "/plugins/{name}", &EVERYONE, 200),
    ("get", "/defaults", &EVERYONE, 200),
    ("get", "/logs", LOG, 200),
    ("get", "/pending_certificates", &EVERYONE, 200),
    ("post", "/pending_certificates", ISSUING_PEOPLE, 200),
    ("get", "/pending_certificates/{id}", &EVERYONE, 200),
    ("put", "/pending_certificates/{id}", ANSWERS_FOR, 200),
    ("delete", "/pending_certificates/{id}", ANSWERS_FOR, 204),
    ("post", "/pending_certificates/{id}/upload", ADMINS, 400),
    ("get", "/pending_certificates/{id}/key", ANSWERS_FOR, 200),
    ("get", "/logs/lines", LOG, 200),
    ("get", "/approvals", PEOPLE, 200),
    ("get", "/approvals/{id}", PEOPLE, 404),
    // No API key is a second person; where there is no proposal there is nothing to learn either.
    ("post", "/approvals/{id}/approve", &EVERYONE, 404),
    ("post", "/approvals/{id}/reject", &EVERYONE, 404),
    ("get", "/acme/external_keys", ADMINS, 200),
    ("post", "/acme/external_keys", ADMINS, 200),
    ("delete", "/acme/external_keys/{name}", ADMINS, 404),
    ("get", "/destinations/stats", &EVERYONE, 200),
    ("get", "/dns_provider_options", &EVERYONE, 200),
    ("get", "/dns_providers", &EVERYONE, 200),
    ("post", "/dns_providers", DELIVERY, 400),
    ("get", "/dns_providers/{id}", &EVERYONE, 404),
    ("put", "/dns_providers/{id}", DELIVERY, 400),
    ("delete", "/dns_providers/{id}", DELIVERY, 400),
    ("get", "/destinations/{id}/certificates", &EVERYONE, 200),
    ("get", "/sources/{id}/certificates", &EVERYONE, 200),
    ("get", "/notifications/{id}/certificates", &EVERYONE, 200),
];

/// What comes later is all alike.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = TABLE.to_vec();
    for feature in lemur::rest::FEATURES {
        rows.push(("get", feature.path, &EVERYONE, 200));
        rows.push(("post", feature.path, DELIVERY, 501));
        rows.push(("get", feature.one, &EVERYONE, 404));
        rows.push(("put", feature.one, DELIVERY, 501));
        rows.push(("delete", feature.one, DELIVERY, 501));
    }
    // Last, since whoever may is out from then on.
    rows.push(("post", "/auth/logout", SESSIONS, 200));
    rows
}

pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) tokens: Vec<(&'static str, String)>,
    member_role: i64,
    victim: i64,
}

pub(crate) fn world() -> World {
    let (service, workload) = Service::start_for_workload();
    service.authority("Root");
    let _ = service.post("/authorities", &service.admin, &new_upstream_authority("Elsewhere")).done();
    let member_role = service.role("members");
    service.role("team@example.com");
    let pass = service.post("/auth/workload", "", &json!({"workload": "pipeline", "token": workload})).done();
    let mut tokens = vec![("admin", service.admin.clone()), ("workload", pass["token"].as_str().unwrap().to_owned())];
    for (name, roles) in [
        ("nobody", &[][..]),
        ("reader", &["read-only", "Root_admin", "Root_operator", "Elsewhere_admin", "team@example.com", "members"]),
        ("operator", &["operator"]),
        ("issuer", &["Root_operator", "Elsewhere_operator"]),
        ("ca-admin", &["Root_admin", "Elsewhere_admin"]),
        ("owner", &["team@example.com"]),
        ("member", &["members"]),
    ] {
        tokens.push((name, service.session(name, roles)));
    }
    let key = service.post("/keys", &service.admin, &json!({"name": "walk"})).done();
    tokens.push(("key", key["jwt"].as_str().unwrap().to_owned()));
    let victim = json!({"username": "victim", "email": "victim@example.com"});
    let victim = service.post("/users", &service.admin, &victim).done()["id"].as_i64().unwrap();
    World { service, tokens, member_role, victim }
}

impl World {
    /// A path to something made for this question alone, so that no answer depends on the one before.
    pub(crate) fn path(&self, method: &str, path: &str, number: usize) -> String {
        let admin = &self.service.admin;
        let made = |answer: Value| answer["id"].as_i64().unwrap().to_string();
        let id = match path {
            path if path.starts_with("/certificates/{id}") || path.starts_with("/certificates/name") => {
                let mut new = new_certificate("Root", &format!("w{number}.example.com"));
                new["roles"] = json!([{"id": self.member_role}, {"name": "workload:pipeline"}]);
                let certificate = self.service.post("/certificates", admin, &new).done();
                if path.contains("{name}") {
                    return path.replace("{name}", certificate["name"].as_str().unwrap());
                }
                made(certificate)
            }
            path if path.starts_with("/pending_certificates/{id}") => {
                let mut new = new_certificate("Elsewhere", &format!("w{number}.example.com"));
                new["roles"] = json!([{"id": self.member_role}]);
                made(self.service.post("/certificates", admin, &new).done())
            }
            "/roles/{id}" if method == "delete" => {
                made(self.service.post("/roles", admin, &json!({"name": format!("gone{number}")})).done())
            }
            path if path.starts_with("/roles/{id}") => self.member_role.to_string(),
            path if path.starts_with("/users/{id}") => self.victim.to_string(),
            path if path.starts_with("/keys/{id}") => {
                made(self.service.post("/keys", admin, &json!({"name": "x", "user": {"id": self.victim}})).done())
            }
            _ => "1".to_owned(),
        };
        path.replace("{id}", &id).replace("{name}", "pem-export")
    }

    pub(crate) fn body(&self, method: &str, path: &str, number: usize) -> Option<Value> {
        if !["post", "put"].contains(&method) && path != "/auth/second_factor" {
            return None;
        }
        Some(match path {
            "/auth/second_factor" if method == "delete" => json!({"password": PASSWORD}),
            "/auth/second_factor" => json!({"code": "000000"}),
            "/certificates" => new_certificate("Root", &format!("w{number}.example.com")),
            "/pending_certificates" => new_certificate("Elsewhere", &format!("w{number}.example.com")),
            "/certificates/{id}/update/switches" => json!({"notify": false}),
            "/certificates/{id}/update/owner" => json!({"owner": "other@example.com"}),
            "/certificates/{id}/revoke" => json!({"crlReason": "superseded"}),
            "/certificates/{id}/export" => json!({"plugin": {"slug": "pem-export"}}),
            "/acme/external_keys" => json!({"owner": "a@example.com", "names": [".example.com"], "profiles": ["Root"]}),
            "/authorities" => new_authority(&format!("W{number}")),
            "/roles" => json!({"name": format!("w{number}")}),
            "/roles/{id}" => json!({"description": "x"}),
            "/users" => json!({"username": format!("w{number}"), "email": format!("w{number}@example.com")}),
            "/users/{id}" => json!({"active": true}),
            "/keys" | "/users/{id}/keys" => json!({"name": "x"}),
            path if path.starts_with("/certificates/{id}") || path.starts_with("/authorities/{id}") => json!({"description": "x"}),
            _ => json!({}),
        })
    }
}

/// An authority's own certificate is another thing than those that it issued: its roles, its owner and who made it have no say about it.
#[test]
fn an_authoritys_own_certificate_answers_those_above_it_alone() {
    let world = world();
    let admin = &world.service.admin;
    let made = std::cell::Cell::new(0);
    let below = || {
        made.set(made.get() + 1);
        let mut new = new_authority(&format!("Below{}", made.get()));
        new["type"] = json!("subca");
        new["parent"] = json!({"name": "Root"});
        new["owner"] = json!("team@example.com");
        new["roles"] = json!([{"id": world.member_role}, {"name": "Root_operator"}]);
        world.service.post("/authorities", admin, &new).done()["authorityCertificate"]["id"].as_i64().unwrap()
    };
    let shared = below();
    let mut wrong = Vec::new();
    for (method, path, _, status) in
        TABLE.iter().filter(|(_, path, may, _)| path.starts_with("/certificates/{id}") && [ANSWERS_FOR, OWN].contains(may))
    {
        let status = match (*method, *path) {
            (_, "/certificates/{id}/key" | "/certificates/{id}/export") => 404,
            ("delete", _) => 409,
            _ => *status,
        };
        for (who, token) in &world.tokens {
            let may = CA_ADMINS.contains(who);
            let asked = path.replace("{id}", &if may { below() } else { shared }.to_string());
            let answer = world.service.call(&method.to_uppercase(), &asked, token, world.body(method, path, 0).as_ref());
            if answer.status != if may { status } else { 403 } {
                wrong.push(format!("{who} {method} {path}: {}: {}", answer.status, answer.text));
            }
        }
    }
    assert!(made.get() > 30, "all routes were asked");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_route_answers_those_who_may_and_nobody_else() {
    let world = world();
    let rows = rows();
    let document = world.service.get("/openapi.json", "").done();
    let mut served = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"].is_null() {
                served.insert((method.clone(), path.strip_prefix("/api/1").unwrap().to_owned()));
            }
        }
    }
    let known: BTreeSet<_> = rows.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(served, known, "the table is not of what is served");
    let mut number = 0;
    let mut wrong = Vec::new();
    for (method, path, may, status) in rows {
        for (who, token) in world.tokens.iter().map(|(who, token)| (*who, token.as_str())).chain([("anonymous", "")]) {
            number += 1;
            let (asked, body) = (world.path(method, path, number), world.body(method, path, number));
            let answer = world.service.call(&method.to_uppercase(), &asked, token, body.as_ref());
            let expected = if who == "anonymous" {
                401
            } else if may.contains(&who) {
                status
            } else {
                403
            };
            if answer.status != expected {
                wrong.push(format!("{who} {method} {path}: {} for {expected}: {}", answer.status, answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
