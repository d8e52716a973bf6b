//! Rights that were wider than they were meant: of roles over an authority's own certificate, of API keys over their user.

use serde_json::json;

use super::support::{new_authority, on_both};

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
        service.put(&authority, &maker, &json!({"active": false})).refused(403);
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
        let refused = service.post("/certificates", &deploy, &super::support::new_certificate("tls", "b.example.com"));
        assert!(refused.reason("authority").contains("revoked"), "{refused:?}");
    });
}
