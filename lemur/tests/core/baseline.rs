//! A chain for a profile that claims the Baseline Requirements: root, authority and leaf keep them, by our lints and by `pkilint`, and verifiers
//! that ask for a policy find it.

use lemur::authority::{AuthorityOrder, Parent};
use lemur::certificate::View;
use lemur::engine::{Engine, Settings};
use lemur::lint::{self, Claims, Kind, Severity};
use lemur::name::{Subject, SubjectField};
use lemur::profile::Profiles;
use menagerie_tests::pkilint;
use x509_cert::spki::ObjectIdentifier;

use super::support::{House, authority, bundle, openssl, settings, their_order};

const PROFILES: &str = r#"
[public]
key_usages = ["digital_signature"]
extended_key_usages = ["server_auth"]
key_types = ["ecdsa-p256"]
default_lifetime = "40d"
max_lifetime = "47d"
baseline = true
policies = ["2.23.140.1.2.1"]
names = { kinds = ["dns"] }
"#;

fn public() -> Settings {
    Settings { profiles: Profiles::parse(PROFILES).unwrap(), public_url: "http://pki.example.com".to_owned(), ..settings() }
}

fn order(name: &str, parent: Parent) -> AuthorityOrder {
    let subject = Subject::of_common_name(name).unwrap().with(SubjectField::Organization, "Corp").unwrap();
    AuthorityOrder {
        subject: subject.with(SubjectField::Country, "DE").unwrap(),
        profiles: vec!["public".to_owned()],
        ..authority(name, parent)
    }
}

/// What our lints call an error.
fn errors(der: &[u8], kind: Kind, issuer: &[u8]) -> Vec<String> {
    let claims = Claims { baseline: true, kind: Some(kind), issuer: Some(issuer), ..Claims::default() };
    let findings = lint::check(der, &claims).into_iter().filter(|finding| finding.lint.severity == Severity::Error);
    findings.map(|finding| format!("{}: {}", finding.lint.id, finding.detail)).collect()
}

/// Issues by the profile, and has OpenSSL ask for its policy along the chain.
async fn explicit(house: &House, engine: &Engine, authority: lemur::store::AuthorityId) -> Vec<Vec<u8>> {
    let mut asked = their_order(authority, "www.example.com");
    asked.profile = "public".to_owned();
    let issued = engine.issue(asked).await.unwrap();
    house.file("leaf.pem", bundle(std::slice::from_ref(&issued.der)));
    house.file("chain.pem", bundle(&issued.chain[..1]));
    house.file("root.pem", bundle(&issued.chain[1..]));
    let policy = ["-policy_check", "-explicit_policy", "-policy", "2.23.140.1.2.1"];
    let files = ["-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"];
    openssl(&[&["verify", "-x509_strict"][..], &policy, &files].concat(), house.folder.path());
    [vec![issued.der], issued.chain.to_vec()].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_for_the_baseline_keeps_it() {
    let house = House::sqlite();
    let engine = house.engine_with(public()).await;
    let root = engine.create_authority(order("Web Root", Parent::Itself)).await.unwrap().id;
    let issuing = engine.create_authority(order("Web 1", Parent::Ours(root))).await.unwrap().id;
    let chain = explicit(&house, &engine, issuing).await;
    let kinds = [Kind::Leaf, Kind::Intermediate, Kind::Root];
    for (number, (der, kind)) in chain.iter().zip(kinds).enumerate() {
        let issuer = &chain[(number + 1).min(2)];
        assert_eq!(errors(der, kind, issuer), Vec::<String>::new(), "{kind:?}");
    }
    for (verdict, kind) in pkilint(&chain, None).iter().zip(kinds) {
        assert!(verdict.failed.is_none() && verdict.baseline.is_empty() && verdict.pkix.is_empty(), "{kind:?}: {verdict:?}");
    }
    let policies = |der: &[u8]| View::parse(der).unwrap().policies().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((policies(&chain[1]), policies(&chain[2])), (vec!["2.5.29.32.0".to_owned()], Vec::new()));

    // The authority's answers are signed by one that keeps them too.
    openssl(&["ocsp", "-issuer", "chain.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "request.der"], house.folder.path());
    let request = std::fs::read(house.folder.path().join("request.der")).unwrap();
    house.file("answer.der", engine.ocsp(&request).await.unwrap());
    let said = openssl(&["ocsp", "-respin", "answer.der", "-noverify", "-resp_text"], house.folder.path());
    let start = said.find("-----BEGIN CERTIFICATE-----").expect("the responder's certificate");
    let responder = lemur::certificate::read_bundle(said[start..].as_bytes()).unwrap()[0].as_der().to_vec();
    assert_eq!(errors(&responder, Kind::OcspResponder, &chain[1]), Vec::<String>::new());
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_issues_under_any_policy_unless_it_names_some() {
    let house = House::sqlite();
    let engine = house.engine_with(public()).await;
    let root = engine.create_authority(authority("Root", Parent::Itself)).await.unwrap().id;
    let plain = engine.create_authority(authority("Plain", Parent::Ours(root))).await.unwrap().id;
    explicit(&house, &engine, plain).await;
    let named = AuthorityOrder {
        policies: ["2.23.140.1.2.1", "1.3.6.1.4.1.5923.1.4.3.1.1"].map(ObjectIdentifier::new_unwrap).to_vec(),
        ..authority("Named", Parent::Ours(root))
    };
    let named = engine.create_authority(named).await.unwrap().id;
    explicit(&house, &engine, named).await;
    // What the Baseline Requirements want is refused with the lint's name.
    let lacking = AuthorityOrder { profiles: vec!["public".to_owned()], ..authority("Lacking", Parent::Ours(root)) };
    let refused = engine.create_authority(lacking).await.unwrap_err().to_string();
    assert!(refused.contains("br-ca-subject"), "{refused}");
    engine.close().await;
}
