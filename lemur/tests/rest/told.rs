//! What an answer has to tell beside that something was done, and what certificates that were made elsewhere are shown as.

use menagerie_tests::keys::openssl;
use serde_json::json;

use super::support::{Service, new_authority, new_certificate};

/// The hole: whoever revoked a certificate that says that nobody says so was told of success, and nothing else.
#[test]
fn who_revokes_what_no_client_asks_about_is_told_so() {
    let service = Service::start();
    service.authority("Root");
    let mut new = new_certificate("Root", "a.example.com");
    new["profile"] = json!("mtls-workload");
    let certificate = service.post("/certificates", &service.admin, &new).done();
    let path = format!("/certificates/{}", certificate["id"]);
    let done = service.put(&format!("{path}/revoke"), &service.admin, &json!({"crlReason": "keyCompromise"})).done();
    assert!(done["warning"].as_str().unwrap().contains("taken until its end"), "{done}");
    assert_eq!(service.get(&path, &service.admin).done()["status"], "revoked");
    let usual = service.certificate(&service.admin, "Root", "b.example.com");
    let done = service.put(&format!("/certificates/{}/revoke", usual["id"]), &service.admin, &json!({})).done();
    assert_eq!(done, json!({"id": usual["id"]}));
}

/// Keys that are not certified here have a name and a size too, and the last second of the year 9999 is that.
#[test]
fn what_is_brought_is_told_as_it_is() {
    let service = Service::start();
    let key = service.folder.path().join("brought.key");
    for (number, (new, name, bits)) in [
        (&["rsa:1024"][..], "RSA1024", 1024),
        (&["ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "ECCSECP521R1", 521),
        (&["ed448"], "ED448", 456),
        (&["rsa:2048"], "RSA2048", 2048),
    ]
    .into_iter()
    .enumerate()
    {
        let subject = format!("/CN=brought-{number}.example.com");
        let made = openssl(
            [
                "req",
                "-x509",
                "-nodes",
                "-keyout",
                key.to_str().unwrap(),
                "-days",
                "40000",
                "-set_serial",
                "7",
                "-subj",
                &subject,
                "-outform",
                "DER",
            ]
            .into_iter()
            .chain(["-newkey"])
            .chain(new.iter().copied()),
            b"",
        );
        // An end that is none (RFC 5280, 4.1.2.5), which this openssl does not write by itself.
        let mut der = made.success().stdout;
        let end = der.windows(2).position(|head| head == b"\x18\x0f").unwrap() + 2;
        der[end..end + 15].copy_from_slice(b"99991231235959Z");
        let upload = json!({"owner": "team@example.com", "body": lemur::certificate::write_certificate(&der)});
        let brought = service.post("/certificates/upload", &service.admin, &upload).done();
        assert_eq!((&brought["keyType"], &brought["bits"]), (&json!(name), &json!(bits)), "{brought}");
        assert_eq!(brought["notAfter"], "9999-12-31T23:59:59Z");
    }
}

/// RFC 5280's bounds are characters, of whatever script.
#[test]
fn a_subject_is_as_long_as_it_has_characters() {
    let service = Service::start();
    let mut new = new_authority("Umlaut");
    new["organization"] = json!("\u{e4}".repeat(64));
    let made = service.post("/authorities", &service.admin, &new);
    assert!(made.status < 300, "{}", made.text);
    new["name"] = json!("Longer");
    new["organization"] = json!("\u{e4}".repeat(65));
    let refused = service.post("/authorities", &service.admin, &new).reason("organization");
    assert_eq!(refused, "Longer than 64 characters.");
}
