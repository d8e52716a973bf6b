//! Amazon SQS: messages are received by long polling, held, deleted and sent. The only crate that uses `aws-sdk-sqs`.
//!
//! Meanings are those of the service's API reference (`ReceiveMessage`, `ChangeMessageVisibility`, `DeleteMessage`, `SendMessage`).

use std::time::Duration;

use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::MessageSystemAttributeName;
use aws_sdk_sqs::{Client, Config};
use menagerie_aws::{CallError, Session};

const SERVICE: &str = "SQS";

/// The longest that a receive may wait for a message.
pub const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How many messages a receive may give.
pub const MOST_MESSAGES: i32 = 10;

/// Longer than the longest wait.
const ATTEMPT_TIME: Duration = Duration::from_secs(25);
const CALL_TIME: Duration = Duration::from_secs(80);

/// A client of SQS.
#[derive(Debug, Clone)]
pub struct Sqs {
    client: Client,
}

/// A message that was received and is hidden from others until its visibility time-out is over.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its ID.
    pub id: String,
    /// What it is deleted by.
    pub receipt: String,
    /// Its text.
    pub body: String,
    /// How often it was received, this time included.
    pub receives: u32,
}

impl Sqs {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_attempt_timeout(ATTEMPT_TIME);
        let config = Config::from(session.sdk_config()).to_builder().timeout_config(timeouts.operation_timeout(CALL_TIME).build());
        Self { client: Client::from_conf(config.build()) }
    }

    /// At most `most` messages (10), after at most `wait` (20 seconds), each hidden from others for `hidden`.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn receive(&self, queue: &str, most: i32, wait: Duration, hidden: Duration) -> Result<Vec<Message>, CallError> {
        let call = self.client.receive_message().queue_url(queue).max_number_of_messages(most.clamp(1, MOST_MESSAGES));
        let call = call.wait_time_seconds(seconds(wait.min(LONGEST_WAIT))).visibility_timeout(seconds(hidden));
        let call = call.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "ReceiveMessage", &error))?;
        let messages = answer.messages.unwrap_or_default().into_iter().filter_map(|message| {
            let attributes = message.attributes.unwrap_or_default();
            let receives = attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount);
            Some(Message {
                id: message.message_id.unwrap_or_default(),
                receipt: message.receipt_handle?,
                body: message.body.unwrap_or_default(),
                receives: receives.and_then(|count| count.parse().ok()).unwrap_or(1),
            })
        });
        Ok(messages.collect())
    }

    /// Hides a message for `hidden` from now on; for no time at all, and others may receive it at once.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn hide(&self, queue: &str, receipt: &str, hidden: Duration) -> Result<(), CallError> {
        let call = self.client.change_message_visibility().queue_url(queue).receipt_handle(receipt).visibility_timeout(seconds(hidden));
        call.send().await.map(|_| ()).map_err(|error| CallError::from_sdk(SERVICE, "ChangeMessageVisibility", &error))
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn delete(&self, queue: &str, receipt: &str) -> Result<(), CallError> {
        let call = self.client.delete_message().queue_url(queue).receipt_handle(receipt);
        call.send().await.map(|_| ()).map_err(|error| CallError::from_sdk(SERVICE, "DeleteMessage", &error))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn send(&self, queue: &str, body: &str) -> Result<(), CallError> {
        let call = self.client.send_message().queue_url(queue).message_body(body);
        call.send().await.map(|_| ()).map_err(|error| CallError::from_sdk(SERVICE, "SendMessage", &error))
    }
}

fn seconds(span: Duration) -> i32 {
    i32::try_from(span.as_secs()).unwrap_or(i32::MAX)
}
