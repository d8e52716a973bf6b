//! The first start: what is made, what is said, and what is not.

use menagerie_tests::Postgres;
use menagerie_tests::process::{command, free_port, run};
use serde_json::json;

use super::house::{House, mode, set_mode};

#[test]
fn an_empty_folder_becomes_a_service_and_its_secrets_are_its_owners() {
    let house = House::new();
    let server = house.serve();
    let password = server.password();
    assert!(password.len() >= 20 && !server.said.text().contains(&password), "{}", server.said.text());
    assert!(server.said.text().contains("admin-password"));
    assert_eq!(mode(&server.data), 0o700);
    for secret in ["admin-password", "lemur.key"] {
        assert_eq!(mode(&server.data.join(secret)), 0o600, "{secret}");
    }
    assert!(!server.url.ends_with(":0") && !server.http_url.ends_with(":0"), "{} {}", server.url, server.http_url);

    // The addresses are those of ACME's directory, of certificates, and of the file for the next start.
    let directory = server.fetch(&format!("{}/acme/directory", server.url), None).done();
    for resource in ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo"] {
        let url = directory[resource].as_str().unwrap_or_else(|| panic!("{resource}: {directory}"));
        assert!(url.starts_with(&format!("{}/acme/", server.url)), "{url}");
    }
    assert_eq!(directory["meta"]["externalAccountRequired"], true);
    let file = house.read("data/lemur.toml");
    for url in [&server.url, &server.http_url] {
        let address = url.split_once("://").unwrap().1;
        assert!(file.contains(&format!("listen = \"{address}\"")), "{file}");
    }
    for service in [&server.url, &server.http_url] {
        assert_eq!(server.fetch(&format!("{service}/health/ready"), None).status, 200);
    }
    // What is not public is not on the plain port.
    for path in ["/api/1/auth/login", "/acme/directory", "/"] {
        assert_eq!(server.fetch(&format!("{}{path}", server.http_url), None).status, 404, "{path}");
    }
    let token = server.login("admin", &password);
    let roles = server.get("/roles?count=100", &token).done().to_string();
    for authority in ["internal", "internal-root"] {
        let shown = house.done(&format!("authority show {authority}"));
        for role in [format!("{authority}_admin"), format!("{authority}_operator")] {
            assert!(roles.contains(&role) && shown.contains(&format!("role:        {role}\n")), "{roles} {shown}");
        }
    }
    let issue = json!({"owner": "team@corp.example", "authority": {"name": "internal"}, "commonName": "www.corp.example"});
    let certificate = server.post("/certificates", &token, &issue).done();
    house.write("leaf.pem", certificate["body"].as_str().unwrap());
    let text = house.run("openssl", "x509 -in leaf.pem -noout -text");
    for (place, count) in [("/crl/", 1), ("/ocsp", 1), ("/ca/", 1)] {
        assert_eq!(text.matches(&format!("URI:{}{place}", server.http_url)).count(), count, "{text}");
    }
    assert_eq!(text.matches("URI:").count(), 3, "{text}");
    // The tool's commands say the same addresses while the server runs.
    house.done("certificate issue --authority internal --name cli.corp.example --out .");
    let again = house.done("certificate show 5");
    assert!(again.contains("cli.corp.example"), "{again}");
    house.write("cli.pem", again);
    assert!(house.run("openssl", "x509 -in cli.pem -noout -text").contains(&format!("URI:{}/crl/", server.http_url)));
    let said = server.stop();
    assert!(!said.contains(&password) && !said.contains("PRIVATE KEY"), "{said}");

    // Another start keeps users and authorities, and makes no password.
    std::fs::remove_file(house.file("data/admin-password")).unwrap();
    let server = house.serve();
    assert!(!house.file("data/admin-password").exists());
    server.login("admin", &password);
    assert_eq!(server.get("/authorities", &token).done()["total"], 2);
}

#[test]
fn a_section_whose_authority_there_is_not_is_told_at_the_start() {
    let house = House::new();
    house.serve().stop();
    let file = house.read("data/lemur.toml");
    let sections = "\n[acme.profiles.server]\nauthority = \"interal\"\n\n[workloads.nodes]\nowner = \"fleet@corp.example\"\nauthority = \"nope\"\n\
        names = [\".nodes.corp.example\"]\naws = { arn = [\"arn:aws:iam::123456789012:role/nodes\"] }\n";
    house.write("data/lemur.toml", format!("{file}{sections}"));
    let said = house.serve().stop();
    assert!(said.contains("[acme.profiles.server] is not offered until there is an authority interal"), "{said}");
    assert!(said.contains("[workloads.nodes] gets nothing until there is an authority nope"), "{said}");
    house.write("data/lemur.toml", format!("{file}{}", sections.replace("interal", "internal").replace("nope", "internal")));
    let said = house.serve().stop();
    assert!(!said.contains("until there is an authority"), "{said}");
}

/// Who reads objects choked on what is said at the start.
#[test]
fn where_the_log_is_json_all_that_is_said_is() {
    let house = House::new();
    house.write(
        "data/lemur.toml",
        "[log]\nlevel = \"error\"\nformat = \"json\"\n[workloads.nodes]\nowner = \"fleet@corp.example\"\n\
        authority = \"nope\"\nnames = [\".nodes.corp.example\"]\naws = { arn = [\"arn:aws:iam::123456789012:role/nodes\"] }\n",
    );
    let messages = |said: &str| {
        let object = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let texts = said.lines().map(object).map(|line| {
            assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
            line["message"].as_str().unwrap().to_owned()
        });
        texts.collect::<Vec<_>>()
    };
    let server = house.serve();
    let password = server.password();
    let said = server.stop();
    let texts = messages(&said);
    for wanted in
        ["the password of the user admin is in", "lemur serves https://", "until there is an authority nope", "clients trust it by"]
    {
        assert!(texts.iter().any(|text| text.contains(wanted)), "{wanted}: {said}");
    }
    assert!(!said.contains(&password));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    set_mode(&house.file("data"), 0o777);
    for (address, wanted) in
        [("127.0.0.1:0".to_owned(), "can be written by others"), (taken.local_addr().unwrap().to_string(), "cannot listen at")]
    {
        let refused = house.lemur(["serve", "--listen", &address]);
        assert_eq!(refused.status, Some(2));
        let [text] = messages(&refused.stderr).try_into().unwrap();
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
fn a_chosen_password_is_taken_and_a_file_that_others_read_is_closed() {
    let house = House::new();
    let chosen = house.write("password", "a long and chosen one\nsecond line\n");
    let server = house.serve_in("data", &["--admin-password-file", chosen.to_str().unwrap()]);
    server.login("admin", "a long and chosen one");
    assert!(!house.file("data/admin-password").exists());
    assert!(!server.said.text().contains("chosen one"));

    house.write("other/admin-password", "");
    assert_ne!(mode(&house.file("other/admin-password")) & 0o077, 0);
    let server = house.serve_in("other", &[]);
    assert_eq!(mode(&server.data.join("admin-password")), 0o600);
}

#[test]
fn a_start_that_cannot_be_says_why_and_leaves_nothing_half_done() {
    let house = House::new();
    for wrong in ["localhost:8443", ":8443", "8443"] {
        let refused = house.lemur(["serve", "--listen", wrong]);
        assert!(
            refused.status == Some(2) && refused.stderr.contains("an address and a port, as 127.0.0.1:8443 or [::]:8443"),
            "{refused:?}"
        );
    }
    let port = free_port();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    house.refuses(&format!("serve --listen 127.0.0.1:{port}"), &format!("cannot listen at 127.0.0.1:{port}"));
    assert!(!house.file("data").exists(), "an address that is taken makes no data");
    house.write("short", "short\n");
    house.refuses("serve --listen 127.0.0.1:0 --admin-password-file short", "12 characters");
    house.refuses("serve --listen 127.0.0.1:0 --admin-password-file none", "none");
    house.write("bad.toml", "listen = 7\n");
    let misread = house.lemur(["serve", "--config", "bad.toml"]);
    assert!(misread.status == Some(2) && misread.stderr.contains("bad.toml") && misread.stderr.contains("line 1"), "{misread:?}");
    house.refuses("serve --config none.toml", "none.toml");
    house.refuses(
        "serve --listen 127.0.0.1:0 --database postgres://tests:s3cret@127.0.0.1:1/none",
        "cannot open the database none at 127.0.0.1:1: ",
    );
    assert!(
        !house
            .lemur(["serve", "--listen", "127.0.0.1:0", "--database", "postgres://tests:s3cret@127.0.0.1:1/none"])
            .stderr
            .contains("s3cret")
    );

    // What failed is made good by the next start: the administrator's password was not made and lost.
    house.write("data/lemur.toml", "[tls]\ncertificate = \"none.pem\"\nkey = \"none.key\"\n");
    house.refuses("serve --listen 127.0.0.1:0", "none.pem");
    std::fs::remove_file(house.file("data/lemur.toml")).unwrap();
    let server = house.serve();
    server.login("admin", &server.password());
}

/// A database that others could write to was taken without a word, and with it whatever they had written.
#[test]
fn data_that_others_can_write_are_refused_and_none_are_made_that_they_can_read() {
    let house = House::new();
    let mut made = command("sh");
    let create = "umask 0; exec \"$0\" authority create root --common-name Root --data data";
    made.args(["-c", create, env!("CARGO_BIN_EXE_lemur")]).current_dir(house.file(""));
    let _ = run(made, b"").success();
    let (folder, database) = (house.file("data"), house.file("data/lemur.db"));
    let entries: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(entries.contains(&database) && entries.contains(&house.file("data/lemur.key")), "{entries:?}");
    for path in entries.iter().chain([&folder]) {
        assert_eq!(mode(path) & 0o077, 0, "{}", path.display());
    }

    for (path, wrong, right, hint) in
        [(&database, [0o620, 0o602, 0o666], 0o600, "chmod 600 it"), (&folder, [0o720, 0o702, 0o777], 0o700, "chmod go-w it")]
    {
        for wrong in wrong {
            set_mode(path, wrong);
            for verb in ["serve --listen 127.0.0.1:0", "authority list", "key rotate"] {
                house.refuses(verb, &format!("{}", path.display()));
                house.refuses(verb, &format!("can be written by others (mode {wrong:o}): {hint}"));
            }
        }
        set_mode(path, right);
        house.done("authority list");
    }
    // A folder that a database elsewhere is in counts as well.
    house.write("elsewhere/own.db", std::fs::read(&database).unwrap());
    set_mode(&house.file("elsewhere/own.db"), 0o600);
    set_mode(&house.file("elsewhere"), 0o777);
    house.refuses("authority list --database elsewhere/own.db", "elsewhere, where the data are, can be written by others");

    // Who can only read it is told of.
    assert!(!house.serve().stop().contains("can be read by others"));
    set_mode(&database, 0o644);
    let said = house.serve().stop();
    assert!(said.contains("the database can be read by others: chmod 600 it") && said.contains("lemur.db"), "{said}");
}

#[test]
fn a_server_starts_where_the_command_line_made_authorities_before() {
    let house = House::new();
    house.done("authority create corp --common-name Corp");
    let server = house.serve();
    let token = server.login("admin", &server.password());
    let listed = server.get("/authorities?count=10&sortBy=id&sortDir=asc", &token).done();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["corp", "internal-root", "internal"]);
}

/// A name that was mistyped is no new installation: its key, taken for the real one, would be a trap.
#[test]
fn verbs_make_no_data_where_there_are_none() {
    let postgres = Postgres::start();
    for house in [House::new(), House::on(postgres.url())] {
        house.write("password", "correct horse battery\n");
        for verb in [
            "authority list",
            "authority show corp",
            "authority change corp --active false",
            "certificate list",
            "certificate issue --authority corp --name a.corp.example --out .",
            "acme keys",
            "user list",
            "user add ann --email ann@corp.example --password-file password",
            "role add deploy",
            "approval list",
            "key rotate",
            "key protect",
        ] {
            house.refuses(verb, "there are no data in");
            house.refuses(verb, "`lemur serve` makes them, or give --data, --database or --server");
            assert!(!house.file("data").exists(), "{verb}");
        }
        // It needs no key, and so no folder where the database is elsewhere: there it is empty yet.
        house.refuses("audit verify", if house.is_on_a_server() { "no tables of lemur" } else { "there are no data in" });
        assert!(!house.file("data").exists());
        house.refuses("certificate list --data typo", "there are no data in typo");
        assert!(!house.file("typo").exists());
        house.done("authority create corp --common-name Corp");
        assert!(house.done("authority list").contains("corp"));
    }
    let house = House::new();
    house.refuses("certificate list --database mistyped.db", "there are no data in mistyped.db");
    assert!(!house.file("mistyped.db").exists() && !house.file("data").exists());
    // Where nothing is sealed yet, a key that is gone is no reason to make another.
    house.write("data/lemur.toml", UPSTREAM);
    house.done("authority create le --upstream le");
    std::fs::remove_file(house.file("data/lemur.key")).unwrap();
    house.refuses("certificate list", "lemur.key");
    assert!(!house.file("data/lemur.key").exists());
}

/// An authority elsewhere, which nobody asks.
const UPSTREAM: &str = "[upstream.le]\ndirectory = \"https://127.0.0.1:1/directory\"\nchallenge = \"http-01\"\nagree_to_terms = true\n";

/// By what an authority elsewhere signs nobody comes in as a workload.
#[test]
fn a_workload_of_an_authority_elsewhere_is_no_start() {
    let postgres = Postgres::start();
    for house in [House::new(), House::on(postgres.url())] {
        house.write("data/lemur.toml", UPSTREAM);
        house.done("authority create le --upstream le");
        let workload = "[workloads.nodes]\nowner = \"a@corp.example\"\nauthority = \"le\"\nnames = [\".corp.example\"]\n";
        house.write("data/lemur.toml", format!("{UPSTREAM}{workload}certificate = {{ names = [\".corp.example\"] }}\n"));
        house.refuses("serve --listen 127.0.0.1:0 --http-listen 127.0.0.1:0", "[workloads.nodes] certificate: the authority le is not one");
    }
}
