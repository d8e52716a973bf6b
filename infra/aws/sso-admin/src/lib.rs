//! IAM Identity Center: its permission sets and their policies. The only crate that uses `aws-sdk-ssoadmin`.

use aws_sdk_ssoadmin::Client;
use menagerie_aws::{CallError, Session};

const SERVICE: &str = "Identity Center";

/// A client of Identity Center.
#[derive(Debug, Clone)]
pub struct IdentityCenter {
    client: Client,
}

/// A permission set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionSet {
    /// Its ARN.
    pub arn: String,
    /// Its name, which the names of its roles hold (`AWSReservedSSO_<name>_<random>`).
    pub name: String,
    /// Its inline policy.
    pub inline: Option<String>,
    /// The ARNs of the AWS-managed policies in it.
    pub managed: Vec<String>,
    /// The accounts that it is provisioned in.
    pub accounts: Vec<String>,
}

impl IdentityCenter {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }

    /// The permission sets of every instance that the account sees.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn permission_sets(&self) -> Result<Vec<PermissionSet>, CallError> {
        let mut sets = Vec::new();
        let mut instances = self.client.list_instances().into_paginator().send();
        while let Some(page) = instances.next().await {
            let page = page.map_err(|error| CallError::from_sdk(SERVICE, "ListInstances", &error))?;
            for instance in page.instances.unwrap_or_default().into_iter().filter_map(|instance| instance.instance_arn) {
                let mut pages = self.client.list_permission_sets().instance_arn(&instance).into_paginator().send();
                while let Some(page) = pages.next().await {
                    let page = page.map_err(|error| CallError::from_sdk(SERVICE, "ListPermissionSets", &error))?;
                    for arn in page.permission_sets.unwrap_or_default() {
                        sets.push(self.permission_set(&instance, arn).await?);
                    }
                }
            }
        }
        Ok(sets)
    }

    async fn permission_set(&self, instance: &str, arn: String) -> Result<PermissionSet, CallError> {
        let call = self.client.describe_permission_set().instance_arn(instance).permission_set_arn(&arn);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "DescribePermissionSet", &error))?;
        let name = answer.permission_set.and_then(|set| set.name).unwrap_or_default();
        let call = self.client.get_inline_policy_for_permission_set().instance_arn(instance).permission_set_arn(&arn);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "GetInlinePolicyForPermissionSet", &error))?;
        let inline = answer.inline_policy.filter(|text| !text.is_empty());
        let mut managed = Vec::new();
        let mut pages =
            self.client.list_managed_policies_in_permission_set().instance_arn(instance).permission_set_arn(&arn).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(SERVICE, "ListManagedPoliciesInPermissionSet", &error))?;
            managed.extend(page.attached_managed_policies.unwrap_or_default().into_iter().filter_map(|policy| policy.arn));
        }
        let mut accounts = Vec::new();
        let call = self.client.list_accounts_for_provisioned_permission_set().instance_arn(instance).permission_set_arn(&arn);
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(SERVICE, "ListAccountsForProvisionedPermissionSet", &error))?;
            accounts.extend(page.account_ids.unwrap_or_default());
        }
        Ok(PermissionSet { arn, name, inline, managed, accounts })
    }
}
