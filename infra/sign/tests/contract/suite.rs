//! What every signer must do.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use menagerie_sign::{Algorithm, KeyType, LocalSigner, PublicKey, Signature, Signer, Verifier, VerifyError, ssh};

use crate::tools::Workshop;

/// Messages up to the size of a large certificate.
const LENGTHS: [usize; 3] = [1, 400, 4096];

/// Runs the whole suite on one signer that holds its key.
pub(crate) async fn check(signer: &dyn Signer) {
    for len in [0, 100_000] {
        signs(signer, &vec![0x5a; len]).await;
    }
    check_remote(signer).await;
}

/// Runs what of the suite has nothing to do with SSH, on a signer of which OpenSSH knows nothing.
pub(crate) async fn check_without_ssh(signer: &dyn Signer) {
    for len in LENGTHS.into_iter().chain([0, 100_000]) {
        verifies(signer, &vec![0x5a; len]).await;
    }
}

/// Runs the suite on a signer whose key is in AWS KMS, which takes neither empty nor, from every key, long messages.
pub(crate) async fn check_remote(signer: &dyn Signer) {
    let workshop = Workshop::new();
    public_key_round_trip(signer, &workshop);
    for len in LENGTHS {
        signs(signer, &vec![0x5a; len]).await;
    }
    let line = ssh::public_key_line(signer.public_key(), "someone@example.com");
    let message = b"a message for ssh-keygen";
    let sshsig = sshsig(signer, message).await;
    assert!(workshop.ssh_keygen_verifies(&line, &sshsig, message), "ssh-keygen refuses {line}");
    assert!(!workshop.ssh_keygen_verifies(&line, &sshsig, b"another message"), "ssh-keygen is not asked properly");
}

fn public_key_round_trip(signer: &dyn Signer, workshop: &Workshop) {
    let key = signer.public_key();
    key.validate().expect("a signer's key is sound");
    let blob = ssh::public_key_blob(key);
    assert_eq!(ssh::parse_public_key_blob(&blob).as_ref(), Ok(key));
    let fingerprint = workshop.fingerprint(&ssh::public_key_line(key, "someone@example.com"));
    let expected = format!("SHA256:{} someone@example.com", STANDARD_NO_PAD.encode(digest(&SHA256, &blob)));
    assert!(fingerprint.contains(&expected), "{fingerprint} is not {expected}");
    assert!(fingerprint.starts_with(&format!("{} ", key.bits())), "{fingerprint}");
}

async fn signs(signer: &dyn Signer, message: &[u8]) {
    let signature = verifies(signer, message).await;
    assert_eq!(ssh::parse_signature_blob(&ssh::signature_blob(&signature)).as_ref(), Ok(&signature));
}

/// Signs, and holds the signature against other messages, keys and algorithms.
async fn verifies(signer: &dyn Signer, message: &[u8]) -> Signature {
    let signature = signer.sign(message).await.expect("the message is signed");
    assert_eq!(signature.algorithm(), signer.algorithm());

    let verifier = Verifier::new(signer.public_key()).expect("the key is sound");
    assert_eq!(verifier.verify(message, &signature), Ok(()));
    let longer = [message, b"!"].concat();
    assert_eq!(verifier.verify(&longer, &signature), Err(VerifyError::Mismatch), "another message");
    let mut bytes = signature.as_bytes().to_vec();
    bytes[signature.as_bytes().len() / 2] ^= 1;
    let changed = Signature::new(signature.algorithm(), bytes).expect("its length is the same");
    assert_eq!(verifier.verify(message, &changed), Err(VerifyError::Mismatch), "a changed signature");

    let other = Verifier::new(&other_key(signer.public_key())).expect("the key is sound");
    assert_eq!(other.verify(message, &signature), Err(VerifyError::Mismatch), "another key");
    for algorithm in
        [Algorithm::Ed25519, Algorithm::EcdsaP256Sha256, Algorithm::EcdsaP384Sha384, Algorithm::RsaPkcs1Sha256, Algorithm::RsaPkcs1Sha512]
    {
        let Ok(renamed) = Signature::new(algorithm, signature.as_bytes().to_vec()) else { continue };
        assert_eq!(verifier.verify(message, &renamed).is_ok(), algorithm == signature.algorithm(), "{algorithm}");
    }
    signature
}

/// Another key of the same kind. Making RSA keys takes long, so one is kept for all.
fn other_key(key: &PublicKey) -> PublicKey {
    static RSA: std::sync::OnceLock<PublicKey> = std::sync::OnceLock::new();
    let make = |key_type| LocalSigner::generate(key_type).expect("a key is made").public_key().clone();
    match key {
        PublicKey::Ed25519(_) => make(KeyType::Ed25519),
        PublicKey::EcdsaP256(_) => make(KeyType::EcdsaP256),
        PublicKey::EcdsaP384(_) => make(KeyType::EcdsaP384),
        PublicKey::Rsa { .. } => RSA.get_or_init(|| make(KeyType::Rsa4096)).clone(),
        PublicKey::MlDsa(set, _) => make(KeyType::MlDsa(*set)),
    }
}

/// A signature file as OpenSSH's PROTOCOL.sshsig describes it.
async fn sshsig(signer: &dyn Signer, message: &[u8]) -> String {
    let string = |out: &mut Vec<u8>, bytes: &[u8]| {
        out.extend(u32::try_from(bytes.len()).expect("it is short").to_be_bytes());
        out.extend(bytes);
    };
    let mut signed = b"SSHSIG".to_vec();
    for part in [b"test".as_slice(), b"", b"sha512", digest(&SHA512, message).as_ref()] {
        string(&mut signed, part);
    }
    let signature = signer.sign(&signed).await.expect("the message is signed");
    let mut file = b"SSHSIG\0\0\0\x01".to_vec();
    for part in [ssh::public_key_blob(signer.public_key()).as_slice(), b"test", b"", b"sha512", &ssh::signature_blob(&signature)] {
        string(&mut file, part);
    }
    let body = STANDARD.encode(file);
    let lines: Vec<&str> = body.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).expect("base64 is text")).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}
