//! Notices of what a round will do and what it did, to people and to machines: Slack, a webhook, a topic of SNS.
//!
//! Addresses of webhooks are secrets: whoever knows one can write there. A notice that fails is reported and stops nothing.

mod notice;
mod post;
#[cfg(feature = "aws")]
mod topic;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::web::WebError;

pub use notice::{Moment, Notice, RoleNotice};
pub use post::{Slack, Webhook};
#[cfg(feature = "aws")]
pub use topic::Topic;

/// Why a notice was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The place could not be reached, or refused.
    #[error(transparent)]
    Web(#[from] WebError),
    /// SNS did not take it.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Call(#[from] menagerie_aws::CallError),
    /// The thread that delivered it ended.
    #[error("the delivery broke off")]
    Lost,
}

/// A place that notices go to.
pub trait Notify: fmt::Debug + Send + Sync {
    /// What it is, without its address.
    fn kind(&self) -> &'static str;

    /// Delivers a notice.
    fn deliver<'a>(&'a self, notice: &'a Notice) -> Pin<Box<dyn Future<Output = Result<(), NotifyError>> + Send + 'a>>;
}

/// All places that notices go to.
#[derive(Debug, Default)]
pub struct Notifiers(Vec<Box<dyn Notify>>);

impl Notifiers {
    /// Adds a place.
    pub fn add(&mut self, place: impl Notify + 'static) {
        self.0.push(Box::new(place));
    }

    /// Delivers a notice everywhere; gives what failed, each with its kind of place.
    pub async fn deliver(&self, notice: &Notice) -> Vec<String> {
        let mut failed = Vec::new();
        for place in &self.0 {
            if let Err(error) = place.deliver(notice).await {
                failed.push(format!("the notice to {} was not delivered: {error}", place.kind()));
            }
        }
        failed
    }
}
