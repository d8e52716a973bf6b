//! Certificates and their paths, by the strict judgement of others.

use std::time::Duration;

use lemur::certificate::{AuthorityTemplate, Chain, ChainError, ExtendedKeyUsage, ResponderTemplate, TemplateError, Validity, View};
use lemur::name::{NameConstraints, San, Subject, Subtrees};
use lemur::profile::{Ask, Period, Profile, ProfileRefusal};
use menagerie_sign::{Algorithm, KeyType, RsaHash, Signer};

use crate::world::{Ca, Folder, YEAR, key, now, permitted_dns, places, serial, subject};

const KINDS: [KeyType; 6] =
    [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Ed25519, KeyType::Rsa2048, KeyType::Rsa3072, KeyType::Rsa4096];

/// Every kind of key at every place of a path, and each built-in profile.
#[test]
fn openssl_and_gnutls_accept_every_path() {
    let folder = Folder::new();
    for (index, kind) in KINDS.into_iter().enumerate() {
        let root = Ca::root(kind);
        let middle = root.intermediate("Intermediate", KINDS[(index + 1) % 6], |template| template.with_path_length(0));
        folder.put_certificates("root.pem", &[&root.certificate]);
        folder.put_certificates("middle.pem", &[&middle.certificate]);
        for (profile, purpose, name) in [
            ("tls-server", "sslserver", "www.example.com"),
            ("tls-client", "sslclient", "ada@example.com"),
            ("mtls-workload", "sslserver", "spiffe://prod.example.com/pay"),
            ("mtls-workload", "sslclient", "10.1.2.3"),
        ] {
            let leaf_kind = if profile == "mtls-workload" { KINDS[index % 3] } else { kind };
            let leaf = middle.leaf(profile, key(leaf_kind).public_key(), Subject::new(), &[name, "2001:db8::7", "*.example.org"][..1]);
            folder.put_certificates("leaf.pem", &[&leaf]);
            let line = format!("openssl verify -x509_strict -purpose {purpose} -CAfile root.pem -untrusted middle.pem leaf.pem");
            assert_eq!(folder.tool(&line), "leaf.pem: OK\n", "{kind} {profile}");
            folder.put_certificates("chain.pem", &[&leaf, &middle.certificate, &root.certificate]);
            let said = folder.tool("certtool --verify --load-ca-certificate root.pem --infile chain.pem");
            assert!(said.contains("Chain verification output: Verified"), "{kind} {profile}: {said}");
        }
    }
}

/// Lemur made leaves without SKI, AKI and EKU, and roots without basic constraints.
#[test]
fn extensions_are_those_of_the_profile_and_all_there() {
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    let leaf =
        root.leaf("tls-server", key(KeyType::Rsa2048).public_key(), Subject::of_common_name("www.example.com").unwrap(), &["10.1.2.3"]);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    let shown = folder.tool("openssl x509 -in root.pem -noout -text");
    for part in ["CA:TRUE", "Certificate Sign, CRL Sign", "Subject Key Identifier", "Authority Key Identifier", "Zo\\C3\\B6 & S\\C3\\B6hne"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("Extended Key Usage"), "{shown}");
    let shown = folder.tool("openssl x509 -in leaf.pem -noout -text");
    for part in [
        "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n",
        "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "X509v3 Subject Key Identifier:",
        "X509v3 Authority Key Identifier:",
        "X509v3 Subject Alternative Name: \n                DNS:www.example.com, IP Address:10.1.2.3\n",
        "OCSP - URI:http://pki.example.com/ocsp",
        "CA Issuers - URI:http://pki.example.com/issuer.cer",
        "Full Name:\n                  URI:http://pki.example.com/crl/shard-1.crl",
        "Subject: CN = www.example.com\n",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("1.3.6.1.5.5.7.48.1.5") && !shown.contains("2.5.29.56"), "{shown}");
}

#[test]
fn a_short_lived_certificate_says_that_nobody_revokes_it() {
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    let leaf = root.leaf("mtls-workload", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["spiffe://example.com/a"]);
    assert!(leaf.has_no_rev_avail() && leaf.ocsp_urls().is_empty() && leaf.crl_urls().is_empty());
    assert_eq!(leaf.issuer_urls(), ["http://pki.example.com/issuer.cer"]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    let shown = folder.tool("openssl x509 -in leaf.pem -noout -text");
    assert!(shown.contains("Subject Alternative Name: critical") && !shown.contains("OCSP - URI") && !shown.contains(".crl"), "{shown}");
    assert!(shown.contains("2.5.29.56") || shown.contains("No Revocation Available"), "{shown}");
}

#[test]
fn rsa_signs_over_both_hashes() {
    let folder = Folder::new();
    for hash in [RsaHash::Sha256, RsaHash::Sha512] {
        let root = Ca::root_with(key(KeyType::Rsa2048).with_rsa_hash(hash));
        let leaf = root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
        folder.put_certificates("root.pem", &[&root.certificate]);
        folder.put_certificates("leaf.pem", &[&leaf]);
        folder.tool("openssl verify -x509_strict -CAfile root.pem leaf.pem");
        assert!(leaf.signature_algorithm().ends_with("WithRSAEncryption"));
    }
}

/// The same authority under two roots: a leaf verifies by either.
#[test]
fn a_cross_certificate_leads_to_another_root() {
    let folder = Folder::new();
    let (old, new) = (Ca::root(KeyType::Rsa2048), Ca::root(KeyType::EcdsaP384));
    let validity = Validity::lasting(now(), YEAR).unwrap();
    let template = AuthorityTemplate::cross(&new.certificate, validity).unwrap();
    let cross = old.sign(&template.under(&old.issuer, &serial(), &places("root"), old.key.algorithm()).unwrap());
    assert_eq!(
        (cross.subject(), cross.spki(), cross.key_id()),
        (new.certificate.subject(), new.certificate.spki(), new.certificate.key_id())
    );
    let leaf = new.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
    folder.put_certificates("old.pem", &[&old.certificate]);
    folder.put_certificates("new.pem", &[&new.certificate]);
    folder.put_certificates("cross.pem", &[&cross]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    folder.tool("openssl verify -x509_strict -CAfile new.pem leaf.pem");
    folder.tool("openssl verify -x509_strict -CAfile old.pem -untrusted cross.pem leaf.pem");
    let chain = Chain::find(leaf, [old.certificate, cross]).unwrap();
    assert!(chain.has_root() && chain.certificates().len() == 3 && chain.check().is_ok());
}

/// Our decision on name constraints is OpenSSL's.
#[test]
fn name_constraints_are_decided_as_openssl_decides() {
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    let permitted = Subtrees::parse(
        &["example.com", "example.net"],
        &["10.0.0.0/8", "2001:db8::/32"],
        &["example.com", ".example.net"],
        &[".example.com"],
    );
    let excluded = Subtrees::parse(&["secret.example.com"], &["10.9.0.0/16"], &["eve@example.com"], &["bad.example.com"]);
    let constraints = NameConstraints::new(permitted.unwrap(), excluded.unwrap()).unwrap();
    let middle = root.intermediate("Constrained", KeyType::EcdsaP256, |template| template.with_constraints(constraints.clone()));
    assert_eq!(middle.issuer.constraints(), &constraints);
    // The same name and key without constraints, so that what they forbid can be signed and shown to OpenSSL.
    let free = Ca { key: key(KeyType::EcdsaP256), certificate: root.certificate.clone(), issuer: root.issuer.clone() };
    let validity = Validity::lasting(now(), YEAR).unwrap();
    let open = AuthorityTemplate::new(&subject("Constrained"), middle.key.public_key(), validity).unwrap();
    let open = root.sign(&open.under(&root.issuer, &serial(), &places("x"), root.key.algorithm()).unwrap());
    let open = Ca { issuer: lemur::certificate::Issuer::new(&open).unwrap(), certificate: open, key: middle.key };
    drop(free);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put_certificates("middle.pem", &[&middle.certificate]);
    for (name, fine) in [
        ("example.com", true),
        ("a.b.example.com", true),
        ("notexample.com", false),
        ("example.org", false),
        ("www.example.net", true),
        ("secret.example.com", false),
        ("deep.secret.example.com", false),
        ("10.1.2.3", true),
        ("10.9.2.3", false),
        ("192.168.0.1", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
        ("ada@example.com", true),
        ("eve@example.com", false),
        ("ada@sub.example.com", false),
        ("ada@sub.example.net", true),
        ("ada@example.net", false),
        ("spiffe://a.example.com/x", true),
        ("spiffe://bad.example.com/x", false),
        ("spiffe://example.com/x", false),
    ] {
        let san = San::guess(name).unwrap();
        assert_eq!(constraints.permits(&san).is_ok(), fine, "{name}");
        let leaf = open.leaf("tls-client", key(KeyType::EcdsaP256).public_key(), Subject::new(), &[name]);
        folder.put_certificates("leaf.pem", &[&leaf]);
        let said = folder.run("openssl verify -x509_strict -CAfile root.pem -untrusted middle.pem leaf.pem");
        assert_eq!(said.ok, fine, "{name}: {}", said.text);
        assert_eq!(said.text.contains("subtree violation"), !fine, "{name}: {}", said.text);
        let chain = Chain::find(leaf, [middle.certificate.clone(), root.certificate.clone()]).unwrap();
        assert_eq!(chain.check().is_ok(), fine, "{name}");
    }
}

#[test]
fn a_constrained_authority_certifies_no_other_name() {
    let root = Ca::root(KeyType::EcdsaP256);
    let middle =
        root.intermediate("Constrained", KeyType::EcdsaP256, |template| template.with_constraints(permitted_dns(&["example.com"])));
    let key = key(KeyType::EcdsaP256);
    for profile in ["tls-server", "tls-client"] {
        for (common_name, name) in [(None, Some("evil.test")), (Some("evil.test"), None), (None, Some("*.evil.test"))] {
            let subject = common_name.map_or_else(Subject::new, |name| Subject::of_common_name(name).unwrap());
            let names = name.map(|name| San::guess(name).unwrap()).into_iter().collect();
            let ask = Ask { public_key: key.public_key(), subject, names, period: Period::Default };
            let refused = Profile::built_in()[profile].admit(ask, &middle.issuer, now()).unwrap_err();
            let expected = profile == "tls-client" && name == Some("*.evil.test");
            assert!(matches!(refused, ProfileRefusal::NotPermitted(_)) || expected, "{profile} {common_name:?} {name:?}: {refused}");
        }
    }
}

#[test]
fn path_lengths_hold() {
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    let two = root.intermediate("Two", KeyType::EcdsaP256, |template| template.with_path_length(1));
    // Given none, it gets what is left.
    let three = two.intermediate("Three", KeyType::EcdsaP256, |template| template);
    assert_eq!(three.certificate.path_length(), Some(0));
    let validity = Validity::lasting(now(), YEAR).unwrap();
    let four = key(KeyType::EcdsaP256);
    let template = AuthorityTemplate::new(&subject("Four"), four.public_key(), validity).unwrap();
    let under = |ca: &Ca, template: &AuthorityTemplate| template.under(&ca.issuer, &serial(), &places("x"), ca.key.algorithm());
    assert_eq!(under(&three, &template), Err(TemplateError::PathLength));
    assert_eq!(under(&two, &template.clone().with_path_length(1)), Err(TemplateError::PathLength));
    assert!(under(&two, &template.clone().with_path_length(0)).is_ok());
    let leaf = three.leaf("tls-server", key(KeyType::Ed25519).public_key(), Subject::new(), &["a.example.com"]);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put_certificates("middle.pem", &[&two.certificate, &three.certificate]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    folder.tool("openssl verify -x509_strict -CAfile root.pem -untrusted middle.pem leaf.pem");
    let chain = Chain::of_bundle(vec![leaf, root.certificate, three.certificate, two.certificate]).unwrap();
    assert!(chain.check().is_ok() && chain.has_root());
    assert_eq!(chain.to_pem().matches("BEGIN").count(), 3);
}

#[test]
fn an_authority_limited_to_usages_certifies_no_other() {
    let root = Ca::root(KeyType::EcdsaP256);
    let clients =
        root.intermediate("Clients", KeyType::EcdsaP256, |template| template.with_extended_key_usages(vec![ExtendedKeyUsage::CLIENT_AUTH]));
    let key = key(KeyType::EcdsaP256);
    let ask = || Ask {
        public_key: key.public_key(),
        subject: Subject::new(),
        names: vec![San::guess("a.example.com").unwrap()],
        period: Period::Default,
    };
    let profiles = Profile::built_in();
    assert!(profiles["tls-client"].admit(ask(), &clients.issuer, now()).is_ok());
    assert_eq!(
        profiles["tls-server"].admit(ask(), &clients.issuer, now()).unwrap_err(),
        ProfileRefusal::ExtendedKeyUsage { usage: ExtendedKeyUsage::SERVER_AUTH }
    );
    let validity = Validity::lasting(now(), YEAR).unwrap();
    let below = AuthorityTemplate::new(&subject("Below"), key.public_key(), validity).unwrap();
    let below = below.with_extended_key_usages(vec![ExtendedKeyUsage::SERVER_AUTH]);
    let refused = below.under(&clients.issuer, &serial(), &places("x"), clients.key.algorithm()).unwrap_err();
    assert_eq!(refused, TemplateError::ExtendedKeyUsage { usage: ExtendedKeyUsage::SERVER_AUTH });
}

#[test]
fn nothing_outlives_its_issuer_or_certifies_its_key() {
    let root = Ca::root(KeyType::EcdsaP256);
    let key = key(KeyType::EcdsaP256);
    let long = Validity::lasting(now(), 11 * YEAR).unwrap();
    let template = AuthorityTemplate::new(&subject("Long"), key.public_key(), long).unwrap();
    let under = |template: AuthorityTemplate| template.under(&root.issuer, &serial(), &places("x"), root.key.algorithm());
    let outlives = TemplateError::OutlivesIssuer { asked: long, issuer: root.issuer.validity() };
    assert_eq!(under(template), Err(outlives));
    let year = Validity::lasting(now(), YEAR).unwrap();
    assert_eq!(under(AuthorityTemplate::new(&subject("Same"), root.key.public_key(), year).unwrap()), Err(TemplateError::IssuersKey));
    let wrong = AuthorityTemplate::new(&subject("Wrong"), key.public_key(), year).unwrap();
    let algorithm = Algorithm::Ed25519;
    assert_eq!(wrong.under(&root.issuer, &serial(), &places("x"), algorithm), Err(TemplateError::Algorithm { algorithm }));
    let responder = ResponderTemplate::new(subject("Responder"), key.public_key().clone(), long);
    assert_eq!(responder.under(&root.issuer, &serial(), root.key.algorithm()), Err(outlives));
    assert_eq!(AuthorityTemplate::new(&Subject::new(), key.public_key(), year).unwrap_err(), TemplateError::EmptySubject);
}

#[test]
fn chains_are_found_whatever_the_order_and_nothing_else_is() {
    let root = Ca::root(KeyType::EcdsaP256);
    let middle = root.intermediate("Middle", KeyType::EcdsaP256, |template| template);
    // Of the same name, and another key.
    let impostor = root.intermediate("Middle", KeyType::EcdsaP256, |template| template);
    let leaf = middle.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
    let all = [root.certificate.clone(), impostor.certificate.clone(), middle.certificate.clone()];
    let chain = Chain::find(leaf.clone(), all.clone()).unwrap();
    let found: Vec<&[u8]> = chain.certificates().iter().map(View::as_der).collect();
    assert_eq!(found, [leaf.as_der(), middle.certificate.as_der(), root.certificate.as_der()]);
    assert!(chain.validity().unwrap().lifetime() <= leaf.validity().lifetime());
    let bundle = [vec![leaf.clone()], all.to_vec()].concat();
    assert!(matches!(Chain::of_bundle(bundle), Err(ChainError::Stray { .. })));
    assert!(!Chain::of_bundle(vec![leaf.clone(), middle.certificate.clone()]).unwrap().has_root());
    assert_eq!(Chain::of_bundle(Vec::new()).unwrap_err(), ChainError::Empty);
    assert_eq!(Chain::of_bundle(vec![leaf.clone(); 40]).unwrap().certificates().len(), 1);
    // A leaf that signs as if it were an authority.
    let wait = Duration::from_secs(60);
    assert!(chain.leaf().validity().contains(now() + wait));
    let forged = lemur::certificate::Issuer::new(&leaf);
    assert!(forged.is_err());
}

#[test]
fn what_comes_back_from_signing_is_checked() {
    let root = Ca::root(KeyType::EcdsaP256);
    let other = Ca::root(KeyType::EcdsaP256);
    let leaf_key = key(KeyType::EcdsaP256);
    let names = vec![San::guess("a.example.com").unwrap()];
    let ask = Ask { public_key: leaf_key.public_key(), subject: Subject::new(), names, period: Period::Default };
    let template = Profile::built_in()["tls-server"].admit(ask, &root.issuer, now()).unwrap();
    let signed = template.to_be_signed(&serial(), &places("x"), root.key.algorithm()).unwrap();
    let good = signed.certificate(&root.key.sign_now(signed.as_der()).unwrap()).unwrap();
    assert!(root.issuer.accept(&signed, &good).is_ok());
    let forged = signed.certificate(&other.key.sign_now(signed.as_der()).unwrap()).unwrap();
    assert!(root.issuer.accept(&signed, &forged).is_err());
    let twin = template.to_be_signed(&serial(), &places("x"), root.key.algorithm()).unwrap();
    assert!(root.issuer.accept(&twin, &good).is_err());
    let mismatched = key(KeyType::Ed25519).sign_now(signed.as_der()).unwrap();
    assert!(signed.certificate(&mismatched).is_err());
    for index in 0..good.len() {
        let mut changed = good.clone();
        changed[index] ^= 1;
        assert!(root.issuer.accept(&signed, &changed).is_err(), "byte {index}");
    }
}
