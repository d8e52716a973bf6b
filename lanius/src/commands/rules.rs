//! `lanius rules`: their list, and their examples at work.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use menagerie_report::{self as report, Exit};

use crate::cli::RulesCommand;
use crate::rules::examples::{Dice, expand};
use crate::rules::{self, Rule};
use crate::scan::{Engine, Scratch, Text};
use crate::verify;

pub(super) fn run(command: RulesCommand) -> anyhow::Result<Exit> {
    match command {
        RulesCommand::Test { files } => test(&files),
        RulesCommand::List => {
            let mut text = String::new();
            for rule in rules::built_in() {
                text.push_str(&format!("{}\t{}\n", rule.definition.id, rule.definition.name));
            }
            report::data(text)?;
            Ok(Exit::Fine)
        }
    }
}

/// The rules of the files, beside those of our own.
pub(super) fn load(files: &[impl AsRef<Path>]) -> anyhow::Result<Vec<Rule>> {
    let mut all = rules::built_in();
    for file in files {
        let file = file.as_ref();
        let text = fs::read_to_string(file).with_context(|| format!("the rule file {} cannot be read", file.display()))?;
        for rule in rules::parse(&file.display().to_string(), &text)? {
            // A user's rule takes the place of ours of the same id.
            all.retain(|known| known.definition.id != rule.definition.id);
            all.push(rule);
        }
    }
    Ok(all)
}

fn test(files: &[impl AsRef<Path>]) -> anyhow::Result<Exit> {
    let mut examples = rules::built_in_examples();
    let all = load(files)?;
    examples.extend(all.iter().filter(|rule| !rule.definition.fire.is_empty()).map(|rule| {
        let definition = &rule.definition;
        (definition.id.clone(), definition.fire.clone(), definition.quiet.clone())
    }));
    let unsound = all.iter().filter_map(|rule| Some((rule, verify::host(rule.definition.verify.as_ref()?).err()?)));
    let unsound = unsound.map(|(rule, refusal)| report::error(format_args!("{}: {refusal}", rule.definition.id))).count();
    let engine = Engine::new(all);
    let (mut ran, mut failed) = (0, 0);
    let mut scratch = Scratch::default();
    for (id, fire, quiet) in &examples {
        for (text, wanted) in fire.iter().map(|text| (text, true)).chain(quiet.iter().map(|text| (text, false))) {
            ran += 1;
            let expanded = expand(text, &mut Dice::new(ran))?;
            let path = engine.rules().iter().find(|rule| rule.definition.id == *id).map_or("", |rule| example_path(rule));
            let mut found = Vec::new();
            let _ = engine.scan(&mut scratch, &Text::whole(expanded.as_bytes(), path), &mut found);
            let ids: Vec<_> = found
                .iter()
                .filter(|found| found.confidence >= 30)
                .map(|found| engine.rules()[found.rule].definition.id.as_str())
                .collect();
            if ids.contains(&id.as_str()) != wanted {
                failed += 1;
                report::error(format_args!("{id} {} in {text:?}; found: {ids:?}", if wanted { "does not fire" } else { "fires" }));
            }
        }
    }
    report::note(format_args!("{} rules, {ran} examples, {failed} failed", engine.rules().len()));
    Ok(if failed + unsound == 0 { Exit::Fine } else { Exit::Found })
}

/// A path that the rule is for.
fn example_path(rule: &Rule) -> &str {
    rule.definition.paths.first().map_or("settings.conf", |glob| glob.trim_start_matches("**/").trim_start_matches('*'))
}
