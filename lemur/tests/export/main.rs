//! Exports as those read them who they are made for: OpenSSL and Java's keytool.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

use lemur::export::{self, Material};
use menagerie_secret::Secret;

const PASSPHRASE: &str = "correct h\u{f6}rse";

/// Runs a program that must succeed; its output.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A root and a leaf that OpenSSL made, and the leaf's key: DER.
fn made_by_openssl(folder: &Path, algorithm: &[&str]) -> (Vec<Vec<u8>>, Secret<Vec<u8>>) {
    let root = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Root", "-days", "30"];
    run(folder, "openssl", &[&root[..], &["-keyout", "root.key", "-out", "root.pem"]].concat());
    run(
        folder,
        "openssl",
        &[&["req", "-newkey"][..], algorithm, &["-nodes", "-subj", "/CN=leaf.example", "-keyout", "leaf.key", "-out", "leaf.csr"]].concat(),
    );
    run(folder, "openssl", &["x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "9", "-out", "leaf.pem"]);
    let der = |name: &str| {
        run(folder, "openssl", &["x509", "-in", &format!("{name}.pem"), "-outform", "DER", "-out", "x.der"]);
        std::fs::read(folder.join("x.der")).unwrap()
    };
    let chain = vec![der("leaf"), der("root")];
    run(folder, "openssl", &["pkcs8", "-topk8", "-nocrypt", "-in", "leaf.key", "-outform", "DER", "-out", "key.der"]);
    (chain, Secret::new(std::fs::read(folder.join("key.der")).unwrap()))
}

const ALGORITHMS: [&[&str]; 2] = [&["rsa:2048"], &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]];

#[test]
fn openssl_reads_pem_and_pkcs12() {
    for algorithm in ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (chain, key) = made_by_openssl(folder, algorithm);
        std::fs::write(folder.join("chain.out"), export::certificates_pem(&chain)).unwrap();
        assert_eq!(run(folder, "openssl", &["x509", "-in", "chain.out"]), std::fs::read_to_string(folder.join("leaf.pem")).unwrap());
        std::fs::write(folder.join("key.out"), export::key_pem(&key).expose()).unwrap();
        assert_eq!(run(folder, "openssl", &["pkey", "-in", "key.out"]), run(folder, "openssl", &["pkey", "-in", "leaf.key"]));

        let material = Material { alias: "leaf.example", chain: &chain, key: &key };
        let beyond = export::pkcs12(material, &Secret::new("pässwörd🦀".to_owned()));
        assert!(matches!(beyond, Err(export::ExportError::Beyond)), "refused, and no failure");
        let file = export::pkcs12(material, &Secret::new(PASSPHRASE.to_owned())).unwrap();
        std::fs::write(folder.join("leaf.p12"), file.expose()).unwrap();
        let password = format!("pass:{PASSPHRASE}");
        let found = run(folder, "openssl", &["pkcs12", "-in", "leaf.p12", "-nodes", "-passin", &password]);
        assert_eq!(found.matches("BEGIN CERTIFICATE").count(), 2);
        let begin = found.find("-----BEGIN PRIVATE KEY").unwrap();
        std::fs::write(folder.join("again.key"), &found[begin..]).unwrap();
        assert_eq!(run(folder, "openssl", &["pkey", "-in", "again.key"]), run(folder, "openssl", &["pkey", "-in", "leaf.key"]));
        let wrong =
            Command::new("openssl").args(["pkcs12", "-in", "leaf.p12", "-nodes", "-passin", "pass:wrong"]).current_dir(folder).output();
        assert!(!wrong.unwrap().status.success());
    }
}

#[test]
fn keytool_reads_key_stores_and_trust_stores() {
    for algorithm in ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (chain, key) = made_by_openssl(folder, algorithm);
        let passphrase = Secret::new("changeit".to_owned());
        let material = Material { alias: "Leaf.Example", chain: &chain, key: &key };
        std::fs::write(folder.join("key.jks"), export::key_store(material, &passphrase, [7; 20], 1_750_000_000_000).unwrap().expose())
            .unwrap();
        let list = ["-list", "-v", "-storetype", "JKS", "-storepass", "changeit", "-keystore"];
        let listed = run(folder, "keytool", &[&list[..], &["key.jks"]].concat());
        assert!(listed.contains("Entry type: PrivateKeyEntry") && listed.contains("Certificate chain length: 2"), "{listed}");
        assert!(listed.contains("Alias name: leaf.example"), "{listed}");
        // keytool takes the key out only if it can undo its protection.
        let into = ["-importkeystore", "-srckeystore", "key.jks", "-srcstoretype", "JKS", "-srcstorepass", "changeit"];
        run(
            folder,
            "keytool",
            &[&into[..], &["-destkeystore", "again.p12", "-deststoretype", "PKCS12", "-deststorepass", "changeit"]].concat(),
        );
        let found = run(folder, "openssl", &["pkcs12", "-in", "again.p12", "-nodes", "-nocerts", "-passin", "pass:changeit"]);
        std::fs::write(folder.join("again.key"), &found[found.find("-----BEGIN").unwrap()..]).unwrap();
        assert_eq!(run(folder, "openssl", &["pkey", "-in", "again.key"]), run(folder, "openssl", &["pkey", "-in", "leaf.key"]));

        let trust = export::trust_store("roots", &chain, &passphrase, 1_750_000_000_000).unwrap();
        std::fs::write(folder.join("trust.jks"), trust.expose()).unwrap();
        let listed = run(folder, "keytool", &[&list[..], &["trust.jks"]].concat());
        assert_eq!(listed.matches("Entry type: trustedCertEntry").count(), 2, "{listed}");
        let wrong =
            Command::new("keytool").args(["-list", "-storepass", "changeme", "-keystore", "trust.jks"]).current_dir(folder).output();
        assert!(!wrong.unwrap().status.success());
    }
}
