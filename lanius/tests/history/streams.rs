//! A stream in any pieces is scanned as the whole; so is one text of many blocks, whatever stands at their borders.

use std::io::{self, Read};

use lanius::rules;
use lanius::scan::{BLOCK, Buffer, CONTEXT, Engine, Found, Scratch, Text, stream};

use crate::cases;
use crate::dice::Dice;

/// Gives as many bytes at a time as the dice say, and is interrupted now and then.
struct Bits<'a> {
    rest: &'a [u8],
    dice: Dice,
    longest: usize,
}

impl Read for Bits<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.dice.one_in(50) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = (1 + self.dice.below(self.longest)).min(self.rest.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

/// A text of several blocks with credentials round their borders.
fn large(dice: &mut Dice) -> (Vec<u8>, usize) {
    let size = 2 * BLOCK + dice.below(BLOCK);
    let filler: Vec<String> = (0..500).map(|_| dice.line()).filter(|line| !line.contains("sk_live_")).collect();
    let mut text = Vec::with_capacity(size + 256);
    let (mut planted, mut border) = (0, BLOCK);
    while text.len() < size {
        // Some lines go right over a border, some stand just before or behind it, or at the edge of the context.
        let near = border.saturating_sub(400 + dice.below(400)).max(text.len() + 1);
        while text.len() < near.min(size) {
            text.extend(filler[dice.below(filler.len())].as_bytes());
            text.push(b'\n');
        }
        if border < size {
            for _ in 0..12 {
                let pad = "x ".repeat(dice.below(60));
                text.extend(format!("{pad}{}\n", dice.line_with_secret()).as_bytes());
                planted += 1;
            }
        }
        border += if border % BLOCK == 0 { CONTEXT } else { BLOCK - CONTEXT };
    }
    text.truncate(size);
    (text, planted)
}

type Told = (String, u64, u64, u64, u64, u64, u8, Vec<u8>, (Vec<u8>, Vec<u8>));

fn told(engine: &Engine, found: Vec<Found>) -> Vec<Told> {
    let of = |found: Found| {
        let rule = engine.rules()[found.rule].definition.id.clone();
        let secret = found.secret.expose().clone();
        (rule, found.start, found.end, found.line, found.end_line, found.column, found.confidence, secret, found.around)
    };
    found.into_iter().map(of).collect()
}

#[test]
fn a_stream_in_pieces_is_the_whole() {
    let engine = Engine::new(rules::built_in());
    let (mut scratch, mut buffer) = (Scratch::default(), Buffer::default());
    for seed in cases(2, 20) {
        let mut dice = Dice::new(1000 + seed);
        let (text, planted) = large(&mut dice);
        for path in ["settings.conf", "main.py"] {
            let mut whole = Vec::new();
            engine.scan(&mut scratch, &Text::whole(&text, path), &mut whole);
            engine.doubt_crowds(lanius::scan::Kind::of(path), false, &mut whole);
            let whole = told(&engine, whole);
            let found_planted = whole.iter().filter(|told| told.0 == "stripe-secret-key").count();
            assert!(planted >= 24 && found_planted > 2, "seed {seed}: {found_planted} of {planted} prove nothing");
            for longest in [text.len(), 100_000, 4099, 700] {
                let mut found = Vec::new();
                let mut reader = Bits { rest: &text, dice: Dice::new(seed * 31 + longest as u64), longest };
                let bytes = stream(&engine, &mut scratch, &mut buffer, &mut reader, path, &mut found).expect("it reads on");
                assert_eq!(bytes, text.len() as u64);
                let found = told(&engine, found);
                if found != whole {
                    let other = found.iter().zip(&whole).find(|(a, b)| a != b);
                    panic!("seed {seed}, {path}, pieces of {longest}: {} finds and {} in the whole; {other:?}", found.len(), whole.len());
                }
            }
        }
    }
}
