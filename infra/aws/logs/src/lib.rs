//! CloudWatch Logs: streams are made, events are put and read back. The only crate that uses `aws-sdk-cloudwatchlogs`.
//!
//! Limits and meanings are those of the service's API reference (`PutLogEvents`, `GetLogEvents`, `DescribeLogStreams`). An event that
//! the service answers for but did not keep (`rejectedLogEventsInfo`) is a failure here: [`Logs::put`] returns success only if every
//! event was kept.

mod batch;
#[cfg(test)]
mod tests;

use aws_sdk_cloudwatchlogs::operation::put_log_events::PutLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, OrderBy};
use aws_sdk_cloudwatchlogs::{Client, Config};
use menagerie_aws::{CallError, Session};

pub use batch::{EVENT_OVERHEAD, Event, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_BATCH_SPAN_MS, in_batches};

const SERVICE: &str = "CloudWatch Logs";

/// A client of CloudWatch Logs.
#[derive(Debug, Clone)]
pub struct Logs {
    client: Client,
}

/// Why events were not all kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PutError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The service answered, yet kept only some events or none. The numbers are places in the batch.
    #[error("CloudWatch Logs did not keep every event: {}", rejected(*.too_new_from, *.too_old_until, *.expired_until))]
    Rejected {
        /// This event and those behind it lie more than two hours ahead.
        too_new_from: Option<i32>,
        /// The events before this one are older than 14 days.
        too_old_until: Option<i32>,
        /// The events before this one are older than the group's retention.
        expired_until: Option<i32>,
    },
    /// The service kept the events, but not what they were said to belong to.
    #[error("CloudWatch Logs rejected the entity of the events: {reason}")]
    Entity {
        /// The service's error type.
        reason: String,
    },
}

fn rejected(too_new: Option<i32>, too_old: Option<i32>, expired: Option<i32>) -> String {
    let mut parts = Vec::new();
    if let Some(at) = too_new {
        parts.push(format!("those from {at} on lie too far in the future"));
    }
    if let Some(at) = too_old {
        parts.push(format!("those before {at} are too old"));
    }
    if let Some(at) = expired {
        parts.push(format!("those before {at} are older than the group's retention"));
    }
    if parts.is_empty() { "no reason was given".to_owned() } else { parts.join("; ") }
}

/// A page of stream names, and the token of the next page.
#[derive(Debug, Clone, Default)]
pub struct Streams {
    /// The names, in their order.
    pub names: Vec<String>,
    /// How to ask for the next page, if there is one.
    pub next: Option<String>,
}

/// A page of a stream's messages, oldest first, and the token of the next page.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    /// The messages.
    pub messages: Vec<String>,
    /// How to ask for the next page; none at the stream's end. A page may be empty before the end.
    pub next: Option<String>,
}

impl Logs {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self::from_config(session.sdk_config())
    }

    /// A client of an SDK configuration.
    pub fn from_config(config: impl Into<Config>) -> Self {
        Self { client: Client::from_conf(config.into()) }
    }

    /// Makes a stream in a group; one that is there already is left as it is (a repeated call after a lost answer finds its own).
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn create_stream(&self, group: &str, stream: &str) -> Result<(), CallError> {
        let answer = self.client.create_log_stream().log_group_name(group).log_stream_name(stream).send().await;
        there_already(answer.map_err(|error| CallError::from_sdk(SERVICE, "CreateLogStream", &error)))
    }

    /// Puts events in one call. They must be within the limits of one batch, in order of time: see [`in_batches`].
    ///
    /// # Errors
    /// [`PutError`]; some of the events may have been kept.
    pub async fn put(&self, group: &str, stream: &str, events: Vec<Event>) -> Result<(), PutError> {
        let mut inputs = Vec::with_capacity(events.len());
        for event in events {
            let input = InputLogEvent::builder().timestamp(event.time_ms).message(event.message).build();
            inputs.push(input.map_err(|error| CallError::malformed(SERVICE, "PutLogEvents", error.to_string()))?);
        }
        let call = self.client.put_log_events().log_group_name(group).log_stream_name(stream).set_log_events(Some(inputs));
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "PutLogEvents", &error))?;
        all_kept(&answer)
    }

    /// A page of the streams whose names begin with `prefix`, by name.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn streams(&self, group: &str, prefix: &str, page: Option<&str>) -> Result<Streams, CallError> {
        let mut call = self.client.describe_log_streams().log_group_name(group).set_next_token(page.map(str::to_owned));
        call = if prefix.is_empty() { call.order_by(OrderBy::LogStreamName) } else { call.log_stream_name_prefix(prefix) };
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "DescribeLogStreams", &error))?;
        let streams = answer.log_streams.unwrap_or_default();
        Ok(Streams { names: streams.into_iter().filter_map(|stream| stream.log_stream_name).collect(), next: answer.next_token })
    }

    /// A page of a stream's messages, from its oldest on.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn messages(&self, group: &str, stream: &str, page: Option<&str>) -> Result<Messages, CallError> {
        let call = self.client.get_log_events().log_group_name(group).log_stream_name(stream).start_from_head(true);
        let answer = call.set_next_token(page.map(str::to_owned)).send().await;
        let answer = answer.map_err(|error| CallError::from_sdk(SERVICE, "GetLogEvents", &error))?;
        // The end is where the service hands back the token it was given.
        let next = answer.next_forward_token.filter(|next| page != Some(next));
        let events = answer.events.unwrap_or_default();
        Ok(Messages { messages: events.into_iter().filter_map(|event| event.message).collect(), next })
    }
}

fn there_already<T>(answer: Result<T, CallError>) -> Result<(), CallError> {
    match answer {
        Err(error) if !error.is("ResourceAlreadyExistsException") => Err(error),
        _ => Ok(()),
    }
}

fn all_kept(answer: &PutLogEventsOutput) -> Result<(), PutError> {
    if let Some(info) = &answer.rejected_log_events_info {
        return Err(PutError::Rejected {
            too_new_from: info.too_new_log_event_start_index,
            too_old_until: info.too_old_log_event_end_index,
            expired_until: info.expired_log_event_end_index,
        });
    }
    match &answer.rejected_entity_info {
        Some(info) => Err(PutError::Entity { reason: info.error_type.as_str().to_owned() }),
        None => Ok(()),
    }
}
