//! A history scanned quickly says the same as every version of every file of every commit scanned by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lanius::rules;
use lanius::scan::{BLOCK, Buffer, Engine, Scratch, Text, stream};
use lanius::source::Progress;
use lanius::source::history::{Extent, scan};

use crate::cases;
use crate::dice::Dice;

pub(crate) fn git(at: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var_os("PATH").expect("a PATH")).env("HOME", at);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C").current_dir(at);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("git is installed");
    let mut pipe = child.stdin.take().expect("it was asked for");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer ends");
    assert!(output.status.success(), "git {arguments:?}");
    output.stdout
}

type Files = BTreeMap<String, Vec<u8>>;

/// Random work on the files of one commit.
fn edit(dice: &mut Dice, files: &mut Files) {
    const FOLDERS: &[&str] = &["", "src/", "src/deep/er/", "tests/", "docs/"];
    const ENDS: &[&str] = &["main.rs", "app.py", "settings.conf", "notes.md", "x.lock", "data", ".env"];
    for _ in 0..1 + dice.below(4) {
        let path = format!("{}{}", FOLDERS[dice.below(FOLDERS.len())], ENDS[dice.below(ENDS.len())]);
        let known: Vec<_> = files.keys().cloned().collect();
        match (dice.below(10), known.is_empty()) {
            (0, false) => drop(files.remove(&known[dice.below(known.len())])),
            (1, false) => {
                let moved = files.remove(&known[dice.below(known.len())]).expect("it is there");
                files.insert(path, moved);
            }
            (2, false) => {
                let copied = files[&known[dice.below(known.len())]].clone();
                files.insert(path, copied);
            }
            (3, _) => {
                let mut binary: Vec<u8> = (0..dice.below(3000)).map(|_| dice.next().to_le_bytes()[0]).collect();
                binary.extend(dice.line_with_secret().bytes());
                files.insert(path, binary);
            }
            (4 | 5, _) => {
                let lines: Vec<_> = (0..1 + dice.below(60)).map(|_| dice.line()).collect();
                files.insert(path, lines.join("\n").into_bytes());
            }
            _ => {
                // A small edit of a long file: what git packs as a delta.
                let path = if known.is_empty() { path } else { known[dice.below(known.len())].clone() };
                let mut lines: Vec<Vec<u8>> =
                    files.get(&path).map_or(Vec::new(), |old| old.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect());
                let at = dice.below(lines.len() + 1);
                if dice.one_in(3) && at < lines.len() {
                    lines.remove(at);
                } else {
                    lines.insert(at, dice.line().into_bytes());
                }
                files.insert(path, lines.join(&b'\n'));
            }
        }
    }
    // No path may be both a file and a folder: the folders above are never names of files.
}

/// A script for `git fast-import`: branches that go on, part and merge.
fn story(dice: &mut Dice) -> Vec<u8> {
    let mut script = Vec::new();
    let mut commits: Vec<(usize, Files)> = Vec::new();
    let mut heads: Vec<usize> = Vec::new();
    for number in 1..=8 + dice.below(25) {
        let parent = if commits.is_empty() { None } else { Some(heads[dice.below(heads.len())]) };
        let other = parent.filter(|_| dice.one_in(5)).map(|_| heads[dice.below(heads.len())]).filter(|other| Some(*other) != parent);
        let mut files = parent.map_or(Files::new(), |parent| commits[parent].1.clone());
        if let Some(other) = other {
            for (path, content) in &commits[other].1 {
                if dice.one_in(2) || !files.contains_key(path) {
                    files.insert(path.clone(), content.clone());
                }
            }
        }
        if other.is_none() || dice.one_in(2) {
            edit(dice, &mut files);
        }
        let branch = if number == 1 || !dice.one_in(4) { "main".to_owned() } else { format!("side{number}") };
        let write = |script: &mut Vec<u8>, text: String| script.extend(text.into_bytes());
        write(&mut script, format!("commit refs/heads/{branch}\nmark :{number}\n"));
        let time = 1_700_000_000 + number * 60;
        write(&mut script, format!("committer Ada <ada@example.org> {time} +0000\ndata 1\nx\n"));
        if let Some(parent) = parent {
            write(&mut script, format!("from :{}\n", parent + 1));
        }
        if let Some(other) = other {
            write(&mut script, format!("merge :{}\n", other + 1));
        }
        write(&mut script, "deleteall\n".to_owned());
        for (path, content) in &files {
            write(&mut script, format!("M 644 inline {path}\ndata {}\n", content.len()));
            script.extend(content);
            script.push(b'\n');
        }
        write(&mut script, "\n".to_owned());
        heads.retain(|head| Some(*head) != parent && Some(*head) != other || dice.one_in(3));
        commits.push((number, files));
        heads.push(commits.len() - 1);
        // No commit is left without a name.
        write(&mut script, format!("reset refs/tags/c{number}\nfrom :{number}\n\n"));
    }
    script
}

type Answer = BTreeSet<(String, Vec<u8>, String, String)>;

/// Every version of every file of every commit, read by git and scanned by itself; of each rule, value and path the first commit, in the
/// order of times.
fn slow(engine: &Engine, at: &Path) -> Answer {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let commits = text(git(at, &["rev-list", "--all", "--reverse", "--topo-order", "--date-order"], b""));
    let mut first: BTreeMap<(String, Vec<u8>, String), String> = BTreeMap::new();
    let mut scratch = Scratch::default();
    let mut seen = BTreeMap::<(String, String), Vec<(String, Vec<u8>)>>::new();
    for commit in commits.lines() {
        let tree = text(git(at, &["ls-tree", "-r", commit], b""));
        for line in tree.lines() {
            let (entry, path) = line.split_once('\t').expect("an entry");
            let oid = entry.split(' ').nth(2).expect("an object").to_owned();
            let finds = seen.entry((oid.clone(), path.to_owned())).or_insert_with(|| {
                let content = git(at, &["cat-file", "blob", &oid], b"");
                let mut found = Vec::new();
                if content.len() <= BLOCK {
                    engine.scan(&mut scratch, &Text::whole(&content, path), &mut found);
                    engine.doubt_crowds(lanius::scan::Kind::of(path), false, &mut found);
                } else {
                    stream(engine, &mut scratch, &mut Buffer::default(), &mut &content[..], path, &mut found).expect("bytes in memory");
                }
                let told = |found: &lanius::scan::Found| (engine.rules()[found.rule].definition.id.clone(), found.secret.expose().clone());
                found.iter().map(told).collect()
            });
            for (rule, value) in finds {
                first.entry((rule.clone(), value.clone(), path.to_owned())).or_insert_with(|| commit.to_owned());
            }
        }
    }
    first.into_iter().map(|((rule, value, path), commit)| (rule, value, path, commit)).collect()
}

fn quick(engine: &Engine, at: &Path, extent: &Extent, threads: usize) -> Answer {
    let (sightings, ledger) = scan(engine, at, extent, threads, &Progress::default()).expect("a repository");
    assert_eq!(ledger.errors().count(), 0);
    let told = |sighting: &lanius::triage::Sighting| {
        let rule = engine.rules()[sighting.found.rule].definition.id.clone();
        let lineage = sighting.lineage.as_ref().expect("a commit has it");
        (rule, sighting.found.secret.expose().clone(), sighting.path.clone(), lineage.first.id.clone())
    };
    sightings.iter().map(told).collect()
}

#[test]
fn a_history_is_every_version_scanned_by_itself() {
    let engine = Engine::new(rules::built_in());
    let mut all = 0;
    for seed in cases(40, 500) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at: PathBuf = folder.path().to_owned();
        let mut dice = Dice::new(seed);
        let format = if seed % 5 == 4 { "--object-format=sha256" } else { "--object-format=sha1" };
        git(&at, &["init", "-q", "-b", "main", format], b"");
        git(&at, &["fast-import", "--quiet", "--force"], &story(&mut dice));
        let expected = slow(&engine, &at);
        all += expected.len();
        let shapes: [&[&str]; 3] = [&[], &["repack", "-adfq", "--depth=50", "--window=50"], &["unpack"]];
        for shape in shapes {
            match shape {
                ["unpack"] => loosen(&at),
                [] => {}
                _ => drop(git(&at, shape, b"")),
            }
            for threads in [1, 3] {
                let answer = quick(&engine, &at, &Extent::default(), threads);
                let (missing, more): (Vec<_>, Vec<_>) = (expected.difference(&answer).collect(), answer.difference(&expected).collect());
                assert!(missing.is_empty() && more.is_empty(), "seed {seed}, {shape:?}: missing {missing:?}, more {more:?}");
            }
        }
        since(&engine, &at, &mut dice, seed);
    }
    assert!(all > 100, "so few finds prove nothing: {all}");
}

/// What came since a commit, read blob by blob, is what the same walk finds in the packs.
fn since(engine: &Engine, at: &Path, dice: &mut Dice, seed: u64) {
    let commits = String::from_utf8(git(at, &["rev-list", "--all", "--reverse", "--date-order"], b"")).expect("text");
    let commits: Vec<_> = commits.lines().collect();
    let base = commits[dice.below(commits.len())];
    let extent = Extent { since: vec![base.to_owned()], ..Extent::default() };
    let hidden: BTreeSet<_> = String::from_utf8(git(at, &["rev-list", base], b"")).expect("text").lines().map(str::to_owned).collect();
    let answer = quick(engine, at, &extent, 2);
    assert!(answer.iter().all(|(.., commit)| !hidden.contains(commit)), "seed {seed}: of a commit that was there before");
    let new: BTreeSet<_> = quick(engine, at, &Extent::default(), 1).into_iter().filter(|(.., commit)| !hidden.contains(commit)).collect();
    let places =
        |all: &Answer| all.iter().map(|(rule, value, path, _)| (rule.clone(), value.clone(), path.clone())).collect::<BTreeSet<_>>();
    let missing: Vec<_> = places(&new).difference(&places(&answer)).cloned().collect();
    assert!(missing.is_empty(), "seed {seed} since {base}: missing {missing:?}");
}

/// Makes every object a file of its own.
fn loosen(at: &Path) {
    let packs = at.join(".git/objects/pack");
    let aside = at.join("aside");
    std::fs::rename(&packs, &aside).expect("packs");
    for entry in std::fs::read_dir(&aside).expect("packs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|end| end == "pack") {
            git(at, &["unpack-objects", "-q"], &std::fs::read(path).expect("a pack"));
        }
    }
}
