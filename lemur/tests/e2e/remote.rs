//! The command line against a server: each verb answers as it does on the server's own machine, a token is kept where only its owner reads it, and
//! what a server may not be trusted with it does not get.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use menagerie_tests::process::{Finished, command, run};
use serde_json::Value;

use super::house::{House, Server, mode};

/// Every verb that changes or shows something, and what it refuses: `{}` is `one` on the machine and `two` over the network.
const VERBS: &[(&str, u8)] = &[
    ("role add {}-deploy --description pipelines", 0),
    ("role add {}-deploy", 2),
    ("role list", 0),
    ("user add {}-ann --email {}-ann@corp.example --role {}-deploy --password-file password", 0),
    ("user add {}-ann --email other-{}@corp.example --password-file password", 2),
    ("user add {}-bob --email bob --password-file password", 2),
    ("user add {}-bob --email {}-bob@corp.example --role none --password-file password", 2),
    ("user add {}-bob --email {}-bob@corp.example --password-file short", 2),
    ("user roles {}-ann --role {}-deploy --role operator", 0),
    ("user roles {}-ann", 0),
    ("user roles {}-ann --none", 0),
    ("user roles {}-ann", 0),
    ("user roles {}-ann --role {}-deploy", 0),
    ("user password {}-ann --password-file another", 0),
    ("user sign-out {}-ann", 0),
    ("user disable {}-ann", 0),
    ("user enable {}-ann", 0),
    ("user enable nobody", 2),
    ("user list", 0),
    ("user add-key {}-ann --label ci --days 7", 0),
    ("user add-key {}-ann --label ci --role {}-deploy", 0),
    ("user add-key {}-ann --label ci --days 0", 2),
    ("user add-key {}-ann --label ci --role none", 2),
    ("user add-key nobody --label ci", 2),
    ("user keys {}-ann", 0),
    ("user keys nobody", 2),
    ("user revoke-key 999", 2),
    ("authority create {}-root --common-name Root-{} --organization Corp --country DE --days 7300", 0),
    ("authority create {}-tls --common-name TLS-{} --parent {}-root --path-length 0 --permit-dns corp.example", 0),
    ("authority create {}-tls --common-name Again", 2),
    ("authority create {}-bad --common-name Bad --parent none", 2),
    ("authority create {}-bad --common-name Bad --permit-ip 10.0.0.0/33", 2),
    ("authority create {}-bad --common-name Bad --country Germany", 2),
    ("authority create {}-csr --common-name Online-{} --csr-out {}.csr", 0),
    ("authority import {}-csr data/internal-root.pem", 2),
    ("authority import {}-csr none.pem", 2),
    ("authority show {}-tls", 0),
    ("authority show {}-csr", 0),
    ("authority show none", 2),
    ("authority change {}-tls --description x --role {}-deploy --profile tls-server", 0),
    ("authority change {}-tls", 2),
    ("authority change {}-tls --profile none", 2),
    ("authority cross-sign {}-tls --by internal-root --days 30", 0),
    ("authority cross-sign {}-tls --chain data/internal-root.pem", 2),
    ("role allow {}-deploy --authority {}-tls --names *.corp.example --names 10.0.0.0/8", 0),
    ("role allow {}-deploy --authority {}-tls --names a..b", 2),
    ("role allow none --authority {}-tls --any-name", 2),
    ("authority show {}-tls", 0),
    ("role deny {}-deploy --authority {}-tls", 0),
    ("role deny {}-deploy --authority {}-tls", 2),
    ("authority list", 0),
    ("certificate issue --authority {}-tls --name www.{}.corp.example --days 30 --out {}", 0),
    ("certificate issue --authority {}-tls --csr api.{}.corp.example.csr --out {}", 0),
    ("certificate issue --authority {}-tls --name www.example.org --out {}", 2),
    ("certificate issue --authority {}-tls --name a.corp.example --profile none --out {}", 2),
    ("certificate issue --authority {}-tls --name a.corp.example --days 4000 --out {}", 2),
    ("certificate issue --authority none --name a.corp.example --out {}", 2),
    ("certificate issue --authority {}-tls --name a.corp.example --out nowhere", 2),
    ("certificate list --authority {}-tls", 0),
    ("certificate list --json --name www.{}.corp.example", 0),
    ("certificate list --authority none", 2),
    ("certificate show nobody", 2),
    ("certificate revoke 999", 2),
    ("certificate pending list", 0),
    ("certificate pending list --all --json", 0),
    ("certificate pending show 1", 2),
    ("acme add-key --owner web@corp.example --name .web.{}.corp.example --name 10.1.0.0/16 --days 30", 0),
    ("acme add-key --owner web@corp.example --name bad..name", 2),
    ("acme keys", 0),
    ("acme revoke-key none", 2),
    ("approval list", 0),
    ("approval show 1", 2),
    ("audit verify", 0),
];

/// What of an answer is the same whoever asks: no numbers, no keys, no names of the two.
fn plain(text: &str) -> String {
    let mut kept = String::new();
    let mut in_pem = false;
    for line in text.lines() {
        in_pem = (in_pem || line.starts_with("-----BEGIN")) && !line.starts_with("-----END");
        if in_pem || line.starts_with("serial:") || line.contains("\"serial\"") || line.contains("\"sha256\"") {
            continue;
        }
        for word in line.split_whitespace() {
            let secret = word.len() >= 20 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            let secret = secret || word.starts_with("eyJ");
            let word = if secret { "~".to_owned() } else { word.replace("one", "N").replace("two", "N") };
            let digits = |word: &str| word.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect::<String>();
            let mut word = digits(&word);
            while word.contains("00") {
                word = word.replace("00", "0");
            }
            kept.push_str(&word);
            kept.push(' ');
        }
        kept.push('\n');
    }
    kept
}

fn house() -> House {
    let house = House::new();
    house.write("password", "correct horse battery\n");
    house.write("another", "another horse battery\n");
    house.write("short", "short\n");
    for name in ["one", "two"] {
        std::fs::create_dir_all(house.file(name)).unwrap();
        house.request(&format!("api.{name}.corp.example"));
    }
    house
}

fn admin(server: &Server) -> String {
    server.login("admin", &server.password())
}

#[test]
fn each_verb_answers_over_the_network_as_on_the_machine() {
    let house = house();
    let server = house.serve();
    let token = admin(&server);
    let mut wrong = Vec::new();
    for (verb, status) in VERBS {
        let here = house.lemur(verb.replace("{}", "one").split_whitespace());
        let there = house.remote(&server, &token, &verb.replace("{}", "two"));
        let of = |ended: &Finished| (ended.status, plain(&ended.text()), plain(&ended.stderr));
        if of(&here) != of(&there) || here.status != Some(i32::from(*status)) || there.stderr.contains("panicked") {
            wrong.push(format!("{verb}\nhere {here:?}\nthere {there:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(!house.file("nowhere").exists(), "what asks a server makes no data here");
    let refused = house.remote(&server, &token, "key rotate");
    assert!(refused.status == Some(2) && refused.stderr.contains("on the server's own machine"), "{refused:?}");
    // Nor is it offered.
    let offered = house.done("key rotate --help");
    assert!(!["--server", "--token-file", "--ca-file"].iter().any(|option| offered.contains(option)), "{offered}");
}

#[test]
fn a_certificate_lives_over_the_network_as_on_the_machine() {
    let house = house();
    let server = house.serve();
    let token = admin(&server);
    let there = |arguments: &str| house.remote(&server, &token, arguments).success();
    let files = there("certificate issue --authority internal --name www.corp.example --days 30 --out two").text();
    let files: Vec<_> = files.lines().collect();
    assert_eq!((files.len(), mode(&house.file(files[1]))), (2, 0o600));
    let public = house.run("openssl", &format!("pkey -in {} -pubout", files[1]));
    assert_eq!(house.run("openssl", &format!("x509 -in {} -noout -pubkey", files[0])), public);
    house.run("openssl", &format!("verify -x509_strict -CAfile data/internal-root.pem -untrusted {0} {0}", files[0]));
    let listed: Value = serde_json::from_str(&there("certificate list --json --name www.corp").text()).unwrap();
    let one = &listed["certificates"][0];
    let (id, name) = (one["id"].as_i64().unwrap(), one["name"].as_str().unwrap());
    assert_eq!(there(&format!("certificate show {id}")).text(), house.done(&format!("certificate show {name}")));
    assert_eq!(there("certificate list --json").text(), house.done("certificate list --json"));

    house.write("pass", "changeit-please\n");
    for (format, file) in [("pem", "x.pem"), ("pkcs12", "x.p12"), ("jks", "x.jks"), ("jks-trust", "t.jks")] {
        house.write(file, "");
        there(&format!("certificate export {id} --format {format} --passphrase-file pass --out {file} --force"));
        assert_eq!(mode(&house.file(file)), 0o600, "{file}");
    }
    assert!(house.read("x.pem").contains("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    house.run("openssl", "pkey -in x.pem -noout -passin file:pass");
    house.run("openssl", "pkcs12 -in x.p12 -noout -passin file:pass");
    there(&format!("certificate revoke {name} --reason superseded"));
    assert!(house.done(&format!("certificate show {id}")).contains("(superseded)"));
    let again = |ended: Finished| (ended.status, ended.stderr);
    let here = again(house.lemur(["certificate", "revoke", name]));
    assert_eq!(here, again(house.remote(&server, &token, &format!("certificate revoke {name}"))));
    assert!(here.1.contains("revoked already"), "{here:?}");

    // The chains of the log are verified here: a server that left a line out would be found.
    let heads = there("audit verify").text();
    house.write("heads", &heads);
    there("role add later");
    there("audit verify --expect heads");
    house.write("heads", heads.replace(char::is_numeric, "7"));
    assert_ne!(house.remote(&server, &token, "audit verify --expect heads").status, Some(0));
    // One that was emptied with its head as well.
    let mut python = command("python3");
    let script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('DELETE FROM log_line');
db.execute(\"UPDATE log_head SET writer = NULL, seq = 0, hash = ''\"); db.commit()";
    python.args(["-c", script]).arg(house.file("data/lemur.db"));
    let _ = run(python, b"").success();
    let emptied = house.remote(&server, &token, "audit verify");
    assert!(emptied.status == Some(1) && emptied.stderr.contains("the log is empty"), "{emptied:?}");
}

#[test]
fn who_signs_in_is_kept_in_a_file_of_their_own_and_signs_out_on_the_server() {
    let house = house();
    let server = house.serve();
    house.write("admins", format!("{}\n", server.password()));
    let login = format!("login --server {} --user admin --password-file admins --ca-file data/internal-root.pem", server.url);
    let said = house.lemur(login.split_whitespace()).success();
    assert!(!said.stderr.contains("eyJ") && said.stdout.is_empty(), "{said:?}");
    let folder = house.file(".config/lemur");
    assert_eq!(mode(&folder), 0o700);
    let kept = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(mode(&kept), 0o600);
    let token = serde_json::from_slice::<Value>(&std::fs::read(&kept).unwrap()).unwrap()["token"].as_str().unwrap().to_owned();

    // The server and its root are known from now on.
    let listed = house.lemur_with(&[], &format!("user list --server {}", server.url)).success();
    assert!(listed.text().contains("admin@localhost"));
    let served = house.lemur_with(&[("LEMUR_SERVER", server.url.as_str())], "user list").success();
    assert_eq!(served.text(), listed.text());
    // Data that are named mean the machine, and both are one too many.
    let here = house.lemur_with(&[("LEMUR_SERVER", server.url.as_str())], "role list --data data").success();
    assert!(here.text().contains("read-only"));
    assert_eq!(house.lemur_with(&[], &format!("role list --data data --server {}", server.url)).status, Some(2));

    // A file that others read is not used.
    let open = |bits: u32| std::fs::set_permissions(&kept, std::os::unix::fs::PermissionsExt::from_mode(bits)).unwrap();
    open(0o644);
    let refused = house.lemur_with(&[], &format!("user list --server {}", server.url));
    assert!(refused.status == Some(2) && refused.stderr.contains("can be read by others"), "{refused:?}");
    open(0o600);

    let copy = std::fs::read(&kept).unwrap();
    let _ = house.lemur_with(&[], &format!("logout --server {}", server.url)).success();
    assert!(!kept.exists());
    server.get("/auth/me", &token).refused(403);
    // Whoever has a copy is told to sign in.
    std::fs::write(&kept, copy).unwrap();
    open(0o600);
    let refused = house.lemur_with(&[], &format!("user list --server {}", server.url));
    assert!(refused.status == Some(2) && refused.stderr.contains("`lemur login --server https://"), "{refused:?}");
    std::fs::remove_file(&kept).unwrap();
    let refused = house.lemur_with(&[], &format!("user list --server {}", server.url));
    assert!(refused.status == Some(2) && refused.stderr.contains("nobody is signed in"), "{refused:?}");

    house.write("wrong", "not the password\n");
    let wrong = login.replace("admins", "wrong");
    let refused = house.lemur(wrong.split_whitespace());
    assert!(refused.status == Some(2) && refused.stderr.contains("not signed in") && !kept.exists(), "{refused:?}");
}

#[test]
fn a_second_factor_is_asked_for_and_taken() {
    let house = house();
    let server = house.serve();
    let token = admin(&server);
    let made = server.post("/auth/second_factor", &token, &serde_json::json!({})).done();
    let secret = totp_rs::Secret::try_from_base32(made["secret"].as_str().unwrap()).unwrap();
    let totp = totp_rs::Builder::new().with_algorithm(totp_rs::Algorithm::SHA1).with_secret(secret).build_noncompliant();
    let code = totp.generate_current().to_string();
    server.call("PUT", "/auth/second_factor", &token, Some(&serde_json::json!({"code": code}))).done();
    house.write("admins", format!("{}\n", server.password()));
    let login = format!("login --server {} --user admin --password-file admins --ca-file data/internal-root.pem", server.url);
    // There is no terminal to ask on.
    let refused = house.lemur(login.split_whitespace());
    assert!(refused.status == Some(2) && refused.stderr.contains("--code"), "{refused:?}");
    let now = jiff::Timestamp::now().as_second();
    // A code is taken once: the next one is of the next half minute.
    let next = totp.generate(u64::try_from(now).unwrap() + 30).to_string();
    let _ = house.lemur(format!("{login} --code {next}").split_whitespace()).success();
}

#[test]
fn a_verb_makes_an_api_key_that_lets_in_until_another_revokes_it() {
    let house = house();
    let server = house.serve();
    // The first authority has its roles from the first start on.
    house.done("user add ci --email ci@corp.example --role internal_operator --no-password");
    assert!(house.lemur(["user", "keys", "ci"]).success().stderr.contains("has no API key"));
    let made = house.lemur("user add-key ci --label pipeline --days 7".split_whitespace()).success();
    let token = made.text();
    assert!(token.lines().count() == 1 && made.stderr.contains("not shown again") && !made.stderr.contains(token.trim()), "{made:?}");
    house.write("key", &token);
    let typed = format!("--server {} --ca-file data/internal-root.pem --token-file key", server.url);
    let _ = house.lemur_with(&[], &format!("certificate issue --authority internal --name www.corp.example --out two {typed}")).success();
    let listed = house.done("user keys ci");
    assert!(listed.contains("pipeline") && !listed.contains("revoked") && !listed.contains(token.trim()), "{listed}");
    let number = listed.split_whitespace().next().unwrap();
    let admin = admin(&server);
    let _ = house.remote(&server, &admin, &format!("user revoke-key {number}")).success();
    assert!(house.done("user keys ci").contains("revoked"));
    let refused = house.lemur_with(&[], &format!("user list {typed}"));
    assert!(refused.status == Some(2) && refused.stderr.contains("revoked"), "{refused:?}");
    let narrow = house.done("user add-key ci --label narrow --role internal_operator");
    assert_eq!(server.get("/auth/me", narrow.trim()).done()["username"], "ci");
}

#[test]
fn an_api_key_may_what_it_may_and_no_more() {
    let house = house();
    let server = house.serve();
    house.done("role add deploy");
    house.done("user add ann --email ann@corp.example --role deploy --password-file password");
    house.done("role allow deploy --authority internal --names *.corp.example");
    let ann = server.login("ann", "correct horse battery");
    let key = server.post("/keys", &ann, &serde_json::json!({"name": "ci"})).done()["jwt"].as_str().unwrap().to_owned();
    house.write("key", format!("{key}\n"));
    let typed = format!("--server {} --ca-file data/internal-root.pem --token-file key", server.url);
    let files =
        house.lemur_with(&[], &format!("certificate issue --authority internal --name www.corp.example --out two {typed}")).success();
    assert_eq!(files.text().lines().count(), 2);
    assert!(house.done("certificate list --json --name www.corp").contains("ann@corp.example"), "who is signed in owns it");
    for (arguments, sentence) in [
        ("certificate issue --authority internal --name www.example.org --out two", "None of your roles may have all of these names"),
        ("authority create x --common-name X", "Only administrators make root authorities"),
        ("role deny deploy --authority internal --break-glass now", "server's own machine"),
        ("acme keys", "Only administrators"),
        ("audit verify", "Only administrators, operators and readers"),
    ] {
        let refused = house.lemur_with(&[], &format!("{arguments} {typed}"));
        assert!(refused.status == Some(2) && refused.stderr.contains(sentence), "{arguments}: {refused:?}");
        assert!(refused.stderr.lines().count() == 1 && !refused.stderr.contains(&key), "{refused:?}");
    }
    // A narrowed key issues, and takes no key home: that is said, and what to do.
    let narrowed = server.post("/keys", &ann, &serde_json::json!({"name": "narrow", "roles": [{"name": "deploy"}]})).done();
    house.write("key", narrowed["jwt"].as_str().unwrap());
    let told = house.lemur_with(&[], &format!("certificate issue --authority internal --name b.corp.example --out two {typed}"));
    assert!(told.status == Some(2) && told.stderr.contains("--csr"), "{told:?}");
    house.request("c.corp.example");
    let _ = house.lemur_with(&[], &format!("certificate issue --authority internal --csr c.corp.example.csr --out two {typed}")).success();
}

/// Answers one connection with these bytes, without TLS.
fn answers(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        if let Ok((mut stream, _)) = listener.accept() {
            let mut first = [0; 64];
            let _ = stream.read(&mut first);
            let _ = stream.write_all(bytes);
        }
    });
    url
}

#[test]
fn a_server_that_is_none_gets_no_token_and_is_named() {
    let house = house();
    let server = house.serve();
    let token = admin(&server);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ask = |url: &str, ca: &str| house.lemur_with(&[("LEMUR_TOKEN", token.as_str())], &format!("user list --server {url} {ca}"));
    let root = "--ca-file data/internal-root.pem";
    for (url, ca, sentence) in [
        (format!("https://{closed}"), root, "cannot reach https://127.0.0.1"),
        (answers(b"HTTP/1.1 200 OK\r\n\r\n{}"), root, "cannot reach https://127.0.0.1"),
        (server.http_url.clone(), root, "has the form https://HOST"),
        ("https://user:secret@pki.example".to_owned(), root, "has the form https://HOST"),
        (server.url.clone(), "", "--ca-file"),
        (server.url.clone(), "--ca-file password", "there is no certificate in it"),
        (server.url.clone(), "--ca-file none.pem", "none.pem"),
        (format!("{}/elsewhere", server.url), root, "the server answered 404"),
    ] {
        let refused = ask(&url, ca);
        assert!(refused.status == Some(2) && refused.stderr.contains(sentence), "{url} {ca}: {refused:?}");
        assert!(refused.stderr.lines().count() == 1 && !refused.stderr.contains("panicked"), "{refused:?}");
        assert!(!refused.stderr.contains(&token), "{refused:?}");
    }
    let refused = house.remote(&server, "a.b.c", "user list");
    assert!(refused.status == Some(2) && refused.stderr.contains("`lemur login --server"), "{refused:?}");
    let refused = house.remote(&server, "with\nline", "user list");
    assert!(refused.status == Some(2) && !refused.stderr.contains("with"), "{refused:?}");
}
