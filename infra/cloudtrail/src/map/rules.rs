//! `resources.txt`: where each service's calls put the parts of its ARNs.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::leaves::Path;
use super::shape::Shape;

/// The table. Its head tells its grammar.
const TABLE: &str = include_str!("resources.txt");

/// Where a part of an ARN is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In `requestParameters`.
    Request(Path, Shape),
    /// In `responseElements`: looked at where the request says nothing.
    Response(Path, Shape),
    /// The text that stands for what is left out.
    Default(Box<str>),
}

/// How one type of resource is found.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    /// The type's name, in the catalogue.
    pub(super) kind: &'static str,
    /// The operation and the action that it is for, if it is not for all.
    pub(super) operation: Option<&'static str>,
    pub(super) action: Option<&'static str>,
    /// A call that names none has none, though the catalogue says that each has.
    pub(super) sure: bool,
    /// It may be another account's, and no parameter says whose.
    pub(super) shared: bool,
    /// What is known of it is said where the last part is not.
    pub(super) part: bool,
    /// Where no user is named, it is the caller.
    pub(super) own: bool,
    /// A request that says something else than `default` there is of another type.
    pub(super) unless: Vec<Path>,
    /// What is named so is of AWS, and its account is not told.
    pub(super) owned: Vec<&'static str>,
    /// A qualifier in the request may come to its ARN.
    pub(super) qualified: bool,
    /// The operations that make one.
    pub(super) makes: Vec<&'static str>,
    /// How ids of it begin, wherever they are in a request.
    pub(super) ids: Vec<&'static str>,
    /// The places of each part; without a name, of the last one or the whole ARN.
    pub(super) places: Vec<(Option<&'static str>, Place)>,
}

/// The rules of a service.
pub(super) fn of_service(service: &str) -> &'static [Rule] {
    static RULES: OnceLock<HashMap<&'static str, Vec<Rule>>> = OnceLock::new();
    RULES.get_or_init(|| read(TABLE).0).get(service).map(Vec::as_slice).unwrap_or_default()
}

/// The rule for a type of resource as an action of an operation needs it.
pub(super) fn find(service: &str, kind: &str, operation: &str, action: &str) -> Option<&'static Rule> {
    of_service(service)
        .iter()
        .filter(|rule| {
            rule.kind.eq_ignore_ascii_case(kind)
                && rule.operation.is_none_or(|one| one.eq_ignore_ascii_case(operation))
                && rule.action.is_none_or(|one| one.eq_ignore_ascii_case(action))
        })
        .max_by_key(|rule| (rule.action.is_some(), rule.operation.is_some()))
}

/// The rules of a table, and the lines that are none.
fn read(table: &'static str) -> (HashMap<&'static str, Vec<Rule>>, Vec<&'static str>) {
    let (mut rules, mut faults, mut service) = (HashMap::<_, Vec<Rule>>::new(), Vec::new(), "");
    for line in table.lines() {
        let line = line.split_once('#').map_or(line, |(line, _)| line).trim();
        if let Some(name) = line.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            service = name;
        } else if !line.is_empty() {
            match rule(line) {
                Some(rule) => rules.entry(service).or_default().push(rule),
                None => faults.push(line),
            }
        }
    }
    (rules, faults)
}

fn rule(line: &'static str) -> Option<Rule> {
    let (head, places) = line.split_once(" :").or_else(|| line.strip_suffix(':').map(|head| (head, "")))?;
    let mut flags = head.split(" +");
    let name = flags.next()?.trim();
    let (kind, scope) = name.split_once('@').map_or((name, None), |(kind, scope)| (kind, Some(scope)));
    let (operation, action) = match scope.map(|scope| scope.split_once('>').unwrap_or((scope, ""))) {
        Some((operation, action)) => ((!operation.is_empty()).then_some(operation), (!action.is_empty()).then_some(action)),
        None => (None, None),
    };
    let mut rule = Rule { kind, operation, action, ..Rule::default() };
    for flag in flags {
        let (flag, list) = flag.trim().split_once('(').map_or((flag.trim(), ""), |(flag, list)| (flag, list.trim_end_matches(')')));
        let list = || -> Vec<&'static str> { list.split(',').collect() };
        match flag {
            "sure" => rule.sure = true,
            "shared" => rule.shared = true,
            "part" => rule.part = true,
            "own" => rule.own = true,
            "qualified" => rule.qualified = true,
            "unless" => rule.unless = list().into_iter().map(Path::new).collect(),
            "owned" => rule.owned = list(),
            "makes" => rule.makes = list(),
            "id" => rule.ids = list(),
            _ => return None,
        }
    }
    for field in places.split_ascii_whitespace() {
        let (part, places) = field.split_once('=').map_or((None, field), |(part, places)| (Some(part), places));
        for place in places.split('|') {
            rule.places.push((part, self::place(place)?));
        }
    }
    Some(rule)
}

fn place(text: &str) -> Option<Place> {
    if let Some(default) = text.strip_prefix('!') {
        return Some(Place::Default(default.into()));
    }
    let (path, shape) = match text.split_once('@') {
        Some((path, shape)) => (path, Shape::new(shape)?),
        None => (text, Shape::Plain),
    };
    Some(match path.strip_prefix('>') {
        Some(path) => Place::Response(Path::new(path), shape),
        None => Place::Request(Path::new(path), shape),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use menagerie_policy::data::catalogue;

    use super::*;
    use crate::map::arn::Format;

    #[test]
    fn every_line_of_the_table_is_a_rule_of_what_the_catalogue_has() {
        let (rules, faults) = read(TABLE);
        assert!(faults.is_empty(), "{faults:#?}");
        for (service, rules) in &rules {
            let known = catalogue().service(service).unwrap_or_else(|| panic!("no service {service}"));
            for rule in rules {
                let kind = known.resource_type(rule.kind).unwrap_or_else(|| panic!("{service} has no type {}", rule.kind));
                let parts: Vec<_> = kind.arn.split(", ").flat_map(|arn| Format::new(arn).1).collect();
                for (part, _) in &rule.places {
                    let known = part.is_none_or(|part| part == "Account" || parts.contains(&part));
                    assert!(known, "{service} {}: {part:?} is not in {}", rule.kind, kind.arn);
                }
                if let Some(action) = rule.action {
                    assert!(known.action(action).is_some(), "{service} {}: no action {action}", rule.kind);
                }
                for operation in rule.makes.iter().copied().chain(rule.operation) {
                    let operation = catalogue().operation(&format!("{service}.amazonaws.com"), operation);
                    assert!(operation.call().is_some(), "{service} {}: {operation:?}", rule.kind);
                }
            }
        }
        assert!(rules.len() >= 60, "{} services", rules.len());
    }

    #[test]
    fn the_narrowest_rule_is_found() {
        assert_eq!(find("s3", "object", "CopyObject", "GetObject").unwrap().action, Some("GetObject"));
        assert_eq!(find("s3", "object", "GetObject", "GetObject").unwrap().action, None);
        assert!(find("s3", "no such", "GetObject", "GetObject").is_none());
    }
}
