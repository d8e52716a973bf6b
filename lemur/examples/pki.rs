//! What building, signing and checking cost: a leaf, a request, an OCSP answer, and the revocation lists of a million certificates.
//! `cargo run --profile dist -p lemur --example pki`

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lemur::certificate::{AuthorityTemplate, Issuer, Places, Serial, Validity, View};
use lemur::crl::{CrlBuilder, Reason, Revoked, Scope};
use lemur::csr::{Csr, RequestTemplate};
use lemur::name::{San, Subject};
use lemur::ocsp::{Answer, HashKind, IssuerIds, OcspToBeSigned, Status};
use lemur::profile::{Ask, Period, Profile};
use menagerie_sign::{KeyType, LocalSigner, Signer};

/// Runs `work` for about a second, after a warm-up, and shows how long one takes.
fn each(what: &str, mut work: impl FnMut()) {
    let mut measure = |run: Duration| {
        let (start, mut count) = (Instant::now(), 0_u32);
        while start.elapsed() < run {
            work();
            count += 1;
        }
        start.elapsed() / count
    };
    measure(Duration::from_millis(100));
    let took = measure(Duration::from_secs(1));
    println!("{what:<52} {:>9.1} us", took.as_secs_f64() * 1e6);
}

fn main() {
    let now = Timestamp::now();
    let day = Duration::from_secs(86_400);
    let key = LocalSigner::generate(KeyType::EcdsaP256).expect("a key is made");
    let validity = Validity::lasting(now - day, 3650 * day).expect("ten years are a validity");
    let root = AuthorityTemplate::new(&Subject::of_common_name("Root").expect("it is a name"), key.public_key(), validity)
        .and_then(|template| template.root(&Serial::from_random([7; 16]), key.algorithm()))
        .expect("a root is built");
    let sign = |bytes: &[u8]| key.sign_now(bytes).expect("it is signed");
    let root = root.certificate(&sign(root.as_der())).expect("its algorithm is the key's");
    let issuer = Issuer::new(&View::parse(&root).expect("it is a certificate")).expect("it is an authority");

    let subject_key = LocalSigner::generate(KeyType::EcdsaP256).expect("a key is made");
    let names: Vec<San> = ["www.example.com", "example.com"].map(|name| San::guess(name).expect("it is a name")).into();
    let request = RequestTemplate::new(&Subject::new(), &names, subject_key.public_key(), subject_key.algorithm());
    let request = request.request(&subject_key.sign_now(request.as_der()).expect("it is signed")).expect("its algorithm is the key's");
    each("request: read and verified (P-256)", || drop(black_box(Csr::from_der(black_box(&request)).expect("it is a request"))));

    let profile = &Profile::built_in()["tls-server"];
    let places = Places {
        ocsp: vec!["http://pki.example.com/ocsp".parse().expect("it is a URL")],
        issuers: vec!["http://pki.example.com/root.cer".parse().expect("it is a URL")],
        crl: vec!["http://pki.example.com/crl/1.crl".parse().expect("it is a URL")],
    };
    let build = || {
        let ask = Ask { public_key: subject_key.public_key(), subject: Subject::new(), names: names.clone(), period: Period::Default };
        let template = profile.admit(ask, &issuer, now).expect("the profile admits it");
        template.to_be_signed(&Serial::from_random([9; 16]), &places, key.algorithm()).expect("the key signs so")
    };
    each("leaf: admitted and built", || drop(black_box(build())));
    let leaf = build();
    each("leaf: signed (P-256)", || drop(black_box(sign(leaf.as_der()))));
    let der = leaf.certificate(&sign(leaf.as_der())).expect("its algorithm is the key's");
    each("leaf: read", || drop(black_box(View::parse(black_box(&der)).expect("it is a certificate"))));
    each("leaf: read, compared and verified", || drop(black_box(issuer.accept(&leaf, &der).expect("it is sound"))));

    let ids = IssuerIds::new(&issuer);
    let answer = Answer { status: Status::Good, this_update: now, next_update: now + day };
    each("OCSP answer: built and signed", || {
        let id = ids.id(HashKind::Sha1, leaf.serial());
        let signed = OcspToBeSigned::new(&id, &answer, key.public_key(), now, key.algorithm()).expect("it is an answer");
        drop(black_box(signed.response(&sign(signed.as_der()), &der).expect("its algorithm is the key's")));
    });

    let start = Instant::now();
    let mut bytes = 0;
    for shard in 0..10_u128 {
        let scope = Scope::leaves_at(places.crl.clone());
        let list = CrlBuilder::new(&issuer, 1, now, now + day, scope, key.algorithm()).expect("it is a list");
        let mut list = list.with_capacity(100_000);
        for entry in 0..100_000_u128 {
            let serial = Serial::from_random((entry.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ shard).to_be_bytes());
            list.push(&Revoked { serial, at: now, reason: Reason::Superseded });
        }
        let list = list.finish();
        bytes += black_box(list.list(&sign(list.as_der())).expect("its algorithm is the key's")).len();
    }
    println!("ten revocation lists of 100,000 entries, {bytes} bytes    {:>6.0} ms", start.elapsed().as_secs_f64() * 1e3);
}
