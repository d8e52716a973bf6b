//! The real ssh-agent, and one that hangs.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use crate::service::{Mood, keygen, path};
use crate::world::{RealAgent, World, run};

fn kept(world: &World) -> String {
    let text = std::fs::read_to_string(world.kept("id-cert.pub")).expect("kept");
    text.split(' ').nth(1).expect("base64").trim_end().to_owned()
}

#[test]
fn every_key_type_is_held_and_replaced() {
    let world = World::new();
    let agent = RealAgent::start(world.directory.path());
    let get = |arguments: &[&str]| {
        let done = run(world.get(arguments).args(["--format", "json"]).env("SSH_AUTH_SOCK", &agent.socket));
        assert_eq!(done.status, 0, "{done:?}");
        done.json()["agent"].as_str().map(str::to_owned)
    };
    for kind in ["ed25519", "ecdsa-p256", "rsa-4096"] {
        assert_eq!(get(&["--key-type", kind]).as_deref(), Some("added"), "{kind}");
        assert_eq!(agent.certificates(), [kept(&world)], "{kind}: this one and no earlier one");
        assert_eq!(get(&["--key-type", kind]).as_deref(), Some("held"), "{kind}");
        get(&["--key-type", kind, "--force"]);
        assert_eq!(agent.certificates(), [kept(&world)], "{kind}: renewed");
    }
    // The agent lost it: a call that asks no service gives it back.
    agent.add("-D");
    assert!(agent.certificates().is_empty());
    let asked = world.service.connections();
    assert_eq!(get(&["--key-type", "rsa-4096"]).as_deref(), Some("added"));
    assert_eq!((agent.certificates(), world.service.connections()), (vec![kept(&world)], asked));
}

#[test]
fn a_signature_by_the_agents_key_verifies() {
    let world = World::new();
    let agent = RealAgent::start(world.directory.path());
    for kind in ["ed25519", "ecdsa-p256", "rsa-4096"] {
        assert_eq!(run(world.get(&["--key-type", kind]).env("SSH_AUTH_SOCK", &agent.socket)).status, 0);
        // ssh-add -T has the agent sign with the key of this certificate and verifies it.
        let done =
            std::process::Command::new("ssh-add").arg("-T").arg(world.kept("id-cert.pub")).env("SSH_AUTH_SOCK", &agent.socket).output();
        assert!(done.expect("ssh-add runs").status.success(), "{kind}");
    }
}

#[test]
fn it_is_held_as_long_as_the_certificate_is_valid() {
    let world = World::new();
    let agent = RealAgent::start(world.directory.path());
    world.service.set(Mood::Issue("-1s:+4s"));
    let start = Instant::now();
    assert_eq!(run(world.get(&[]).env("SSH_AUTH_SOCK", &agent.socket)).status, 0);
    assert_eq!(agent.certificates().len(), 1);
    while !agent.certificates().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(15), "it outlives the certificate");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn other_keys_stay_in_the_agent() {
    let world = World::new();
    let agent = RealAgent::start(world.directory.path());
    let mine = world.path("mine");
    keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "mine", "-f", path(&mine)]);
    let added =
        std::process::Command::new("ssh-add").arg("-q").arg(&mine).env("SSH_AUTH_SOCK", &agent.socket).status().expect("ssh-add runs");
    assert!(added.success());
    for _ in 0..2 {
        assert_eq!(run(world.get(&["--force"]).env("SSH_AUTH_SOCK", &agent.socket)).status, 0);
    }
    let held = agent.add("-L");
    assert!(held.contains(" mine") && held.lines().count() == 2, "{held}");
    assert_eq!(run(world.get(&["--force", "--no-agent"]).env("SSH_AUTH_SOCK", &agent.socket)).status, 0);
    assert_ne!(agent.certificates(), [kept(&world)]);
}

#[test]
fn an_agent_that_hangs_stalls_nobody() {
    let world = World::new();
    world.must_get(&[]);
    let socket = world.path("hung.sock");
    let _listener = UnixListener::bind(&socket).expect("bound");
    let start = Instant::now();
    let done = run(world.get(&[]).env("SSH_AUTH_SOCK", &socket));
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.stderr.contains("ssh-agent gave no answer"), "{done:?}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let done = run(world.get(&["--quiet", "--format", "json"]).env("SSH_AUTH_SOCK", world.path("none.sock")));
    assert_eq!((done.status, done.json()["agent"].as_str(), done.stderr.as_str()), (0, Some("failed"), ""));
}

#[test]
fn a_key_that_is_elsewhere_gets_its_certificate_alone() {
    let world = World::new();
    let agent = RealAgent::start(world.directory.path());
    let key = world.path("id_token");
    keygen(&["-q", "-t", "ecdsa", "-b", "384", "-N", "", "-C", "token", "-f", path(&key)]);
    let public = format!("{}.pub", path(&key));
    std::fs::remove_file(&key).expect("removed");
    let done = run(world.get(&["--key", &public, "--format", "json"]).env("SSH_AUTH_SOCK", &agent.socket));
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!((done.json()["agent"].as_str(), done.json()["certificates"][0]["private_key"].is_null()), (Some("off"), true));
    assert!(world.inspect(&world.path("id_token-cert.pub")).contains("ECDSA-CERT"));
    assert!(agent.certificates().is_empty() && !world.kept("id").exists());
    world.must_get(&["--key", &public]);
    assert_eq!(world.service.connections(), 1, "and is cached");
    assert_eq!(run(&mut world.get(&["--key", path(&key)])).status, 2, "a private key is none to send");
}
