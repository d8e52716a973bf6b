use std::path::Path;
use std::time::{Duration, SystemTime};

use menagerie_config::MapEnvironment;
use menagerie_sign::{KeyType, LocalSigner};
use menagerie_store::log::Memory;
use serde_json::{Value, json};

use super::*;
use crate::certificate::{self, Certificate};
use crate::config::{self, LocalUser};

const NOW: u64 = 1_772_000_000;

struct Bench {
    issuer: Issuer,
    log: Memory,
    ca_line: String,
}

fn bench(toml: &str) -> Bench {
    let text = format!("[ca]\nkey_file = \"unused\"\n{toml}");
    let settings = config::parse(Path::new("bless.toml"), &text, &MapEnvironment::default()).expect("settings");
    with_settings(settings)
}

fn with_settings(settings: Settings) -> Bench {
    let signer = LocalSigner::generate(KeyType::Ed25519).expect("a key");
    let ca_line = menagerie_sign::ssh::public_key_line(menagerie_sign::Signer::public_key(&signer), "ca");
    let authority = Authority::new(Box::new(signer)).expect("an authority");
    let log = Memory::new();
    let clients = Arc::new(AwsClients::new(settings.aws.clone()));
    let clock: Clock = Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(NOW));
    let issuer = Issuer::new(settings, AuthoritySource::ready(authority), clients, Log::open(log.clone()), clock).expect("an issuer");
    Bench { issuer, log, ca_line }
}

/// A kind of key that the shared crate has and OpenSSH does not.
#[test]
fn a_ca_key_that_openssh_does_not_know_is_refused_by_name() {
    let signer = LocalSigner::generate(KeyType::MlDsa(menagerie_sign::MlDsa::MlDsa65)).expect("a key");
    let refused = Authority::new(Box::new(signer)).err().expect("it is refused").to_string();
    assert!(refused.contains("ML-DSA-65") && refused.contains("OpenSSH does not know"), "{refused}");
}

const OPEN: &str = "[authentication]\nrequired = false\n";

fn call(caller: Caller) -> Call {
    Call { request_id: "req-1".into(), function_arn: "arn:aws:lambda:us-east-1:111122223333:function:bless".into(), caller }
}

fn key() -> String {
    let signer = LocalSigner::generate(KeyType::Ed25519).expect("a key");
    menagerie_sign::ssh::public_key_line(menagerie_sign::Signer::public_key(&signer), "alice@laptop")
}

fn event() -> Value {
    json!({"bastion_ips": "10.0.0.1", "bastion_user": "alice", "bastion_user_ip": "192.0.2.7", "command": "ssh db1",
        "public_key_to_sign": key(), "remote_usernames": "alice"})
}

fn with(field: &str, value: Value) -> Value {
    let mut event = event();
    event[field] = value;
    event
}

impl Bench {
    async fn ask(&self, event: &Value, caller: Caller) -> Answer {
        self.issuer.answer(None, event.to_string().as_bytes(), &call(caller)).await
    }

    async fn certificate(&self, event: &Value, caller: Caller) -> Vec<u8> {
        match self.ask(event, caller).await {
            Answer::Certificate(line) => certificate::blob_of(line.as_bytes()).expect("a certificate").into_owned(),
            Answer::Refused(refusal) => panic!("{refusal}"),
        }
    }

    async fn refusal(&self, event: &Value, caller: Caller) -> Refusal {
        match self.ask(event, caller).await {
            Answer::Certificate(line) => panic!("{line}"),
            Answer::Refused(refusal) => refusal,
        }
    }

    fn last(&self) -> Value {
        serde_json::from_str(self.log.lines().last().expect("a line")).expect("JSON")
    }
}

fn read(blob: &[u8]) -> Certificate<'_> {
    certificate::read(blob).expect("a certificate")
}

#[tokio::test]
async fn a_user_certificate_is_what_bless_issues() {
    let bench = bench(OPEN);
    let blob = bench.certificate(&event(), Caller::Lambda).await;
    let certificate = read(&blob);
    assert_eq!((certificate.valid_after, certificate.valid_before), (NOW - 120, NOW + 3_600));
    let key_id = String::from_utf8(certificate.key_id.to_vec()).expect("text");
    assert!(key_id.starts_with("request[req-1] for[alice] from[192.0.2.7] command[ssh db1] ssh_key[ED25519 "), "{key_id}");
    assert!(key_id.ends_with("]  ca[arn:aws:lambda:us-east-1:111122223333:function:bless] valid_to[2026/02/25 07:13:20]"), "{key_id}");
    assert_eq!(certificate.critical_options.len(), 1);
    assert_eq!(certificate.critical_options[0].text(), Some(&b"10.0.0.1"[..]));
    assert_eq!(certificate.extensions.len(), 5);
}

/// Hole of BLESS: the serial is always 0.
#[tokio::test]
async fn serials_differ() {
    let bench = bench(OPEN);
    let (one, two) = (bench.certificate(&event(), Caller::Lambda).await, bench.certificate(&event(), Caller::Lambda).await);
    assert!(read(&one).serial != 0 && read(&one).serial != read(&two).serial);
}

#[tokio::test]
async fn the_comment_is_the_keys_own_or_bless_text() {
    let bench = bench(OPEN);
    let Answer::Certificate(line) = bench.ask(&event(), Caller::Lambda).await else { panic!("a certificate") };
    assert!(line.ends_with(" alice@laptop"), "{line}");
    let bare = key().rsplit_once(' ').expect("a comment").0.to_owned();
    let Answer::Certificate(line) = bench.ask(&with("public_key_to_sign", json!(bare)), Caller::Lambda).await else {
        panic!("a certificate")
    };
    assert!(line.contains(" Certificate type[1] principals[alice] with the id[request[req-1] for[alice]"), "{line}");
}

#[tokio::test]
async fn the_test_user_gets_an_expired_certificate() {
    let settings = bench(&format!("{OPEN}[user]\ntest_user = \"probe\"\n"));
    for event in [with("bastion_user", json!("probe")), with("remote_usernames", json!("probe"))] {
        let blob = settings.certificate(&event, Caller::Lambda).await;
        assert_eq!((read(&blob).valid_after, read(&blob).valid_before), (NOW + 1, NOW));
    }
}

/// An answer without an authenticated caller is logged as such; the caller's claims stand apart from what was verified.
#[tokio::test]
async fn the_log_tells_claimed_from_verified() {
    let bench = bench(OPEN);
    bench.certificate(&event(), Caller::Lambda).await;
    let line = bench.last();
    assert_eq!((line["type"].as_str(), line["authenticated"].as_bool()), (Some("issued"), Some(false)));
    assert_eq!((&line["verified"], line["claimed"]["user"].as_str()), (&Value::Null, Some("alice")));
    let user = LocalUser { user: "alice".into(), principals: vec!["alice".into()] };
    bench.certificate(&event(), Caller::Process { uid: 1000, user: Some(user) }).await;
    let line = bench.last();
    assert_eq!((line["authenticated"].as_bool(), line["verified"]["user"].as_str()), (Some(true), Some("alice")));
    assert_eq!((line["verified"]["method"].as_str(), line["origin"].as_str()), (Some("uid"), Some("uid:1000")));
}

/// Hole of BLESS: the token is logged in clear.
#[tokio::test]
async fn the_token_is_never_logged() {
    let bench = bench(
        "[authentication.kmsauth]\nkey_ids = [\"k\"]\nservice_id = \"s\"\n[aws]\nregion = \"us-east-1\"\nendpoint_url = \"http://127.0.0.1:1\"\n",
    );
    let refusal = bench.refusal(&with("kmsauth_token", json!("U0VDUkVUVE9LRU4=")), Caller::Lambda).await;
    assert_eq!(refusal.error_type, ErrorType::KmsAuthValidation);
    let log = bench.log.lines().join("\n");
    assert!(log.contains("refused") && !log.contains("U0VDUkVUVE9LRU4"), "{log}");
}

#[tokio::test]
async fn a_caller_whom_nothing_verifies_is_refused_by_default() {
    let bench = bench("");
    for caller in [Caller::Lambda, Caller::Process { uid: 7, user: None }, Caller::Token { user: None }] {
        assert_eq!(bench.refusal(&event(), caller).await.error_type, ErrorType::InputValidation);
        assert_eq!(bench.last()["type"], "refused");
    }
}

#[tokio::test]
async fn a_local_user_gets_its_own_principals_only() {
    let bench = bench("");
    let caller =
        || Caller::Process { uid: 1, user: Some(LocalUser { user: "alice".into(), principals: vec!["alice".into(), "ops".into()] }) };
    bench.certificate(&with("remote_usernames", json!("ops,alice")), caller()).await;
    let refusal = bench.refusal(&with("remote_usernames", json!("root")), caller()).await;
    assert!(refusal.message.contains("\"root\" is none of the principals"), "{refusal}");
    let refusal = bench.refusal(&with("bastion_user", json!("bob")), caller()).await;
    assert!(refusal.message.contains("Must be"), "{refusal}");
}

#[tokio::test]
async fn kmsauth_is_checked_as_in_bless() {
    let kmsauth = "[authentication.kmsauth]\nkey_ids = [\"k\"]\nservice_id = \"s\"\n";
    let own = bench(kmsauth);
    assert_eq!(own.refusal(&event(), Caller::Lambda).await, Refusal::invalid("Invalid request, missing kmsauth token"));
    let mut event = with("kmsauth_token", json!("eA=="));
    event["remote_usernames"] = json!("root");
    assert_eq!(own.refusal(&event, Caller::Lambda).await, Refusal::unauthorized("remote_usernames must be the same as bastion_user"));
    let listed = bench(&format!("{kmsauth}principals = [\"ubuntu\"]\n"));
    assert_eq!(listed.refusal(&event, Caller::Lambda).await, Refusal::unauthorized("unallowed remote_usernames [root]"));
}

/// Hole of BLESS: the CA's own key is certified, so that whoever holds the CA is whoever it names.
#[tokio::test]
async fn the_authoritys_own_key_is_refused() {
    let bench = bench(OPEN);
    let refusal = bench.refusal(&with("public_key_to_sign", json!(bench.ca_line)), Caller::Lambda).await;
    assert!(refusal.message.contains("certificate authority's own key"), "{refusal}");
}

/// Hole of BLESS: control characters or `]` in the command forge the key ID.
#[tokio::test]
async fn a_command_cannot_forge_the_key_id() {
    let bench = bench(OPEN);
    let blob = bench.certificate(&with("command", json!("x] valid_to[never]\nAccepted publickey")), Caller::Lambda).await;
    let key_id = String::from_utf8(read(&blob).key_id.to_vec()).expect("text");
    assert!(key_id.contains("command[x%5D valid_to[never%5D%0AAccepted publickey] ssh_key["), "{key_id}");
}

/// Hole of BLESS: no authorization at all on host certificates.
#[tokio::test]
async fn host_certificates_need_an_entry() {
    let host = |names: &str| json!({"hostnames": names, "public_key_to_sign": key()});
    let off = bench(OPEN);
    assert!(off.refusal(&host("db1"), Caller::Lambda).await.message.contains("not allowed for arn:aws:lambda"));

    let allow = "[[host.allow]]\nfunction = \"arn:aws:lambda:us-east-1:111122223333:function:bless\"\nnames = [\"db1\", \"*.web.example.com\"]\n\
        [[host.allow]]\nuser = \"alice\"\nnames = [\"*.lab.example.com\"]\nwildcards = true\n";
    let on = bench(&format!("{OPEN}{allow}"));
    let blob = on.certificate(&host("db1,a.web.example.com"), Caller::Lambda).await;
    let certificate = read(&blob);
    assert_eq!((certificate.valid_after, certificate.valid_before), (NOW - 120, NOW + 31_536_000));
    assert!(certificate.critical_options.is_empty() && certificate.extensions.is_empty());
    assert!(String::from_utf8_lossy(certificate.key_id).starts_with("request[req-1] ssh_key[ED25519 "));
    assert!(on.refusal(&host("db2"), Caller::Lambda).await.message.contains("\"db2\" is none of the names"));
    // Whoever is on this machine did not invoke the function.
    assert!(on.refusal(&host("db1"), Caller::Process { uid: 1, user: None }).await.message.contains("not allowed"));
    let alice = || Caller::Token { user: Some(LocalUser { user: "alice".into(), principals: vec![] }) };
    on.certificate(&host("x.lab.example.com"), alice()).await;
    // A pattern is certified where an entry says so, and nowhere else.
    on.certificate(&host("*.lab.example.com"), alice()).await;
    assert!(on.refusal(&host("*.web.example.com"), Caller::Lambda).await.message.contains("none of the names"));
    assert!(on.refusal(&host("db1"), alice()).await.message.contains("none of the names"));
}

/// BLESS raised; here each is an answer, and the next request is answered as well.
#[tokio::test]
async fn what_is_no_request_gets_an_answer() {
    let bench = bench(OPEN);
    let large = vec![b' '; MAX_EVENT_BYTES + 1];
    let deep = "[".repeat(100_000);
    for event in [&b""[..], b"{", b"\xff\xfe", b"null", b"5", b"[1]", deep.as_bytes(), &large] {
        let answer = bench.issuer.answer(Some(Kind::User), event, &call(Caller::Lambda)).await;
        assert!(matches!(answer, Answer::Refused(Refusal { error_type: ErrorType::InputValidation, .. })), "{answer:?}");
    }
    bench.certificate(&event(), Caller::Lambda).await;
    assert_eq!(bench.log.lines().len(), 9);
}

/// What one caller writes into its request costs no other caller its answer, and its refusal is logged.
#[tokio::test]
async fn an_event_full_of_control_characters_is_one_line_of_the_log() {
    let bench = bench(OPEN);
    let mut hostile = event();
    for field in ["command", "bastion_user", "bastion_user_ip"] {
        hostile[field] = json!("\u{1}".repeat(30_000));
    }
    let mut decisions = Vec::new();
    for event in
        [&event(), &hostile, &with("remote_usernames", json!("é".repeat(40_000))), &with("command", json!("]".repeat(20_000))), &event()]
    {
        decisions.push(bench.issuer.decide(None, event.to_string().as_bytes(), &call(Caller::Lambda)).await);
    }
    let answers = bench.issuer.commit(decisions).await;
    let issued: Vec<bool> = answers.iter().map(|answer| matches!(answer, Answer::Certificate(_))).collect();
    assert_eq!(issued, [true, false, false, false, true], "{answers:?}");
    assert_eq!(bench.log.lines().len(), 5);
    // Nor does what an emulator says of the invocation.
    let long = Call { request_id: "r".repeat(100_000), function_arn: "a".repeat(100_000), caller: Caller::Lambda };
    assert!(matches!(bench.issuer.answer(None, event().to_string().as_bytes(), &long).await, Answer::Refused(_)));
    assert_eq!(bench.log.lines().len(), 6);
}

/// A refusal names the key and the principals that were asked for, also where they are malformed, and who was verified to ask.
#[tokio::test]
async fn a_refusal_is_logged_with_what_was_asked_for() {
    let bench = bench("");
    let mut event = with("remote_usernames", json!("ro ot"));
    event["bastion_ips"] = json!("nowhere");
    bench.refusal(&event, Caller::Lambda).await;
    let line = bench.last();
    assert_eq!(line["claimed"]["principals"], "ro ot");
    let user = LocalUser { user: "alice".into(), principals: vec!["alice".into()] };
    bench.refusal(&with("remote_usernames", json!("root")), Caller::Process { uid: 1, user: Some(user) }).await;
    let line = bench.last();
    assert_eq!((line["verified"]["user"].as_str(), line["principals"][0].as_str()), (Some("alice"), Some("root")));
    assert!(line["key"]["fingerprint"].as_str().is_some_and(|text| text.starts_with("SHA256:")));
}

/// Fail closed: no certificate leaves that the log does not hold.
#[tokio::test]
async fn without_a_log_nothing_is_issued() {
    let bench = bench(OPEN);
    bench.log.fail_always(true);
    let refusal = bench.refusal(&event(), Caller::Lambda).await;
    assert!(refusal.is_fault() && refusal.message.contains("No certificate was issued"), "{refusal}");
    bench.log.fail_always(false);
    bench.certificate(&event(), Caller::Lambda).await;
}

/// Hole of BLESS's peers: a caller's critical options take the place of the defaults.
#[tokio::test]
async fn critical_options_are_merged_and_never_replaced() {
    let bench = bench(&format!("{OPEN}[user]\nforce_command = \"/bin/true\"\n[user.source_address]\nwithin = [\"10.0.0.0/8\"]\n"));
    let blob = bench.certificate(&event(), Caller::Lambda).await;
    let options: Vec<_> = read(&blob).critical_options.iter().map(|o| (o.name, o.text())).collect();
    assert_eq!(options, [(&b"force-command"[..], Some(&b"/bin/true"[..])), (b"source-address", Some(b"10.0.0.1"))]);

    let request = AdministratorRequest {
        kind: Kind::User,
        public_key: key(),
        principals: vec!["root".into()],
        validity_seconds: None,
        key_id: None,
        source_address: None,
        force_command: Some("/bin/sh".into()),
        verify_required: false,
        extensions: Some(Vec::new()),
        host_wildcards: false,
    };
    let sign = async |request: &AdministratorRequest| {
        let decision = bench.issuer.decide_administrator(request, &call(Caller::Administrator { uid: Some(0) })).await;
        bench.issuer.commit(vec![decision]).await.pop().expect("an answer")
    };
    let Answer::Refused(refusal) = sign(&request).await else { panic!("the default was replaced") };
    assert!(refusal.message.contains("no other can take its place"), "{refusal}");
    let Answer::Certificate(line) = sign(&AdministratorRequest { force_command: None, ..request.clone() }).await else { panic!("refused") };
    let blob = certificate::blob_of(line.as_bytes()).expect("a certificate");
    let options: Vec<_> = read(&blob).critical_options.iter().map(|o| (o.name, o.text())).collect();
    assert_eq!(options, [(&b"force-command"[..], Some(&b"/bin/true"[..])), (b"source-address", Some(b"10.0.0.0/8"))]);
    let outside = SourceAddress::parse("192.0.2.0/24").expect("a network");
    assert!(matches!(
        sign(&AdministratorRequest { source_address: Some(outside), force_command: None, ..request }).await,
        Answer::Refused(_)
    ));
}

#[test]
fn answers_are_those_of_bless() {
    for line in ["ssh-ed25519 AAAA a", "a \"b\"", "a\\b", "é", "a\u{1}b", ""] {
        let parsed: Value = serde_json::from_str(&Answer::Certificate(line.into()).to_json()).expect("JSON");
        assert_eq!(parsed, json!({ "certificate": line }));
    }
    assert_eq!(Answer::Certificate("a b".into()).to_json(), r#"{"certificate": "a b"}"#);
    assert_eq!(Answer::Refused(Refusal::unauthorized("no")).to_json(), r#"{"errorType": "KMSAuthValidationError", "errorMessage": "no"}"#);
}

use crate::certificate::SourceAddress;
