//! Rule files of other tools, read as rules of our own: Gitleaks' TOML, TruffleHog's custom detectors, Kingfisher's and Nosey Parker's
//! YAML. Which one a file is, its content tells. What has no counterpart is told in a note; a pattern that cannot be used is an error.

mod gitleaks;
mod literals;
mod translate;
mod yaml;

use std::path::PathBuf;

use menagerie_finding::Severity;

use super::lines::located;
use super::{Companion, Definition, Error, Foreign, Level, Rule, compile, unusable};
use crate::policy::Waiver;

pub use gitleaks::is_gitleaks;

/// How long a match may be where the pattern sets no bound.
const UNBOUNDED: u32 = 4096;
/// Within how many lines keywords that stand beside a pattern, not in it, must be.
const NEAR: u32 = 1000;

/// What a file brings.
#[derive(Debug, Default)]
pub struct Imported {
    /// Rules.
    pub rules: Vec<Rule>,
    /// Allow-lists.
    pub waivers: Vec<Waiver>,
    /// Rules that are switched off.
    pub disabled: Vec<String>,
    /// Another file that it builds on.
    pub extends: Option<PathBuf>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Reads a rule file of any form that is known.
///
/// # Errors
/// If it is of none, or a rule in it cannot be used.
pub fn read(name: &str, text: &str) -> Result<Imported, Error> {
    let is_yaml = [".yml", ".yaml"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let read = if is_yaml || yaml::looks_so(text) {
        yaml::read(name, text)
    } else if is_gitleaks(text) {
        gitleaks::read(name, text)
    } else {
        super::parse(name, text).map(|rules| Imported { rules, ..Imported::default() })
    };
    read.map_err(|error| located(error, name, text))
}

/// A rule as another tool has it.
#[derive(Debug, Default)]
struct Draft {
    id: String,
    name: String,
    pattern: String,
    keywords: Vec<String>,
    confidence: Option<Level>,
    entropy: Option<f32>,
    allow: Vec<String>,
    requires: Vec<Companion>,
    fire: Vec<String>,
    quiet: Vec<String>,
    source: String,
    foreign: Foreign,
}

impl Draft {
    /// The rule of ours that finds the same; notes go to `notes`.
    fn rule(self, notes: &mut Vec<String>) -> Result<Rule, Error> {
        let id = slug(&self.id);
        let mut parser = regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build();
        let parsed = parser.parse(&self.pattern).map_err(|error| unusable(&id, &self.pattern, &error))?;
        compile(&self.pattern).map_err(|error| unusable(&id, &self.pattern, &error))?;
        let literals = literals::required(&parsed).unwrap_or_default();
        let mut requires = self.requires;
        let words: Vec<_> = self.keywords.iter().filter(|word| !word.is_empty()).map(|word| word.to_lowercase()).collect();
        let implied = !literals.is_empty() && literals.iter().all(|literal| words.iter().any(|word| literal.contains(word.as_str())));
        if !words.is_empty() && !implied {
            let any = words.iter().map(|word| regex::escape(word)).collect::<Vec<_>>().join("|");
            requires.push(Companion { pattern: format!("(?i:{any})"), within: NEAR });
        }
        if literals.is_empty() {
            notes.push(format!(
                "the rule {id} has no literal of four bytes or more in its pattern and is tried on every line, which is slower"
            ));
        }
        let longest = parsed.properties().maximum_len().and_then(|length| u32::try_from(length).ok());
        let reach = longest.unwrap_or(UNBOUNDED).clamp(64, super::LONGEST_REACH);
        let plain = |examples: Vec<String>| examples.into_iter().filter(|example| !example.contains("${")).collect();
        let definition = Definition {
            name: if self.name.is_empty() { self.id } else { self.name },
            id: id.clone(),
            service: String::new(),
            severity: Severity::High,
            confidence: self.confidence.unwrap_or(Level::Medium),
            source: self.source,
            keywords: literals,
            pattern: Some(self.pattern),
            names: Vec::new(),
            value: None,
            judges: None,
            entropy: self.entropy.filter(|least| *least > 0.0),
            reach: Some(reach),
            paths: Vec::new(),
            allow: self.allow,
            requires,
            checksum: None,
            verify: None,
            fire: plain(self.fire),
            quiet: plain(self.quiet),
        };
        Rule::imported(definition, self.foreign)
    }
}

/// An id as ours are: lower-case letters, digits and hyphens.
fn slug(id: &str) -> String {
    let mut slug = String::new();
    for c in id.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            _ if !slug.ends_with('-') && !slug.is_empty() => slug.push('-'),
            _ => {}
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
