//! Writes: inline policies, versions of managed policies, attachments. Each is one call; what is gone already is no error of a removal.

use menagerie_aws::CallError;

use crate::details::none_if_missing;
use crate::{Iam, PrincipalKind, SERVICE};

/// The principal whose policies are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name, without path.
    pub name: String,
}

/// Calls the operation of the holder's kind: one of three with the same parameters.
macro_rules! of_kind {
    ($iam:expr, $holder:expr, $service_name:literal, $role:ident, $user:ident, $group:ident, |$call:ident| $with:expr) => {{
        let name = &$holder.name;
        match $holder.kind {
            PrincipalKind::Role => {
                let $call = $iam.client.$role().role_name(name);
                $with.send().await.map_err(|error| CallError::from_sdk(SERVICE, concat!($service_name, " (role)"), &error)).map(|_| ())
            }
            PrincipalKind::User => {
                let $call = $iam.client.$user().user_name(name);
                $with.send().await.map_err(|error| CallError::from_sdk(SERVICE, concat!($service_name, " (user)"), &error)).map(|_| ())
            }
            PrincipalKind::Group => {
                let $call = $iam.client.$group().group_name(name);
                $with.send().await.map_err(|error| CallError::from_sdk(SERVICE, concat!($service_name, " (group)"), &error)).map(|_| ())
            }
        }
    }};
}

impl Iam {
    /// The names of a holder's inline policies; `None` if there is no such holder.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn inline_names(&self, holder: &Holder) -> Result<Option<Vec<String>>, CallError> {
        macro_rules! pages {
            ($list:ident, $name:ident, $operation:literal) => {{
                let mut pages = self.client.$list().$name(&holder.name).into_paginator().send();
                let mut names = Vec::new();
                while let Some(page) = pages.next().await {
                    match page {
                        Ok(page) => names.extend(page.policy_names),
                        Err(error) => return none_if_missing(CallError::from_sdk(SERVICE, $operation, &error)),
                    }
                }
                Ok(Some(names))
            }};
        }
        match holder.kind {
            PrincipalKind::Role => pages!(list_role_policies, role_name, "ListRolePolicies"),
            PrincipalKind::User => pages!(list_user_policies, user_name, "ListUserPolicies"),
            PrincipalKind::Group => pages!(list_group_policies, group_name, "ListGroupPolicies"),
        }
    }

    /// The ARNs of the managed policies that are attached to a holder; `None` if there is no such holder.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn attached(&self, holder: &Holder) -> Result<Option<Vec<String>>, CallError> {
        macro_rules! pages {
            ($list:ident, $name:ident, $operation:literal) => {{
                let mut pages = self.client.$list().$name(&holder.name).into_paginator().send();
                let mut arns = Vec::new();
                while let Some(page) = pages.next().await {
                    match page {
                        Ok(page) => {
                            arns.extend(page.attached_policies.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn));
                        }
                        Err(error) => return none_if_missing(CallError::from_sdk(SERVICE, $operation, &error)),
                    }
                }
                Ok(Some(arns))
            }};
        }
        match holder.kind {
            PrincipalKind::Role => pages!(list_attached_role_policies, role_name, "ListAttachedRolePolicies"),
            PrincipalKind::User => pages!(list_attached_user_policies, user_name, "ListAttachedUserPolicies"),
            PrincipalKind::Group => pages!(list_attached_group_policies, group_name, "ListAttachedGroupPolicies"),
        }
    }

    /// The text of an inline policy, decoded; `None` if it is not there.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn inline(&self, holder: &Holder, policy: &str) -> Result<Option<String>, CallError> {
        macro_rules! get {
            ($get:ident, $name:ident, $operation:literal) => {
                match self.client.$get().$name(&holder.name).policy_name(policy).send().await {
                    Ok(answer) => answer.policy_document,
                    Err(error) => return none_if_missing(CallError::from_sdk(SERVICE, $operation, &error)),
                }
            };
        }
        let text = match holder.kind {
            PrincipalKind::Role => get!(get_role_policy, role_name, "GetRolePolicy"),
            PrincipalKind::User => get!(get_user_policy, user_name, "GetUserPolicy"),
            PrincipalKind::Group => get!(get_group_policy, group_name, "GetGroupPolicy"),
        };
        let plain = percent_encoding::percent_decode_str(&text).decode_utf8();
        Ok(Some(plain.map_or_else(|_| text.clone(), |plain| plain.into_owned())))
    }

    /// Puts an inline policy, in place of one of the same name.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn put_inline(&self, holder: &Holder, policy: &str, document: &str) -> Result<(), CallError> {
        of_kind!(self, holder, "PutPolicy", put_role_policy, put_user_policy, put_group_policy, |call| call
            .policy_name(policy)
            .policy_document(document))
    }

    /// Deletes an inline policy; one that is gone already is fine.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn delete_inline(&self, holder: &Holder, policy: &str) -> Result<(), CallError> {
        let result = of_kind!(self, holder, "DeletePolicy", delete_role_policy, delete_user_policy, delete_group_policy, |call| call
            .policy_name(policy));
        gone_is_fine(result)
    }

    /// Attaches a managed policy.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn attach(&self, holder: &Holder, policy: &str) -> Result<(), CallError> {
        of_kind!(self, holder, "AttachPolicy", attach_role_policy, attach_user_policy, attach_group_policy, |call| call.policy_arn(policy))
    }

    /// Detaches a managed policy; one that is detached already is fine.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn detach(&self, holder: &Holder, policy: &str) -> Result<(), CallError> {
        let result = of_kind!(self, holder, "DetachPolicy", detach_role_policy, detach_user_policy, detach_group_policy, |call| call
            .policy_arn(policy));
        gone_is_fine(result)
    }

    /// Makes a managed policy and answers its ARN.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn create_policy(&self, name: &str, path: &str, document: &str, description: &str) -> Result<String, CallError> {
        let call = self.client.create_policy().policy_name(name).path(path).policy_document(document).description(description);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "CreatePolicy", &error))?;
        let arn = answer.policy.and_then(|policy| policy.arn);
        arn.ok_or_else(|| CallError::malformed(SERVICE, "CreatePolicy", "it names no policy"))
    }

    /// Deletes a managed policy that is attached nowhere and has one version; one that is gone already is fine.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn delete_policy(&self, arn: &str) -> Result<(), CallError> {
        let result = self.client.delete_policy().policy_arn(arn).send().await;
        gone_is_fine(result.map(|_| ()).map_err(|error| CallError::from_sdk(SERVICE, "DeletePolicy", &error)))
    }

    /// Makes a new version of a managed policy the one in force, and answers its ID.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered: `LimitExceeded` when there are five already.
    pub async fn create_version(&self, policy: &str, document: &str) -> Result<String, CallError> {
        let call = self.client.create_policy_version().policy_arn(policy).policy_document(document).set_as_default(true);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "CreatePolicyVersion", &error))?;
        let id = answer.policy_version.and_then(|version| version.version_id);
        id.ok_or_else(|| CallError::malformed(SERVICE, "CreatePolicyVersion", "it names no version"))
    }

    /// Puts another version of a managed policy in force.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn set_default_version(&self, policy: &str, version: &str) -> Result<(), CallError> {
        let call = self.client.set_default_policy_version().policy_arn(policy).version_id(version);
        call.send().await.map(|_| ()).map_err(|error| CallError::from_sdk(SERVICE, "SetDefaultPolicyVersion", &error))
    }

    /// Deletes a version that is not in force; one that is gone already is fine.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn delete_version(&self, policy: &str, version: &str) -> Result<(), CallError> {
        let result = self.client.delete_policy_version().policy_arn(policy).version_id(version).send().await;
        gone_is_fine(result.map(|_| ()).map_err(|error| CallError::from_sdk(SERVICE, "DeletePolicyVersion", &error)))
    }
}

fn gone_is_fine(result: Result<(), CallError>) -> Result<(), CallError> {
    match result {
        Err(error) => none_if_missing::<()>(error).map(|_| ()),
        Ok(()) => Ok(()),
    }
}
