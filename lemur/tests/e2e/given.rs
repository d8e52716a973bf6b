//! What the service gives out, as the programs read it that it is for: OpenSSL and Java's keytool.

use serde_json::Value;

use super::house::{House, Server};

const PASSPHRASE: &str = "changeit-please";

/// The leaf's certificate as `NAME.pem`, those above it as `NAME.chain.pem`.
pub(crate) fn keep(house: &House, certificate: &Value, name: &str) {
    house.write(&format!("{name}.pem"), certificate["body"].as_str().unwrap());
    house.write(&format!("{name}.chain.pem"), certificate["chain"].as_str().unwrap());
}

/// Every form of a certificate with its key holds the same certificate, the same key and the authorities above it.
pub(crate) fn every_export_is_read(house: &House, server: &Server, token: &str, certificate: &Value) {
    let id = certificate["id"].as_i64().unwrap();
    keep(house, certificate, "given");
    let public = house.run("openssl", "x509 -in given.pem -noout -pubkey");
    let fingerprint = house.run("openssl", "x509 -in given.pem -noout -fingerprint -sha256");

    house.write("given.out.pem", server.export(token, id, "pem-export", ""));
    assert_eq!(house.run("openssl", "pkey -in given.out.pem -pubout"), public);
    assert_eq!(house.run("openssl", "x509 -in given.out.pem -noout -fingerprint -sha256"), fingerprint);
    house.run("openssl", "verify -x509_strict -CAfile given.chain.pem given.out.pem");

    house.write("given.p12", server.export(token, id, "openssl-export", PASSPHRASE));
    let opened = house.run("openssl", &format!("pkcs12 -in given.p12 -nodes -passin pass:{PASSPHRASE}"));
    assert_eq!(opened.matches("BEGIN CERTIFICATE").count(), 3, "{opened}");
    house.write("given.p12.pem", &opened);
    assert_eq!(house.run("openssl", "pkey -in given.p12.pem -pubout"), public);
    assert_ne!(house.tried("openssl", "pkcs12 -in given.p12 -nodes -passin pass:wrong").status, Some(0));

    house.write("given.jks", server.export(token, id, "java-keystore-jks", PASSPHRASE));
    let passwords = format!("-srcstorepass {PASSPHRASE} -deststorepass {PASSPHRASE}");
    house.run(
        "keytool",
        &format!("-importkeystore -srckeystore given.jks -srcstoretype JKS -destkeystore java.p12 -deststoretype PKCS12 {passwords}"),
    );
    let opened = house.run("openssl", &format!("pkcs12 -in java.p12 -nodes -passin pass:{PASSPHRASE}"));
    house.write("java.pem", &opened);
    assert_eq!(house.run("openssl", "pkey -in java.pem -pubout"), public);
    assert_eq!(opened.matches("BEGIN CERTIFICATE").count(), 3, "{opened}");

    house.write("trust.jks", server.export(token, id, "java-truststore-jks", PASSPHRASE));
    let listed = house.run("keytool", &format!("-list -rfc -storetype JKS -keystore trust.jks -storepass {PASSPHRASE}"));
    assert_eq!(listed.matches("trustedCertEntry").count(), 2, "{listed}");
    assert!(!listed.contains("PrivateKeyEntry"), "{listed}");
}
