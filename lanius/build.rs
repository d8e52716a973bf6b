//! Reads the rule files of our own when the program is built, so that none is parsed as TOML when it starts.

#[path = "src/rules/format.rs"]
#[expect(unreachable_pub, reason = "it is a module of the library, too")]
mod format;

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rules/format.rs");
    let mut files: Vec<PathBuf> =
        fs::read_dir("rules").expect("there is a folder of rules").map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut rules = Vec::new();
    let mut examples = Vec::new();
    for path in &files {
        let text = fs::read_to_string(path).expect("a rule file is text");
        let file: format::RuleFile = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for mut rule in file.rule {
            examples.push((rule.id.clone(), std::mem::take(&mut rule.fire), std::mem::take(&mut rule.quiet)));
            rules.push(rule);
        }
    }
    write("rules.bin", &postcard::to_allocvec(&rules).expect("rules can be written down"));
    write("examples.bin", &postcard::to_allocvec(&examples).expect("examples can be written down"));
}

fn write(name: &str, bytes: &[u8]) {
    let folder = std::env::var_os("OUT_DIR").expect("cargo names a folder");
    fs::write(Path::new(&folder).join(name), bytes).expect("the folder can be written to");
}
