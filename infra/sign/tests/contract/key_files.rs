//! Key files of every form, made by `ssh-keygen` and `openssl`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use menagerie_secret::Secret;
use menagerie_sign::{KeyFile, KeyFileError, LocalSigner, PublicKey, Signer, ssh};

use crate::suite;
use crate::tools::{PASSPHRASE, Workshop, passphrase};

/// Unlocks a file the one right way, and refuses the others.
pub(crate) fn unlock(file: &[u8], encrypted: bool, what: &str) -> LocalSigner {
    let file = KeyFile::parse(file).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(file.is_encrypted(), encrypted, "{what}");
    if encrypted {
        assert_eq!(file.unlock(None).err(), Some(KeyFileError::PassphraseNeeded), "{what}");
        for wrong in ["", "wrong", "correct horse battery stapl"] {
            assert_eq!(file.unlock(Some(&Secret::new(wrong.into()))).err(), Some(KeyFileError::WrongPassphrase), "{what}: {wrong:?}");
        }
    } else {
        assert_eq!(file.unlock(Some(&passphrase())).err(), Some(KeyFileError::NotEncrypted), "{what}");
    }
    file.unlock(encrypted.then(passphrase).as_ref()).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// OpenSSH's form: the public key is the one that ssh-keygen wrote beside it.
async fn openssh(kind: &str, ciphers: &[&str]) {
    let workshop = Workshop::new();
    for (number, cipher) in std::iter::once(None).chain(ciphers.iter().copied().map(Some)).enumerate() {
        let name = format!("key{number}");
        let signer = unlock(&workshop.ssh_keygen(&name, kind, cipher), cipher.is_some(), &format!("{kind} {cipher:?}"));
        let line = workshop.read(&format!("{name}.pub"));
        assert_eq!(ssh::public_key_line(signer.public_key(), "made by a test").as_bytes(), line.trim_ascii(), "{kind}");
        suite::check(&signer).await;
    }
}

#[tokio::test]
async fn openssh_ed25519() {
    let ciphers = [
        "aes256-ctr",
        "aes192-ctr",
        "aes128-ctr",
        "aes256-cbc",
        "aes128-cbc",
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
    ];
    openssh("-t ed25519", &ciphers).await;
}

#[tokio::test]
async fn openssh_ecdsa() {
    openssh("-t ecdsa -b 256", &["aes256-ctr", "aes256-gcm@openssh.com"]).await;
    openssh("-t ecdsa -b 384", &["aes256-ctr", "chacha20-poly1305@openssh.com"]).await;
}

#[tokio::test]
async fn openssh_rsa() {
    openssh("-t rsa -b 2048", &["aes256-ctr", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"]).await;
    openssh("-t rsa -b 3072", &[]).await;
    openssh("-t rsa -b 4096", &["aes256-ctr"]).await;
}

/// A file that openssl made: the public key is the one that openssl prints for it.
fn check_openssl(workshop: &Workshop, name: &str, encrypted: bool) -> LocalSigner {
    let password = format!("pass:{PASSPHRASE}");
    let text = workshop.run_words(&["openssl", "pkey", "-in", name, "-passin", &password, "-pubout"]);
    let spki: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let expected = PublicKey::from_spki_der(&STANDARD.decode(spki).expect("it is base64")).expect("it is a public key");
    let signer = unlock(&workshop.read(name), encrypted, name);
    assert_eq!(signer.public_key(), &expected, "{name}");
    signer
}

const OPENSSL_KINDS: [&str; 4] =
    ["ED25519", "EC -pkeyopt ec_paramgen_curve:P-256", "EC -pkeyopt ec_paramgen_curve:P-384", "RSA -pkeyopt rsa_keygen_bits:2048"];

#[tokio::test]
async fn pkcs8_plain() {
    let workshop = Workshop::new();
    for kind in OPENSSL_KINDS {
        workshop.run(&format!("openssl genpkey -out key -algorithm {kind}"));
        suite::check(&check_openssl(&workshop, "key", false)).await;
    }
}

#[tokio::test]
async fn pkcs8_encrypted() {
    let schemes = [
        "-v2 aes-256-cbc",
        "-v2 aes-192-cbc",
        "-v2 aes-128-cbc -v2prf hmacWithSHA512",
        "-v2 aes-128-cbc -v2prf hmacWithSHA1",
        "-v2 des3",
        "-v2 aes-256-cbc -iter 100000",
        "-scrypt",
    ];
    let workshop = Workshop::new();
    let password = format!("pass:{PASSPHRASE}");
    for kind in OPENSSL_KINDS {
        workshop.run(&format!("openssl genpkey -out plain -algorithm {kind}"));
        for scheme in schemes {
            let mut words = vec!["openssl", "pkcs8", "-topk8", "-in", "plain", "-out", "key", "-passout", &password];
            words.extend(scheme.split(' '));
            workshop.run_words(&words);
            let signer = check_openssl(&workshop, "key", true);
            if scheme == "-scrypt" {
                suite::check(&signer).await;
            }
        }
    }
}

#[tokio::test]
async fn traditional() {
    let workshop = Workshop::new();
    let password = format!("pass:{PASSPHRASE}");
    for kind in &OPENSSL_KINDS[1..] {
        workshop.run(&format!("openssl genpkey -out plain -algorithm {kind}"));
        let tool = if kind.starts_with("RSA") { "openssl rsa -traditional" } else { "openssl ec" };
        workshop.run(&format!("{tool} -in plain -out key"));
        suite::check(&check_openssl(&workshop, "key", false)).await;
        for cipher in ["-aes128", "-aes192", "-aes256", "-des3"] {
            let line = format!("{tool} -in plain -out key {cipher} -passout");
            workshop.run_words(&line.split(' ').chain([password.as_str()]).collect::<Vec<_>>());
            let text = String::from_utf8(workshop.read("key")).expect("the key is text");
            assert!(text.contains("DEK-Info: "), "{text}");
            suite::check(&check_openssl(&workshop, "key", true)).await;
        }
    }
}

/// What BLESS's own instructions make: `ssh-keygen -t rsa -b 4096 -m PEM`.
#[tokio::test]
async fn as_bless_made_them() {
    let workshop = Workshop::new();
    workshop.run_words(&["ssh-keygen", "-q", "-t", "rsa", "-b", "4096", "-m", "PEM", "-f", "key", "-C", "SSH CA Key", "-N", PASSPHRASE]);
    assert!(workshop.read("key").starts_with(b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"));
    suite::check(&unlock(&workshop.read("key"), true, "PEM")).await;
    workshop.run_words(&["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PKCS8", "-f", "key8", "-N", PASSPHRASE]);
    suite::check(&unlock(&workshop.read("key8"), true, "PKCS8")).await;
}

/// openssl ecparam puts the curve in a block of its own before the key, mail programs add carriage returns, people add notes.
#[tokio::test]
async fn text_around_the_key() {
    let workshop = Workshop::new();
    workshop.run("openssl ecparam -name prime256v1 -genkey -out key");
    let text = String::from_utf8(workshop.read("key")).expect("the key is text");
    assert!(text.starts_with("-----BEGIN EC PARAMETERS-----"), "{text}");
    let signer = check_openssl(&workshop, "key", false);
    for changed in [text.replace('\n', "\r\n"), format!("The key of 2019:\n\n{text}\n"), text.replace('\n', "\n  ")] {
        assert_eq!(unlock(changed.as_bytes(), false, &changed).public_key(), signer.public_key());
    }
}
