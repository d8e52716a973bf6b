//! Tags that name a blob or a tree instead of a commit, as the kernel's `v2.6.11-tree` does and as keys of signers are kept: a history
//! holds these too.

use std::path::Path;

use lanius::rules;
use lanius::rules::examples::{Dice, expand};
use lanius::scan::Engine;
use lanius::source::Progress;
use lanius::source::history::{Extent, scan, scan_on};

use crate::slow::git;

fn key(seed: u64) -> String {
    expand("${crc:ghp_}", &mut Dice::new(seed)).expect("a known template")
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).expect("git names objects in hexadecimal").trim().to_owned()
}

/// A repository with one commit, and three keys that only tags lead to: a blob, a blob by a tag of a tag, and a file of a tree.
fn tagged(folder: &Path, keys: &[String; 3]) {
    git(folder, &["init", "-q", "--bare", "."], b"");
    let identity =
        b"commit refs/heads/main\ncommitter a <a@example.org> 1700000000 +0000\ndata 1\nx\nM 644 inline plain\ndata 5\nplain\n\n";
    git(folder, &["fast-import", "--quiet"], identity);
    let blob = |key: &str| text(&git(folder, &["hash-object", "-w", "--stdin"], format!("token {key}\n").as_bytes()));
    let [first, second, third] = keys.each_ref().map(|key| blob(key));
    git(folder, &["update-ref", "refs/tags/blob", &first], b"");
    let tag = |target: &str, kind: &str| {
        let form = format!("object {target}\ntype {kind}\ntag x\ntagger a <a@example.org> 1700000000 +0000\n\nx\n");
        text(&git(folder, &["mktag"], form.as_bytes()))
    };
    git(folder, &["update-ref", "refs/tags/of-tag", &tag(&tag(&second, "blob"), "tag")], b"");
    let tree = text(&git(folder, &["mktree"], format!("100644 blob {third}\ta.conf\n").as_bytes()));
    git(folder, &["update-ref", "refs/tags/tree", &tag(&tree, "tree")], b"");
}

#[test]
fn what_only_a_tag_leads_to_is_scanned() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = [key(1), key(2), key(3)];
    tagged(folder.path(), &keys);
    let engine = Engine::new(rules::built_in());
    let progress = Progress::default();
    let found = |sightings: &[lanius::triage::Sighting]| {
        let mut values: Vec<_> = sightings.iter().map(|sighting| sighting.found.secret.expose().clone()).collect();
        values.sort();
        values
    };
    let mut expected: Vec<_> = keys.iter().map(|key| key.clone().into_bytes()).collect();
    expected.sort();
    for threads in [1, 2] {
        let (sightings, ledger) = scan(&engine, folder.path(), &Extent::default(), threads, &progress).expect("a repository");
        assert_eq!(found(&sightings), expected);
        assert_eq!((ledger.scanned, ledger.errors().count()), (4, 0));
    }
    // A scan that goes on from an earlier one tells of them again.
    let extent = Extent::default();
    let seen = scan_on(&engine, folder.path(), &extent, None, 50, 1, &progress).expect("a repository");
    let memory = seen.memory.expect("all of it was seen");
    let seen = scan_on(&engine, folder.path(), &extent, Some(&memory), 50, 1, &progress).expect("a repository");
    assert_eq!(found(&seen.sightings), expected);
    // A blob that is gone is told.
    let packed = text(&git(folder.path(), &["rev-parse", "refs/tags/tree^{tree}:a.conf"], b""));
    std::fs::remove_file(folder.path().join("objects").join(&packed[..2]).join(&packed[2..])).expect("a loose object");
    let (_, ledger) = scan(&engine, folder.path(), &Extent::default(), 1, &progress).expect("a repository");
    assert!(ledger.errors().any(|(entry, _)| entry.source.ends_with(&packed)));
}
