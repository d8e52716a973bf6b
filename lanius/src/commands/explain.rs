//! `lanius explain`: what a rule finds, how sure and how bad that is, an example, and what to do about a finding.

use std::fmt::Write as _;
use std::path::PathBuf;

use anstyle::Style;
use menagerie_report::{self as report, Exit, shown};

use crate::personal::Scope;
use crate::report::advice;
use crate::rules::examples::{Dice, expand};
use crate::rules::{self, Checksum, Definition};
use crate::scan::Engine;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// How many rules are named in place of one that is not there.
const SUGGESTED: usize = 8;

pub(super) fn run(id: &str, files: &[PathBuf]) -> anyhow::Result<Exit> {
    let engine = Engine::with_personal(super::rules::load(files)?, Scope::everywhere(), false);
    let all = engine.rules();
    let Some(rule) = all.iter().find(|rule| rule.definition.id == id) else {
        report::error(format_args!("there is no rule {:?}", shown(id)));
        let near = near(id, all.iter().map(|rule| rule.definition.id.as_str()));
        match near.is_empty() {
            true => report::hint("`lanius rules list` names all rules"),
            false => report::hint(format_args!("rules of a like name: {}", near.join(", "))),
        }
        return Ok(Exit::Incomplete);
    };
    report::data(text(&rule.definition)?)?;
    Ok(Exit::Fine)
}

/// The ids that have the most words of `wanted`.
fn near<'a>(wanted: &str, ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let words: Vec<String> = wanted.to_ascii_lowercase().split(['-', '_', ' ']).filter(|word| word.len() > 2).map(str::to_owned).collect();
    let score = |id: &str| words.iter().filter(|word| id.split('-').any(|part| part.starts_with(word.as_str()))).count();
    let mut ids: Vec<_> = ids.map(|id| (score(id), id)).filter(|(score, _)| *score > 0).collect();
    ids.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.len().cmp(&b.1.len())).then(a.1.cmp(b.1)));
    ids.into_iter().take(SUGGESTED).map(|(_, id)| id).collect()
}

fn text(definition: &Definition) -> anyhow::Result<String> {
    let mut text = String::new();
    let _ = writeln!(text, "{BOLD}{}{BOLD:#} {DIM}[{}]{DIM:#}\n", shown(&definition.name), definition.id);
    let mut row = |name: &str, value: &str| {
        for (number, line) in value.lines().enumerate() {
            let _ = writeln!(text, "  {BOLD}{:<11}{BOLD:#} {}", if number == 0 { name } else { "" }, shown(line));
        }
    };
    row("service", if definition.service.is_empty() { "any" } else { &definition.service });
    row("severity", &format!("{:?}", definition.severity).to_lowercase());
    let confidence = format!("{:?}", definition.confidence).to_lowercase();
    let judged = definition.judges.is_some();
    row("confidence", &if judged { "judged for each value in its context".to_owned() } else { format!("{confidence}, from its shape") });
    row("looks for", &advice::shape(definition));
    for other in &definition.requires {
        row("near", &format!("{} within {}", other.pattern, report::count(other.within, "line", "lines")));
    }
    if let Some(entropy) = definition.entropy {
        row("entropy", &format!("at least {entropy} bits a character"));
    }
    if !definition.paths.is_empty() {
        row("only in", &definition.paths.join(", "));
    }
    if let Some(checksum) = definition.checksum {
        row("checked", checked(checksum));
    }
    if let Some(example) = example(definition)? {
        row("example", &example);
    }
    if !definition.source.is_empty() {
        row("documented", &definition.source);
    }
    row("revoke", &advice::revoke(definition));
    match &definition.verify {
        Some(verify) => row("verify", &format!("{}; {}", advice::by_hand(verify), verify.source)),
        None => row("verify", "with the service, by its owner: there is no call that only tells whether it lives"),
    }
    row(
        "waive",
        &format!(
            "a comment `lanius:allow {} -- why` in its line; for many, a baseline or an allow-list of paths, values or this rule, with an \
             owner and an end",
            definition.id
        ),
    );
    Ok(text)
}

fn checked(checksum: Checksum) -> &'static str {
    match checksum {
        Checksum::GithubCrc32 | Checksum::NpmCrc32 => {
            "its last six characters are a checksum of the rest; a wrong one lowers the confidence"
        }
        Checksum::Jwt => "its header must be JSON that names an algorithm",
        Checksum::AwsKeyId => "its characters hold the number of the account",
        Checksum::Pem => "its body is read as a key",
    }
}

/// The rule's first example, made anew, so that it is nobody's.
fn example(definition: &Definition) -> anyhow::Result<Option<String>> {
    let built_in = rules::built_in_examples().into_iter().find(|(id, ..)| *id == definition.id).map(|(_, fire, _)| fire);
    let first = definition.fire.first().cloned().or_else(|| built_in?.into_iter().next());
    Ok(first.map(|text| expand(&text, &mut Dice::new(1))).transpose()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn rules_of_a_like_name_are_found() {
        let ids = ["github-pat-classic", "github-oauth-token", "slack-token"];
        assert_eq!(near("github-pat", ids.into_iter()), ["github-pat-classic", "github-oauth-token"]);
        assert!(near("x", ids.into_iter()).is_empty());
    }

    #[test]
    fn every_rule_can_be_explained() {
        for rule in rules::built_in() {
            let text = text(&rule.definition).unwrap();
            assert!(text.contains("revoke") && text.contains("example"), "{}", rule.definition.id);
        }
    }
}
