//! Machines that come in by a certificate of ours, as curl and openssl show it; and certificates that let nobody in.

use menagerie_tests::process::{Finished, command, run};
use serde_json::{Value, json};

use super::house::{House, new_certificate, on_both};

const CONFIG: &str = r#"
[workloads.nodes]
owner = "fleet@example.com"
authority = "internal"
profiles = ["mtls-workload"]
names = [".nodes.example.com"]
actions = ["renew", "revoke", "export"]
certificate = { names = [".nodes.example.com"] }
"#;

/// A certificate for clients and its key, in files.
fn client(house: &House, name: &str, profile: &str) -> i64 {
    let mut order = new_certificate(name);
    order["profile"] = json!(profile);
    order["owner"] = json!("fleet@example.com");
    let made = house.post("/certificates", &house.admin, &order).done();
    let id = made["id"].as_i64().unwrap();
    let key = house.get(&format!("/certificates/{id}/key"), &house.admin).done();
    house.file(&format!("{name}.pem"), made["body"].as_str().unwrap());
    house.file(&format!("{name}.key"), key["key"].as_str().unwrap());
    id
}

fn curl(house: &House, name: &str, arguments: &[&str], body: &Value) -> Finished {
    let file = |name: String| house.folder.path().join(name).to_str().unwrap().to_owned();
    let mut curl = command("curl");
    curl.args(["--silent", "--show-error", "--write-out", "\n%{http_code}", "--cacert", &file("internal-root.pem".to_owned())]);
    if !name.is_empty() {
        curl.args(["--cert", &file(format!("{name}.pem")), "--key", &file(format!("{name}.key"))]);
    }
    curl.args(arguments).args(["--header", "Content-Type: application/json", "--data", &body.to_string()]);
    curl.arg(format!("{}/api/1/auth/workload", house.url));
    run(curl, b"")
}

/// What is answered to whoever shows a certificate.
fn exchange(house: &House, name: &str, version: &[&str]) -> (u16, Value) {
    let answer = curl(house, name, version, &json!({"workload": "nodes"})).success().text();
    let (text, status) = answer.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(text).unwrap())
}

#[test]
fn a_machine_renews_its_certificate_by_itself() {
    let house = House::start(CONFIG);
    let id = client(&house, "a.nodes.example.com", "mtls-workload");
    let neighbour = client(&house, "b.nodes.example.com", "mtls-workload");
    for version in [&["--tlsv1.3"][..], &["--tls-max", "1.2"]] {
        let (status, pass) = exchange(&house, "a.nodes.example.com", version);
        assert_eq!(status, 200, "{pass}");
    }
    let (_, pass) = exchange(&house, "a.nodes.example.com", &["--tlsv1.3"]);
    let token = pass["token"].as_str().unwrap();
    let order = |name: &str| {
        let mut order = new_certificate(name);
        order["owner"] = json!("fleet@example.com");
        order["profile"] = json!("mtls-workload");
        order
    };
    let renewed = house.post("/certificates", token, &order("a.nodes.example.com")).done();
    house.post("/certificates", token, &order("b.nodes.example.com")).refused(403);
    house.post("/certificates", token, &order("c.nodes.example.com")).refused(403);
    house.put(&format!("/certificates/{neighbour}/revoke"), token, &json!({})).refused(403);
    house.get(&format!("/certificates/{neighbour}/key"), token).refused(403);
    house.get(&format!("/certificates/{}/key", renewed["id"]), token).done();
    let mut stolen = order("a.nodes.example.com");
    stolen["replaces"] = json!([{"id": neighbour}]);
    house.post("/certificates", token, &stolen).refused(403);
    // It ends its old one, and with that its own way in.
    house.put(&format!("/certificates/{id}/revoke"), token, &json!({"crlReason": "superseded"})).done();
    assert!(menagerie_tests::eventually(std::time::Duration::from_secs(10), || house.get("/auth/me", token).status == 403));
    assert_eq!(exchange(&house, "a.nodes.example.com", &["--tlsv1.3"]).0, 403);
    assert!(house.log().contains("workload nodes: a.nodes.example.com (certificate"));
}

#[test]
fn a_certificate_that_does_not_hold_or_is_not_ours_lets_nobody_in() {
    let house = House::start(CONFIG);
    assert_eq!(exchange(&house, "", &["--tlsv1.3"]).0, 403, "no certificate");
    let id = client(&house, "a.nodes.example.com", "mtls-workload");
    house.put(&format!("/certificates/{id}/revoke"), &house.admin, &json!({})).done();
    assert_eq!(exchange(&house, "a.nodes.example.com", &["--tlsv1.3"]).0, 403, "revoked");
    client(&house, "a.other.example.com", "mtls-workload");
    assert_eq!(exchange(&house, "a.other.example.com", &["--tlsv1.3"]).0, 403, "another name");
    client(&house, "s.nodes.example.com", "tls-server");
    let server = curl(&house, "s.nodes.example.com", &["--tlsv1.3"], &json!({"workload": "nodes"}));
    assert!(server.status != Some(0) || server.text().ends_with("\n403"), "for servers: {}", server.text());
    // A self-made one with the right name, the issuer's name, and a key of its own.
    let files = ["x.pem", "x.key"].map(|name| house.folder.path().join(name).to_str().unwrap().to_owned());
    let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let names = ["-subj", "/CN=Lemur internal authority", "-addext", "subjectAltName=DNS:a.nodes.example.com"];
    let usage = ["-addext", "extendedKeyUsage=clientAuth", "-out", &files[0], "-keyout", &files[1]];
    let _ = menagerie_tests::keys::openssl(arguments.into_iter().chain(names).chain(usage), b"").success();
    assert_eq!(exchange(&house, "x", &["--tlsv1.3"]).0, 403, "a self-made one");
    // Nor is it one of ours when it is brought: whoever may upload could else make itself a workload.
    let body = std::fs::read_to_string(&files[0]).unwrap();
    let brought = house.post("/certificates/upload", &house.admin, &json!({"body": body, "owner": "fleet@example.com"}));
    assert!(brought.status == 400 && brought.text.contains("did not sign it"), "{}", brought.text);
    assert_eq!(exchange(&house, "x", &["--tlsv1.3"]).0, 403, "one that was brought");
    // The certificate alone, without its key, shows nothing.
    client(&house, "d.nodes.example.com", "mtls-workload");
    std::fs::copy(house.folder.path().join("x.key"), house.folder.path().join("d.nodes.example.com.key")).unwrap();
    assert_ne!(curl(&house, "d.nodes.example.com", &["--tlsv1.3"], &json!({"workload": "nodes"})).status, Some(0));
}

/// A client that shows any certificate is served as everybody is; nobody is asked for one where no workload comes in by it.
#[test]
fn a_certificate_is_asked_for_and_not_wanted() {
    for (config, asks) in [(CONFIG, true), ("", false)] {
        let house = House::start(config);
        let mut client = command("openssl");
        client.args(["s_client", "-connect", house.url.strip_prefix("https://").unwrap(), "-tls1_3"]);
        let said = run(client, b"").text();
        assert_eq!(said.contains("Acceptable client certificate CA names"), asks, "{said}");
        assert!(!asks || said.contains("Lemur internal authority"));
        assert_eq!(house.get("/auth/ping", "").status, 200);
    }
}

const ELSEWHERE: &str = r#"
http_listen = "127.0.0.1:0"
http_url = "http://pki.example.com"
[upstream.le]
directory = "https://127.0.0.1:1/directory"
challenge = "http-01"
agree_to_terms = true
ca_file = "ca.pem"
[workloads.nodes]
owner = "fleet@example.com"
authority = "le"
names = [".nodes.example.com"]
actions = ["renew"]
certificate = { names = [".nodes.example.com"] }
"#;

/// What an authority elsewhere signs, nobody here knows: a certificate that was brought for one is no way in, also where its authority was made
/// known after the start.
#[test]
fn a_certificate_that_is_called_an_upstreams_lets_nobody_in() {
    let made = |folder: &std::path::Path| {
        let place = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=LE"];
        let places = ["-keyout", &place("ca.key"), "-out", &place("ca.pem")];
        let _ = menagerie_tests::keys::openssl(arguments.into_iter().chain(places), b"").success();
        ELSEWHERE.to_owned()
    };
    on_both(made, |house| {
        let plugin = json!({"slug": "acme-issuer", "pluginOptions": [{"name": "upstream", "value": "le"}]});
        let authority = json!({"name": "le", "owner": "pki@example.com", "commonName": "le", "plugin": plugin});
        let _ = house.post("/authorities", &house.admin, &authority).done();
        let place = |name: &str| house.folder.path().join(name).to_str().unwrap().to_owned();
        let arguments = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", &place("m.key")];
        let names = ["-subj", "/CN=m.nodes.example.com", "-addext", "subjectAltName=DNS:m.nodes.example.com", "-out", &place("m.csr")];
        let _ = menagerie_tests::keys::openssl(arguments.into_iter().chain(names), b"").success();
        let read = |name: &str| std::fs::read_to_string(place(name)).unwrap();
        let mut order = new_certificate("m.nodes.example.com");
        order["authority"] = json!({"name": "le"});
        order["csr"] = json!(read("m.csr"));
        let pending = house.post("/certificates", &house.admin, &order).done();
        house.file("m.ext", "subjectAltName=DNS:m.nodes.example.com\nextendedKeyUsage=serverAuth,clientAuth\n");
        let (ca, key, csr, usage, out) = (place("ca.pem"), place("ca.key"), place("m.csr"), place("m.ext"), place("m.pem"));
        let sign = ["x509", "-req", "-days", "1", "-in", &csr, "-CA", &ca, "-CAkey", &key, "-extfile", &usage, "-out", &out];
        let _ = menagerie_tests::keys::openssl(sign, b"").success();
        let brought = json!({"body": read("m.pem"), "chain": read("ca.pem")});
        let stored = house.post(&format!("/pending_certificates/{}/upload", pending["id"]), &house.admin, &brought).done();
        assert_eq!(stored["authority"]["name"], "le", "{stored}");
        let (status, said) = exchange(house, "m", &["--tlsv1.3"]);
        assert_eq!(status, 403, "{said}");
    });
}
