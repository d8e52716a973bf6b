//! What source files may be and say.

use super::metadata;
use menagerie_tests::workspace;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const LONGEST_FILE: usize = 600;
const LONGEST_MAIN: usize = 40;
const VAGUE: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc", "manager"];
const UNSAFE_SECTION: &str = "## Crates with unsafe code";

/// Where the wall clock and the environment may be read: at a program's edge, from where they are handed in.
const EDGES: &[&str] = &[
    "/commands/",
    "/src/main.rs",
    "/src/bin/",
    "/tests/",
    "/benches/",
    "/examples/",
    "infra/config/src/environment.rs",
    "bless/src/lambda/mod.rs",
    "build.rs",
];

/// Every Rust source file under a folder, by its path from the root of the workspace.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    collect(workspace(), &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a folder can be read to its end");
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if entry.file_type().expect("an entry has a type").is_dir() {
            collect(&path, files);
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.push((path.strip_prefix(workspace()).expect("it is under the root").to_owned(), text));
        }
    }
}

#[test]
fn a_file_can_be_read_at_one_sitting() {
    let long: Vec<_> =
        sources().into_iter().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LONGEST_FILE).collect();
    assert!(long.is_empty(), "longer than {LONGEST_FILE} lines: {long:?}");
}

#[test]
fn a_main_only_calls() {
    for (path, text) in sources().into_iter().filter(|(path, _)| path.ends_with("src/main.rs")) {
        assert!(text.lines().count() <= LONGEST_MAIN, "{} is longer than {LONGEST_MAIN} lines", path.display());
    }
}

#[test]
fn a_name_says_what_a_file_is() {
    for (path, _) in sources() {
        let vague = path.iter().map(|part| part.to_string_lossy()).find(|part| VAGUE.contains(&part.trim_end_matches(".rs")));
        assert_eq!(vague, None, "{}", path.display());
    }
}

#[test]
fn a_module_opens_with_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| !text.trim_start().starts_with("//!") && !path.ends_with("tests.rs") && !text.trim_start().starts_with("#!"))
        .map(|(path, _)| path)
        .collect();
    assert!(silent.is_empty(), "no paragraph on top: {silent:?}");
}

#[test]
fn the_clock_and_the_environment_are_handed_in() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let shown = format!("/{}", path.display());
        if EDGES.iter().any(|edge| shown.contains(edge)) || path.ends_with("tests.rs") {
            continue;
        }
        // A test module at the file's end may do as it likes.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if ["SystemTime::now", "Timestamp::now", "Zoned::now", "env::var"].iter().any(|call| line.contains(call)) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "read deep inside, where a test cannot set it:\n{}", found.join("\n"));
}

/// The crates that leave the workspace's `unsafe_code = "deny"`, and the list in ARCHITECTURE.md, are the same.
#[test]
fn unsafe_code_is_listed() {
    let metadata = metadata();
    let mut actual = BTreeSet::new();
    for (path, text) in sources() {
        // Put together, so that this line is not one of those it looks for.
        let marks = ["expect", "allow"].map(|word| format!("{word}(unsafe_code"));
        if marks.iter().any(|mark| text.contains(mark)) {
            let full = workspace().join(&path);
            let owner = metadata.packages.iter().filter(|package| full.starts_with(package.manifest_path.parent().expect("a folder")));
            let owner = owner.max_by_key(|package| package.manifest_path.as_str().len());
            actual.insert(owner.map_or_else(|| path.display().to_string(), |package| package.name.to_string()));
        }
    }
    let text = std::fs::read_to_string(workspace().join("ARCHITECTURE.md")).expect("the workspace has an ARCHITECTURE.md");
    let (_, section) = text.split_once(UNSAFE_SECTION).unwrap_or_else(|| panic!("ARCHITECTURE.md has no section {UNSAFE_SECTION:?}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let named = section.lines().filter_map(|line| line.trim_start().strip_prefix("- `")?.split_once('`'));
    let listed: BTreeSet<_> = named.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(actual, listed, "the crates with unsafe code, and ARCHITECTURE.md's list of them");
}

#[test]
fn every_crate_keeps_the_workspaces_lints() {
    let root = std::fs::read_to_string(workspace().join("Cargo.toml")).expect("the workspace has a manifest");
    assert!(root.contains("unsafe_code = \"deny\""));
    for package in &metadata().packages {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a package has a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", package.name);
    }
}
