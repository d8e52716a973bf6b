//! Reading: containers, damage, bounds, threads.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Read, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

/// An event of that name and number, with strings that hold brackets, quotes and commas.
fn event(number: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.09","userIdentity":{{"type":"Root","accountId":"111122223333"}},"eventTime":"2026-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"Get{number}","requestParameters":{{"a":"}} \" ], {{","b":[1,{{"c":[]}}]}},"note":"{}"}}"#,
        "x".repeat(number % 97)
    )
}

fn events(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(event).collect()
}

fn delivered(events: &[String]) -> String {
    format!(r#"{{"Records":[{}]}}"#, events.join(","))
}

fn gz(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

#[derive(Debug, Default, PartialEq)]
struct Got {
    names: Vec<String>,
    problems: Vec<(u64, String)>,
    events: u64,
}

fn read_with(bytes: impl Read, limits: Limits, piece: usize) -> Got {
    let (mut names, mut summary) = (Vec::new(), Summary::default());
    let mut sink = |event: &Event<'_>, _: &Place<'_>| names.push(event.name().to_owned());
    let place = Place { file: Path::new("a"), number: 0, at: 0 };
    Reader { piece, ..Reader::new(limits) }.stream(bytes, place, &mut sink, &mut summary);
    let problems = summary.problems.places().map(|trouble| (trouble.at, trouble.problem.kind().to_owned())).collect();
    Got { names, problems, events: summary.events }
}

fn read(bytes: impl AsRef<[u8]>) -> Got {
    read_with(bytes.as_ref(), Limits::default(), PIECE)
}

fn names(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("Get{number}")).collect()
}

#[test]
fn every_container_is_read() {
    let all = events(0..3);
    let lookup: Vec<_> =
        all.iter().map(|event| format!(r#"{{"EventId":"1","CloudTrailEvent":{}}}"#, serde_json::to_string(event).unwrap())).collect();
    let bridge: Vec<_> = all.iter().map(|event| format!(r#"{{"version":"0","detail-type":"x","detail":{event}}}"#)).collect();
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&delivered(&all)).unwrap()).unwrap();
    for text in [
        delivered(&all),
        format!("[{}]", all.join(",\n")),
        all.join("\n"),
        all.join("\r\n") + "\r\n",
        format!(r#"{{"NextToken":"a","Events":[{}],"ResponseMetadata":{{"x":[{{}}]}}}}"#, lookup.join(",")),
        lookup.join("\n"),
        bridge.join("\n"),
        format!("\u{feff}[{}]", bridge.join(",")),
        format!("[{},{}]", delivered(&all[..1]), delivered(&all[1..])),
        pretty,
    ] {
        let got = read(&text);
        assert_eq!((got.names, got.problems), (names(0..3), vec![]), "{text}");
        assert_eq!(read(gz(&text)).names, names(0..3), "compressed: {text}");
    }
}

#[test]
fn logs_without_events_are_logs() {
    for text in [r#"{"Records":[]}"#, "[]", r#" { "Records" : [ ] } "#, r#"{"Events":[],"NextToken":null}"#] {
        assert_eq!(read(text), Got::default(), "{text}");
    }
}

#[test]
fn what_is_no_log_is_told_once() {
    let notification = r#"{"Records":[{"eventSource":"aws:s3","eventTime":"2026-01-01T00:00:00Z","eventName":"ObjectCreated:Put"}]}"#;
    for text in ["", "hello", "\u{1}\u{2}\u{3}", r#"{"Version":"2012-10-17","Statement":[]}"#, "\"text\"", "12"] {
        assert_eq!(read(text).problems, [(0, "not-a-log".to_owned())], "{text}");
    }
    assert_eq!(read(notification).problems, [(12, "record-unknown".to_owned())]);
}

#[test]
fn a_broken_record_costs_itself_alone() {
    let broken = [
        r#"{"eventVersion":"1.09","eventName":tru,"eventTime":"2026-01-02T03:04:05Z"}"#.to_owned(),
        r#"{"eventVersion":"1.09","eventName":"Cut","requestParameters":{"a":"#.to_owned(),
        r#"{"eventVersion":"1.09","eventName":"Unclosed"#.to_owned(),
        r#"{"eventVersion":"1.09" "eventName":"NoComma"}"#.to_owned(),
        event(9).replacen('{', "{\"eventName\":\"Twice\",", 1),
        event(9).replace("2026-01-02T03", "yesterday"),
        event(9).replace("\"eventName\":\"Get9\"", "\"eventName\":null"),
    ];
    for (number, text) in broken.iter().enumerate() {
        let mut all = events(0..6);
        all[2].clone_from(text);
        for text in [delivered(&all), all.join("\n")] {
            let at = text.find(&all[2]).unwrap() as u64;
            let got = read(&text);
            assert_eq!(got.names, names([0, 1, 3, 4, 5]), "{number}: {text}");
            assert!(got.problems[0].0 >= at && got.problems[0].0 <= at + all[2].len() as u64, "{number}: {:?} and not {at}", got.problems);
            assert!(got.problems.iter().all(|(_, kind)| kind.starts_with("record-")), "{number}: {:?}", got.problems);
        }
    }
}

#[test]
fn bytes_that_are_no_utf8_break_one_record() {
    let mut text = delivered(&events(0..3)).into_bytes();
    let at = memmem::find(&text, b"Get1").unwrap();
    text[at] = 0xff;
    let got = read(text);
    assert_eq!(got.names, names([0, 2]));
    assert_eq!(got.problems.len(), 1);
}

#[test]
fn a_cut_file_gives_what_it_has() {
    let whole = delivered(&events(0..100));
    let cut = &whole[..whole.len() / 2];
    let got = read(cut);
    assert!(got.names.len() > 40 && got.names == names(0..got.names.len()));
    assert_eq!(got.problems.len(), 1);
    assert_eq!(got.problems[0].1, "cut");
    assert_eq!(read(event(1).strip_suffix('}').unwrap()).problems, [(0, "cut".to_owned())]);
}

#[test]
fn a_cut_or_damaged_gzip_gives_what_comes_out_of_it() {
    let noise = |number: usize| format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let all: Vec<_> = (0..2000).map(|number| event(number).replacen('x', &noise(number), 1)).collect();
    let packed = gz(delivered(&all));
    let got = read(&packed[..packed.len() / 2]);
    assert!(got.names.len() > 500 && got.names == names(0..got.names.len()), "{}", got.names.len());
    assert_eq!(got.problems.iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["compressed-cut"]);
    let mut damaged = packed.clone();
    let end = damaged.len() - 6;
    damaged[end] ^= 1;
    let got = read(&damaged);
    assert_eq!((got.names, got.problems[0].1.as_str()), (names(0..2000), "compressed-damaged"));
}

#[test]
fn all_members_of_a_gzip_are_read() {
    let text = delivered(&events(0..4));
    let (first, second) = text.split_at(text.len() / 2);
    let packed = [gz(first), gz(second)].concat();
    assert_eq!(read(&packed).names, names(0..4));
    // Two members of one length, the same bytes in both: no count may tell them from one.
    let twice = [gz(event(1)), gz(event(1))].concat();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twice");
    std::fs::write(&file, twice).unwrap();
    assert_eq!(fold_names(&walk(&[file]), 1).0, names([1, 1]));
}

#[test]
fn a_record_longer_than_any_is_passed_over() {
    let limits = Limits { record: 4096, ..Limits::default() };
    let mut all = events(0..6);
    all[2] = event(2).replace("\"note\":\"", &format!("\"note\":\"{}", "y{".repeat(50_000)));
    let got = read_with(delivered(&all).as_bytes(), limits, 512);
    assert_eq!(got.names, names([0, 1, 3, 4, 5]));
    assert_eq!(got.problems.iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["record-too-long"]);
    // One that has no end is not taken for a long one.
    all[2] = r#"{"eventVersion":"1.09","eventName":"Unclosed"#.to_owned();
    let many = [all, events(6..60)].concat();
    let got = read_with(delivered(&many).as_bytes(), limits, 512);
    assert_eq!(got.names, names((0..60).filter(|number| *number != 2)));
}

#[test]
fn what_comes_out_of_a_gzip_is_bounded() {
    let bomb = gz(format!("{}{}", delivered(&events(0..2)), " ".repeat(3 << 20)));
    let got = read_with(bomb.as_slice(), Limits { inflated: 1 << 20, ..Limits::default() }, PIECE);
    assert_eq!(got.names, names(0..2));
    assert_eq!(got.problems, [(1 << 20, "too-much".to_owned())]);
}

#[test]
fn a_text_of_nothing_but_brackets_ends_in_time() {
    for text in ["{".repeat(1 << 20), "[".repeat(1 << 20), "[{\"eventName\":".repeat(50_000), "{\"eventName\":{".repeat(50_000)] {
        let got = read_with(text.as_bytes(), Limits { record: 64 << 10, places: 5, ..Limits::default() }, PIECE);
        assert!(got.names.is_empty() && !got.problems.is_empty() && got.problems.len() <= 5);
    }
}

fn fold_names(files: &[Found], threads: usize) -> (Vec<String>, Summary) {
    struct Names(Vec<(usize, u64, String)>);
    impl Sink for Names {
        fn event(&mut self, event: &Event<'_>, place: &Place<'_>) {
            self.0.push((place.number, place.at, event.name().to_owned()));
        }
    }
    let (sinks, summary) = fold(files, NonZero::new(threads).unwrap(), Limits { places: 7, ..Limits::default() }, || Names(Vec::new()));
    let mut all: Vec<_> = sinks.into_iter().flat_map(|sink| sink.0).collect();
    all.sort();
    (all.into_iter().map(|(_, _, name)| name).collect(), summary)
}

#[test]
fn threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..40 {
        let mut all = events(number * 10..number * 10 + 10);
        if number % 3 == 0 {
            all[5] = "{\"eventVersion\":oops}".to_owned();
        }
        let text = delivered(&all);
        let path = folder.path().join(format!("{:02}", number));
        std::fs::write(path, if number % 2 == 0 { gz(text) } else { text.into_bytes() }).unwrap();
    }
    let files = walk(&[folder.path().to_owned()]);
    let one = fold_names(&files, 1);
    assert_eq!((one.0.len(), one.1.problems.count(), one.1.problems.places().count(), one.1.files), (386, 14, 7, 40));
    for threads in [2, 3, 8, 100] {
        assert_eq!(fold_names(&files, threads), one, "{threads} threads");
    }
}

#[test]
fn files_are_found_in_the_order_of_names_and_links_stay_inside() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
    for path in ["in/b/2", "in/b/1", "in/a", "in/b.json", "out/secret"] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "[]").unwrap();
    }
    std::os::unix::fs::symlink(&outside, inside.join("c")).unwrap();
    std::os::unix::fs::symlink(outside.join("secret"), inside.join("d")).unwrap();
    std::os::unix::fs::symlink(inside.join("a"), inside.join("e")).unwrap();
    std::os::unix::fs::symlink(&inside, inside.join("b/loop")).unwrap();
    let found: Vec<_> = walk(&[inside.clone(), outside.join("secret"), inside.join("gone")]);
    let names: Vec<PathBuf> = found.iter().map(|found| found.path.strip_prefix(folder.path()).unwrap().to_owned()).collect();
    assert_eq!(names, ["in/a", "in/b/1", "in/b/2", "in/b.json", "in/e", "out/secret", "in/gone"].map(PathBuf::from));
    assert!(found.iter().take(6).all(|found| found.problem.is_none()) && found[6].problem.is_some());
    let (_, summary) = fold_names(&found, 2);
    assert_eq!(summary.problems.counts().collect::<Vec<_>>(), [("unreadable", 1)]);
}

#[test]
fn digests_are_handed_over_apart() {
    struct Digests(usize);
    impl Sink for Digests {
        fn event(&mut self, _: &Event<'_>, _: &Place<'_>) {}
        fn digest(&mut self, digest: Json<'_>, _: &Place<'_>) {
            self.0 += usize::from(digest.str("awsAccountId").as_deref() == Some("1"));
        }
    }
    let (mut sink, mut summary) = (Digests(0), Summary::default());
    let text = r#"{"awsAccountId":"1","digestStartTime":"2026-01-01T00:00:00Z","logFiles":[]}"#;
    Reader::new(Limits::default()).stream(text.as_bytes(), Place { file: Path::new("a"), number: 0, at: 0 }, &mut sink, &mut summary);
    assert_eq!((sink.0, summary.digests, summary.problems.is_empty()), (1, 1, true));
}

/// Gives its bytes in pieces of these lengths.
struct Pieces<'a>(&'a [u8], Vec<usize>);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.1.pop().unwrap_or(usize::MAX).max(1).min(self.0.len()).min(out.len());
        out[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

proptest! {
    /// However a text comes, whole or broken, the same is read of it and the same is told.
    #[test]
    fn pieces_change_nothing(
        count in 0_usize..12,
        form in 0..3,
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"{}[]\",:\\x\n ".to_vec())), 0..4),
        piece in 4_usize..3000,
        pieces in prop::collection::vec(1_usize..700, 0..50),
    ) {
        let all = events(0..count);
        let mut text = match form {
            0 => delivered(&all),
            1 => all.join("\n"),
            _ => format!("[ {} ]", all.join(" ,\n   ")),
        }
        .into_bytes();
        for (at, byte) in damage {
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = byte;
            }
        }
        let whole = read(&text);
        prop_assert_eq!(&read_with(Pieces(&text, pieces.clone()), Limits::default(), piece), &whole);
        prop_assert_eq!(&read_with(Pieces(&gz(&text), pieces), Limits::default(), piece), &whole);
    }

    /// One byte less than the whole, or one that is another: at most the records that it is in and beside are lost.
    #[test]
    fn damage_stays_where_it_is(at in any::<prop::sample::Index>(), byte in prop::sample::select(b"{}[]\",:\\x".to_vec())) {
        let mut text = delivered(&events(0..20)).into_bytes();
        let at = at.index(text.len() - 14) + 12;
        text[at] = byte;
        let got = read(&text);
        let kept = got.names.iter().filter(|name| names(0..20).contains(name)).count();
        prop_assert!(kept >= 18, "{} of 20: {:?}", kept, got.problems);
        prop_assert!(kept == 20 || got.names.len() == 20 || !got.problems.is_empty());
    }
}
