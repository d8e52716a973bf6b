//! `.lanius.toml`: how to scan, and what is allowed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::civil::Date;
use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::Error;
use super::waiver::{Test, Waiver};
use crate::rules::Level;
use crate::rules::lines::place;

/// What a set of regular expressions may take, compiled.
const PATTERN_BYTES: usize = 8 << 20;

/// A configuration, read.
#[derive(Debug, Default)]
pub struct Config {
    /// How to scan.
    pub scan: Defaults,
    /// What is allowed.
    pub waivers: Vec<Waiver>,
}

/// How to scan where the command line does not say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// The least confidence that is reported.
    pub confidence: Option<Level>,
    /// Rules that do not run.
    pub disabled_rules: Vec<String>,
    /// More rule files, from the configuration's folder.
    pub rules: Vec<PathBuf>,
    /// Paths that are not looked at: globs from the top of what is scanned.
    pub exclude: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    scan: Defaults,
    #[serde(default)]
    allow: Vec<Allow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allow {
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    fingerprints: BTreeSet<String>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    value_hashes: BTreeSet<String>,
    until: Option<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    owner: String,
}

/// Reads a configuration. `keyed` says whether there is a key for the hashes of values.
///
/// # Errors
/// If it is not of this form: a misread allow-list hides or shows what it should not.
pub fn parse(name: &str, text: &str, keyed: bool) -> Result<Config, Error> {
    let wrong = |reason: String| Error::File { name: name.to_owned(), reason };
    let file: File =
        toml::from_str(text).map_err(|error| Error::File { name: place(name, text, &error), reason: error.message().to_owned() })?;
    globs(&file.scan.exclude).map_err(&wrong)?;
    let mut waivers = Vec::new();
    for (number, allow) in file.allow.into_iter().enumerate() {
        let wrong = |reason: String| wrong(format!("[[allow]] {}: {reason}", number + 1));
        let mut tests = Vec::new();
        if !allow.paths.is_empty() {
            tests.push(Test::Globs(globs(&allow.paths).map_err(wrong)?));
        }
        if !allow.fingerprints.is_empty() {
            tests.push(Test::Fingerprints(allow.fingerprints));
        }
        if !allow.values.is_empty() {
            tests.push(Test::Values(patterns(&allow.values).map_err(wrong)?));
        }
        if !allow.value_hashes.is_empty() {
            if let Some(hash) = allow.value_hashes.iter().find(|hash| !hash.starts_with("v1:")) {
                return Err(wrong(format!("{hash:?} is no keyed hash of a value; `--format json` shows them as `value_hash`")));
            }
            if !keyed {
                return Err(wrong("`value_hashes` need the key: set LANIUS_KEY_FILE or give --key-file".to_owned()));
            }
            tests.push(Test::ValueHashes(allow.value_hashes));
        }
        if tests.is_empty() && allow.rules.is_empty() {
            return Err(wrong("it allows everything; name paths, rules, fingerprints, values or value_hashes".to_owned()));
        }
        let until = allow.until.map(|day| date(&day).map_err(wrong)).transpose()?;
        waivers.push(Waiver {
            source: format!("{name}, [[allow]] {}", number + 1),
            reason: allow.reason,
            owner: allow.owner,
            until,
            rules: allow.rules,
            all: true,
            tests,
        });
    }
    Ok(Config { scan: file.scan, waivers })
}

fn date(day: &str) -> Result<Date, String> {
    day.parse().map_err(|_| format!("`until` must be a day such as 2027-01-31, not {day:?}"))
}

/// Globs as `.gitignore` has them: `*` ends at a slash, and one without a slash is for any folder.
pub(crate) fn globs(all: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for glob in all {
        let anchored = glob.trim_start_matches("./").trim_start_matches('/');
        let deep = if anchored.trim_end_matches('/').contains('/') { anchored.to_owned() } else { format!("**/{anchored}") };
        let deep = if deep.ends_with('/') { format!("{deep}**") } else { deep };
        set.add(GlobBuilder::new(&deep).literal_separator(true).build().map_err(|error| error.to_string())?);
    }
    set.build().map_err(|error| error.to_string())
}

/// Regular expressions on bytes, bounded in size.
pub(crate) fn patterns(all: &[String]) -> Result<RegexSet, String> {
    RegexSetBuilder::new(all).unicode(false).size_limit(PATTERN_BYTES).build().map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn reads_all_fields() {
        let config = parse(
            "c",
            "[scan]\nconfidence = 'high'\ndisabled_rules = ['a']\nexclude = ['vendor/']\n[[allow]]\npaths = ['docs/**', '*.md']\n\
             rules = ['generic-password']\nuntil = '2027-01-31'\nreason = 'r'\nowner = 'o'\n[[allow]]\nvalues = ['^test-']",
            false,
        )
        .unwrap();
        assert_eq!(config.scan.confidence, Some(Level::High));
        assert_eq!(config.waivers.len(), 2);
        assert_eq!(config.waivers[0].until, Some(jiff::civil::date(2027, 1, 31)));
        assert!(config.waivers[0].is_active(jiff::civil::date(2027, 1, 31)));
        assert!(!config.waivers[0].is_active(jiff::civil::date(2027, 2, 1)));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (text, told) in [
            ("[[allow]]", "allows everything"),
            ("[[allow]]\nuntil='2027-01-31'", "allows everything"),
            ("[[allow]]\npath=['a']", "unknown field"),
            ("[[allow]]\nrules=['a']\nuntil='soon'", "must be a day"),
            ("[[allow]]\nvalues=['(']", "[[allow]] 1"),
            ("[[allow]]\nvalue_hashes=['v1:00']", "need the key"),
            ("[[allow]]\nvalue_hashes=['da39a3ee5e6b4b0d3255bfef95601890afd80709']", "no keyed hash"),
            ("[scan]\nexclude=['[']", "c"),
        ] {
            let error = parse("c", text, false).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn globs_are_as_in_gitignore() {
        let set = globs(&["*.md".to_owned(), "docs/*".to_owned(), "vendor/".to_owned(), "/top/**".to_owned()]).unwrap();
        for (path, holds) in
            [("a/b.md", true), ("docs/a", true), ("docs/a/b", false), ("x/docs/a", false), ("a/vendor/b/c", true), ("top/a/b", true)]
        {
            assert_eq!(set.is_match(path), holds, "{path}");
        }
    }
}
