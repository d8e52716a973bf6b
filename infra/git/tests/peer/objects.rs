//! Every object, however it is stored.

use super::workshop::{Workshop, gather, remove, same_objects, text};
use menagerie_git::{BlobOptions, Kind, ObjectError, ObjectId, name_of};

#[test]
fn loose_then_packed_then_both() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    assert_eq!(same_objects(&workshop, "repo").deltas, 0, "all is loose");
    workshop.git("repo", &["repack", "-q", "-a", "-d"]);
    let packed = same_objects(&workshop, "repo");
    assert!(packed.deltas > 30 && packed.inherited == packed.deltas, "{} of {}", packed.inherited, packed.deltas);
    workshop.write("repo/new.txt", text(5, 500));
    workshop.commit("repo", "Loose beside a pack");
    same_objects(&workshop, "repo");
    // Two packs with the same objects, and the loose ones besides.
    workshop.git("repo", &["repack", "-q", "-a"]);
    same_objects(&workshop, "repo");
}

#[test]
fn sha256_loose_and_packed() {
    let workshop = Workshop::new();
    workshop.storied("repo", &["--object-format=sha256"]);
    same_objects(&workshop, "repo");
    workshop.git("repo", &["gc", "-q"]);
    assert!(same_objects(&workshop, "repo").deltas > 30);
    let expected = workshop.objects("repo");
    remove(&workshop.packed("repo/.git", "idx"));
    assert!(workshop.open("repo").object_ids().expect("a list").iter().eq(expected.keys()));
}

#[test]
fn deep_chains_of_both_kinds_of_delta() {
    let workshop = Workshop::new();
    workshop.init("repo", &["--bare"]);
    let mut stream = Vec::new();
    for step in 0..600_usize {
        let content = text(step, 300);
        stream.extend(format!("blob\nmark :{}\ndata {}\n{content}\n", step + 1, content.len()).bytes());
    }
    workshop.feed("repo", &["fast-import", "--quiet", "--depth=4000"], &stream);
    let by_offset = same_objects(&workshop, "repo");
    assert!(by_offset.deltas > 500, "{}", by_offset.deltas);
    for (setting, depth) in [("false", "--depth=40"), ("true", "--depth=4000")] {
        let setting = format!("repack.useDeltaBaseOffset={setting}");
        workshop.git("repo", &["-c", &setting, "repack", "-q", "-a", "-d", "-f", "--keep-unreachable", depth]);
        assert!(same_objects(&workshop, "repo").deltas > 500);
    }
}

#[test]
fn indexes_of_version_1_and_with_long_offsets() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["gc", "-q"]);
    let pack = workshop.packed("repo/.git", "pack");
    let pack = pack.to_str().expect("text");
    for version in ["1", "2,0x100"] {
        remove(&workshop.packed("repo/.git", "idx"));
        workshop.git("repo", &["index-pack", &format!("--index-version={version}"), pack]);
        same_objects(&workshop, "repo");
    }
}

#[test]
fn a_pack_without_an_index_is_walked() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    for setting in ["true", "false"] {
        workshop.git("repo", &["-c", &format!("repack.useDeltaBaseOffset={setting}"), "repack", "-q", "-a", "-d", "-f"]);
        let (expected, index) = (workshop.objects("repo"), workshop.packed("repo/.git", "idx"));
        let kept = std::fs::read(&index).expect("an index");
        remove(&index);
        let repository = workshop.open("repo");
        assert_eq!(repository.problems(), []);
        assert!(repository.object_ids().expect("a list").iter().eq(expected.keys()));
        let blobs = gather(&repository, BlobOptions::default(), |_| true);
        assert!(blobs.lost.is_empty() && blobs.blobs.iter().all(|(oid, bytes)| expected[oid].1 == *bytes));
        std::fs::write(index, kept).expect("the index again");
    }
}

#[test]
fn thin_packs_made_whole_and_alternates() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("", &["clone", "-q", "--bare", "repo", "copy.git"]);
    workshop.git("copy.git", &["repack", "-q", "-a", "-d"]);
    workshop.write("repo/long.txt", text(77, 400));
    workshop.commit("repo", "One more");
    // A fetch brings a thin pack, which index-pack completes.
    workshop.git("copy.git", &["-c", "fetch.unpackLimit=1", "-c", "transfer.unpackLimit=1", "fetch", "-q", "origin", "main:main"]);
    same_objects(&workshop, "copy.git");
    workshop.git("", &["clone", "-q", "--bare", "--shared", "copy.git", "second.git"]);
    workshop.git("", &["clone", "-q", "--bare", "--shared", "second.git", "third.git"]);
    same_objects(&workshop, "third.git");
}

/// Git itself would not store a thin pack as it is; what else writes into a store may. The base is then another pack's.
#[test]
fn a_thin_pack_left_thin() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["repack", "-q", "-a", "-d"]);
    let before = workshop.oid("repo", "HEAD");
    workshop.write("repo/long.txt", text(77, 400));
    let after = workshop.commit("repo", "One more");
    let blob = workshop.oid("repo", "HEAD:long.txt");
    let thin = workshop.feed("repo", &["pack-objects", "--stdout", "--thin", "--revs", "-q"], format!("{after}\n^{before}\n").as_bytes());
    let expected = workshop.objects("repo");
    let packed = workshop.packed("repo/.git", "pack");
    for oid in expected.keys() {
        let name = oid.to_string();
        let _ = std::fs::remove_file(workshop.path("repo/.git/objects").join(&name[..2]).join(&name[2..]));
    }
    std::fs::write(packed.with_file_name("pack-thin.pack"), thin).expect("a pack");
    let repository = workshop.open("repo");
    // Without an index its deltas cannot be named, which is said.
    assert!(!repository.contains(&blob) && !repository.problems().is_empty());
    drop(repository);
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    // Named by hand: an index of one entry, the blob, which is found by its being the only delta.
    let bytes = std::fs::read(packed.with_file_name("pack-thin.pack")).expect("a pack");
    let offset = (12..bytes.len()).find(|at| {
        let header = menagerie_git::EntryHeader::parse(&bytes[*at..], menagerie_git::HashKind::Sha1);
        header.is_some_and(|header| matches!(header.kind, menagerie_git::EntryKind::RefDelta(base) if expected.get(&base).is_some_and(|(kind, _)| *kind == Kind::Blob)))
    });
    let offset = u32::try_from(offset.expect("a delta on a blob")).expect("a small pack");
    for first in 0..=255_u8 {
        index.extend(u32::from(first >= blob.as_bytes()[0]).to_be_bytes());
    }
    index.extend(blob.as_bytes());
    index.extend([0; 4]);
    index.extend(offset.to_be_bytes());
    index.extend([0; 40]);
    let mut one = bytes.clone();
    one[8..12].copy_from_slice(&1_u32.to_be_bytes());
    std::fs::write(packed.with_file_name("pack-thin.pack"), one).expect("a pack");
    std::fs::write(packed.with_file_name("pack-thin.idx"), index).expect("an index");
    let repository = workshop.open("repo");
    assert_eq!(*repository.objects().read(&blob).expect("its base is in the other pack").bytes, expected[&blob].1);
    let shown = gather(&repository, BlobOptions::default(), |_| true);
    assert_eq!((shown.blobs.get(&blob), shown.lost), (Some(&expected[&blob].1), vec![]));
}

#[test]
fn only_what_is_wanted_is_shown() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["gc", "-q"]);
    let expected = workshop.objects("repo");
    let repository = workshop.open("repo");
    let wanted = |oid: &ObjectId| oid.as_bytes()[0].is_multiple_of(3);
    for threads in [1, 4] {
        let shown = gather(&repository, BlobOptions { threads, ..BlobOptions::default() }, wanted);
        let names = expected.iter().filter(|(oid, (kind, _))| *kind == Kind::Blob && wanted(oid)).map(|(oid, _)| oid);
        assert!(shown.blobs.keys().eq(names));
        assert!(shown.deltas > shown.inherited, "some bases were not wanted");
    }
}

#[test]
fn large_blobs_are_streamed_and_large_deltas_named() {
    let workshop = Workshop::new();
    workshop.init("repo", &[]);
    workshop.write("repo/a", text(1, 2000));
    workshop.write("repo/b", text(2, 2000));
    workshop.write("repo/small", text(2, 20));
    workshop.commit("repo", "Large ones");
    let options = BlobOptions { largest: 10_000, ..BlobOptions::default() };
    let loose = gather(&workshop.open("repo"), options, |_| true);
    assert_eq!((loose.blobs.len(), loose.streamed.len(), loose.lost.len()), (1, 2, 0));
    workshop.git("repo", &["gc", "-q"]);
    let expected = workshop.objects("repo");
    let packed = gather(&workshop.open("repo"), options, |_| true);
    assert_eq!((packed.blobs.len(), packed.streamed.len(), packed.lost.len()), (1, 1, 1));
    assert!(matches!(packed.lost[0].why, ObjectError::TooLarge { .. }), "{:?}", packed.lost);
    assert!(packed.streamed.iter().all(|(oid, bytes)| expected[oid].1 == *bytes));
    let repository = workshop.open("repo");
    let (large, _) = packed.streamed.first_key_value().expect("one was streamed");
    assert!(matches!(repository.objects_within(1 << 20, 10_000).read(large), Err(ObjectError::TooLarge { .. })));
}

#[test]
fn the_budget_ends_what_would_not_end() {
    let workshop = Workshop::new();
    workshop.storied("repo", &[]);
    workshop.git("repo", &["gc", "-q"]);
    let options = BlobOptions { budget: 200_000, ..BlobOptions::default() };
    let shown = gather(&workshop.open("repo"), options, |_| true);
    let all = gather(&workshop.open("repo"), BlobOptions::default(), |_| true);
    assert!(!shown.lost.is_empty() && shown.blobs.values().map(Vec::len).sum::<usize>() <= 200_000);
    assert_eq!(shown.blobs.len() + shown.lost.len(), all.blobs.len(), "each is shown or named");
}

#[test]
fn names_are_those_of_the_content() {
    let workshop = Workshop::new();
    for format in ["sha1", "sha256"] {
        workshop.storied(format, &[&format!("--object-format={format}")]);
        for (oid, (kind, content)) in workshop.objects(format) {
            assert_eq!(name_of(oid.hash_kind(), kind, &content), oid);
        }
    }
}
