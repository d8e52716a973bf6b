//! ML-DSA, from the root to the leaf, beside OpenSSL's by PyPI's `cryptography` (Debian's OpenSSL is older than 3.5): keys, requests,
//! certificates, lists; and that none of it is there unless it is asked for.

use std::process::Stdio;
use std::time::Duration;

use lemur::authority::{AuthorityError, AuthorityKey, AuthorityOrder, Parent};
use lemur::certificate::View;
use lemur::crl::Reason;
use lemur::csr::Csr;
use lemur::engine::Settings;
use lemur::issue::{IssueError, Key};
use lemur::profile::Profiles;
use menagerie_sign::x509::{self, X509SignatureError};
use menagerie_sign::{Algorithm, KeyType, LocalSigner, MlDsa, PublicKey, Signer};
use menagerie_tests::{pkilint, venv_program};
use serde_json::{Value, json};

use super::support::{House, actor, authority, on_both, order, settings, within};

/// What the peer does for all: it reads JSON and answers JSON, and ends badly if something is not as it should be.
const PEER: &str = r#"
import json, sys
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import mldsa

said = json.load(sys.stdin)
der = lambda name: bytes.fromhex(said[name])
pkcs8 = lambda key: key.private_bytes(form.Encoding.DER, form.PrivateFormat.PKCS8, form.NoEncryption()).hex()
spki = lambda key: key.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo).hex()
"#;

/// Reads our key and our signature; makes a key, a signature and a request of its own.
const KEYS: &str = r#"
message = der("message")
ours = form.load_der_private_key(der("key"), None)
public = form.load_der_public_key(der("public"))
assert type(public).__name__ == "MLDSA%sPublicKey" % said["set"], type(public)
assert ours.public_key() == public
public.verify(der("signature"), message)
try:
    public.verify(der("signature"), message + b"!")
    sys.exit("another message is taken")
except InvalidSignature:
    pass
theirs = getattr(mldsa, "MLDSA%sPrivateKey" % said["set"]).generate()
names = x509.SubjectAlternativeName([x509.DNSName("theirs.example.com")])
request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, False).sign(theirs, None)
json.dump({
    "key": pkcs8(theirs), "public": spki(theirs.public_key()), "signature": theirs.sign(message).hex(),
    "request": request.public_bytes(form.Encoding.DER).hex(),
}, sys.stdout)
"#;

/// Verifies a chain and a list.
const CHAIN: &str = r#"
leaf, issuing, root = (x509.load_der_x509_certificate(der(name)) for name in ("leaf", "issuing", "root"))
for below, above in ((leaf, issuing), (issuing, root), (root, root)):
    below.verify_directly_issued_by(above)
usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
assert usage.digital_signature and not usage.key_encipherment and not usage.key_agreement
key = form.load_der_private_key(der("key"), None)
assert key.public_key() == leaf.public_key()
crl = x509.load_der_x509_crl(der("list"))
assert crl.is_signature_valid(issuing.public_key()) and not crl.is_signature_valid(root.public_key())
assert crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None
json.dump({
    "algorithms": [one.signature_algorithm_oid.dotted_string for one in (leaf, issuing, root, crl)],
    "keys": [one.public_key_algorithm_oid.dotted_string for one in (leaf, issuing, root)],
}, sys.stdout)
"#;

fn peer(program: &str, said: &Value) -> Value {
    use std::io::Write as _;

    let mut command = std::process::Command::new(venv_program("python"));
    command.args(["-c", &format!("{PEER}{program}")]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(said.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the peer is not content");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn keys_and_signatures_are_openssls() {
    let message = b"what is signed";
    for set in MlDsa::ALL {
        let signer = LocalSigner::generate(KeyType::MlDsa(set)).unwrap();
        let (key, identifier) = (signer.public_key(), x509::algorithm_identifier(signer.algorithm()));
        let value = x509::signature_value(&signer.sign_now(message).unwrap());
        let private = signer.to_pkcs8_der().unwrap();
        // RFC 9881, 6: the seed alone, `[0] OCTET STRING (SIZE (32))`.
        assert_eq!(private.expose().len(), 54);
        assert!(private.expose().windows(4).any(|window| window == [0x04, 0x22, 0x80, 0x20]));
        let said = json!({
            "set": set.name().trim_start_matches("ML-DSA-"), "message": hex::encode(message), "key": hex::encode(private.expose()),
            "public": hex::encode(key.to_spki_der()), "signature": hex::encode(&value),
        });
        let theirs = peer(KEYS, &said);
        let their_signer = LocalSigner::from_pkcs8_der(&bytes(&theirs["key"])).unwrap();
        let their_key = PublicKey::from_spki_der(&bytes(&theirs["public"])).unwrap();
        assert_eq!(their_signer.public_key(), &their_key);
        let their_value = bytes(&theirs["signature"]);
        assert_eq!(x509::verify(&their_key, identifier, message, &their_value), Ok(()));
        assert!(x509::signature(&their_key, identifier, &their_value).is_some());
        assert_eq!(x509::verify(&their_key, identifier, b"something else", &their_value), Err(X509SignatureError::Mismatch));
        assert_eq!(x509::verify(key, identifier, message, &their_value), Err(X509SignatureError::Mismatch), "another key");
        for other in MlDsa::ALL.into_iter().filter(|other| *other != set) {
            let other = x509::algorithm_identifier(Algorithm::MlDsa(other));
            assert!(matches!(x509::verify(&their_key, other, message, &their_value), Err(X509SignatureError::Unsupported { .. })));
        }
        let request = Csr::from_der(&bytes(&theirs["request"])).unwrap();
        assert_eq!((request.public_key(), request.names()[0].to_string().as_str()), (&their_key, "theirs.example.com"));
    }
}

const PROFILES: &str = r#"
[young]
key_usages = ["digital_signature", "key_encipherment"]
extended_key_usages = ["server_auth"]
key_types = ["ml-dsa-44", "ml-dsa-65", "ecdsa-p256"]
default_lifetime = "30d"
max_lifetime = "90d"
names = { kinds = ["dns"] }
"#;

fn experimental(experimental: bool) -> Settings {
    Settings { profiles: Profiles::parse(PROFILES).unwrap(), experimental, ..settings() }
}

fn with_key(name: &str, parent: Parent, set: MlDsa) -> AuthorityOrder {
    AuthorityOrder { key: AuthorityKey::Made(KeyType::MlDsa(set)), ..authority(name, parent) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_and_its_list_are_read_by_openssl() {
    on_both(async |house: House| {
        let engine = house.engine_with(experimental(true)).await;
        let root = engine.create_authority(with_key("Root", Parent::Itself, MlDsa::MlDsa87)).await.unwrap().id;
        let issuing = engine.create_authority(with_key("Issuing", Parent::Ours(root), MlDsa::MlDsa65)).await.unwrap().id;
        let mut asked = order(issuing, "www.example.com", Key::Made(KeyType::MlDsa(MlDsa::MlDsa44)));
        asked.profile = "young".to_owned();
        let issued = engine.issue(asked).await.unwrap();
        engine.revoke(issued.id, Reason::KeyCompromise, "", &actor()).await.unwrap();
        assert!(within(Duration::from_secs(10), async || !engine.unpublished().await.unwrap()).await);
        let shard = engine.certificate(issued.id).await.unwrap().unwrap().shard.unwrap();
        let list = engine.crl(issuing, shard).await.unwrap().unwrap().der;
        let said = json!({
            "leaf": hex::encode(&issued.der), "issuing": hex::encode(&issued.chain[0]), "root": hex::encode(&issued.chain[1]),
            "key": hex::encode(issued.private_key.as_ref().unwrap().expose()), "list": hex::encode(&list),
        });
        let read = peer(CHAIN, &said);
        let oid = |last: u8| format!("2.16.840.1.101.3.4.3.{last}");
        assert_eq!(read["algorithms"], json!([oid(18), oid(19), oid(19), oid(18)]));
        assert_eq!(read["keys"], json!([oid(17), oid(18), oid(19)]));
        for verdict in pkilint(&[vec![issued.der.clone()], issued.chain.to_vec()].concat(), None) {
            assert!(verdict.failed.is_none() && verdict.pkix.is_empty(), "{verdict:?}");
        }

        // Its own key is stored sealed, and serves another process.
        engine.close().await;
        let engine = house.engine_with(experimental(false)).await;
        let mut asked = order(issuing, "other.example.com", Key::Made(KeyType::EcdsaP256));
        asked.profile = "young".to_owned();
        let issued = engine.issue(asked).await.unwrap();
        let view = View::parse(&issued.der).unwrap();
        assert_eq!(x509::signature_algorithm_name(view.signature().0).unwrap(), "ML-DSA-65");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_it_is_made_or_certified_unless_it_is_asked_for() {
    let house = House::sqlite();
    let engine = house.engine_with(experimental(false)).await;
    let refused = engine.create_authority(with_key("Root", Parent::Itself, MlDsa::MlDsa65)).await;
    assert!(matches!(refused, Err(AuthorityError::Issue(IssueError::Experimental { .. }))), "{refused:?}");
    let root = engine.create_authority(authority("Root", Parent::Itself)).await.unwrap().id;
    let theirs = LocalSigner::generate(KeyType::MlDsa(MlDsa::MlDsa44)).unwrap();
    for key in [Key::Made(KeyType::MlDsa(MlDsa::MlDsa44)), Key::Theirs(theirs.public_key().clone())] {
        let mut asked = order(root, "www.example.com", key);
        asked.profile = "young".to_owned();
        let refused = engine.issue(asked).await.unwrap_err();
        assert!(refused.is_the_requests_fault() && refused.to_string().contains("experimental"), "{refused}");
    }
    engine.close().await;
}
