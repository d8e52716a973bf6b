//! SoftHSM's tokens through sessions that break, hang, and meet a wrong PIN. A module looks into the environment of the process that loads it, which
//! a process must not change while it runs: each test runs in a child of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use menagerie_pkcs11::{KeyUri, Module, Pkcs11Error, PublicHalf, SigningKey, ToSign, Token, TokenSettings, WrappingKey};
use menagerie_secret::Secret;
use menagerie_tests::{Namespace, SoftHsm};

const CHILD: &str = "MENAGERIE_PKCS11_CHILD";
const TOKEN: (&str, &str) = ("corp", "1234-secret");

/// A token with keys, in a folder that a child knows.
struct World {
    hsm: SoftHsm,
    folder: PathBuf,
}

/// Makes a world and runs the test in a child that has its environment.
fn in_child(test: &str, body: impl AsyncFnOnce(World)) {
    if let Some(folder) = std::env::var_os(CHILD) {
        let folder = PathBuf::from(folder);
        let world = World { hsm: SoftHsm::new(folder.join("hsm")), folder };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(body(world));
    }
    let space = Namespace::new("pkcs11");
    let hsm = SoftHsm::new(space.file("hsm"));
    hsm.create_token(TOKEN.0, TOKEN.1);
    hsm.create_key_pair(TOKEN, "EC:prime256v1", "signs", "01");
    hsm.create_secret_key(TOKEN, "wraps", "02");
    let shim = space.file("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&shim).arg(source).status().unwrap();
    assert!(built.success());
    let (name, value) = hsm.environment();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, space.path())
        .env(name, value)
        .env("SHIM_MODULE", SoftHsm::module())
        .env("SHIM_FOLDER", space.path())
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed: {status}");
}

impl World {
    fn token(&self, pin: &str, sessions: usize, patience: Duration) -> Token {
        let module = Module::new(self.folder.join("shim.so"));
        module.token(uri("signs").token, TokenSettings { pin: Some(Secret::new(pin.to_owned())), sessions, patience })
    }

    fn usual(&self) -> Token {
        self.token(TOKEN.1, 2, Duration::from_secs(20))
    }

    fn mark(&self, name: &str) {
        std::fs::write(self.folder.join(name), "").unwrap();
    }

    fn unmark(&self, name: &str) {
        std::fs::remove_file(self.folder.join(name)).unwrap();
    }

    fn logins(&self) -> usize {
        std::fs::read_to_string(self.folder.join("logins")).unwrap_or_default().lines().count()
    }
}

fn uri(label: &str) -> KeyUri {
    format!("pkcs11:token={};object={label}", TOKEN.0).parse().unwrap()
}

fn verifies(public: &PublicHalf, hash: &[u8], signature: &[u8]) -> bool {
    use aws_lc_rs::digest::{Digest, SHA256};
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
    let PublicHalf::Ec { point, .. } = public else { panic!("{public:?} is no point") };
    let digest = Digest::import_less_safe(hash, &SHA256).unwrap();
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).unwrap().verify_digest_sig(&digest, signature).is_ok()
}

const HASH: [u8; 32] = [7; 32];

async fn signs(key: &SigningKey) -> Result<(), Pkcs11Error> {
    let signature = key.sign(ToSign::EcdsaHash(HASH.to_vec())).await?;
    assert!(verifies(key.public(), &HASH, &signature));
    Ok(())
}

#[test]
fn a_session_that_breaks_is_opened_anew() {
    in_child("a_session_that_breaks_is_opened_anew", async |world| {
        let key = SigningKey::open(world.usual(), uri("signs")).await.unwrap();
        signs(&key).await.unwrap();
        world.mark("removed");
        signs(&key).await.unwrap();
        assert!(!world.folder.join("removed").exists(), "the module did say that the device was removed");
        // The session is closed while it is used: SoftHSM itself says that there is none, and that nobody is logged in.
        for _ in 0..3 {
            world.mark("close");
            signs(&key).await.unwrap();
            assert!(!world.folder.join("close").exists());
        }
        // A device that stays away is asked twice and not for ever.
        world.mark("gone");
        let refused = signs(&key).await.unwrap_err();
        assert!(matches!(&refused, Pkcs11Error::Call { code, .. } if code == "DeviceRemoved"), "{refused}");
        world.unmark("gone");
        signs(&key).await.unwrap();
    });
}

#[test]
fn a_module_that_hangs_holds_nobody_up() {
    in_child("a_module_that_hangs_holds_nobody_up", async |world| {
        let patience = Duration::from_millis(700);
        let key = SigningKey::open(world.token(TOKEN.1, 2, patience), uri("signs")).await.unwrap();
        signs(&key).await.unwrap();
        world.mark("hang");
        let start = Instant::now();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let key = key.clone();
            waiting.spawn(async move { signs(&key).await });
        }
        for done in waiting.join_all().await {
            assert!(matches!(done, Err(Pkcs11Error::Slow { .. })), "{done:?}");
        }
        assert!(start.elapsed() < 8 * patience, "{:?}", start.elapsed());
        let threads = || {
            std::fs::read_dir("/proc/self/task")
                .unwrap()
                .filter(|task| {
                    std::fs::read_to_string(task.as_ref().unwrap().path().join("comm")).is_ok_and(|name| name.trim() == "pkcs11")
                })
                .count()
        };
        assert!(threads() <= 2, "{} threads", threads());
        world.unmark("hang");
        let start = Instant::now();
        while signs(&key).await.is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "it does not recover");
        }
    });
}

#[test]
fn a_wrong_pin_is_tried_once() {
    in_child("a_wrong_pin_is_tried_once", async |world| {
        let token = world.token("4321-wrong", 4, Duration::from_secs(20));
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let token = token.clone();
            tries.spawn(async move { SigningKey::open(token, uri("signs")).await.map(drop) });
        }
        for done in tries.join_all().await {
            let refused = done.unwrap_err();
            assert!(matches!(&refused, Pkcs11Error::Pin { .. }), "{refused}");
            assert!(!format!("{refused} {refused:?}").contains("4321-wrong"));
        }
        assert_eq!(world.logins(), 1);
        assert!(!format!("{token:?}").contains("4321"));
        signs(&SigningKey::open(world.usual(), uri("signs")).await.unwrap()).await.unwrap();
    });
}

#[test]
fn another_key_in_the_place_of_one_is_noticed() {
    in_child("another_key_in_the_place_of_one_is_noticed", async |world| {
        let key = SigningKey::open(world.usual(), uri("signs")).await.unwrap();
        signs(&key).await.unwrap();
        world.hsm.delete(TOKEN, &["privkey", "pubkey"], "signs");
        world.hsm.create_key_pair(TOKEN, "EC:prime256v1", "signs", "01");
        let refused = signs(&key).await.unwrap_err();
        assert!(matches!(refused, Pkcs11Error::Changed { .. }), "{refused}");
        world.hsm.create_key_pair(TOKEN, "EC:prime256v1", "signs", "03");
        let refused = SigningKey::open(world.usual(), uri("signs")).await.unwrap_err();
        assert!(matches!(refused, Pkcs11Error::ManyKeys { count: 2, .. }), "{refused}");
        let one: KeyUri = format!("{};id=%03", uri("signs")).parse().unwrap();
        signs(&SigningKey::open(world.usual(), one).await.unwrap()).await.unwrap();
        for (text, sentence) in [
            ("pkcs11:token=corp;object=none", "the token has no private key pkcs11:token=corp;object=none"),
            ("pkcs11:token=other;object=signs", "no slot has the token token=other"),
            ("pkcs11:token=corp;serial=0;object=signs", "no slot has the token token=corp;serial=0"),
        ] {
            let uri: KeyUri = text.parse().unwrap();
            let module = Module::new(SoftHsm::module());
            let settings = TokenSettings { pin: Some(Secret::new(TOKEN.1.to_owned())), sessions: 1, patience: Duration::from_secs(20) };
            let refused = SigningKey::open(module.token(uri.token.clone(), settings), uri).await.unwrap_err();
            assert_eq!(refused.to_string(), sentence);
        }
    });
}

#[test]
fn what_was_wrapped_unwraps_for_what_it_belongs_to() {
    in_child("what_was_wrapped_unwraps_for_what_it_belongs_to", async |world| {
        let done = tokio::task::spawn_blocking(move || {
            let key = WrappingKey::new(world.usual(), uri("wraps"));
            let wrapped = key.wrap(&[9; 32], b"ring/1").unwrap();
            assert_eq!(wrapped.len(), 1 + 12 + 32 + 16);
            assert_ne!(wrapped, key.wrap(&[9; 32], b"ring/1").unwrap(), "a nonce is used once");
            assert_eq!(key.unwrap(&wrapped, b"ring/1").unwrap().as_slice(), [9; 32]);
            assert!(matches!(key.unwrap(&wrapped, b"ring/2").unwrap_err(), Pkcs11Error::Damaged));
            for at in [0, 1, 13, 45, wrapped.len() - 1] {
                let mut changed = wrapped.clone();
                changed[at] ^= 1;
                let refused = key.unwrap(&changed, b"ring/1").unwrap_err();
                assert!(matches!(refused, Pkcs11Error::Damaged), "{at}: {refused}");
            }
            for length in [0, 1, 12, 13, 28] {
                let refused = key.unwrap(&wrapped[..length], b"ring/1").unwrap_err();
                assert!(matches!(refused, Pkcs11Error::Damaged), "{length}: {refused}");
            }
            let signing = WrappingKey::new(world.usual(), uri("signs")).wrap(&[9; 32], b"").unwrap_err();
            assert!(matches!(signing, Pkcs11Error::NoKey { kind: "secret key", .. }), "{signing}");
        });
        done.await.unwrap();
    });
}

#[test]
fn what_is_no_module_is_said_to_be_none() {
    in_child("what_is_no_module_is_said_to_be_none", async |world| {
        for name in ["nothing.so", "hsm/softhsm2.conf"] {
            let settings = TokenSettings { pin: None, sessions: 1, patience: Duration::from_secs(20) };
            let token = Module::new(world.folder.join(name)).token(uri("signs").token, settings);
            let refused = SigningKey::open(token, uri("signs")).await.unwrap_err();
            assert!(matches!(&refused, Pkcs11Error::Module { path, .. } if path.ends_with(name)), "{refused}");
        }
    });
}
