//! Public keys and signatures in SSH's encoding, and public keys in X.509's as KMS sends them. What is read is written again as
//! it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_sign::{PublicKey, ssh};

fuzz_target!(|data: &[u8]| {
    if let Ok(key) = ssh::parse_public_key_blob(data) {
        assert_eq!(ssh::public_key_blob(&key), data);
    }
    if let Ok(signature) = ssh::parse_signature_blob(data) {
        // RSA's may lack leading zeros, as some signers leave them out; written once, it stays.
        let blob = ssh::signature_blob(&signature);
        assert_eq!(ssh::parse_signature_blob(&blob).map(|again| again.as_bytes().to_vec()).ok().as_deref(), Some(signature.as_bytes()));
    }
    let _ = PublicKey::from_spki_der(data);
});
