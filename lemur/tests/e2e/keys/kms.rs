//! Authorities whose keys are in AWS KMS.

use std::time::Duration;

use menagerie_tests::{AsymmetricKey, KmsFailure, KmsServer, Moto, Postgres, SigningKey, assert_eventually};
use serde_json::json;

use super::world::{configure, issue, list, login, ocsp, ocsp_path, reach, revoke, walk};
use crate::house::House;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_kind_of_key_is_an_authoritys() {
    let moto = Moto::shared();
    let postgres = Postgres::start();
    let kinds = [(AsymmetricKey::P256, AsymmetricKey::P384, None), (AsymmetricKey::Rsa4096, AsymmetricKey::Rsa2048, Some(&postgres))];
    for (root, below, database) in kinds {
        let mut house = super::world::house(database);
        reach(&mut house, moto.environment());
        configure(&house, "");
        let (root, below) = (moto.create_signing_key(root), moto.create_signing_key(below));
        walk(&house, &format!("aws-kms:{root}"), &format!("aws-kms:{below}"));
        assert!(house.done("authority show tls").contains(&format!("key:         aws-kms:{below}\n")));
        house.refuses(&format!("authority create again --common-name Root --key aws-kms:{root}"), "the key is that of the authority root");
    }
}

#[test]
fn a_name_of_a_key_is_stored_as_what_it_means() {
    let moto = Moto::shared();
    let mut house = House::new();
    reach(&mut house, moto.environment());
    let key = moto.create_signing_key(AsymmetricKey::P256);
    let id = key.rsplit_once('/').unwrap().1;
    moto.create_alias("alias/corp-root", &key);
    house.write("data/lemur.toml", "[keys.root]\nreference = \"aws-kms:alias/corp-root\"\n");
    house.done("authority create root --common-name Root --key root");
    assert!(house.done("authority show root").contains(&format!("key:         aws-kms:{key}\n")));
    let refused = "is that of the authority root";
    house.refuses(&format!("authority create again --common-name Again --key aws-kms:{id}"), refused);
    house.refuses("authority create again --common-name Again --key aws-kms:alias/corp-root", refused);
    let symmetric = moto.create_symmetric_key();
    house.refuses(&format!("authority create bad --common-name Bad --key aws-kms:{symmetric}"), "the key cannot be used");
    house.refuses(&format!("authority create bad --common-name Bad --key aws-kms:{}", key.replace(id, "none")), "the key cannot be used");
    for (key, sentence) in [
        ("/etc/passwd", "a key is named as aws-kms:ARN or pkcs11:"),
        ("aws-kms:arn:aws:s3:::bucket", "aws-kms: is followed by"),
        ("pkcs11:token=a;object=b?module-path=/tmp/x.so", "names no module and no PIN"),
        ("pkcs11:token=a;object=b", "no PKCS#11 module is configured"),
    ] {
        house.refuses(&format!("authority create bad --common-name Bad --key {key}"), sentence);
    }
    assert_eq!(house.done("authority list").lines().count(), 1);
}

#[test]
fn a_key_that_could_not_sign_a_long_list_is_refused_from_the_start() {
    let kms = KmsServer::start();
    let mut house = House::new();
    reach(&mut house, kms.environment());
    let key = kms.create_signing_key(SigningKey::Ed25519);
    house.refuses(&format!("authority create root --common-name Root --key aws-kms:{key}"), "signs no more than 4096 bytes");
    assert!(house.done("authority list").is_empty());
}

#[test]
fn nobody_makes_kms_sign_without_being_somebody() {
    let kms = KmsServer::start();
    let mut house = House::new();
    reach(&mut house, kms.environment());
    let (root, below) = (kms.create_signing_key(SigningKey::P384), kms.create_signing_key(SigningKey::P256));
    house.write("root.pem", house.done(&format!("authority create root --common-name Root --key aws-kms:{root}")));
    house.write("tls.pem", house.done(&format!("authority create tls --common-name TLS --parent root --key aws-kms:{below}")));
    house.write("chain.pem", house.read("tls.pem") + &house.read("root.pem"));
    let server = house.serve();
    let admin = login(&server);
    let leaf = issue(&house, &server, &admin, "tls", "www.corp.example");
    let gone = issue(&house, &server, &admin, "tls", "gone.corp.example");
    revoke(&server, &admin, &gone);
    assert_eventually!(within MINUTE, list(&house, &server, "gone.corp.example", "chain.pem").contains("Key Compromise"));
    let paths: Vec<_> = ["www.corp.example", "gone.corp.example"].map(|name| ocsp_path(&house, name, "tls.pem")).to_vec();
    let text = house.run("openssl", "x509 -in www.corp.example.pem -noout -text");
    let list_url = server
        .place_of(text.split_once("Full Name:").unwrap().1.trim_start().trim_start_matches("URI:").split_whitespace().next().unwrap());
    let unknown = format!("{}/ocsp/{}", server.http_url, "MEIwQDA%2BMDwwOjAJBgUrDgMCGgUA");
    let id = leaf["id"].as_i64().unwrap();

    let hammer = |rounds: usize| {
        for round in 0..rounds {
            for path in &paths {
                assert_eq!(server.fetch(&format!("{}{path}", server.http_url), None).status, 200);
            }
            assert_eq!(server.fetch(&list_url, None).status, 200);
            let _ = server.fetch(&unknown, None);
            for path in ["/ca/1.cer", "/ca/2.cer", &format!("/crl/2/{round}.crl"), &format!("/crl/{round}/0.crl")] {
                let _ = server.fetch(&format!("{}{path}", server.http_url), None);
            }
            for path in [
                "/acme/directory",
                "/acme/new-nonce",
                "/acme/renewal-info/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
                "/sign-in",
                "/health/ready",
            ] {
                let _ = server.fetch(&format!("{}{path}", server.url), None);
            }
            for path in [
                format!("/certificates/{id}"),
                "/authorities".to_owned(),
                format!("/certificates/{id}/key"),
                "/pending_certificates".to_owned(),
            ] {
                assert!(server.get(&path, "").status >= 401);
            }
            let order = json!({"owner": "a@b.example", "authority": {"name": "tls"}, "commonName": "x.corp.example"});
            assert_eq!(server.post("/certificates", "", &order).status, 401);
            assert_eq!(server.post("/certificates", "eyJhbGciOiJub25lIn0.e30.", &order).status, 403);
        }
    };
    let quiet = || {
        let mut before = kms.calls().len();
        assert!(menagerie_tests::eventually(MINUTE, || {
            std::thread::sleep(Duration::from_millis(700));
            let now = kms.calls().len();
            std::mem::replace(&mut before, now) == now
        }));
        before
    };
    let before = quiet();
    let signatures = kms.calls().iter().filter(|call| call.operation == "Sign").count();
    assert!(signatures >= 6, "{signatures}: two proofs, two authorities, responders, certificates, lists");
    hammer(40);
    assert_eq!(kms.calls().len(), before, "not one call of any kind");
    assert!(ocsp(&house, &server, "gone.corp.example", "tls.pem", "root.pem").contains(": revoked"));
    assert_eq!(kms.calls().len(), before);

    // KMS out of reach, and a process that has not asked it yet: what was published is served all the same, and nobody asks.
    let said = server.stop();
    assert!(!said.contains("issues nothing"), "{said}");
    kms.fail("*", KmsFailure::AccessDenied);
    let server = house.serve();
    assert_eventually!(within MINUTE, server.said.text().contains("tls issues nothing until its key can be used"), "{}", server.said.text());
    assert!(server.said.text().contains("root issues nothing until its key can be used: the key of the authority root cannot be used"));
    let before = quiet();
    for _ in 0..30 {
        for path in &paths {
            assert_eq!(server.fetch(&format!("{}{path}", server.http_url), None).status, 200);
        }
    }
    assert!(ocsp(&house, &server, "www.corp.example", "tls.pem", "root.pem").contains(": good"));
    assert_eq!(kms.calls().len(), before);
    // Other authorities issue, and this one does as soon as KMS lets it.
    let admin = login(&server);
    issue(&house, &server, &admin, "internal", "local.corp.example");
    let order = json!({"owner": "team@corp.example", "authority": {"name": "tls"}, "commonName": "y.corp.example"});
    let refused = server.post("/certificates", &admin, &order).refused(503).to_string();
    assert!(!refused.contains("arn:aws"), "{refused}");
    kms.recover();
    issue(&house, &server, &admin, "tls", "again.corp.example");
    let _ = server.stop();
}

#[test]
fn a_kms_that_does_not_answer_holds_nobody_up_for_long() {
    let kms = KmsServer::start();
    let mut house = House::new();
    reach(&mut house, kms.environment());
    let key = kms.create_signing_key(SigningKey::P256);
    house.done(&format!("authority create root --common-name Root --key aws-kms:{key}"));
    let server = house.serve();
    let admin = login(&server);
    issue(&house, &server, &admin, "root", "before.corp.example");
    kms.fail("*", KmsFailure::Hang);
    let order = json!({"owner": "team@corp.example", "authority": {"name": "root"}, "commonName": "x.corp.example"});
    // The first finds out while it signs; from then on it is found out before.
    server.post("/certificates", &admin, &order).refused(503);
    let unfinished = kms.calls().iter().filter(|call| call.operation == "Sign").count();
    let start = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| server.post("/certificates", &admin, &order).refused(503));
        }
        issue(&house, &server, &admin, "internal", "local.corp.example");
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    });
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}: one after the other", start.elapsed());
    let signs = kms.calls().iter().filter(|call| call.operation == "Sign").count();
    assert_eq!(signs, unfinished, "nothing was begun");
    kms.recover();
    issue(&house, &server, &admin, "root", "after.corp.example");
    let _ = server.stop();
}

#[test]
fn a_signature_that_is_another_keys_leaves_the_house_nowhere() {
    let kms = KmsServer::start();
    let mut house = House::new();
    reach(&mut house, kms.environment());
    let key = kms.create_signing_key(SigningKey::P256);
    house.write("root.pem", house.done(&format!("authority create root --common-name Root --key aws-kms:{key}")));
    let server = house.serve();
    let admin = login(&server);
    let first = issue(&house, &server, &admin, "root", "first.corp.example");
    let before = list(&house, &server, "first.corp.example", "root.pem");
    kms.fail("Sign", KmsFailure::OtherSignature);
    let order = json!({"owner": "team@corp.example", "authority": {"name": "root"}, "commonName": "x.corp.example"});
    server.post("/certificates", &admin, &order).refused(503);
    revoke(&server, &admin, &first);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(list(&house, &server, "first.corp.example", "root.pem"), before, "a list that nobody can verify is not published");
    assert!(ocsp(&house, &server, "first.corp.example", "root.pem", "root.pem").contains(": revoked"), "the responder's key is here");
    let certificates = server.get("/certificates?count=100", &admin).done().to_string();
    assert!(!certificates.contains("x.corp.example"), "{certificates}");
    kms.recover();
    assert_eventually!(within MINUTE, list(&house, &server, "first.corp.example", "root.pem").contains("Key Compromise"));
    // What may have been signed is presumed issued: its serial number is on the list as soon as the process has given it up.
    assert_eventually!(within MINUTE, list(&house, &server, "first.corp.example", "root.pem").matches("Serial Number").count() >= 2);
    let _ = server.stop();
}

#[test]
fn a_list_longer_than_kms_takes_is_signed_by_its_hash() {
    let kms = KmsServer::start();
    let mut house = House::new();
    reach(&mut house, kms.environment());
    for (kind, name) in [(SigningKey::P384, "ecdsa"), (SigningKey::Rsa2048, "rsa")] {
        let key = kms.create_signing_key(kind);
        house.write(&format!("{name}.pem"), house.done(&format!("authority create {name} --common-name {name} --key aws-kms:{key}")));
    }
    let server = house.serve();
    let admin = login(&server);
    for name in ["ecdsa", "rsa"] {
        let mut last = String::new();
        for number in 0..90 {
            last = format!("n{number}.{name}.corp.example");
            let made = issue(&house, &server, &admin, name, &last);
            revoke(&server, &admin, &made);
        }
        let issuer = format!("{name}.pem");
        assert_eventually!(within MINUTE, list(&house, &server, &last, &issuer).matches("Key Compromise").count() == 90);
        assert!(std::fs::metadata(house.file("list.crl")).unwrap().len() > 4096);
    }
    assert!(kms.calls().iter().any(|call| call.operation == "Sign" && call.body["MessageType"] == "DIGEST"));
    let _ = server.stop();
}
