//! What the configuration says of a proxy in front, of REST, of subjects and of keys that others know.

use menagerie_tests::process::Finished;
use serde_json::json;

use super::house::{House, Server};

fn wrong_login(server: &Server, forwarded: &str) -> u16 {
    let body = json!({"username": "nobody", "password": "wrong"}).to_string();
    server.send("POST", "/api/1/auth/login", &[("content-type", "application/json"), ("x-forwarded-for", forwarded)], &body).status
}

#[test]
fn behind_a_trusted_proxy_each_client_counts_for_itself_and_is_in_the_log() {
    let house = House::new();
    house.write("data/lemur.toml", "http_url = \"http://pki.corp.example\"\n[http]\ntrusted_proxies = [\"127.0.0.0/8\"]\n");
    let server = house.serve();
    let password = server.password();
    for _ in 0..10 {
        assert_eq!(wrong_login(&server, "203.0.113.9, 192.0.2.1"), 403);
    }
    assert_eq!(wrong_login(&server, "192.0.2.1"), 429, "that client has to wait");
    assert_eq!(wrong_login(&server, "198.51.100.1, 192.0.2.1"), 429, "what a client wrote before it changes nothing");
    assert_eq!(wrong_login(&server, "203.0.113.9"), 403, "another does not");
    let admin = server.login("admin", &password);
    let headers = [("authorization", &*format!("Bearer {admin}")), ("content-type", "application/json"), ("x-forwarded-for", "192.0.2.7")];
    assert_eq!(server.send("POST", "/api/1/roles", &headers, "{\"name\": \"x\"}").status, 200);
    let lines = server.get("/logs/lines?after=0", &admin).done();
    let made =
        lines["items"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap()).find(|line| line.contains("role_created"));
    assert!(made.unwrap().contains("\"address\":\"192.0.2.7\""), "{made:?}");
}

#[test]
fn without_trusted_proxies_nobodys_word_is_taken() {
    let house = House::new();
    let server = house.serve();
    for number in 0..10 {
        assert_eq!(wrong_login(&server, &format!("192.0.2.{number}")), 403);
    }
    assert_eq!(wrong_login(&server, "192.0.2.77"), 429);
}

#[test]
fn what_the_configuration_says_of_rest_subjects_and_keys_holds() {
    let house = House::new();
    house.run("openssl", "ecparam -name prime256v1 -genkey -noout -out known.key");
    house.run(
        "openssl",
        "req -new -key known.key -out known.csr -subj /CN=known.corp.example -addext subjectAltName=DNS:known.corp.example",
    );
    house.run("openssl", "ec -in known.key -pubout -outform DER -out known.der");
    let digest = house.run("openssl", "dgst -sha256 -r known.der");
    house.write("data/compromised.txt", format!("# known to others\n{}\n", digest.split_whitespace().next().unwrap()));
    house.write(
        "data/lemur.toml",
        "compromised_keys = \"compromised.txt\"\nhttp_url = \"http://pki.corp.example\"\n\
        [rest]\nrequests_per_minute = 30\ndelete_certificates = true\n\
        [rest.defaults]\norganization = \"Corp of the file\"\ncountry = \"DE\"\nauthority = \"internal\"\n",
    );
    let server = house.serve();
    let admin = server.login("admin", &server.password());
    let defaults = server.get("/defaults", &admin).done();
    assert_eq!((&defaults["organization"], &defaults["defaultAuthority"]["name"]), (&json!("Corp of the file"), &json!("internal")));

    // A key that others know is certified by nobody: over the network, and on the machine.
    let order = json!({"owner": "a@corp.example", "authority": {"name": "internal"}, "csr": house.read("known.csr")});
    let refused = server.post("/certificates", &admin, &order).refused(400).to_string();
    assert!(refused.contains("lint.") && refused.to_lowercase().contains("compromised"), "{refused}");
    let here = house.lemur("certificate issue --authority internal --csr known.csr --out .".split(' '));
    let is_refused = |ended: &Finished| ended.status == Some(2) && ended.stderr.to_lowercase().contains("compromised");
    assert!(is_refused(&here), "{here:?}");

    // Removing is allowed here, of what is revoked.
    let order = json!({"owner": "a@corp.example", "authority": {"name": "internal"}, "commonName": "www.corp.example"});
    let made = server.post("/certificates", &admin, &order).done();
    let path = format!("/certificates/{}", made["id"]);
    server.call("DELETE", &path, &admin, None).refused(409);
    server.call("PUT", &format!("{path}/revoke"), &admin, Some(&json!({}))).done();
    assert_eq!(server.call("DELETE", &path, &admin, None).status, 204);

    let answers: Vec<_> = (0..40).map(|_| server.get("/roles", &admin).status).collect();
    assert!(answers.contains(&200) && answers.contains(&429), "{answers:?}");
    // The machine's own commands are not counted.
    house.done("role list");

    for (text, key) in [
        ("[rest]\nrequests_per_minute = 0\n", "requests_per_minute"),
        ("[http]\ntrusted_proxies = [\"nobody\"]\n", "trusted_proxies"),
        ("[http]\nproxy_header = \"via\"\n", "proxy_header"),
        ("compromised_keys = \"none.txt\"\n", "none.txt"),
    ] {
        let path = house.write("other/lemur.toml", text);
        let refused = house.lemur(["role", "list", "--data", "other", "--config", path.to_str().unwrap()]);
        assert!(refused.status == Some(2) && refused.stderr.contains(key), "{text}: {refused:?}");
    }
}
