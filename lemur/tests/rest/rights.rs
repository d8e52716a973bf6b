//! Rights that were wider than they were meant: of roles over an authority's own certificate, of API keys over their user.

use serde_json::json;

use super::certificates::foreign;
use super::support::{PASSWORD, new_authority, new_certificate, on_both};

/// Whoever may issue from an authority has no say about its own certificate, nor has a former owner, nor who once made it.
#[test]
fn only_those_above_an_authority_decide_of_its_certificate() {
    on_both(|service| {
        let admin = &service.admin;
        service.authority("Root");
        service.role("deploy");
        let maker = service.user("maker", &["Root_admin"]);
        let mut new = new_authority("tls");
        new["type"] = json!("subca");
        new["parent"] = json!({"name": "Root"});
        new["roles"] = json!([{"name": "deploy"}]);
        new["owner"] = json!("former@example.com");
        let made = service.post("/authorities", &maker, &new).done();
        let (authority, certificate) = (format!("/authorities/{}", made["id"]), made["authorityCertificate"]["id"].clone());
        let row = format!("/certificates/{certificate}");
        assert_eq!(service.get(&row, admin).done()["roles"], json!([]));
        service.put(&authority, admin, &json!({"owner": "pki@example.com"})).done();
        let roles = made["roles"].as_array().unwrap().iter().map(|role| json!({"id": role["id"]})).collect::<Vec<_>>();
        assert!(roles.len() >= 3, "{made}");
        let refused = service.put(&row, admin, &json!({"roles": roles})).reason("roles");
        assert!(refused.contains("give them to the authority"), "{refused}");
        let deploy = service.user("deploy", &["deploy"]);
        let operator = service.user("operator", &["tls_operator"]);
        let own_admin = service.user("own", &["tls_admin"]);
        let former = service.user("former", &[]);
        for token in [&deploy, &operator, &own_admin, &former] {
            service.put(&format!("{row}/update/owner"), token, &json!({"owner": "mallory@example.com"})).refused(403);
            service.put(&row, token, &json!({"roles": []})).refused(403);
            service.put(&format!("{row}/description"), token, &json!({"description": "x"})).refused(403);
            service.post(&format!("{row}/update/switches"), token, &json!({"notify": false})).refused(403);
            service.put(&format!("{row}/deactivate"), token, &json!({})).refused(403);
            service.put(&format!("{row}/revoke"), token, &json!({"crlReason": "keyCompromise"})).refused(403);
            service.delete(&row, token).refused(403);
            service.get(&format!("{row}/key"), token).refused(403);
        }
        // The one above it has: its administrator revokes it, and then it issues no more.
        service.put(&format!("{row}/description"), &maker, &json!({"description": "under Root"})).done();
        service.certificate(&deploy, "tls", "a.example.com");
        service.put(&format!("{row}/revoke"), &maker, &json!({"crlReason": "cACompromise"})).done();
        let refused = service.post("/certificates", &deploy, &new_certificate("tls", "b.example.com"));
        assert!(refused.reason("authority").contains("revoked"), "{refused:?}");
    });
}

/// What is brought is one's own or one's roles', and nobody keeps a name or another's certificate by having been the first to bring it.
#[test]
fn what_is_brought_is_ones_own_and_can_be_taken_away() {
    on_both(|service| {
        service.role("team");
        service.role("others");
        let (carl, dora) = (service.user("carl", &["team"]), service.user("dora", &[]));
        let (_, body) = foreign(service, "payments.example.com");
        let upload = |owner: &str, roles: &[&str]| {
            let roles: Vec<_> = roles.iter().map(|name| json!({"name": name})).collect();
            json!({"body": body, "owner": owner, "name": "payments-prod", "roles": roles})
        };
        service.post("/certificates/upload", &carl, &upload("dora@example.com", &[])).refused(403);
        service.post("/certificates/upload", &carl, &upload("carl@example.com", &["team", "others"])).refused(403);
        let squat = service.post("/certificates/upload", &carl, &upload("carl@example.com", &["team"])).done();
        let path = format!("/certificates/{}", squat["id"]);
        service.post("/certificates/upload", &dora, &upload("dora@example.com", &[])).refused(409);
        service.delete(&path, &dora).refused(403);
        assert_eq!(service.delete(&path, &service.admin).status, 204);
        let own = service.post("/certificates/upload", &dora, &upload("dora@example.com", &[])).done();
        assert_eq!(own["name"], "payments-prod");
        assert_eq!(service.delete(&format!("/certificates/{}", own["id"]), &dora).status, 204);
        // What is ours is not taken away.
        service.authority("Root");
        let issued = service.certificate(&service.admin, "Root", "www.example.com");
        assert_eq!(service.delete(&format!("/certificates/{}", issued["id"]), &service.admin).status, 405);
    });
}

/// An authority's profiles hold for those who administer it and for what stands under it: to lift them is for the one above.
#[test]
fn the_profiles_of_an_authority_are_not_its_own_to_widen() {
    on_both(|service| {
        service.authority("Root");
        let above = service.user("above", &["Root_admin"]);
        let sub = |name: &str, parent: &str, profiles: &[&str]| {
            let mut new = new_authority(name);
            new["type"] = json!("subca");
            new["parent"] = json!({"name": parent});
            new["profiles"] = json!(profiles);
            new
        };
        let clients = service.post("/authorities", &above, &sub("Clients", "Root", &["tls-client"])).done();
        let path = format!("/authorities/{}", clients["id"]);
        let own = service.user("own", &["Clients_admin"]);
        for wider in [json!([]), json!(["tls-client", "tls-server"]), json!(["tls-server"])] {
            service.put(&path, &own, &json!({"profiles": wider})).refused(403);
        }
        service.put(&path, &own, &json!({"profiles": ["tls-client"], "description": "the same"})).done();
        let refused = service.post("/authorities", &own, &sub("Servers", "Clients", &["tls-server"]));
        assert!(refused.status == 400 && refused.text.contains("tls-server"), "{refused:?}");
        // One that says nothing of profiles is held to those above it all the same.
        service.post("/authorities", &own, &sub("Below", "Clients", &[])).done();
        let issue = |profile: &str| {
            let mut new = new_certificate("Below", "www.example.com");
            new["profile"] = json!(profile);
            service.post("/certificates", &service.admin, &new)
        };
        assert!(issue("tls-server").reason("profile").contains("does not issue"));
        issue("tls-client").done();
        service.put(&path, &above, &json!({"profiles": []})).done();
        issue("tls-server").done();
    });
}

/// Whoever put a certificate on hold may have known why: that it holds again is for those above it to say.
#[test]
fn what_is_on_hold_is_released_by_those_above_it() {
    on_both(|service| {
        service.authority("Root");
        service.role("team");
        let (member, above) = (service.session("member", &["team"]), service.session("above", &["Root_admin"]));
        let mut new = new_certificate("Root", "www.example.com");
        new["roles"] = json!([{"name": "team"}]);
        let made = service.post("/certificates", &service.admin, &new).done();
        let path = format!("/certificates/{}", made["id"]);
        let state = || {
            let shown = service.get(&path, &member).done();
            (shown["status"].as_str().unwrap().to_owned(), shown["revocationReason"].clone())
        };
        let ask = |what: &str, token: &str| service.put(&format!("{path}/{what}"), token, &json!({}));
        let message = ask("release", &above).refused(400)["message"].as_str().unwrap().to_owned();
        assert!(message.contains("on hold"), "{message}");
        ask("deactivate", &member).done();
        assert_eq!(state(), ("revoked".to_owned(), json!("certificateHold")));
        ask("release", &member).refused(403);
        assert_eq!(ask("release", &above).done(), json!({"id": made["id"]}));
        assert_eq!(state(), ("valid".to_owned(), json!(null)));
        // What was revoked for good stays so.
        ask("revoke", &member).done();
        ask("release", &service.admin).refused(400);
        assert_eq!(state().0, "revoked");
        let log = service.get("/logs?count=1000", &service.admin).done();
        let released = |line: &serde_json::Value| line["action"] == "certificate_released" && line["user"]["username"] == "above";
        assert!(log["items"].as_array().unwrap().iter().any(released), "{log}");
    });
}

/// Whoever may have lost a token ends all of them: other servers see it within a second.
#[test]
fn every_token_of_a_user_can_be_ended_at_once() {
    on_both(|service| {
        let (ann, key) = (service.session("ann", &[]), service.user("bot", &[]));
        let own = service.get("/auth/me", &ann).done()["id"].clone();
        let more = service.post("/keys", &ann, &json!({"name": "more"})).done()["jwt"].as_str().unwrap().to_owned();
        let second = service.login("ann", PASSWORD);
        let path = format!("/users/{own}/tokens");
        service.delete(&path, &key).refused(403);
        service.delete(&path, &more).refused(403);
        assert_eq!(service.delete(&path, &ann).done(), json!({"result": true}));
        for token in [&ann, &second, &more] {
            service.get("/auth/me", token).refused(403);
        }
        service.get("/auth/me", &key).done();
        let again = service.login("ann", PASSWORD);
        service.get("/auth/me", &again).done();
        service.delete(&path, &service.admin).done();
        service.get("/auth/me", &again).refused(403);
        service.delete("/users/4711/tokens", &service.admin).refused(404);
        let log = service.get("/logs?count=1000", &service.admin).done();
        let voided = log["items"].as_array().unwrap().iter().filter(|line| line["action"] == "tokens_voided").count();
        assert_eq!(voided, 2, "{log}");
    });
}
