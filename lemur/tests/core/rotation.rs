//! Sealing every stored key anew while certificates are issued and keys are shown.

use std::time::Duration;

use lemur::engine::Engine;
use lemur::issue::{IssueError, Key};
use lemur::revoke::KeyError;
use menagerie_secret::RingFile;
use menagerie_sign::KeyType;

use super::support::{House, actor, on_both, order, settings, two_authorities};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_sealed_anew_while_the_server_works() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let other = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        let mut issued = Vec::new();
        for number in 0..30 {
            let made = order(issuing, &format!("n{number}.example.com"), Key::Made(KeyType::EcdsaP256));
            issued.push(engine.issue(made).await.unwrap());
        }
        let first = engine.ring().keys().newest();
        let busy = {
            let other = other.clone();
            tokio::spawn(async move {
                let mut made = Vec::new();
                for number in 0..40 {
                    let made_here = order(issuing, &format!("busy{number}.example.com"), Key::Made(KeyType::EcdsaP256));
                    let one = other.issue(made_here).await.unwrap();
                    let shown = other.private_key(one.id, "view", &actor()).await.unwrap();
                    assert!(*shown.expose() == *one.private_key.as_ref().unwrap().expose());
                    made.push(one);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                made
            })
        };
        engine.ring().add_key().unwrap();
        let done = engine.reseal(&actor()).await.unwrap();
        assert!(done.certificates >= 30 && done.authorities >= 4, "{done:?}");
        issued.extend(busy.await.unwrap());
        // The other process has sealed under the older key until it saw the newer: once more, and nothing needs the older.
        other.ring().reload().unwrap();
        engine.reseal(&actor()).await.unwrap();
        assert_eq!(engine.drop_unused_keys().await.unwrap(), 1);
        assert!(!engine.ring().keys().ids().contains(&first));
        for one in &issued {
            let shown = engine.private_key(one.id, "export", &actor()).await.unwrap();
            assert!(*shown.expose() == *one.private_key.as_ref().unwrap().expose(), "{} is not what it was", one.name);
        }
        other.close().await;
        engine.close().await;
        let engine = house.engine().await;
        engine.issue(order(issuing, "after.example.com", Key::Made(KeyType::EcdsaP256))).await.unwrap();
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_is_in_the_database_in_the_clear() {
    let house = House::sqlite();
    let engine = house.engine().await;
    let (_, issuing) = two_authorities(&engine).await;
    let one = engine.issue(order(issuing, "www.example.com", Key::Made(KeyType::EcdsaP256))).await.unwrap();
    engine.close().await;
    let key = one.private_key.unwrap();
    // The private number of a P-256 key stands near the end of its PKCS #8, behind the version; any 16 bytes in a row of it would tell.
    let needles: Vec<&[u8]> = key.expose()[36..68].windows(16).collect();
    for entry in std::fs::read_dir(house.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(16).any(|window| needles.contains(&window)));
    }
}

/// A replica whose key file is that of before a rotation elsewhere: what it cannot open, it may be able to at any time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_that_was_not_copied_yet_is_no_fault_of_the_program() {
    let house = House::postgres();
    let engine = house.engine().await;
    let (_, issuing) = two_authorities(&engine).await;
    let one = engine.issue(order(issuing, "www.example.com", Key::Made(KeyType::EcdsaP256))).await.unwrap();
    let file = house.folder.path().join("others-keys");
    std::fs::copy(house.folder.path().join("keys"), &file).unwrap();
    let other = Engine::start(&house.database, RingFile::new(&file), settings()).await.unwrap();
    engine.ring().add_key().unwrap();
    engine.reseal(&actor()).await.unwrap();
    let Err(KeyError::Ring(error)) = other.private_key(one.id, "view", &actor()).await else { panic!("it opens") };
    let told = IssueError::Ring(error).outage().unwrap();
    assert!(told.contains("key file") && !told.contains(&engine.ring().keys().newest().to_string()), "{told}");
    let refused = other.issue(order(issuing, "a.example.com", Key::Made(KeyType::EcdsaP256))).await;
    assert!(refused.as_ref().is_ok() || refused.as_ref().is_err_and(|error| error.outage().is_some()), "{refused:?}");
    std::fs::copy(house.folder.path().join("keys"), &file).unwrap();
    other.private_key(one.id, "view", &actor()).await.unwrap();
    other.issue(order(issuing, "b.example.com", Key::Made(KeyType::EcdsaP256))).await.unwrap();
    other.close().await;
    engine.close().await;
}
