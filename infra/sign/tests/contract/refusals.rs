//! Files that give no key to sign with, each with its own message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use menagerie_sign::weak::WeakRsa;
use menagerie_sign::{KeyFile, KeyFileError, MAX_KEY_FILE_BYTES};

use crate::tools::{PASSPHRASE, Workshop, passphrase};

fn refusal(file: &[u8]) -> KeyFileError {
    KeyFile::parse(file).and_then(|file| file.unlock(file.is_encrypted().then(passphrase).as_ref())).expect_err("the file is refused")
}

fn unsupported(name: &str) -> KeyFileError {
    KeyFileError::UnsupportedKeyType { name: name.to_owned() }
}

fn body(pem: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(pem).expect("the file is text");
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(base64).expect("the file is base64")
}

fn pem(label: &str, body: &[u8]) -> Vec<u8> {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(body)).into_bytes()
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the bytes are there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn no_key_at_all() {
    assert_eq!(refusal(&[b'a'; MAX_KEY_FILE_BYTES + 1]), KeyFileError::TooLarge { len: MAX_KEY_FILE_BYTES + 1 });
    for garbage in [
        b"".as_slice(),
        b"garbage",
        &[0xff; 100],
        b"\n\n# only a comment\n",
        &[b'a'; MAX_KEY_FILE_BYTES],
        b"-----BEGIN MESSAGE-----\n-----END MESSAGE-----\n",
    ] {
        assert_eq!(refusal(garbage), KeyFileError::NotAKey);
    }
    for cut in [
        "-----BEGIN PRIVATE KEY-----\nAAAA",
        "-----BEGIN PRIVATE KEY-----\n%\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----",
    ] {
        assert!(matches!(refusal(cut.as_bytes()), KeyFileError::Malformed { form: "PEM", .. }), "{cut}");
    }
}

/// A certificate or a public key in the place of the CA's key (the class of CVE-2025-49825 is a certificate taken for a key).
#[test]
fn certificates_and_public_keys() {
    let workshop = Workshop::new();
    let key = workshop.ssh_keygen("key", "-t ed25519", None);
    workshop.ssh_keygen("ca", "-t ed25519", None);
    workshop.run("ssh-keygen -q -s ca -I id -n someone key.pub");
    workshop.run("openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -keyout tls.key -out tls.crt");
    workshop.run("openssl pkey -in tls.key -pubout -out tls.pub");
    let certificate = workshop.read("key-cert.pub");
    assert_eq!(refusal(&certificate), KeyFileError::Certificate);
    assert_eq!(refusal(&workshop.read("tls.crt")), KeyFileError::Certificate);
    assert_eq!(refusal(&workshop.read("key.pub")), KeyFileError::PublicKey);
    assert_eq!(refusal(&workshop.read("tls.pub")), KeyFileError::PublicKey);
    let rfc4716 = workshop.run("ssh-keygen -e -m RFC4716 -f key.pub");
    assert_eq!(refusal(rfc4716.as_bytes()), KeyFileError::PublicKey);

    // A private key file that names a certificate as its public key.
    let text = String::from_utf8(certificate).expect("a certificate is text");
    let blob = STANDARD.decode(text.split(' ').nth(1).expect("the second word is the blob")).expect("it is base64");
    let key = body(&key);
    let at = b"openssh-key-v1\0".len() + 8 + 8 + 4 + 4;
    let public_len = usize::from(key[at + 3]);
    let hostile = [&key[..at], &u32::try_from(blob.len()).expect("it is short").to_be_bytes(), &blob, &key[at + 4 + public_len..]].concat();
    assert_eq!(refusal(&pem("OPENSSH PRIVATE KEY", &hostile)), KeyFileError::Certificate);
}

#[test]
fn key_types() {
    let workshop = Workshop::new();
    assert_eq!(refusal(&workshop.ssh_keygen("dsa", "-t dsa", None)), unsupported("ssh-dss"));
    assert_eq!(refusal(&workshop.ssh_keygen("p521", "-t ecdsa -b 521", Some("aes256-ctr"))), unsupported("ecdsa-sha2-nistp521"));
    for (algorithm, name) in [
        ("ED448", "Ed448"),
        ("X25519", "X25519"),
        ("EC -pkeyopt ec_paramgen_curve:P-521", "P-521"),
        ("EC -pkeyopt ec_paramgen_curve:secp256k1", "secp256k1"),
        ("RSA-PSS -pkeyopt rsa_keygen_bits:2048", "RSA-PSS"),
    ] {
        workshop.run(&format!("openssl genpkey -out key -algorithm {algorithm}"));
        assert_eq!(refusal(&workshop.read("key")), unsupported(name));
        let password = format!("pass:{PASSPHRASE}");
        workshop.run_words(&["openssl", "pkcs8", "-topk8", "-in", "key", "-out", "locked", "-passout", &password]);
        assert_eq!(refusal(&workshop.read("locked")), unsupported(name), "encrypted");
    }
    workshop.run("openssl ecparam -name secp521r1 -genkey -noout -out sec1");
    assert_eq!(refusal(&workshop.read("sec1")), unsupported("P-521"));
    let dsa = "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n";
    assert_eq!(refusal(dsa.as_bytes()), unsupported("DSA"));
}

#[test]
fn weak_rsa() {
    let workshop = Workshop::new();
    let small = KeyFileError::Weak(WeakRsa::TooSmall { bits: 1024 });
    assert_eq!(refusal(&workshop.ssh_keygen("openssh", "-t rsa -b 1024", Some("aes256-ctr"))), small);
    workshop.run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out pkcs8");
    assert_eq!(refusal(&workshop.read("pkcs8")), small);
    workshop.run("openssl rsa -traditional -in pkcs8 -out pkcs1");
    assert_eq!(refusal(&workshop.read("pkcs1")), small);
    workshop.run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3 -out e3");
    assert_eq!(refusal(&workshop.read("e3")), KeyFileError::Weak(WeakRsa::Exponent));
}

#[test]
fn ciphers() {
    let cipher = |name: &str| KeyFileError::UnsupportedCipher { name: name.to_owned() };
    let workshop = Workshop::new();
    assert_eq!(refusal(&workshop.ssh_keygen("des3", "-t ed25519", Some("3des-cbc"))), cipher("3des-cbc"));
    workshop.run("openssl genpkey -algorithm ED25519 -out plain");
    let password = format!("pass:{PASSPHRASE}");
    for (scheme, name) in [("-v2 camellia-256-cbc", "Camellia-256-CBC"), ("-v1 PBE-SHA1-3DES", "pbeWithSHA1And3-KeyTripleDES-CBC")] {
        let line = format!("openssl pkcs8 -topk8 -in plain -out key {scheme} -passout");
        workshop.run_words(&line.split(' ').chain([password.as_str()]).collect::<Vec<_>>());
        assert_eq!(refusal(&workshop.read("key")), cipher(name));
    }
    let legacy = |dek: &str| {
        format!(
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: {dek}\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n"
        )
    };
    assert_eq!(refusal(legacy("DES-CBC,0011223344556677").as_bytes()), cipher("DES-CBC"));
    for broken in ["AES-256-CBC", "AES-256-CBC,", "AES-256-CBC,00", "AES-256-CBC,zz112233445566770011223344556677"] {
        assert!(matches!(refusal(legacy(broken).as_bytes()), KeyFileError::Malformed { form: "PKCS #1", .. }), "{broken}");
    }
}

/// A hostile file may ask for years of work; it is refused before any is done.
#[test]
fn costs() {
    let workshop = Workshop::new();
    let openssh = body(&workshop.ssh_keygen("key", "-t ed25519", Some("aes256-ctr")));
    let options = [b"bcrypt".as_slice(), &[0, 0, 0, 24, 0, 0, 0, 16]].concat();
    let at = openssh.windows(options.len()).position(|window| window == options).expect("the options are there") + options.len() + 16;
    assert_eq!(openssh[at..at + 4], [0, 0, 0, 2]);
    let costly = [&openssh[..at], &[0, 0, 4, 1], &openssh[at + 4..]].concat();
    let expected = KeyFileError::TooCostly { kdf: "bcrypt", unit: "rounds", cost: 1025, limit: 1024 };
    assert_eq!(refusal(&pem("OPENSSH PRIVATE KEY", &costly)), expected);
    let idle = [&openssh[..at], &[0, 0, 0, 0], &openssh[at + 4..]].concat();
    assert!(matches!(refusal(&pem("OPENSSH PRIVATE KEY", &idle)), KeyFileError::Malformed { .. }));

    workshop.run("openssl genpkey -algorithm ED25519 -out plain");
    let password = format!("pass:{PASSPHRASE}");
    workshop.run_words(&["openssl", "pkcs8", "-topk8", "-in", "plain", "-out", "pbkdf2", "-iter", "8000000", "-passout", &password]);
    assert!(matches!(refusal(&workshop.read("pbkdf2")), KeyFileError::TooCostly { kdf: "PBKDF2", cost: 8_000_000, .. }));
    workshop.run_words(&["openssl", "pkcs8", "-topk8", "-in", "plain", "-out", "scrypt", "-scrypt", "-passout", &password]);
    let scrypt = body(&workshop.read("scrypt"));
    let usual = [2, 2, 0x40, 0, 2, 1, 8, 2, 1, 1];
    for (parameters, unit) in
        [([2, 2, 0x7f, 0xff, 2, 1, 0x7f, 2, 1, 1], "bytes of memory"), ([2, 2, 0x40, 0, 2, 1, 8, 2, 1, 0x7f], "blocks")]
    {
        let costly = pem("ENCRYPTED PRIVATE KEY", &replaced(&scrypt, &usual, &parameters));
        assert!(matches!(refusal(&costly), KeyFileError::TooCostly { kdf: "scrypt", unit: found, .. } if found == unit), "{unit}");
    }
}

/// The public key that the file shows is not the private key's.
#[test]
fn halves_that_do_not_belong_together() {
    let workshop = Workshop::new();
    for kind in ["-t ed25519", "-t ecdsa -b 256", "-t rsa -b 2048"] {
        let one = body(&workshop.ssh_keygen("one", kind, None));
        let two = body(&workshop.ssh_keygen("two", kind, None));
        let at = b"openssh-key-v1\0".len() + 8 + 8 + 4 + 4;
        let len = usize::from(one[at + 2]) * 256 + usize::from(one[at + 3]);
        let mixed = [&one[..at + 4 + len], &two[at + 4 + len..]].concat();
        assert_eq!(refusal(&pem("OPENSSH PRIVATE KEY", &mixed)), KeyFileError::Inconsistent, "{kind}");
        for name in ["one", "two", "one.pub", "two.pub"] {
            std::fs::remove_file(workshop.path(name)).expect("the file is there");
        }
    }
}

/// Cut or changed anywhere, a file is refused or read, and nothing panics.
#[test]
fn damaged_files() {
    let workshop = Workshop::new();
    let openssh = body(&workshop.ssh_keygen("key", "-t ecdsa -b 256", None));
    workshop.run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out pkcs8");
    workshop.run("openssl rsa -traditional -in pkcs8 -out pkcs1");
    workshop.run("openssl ecparam -name prime256v1 -genkey -noout -out sec1");
    let files = [
        ("OPENSSH PRIVATE KEY", openssh),
        ("PRIVATE KEY", body(&workshop.read("pkcs8"))),
        ("RSA PRIVATE KEY", body(&workshop.read("pkcs1"))),
        ("EC PRIVATE KEY", body(&workshop.read("sec1"))),
    ];
    for (label, bytes) in files {
        for len in 0..bytes.len() {
            refusal(&pem(label, &bytes[..len]));
            let mut changed = bytes.clone();
            changed[len] ^= 0x81;
            let _ = KeyFile::parse(&pem(label, &changed)).and_then(|file| file.unlock(None));
        }
    }
}
