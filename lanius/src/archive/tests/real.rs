//! Archives that the programs people use made.

use std::fs;
use std::path::Path;
use std::process::Command;

use menagerie_tests::process::program;
use sha2::{Digest as _, Sha256};

use super::*;

/// Runs a shell line in a folder.
fn shell(folder: &Path, line: &str) {
    let output = Command::new(program("bash")).args(["-euo", "pipefail", "-c", line]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A folder with a few files, and what it holds as text.
fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("tree/deep")).unwrap();
    fs::write(folder.path().join("tree/first.txt"), "the first file\n").unwrap();
    fs::write(folder.path().join("tree/deep/second.txt"), "second\n".repeat(20_000)).unwrap();
    fs::write(folder.path().join("tree/empty"), "").unwrap();
    folder
}

fn has_tree(seen: &Seen, container: &str) {
    assert_eq!(seen.text(&format!("{container}!tree/first.txt")), "the first file\n");
    assert_eq!(seen.text(&format!("{container}!tree/deep/second.txt")), "second\n".repeat(20_000));
    assert_eq!(seen.text(&format!("{container}!tree/empty")), "");
    assert_eq!(seen.status(&format!("{container}!tree/empty")), Status::Read);
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn every_kind_of_archive_shows_the_same_tree() {
    for (line, name) in [
        ("zip -qr a.zip tree", "a.zip"),
        ("zip -qr0 a.jar tree", "a.jar"),
        ("zip -qr -Z bzip2 a.zip tree", "a.zip"),
        ("cd tree/.. && zip -qr - tree | cat > streamed.zip", "streamed.zip"),
        ("zip -qr -fz a.zip tree", "a.zip"),
        ("zip -qr b.zip tree; (echo '#!/bin/sh'; cat b.zip) > c; tail -c +11 c > a.zip", "a.zip"),
        ("python3 -m zipfile -c a.whl tree", "a.whl"),
        ("tar cf a.tar tree", "a.tar"),
        ("tar cf a.tar --format=v7 tree", "a.tar"),
        ("tar cf a.tar --format=ustar tree", "a.tar"),
        ("tar cf a.tar --format=pax tree", "a.tar"),
        ("tar czf a.tar.gz tree", "a.tar.gz"),
        ("tar cjf a.tbz2 tree", "a.tbz2"),
        ("tar cJf a.tar.xz tree", "a.tar.xz"),
        ("tar c tree | xz -9e > a.txz", "a.txz"),
        ("tar c --zstd -f a.tar.zst tree", "a.tar.zst"),
        ("tar c tree | zstd -q --ultra -22 > a.tzst", "a.tzst"),
        ("tar c tree | lz4 -q > a.tar.lz4", "a.tar.lz4"),
    ] {
        let folder = tree();
        shell(folder.path(), line);
        let seen = see(name, &read(folder.path(), name));
        has_tree(&seen, name);
        assert_eq!((seen.outcome.read, seen.outcome.skipped, seen.outcome.failed), (3, 0, 0), "{line}: {:?}", seen.entries);
    }
}

#[test]
fn compressed_streams_of_several_parts_are_read_whole() {
    for (compress, suffix) in [("gzip -c", "gz"), ("bzip2 -c", "bz2"), ("xz -c", "xz"), ("zstd -qc", "zst"), ("lz4 -qc", "lz4")] {
        let folder = tree();
        let name = format!("a.log.{suffix}");
        shell(folder.path(), &format!("for part in first.txt deep/second.txt first.txt; do {compress} tree/$part; done > {name}"));
        let seen = see(&name, &read(folder.path(), &name));
        assert_eq!(seen.text(&format!("{name}!a.log")), format!("the first file\n{}the first file\n", "second\n".repeat(20_000)));
        assert!(matches!(seen.status(&name), Status::Opened(_)));
    }
}

#[test]
fn a_truncated_stream_shows_what_there_is_and_says_so() {
    for (compress, suffix) in [("gzip -c", "gz"), ("bzip2 -c", "bz2"), ("xz -c", "xz"), ("zstd -qc", "zst"), ("lz4 -qcB4", "lz4")] {
        let folder = tempfile::tempdir().unwrap();
        shell(folder.path(), &format!("seq 400000 > numbers; {compress} numbers > numbers.{suffix}"));
        let (name, whole) = (format!("numbers.{suffix}"), read(folder.path(), "numbers"));
        let bytes = read(folder.path(), &name);
        let seen = see(&name, &bytes[..bytes.len() * 3 / 4]);
        let inner = format!("{name}!numbers");
        assert!(whole.starts_with(&seen.members[&inner]) && seen.members[&inner].len() > 1000, "{name}");
        assert_eq!(
            (seen.status(&inner), seen.status(&name)),
            (Status::Failed(Failure::Truncated), Status::Failed(Failure::Truncated)),
            "{name}"
        );
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 0xff;
        let seen = see(&name, &changed);
        assert!(matches!(seen.status(&name), Status::Failed(_)), "{name}: a changed byte is seen");
    }
}

#[test]
fn a_stream_cut_between_two_blocks_is_not_taken_for_whole() {
    let folder = tempfile::tempdir().unwrap();
    shell(folder.path(), "head -c 200000 /dev/urandom > noise; lz4 -qcB4 --no-frame-crc noise > noise.lz4");
    let bytes = read(folder.path(), "noise.lz4");
    // A header of 7 bytes, then blocks of 64 KiB that do not get smaller, each after its length.
    let seen = see("noise.lz4", &bytes[..7 + 4 + 65536]);
    assert_eq!(seen.members["noise.lz4!noise"].len(), 65536);
    assert_eq!(seen.status("noise.lz4"), Status::Failed(Failure::Truncated));
    assert_eq!(see("noise.lz4", &bytes).status("noise.lz4!noise"), Status::Read);
}

#[test]
fn a_tar_file_in_gzip_in_a_zip_file_in_a_jar_is_read() {
    let folder = tree();
    shell(folder.path(), "tar czf a.tar.gz tree; zip -q b.zip a.tar.gz; zip -q0 c.jar b.zip");
    let jar = read(folder.path(), "c.jar");
    let seen = see("c.jar", &jar);
    has_tree(&seen, "c.jar!b.zip!a.tar.gz");
    assert_eq!(seen.outcome.opened, 4);
    let seen = see_within("c.jar", &jar, &Limits { depth: 3, ..limits() });
    assert_eq!(seen.status("c.jar!b.zip!a.tar.gz!a.tar"), Status::Skipped(Skip::TooDeep));
    assert_eq!(seen.outcome.read, 0);
}

#[test]
fn long_names_sparse_files_and_large_sizes_in_tar_are_understood() {
    for format in ["gnu", "pax", "gnu --sparse", "pax --sparse", "pax --sparse --sparse-version=0.1"] {
        let folder = tempfile::tempdir().unwrap();
        let long = "long".repeat(60);
        let make = format!("mkdir -p d; echo hello > d/{long}; truncate -s 3M d/holes; printf end >> d/holes; ln -s /etc/passwd d/link");
        let line = format!("{make}; tar cf a.tar --sort=name --format={format} d; touch d/last; echo last > d/last; tar rf a.tar d/last");
        shell(folder.path(), &line);
        let seen = see("a.tar", &read(folder.path(), "a.tar"));
        assert_eq!(seen.text(&format!("a.tar!d/{long}")), "hello\n", "{format}");
        assert_eq!(seen.text("a.tar!d/last"), "last\n", "{format}");
        assert_eq!(seen.status("a.tar!d/link"), Status::Skipped(Skip::Link));
        let holes = &seen.members["a.tar!d/holes"];
        assert!(holes.ends_with(b"end") && holes[..holes.len() - 3].iter().all(|byte| *byte == 0), "{format}");
        assert_eq!(format.contains("sparse"), holes.len() < 1 << 20, "{format}: holes are not read");
    }
}

#[test]
fn hard_links_do_not_lose_what_follows() {
    for format in ["gnu", "ustar", "pax", "v7"] {
        let folder = tempfile::tempdir().unwrap();
        shell(folder.path(), &format!("echo one > a; ln a b; echo two > c; tar cf x.tar --format={format} a b c"));
        let seen = see("x.tar", &read(folder.path(), "x.tar"));
        assert_eq!((seen.text("x.tar!a"), seen.text("x.tar!c")), ("one\n", "two\n"));
        assert_eq!(seen.status("x.tar!b"), Status::Skipped(Skip::Link));
    }
}

#[test]
fn what_follows_the_end_of_a_tar_file_is_read() {
    let folder = tree();
    shell(folder.path(), "echo more > more; tar cf a.tar more; tar cf b.tar tree; (cat a.tar b.tar; printf hidden) > c.tar");
    let seen = see("c.tar", &read(folder.path(), "c.tar"));
    has_tree(&seen, "c.tar");
    assert_eq!(seen.text("c.tar!more"), "more\n");
    assert_eq!(seen.text("c.tar!(after the end)"), "hidden");
}

#[test]
fn encrypted_and_linked_members_of_zip_are_told() {
    let folder = tree();
    shell(folder.path(), "ln -s /etc/passwd tree/link; zip -qry --symlinks a.zip tree/link; zip -q -P pass a.zip tree/first.txt");
    let seen = see("a.zip", &read(folder.path(), "a.zip"));
    assert_eq!(seen.status("a.zip!tree/link"), Status::Skipped(Skip::Link));
    assert_eq!(seen.status("a.zip!tree/first.txt"), Status::Skipped(Skip::Encrypted));
    assert!(seen.members.is_empty());
}

#[test]
fn static_libraries_and_debian_packages_are_read() {
    let folder = tree();
    let deb = "mkdir -p p/DEBIAN p/usr; printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: m\\nDescription: d\\n' > p/DEBIAN/control; \
               cp tree/first.txt p/usr/; dpkg-deb -Zxz --build p p.deb >/dev/null";
    shell(
        folder.path(),
        &format!("cp tree/first.txt a_name_longer_than_sixteen; ar rc x.a a_name_longer_than_sixteen tree/deep/second.txt; {deb}"),
    );
    let seen = see("x.a", &read(folder.path(), "x.a"));
    assert_eq!(seen.text("x.a!a_name_longer_than_sixteen"), "the first file\n");
    assert_eq!(seen.text("x.a!second.txt").len(), 140_000);
    let seen = see("p.deb", &read(folder.path(), "p.deb"));
    assert_eq!(seen.text("p.deb!data.tar.xz!usr/first.txt"), "the first file\n");
    assert!(seen.text("p.deb!control.tar.xz!control").starts_with("Package: p\n"));
}

#[test]
fn a_hundred_thousand_members_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let line = "python3 -c \"
import zipfile
with zipfile.ZipFile('many.zip', 'w') as file:
    for number in range(100_000):
        file.writestr(f'{number}', str(number))
\"";
    shell(folder.path(), line);
    let bytes = read(folder.path(), "many.zip");
    let seen = see("many.zip", &bytes);
    assert_eq!((seen.outcome.read, seen.text("many.zip!99999")), (100_000, "99999"));
    let seen = see_within("many.zip", &bytes, &Limits { members: 1000, ..limits() });
    assert_eq!((seen.outcome.read, seen.status("many.zip")), (1000, Status::Skipped(Skip::TooMany)));
}

/// An OCI image layout in a tar file, as `docker save` writes it.
fn image(blobs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let names: Vec<_> = blobs.iter().map(|(named, _)| format!("blobs/sha256/{:x}", Sha256::digest(named))).collect();
    let members: Vec<_> = names.iter().zip(blobs).map(|(name, (_, bytes))| (name.as_str(), *bytes)).collect();
    made::tar(&[&[("oci-layout", &b"{\"imageLayoutVersion\": \"1.0.0\"}"[..])], members.as_slice()].concat())
}

#[test]
fn a_layer_that_two_images_share_is_read_once() {
    let layer = made::gzip(&made::tar(&[("etc/shared", b"shared")]));
    let own = made::tar(&[("etc/own", b"own")]);
    let hex = |bytes: &[u8]| format!("{:x}", Sha256::digest(bytes));
    let mut opener = Opener::new(limits());
    let first = collect(|visit| opener.open("one.tar", &image(&[(&layer, &layer)])[..], visit));
    assert_eq!(first.text(&format!("one.tar!sha256:{}!etc/shared", hex(&layer))), "shared");
    let second = collect(|visit| opener.open("two.tar", &image(&[(&layer, &layer), (&own, &own)])[..], visit));
    assert_eq!(second.status(&format!("two.tar!sha256:{}", hex(&layer))), Status::Skipped(Skip::SeenLayer));
    assert_eq!(second.text(&format!("two.tar!sha256:{}!etc/own", hex(&own))), "own");
    // Something else under the name of a layer that was read is not believed to be it.
    let hidden = made::tar(&[("etc/hidden", b"hidden")]);
    let third = collect(|visit| opener.open("three.tar", &image(&[(&layer, &hidden)])[..], visit));
    assert_eq!(third.text(&format!("three.tar!sha256:{}!etc/hidden", hex(&layer))), "hidden");
}

#[test]
fn a_notebook_is_read_cell_by_cell() {
    let notebook = serde_json::json!({
        "cells": [
            {"cell_type": "markdown", "id": "1", "metadata": {}, "source": "# Title\ntext"},
            {"cell_type": "code", "id": "2", "metadata": {"tags": ["a"]}, "source": ["first\n", "second"], "execution_count": 1, "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["printed\n", "twice"]},
                {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "plain", "image/png": "iVBORw0KGgo="}},
                {"output_type": "error", "ename": "E", "evalue": "value", "traceback": ["one", "two"]},
            ]},
        ],
        "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5,
    });
    let seen = see("n.ipynb", serde_json::to_string_pretty(&notebook).unwrap().as_bytes());
    assert_eq!(seen.text("n.ipynb!cells/0/source"), "# Title\ntext");
    assert_eq!(seen.text("n.ipynb!cells/1/source"), "first\nsecond");
    assert_eq!(seen.text("n.ipynb!cells/1/outputs/0/text"), "printed\ntwice");
    assert_eq!(seen.text("n.ipynb!cells/1/outputs/1/text/plain"), "plain");
    assert_eq!(seen.text("n.ipynb!cells/1/outputs/2/evalue"), "value");
    assert!(seen.text("n.ipynb!metadata").contains("python3"));
    assert_eq!(seen.status("n.ipynb!cells/1/outputs/1/image/png"), Status::Skipped(Skip::Binary));
    assert_eq!(seen.status("n.ipynb"), Status::Opened(Format::Notebook));
    // JSON that is not one, or that is cut, is shown as it is.
    for text in ["{\"cells\": [1, 2, 3]}", "{\"cells\": [], \"nbformat\": 4"] {
        let seen = see("n.ipynb", text.as_bytes());
        assert_eq!((seen.text("n.ipynb"), seen.outcome.read), (text, 1));
    }
}
