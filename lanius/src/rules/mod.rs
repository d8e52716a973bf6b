//! Rules: what a credential looks like. Those of our own are embedded when the program is built; users add theirs as TOML of the
//! same form (`lanius/rules` holds examples of every field).

mod checksum;
pub mod examples;
mod foreign;
mod format;
pub mod import;
pub(crate) mod lines;
pub(crate) mod pem;
mod shape;
mod version;

use std::ops::Range;
use std::sync::OnceLock;

use globset::{Glob, GlobSet, GlobSetBuilder};
use menagerie_finding::Severity;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

pub use checksum::{Verdict, aws_account};
pub use foreign::{Foreign, Least};
pub use format::{Checksum, Companion, Definition, Level, Meaning, RuleFile, Verify};
pub use import::Imported;
pub use shape::{entropy, is_placeholder};
pub use version::version;

/// How long a match may be where a rule does not say.
const REACH: u32 = 512;
/// The longest reach that a rule may declare: a private key of 16,384 bits in PEM, with room.
const LONGEST_REACH: u32 = 32 * 1024;
/// What a regular expression may take, compiled.
const PATTERN_BYTES: usize = 4 << 20;

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not TOML of this form.
    #[error("the rule file {name} cannot be read: {reason}")]
    File {
        /// Its name.
        name: String,
        /// What the parser said.
        reason: String,
    },
    /// A regular expression of a rule cannot be used.
    #[error("the rule {id}: the pattern {pattern:?} cannot be used: {reason}")]
    Pattern {
        /// The rule's name.
        id: String,
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What is wrong, and where.
    #[error("{place}: {what}")]
    At {
        /// The file, and the line if it is known.
        place: String,
        /// What is wrong.
        what: Box<Error>,
    },
    /// A rule is not sound.
    #[error("the rule {id}: {reason}")]
    Rule {
        /// Its name.
        id: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

/// A rule, ready to run. Its patterns are compiled when they are first needed.
#[derive(Debug)]
pub struct Rule {
    /// As it was written.
    pub definition: Definition,
    /// Whether a match begins with its keyword, so that the pattern is tried in one place only.
    leads: bool,
    /// Whether the secret is a part of the match.
    grouped: bool,
    /// Whether a match is one block of PEM.
    armoured: bool,
    pattern: OnceLock<Option<Regex>>,
    allow: OnceLock<RegexSet>,
    requires: OnceLock<Vec<Regex>>,
    paths: Option<GlobSet>,
    foreign: Option<Foreign>,
}

fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build()
}

/// What is said of a pattern that cannot be used.
fn unusable(id: &str, pattern: &str, error: &dyn std::error::Error) -> Error {
    Error::Pattern { id: id.to_owned(), pattern: pattern.to_owned(), reason: error.to_string() }
}

impl Rule {
    /// A rule whose soundness was tested before: one of our own.
    fn trusted(definition: Definition) -> Self {
        let leads = definition.pattern.as_deref().is_some_and(|pattern| begins_with(pattern, &definition.keywords));
        let grouped = definition.pattern.as_deref().is_some_and(|pattern| pattern.contains("<secret>"));
        let armoured = definition.pattern.as_deref().is_some_and(pem::is_of_blocks);
        let paths = (!definition.paths.is_empty()).then(|| globs(&definition.paths).unwrap_or_default());
        Self {
            definition,
            leads,
            grouped,
            armoured,
            pattern: OnceLock::new(),
            allow: OnceLock::new(),
            requires: OnceLock::new(),
            paths,
            foreign: None,
        }
    }

    /// A rule that stands for a detector of personal data; it has no pattern.
    #[must_use]
    pub fn of_personal_data(definition: Definition) -> Self {
        Self::trusted(definition)
    }

    /// Whether it stands for personal data.
    #[must_use]
    pub fn is_of_personal_data(&self) -> bool {
        self.definition.id.starts_with("pii-")
    }

    /// A rule from outside.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(definition: Definition) -> Result<Self, Error> {
        Self::checked(definition, None)
    }

    /// A rule that another tool's file holds. Without keywords, it is tried on every line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn imported(definition: Definition, foreign: Foreign) -> Result<Self, Error> {
        Self::checked(definition, Some(foreign))
    }

    fn checked(definition: Definition, foreign: Option<Foreign>) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Rule { id: definition.id.clone(), reason };
        if definition.id.is_empty() || !definition.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            return Err(wrong("its id must be of lower-case letters, digits and hyphens".to_owned()));
        }
        match (&definition.pattern, &definition.value) {
            (Some(_), None) if definition.keywords.is_empty() && foreign.is_none() => {
                return Err(wrong("a rule with a `pattern` needs `keywords`: literals, one of which stands in every match".to_owned()));
            }
            (None, Some(_)) if definition.names.is_empty() => {
                return Err(wrong("a rule with a `value` needs `names`: literals that stand in the name beside the value".to_owned()));
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => return Err(wrong("it needs either `pattern` with `keywords`, or `value` with `names`".to_owned())),
        }
        if let Some(short) = definition.keywords.iter().chain(&definition.names).find(|literal| literal.len() < 3) {
            return Err(wrong(format!("the literal {short:?} is shorter than three bytes, which would be found everywhere")));
        }
        if definition.reach.is_some_and(|reach| reach == 0 || reach > LONGEST_REACH) {
            return Err(wrong(format!("`reach` must be from 1 to {LONGEST_REACH} bytes")));
        }
        let patterns = definition.pattern.iter().chain(&definition.value).chain(&definition.allow);
        for pattern in patterns.chain(definition.requires.iter().map(|companion| &companion.pattern)) {
            compile(pattern).map_err(|error| unusable(&definition.id, pattern, &error))?;
        }
        globs(&definition.paths).map_err(|error| wrong(error.to_string()))?;
        let leads = foreign.is_none();
        let rule = Self::trusted(definition);
        Ok(Self { leads: rule.leads && leads, foreign, ..rule })
    }

    /// The longest match, in bytes.
    #[must_use]
    pub fn reach(&self) -> usize {
        self.definition.reach.unwrap_or(REACH) as usize
    }

    /// Whether a match begins with the keyword.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.leads
    }

    /// Whether a match is one block of PEM, from what opens it to what closes it.
    #[must_use]
    pub fn is_armoured(&self) -> bool {
        self.armoured && self.foreign.is_none()
    }

    /// The pattern, or that of the value; anchored at the beginning where the place is known.
    #[must_use]
    pub fn pattern(&self) -> Option<&Regex> {
        let made = self.pattern.get_or_init(|| match (&self.definition.pattern, &self.definition.value) {
            (Some(pattern), _) if self.leads => compile(&format!("^(?:{pattern})")).ok(),
            (Some(pattern), _) => compile(pattern).ok(),
            (None, Some(value)) => compile(&format!("^(?:{value})")).ok(),
            (None, None) => None,
        });
        made.as_ref()
    }

    /// The first match from `at` on: all of it, and the secret in it.
    #[must_use]
    pub fn find_at(&self, text: &[u8], at: usize) -> Option<(Range<usize>, Range<usize>)> {
        let pattern = self.pattern()?;
        if let Some(foreign) = &self.foreign {
            let captures = pattern.captures_at(text, at)?;
            let whole = captures.get(0)?.range();
            let secret = foreign.secret(&captures).map_or(whole.clone(), |secret| secret.range());
            return Some((whole, secret));
        }
        if !self.grouped {
            return pattern.find_at(text, at).map(|whole| (whole.range(), whole.range()));
        }
        let captures = pattern.captures_at(text, at)?;
        let whole = captures.get(0)?.range();
        let secret = captures.name("secret").map_or(whole.clone(), |secret| secret.range());
        Some((whole, secret))
    }

    /// Whether this secret is one that the rule lets pass.
    #[must_use]
    pub fn allows(&self, secret: &[u8]) -> bool {
        if self.definition.allow.is_empty() {
            return false;
        }
        let set = self.allow.get_or_init(|| {
            RegexSetBuilder::new(&self.definition.allow)
                .unicode(false)
                .size_limit(PATTERN_BYTES)
                .build()
                .unwrap_or_else(|_| RegexSet::empty())
        });
        set.is_match(secret)
    }

    /// The patterns that must stand near, with the distance in lines.
    pub fn companions(&self) -> impl Iterator<Item = (&Regex, u32)> {
        let compiled =
            self.requires.get_or_init(|| self.definition.requires.iter().filter_map(|other| compile(&other.pattern).ok()).collect());
        compiled.iter().zip(self.definition.requires.iter().map(|companion| companion.within))
    }

    /// Whether the rule is for files of this path.
    #[must_use]
    pub fn is_for(&self, path: &str) -> bool {
        self.paths.as_ref().is_none_or(|paths| paths.is_match(path)) && self.foreign.as_ref().is_none_or(|foreign| foreign.is_for(path))
    }

    /// Whether the rule is for some paths only.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.paths.is_some() || self.foreign.as_ref().is_some_and(Foreign::is_bound)
    }

    /// What the rule asks beyond our own form, if it is another tool's.
    #[must_use]
    pub fn foreign(&self) -> Option<&Foreign> {
        self.foreign.as_ref()
    }

    /// What the value itself says.
    #[must_use]
    pub fn check(&self, secret: &[u8]) -> Verdict {
        self.definition.checksum.map_or(Verdict::Unknown, |checksum| checksum::check(checksum, secret))
    }
}

fn globs(paths: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for path in paths {
        set.add(Glob::new(path)?);
    }
    set.build()
}

/// Whether every match of `pattern` begins with one of `keywords`, as far as its text plainly says.
fn begins_with(pattern: &str, keywords: &[String]) -> bool {
    let pattern = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    let pattern = pattern.strip_prefix("(?P<secret>").or_else(|| pattern.strip_prefix("(?<secret>")).unwrap_or(pattern);
    if keywords.len() != 1 || top_level_alternatives(pattern) {
        return false;
    }
    let literal: String = pattern.replace("\\.", ".").replace("\\-", "-").replace("\\/", "/").replace("\\$", "$").replace("\\+", "+");
    let Some(begin) = literal.get(..keywords[0].len()) else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-:/=\"'@#.$+<> ".contains(c);
    let next = literal[keywords[0].len()..].chars().next();
    // A character that is optional is no part of every match.
    let optional = matches!(next, Some('?' | '*' | '{'));
    !optional && keywords[0].chars().all(plain) && begin.eq_ignore_ascii_case(&keywords[0])
}

/// Whether a pattern has a `|` outside of any group.
fn top_level_alternatives(pattern: &str) -> bool {
    let (mut depth, mut class, mut escaped) = (0_usize, false, false);
    for c in pattern.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => class = false,
            _ if class => {}
            '[' => class = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

impl Definition {
    /// A definition with nothing but its names and levels.
    #[must_use]
    pub fn named(id: &str, name: &str, severity: Severity, confidence: Level) -> Self {
        let (id, name) = (id.to_owned(), name.to_owned());
        Self {
            id,
            name,
            severity,
            confidence,
            service: String::new(),
            source: String::new(),
            keywords: Vec::new(),
            pattern: None,
            names: Vec::new(),
            value: None,
            judges: None,
            entropy: None,
            reach: None,
            paths: Vec::new(),
            allow: Vec::new(),
            requires: Vec::new(),
            checksum: None,
            verify: None,
            fire: Vec::new(),
            quiet: Vec::new(),
        }
    }
}

/// The rules of our own.
#[must_use]
pub fn built_in() -> Vec<Rule> {
    let definitions: Vec<Definition> =
        postcard::from_bytes(include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"))).expect("the build script wrote this form");
    definitions.into_iter().map(Rule::trusted).collect()
}

/// The examples of our own rules: id, what fires, what does not.
#[must_use]
pub fn built_in_examples() -> Vec<(String, Vec<String>, Vec<String>)> {
    postcard::from_bytes(include_bytes!(concat!(env!("OUT_DIR"), "/examples.bin"))).expect("the build script wrote this form")
}

/// The rules of a user's file.
///
/// # Errors
/// When it is not TOML of this form, or one of the rules is not sound.
pub fn parse(name: &str, text: &str) -> Result<Vec<Rule>, Error> {
    let file: RuleFile =
        toml::from_str(text).map_err(|error| Error::File { name: lines::place(name, text, &error), reason: error.message().to_owned() })?;
    file.rule.into_iter().map(Rule::new).collect()
}
