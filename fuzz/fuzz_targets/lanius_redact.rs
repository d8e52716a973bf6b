//! Redaction of any bytes with an example of one of the rules among them: the copy scans empty, and is its own copy.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use lanius::redact::{Error, Redactor, Style, Tokens};
use lanius::rules::{self, examples};
use lanius::scan::{Buffer, Engine, Scratch, stream};
use libfuzzer_sys::fuzz_target;
use menagerie_secret::Secret;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(rules::built_in()));

static EXAMPLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let all = rules::built_in_examples().into_iter().flat_map(|(_, fire, _)| fire);
    (1..).zip(all).map(|(seed, text)| examples::expand(&text, &mut examples::Dice::new(seed)).expect("examples expand")).collect()
});

const PATH: &str = "a.conf";

fn tokens() -> Tokens {
    Tokens::new(Secret::new(b"a key for fuzzing".to_vec()))
}

fn copied(redactor: &Redactor<'_>, text: &[u8]) -> Option<Vec<u8>> {
    let mut copy = Vec::new();
    match redactor.copy(&mut Cursor::new(text), &mut copy, PATH) {
        Ok(summary) => {
            assert_eq!((summary.read, summary.written), (text.len() as u64, copy.len() as u64));
            Some(copy)
        }
        Err(Error::Unsettled) => None,
        Err(error) => panic!("memory has no such error: {error}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first_chunk::<6>() else { return };
    let number = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let (before, after) = rest.split_at(number(2) % (rest.len() + 1));
    let text = [before, EXAMPLES[number(0) % EXAMPLES.len()].as_bytes(), after].concat();
    let least = if head[5] & 1 == 0 { 50 } else { 0 };
    let style = [Style::Mark, Style::Sign(b'*'), Style::Token(tokens())].into_iter().nth(usize::from(head[4]) % 3).expect("three styles");
    let keyed = matches!(style, Style::Token(_));

    let redactor = Redactor::new(&ENGINE, None, least, style);
    let Some(copy) = copied(&redactor, &text) else { return };
    let mut found = Vec::new();
    stream(&ENGINE, &mut Scratch::default(), &mut Buffer::default(), &mut Cursor::new(&copy), PATH, &mut found)
        .expect("memory can be read");
    let left = found.iter().filter(|found| found.confidence >= least && !(keyed && tokens().recognises(found.secret.expose())));
    let left: Vec<_> = left.map(|found| (&ENGINE.rules()[found.rule].definition.id, found.start)).collect();
    assert!(left.is_empty(), "{left:?} in {:?}", String::from_utf8_lossy(&copy));
    assert_eq!(copied(&redactor, &copy).expect("nothing is left to replace"), copy);
});
