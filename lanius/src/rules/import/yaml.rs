//! Rules in YAML: TruffleHog's custom detectors (`detectors:`), Kingfisher's and Nosey Parker's rules (`rules:`). The parser bounds
//! aliases, depth and size.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Companion, Draft, Error, Imported, NEAR, translate::from_go};
use crate::policy::{Test, Waiver, patterns};
use crate::rules::{Foreign, Least, Level};

#[derive(Deserialize)]
struct File {
    detectors: Option<Vec<Detector>>,
    rules: Option<Vec<Listed>>,
}

/// A custom detector of TruffleHog.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Detector {
    name: String,
    description: String,
    keywords: Vec<String>,
    regex: BTreeMap<String, String>,
    primary_regex_name: String,
    entropy: f32,
    exclude_words: Vec<String>,
    exclude_regexes_match: Vec<String>,
    exclude_regexes_capture: Vec<String>,
    validations: Option<BTreeMap<String, Validations>>,
    verify: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Validations {
    contains_digit: bool,
    contains_lowercase: bool,
    contains_uppercase: bool,
    contains_special_char: bool,
}

/// A rule of Kingfisher or Nosey Parker.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Listed {
    name: String,
    id: String,
    pattern: String,
    description: Option<String>,
    min_entropy: f32,
    confidence: Option<String>,
    visible: Option<bool>,
    examples: Vec<String>,
    negative_examples: Vec<String>,
    references: Vec<String>,
    pattern_requirements: Option<Requirements>,
    depends_on_rule: Option<IgnoredAny>,
    validation: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Requirements {
    min_digits: usize,
    min_uppercase: usize,
    min_lowercase: usize,
    min_special_chars: usize,
    special_chars: Option<String>,
    ignore_if_contains: Vec<String>,
    checksum: Option<IgnoredAny>,
}

/// Whether a text without a telling name is YAML of one of these forms.
pub(super) fn looks_so(text: &str) -> bool {
    text.lines().any(|line| matches!(line.trim_end(), "rules:" | "detectors:"))
}

pub(super) fn read(name: &str, text: &str) -> Result<Imported, Error> {
    let wrong = |reason: String| Error::File { name: name.to_owned(), reason };
    let options = serde_saphyr::options! { with_snippet: false };
    let file: File = serde_saphyr::from_str_with_options(text, options).map_err(|error| wrong(error.to_string()))?;
    if file.detectors.is_none() && file.rules.is_none() {
        return Err(wrong("it has neither `rules` nor `detectors`".to_owned()));
    }
    let mut imported = Imported::default();
    for detector in file.detectors.into_iter().flatten() {
        detect(name, detector, &mut imported)?;
    }
    for listed in file.rules.into_iter().flatten() {
        list(listed, &mut imported)?;
    }
    Ok(imported)
}

/// A detector whose several patterns must stand near one another becomes a rule for the first, with the others as companions.
fn detect(file: &str, detector: Detector, imported: &mut Imported) -> Result<(), Error> {
    let wrong = |reason: String| Error::Rule { id: detector.name.clone(), reason };
    let primary = match detector.regex.get_key_value(&detector.primary_regex_name).or_else(|| detector.regex.first_key_value()) {
        Some((primary, _)) if !detector.name.is_empty() => primary.clone(),
        _ => return Err(wrong("a detector needs a `name` and a `regex`".to_owned())),
    };
    let others = detector.regex.iter().filter(|(name, _)| **name != primary);
    let requires = others.map(|(_, pattern)| Companion { pattern: from_go(pattern), within: NEAR }).collect();
    let words = detector.exclude_words.iter().map(|word| format!("(?i:{})", regex::escape(word)));
    let allow = words.chain(detector.exclude_regexes_capture.iter().map(|pattern| from_go(pattern))).collect();
    if detector.verify.is_some() {
        imported.notes.push(format!("{}: its `verify` is not used; only calls that a rule of ours documents are made", detector.name));
    }
    let asks = detector.validations.as_ref().and_then(|all| all.get(&primary));
    let least = asks.map_or_else(Least::default, |asks| Least {
        digits: usize::from(asks.contains_digit),
        lower: usize::from(asks.contains_lowercase),
        upper: usize::from(asks.contains_uppercase),
        special: usize::from(asks.contains_special_char),
        specials: None,
    });
    let draft = Draft {
        id: detector.name.clone(),
        name: if detector.description.is_empty() { detector.name.clone() } else { detector.description.clone() },
        pattern: from_go(&detector.regex[&primary]),
        keywords: detector.keywords.clone(),
        entropy: Some(detector.entropy),
        allow,
        requires,
        foreign: Foreign { least, ..Foreign::default() },
        ..Draft::default()
    };
    let rule = draft.rule(&mut imported.notes)?;
    if !detector.exclude_regexes_match.is_empty() {
        let all: Vec<_> = detector.exclude_regexes_match.iter().map(|pattern| from_go(pattern)).collect();
        imported.waivers.push(Waiver {
            source: format!("{file}, exclude_regexes_match of {}", detector.name),
            rules: vec![rule.definition.id.clone()],
            all: true,
            tests: vec![Test::Matches(patterns(&all).map_err(wrong)?)],
            ..Waiver::default()
        });
    }
    imported.rules.push(rule);
    Ok(())
}

fn list(listed: Listed, imported: &mut Imported) -> Result<(), Error> {
    let id = if listed.id.is_empty() { &listed.name } else { &listed.id };
    let wrong = |reason: &str| Error::Rule { id: id.clone(), reason: reason.to_owned() };
    if id.is_empty() || listed.pattern.is_empty() {
        return Err(wrong("a rule needs an `id` and a `pattern`"));
    }
    if listed.visible == Some(false) {
        imported.notes.push(format!("{id} only serves other rules, and is left out"));
        return Ok(());
    }
    let confidence = match listed.confidence.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None => None,
        Some("low") => Some(Level::Low),
        Some("medium") => Some(Level::Medium),
        Some("high") => Some(Level::High),
        Some(_) => return Err(wrong("its confidence must be low, medium or high")),
    };
    let asks = listed.pattern_requirements.unwrap_or_default();
    if asks.checksum.is_some() {
        imported.notes.push(format!("{id}: its checksum is not computed"));
    }
    if listed.validation.is_some() {
        imported.notes.push(format!("{id}: its validation is not used; only calls that a rule of ours documents are made"));
    }
    if listed.depends_on_rule.is_some() {
        imported.notes.push(format!("{id} fires without the rule that it depends on"));
    }
    let draft = Draft {
        id: id.clone(),
        name: listed.description.filter(|_| listed.name.is_empty()).unwrap_or(listed.name),
        pattern: listed.pattern.trim_end().to_owned() + if listed.pattern.contains("(?x") { "\n" } else { "" },
        confidence,
        entropy: Some(listed.min_entropy),
        allow: asks.ignore_if_contains.iter().map(|word| format!("(?i:{})", regex::escape(word))).collect(),
        fire: listed.examples,
        quiet: listed.negative_examples,
        source: listed.references.into_iter().next().unwrap_or_default(),
        foreign: Foreign {
            least: Least {
                digits: asks.min_digits,
                upper: asks.min_uppercase,
                lower: asks.min_lowercase,
                special: asks.min_special_chars,
                specials: asks.special_chars,
            },
            ..Foreign::default()
        },
        ..Draft::default()
    };
    imported.rules.push(draft.rule(&mut imported.notes)?);
    Ok(())
}
