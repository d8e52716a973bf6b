//! Running the command against a host.

use crate::forge::{Forge, TOKEN};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Output};

pub(crate) fn command(forge: &Forge, target: &str, arguments: &[&str]) -> Command {
    let variable = if target.starts_with("github") { "GITHUB_TOKEN" } else { "GITLAB_TOKEN" };
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanius"));
    command.env_clear().env(variable, TOKEN).args(["scan", target, "--endpoint", &forge.url(), "--show-secrets", "--format", "jsonl"]);
    command.args(["--confidence", "low", "--cache"]).arg(forge.cache()).args(arguments);
    command
}

/// What a run said.
pub(crate) struct Ran {
    pub(crate) status: i32,
    /// The finding lines by path.
    pub(crate) places: BTreeMap<String, Value>,
    /// The sources that failed, with the reason.
    pub(crate) errors: BTreeMap<String, String>,
    pub(crate) said: String,
}

impl Ran {
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.places.keys().map(String::as_str).collect()
    }

    /// Fails unless the secret was found at the path, in that line.
    pub(crate) fn has(&self, path: &str, secret: &str, line: u64) {
        let place = self.places.get(path).unwrap_or_else(|| panic!("nothing at {path}: {:?} {}", self.paths(), self.said));
        assert_eq!((place["secret"].as_str(), place["line"].as_u64()), (Some(secret), Some(line)), "{place}");
    }
}

pub(crate) fn read(output: &Output) -> Ran {
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains(TOKEN), "the token is never shown: {said}");
    let (mut places, mut errors) = (BTreeMap::new(), BTreeMap::new());
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        if value["type"] == "error" {
            errors.insert(text("source"), text("reason"));
        } else {
            assert!(places.insert(text("path"), value.clone()).is_none(), "a path twice: {line}");
        }
    }
    Ran { status: output.status.code().unwrap_or(-1), places, errors, said }
}

pub(crate) fn scan(forge: &Forge, target: &str, arguments: &[&str]) -> Ran {
    read(&command(forge, target, arguments).output().expect("the command runs"))
}
