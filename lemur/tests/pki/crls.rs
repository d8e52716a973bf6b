//! Revocation lists, by OpenSSL's and GnuTLS' judgement.

use std::time::Duration;

use jiff::Timestamp;
use lemur::crl::{Covers, Crl, CrlBuilder, CrlError, CrlReadError, Reason, Revoked, Scope};
use lemur::name::Subject;
use menagerie_sign::{KeyType, Signer};

use crate::world::{Ca, Folder, key, now, places, serial};

const DAY: Duration = Duration::from_secs(86_400);

fn list(ca: &Ca, number: u64, scope: Scope, entries: &[Revoked]) -> Vec<u8> {
    let mut builder = CrlBuilder::new(&ca.issuer, number, now(), now() + DAY, scope, ca.key.algorithm()).unwrap();
    entries.iter().for_each(|revoked| builder.push(revoked));
    let signed = builder.finish();
    signed.list(&ca.key.sign_now(signed.as_der()).unwrap()).unwrap()
}

#[test]
fn openssl_checks_revocation_by_shards() {
    let folder = Folder::new();
    for kind in [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Ed25519, KeyType::Rsa2048] {
        let root = Ca::root(kind);
        let leaf = || root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
        let (good, bad) = (leaf(), leaf());
        let entries: Vec<Revoked> = Reason::ALL
            .into_iter()
            .map(|reason| Revoked { serial: serial(), at: now(), reason })
            .chain([Revoked { serial: bad.serial(), at: now() - DAY, reason: Reason::KeyCompromise }])
            .collect();
        folder.put_certificates("root.pem", &[&root.certificate]);
        folder.put_certificates("good.pem", &[&good]);
        folder.put_certificates("bad.pem", &[&bad]);
        let shard = Scope::leaves_at(places("shard-1").crl);
        folder.put("list.der", list(&root, 7, shard, &entries));
        folder.tool("openssl crl -inform DER -in list.der -out list.pem");
        let shown = folder.tool("openssl crl -in list.pem -CAfile root.pem -noout -text");
        for part in [
            "verify OK",
            "Version 2",
            "X509v3 CRL Number: \n                7",
            "Only User Certificates",
            "Key Compromise",
            "shard-1.crl",
            "Issuing Distribution Point: critical",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let verify = "openssl verify -x509_strict -extended_crl -crl_check -CAfile root.pem -CRLfile list.pem";
        folder.tool(&format!("{verify} good.pem"));
        let said = folder.run(&format!("{verify} bad.pem"));
        assert!(!said.ok && said.text.contains("certificate revoked"), "{}", said.text);
        let shown = folder.tool("certtool --verify-crl --load-ca-certificate root.pem --infile list.pem");
        assert!(shown.contains("Verified"), "{shown}");
        // A list of another shard does not answer for the certificate.
        folder.put("other.der", list(&root, 8, Scope::leaves_at(places("shard-2").crl), &[]));
        folder.tool("openssl crl -inform DER -in other.der -out list.pem");
        let said = folder.run(&format!("{verify} good.pem"));
        assert!(!said.ok && said.text.contains("different CRL scope"), "{}", said.text);
        let shown = folder.tool("certtool --crl-info --inder --infile list.der");
        assert!(shown.contains("Revoked certificates (10)") && shown.contains(&bad.serial().to_string()), "{shown}");
    }
}

#[test]
fn lists_are_read_back() {
    let root = Ca::root(KeyType::EcdsaP256);
    let entries: Vec<Revoked> = Reason::ALL.into_iter().map(|reason| Revoked { serial: serial(), at: now(), reason }).collect();
    let covers = [Covers::Everything, Covers::Leaves, Covers::Authorities];
    for (covers, number) in covers.into_iter().zip([0, 255, u64::MAX]) {
        for places in [vec![], places("a").crl] {
            let scope = Scope { places, covers };
            let der = list(&root, number, scope.clone(), &entries);
            let crl = Crl::parse(&der).unwrap();
            crl.check(&root.issuer).unwrap();
            assert_eq!((crl.number(), crl.scope(), crl.issuer_key_id()), (Some(number), &scope, root.certificate.key_id()));
            assert_eq!(crl.entries().collect::<Result<Vec<_>, _>>().unwrap(), entries);
            assert_eq!(crl.check(&Ca::root(KeyType::EcdsaP256).issuer), Err(CrlReadError::NotTheIssuers));
        }
    }
}

#[test]
fn an_empty_list_is_a_list() {
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put("list.der", list(&root, 1, Scope::everything(), &[]));
    let shown = folder.tool("openssl crl -inform DER -in list.der -CAfile root.pem -noout -text");
    assert!(shown.contains("verify OK") && shown.contains("No Revoked Certificates"), "{shown}");
    let leaf = root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    folder.tool("openssl crl -inform DER -in list.der -out list.pem");
    folder.tool("openssl verify -x509_strict -crl_check_all -CAfile root.pem -CRLfile list.pem leaf.pem");
}

#[test]
fn no_list_ends_before_it_begins() {
    let root = Ca::root(KeyType::EcdsaP256);
    let refused = CrlBuilder::new(&root.issuer, 1, now(), now(), Scope::everything(), root.key.algorithm());
    assert_eq!(refused.err(), Some(CrlError::Backwards));
}

/// A shard at its limit: 100,000 entries, read by OpenSSL, in a tenth of the time that ten of them have.
#[test]
fn a_full_shard_is_built_and_read() {
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    let mut builder =
        CrlBuilder::new(&root.issuer, 1, now(), now() + DAY, Scope::everything(), root.key.algorithm()).unwrap().with_capacity(100_000);
    let mut entry = Revoked { serial: serial(), at: Timestamp::from_second(1_790_000_000).unwrap(), reason: Reason::Superseded };
    for index in 0..100_000_u128 {
        entry.serial = lemur::certificate::Serial::from_random((index << 64 | index).to_be_bytes());
        builder.push(&entry);
    }
    let signed = builder.finish();
    let der = signed.list(&root.key.sign_now(signed.as_der()).unwrap()).unwrap();
    assert!(der.len() < 6_000_000, "{}", der.len());
    let crl = Crl::parse(&der).unwrap();
    crl.check(&root.issuer).unwrap();
    assert_eq!(crl.entries().filter(Result::is_ok).count(), 100_000);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put("list.der", &der);
    assert!(folder.tool("openssl crl -inform DER -in list.der -CAfile root.pem -noout").contains("verify OK"));
}
