//! Authorities: offline roots, cross-signing, constraints, what is refused.

use jiff::{SignedDuration, Timestamp};
use lemur::authority::{AuthorityError, OfflineAuthority, Parent};
use lemur::certificate::{AuthorityTemplate, Issuer, Places, Serial, Validity, View};
use lemur::crl::Reason;
use lemur::issue::IssueError;
use lemur::name::{NameConstraints, Subject, Subtrees};
use menagerie_sign::{KeyType, LocalSigner, Signer};

use super::support::{House, actor, authority, bundle, on_both, openssl, their_order, two_authorities};

/// A root that nobody here has the key of, and its signature for others.
struct Offline {
    key: LocalSigner,
    der: Vec<u8>,
}

impl Offline {
    fn new() -> Self {
        let key = LocalSigner::generate(KeyType::EcdsaP384).unwrap();
        let now = Timestamp::now();
        let validity = Validity::new(now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(24 * 365)).unwrap();
        let subject = Subject::of_common_name("Offline Root").unwrap();
        let template = AuthorityTemplate::new(&subject, key.public_key(), validity).unwrap();
        let to_be_signed = template.root(&Serial::from_random([7; 16]), key.algorithm()).unwrap();
        let der = to_be_signed.certificate(&key.sign_now(to_be_signed.as_der()).unwrap()).unwrap();
        Self { key, der }
    }

    fn certify(&self, csr: &[u8]) -> Vec<u8> {
        let request = lemur::csr::Csr::parse(csr).unwrap();
        let view = View::parse(&self.der).unwrap();
        let issuer = Issuer::new(&view).unwrap();
        let now = Timestamp::now();
        let validity = Validity::new(now - SignedDuration::from_mins(5), now + SignedDuration::from_hours(24 * 90)).unwrap();
        let subject = Subject::of_common_name("Waiting").unwrap();
        let template = AuthorityTemplate::new(&subject, request.public_key(), validity).unwrap();
        let to_be_signed = template.under(&issuer, &Serial::from_random([9; 16]), &Places::NONE, self.key.algorithm()).unwrap();
        to_be_signed.certificate(&self.key.sign_now(to_be_signed.as_der()).unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offline_root_takes_a_request_out_and_gives_a_certificate_in() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let offline = Offline::new();
        let waiting = engine.create_authority(authority("Waiting", Parent::Outside)).await.unwrap();
        let csr = waiting.csr.unwrap();
        house.file("request.der", &csr);
        let said = openssl(&["req", "-inform", "DER", "-in", "request.der", "-verify", "-noout", "-subject"], house.folder.path());
        assert!(said.contains("Waiting"), "{said}");
        assert!(matches!(engine.issue(their_order(waiting.id, "a.example.com")).await, Err(IssueError::NotIssuing { .. })));
        let certificate = offline.certify(&csr);
        let unknown = engine.activate_authority(waiting.id, &[certificate.clone(), offline.der.clone()], &actor()).await;
        assert!(matches!(unknown, Err(AuthorityError::IssuerNotKnown)), "{unknown:?}");
        let root = OfflineAuthority {
            name: "Offline Root".to_owned(),
            owner: "pki@example.com".to_owned(),
            description: String::new(),
            certificate: offline.der.clone(),
            options: "{}".to_owned(),
            roles: Vec::new(),
        };
        let root = engine.add_offline_authority(root, &actor()).await.unwrap();
        assert!(matches!(engine.issue(their_order(root, "a.example.com")).await, Err(IssueError::NotIssuing { .. })));
        let other = LocalSigner::generate(KeyType::EcdsaP256).unwrap();
        let wrong = engine.activate_authority(waiting.id, std::slice::from_ref(&offline.der), &actor()).await;
        assert!(matches!(wrong, Err(AuthorityError::OtherCertificate { .. })), "{wrong:?} of another key, {}", other.public_key());
        engine.activate_authority(waiting.id, &[certificate], &actor()).await.unwrap();
        let issued = engine.issue(their_order(waiting.id, "a.example.com")).await.unwrap();
        assert_eq!(issued.chain.len(), 2);
        house.file("root.pem", bundle(&issued.chain[1..]));
        house.file("chain.pem", bundle(&issued.chain[..1]));
        house.file("leaf.pem", bundle(std::slice::from_ref(&issued.der)));
        let arguments = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"];
        openssl(&arguments, house.folder.path());
        let twice = engine.activate_authority(waiting.id, &[issued.chain[0].clone()], &actor()).await;
        assert!(matches!(twice, Err(AuthorityError::NotPending { .. })), "{twice:?}");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cross_certificate_leads_to_another_root() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        let second = engine.create_authority(authority("Second Root", Parent::Itself)).await.unwrap().id;
        let (cross, _) = engine.cross_sign(issuing, second, None, &actor()).await.unwrap();
        let chains = engine.chains(issuing).await.unwrap();
        assert_eq!(chains.len(), 2);
        let issued = engine.issue(their_order(issuing, "www.example.com")).await.unwrap();
        house.file("leaf.pem", bundle(std::slice::from_ref(&issued.der)));
        for chain in chains {
            house.file("root.pem", bundle(&chain[1..]));
            house.file("chain.pem", bundle(&chain[..1]));
            let arguments = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"];
            openssl(&arguments, house.folder.path());
        }
        // Revoked, it leads nobody any more; the authority has its own, and issues.
        engine.revoke(cross, Reason::Superseded, "", &actor()).await.unwrap();
        assert_eq!(engine.chains(issuing).await.unwrap().len(), 1);
        engine.issue(their_order(issuing, "again.example.com")).await.unwrap();
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn constraints_and_path_lengths_hold() {
    let house = House::sqlite();
    let engine = house.engine().await;
    let root = engine.create_authority(authority("Root", Parent::Itself)).await.unwrap().id;
    let permitted = Subtrees::parse::<&str>(&["corp.example.com"], &[], &[], &[]).unwrap();
    let mut constrained = authority("Constrained", Parent::Ours(root));
    constrained.constraints = NameConstraints::new(permitted, Subtrees::default()).unwrap();
    constrained.path_length = Some(0);
    let constrained = engine.create_authority(constrained).await.unwrap().id;
    engine.issue(their_order(constrained, "a.corp.example.com")).await.unwrap();
    let outside = engine.issue(their_order(constrained, "a.example.com")).await;
    assert!(matches!(outside, Err(IssueError::Refused(_))), "{outside:?}");
    let under = engine.create_authority(authority("Under", Parent::Ours(constrained))).await;
    assert!(matches!(under, Err(AuthorityError::Issue(IssueError::Template(_)))), "{under:?}");
    let taken = engine.create_authority(authority("Root", Parent::Itself)).await;
    assert!(matches!(taken, Err(AuthorityError::NameTaken { .. })), "{taken:?}");
    engine.close().await;
}
