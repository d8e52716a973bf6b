//! What the tests have in common: a house that reaches KMS and tokens, and the way from two keys to a certificate that is revoked.

use std::ffi::OsString;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_tests::{Postgres, SoftHsm, assert_eventually};
use serde_json::{Value, json};

use crate::house::{House, Server};

/// The token of the tests, and its PIN.
pub(crate) const TOKEN: (&str, &str) = ("corp", "1234-secret");
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn reach(house: &mut House, environment: impl IntoIterator<Item = (&'static str, impl Into<OsString>)>) {
    for (name, value) in environment {
        house.set(name, value);
    }
}

/// Makes a token, and says in the configuration how it is used.
pub(crate) fn token(house: &mut House) -> SoftHsm {
    let hsm = SoftHsm::new(house.file("hsm"));
    let (name, value) = hsm.environment();
    house.set(name, value);
    hsm.create_token(TOKEN.0, TOKEN.1);
    pin(house, TOKEN.1);
    hsm
}

/// Writes the PIN's file.
pub(crate) fn pin(house: &House, pin: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = house.write("data/hsm.pin", format!("{pin}\n"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Writes the configuration: an address that certificates have before there is a server, the tokens' module, and more.
pub(crate) fn configure(house: &House, more: &str) {
    let module = SoftHsm::module().display();
    house.write(
        "data/lemur.toml",
        format!("http_url = \"http://pki.corp.example\"\n{more}\n[pkcs11]\nmodule = \"{module}\"\npin_file = \"hsm.pin\"\n"),
    );
}

/// A house on SQLite, or on a database of its own.
pub(crate) fn house(postgres: Option<&Postgres>) -> House {
    postgres.map_or_else(House::new, |server| House::on(server.url()))
}

pub(crate) fn login(server: &Server) -> String {
    server.login("admin", &server.password())
}

/// Issues a certificate with a key that is made; keeps it as `NAME.pem`.
pub(crate) fn issue(house: &House, server: &Server, admin: &str, authority: &str, name: &str) -> Value {
    let order = json!({"owner": "team@corp.example", "authority": {"name": authority}, "commonName": name});
    let made = server.post("/certificates", admin, &order).done();
    house.write(&format!("{name}.pem"), made["body"].as_str().unwrap());
    made
}

pub(crate) fn revoke(server: &Server, admin: &str, certificate: &Value) {
    let id = certificate["id"].as_i64().unwrap();
    server.call("PUT", &format!("/certificates/{id}/revoke"), admin, Some(&json!({"crlReason": "keyCompromise"}))).done();
}

/// The list that a certificate names, as OpenSSL verifies and shows it.
pub(crate) fn list(house: &House, server: &Server, name: &str, issuer: &str) -> String {
    let text = house.run("openssl", &format!("x509 -in {name}.pem -noout -text"));
    let (_, rest) = text.split_once("Full Name:").unwrap();
    let url = rest.trim_start().trim_start_matches("URI:").split_whitespace().next().unwrap();
    // The first list of a part is there within a second of the first certificate, and a key elsewhere signs slowly on a busy machine.
    assert_eventually!(within PATIENCE, server.fetch(&server.place_of(url), None).status == 200);
    house.write("list.crl", server.fetch(&server.place_of(url), None).bytes);
    let shown = house.run("openssl", &format!("crl -inform DER -in list.crl -CAfile {issuer} -text -noout"));
    assert!(shown.contains("verify OK"), "{shown}");
    shown
}

/// What OCSP says of a certificate.
pub(crate) fn ocsp(house: &House, server: &Server, name: &str, issuer: &str, root: &str) -> String {
    let asked = format!("ocsp -issuer {issuer} -cert {name}.pem -url {}/ocsp -CAfile {root} -no_nonce", server.http_url);
    let said = house.run("openssl", &asked);
    assert!(said.contains("Response verify OK"), "{said}");
    said
}

/// The path by which a certificate's state is asked for by GET.
pub(crate) fn ocsp_path(house: &House, name: &str, issuer: &str) -> String {
    house.run("openssl", &format!("ocsp -issuer {issuer} -cert {name}.pem -no_nonce -reqout {name}.req"));
    let request = STANDARD.encode(std::fs::read(house.file(&format!("{name}.req"))).unwrap());
    format!("/ocsp/{}", request.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
}

/// A root and an authority under it with these keys, certificates, a revocation, a restart; each step as OpenSSL sees it.
pub(crate) fn walk(house: &House, root: &str, below: &str) {
    house.write("root.pem", house.done(&format!("authority create root --common-name Root --key {root}")));
    house.write("tls.pem", house.done(&format!("authority create tls --common-name TLS --parent root --path-length 0 --key {below}")));
    house.run("openssl", "verify -x509_strict -CAfile root.pem tls.pem");
    house.write("chain.pem", house.read("tls.pem") + &house.read("root.pem"));
    let server = house.serve();
    assert!(!server.said.text().contains("issues nothing"), "{}", server.said.text());
    let admin = login(&server);
    let stays = issue(house, &server, &admin, "tls", "stays.corp.example");
    let goes = issue(house, &server, &admin, "tls", "goes.corp.example");
    for name in ["stays", "goes"] {
        house.run("openssl", &format!("verify -x509_strict -CAfile root.pem -untrusted tls.pem {name}.corp.example.pem"));
        assert!(ocsp(house, &server, &format!("{name}.corp.example"), "tls.pem", "root.pem").contains(": good"));
    }
    revoke(&server, &admin, &goes);
    assert_eventually!(within PATIENCE, list(house, &server, "goes.corp.example", "chain.pem").contains("Key Compromise"));
    assert!(ocsp(house, &server, "goes.corp.example", "tls.pem", "root.pem").contains(": revoked"));
    assert!(ocsp(house, &server, "stays.corp.example", "tls.pem", "root.pem").contains(": good"));
    // The root's list too: it says nothing of the one below.
    assert!(list(house, &server, "tls", "root.pem").contains("No Revoked Certificates"));
    let said = server.stop();
    assert!(!said.contains(TOKEN.1), "{said}");

    let server = house.serve();
    let admin = login(&server);
    issue(house, &server, &admin, "tls", "later.corp.example");
    house.run("openssl", "verify -x509_strict -CAfile root.pem -untrusted tls.pem later.corp.example.pem");
    revoke(&server, &admin, &stays);
    assert_eventually!(within PATIENCE, list(house, &server, "stays.corp.example", "chain.pem").matches("Key Compromise").count() == 2);
    let _ = server.stop();
}
