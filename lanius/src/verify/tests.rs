//! Verification against a real server on loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Instant;

use menagerie_secret::Secret;
use menagerie_tests::http::{Request, Response, Server};

use super::*;
use crate::rules::{self, Rule};
use crate::triage::Place;

const RULE: &str = r#"
[[rule]]
id = "a-token"
name = "A"
severity = "high"
confidence = "high"
keywords = ["tok_"]
pattern = 'tok_[a-z0-9]+'
verify = { method = "GET", url = "https://api.example.com/v1/me?n=1", headers = { Authorization = "Bearer {secret}" }, active = [200], inactive = [401], source = "https://docs.example.com/me" }
"#;

fn rule(text: &str) -> Rule {
    rules::parse("t", text).unwrap().remove(0)
}

fn verify(text: &str) -> Verify {
    rule(text).definition.verify.unwrap()
}

/// A server that notes what it is asked.
fn server(answer: impl Fn(&Request, usize) -> Response + Send + Sync + 'static) -> (Server, Arc<Mutex<Vec<Request>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let server = Server::start(move |request| {
        let mut noted = noted.lock().unwrap();
        noted.push(request.clone());
        Some(answer(&request, noted.len()))
    });
    (server, seen)
}

fn options(server: &Server, host: &str) -> Options {
    let endpoint = format!("{host}={}", server.url()).parse().unwrap();
    Options { rate: 1000.0, proxy: None, endpoints: vec![endpoint], seed: 1 }
}

fn verifier(server: &Server) -> Verifier {
    Verifier::new(options(server, "api.example.com")).unwrap()
}

fn finding(rule: usize, secret: &str) -> Finding {
    let place = Place {
        path: "a".to_owned(),
        line: 1,
        end_line: 1,
        column: 1,
        confidence: 92,
        reasons: Vec::new(),
        before: String::new(),
        after: String::new(),
        encodings: Vec::new(),
        lineage: None,
        column_facts: None,
        fingerprint: String::new(),
        inline: None,
    };
    let secret = Secret::new(secret.as_bytes().to_vec());
    Finding { rule, verdict: rules::Verdict::Unknown, secret, places: vec![place], value_hash: None, known: None, verification: None }
}

#[test]
fn a_status_tells() {
    let (server, seen) = server(|request, _| match request.value("authorization") {
        Some("Bearer tok_live") => Response::new(200, "{}"),
        Some("Bearer tok_dead") => Response::new(401, ""),
        _ => Response::new(418, ""),
    });
    let verifier = verifier(&server);
    let ask = |secret: &str| verifier.ask(&verify(RULE), secret.as_bytes());
    assert_eq!(ask("tok_live"), Verification { state: State::Active, reason: "the service answered 200".to_owned() });
    assert_eq!(ask("tok_dead"), Verification { state: State::Inactive, reason: "the service answered 401".to_owned() });
    assert_eq!(ask("tok_odd"), Verification { state: State::Unknown, reason: "the service answered 418".to_owned() });
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|request| request.method == "GET" && request.target == "/v1/me?n=1" && request.body.is_empty()));
}

#[test]
fn a_secret_is_sent_once_whatever_the_number_of_findings() {
    let (server, seen) = server(|_, _| Response::new(200, ""));
    let other = RULE.replace("a-token", "b-token");
    let quiet = "[[rule]]\nid='c'\nname='C'\nseverity='low'\nconfidence='low'\nkeywords=['cab']\npattern='cab[0-9]+'";
    let engine = Engine::new(vec![rule(RULE), rule(&other), rule(quiet)]);
    let mut findings = vec![finding(0, "tok_1"), finding(1, "tok_1"), finding(0, "tok_2"), finding(2, "cab1")];
    verifier(&server).verify(&engine, &mut findings);
    let states: Vec<_> = findings.iter().map(|finding| finding.verification.as_ref().unwrap().state).collect();
    assert_eq!(states, [State::Active, State::Active, State::Active, State::Unknown]);
    let mut sent: Vec<_> = seen.lock().unwrap().iter().map(|request| request.value("authorization").unwrap().to_owned()).collect();
    sent.sort();
    assert_eq!(sent, ["Bearer tok_1", "Bearer tok_2"]);
}

#[test]
fn an_overloaded_service_is_asked_again_and_not_for_ever() {
    let (server, seen) = server(|_, turn| Response::new(if turn < 3 { 503 } else { 200 }, ""));
    assert_eq!(verifier(&server).ask(&verify(RULE), b"tok_1").state, State::Active);
    assert_eq!(seen.lock().unwrap().len(), 3);
    let (server, seen) = self::server(|_, _| Response::new(429, "").header("Retry-After", "1"));
    let begin = Instant::now();
    let verification = verifier(&server).ask(&verify(RULE), b"tok_1");
    assert_eq!((verification.state, verification.reason.as_str()), (State::Unknown, "the service answered 429"));
    assert_eq!(seen.lock().unwrap().len(), 3);
    assert!(begin.elapsed() >= Duration::from_secs(2));
}

#[test]
fn no_redirect_is_followed() {
    let (elsewhere, followed) = server(|_, _| Response::new(200, ""));
    let target = elsewhere.url();
    let (server, _) = server(move |_, _| Response::new(302, "").header("Location", &target));
    assert_eq!(verifier(&server).ask(&verify(RULE), b"tok_1").reason, "the service answered 302");
    assert!(followed.lock().unwrap().is_empty());
}

#[test]
fn a_text_tells_where_a_status_does_not_and_only_near_the_beginning() {
    let text = RULE.replace("inactive = [401]", "active_text = \"\\\"ok\\\":true\", inactive_text = \"\\\"ok\\\":false\"");
    let (server, _) = server(|request, _| match request.value("authorization") {
        Some("Bearer tok_live") => Response::new(200, "{\"ok\":true}"),
        Some("Bearer tok_dead") => Response::new(200, "{\"ok\":false}"),
        _ => Response::new(200, [vec![b' '; 70_000], b"{\"ok\":true}".to_vec()].concat()),
    });
    let verifier = verifier(&server);
    let ask = |secret: &str| verifier.ask(&verify(&text), secret.as_bytes()).state;
    assert_eq!([ask("tok_live"), ask("tok_dead"), ask("tok_far")], [State::Active, State::Inactive, State::Unknown]);
}

#[test]
fn a_hostile_value_stays_in_its_place() {
    let (server, seen) = server(|_, _| Response::new(200, ""));
    let verifier = verifier(&server);
    for secret in ["a\r\nX-Evil: 1", "a\nb", "a b", "ä", "", "a\0"] {
        assert_eq!(verifier.ask(&verify(RULE), secret.as_bytes()).reason, Refusal::Value.to_string(), "{secret:?}");
    }
    assert!(seen.lock().unwrap().is_empty());
    let path = RULE.replace("/v1/me?n=1", "/bot{secret}/me").replace("headers = { Authorization = \"Bearer {secret}\" }, ", "");
    assert_eq!(verifier.ask(&verify(&path), b"1:a/../b?c#d%2e@evil.example").state, State::Active);
    assert_eq!(seen.lock().unwrap()[0].target, "/bot1:a%2F..%2Fb%3Fc%23d%252e%40evil.example/me");
    let basic = RULE.replace("headers = { Authorization = \"Bearer {secret}\" }", "basic = \"{secret}:\"");
    assert_eq!(verifier.ask(&verify(&basic), b"sk_1").state, State::Active);
    assert_eq!(seen.lock().unwrap()[1].value("authorization"), Some("Basic c2tfMTo="));
}

#[test]
fn what_fails_tells_nothing_of_the_secret() {
    let gone = Server::start(|_| None);
    let verifier = verifier(&gone);
    let path = RULE.replace("/v1/me?n=1", "/{secret}/me");
    for _ in 0..3 {
        let verification = verifier.ask(&verify(&path), b"tok_verysecret");
        assert!(verification.state == State::Unknown && !verification.reason.contains("verysecret"), "{}", verification.reason);
    }
    assert_eq!(verifier.ask(&verify(&path), b"tok_other").reason, "the service could not be reached several times");
    assert!(!format!("{verifier:?}").contains("verysecret"));
}

#[test]
fn a_proxy_is_told_the_rules_host_alone() {
    let (proxy, seen) = server(|_, _| Response::new(502, ""));
    let options = Options { rate: 1000.0, proxy: Some(proxy.url()), endpoints: Vec::new(), seed: 1 };
    let verification = Verifier::new(options).unwrap().ask(&verify(RULE), b"tok_evil.example");
    assert_eq!(verification.state, State::Unknown);
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|request| (&*request.method, &*request.target) == ("CONNECT", "api.example.com:443")));
    assert!(seen.iter().all(|request| request.value("authorization").is_none()));
}

#[test]
fn calls_of_one_host_are_spread() {
    let (server, seen) = server(|_, _| Response::new(200, ""));
    let options = Options { rate: 10.0, ..options(&server, "api.example.com") };
    let engine = Engine::new(vec![rule(RULE)]);
    let mut findings: Vec<_> = (0..6).map(|number| finding(0, &format!("tok_{number}"))).collect();
    let begin = Instant::now();
    Verifier::new(options).unwrap().verify(&engine, &mut findings);
    assert!(begin.elapsed() >= Duration::from_millis(500));
    assert_eq!(seen.lock().unwrap().len(), 6);
}

#[test]
fn calls_that_may_not_be_made() {
    let refused = |from: &str, to: &str| {
        assert!(RULE.contains(from), "{from}");
        host(&verify(&RULE.replace(from, to))).expect_err(to)
    };
    for (from, to) in [
        ("https://api", "http://api"),
        ("api.example.com", "{secret}.example.com"),
        ("api.example.com", "{secret}"),
        ("api.example.com", "user@api.example.com"),
        ("api.example.com", "api.example.com:8443"),
        ("api.example.com", "localhost"),
        ("/v1/me?n=1", "/v1/{account}"),
        ("/v1/me?n=1", "/v1/me#{secret}"),
        ("\"GET\"", "\"DELETE\""),
        ("\"GET\"", "\"POST\""),
        ("Bearer {secret}", "Bearer"),
        ("Bearer {secret}", "Bearer {secret}\\nX: 1"),
        ("Authorization =", "Host ="),
        ("active = [200],", "active = [],"),
        ("https://docs.example.com/me", ""),
    ] {
        assert!(matches!(refused(from, to), Refusal::Rule(_)), "{to}");
    }
    assert_eq!(host(&verify(RULE)), Ok("api.example.com"));
}

#[test]
fn every_rule_of_our_own_may_be_verified_as_it_says() {
    let rules = rules::built_in();
    let calls: Vec<_> = rules.iter().filter_map(|rule| Some((&rule.definition.id, rule.definition.verify.as_ref()?))).collect();
    assert!(calls.len() > 80);
    for (id, verify) in calls {
        assert!(host(verify).is_ok(), "{id}: {:?}", host(verify));
    }
}

#[test]
fn endpoints() {
    let parse = |text: &str| text.parse::<Endpoint>();
    let good = parse("api.github.com=https://github.example.com/api/v3/").unwrap();
    assert_eq!(good, Endpoint { host: "api.github.com".to_owned(), base: "https://github.example.com/api/v3".to_owned() });
    let call = prepare(&verify(RULE), b"tok_1", &[Endpoint { host: "api.example.com".to_owned(), ..good }]).ok().unwrap();
    assert_eq!(call.url.expose(), "https://github.example.com/api/v3/v1/me?n=1");
    for good in ["a.b=http://127.0.0.1:80", "a.b=http://localhost", "a.b=http://[::1]:1", "a.b=https://x"] {
        assert!(parse(good).is_ok(), "{good}");
    }
    assert_eq!(parse("a.b=http://example.com"), Err(EndpointError::Clear));
    for bad in ["a.b", "=https://x", "a.b=ftp://x", "a.b=https://", "a.b=https://u@x", "a.b=https://x?y", "a.b=http://127.0.0.1.evil@x"] {
        assert_eq!(parse(bad), Err(EndpointError::Form), "{bad}");
    }
}
