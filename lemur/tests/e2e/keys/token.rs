//! Authorities whose keys are in tokens.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use menagerie_tests::{Postgres, SoftHsm, assert_eventually};
use serde_json::json;

use super::world::{TOKEN, configure, issue, list, login, ocsp, pin, reach, revoke, token, walk};
use crate::house::House;

const MINUTE: Duration = Duration::from_secs(60);

/// A house with a token, and a root whose key is in it.
fn house_with_root() -> (House, SoftHsm) {
    let mut house = House::new();
    configure(&house, "[keys.hsm-root]\nreference = \"pkcs11:token=corp;object=root\"\n");
    let hsm = token(&mut house);
    hsm.create_key_pair(TOKEN, "EC:prime256v1", "root", "01");
    house.write("root.pem", house.done("authority create root --common-name Root --key hsm-root"));
    (house, hsm)
}

#[test]
fn every_kind_of_key_is_an_authoritys() {
    let postgres = Postgres::start();
    let kinds = [
        ("EC:prime256v1", "EC:secp384r1", None),
        ("rsa:4096", "rsa:2048", Some(&postgres)),
        ("EC:edwards25519", "rsa:3072", None),
        ("EC:secp384r1", "EC:edwards25519", None),
    ];
    for (root, below, database) in kinds {
        let mut house = super::world::house(database);
        configure(&house, "");
        let hsm = token(&mut house);
        hsm.create_key_pair(TOKEN, root, "root", "01");
        hsm.create_key_pair(TOKEN, below, "tls key", "a7");
        walk(&house, "pkcs11:token=corp;object=root", "pkcs11:object=tls%20key;id=%a7;token=corp;type=private");
        let stored = "key:         pkcs11:token=corp;object=tls%20key;id=%A7\n";
        assert!(house.done("authority show tls").contains(stored), "in one way, however it was typed");
        assert!(!house.done("audit verify").is_empty());
    }
}

#[test]
fn a_wrong_pin_is_said_and_all_else_works() {
    let (house, _hsm) = house_with_root();
    pin(&house, "9999-wrong");
    let server = house.serve();
    let sentence =
        "root issues nothing until its key can be used: the key of the authority root cannot be used: the token token=corp refused the PIN";
    assert_eventually!(within MINUTE, server.said.text().contains(sentence), "{}", server.said.text());
    let admin = login(&server);
    issue(&house, &server, &admin, "internal", "local.corp.example");
    let order = json!({"owner": "team@corp.example", "authority": {"name": "root"}, "commonName": "x.corp.example"});
    server.post("/certificates", &admin, &order).refused(503);
    let said = server.stop();
    assert!(!said.contains("9999"), "{said}");

    let path = house.file("data/hsm.pin");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    house.refuses("certificate issue --authority root --name a.corp.example --out .", "its mode is 644: others may do nothing with it");
    std::fs::write(&path, "\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    house.refuses("certificate issue --authority root --name a.corp.example --out .", "the first line has to be the secret");
    std::fs::remove_file(&path).unwrap();
    house.refuses("certificate issue --authority root --name a.corp.example --out .", "hsm.pin: No such file");
    pin(&house, TOKEN.1);
    house.done("certificate issue --authority root --name a.corp.example --out .");
}

#[test]
fn a_token_that_is_not_there_is_said_and_all_else_works() {
    let (house, hsm) = house_with_root();
    let server = house.serve();
    let admin = login(&server);
    let leaf = issue(&house, &server, &admin, "root", "www.corp.example");
    let _ = server.stop();

    let away = house.file("away");
    std::fs::rename(hsm.tokens(), &away).unwrap();
    std::fs::create_dir(hsm.tokens()).unwrap();
    let server = house.serve();
    assert_eventually!(within MINUTE, server.said.text().contains("root issues nothing until its key can be used"), "{}", server.said.text());
    assert!(server.said.text().contains("no slot has the token token=corp"), "{}", server.said.text());
    let admin = login(&server);
    issue(&house, &server, &admin, "internal", "local.corp.example");
    // What it issued is answered for, and a revocation is known at once by OCSP, whose key is here; the list waits for the token.
    assert!(ocsp(&house, &server, "www.corp.example", "root.pem", "root.pem").contains(": good"));
    revoke(&server, &admin, &leaf);
    assert!(ocsp(&house, &server, "www.corp.example", "root.pem", "root.pem").contains(": revoked"));
    assert!(list(&house, &server, "www.corp.example", "root.pem").contains("No Revoked Certificates"));
    // An order that finds no key leaves no serial number behind that would have to be revoked.
    let order = json!({"owner": "team@corp.example", "authority": {"name": "root"}, "commonName": "x.corp.example"});
    for _ in 0..3 {
        server.post("/certificates", &admin, &order).refused(503);
    }
    let _ = server.stop();

    std::fs::remove_dir_all(hsm.tokens()).unwrap();
    std::fs::rename(&away, hsm.tokens()).unwrap();
    let server = house.serve();
    assert_eventually!(within MINUTE, list(&house, &server, "www.corp.example", "root.pem").contains("Key Compromise"));
    assert_eq!(list(&house, &server, "www.corp.example", "root.pem").matches("Serial Number").count(), 1);
    issue(&house, &server, &login(&server), "root", "again.corp.example");
    let _ = server.stop();

    house.write("data/lemur.toml", "[pkcs11]\nmodule = \"nothing.so\"\n");
    house.refuses("certificate issue --authority root --name a.corp.example --out .", "nothing.so cannot be loaded");
    house.write("data/lemur.toml", "");
    house.refuses("certificate issue --authority root --name a.corp.example --out .", "no PKCS#11 module is configured");
}

#[test]
fn a_key_that_was_put_in_the_place_of_another_signs_nothing() {
    let (house, hsm) = house_with_root();
    let server = house.serve();
    let admin = login(&server);
    issue(&house, &server, &admin, "root", "before.corp.example");
    hsm.delete(TOKEN, &["privkey", "pubkey"], "root");
    hsm.create_key_pair(TOKEN, "EC:prime256v1", "root", "01");
    let order = json!({"owner": "team@corp.example", "authority": {"name": "root"}, "commonName": "x.corp.example"});
    for _ in 0..2 {
        server.post("/certificates", &admin, &order).refused(503);
    }
    let _ = server.stop();
    let server = house.serve();
    let sentence = "the key pkcs11:token=corp;object=root is not the one in the authority's certificate";
    assert_eventually!(within MINUTE, server.said.text().contains(sentence), "{}", server.said.text());
    server.post("/certificates", &login(&server), &order).refused(503);
    issue(&house, &server, &login(&server), "internal", "local.corp.example");
    let _ = server.stop();
    house.refuses("certificate issue --authority root --name a.corp.example --out .", sentence);
}

#[test]
fn a_request_picks_a_key_by_name_and_no_other_way() {
    let mut house = House::new();
    configure(
        &house,
        "[keys.hsm-root]\nreference = \"pkcs11:token=corp;object=root\"\n[keys.hsm-tls]\nreference = \"pkcs11:token=corp;object=tls\"\n",
    );
    let hsm = token(&mut house);
    hsm.create_key_pair(TOKEN, "EC:secp384r1", "root", "01");
    hsm.create_key_pair(TOKEN, "EC:prime256v1", "tls", "02");
    let server = house.serve();
    let admin = login(&server);
    let order = |name: &str, key: &str| json!({"name": name, "owner": "pki@corp.example", "commonName": name, "keyReference": key});
    for key in ["pkcs11:token=corp;object=root", "aws-kms:alias/root", "/etc/passwd", "../hsm.pin", "none", "HSM-ROOT"] {
        let refused = server.post("/authorities", &admin, &order("Root", key)).refused(400);
        assert!(refused["reasons"]["keyReference"].as_str().unwrap().contains("names no such key"), "{refused}");
    }
    let mut typed = order("Root", "hsm-root");
    typed["keyType"] = json!("RSA2048");
    assert!(server.post("/authorities", &admin, &typed).refused(400)["reasons"]["keyType"].is_string());
    let made = server.post("/authorities", &admin, &order("Root", "hsm-root")).done();
    house.write("root.pem", made["authorityCertificate"]["body"].as_str().unwrap());
    assert!(house.run("openssl", "x509 -in root.pem -noout -text").contains("P-384"));
    assert!(!made.to_string().contains("pkcs11:"), "where a key is, no answer says");
    let taken = server.post("/authorities", &admin, &order("Again", "hsm-root")).refused(400);
    assert!(taken["reasons"]["keyReference"].as_str().unwrap().contains("that of the authority Root"), "{taken}");

    // Whoever administers an authority makes others under it, with keys that are made here: keys elsewhere are the administrators'.
    let roles = server.get("/roles?filter=name;Root_admin", &admin).done();
    let role = roles["items"].as_array().unwrap().iter().find(|role| role["name"] == "Root_admin").unwrap();
    let user = json!({"username": "carol", "email": "carol@corp.example", "password": "a-long-enough-password-1", "active": true,
        "roles": [{"id": role["id"], "name": role["name"]}]});
    server.post("/users", &admin, &user).done();
    let carol = server.login("carol", "a-long-enough-password-1");
    let mut below = order("TLS", "hsm-tls");
    below["type"] = json!("subca");
    below["parent"] = json!({"name": "Root"});
    let refused = server.post("/authorities", &carol, &below).refused(403);
    assert!(refused["message"].as_str().unwrap().contains("Only administrators use the keys"), "{refused}");
    let made = server.post("/authorities", &admin, &below).done();
    house.write("tls.pem", made["authorityCertificate"]["body"].as_str().unwrap());
    house.run("openssl", "verify -x509_strict -CAfile root.pem tls.pem");
    issue(&house, &server, &admin, "TLS", "www.corp.example");
    house.run("openssl", "verify -x509_strict -CAfile root.pem -untrusted tls.pem www.corp.example.pem");
    let _ = server.stop();
}

#[test]
fn an_offline_roots_request_is_signed_in_the_token() {
    let mut house = House::new();
    reach(&mut house, [("TZ", "UTC")]);
    configure(&house, "");
    let hsm = token(&mut house);
    hsm.create_key_pair(TOKEN, "rsa:2048", "tls", "01");
    house.done("authority create tls --common-name Online --key pkcs11:token=corp;object=tls --csr-out tls.csr");
    house.run("openssl", "req -in tls.csr -verify -noout");
    let off = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout off.key -out off.pem -subj /CN=Offline -days 3650";
    house.run("openssl", &format!("{off} -addext keyUsage=critical,keyCertSign,cRLSign"));
    house.write(
        "ca.ext",
        "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    );
    house.run("openssl", "x509 -req -in tls.csr -CA off.pem -CAkey off.key -days 365 -extfile ca.ext -out tls.pem");
    house.write("chain.pem", house.read("tls.pem") + &house.read("off.pem"));
    house.done("authority import tls chain.pem");
    let files = house.done("certificate issue --authority tls --name www.corp.example --out .");
    let file = files.lines().next().unwrap();
    house.run("openssl", &format!("verify -x509_strict -CAfile off.pem -untrusted {file} {file}"));
}
