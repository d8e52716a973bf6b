//! AWS IAM: what the tools ask of it. The only crate that uses `aws-sdk-iam`.

mod details;
mod last_accessed;
mod policies;

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::config::Builder;
use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::timeout::TimeoutConfig;
use menagerie_aws::{CallError, Session};

pub use details::{AttachedTo, Details, Inline, Managed, Principal, PrincipalKind, Version};
pub use last_accessed::{ActionAccess, Granularity, LastAccessed, ServiceAccess};
pub use policies::Holder;

const SERVICE: &str = "IAM";

/// The most groups that are read of one user: IAM lets a user be in 10, and a quota raise does not go past this.
const MAX_GROUPS: usize = 1_000;

/// How long one page of an account's authorization details is waited for, and all attempts at it: a page of a large account holds thousands
/// of documents, which IAM takes several seconds to gather, and more while it is throttled.
const PAGE_ATTEMPT: Duration = Duration::from_secs(45);
const PAGE: Duration = Duration::from_secs(180);
const PAGE_ATTEMPTS: u32 = 6;

/// A client of IAM.
#[derive(Debug, Clone)]
pub struct Iam {
    client: Client,
    /// For answers that take long.
    patient: Client,
}

impl Iam {
    /// A client with the session's credentials and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PAGE_ATTEMPT).operation_timeout(PAGE).build();
        let retries = RetryConfig::standard().with_max_attempts(PAGE_ATTEMPTS);
        let patient = Builder::from(session.sdk_config()).timeout_config(timeouts).retry_config(retries).build();
        Self { client: Client::new(session.sdk_config()), patient: Client::from_conf(patient) }
    }

    /// The names of the groups that `user` is in, every page of them.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn groups_of_user(&self, user: &str) -> Result<Vec<String>, CallError> {
        let mut pages = self.client.list_groups_for_user().user_name(user).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| CallError::from_sdk("IAM", "ListGroupsForUser", &error))?;
            names.extend(page.groups().iter().map(|group| group.group_name().to_owned()));
            if names.len() > MAX_GROUPS {
                return Err(CallError::malformed("IAM", "ListGroupsForUser", format!("{user} is in more than {MAX_GROUPS} groups")));
            }
        }
        Ok(names)
    }
}
