//! Authorities elsewhere and pending certificates, as Lemur's clients meet them.

use menagerie_tests::keys::openssl;
use serde_json::{Value, json};

use super::support::{Service, new_authority, new_certificate, new_upstream_authority, on_both, request};

fn with_option(name: &str, value: &str) -> Value {
    let mut new = new_upstream_authority("Elsewhere");
    new["plugin"]["pluginOptions"] = json!([{"name": name, "value": value}]);
    new
}

/// Lemur takes an ACME directory's URL, its account and its key by the interface. Here a request names an upstream of the configuration file, and
/// anything else that it says of one is refused by the field's name.
#[test]
fn a_request_says_nothing_of_an_upstream_but_its_name() {
    let service = Service::start();
    for (name, value) in [
        ("acme_url", "https://169.254.169.254/latest/meta-data/"),
        ("certificate", "-----BEGIN CERTIFICATE-----"),
        ("email", "a@example.com"),
        ("eab_kid", "1"),
        ("eab_hmac_key", "1"),
        ("acme_private_key", "{}"),
    ] {
        let answer = service.post("/authorities", &service.admin, &with_option(name, value));
        assert!(answer.reason(&format!("plugin.pluginOptions.{name}")).contains("configuration file"), "{name}");
    }
    let nameless = service.post("/authorities", &service.admin, &with_option("upstream", ""));
    assert_eq!(nameless.reason("plugin.pluginOptions.upstream"), "Missing data for required field.");
    let unknown = service.post("/authorities", &service.admin, &with_option("upstream", "https://evil.example/directory"));
    assert!(unknown.reason("plugin.pluginOptions.upstream").contains("configuration"));
    let mut constrained = new_upstream_authority("Elsewhere");
    constrained["nameConstraints"] = json!({"permitted": {"dns": ["example.com"]}});
    drop(service.post("/authorities", &service.admin, &constrained).reason("nameConstraints"));
    let mut under = new_upstream_authority("Elsewhere");
    under["type"] = json!("subca");
    drop(service.post("/authorities", &service.admin, &under).reason("parent"));
    let authorities = service.get("/authorities", &service.admin).done();
    assert_eq!(authorities["total"], 0, "none of these was made");

    // What Lemur's clients send of the certificate that an authority has already is left alone.
    let mut new = new_upstream_authority("Elsewhere");
    new["validityYears"] = json!(10);
    new["plugin"]["slug"] = json!("acme-http-issuer");
    let made = service.post("/authorities", &service.admin, &new).done();
    assert_eq!((&made["kind"], &made["state"], &made["active"]), (&json!("upstream"), &json!("active"), &json!(true)));
    assert_eq!(made["plugin"]["slug"], "acme-issuer");
    assert_eq!(made["plugin"]["pluginOptions"][0]["value"], "elsewhere");
    assert!(made["authorityCertificate"].is_null());
    assert_eq!(made["roles"].as_array().unwrap().len(), 2);
    for slug in ["acme-issuer", "acme-http-issuer"] {
        assert_eq!(service.get(&format!("/plugins/{slug}"), &service.admin).done()["type"], "issuer");
    }
    // Nothing stands under one, and it signs no revocation list.
    let mut below = new_authority("Below");
    below["type"] = json!("subca");
    below["parent"] = json!({"name": "Elsewhere"});
    drop(service.post("/authorities", &service.admin, &below).refused(400));
    // A user who makes no roots makes none of these either.
    let user = service.user("user", &[]);
    drop(service.post("/authorities", &user, &with_option("acme_url", "https://x.example")).refused(403));
}

#[test]
fn a_certificate_is_pending_and_is_looked_at_changed_and_given_up() {
    on_both(|service| {
        let _ = service.post("/authorities", &service.admin, &new_upstream_authority("Elsewhere")).done();
        let mut new = new_certificate("Elsewhere", "www.example.com");
        new["extensions"] = json!({"subAltNames": {"names": [{"nameType": "DNSName", "value": "api.example.com"}]}});
        new["description"] = json!("of a team");
        let pending = service.post("/certificates", &service.admin, &new).done();
        let id = pending["id"].as_i64().unwrap();
        assert_eq!((&pending["cn"], &pending["commonName"]), (&json!("www.example.com"), &json!("www.example.com")));
        assert_eq!((&pending["resolved"], &pending["resolvedCertId"]), (&json!(false), &Value::Null));
        assert_eq!((&pending["numberAttempts"], &pending["state"], &pending["status"]), (&json!(0), &json!("waiting"), &json!("")));
        assert_eq!((&pending["authority"]["name"], &pending["user"]["username"]), (&json!("Elsewhere"), &json!("admin")));
        assert_eq!(pending["extensions"]["subAltNames"]["names"].as_array().unwrap().len(), 2);
        assert!(pending["csr"].as_str().unwrap().contains("BEGIN CERTIFICATE REQUEST"));
        assert_eq!(pending["hasPrivateKey"], true);
        assert!(pending.get("privateKey").is_none() && pending.get("key").is_none());
        assert_eq!(service.get(&format!("/pending_certificates/{id}"), &service.admin).done(), pending);
        assert_eq!(service.get("/certificates", &service.admin).done()["total"], 0, "it is none of the certificates");

        let second = service.post("/pending_certificates", &service.admin, &new_certificate("Elsewhere", "b.example.com")).done();
        let list = |query: &str| service.get(&format!("/pending_certificates{query}"), &service.admin).done();
        assert_eq!(list("")["total"], 2);
        assert_eq!(list("?count=1")["items"][0]["id"], second["id"], "the newest first");
        assert_eq!(list("?sortBy=id&sortDir=asc&count=1")["items"][0]["id"], id);
        assert_eq!(list("?filter=cn;WWW.example")["total"], 1);
        assert_eq!(list("?filter=name;%25")["total"], 0);
        assert_eq!(
            (list("?filter=authority;Elsewhere")["total"].clone(), list("?filter=authority;x")["total"].clone()),
            (json!(2), json!(0))
        );
        assert_eq!(list("?filter=resolved;true")["total"], 0);
        drop(service.get("/pending_certificates?filter=x;y", &service.admin).reason("filter"));
        drop(service.get("/pending_certificates?sortBy=x", &service.admin).reason("sortBy"));

        let role = service.role("team");
        let change = json!({"owner": "new@example.com", "notify": false, "rotation": true, "roles": [{"id": role}], "description": "x"});
        let changed = service.put(&format!("/pending_certificates/{id}"), &service.admin, &change).done();
        assert_eq!((&changed["owner"], &changed["notify"], &changed["rotation"]), (&json!("new@example.com"), &json!(false), &json!(true)));
        assert_eq!((&changed["roles"][0]["name"], &changed["description"]), (&json!("team"), &json!("x")));
        let key = service.get(&format!("/pending_certificates/{id}/key"), &service.admin).done();
        assert!(key["key"].as_str().unwrap().contains("PRIVATE KEY"));
        let log = service.get("/logs?count=100", &service.admin).done().to_string();
        assert!(log.contains("pending_key_viewed") && log.contains("pending_certificate_ordered") && !log.contains("PRIVATE KEY"));

        let cancelled = service.call("DELETE", &format!("/pending_certificates/{id}"), &service.admin, Some(&json!({"note": "no use"})));
        assert_eq!(cancelled.status, 204, "{cancelled:?}");
        drop(service.get(&format!("/pending_certificates/{id}"), &service.admin).refused(404));
        drop(service.delete(&format!("/pending_certificates/{id}"), &service.admin).refused(404));
        assert_eq!(list("")["total"], 1);
    });
}

#[test]
fn what_is_not_ordered_is_refused_by_its_field() {
    let service = Service::start();
    service.authority("Root");
    let _ = service.post("/authorities", &service.admin, &new_upstream_authority("Elsewhere")).done();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut new = new_certificate("Elsewhere", "www.example.com");
        change(&mut new);
        service.post("/certificates", &service.admin, &new)
    };
    let wildcard = refused(&|new| new["commonName"] = json!("*.example.com"));
    assert!(wildcard.reason("extensions.subAltNames").contains("wildcard"));
    let mail = json!({"subAltNames": {"names": [{"nameType": "rfc822Name", "value": "a@example.com"}]}});
    drop(refused(&|new| new["extensions"] = mail.clone()).reason("extensions.subAltNames"));
    drop(refused(&|new| new["extensions"] = json!({"basicConstraints": {"ca": true}})).reason("extensions.basicConstraints.ca"));
    drop(refused(&|new| new["profile"] = json!("none")).reason("profile"));
    drop(refused(&|new| new["validityYears"] = json!(30)).reason("validityEnd"));
    drop(refused(&|new| new["keyType"] = json!("ECCSECP521R1")).reason("keyType"));
    let at_once = service.post("/pending_certificates", &service.admin, &new_certificate("Root", "www.example.com"));
    assert!(at_once.reason("authority").contains("POST /certificates"));
    assert_eq!(service.get("/pending_certificates", &service.admin).done()["total"], 0);
    // A bundle that is none, and one of somebody else.
    let pending = service.post("/certificates", &service.admin, &new_certificate("Elsewhere", "www.example.com")).done();
    let path = format!("/pending_certificates/{}/upload", pending["id"]);
    drop(service.post(&path, &service.admin, &json!({"body": "x"})).reason("body"));
    let other = service.certificate(&service.admin, "Root", "www.example.com");
    let brought = json!({"body": other["body"], "chain": other["chain"]});
    assert!(service.post(&path, &service.admin, &brought).reason("body").contains("another key"));
    assert_eq!(service.get(&format!("/pending_certificates/{}", pending["id"]), &service.admin).done()["resolved"], false);
}

/// Whoever may order could else make anything a certificate of that authority: roots are not known here (`issued_under`), so an administrator vouches
/// for what is brought, and what an authority of ours is said to have signed it did sign.
#[test]
fn who_brings_a_certificate_of_unknown_roots_is_an_administrator() {
    on_both(|service| {
        service.authority("Root");
        let role = service.role("web");
        let mut elsewhere = new_upstream_authority("Elsewhere");
        elsewhere["roles"] = json!([{"id": role}]);
        let _ = service.post("/authorities", &service.admin, &elsewhere).done();
        let mallory = service.user("mallory", &["web"]);
        let mut new = new_certificate("Elsewhere", "www.example.com");
        new["csr"] = json!(request(service, "www.example.com"));
        let pending = service.post("/certificates", &mallory, &new).done();
        let path = format!("/pending_certificates/{}/upload", pending["id"]);
        let csr = service.file("www.csr", new["csr"].as_str().unwrap());
        let usage = service.file("www.ext", "subjectAltName=DNS:www.example.com\nextendedKeyUsage=serverAuth\n");
        // Signed by a self-made authority of this name.
        let sign = |name: &str| {
            let (ca, key) = (service.file("ca.pem", ""), service.file("ca.key", ""));
            let (subject, curve) = (format!("/CN={name}"), "ec_paramgen_curve:P-256");
            let made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", curve, "-nodes", "-days", "5", "-subj", &subject];
            let _ = openssl(made.into_iter().chain(["-keyout", &key, "-out", &ca]), b"").success();
            let signed = ["x509", "-req", "-days", "3", "-in", &csr, "-CA", &ca, "-CAkey", &key, "-extfile", &usage];
            let body = openssl(signed, b"").success().text();
            json!({"body": body, "chain": std::fs::read_to_string(&ca).unwrap()})
        };
        let brought = sign("Elsewhere");
        let said = service.post(&path, &mallory, &brought).refused(403).to_string();
        assert!(said.contains("issued_under"), "{said}");
        let alone = service.post(&path, &service.admin, &json!({"body": brought["body"]}));
        assert!(alone.reason("body").contains("brings no issuer"), "{alone:?}");
        let forged = service.post(&path, &service.admin, &sign("Root"));
        assert!(forged.reason("body").contains("that authority did not sign it"), "{forged:?}");
        assert_eq!(service.get("/certificates", &service.admin).done()["total"], 1, "the root's own alone");

        let stored = service.post(&path, &service.admin, &brought).done();
        assert_eq!(service.get(&format!("/pending_certificates/{}", pending["id"]), &mallory).done()["resolvedCertId"], stored["id"]);
        let log = service.get("/logs?count=100", &service.admin).done().to_string();
        assert!(log.contains("pending_certificate_brought") && !log.contains("certificate_issued"), "{log}");
    });
}
