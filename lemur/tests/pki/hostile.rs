//! Lists and requests that were changed on the way: refused, or read as what they say, and never a panic.

use std::sync::OnceLock;
use std::time::Duration;

use lemur::crl::{Crl, CrlBuilder, Reason, Revoked, Scope};
use lemur::ocsp::{parse_request, parse_request_path};
use menagerie_sign::{KeyType, Signer};
use proptest::prelude::*;

use crate::world::{Ca, now, places, serial};

fn list() -> &'static (Ca, Vec<u8>) {
    static LIST: OnceLock<(Ca, Vec<u8>)> = OnceLock::new();
    LIST.get_or_init(|| {
        let ca = Ca::root(KeyType::EcdsaP256);
        let scope = Scope::leaves_at(places("a").crl);
        let mut builder = CrlBuilder::new(&ca.issuer, 1, now(), now() + Duration::from_secs(86_400), scope, ca.key.algorithm()).unwrap();
        for reason in Reason::ALL {
            builder.push(&Revoked { serial: serial(), at: now(), reason });
        }
        let signed = builder.finish();
        let der = signed.list(&ca.key.sign_now(signed.as_der()).unwrap()).unwrap();
        (ca, der)
    })
}

proptest! {
    #[test]
    fn a_changed_list_is_not_the_issuers(index in 0_usize..65_536, bit in 0_u32..8) {
        let (ca, der) = list();
        let mut changed = der.clone();
        let index = index % changed.len();
        changed[index] ^= 1 << bit;
        if let Ok(crl) = Crl::parse(&changed) {
            let _ = crl.entries().count();
            prop_assert!(crl.check(&ca.issuer).is_err());
        }
    }

    #[test]
    fn requests_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,100}") {
        let _ = parse_request(&bytes);
        let _ = parse_request_path(&text);
    }
}
