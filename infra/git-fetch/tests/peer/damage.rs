//! Answers that are cut, changed, too large or false: an error each, and what was there before stays whole.

use crate::loopback::{Loopback, into, objects, options, refs};
use menagerie_git::ReceiveError;
use menagerie_git_fetch::{FetchError, ProtocolError, Store, StoreError, fetch};
use menagerie_tests::{GitFolder, GitServer, http};
use std::path::Path;

struct Scene {
    scratch: tempfile::TempDir,
    source: GitFolder,
    server: GitServer,
}

impl Scene {
    fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let source = GitFolder::init(&scratch.path().join("root/source"), &[]);
        for number in 0..10 {
            source.commit("file", format!("version {number}\n").repeat(100));
        }
        let server = GitServer::start(&scratch.path().join("root"));
        Self { scratch, source, server }
    }

    fn transport(&self, spoil: fn(usize, Vec<u8>) -> Vec<u8>) -> Loopback {
        Loopback { spoil, ..Loopback::new(self.server.address(), "/source/.git") }
    }

    fn here(&self) -> std::path::PathBuf {
        self.scratch.path().join("cache")
    }
}

fn leftovers(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder.join("objects/pack")).expect("a folder").flatten();
    names.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name.starts_with("incoming")).collect()
}

#[test]
fn broken_packs_change_nothing() {
    let scene = Scene::new();
    let here = scene.here();
    into(&mut scene.transport(|_, body| body), &here).expect("it is fetched");
    let (had, named) = (objects(&here), refs(&here));
    scene.source.commit("file", "new\n".repeat(100));
    // Requests are counted from 1: the second of a fetch has the pack.
    type Spoil = fn(usize, Vec<u8>) -> Vec<u8>;
    let spoils: [(&str, Spoil); 6] = [
        ("cut", |sent, mut body| {
            body.truncate(if sent == 2 { body.len() - 30 } else { body.len() });
            body
        }),
        ("a bit", |sent, mut body| {
            let middle = body.len() / 2;
            body[middle] ^= if sent == 2 { 4 } else { 0 };
            body
        }),
        ("not a pack", |sent, body| match sent {
            2 => b"000dpackfile\n0009\x01PAXX0000".to_vec(),
            _ => body,
        }),
        ("no pack", |sent, body| if sent == 2 { b"0000".to_vec() } else { body }),
        ("an empty pack", |sent, body| match sent {
            2 => {
                let mut answer = b"000dpackfile\n0025\x01PACK\0\0\0\x02\0\0\0\0".to_vec();
                answer.extend([
                    0x02, 0x9d, 0x08, 0x82, 0x3b, 0xd8, 0xa8, 0xea, 0xb5, 0x10, 0xad, 0x6a, 0xc7, 0x5c, 0x82, 0x3c, 0xfd, 0x3e, 0xd3, 0x1e,
                ]);
                answer.extend(b"0000");
                answer
            }
            _ => body,
        }),
        ("a list of lies", |sent, body| if sent == 1 { b"0014not a ref at all0000".to_vec() } else { body }),
    ];
    for (what, spoil) in spoils {
        let error = into(&mut scene.transport(spoil), &here).expect_err(what);
        assert_eq!((objects(&here), refs(&here)), (had.clone(), named.clone()), "{what}: {error}");
        assert_eq!(leftovers(&here), [""; 0], "{what}: {error}");
        if what == "an empty pack" {
            assert!(matches!(error, FetchError::NotSent(_)), "{error}");
        }
    }
    into(&mut scene.transport(|_, body| body), &here).expect("the next fetch is whole");
    assert_ne!(objects(&here), had);
}

#[test]
fn a_pack_over_the_bound_is_refused_as_it_comes() {
    let scene = Scene::new();
    let store = Store::hold(&scene.here()).expect("a folder");
    let small = menagerie_git_fetch::FetchOptions { largest: 200, ..options() };
    let error = fetch(&mut scene.transport(|_, body| body), &store, &small).expect_err("it has more");
    assert!(matches!(error, FetchError::TooLarge { limit: 200 }), "{error}");
    assert_eq!(leftovers(store.path()), [""; 0]);
}

#[test]
fn what_a_killed_process_left_is_written_over() {
    let scene = Scene::new();
    let here = scene.here();
    drop(Store::hold(&here).expect("a folder"));
    for left in ["objects/pack/incoming-pack", "objects/pack/incoming-idx", "packed-refs.new", "HEAD.new", "config.new"] {
        std::fs::write(here.join(left), "half of some").expect("a file");
    }
    into(&mut scene.transport(|_, body| body), &here).expect("it is fetched");
    assert_eq!(objects(&here), objects(scene.source.path()));
    assert_eq!(leftovers(&here), [""; 0]);
}

#[test]
fn a_million_entries_that_are_not_there_cost_nothing() {
    let scene = Scene::new();
    let spoil = |sent, body| match sent {
        2 => b"000dpackfile\n0011\x01PACK\0\0\0\x02\xff\xff\xff\xff0000".to_vec(),
        _ => body,
    };
    let error = into(&mut scene.transport(spoil), &scene.here()).expect_err("it has none of them");
    assert!(matches!(error, FetchError::Pack(ReceiveError::TooMany { entries: u32::MAX, .. })), "{error}");
}

#[test]
fn a_server_of_version_0_is_told_apart() {
    let server = http::Server::start(|_| Some(http::Response::new(200, "001e# service=git-upload-pack\n00000014version 1, no...0000")));
    let folder = tempfile::tempdir().expect("a folder");
    let error = into(&mut Loopback::new(server.address(), "/x"), folder.path()).expect_err("it is too old");
    assert!(matches!(error, FetchError::Protocol(ProtocolError::Version)), "{error}");
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = Store::hold(folder.path()).expect("a folder");
    assert!(matches!(Store::hold(folder.path()), Err(StoreError::Busy)));
    drop(held);
    Store::hold(folder.path()).expect("it is free again");
}
