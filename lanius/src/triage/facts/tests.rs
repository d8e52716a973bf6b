//! Facts of made values: each kind, what it weighs, and that no fact holds a secret.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use menagerie_secret::Secret;
use menagerie_tests::{Namespace, keys};

use super::*;
use crate::triage::Place;

const NOW: &str = "2026-06-01T00:00:00Z";

fn built_in(id: &str) -> Rule {
    crate::rules::built_in().into_iter().find(|rule| rule.definition.id == id).unwrap_or_else(|| panic!("there is a rule {id}"))
}

/// The assessment of a secret that a rule found between two texts.
fn assessed(rule: &str, before: &str, secret: &str, after: &str) -> Assessment {
    let rule = built_in(rule);
    let place = Place {
        path: "x".to_owned(),
        line: 1,
        end_line: 1,
        column: 1,
        confidence: 90,
        reasons: Vec::new(),
        before: before.to_owned(),
        after: after.to_owned(),
        encodings: Vec::new(),
        lineage: None,
        fingerprint: "c1:0".to_owned(),
        column_facts: None,
        inline: None,
    };
    let verdict = rule.check(secret.as_bytes());
    let finding = Finding {
        rule: 0,
        verdict,
        secret: Secret::new(secret.as_bytes().to_vec()),
        places: vec![place],
        value_hash: None,
        known: None,
        verification: None,
    };
    let assessment = assess(&finding, &rule, NOW.parse().unwrap());
    for fact in &assessment.facts {
        assert!(
            fact.value.len() < 8 || !secret.contains(&fact.value) || ["workspace", "cipher"].contains(&fact.name.as_str()),
            "{fact:?} holds a part of the secret"
        );
        assert!(!fact.value.contains(secret), "{fact:?}");
    }
    assessment
}

fn text(assessment: &Assessment) -> String {
    assessment.facts.iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect::<Vec<_>>().join(" ")
}

fn jwt(header: &str, claims: &str) -> String {
    format!("{}.{}.c2lnbmF0dXJlc2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

#[test]
fn an_aws_key_id_names_its_account() {
    let told = assessed("aws-access-key-id", "", "AKIAQYLPMN5HHHFPZAM2", "");
    assert_eq!(text(&told), "checksum=valid type=access key of a user, long-term account=052310077262");
    assert_eq!(told.severity, Severity::High);
}

#[test]
fn a_token_tells_issuer_audience_and_times_and_no_more() {
    let claims =
        r#"{"iss":"https://id.test","aud":["a","b"],"sub":"ann@corp.test","email":"ann@corp.test","iat":1770000000,"exp":1790000000.5}"#;
    let told = assessed("jwt", "", &jwt(r#"{"alg":"RS256"}"#, claims), "");
    let expected = "checksum=valid algorithm=RS256 issuer=https://id.test audience=a, b issued=2026-02-02T02:40:00Z \
                    expires=2026-09-21T14:13:20Z expired=no";
    assert_eq!(text(&told), expected);
    assert_eq!((told.severity, told.reasons.len()), (Severity::Medium, 0));
}

#[test]
fn an_expired_token_costs_less() {
    let told = assessed("jwt", "", &jwt(r#"{"alg":"HS256"}"#, r#"{"exp":1500000000}"#), "");
    assert!(text(&told).ends_with("expires=2017-07-14T02:40:00Z expired=yes"));
    assert_eq!(told.severity, Severity::Low);
    assert_eq!(told.reasons, ["severity low in place of medium: it expired on 2017-07-14"]);
    let told = assessed("jwt", "", &jwt(r#"{"alg":"none"}"#, r#"{"exp":99999999999999999}"#), "");
    assert_eq!(told.reasons, ["severity low in place of medium: it is not signed"]);
    assert!(text(&told).ends_with("algorithm=none expires=never"), "a time beyond all times is none: {}", text(&told));
}

#[test]
fn hostile_tokens_tell_little() {
    let long = format!(r#"{{"iss":"{}","aud":[{}1],"exp":"x"}}"#, "i".repeat(5000), "[],".repeat(900));
    let told = assessed("jwt", "", &jwt(r#"{"alg":"HS256"}"#, &long), "");
    assert!(told.facts.iter().all(|fact| fact.value.chars().count() <= LONGEST + 1));
    for broken in ["ey", "ey.ey.ey", "eyJ", &jwt("[]", "{}"), &jwt("{}", "null"), &jwt(r#"{"alg":5}"#, &"[".repeat(4000))] {
        assert!(assessed("jwt", "", broken, "").facts.iter().all(|fact| fact.name == "checksum" || fact.value == "never"), "{broken}");
    }
}

#[test]
fn a_connection_tells_host_user_and_database() {
    let told = assessed("postgres-uri", "URL=\"postgres://app:", "kX9dQ2mPz7", "@db.corp.test:5432/main?sslmode=require\"");
    assert_eq!(text(&told), "scheme=postgres user=app host=db.corp.test port=5432 database=main");
    assert_eq!(told.severity, Severity::High);
    for here in ["localhost", "127.0.0.1", "[::1]:5432"] {
        let told = assessed("postgres-uri", "postgres://app:", "kX9dQ2mPz7", &format!("@{here}/main"));
        assert_eq!(told.reasons, ["severity medium in place of high: the host is the machine itself"], "{here}");
    }
    let told =
        assessed("generic-password", "dsn = \"Server=tcp:sql.corp.test,1433;User Id=app;Password=", "kX9dQ2mPz7", ";Database=main;\"");
    assert_eq!(text(&told), "host=sql.corp.test,1433 user=app database=main");
    assert_eq!(text(&assessed("generic-password", "a = 1; b = ", "kX9dQ2mPz7", "")), "");
    assert_eq!(text(&assessed("generic-password", "é://é:", "kX9dQ2mPz7", "@é/é")), "user=é host=é database=é");
}

#[test]
fn services_tokens_tell_their_kind() {
    assert_eq!(text(&assessed("slack-bot-token", "", "xoxb-123456789012-abc", "")), "type=bot token workspace=123456789012");
    assert_eq!(text(&assessed("gitlab-pat", "", "glpat-abcdefghij", "")), "type=personal, project or group access token");
    let test = assessed("generic-key", "", "sk_test_abcdef", "");
    assert_eq!((text(&test).as_str(), test.severity), ("mode=test", Severity::Medium));
    let account = assessed(
        "gcp-service-account-key",
        "\"private_key\": \"",
        "x",
        "\", \"client_email\": \"bot@corp-prod-1.iam.gserviceaccount.com\"",
    );
    assert_eq!(text(&account), "account=bot@corp-prod-1.iam.gserviceaccount.com project=corp-prod-1");
    let signed = assessed("azure-sas-signature", "https://a.test/c?sp=r&se=2026-05-31T23%3A59%3A00Z&sig=", "c2lnbmF0dXJl", "&sv=1");
    assert_eq!((text(&signed).as_str(), signed.reasons.len()), ("expires=2026-05-31T23:59:00Z expired=yes", 1));
    let link = assessed("aws-presigned-url", "?X-Amz-Date=20260531T235900Z&X-Amz-Expires=120&X-Amz-Signature=", "0a1b", "");
    assert_eq!(text(&link), "expires=2026-06-01T00:01:00Z expired=no");
}

/// Keys that `ssh-keygen` made: what we tell of them is what it tells.
#[test]
fn openssh_keys_are_told_as_ssh_keygen_tells_them() {
    let folder = Namespace::new("facts");
    for (arguments, passphrase, expected) in [
        (&["-t", "ed25519"][..], "", "key_type=Ed25519"),
        (&["-t", "rsa", "-b", "2048"], "", "key_type=RSA bits=2048"),
        (&["-t", "ecdsa", "-b", "384"], "a passphrase", "key_type=ECDSA curve=P-384"),
    ] {
        let file = folder.file(expected);
        let path = file.to_str().unwrap();
        let _ = keys::ssh_keygen([&["-q", "-N", passphrase, "-f", path][..], arguments].concat()).success();
        let listed = keys::ssh_keygen(["-l", "-f", path]).success().text();
        let fingerprint = listed.split(' ').nth(1).unwrap();
        let told = assessed("openssh-private-key", "", std::fs::read_to_string(&file).unwrap().trim_end(), "");
        let encrypted = if passphrase.is_empty() { "no" } else { "yes" };
        assert_eq!(text(&told), format!("{expected} public_key={fingerprint} encrypted={encrypted}"));
        assert_eq!(told.severity, if passphrase.is_empty() { Severity::Critical } else { Severity::High });
    }
}

/// Keys that `openssl` made, in the forms it writes; their fingerprints are those that `ssh-keygen` gives for their public halves.
#[test]
fn openssl_keys_are_told_in_every_form() {
    let folder = Namespace::new("facts");
    let run = |arguments: &[&str], input: &[u8]| keys::openssl(arguments, input).success().text();
    let rsa = run(&["genrsa", "2048"], b"");
    let ec = run(&["ecparam", "-name", "prime256v1", "-genkey", "-noout"], b"");
    let forms = [
        ("private-key-pem", rsa.clone(), "key_type=RSA bits=2048"),
        ("private-key-pem", run(&["rsa", "-traditional"], rsa.as_bytes()), "key_type=RSA bits=2048"),
        ("private-key-pem", ec.clone(), "key_type=ECDSA curve=P-256"),
        ("private-key-pem", run(&["pkcs8", "-topk8", "-nocrypt"], ec.as_bytes()), "key_type=ECDSA curve=P-256"),
    ];
    for (rule, pem, expected) in forms {
        let public = folder.write("public", run(&["pkey", "-pubout"], pem.as_bytes()));
        let line = keys::ssh_keygen(["-i", "-m", "PKCS8", "-f", public.to_str().unwrap()]).success().text();
        let listed = keys::ssh_keygen(["-l", "-f", folder.write("line", line).to_str().unwrap()]).success().text();
        let expected = format!("{expected} public_key={} encrypted=no", listed.split(' ').nth(1).unwrap());
        // As a file, and as a string of a program.
        for text_of_key in [pem.trim_end().to_owned(), pem.trim_end().replace('\n', "\\n")] {
            assert_eq!(text(&assessed(rule, "", &text_of_key, "")), expected);
        }
    }
    let pkcs8 = run(&["pkcs8", "-topk8", "-passout", "pass:secret"], rsa.as_bytes());
    let told = assessed("private-key-pem-encrypted", "", pkcs8.trim_end(), "");
    assert_eq!((text(&told).as_str(), told.severity), ("encrypted=yes", Severity::Medium));
    let traditional = run(&["rsa", "-traditional", "-aes128", "-passout", "pass:secret"], rsa.as_bytes());
    let told = assessed("private-key-pem", "", traditional.trim_end(), "");
    assert_eq!((text(&told).as_str(), told.severity), ("key_type=RSA cipher=AES-128-CBC encrypted=yes", Severity::High));
    let cut = rsa.replacen(&rsa[200..400], "", 1);
    assert_eq!(text(&assessed("private-key-pem", "", cut.trim_end(), "")), "readable=no: it is cut, altered or not a key");
}
