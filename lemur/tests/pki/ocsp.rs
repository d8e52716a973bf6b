//! OCSP: requests that OpenSSL and GnuTLS make, and our answers by their judgement.

use std::time::Duration;

use lemur::certificate::{ResponderTemplate, Validity, View};
use lemur::crl::Reason;
use lemur::name::Subject;
use lemur::ocsp::{
    Answer, CertId, HashKind, IssuerIds, OcspError, OcspToBeSigned, Refusal, RequestError, Status, parse_request, parse_request_path,
};
use menagerie_sign::{KeyType, LocalSigner, Signer};

use crate::world::{Ca, Folder, key, now, serial, subject};

const DAY: Duration = Duration::from_secs(86_400);

struct Responder {
    key: LocalSigner,
    certificate: View,
}

fn responder(ca: &Ca, kind: KeyType) -> Responder {
    let key = key(kind);
    let validity = Validity::lasting(now() - Duration::from_secs(60), 30 * DAY).unwrap();
    let template = ResponderTemplate::new(subject("OCSP responder"), key.public_key().clone(), validity);
    let certificate = ca.sign(&template.under(&ca.issuer, &serial(), ca.key.algorithm()).unwrap());
    assert!(certificate.has_ocsp_no_check());
    Responder { key, certificate }
}

fn answer(status: Status) -> Answer {
    Answer { status, this_update: now() - Duration::from_secs(60), next_update: now() + DAY }
}

impl Responder {
    fn answer(&self, id: &CertId, status: Status) -> Vec<u8> {
        let signed = OcspToBeSigned::new(id, &answer(status), self.key.public_key(), now(), self.key.algorithm()).unwrap();
        signed.response(&self.key.sign_now(signed.as_der()).unwrap(), self.certificate.as_der()).unwrap()
    }
}

#[test]
fn openssl_asks_and_accepts_the_answer() {
    let folder = Folder::new();
    for kind in [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Rsa2048, KeyType::Ed25519] {
        let root = Ca::root(kind);
        let ids = IssuerIds::new(&root.issuer);
        let responder = responder(&root, kind);
        let leaf = root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
        folder.put_certificates("root.pem", &[&root.certificate]);
        folder.put_certificates("leaf.pem", &[&leaf]);
        folder.put_certificates("responder.pem", &[&responder.certificate]);
        folder.tool("openssl verify -x509_strict -purpose ocsphelper -CAfile root.pem responder.pem");
        for (hash, flag) in [(HashKind::Sha1, "-sha1"), (HashKind::Sha256, "-sha256")] {
            for nonce in ["-no_nonce", "-nonce"] {
                folder.tool(&format!("openssl ocsp {flag} -issuer root.pem -cert leaf.pem {nonce} -reqout request.der"));
                let id = parse_request(&folder.get("request.der")).unwrap();
                assert_eq!((id.hash(), id.serial()), (hash, leaf.serial()));
                assert!(ids.is_issuer_of(&id));
                assert_eq!(id, ids.id(hash, leaf.serial()));
                assert_eq!(id.issuer_key_hash(), ids.key_hash(hash));
            }
            let revoked = Status::Revoked { at: now() - DAY, reason: Reason::KeyCompromise };
            for (status, said) in [(Status::Good, "leaf.pem: good"), (revoked, "leaf.pem: revoked"), (Status::Unknown, "leaf.pem: unknown")]
            {
                folder.put("answer.der", responder.answer(&ids.id(hash, leaf.serial()), status));
                let shown = folder.tool(&format!(
                    "openssl ocsp {flag} -issuer root.pem -cert leaf.pem -no_nonce -respin answer.der -CAfile root.pem -resp_text"
                ));
                assert!(shown.contains("Response verify OK") && shown.contains(said), "{shown}");
                assert_eq!(shown.matches("Certificate ID:").count(), 1, "{shown}");
                assert_eq!(shown.contains("Reason: keyCompromise"), status == revoked, "{shown}");
            }
        }
    }
}

#[test]
fn gnutls_asks_and_accepts_the_answer() {
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    let ids = IssuerIds::new(&root.issuer);
    let responder = responder(&root, KeyType::EcdsaP256);
    let leaf = root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    folder.tool("ocsptool --generate-request --load-issuer root.pem --load-cert leaf.pem --outfile request.der");
    let id = parse_request(&folder.get("request.der")).unwrap();
    assert!(ids.is_issuer_of(&id) && id.serial() == leaf.serial());
    folder.put("answer.der", responder.answer(&ids.id(HashKind::Sha1, leaf.serial()), Status::Good));
    let shown = folder.tool("ocsptool --verify-response --load-trust root.pem --load-response answer.der");
    assert!(shown.contains("Success"), "{shown}");
    let shown = folder.tool("ocsptool --response-info --load-response answer.der");
    assert!(shown.contains("Certificate Status: good"), "{shown}");
}

#[test]
fn an_answer_by_another_authoritys_responder_is_refused() {
    let folder = Folder::new();
    let (root, other) = (Ca::root(KeyType::EcdsaP256), Ca::root(KeyType::EcdsaP256));
    let ids = IssuerIds::new(&root.issuer);
    let leaf = root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    folder.put("answer.der", responder(&other, KeyType::EcdsaP256).answer(&ids.id(HashKind::Sha1, leaf.serial()), Status::Good));
    let said = folder.run("openssl ocsp -issuer root.pem -cert leaf.pem -no_nonce -respin answer.der -CAfile root.pem");
    assert!(said.text.contains("Response Verify Failure"), "{}", said.text);
}

#[test]
fn refusals_are_what_openssl_reads_as_such() {
    let folder = Folder::new();
    let texts = ["malformedrequest", "internalerror", "trylater", "unauthorized"];
    let refusals = [Refusal::MalformedRequest, Refusal::InternalError, Refusal::TryLater, Refusal::Unauthorized];
    for (refusal, text) in refusals.into_iter().zip(texts) {
        folder.put("answer.der", refusal.as_der());
        let said = folder.run("openssl ocsp -respin answer.der -noverify -resp_text");
        assert!(said.text.to_lowercase().contains(text), "{text}: {}", said.text);
    }
}

#[test]
fn requests_are_read_from_a_path() {
    use base64::Engine;
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    let leaf = root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    folder.tool("openssl ocsp -issuer root.pem -cert leaf.pem -no_nonce -reqout request.der");
    let der = folder.get("request.der");
    let text = base64::engine::general_purpose::STANDARD.encode(&der);
    let encoded = text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let id = parse_request(&der).unwrap();
    for path in [&text, &encoded, &format!("/{text}")] {
        assert_eq!(parse_request_path(path).as_ref(), Ok(&id));
    }
    for wrong in ["", "%", "AAAA", "MA==", &"A".repeat(100_000)] {
        assert!(parse_request_path(wrong).is_err());
    }
}

#[test]
fn requests_that_are_not_answered() {
    let folder = Folder::new();
    let root = Ca::root(KeyType::EcdsaP256);
    let leaf = root.leaf("tls-server", key(KeyType::EcdsaP256).public_key(), Subject::new(), &["a.example.com"]);
    folder.put_certificates("root.pem", &[&root.certificate]);
    folder.put_certificates("leaf.pem", &[&leaf]);
    folder.tool("openssl ocsp -issuer root.pem -cert leaf.pem -cert leaf.pem -no_nonce -reqout two.der");
    assert_eq!(parse_request(&folder.get("two.der")), Err(RequestError::NotOne));
    folder.tool("openssl ocsp -sha512 -issuer root.pem -cert leaf.pem -no_nonce -reqout hash.der");
    let refused = parse_request(&folder.get("hash.der")).unwrap_err();
    assert_eq!((refused, refused.refusal()), (RequestError::Hash, Refusal::Unauthorized));
    folder.tool("openssl ocsp -issuer root.pem -cert leaf.pem -no_nonce -reqout one.der");
    let one = folder.get("one.der");
    for len in 0..one.len() {
        assert_eq!(parse_request(&one[..len]).unwrap_err().refusal(), Refusal::MalformedRequest);
    }
    assert_eq!(parse_request(&vec![0x30; 5000]), Err(RequestError::TooLarge));
    assert_eq!(parse_request(b"\x30\x04\x30\x02\x30\x00"), Err(RequestError::NotOne));
}

#[test]
fn answers_that_are_none() {
    let root = Ca::root(KeyType::EcdsaP256);
    let id = IssuerIds::new(&root.issuer).id(HashKind::Sha1, serial());
    let key = root.key.public_key();
    let backwards = Answer { next_update: now() - DAY, ..answer(Status::Good) };
    let built = OcspToBeSigned::new(&id, &backwards, key, now(), root.key.algorithm()).err();
    assert_eq!(built, Some(OcspError::Backwards));
}
