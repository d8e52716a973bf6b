//! What IAM holds: principals, their policies and the managed ones, by `GetAccountAuthorizationDetails` and the reads of single parts.
//!
//! Documents are URL-encoded on the wire (RFC 3986); they are given decoded, byte for byte as they were put.

use std::time::SystemTime;

use aws_sdk_iam::types::{PolicyDetail, PolicyVersion, Tag};
use menagerie_aws::CallError;

use crate::{Iam, SERVICE};

/// All of an account.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// Roles, users and groups.
    pub principals: Vec<Principal>,
    /// Managed policies that are attached somewhere or are the account's own.
    pub managed: Vec<Managed>,
}

/// What a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A role.
    Role,
    /// A user.
    User,
    /// A group.
    Group,
}

/// A role, user or group.
#[derive(Debug, Clone)]
pub struct Principal {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its ARN.
    pub arn: String,
    /// Its unique ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// A role's trust policy.
    pub trust: Option<String>,
    /// Its inline policies.
    pub inline: Vec<Inline>,
    /// The ARNs of its managed policies.
    pub attached: Vec<String>,
    /// A user's groups, by name.
    pub groups: Vec<String>,
    /// Its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// When a role acted last.
    pub last_used: Option<SystemTime>,
    /// In which Region that was.
    pub last_used_region: Option<String>,
}

/// A policy that stands in its principal.
#[derive(Debug, Clone)]
pub struct Inline {
    /// Its name.
    pub name: String,
    /// Its text.
    pub document: String,
}

/// A managed policy.
#[derive(Debug, Clone)]
pub struct Managed {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// The version in force.
    pub default_version: String,
    /// All of its versions.
    pub versions: Vec<Version>,
    /// To how many principals it is attached.
    pub attachments: Option<u64>,
    /// For how many it is the boundary.
    pub boundaries: Option<u64>,
}

/// A version of a managed policy.
#[derive(Debug, Clone)]
pub struct Version {
    /// `v1`, …
    pub id: String,
    /// Its text.
    pub document: String,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// Whether it is in force.
    pub is_default: bool,
}

/// A principal that a managed policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedTo {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name.
    pub name: String,
}

fn decoded(text: Option<String>) -> String {
    let text = text.unwrap_or_default();
    match percent_encoding::percent_decode_str(&text).decode_utf8() {
        Ok(plain) => plain.into_owned(),
        Err(_) => text,
    }
}

fn time(time: Option<aws_sdk_iam::primitives::DateTime>) -> Option<SystemTime> {
    time.and_then(|time| SystemTime::try_from(time).ok())
}

fn tags(tags: Option<Vec<Tag>>) -> Vec<(String, String)> {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

fn inline(policies: Option<Vec<PolicyDetail>>) -> Vec<Inline> {
    let of = |policy: PolicyDetail| Inline { name: policy.policy_name.unwrap_or_default(), document: decoded(policy.policy_document) };
    policies.unwrap_or_default().into_iter().map(of).collect()
}

fn version(version: PolicyVersion) -> Version {
    Version {
        id: version.version_id.unwrap_or_default(),
        document: decoded(version.document),
        created: time(version.create_date),
        is_default: version.is_default_version,
    }
}

impl Iam {
    /// All principals and policies of the account, every page.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn details(&self) -> Result<Details, CallError> {
        const OPERATION: &str = "GetAccountAuthorizationDetails";
        let mut pages = self.patient.get_account_authorization_details().into_paginator().page_size(1_000).send();
        let mut details = Details::default();
        let attached = |list: Option<Vec<aws_sdk_iam::types::AttachedPolicy>>| {
            list.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn).collect::<Vec<_>>()
        };
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(SERVICE, OPERATION, &error))?;
            for role in page.role_detail_list.unwrap_or_default() {
                details.principals.push(Principal {
                    kind: PrincipalKind::Role,
                    arn: role.arn.unwrap_or_default(),
                    id: role.role_id.unwrap_or_default(),
                    name: role.role_name.unwrap_or_default(),
                    path: role.path.unwrap_or_default(),
                    created: time(role.create_date),
                    trust: role.assume_role_policy_document.map(|text| decoded(Some(text))),
                    inline: inline(role.role_policy_list),
                    attached: attached(role.attached_managed_policies),
                    groups: Vec::new(),
                    boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
                    tags: tags(role.tags),
                    last_used_region: role.role_last_used.as_ref().and_then(|used| used.region.clone()),
                    last_used: role.role_last_used.and_then(|used| time(used.last_used_date)),
                });
            }
            for user in page.user_detail_list.unwrap_or_default() {
                details.principals.push(Principal {
                    kind: PrincipalKind::User,
                    arn: user.arn.unwrap_or_default(),
                    id: user.user_id.unwrap_or_default(),
                    name: user.user_name.unwrap_or_default(),
                    path: user.path.unwrap_or_default(),
                    created: time(user.create_date),
                    trust: None,
                    inline: inline(user.user_policy_list),
                    attached: attached(user.attached_managed_policies),
                    groups: user.group_list.unwrap_or_default(),
                    boundary: user.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
                    tags: tags(user.tags),
                    last_used: None,
                    last_used_region: None,
                });
            }
            for group in page.group_detail_list.unwrap_or_default() {
                details.principals.push(Principal {
                    kind: PrincipalKind::Group,
                    arn: group.arn.unwrap_or_default(),
                    id: group.group_id.unwrap_or_default(),
                    name: group.group_name.unwrap_or_default(),
                    path: group.path.unwrap_or_default(),
                    created: time(group.create_date),
                    trust: None,
                    inline: inline(group.group_policy_list),
                    attached: attached(group.attached_managed_policies),
                    groups: Vec::new(),
                    boundary: None,
                    tags: Vec::new(),
                    last_used: None,
                    last_used_region: None,
                });
            }
            for policy in page.policies.unwrap_or_default() {
                details.managed.push(Managed {
                    arn: policy.arn.unwrap_or_default(),
                    name: policy.policy_name.unwrap_or_default(),
                    path: policy.path.unwrap_or_default(),
                    default_version: policy.default_version_id.unwrap_or_default(),
                    versions: policy.policy_version_list.unwrap_or_default().into_iter().map(version).collect(),
                    attachments: policy.attachment_count.and_then(|count| u64::try_from(count).ok()),
                    boundaries: policy.permissions_boundary_usage_count.and_then(|count| u64::try_from(count).ok()),
                });
            }
        }
        Ok(details)
    }

    /// The versions of a managed policy, with their texts, newest first.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn versions(&self, policy: &str) -> Result<Vec<Version>, CallError> {
        let mut pages = self.client.list_policy_versions().policy_arn(policy).into_paginator().send();
        let mut versions = Vec::new();
        while let Some(page) = pages.next().await {
            for listed in page.map_err(|error| CallError::from_sdk(SERVICE, "ListPolicyVersions", &error))?.versions.unwrap_or_default() {
                let id = listed.version_id.unwrap_or_default();
                versions.push(self.version(policy, &id).await?);
            }
        }
        Ok(versions)
    }

    /// One version of a managed policy.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn version(&self, policy: &str, id: &str) -> Result<Version, CallError> {
        let call = self.client.get_policy_version().policy_arn(policy).version_id(id);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "GetPolicyVersion", &error))?;
        let found = answer.policy_version.ok_or_else(|| CallError::malformed(SERVICE, "GetPolicyVersion", "it has no version"))?;
        Ok(version(found))
    }

    /// Which version of a managed policy is in force; `None` if there is no such policy.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn default_version(&self, policy: &str) -> Result<Option<String>, CallError> {
        match self.client.get_policy().policy_arn(policy).send().await {
            Ok(answer) => Ok(answer.policy.and_then(|policy| policy.default_version_id)),
            Err(error) => none_if_missing(CallError::from_sdk(SERVICE, "GetPolicy", &error)),
        }
    }

    /// Who a managed policy is attached to, as permissions policy or as boundary.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn attached_to(&self, policy: &str) -> Result<Vec<AttachedTo>, CallError> {
        let mut pages = self.client.list_entities_for_policy().policy_arn(policy).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(SERVICE, "ListEntitiesForPolicy", &error))?;
            let of = |kind, name: Option<String>| AttachedTo { kind, name: name.unwrap_or_default() };
            found.extend(page.policy_roles.unwrap_or_default().into_iter().map(|role| of(PrincipalKind::Role, role.role_name)));
            found.extend(page.policy_users.unwrap_or_default().into_iter().map(|user| of(PrincipalKind::User, user.user_name)));
            found.extend(page.policy_groups.unwrap_or_default().into_iter().map(|group| of(PrincipalKind::Group, group.group_name)));
        }
        Ok(found)
    }

    /// The tags of a role; `None` if there is no such role.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn role_tags(&self, role: &str) -> Result<Option<Vec<(String, String)>>, CallError> {
        match self.client.get_role().role_name(role).send().await {
            Ok(answer) => Ok(answer.role.map(|role| tags(role.tags))),
            Err(error) => none_if_missing(CallError::from_sdk(SERVICE, "GetRole", &error)),
        }
    }
}

/// What is not there is `None`; all else stays an error.
pub(crate) fn none_if_missing<T>(error: CallError) -> Result<Option<T>, CallError> {
    if error.is("NoSuchEntity") || error.is("NoSuchEntityException") { Ok(None) } else { Err(error) }
}
