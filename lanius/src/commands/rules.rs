//! `lanius rules`: their list, and their examples at work.

use std::fs;
use std::path::Path;

use anstyle::Style;
use anyhow::Context as _;
use menagerie_report::{self as report, Exit};

use crate::cli::{ListFormat, RulesCommand};
use crate::rules::examples::{Dice, expand};
use crate::rules::{self, Definition, Rule};
use crate::scan::{Engine, Scratch, Text};
use crate::verify;

pub(super) fn run(command: RulesCommand) -> anyhow::Result<Exit> {
    match command {
        RulesCommand::Test { files } => test(&files),
        RulesCommand::List { format } => list(format),
    }
}

/// All rules: a table, or one object.
fn list(format: ListFormat) -> anyhow::Result<Exit> {
    let all = rules::built_in();
    if format == ListFormat::Json {
        let rules: Vec<_> = all.iter().map(|rule| described(&rule.definition)).collect();
        let list = serde_json::json!({ "schema": "lanius.rules/1", "tool_version": env!("CARGO_PKG_VERSION"), "rules": rules });
        report::json(&list)?;
        return Ok(Exit::Fine);
    }
    let width = |of: fn(&Definition) -> &str| all.iter().map(|rule| of(&rule.definition).chars().count()).max().unwrap_or_default();
    let (ids, services) = (width(|rule| &rule.id), width(|rule| &rule.service));
    let bold = Style::new().bold();
    let mut text = format!("{bold}{:ids$}  {:services$}  {:8}  {:10}  finds{bold:#}\n", "rule", "service", "severity", "confidence");
    for Definition { id, name, service, severity, confidence, .. } in all.iter().map(|rule| &rule.definition) {
        let (severity, confidence) = (format!("{severity:?}").to_lowercase(), format!("{confidence:?}").to_lowercase());
        text.push_str(&format!("{id:ids$}  {service:services$}  {severity:8}  {confidence:10}  {name}\n"));
    }
    report::data(text)?;
    Ok(Exit::Fine)
}

fn described(rule: &Definition) -> serde_json::Value {
    serde_json::json!({
        "id": rule.id,
        "name": rule.name,
        "service": rule.service,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "source": rule.source,
        "checksum": rule.checksum,
        "verifies": rule.verify.is_some(),
    })
}

/// The rules of the files, beside those of our own.
pub(super) fn load(files: &[impl AsRef<Path>]) -> anyhow::Result<Vec<Rule>> {
    let mut all = rules::built_in();
    for file in files {
        let file = file.as_ref();
        let text = fs::read_to_string(file).with_context(|| format!("the rule file {} cannot be read", file.display()))?;
        let imported = rules::import::read(&file.display().to_string(), &text)?;
        for note in &imported.notes {
            report::warning(format_args!("{}: {}", file.display(), report::shown(note)));
        }
        for rule in imported.rules {
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
