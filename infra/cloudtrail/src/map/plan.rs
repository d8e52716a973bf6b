//! What is known of a call before any event of it is read: its actions, the formats of the ARNs that they take, and where the parts of
//! these are to be looked for. Made once for each kind of call.

use std::sync::Arc;

use menagerie_policy::data::{self, Operation, OperationAction, Unknown, catalogue};

use super::arn::Format;
use super::leaves::Path;
use super::roles::Roles;
use super::rules::{self, Place};
use super::shape::Shape;
use super::types::{self, Known};
use super::{How, Reason};

/// How calls of one name are mapped.
#[derive(Debug)]
pub(super) enum Plan {
    Unmapped(Reason),
    Steps(Steps),
}

/// The actions of a call, and the roles that it hands over.
#[derive(Debug)]
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) roles: Option<Roles>,
    /// Whether the request must be read.
    pub(super) reads: bool,
}

/// One action.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) action: Arc<str>,
    pub(super) how: How,
    /// The parameter whose presence asks for it.
    pub(super) when: Option<Path>,
    /// The types of resource that it takes.
    pub(super) kinds: Vec<Kind>,
    /// Where each id is of one of these types, which the id alone tells.
    pub(super) each: Option<Path>,
}

/// One type of resource of an action.
#[derive(Debug, Default)]
pub(super) struct Kind {
    pub(super) formats: Vec<Form>,
    /// Formats of other types that tell more: what fits one of these is not of this type.
    pub(super) rivals: Arc<[Format]>,
    pub(super) required: bool,
    /// That a request has no place for it, or leaves it out, means that it has none.
    pub(super) sure: bool,
    pub(super) shared: bool,
    pub(super) part: bool,
    pub(super) own: bool,
    pub(super) makes: Makes,
    pub(super) qualified: bool,
    /// The rule is for this action of this operation: what the event lists as its resources is of another.
    pub(super) scoped: bool,
    pub(super) ids: &'static [&'static str],
    pub(super) unless: &'static [Path],
    /// How what AWS owns is named.
    pub(super) owned: &'static [&'static str],
    /// Where another account's id may be.
    pub(super) accounts: Vec<(Path, Shape)>,
    /// Where responses have it.
    pub(super) answers: Vec<(Path, Shape)>,
}

/// Whether a call makes one of a type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Makes {
    #[default]
    No,
    /// By its name, if it names none.
    Named,
    /// Whatever else it names.
    Always,
}

/// One format of a type's ARN.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) format: Format,
    pub(super) slots: Vec<Slot>,
}

/// Where to look for one part.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) places: Vec<(Path, Shape)>,
    /// Names of the request's own members that tell it, in small letters and digits, sorted.
    pub(super) names: Vec<String>,
    pub(super) default: Option<Box<str>>,
}

impl Plan {
    pub(super) fn of(source: &str, name: &str) -> Self {
        let operation = catalogue().operation(source, name);
        let call = match operation {
            Operation::Authorised(call) => call,
            Operation::Free(_) => return Self::Unmapped(Reason::Free),
            Operation::Unknown(Unknown::Source) => return Self::Unmapped(Reason::UnknownSource),
            Operation::Unknown(Unknown::Name) => return Self::Unmapped(Reason::UnknownName),
            Operation::Unknown(Unknown::Actions(_)) => return Self::Unmapped(Reason::UnknownActions),
        };
        let parameters: Vec<String> = call.parameters().filter(|path| !path.contains('.')).map(plain).collect();
        let roles = Roles::of(source, call);
        let steps: Vec<Step> =
            call.actions().filter(|action| !is_pass_role(action)).map(|action| step(&action, call.name(), &parameters)).collect();
        let reads = roles.is_some() || steps.iter().any(|step| step.when.is_some() || !step.kinds.is_empty());
        Self::Steps(Steps { steps, roles, reads })
    }
}

fn is_pass_role(action: &OperationAction) -> bool {
    action.service == "iam" && action.name == "PassRole" && action.how != data::How::Direct
}

fn step(action: &OperationAction, operation: &str, parameters: &[String]) -> Step {
    let how = match action.how {
        data::How::Direct => How::Direct,
        data::How::Possible => How::Possible,
        data::How::Dependent => How::Dependent,
    };
    let service = catalogue().service(action.service);
    let known = service.and_then(|service| service.action(action.name));
    let each =
        (action.service == "ec2" && matches!(action.name, "CreateTags" | "DeleteTags")).then(|| Path::new("resourcesSet.resourceId"));
    let kinds = match (service, known) {
        (Some(_), Some(_)) if action.service == "apigateway" && METHODS.contains(&action.name) => vec![Kind::below(&APIS)],
        (Some(service), Some(known)) => {
            let types = types::of(service);
            let of_type = |one: data::ActionResource| {
                let name = one.resource_type.name;
                types.get(name).map(|known| kind(service.prefix(), (name, known), one.required, operation, action.name, parameters))
            };
            known.resources().filter_map(of_type).collect()
        }
        _ => Vec::new(),
    };
    Step { action: format!("{}:{}", action.service, action.name).into(), how, when: action.when.map(Path::new), kinds, each }
}

/// Actions of API Gateway, which are HTTP's methods: what they are on is the path of the request, which CloudTrail does not show.
const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
/// What all of a call's path is below, and where its id is.
const APIS: [(&str, &str); 5] = [
    ("arn:${Partition}:apigateway:${Region}::/restapis/${RestApiId}${Rest}", "restApiId"),
    ("arn:${Partition}:apigateway:${Region}::/apis/${ApiId}${Rest}", "apiId"),
    ("arn:${Partition}:apigateway:${Region}::/domainnames/${DomainName}${Rest}", "domainName"),
    ("arn:${Partition}:apigateway:${Region}::/usageplans/${UsagePlanId}${Rest}", "usagePlanId"),
    ("arn:${Partition}:apigateway:${Region}::/apikeys/${ApiKey}${Rest}", "apiKey"),
];

impl Kind {
    /// One that is told as far as what it is below.
    fn below(formats: &[(&'static str, &str)]) -> Self {
        let formats = formats.iter().map(|(arn, name)| Form {
            format: Format::new(arn).0,
            slots: vec![Slot { places: vec![(Path::new(name), Shape::Plain)], ..Slot::default() }, Slot::default()],
        });
        Self { formats: formats.collect(), required: true, part: true, ..Self::default() }
    }
}

fn kind(
    service: &str,
    (name, known): (&'static str, &Known),
    required: bool,
    operation: &str,
    action: &str,
    parameters: &[String],
) -> Kind {
    let rule = rules::find(service, name, operation, action);
    let mut kind = Kind {
        formats: Vec::new(),
        rivals: Arc::clone(&known.rivals),
        required: required && !rule.is_some_and(|rule| rule.sure),
        sure: rule.is_some(),
        shared: rule.is_some_and(|rule| rule.shared),
        part: rule.is_some_and(|rule| rule.part),
        own: rule.is_some_and(|rule| rule.own),
        makes: match rule {
            Some(rule) if rule.makes.iter().any(|one| one.eq_ignore_ascii_case(operation)) => Makes::Always,
            _ if makes(operation, name) => Makes::Named,
            _ => Makes::No,
        },
        qualified: rule.is_some_and(|rule| rule.qualified),
        scoped: rule.is_some_and(|rule| rule.action.is_some()),
        ids: rule.map(|rule| rule.ids.as_slice()).unwrap_or_default(),
        unless: rule.map(|rule| rule.unless.as_slice()).unwrap_or_default(),
        owned: rule.map(|rule| rule.owned.as_slice()).unwrap_or_default(),
        accounts: Vec::new(),
        answers: Vec::new(),
    };
    for (format, names) in &known.formats {
        let last = names.len().saturating_sub(1);
        let slots = names.iter().enumerate().map(|(at, part_name)| {
            let is_last = at == last;
            let mut slot = Slot::default();
            for (part, place) in rule.map(|rule| rule.places.as_slice()).unwrap_or_default() {
                if part.is_none_or(|part| part == *part_name) && (part.is_some() || is_last) {
                    match place {
                        Place::Request(path, shape) => slot.places.push((path.clone(), shape.clone())),
                        Place::Response(..) => {}
                        Place::Default(text) => slot.default = Some(text.clone()),
                    }
                }
            }
            // A rule's places are all that there are; otherwise names that say the part, or the type.
            if slot.places.is_empty() && kind.ids.is_empty() {
                slot.names = likely_names(part_name, is_last.then_some(name), operation);
            }
            slot
        });
        let slots: Vec<Slot> = slots.collect();
        // The request has a place for it, so that what is not there was not meant.
        kind.sure |= slots.last().is_none_or(|slot| slot.names.iter().any(|name| parameters.contains(name)));
        kind.formats.push(Form { format: format.clone(), slots });
    }
    for (part, place) in rule.map(|rule| rule.places.as_slice()).unwrap_or_default() {
        match (part, place) {
            (Some("Account"), Place::Request(path, shape)) => kind.accounts.push((path.clone(), shape.clone())),
            (_, Place::Response(path, shape)) => kind.answers.push((path.clone(), shape.clone())),
            _ => {}
        }
    }
    kind
}

/// Whether an operation makes one of a type: `CreateFileSystem` a `file-system`.
fn makes(operation: &str, kind: &str) -> bool {
    const VERBS: [&str; 8] = ["create", "copy", "import", "allocate", "register", "request", "provision", "start"];
    let (operation, kind) = (plain(operation), plain(kind));
    VERBS.iter().any(|verb| operation.strip_prefix(verb).is_some_and(|noun| noun == kind))
}

/// The names of members that tell a part: the part's own, with the ending that says what it is, and the type's. An id is not told by a name,
/// for the two differ where a service has both.
fn likely_names(part: &str, kind: Option<&str>, operation: &str) -> Vec<String> {
    let part = plain(part);
    let (mut stems, mut endings) = (vec![part.clone()], vec!["", "identifier", "arn", "name", "id"]);
    for (ending, others) in [
        ("namewithpath", &["name"][..]),
        ("name", &["", "name", "identifier", "arn", "id"][..]),
        ("resourceid", &["id", "identifier", "arn"][..]),
        ("identifier", &["identifier", "arn", "id"][..]),
        ("id", &["id", "identifier", "arn"][..]),
        ("arn", &["arn"][..]),
    ] {
        if let Some(stem) = part.strip_suffix(ending) {
            endings = others.to_vec();
            stems = if stem.is_empty() { Vec::new() } else { vec![stem.to_owned()] };
            break;
        }
    }
    let mut names = vec![part];
    if let Some(kind) = kind.map(plain) {
        names.extend([
            kind.clone(),
            "resource".to_owned(),
            "resourcearn".to_owned(),
            "resourcearnlist".to_owned(),
            "resourcearns".to_owned(),
        ]);
        // `DeleteTrail` of `name` names the trail.
        let object = plain(operation);
        if object.ends_with(&kind) || object.ends_with(&format!("{kind}s")) {
            stems.push(String::new());
        }
        names.push("arn".to_owned());
        stems.push(kind);
    }
    for stem in stems {
        names.extend(endings.iter().filter(|ending| !(stem.is_empty() && ending.is_empty())).map(|ending| format!("{stem}{ending}")));
    }
    names.extend(names.clone().into_iter().map(|name| name + "s"));
    names.sort_unstable();
    names.dedup();
    names
}

/// A name's letters and digits, small.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_parts_and_types() {
        let names = likely_names("DbInstanceName", Some("db"), "DeleteDBInstance");
        for name in ["dbinstanceidentifier", "dbinstancename", "resourcearn", "dbarn"] {
            assert!(names.iter().any(|one| one == name), "{name} of {names:?}");
        }
        let names = likely_names("ConfigRuleId", Some("ConfigRule"), "DeleteConfigRule");
        assert!(!names.iter().any(|name| name == "configrulename" || name == "name"), "{names:?}");
        let names = likely_names("TrailName", Some("trail"), "DeleteTrail");
        assert!(names.iter().any(|name| name == "name"), "{names:?}");
        assert!(!likely_names("TrailName", Some("trail"), "LookupEvents").iter().any(|name| name == "name"));
    }

    #[test]
    fn what_makes_what_is_told_by_the_name() {
        assert!(makes("CreateFileSystem", "file-system") && makes("CopySnapshot", "snapshot"));
        assert!(!makes("DeleteFileSystem", "file-system") && !makes("CreateFileSystemPolicy", "file-system"));
    }
}
