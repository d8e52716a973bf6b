//! The key ring under a key elsewhere: from the first start, moved there and back while a server runs, and through kills.

use std::time::Duration;

use menagerie_tests::{KmsFailure, KmsServer, Moto, Postgres};
use serde_json::Value;

use super::world::{TOKEN, configure, issue, login, reach, token};
use crate::house::{House, Server, mode};

const HSM_KEY: &str = "pkcs11:token=corp;object=ring";

/// That the key of a certificate can be taken, and is its key.
fn shows_key(house: &House, server: &Server, admin: &str, certificate: &Value) {
    let shown = server.get(&format!("/certificates/{}/key", certificate["id"]), admin).done();
    house.write("shown.key", shown["key"].as_str().unwrap());
    house.write("shown.pem", certificate["body"].as_str().unwrap());
    assert_eq!(house.run("openssl", "pkey -in shown.key -pubout"), house.run("openssl", "x509 -in shown.pem -noout -pubkey"));
}

fn first_line(house: &House) -> String {
    house.read("data/lemur.key").lines().next().unwrap().to_owned()
}

#[test]
fn a_ring_is_under_kms_from_the_first_start() {
    let kms = KmsServer::start();
    let postgres = Postgres::start();
    for database in [None, Some(&postgres)] {
        let mut house = super::world::house(database);
        reach(&mut house, kms.environment());
        let (key, other) = (kms.create_symmetric_key(), kms.create_symmetric_key());
        configure(&house, &format!("[encryption]\nkey = \"aws-kms:{key}\"\n"));
        let server = house.serve();
        assert_eq!((first_line(&house), mode(&house.file("data/lemur.key"))), (format!("menagerie-key-ring/2 aws-kms:{key}"), 0o600));
        let call = kms.calls().into_iter().find(|call| call.operation == "Encrypt").unwrap();
        assert!(call.body["EncryptionContext"]["lemur"].as_str().unwrap().starts_with("menagerie-key-ring/"), "{:?}", call.body);
        let admin = login(&server);
        let first = issue(&house, &server, &admin, "internal", "first.corp.example");
        // A new key while it serves; the server seals under it, and opens what older keys sealed.
        house.done("key rotate");
        assert_eq!(house.read("data/lemur.key").lines().count(), 3);
        let second = issue(&house, &server, &admin, "internal", "second.corp.example");
        house.done("key rotate");
        for certificate in [&first, &second] {
            shows_key(&house, &server, &admin, certificate);
        }
        assert_eq!(first_line(&house), format!("menagerie-key-ring/2 aws-kms:{key}"));
        let _ = server.stop();
        let server = house.serve();
        let admin = login(&server);
        for certificate in [&first, &second] {
            shows_key(&house, &server, &admin, certificate);
        }
        let _ = server.stop();

        // KMS that says no, or nothing; a ring that is not where the configuration says; a file that others wrote.
        kms.fail("Decrypt", KmsFailure::AccessDenied);
        house.refuses("authority list", "AccessDeniedException");
        kms.fail("Decrypt", KmsFailure::Close);
        house.refuses("authority list", "KMS could not be reached for Decrypt");
        kms.recover();
        configure(&house, &format!("[encryption]\nkey = \"aws-kms:{other}\"\n"));
        house.refuses("authority list", "`lemur key protect` moves it");
        house.refuses("key rotate", "`lemur key protect` moves it");
        kms.fail("Decrypt", KmsFailure::AccessDenied);
        house.refuses("key protect", "AccessDeniedException");
        kms.recover();
        house.done("key protect");
        assert_eq!(first_line(&house), format!("menagerie-key-ring/2 aws-kms:{other}"));
        assert!(house.lemur(["key", "protect"]).success().stderr.contains("already"));
        house.done("authority list");
        let text = house.read("data/lemur.key");
        house.write("data/lemur.key", text.replace(&other, &key));
        configure(&house, &format!("[encryption]\nkey = \"aws-kms:{key}\"\n"));
        house.refuses("authority list", "unwrapped by the key");
        house.write("data/lemur.key", text);
        configure(&house, "[encryption]\nkey = \"aws-kms:alias/ring\"\n");
        house.refuses("authority list", "the key is named by its ARN here");
    }
}

#[test]
fn who_may_wrap_and_not_unwrap_does_not_lock_everything_away() {
    let kms = KmsServer::start();
    let mut house = House::new();
    reach(&mut house, kms.environment());
    house.done("authority create root --common-name Root");
    let before = house.read("data/lemur.key");
    configure(&house, &format!("[encryption]\nkey = \"aws-kms:{}\"\n", kms.create_symmetric_key()));
    kms.fail("Decrypt", KmsFailure::AccessDenied);
    house.refuses("key protect", "AccessDeniedException");
    assert_eq!(house.read("data/lemur.key"), before);
    configure(&house, "");
    house.done("certificate issue --authority root --name a.corp.example --out .");
}

#[test]
fn a_ring_moves_between_file_token_and_kms_while_a_server_runs() {
    let moto = Moto::shared();
    let mut house = House::new();
    reach(&mut house, moto.environment());
    let hsm = token(&mut house);
    hsm.create_secret_key(TOKEN, "ring", "0a");
    configure(&house, "");
    let server = house.serve();
    let admin = login(&server);
    let kms = format!("aws-kms:{}", moto.create_symmetric_key());
    let mut made = vec![issue(&house, &server, &admin, "internal", "first.corp.example")];
    let moves = [
        (format!("[encryption]\nkey = \"{HSM_KEY}\"\n"), format!("menagerie-key-ring/2 {HSM_KEY}")),
        (format!("[encryption]\nkey = \"{kms}\"\n"), format!("menagerie-key-ring/2 {kms}")),
        (String::new(), "menagerie-key-ring/1".to_owned()),
        (format!("[encryption]\nkey = \"{HSM_KEY}\"\n"), format!("menagerie-key-ring/2 {HSM_KEY}")),
    ];
    for (number, (configuration, first)) in moves.iter().enumerate() {
        configure(&house, configuration);
        house.done("key protect");
        assert_eq!(first_line(&house), *first);
        assert_eq!(mode(&house.file("data/lemur.key")), 0o600);
        made.push(issue(&house, &server, &admin, "internal", &format!("moved{number}.corp.example")));
        house.done("key rotate");
        assert_eq!(first_line(&house), *first);
        made.push(issue(&house, &server, &admin, "internal", &format!("rotated{number}.corp.example")));
        for certificate in &made {
            shows_key(&house, &server, &admin, certificate);
        }
    }
    let said = server.stop();
    assert!(!said.contains(TOKEN.1), "{said}");
    let server = house.serve();
    let admin = login(&server);
    for certificate in &made {
        shows_key(&house, &server, &admin, certificate);
    }
    let log = server.get("/logs?count=100", &admin).done().to_string();
    assert!(log.contains("ring_kept") || log.contains("ringKept"), "{log}");
    let _ = server.stop();
    // Without the token nothing opens, and nothing is made anew.
    std::fs::rename(hsm.tokens(), house.file("away")).unwrap();
    std::fs::create_dir(hsm.tokens()).unwrap();
    let before = house.read("data/lemur.key");
    house.refuses("authority list", "no slot has the token token=corp");
    house.refuses("key protect", "no slot has the token token=corp");
    assert_eq!(house.read("data/lemur.key"), before);
}

#[test]
fn a_move_that_is_killed_loses_nothing() {
    let kms = KmsServer::start();
    let mut house = House::new();
    reach(&mut house, kms.environment());
    let hsm = token(&mut house);
    hsm.create_secret_key(TOKEN, "ring", "0a");
    let kms_key = format!("aws-kms:{}", kms.create_symmetric_key());
    configure(&house, "");
    house.done("authority create root --common-name Root");
    let files = house.done("certificate issue --authority root --name a.corp.example --out .");
    let issued = house.read(files.lines().nth(1).unwrap());
    // SoftHSM writes its files when somebody logs in, and loses a token if it is killed then: a device would not.
    house.run("cp", "-a hsm/tokens hsm/kept");
    let ways = ["", kms_key.as_str(), HSM_KEY];
    let mut seen = std::collections::BTreeSet::new();
    for round in 0_u64..36 {
        let way = ways[usize::try_from(round % 3).unwrap()];
        let moves = round % 2 == 0;
        configure(&house, &if way.is_empty() || !moves { String::new() } else { format!("[encryption]\nkey = \"{way}\"\n") });
        let mut running = house.start(if moves { "key protect" } else { "key rotate" });
        std::thread::sleep(Duration::from_millis((round * 37) % 260));
        running.kill();
        drop(running);
        house.run("rm", "-r hsm/tokens");
        house.run("cp", "-a hsm/kept hsm/tokens");
        seen.insert(first_line(&house));
        // However it is kept now, it opens, and what was sealed long ago is there.
        configure(&house, "");
        house.done("certificate export 2 --format pem --out exported.pem --force");
        assert!(house.read("exported.pem").contains(issued.trim()), "round {round}");
    }
    assert!(seen.len() >= 2, "{seen:?}: some moves were done before the kill");
    house.done("key protect");
    house.done("key rotate");
    assert_eq!(first_line(&house), "menagerie-key-ring/1");
    let left: Vec<_> =
        std::fs::read_dir(house.file("data")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!left.iter().any(|name| name.ends_with(".new")), "what kills left is cleared away: {left:?}");
}
