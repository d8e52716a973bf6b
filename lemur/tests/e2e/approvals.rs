//! A second person's approval for changes to authorities, on both databases: what waits, who approves, what is done then, and what is refused.

use std::time::{Duration, Instant};

use menagerie_tests::{Postgres, assert_eventually, venv_program};
use serde_json::{Value, json};

use super::house::{House, Server};

const PASSWORD: &str = "correct horse battery";

/// A house whose changes to authorities wait for a second person.
fn houses() -> Vec<(Option<Postgres>, House)> {
    let postgres = Postgres::start();
    let on = House::on(postgres.url());
    let houses = vec![(None, House::new()), (Some(postgres), on)];
    for (_, house) in &houses {
        house.write("data/lemur.toml", "http_url = \"http://pki.corp.example\"\n[approval]\nauthorities = true\nsettled_days = 0\n");
        house.write("password", format!("{PASSWORD}\n"));
    }
    houses
}

/// Administrators besides `admin`.
fn administrator(server: &Server, admin: &str, name: &str) -> String {
    let user = json!({"username": name, "email": format!("{name}@corp.example"), "password": PASSWORD, "roles": [{"name": "admin"}]});
    server.post("/users", admin, &user).done();
    server.login(name, PASSWORD)
}

fn root(name: &str) -> Value {
    json!({"name": name, "owner": "pki@corp.example", "commonName": name, "keyType": "ECCPRIME256V1"})
}

/// The number of a proposal that was made instead of a change.
#[track_caller]
fn proposed(answer: &super::house::Answer) -> i64 {
    assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.bytes));
    answer.json()["approval"]["id"].as_i64().unwrap()
}

fn approve(server: &Server, token: &str, number: i64) -> super::house::Answer {
    server.post(&format!("/approvals/{number}/approve"), token, &json!({}))
}

fn names(server: &Server, token: &str) -> Vec<String> {
    let listed = server.get("/authorities?count=100", token).done();
    listed["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

fn authority(server: &Server, token: &str, name: &str) -> Value {
    let listed = server.get(&format!("/authorities?count=100&filter=name;{name}"), token).done();
    listed["items"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
}

fn events(server: &Server, token: &str) -> Vec<Value> {
    server.get("/logs?count=1000", token).done()["items"].as_array().unwrap().clone()
}

#[test]
fn what_one_proposes_another_approves_and_it_is_done_as_it_was_proposed() {
    for (_database, house) in houses() {
        let server = house.serve();
        let admin = server.login("admin", &server.password());
        let (ann, bob) = (administrator(&server, &admin, "ann"), administrator(&server, &admin, "bob"));
        server.post("/users", &admin, &json!({"username": "eve", "email": "eve@corp.example", "password": PASSWORD})).done();
        let eve = server.login("eve", PASSWORD);
        let number = proposed(&server.post("/authorities", &ann, &root("Corp")));
        assert!(!names(&server, &admin).contains(&"Corp".to_owned()), "it waits");
        let listed = server.get("/approvals", &bob).done();
        let one = &listed["items"][0];
        assert_eq!((one["state"].as_str(), one["proposedBy"].as_str()), (Some("waiting"), Some("ann")));
        assert_eq!(one["proposed"]["body"]["commonName"], "Corp", "exactly what is proposed can be seen");
        let lasts = |field: &str| one[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert_eq!(lasts("expiresAt").duration_since(lasts("proposedAt")).as_hours(), 7 * 24);

        // Neither who proposed it, nor their API key, nor another's API key, nor the machine.
        let key = |token: &str| server.post("/keys", token, &json!({"name": "k"})).done()["jwt"].as_str().unwrap().to_owned();
        for token in [ann.clone(), key(&ann), key(&bob)] {
            approve(&server, &token, number).refused(403);
        }
        let here = house.lemur(["approval", "approve", &number.to_string()]);
        assert!(here.status == Some(2) && here.stderr.contains("nobody on the server's own machine"), "{here:?}");
        assert!(approve(&server, &eve, number).refused(403)["message"].as_str().unwrap().contains("Only administrators"));

        let done = approve(&server, &bob, number).done();
        assert_eq!((done["state"].as_str(), done["decidedBy"].as_str()), (Some("done"), Some("bob")));
        let made = authority(&server, &admin, "Corp");
        assert!(made["authorityCertificate"]["cn"] == "Corp" && made["authorityCertificate"]["user"]["username"] == "ann", "{made}");
        approve(&server, &bob, number).refused(409);

        // Every kind of change waits.
        let path = format!("/authorities/{}", made["id"]);
        let waits = [
            proposed(&server.call("PUT", &path, &ann, Some(&json!({"active": false})))),
            proposed(&server.post(&format!("{path}/cross_certificates"), &ann, &json!({"issuer": {"name": "internal-root"}}))),
            proposed(&server.post(
                "/authorities",
                &ann,
                &json!({
                    "name": "Online", "owner": "pki@corp.example", "commonName": "Online", "type": "csr", "keyType": "ECCPRIME256V1",
                }),
            )),
        ];
        assert_eq!(authority(&server, &admin, "Corp")["active"], true);
        // What could be read once and not again, nobody who approves would see.
        let deep = format!("{}1{}", "[".repeat(126), "]".repeat(126));
        let deep: Value = serde_json::from_str(&format!("{{\"active\": false, \"options\": {deep}}}")).unwrap();
        assert_eq!(server.call("PUT", &path, &ann, Some(&deep)).status, 400);
        // What is no change to an authority does not.
        server.post("/roles", &ann, &json!({"name": "deploy"})).done();
        let order = json!({"owner": "a@corp.example", "authority": {"name": "Corp"}, "commonName": "www.corp.example"});
        server.post("/certificates", &ann, &order).done();
        // Cross-signing first: a change of the authority in between makes what waits of it stale.
        for number in [waits[1], waits[0], waits[2]] {
            assert_eq!(approve(&server, &bob, number).done()["state"], "done");
        }
        assert_eq!(authority(&server, &admin, "Corp")["active"], false);
        let online = authority(&server, &admin, "Online");
        let chain = format!("/authorities/{}/certificate", online["id"]);
        proposed(&server.call("PUT", &chain, &ann, Some(&json!({"chain": house.read("data/internal-root.pem")}))));

        let said = events(&server, &admin);
        let count = |event: &str| said.iter().filter(|line| line["action"] == event).count();
        assert_eq!((count("proposal_made"), count("proposal_approved"), count("proposal_done")), (5, 4, 4));
        let first = said.iter().rev().find(|line| line["action"] == "proposal_made").unwrap();
        assert_eq!((first["user"]["username"].as_str(), &first["resource"]["act"]["body"]["name"]), (Some("ann"), &json!("Corp")));
        let approved = said.iter().rev().find(|line| line["action"] == "proposal_approved").unwrap();
        assert_eq!((approved["user"]["username"].as_str(), approved["resource"]["proposed_by"].as_str()), (Some("bob"), Some("ann")));
        let verified = house.lemur(["audit", "verify"]).success();
        assert!(verified.stderr.contains("the log is whole"), "{}", verified.stderr);
    }
}

#[test]
fn what_is_not_as_it_was_is_not_done() {
    for (_database, house) in houses() {
        let server = house.serve();
        let admin = server.login("admin", &server.password());
        let (ann, bob) = (administrator(&server, &admin, "ann"), administrator(&server, &admin, "bob"));
        server.post("/roles", &admin, &json!({"name": "deploy"})).done();
        let path = format!("/authorities/{}", authority(&server, &admin, "internal")["id"]);
        let change = |token: &str, body: Value| proposed(&server.call("PUT", &path, token, Some(&body)));
        let state = |number: i64| server.get(&format!("/approvals/{number}"), &bob).done()["state"].as_str().unwrap().to_owned();

        // The authority was changed after it was proposed.
        let (first, second) = (change(&ann, json!({"description": "one"})), change(&ann, json!({"description": "two"})));
        approve(&server, &bob, second).done();
        assert!(approve(&server, &bob, first).refused(409)["message"].as_str().unwrap().contains("propose it anew"));
        assert_eq!(authority(&server, &admin, "internal")["description"], "two");

        // The role that it names is another one now.
        let number = change(&ann, json!({"roles": [{"name": "deploy"}]}));
        let role = server.get("/roles?filter=name;deploy", &admin).done()["items"][0]["id"].as_i64().unwrap();
        server.call("PUT", &format!("/roles/{role}"), &admin, Some(&json!({"name": "old-deploy"}))).done();
        approve(&server, &bob, number).refused(409);
        server.post("/roles", &admin, &json!({"name": "deploy"})).done();
        approve(&server, &bob, number).refused(409);
        // What can never be done any more waits no more, and counts for nobody.
        assert_eq!((state(number).as_str(), state(first).as_str()), ("failed", "failed"));

        // Who proposed it may not any more; their API key was revoked; they are gone.
        let key = server.post("/keys", &ann, &json!({"name": "k"})).done();
        let by_key = change(key["jwt"].as_str().unwrap(), json!({"description": "three"}));
        let number = change(&ann, json!({"description": "four"}));
        server.call("PUT", &format!("/keys/{}", key["id"]), &ann, Some(&json!({"revoked": true}))).done();
        approve(&server, &bob, by_key).refused(409);
        let user = server.get("/users?filter=name;ann", &admin).done()["items"][0]["id"].as_i64().unwrap();
        let user = format!("/users/{user}");
        server.call("PUT", &user, &admin, Some(&json!({"roles": []}))).done();
        assert!(approve(&server, &bob, number).refused(409)["message"].as_str().unwrap().contains("not authorized"));
        server.call("PUT", &user, &admin, Some(&json!({"roles": [{"name": "admin"}], "active": false}))).done();
        assert!(approve(&server, &bob, number).refused(409)["message"].as_str().unwrap().contains("may not come in"));

        // Who proposed it takes it back, an administrator refuses it, and nobody else does.
        let (mine, theirs) = (change(&bob, json!({"description": "five"})), change(&bob, json!({"description": "six"})));
        server.post("/users", &admin, &json!({"username": "eve", "email": "eve@corp.example", "password": PASSWORD})).done();
        let eve = server.login("eve", PASSWORD);
        let reject = |token: &str, number: i64| server.post(&format!("/approvals/{number}/reject"), token, &json!({"reason": "no"}));
        reject(&eve, mine).refused(403);
        reject(&bob, mine).done();
        assert_eq!(reject(&admin, theirs).done()["reason"], "no");
        approve(&server, &admin, mine).refused(409);
        approve(&server, &admin, 999).refused(404);
        assert_eq!((state(mine).as_str(), state(theirs).as_str()), ("rejected", "rejected"));
        assert_eq!(authority(&server, &admin, "internal")["description"], "two");
    }
}

#[test]
fn an_approval_whose_client_goes_away_is_done_to_its_end() {
    for (_database, house) in houses() {
        let server = house.serve();
        let admin = server.login("admin", &server.password());
        let ann = administrator(&server, &admin, "ann");
        let state = |number: i64| server.get(&format!("/approvals/{number}"), &ann).done()["state"].as_str().unwrap().to_owned();
        let mut left = 0;
        // Its key takes its time to be made: the client is killed in the midst of it, or it was too quick.
        for attempt in 0..8 {
            let name = format!("Slow {attempt}");
            let order = json!({"name": name, "owner": "pki@corp.example", "commonName": name, "keyType": "RSA4096"});
            let number = proposed(&server.post("/authorities", &admin, &order));
            let client = house.start_remote(&server, &ann, &format!("approval approve {number}"));
            let mut seen = state(number);
            let until = Instant::now() + Duration::from_secs(120);
            while seen == "waiting" && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
                seen = state(number);
            }
            left += u32::from(seen == "approved");
            drop(client);
            assert_eventually!(within Duration::from_secs(120), state(number) == "done");
            assert!(names(&server, &admin).contains(&name));
            if left > 0 {
                break;
            }
        }
        assert!(left > 0, "none was caught");
        // Nobody waits for one that broke off.
        let number = proposed(&server.post("/authorities", &admin, &root("Next")));
        assert_eq!(approve(&server, &ann, number).done()["state"], "done");
    }
}

#[test]
fn the_machine_proposes_nothing_and_breaks_the_glass_loudly() {
    for (_database, house) in houses() {
        let server = house.serve();
        let admin = server.login("admin", &server.password());
        let ann = administrator(&server, &admin, "ann");
        // Whoever has the machine may be ann or admin as well: nothing that is asked there waits for them.
        for verb in [
            "authority create corp --common-name Corp",
            "authority change internal --active false",
            "role allow operator --authority internal --any-name",
        ] {
            house.refuses(verb, "--break-glass REASON");
        }
        assert_eq!(house.done("approval list"), "");
        let waits = house.remote(&server, &admin, "authority create corp --common-name Corp");
        assert!(waits.status == Some(1) && waits.stdout.is_empty() && waits.stderr.contains("lemur approval approve 1"), "{waits:?}");
        assert!(house.done("approval list").contains("make the authority corp"));
        let shown = house.done("approval show 1");
        assert!(shown.contains("proposed by: admin") && shown.contains("\"commonName\": \"Corp\""), "{shown}");
        house.write("approvals.json", house.done("approval list --json"));
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/approvals.json");
        house.write("check.py", "import json, sys, jsonschema\nschema, value = (json.load(open(path)) for path in sys.argv[1:])\njsonschema.validate(value, schema)\n");
        house.run(venv_program("python").to_str().unwrap(), &format!("check.py {schema} approvals.json"));
        assert_eq!(house.lemur(["approval", "approve", "1"]).status, Some(2), "the machine approves nothing");
        let done = house.remote(&server, &ann, "approval approve 1").success();
        assert!(done.stderr.contains("done: make the authority corp"), "{done:?}");
        assert!(house.done("authority list").contains("corp"));

        // By the server's verbs it is the same.
        let waits = house.remote(&server, &admin, "authority change corp --active false");
        assert!(waits.status == Some(1) && waits.stderr.contains("not done yet"), "{waits:?}");
        let own = house.remote(&server, &admin, "approval approve 2");
        assert!(own.status == Some(2) && own.stderr.contains("Another person"), "{own:?}");
        let _ = house.remote(&server, &admin, "approval reject 2 --reason mistaken").success();
        assert!(house.done("approval list --all").contains("rejected"));

        house.done("authority change corp --active false --break-glass CA-key-lost");
        assert_eq!(authority(&server, &admin, "corp")["active"], false);
        let said = events(&server, &admin);
        let bypass = said.iter().find(|line| line["action"] == "approval_bypassed").unwrap();
        assert_eq!(
            (&bypass["resource"]["reason"], &bypass["resource"]["about"]),
            (&json!("CA-key-lost"), &json!("change the authority corp"))
        );
        assert_eq!(bypass["user"]["username"], house.run("id", "-un").trim());

        // It is turned off in the configuration, and nowhere else.
        house.write("data/lemur.toml", "http_url = \"http://pki.corp.example\"\n");
        house.done("authority change corp --active true");
        assert_eq!(authority(&server, &admin, "corp")["active"], true);
    }
}
