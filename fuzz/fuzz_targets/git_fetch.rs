//! What a git server sends: packets, capabilities, refs, sections, and the pack, which is indexed. The checksum at the pack's end is made
//! right, as an attacker would, so that what lies behind it is reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_git::{HashKind, Kind, PackReceiver, ReceiveLimits, Repository, name_of};
use menagerie_git_fetch::{Advertisement, Listing, parse_packet, parse_ref_line, read_answer};
use sha1::{Digest, Sha1};
use std::cell::OnceCell;
use std::io::Write;
use tempfile::TempDir;

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|data: &[u8]| {
    let _ = parse_packet(data);
    let _ = Advertisement::read(data);
    let _ = Listing::read(data, HashKind::Sha1);
    let _ = Listing::read(data, HashKind::Sha256);
    let _ = parse_ref_line(data, HashKind::Sha1);
    let mut pack = Vec::new();
    let _ = read_answer(data, HashKind::Sha1, &mut pack);

    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::create_dir_all(folder.path().join("objects/pack")).expect("a folder");
            std::fs::write(folder.path().join("HEAD"), "ref: refs/heads/main\n").expect("a file");
            folder
        });
        let packs = folder.path().join("objects/pack");
        let repository = Repository::open(folder.path()).expect("an empty repository");
        let limits = ReceiveLimits { bytes: 1 << 20, entries: 10_000, rebuilt: 64 << 20 };
        let mut receiver = PackReceiver::new(&packs, HashKind::Sha1, limits).expect("a folder takes a file");
        let _ = receiver.write_all(data).and_then(|()| receiver.write_all(&Sha1::digest(data)));
        if let Ok(Some(received)) = receiver.finish(&repository) {
            let opened = Repository::open(folder.path()).expect("it is a repository still");
            let mut objects = opened.objects();
            for oid in opened.object_ids().expect("the index can be listed") {
                if let Ok(object) = objects.read(&oid) {
                    assert_eq!(name_of(HashKind::Sha1, object.kind, &object.bytes), oid);
                    assert!(matches!(object.kind, Kind::Commit | Kind::Tree | Kind::Blob | Kind::Tag));
                }
            }
            std::fs::remove_file(received.path.with_extension("idx")).ok();
            std::fs::remove_file(received.path).expect("it was made");
        }
    });
});
