//! Packs that were changed, with a checksum that is right again, as an attacker sends them: each is refused, or is a pack whose every object
//! has the name that its content has. None panics.

use menagerie_git::{HashKind, PackReceiver, ReceiveError, ReceiveLimits, Received, Repository, name_of};
use menagerie_tests::{GitFolder, run_git};
use proptest::prelude::*;
use sha1::{Digest, Sha1};
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

/// A pack of git's with deltas, without its checksum; with deltas by distance, or by name.
fn pack(by_name: bool) -> &'static [u8] {
    static PACKS: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    let packs = PACKS.get_or_init(|| {
        let scratch = tempfile::tempdir().expect("a folder");
        let source = GitFolder::init(scratch.path(), &[]);
        for number in 0..6 {
            source.commit("file", (0..60).map(|line| format!("{line} {}\n", if line == number { number } else { 0 })).collect::<String>());
        }
        let make = |distance: &str| {
            source.git(&["config", "repack.useDeltaBaseOffset", distance]);
            source.git(&["repack", "-a", "-d", "-f", "--quiet"]);
            let name = source.git(&["rev-parse", "--git-path", "objects/pack"]);
            let files = std::fs::read_dir(scratch.path().join(name)).expect("packs").flatten().map(|entry| entry.path());
            let file = files.filter(|path| path.extension().is_some_and(|end| end == "pack")).last().expect("a pack");
            let mut bytes = std::fs::read(file).expect("it can be read");
            bytes.truncate(bytes.len() - 20);
            bytes
        };
        [make("true"), make("false")]
    });
    &packs[usize::from(by_name)]
}

fn empty(folder: &Path) -> Repository {
    drop(GitFolder::init(folder, &["--bare"]));
    Repository::open(folder).expect("a repository")
}

fn receive(folder: &Path, bytes: &[u8], chunk: usize) -> Result<Option<Received>, ReceiveError> {
    let repository = Repository::open(folder).expect("a repository");
    let limits = ReceiveLimits { bytes: 1 << 20, entries: 1000, rebuilt: 16 << 20 };
    let mut receiver = PackReceiver::new(&folder.join("objects/pack"), HashKind::Sha1, limits)?;
    let whole = [bytes, &Sha1::digest(bytes)[..]].concat();
    // What is refused is said by finishing.
    let _ = whole.chunks(chunk).try_for_each(|piece| receiver.write_all(piece));
    receiver.finish(&repository)
}

/// Fails unless every object has the name that its content has; says how many there are.
fn all_named(folder: &Path) -> usize {
    let repository = Repository::open(folder).expect("a repository");
    assert_eq!(repository.problems(), []);
    let names = repository.object_ids().expect("packs are listed");
    let mut objects = repository.objects();
    for oid in &names {
        let object = objects.read(oid).expect("it is whole");
        assert_eq!(name_of(HashKind::Sha1, object.kind, &object.bytes), *oid);
    }
    names.len()
}

#[test]
fn packs_come_in_pieces_of_any_length() {
    for (by_name, chunk) in [(false, 1), (true, 7), (false, 19), (true, 20), (false, 21), (true, 1 << 20)] {
        let folder = tempfile::tempdir().expect("a folder");
        empty(folder.path());
        let received = receive(folder.path(), pack(by_name), chunk).expect("it is whole").expect("it has objects");
        assert!(received.indexed && received.appended == 0);
        assert_eq!(all_named(folder.path()), 18);
        run_git(folder.path(), &["verify-pack", &received.path.with_extension("idx").display().to_string()]);
    }
}

#[test]
fn the_work_of_rebuilding_is_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = empty(folder.path());
    let limits = ReceiveLimits { rebuilt: 1000, ..ReceiveLimits::default() };
    let mut receiver = PackReceiver::new(&folder.path().join("objects/pack"), HashKind::Sha1, limits).expect("a folder");
    receiver.write_all(pack(false)).expect("it is taken");
    receiver.write_all(&Sha1::digest(pack(false))).expect("it is taken");
    let error = receiver.finish(&repository).expect_err("it is more");
    assert!(error.to_string().contains("1000 bytes that may be rebuilt"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn changed_packs_are_refused_or_sound(by_name: bool, at: prop::sample::Index, value: u8, cut: prop::sample::Index, cuts: bool) {
        let mut bytes = pack(by_name).to_vec();
        let place = at.index(bytes.len());
        bytes[place] = value;
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = tempfile::tempdir().expect("a folder");
        empty(folder.path());
        match receive(folder.path(), &bytes, 1 << 16) {
            Ok(Some(received)) => {
                prop_assert!(received.indexed);
                all_named(folder.path());
            }
            Ok(None) => {}
            Err(_) => prop_assert_eq!(std::fs::read_dir(folder.path().join("objects/pack")).expect("a folder").count(), 0),
        }
    }
}
