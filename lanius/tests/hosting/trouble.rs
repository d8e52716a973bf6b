//! Limits, failures, redirects, an end by force: what is lost is named, what is not lost is told, and credentials stay where they belong.

use crate::forge::{Forge, TOKEN, push, secret};
use crate::github::{organisation, repository};
use crate::run::{command, scan};
use menagerie_tests::assert_eventually;
use menagerie_tests::http::{Response, Server};
use serde_json::json;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_rate_limit_is_waited_for() {
    let forge = Forge::start("/api/v3", |request, nth| match (request.path().as_str(), nth) {
        ("/api/v3/orgs/org/repos", 1) => Some(Response::new(429, "").header("Retry-After", "1")),
        ("/api/v3/orgs/org/repos", 2) => Some(Response::new(403, "").header("X-RateLimit-Remaining", "0").header("X-RateLimit-Reset", "1")),
        _ => None,
    });
    organisation(&forge, &["one"]);
    let start = Instant::now();
    let ran = scan(&forge, "github://org", &[]);
    ran.has("github://org/one:settings.env", &secret(1), 2);
    assert!(start.elapsed() >= Duration::from_secs(2), "it waited twice");

    let limited = Forge::start("/api/v3", |_, _| Some(Response::new(429, "").header("Retry-After", "999999")));
    let ran = scan(&limited, "github://org", &[]);
    assert_eq!((ran.status, ran.errors["github://org"].as_str()), (2, "the host's rate limit says to wait 999999 seconds"));
}

#[test]
fn a_repository_that_fails_is_named_and_the_rest_goes_on() {
    let down = Arc::new(AtomicBool::new(true));
    let shared = Arc::clone(&down);
    let forge = Forge::start("/api/v3", move |request, _| {
        let broken = request.path().starts_with("/org/two.git") && shared.load(Ordering::SeqCst);
        broken.then(|| Response::new(503, "gone fishing"))
    });
    organisation(&forge, &["one", "two", "three"]);
    forge.list("/repos/org/three/pulls", &[json!({ "number": "not a number" })]);
    let ran = scan(&forge, "github://org", &[]);
    assert_eq!(ran.status, 2, "{}", ran.said);
    assert_eq!(ran.paths(), ["github://org/one:settings.env", "github://org/three:settings.env"]);
    assert_eq!(ran.errors["github://org/two"], "the host answers with status 503");
    let reason = &ran.errors["github://org/three/pulls"];
    assert!(reason.starts_with("the host's answer is not of the form that it documents") && !reason.contains("not a number"), "{reason}");
    assert_eq!(ran.errors.len(), 2);

    down.store(false, Ordering::SeqCst);
    forge.list("/repos/org/three/pulls", &[]);
    let ran = scan(&forge, "github://org", &[]);
    assert_eq!((ran.paths(), ran.status), (vec!["github://org/two:settings.env"], 1), "what failed is made good: {}", ran.said);
}

#[test]
fn a_repository_over_the_bound_is_an_error() {
    let forge = Forge::start("/api/v3", |_, _| None);
    organisation(&forge, &["one"]);
    let ran = scan(&forge, "github://org", &["--max-repository-size", "64B"]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.errors["github://org/one"], "the repository is larger than the 64 bytes that may be kept of one");
}

#[test]
fn credentials_stay_at_their_host() {
    let met = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&met);
    let elsewhere = Server::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Some(Response::new(200, "[]"))
    });
    let (away, next) = (elsewhere.url(), elsewhere.url());
    let forge = Forge::start("/api/v3", move |request, _| match request.path().as_str() {
        "/api/v3/orgs/org/repos" if request.query("page").is_none() && request.target.contains("type=all") => {
            let one = repository("org/renamed", &json!({}));
            let two = repository("org/away", &json!({}));
            Some(Response::new(200, json!([one, two]).to_string()))
        }
        "/api/v3/repos/org/away/pulls" => Some(Response::new(200, "[]").header("Link", &format!("<{next}/x>; rel=\"next\""))),
        "/org/renamed.git/info/refs" => Some(Response::new(301, "").header("Location", "/org/one.git/info/refs?service=git-upload-pack")),
        "/org/away.git/info/refs" => {
            Some(Response::new(302, "").header("Location", &format!("{away}/x/info/refs?service=git-upload-pack")))
        }
        _ => None,
    });
    organisation(&forge, &["one"]);
    for name in ["renamed", "away"] {
        for list in ["pulls", "pulls/comments", "issues/comments"] {
            forge.list(&format!("/repos/org/{name}/{list}"), &[]);
        }
    }
    let ran = scan(&forge, "github://org", &[]);
    ran.has("github://org/renamed:settings.env", &secret(1), 2);
    let leads = "the host leads elsewhere, where these credentials do not go";
    assert_eq!((ran.errors["github://org/away"].as_str(), ran.errors["github://org/away/pulls"].as_str()), (leads, leads));
    assert_eq!((ran.status, met.load(Ordering::SeqCst)), (2, 0), "nobody else was asked");
    for request in forge.requests() {
        assert!(!request.target.contains(TOKEN), "{}", request.target);
    }
}

#[test]
fn false_credentials_are_refused_and_not_shown() {
    let forge = Forge::start("/api/v3", |_, _| None);
    organisation(&forge, &["one"]);
    let file = forge.scratch.path().join("token");
    std::fs::write(&file, "another-token\n").expect("a file");
    let ran = scan(&forge, "github://org", &["--token-file", &file.display().to_string()]);
    assert_eq!((ran.status, ran.errors["github://org"].as_str()), (2, "access is refused (status 401)"));
    assert!(!ran.said.contains("another-token"));
    for wrong in ["github://", "github://a/b/c", "gitlab://a/../b"] {
        assert_eq!(scan(&forge, wrong, &[]).status, 2, "{wrong}");
    }
}

#[test]
fn an_end_by_force_loses_nothing() {
    let (held, reached) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let (holding, reaching) = (Arc::clone(&held), Arc::clone(&reached));
    let forge = Forge::start("/api/v3", move |request, _| {
        // The pack of the second repository comes when the first was fetched and scanned.
        if request.path() == "/org/two.git/git-upload-pack" && String::from_utf8_lossy(&request.body).contains("command=fetch") {
            reaching.store(true, Ordering::SeqCst);
            while holding.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        None
    });
    organisation(&forge, &["one", "two"]);
    let mut child = command(&forge, "github://org", &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command runs");
    assert_eventually!(within Duration::from_secs(60), reached.load(Ordering::SeqCst));
    child.kill().expect("it can be killed");
    child.wait().expect("it can be waited for");
    held.store(false, Ordering::SeqCst);
    let _ = forge.requests();

    let ran = scan(&forge, "github://org", &[]);
    ran.has("github://org/one:settings.env", &secret(1), 2);
    ran.has("github://org/two:settings.env", &secret(2), 2);
    assert_eq!((ran.places.len(), ran.status), (2, 1));
    let fetched: Vec<_> =
        forge.requests().into_iter().filter(|request| String::from_utf8_lossy(&request.body).contains("command=fetch")).collect();
    assert_eq!(fetched.len(), 1, "the first repository was in the cache");
    assert_eq!(scan(&forge, "github://org", &[]).status, 0);
}

#[test]
fn the_ledger_says_what_was_not_looked_at_again() {
    use lanius::coverage::State;
    use lanius::hosting::{self, Clock, Endpoint, Forge as Kind, Host, Options, Target};
    let forge = Forge::start("/api/v3", |_, _| None);
    organisation(&forge, &["one", "two"]);
    let engine = lanius::scan::Engine::new(lanius::rules::built_in());
    let target = Target::parse("github://org").expect("a target").expect("a sound one");
    let run = || {
        let clock = Clock { now: || 0, sleep: |_| {} };
        let endpoint = Endpoint::at(Kind::GitHub, &forge.url()).expect("loopback");
        let host = Host::new(endpoint, Some(menagerie_secret::Secret::new(TOKEN.to_owned())), clock).expect("a client");
        let options = Options {
            cache: forge.cache(),
            no_forks: false,
            no_archived: false,
            no_issues: false,
            include: hosting::globs(&[]).expect("none"),
            exclude: hosting::globs(&["t*".to_owned()]).expect("a glob"),
            largest: 1 << 30,
            threads: 1,
            keep_all: false,
            asked: "test".to_owned(),
        };
        hosting::scan(&engine, &target, &host, &options, &lanius::source::Progress::default())
    };
    let reasons = |ledger: &lanius::coverage::Ledger| -> Vec<(String, String)> {
        let told = |state: &State| match state {
            State::Skipped { reason } | State::Error { reason } => reason.clone(),
            State::Scanned | State::Opened => String::new(),
        };
        ledger.entries.iter().map(|entry| (entry.source.clone(), told(&entry.state))).collect()
    };
    let pair = |source: &str, reason: &str| (source.to_owned(), reason.to_owned());
    let (found, ledger, pending) = run();
    assert_eq!((found.len(), reasons(&ledger)), (1, vec![pair("github://org/two", "among --exclude")]));
    drop(pending);
    let (found, _, pending) = run();
    assert_eq!(found.len(), 1, "no report was out: it is told again");
    pending.commit().expect("the cache takes notes");
    let (found, ledger, pending) = run();
    assert_eq!(found.len(), 0);
    assert_eq!(reasons(&ledger)[0], pair("github://org/one", "nothing is new since an earlier run"));
    pending.commit().expect("the cache takes notes");
    let work = menagerie_tests::GitFolder::init(&forge.scratch.path().join("work/org/one"), &[]);
    work.commit("more.env", format!("TOKEN={}\n", secret(90)));
    push(&work);
    let (found, ledger, _) = run();
    assert_eq!(found.len(), 1);
    assert_eq!(reasons(&ledger)[0], pair("github://org/one", "what 1 tips lead to was scanned in an earlier run"));
}
