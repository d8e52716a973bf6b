//! Amazon SNS: a notice to a topic. The only crate that uses `aws-sdk-sns`.

use aws_sdk_sns::Client;
use menagerie_aws::{CallError, Session};

/// SNS takes subjects of fewer than 100 ASCII characters.
const SUBJECT: usize = 99;

/// A client of SNS.
#[derive(Debug, Clone)]
pub struct Sns {
    client: Client,
}

impl Sns {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }

    /// Publishes a message; of the subject what SNS takes.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn publish(&self, topic: &str, subject: &str, message: &str) -> Result<(), CallError> {
        let subject: String = subject.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(SUBJECT).collect();
        let call = self.client.publish().topic_arn(topic).subject(subject).message(message);
        call.send().await.map(|_| ()).map_err(|error| CallError::from_sdk("SNS", "Publish", &error))
    }
}
