//! Whole flows by `instant-acme`, a client that others wrote, with hosts and a name service that others wrote: all three challenges, wildcards
//! and addresses, external bindings, key rollover, alternate chains, revocation, renewal information, and two replicas of one database.

use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, CertificateIdentifier, ChallengeType, Error, ExternalAccountKey, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, RetryPolicy, RevocationReason, RevocationRequest,
};
use lemur::certificate::{View, read_bundle};
use lemur::name::San;

use crate::house::{Handed, House, PUBLIC, Replica, on_both};

/// What the clients wait for is fast.
const QUICK: RetryPolicy = RetryPolicy::new().initial_delay(Duration::from_millis(20)).backoff(1.2).timeout(Duration::from_secs(20));

async fn account(house: &House, replica: &Replica, key: Option<&Handed>) -> Result<(Account, AccountCredentials), Error> {
    let new = NewAccount { contact: &["mailto:admin@example.org"], terms_of_service_agreed: true, only_return_existing: false };
    let external = key.map(|key| ExternalAccountKey::new(key.id.clone(), &key.secret));
    Account::builder_with_root(house.root()).unwrap().create(&new, replica.directory(), external.as_ref()).await
}

async fn ready(house: &House, replica: &Replica) -> Account {
    let key = replica.key().await;
    account(house, replica, Some(&key)).await.unwrap().0
}

/// Answers every pending authorization of an order by one method, through pebble's hosts.
async fn answer(house: &House, order: &mut Order, method: ChallengeType) {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.unwrap();
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization.challenge(method.clone()).unwrap_or_else(|| panic!("no {method:?}"));
        let host = challenge.identifier().to_string();
        let host = host.trim_start_matches("*.");
        let proof = challenge.key_authorization();
        match method {
            ChallengeType::Http01 => house.chall.answer_http(&challenge.token, proof.as_str()),
            ChallengeType::Dns01 => house.chall.text(&format!("_acme-challenge.{host}"), &proof.dns_value()),
            ChallengeType::TlsAlpn01 => house.chall.answer_tls(host, proof.as_str()),
            ref other => panic!("{other:?}"),
        }
        // The server may know at once that it is not met; the authorization says it too.
        match challenge.set_ready().await {
            Ok(()) | Err(Error::Api(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// A whole flow: the certificate's chain.
async fn issue(house: &House, account: &Account, names: &[Identifier], method: ChallengeType) -> String {
    let mut order = account.new_order(&NewOrder::new(names)).await.unwrap();
    answer(house, &mut order, method).await;
    assert_eq!(order.poll_ready(&QUICK).await.unwrap(), OrderStatus::Ready);
    order.finalize().await.unwrap();
    order.poll_certificate(&QUICK).await.unwrap()
}

fn dns(name: &str) -> Identifier {
    Identifier::Dns(name.to_owned())
}

fn problem<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Api(problem)) => problem.r#type.unwrap().rsplit(':').next().unwrap().to_owned(),
        other => panic!("no problem of the server's: {other:?}"),
    }
}

fn names(chain: &str) -> Vec<String> {
    let leaf = &read_bundle(chain.as_bytes()).unwrap()[0];
    let mut names: Vec<String> = leaf.names().iter().map(San::to_string).collect();
    names.sort();
    names
}

/// What OpenSSL says of a chain under our root.
async fn verified_by_openssl(house: &House, replica: &Replica, chain: &str) {
    let root = replica.engine.authority(replica.root).await.unwrap().unwrap().der.unwrap();
    let root_file = house.folder.path().join("root.pem");
    let chain_file = house.folder.path().join("chain.pem");
    std::fs::write(&root_file, lemur::certificate::write_certificate(&root)).unwrap();
    std::fs::write(&chain_file, chain).unwrap();
    let mut openssl = menagerie_tests::process::command("openssl");
    openssl.args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"]).arg(&root_file);
    openssl.arg("-untrusted").arg(&chain_file).arg(&chain_file);
    drop(menagerie_tests::process::run(openssl, b"").success());
}

#[tokio::test]
async fn each_challenge_leads_to_a_certificate() {
    on_both(async |house| {
        let replica = house.replica().await;
        let account = ready(&house, &replica).await;
        house.chall.addresses("a.example.org", &[PUBLIC]);
        house.chall.addresses("b.example.org", &[PUBLIC]);
        let chain = issue(&house, &account, &[dns("a.example.org"), dns("b.example.org")], ChallengeType::Http01).await;
        assert_eq!(names(&chain), ["a.example.org", "b.example.org"]);
        verified_by_openssl(&house, &replica, &chain).await;
        let chain = issue(&house, &account, &[dns("*.c.example.org"), dns("c.example.org")], ChallengeType::Dns01).await;
        assert_eq!(names(&chain), ["*.c.example.org", "c.example.org"]);
        verified_by_openssl(&house, &replica, &chain).await;
        house.chall.addresses("d.example.org", &[PUBLIC]);
        let chain = issue(&house, &account, &[dns("d.example.org")], ChallengeType::TlsAlpn01).await;
        assert_eq!(names(&chain), ["d.example.org"]);
        let chain = issue(&house, &account, &[Identifier::Ip(PUBLIC.parse().unwrap())], ChallengeType::Http01).await;
        assert_eq!(names(&chain), [PUBLIC]);
        let leaf = View::parse(read_bundle(chain.as_bytes()).unwrap()[0].as_der()).unwrap();
        let stored = replica.engine.certificate_by_fingerprint(leaf.serial().as_unsigned(), &leaf.sha256()).await.unwrap().unwrap();
        assert_eq!(stored.owner, "web@example.org", "the owner is the external key's");
    })
    .await;
}

#[tokio::test]
async fn a_proof_serves_later_orders() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let account = ready(&house, &replica).await;
    house.chall.addresses("a.example.org", &[PUBLIC]);
    issue(&house, &account, &[dns("a.example.org")], ChallengeType::Http01).await;
    let mut order = account.new_order(&NewOrder::new(&[dns("a.example.org")])).await.unwrap();
    assert_eq!(order.state().status, OrderStatus::Ready);
    // Neither for another account, nor for the wildcard, nor for another profile.
    let other = ready(&house, &replica).await;
    assert_eq!(other.new_order(&NewOrder::new(&[dns("a.example.org")])).await.unwrap().state().status, OrderStatus::Pending);
    assert_eq!(account.new_order(&NewOrder::new(&[dns("*.a.example.org")])).await.unwrap().state().status, OrderStatus::Pending);
    let names = [dns("a.example.org")];
    let baseline = NewOrder::new(&names).profile("baseline");
    assert_eq!(account.new_order(&baseline).await.unwrap().state().status, OrderStatus::Pending);
}

#[tokio::test]
async fn an_account_needs_an_external_key_in_force() {
    on_both(async |house| {
        let replica = house.replica().await;
        assert_eq!(problem(account(&house, &replica, None).await.map(drop)), "externalAccountRequired");
        let key = replica.key().await;
        let wrong = Handed { secret: b"another secret".to_vec(), ..key.clone() };
        assert_eq!(problem(account(&house, &replica, Some(&wrong)).await.map(drop)), "unauthorized");
        let unknown = Handed { id: "unknown".to_owned(), ..key.clone() };
        assert_eq!(problem(account(&house, &replica, Some(&unknown)).await.map(drop)), "unauthorized");
        let (account_of_key, _) = account(&house, &replica, Some(&key)).await.unwrap();
        assert!(account_of_key.new_order(&NewOrder::new(&[dns("a.example.org")])).await.is_ok());
        // A revoked key makes no accounts any more, and those that it made may do nothing.
        let actor = lemur::audit::Actor::cli("tests");
        assert!(replica.acme.external_keys().revoke(&key.id, &actor).await.unwrap());
        assert!(!replica.acme.external_keys().revoke(&key.id, &actor).await.unwrap());
        assert_eq!(problem(account(&house, &replica, Some(&key)).await.map(drop)), "unauthorized");
        assert_eq!(problem(account_of_key.new_order(&NewOrder::new(&[dns("a.example.org")])).await.map(drop)), "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn an_external_key_says_which_names_and_profiles() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let key = replica.key_for(&["www.example.org", ".sub.example.org", "10.0.0.0/8"], &["baseline"]).await;
    let (account, _) = account(&house, &replica, Some(&key)).await.unwrap();
    let order = async |names: &[Identifier]| account.new_order(&NewOrder::new(names)).await.map(|mut order| order.state().status);
    assert_eq!(order(&[dns("www.example.org"), dns("a.sub.example.org"), dns("*.sub.example.org")]).await.unwrap(), OrderStatus::Pending);
    let refused =
        account.new_order(&NewOrder::new(&[dns("www.example.org"), dns("example.org"), dns("*.www.example.org")])).await.map(drop);
    let Err(Error::Api(refused)) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.r#type.as_deref(), Some("urn:ietf:params:acme:error:rejectedIdentifier"));
    let named: Vec<String> = refused.subproblems.iter().map(|one| one.identifier.as_ref().unwrap().authorized(false).to_string()).collect();
    assert_eq!(named, ["example.org", "*.www.example.org"], "each name that is refused, and no other");
    // An address that the key has, and that the authority does not validate.
    assert_eq!(problem(order(&[Identifier::Ip("10.0.0.1".parse().unwrap())]).await), "rejectedIdentifier");
    let names = [dns("www.example.org")];
    assert_eq!(problem(account.new_order(&NewOrder::new(&names).profile("tls-server")).await.map(drop)), "invalidProfile");
    assert_eq!(problem(account.new_order(&NewOrder::new(&names).profile("nothing")).await.map(drop)), "invalidProfile");
}

#[tokio::test]
async fn a_key_is_rolled_over() {
    on_both(async |house| {
        let replica = house.replica().await;
        let mut account = ready(&house, &replica).await;
        let old = account.clone();
        let credentials = account.update_key().await.unwrap();
        assert_eq!(problem(old.update_contacts(&["mailto:b@example.org"]).await), "malformed", "the old key signs for nobody");
        account.update_contacts(&["mailto:b@example.org"]).await.unwrap();
        let again = Account::builder_with_root(house.root()).unwrap().from_credentials(credentials).await.unwrap();
        assert_eq!(again.id(), account.id());
        assert!(again.new_order(&NewOrder::new(&[dns("a.example.org")])).await.is_ok());
        again.deactivate().await.unwrap();
        assert_eq!(problem(account.new_order(&NewOrder::new(&[dns("a.example.org")])).await.map(drop)), "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn a_failed_challenge_says_why() {
    on_both(async |house| {
        let replica = house.replica().await;
        let account = ready(&house, &replica).await;
        house.chall.addresses("inside.example.org", &["169.254.169.254"]);
        let mut order = account.new_order(&NewOrder::new(&[dns("inside.example.org")])).await.unwrap();
        answer(&house, &mut order, ChallengeType::Http01).await;
        // The order says what its challenge says.
        let Err(Error::Api(told)) = order.poll_ready(&QUICK).await else { panic!("it is refused") };
        assert_eq!(order.state().status, OrderStatus::Invalid);
        assert_eq!(told.r#type.as_deref(), Some("urn:ietf:params:acme:error:connection"));
        let mut authorizations = order.authorizations();
        let authorization = authorizations.next().await.unwrap().unwrap();
        assert_eq!(authorization.status, AuthorizationStatus::Invalid);
        let [challenge] = authorization.challenges.as_slice() else { panic!("{:?}", authorization.challenges) };
        let error = challenge.error.as_ref().unwrap();
        assert_eq!(error.r#type.as_deref(), Some("urn:ietf:params:acme:error:connection"));
        assert!(told.detail.unwrap().contains(error.detail.as_deref().unwrap()), "{error:?}");
        assert!(error.detail.as_deref().unwrap().contains("a link-local address"), "{error:?}");
        assert!(house.network.asked().is_empty(), "nothing was connected to");
    })
    .await;
}

#[tokio::test]
async fn an_authorization_is_given_up() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let account = ready(&house, &replica).await;
    let mut order = account.new_order(&NewOrder::new(&[dns("a.example.org")])).await.unwrap();
    let mut authorizations = order.authorizations();
    let mut authorization = authorizations.next().await.unwrap().unwrap();
    assert_eq!(authorization.deactivate().await.unwrap().status, AuthorizationStatus::Deactivated);
    assert_eq!(order.refresh().await.unwrap().status, OrderStatus::Invalid);
}

#[tokio::test]
async fn a_certificate_is_revoked_by_the_account_that_ordered_it_or_has_its_names() {
    on_both(async |house| {
        let replica = house.replica().await;
        let (owner, stranger) = (ready(&house, &replica).await, ready(&house, &replica).await);
        house.chall.addresses("a.example.org", &[PUBLIC]);
        let names = [dns("a.example.org")];
        let chain = issue(&house, &owner, &names, ChallengeType::Http01).await;
        let bundle = read_bundle(chain.as_bytes()).unwrap();
        let der = rustls::pki_types::CertificateDer::from(bundle[0].as_der().to_vec());
        let request = |reason| RevocationRequest { certificate: &der, reason };
        assert_eq!(problem(stranger.revoke(&request(None)).await), "unauthorized");
        assert_eq!(problem(owner.revoke(&request(Some(RevocationReason::CaCompromise))).await), "badRevocationReason");
        // Whoever proves control of all its names may revoke it too.
        issue(&house, &stranger, &names, ChallengeType::Http01).await;
        stranger.revoke(&request(Some(RevocationReason::Superseded))).await.unwrap();
        assert_eq!(problem(owner.revoke(&request(None)).await), "alreadyRevoked");
        let serial = bundle[0].serial();
        assert!(replica.engine.is_revoked(replica.authority, &serial).await.unwrap());
        // A certificate that is not ours, and one that only looks like ours.
        let foreign = rcgen::generate_simple_self_signed(["a.example.org".to_owned()]).unwrap();
        let foreign = foreign.cert.der().clone();
        assert_eq!(problem(owner.revoke(&RevocationRequest { certificate: &foreign, reason: None }).await), "malformed");
    })
    .await;
}

#[tokio::test]
async fn renewal_information_and_replacement() {
    on_both(async |house| {
        let replica = house.replica().await;
        let account = ready(&house, &replica).await;
        house.chall.addresses("a.example.org", &[PUBLIC]);
        let names = [dns("a.example.org")];
        let chain = issue(&house, &account, &names, ChallengeType::Http01).await;
        let leaf = read_bundle(chain.as_bytes()).unwrap().remove(0);
        let id = || {
            let serial = leaf.serial().as_unsigned().to_vec();
            CertificateIdentifier::new(leaf.issuer_key_id().unwrap().as_bytes().to_vec().into(), serial.into())
        };
        let (info, again) = account.renewal_info(&id()).await.unwrap();
        let (start, end) = (info.suggested_window.start.unix_timestamp(), info.suggested_window.end.unix_timestamp());
        let (from, until) = (leaf.validity().not_before().as_second(), leaf.validity().not_after().as_second());
        assert!(from + (until - from) / 2 < start && start < end && end < until, "{from} {start} {end} {until}");
        assert!(again >= Duration::from_secs(60) && again <= Duration::from_secs(6 * 3_600), "{again:?}");
        let order = NewOrder::new(&names).replaces(id());
        let replacing = account.new_order(&order).await.unwrap();
        assert_eq!(problem(account.new_order(&order).await.map(drop)), "alreadyReplaced");
        drop(replacing);
        let stranger = ready(&house, &replica).await;
        assert_eq!(problem(stranger.new_order(&order).await.map(drop)), "unauthorized");
        // A certificate that is revoked is to be renewed now.
        let certificate = replica.engine.certificate_by_serial(replica.authority, leaf.serial().as_unsigned()).await.unwrap().unwrap();
        let actor = lemur::audit::Actor::cli("tests");
        replica.engine.revoke(certificate.id, lemur::crl::Reason::Superseded, "", &actor).await.unwrap();
        let (info, _) = account.renewal_info(&id()).await.unwrap();
        assert!(info.suggested_window.end.unix_timestamp() <= jiff::Timestamp::now().as_second());
        let unknown = CertificateIdentifier::new(vec![1; 20].into(), vec![2; 16].into());
        assert!(account.renewal_info(&unknown).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn caa_records_are_heeded_where_the_profile_claims_the_baseline() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let account = ready(&house, &replica).await;
    house.chall.caa("closed.example.org", &[("issue", "other.example")]);
    for (name, profile, valid) in [
        ("www.closed.example.org", "baseline", false),
        ("www.closed.example.org", "tls-server", true),
        ("www.open.example.org", "baseline", true),
    ] {
        let names = [dns(name)];
        let mut order = account.new_order(&NewOrder::new(&names).profile(profile)).await.unwrap();
        answer(&house, &mut order, ChallengeType::Dns01).await;
        let polled = order.poll_ready(&QUICK).await;
        if valid {
            assert_eq!(polled.unwrap(), OrderStatus::Ready, "{name} {profile}");
        } else {
            let Err(Error::Api(told)) = polled else { panic!("{name} {profile}: {polled:?}") };
            assert_eq!(told.r#type.as_deref(), Some("urn:ietf:params:acme:error:caa"));
            assert_eq!(order.state().status, OrderStatus::Invalid);
        }
    }
}

/// Boulder's fault of 2020: of an order with N names it asked for one name's CAA records N times.
#[tokio::test]
async fn caa_records_of_every_name_are_asked_for() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let account = ready(&house, &replica).await;
    let hosts = ["one.example.org", "two.example.org", "three.example.org"];
    let wanted = hosts.map(dns);
    let mut order = account.new_order(&NewOrder::new(&wanted).profile("baseline")).await.unwrap();
    answer(&house, &mut order, ChallengeType::Dns01).await;
    assert_eq!(order.poll_ready(&QUICK).await.unwrap(), OrderStatus::Ready);
    for host in hosts {
        assert_eq!(house.chall.questions(host).iter().filter(|kind| **kind == 257).count(), 1, "{host}");
    }
    order.finalize().await.unwrap();
    let chain = order.poll_certificate(&QUICK).await.unwrap();
    assert_eq!(names(&chain).len(), 3);
}

/// Replicas share everything: of three, each request meets another, so that nonces, orders and challenges go round.
#[tokio::test]
async fn any_replica_goes_on_with_what_another_began() {
    let house = House::postgres();
    let replica = house.replicas(3, |_| {}).await;
    let account = ready(&house, &replica).await;
    for name in ["a.example.org", "b.example.org"] {
        house.chall.addresses(name, &[PUBLIC]);
        let chain = issue(&house, &account, &[dns(name)], ChallengeType::Http01).await;
        assert_eq!(names(&chain), [name]);
    }
}
