//! Redaction against its promises, with the examples of every rule.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Cursor;
use std::sync::LazyLock;

use menagerie_secret::Secret;
use proptest::prelude::*;

use super::*;
use crate::personal::Scope;
use crate::rules;
use crate::rules::examples::{Dice, expand};
use crate::scan::{Buffer, stream};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(rules::built_in()));

/// The texts in which rules fire.
static FIRING: LazyLock<Vec<String>> = LazyLock::new(|| {
    let examples = rules::built_in_examples().into_iter().flat_map(|(_, fire, _)| fire);
    (1..).zip(examples).map(|(number, text)| expand(&text, &mut Dice::new(number)).expect("examples expand")).collect()
});

const PERSONAL: &[&str] = &["card 4539 5787 6362 1486", "IBAN: DE89370400440532013000", "anna.maria@posteo.de", "ssn: 536-90-4399"];

fn tokens() -> Tokens {
    Tokens::new(Secret::new(b"a key for tests".to_vec()))
}

fn redact(style: Style, least: u8, text: &[u8], path: &str) -> Vec<u8> {
    let mut out = Vec::new();
    Redactor::new(&ENGINE, None, least, style).copy(&mut Cursor::new(text), &mut out, path).unwrap();
    out
}

/// What a scan finds, but for tokens of the key.
fn scan(text: &[u8], least: u8, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    stream(&ENGINE, &mut Scratch::default(), &mut Buffer::default(), &mut Cursor::new(text), path, &mut found).unwrap();
    let told = found.iter().filter(|found| found.confidence >= least && !tokens().recognises(found.secret.expose()));
    told.map(|found| format!("{} {:?}", ENGINE.rules()[found.rule].definition.id, String::from_utf8_lossy(found.secret.expose()))).collect()
}

fn styles() -> [Style; 4] {
    [Style::Mark, Style::Sign(b'*'), Style::Sign(b'#'), Style::Token(tokens())]
}

/// A reader that gives as many bytes at a time as it is told.
struct Pieces<'a>(&'a [u8], Vec<usize>);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1.rotate_left(1);
        let count = self.1[0].min(out.len()).min(self.0.len());
        out[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn no_rule_fires_in_a_copy_of_its_example() {
    for least in [0, 50] {
        for style in styles() {
            let redactor = Redactor::new(&ENGINE, None, least, style);
            for text in FIRING.iter() {
                let mut out = Vec::new();
                redactor.copy(&mut Cursor::new(text), &mut out, "a.conf").unwrap();
                let left = scan(&out, least, "a.conf");
                assert!(left.is_empty(), "{left:?} in {:?}, the copy of {text:?}", String::from_utf8_lossy(&out));
                let mut again = Vec::new();
                redactor.copy(&mut Cursor::new(&out), &mut again, "a.conf").unwrap();
                assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&out));
            }
        }
    }
}

#[test]
fn what_is_no_finding_stays() {
    let key = expand("${crc:ghp_}", &mut Dice::new(1)).unwrap();
    let text = format!("2026-01-01 GET /a?b=c 200\nAuthorization: Bearer {key}\nuser bob logged in\n");
    let copy = |style| String::from_utf8(redact(style, 50, text.as_bytes(), "a.log")).unwrap();
    assert_eq!(copy(Style::Mark), text.replace(&key, "[REDACTED:github-pat-classic]"));
    assert_eq!(copy(Style::Sign(b'*')), text.replace(&key, &"*".repeat(key.len())));
    let token = copy(Style::Token(tokens()));
    let (head, tail) = text.split_once(&key).unwrap();
    let token = token.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail)).unwrap();
    assert!(token.starts_with("ghp_") && token.len() == key.len() && token != key);
    // The same value, elsewhere.
    let other = String::from_utf8(redact(Style::Token(tokens()), 50, format!("t = \"{key}\"").as_bytes(), "b.py")).unwrap();
    assert_eq!(other, format!("t = \"{token}\""));
}

#[test]
fn personal_data_too() {
    let finder = || Finder::new(Scope::everywhere());
    for style in styles() {
        let redactor = Redactor::new(&ENGINE, Some(finder()), 0, style);
        for text in PERSONAL {
            let mut out = Vec::new();
            let summary = redactor.copy(&mut Cursor::new(text), &mut out, "a.log").unwrap();
            assert!(summary.replaced > 0, "{text}");
            finder().find(&out, |find| {
                let value = &out[find.range.clone()];
                assert!(tokens().recognises(value) || is_redacted(value), "{} in {:?}", find.detector.id, String::from_utf8_lossy(&out));
            });
        }
    }
}

#[test]
fn a_private_key_is_covered_whole() {
    let body: String = (0..20).map(|line| expand("${base64:64}\n", &mut Dice::new(line)).unwrap()).collect();
    let text = format!("before\n-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\nafter\n");
    let masked = String::from_utf8(redact(Style::Mark, 0, text.as_bytes(), "id_rsa")).unwrap();
    assert!(masked.starts_with("before\n") && masked.ends_with("\nafter\n") && masked.contains("[REDACTED:"), "{masked}");
    assert!(!body.lines().any(|line| masked.contains(line)));
    let token = String::from_utf8(redact(Style::Token(tokens()), 0, text.as_bytes(), "id_rsa")).unwrap();
    assert!(!body.lines().any(|line| token.contains(line)) && token.len() == text.len());
}

/// A block ended between a value and a name in it that told of a secret behind: the name was replaced with the value before the block
/// with the secret was looked at, and the secret stayed.
#[test]
fn what_tells_of_a_secret_may_be_replaced_before_it() {
    let dice = &mut Dice::new(3);
    let (value, hidden) = (expand("${alnum:48}", dice).unwrap(), expand("${alnum:43}", dice).unwrap());
    let line = format!("OKTA_CLIENT_SECRET={value}rocket.chat_authToken: \"{hidden}\"\n");
    let filler = b"2026-01-01T00:00:00Z INFO request served in 3 ms\n".repeat(100);
    let text = [filler.as_slice(), line.as_bytes(), &filler].concat();
    for style in styles() {
        let mut redactor = Redactor::new(&ENGINE, None, 50, style);
        let mut whole = Vec::new();
        redactor.copy(&mut Cursor::new(&text), &mut whole, "a.log").unwrap();
        assert!(memchr::memmem::find(&whole, hidden.as_bytes()).is_none());
        for cut in (0..line.len()).step_by(7) {
            redactor.block = filler.len() + cut;
            let mut parts = Vec::new();
            redactor.copy(&mut Cursor::new(&text), &mut parts, "a.log").unwrap();
            assert_eq!(String::from_utf8_lossy(&parts), String::from_utf8_lossy(&whole), "cut at {cut}");
        }
    }
}

/// A text in UTF-16 was found to hold a secret somewhere, and became one mark.
#[test]
fn of_utf_16_only_the_secret_is_replaced() {
    let key = expand("${crc:ghp_}", &mut Dice::new(1)).unwrap();
    let plain = format!("\u{feff}# caf\u{e9} \u{1f511}\r\ntoken = {key}\r\nnext = \u{4e2d}\u{6587}\r\n");
    let orders: [fn(u16) -> [u8; 2]; 2] = [u16::to_le_bytes, u16::to_be_bytes];
    for order in orders {
        let wide = |text: &str| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        // A surrogate that stands alone, and a byte too many.
        let mut text = wide(&plain);
        text.extend(order(0xd83d));
        text.extend(wide("\nend"));
        text.push(b'x');
        let with = |replaced: &str| {
            let mut expected = wide(&plain.replace(&key, replaced));
            expected.extend(&text[wide(&plain).len()..]);
            expected
        };
        assert_eq!(redact(Style::Mark, 50, &text, "a.log"), with("[REDACTED:github-pat-classic]"));
        assert_eq!(redact(Style::Sign(b'*'), 50, &text, "a.log"), with(&"*".repeat(key.len())));
        let token = redact(Style::Token(tokens()), 50, &text, "a.log");
        assert!(token.len() == text.len() && token != text && scan(&token, 50, "a.log").is_empty());
        // Without a mark of the byte order, zeros tell.
        let mut out = Vec::new();
        let bare = wide(&format!("password and token = {key}\n"));
        let summary = Redactor::new(&ENGINE, None, 50, Style::Mark).copy(&mut Cursor::new(&bare), &mut out, "a.log").unwrap();
        assert_eq!(out, wide("password and token = [REDACTED:github-pat-classic]\n"));
        assert_eq!((summary.read, summary.written, summary.replaced), (bare.len() as u64, out.len() as u64, 1));
    }
}

/// Where a secret stood among escapes, all that was decoded together was replaced.
#[test]
fn of_escapes_only_those_of_the_secret_are_replaced() {
    let key = expand("${crc:ghp_}", &mut Dice::new(1)).unwrap();
    let (head, tail) = key.split_at(20);
    let mark = "[REDACTED:github-pat-classic]";
    let letter = u32::from(tail.as_bytes()[0]);
    for escaped in [format!("%{letter:02x}"), format!("&#{letter};"), format!("\\x{letter:02x}"), format!("\\u{letter:04x}")] {
        let text = |value: &str| format!("see https://example.org/a%2Fb?to=c%3Dd&amp;t={value}&amp;x=\\u0041%20z and more\n");
        let hidden = text(&format!("{head}{escaped}{}", &tail[1..]));
        assert_eq!(String::from_utf8(redact(Style::Mark, 50, hidden.as_bytes(), "a.log")).unwrap(), text(mark), "{hidden}");
        // In escapes of escapes too.
        let text = |value: &str| format!("before %22t%3A{value}%22 after\n");
        let hidden = text(&format!("{head}{}{}", escaped.replace('%', "%25").replace('\\', "%5c").replace('&', "%26"), &tail[1..]));
        assert_eq!(String::from_utf8(redact(Style::Mark, 50, hidden.as_bytes(), "a.log")).unwrap(), text(mark), "{hidden}");
    }
}

/// Texts of firing examples between lines of no interest.
fn texts() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => proptest::sample::select(FIRING.clone()),
        1 => proptest::sample::select(PERSONAL.to_vec()).prop_map(str::to_owned),
        2 => "[ -~]{0,60}",
        1 => "(password|token|api_key|secret)( = |=|: )\"?[!-~]{4,40}\"?",
    ];
    proptest::collection::vec((line, prop_oneof![4 => Just("\n"), 1 => Just(" "), 1 => Just("")]), 0..12)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

proptest! {
    #[test]
    fn copies_scan_empty(text in texts(), least in proptest::sample::select(vec![0_u8, 50, 80]), path in proptest::sample::select(vec!["a.log", "b.py", "c", "test/d.json"])) {
        for style in styles() {
            let sign = matches!(style, Style::Sign(_));
            let keyed = matches!(style, Style::Token(_));
            let copy = redact(style, least, text.as_bytes(), path);
            let left = scan(&copy, least, path);
            prop_assert!(left.is_empty(), "{:?} in {:?}", left, String::from_utf8_lossy(&copy));
            let bounded = if sign { copy.len() == text.len() } else { copy.len() <= text.len() * 20 };
            prop_assert!(bounded, "{} of {} bytes", copy.len(), text.len());
            if keyed {
                prop_assert_eq!(&redact(Style::Token(tokens()), least, &copy, path), &copy);
            }
        }
    }

    #[test]
    fn any_chunks_and_any_blocks(text in texts(), filler in 0_usize..120_000, pieces in proptest::collection::vec(1_usize..70_000, 1..5), block in 8_usize << 10..200_000) {
        let line = b"2026-01-01T00:00:00Z INFO request served in 3 ms\n";
        let filler: Vec<u8> = line.iter().copied().cycle().take(filler).collect();
        let text = [filler.as_slice(), b"\n", text.as_bytes(), b"\n", &filler, b"\n", text.as_bytes()].concat();
        for style in [Style::Mark, Style::Token(tokens())] {
            let mut redactor = Redactor::new(&ENGINE, None, 50, style);
            let mut whole = Vec::new();
            let summary = redactor.copy(&mut Cursor::new(&text), &mut whole, "a.log").unwrap();
            prop_assert_eq!((summary.read, summary.written), (text.len() as u64, whole.len() as u64));
            redactor.block = block;
            let mut parts = Vec::new();
            redactor.copy(&mut Pieces(&text, pieces.clone()), &mut parts, "a.log").unwrap();
            let at = whole.iter().zip(&parts).position(|(whole, part)| whole != part).unwrap_or(whole.len().min(parts.len()));
            let near = |bytes: &[u8]| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..bytes.len().min(at + 200)]).into_owned();
            prop_assert!(whole == parts, "{:?} and {:?}", near(&whole), near(&parts));
        }
    }
}

/// PowerShell's `>>` appends UTF-16 to a text in ASCII, and other programs ASCII to one in UTF-16.
#[test]
fn a_secret_in_ascii_within_utf16_is_covered() {
    let engine = Engine::new(rules::built_in());
    let wide: Vec<u8> = "\u{feff}a log of a program, in wide letters\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let token = format!("glpat-{}", "x9Kd72mQpL4vTz8RbNwE");
    let text = [wide.clone(), format!("token = \"{token}\"\n").into_bytes(), wide].concat();
    let redactor = Redactor::new(&engine, None, 50, Style::Mark);
    let mut copy = Vec::new();
    let summary = redactor.copy(&mut Cursor::new(&text), &mut copy, "app.log").unwrap();
    assert!(!copy.windows(token.len()).any(|window| window == token.as_bytes()), "{:?}", String::from_utf8_lossy(&copy));
    assert_eq!((summary.read, summary.written), (text.len() as u64, copy.len() as u64));
}
