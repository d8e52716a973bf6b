//! The scanner on any bytes, with an example of one of the rules among them, so that patterns, checks and judgement are reached. What
//! blocks find, each seeing its neighbours, is what the whole text has; places lie within the text and in order.
#![no_main]

use std::sync::LazyLock;

use lanius::rules::{self, examples};
use lanius::scan::{Engine, Found, Scratch, Text};
use libfuzzer_sys::fuzz_target;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(rules::built_in()));

static EXAMPLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let all = rules::built_in_examples().into_iter().flat_map(|(_, fire, quiet)| fire.into_iter().chain(quiet));
    (1..).zip(all).map(|(seed, text)| examples::expand(&text, &mut examples::Dice::new(seed)).expect("examples expand")).collect()
});

const PATHS: [&str; 8] = ["a.py", "a.json", "a.yml", "a.c", "a.log", "a.md", "tests/a.sh", ".env"];

/// What identifies a find, but for its line: it is counted from the block's.
fn places(found: &[Found]) -> Vec<(usize, u64, u64, u64, u8)> {
    found.iter().map(|found| (found.rule, found.start, found.end, found.line, found.confidence)).collect()
}

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first_chunk::<6>() else { return };
    let number = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let (before, after) = rest.split_at(number(2) % (rest.len() + 1));
    let example = &EXAMPLES[number(0) % EXAMPLES.len()];
    let text = [before, example.as_bytes(), after].concat();
    let path = PATHS[usize::from(head[4]) % PATHS.len()];

    let (mut scratch, mut found) = (Scratch::default(), Vec::new());
    let whole = Text::whole(&text, path);
    let _ = ENGINE.scan(&mut scratch, &whole, &mut found);
    assert!(found.iter().all(|found| found.start < found.end && found.end <= text.len() as u64 && found.confidence <= 100));
    assert!(found.is_sorted_by_key(|found| found.start));

    let cut = text.len() * usize::from(head[5]) / 256;
    let mut parts = Vec::new();
    for core in [0..cut, cut..text.len()] {
        let _ = ENGINE.scan(&mut scratch, &Text { core, ..whole.clone() }, &mut parts);
    }
    assert_eq!(places(&parts), places(&found), "cut at {cut}");
});
