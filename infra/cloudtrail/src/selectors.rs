//! What a trail logs, from the answers of `describe-trails`, `get-trail`, `get-trail-status` and `get-event-selectors`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A kind of event: may a trail have seen it?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Question<'a> {
    /// Management or data.
    pub category: Category,
    /// The service, such as `s3.amazonaws.com`.
    pub source: &'a str,
    /// The event's name; `None` for all of them.
    pub name: Option<&'a str>,
    /// Whether it only reads; `None` if that is not known.
    pub read_only: Option<bool>,
    /// The resource's type, such as `AWS::S3::Object`, of data events.
    pub resource_type: Option<&'a str>,
    /// The one resource that is asked about; `None` for all of them.
    pub arn: Option<&'a str>,
}

/// What kind of event something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Logged unless it is excluded.
    Management,
    /// Logged where it is asked for.
    Data,
}

/// Whether events are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Logged {
    /// None of them.
    No,
    /// Some of them, or it cannot be told.
    Partly,
    /// All of them.
    Yes,
}

/// A trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// Its ARN.
    pub arn: String,
    /// Whether it logs all regions.
    pub multi_region: bool,
    /// Whether it logs all accounts of the organisation.
    pub organization: bool,
    /// Whether it logs global services (IAM, STS, CloudFront).
    pub global_services: bool,
    /// Whether digests are made.
    pub digests: bool,
    /// Whether it was described at all: nothing is known of one of which only the selectors are there.
    pub described: bool,
    /// Whether it logs now, where that was asked.
    pub logging: Option<bool>,
    /// What it logs, where that was asked.
    pub selectors: Option<Selectors>,
}

/// What a trail logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selectors {
    /// In the old form.
    Basic(Vec<Basic>),
    /// In the new one.
    Advanced(Vec<Advanced>),
}

/// A selector of the old form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Basic {
    #[serde(default = "all")]
    read_write_type: String,
    #[serde(default = "yes")]
    include_management_events: bool,
    #[serde(default)]
    data_resources: Vec<DataResource>,
    #[serde(default)]
    exclude_management_event_sources: Vec<String>,
}

fn all() -> String {
    "All".to_owned()
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataResource {
    r#type: String,
    #[serde(default)]
    values: Vec<String>,
}

/// A selector of the new form: all its fields must match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Advanced {
    field_selectors: Vec<Field>,
}

/// What one field must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Field {
    field: String,
    #[serde(default)]
    equals: Vec<String>,
    #[serde(default)]
    starts_with: Vec<String>,
    #[serde(default)]
    ends_with: Vec<String>,
    #[serde(default)]
    not_equals: Vec<String>,
    #[serde(default)]
    not_starts_with: Vec<String>,
    #[serde(default)]
    not_ends_with: Vec<String>,
}

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// It is not JSON, or a part of it is not as CloudTrail has it.
    #[error("not an answer of CloudTrail about trails: {0}")]
    Form(#[from] serde_json::Error),
    /// It is another thing.
    #[error("no trailList, Trail, EventSelectors, AdvancedEventSelectors or IsLogging is in it")]
    Nothing,
    /// It does not say of which trail it is, and there is not exactly one.
    #[error("{0} without TrailARN: it cannot be told which trail it is of")]
    WhichTrail(&'static str),
}

/// All trails that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trails(BTreeMap<String, Trail>);

impl Trails {
    /// Reads answers: one or more JSON values, one behind the other or in an array.
    ///
    /// # Errors
    /// If one of them is no answer about trails, or does not say about which.
    pub fn parse(text: &str) -> Result<Self, TrailError> {
        let mut answers = Vec::new();
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            match value? {
                Value::Array(several) => answers.extend(several),
                one => answers.push(one),
            }
        }
        let mut trails = Self::default();
        // First what the trails are, then what is said of them.
        for answer in &answers {
            for description in descriptions(answer) {
                trails.describe(serde_json::from_value(description.clone())?);
            }
        }
        let mut any = !trails.0.is_empty();
        for answer in answers {
            any |= trails.add(answer)?;
        }
        if any { Ok(trails) } else { Err(TrailError::Nothing) }
    }

    fn describe(&mut self, description: Description) {
        let trail = self.trail(&description.trail_arn);
        trail.described = true;
        trail.multi_region = description.is_multi_region_trail;
        trail.organization = description.is_organization_trail;
        trail.global_services = description.include_global_service_events;
        trail.digests = description.log_file_validation_enabled;
    }

    fn add(&mut self, answer: Value) -> Result<bool, TrailError> {
        let arn = answer.get("TrailARN").and_then(Value::as_str).map(str::to_owned);
        let only = || (self.0.len() == 1).then(|| self.0.keys().next().cloned()).flatten();
        let whose = |what| arn.clone().or_else(only).ok_or(TrailError::WhichTrail(what));
        let list = |name| answer.get(name).filter(|list| list.as_array().is_some_and(|list| !list.is_empty())).cloned();
        let mut any = answer.get("trailList").is_some();
        if let Some(list) = list("AdvancedEventSelectors") {
            let whose = whose("AdvancedEventSelectors")?;
            self.trail(&whose).selectors = Some(Selectors::Advanced(serde_json::from_value(list)?));
            any = true;
        } else if let Some(list) = list("EventSelectors") {
            let whose = whose("EventSelectors")?;
            self.trail(&whose).selectors = Some(Selectors::Basic(serde_json::from_value(list)?));
            any = true;
        }
        if let Some(logging) = answer.get("IsLogging").and_then(Value::as_bool) {
            let only = (self.0.len() == 1).then(|| self.0.keys().next().cloned()).flatten();
            let whose = arn.or(only).ok_or(TrailError::WhichTrail("IsLogging"))?;
            self.trail(&whose).logging = Some(logging);
            any = true;
        }
        Ok(any)
    }

    fn trail(&mut self, arn: &str) -> &mut Trail {
        self.0.entry(arn.to_owned()).or_insert_with(|| Trail {
            arn: arn.to_owned(),
            multi_region: false,
            organization: false,
            global_services: false,
            digests: false,
            described: false,
            logging: None,
            selectors: None,
        })
    }

    /// Takes a trail, in the place of one with its ARN.
    pub fn insert(&mut self, trail: Trail) {
        self.0.insert(trail.arn.clone(), trail);
    }

    /// The trails, in the order of their ARNs.
    pub fn iter(&self) -> impl Iterator<Item = &Trail> {
        self.0.values()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    #[serde(rename = "TrailARN")]
    trail_arn: String,
    #[serde(default)]
    is_multi_region_trail: bool,
    #[serde(default)]
    is_organization_trail: bool,
    #[serde(default)]
    include_global_service_events: bool,
    #[serde(default)]
    log_file_validation_enabled: bool,
}

fn descriptions(answer: &Value) -> Vec<&Value> {
    let several = answer.get("trailList").and_then(Value::as_array).into_iter().flatten();
    several.chain(answer.get("Trail")).collect()
}

/// Services whose events are logged in one region whatever region was asked.
const GLOBAL: &[&str] =
    &["iam.amazonaws.com", "sts.amazonaws.com", "cloudfront.amazonaws.com", "route53.amazonaws.com", "organizations.amazonaws.com"];

impl Trail {
    fn part(&self, number: usize) -> &str {
        self.arn.split(':').nth(number).unwrap_or_default()
    }

    /// What is known of it, as answers that [`Trails::parse`] reads to the same trail.
    #[must_use]
    pub fn answers(&self) -> String {
        let mut answers = Vec::new();
        if self.described {
            answers.push(json!({ "trailList": [{
                "TrailARN": self.arn, "IsMultiRegionTrail": self.multi_region, "IsOrganizationTrail": self.organization,
                "IncludeGlobalServiceEvents": self.global_services, "LogFileValidationEnabled": self.digests,
            }] }));
        }
        match &self.selectors {
            Some(Selectors::Basic(selectors)) => answers.push(json!({ "TrailARN": self.arn, "EventSelectors": selectors })),
            Some(Selectors::Advanced(selectors)) => answers.push(json!({ "TrailARN": self.arn, "AdvancedEventSelectors": selectors })),
            None => {}
        }
        if let Some(logging) = self.logging {
            answers.push(json!({ "TrailARN": self.arn, "IsLogging": logging }));
        }
        answers.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
    }

    /// Whether what was told later of the trail says something else than what was told before: it was changed in between.
    #[must_use]
    pub fn contradicts(&self, before: &Self) -> bool {
        let reach = |trail: &Self| (trail.multi_region, trail.organization, trail.global_services);
        let described = self.described && before.described && reach(self) != reach(before);
        let selects = self.selectors.is_some() && before.selectors.is_some() && self.selectors != before.selectors;
        described || selects
    }

    /// The region that it is of, where it is changed.
    #[must_use]
    pub fn home_region(&self) -> &str {
        self.part(3)
    }

    /// The account that it is of.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    /// Whether events of an account and region come to it, whatever its selectors say. An organisation's trail is taken to have all accounts
    /// of which there are logs.
    #[must_use]
    pub fn reaches(&self, account: &str, region: &str) -> bool {
        self.described && (self.organization || self.account() == account) && (self.multi_region || self.home_region() == region)
    }

    /// Whether it logs the events that are asked about, where it reaches.
    #[must_use]
    pub fn logs(&self, question: &Question<'_>) -> Logged {
        if self.logging == Some(false) {
            return Logged::No;
        }
        if question.category == Category::Management && GLOBAL.contains(&question.source) && !self.multi_region && !self.global_services {
            return Logged::No;
        }
        self.selectors.as_ref().map_or(Logged::Partly, |selectors| selectors.logs(question))
    }
}

impl Selectors {
    /// What a trail of all management events and no data events has: what one is made with, and what `--assume-complete` supposes.
    #[must_use]
    pub fn management() -> Self {
        Self::Basic(vec![Basic {
            read_write_type: all(),
            include_management_events: true,
            data_resources: Vec::new(),
            exclude_management_event_sources: Vec::new(),
        }])
    }

    /// Whether they select the events that are asked about: one that selects them all is enough. Two that select a half each are not put
    /// together but for reading and writing.
    #[must_use]
    pub fn logs(&self, question: &Question<'_>) -> Logged {
        if question.read_only.is_none() {
            let half = |read_only| self.logs(&Question { read_only: Some(read_only), ..*question });
            let (reading, writing) = (half(true), half(false));
            return if reading == writing { reading } else { Logged::Partly };
        }
        let each = |logged: &mut dyn Iterator<Item = Logged>| logged.max().unwrap_or(Logged::No);
        match self {
            Self::Basic(selectors) => each(&mut selectors.iter().map(|selector| selector.logs(question))),
            Self::Advanced(selectors) => each(&mut selectors.iter().map(|selector| selector.logs(question))),
        }
    }
}

impl Basic {
    fn logs(&self, question: &Question<'_>) -> Logged {
        let wanted = match self.read_write_type.as_str() {
            "All" => None,
            "ReadOnly" => Some(true),
            "WriteOnly" => Some(false),
            _ => return Logged::Partly,
        };
        if wanted.is_some() && wanted != question.read_only {
            return Logged::No;
        }
        match question.category {
            Category::Management if !self.include_management_events => Logged::No,
            Category::Management if self.exclude_management_event_sources.iter().any(|source| source == question.source) => Logged::No,
            Category::Management => Logged::Yes,
            Category::Data => {
                let of_type = self.data_resources.iter().filter(|resource| Some(resource.r#type.as_str()) == question.resource_type);
                of_type.flat_map(|resource| &resource.values).map(|value| covers(value, question.arn)).max().unwrap_or(Logged::No)
            }
        }
    }
}

/// Whether a value of the old form has a resource: `arn:aws:s3` has all objects, `arn:aws:s3:::bucket/` those of a bucket, `arn:aws:lambda` all
/// functions.
fn covers(value: &str, arn: Option<&str>) -> Logged {
    let service_only =
        value.split(':').filter(|part| !part.is_empty()).count() <= 3 && !value.contains('/') && value.split(':').count() <= 6;
    match arn {
        _ if service_only => Logged::Yes,
        Some(arn) if value.ends_with('/') && arn.starts_with(value) || arn == value => Logged::Yes,
        Some(arn) if !arn.contains(['*', '?', '$']) && !arn.starts_with(value) && !value.contains('*') => Logged::No,
        _ => Logged::Partly,
    }
}

impl Advanced {
    fn logs(&self, question: &Question<'_>) -> Logged {
        if !self.field_selectors.iter().any(|field| field.field == "eventCategory") {
            return Logged::Partly;
        }
        self.field_selectors.iter().map(|field| field.matches(question)).min().unwrap_or(Logged::Partly)
    }
}

impl Field {
    fn matches(&self, question: &Question<'_>) -> Logged {
        let value = match self.field.as_str() {
            "eventCategory" => Some(if question.category == Category::Management { "Management" } else { "Data" }),
            "readOnly" => question.read_only.map(|reads| if reads { "true" } else { "false" }),
            "eventSource" => Some(question.source),
            "eventName" => question.name,
            "resources.type" => question.resource_type,
            "resources.ARN" => question.arn.filter(|arn| !arn.contains(['*', '?', '$'])),
            "eventType" => Some("AwsApiCall"),
            // Who asked is not part of the question.
            _ => None,
        };
        let Some(value) = value else { return Logged::Partly };
        let any = |values: &[String], test: fn(&str, &str) -> bool| values.iter().any(|one| test(value, one));
        let equal: fn(&str, &str) -> bool = |value, one| value == one;
        let starts: fn(&str, &str) -> bool = |value, one| value.starts_with(one);
        let ends: fn(&str, &str) -> bool = |value, one| value.ends_with(one);
        let excluded = any(&self.not_equals, equal) || any(&self.not_starts_with, starts) || any(&self.not_ends_with, ends);
        // Several operators that select are put together by CloudTrail; each must not be held against the other, so that where they differ
        // nothing is certain.
        let groups = [(&self.equals, equal), (&self.starts_with, starts), (&self.ends_with, ends)];
        let mut selected = groups.iter().filter(|(values, _)| !values.is_empty()).map(|(values, test)| any(values, *test));
        let first = selected.next();
        let differs = first.is_some_and(|first| selected.any(|other| other != first));
        match first {
            _ if excluded => Logged::No,
            _ if differs => Logged::Partly,
            Some(false) => Logged::No,
            Some(true) => Logged::Yes,
            None if self.not_equals.is_empty() && self.not_starts_with.is_empty() && self.not_ends_with.is_empty() => Logged::Partly,
            None => Logged::Yes,
        }
    }
}

#[cfg(test)]
mod tests;
