//! A topic of SNS: its subscribers get the notice as JSON, with its sentence as the subject.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use menagerie_aws::Arn;
use menagerie_aws_sns::Sns;

use super::{Notice, Notify, NotifyError};

/// A topic of SNS.
pub struct Topic {
    sns: Sns,
    arn: Arn,
}

impl Topic {
    /// This topic.
    #[must_use]
    pub const fn new(sns: Sns, arn: Arn) -> Self {
        Self { sns, arn }
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic({})", self.arn)
    }
}

impl Notify for Topic {
    fn kind(&self) -> &'static str {
        "SNS"
    }

    fn deliver<'a>(&'a self, notice: &'a Notice) -> Pin<Box<dyn Future<Output = Result<(), NotifyError>> + Send + 'a>> {
        let subject = format!("repokid {}: {}", notice.account, notice.title);
        Box::pin(async move { Ok(self.sns.publish(self.arn.as_str(), &subject, &notice.json()).await?) })
    }
}
