//! The Unix socket and the loopback address of `bless serve`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::service::{Mood, keygen, path};
use crate::world::{World, mode, run};

#[test]
fn a_certificate_over_the_socket() {
    let world = World::new();
    let done =
        world.must_get(&["--principal", "ada", "--principal", "ops", "--source", "192.0.2.0/24", "--command", "look", "--format", "json"]);
    let report = done.json();
    assert_eq!(
        (report["schema"].as_str(), report["source"].as_str(), report["agent"].as_str()),
        (Some("bless.get/1"), Some("service"), Some("absent"))
    );
    let certificate = &report["certificates"][0];
    assert_eq!(certificate["principals"], json!(["ada", "ops"]));
    assert_eq!((certificate["type"].as_str(), certificate["serial"].as_str()), (Some("user"), Some("1")));
    assert_eq!(certificate["path"].as_str(), Some(path(&world.kept("id-cert.pub"))));

    let asked = &world.service.requests()[0];
    assert_eq!(asked.line, "POST /user HTTP/1.1");
    let mut body = asked.body.clone();
    let sent = body["public_key_to_sign"].take();
    assert_eq!(sent.as_str(), Some(std::fs::read_to_string(world.kept("id.pub")).expect("a key").trim_end()));
    assert_eq!(
        body,
        json!({"bastion_ips": "192.0.2.0/24", "bastion_user": "ada", "bastion_user_ip": "192.0.2.0/24", "command": "look",
               "public_key_to_sign": null, "remote_usernames": "ada,ops"})
    );

    let shown = world.inspect(&world.kept("id-cert.pub"));
    assert!(shown.contains("user certificate") && shown.contains("ops"), "{shown}");
    let public = keygen(&["-y", "-f", path(&world.kept("id"))]);
    assert_eq!(public.trim_end(), std::fs::read_to_string(world.kept("id.pub")).expect("a key").trim_end());
    assert_eq!((mode(&world.kept("id")), mode(&world.kept("")), mode(&world.kept("id-cert.pub"))), (0o600, 0o700, 0o644));
}

#[test]
fn every_key_type_gets_one() {
    let world = World::new();
    for (kind, name) in [("ed25519", "ED25519-CERT"), ("ecdsa-p256", "ECDSA-CERT"), ("rsa-4096", "RSA-CERT")] {
        world.must_get(&["--key-type", kind]);
        assert!(world.inspect(&world.kept("id-cert.pub")).contains(name), "{kind}");
    }
}

#[test]
fn a_token_and_its_host_over_loopback() {
    let world = World::new();
    let address = world.service.on_loopback();
    let token = world.path("token");
    std::fs::write(&token, "s3cret\n").expect("written");
    let get = || {
        let mut command = world.command();
        command.args(["get", "--url", &format!("http://{address}"), "--token-file", path(&token)]);
        run(&mut command)
    };
    for open in [0o644, 0o640, 0o606] {
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(open)).expect("set");
        let done = get();
        assert_eq!((done.status, world.service.connections()), (2, 0), "a token that others may read is not sent: {done:?}");
        assert!(done.stderr.contains("can be read by others (mode ") && !done.stderr.contains("s3cret"), "{done:?}");
    }
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).expect("set");
    let done = get();
    assert_eq!(done.status, 0, "{done:?}");
    let asked = &world.service.requests()[0];
    assert_eq!(asked.headers["authorization"], "Bearer s3cret");
    assert_eq!(asked.headers["host"], address.to_string());
    assert!(!done.stdout.contains("s3cret") && !done.stderr.contains("s3cret"));

    world.service.set(Mood::Status(401, r#"{"errorType":"ClientError","errorMessage":"no such token\u001b[2J"}"#));
    let mut command = world.command();
    let done = run(command.args(["get", "--force", "--url", &format!("http://{address}"), "--token-file", path(&token)]));
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.stderr.contains("status 401") && done.stderr.contains("no such token\\u{1b}[2J"), "{done:?}");
}

#[test]
fn plain_http_stays_on_this_machine() {
    let world = World::new();
    for url in ["http://192.0.2.1:80", "http://0.0.0.0:80", "https://127.0.0.1:80", "http://localhost:80", "http://127.0.0.1"] {
        let done = run(world.command().args(["get", "--url", url, "--token-file", "/dev/null"]));
        assert_eq!(done.status, 2, "{url}: {done:?}");
        assert!(done.stderr.contains("loopback") || done.stderr.contains("no address of a bless service"), "{done:?}");
    }
}

#[test]
fn a_host_certificate_for_a_key_that_is_taken() {
    let world = World::new();
    let key = world.path("ssh_host_ed25519_key");
    keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "root@host", "-f", path(&key)]);
    let public = format!("{}.pub", path(&key));
    let done = world.must_get(&["--host", "--hostname", "a.example", "--hostname", "b.example", "--key", &public]);
    assert!(done.stderr.contains("new host certificate for a.example, b.example"), "{done:?}");
    let asked = &world.service.requests()[0];
    assert_eq!(asked.line, "POST /host HTTP/1.1");
    assert_eq!(asked.body["hostnames"], "a.example,b.example");
    assert_eq!(asked.body.as_object().map(serde_json::Map::len), Some(2));
    let shown = world.inspect(&world.path("ssh_host_ed25519_key-cert.pub"));
    assert!(shown.contains("host certificate") && shown.contains("b.example"), "{shown}");
}

#[test]
fn a_certificate_goes_where_output_says() {
    let world = World::new();
    world.must_get(&["--output", "elsewhere-cert.pub", "--quiet"]);
    assert!(world.inspect(&world.path("elsewhere-cert.pub")).contains("user certificate"));
    assert!(!world.kept("id-cert.pub").exists());
}

#[test]
fn flags_beat_variables_beat_the_file() {
    let world = World::new();
    std::fs::create_dir_all(world.path("config/bless")).expect("made");
    let file = format!(
        "[client]\nsocket = {:?}\nuser = \"file\"\nprincipals = [\"file\"]\nsource_addresses = [\"192.0.2.1\"]\n",
        path(&world.path("bless.sock"))
    );
    std::fs::write(world.path("config/bless/client.toml"), file).expect("written");
    let done = run(world.command().args(["get", "--principal", "flag"]).env("BLESS_PRINCIPALS", "variable").env("BLESS_USER", "variable"));
    assert_eq!(done.status, 0, "{done:?}");
    let body = &world.service.requests()[0].body;
    assert_eq!(
        (&body["remote_usernames"], &body["bastion_user"], &body["bastion_ips"]),
        (&json!("flag"), &json!("variable"), &json!("192.0.2.1"))
    );

    std::fs::write(world.path("config/bless/client.toml"), "[client]\nsokcet = \"x\"\n").expect("written");
    let done = run(world.command().arg("get"));
    assert_eq!(done.status, 2);
    assert!(done.stderr.contains("sokcet") && done.stderr.contains("line 2"), "{done:?}");
}

#[test]
fn no_service_is_named() {
    let world = World::new();
    let done = run(world.command().args(["get", "--format", "json"]));
    assert_eq!(done.status, 2);
    let report = done.json();
    assert_eq!((report["certificates"].as_array().map(Vec::len), report["errors"][0]["source"].as_str()), (Some(0), Some("settings")));
    assert!(done.stderr.contains("--socket") && done.stderr.contains("config/bless/client.toml"), "{done:?}");
}
