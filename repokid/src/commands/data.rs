//! `repokid data`: what the tables of actions and events know.

use anyhow::bail;
use menagerie_policy::data::{Action, How, Operation, Unknown, catalogue};
use menagerie_policy::pattern::ActionPattern;
use menagerie_report::{self as report, Exit, shown};
use serde_json::{Value, json};

use crate::cli::DataCommand;
use crate::verdict::Universe;

pub(super) fn run(command: &DataCommand) -> anyhow::Result<Exit> {
    match command {
        DataCommand::Explain { what, json } => match what.as_slice() {
            [source, name] => event(source, name, *json),
            [one] => match one.split_once(char::is_whitespace).or_else(|| one.split_once('/')) {
                Some((source, name)) => event(source, name.trim(), *json),
                None => action(one, *json),
            },
            _ => bail!("name one action, or an event's source and name"),
        },
        DataCommand::Versions => {
            for version in catalogue().versions() {
                report::data(format_args!("{} {}\n", version.package, version.version))?;
            }
            Ok(Exit::Fine)
        }
    }
}

fn action(text: &str, as_json: bool) -> anyhow::Result<Exit> {
    let Ok(pattern) = ActionPattern::parse(text) else {
        bail!("{text:?} is no action: write `s3:GetObject`, a pattern such as `s3:Get*`, or an event as `s3.amazonaws.com GetObject`");
    };
    let found = catalogue().expand(pattern.service(), pattern.name());
    if found.is_empty() {
        report::error(format_args!("no action that the tables know matches {}", shown(text)));
        report::hint("a policy that names it is left as it is there; `repokid data versions` says how old the tables are");
        return Ok(Exit::Found);
    }
    let universe = Universe::new();
    if as_json {
        let actions: Vec<_> = found.iter().map(|action| describe(action, &universe)).collect();
        report::json(&json!({ "schema": "repokid.data/1", "tool_version": env!("CARGO_PKG_VERSION"), "actions": actions, "errors": [] }))?;
        return Ok(Exit::Fine);
    }
    if let [action] = found.as_slice() {
        let known = describe(action, &universe);
        report::data(format_args!("{}:{}  {}\n", action.service(), action.name(), action.access_level()))?;
        if !action.description().is_empty() {
            report::data(format_args!("  {}\n", action.description()))?;
        }
        for (title, key) in [
            ("resources", "resources"),
            ("condition keys", "condition_keys"),
            ("may need", "dependents"),
            ("may be done on behalf of", "parents"),
            ("shown by", "events"),
        ] {
            let list: Vec<_> = known[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if !list.is_empty() {
                let more = list.len().saturating_sub(12);
                let tail = if more > 0 { format!(", and {more} more") } else { String::new() };
                report::data(format_args!("  {title}: {}{tail}\n", list[..list.len() - more].join(", ")))?;
            }
        }
        if known["events"].as_array().is_some_and(Vec::is_empty) {
            report::data("  no event of CloudTrail is known to show it: its use is unobservable\n")?;
        }
    } else {
        for action in &found {
            report::data(format_args!("{}:{}  {}\n", action.service(), action.name(), action.access_level()))?;
        }
        report::note(format_args!("{} actions", found.len()));
    }
    Ok(Exit::Fine)
}

fn describe(action: &Action, universe: &Universe) -> Value {
    let name = format!("{}:{}", action.service(), action.name());
    let resources: Vec<_> = action.resources().map(|resource| resource.resource_type.arn).collect();
    let keys: Vec<_> = action.condition_keys().map(|key| key.key).collect();
    let id = universe.named(&name);
    let parents: Vec<_> = id.map(|id| universe.parents(id).iter().map(|parent| universe.text(*parent)).collect()).unwrap_or_default();
    json!({
        "action": name,
        "access_level": action.access_level().to_string(),
        "description": action.description(),
        "resources": resources,
        "condition_keys": keys,
        "dependents": action.dependents().collect::<Vec<_>>(),
        "parents": parents,
        "events": shown_by(action),
        "passes_role": action.passes_role(),
    })
}

/// The events that show an action, as `group:Operation`.
fn shown_by(action: &Action) -> Vec<String> {
    let is = |service: &str, name: &str| action.service().eq_ignore_ascii_case(service) && action.name().eq_ignore_ascii_case(name);
    let mut events = Vec::new();
    for group in catalogue().groups() {
        for call in catalogue().operations(group) {
            if call.actions().any(|needed| needed.how != How::Dependent && is(needed.service, needed.name)) {
                events.push(format!("{group} {}", call.name()));
            }
        }
    }
    events
}

fn event(source: &str, name: &str, as_json: bool) -> anyhow::Result<Exit> {
    let operation = catalogue().operation(source, name);
    let (state, exit) = match operation {
        Operation::Authorised(_) => ("authorised", Exit::Fine),
        Operation::Free(_) => ("free", Exit::Fine),
        Operation::Unknown(_) => ("unknown", Exit::Found),
    };
    let how = |how: How| match how {
        How::Direct => "direct",
        How::Possible => "possible",
        How::Dependent => "dependent",
    };
    if as_json {
        let actions: Vec<_> = operation
            .actions()
            .map(|needed| json!({ "action": format!("{}:{}", needed.service, needed.name), "how": how(needed.how), "when": needed.when }))
            .collect();
        let passed: Vec<_> = operation.pass_role_parameters().map(|passed| passed.path).collect();
        report::json(&json!({
            "schema": "repokid.data/1", "tool_version": env!("CARGO_PKG_VERSION"), "source": source, "name": name, "operation": state,
            "actions": actions, "pass_role_parameters": passed, "errors": [],
        }))?;
        return Ok(exit);
    }
    match operation {
        Operation::Unknown(Unknown::Source) => report::note(format_args!("no service is known to have the event source {}", shown(source))),
        Operation::Unknown(Unknown::Name) => report::note(format_args!("{} has no operation {} that is known", shown(source), shown(name))),
        Operation::Unknown(Unknown::Actions(call)) => {
            report::note(format_args!("{} {} is known, but nothing tells what authorises it", call.group(), call.name()));
        }
        Operation::Free(call) => report::data(format_args!("{} {} needs no permission\n", call.group(), call.name()))?,
        Operation::Authorised(call) => {
            report::data(format_args!("{} {}\n", call.group(), call.name()))?;
            for needed in call.actions() {
                let word = match needed.how {
                    How::Direct => "needs",
                    How::Possible => "needs at times",
                    How::Dependent => "may need beside",
                };
                let when = needed.when.map_or(String::new(), |when| format!(", by its parameter {when}"));
                report::data(format_args!("  {word} {}:{}{when}\n", needed.service, needed.name))?;
            }
            for passed in call.pass_role_parameters() {
                report::data(format_args!("  passes the role in {}\n", passed.path))?;
            }
        }
    }
    Ok(exit)
}
