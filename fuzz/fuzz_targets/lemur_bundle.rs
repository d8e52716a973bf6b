//! Bundles of certificates, as text or one in DER: what they say, the chain in them, and the bundle written again. Whatever is read
//! once is read again, and says the same.
#![no_main]

use lemur::certificate::{Chain, Issuer, View, read_bundle, write_bundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(views) = read_bundle(data) else { return };
    let again = read_bundle(write_bundle(views.iter().map(View::as_der)).as_bytes()).expect("what is written is read");
    for (view, again) in views.iter().zip(&again) {
        assert_eq!((view.serial(), view.names(), view.validity()), (again.serial(), again.names(), again.validity()));
        let _ = (view.subject().to_string(), view.issuer().to_string(), view.signature_algorithm());
        if let Ok(Some(constraints)) = view.name_constraints() {
            view.names().iter().for_each(|name| drop(constraints.permits(name)));
        }
        if let Ok(issuer) = Issuer::new(view) {
            let _ = issuer.check_signature(view);
        }
    }
    if views.len() < 8
        && let Ok(chain) = Chain::of_bundle(views)
    {
        let _ = (chain.check(), chain.validity(), chain.to_pem());
    }
});
