//! Orders that end well, and those that do not, at `pebble`.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use lemur::audit::Actor;
use lemur::authority::AuthorityError;
use lemur::certificate::{View, read_bundle};
use lemur::config::{ExternalAccount, Upstream};
use lemur::crl::Reason;
use lemur::csr::Csr;
use lemur::issue::{IssueError, Key};
use lemur::name::SubjectField;
use lemur::revoke::RevokeError;
use lemur::store::authorities::AuthorityChange;
use lemur::upstream::{OrderError, PendingError, PendingState, PendingUpload, UpstreamAuthority, Upstreams, reseal};
use menagerie_sign::{LocalSigner, Signer as _};
use menagerie_tests::keys::openssl;

use super::house::{House, NAME, authority, on_both};
use super::pebble::{EXTERNAL, Manner, Pebble};

const BAD_NONCES: Manner = Manner { external: false, alternates: 0, bad_nonces: 50 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_addresses_are_proved_by_http_and_what_comes_is_revoked_upstream() {
    on_both(async |house| {
        let pebble = Pebble::start(&house.chall, house.http.port(), BAD_NONCES);
        let roots = house.file("roots.pem", pebble.issuing_root(0));
        let mut upstream = House::by_http(pebble.directory(), pebble.root());
        upstream.issued_under = Some(roots);
        let replica = house.replica(upstream).await;
        for name in ["a.example.org", "b.example.org"] {
            house.chall.addresses(name, &["127.0.0.1"]);
        }
        let id = replica.order(&["a.example.org", "b.example.org", "127.0.0.1"]).await;
        let certificate = replica.issued(id).await;
        let view = View::parse(&certificate.der).unwrap();
        assert_eq!(view.names().len(), 3);
        assert_eq!((certificate.authority, certificate.shard), (Some(replica.authority), None));
        assert_eq!((certificate.owner.as_str(), certificate.profile.as_str()), ("web@example.org", "tls-server"));
        assert_eq!(read_bundle(certificate.chain.as_deref().unwrap().as_bytes()).unwrap().len(), 1);
        let key = replica.engine.private_key(certificate.id, "view", &Actor::cli("tests")).await.unwrap();
        assert_eq!(LocalSigner::from_pkcs8_der(key.expose()).unwrap().public_key().to_spki_der(), view.spki());
        let pending = replica.upstreams.pending(id).await.unwrap().unwrap();
        assert_eq!((pending.state, pending.attempts, pending.has_key), (PendingState::Issued, 0, false), "{pending:?}");
        assert!(matches!(replica.upstreams.private_key(id, &Actor::cli("tests")).await, Err(PendingError::NoKey { .. })));
        assert_eq!((replica.shown().await, pebble.counts()), (0, (1, 1)));
        // It is on none of our lists, and nothing is to be published of it.
        assert!(!replica.engine.unpublished().await.unwrap());
        assert!(replica.engine.crl_shards(replica.authority).await.unwrap().is_empty());

        let revoke = |reason| {
            let (upstreams, id) = (replica.upstreams.clone(), certificate.id);
            async move { upstreams.revoke(id, reason, "a test", &Actor::cli("tests")).await }
        };
        assert!(matches!(revoke(Reason::CertificateHold).await, Err(RevokeError::NoHold { .. })));
        assert!(matches!(
            replica.engine.revoke(certificate.id, Reason::Superseded, "", &Actor::cli("t")).await,
            Err(RevokeError::NotOurs { .. })
        ));
        revoke(Reason::Superseded).await.unwrap();
        let status = pebble.status(&certificate.serial);
        assert_eq!((&status["Status"], &status["Reason"]), (&"Revoked".into(), &4.into()), "{status}");
        assert_eq!(replica.engine.certificate(certificate.id).await.unwrap().unwrap().revoked.unwrap().reason, "superseded");
        assert!(matches!(revoke(Reason::Superseded).await, Err(RevokeError::Revoked { .. })));
        // Asked again after a crash, the upstream says that it did already.
        let mut transaction = replica.engine.store().write().await.unwrap();
        transaction.execute("UPDATE certificate SET revoked_ms = NULL, reason = NULL", &[]).await.unwrap();
        transaction.commit().await.unwrap();
        revoke(Reason::Superseded).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wildcard_and_its_base_are_proved_at_one_name_and_the_records_go() {
    on_both(async |house| {
        let pebble = Pebble::start(&house.chall, house.http.port(), BAD_NONCES);
        let replica = house.replica(house.by_dns(pebble.directory(), pebble.root())).await;
        // The first time the provider does not work: the same order is gone on with.
        house.records.failures.store(1, Ordering::Relaxed);
        let id = replica.order(&["example.org", "*.example.org", "www.example.net"]).await;
        let certificate = replica.issued(id).await;
        assert_eq!(View::parse(&certificate.der).unwrap().names().len(), 3);
        assert_eq!(house.records.most.load(Ordering::Relaxed), 2, "two values at one name");
        assert_eq!((house.records.count(), replica.shown().await), (0, 0));
        assert_eq!(pebble.counts(), (1, 1));
        let pending = replica.upstreams.pending(id).await.unwrap().unwrap();
        assert_eq!(pending.attempts, 1, "{pending:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_external_account_is_bound_and_a_chain_is_chosen() {
    let house = House::sqlite();
    let manner = Manner { external: true, alternates: 2, bad_nonces: 10 };
    let pebble = Pebble::start(&house.chall, house.http.port(), manner);
    house.chall.addresses("a.example.org", &["127.0.0.1"]);
    let key_file = house.file("external.key", format!("{}\n", EXTERNAL.1));
    let wanted = read_bundle(pebble.issuing_root(2).as_bytes()).unwrap().remove(0);
    let wanted = wanted.subject().field(SubjectField::CommonName).unwrap().to_owned();
    let mut upstream = House::by_http(pebble.directory(), pebble.root());
    upstream.preferred_chain = Some(wanted.clone());
    // Without the binding, or without agreement to the terms, it says what is missing.
    let replica = house.replica(upstream.clone()).await;
    let id = replica.order(&["a.example.org"]).await;
    let pending = replica.resolved(id).await;
    assert!(pending.status.contains("external_account"), "{pending:?}");
    assert_eq!((pending.attempts, pending.state, pending.certificate), (5, PendingState::Failed, None));
    drop(replica);
    upstream.external_account = Some(ExternalAccount { id: EXTERNAL.0.to_owned(), key_file: key_file.clone() });
    let disagreeing = Upstream { agree_to_terms: false, ..upstream.clone() };
    let replica = house.replica(disagreeing).await;
    let id = replica.order(&["a.example.org"]).await;
    let pending = replica.resolved(id).await;
    assert!(pending.status.contains("agree_to_terms"), "{pending:?}");
    drop(replica);
    // The key is in the database now, and the file may go.
    std::fs::remove_file(key_file).unwrap();
    let replica = house.replica(upstream).await;
    let id = replica.order(&["a.example.org"]).await;
    let certificate = replica.issued(id).await;
    let chain = read_bundle(certificate.chain.unwrap().as_bytes()).unwrap();
    assert_eq!(chain.last().unwrap().issuer().field(SubjectField::CommonName), Some(wanted.as_str()));
    // The account's key, the external one and no other secret stand in the database, and all are sealed.
    let mut transaction = replica.engine.store().read().await.unwrap();
    let row = transaction.one("SELECT sealed, external_sealed, url FROM upstream_account", &[]).await.unwrap();
    assert!(row.text("url").unwrap().starts_with("https://localhost:"));
    for column in ["sealed", "external_sealed"] {
        assert!(menagerie_secret::KeyRing::key_of(&row.bytes(column).unwrap()).is_ok(), "{column}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_was_brought_is_handed_on_as_it_is() {
    let house = House::sqlite();
    let pebble = Pebble::start(&house.chall, house.http.port(), BAD_NONCES);
    house.chall.addresses("a.example.org", &["127.0.0.1"]);
    let replica = house.replica(House::by_http(pebble.directory(), pebble.root())).await;
    let key = house.folder.path().join("own.key");
    let arguments = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/", "-keyout"];
    let names = ["-addext", "subjectAltName=DNS:a.example.org"];
    let csr = openssl(arguments.into_iter().chain([key.to_str().unwrap()]).chain(names), b"").success();
    let csr = Csr::from_pem(csr.text().as_bytes()).unwrap();
    let order = |names: &[&str]| {
        let mut order = replica.order_of(names);
        order.key = Key::Theirs(csr.public_key().clone());
        order.csr = Some(csr.as_der().to_vec());
        order
    };
    assert!(matches!(replica.upstreams.order(order(&["a.example.org", "b.example.org"])).await, Err(OrderError::OtherNames)));
    let without = lemur::issue::Order { csr: None, ..order(&["a.example.org"]) };
    assert!(matches!(replica.upstreams.order(without).await, Err(OrderError::NoRequest)));
    let pending = replica.upstreams.order(order(&["a.example.org"])).await.unwrap();
    assert!(!pending.has_key);
    let certificate = replica.issued(pending.id).await;
    assert_eq!(View::parse(&certificate.der).unwrap().spki(), csr.public_key().to_spki_der());
    assert_eq!((certificate.has_key, certificate.csr.as_deref()), (false, Some(csr.as_der())));
    // A key that others have is not handed on any more.
    replica.upstreams.revoke(certificate.id, Reason::KeyCompromise, "", &Actor::cli("tests")).await.unwrap();
    assert!(matches!(replica.upstreams.order(order(&["a.example.org"])).await, Err(OrderError::CompromisedKey { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_proved_or_is_not_allowed_is_refused_before_it_is_stored() {
    let house = House::sqlite();
    let pebble = Pebble::start(&house.chall, house.http.port(), BAD_NONCES);
    let replica = house.idle(House::by_http(pebble.directory(), pebble.root())).await;
    let refused = |order| {
        let upstreams = replica.upstreams.clone();
        async move { upstreams.order(order).await.unwrap_err() }
    };
    for (name, reason) in [("*.example.org", "wildcard"), ("web@example.org", "kind"), ("spiffe://example.org/x", "kind")] {
        let text = refused(replica.order_of(&["a.example.org", name])).await.to_string();
        assert!(text.contains(reason), "{name}: {text}");
    }
    let mut order = replica.order_of(&["a.example.org"]);
    order.profile = "none".to_owned();
    assert!(matches!(refused(order).await, OrderError::Issue(IssueError::UnknownProfile { .. })));
    let of_profiles = |names: &[&str]| {
        let profiles = names.iter().map(|name| (*name).to_owned()).collect();
        AuthorityChange { profiles: Some(profiles), ..AuthorityChange::default() }
    };
    replica.engine.change_authority(replica.authority, &of_profiles(&["tls-client"]), &Actor::cli("t")).await.unwrap();
    let error = refused(replica.order_of(&["a.example.org"])).await;
    assert!(matches!(error, OrderError::Issue(IssueError::ProfileNotAllowed { .. })));
    replica.engine.change_authority(replica.authority, &of_profiles(&[]), &Actor::cli("t")).await.unwrap();
    let mut order = replica.order_of(&["a.example.org"]);
    order.period = lemur::profile::Period::For(lemur::profile::Lifetime::days(100_000));
    assert!(matches!(refused(order).await, OrderError::Issue(IssueError::Refused(_))));
    let dns = House::sqlite();
    let by_dns = dns.idle(dns.by_dns(pebble.directory(), pebble.root())).await;
    let text = by_dns.upstreams.order(by_dns.order_of(&["10.0.0.1"])).await.unwrap_err().to_string();
    assert!(text.contains("no address"), "{text}");

    let unknown = UpstreamAuthority { name: "other".to_owned(), upstream: "none".to_owned(), ..authority() };
    let added = replica.upstreams.add_authority(unknown, &Actor::cli("t")).await;
    assert!(matches!(added, Err(AuthorityError::UnknownUpstream { .. })));
    assert!(matches!(replica.upstreams.add_authority(authority(), &Actor::cli("t")).await, Err(AuthorityError::NameTaken { .. })));
    // What is elsewhere signs nothing here.
    assert!(matches!(replica.engine.issue(replica.order_of(&["a.example.org"])).await, Err(IssueError::NotIssuing { .. })));
    let disabled = AuthorityChange { active: Some(false), ..AuthorityChange::default() };
    replica.engine.change_authority(replica.authority, &disabled, &Actor::cli("t")).await.unwrap();
    assert!(matches!(refused(replica.order_of(&["a.example.org"])).await, OrderError::Issue(IssueError::NotIssuing { .. })));
    let (_, total) = replica.upstreams.list(&lemur::upstream::PendingFilter::default(), 0, 10).await.unwrap();
    assert_eq!((total, pebble.counts()), (0, (0, 0)), "nothing was stored and nobody was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_not_held_is_given_up_with_what_the_upstream_said() {
    on_both(async |house| {
        let pebble = Pebble::start(&house.chall, house.http.port(), BAD_NONCES);
        let replica = house.replica(House::by_http(pebble.directory(), pebble.root())).await;
        // Nobody has told the name service of it.
        let id = replica.order(&["nowhere.example.org"]).await;
        let pending = replica.resolved(id).await;
        assert_eq!((pending.state, pending.attempts, pending.certificate), (PendingState::Failed, 5, None));
        assert!(pending.status.starts_with("nowhere.example.org: "), "{}", pending.status);
        assert!(pending.has_key, "its key is not lost");
        assert_eq!((replica.certificates().await, replica.shown().await), (0, 0));
        assert_eq!(pebble.counts(), (5, 0));
        let _ = replica.upstreams.private_key(id, &Actor::cli("tests")).await.unwrap();
        // It is resolved, so it is changed no more; it may be thrown away.
        let change = lemur::upstream::PendingChange { notify: Some(false), ..lemur::upstream::PendingChange::default() };
        assert!(matches!(replica.upstreams.change(id, &change, &Actor::cli("t")).await, Err(PendingError::Resolved { .. })));
        replica.upstreams.cancel(id, "no use", &Actor::cli("t")).await.unwrap();
        assert!(replica.upstreams.pending(id).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_one_works_on_an_order() {
    const ORDERS: usize = 12;
    let house = House::postgres();
    let pebble = Pebble::start(&house.chall, house.http.port(), BAD_NONCES);
    let upstream = House::by_http(pebble.directory(), pebble.root());
    let (one, two) = (house.replica(upstream.clone()).await, house.replica(upstream).await);
    let mut ordered = Vec::new();
    for number in 0..ORDERS {
        let name = format!("h{number}.example.org");
        house.chall.addresses(&name, &["127.0.0.1"]);
        let replica = if number % 2 == 0 { &one } else { &two };
        ordered.push(replica.order(&[&name]).await);
    }
    for id in ordered {
        assert!(one.issued(id).await.has_key);
    }
    assert_eq!(pebble.counts(), (ORDERS, ORDERS));
    let mut transaction = one.engine.store().read().await.unwrap();
    assert_eq!(transaction.all("SELECT url FROM upstream_account", &[]).await.unwrap().len(), 1, "one account for both");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_forgot_the_account_gets_it_again_and_keys_are_sealed_anew() {
    let house = House::sqlite();
    let mut pebble = Pebble::start(&house.chall, house.http.port(), BAD_NONCES);
    house.chall.addresses("a.example.org", &["127.0.0.1"]);
    let upstream = House::by_http(pebble.directory(), pebble.root());
    let replica = house.replica(upstream.clone()).await;
    let first = replica.order(&["a.example.org"]).await;
    drop(replica.issued(first).await);
    drop(replica);
    pebble.restart();
    let replica = house.idle(upstream).await;
    let id = replica.order(&["a.example.org"]).await;
    // What waits is sealed anew with everything else.
    let before = replica.engine.ring().keys().newest();
    replica.engine.ring().add_key().unwrap();
    replica.engine.reseal(&Actor::cli("tests")).await.unwrap();
    assert_eq!(reseal(&replica.engine).await.unwrap(), 2);
    assert_eq!(reseal(&replica.engine).await.unwrap(), 0);
    replica.engine.drop_unused_keys().await.unwrap();
    assert!(!replica.engine.ring().keys().ids().contains(&before));
    let worker = replica.upstreams.clone();
    let working = tokio::spawn(async move { worker.run(std::future::pending()).await });
    let certificate = replica.issued(id).await;
    working.abort();
    assert!(certificate.has_key);
    let _ = replica.engine.private_key(certificate.id, "view", &Actor::cli("tests")).await.unwrap();
}

/// An authority that openssl makes: its certificate and its key.
fn outsider(house: &House, file: &str, name: &str) -> (PathBuf, PathBuf) {
    let place = |end: &str| house.folder.path().join(format!("{file}.{end}"));
    let (certificate, key, subject) = (place("pem"), place("key"), format!("/CN={name}"));
    let made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "5", "-subj", &subject];
    let places = ["-keyout", key.to_str().unwrap(), "-out", certificate.to_str().unwrap()];
    let _ = openssl(made.into_iter().chain(places), b"").success();
    (certificate, key)
}

/// What a person brings is held to what the upstream's own answer is held to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_may_be_brought_by_hand_and_only_the_right_one() {
    for house in [House::sqlite(), House::postgres()] {
        let pebble = Pebble::start(&house.chall, house.http.port(), BAD_NONCES);
        let (ca, other) = (outsider(&house, "ca", "Elsewhere"), outsider(&house, "other", "Elsewhere"));
        let (own, with_roots) = (House::by_http(pebble.directory(), pebble.root()), Some(ca.0.clone()));
        let vouched = house.idle(own.clone()).await;
        let id = vouched.order(&["a.example.org"]).await;
        let pending = vouched.upstreams.pending(id).await.unwrap().unwrap();
        assert!(!vouched.upstreams.knows_roots(&pending).await.unwrap());
        let replica = house.idle(Upstream { issued_under: with_roots, ..own }).await;
        assert!(replica.upstreams.knows_roots(&pending).await.unwrap());
        let csr = house.file("a.csr", Csr::from_der(&pending.csr).unwrap().to_pem());
        let sign = |(ca, key): &(PathBuf, PathBuf), extensions: &'static str| {
            let extensions = house.file("ext", extensions);
            let arguments = ["x509", "-req", "-days", "3", "-in", csr.to_str().unwrap(), "-CA", ca.to_str().unwrap()];
            let more = ["-CAkey", key.to_str().unwrap(), "-extfile", extensions.to_str().unwrap()];
            openssl(arguments.into_iter().chain(more), b"").success().text()
        };
        let bring = |upstreams: &Upstreams, bundle: String| {
            let upstreams = upstreams.clone();
            let upload = PendingUpload { bundle: bundle.into_bytes(), external_id: Some("by hand".to_owned()) };
            async move { upstreams.bring(id, upload, &Actor::cli("tests")).await }
        };
        let refused = async |upstreams: &Upstreams, bundle: String| match bring(upstreams, bundle).await {
            Err(PendingError::Certificate(error)) => error.to_string(),
            otherwise => panic!("{otherwise:?}"),
        };
        let chain = std::fs::read_to_string(&ca.0).unwrap();
        let right = sign(&ca, "subjectAltName=DNS:a.example.org\nextendedKeyUsage=serverAuth");
        for upstreams in [&vouched.upstreams, &replica.upstreams] {
            for (wrong, why) in [
                (sign(&ca, "subjectAltName=DNS:b.example.org"), "other names"),
                (sign(&ca, "subjectAltName=DNS:a.example.org\nbasicConstraints=CA:TRUE"), "an authority's"),
                (sign(&ca, "subjectAltName=DNS:a.example.org\nextendedKeyUsage=clientAuth"), "not for what the profile is for"),
                (chain.clone(), "another key"),
            ] {
                let said = refused(upstreams, wrong + &chain).await;
                assert!(said.contains(why), "{said}");
            }
        }
        assert!(refused(&vouched.upstreams, right.clone()).await.contains("brings no issuer"), "nobody's signature is looked at");
        // Somebody's own authority, of the same name.
        let forged = sign(&other, "subjectAltName=DNS:a.example.org\nextendedKeyUsage=serverAuth");
        let their_chain = std::fs::read_to_string(&other.0).unwrap();
        for bundle in [forged.clone(), forged + &their_chain] {
            assert!(refused(&replica.upstreams, bundle).await.contains("none of the roots of issued_under"));
        }
        assert_eq!(replica.certificates().await, 0);

        let stored = bring(&replica.upstreams, right.clone()).await.unwrap();
        let certificate = replica.engine.certificate(stored).await.unwrap().unwrap();
        assert_eq!((certificate.has_key, certificate.external_id.as_deref()), (true, Some("by hand")));
        assert!(matches!(bring(&replica.upstreams, right + &chain).await, Err(PendingError::Resolved { .. })));
        let pending = replica.upstreams.pending(id).await.unwrap().unwrap();
        assert_eq!((pending.certificate, pending.resolved), (Some(stored), true));
        assert_eq!(replica.engine.authority_by_name(NAME).await.unwrap().unwrap().upstream(), Some(NAME));
    }
}
