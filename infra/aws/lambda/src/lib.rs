//! The adapter of AWS Lambda's Invoke API, the only crate that uses its SDK.
//!
//! A function is invoked synchronously and its answer handed on as bytes. That the function itself failed (it raised, it ran out of
//! time) is part of the answer and no error of the call, as Lambda's API reference has it.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use menagerie_aws::{CallError, Session};

/// AWS Lambda in one Region.
#[derive(Debug, Clone)]
pub struct Lambda {
    client: Client,
}

/// What an invocation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    /// What the function answered; if it failed, the runtime's JSON description of the failure.
    pub payload: Vec<u8>,
    /// How the function failed, such as `Unhandled`; none if it answered.
    pub function_error: Option<String>,
}

impl Lambda {
    /// The adapter of `session`'s account and Region.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }

    /// Invokes `function` (a name, `name:alias` or ARN) with `payload` and waits for its answer.
    ///
    /// # Errors
    /// [`CallError`] if Lambda refuses the call or cannot be reached.
    pub async fn invoke(&self, function: &str, payload: Vec<u8>) -> Result<Invoked, CallError> {
        let answer = self
            .client
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::RequestResponse)
            .payload(Blob::new(payload))
            .send()
            .await
            .map_err(|error| CallError::from_sdk("Lambda", "Invoke", &error))?;
        Ok(Invoked { payload: answer.payload.map(Blob::into_inner).unwrap_or_default(), function_error: answer.function_error })
    }
}
