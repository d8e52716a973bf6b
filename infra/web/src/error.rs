//! Errors as JSON: `{"message": …}`, and with `reasons` where single fields are at fault.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

/// What is wrong with each field, by its name as the client wrote it.
pub type Reasons = BTreeMap<String, String>;

/// An answer that says why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JsonError {
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
    message: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reasons: Reasons,
}

impl JsonError {
    /// An error with a message for the client's eyes.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), message: message.into(), reasons: Reasons::new() }
    }

    /// Says which fields are at fault.
    #[must_use]
    pub fn with_reasons(mut self, reasons: Reasons) -> Self {
        self.reasons = reasons;
        self
    }

    /// Adds a header, as `Retry-After` or `WWW-Authenticate`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for JsonError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}
