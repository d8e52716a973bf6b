//! Reads the answer of `aws iam get-account-authorization-details`: one object, or an array or a series of them, as pages or accounts
//! are saved one after the other.
//!
//! The command line prints documents as JSON within the answer; the API has them URL-encoded in a string. Both are read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use menagerie_aws::Arn;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Document, Inline, Inventory, Kind, Managed, Principal, Problem, Version};

/// The most bytes of a saved answer that are read: some hundred times the largest account's.
pub const MAX_BYTES: u64 = 4 << 30;

/// An inventory, and what could not be read of it.
#[derive(Debug, Default)]
pub struct Details {
    /// What was read.
    pub inventory: Inventory,
    /// What was not.
    pub problems: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(default, borrow)]
    user_detail_list: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    group_detail_list: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    role_detail_list: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    policies: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    is_truncated: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PrincipalDetail<'a> {
    arn: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(default, alias = "UserId", alias = "GroupId", alias = "RoleId")]
    id: String,
    #[serde(default)]
    create_date: Option<String>,
    #[serde(default, borrow)]
    assume_role_policy_document: Option<&'a RawValue>,
    #[serde(default, borrow, alias = "UserPolicyList", alias = "GroupPolicyList", alias = "RolePolicyList")]
    policy_list: Vec<InlineDetail<'a>>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
    #[serde(default)]
    group_list: Vec<String>,
    #[serde(default)]
    permissions_boundary: Option<Boundary>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    role_last_used: Option<LastUsed>,
    #[serde(default)]
    password_last_used: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InlineDetail<'a> {
    policy_name: String,
    #[serde(borrow)]
    policy_document: &'a RawValue,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsed {
    #[serde(default)]
    last_used_date: Option<String>,
    #[serde(default)]
    region: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ManagedDetail<'a> {
    arn: String,
    policy_name: String,
    #[serde(default)]
    path: Option<String>,
    default_version_id: String,
    #[serde(default)]
    attachment_count: Option<u64>,
    #[serde(default)]
    permissions_boundary_usage_count: Option<u64>,
    #[serde(default, borrow)]
    policy_version_list: Vec<VersionDetail<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersionDetail<'a> {
    version_id: String,
    #[serde(borrow)]
    document: &'a RawValue,
    #[serde(default)]
    create_date: Option<String>,
}

/// Reads a saved answer. What is broken is left out and told; `name` is the file's.
#[must_use]
pub fn read(text: &str, name: &str) -> Details {
    let mut reader = Reader { name, details: Details::default(), principals: BTreeMap::new(), truncated: false };
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('[') {
        match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(answers) => answers.iter().for_each(|answer| reader.answer(answer)),
            Err(error) => reader.problem(format!("is not JSON: {error}")),
        }
    } else {
        let mut answers = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let mut any = false;
        for answer in &mut answers {
            any = true;
            match answer {
                Ok(answer) => reader.answer(answer),
                Err(error) => {
                    reader.problem(format!("is not JSON from there on: {error}"));
                    break;
                }
            }
        }
        if !any {
            reader.problem("is empty; save the output of `aws iam get-account-authorization-details` in it".to_owned());
        }
    }
    reader.finish()
}

struct Reader<'n> {
    name: &'n str,
    details: Details,
    principals: BTreeMap<String, Principal>,
    /// Whether the page that was read last says that another follows.
    truncated: bool,
}

impl Reader<'_> {
    fn problem(&mut self, reason: String) {
        self.details.problems.push(Problem::new(self.name, reason));
    }

    fn answer(&mut self, raw: &RawValue) {
        let known = ["\"UserDetailList\"", "\"GroupDetailList\"", "\"RoleDetailList\"", "\"Policies\""];
        let answer = match serde_json::from_str::<Answer<'_>>(raw.get()) {
            Ok(answer) if known.iter().any(|key| raw.get().contains(key)) => answer,
            Ok(_) => {
                return self.problem(
                    "has none of UserDetailList, GroupDetailList, RoleDetailList and Policies: it is no answer of get-account-authorization-details"
                        .to_owned(),
                );
            }
            Err(error) => return self.problem(format!("is no answer of get-account-authorization-details: {error}")),
        };
        for (kind, list) in
            [(Kind::Role, &answer.role_detail_list), (Kind::User, &answer.user_detail_list), (Kind::Group, &answer.group_detail_list)]
        {
            for (at, raw) in list.iter().enumerate() {
                match serde_json::from_str::<PrincipalDetail<'_>>(raw.get()) {
                    Ok(detail) => self.principal(kind, detail),
                    Err(error) => self.problem(format!("{kind} number {} is left out: {error}", at + 1)),
                }
            }
        }
        for (at, raw) in answer.policies.iter().flatten().enumerate() {
            match serde_json::from_str::<ManagedDetail<'_>>(raw.get()) {
                Ok(detail) => self.managed(detail),
                Err(error) => self.problem(format!("managed policy number {} is left out: {error}", at + 1)),
            }
        }
        self.truncated = answer.is_truncated;
    }

    fn principal(&mut self, kind: Kind, detail: PrincipalDetail<'_>) {
        let arn = match detail.arn.parse::<Arn>() {
            Ok(arn) => arn,
            Err(error) => return self.problem(format!("{kind} {} is left out: {error}", detail.name)),
        };
        let source = |what: &str| format!("{}: {} {what}", self.name, arn.as_str());
        let mut problems = Vec::new();
        let mut inline = Vec::new();
        for policy in &detail.policy_list {
            let document = document(policy.policy_document);
            if let Err(error) = document.policy() {
                problems.push(Problem::new(source(&policy.policy_name), format!("is kept as it is, since it is no policy: {error}")));
            }
            inline.push(Inline { name: policy.policy_name.clone(), document });
        }
        let last_used_region = detail.role_last_used.as_ref().and_then(|used| used.region.clone());
        let last_used = detail.role_last_used.and_then(|used| used.last_used_date).or(detail.password_last_used);
        let principal = Principal {
            kind,
            id: detail.id,
            name: detail.name,
            path: detail.path.unwrap_or_else(|| "/".to_owned()),
            created: detail.create_date.as_deref().and_then(time),
            trust: detail.assume_role_policy_document.map(document),
            inline,
            attached: detail.attached_managed_policies.into_iter().map(|policy| policy.policy_arn).collect(),
            groups: detail.group_list,
            boundary: detail.permissions_boundary.map(|boundary| boundary.permissions_boundary_arn),
            tags: detail.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            last_used: last_used.as_deref().and_then(time),
            last_used_region,
            arn,
        };
        self.details.problems.append(&mut problems);
        self.principals.insert(principal.arn.as_str().to_owned(), principal);
    }

    fn managed(&mut self, detail: ManagedDetail<'_>) {
        let arn = match detail.arn.parse::<Arn>() {
            Ok(arn) => arn,
            Err(error) => return self.problem(format!("managed policy {} is left out: {error}", detail.policy_name)),
        };
        let versions: Vec<_> = detail
            .policy_version_list
            .iter()
            .map(|version| Version {
                id: version.version_id.clone(),
                document: document(version.document),
                created: version.create_date.as_deref().and_then(time),
            })
            .collect();
        let managed = Managed {
            name: detail.policy_name,
            path: detail.path.unwrap_or_else(|| "/".to_owned()),
            default_version: detail.default_version_id,
            versions,
            attachments: detail.attachment_count,
            boundaries: detail.permissions_boundary_usage_count,
            arn,
        };
        match managed.document().map(Document::policy) {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let reason = format!("is kept as it is, since it is no policy: {error}");
                self.details.problems.push(Problem::new(format!("{}: {}", self.name, managed.arn.as_str()), reason));
            }
            None => self.problem(format!("{} has no document of its default version {}", managed.arn.as_str(), managed.default_version)),
        }
        self.details.inventory.managed.insert(managed.arn.as_str().to_owned(), managed);
    }

    fn finish(mut self) -> Details {
        if self.truncated {
            self.problem("ends with a page that says IsTruncated: principals and policies are missing; save every page".to_owned());
        }
        let managed = &self.details.inventory.managed;
        let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
        for principal in self.principals.values() {
            for arn in principal.attached.iter().chain(&principal.boundary) {
                if !managed.contains_key(arn) {
                    *missing.entry(arn).or_default() += 1;
                }
            }
        }
        for (arn, count) in missing {
            let reason = format!(
                "the document of {arn} is missing, which {count} {} with",
                if count == 1 { "principal acts" } else { "principals act" }
            );
            self.details.problems.push(Problem::new(self.name, reason));
        }
        self.details.inventory.principals = self.principals.into_values().collect();
        self.details
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A document as the command line prints it, an object, or as the API answers it, a URL-encoded string.
fn document(raw: &RawValue) -> Document {
    let raw = raw.get();
    let text = if raw.starts_with('"') {
        let text = serde_json::from_str::<String>(raw).unwrap_or_default();
        if text.trim_start().starts_with('{') { text } else { decoded(&text) }
    } else {
        outdented(raw)
    };
    Document::new(text)
}

/// The text behind a URL encoding. What is no encoding stays.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

/// JSON that stood deeper in other JSON, moved to the left as far as its last line, which closes it.
fn outdented(raw: &str) -> String {
    let depth = raw.rsplit('\n').next().map_or(0, |last| last.len() - last.trim_start().len());
    if depth == 0 || !raw.contains('\n') {
        return raw.to_owned();
    }
    let mut lines = raw.split('\n');
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        text.push('\n');
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        text.push_str(&line[depth.min(blank)..]);
    }
    text
}

#[cfg(test)]
#[path = "details_tests.rs"]
mod tests;
