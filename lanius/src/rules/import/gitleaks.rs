//! Gitleaks' configuration: rules, and allow-lists in the old form (`[allowlist]`) and the new one (`[[allowlists]]`), for all rules or
//! within one.

use serde::Deserialize;

use super::{Draft, Error, Imported, slug, translate::from_go};
use crate::policy::{Test, Waiver, patterns};
use crate::rules::Foreign;
use crate::rules::lines::place;

/// Our rules that find what Gitleaks' generic one finds.
const GENERIC: &[&str] = &["generic-password", "generic-secret", "generic-token", "generic-key", "generic-credential"];

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    extend: Extend,
    allowlist: Option<Allow>,
    allowlists: Vec<Allow>,
    rules: Vec<Listed>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Extend {
    path: String,
    url: String,
    #[serde(rename = "disabledRules", alias = "disabledrules")]
    disabled: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Listed {
    id: String,
    description: String,
    regex: String,
    path: String,
    #[serde(rename = "secretGroup", alias = "secretgroup")]
    secret_group: usize,
    entropy: f32,
    keywords: Vec<String>,
    #[serde(rename = "skipReport", alias = "skipreport")]
    skip_report: bool,
    required: Option<serde::de::IgnoredAny>,
    allowlist: Option<Allow>,
    allowlists: Vec<Allow>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Allow {
    description: String,
    condition: String,
    commits: Vec<String>,
    paths: Vec<String>,
    regexes: Vec<String>,
    #[serde(rename = "regexTarget", alias = "regextarget")]
    target: String,
    stopwords: Vec<String>,
    #[serde(rename = "targetRules", alias = "targetrules")]
    rules: Vec<String>,
}

/// Whether a text is TOML that only Gitleaks has.
#[must_use]
pub fn is_gitleaks(text: &str) -> bool {
    let heads = ["[[rules]]", "[allowlist]", "[[allowlists]]", "[extend]"];
    text.lines().any(|line| heads.contains(&line.split('#').next().unwrap_or_default().trim()))
}

/// Reads a configuration.
pub(super) fn read(name: &str, text: &str) -> Result<Imported, Error> {
    let wrong = |reason: String| Error::File { name: name.to_owned(), reason };
    let file: File =
        toml::from_str(text).map_err(|error| Error::File { name: place(name, text, &error), reason: error.message().to_owned() })?;
    let mut imported = Imported { extends: (!file.extend.path.is_empty()).then(|| file.extend.path.into()), ..Imported::default() };
    if !file.extend.url.is_empty() {
        imported.notes.push("what it extends by an address is not fetched".to_owned());
    }
    imported.disabled = file.extend.disabled.iter().flat_map(|id| ours(id)).collect();
    for (number, allow) in file.allowlist.into_iter().chain(file.allowlists).enumerate() {
        let source = format!("{name}, allowlist {}", number + 1);
        let rules = allow.rules.iter().flat_map(|id| ours(id)).collect();
        imported.waivers.extend(waiver(source, rules, allow).map_err(wrong)?);
    }
    for listed in file.rules {
        if listed.id.is_empty() {
            return Err(wrong("a rule has no id".to_owned()));
        }
        let rules = if listed.regex.is_empty() { ours(&listed.id) } else { vec![slug(&listed.id)] };
        for (number, allow) in listed.allowlist.into_iter().chain(listed.allowlists).enumerate() {
            let source = format!("{name}, allowlist {} of {}", number + 1, listed.id);
            imported.waivers.extend(waiver(source, rules.clone(), allow).map_err(wrong)?);
        }
        if listed.regex.is_empty() {
            if !listed.path.is_empty() {
                imported.notes.push(format!("the rule {} finds files by their path alone, which is not done here", listed.id));
            }
            continue;
        }
        if listed.skip_report {
            imported.notes.push(format!("the rule {} is not reported by itself, and is left out", listed.id));
            continue;
        }
        if listed.required.is_some() {
            imported.notes.push(format!("the rule {} fires without the rules that it requires", listed.id));
        }
        let path = (!listed.path.is_empty()).then(|| regex::Regex::new(&from_go(&listed.path))).transpose();
        let path = path.map_err(|error| wrong(format!("the path of the rule {}: {error}", listed.id)))?;
        let draft = Draft {
            id: listed.id,
            name: listed.description,
            pattern: from_go(&listed.regex),
            keywords: listed.keywords,
            entropy: Some(listed.entropy),
            foreign: Foreign { group: listed.secret_group, path, ..Foreign::default() },
            ..Draft::default()
        };
        imported.rules.push(draft.rule(&mut imported.notes)?);
    }
    Ok(imported)
}

/// What a rule of Gitleaks is called here.
fn ours(id: &str) -> Vec<String> {
    if id == "generic-api-key" { GENERIC.iter().map(|id| (*id).to_owned()).collect() } else { vec![slug(id)] }
}

/// An allow-list; none if it is empty.
fn waiver(source: String, rules: Vec<String>, allow: Allow) -> Result<Option<Waiver>, String> {
    let regexes = |all: &[String]| patterns(&all.iter().map(|one| from_go(one)).collect::<Vec<_>>());
    let told = |reason: String| format!("{source}: {reason}");
    let mut tests = Vec::new();
    if !allow.commits.is_empty() {
        tests.push(Test::Commits(allow.commits.iter().map(|commit| commit.to_ascii_lowercase()).collect()));
    }
    if !allow.paths.is_empty() {
        tests.push(Test::Paths(regexes(&allow.paths).map_err(&told)?));
    }
    if !allow.regexes.is_empty() {
        let set = regexes(&allow.regexes).map_err(&told)?;
        tests.push(match allow.target.to_ascii_lowercase().as_str() {
            "" | "secret" => Test::Values(set),
            "match" => Test::Matches(set),
            "line" => Test::Lines(set),
            other => return Err(told(format!("regexTarget is {other:?}, and must be secret, match or line"))),
        });
    }
    if !allow.stopwords.is_empty() {
        tests.push(Test::Words(allow.stopwords.iter().map(|word| word.to_lowercase()).collect()));
    }
    let all = match allow.condition.to_ascii_uppercase().as_str() {
        "" | "OR" | "||" => false,
        "AND" | "&&" => true,
        other => return Err(told(format!("its condition is {other:?}, and must be AND or OR"))),
    };
    if tests.is_empty() {
        return Ok(None);
    }
    Ok(Some(Waiver { source, reason: allow.description, rules, all, tests, ..Waiver::default() }))
}
