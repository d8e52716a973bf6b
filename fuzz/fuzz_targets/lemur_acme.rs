//! Signed requests of ACME clients that nobody knows: whatever the bytes, they are read or refused, and nobody's signature is taken for
//! another's.
#![no_main]

use lemur::acme::{Jwk, Jws, NameRule, Signer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(jws) = Jws::parse(data) {
        if let Signer::Key(key) = jws.signer() {
            // Only who has the key could have signed, and no seed is signed by a key that it holds.
            let _ = jws.verified_by(key);
            assert_eq!(Jwk::parse(key.canonical()).map(|again| again.thumbprint().to_owned()), Ok(key.thumbprint().to_owned()));
        }
        assert!(jws.authenticated_by(b"shared").is_none(), "a signature is taken for a MAC");
    }
    if let Ok(binding) = Jws::parse_binding(data) {
        assert!(matches!(binding.signer(), Signer::Named(_)) && binding.nonce().is_none());
        let _ = binding.authenticated_by(b"shared");
    }
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(key) = Jwk::parse(text) {
            assert!(key.key().validate().is_ok(), "a key that is none");
        }
        if let Ok(rule) = text.parse::<NameRule>() {
            assert_eq!(rule.to_string().parse(), Ok(rule));
        }
    }
});
