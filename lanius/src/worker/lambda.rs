//! The worker as a Lambda function: a batch of messages from SQS, and which of them are to be delivered again.
//!
//! The form is that of the Lambda Developer Guide ("Reporting batch item failures", `ReportBatchItemFailures`).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use menagerie_lambda::{Answer, Function, Invocation};
use serde::Deserialize;

use super::{Stop, Worker};

/// What is left of an invocation's time for messages that end, once objects are no longer begun.
const RESERVE: Duration = Duration::from_secs(2);
/// The time of an event that does not say how long there is.
const DEFAULT_TIME: Duration = Duration::from_secs(30);

/// Says how much time an invocation has left.
pub type Deadline = fn(&Invocation) -> Option<Duration>;

/// The function.
#[derive(Debug)]
pub struct Batch {
    /// What works on messages.
    pub worker: Arc<Worker>,
    /// The time that an invocation has.
    pub deadline: Deadline,
    /// Never told to stop: Lambda ends a function between invocations.
    pub stop: Stop,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "messageId")]
    id: String,
    body: String,
}

impl Function for Batch {
    async fn answer(&self, invocation: &Invocation) -> Answer {
        let event: Event = match serde_json::from_slice(&invocation.event) {
            Ok(event) => event,
            Err(error) => return Answer::Failure { kind: "Event.Invalid", message: format!("the event is no batch of SQS: {error}") },
        };
        let time = (self.deadline)(invocation).unwrap_or(DEFAULT_TIME);
        let time = time.checked_sub(RESERVE).unwrap_or(time / 2);
        // Messages share the worker's places for objects; each that is not done in time is delivered again and goes on where it stood.
        let failed = join_all(event.records.iter().map(|message| self.message(message, time))).await;
        let failures: Vec<_> = failed.into_iter().flatten().map(|id| serde_json::json!({"itemIdentifier": id})).collect();
        Answer::Response(serde_json::json!({"batchItemFailures": failures}).to_string())
    }

    async fn too_large(&self, request_id: &str, _: &str) -> Answer {
        Answer::Failure { kind: "Event.TooLarge", message: format!("the event of {request_id} is larger than any batch of SQS") }
    }
}

impl Batch {
    /// The message's ID, if it is not done.
    async fn message<'a>(&self, message: &'a Message, time: Duration) -> Option<&'a str> {
        match tokio::time::timeout(time, self.worker.message(&message.body, &self.stop)).await {
            Ok(Ok(tally)) => {
                tracing::info!(message = message.id, scanned = tally.scanned, known = tally.known, places = tally.places, "done");
                None
            }
            Ok(Err(error)) => {
                tracing::error!(message = message.id, %error, "the message is left to the queue's redrive policy");
                Some(&message.id)
            }
            Err(_) => {
                tracing::warn!(message = message.id, "the function's time is over: the message is delivered again");
                Some(&message.id)
            }
        }
    }
}
