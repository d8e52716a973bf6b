//! The main path by REST: authorities, certificates, their keys, and their revocation as OpenSSL sees it.

use std::time::Duration;

use menagerie_tests::assert_eventually;
use serde_json::{Value, json};

use super::given;
use super::house::{House, Server};

/// How long a revocation takes to be published.
const SECOND: Duration = Duration::from_secs(1);

const ISSUER: &str = "Corp TLS";

/// A root `Corp Root`, and under it `Corp TLS` for corp.example and 10.0.0.0/8 alone.
pub(crate) fn authorities(server: &Server, token: &str) -> Value {
    let root = json!({"name": "Corp Root", "owner": "pki@corp.example", "commonName": "Corp Root", "keyType": "ECCSECP384R1"});
    server.post("/authorities", token, &root).done();
    let below = json!({
        "name": ISSUER, "owner": "pki@corp.example", "commonName": "Corp TLS", "keyType": "ECCPRIME256V1", "type": "subca",
        "parent": {"name": "Corp Root"}, "pathLength": 0, "nameConstraints": {"permitted": {"dns": ["corp.example"], "ip": ["10.0.0.0/8"]}},
    });
    server.post("/authorities", token, &below).done()
}

pub(crate) fn order(name: &str) -> Value {
    json!({"owner": "team@corp.example", "authority": {"name": ISSUER}, "commonName": name})
}

/// The whole path; what is issued at one server is revoked at the other, which may be the same.
pub(crate) fn walk(house: &House, issues: &Server, revokes: &Server, admin: &str) {
    let authority = authorities(issues, admin);
    let mut wanted = order("www.corp.example");
    let more = [json!({"nameType": "DNSName", "value": "corp.example"}), json!({"nameType": "IPAddress", "value": "10.1.2.3"})];
    wanted["extensions"] = json!({"subAltNames": {"names": more}});
    let made = issues.post("/certificates", admin, &wanted).done();
    assert!(made["hasPrivateKey"] == true && !made.to_string().contains("PRIVATE KEY"));
    let mut of_request = order("api.corp.example");
    of_request["csr"] = json!(house.request("api.corp.example"));
    let theirs = issues.post("/certificates", admin, &of_request).done();
    assert_eq!(theirs["hasPrivateKey"], false);
    given::keep(house, &theirs, "theirs");
    let key = house.run("openssl", "pkey -in api.corp.example.key -pubout");
    assert_eq!(house.run("openssl", "x509 -in theirs.pem -noout -pubkey"), key, "the request's key is certified");

    // What the authority's constraints do not permit is refused by its field, and not signed.
    for name in ["www.example.org", "corp.example.org", "10.corp.example.evil"] {
        let refused = issues.post("/certificates", admin, &order(name)).refused(400);
        assert!(refused["reasons"]["extensions.subAltNames"].as_str().unwrap().contains("do not permit"), "{refused}");
    }

    published(house, issues, &made);
    keys_are_seen_by_their_own(issues, admin, &made);
    given::every_export_is_read(house, issues, admin, &made);
    lists_are_filtered(revokes, admin, &authority);
    revoked_within_a_second(house, revokes, admin, &made);
    // The other one still holds.
    assert!(ocsp(house, revokes, "theirs").contains("theirs.pem: good"));
}

/// What is in the certificate leads to what verifies it.
fn published(house: &House, server: &Server, certificate: &Value) {
    given::keep(house, certificate, "leaf");
    house.run("openssl", "verify -x509_strict -purpose sslserver -verify_hostname www.corp.example -CAfile leaf.chain.pem leaf.pem");
    let text = house.run("openssl", "x509 -in leaf.pem -noout -text");
    for part in ["DNS:www.corp.example", "DNS:corp.example", "IP Address:10.1.2.3", "TLS Web Server Authentication"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let issuer = server.fetch(&server.place_of(&uri(&text, "CA Issuers - URI:")), None);
    assert_eq!(issuer.headers["content-type"], "application/pkix-cert");
    house.write("issuer.der", &issuer.bytes);
    house.run("openssl", "x509 -inform DER -in issuer.der -out issuer.pem");
    let subject = house.run("openssl", "x509 -in issuer.pem -noout -text");
    assert!(
        subject.contains("Permitted") && subject.contains("DNS:corp.example") && subject.contains("IP:10.0.0.0/255.0.0.0"),
        "{subject}"
    );
    fetch_list(house, server, &text);
    house.run("openssl", "verify -x509_strict -crl_check -CRLfile leaf.crl.pem -CAfile leaf.chain.pem leaf.pem");
    assert!(ocsp(house, server, "leaf").contains("leaf.pem: good"));

    // Whoever has the list is told that nothing changed.
    let list = server.place_of(&uri(&text, "Full Name:\n"));
    let etag = server.fetch(&list, None).headers["etag"].to_str().unwrap().to_owned();
    let known = server.fetch(&list, Some(("if-none-match", &etag)));
    assert!(known.status == 304 && known.bytes.is_empty(), "{known:?}");
    assert_eq!(server.fetch(&list, Some(("if-none-match", "\"another\""))).status, 200);
}

/// The URL that follows some words.
fn uri(text: &str, after: &str) -> String {
    let (_, rest) = text.split_once(after).unwrap_or_else(|| panic!("no {after}: {text}"));
    rest.trim_start().trim_start_matches("URI:").split_whitespace().next().unwrap().to_owned()
}

fn fetch_list(house: &House, server: &Server, text: &str) {
    let list = server.fetch(&server.place_of(&uri(text, "Full Name:\n")), None);
    assert_eq!((list.status, list.headers["content-type"].to_str().unwrap()), (200, "application/pkix-crl"));
    house.write("leaf.crl", &list.bytes);
    house.run("openssl", "crl -inform DER -in leaf.crl -out leaf.crl.pem");
}

/// What OCSP says of a certificate, by the URL of this server.
fn ocsp(house: &House, server: &Server, name: &str) -> String {
    let url = format!("{}/ocsp", server.http_url);
    house.run("openssl", &format!("ocsp -issuer issuer.pem -cert {name}.pem -url {url} -CAfile {name}.chain.pem -no_nonce"))
}

fn revoked_within_a_second(house: &House, server: &Server, admin: &str, certificate: &Value) {
    let id = certificate["id"].as_i64().unwrap();
    let serial = certificate["serialHex"].as_str().unwrap().to_uppercase();
    let text = house.run("openssl", "x509 -in leaf.pem -noout -text");
    let list = server.place_of(&uri(&text, "Full Name:\n"));
    let old = server.fetch(&list, None).headers["etag"].clone();
    let revocation = json!({"crlReason": "keyCompromise", "comments": "lost"});
    assert_eq!(server.call("PUT", &format!("/certificates/{id}/revoke"), admin, Some(&revocation)).done(), json!({"id": id}));
    assert_eventually!(within SECOND, server.fetch(&list, None).headers["etag"] != old, "the list stayed as it was");
    fetch_list(house, server, &text);
    let listed = house.run("openssl", "crl -in leaf.crl.pem -noout -text");
    assert!(listed.contains(serial.trim_start_matches("0X")) && listed.contains("Key Compromise"), "{serial}: {listed}");
    let said = ocsp(house, server, "leaf");
    assert!(said.contains("Response verify OK") && said.contains("leaf.pem: revoked") && said.contains("keyCompromise"), "{said}");
    let checked = house.tried("openssl", "verify -crl_check -CRLfile leaf.crl.pem -CAfile leaf.chain.pem leaf.pem");
    assert!(checked.status == Some(2) && checked.stderr.contains("certificate revoked"), "{checked:?}");
    assert_eq!(server.get(&format!("/certificates/{id}"), admin).done()["status"], "revoked");
}

/// A key is for its owners and for administrators, and each look is in the log.
fn keys_are_seen_by_their_own(server: &Server, admin: &str, certificate: &Value) {
    let id = certificate["id"].as_i64().unwrap();
    let (key_path, password) = (format!("/certificates/{id}/key"), "correct horse battery");
    let user = |name: &str, roles: Value| {
        let user = json!({"username": name, "email": format!("{name}@corp.example"), "password": password, "roles": roles});
        server.post("/users", admin, &user).done();
        server.login(name, password)
    };
    let (stranger, operator) = (user("mallory", json!([])), user("olga", json!([{"name": format!("{ISSUER}_operator")}])));
    for token in [&stranger, &operator] {
        assert!(server.get(&key_path, token).refused(403)["message"].as_str().unwrap().contains("not authorized"));
        let export = json!({"plugin": {"slug": "pem-export", "pluginOptions": []}});
        server.post(&format!("/certificates/{id}/export"), token, &export).refused(403);
        server.call("PUT", &format!("/certificates/{id}/revoke"), token, Some(&json!({}))).refused(403);
        assert_eq!(server.get(&format!("/certificates/{id}"), token).done()["status"], "valid");
    }
    server.post("/certificates", &stranger, &order("evil.corp.example")).refused(403);
    server.get(&key_path, "").refused(401);

    // Who may issue may revoke and see what they issued; by an API key as well, until it is revoked.
    let key = server.post("/keys", &operator, &json!({"name": "ci", "ttl": 1})).done();
    let ci = key["jwt"].as_str().unwrap();
    let own = server.post("/certificates", ci, &order("ci.corp.example")).done()["id"].as_i64().unwrap();
    assert!(server.get(&format!("/certificates/{own}/key"), ci).done()["key"].as_str().unwrap().contains("PRIVATE KEY"));
    server.call("PUT", &format!("/certificates/{own}/revoke"), ci, Some(&json!({"crlReason": "superseded"}))).done();
    server.call("PUT", &format!("/keys/{}", key["id"]), &operator, Some(&json!({"revoked": true}))).done();
    server.get("/certificates", ci).refused(403);

    let views = |id: i64| {
        let log = server.get("/logs?count=100", admin).done();
        let lines = log["items"].as_array().unwrap().clone();
        lines.iter().filter(|line| line["action"] == "key_viewed" && line["resource"]["certificate"] == id).count()
    };
    assert_eq!((views(id), views(own)), (0, 1));
    let seen = server.get(&key_path, admin).done();
    assert!(seen["key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(views(id), 1);
    assert!(!server.get("/logs?count=100", admin).done().to_string().contains("PRIVATE KEY"));
}

fn lists_are_filtered(server: &Server, token: &str, authority: &Value) {
    let names = |query: &str| {
        let list = server.get(&format!("/certificates?count=50&sortBy=cn&sortDir=asc&{query}"), token).done();
        let names = list["items"].as_array().unwrap().iter().map(|item| item["cn"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(list["total"].as_u64().unwrap(), names.len() as u64, "{query}");
        names
    };
    let all = ["api.corp.example", "ci.corp.example", "www.corp.example"];
    assert_eq!(names("filter=owner;team@corp.example"), all);
    assert_eq!(names("filter=creator;olga"), ["ci.corp.example"]);
    assert_eq!(names("filter=san;10.1.2.3"), ["www.corp.example"]);
    assert_eq!(names("filter=cn;API"), ["api.corp.example"]);
    assert_eq!(names(&format!("filter=authority;{}", authority["id"])).iter().filter(|name| name.ends_with("corp.example")).count(), 3);
    assert!(names("filter=cn;nothing").is_empty());
}

#[test]
fn from_an_empty_folder_to_a_revoked_certificate() {
    let house = House::new();
    let server = house.serve();
    let admin = server.login("admin", &server.password());
    walk(&house, &server, &server, &admin);
    let said = server.stop();
    assert!(!said.contains("PRIVATE KEY") && !said.contains("error"), "{said}");
    let verified = house.lemur(["audit", "verify"]).success();
    assert!(verified.stderr.contains("the log is whole"), "{}", verified.stderr);
}
