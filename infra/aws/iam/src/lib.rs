//! AWS IAM: what the tools ask of it. The only crate that uses `aws-sdk-iam`.

mod details;
mod last_accessed;
mod policies;

use aws_sdk_iam::Client;
use menagerie_aws::{CallError, Session};

pub use details::{AttachedTo, Details, Inline, Managed, Principal, PrincipalKind, Version};
pub use last_accessed::{ActionAccess, Granularity, LastAccessed, ServiceAccess};
pub use policies::Holder;

const SERVICE: &str = "IAM";

/// The most groups that are read of one user: IAM lets a user be in 10, and a quota raise does not go past this.
const MAX_GROUPS: usize = 1_000;

/// A client of IAM.
#[derive(Debug, Clone)]
pub struct Iam {
    client: Client,
}

impl Iam {
    /// A client with the session's credentials and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
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
