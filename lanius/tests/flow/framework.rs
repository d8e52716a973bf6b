//! The definition for the pre-commit framework at this repository's top, run by the real `pre-commit`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workshop::{Workshop, with_secret};

/// `pre-commit` of the tests' virtual environment, or from the path.
fn framework() -> PathBuf {
    let in_venv = std::env::var_os("MENAGERIE_VENV").map(|venv| PathBuf::from(venv).join("bin/pre-commit"));
    in_venv.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("pre-commit"))
}

#[test]
fn the_definition_at_the_top_works() {
    let workshop = Workshop::new();
    // Hooks come from a repository: here one with this definition alone.
    let definition = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.pre-commit-hooks.yaml");
    workshop.write("hooks/.pre-commit-hooks.yaml", std::fs::read(definition).expect("the definition"));
    workshop.init("hooks", &[]);
    let commit = workshop.commit("hooks", "A definition");
    workshop.init("repo", &[]);
    let hooks = workshop.path("hooks");
    let config = format!("repos:\n- repo: {}\n  rev: {commit}\n  hooks:\n  - id: lanius\n", hooks.display());
    workshop.write("repo/.pre-commit-config.yaml", config);
    workshop.commit("repo", "First");
    let folder = Path::new(env!("CARGO_BIN_EXE_lanius")).parent().expect("it is in a folder");
    let path = std::env::var_os("PATH").expect("a PATH");
    let path = std::env::join_paths([folder.to_owned()].into_iter().chain(std::env::split_paths(&path))).expect("a PATH");
    let run = |program: &Path, arguments: &[&str]| {
        let mut command: Command = workshop.command(program, "repo");
        command.env("PATH", &path).args(arguments);
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}; `make setup` installs it", program.display()));
        (output.status.success(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    };
    let (done, said) = run(&framework(), &["install"]);
    assert!(done, "{said}");
    workshop.write("repo/a.conf", with_secret(1));
    workshop.git("repo", &["add", "-A"]);
    let (done, said) = run(Path::new("git"), &["commit", "-m", "Secret"]);
    assert!(!done && said.contains("a.conf:2:"), "{said}");
    workshop.write("repo/a.conf", "fine\n");
    workshop.git("repo", &["add", "-A"]);
    let (done, said) = run(Path::new("git"), &["commit", "-m", "Fine"]);
    assert!(done && said.contains("Passed"), "{said}");
}
