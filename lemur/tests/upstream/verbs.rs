//! `lemur certificate` with an authority elsewhere: what is pending is seen by its number, and waited for.

use menagerie_tests::ChallengeServer;
use menagerie_tests::process::{Finished, free_port};
use serde_json::{Value, json};

use super::front::{Answer, Do, Front};
use super::pebble::{Manner, Pebble};
use super::served::{Place, with_upstream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_certificate_is_followed_and_waited_for_by_the_command_line() {
    let chall = ChallengeServer::start();
    let http_port = free_port();
    let pebble = Pebble::start(&chall, http_port, Manner::default());
    let front = Front::start(&pebble).await;
    let place = Place::new(None, http_port);
    place.configure(&with_upstream(&front.directory(), &pebble.root()));
    let lemur = |line: &str| -> Finished { place.lemur(&line.split(' ').collect::<Vec<_>>()) };
    let shown = |line: &str| lemur(line).success().text();
    for name in ["a.example.org", "b.example.org"] {
        chall.addresses(name, &["127.0.0.1"]);
    }

    // No server runs: it waits, and the next step is told.
    let _ = lemur("authority create le --upstream elsewhere").success();
    let issued = lemur("certificate issue --authority le --name a.example.org --out .").success();
    assert!(issued.stderr.contains("pending as number 1") && issued.stderr.contains("certificate pending show 1"), "{}", issued.stderr);
    let listed = shown("certificate pending list");
    assert!(listed.starts_with("1 ") && ["waiting", "le", "a.example.org"].iter().all(|word| listed.contains(word)), "{listed}");
    let late = lemur("certificate issue --authority le --name b.example.org --wait 1 --out .");
    assert!(late.status == Some(2) && late.stderr.contains("number 2 is still pending after 1 second"), "{}", late.stderr);
    assert_eq!(lemur("certificate pending show 3").status, Some(2));

    let server = place.serve();
    for pending in [1, 2] {
        let _ = server.issued(pending);
    }
    assert_eq!(shown("certificate pending list"), "");
    let said = shown("certificate pending show 1");
    assert!(said.contains("state:       issued") && said.contains("for:         a.example.org"), "{said}");
    let number = said.lines().find_map(|line| line.strip_prefix("certificate: ")).unwrap();
    assert!(shown(&format!("certificate show {number}")).contains("for:         a.example.org"));
    let all: Value = serde_json::from_str(&shown("certificate pending list --all --json")).unwrap();
    let states: Vec<_> = all["pending"].as_array().unwrap().iter().map(|one| (one["id"].as_i64(), one["state"].as_str())).collect();
    assert_eq!(states, [(Some(2), Some("issued")), (Some(1), Some("issued"))], "{all}");

    // One that is waited for is written.
    let written = shown("certificate issue --authority le --name a.example.org --wait 120 --out .");
    assert_eq!(written.lines().count(), 2, "{written}");
    let names = ["pem", "key"].map(|kind| written.lines().find(|path| path.ends_with(kind)).unwrap().to_owned());
    assert!(names.iter().all(|name| place.data().parent().unwrap().join(name).exists()), "{written}");

    // One that the upstream refuses is told, with why.
    front.rule(|exchange| {
        let problem = json!({"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "not that one"}).to_string();
        let here = exchange.path == "/order-plz" && exchange.answer.is_some_and(|answer| answer.status.is_success());
        if here { Do::Answer(Answer::new(400, &[], problem)) } else { Do::On }
    });
    let refused = lemur("certificate issue --authority le --name b.example.org --wait 120 --out .");
    assert!(refused.status == Some(2) && refused.stderr.contains("number 4 was given up"), "{}", refused.stderr);
    assert!(refused.stderr.contains("rejectedIdentifier: not that one"), "{}", refused.stderr);
    let said = shown("certificate pending show 4");
    assert!(said.contains("attempts:    1 failed, the last: ") && said.contains("not that one"), "{said}");
}
