//! Processes that issue and are killed at random moments: every serial number that the authority's key signed is stored afterwards, or is
//! revoked, on the list and by OCSP; every certificate that was answered is stored as it was.
//!
//! The test runs itself again as the process that is killed. Its authorities' keys are behind a signer that writes each serial number down
//! before it signs, which is how the test knows them all.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use lemur::authority::{AuthorityKey, AuthorityOrder, OpenSignerError, Opening, Parent, Signers};
use lemur::certificate::{Serial, View};
use lemur::crl::Reason;
use lemur::engine::{Engine, Settings};
use lemur::issue::Key;
use lemur::store::list::{Filter, Order, Page};
use lemur::store::{AuthorityId, CertificateId};
use menagerie_secret::RingFile;
use menagerie_sign::{Algorithm, KeyType, LocalSigner, PublicKey, Signer, Signing};
use menagerie_store::log::verify;

use super::support::{House, actor, authority, openssl, order, settings_with, their_order, within};

/// Where the killed process works: its folder, then its database.
const WORK: &str = "MENAGERIE_LEMUR_KILLED";
const TASKS: usize = 8;

fn soaks() -> bool {
    std::env::var_os("MENAGERIE_SOAK").is_some()
}

fn kills() -> u32 {
    if soaks() { 1_000 } else { 50 }
}

/// Numbers that look random and are the same in each run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Keys in files of a folder, each use of them written down in another.
struct Witnessed(std::path::PathBuf);

struct Witness {
    inner: LocalSigner,
    record: std::path::PathBuf,
}

impl Signers for Witnessed {
    fn open<'a>(&'a self, reference: &'a str) -> Opening<'a> {
        Box::pin(async move {
            let key = std::fs::read(self.0.join(reference)).map_err(|error| OpenSignerError::Holder(Box::new(error)))?;
            let inner = LocalSigner::from_pkcs8_der(&key).map_err(|error| OpenSignerError::Holder(Box::new(error)))?;
            Ok(Arc::new(Witness { inner, record: self.0.join("signed") }) as Arc<dyn Signer>)
        })
    }
}

impl Signer for Witness {
    fn public_key(&self) -> &PublicKey {
        self.inner.public_key()
    }

    fn algorithm(&self) -> Algorithm {
        self.inner.algorithm()
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Signing<'a> {
        // Of a TBSCertificate the serial number; a list has none where it would be.
        if let Some(serial) = serial_of(message) {
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&self.record).unwrap();
            file.write_all(format!("{serial}\n").as_bytes()).unwrap();
        }
        self.inner.sign(message)
    }
}

/// The serial number in a version 3 TBSCertificate: behind its length, `[0] { 2 }`.
fn serial_of(to_be_signed: &[u8]) -> Option<Serial> {
    let start = to_be_signed.windows(5).position(|window| window == [0xa0, 3, 2, 1, 2])? + 5;
    if start > 12 || *to_be_signed.get(start)? != 2 {
        return None;
    }
    let length = usize::from(*to_be_signed.get(start + 1)?);
    Serial::from_unsigned(to_be_signed.get(start + 2..start + 2 + length)?).ok()
}

fn witnessed(folder: &std::path::Path) -> Settings {
    let mut settings = settings_with(Witnessed(folder.to_owned()));
    settings.lease = Duration::from_millis(400);
    settings
}

fn elsewhere(name: &str, parent: Parent, reference: &str) -> AuthorityOrder {
    AuthorityOrder { key: AuthorityKey::Elsewhere(reference.to_owned()), ..authority(name, parent) }
}

/// Issues and revokes until it is killed, and prints what was answered.
async fn issue_for_ever(folder: &str, database: &str) {
    let engine = Engine::start(database, RingFile::new(format!("{folder}/keys")), witnessed(folder.as_ref())).await.unwrap();
    let issuing = engine.authority_by_name("Issuing").await.unwrap().unwrap().id;
    for task in 0..TASKS {
        let engine = engine.clone();
        tokio::spawn(async move {
            for number in 0_u64.. {
                let name = format!("n{number}.t{task}.example.com");
                let asked =
                    if number % 4 == 0 { order(issuing, &name, Key::Made(KeyType::EcdsaP256)) } else { their_order(issuing, &name) };
                let issued = engine.issue(asked).await.unwrap();
                say(&format!("issued {} {} {}", issued.id, issued.serial, hex(&issued.der)));
                if number % 5 == 0 {
                    engine.revoke(issued.id, Reason::Superseded, "", &actor()).await.unwrap();
                    say(&format!("revoked {} {} -", issued.id, issued.serial));
                }
            }
        });
    }
    std::future::pending().await
}

fn say(text: &str) {
    std::io::stdout().lock().write_all(format!("\n{text}\n").as_bytes()).unwrap();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the killed processes had answered: of a certificate its number, its serial number and its SHA-256, so that a long run has room.
#[derive(Default)]
struct Answered {
    issued: Vec<(i64, String, [u8; 32])>,
    revoked: Vec<String>,
}

fn sha256(text: &str) -> [u8; 32] {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().unwrap()
}

fn run_and_kill(test: &str, house: &House, delay: Duration) -> Answered {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(WORK, format!("{}\n{}", house.folder.path().display(), house.database))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    let (begun, begins) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut answered = Answered::default();
        for line in lines.lines().map_while(Result::ok) {
            let fields: Vec<&str> = line.split(' ').collect();
            match fields.as_slice() {
                ["issued", id, serial, der] => answered.issued.push((id.parse().unwrap(), (*serial).to_owned(), sha256(der))),
                ["revoked", _, serial, "-"] => answered.revoked.push((*serial).to_owned()),
                _ => continue,
            }
            let _ = begun.send(());
        }
        answered
    });
    begins.recv_timeout(Duration::from_secs(60)).expect("it issues");
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

async fn no_serial_is_lost(test: &str, house: House) {
    for reference in ["root.key", "issuing.key"] {
        house.file(reference, LocalSigner::generate(KeyType::EcdsaP256).unwrap().to_pkcs8_der().unwrap().expose());
    }
    let engine = house.engine_with(witnessed(house.folder.path())).await;
    let root = engine.create_authority(elsewhere("Root", Parent::Itself, "root.key")).await.unwrap().id;
    let issuing = engine.create_authority(elsewhere("Issuing", Parent::Ours(root), "issuing.key")).await.unwrap().id;
    engine.close().await;
    // What was signed so far is no leaf.
    std::fs::remove_file(house.folder.path().join("signed")).unwrap();
    let mut delays = Numbers(0x6c65_6d75);
    let mut answered = Answered::default();
    for kill in 1..=kills() {
        let of_this = run_and_kill(test, &house, Duration::from_micros(delays.below(80_000)));
        answered.issued.extend(of_this.issued);
        answered.revoked.extend(of_this.revoked);
        if soaks() && kill.is_multiple_of(50) {
            // What a test prints is kept from whoever watches it; this is not.
            let text = format!("{test}: {kill} of {} kills, {} certificates answered\n", kills(), answered.issued.len());
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
        }
    }
    let engine = house.engine_with(witnessed(house.folder.path())).await;
    let settled = async || engine.unfinished().await.unwrap() == 0;
    assert!(within(Duration::from_secs(20), settled).await, "what was begun is finished");
    check(&engine, &house, issuing, &answered).await;
    engine.close().await;
}

async fn check(engine: &Engine, house: &House, issuing: AuthorityId, answered: &Answered) {
    let stored = all_stored(engine, issuing).await;
    for (id, serial, hash) in &answered.issued {
        let found = engine.certificate(CertificateId(*id)).await.unwrap();
        assert!(
            found.is_some_and(|found| sha256(&hex(&found.der)) == *hash),
            "certificate {id}, serial {serial}, was answered and is not stored so"
        );
    }
    let signed = std::fs::read_to_string(house.folder.path().join("signed")).unwrap();
    let signed: BTreeSet<Serial> = signed.lines().map(|line| line.parse().unwrap()).collect();
    let abandoned: Vec<Serial> = signed.iter().filter(|serial| !stored.contains(*serial)).copied().collect();
    // Every list is fresh when all that is wanted is built.
    let fresh = async || !engine.unpublished().await.unwrap();
    assert!(within(Duration::from_secs(20), fresh).await, "the lists follow");
    let listed = listed_serials(engine, house, issuing).await;
    for serial in &abandoned {
        assert!(listed.contains(serial), "{serial} may have been signed, is not stored, and is not on the list");
        assert!(engine.is_revoked(issuing, serial).await.unwrap(), "{serial}: OCSP does not say revoked");
    }
    for serial in &answered.revoked {
        assert!(listed.contains(&serial.parse().unwrap()), "{serial} was revoked and is not on the list");
    }
    let verified = verify(&mut engine.store().audit_lines(), &[]).await.unwrap();
    assert!(verified.problems.is_empty(), "{:?}", verified.problems);
    let text = format!("{} kills, {} signed, {} answered, {} abandoned\n", kills(), signed.len(), answered.issued.len(), abandoned.len());
    std::io::stdout().lock().write_all(text.as_bytes()).unwrap();
}

/// The serial numbers of all certificates of an authority; each certificate is read and belongs to its row.
async fn all_stored(engine: &Engine, authority: AuthorityId) -> BTreeSet<Serial> {
    let filter = Filter { authority: Some(authority), ..Filter::default() };
    let mut stored = BTreeSet::new();
    let mut last = None;
    loop {
        let page = engine.certificates(&filter, Order::default(), Page::After { id: last, limit: 500 }).await.unwrap();
        let Some(item) = page.items.last() else { return stored };
        last = Some(item.id);
        for item in &page.items {
            let serial = View::parse(&item.der).unwrap().serial();
            assert_eq!(serial.as_unsigned(), item.serial);
            assert!(stored.insert(serial), "{serial} is there twice");
        }
    }
}

/// The serial numbers on all parts of an authority's list, as `openssl` reads them.
async fn listed_serials(engine: &Engine, house: &House, authority: AuthorityId) -> BTreeSet<Serial> {
    let mut serials = BTreeSet::new();
    for shard in engine.crl_shards(authority).await.unwrap() {
        house.file("list.der", engine.crl(authority, shard).await.unwrap().unwrap().der);
        let said = openssl(&["crl", "-inform", "DER", "-in", "list.der", "-noout", "-text"], house.folder.path());
        serials.extend(said.lines().filter_map(|line| line.trim().strip_prefix("Serial Number: ")?.parse::<Serial>().ok()));
    }
    serials
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_loses_no_serial() {
    if let Ok(work) = std::env::var(WORK) {
        let (folder, database) = work.split_once('\n').unwrap();
        return issue_for_ever(folder, database).await;
    }
    no_serial_is_lost("kill::sqlite_loses_no_serial", House::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_loses_no_serial() {
    if let Ok(work) = std::env::var(WORK) {
        let (folder, database) = work.split_once('\n').unwrap();
        return issue_for_ever(folder, database).await;
    }
    no_serial_is_lost("kill::postgres_loses_no_serial", House::postgres()).await;
}
