//! Keys that real tools make are not taken for weak ones.

use menagerie_sign::{PublicKey, weak};

use crate::tools::Workshop;

#[test]
fn real_keys_are_not_weak() {
    let workshop = Workshop::new();
    for number in 0..24 {
        let bits = [2048, 3072][usize::from(number % 8 == 7)];
        let key = if number % 2 == 0 {
            workshop.ssh_keygen(&format!("key{number}"), &format!("-t rsa -b {bits}"), None)
        } else {
            workshop.run(&format!("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits} -out key{number}"));
            workshop.read(&format!("key{number}"))
        };
        let signer = crate::key_files::unlock(&key, false, "an RSA key");
        let PublicKey::Rsa { n, e } = menagerie_sign::Signer::public_key(&signer) else { panic!("an RSA key was made") };
        assert_eq!(weak::check_rsa(n, e), Ok(()), "{number}");
    }
}
