//! `inspect` prints what the real `ssh-keygen -L` prints, byte for byte, for certificates of the real `ssh-keygen -s`.

use jiff::tz::TimeZone;

use super::*;
use crate::certificate::{CertificateReport, Report, blob_of, inspect, read, visible};

const MADE_BY_SSH_KEYGEN: &[&[&str]] = &[
    &["-I", "plain", "-n", "ada"],
    &["-I", "", "-n", "ada,deploy,root@host", "-z", "18446744073709551615", "-V", "20240101:20250601"],
    &["-I", "bare", "-V", "always:forever"],
    &["-I", "until", "-V", "always:20300101120000", "-n", "x"],
    &["-I", "from", "-V", "20240229235959:forever", "-n", "x"],
    &["-I", "summer", "-V", "20240701:20240702", "-n", "x"],
    &["-I", "far", "-V", "19700101000001:99991231", "-n", "x"],
    &["-I", "no ext", "-O", "clear", "-n", "x"],
    &["-I", "opts", "-O", "force-command=ls -l \"a b\" \\ $HOME", "-O", "source-address=10.0.0.0/8,2001:db8::/32", "-n", "x"],
    &["-I", "verify", "-O", "verify-required", "-O", "no-touch-required", "-n", "x"],
    &["-I", "unknown", "-O", "critical:zz@example.org=v", "-O", "critical:flag", "-O", "extension:login@github.com=octocat", "-n", "x"],
    &["-I", "unknown flag", "-O", "extension:a@b", "-O", "no-pty", "-O", "no-x11-forwarding", "-n", "x"],
    &["-I", "hôte \u{1f511} \\ %s \"q\"", "-h", "-n", "www.example.org,*.example.org"],
    &["-I", "host opt", "-h", "-O", "extension:x=y"],
];

#[test]
fn byte_identical_to_ssh_keygen() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let write = |name: &str, subject: &SubjectKey| {
        let line = format!("{} {} {}\n", subject.key_type().name(), STANDARD.encode(subject.blob()), subject.comment());
        std::fs::write(dir.join(name), line).unwrap();
    };
    for ca in ["ed25519", "ecdsa", "rsa"] {
        keygen(dir, &["-q", "-t", ca, "-N", "", "-f", ca]);
    }
    let mut seen = 0;
    for (round, args) in MADE_BY_SSH_KEYGEN.iter().enumerate() {
        let subjects: Vec<&SubjectKey> = if round < 2 { SUBJECTS.iter().collect() } else { vec![&SUBJECTS[round % SUBJECTS.len()]] };
        for subject in subjects {
            write("k.pub", subject);
            let ca = ["ed25519", "ecdsa", "rsa"][seen % 3];
            keygen(dir, &[&["-q", "-s", ca], *args, &["k.pub"]].concat());
            let file = std::fs::read(dir.join("k-cert.pub")).unwrap();
            let blob = blob_of(&file).unwrap();
            let certificate = read(&blob).unwrap();
            for zone in ["UTC", "Europe/Paris", "America/St_Johns", "Asia/Kathmandu"] {
                let real = keygen_in(zone, dir, &["-Lf", "k-cert.pub"]);
                let ours = format!("k-cert.pub:\n{}", inspect(&certificate, &TimeZone::get(zone).unwrap()));
                assert_eq!(ours, String::from_utf8(real).unwrap(), "{args:?} {zone}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 26);
}

#[test]
fn years_behind_the_calendar_match_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut template = template(&SUBJECTS[0]);
    for before in [253_402_300_799, 253_402_300_800, 253_433_923_200, 1 << 40, 11_676_096_000 * 400, 60_000_000_000_000_000] {
        template.valid_before = before;
        let certificate = ED25519_CA.certify(&template);
        std::fs::write(dir.path().join("c.pub"), certificate.to_line("").unwrap()).unwrap();
        for zone in ["UTC", "Asia/Kathmandu"] {
            let real = String::from_utf8(keygen_in(zone, dir.path(), &["-Lf", "c.pub"])).unwrap();
            let ours = inspect(&read(certificate.as_bytes()).unwrap(), &TimeZone::get(zone).unwrap());
            assert_eq!(format!("c.pub:\n{ours}"), real, "{before} {zone}");
        }
    }
    template.valid_before = u64::MAX - 1;
    let certificate = ED25519_CA.certify(&template);
    assert!(inspect(&read(certificate.as_bytes()).unwrap(), &TimeZone::UTC).contains("Valid: from 2024-01-01T00:00:00 to 584554051223-"));
}

#[test]
fn a_hostile_certificate_cannot_drive_a_terminal() {
    let mut template = template(&SUBJECTS[0]);
    template.key_id = "a\x1b[31m\u{9b}2J\r\n\u{202e}\u{7f}ü";
    template.principals = vec!["p\x07".to_owned()];
    template.critical_options.force_command = Some("\x1b]0;x\x07".to_owned());
    let certificate = ED25519_CA.certify(&template);
    let parsed = read(certificate.as_bytes()).unwrap();
    let shown = inspect(&parsed, &TimeZone::UTC);
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    assert!(shown.contains(r#"Key ID: "a\033[31m\302\2332J\015\012\342\200\256\177ü""#), "{shown}");
    assert!(shown.contains("                p\\007\n"), "{shown}");
    assert!(shown.contains("force-command \\033]0;x\\007\n"), "{shown}");

    let mut report = Report::new();
    report.certificates.push(CertificateReport::new("-", &parsed));
    let json = report.to_json();
    assert!(!json.contains(|c: char| c.is_control() || c == '\u{202e}'), "{json:?}");
    let back: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(back["certificates"][0]["key_id"], template.key_id);
    assert_eq!(visible(b"\xff\xc3a"), "\\377\\303a");
}

#[test]
fn json_keeps_its_schema() {
    let mut template = template(&SUBJECTS[0]);
    template.serial = u64::MAX;
    template.valid_before = u64::MAX;
    template.extensions = Extensions::new([("login@example.org", Some("ada")), ("permit-pty", None)]).unwrap();
    let certificate = ED25519_CA.certify(&template);
    let mut report = Report::new();
    report.certificates.push(CertificateReport::new("c.pub", &read(certificate.as_bytes()).unwrap()));
    let value: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    let expected = serde_json::json!({
        "schema": "bless.inspect/1",
        "tool_version": env!("CARGO_PKG_VERSION"),
        "errors": [],
        "certificates": [{
            "source": "c.pub",
            "type": "ssh-ed25519-cert-v01@openssh.com",
            "kind": "user",
            "public_key": {"type": "ssh-ed25519", "fingerprint": SUBJECTS[0].fingerprint_sha256()},
            "signing_ca": {"type": "ssh-ed25519", "fingerprint": crate::subject_key::fingerprint_sha256(&ED25519_CA.public_key())},
            "signature_algorithm": "ssh-ed25519",
            "key_id": "request[1] for[ada]",
            "serial": "18446744073709551615",
            "valid_after": "2024-01-01T00:00:00Z",
            "valid_before": null,
            "valid_after_seconds": 1_704_067_200,
            "valid_before_seconds": null,
            "principals": ["ada", "deploy"],
            "critical_options": [],
            "extensions": [{"name": "login@example.org", "value": "ada"}, {"name": "permit-pty", "value": null}],
        }],
    });
    assert_eq!(value, expected);
}
