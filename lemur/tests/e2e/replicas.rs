//! Two processes on one PostgreSQL and one key ring: started in the same moment, used as one, and one of them killed in the middle.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use menagerie_tests::{Postgres, assert_eventually};
use serde_json::Value;

use super::house::{House, Server};
use super::path;

/// How long the others wait for a process that fell silent, and some more.
const RECOVERED: Duration = Duration::from_secs(120);

/// Two servers that begin on an empty database at once, and the administrator's token.
fn pair(house: &House) -> (Server, Server, String) {
    for name in ["one", "two"] {
        house.write(&format!("{name}/lemur.toml"), "key_file = \"../shared.key\"\nhttp_url = \"http://pki.corp.example\"\n");
    }
    let (one, two) = (house.begin("one", &[]), house.begin("two", &[]));
    let (one, two) = (one.ready(), two.ready());
    let made: Vec<_> = [&one, &two].into_iter().filter(|server| server.data.join("admin-password").exists()).collect();
    assert_eq!(made.len(), 1, "one of them makes the administrator");
    let admin = two.login("admin", &made[0].password());
    assert_eq!(house.read("one/internal-root.pem"), house.read("two/internal-root.pem"));
    (one, two, admin)
}

#[test]
fn two_processes_are_one_service() {
    let postgres = Postgres::start();
    let house = House::on(postgres.url());
    let (one, two, admin) = pair(&house);
    path::walk(&house, &one, &two, &admin);
    for server in [one, two] {
        let said = server.stop();
        assert!(!said.contains("PRIVATE KEY") && !said.contains("error"), "{said}");
    }
}

/// The names that were certified for, as a server lists them.
fn listed(server: &Server, admin: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for page in 1.. {
        let list = server.get(&format!("/certificates?filter=cn;kill&count=100&page={page}"), admin).done();
        let items = list["items"].as_array().unwrap().clone();
        names.extend(items.iter().map(|item: &Value| item["cn"].as_str().unwrap().to_owned()));
        if items.len() < 100 {
            return names;
        }
    }
    names
}

#[test]
fn a_killed_process_loses_nothing_that_it_answered_for_and_the_other_goes_on() {
    let postgres = Postgres::start();
    let house = House::on(postgres.url());
    let (mut one, two, admin) = pair(&house);
    path::authorities(&one, &admin);
    let killed = AtomicBool::new(false);
    let mut answered = BTreeSet::new();
    std::thread::scope(|scope| {
        let issuing: Vec<_> = (0..4)
            .map(|worker| {
                let (one, killed, admin) = (&one, &killed, &admin);
                scope.spawn(move || {
                    let mut answered = Vec::new();
                    for number in 0.. {
                        let name = format!("kill-{worker}-{number}.corp.example");
                        match one.tried("POST", "/certificates", admin, Some(&path::order(&name))) {
                            Ok(answer) if answer.status == 200 => answered.push(name),
                            Ok(answer) => panic!("{}", String::from_utf8_lossy(&answer.bytes)),
                            Err(error) if killed.load(Ordering::SeqCst) => {
                                let _ = error;
                                return answered;
                            }
                            Err(error) => panic!("{error}"),
                        }
                    }
                    answered
                })
            })
            .collect();
        assert_eventually!(within RECOVERED, postgres.sql("SELECT count(*) FROM certificate WHERE cn LIKE 'kill-%'").parse::<u32>().unwrap() > 20);
        killed.store(true, Ordering::SeqCst);
        let mut kill = std::process::Command::new("kill");
        kill.args(["-9", &one.id().to_string()]);
        assert!(kill.status().unwrap().success());
        answered.extend(issuing.into_iter().flat_map(|worker| worker.join().unwrap()));
    });
    one.kill();
    assert!(answered.len() >= 16, "{}", answered.len());

    // Nothing is missing at the other, which issues meanwhile.
    two.post("/certificates", &admin, &path::order("after.corp.example")).done();
    let found = listed(&two, &admin);
    let lost: Vec<_> = answered.difference(&found).collect();
    assert!(lost.is_empty(), "answered and not stored: {lost:?}");
    // What was begun and not finished is presumed issued: each of its serials is revoked.
    assert_eventually!(within RECOVERED, postgres.sql("SELECT count(*) FROM intent") == "0", "the intents of a dead process are left");
    let log = two.get("/logs?count=100", &admin).done();
    // Two servers that start at once may each begin their own certificate, of which one is kept: that is not of this load.
    let of_load = |line: &&Value| line["action"] == "serial_abandoned" && line["resource"].to_string().contains("kill-");
    let abandoned: Vec<_> = log["items"].as_array().unwrap().iter().filter(of_load).collect();
    assert!(abandoned.len() <= 4, "four were in work: {abandoned:?}");

    // It comes back under another address, and knows all.
    drop(one);
    let back = house.serve_in("one", &[]);
    assert_eq!(listed(&back, &admin), found);
    back.post("/certificates", &admin, &path::order("back.corp.example")).done();
    let verified = house.lemur(["audit", "verify", "--data", "one"]);
    assert_eq!(verified.status, Some(0), "{}", verified.stderr);
}

/// Whoever asks learns that it may pass, and the log says of which request it speaks.
#[test]
fn a_database_that_is_away_is_no_fault_of_the_program() {
    let postgres = Postgres::start();
    let house = House::on(postgres.url());
    let server = house.serve();
    let admin = server.login("admin", &server.password());
    path::authorities(&server, &admin);
    drop(postgres);
    let answers = [server.get("/certificates", &admin), server.post("/certificates", &admin, &path::order("late.corp.example"))];
    for answer in &answers {
        assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (503, "10"), "{}", answer.json());
        assert!(answer.json()["message"].as_str().unwrap().contains("database cannot be used"), "{}", answer.json());
    }
    let said = server.stop();
    for answer in &answers {
        let id = answer.headers["x-request-id"].to_str().unwrap();
        let told = |line: &&str| line.contains("a request failed") && line.contains(id) && line.contains("/certificates");
        assert_eq!(said.lines().filter(told).count(), 1, "{id} in:\n{said}");
    }
}

/// What anybody may ask for says so too, by whichever listener, and a page lets its session alone.
#[test]
fn whatever_needs_a_database_that_is_away_asks_to_come_back() {
    let postgres = Postgres::start();
    let house = House::on(postgres.url());
    let server = house.serve();
    let admin = server.login("admin", &server.password());
    drop(postgres);
    let cookie = format!("__Host-lemur={admin}");
    let of_pages = |path: &str| server.send("GET", path, &[("cookie", &cookie)], "");
    let public = ["/.well-known/acme-challenge/token", "/crl/1/0.crl", "/ca/1.cer", "/health/ready"];
    let mut answers = vec![("directory", server.send("GET", "/acme/directory", &[], ""))];
    answers.extend(public.map(|path| (path, server.send("GET", path, &[], ""))));
    answers.extend(public.map(|path| (path, server.fetch(&format!("{}{path}", server.http_url), None))));
    answers.extend(["/certificates"].map(|path| (path, of_pages(path))));
    answers.push(("sign-in", server.form("/sign-in", "username=admin&password=long+enough+to+be+one", "")));
    answers.push(("sign-out", server.form("/sign-out", "", &cookie)));
    for (what, answer) in answers {
        let text = String::from_utf8_lossy(&answer.bytes);
        assert_eq!(answer.status, 503, "{what}: {text}");
        assert_eq!(answer.headers.get("retry-after").map(|value| value.to_str().unwrap()), Some("10"), "{what}: {text}");
        assert!(!answer.headers.contains_key("set-cookie"), "{what}");
        assert!(!text.contains("it is not known whether"), "{what}: {text}");
        let is_page = what.starts_with("sign") || what == "/certificates";
        assert_eq!(is_page, answer.headers.get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8"), "{what}");
    }
}
