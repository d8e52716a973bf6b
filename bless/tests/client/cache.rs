//! The cache: when the service is asked, by how many, and what is left when it cannot be or when the process is killed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::service::{Mood, keygen, path};
use crate::world::{World, read, run};

#[test]
fn a_fresh_certificate_makes_no_connection() {
    let world = World::new();
    world.must_get(&[]);
    let first = std::fs::read(world.kept("id-cert.pub")).expect("kept");
    for _ in 0..3 {
        let done = world.must_get(&["--format", "json"]);
        assert_eq!(done.json()["source"], "cache");
    }
    assert_eq!(world.service.connections(), 1);
    assert_eq!(std::fs::read(world.kept("id-cert.pub")).expect("kept"), first);
}

#[test]
fn another_request_is_asked_for() {
    let world = World::new();
    world.must_get(&[]);
    let mut asked = 1;
    for arguments in
        [&["--principal", "ops"][..], &["--user", "eve"], &["--source", "192.0.2.1"], &["--key-type", "ecdsa-p256"], &["--force"]]
    {
        world.must_get(arguments);
        asked += 1;
        assert_eq!(world.service.connections(), asked, "{arguments:?}");
    }
    // What it is for is the log's matter alone.
    world.must_get(&["--command", "something else"]);
    world.must_get(&["--identity", "second"]);
    assert_eq!(world.service.connections(), asked + 1);
}

#[test]
fn the_last_quarter_is_renewed() {
    let world = World::new();
    world.service.set(Mood::Issue("-100s:+50s"));
    world.must_get(&[]);
    world.must_get(&[]);
    assert_eq!(world.service.connections(), 1, "a third is left");
    world.service.set(Mood::Issue("-300s:+50s"));
    world.must_get(&["--force"]);
    world.must_get(&[]);
    assert_eq!(world.service.connections(), 3, "a seventh is left");
}

#[test]
fn a_key_is_kept_for_the_next_certificate_but_not_when_forced() {
    let world = World::new();
    world.service.set(Mood::Issue("-300s:+50s"));
    world.must_get(&[]);
    let key = std::fs::read(world.kept("id")).expect("kept");
    world.must_get(&[]);
    assert_eq!(std::fs::read(world.kept("id")).expect("kept"), key);
    world.must_get(&["--force"]);
    assert_ne!(std::fs::read(world.kept("id")).expect("kept"), key);
}

#[test]
fn the_old_certificate_does_while_it_is_valid() {
    let world = World::new();
    world.service.set(Mood::Issue("-300s:+50s"));
    world.must_get(&[]);
    let kept = std::fs::read(world.kept("id-cert.pub")).expect("kept");
    for mood in [Mood::Close, Mood::Say("{\"errorType\":\"ClientError\",\"errorMessage\":\"later\"}".to_owned()), Mood::OtherKey] {
        world.service.set(mood.clone());
        let done = world.must_get(&["--quiet", "--format", "json"]);
        assert!(done.stderr.contains("the old certificate is used"), "{mood:?}: {done:?}");
        assert_eq!(done.json()["errors"][0]["source"], "service");
        assert_eq!(std::fs::read(world.kept("id-cert.pub")).expect("kept"), kept);
    }
    assert_eq!(run(&mut world.get(&["--force"])).status, 2, "a certificate that was to be new is not");
}

#[test]
fn a_service_that_hangs_is_waited_for_a_while() {
    let world = World::new();
    world.service.set(Mood::Issue("-600s:+120s"));
    world.must_get(&[]);
    world.service.set(Mood::Hang);
    let done = world.must_get(&[]);
    assert!(done.stderr.contains("gave no answer in 15 seconds"), "{done:?}");
}

#[test]
fn an_expired_certificate_does_not() {
    let world = World::new();
    world.service.set(Mood::Issue("-1m:+1s"));
    world.must_get(&[]);
    std::thread::sleep(Duration::from_millis(1200));
    world.service.set(Mood::Close);
    assert_eq!(run(&mut world.get(&[])).status, 2);
}

#[test]
fn leftovers_that_do_not_fit_together_are_replaced() {
    let world = World::new();
    world.must_get(&[]);
    let other = world.path("other");
    keygen(&["-q", "-t", "ed25519", "-N", "", "-f", path(&other)]);
    let spoil: [(&str, &dyn Fn()); 5] = [
        ("another public key", &|| {
            std::fs::copy(other.with_extension("pub"), world.kept("id.pub")).expect("copied");
        }),
        ("no private key", &|| std::fs::remove_file(world.kept("id")).expect("removed")),
        ("half a certificate", &|| std::fs::write(world.kept("id-cert.pub"), "ssh-ed25519-cert-v01@openssh.com AAAA").expect("written")),
        ("no word of the request", &|| std::fs::remove_file(world.kept("request.json")).expect("removed")),
        ("half a word of it", &|| std::fs::write(world.kept("request.json"), "{\"schema\":").expect("written")),
    ];
    for (number, (what, spoil)) in spoil.iter().enumerate() {
        spoil();
        world.must_get(&[]);
        assert_eq!(world.service.connections(), number + 2, "{what}");
        // What is there now is whole.
        let public = keygen(&["-y", "-f", path(&world.kept("id"))]);
        assert_eq!(public.trim_end(), std::fs::read_to_string(world.kept("id.pub")).expect("kept").trim_end(), "{what}");
    }
}

#[test]
fn of_many_at_once_one_asks() {
    let world = World::new();
    world.service.delay(Duration::from_millis(400));
    let all: Vec<_> = (0..8)
        .map(|_| world.get(&["--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bless runs"))
        .collect();
    let done: Vec<_> = all.into_iter().map(|child| read(child.wait_with_output().expect("it ends"))).collect();
    assert_eq!(world.service.connections(), 1);
    assert!(done.iter().all(|done| done.status == 0 && done.json()["certificates"][0]["serial"] == "1"), "{done:?}");
    assert_eq!(done.iter().filter(|done| done.json()["source"] == "service").count(), 1);
}

#[test]
fn of_many_at_once_one_hears_no() {
    let world = World::new();
    world.service.delay(Duration::from_millis(400));
    world.service.set(Mood::Say("{\"errorType\":\"ClientError\",\"errorMessage\":\"no\"}".to_owned()));
    let all: Vec<_> = (0..6).map(|_| world.get(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bless runs")).collect();
    let done: Vec<_> = all.into_iter().map(|child| read(child.wait_with_output().expect("it ends"))).collect();
    assert_eq!(world.service.connections(), 1);
    assert!(done.iter().all(|done| done.status == 1 && done.stderr.contains("refused: ClientError: no")), "{done:?}");
    // Who comes later asks for himself.
    assert_eq!(run(&mut world.get(&[])).status, 1);
    assert_eq!(world.service.connections(), 2);
}

#[test]
fn killed_at_any_moment_it_leaves_nothing_broken() {
    let world = World::new();
    world.must_get(&[]);
    let start = Instant::now();
    world.must_get(&["--force"]);
    let whole = start.elapsed();
    for step in 0..24 {
        let mut child = world.get(&["--force", "--quiet"]).spawn().expect("bless runs");
        std::thread::sleep(whole.mul_f64(f64::from(step) / 20.0));
        child.kill().expect("killed");
        child.wait().expect("ended");
        world.must_get(&["--quiet"]);
        let public = keygen(&["-y", "-f", path(&world.kept("id"))]);
        let fingerprint = |text: &str| text.split_whitespace().find(|word| word.starts_with("SHA256:")).map(str::to_owned);
        assert_eq!(public.trim_end(), std::fs::read_to_string(world.kept("id.pub")).expect("kept").trim_end(), "step {step}");
        let certified = world.inspect(&world.kept("id-cert.pub")).lines().find(|line| line.contains("Public key:")).and_then(fingerprint);
        assert_eq!(certified, fingerprint(&keygen(&["-l", "-f", path(&world.kept("id.pub"))])), "step {step}");
    }
}
