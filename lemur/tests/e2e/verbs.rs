//! Every verb of the command line: what it prints, what it leaves in files, and what it says when it refuses.

use std::time::Duration;

use menagerie_tests::assert_eventually;
use serde_json::Value;

use super::house::{House, mode};

/// A root and an authority under it that issues.
fn house_with_authorities() -> House {
    let house = House::new();
    house.write("root.pem", house.done("authority create root --common-name Root --organization Corp --country DE --days 7300"));
    house.write("tls.pem", house.done("authority create tls --common-name TLS --parent root --path-length 0 --permit-dns corp.example"));
    house
}

/// Issues, and gives the paths that are printed.
fn issue(house: &House, arguments: &str) -> Vec<String> {
    house.done(&format!("certificate issue --authority tls {arguments}")).lines().map(str::to_owned).collect()
}

fn list(house: &House, arguments: &str) -> Vec<Value> {
    let listed: Value = serde_json::from_str(&house.done(&format!("certificate list --json {arguments}"))).unwrap();
    assert_eq!(listed["schema"], "lemur.certificates/1");
    listed["certificates"].as_array().unwrap().clone()
}

#[test]
fn authorities_are_made_listed_shown_and_refused() {
    let house = house_with_authorities();
    house.run("openssl", "verify -x509_strict -CAfile root.pem tls.pem");
    let text = house.run("openssl", "x509 -in tls.pem -noout -text");
    assert!(text.contains("pathlen:0") && text.contains("DNS:corp.example"), "{text}");
    let listed = house.done("authority list");
    assert!(listed.lines().count() == 2 && listed.contains("root") && listed.contains("tls"), "{listed}");
    let shown = house.done("authority show tls");
    assert!(shown.contains("name:        tls") && shown.ends_with(&house.read("tls.pem")), "{shown}");
    let list = text.lines().find_map(|line| line.trim().strip_prefix("URI:").filter(|url| url.contains("/crl/")));
    assert!(list.is_some(), "it says where its issuer's list is: {text}");
    for line in ["parent:      root\n", "path length: 0\n", "permitted:   dns corp.example\n", "key type:    ", "crl:         "] {
        assert!(shown.contains(line), "{line:?}: {shown}");
    }
    let root = house.done("authority show root");
    assert!(root.contains(&format!("crl:         {}\n", list.unwrap())), "{root}");
    assert!(!root.contains("parent:") && !root.contains("permitted:"), "{root}");

    house.refuses("authority create tls --common-name Again", "there is an authority \"tls\" already");
    house.refuses("authority create below --common-name Below --parent none", "there is no authority \"none\"");
    // An authority that may have none below it has none.
    house.refuses("authority create below --common-name Below --parent tls", "");
    house.refuses("authority create bad --common-name Bad --permit-dns *.corp.example", "no subtree");
    house.refuses("authority create bad --common-name Bad --permit-ip 10.0.0.0/33", "no subtree");
    house.refuses("authority create bad --common-name Bad --country Germany", "");
    house.refuses("authority show none", "`lemur authority list` names them");
    assert_eq!(house.done("authority list").lines().count(), 2, "what was refused was not made");
}

#[test]
fn an_offline_root_signs_a_request_and_the_chain_comes_back() {
    let house = House::new();
    house.done("authority create tls --common-name Online --csr-out tls.csr");
    house.run("openssl", "req -in tls.csr -verify -noout");
    house.refuses("certificate issue --authority tls --name www.corp.example --out .", "does not issue");
    // A request goes over no file unless it is to, and nothing is made where it cannot be written.
    let request = house.read("tls.csr");
    house.refuses("authority create other --common-name Other --csr-out tls.csr", "--force writes over it");
    house.refuses("authority create other --common-name Other --csr-out nowhere/other.csr", "cannot write nowhere/other.csr");
    assert_eq!((house.read("tls.csr"), house.done("authority list").lines().count()), (request, 1));
    assert!(house.done("authority show tls").contains(house.read("tls.csr").trim()));
    let algorithm = "-newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes";
    house.run(
        "openssl",
        &format!(
            "req -x509 {algorithm} -keyout off.key -out off.pem -subj /CN=Offline -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign"
        ),
    );
    house.write(
        "ca.ext",
        "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    );
    house.run("openssl", "x509 -req -in tls.csr -CA off.pem -CAkey off.key -days 365 -extfile ca.ext -out tls.pem");
    house.refuses("authority import tls off.pem", "its key is another");
    house.refuses("authority import tls tls.pem", "bring the issuer's certificate too");
    assert_eq!(house.done("authority list").lines().count(), 1, "what was refused made nothing known");
    house.refuses("authority import tls none.pem", "none.pem");
    house.write("chain.pem", house.read("tls.pem") + &house.read("off.pem"));
    let imported = house.lemur(["authority", "import", "tls", "chain.pem"]).success();
    assert!(imported.stderr.contains("tls issues from now on"), "{}", imported.stderr);
    let files = issue(&house, "--name www.corp.example --out .");
    house.run("openssl", &format!("verify -x509_strict -CAfile off.pem -untrusted {0} {0}", files[0].trim_start_matches("./")));
    house.refuses("authority import tls chain.pem", "");
}

#[test]
fn authorities_are_changed_signed_by_another_and_lent_to_roles() {
    let house = house_with_authorities();
    house.write("other.pem", house.done("authority create other --common-name Other"));
    house.write("cross.pem", house.done("authority cross-sign tls --by other --days 30"));
    house.run("openssl", "verify -x509_strict -CAfile other.pem cross.pem");
    let key = |file: &str| house.run("openssl", &format!("x509 -in {file} -noout -pubkey"));
    assert_eq!(key("cross.pem"), key("tls.pem"));
    house.refuses("authority cross-sign tls --by none", "there is no authority");
    house.refuses("authority cross-sign tls --chain other.pem", "its key or its subject is another");

    house.done("authority change tls --active false --profile tls-client");
    assert!(house.done("authority list").contains("disabled"));
    house.refuses("certificate issue --authority tls --name www.corp.example --out .", "does not issue");
    house.done("authority change tls --active true");
    house.refuses("certificate issue --authority tls --name www.corp.example --out .", "profile");
    house.done("authority change tls --every-profile");
    issue(&house, "--name www.corp.example --out .");

    house.done("role add deploy");
    house.done("role allow deploy --authority tls --names *.corp.example --names 10.0.0.0/8");
    let shown = house.done("authority show tls");
    assert!(
        shown.contains("role:        deploy (only *.corp.example 10.0.0.0/8)") && shown.contains("role:        tls_admin\n"),
        "{shown}"
    );
    house.done("role allow deploy --authority tls --any-name");
    assert!(house.done("authority show tls").contains("role:        deploy\n"));
    house.done("role deny deploy --authority tls");
    assert!(!house.done("authority show tls").contains("deploy"));
}

#[test]
fn certificates_are_issued_listed_shown_revoked_and_refused() {
    let house = house_with_authorities();
    let files = issue(&house, "--name www.corp.example --name *.corp.example --days 30 --out .");
    assert_eq!((files.len(), mode(&house.file(&files[1]))), (2, 0o600));
    let public = house.run("openssl", &format!("pkey -in {} -pubout", files[1]));
    assert_eq!(house.run("openssl", &format!("x509 -in {} -noout -pubkey", files[0])), public);
    house.run("openssl", &format!("verify -x509_strict -CAfile root.pem -untrusted {0} {0}", files[0]));
    assert_eq!(house.read(&files[0]).matches("BEGIN CERTIFICATE").count(), 2, "the certificate and its issuer");
    house.request("api.corp.example");
    assert_eq!(issue(&house, "--csr api.corp.example.csr --out .").len(), 1, "no key is made for a request");
    house.run("openssl", "req -in api.corp.example.csr -outform DER -out api.der");
    assert_eq!(issue(&house, "--csr api.der --out .").len(), 1);

    house.refuses("certificate issue --authority tls --csr - --out .", "no certificate request");
    let piped = house.given("certificate issue --authority tls --csr - --out .", house.read("api.corp.example.csr").as_bytes()).success();
    assert_eq!(piped.text().lines().count(), 1, "{}", piped.text());

    let all = list(&house, "--authority tls");
    assert_eq!(all.len(), 4);
    assert_eq!(list(&house, "--authority tls --count 1").len(), 1);
    let one = &list(&house, "--name www.corp")[0];
    let (id, name) = (one["id"].as_i64().unwrap(), one["name"].as_str().unwrap());
    let shown = house.done(&format!("certificate show {id}"));
    assert_eq!(shown, house.done(&format!("certificate show {name}")));
    assert!(shown.contains("www.corp.example") && !shown.contains("PRIVATE KEY"), "{shown}");
    assert!(house.lemur(["certificate", "list", "--count", "1"]).success().stderr.contains("--count"));

    house.refuses(&format!("certificate revoke {id} --reason because"), "because");
    house.refuses(&format!("certificate release {id}"), "on hold");
    house.done(&format!("certificate revoke {id} --reason certificateHold"));
    assert!(house.done(&format!("certificate show {id}")).contains("(certificateHold)"));
    assert!(house.done("certificate list --name www.corp").contains(" on hold "));
    let none = house.lemur(["certificate", "list", "--name", "nowhere"]).success();
    assert_eq!((none.text().as_str(), none.stderr.trim()), ("", "nothing found"));
    house.done(&format!("certificate release {name}"));
    assert_eq!(list(&house, "--name www.corp")[0]["revoked"], Value::Null);
    house.done(&format!("certificate revoke {name} --reason superseded"));
    assert!(house.done(&format!("certificate show {id}")).contains("(superseded)"));
    assert_eq!(list(&house, "--name www.corp")[0]["revoked"], "superseded");
    house.refuses(&format!("certificate revoke {id}"), "revoked already");
    house.refuses("certificate revoke 999", "there is no certificate \"999\"");
    house.refuses("certificate show nobody", "`lemur certificate list` shows them");
    house.refuses("certificate list --authority none", "there is no authority");

    for (wanted, sentence) in [
        ("--name www.example.org", "do not permit"),
        ("--name www.corp.example --days 4000", ""),
        ("--name www.corp.example --days 0", ""),
        ("--name www..corp.example", ""),
        ("--profile none --name www.corp.example", "profile: There is no such profile"),
        ("--profile mtls-workload --key-type rsa-2048 --name a.corp.example", "does not certify keys"),
        ("--csr none.csr", "none.csr"),
        ("--csr root.pem", "root.pem"),
        ("--csr /dev/zero", "has more than 65536 bytes"),
        ("", "at least one name"),
        ("--name lost.corp.example --out nowhere", "there is no folder nowhere"),
    ] {
        let out = if wanted.contains("--out") { "" } else { "--out ." };
        house.refuses(&format!("certificate issue --authority tls {wanted} {out}"), sentence);
    }
    assert_eq!(list(&house, "--authority tls").len(), 4, "what was refused was not issued");
}

#[test]
fn exports_are_their_owners_and_need_a_key_where_they_hold_one() {
    let house = house_with_authorities();
    issue(&house, "--name www.corp.example --out .");
    house.request("api.corp.example");
    issue(&house, "--csr api.corp.example.csr --out .");
    house.write("pass", "changeit-please\n");
    let id = |name: &str| list(&house, &format!("--name {name}"))[0]["id"].to_string();
    let (own, theirs) = (id("www"), id("api"));
    for (format, file) in [("pem", "x.pem"), ("pkcs12", "x.p12"), ("jks", "x.jks"), ("jks-trust", "t.jks")] {
        // A file that others could read before is closed, not written through.
        house.write(file, "");
        let export = format!("certificate export {own} --format {format} --passphrase-file pass --out {file}");
        house.refuses(&export, "--force");
        assert_eq!(house.read(file), "", "{file}");
        house.done(&format!("{export} --force"));
        assert_eq!(mode(&house.file(file)), 0o600, "{file}");
    }
    house.done(&format!("certificate export {theirs} --format csr --out api.again"));
    assert_eq!(house.read("api.again").trim(), house.read("api.corp.example.csr").trim());
    assert!(house.read("x.pem").contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") && !house.read("x.pem").contains("BEGIN PRIVATE"));
    house.run("openssl", "pkey -in x.pem -noout -passin file:pass");
    house.write("other", "another-passphrase\n");
    assert_ne!(house.tried("openssl", "pkey -in x.pem -noout -passin file:other").status, Some(0));
    house.write("short", "short\n");
    house.refuses(&format!("certificate export {own} --passphrase-file short --out z.pem"), "a passphrase has at least");
    let clear = house.lemur(["certificate", "export", &own, "--out", "z.pem"]).success();
    assert!(clear.stderr.contains("wrote z.pem, with the key in clear"), "{}", clear.stderr);
    house.run("openssl", "pkey -in z.pem -noout");
    house.run("openssl", "pkcs12 -in x.p12 -noout -passin file:pass");
    let listed = house.run("keytool", "-list -storetype JKS -keystore x.jks -storepass changeit-please");
    assert!(listed.contains("PrivateKeyEntry"), "{listed}");
    let log = house.lemur(["audit", "verify"]).success();
    assert!(log.stderr.contains("the log is whole"), "{}", log.stderr);

    house.refuses(&format!("certificate export {theirs} --format pkcs12 --passphrase-file pass --out y.p12"), "is not stored here");
    house.refuses(&format!("certificate export {own} --format jks --passphrase-file none --out y.jks"), "none");
    house.write("empty", "\n");
    house.refuses(&format!("certificate export {own} --format jks --passphrase-file empty --out y.jks"), "is empty");
    house.refuses(&format!("certificate export {own} --out nowhere/x.pem"), "nowhere/x.pem");
    house.done(&format!("certificate export {theirs} --out y.pem"));
    assert!(!house.read("y.pem").contains("PRIVATE KEY"));
    assert!(!house.file("y.p12").exists() && !house.file("y.jks").exists());
    assert_eq!(house.lemur(["certificate", "export", &own, "--format", "jks", "--out", "y.jks"]).status, Some(2));
}

#[test]
fn people_and_their_roles() {
    let house = House::new();
    house.write("password", "correct horse battery\n");
    house.write("short", "short\n");
    house.done("authority create root --common-name Root");
    house.done("role add deploy --description pipelines");
    house.done("user add ann --email ann@corp.example --role deploy --password-file password");
    let (users, roles) = (house.done("user list"), house.done("role list"));
    assert!(users.contains("ann@corp.example") && users.contains("deploy") && !users.contains("horse"), "{users}");
    assert!(roles.contains("deploy") && roles.contains("pipelines"), "{roles}");
    house.refuses("role add deploy", "already");
    house.refuses("user add ann --email other@corp.example --password-file password", "already");
    house.refuses("user add bob --email bob@corp.example --role none --password-file password", "role");
    house.refuses("user add bob --email bob --password-file password", "mail");
    house.refuses("user add bob --email bob@corp.example --password-file short", "12 characters");
    house.refuses("user add bob --email bob@corp.example --password-file none", "none");
    house.refuses("user disable bob", "user");
    // What reads like a question is one.
    let roles = |arguments: &str| house.lemur(format!("user roles {arguments}").split_whitespace()).success();
    for _ in 0..2 {
        assert_eq!(roles("ann").text(), "deploy\n");
    }
    house.done("role add ops");
    assert_eq!(roles("ann --role deploy --role ops").stderr.trim(), "ann has the roles deploy, ops");
    assert_eq!(roles("ann").text(), "deploy\nops\n");
    assert_eq!(house.lemur(["user", "roles", "ann", "--none", "--role", "ops"]).status, Some(2));
    assert_eq!(roles("ann --none").stderr.trim(), "ann has no roles");
    assert_eq!(roles("ann").text(), "");
    assert_eq!(roles("ann --role deploy").stderr.trim(), "ann has the roles deploy");
    house.refuses("user roles bob", "user");
    assert!(!house.done("user list").contains("bob"));

    let server = house.serve();
    let token = server.login("ann", "correct horse battery");
    assert_eq!(server.get("/auth/me", &token).done()["username"], "ann");
    // What the command line changes, a server that runs knows a second later.
    let is_out = || server.get("/auth/me", &token).status == 403;
    house.done("user disable ann");
    assert_eventually!(within Duration::from_secs(3), is_out());
    assert!(house.done("user list").contains("disabled"));
    house.done("user enable ann");
    house.write("another", "another horse battery\n");
    house.refuses("user reset-totp ann", "There is no such second factor");
    house.done("user sign-out ann");
    house.refuses("user sign-out nobody", "user");
    house.done("user password ann --password-file another");
    assert_eventually!(within Duration::from_secs(3), is_out());
    server.login("ann", "another horse battery");
}

#[test]
fn keys_of_acme_are_made_listed_and_revoked() {
    let house = house_with_authorities();
    let made =
        house.lemur("acme add-key --owner web@corp.example --name .web.corp.example --name 10.1.0.0/16 --days 30".split(' ')).success();
    let text = made.text();
    let (id, key) = text.trim().split_once(' ').unwrap();
    assert!(key.len() >= 43 && !made.stderr.contains(key), "{}", made.stderr);
    let listed = house.done("acme keys");
    assert!(listed.contains(id) && listed.contains(".web.corp.example,10.1.0.0/16") && !listed.contains(key), "{listed}");
    assert!(listed.contains(" all "), "{listed}");
    house.done(&format!("acme revoke-key {id}"));
    assert!(house.done("acme keys").contains("revoked"));
    house.refuses(&format!("acme revoke-key {id}"), "revoked already");
    house.refuses("acme revoke-key none", "no such key");
    house.refuses("acme add-key --owner web@corp.example --name bad..name", "");
    house.refuses("acme add-key --owner web@corp.example --name corp.example --profile bogus", "ACME offers no profile bogus");
    house.refuses("acme add-key --owner x --name corp.example", "owner: Not a valid email address");
    assert_eq!(house.lemur(["acme", "add-key", "--owner", "web@corp.example"]).status, Some(2));
}

#[test]
fn keys_are_rotated_under_a_server_that_works_and_none_is_lost() {
    let house = House::new();
    let server = house.serve();
    let token = server.login("admin", &server.password());
    let issue = |name: &str| {
        let order = serde_json::json!({"owner": "a@corp.example", "authority": {"name": "internal"}, "commonName": name});
        server.post("/certificates", &token, &order).done()["id"].as_i64().unwrap()
    };
    let mut all = vec![issue("zero.corp.example")];
    for round in ["one", "two", "three"] {
        let before = house.read("data/lemur.key");
        let rotated = house.lemur(["key", "rotate"]).success();
        assert!(rotated.stderr.contains("encrypted anew") && !rotated.stderr.contains(before.trim()), "{}", rotated.stderr);
        assert_ne!(house.read("data/lemur.key"), before);
        assert_eq!(mode(&house.file("data/lemur.key")), 0o600);
        // The server made this key after the rotation.
        all.push(issue(&format!("{round}.corp.example")));
    }
    for id in &all {
        assert!(server.get(&format!("/certificates/{id}/key"), &token).done()["key"].is_string(), "{id}");
    }
    server.stop();
    for id in &all {
        house.done(&format!("certificate export {id} --out {id}.pem"));
        house.run("openssl", &format!("pkey -in {id}.pem -noout"));
    }

    // Without the file nothing starts, and no other is made in its place.
    let file = house.file("data/lemur.key");
    let keys = house.read("data/lemur.key");
    std::fs::rename(&file, house.file("away")).unwrap();
    for verb in ["certificate list", "serve --listen 127.0.0.1:0", "key rotate"] {
        house.refuses(verb, "put the right file there");
        assert!(!file.exists(), "{verb}");
    }
    let other = House::new();
    other.done("authority create other --common-name Other");
    std::fs::copy(other.file("data/lemur.key"), &file).unwrap();
    house.refuses("certificate list", "put the right file there");
    std::fs::rename(house.file("away"), &file).unwrap();
    assert_eq!(house.read("data/lemur.key"), keys);
    house.done("certificate list");
}

#[test]
fn the_log_tells_of_changes_and_of_tampering() {
    let house = house_with_authorities();
    issue(&house, "--name www.corp.example --out .");
    let sound = house.lemur(["audit", "verify"]).success();
    assert!(sound.stderr.contains("the log is whole") && !sound.stdout.is_empty(), "{}", sound.stderr);
    house.write("heads", &sound.stdout);
    house.done("user list");
    issue(&house, "--name next.corp.example --out .");
    house.done("audit verify --expect heads");
    let database = house.file("data/lemur.db");
    let tamper = |statement: &str| {
        let change = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); \
            sys.exit(0 if db.execute(sys.argv[2]).rowcount and not db.commit() else 1)";
        let mut python = menagerie_tests::process::command("python3");
        python.args(["-c", change, database.to_str().unwrap(), statement]);
        let _ = menagerie_tests::process::run(python, b"").success();
    };
    // Every command is a process of its own, and none of their lines can go: the log is one chain, and the database knows its end.
    tamper("CREATE TABLE kept AS SELECT id, writer, seq, time_ms, line FROM log_line");
    let now = house.lemur(["audit", "verify"]).success();
    let lines = now.stderr.lines().find_map(|line| line.strip_prefix("the log is whole: entries ")).unwrap().parse::<u32>().unwrap();
    for id in 1..=lines {
        tamper(&format!("DELETE FROM log_line WHERE id = {id}"));
        assert_eq!(house.lemur(["audit", "verify"]).status, Some(1), "line {id} is not there, and nobody noticed");
        tamper(&format!("INSERT INTO log_line SELECT id, writer, seq, time_ms, line FROM kept WHERE id = {id}"));
        house.done("audit verify");
    }
    tamper("UPDATE log_line SET line = replace(line, 'www.corp', 'xxx.corp') WHERE line LIKE '%www.corp%'");
    let found = house.lemur(["audit", "verify", "--expect", "heads"]);
    assert_eq!(found.status, Some(1), "{}", found.stderr);
    assert!(found.stderr.contains("the log is NOT whole"), "{}", found.stderr);
    tamper("UPDATE log_line SET line = replace(line, 'xxx.corp', 'www.corp') WHERE line LIKE '%xxx.corp%'");
    house.done("audit verify --expect heads");
    house.write("wrong", "nothing\n");
    house.refuses("audit verify --expect wrong", "no position");
    house.refuses("audit verify --expect none", "none");
}

#[test]
fn certificates_are_linted_by_file() {
    let house = house_with_authorities();
    let files = issue(&house, "--name www.corp.example --out .");
    let lint = |arguments: &str| house.lemur(format!("lint {arguments}").split_whitespace());
    assert_eq!(lint(&files[0]).status, Some(0));
    assert!(!house.file("lemur").exists(), "the linter needs no data");
    house.run(
        "openssl",
        "req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.pem -subj /CN=weak -days 9 -addext subjectAltName=DNS:a_b",
    );
    let found = lint("weak.pem --profile baseline --format json");
    assert_eq!(found.status, Some(1), "{}", found.stderr);
    let report: Value = serde_json::from_str(&found.text()).unwrap();
    assert_eq!(report["schema"], "lemur.lint/1");
    assert!(!report["certificates"][0]["findings"].as_array().unwrap().is_empty());
    assert_eq!(lint("none.pem").status, Some(2));
    assert_eq!(lint("weak.key").status, Some(2));
    assert!(house.done("lint --list").lines().count() > 80);
}

/// For API keys or a provider of identities alone.
#[test]
fn a_user_may_have_no_password() {
    let house = House::new();
    let server = house.serve();
    house.done("user add ci --email ci@corp.example --no-password");
    let admin = server.login("admin", &server.password());
    let id = server.get("/users?filter=name;ci", &admin).done()["items"][0]["id"].clone();
    let key = server.post("/keys", &admin, &serde_json::json!({"name": "ci", "user": {"id": id}, "ttl": 1})).done();
    assert_eq!(server.get("/auth/me", key["jwt"].as_str().unwrap()).done()["username"], "ci");
}

#[test]
fn completions_and_what_is_not_understood() {
    let house = House::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(house.done(&format!("completions {shell}")).contains("lemur"), "{shell}");
    }
    for wrong in ["", "frobnicate", "certificate", "certificate issue", "serve --listen nowhere", "completions csh", "key rotate --now"] {
        let ended = house.lemur(wrong.split_whitespace());
        assert!(ended.status == Some(2) && ended.stdout.is_empty() && !ended.stderr.is_empty(), "{wrong}: {ended:?}");
    }
    for fine in ["--help", "--version", "certificate issue --help"] {
        house.done(fine);
    }
    // What breaks no glass does not offer it, and does not swallow it.
    for verb in [
        "certificate issue",
        "certificate list",
        "authority list",
        "role add",
        "user list",
        "acme keys",
        "key protect",
        "approval list",
        "audit verify",
    ] {
        assert!(!house.done(&format!("{verb} --help")).contains("--break-glass"), "{verb}");
        assert_eq!(house.lemur(format!("{verb} --break-glass now").split(' ')).status, Some(2), "{verb}");
    }
    for verb in ["authority create", "authority change", "authority cross-sign", "authority import", "role allow", "role deny"] {
        assert!(house.done(&format!("{verb} --help")).contains("--break-glass"), "{verb}");
    }
    let wanted = house.lemur("role allow deploy --authority tls".split(' ')).stderr;
    assert!(wanted.contains("--names") && wanted.contains("--any-name"), "{wanted}");
    let wanted = house.lemur("user add ci --email ci@corp.example".split(' ')).stderr;
    assert!(wanted.contains("--password-file") && house.done("user add --help").contains("--no-password"), "{wanted}");
    assert!(!house.file("data").exists(), "none of these opens data");
}

/// Who typed an option was told of a field of REST.
#[test]
fn a_refusal_names_the_option_that_was_typed() {
    let house = House::new();
    house.done("authority create root --common-name Root --days 100");
    house.done("authority create tls --common-name TLS --parent root --days 50");
    house.done("role add deploy");
    house.write("short", "short\n");
    for (verb, sentence) in [
        (
            "authority create far --common-name Far --parent root --days 200",
            "error: --days: the authority would be valid for longer than the one above it, which is valid until 20",
        ),
        ("authority create x --common-name X --days 0", "error: --days: "),
        ("authority create x --common-name X --country Germany", "error: --country: "),
        ("authority create x --common-name X --policy 1.x", "error: --policy: "),
        ("authority create x --common-name X --profile none", "error: --profile: "),
        ("authority create x --common-name X --parent root --permit-dns a_b..c", "error: --permit-dns or --permit-ip: "),
        ("authority create x --common-name X --path-length 30", "error: --path-length: "),
        ("certificate issue --authority tls --name a.corp.example --days 4000 --out .", "error: --days: the profile allows at most 398d"),
        ("certificate issue --authority tls --name a@corp.example --out .", "error: --name: "),
        ("certificate issue --authority tls --name a.corp.example --owner nobody --out .", "error: --owner: "),
        ("user add ann --email nobody --no-password", "error: --email: "),
        ("user add ann --email ann@corp.example --no-password --role none", "error: --role: "),
        ("role allow deploy --authority root --names a..b", "error: --names: "),
        ("acme add-key --owner a@corp.example --name a..b", "error: --name: "),
        ("acme add-key --owner a@corp.example --name a.corp.example --days 9999999", "error: --days: "),
    ] {
        house.refuses(verb, sentence);
    }
    house.refuses("certificate issue --authority tls --name b\u{fc}cher.example --out .", "write xn--bcher-kva.example for this one");
    // By its own name where nothing was typed for it.
    house.refuses("user add a/n --email ann@corp.example --no-password", "error: username: ");
}

/// A verb's own options were lost among those that all verbs share.
#[test]
fn a_verbs_own_options_come_first() {
    let house = House::new();
    for (verb, own, shared) in [
        ("certificate issue", "--days", &["Data on this machine:", "A server over the network:"][..]),
        ("authority create", "--common-name", &["Data on this machine:", "A server over the network:"]),
        ("key rotate", "--help", &["Data on this machine:"]),
        ("serve", "--http-listen", &["Data on this machine:"]),
    ] {
        let help = house.done(&format!("{verb} --help"));
        let at = |text: &str| help.find(&format!("\n{text}")).unwrap_or_else(|| panic!("{text} in:\n{help}"));
        let options = &help[at("Options:")..at(shared[0])];
        assert!(options.contains(own) && options.contains("--help") && !options.contains("--data"), "{verb}: {help}");
        assert!(help[at(shared[0])..].contains("--data"), "{verb}: {help}");
        let places: Vec<_> = shared.iter().map(|heading| at(heading)).collect();
        assert!(places.is_sorted(), "{verb}: {help}");
    }
}
