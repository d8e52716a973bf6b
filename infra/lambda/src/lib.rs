//! The bootstrap's side of AWS Lambda (`provided.al2023`): one event after the other from the Runtime API, each answered.
//!
//! Nothing that an event holds ends the process. What a tool does with an event is its [`Function`]; what the API's failures mean is
//! decided here, once: they are tried again with growing pauses, and when they do not end, [`serve`] does, and Lambda starts another process.

mod runtime_api;

use std::future::Future;
use std::time::Duration;

pub use runtime_api::{Invocation, RuntimeApi, RuntimeApiError};

/// How often in a row the Runtime API may fail before the process gives up; Lambda then starts another.
const MAX_FAILURES: u32 = 20;

/// What a function says to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// JSON for the invoker.
    Response(String),
    /// The function failed: the invoker is told so, and a queue delivers again.
    Failure {
        /// The kind of error, such as `Event.Invalid`.
        kind: &'static str,
        /// What happened.
        message: String,
    },
}

/// What is done with events.
pub trait Function {
    /// Answers an event.
    fn answer(&self, invocation: &Invocation) -> impl Future<Output = Answer>;

    /// Answers an event that is larger than any that is read.
    fn too_large(&self, request_id: &str, function_arn: &str) -> impl Future<Output = Answer>;
}

/// Serves events until the Runtime API is gone.
pub async fn serve(api: &mut RuntimeApi, function: &impl Function) {
    let mut failures = 0;
    while failures < MAX_FAILURES {
        let step = match api.next().await {
            Ok(invocation) => {
                let answer = function.answer(&invocation).await;
                say(api, &invocation.request_id, answer).await
            }
            Err(RuntimeApiError::TooLarge { request_id, function_arn }) => {
                let answer = function.too_large(&request_id, &function_arn).await;
                say(api, &request_id, answer).await
            }
            Err(error) => Err(error),
        };
        match step {
            Ok(()) => failures = 0,
            Err(error) => {
                failures += 1;
                tracing::error!(%error, failures, "the Runtime API failed");
                tokio::time::sleep(Duration::from_millis(10 << failures.min(7))).await;
            }
        }
    }
}

async fn say(api: &mut RuntimeApi, request_id: &str, answer: Answer) -> Result<(), RuntimeApiError> {
    match answer {
        Answer::Response(body) => api.respond(request_id, body).await,
        Answer::Failure { kind, message } => api.fail(request_id, kind, &message).await,
    }
}
