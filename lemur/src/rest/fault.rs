//! Why a request was not done, as Lemur's clients expect to read it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use menagerie_store::database::DatabaseError;
use menagerie_web::{JsonError, Reasons};

use crate::access::permit::Refused;
use crate::access::{AccessError, LoginError, TokenError};
use crate::issue::IssueError;
use crate::store::StoreError;

/// When what is away may be asked for again.
const AWAY: Duration = Duration::from_secs(10);

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    Anonymous,
    /// The token lets nobody in.
    #[error("{0}")]
    Token(&'static str),
    /// What somebody else says of whoever asks does not let them in.
    #[error("{0}")]
    NotLetIn(String),
    /// Whoever asks may not.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no such thing.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// Fields of the request are wrong.
    #[error("fields are wrong: {}", .0.keys().cloned().collect::<Vec<_>>().join(", "))]
    Invalid(Reasons),
    /// The request as a whole is wrong.
    #[error("{0}")]
    Bad(String),
    /// What is asked for contradicts what is there.
    #[error("{0}")]
    Conflict(String),
    /// This is done in a later version.
    #[error("the feature {0} is not part of this version")]
    Later(&'static str),
    /// There were too many requests.
    #[error("too many requests")]
    TooMany(Duration),
    /// Whoever asks has had as much as one may, and to wait would not help.
    #[error("{0}")]
    Exhausted(String),
    /// The method is not for this resource.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// Something that the service needs is not to be had at the moment. Why is for the trace.
    #[error("{what}")]
    Away {
        /// What, for whoever asks.
        what: String,
        /// Why.
        reason: String,
    },
    /// The service failed. What failed is for the trace.
    #[error("{0}")]
    Internal(String),
}

impl Fault {
    /// A field that is wrong.
    pub(crate) fn field(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid(Reasons::from([(name.into(), reason.into())]))
    }

    /// All of it in one line.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Invalid(reasons) => reasons.iter().map(|(field, reason)| format!("{field}: {reason}")).collect::<Vec<_>>().join("; "),
            other => other.to_string(),
        }
    }

    pub(super) fn answer(&self) -> JsonError {
        let plain = |status, message: String| JsonError::new(status, message);
        match self {
            Self::Anonymous => plain(StatusCode::UNAUTHORIZED, "Missing authorization header".to_owned())
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Self::Token(message) => plain(StatusCode::FORBIDDEN, (*message).to_owned()),
            Self::NotLetIn(message) => plain(StatusCode::FORBIDDEN, message.clone()),
            Self::Refused(refused) => plain(StatusCode::FORBIDDEN, refused.to_string()),
            Self::Missing(_) => plain(StatusCode::NOT_FOUND, self.sentence()),
            Self::Invalid(reasons) => plain(StatusCode::BAD_REQUEST, "Validation Error.".to_owned()).with_reasons(reasons.clone()),
            Self::Bad(message) => plain(StatusCode::BAD_REQUEST, message.clone()),
            Self::Conflict(message) => plain(StatusCode::CONFLICT, message.clone()),
            Self::Later(_) => plain(StatusCode::NOT_IMPLEMENTED, self.sentence()),
            Self::NotAllowed(message) => plain(StatusCode::METHOD_NOT_ALLOWED, (*message).to_owned()),
            Self::Exhausted(_) => plain(StatusCode::TOO_MANY_REQUESTS, self.sentence()),
            Self::TooMany(wait) => plain(StatusCode::TOO_MANY_REQUESTS, self.sentence())
                .with_header(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1))),
            Self::Away { .. } => {
                plain(StatusCode::SERVICE_UNAVAILABLE, self.sentence()).with_header(header::RETRY_AFTER, HeaderValue::from(AWAY.as_secs()))
            }
            Self::Internal(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "The service failed; its log says where.".to_owned()),
        }
    }

    fn sentence(&self) -> String {
        let text = self.to_string();
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
    }
}

/// What failed, beside an answer that does not say it: for who asks in this process. Nothing of it goes over the network.
#[derive(Debug, Clone)]
pub struct Failure(pub String);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (Self::Internal(reason) | Self::Away { reason, .. }) = &self else { return self.answer().into_response() };
        tracing::error!(reason, "a request failed");
        let failure = Failure(reason.clone());
        let mut response = self.answer().into_response();
        response.extensions_mut().insert(failure);
        response
    }
}

impl From<AccessError> for Fault {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Missing(subject) => Self::Missing(match subject {
                crate::access::Subject::User => "user",
                crate::access::Subject::Role => "role",
                crate::access::Subject::ApiKey => "API key",
                crate::access::Subject::SecondFactor => "second factor",
            }),
            AccessError::Taken { field, .. } => Self::field(field, error.to_string()),
            AccessError::Invalid { field, reason } => Self::field(field, reason),
            AccessError::Password(reason) => Self::field("password", reason.to_string()),
            AccessError::BuiltIn(_) | AccessError::LastAdministrator => Self::Conflict(error.to_string()),
            AccessError::Database(error) => error.into(),
            AccessError::Store(error) => error.into(),
            AccessError::Open(error) => Self::from(&IssueError::Ring(error)),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Foreign => Self::Token("Token is invalid"),
            TokenError::Expired => Self::Token("Token has expired"),
            TokenError::User => Self::Token("User is not currently active or has signed out"),
            TokenError::ApiKey => Self::Token("Token has been revoked"),
            TokenError::Access(error) => error.into(),
        }
    }
}

impl From<LoginError> for Fault {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused => Self::Token("The supplied credentials are invalid"),
            LoginError::CodeWanted => Self::Token("A code of the second factor is wanted in the field `code`"),
            LoginError::TooMany(wait) => Self::TooMany(wait),
            LoginError::Access(error) => error.into(),
        }
    }
}

impl From<DatabaseError> for Fault {
    fn from(error: DatabaseError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        if error.is_the_requests_fault() { Self::Bad(format!("{error}.")) } else { Self::from(&IssueError::Store(error)) }
    }
}

/// What is the server's fault and not the request's.
impl From<&IssueError> for Fault {
    fn from(error: &IssueError) -> Self {
        let reason = error.to_string();
        match error.outage() {
            Some(what) => Self::Away { what, reason },
            None => Self::Internal(reason),
        }
    }
}
