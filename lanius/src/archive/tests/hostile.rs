//! Archives that are made to hurt: bombs, lies, endless nesting, names that lead elsewhere, and every kind of damage.

use proptest::prelude::*;

use super::made::{ZipMember, deflate, gzip, stored, tar, tar_header, tar_member, zip};
use super::*;

#[test]
fn a_gzip_bomb_is_left_at_its_ratio_and_at_the_total() {
    let bomb = gzip(&vec![0; 8 << 20]);
    let bounded = Limits { ratio: 100, ratio_from: 1 << 20, ..limits() };
    let seen = see_within("b.gz", &bomb, &bounded);
    assert_eq!((seen.status("b.gz!b"), seen.status("b.gz")), (Status::Skipped(Skip::Ratio), Status::Skipped(Skip::Ratio)));
    assert!(seen.members["b.gz!b"].len() < 2 << 20);
    let seen = see_within("b.gz", &bomb, &Limits { total: 3 << 20, ..limits() });
    assert_eq!((seen.status("b.gz!b"), seen.members["b.gz!b"].len()), (Status::Skipped(Skip::Total), 3 << 20));
    let seen = see_within("b.gz", &bomb, &Limits { member: 1 << 20, ..limits() });
    assert_eq!((seen.status("b.gz!b"), seen.members["b.gz!b"].len()), (Status::Skipped(Skip::TooLarge), 1 << 20));
    let seen = see_within("b.gz", &bomb, &Limits { member: 8 << 20, ..limits() });
    assert_eq!((seen.status("b.gz!b"), seen.members["b.gz!b"].len()), (Status::Read, 8 << 20));
}

#[test]
fn members_that_share_bytes_are_read_once() {
    let members: Vec<_> = ["a", "b", "c"].iter().map(|name| stored(name, b"the kernel of the bomb")).collect();
    let seen = see("bomb.zip", &zip(&members, |_, _| 0));
    assert_eq!(seen.status("bomb.zip!a"), Status::Read);
    assert_eq!(seen.status("bomb.zip!b"), Status::Skipped(Skip::Overlap));
    assert_eq!(seen.status("bomb.zip!c"), Status::Skipped(Skip::Overlap));
    // Quoted headers: each member's bytes hold the next one's whole.
    let inner = zip(&[stored("inner", b"kernel")], |_, at| at);
    let outer = [stored("outer", &inner), stored("again", b"x")];
    let seen = see("bomb.zip", &zip(&outer, |number, at| if number == 0 { at } else { 35 }));
    assert_eq!(seen.text("bomb.zip!outer!inner"), "kernel");
    assert_eq!(seen.status("bomb.zip!again"), Status::Skipped(Skip::Overlap));
}

#[test]
fn a_member_that_lies_of_its_size_or_checksum_is_read_and_told() {
    let text = b"some text that is longer than it says";
    let packed = deflate(text);
    for (size, crc) in [(5, crc32fast::hash(text)), (1 << 30, crc32fast::hash(text)), (37, 1)] {
        let member = ZipMember { name: "m", method: 8, flags: 0, crc, size, bytes: &packed };
        let seen = see("l.zip", &zip(&[member, stored("next", b"next")], |_, at| at));
        assert_eq!(seen.members["l.zip!m"], text);
        assert_eq!(seen.status("l.zip!m"), Status::Failed(Failure::Damaged));
        assert_eq!(seen.status("l.zip!next"), Status::Read);
    }
    let mut file = tar_header("large", b'0', (1 << 33) - 1).to_vec();
    file.extend([b'x'; 700]);
    let seen = see("l.tar", &file);
    assert_eq!(seen.members["l.tar!large"].len(), 700);
    assert_eq!(
        (seen.status("l.tar!large"), seen.status("l.tar")),
        (Status::Failed(Failure::Truncated), Status::Failed(Failure::Truncated))
    );
}

#[test]
fn methods_that_are_not_supported_and_other_archives_are_named() {
    let member = ZipMember { name: "m", method: 9, flags: 0, crc: 0, size: 3, bytes: b"abc" };
    assert_eq!(see("m.zip", &zip(&[member], |_, at| at)).status("m.zip!m"), Status::Skipped(Skip::Method(9)));
    let member = ZipMember { name: "m", method: 99, flags: 1, crc: 0, size: 3, bytes: b"abc" };
    assert_eq!(see("m.zip", &zip(&[member], |_, at| at)).status("m.zip!m"), Status::Skipped(Skip::Encrypted));
    assert_eq!(see("m.7z", b"7z\xbc\xaf\x27\x1c\0\x04").status("m.7z"), Status::Skipped(Skip::Unsupported("7z")));
    assert_eq!(see("m.rar", b"Rar!\x1a\x07\x01\0").status("m.rar"), Status::Skipped(Skip::Unsupported("rar")));
}

#[test]
fn nesting_without_end_ends_at_the_depth() {
    let mut file = b"core".to_vec();
    for level in 0..40 {
        file = if level % 2 == 0 { zip(&[stored("z", &file)], |_, at| at) } else { tar(&[("t", &file)]) };
    }
    let seen = see("n.tar", &file);
    assert_eq!((seen.outcome.opened, seen.outcome.skipped, seen.outcome.read), (5, 1, 0));
    assert_eq!(seen.status("n.tar!t!z!t!z!t"), Status::Skipped(Skip::TooDeep));
    let seen = see_within("n.tar", &file, &Limits { depth: 40, ..limits() });
    assert_eq!((seen.outcome.opened, seen.outcome.read), (40, 1));
    // Within a stream, what lies in temporary files at one time is bounded too.
    let large = zip(&[stored("z", &vec![7; 5000])], |_, at| at);
    let seen = collect(|visit| open("s.tar", &tar(&[("large.zip", &large)])[..], &Limits { spool: 4096, ..limits() }, visit));
    assert_eq!((seen.status("s.tar!large.zip"), seen.status("s.tar")), (Status::Skipped(Skip::TooLarge), Status::Opened(Format::Tar)));
}

#[test]
fn names_that_lead_elsewhere_are_only_shown() {
    let names = ["../../../../tmp/out", "/etc/cron.d/x", "a\x1b]0;title\x07", "C:\\windows\\x"];
    let members: Vec<_> = names.iter().map(|name| (*name, &b"text"[..])).collect();
    let seen = see("n.tar", &tar(&members));
    assert_eq!(seen.paths(), ["n.tar!../../../../tmp/out", "n.tar!/etc/cron.d/x", "n.tar!C:\\windows\\x", "n.tar!a\\u{1b}]0;title\\u{7}"]);
    let mut links = tar_member("link", b'2', b"");
    links.extend(tar_member("link/passwd", b'0', b"text"));
    links.extend(tar_member("device", b'3', b""));
    links.extend([0; 1024]);
    let seen = see("l.tar", &links);
    assert_eq!(seen.status("l.tar!link"), Status::Skipped(Skip::Link));
    assert_eq!(seen.status("l.tar!device"), Status::Skipped(Skip::Special));
    assert_eq!(seen.text("l.tar!link/passwd"), "text");
}

#[test]
fn records_of_endless_length_are_refused() {
    for kind in [b'L', b'x'] {
        let seen = see("r.tar", &[&tar_header("r", kind, (1 << 33) - 1)[..], &[b'a'; 4096]].concat());
        assert_eq!(seen.status("r.tar"), Status::Failed(Failure::Damaged));
    }
    let seen = see("r.a", b"!<arch>\n//                                              9999999999`\nx");
    assert_eq!(seen.status("r.a"), Status::Failed(Failure::Damaged));
}

#[test]
fn a_stream_that_wants_more_memory_than_allowed_is_told() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    std::io::Write::write_all(&mut encoder, &vec![1; 1 << 20]).unwrap();
    let file = encoder.finish().unwrap();
    let small = Limits { window: 1 << 20, ..limits() };
    assert_eq!(see_within("w.zst", &file, &small).status("w.zst"), Status::Skipped(Skip::Window));
    assert_eq!(see("w.zst", &file).status("w.zst!w"), Status::Read);
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 9);
    std::io::Write::write_all(&mut encoder, b"text").unwrap();
    let file = encoder.finish().unwrap();
    assert_eq!(see_within("w.xz", &file, &small).status("w.xz"), Status::Skipped(Skip::Window));
    // The second of two has a quarter of the first's.
    let twice = liblzma_twice(&file);
    assert_eq!(see("w.xz", &twice).status("w.xz!w"), Status::Skipped(Skip::Window));
}

fn liblzma_twice(inner: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    std::io::Write::write_all(&mut encoder, inner).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_visitor_that_breaks_ends_it_and_one_that_does_not_read_loses_nothing_else() {
    let file = gzip(&tar(&[("a", &[b'a'; 3000]), ("b", b"b"), ("c", b"c")]));
    let mut shown = Vec::new();
    let outcome = open("x.tgz", &file[..], &limits(), &mut |event| {
        if let Event::Member(member) = event {
            shown.push(member.path.to_owned());
            return if shown.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        }
        ControlFlow::Continue(())
    });
    assert!(outcome.stopped);
    assert_eq!((shown, outcome.read, outcome.bytes), (vec!["x.tgz!a".to_owned(), "x.tgz!b".to_owned()], 2, 0));
    let mut left = Vec::new();
    let outcome = open("x.tgz", &file[..], &limits(), &mut |event| {
        if let Event::Entry(entry) = event {
            left.push(entry.status);
        }
        ControlFlow::Continue(())
    });
    assert_eq!(left[..3], [Status::Left; 3]);
    assert_eq!((outcome.read, outcome.opened, outcome.failed), (3, 2, 0));
}

#[test]
fn a_source_that_fails_is_told() {
    struct Failing(usize);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = buffer.len().min(self.0);
            self.0 -= length;
            buffer[..length].fill(b'a');
            if length == 0 { Err(std::io::ErrorKind::PermissionDenied.into()) } else { Ok(length) }
        }
    }
    for length in [0, 100, 512, 5000] {
        let seen = collect(|visit| open("f", Failing(length), &limits(), visit));
        assert_eq!(seen.members["f"].len(), length);
        assert_eq!(seen.status("f"), Status::Failed(Failure::Io(std::io::ErrorKind::PermissionDenied)));
    }
}

fn samples() -> Vec<Vec<u8>> {
    let inner = tar(&[("a", b"first"), ("b/c", &[b'x'; 2000])]);
    let notebook = br#"{"cells": [{"source": ["a", "b"], "outputs": [{"text": "x"}]}], "nbformat": 4}"#;
    vec![
        inner.clone(),
        gzip(&inner),
        zstd::stream::encode_all(&inner[..], 3).unwrap(),
        liblzma_twice(&inner),
        zip(&[stored("s", b"stored"), stored("t", &inner), stored("n", notebook)], |_, at| at),
        notebook.to_vec(),
        [&b"!<arch>\nname/           0           0     0     644     4         `\ntext"[..], b"//"].concat(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    /// Damage of any kind is no panic, and whatever is shown or lost has its entry.
    #[test]
    fn damage_is_told_and_never_a_panic(which in 0_usize..7, at in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<prop::sample::Index>(), cuts in any::<bool>()) {
        let mut file = samples().swap_remove(which);
        let place = at.index(file.len());
        file[place] = value;
        if cuts {
            file.truncate(cut.index(file.len()));
        }
        let bounded = Limits { total: 1 << 20, ..limits() };
        let seen = collect(|visit| open("f", &file[..], &bounded, visit));
        prop_assert!(seen.members.keys().all(|path| seen.entries.contains_key(path)));
        prop_assert!(seen.entries.contains_key("f"));
        let seekable = collect(|visit| Opener::new(bounded.clone()).open_seekable("f", Cursor::new(&file), visit));
        prop_assert_eq!(seen.members, seekable.members);
    }
}
