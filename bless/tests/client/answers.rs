//! A service that says no, or lies.

use crate::service::Mood;
use crate::world::{World, run};

#[test]
fn a_refusal_is_told_and_nothing_is_kept() {
    let world = World::new();
    world.service.set(Mood::Say(r#"{"errorType":"InputValidationError","errorMessage":"no\u001b]0;owned\u0007\nway"}"#.to_owned()));
    let done = run(&mut world.get(&["--format", "json"]));
    assert_eq!(done.status, 1, "{done:?}");
    assert!(done.stderr.contains("refused: InputValidationError: no\\u{1b}]0;owned\\u{7}\\u{a}way"), "{done:?}");
    assert!(!done.stderr.contains('\u{1b}') && !done.stdout.contains('\u{1b}'));
    assert_eq!(done.json()["errors"][0]["source"], "service");
    assert!(!world.kept("id").exists() && !world.kept("id-cert.pub").exists());
}

#[test]
fn what_was_not_asked_for_is_not_taken() {
    let world = World::new();
    let huge = format!("{{\"certificate\":\"{}\"}}", "A".repeat(300_000));
    for (mood, words) in [
        (Mood::OtherKey, "another key"),
        (Mood::OtherPrincipals("ada,root"), "names ada,root where ada was asked for"),
        (Mood::OtherPrincipals("root"), "names root where ada"),
        (Mood::Issue("-2h:-1h"), "expired"),
        (Mood::Issue("+1h:+2h"), "valid only in"),
        (Mood::Damaged, "signature does not hold"),
        (Mood::Say("{\"certificate\":\"ssh-ed25519-cert-v01@openssh.com AAAA x\"}".to_owned()), "is none"),
        (Mood::Say("{\"certificate\":\"a\\nb\"}".to_owned()), "control characters"),
        (Mood::Say("{\"certificate\":7}".to_owned()), "neither a certificate nor an error"),
        (Mood::Say("[]".to_owned()), "neither a certificate nor an error"),
        (Mood::Say(String::new()), "it is empty"),
        (Mood::Say("\u{1b}[31mhello".to_owned()), "\\u{1b}[31mhello"),
        (Mood::Say(huge), "length limit"),
        (Mood::Status(500, "<h1>broken</h1>"), "status 500, <h1>broken</h1>"),
        (Mood::Close, "cannot be reached"),
    ] {
        world.service.set(mood.clone());
        let done = run(&mut world.get(&[]));
        assert_eq!(done.status, 2, "{mood:?}: {done:?}");
        assert!(done.stderr.contains(words) && !done.stderr.contains('\u{1b}'), "{words:?} is not in {done:?}");
        assert!(!world.kept("id").exists() && !world.kept("id-cert.pub").exists(), "{mood:?}");
    }
}

#[test]
fn a_host_certificate_is_no_user_certificate() {
    let world = World::new();
    // The request's own key under a host certificate: the service mistakes a user's request for a host's.
    world.must_get(&["--host", "--hostname", "ada", "--identity", "default"]);
    let text = std::fs::read_to_string(world.kept("id-cert.pub")).expect("kept");
    world.service.set(Mood::Say(serde_json::json!({ "certificate": text.trim_end() }).to_string()));
    let done = run(&mut world.get(&[]));
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.stderr.contains("is a host certificate"), "{done:?}");
}

#[test]
fn a_service_that_is_not_there() {
    let world = World::new();
    let done = run(world.command().args(["get", "--socket", "nowhere.sock"]));
    assert_eq!(done.status, 2);
    assert!(done.stderr.contains("nowhere.sock cannot be reached"), "{done:?}");
}
