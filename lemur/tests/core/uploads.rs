//! Certificates that were made elsewhere.

use lemur::authority::Parent;
use lemur::certificate::View;
use lemur::crl::Reason;
use lemur::issue::{Key, Record, Upload, UploadError};
use lemur::revoke::{KeyError, RevokeError};
use menagerie_secret::Secret;
use menagerie_sign::{KeyType, LocalSigner};

use super::support::{House, actor, authority, on_both, openssl, order, their_order, two_authorities};

fn upload(certificate: &[u8], chain: &[Vec<u8>], key: Option<&[u8]>) -> Upload {
    Upload {
        certificate: View::parse(certificate).unwrap(),
        chain: chain.iter().map(|der| View::parse(der).unwrap()).collect(),
        private_key: key.map(|key| Secret::new(key.to_vec())),
        csr: None,
        external_id: Some("arn:elsewhere".to_owned()),
        record: Record::of_owner("mallory@example.com"),
        actor: actor(),
        most: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_becomes_the_owner_of_anothers_certificate_by_bringing_it_again() {
    on_both(async |house: House| {
        let elsewhere = House::sqlite();
        let other = elsewhere.engine().await;
        let foreign = other.create_authority(authority("Elsewhere", Parent::Itself)).await.unwrap().id;
        let made = other.issue(order(foreign, "www.example.net", Key::Made(KeyType::EcdsaP256))).await.unwrap();
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        let key = made.private_key.as_ref().unwrap().expose();
        let stored = engine.upload(upload(&made.der, &made.chain, Some(key))).await.unwrap();
        let row = engine.certificate(stored.id).await.unwrap().unwrap();
        assert_eq!((row.authority, row.has_key, row.external_id.as_deref()), (None, true, Some("arn:elsewhere")));
        assert!(row.chain.unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(engine.private_key(stored.id, "view", &actor()).await.unwrap().expose() == key);
        let again = engine.upload(upload(&made.der, &[], None)).await;
        assert!(matches!(again, Err(UploadError::Duplicate)), "{again:?}");
        let wrong = LocalSigner::generate(KeyType::EcdsaP256).unwrap().to_pkcs8_der().unwrap();
        let another = other.issue(their_order(foreign, "b.example.net")).await.unwrap();
        let refused = engine.upload(upload(&another.der, &[], Some(wrong.expose()))).await;
        assert!(matches!(refused, Err(UploadError::OtherKey)), "{refused:?}");
        // One of our own, brought again by somebody else, to be revoked through the second row.
        let ours = engine.issue(their_order(issuing, "victim.example.com")).await.unwrap();
        let stolen = engine.upload(upload(&ours.der, &[], None)).await;
        assert!(matches!(stolen, Err(UploadError::Duplicate)), "{stolen:?}");
        let refused = engine.revoke(stored.id, Reason::KeyCompromise, "", &actor()).await;
        assert!(matches!(refused, Err(RevokeError::NotOurs { .. })), "{refused:?}");
        let none = engine.private_key(ours.id, "view", &actor()).await;
        assert!(matches!(none, Err(KeyError::None { .. })));
        engine.close().await;
        other.close().await;
    })
    .await;
}

/// A certificate of these names that signs itself.
fn made(house: &House, subject: &str, serial: &str, more: &[&str]) -> Vec<u8> {
    let mut arguments = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-utf8"];
    arguments.extend(["-subj", subject, "-set_serial", serial, "-keyout", "made.key", "-outform", "DER", "-out", "made.der"]);
    arguments.extend(more);
    openssl(&arguments, house.folder.path());
    std::fs::read(house.folder.path().join("made.der")).unwrap()
}

/// Serial numbers are public, and anybody can write them and an issuer's name into a certificate: that takes no place from anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuers_name_and_a_serial_number_are_no_certificate() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        let [squat, real] = ["a", "b"].map(|_| made(&house, "/CN=Public CA", "4711", &[]));
        let first = engine.upload(upload(&squat, &[], None)).await.unwrap();
        let second = engine.upload(upload(&real, &[], None)).await.unwrap();
        assert_ne!(first.id, second.id);
        assert!(matches!(engine.upload(upload(&real, &[], None)).await, Err(UploadError::Duplicate)));
        // What says that one of ours issued it is one of ours, or is not stored: neither by the letter nor in capitals.
        let ours = engine.issue(their_order(issuing, "www.example.com")).await.unwrap();
        let serial = format!("0x{}", hex::encode(ours.serial.as_unsigned()));
        for name in ["/CN=Issuing", "/CN=ISSUING"] {
            let forged = engine.upload(upload(&made(&house, name, &serial, &[]), &[], None)).await;
            assert!(matches!(&forged, Err(UploadError::Forged { name }) if name == "Issuing"), "{forged:?}");
        }
        engine.close().await;
    })
    .await;
}

/// PostgreSQL's indexes take no more than some kilobytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_names_are_refused_and_no_fault_of_the_server() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let random = |length: usize| -> String {
            let mut state = 0x2545_F491_4F6C_DD1D_u64;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[usize::try_from((state >> 33) % 36).unwrap()])
            };
            (0..length).map(|_| next()).collect()
        };
        // OpenSSL itself holds a common name to 64 characters, and a street not: this becomes that.
        let long = format!("/street={}", random(5_000));
        let uri = format!("subjectAltName=URI:https://example.com/{}", random(5_000));
        let mut der = made(&house, &long, "1", &[]);
        while let Some(at) = der.windows(5).position(|part| part == [6, 3, 0x55, 4, 9]) {
            der[at + 4] = 3;
        }
        let refused = engine.upload(upload(&der, &[], None)).await;
        let Err(UploadError::Issue(error)) = &refused else { panic!("{refused:?}") };
        assert!(error.is_the_requests_fault(), "{error}");
        // A name that is longer than any that is one stands in no index, and the longest that is one does.
        let stored = engine.upload(upload(&made(&house, "/CN=y", "1", &["-addext", &uri]), &[], None)).await.unwrap();
        assert!(engine.certificate(stored.id).await.unwrap().unwrap().names.is_empty());
        let uri = format!("subjectAltName=URI:https://example.com/{}", random(2_000));
        engine.upload(upload(&made(&house, &format!("/CN=z/O={}", random(64)), "2", &["-addext", &uri]), &[], None)).await.unwrap();
        engine.close().await;
    })
    .await;
}
