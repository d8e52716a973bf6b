//! Bundles of certificates: those that this machine trusts, made by dozens of others, and those that are hostile.

use std::time::Instant;

use lemur::certificate::{CertificateError, Issuer, MAX_BUNDLE_BYTES, MAX_CERTIFICATE_BYTES, PemError, View, read_bundle, write_bundle};
use lemur::name::Subject;
use menagerie_sign::{KeyType, Signer};

use crate::world::{Ca, Folder, key};

/// Debian's package ca-certificates.
const TRUSTED: &str = "/etc/ssl/certs/ca-certificates.crt";

#[test]
fn every_root_that_this_machine_trusts_is_read_as_openssl_reads_it() {
    let folder = Folder::new();
    let text = std::fs::read(TRUSTED).unwrap_or_else(|error| panic!("{TRUSTED}: {error}; install Debian's package ca-certificates"));
    let views = read_bundle(&text).unwrap();
    assert!(views.len() > 100, "{}", views.len());
    let mut issuers = 0;
    for view in &views {
        folder.put_certificates("one.pem", &[view]);
        let shown = folder.tool("openssl x509 -in one.pem -noout -serial -fingerprint -sha256 -dates -dateopt iso_8601");
        let serial = shown.lines().find_map(|line| line.strip_prefix("serial=")).unwrap();
        assert_eq!(serial.parse(), Ok(view.serial()), "{shown}");
        let print =
            hex::encode_upper(view.sha256()).as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect::<Vec<_>>().join(":");
        assert!(shown.contains(&print), "{shown}");
        let end = format!("notAfter={}", view.validity().not_after()).replace('T', " ");
        assert!(shown.contains(&end), "{end}: {shown}");
        assert!(view.is_authority() || view.version() < 3, "{}", view.subject());
        // Roots on P-521, or with weak or old keys, are read all the same.
        issuers += usize::from(Issuer::new(view).is_ok_and(|issuer| issuer.check_signature(view).is_ok()));
    }
    assert!(issuers * 10 > views.len() * 7, "{issuers} of {}", views.len());
    assert_eq!(read_bundle(write_bundle(views.iter().map(View::as_der)).as_bytes()).unwrap().len(), views.len());
}

#[test]
fn text_between_certificates_is_passed_over_and_other_things_are_refused() {
    let root = Ca::root(KeyType::EcdsaP256);
    let leaf = root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
    let pem = write_bundle([leaf.as_der(), root.certificate.as_der()]);
    let windows = format!("\u{feff}Subject: something\r\n{}\r\n", pem.replace('\n', "\r\n"));
    let read: Vec<Vec<u8>> = read_bundle(windows.as_bytes()).unwrap().iter().map(|view| view.as_der().to_vec()).collect();
    assert_eq!(read, [leaf.as_der(), root.certificate.as_der()]);
    assert_eq!(read_bundle(leaf.as_der()).unwrap().len(), 1);
    let with_key = format!("{pem}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    assert_eq!(read_bundle(with_key.as_bytes()).unwrap_err(), PemError::Label { number: 3, label: "private key" });
    assert_eq!(read_bundle(&pem.as_bytes()[..pem.len() - 30]).unwrap_err(), PemError::Armour { number: 2 });
    assert_eq!(read_bundle(pem.replacen("END CERTIFICATE", "END X509 CRL", 1).as_bytes()).unwrap_err(), PemError::Armour { number: 1 });
    assert_eq!(read_bundle(b"nothing").unwrap_err(), PemError::None);
    assert!(matches!(read_bundle(pem.repeat(300).as_bytes()), Err(PemError::TooMany)));
    assert!(matches!(read_bundle(&vec![b'a'; MAX_BUNDLE_BYTES + 1]), Err(PemError::TooLarge { .. })));
    assert!(matches!(View::parse(&vec![0x30; MAX_CERTIFICATE_BYTES + 1]), Err(CertificateError::TooLarge { .. })));
}

/// cert-manager fell to a crafted PEM that took its parser minutes (CVE-2024-12401).
#[test]
fn crafted_bundles_take_no_time() {
    let begin = "-----BEGIN CERTIFICATE-----\n";
    let end = "-----END CERTIFICATE-----\n";
    for hostile in [
        begin.repeat(MAX_BUNDLE_BYTES / begin.len()),
        "-----BEGIN ".repeat(MAX_BUNDLE_BYTES / 11),
        end.repeat(MAX_BUNDLE_BYTES / end.len()),
        "-".repeat(MAX_BUNDLE_BYTES),
        format!("{begin}{}{end}", "A".repeat(MAX_BUNDLE_BYTES - 100)),
        format!("{begin}{}{end}", "\n".repeat(MAX_BUNDLE_BYTES - 100)),
        format!("-----BEGIN {}", "-----END ".repeat(MAX_BUNDLE_BYTES / 10)),
    ] {
        let start = Instant::now();
        assert!(read_bundle(hostile.as_bytes()).is_err());
        assert!(start.elapsed().as_secs() < 2, "{:?}", start.elapsed());
    }
}
