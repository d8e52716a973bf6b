//! Certificate requests that OpenSSL, GnuTLS and keytool make, and ours by OpenSSL's judgement.

use lemur::certificate::{KeyUsage, View};
use lemur::csr::{Csr, CsrError, RequestTemplate};
use lemur::name::{San, Subject};
use menagerie_sign::{KeyType, LocalSigner, PublicKeyError, Signer};
use proptest::prelude::*;

use crate::world::{Ca, Folder, key, subject};

const NAMES: &str = "-addext subjectAltName=DNS:a.example.com,DNS:*.B.example.com,IP:10.1.2.3,IP:2001:db8::1,email:ada@example.com,URI:spiffe://example.com/x";

#[test]
fn openssl_makes_requests_with_every_key() {
    let folder = Folder::new();
    for (kind, new, digest) in [
        ("ECDSA P-256", "ec -pkeyopt ec_paramgen_curve:P-256", "-sha256"),
        ("ECDSA P-256", "ec -pkeyopt ec_paramgen_curve:P-256", "-sha384"),
        ("ECDSA P-384", "ec -pkeyopt ec_paramgen_curve:P-384", "-sha256"),
        ("ECDSA P-384", "ec -pkeyopt ec_paramgen_curve:P-384", "-sha512"),
        ("RSA 2048", "rsa:2048", "-sha256"),
        ("RSA 2048", "rsa:2048", "-sha384"),
        ("RSA 2048", "rsa:2048 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32", "-sha256"),
        ("RSA 3072", "rsa:3072 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64", "-sha512"),
        ("Ed25519", "ed25519", "-sha256"),
    ] {
        folder.tool(&format!(
            "openssl req -new -newkey {new} {digest} -noenc -keyout key.pem -subj /CN=a.example.com/O=Zoo {NAMES} -out csr.pem"
        ));
        folder.tool("openssl req -in csr.pem -outform DER -out csr.der");
        let csr = Csr::parse(&folder.get("csr.pem")).unwrap_or_else(|error| panic!("{new} {digest}: {error}"));
        assert_eq!(csr.as_der(), folder.get("csr.der"));
        assert_eq!(Csr::parse(&folder.get("csr.der")).unwrap().names(), csr.names());
        assert_eq!(csr.public_key().to_string(), kind);
        assert_eq!(csr.subject().unwrap().to_string(), "CN=a.example.com,O=Zoo");
        let names: Vec<String> = csr.all_names().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a.example.com", "*.b.example.com", "10.1.2.3", "2001:db8::1", "ada@example.com", "spiffe://example.com/x"]);
        assert_eq!(Csr::parse(csr.to_pem().as_bytes()).unwrap().as_der(), csr.as_der());
    }
}

/// A request with `CA:TRUE` and `keyCertSign` gave Lemur's clients an authority.
#[test]
fn a_request_cannot_ask_to_be_an_authority() {
    let folder = Folder::new();
    folder.tool(&format!(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout key.pem -subj /CN=a.example.com -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -addext extendedKeyUsage=OCSPSigning {NAMES} -out csr.pem"
    ));
    let csr = Csr::parse(&folder.get("csr.pem")).unwrap();
    let root = Ca::root(KeyType::EcdsaP256);
    let leaf = root.leaf("tls-server", csr.public_key(), Subject::new(), &["a.example.com"]);
    let usages = leaf.key_usages().unwrap();
    assert!(!leaf.is_authority() && !usages.contains(KeyUsage::KeyCertSign) && !usages.contains(KeyUsage::CrlSign));
    assert_eq!(leaf.extended_key_usages().iter().map(ToString::to_string).collect::<Vec<_>>(), ["server_auth"]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    assert!(folder.tool("openssl x509 -in leaf.pem -noout -text").contains("CA:FALSE"));
}

#[test]
fn gnutls_and_keytool_make_requests() {
    let folder = Folder::new();
    folder
        .put("template", "cn = \"a.example.com\"\ndns_name = \"a.example.com\"\nip_address = \"10.1.2.3\"\ntls_www_server\nsigning_key\n");
    folder.tool("certtool --generate-privkey --key-type ecdsa --curve secp256r1 --outfile key.pem");
    folder.tool("certtool --generate-request --load-privkey key.pem --template template --outfile csr.pem");
    let csr = Csr::parse(&folder.get("csr.pem")).unwrap();
    assert_eq!(csr.names(), [San::guess("a.example.com").unwrap(), San::guess("10.1.2.3").unwrap()]);
    folder.tool("keytool -genkeypair -keystore store -storepass changeit -alias a -keyalg RSA -keysize 2048 -dname CN=a.example.com");
    folder.tool("keytool -certreq -keystore store -storepass changeit -alias a -ext SAN=dns:a.example.com,dns:b.example.com -file csr.pem");
    let csr = Csr::parse(&folder.get("csr.pem")).unwrap();
    assert_eq!(csr.all_names(), [San::guess("a.example.com").unwrap(), San::guess("b.example.com").unwrap()]);
}

#[test]
fn ours_are_openssls() {
    let folder = Folder::new();
    for kind in [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Ed25519, KeyType::Rsa2048] {
        let key = key(kind);
        for (subject, names) in [(subject("Offline root"), vec![]), (Subject::new(), vec![San::guess("a.example.com").unwrap()])] {
            let template = RequestTemplate::new(&subject, &names, key.public_key(), key.algorithm());
            let der = template.request(&key.sign_now(template.as_der()).unwrap()).unwrap();
            let csr = Csr::from_der(&der).unwrap();
            assert_eq!((csr.public_key(), csr.names(), csr.subject().unwrap()), (key.public_key(), names.as_slice(), subject.clone()));
            folder.put("csr.pem", csr.to_pem());
            assert!(folder.tool("openssl req -in csr.pem -verify -noout").contains("verify OK"));
        }
    }
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    let folder = Folder::new();
    let make = |new: &str| {
        folder.tool(&format!("openssl req -new -newkey {new} -noenc -keyout key.pem -subj /CN=a -out csr.pem"));
        Csr::parse(&folder.get("csr.pem")).unwrap_err()
    };
    let weak = make("rsa:1024");
    assert!(matches!(weak, CsrError::PublicKey(PublicKeyError::Weak(_))));
    assert!(weak.to_string().ends_with("(key-rsa-size)"), "the answer names the lint: {weak}");
    for new in ["ec -pkeyopt ec_paramgen_curve:P-521", "ec -pkeyopt ec_paramgen_curve:secp256k1", "ed448"] {
        assert!(matches!(make(new), CsrError::PublicKey(PublicKeyError::Unsupported { .. })), "{new}");
    }
    assert!(matches!(make("rsa:2048 -sha1"), CsrError::Signature(_)));
}

#[test]
fn names_that_are_none_are_refused_by_name() {
    let folder = Folder::new();
    for name in [
        "DNS:a..example.com",
        "DNS:-a.example.com",
        "DNS:10.1.2.3",
        "DNS:a*.example.com",
        "DNS:*.com",
        "email:ada",
        "URI:nothing",
        "RID:1.2.3.4",
    ] {
        folder.tool(&format!(
            "openssl req -new -newkey ed25519 -noenc -keyout key.pem -subj /CN=a -addext subjectAltName={name} -out csr.pem"
        ));
        let refused = Csr::parse(&folder.get("csr.pem")).unwrap_err();
        assert!(matches!(refused, CsrError::Name(_)), "{name}: {refused}");
    }
}

/// A name that goes on after a NUL, which some readers take for its end.
#[test]
fn a_nul_ends_no_name() {
    let key = LocalSigner::generate(KeyType::Ed25519).unwrap();
    let template =
        RequestTemplate::new(&Subject::new(), &[San::guess("a.example.comx.evil.test").unwrap()], key.public_key(), key.algorithm());
    let mut der = template.request(&key.sign_now(template.as_der()).unwrap()).unwrap();
    let at = der.windows(5).position(|part| part == b".comx").unwrap();
    der[at + 4] = 0;
    assert!(matches!(Csr::from_der(&der), Err(CsrError::Name(_))));
    assert!(lemur::name::DnsName::parse("a.example.com\0.evil.test").is_err());
}

#[test]
fn hostile_text_is_refused() {
    for text in [
        &b""[..],
        b"-----BEGIN CERTIFICATE REQUEST-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        &[0xff; 40],
        &[b'-'; 40_000],
        &vec![0x30; 40_000],
    ] {
        assert!(Csr::parse(text).is_err());
    }
}

fn der() -> &'static [u8] {
    static DER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    DER.get_or_init(|| {
        let key = key(KeyType::EcdsaP256);
        let names: Vec<San> =
            ["a.example.com", "10.1.2.3", "ada@example.com", "urn:x:y"].iter().map(|name| San::guess(name).unwrap()).collect();
        let template = RequestTemplate::new(&subject("a.example.com"), &names, key.public_key(), key.algorithm());
        template.request(&key.sign_now(template.as_der()).unwrap()).unwrap()
    })
}

proptest! {
    /// No changed request passes for a signed one.
    #[test]
    fn a_changed_request_is_refused(index in 0_usize..4096, bit in 0_u32..8) {
        let mut changed = der().to_vec();
        let index = index % changed.len();
        changed[index] ^= 1 << bit;
        prop_assert!(Csr::from_der(&changed).is_err());
        let _ = View::parse(&changed);
    }
}
