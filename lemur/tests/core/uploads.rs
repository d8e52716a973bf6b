//! Certificates that were made elsewhere.

use lemur::certificate::View;
use lemur::crl::Reason;
use lemur::issue::{Key, Record, Upload, UploadError};
use lemur::revoke::{KeyError, RevokeError};
use menagerie_secret::Secret;
use menagerie_sign::{KeyType, LocalSigner};

use super::support::{House, actor, on_both, order, their_order, two_authorities};

fn upload(certificate: &[u8], chain: &[Vec<u8>], key: Option<&[u8]>) -> Upload {
    Upload {
        certificate: View::parse(certificate).unwrap(),
        chain: chain.iter().map(|der| View::parse(der).unwrap()).collect(),
        private_key: key.map(|key| Secret::new(key.to_vec())),
        csr: None,
        external_id: Some("arn:elsewhere".to_owned()),
        record: Record::of_owner("mallory@example.com"),
        actor: actor(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_becomes_the_owner_of_anothers_certificate_by_bringing_it_again() {
    on_both(async |house: House| {
        let elsewhere = House::sqlite();
        let other = elsewhere.engine().await;
        let (_, foreign) = two_authorities(&other).await;
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
