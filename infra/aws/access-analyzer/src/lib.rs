//! IAM Access Analyzer: its findings of unused access. The only crate that uses `aws-sdk-accessanalyzer`.

use std::time::SystemTime;

use aws_sdk_accessanalyzer::Client;
use aws_sdk_accessanalyzer::types::{AnalyzerStatus, FindingDetails, FindingStatus, Type};
use menagerie_aws::{CallError, Session};

const SERVICE: &str = "Access Analyzer";

/// A client of Access Analyzer.
#[derive(Debug, Clone)]
pub struct AccessAnalyzer {
    client: Client,
}

/// What a finding says is unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unused {
    /// A role, last used then.
    Role(Option<SystemTime>),
    /// A user's access key.
    AccessKey {
        /// Its ID.
        id: String,
        /// When it was used last.
        last: Option<SystemTime>,
    },
    /// A user's password.
    Password(Option<SystemTime>),
    /// A service, or some of its actions.
    Permission {
        /// The prefix of the service's actions.
        service: String,
        /// When the service was used last.
        last: Option<SystemTime>,
        /// The actions with when each was used last; none if the whole service is meant.
        actions: Vec<(String, Option<SystemTime>)>,
    },
}

/// A finding.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The principal's ARN.
    pub resource: String,
    /// When it was looked at last.
    pub analyzed: Option<SystemTime>,
    /// What is unused.
    pub unused: Vec<Unused>,
}

fn time(time: Option<aws_sdk_accessanalyzer::primitives::DateTime>) -> Option<SystemTime> {
    time.and_then(|time| SystemTime::try_from(time).ok())
}

impl AccessAnalyzer {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }

    /// The ARNs of the active analyzers of unused access, of the account or its organisation.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn analyzers(&self) -> Result<Vec<String>, CallError> {
        let mut pages = self.client.list_analyzers().into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(SERVICE, "ListAnalyzers", &error))?;
            let of_unused = |kind: &Type| matches!(kind, Type::AccountUnusedAccess | Type::OrganizationUnusedAccess);
            let analyzers = page.analyzers.into_iter();
            found.extend(analyzers.filter(|one| of_unused(&one.r#type) && one.status == AnalyzerStatus::Active).map(|one| one.arn));
        }
        Ok(found)
    }

    /// The active findings of an analyzer, with their details.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn findings(&self, analyzer: &str) -> Result<Vec<Finding>, CallError> {
        let mut pages = self.client.list_findings_v2().analyzer_arn(analyzer).into_paginator().send();
        let mut findings = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(SERVICE, "ListFindingsV2", &error))?;
            for summary in page.findings.into_iter().filter(|summary| summary.status == FindingStatus::Active) {
                if let Some(resource) = summary.resource {
                    let unused = self.unused(analyzer, &summary.id).await?;
                    findings.push(Finding { resource, analyzed: SystemTime::try_from(summary.analyzed_at).ok(), unused });
                }
            }
        }
        Ok(findings)
    }

    async fn unused(&self, analyzer: &str, id: &str) -> Result<Vec<Unused>, CallError> {
        let mut pages = self.client.get_finding_v2().analyzer_arn(analyzer).id(id).into_paginator().send();
        let mut unused = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk(SERVICE, "GetFindingV2", &error))?;
            unused.extend(page.finding_details.into_iter().filter_map(|detail| {
                match detail {
                    FindingDetails::UnusedIamRoleDetails(role) => Some(Unused::Role(time(role.last_accessed))),
                    FindingDetails::UnusedIamUserAccessKeyDetails(key) => {
                        Some(Unused::AccessKey { id: key.access_key_id, last: time(key.last_accessed) })
                    }
                    FindingDetails::UnusedIamUserPasswordDetails(password) => Some(Unused::Password(time(password.last_accessed))),
                    FindingDetails::UnusedPermissionDetails(permission) => Some(Unused::Permission {
                        service: permission.service_namespace,
                        last: time(permission.last_accessed),
                        actions: permission
                            .actions
                            .unwrap_or_default()
                            .into_iter()
                            .map(|action| (action.action, time(action.last_accessed)))
                            .collect(),
                    }),
                    _ => None,
                }
            }));
        }
        Ok(unused)
    }
}
