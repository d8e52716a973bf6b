//! What other tools' files say was seen before: `.gitleaksignore`, Gitleaks' JSON reports, detect-secrets' `.secrets.baseline`. They are
//! read and never written: the last holds plain SHA-1 sums of the values.

use std::collections::BTreeMap;

use menagerie_secret::Secret;
use serde::Deserialize;

use super::Error;
use super::waiver::{Test, Waiver};

/// Reads `.gitleaksignore`: lines of `commit:path:rule:line` or `path:rule:line`. `known` says whether a rule is one of this engine's: a
/// rule of another name stands for any at its place.
///
/// # Errors
/// If a line is of another form, with its number.
pub fn gitleaks_ignore(name: &str, text: &str, known: impl Fn(&str) -> bool) -> Result<Vec<Waiver>, Error> {
    let mut waivers = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let source = format!("{name}, line {}", number + 1);
        let wrong = || Error::File { name: source.clone(), reason: "it is neither commit:path:rule:line nor path:rule:line".to_owned() };
        let mut parts = line.rsplitn(3, ':');
        let place = parts.next().and_then(|line| line.parse::<u64>().ok()).zip(parts.next()).zip(parts.next());
        let ((line, rule), path) = place.ok_or_else(wrong)?;
        let is_commit = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (commit, path) = match path.split_once(':') {
            Some((commit, path)) if is_commit(commit) => (Some(commit), path),
            _ => (None, path),
        };
        if path.is_empty() || rule.is_empty() {
            return Err(wrong());
        }
        let mut tests = vec![Test::At { path: path.replace('\\', "/"), line }];
        tests.extend(commit.map(|commit| Test::Commits([commit.to_ascii_lowercase()].into())));
        let rules = if known(rule) { vec![rule.to_owned()] } else { Vec::new() };
        waivers.push(Waiver { source, rules, all: true, tests, ..Waiver::default() });
    }
    Ok(waivers)
}

/// A finding of a Gitleaks report, as far as it identifies a place.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reported {
    file: String,
    #[serde(default)]
    start_line: u64,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    fingerprint: String,
}

/// Reads a Gitleaks report in JSON as the baseline that Gitleaks would take it for. Of a redacted one the places count, by line.
///
/// # Errors
/// If it is no such report.
pub fn gitleaks_report(name: &str, text: &str) -> Result<Vec<Waiver>, Error> {
    let found: Vec<Reported> =
        serde_json::from_str(text).map_err(|error| Error::File { name: name.to_owned(), reason: shape_of(&error) })?;
    let waivers = found.into_iter().enumerate().map(|(number, found)| {
        let value = Secret::new(found.secret.into_bytes());
        let plain = !value.expose().is_empty() && value.expose() != b"REDACTED" && !value.expose().ends_with(b"...");
        let path = found.file.replace('\\', "/");
        let test = if plain { Test::Known { path, value } } else { Test::At { path, line: found.start_line } };
        let source = format!("{name}, finding {}", number + 1);
        Waiver { source, reason: found.fingerprint, all: true, tests: vec![test], ..Waiver::default() }
    });
    Ok(waivers.collect())
}

/// Where JSON is wrong, without its text, which may hold secrets.
fn shape_of(error: &serde_json::Error) -> String {
    format!("it is not of the form that was expected, at line {} column {}", error.line(), error.column())
}

#[derive(Deserialize)]
struct SecretsBaseline {
    results: BTreeMap<String, Vec<Potential>>,
}

#[derive(Deserialize)]
struct Potential {
    #[serde(rename = "type")]
    kind: String,
    hashed_secret: String,
    #[serde(default)]
    line_number: u64,
}

/// Reads detect-secrets' baseline.
///
/// # Errors
/// If it is none.
pub fn detect_secrets(name: &str, text: &str) -> Result<Vec<Waiver>, Error> {
    let wrong = |reason: String| Error::File { name: name.to_owned(), reason };
    let baseline: SecretsBaseline = serde_json::from_str(text).map_err(|error| wrong(shape_of(&error)))?;
    let mut waivers = Vec::new();
    for (path, potentials) in baseline.results {
        for potential in potentials {
            let mut hash = [0; 20];
            hex::decode_to_slice(&potential.hashed_secret, &mut hash)
                .map_err(|_| wrong(format!("a hashed_secret of {path:?} is no SHA-1")))?;
            waivers.push(Waiver {
                source: format!("{name}, {path}:{} ({})", potential.line_number, potential.kind),
                all: true,
                tests: vec![Test::Sha1 { path: path.replace('\\', "/"), hash }],
                ..Waiver::default()
            });
        }
    }
    Ok(waivers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_gitleaksignore() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let text = format!("# seen\n\n{commit}:a/b.py:aws-access-token:3\nc:\\d.py:generic-key:4\n");
        let waivers = gitleaks_ignore("i", &text, |rule| rule == "generic-key").unwrap();
        assert!(
            matches!(&waivers[0].tests[..], [Test::At { path, line: 3 }, Test::Commits(commits)] if path == "a/b.py" && commits.contains(commit))
        );
        assert!(waivers[0].rules.is_empty());
        assert!(matches!(&waivers[1].tests[..], [Test::At { path, line: 4 }] if path == "c:/d.py"));
        assert_eq!(waivers[1].rules, ["generic-key"]);
        for broken in ["a", "a:b", "a:b:c", ":b:1", "a::1"] {
            let error = gitleaks_ignore("i", broken, |_| true).unwrap_err();
            assert!(error.to_string().contains("i, line 1"), "{broken}");
        }
    }

    #[test]
    fn a_broken_report_is_told_without_its_text() {
        for error in [
            gitleaks_report("r", "[{\"File\": 7, \"Secret\": \"hunter2\"}]").unwrap_err(),
            detect_secrets("r", "{\"results\": {\"a\": [{\"type\": \"x\", \"hashed_secret\": [\"hunter2\"]}]}}").unwrap_err(),
        ] {
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert!(detect_secrets("r", "{\"results\": {\"a\": [{\"type\": \"x\", \"hashed_secret\": \"00\"}]}}").is_err());
    }
}
