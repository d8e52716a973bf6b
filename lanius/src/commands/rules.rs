//! `lanius rules`: their list, and their examples at work.

use std::path::{Path, PathBuf};

use anstyle::Style;
use anyhow::{Context as _, bail};
use menagerie_report::{self as report, Exit, count, shown};

use crate::cli::{ListFormat, RulesCommand};
use crate::durable;
use crate::rules::examples::{Dice, expand};
use crate::rules::{self, Definition, Rule};
use crate::scan::{Engine, Scratch, Text};
use crate::verify;

/// The longest rule file that is read.
const LONGEST: u64 = 64 << 20;
/// How many rule files are named in place of one that is not there.
const SUGGESTED: usize = 5;

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

/// The text of a rule file.
pub(super) fn text(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let text = durable::read(file, LONGEST, true).with_context(|| format!("the rule file {shown} cannot be read"))?;
    let Some(text) = text else {
        let near = neighbours(file);
        let near = if near.is_empty() { String::new() } else { format!("; the folder has {}", near.join(", ")) };
        bail!(
            "there is no rule file {shown}{near}. Beside files, `--rules` knows one name: `pii`, for personal data; the rules that \
             `lanius rules list` names are always on"
        );
    };
    Ok(text)
}

/// Rule files in the folder of one that is not there.
fn neighbours(file: &Path) -> Vec<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_rules = |path: &PathBuf| path.extension().is_some_and(|end| ["toml", "yaml", "yml"].iter().any(|known| end == *known));
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let listed = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).filter(is_rules);
    let mut near: Vec<_> = listed
        .map(|path| path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned())
        .map(|name| (!name.to_ascii_lowercase().contains(&stem), shown(&name).into_owned()))
        .collect();
    near.sort();
    near.into_iter().take(SUGGESTED).map(|(_, name)| name).collect()
}

/// The rules of the files, beside those of our own.
pub(super) fn load(files: &[impl AsRef<Path>]) -> anyhow::Result<Vec<Rule>> {
    let mut all = rules::built_in();
    for file in files {
        let file = file.as_ref();
        let text = text(file)?;
        let imported = rules::import::read(&file.display().to_string(), &text)?;
        for note in &imported.notes {
            report::warning(format_args!("{}: {}", file.display(), shown(note)));
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
    report::note(format_args!("{}, {}, {failed} failed", count(engine.rules().len(), "rule", "rules"), count(ran, "example", "examples")));
    Ok(if failed + unsound == 0 { Exit::Fine } else { Exit::Found })
}

/// A path that the rule is for.
fn example_path(rule: &Rule) -> &str {
    rule.definition.paths.first().map_or("settings.conf", |glob| glob.trim_start_matches("**/").trim_start_matches('*'))
}
