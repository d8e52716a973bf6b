//! Writes a made history as a `git fast-import` stream: a copy of the text files under a folder, then many commits that each edit a
//! few of them, with side branches that are merged. Measurements use it; the same arguments give the same stream.
//!
//! `synthesise FOLDER COMMITS FILES_PER_COMMIT | git -C new.git fast-import && git -C new.git gc`

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// xorshift64*: small, seeded, and good enough to choose lines by.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let wide = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(wide).expect("31 bits") % bound.max(1)
    }
}

fn gather(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>, top: &Path, budget: &mut usize) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if *budget == 0 {
            return;
        }
        if path.is_dir() {
            gather(&path, files, top, budget);
        } else if path.extension().is_some_and(|end| ["rs", "c", "h", "toml", "md", "json", "py"].iter().any(|known| end == *known)) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            if (2_000..200_000).contains(&bytes.len()) {
                *budget = budget.saturating_sub(bytes.len());
                files.push((path.strip_prefix(top).expect("found under it").to_owned(), bytes));
            }
        }
    }
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// One edit as people make them: some lines taken out, some put in, a word changed.
fn edit(file: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let (mut own, foreign) = (lines(file), lines(other));
    for _ in 0..=dice.below(3) {
        let at = dice.below(own.len());
        let gone = dice.below(6).min(own.len() - at);
        let from = dice.below(foreign.len());
        let taken = (1 + dice.below(8)).min(foreign.len() - from);
        own.splice(at..at + gone, foreign[from..from + taken].iter().copied());
    }
    own.concat()
}

fn commit(out: &mut impl Write, branch: &str, number: usize, from: Option<&str>, merge: Option<&str>) -> std::io::Result<()> {
    let when = 1_500_000_000 + number * 600;
    writeln!(out, "commit refs/heads/{branch}\nmark :{}", number + 1)?;
    writeln!(out, "committer Made Up {} <made{}@example.org> {when} +0000", number % 40, number % 40)?;
    let message = format!("Change number {number}\n\nWith a body of a line.\n");
    writeln!(out, "data {}\n{message}", message.len())?;
    for (word, parent) in [("from", from), ("merge", merge)] {
        if let Some(parent) = parent {
            writeln!(out, "{word} {parent}")?;
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder of text files"));
    let mut number = |fallback| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(fallback);
    let (commits, each): (usize, usize) = (number(5_000), number(20));
    let (mut files, mut budget, mut dice) = (Vec::new(), 70_000_000, Dice(0x9E37_79B9_7F4A_7C15));
    gather(&folder, &mut files, &folder, &mut budget);
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    commit(&mut out, "main", 0, None, None)?;
    for (path, bytes) in &files {
        write_file(&mut out, path, bytes)?;
    }
    for step in 1..commits {
        // Every thirtieth commit merges what a side branch made of the one before it.
        let merges = step % 30 == 29;
        let branch = if step % 30 == 28 { "side" } else { "main" };
        let (main_tip, side_tip) = (format!(":{}", if step % 30 == 29 { step - 1 } else { step }), format!(":{step}"));
        let (from, merge) = if merges { (&main_tip, Some(side_tip.as_str())) } else { (&main_tip, None) };
        commit(&mut out, branch, step, Some(from), merge)?;
        for _ in 0..=dice.below(each * 2) {
            // Squared, so that some files change often and most seldom.
            let chosen = dice.below(files.len()) * dice.below(1_000) / 1_000;
            let other = dice.below(files.len());
            let bytes = edit(&files[chosen].1, &files[other].1, &mut dice);
            if bytes.len() > 1_000 {
                files[chosen].1 = bytes;
                write_file(&mut out, &files[chosen].0, &files[chosen].1)?;
            }
        }
    }
    out.flush()
}

fn write_file(out: &mut impl Write, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    writeln!(out, "M 100644 inline \"{}\"\ndata {}", path.display(), bytes.len())?;
    out.write_all(bytes)?;
    writeln!(out)
}
