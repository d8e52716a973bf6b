//! Whole repositories and what came since, of both hash functions, shallow ones, those with many refs.

use crate::loopback::{Loopback, into, objects, same_as_gits};
use menagerie_git::Repository;
use menagerie_tests::{GitFolder, GitServer};
use std::fmt::Write as _;
use std::path::Path;

/// Text that packs as deltas from one version to the next.
fn versions(number: usize) -> String {
    (0..400).fold(String::new(), |mut text, line| {
        let changed = if line == number % 400 { number } else { 0 };
        writeln!(text, "line {line} of the file, in version {changed}").expect("a string takes text");
        text
    })
}

fn grown(folder: &Path, arguments: &[&str]) -> GitFolder {
    let source = GitFolder::init(folder, arguments);
    for number in 0..30 {
        source.commit("deep/er/file.txt", versions(number));
        source.commit(&format!("other-{}.bin", number % 3), format!("{number}\0binary").repeat(50));
    }
    source.git(&["branch", "side", "HEAD~5"]);
    source.git(&["tag", "light", "HEAD~3"]);
    source.git(&["tag", "--annotate", "--message", "a tag", "heavy", "HEAD~9"]);
    source.git(&["tag", "to-a-blob", "HEAD:deep/er/file.txt"]);
    source.git(&["repack", "-a", "-d", "--quiet"]);
    source
}

fn whole_then_more(arguments: &[&str]) {
    let scratch = tempfile::tempdir().expect("a folder");
    let source = grown(&scratch.path().join("root/source"), arguments);
    let server = GitServer::start(&scratch.path().join("root"));
    let url = format!("{}/source/.git", server.url());
    let mut transport = Loopback::new(server.address(), "/source/.git");
    let here = scratch.path().join("cache/one");

    let first = into(&mut transport, &here).expect("it is fetched");
    assert_eq!(first.objects, objects(source.path()).lines().count() as u64);
    same_as_gits(&here, &url, scratch.path());
    let head = Repository::open(&here).expect("our reader opens it").refs();
    assert_eq!(head.head_ref(), Some("refs/heads/main"));
    assert_eq!(head.head().map(|oid| oid.to_string()), Some(source.git(&["rev-parse", "HEAD"])));

    let again = into(&mut transport, &here).expect("it is asked again");
    assert_eq!((again.objects, again.bytes), (0, 0), "nothing is new");

    source.commit("deep/er/file.txt", versions(31));
    source.git(&["checkout", "--quiet", "-b", "new"]);
    source.commit("new.txt", "new");
    source.git(&["branch", "--quiet", "-D", "side"]);
    source.git(&["update-ref", "refs/pull/7/head", "HEAD"]);
    let more = into(&mut transport, &here).expect("what is new is fetched");
    assert!((1..12).contains(&more.objects), "only what is new: {more:?}");
    assert!(more.bytes < first.bytes / 4, "{more:?} after {first:?}");
    let asked = String::from_utf8_lossy(transport.sent.last().expect("requests were sent")).into_owned();
    assert!(asked.contains("have ") && asked.contains("thin-pack"), "{asked}");
    same_as_gits(&here, &url, scratch.path());
}

#[test]
fn a_repository_is_fetched_whole_and_then_what_is_new() {
    whole_then_more(&[]);
}

#[test]
fn a_repository_of_sha_256_too() {
    whole_then_more(&["--object-format=sha256"]);
}

#[test]
fn bases_of_a_thin_pack_are_added() {
    let scratch = tempfile::tempdir().expect("a folder");
    let source = GitFolder::init(&scratch.path().join("root/source"), &[]);
    // A text that does not shrink by itself: a delta on the version before is the only short form of the next.
    let noise: String = (0..4000_u64).map(|seed| format!("{:016x}\n", seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    source.commit("noise", &noise);
    let server = GitServer::start(&scratch.path().join("root"));
    let mut transport = Loopback::new(server.address(), "/source/.git");
    let here = scratch.path().join("cache");
    into(&mut transport, &here).expect("it is fetched");
    let before = Repository::open(&here).expect("it opens").packed_bytes();
    source.commit("noise", format!("{noise}and a line"));
    let more = into(&mut transport, &here).expect("what is new is fetched");
    assert!(more.bytes < 2000, "the text came as a delta: {more:?}");
    let after = Repository::open(&here).expect("it opens").packed_bytes();
    assert!(after - before > 20_000, "its base was added: {before} {after}");
    same_as_gits(&here, &format!("{}/source/.git", server.url()), scratch.path());
}

#[test]
fn the_ends_of_a_shallow_repository_are_known() {
    let scratch = tempfile::tempdir().expect("a folder");
    let source = grown(&scratch.path().join("root/source"), &[]);
    let url = format!("file://{}", source.path().display());
    source.git(&["clone", "--quiet", "--bare", "--depth=3", &url, "../shallow"]);
    let server = GitServer::start(&scratch.path().join("root"));
    let here = scratch.path().join("cache");
    into(&mut Loopback::new(server.address(), "/shallow"), &here).expect("it is fetched");
    let opened = Repository::open(&here).expect("it opens");
    assert_eq!(opened.shallow().len(), 1);
    assert_eq!(objects(&here), objects(&scratch.path().join("root/shallow")));
    let again = into(&mut Loopback::new(server.address(), "/shallow"), &here).expect("it is asked again");
    assert_eq!(again.objects, 0);
}

#[test]
fn many_refs_and_trial_merges() {
    let scratch = tempfile::tempdir().expect("a folder");
    let source = GitFolder::init(&scratch.path().join("root/source"), &[]);
    for number in 0..20 {
        source.commit("file", number.to_string());
    }
    let tips: Vec<String> = source.git(&["rev-list", "HEAD"]).lines().map(str::to_owned).collect();
    let lines: String = (0..20_000).map(|number| format!("{} refs/pull/{number}/head\n", tips[number % tips.len()])).collect();
    std::fs::write(source.path().join(".git/packed-refs"), lines).expect("refs can be written");
    source.git(&["update-ref", "refs/pull/3/merge", "HEAD"]);
    let server = GitServer::start(&scratch.path().join("root"));
    let here = scratch.path().join("cache");
    let fetched = into(&mut Loopback::new(server.address(), "/source/.git"), &here).expect("it is fetched");
    assert_eq!(fetched.refs, 20_001, "and not the merge that a host tries");
    assert_eq!(Repository::open(&here).expect("it opens").refs().iter().count(), 20_002);
}

#[test]
fn an_empty_repository_and_none() {
    let scratch = tempfile::tempdir().expect("a folder");
    drop(GitFolder::init(&scratch.path().join("root/source"), &["--bare"]));
    let server = GitServer::start(&scratch.path().join("root"));
    let here = scratch.path().join("cache");
    let fetched = into(&mut Loopback::new(server.address(), "/source"), &here).expect("it is empty, not broken");
    assert_eq!((fetched.refs, fetched.objects), (0, 0));
    assert!(Repository::open(&here).expect("it opens").refs().head().is_none());
    let none = into(&mut Loopback::new(server.address(), "/none"), &here).expect_err("it is not there");
    assert_eq!(none.to_string(), "there is no such repository, or it is not open to us");
}
