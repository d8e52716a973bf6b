//! Problem documents (RFC 7807) as ACME has them (RFC 8555, 6.7), with subproblems (6.7.1).

use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use menagerie_store::database::DatabaseError;
use serde::{Deserialize, Serialize};

use super::id::NoRandomness;
use super::identifier::Identifier;
use super::jws::{Alg, JwsError, MAC_ALGORITHMS};
use super::state::StartError;
use crate::issue::IssueError;
use crate::store::StoreError;
use crate::validate::Failure;

/// The media type of problem documents.
pub(super) const PROBLEM: &str = "application/problem+json";

/// When what is away may be asked for again, in seconds.
const AWAY: u32 = 10;

/// What kind of problem it is: the last part of `urn:ietf:params:acme:error:…`, by the names of RFC 8555, 6.7, RFC 9773, 7.4, and
/// draft-ietf-acme-profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    AccountDoesNotExist,
    AlreadyReplaced,
    AlreadyRevoked,
    #[serde(rename = "badCSR")]
    BadCsr,
    BadNonce,
    BadPublicKey,
    BadRevocationReason,
    BadSignatureAlgorithm,
    Caa,
    Compound,
    Connection,
    Dns,
    ExternalAccountRequired,
    IncorrectResponse,
    InvalidContact,
    InvalidProfile,
    Malformed,
    OrderNotReady,
    RateLimited,
    RejectedIdentifier,
    ServerInternal,
    Tls,
    Unauthorized,
    UnsupportedContact,
    UnsupportedIdentifier,
    UserActionRequired,
}

impl Kind {
    const fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized | Self::Caa | Self::UserActionRequired | Self::ExternalAccountRequired | Self::OrderNotReady => {
                StatusCode::FORBIDDEN
            }
            Self::AlreadyReplaced => StatusCode::CONFLICT,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::ServerInternal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn urn(self) -> String {
        let name = serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned));
        format!("urn:ietf:params:acme:error:{}", name.expect("a kind is written as text"))
    }
}

/// Why a request is not fulfilled, for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    status: StatusCode,
    subproblems: Vec<Subproblem>,
    location: Option<String>,
    retry_after: Option<u32>,
    /// What is taken, where the algorithm is wrong.
    algorithms: Vec<&'static str>,
}

/// What is wrong about one identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subproblem {
    pub(super) kind: Kind,
    pub(super) detail: String,
    pub(super) identifier: Identifier,
}

/// A problem as it is written, and kept with an order or an authorization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Document {
    r#type: String,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    algorithms: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    identifier: Option<Identifier>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    subproblems: Vec<Self>,
}

impl Problem {
    /// A problem with the status that goes with its kind.
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let algorithms = if kind == Kind::BadSignatureAlgorithm { Alg::ALL.map(Alg::name).to_vec() } else { Vec::new() };
        let (status, subproblems) = (kind.status(), Vec::new());
        Self { kind, detail: detail.into(), status, subproblems, location: None, retry_after: None, algorithms }
    }

    /// The request is not what the standard says.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, detail)
    }

    /// There is nothing here, or nothing for this account: which of both is nobody else's business.
    pub(super) fn not_found() -> Self {
        Self::malformed("there is nothing at this URL for this account").with_status(StatusCode::NOT_FOUND)
    }

    /// What is wrong with an external account binding, which is authenticated by algorithms of its own.
    pub(super) fn of_binding(error: JwsError) -> Self {
        let problem = Self::from(error);
        match problem.kind {
            Kind::BadSignatureAlgorithm => Self { algorithms: MAC_ALGORITHMS.to_vec(), ..problem },
            _ => problem,
        }
    }

    /// Something here failed; what, is in the log.
    pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "an ACME request failed");
        Self::new(Kind::ServerInternal, "the server failed; it is not known whether the request had an effect")
    }

    /// What is the server's fault and not the request's: for some time, or until somebody looks.
    pub(super) fn of_issue(error: &IssueError) -> Self {
        match error.outage() {
            Some(what) => {
                Self { detail: what, ..Self::internal(error) }.with_status(StatusCode::SERVICE_UNAVAILABLE).with_retry_after(AWAY)
            }
            None => Self::internal(error),
        }
    }

    /// One problem for several identifiers: the kind is that of all, if they agree.
    pub(super) fn of_identifiers(subproblems: Vec<Subproblem>) -> Self {
        let first = subproblems.first().map_or(Kind::Malformed, |first| first.kind);
        let kind = if subproblems.iter().all(|one| one.kind == first) { first } else { Kind::Compound };
        let detail = match subproblems.as_slice() {
            [one] => format!("{}: {}", one.identifier, one.detail),
            many => format!("{} identifiers are refused", many.len()),
        };
        Self { subproblems, ..Self::new(kind, detail) }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn with_location(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    pub(super) fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub(super) fn document(&self) -> Document {
        let algorithms = self.algorithms.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let subproblem = |one: &Subproblem| Document {
            r#type: one.kind.urn(),
            detail: one.detail.clone(),
            status: None,
            algorithms: None,
            identifier: Some(one.identifier.clone()),
            subproblems: Vec::new(),
        };
        Document {
            r#type: self.kind.urn(),
            detail: self.detail.clone(),
            status: Some(self.status.as_u16()),
            algorithms: Some(algorithms).filter(|algorithms| !algorithms.is_empty()),
            identifier: None,
            subproblems: self.subproblems.iter().map(subproblem).collect(),
        }
    }
}

impl Document {
    /// Why nothing comes of an order: what is wrong with each of its identifiers.
    pub(super) fn of_order(wrong: Vec<(Identifier, Self)>) -> Option<Self> {
        let first = wrong.first()?.1.clone();
        let r#type = if wrong.iter().all(|(_, one)| one.r#type == first.r#type) { first.r#type } else { Kind::Compound.urn() };
        let detail = match wrong.as_slice() {
            [(identifier, one)] => format!("{identifier}: {}", one.detail),
            many => format!("{} identifiers are not proved", many.len()),
        };
        let subproblem = |(identifier, one): (Identifier, Self)| Self { status: None, identifier: Some(identifier), ..one };
        let subproblems = wrong.into_iter().map(subproblem).collect();
        Some(Self { r#type, detail, status: first.status, algorithms: None, identifier: None, subproblems })
    }

    /// As the database keeps it.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a problem is written as JSON")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.document().to_text();
        let mut response = (self.status, [(CONTENT_TYPE, HeaderValue::from_static(PROBLEM))], body).into_response();
        if let Some(location) = self.location.and_then(|location| HeaderValue::from_str(&location).ok()) {
            response.headers_mut().insert(LOCATION, location);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::of_issue(&error.into())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_issue(&error.into())
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Database(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

impl From<NoRandomness> for Problem {
    fn from(error: NoRandomness) -> Self {
        Self::internal(&error)
    }
}

impl From<&Failure> for Kind {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Dns { .. } | Failure::NoAddress { .. } => Self::Dns,
            Failure::Connection { .. } | Failure::TooLong { .. } | Failure::Redirect { .. } | Failure::Forbidden { .. } => Self::Connection,
            Failure::Tls { .. } => Self::Tls,
            Failure::Response { .. } => Self::IncorrectResponse,
            Failure::NoRecord { .. } => Self::Unauthorized,
            Failure::Caa { .. } => Self::Caa,
            Failure::Method { .. } | Failure::MalformedRecord { .. } => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_written_as_the_standard_has_them() {
        let one =
            |name: &str, kind| Subproblem { kind, detail: "no".to_owned(), identifier: Identifier::parse("dns", name).expect("a name") };
        let problem = Problem::of_identifiers(vec![one("a.example", Kind::RejectedIdentifier), one("b.example", Kind::Caa)]);
        let text: serde_json::Value = serde_json::from_str(&problem.document().to_text()).expect("JSON");
        assert_eq!(
            text,
            serde_json::json!({
                "type": "urn:ietf:params:acme:error:compound", "detail": "2 identifiers are refused", "status": 400,
                "subproblems": [
                    {"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "no", "identifier": {"type": "dns", "value": "a.example"}},
                    {"type": "urn:ietf:params:acme:error:caa", "detail": "no", "identifier": {"type": "dns", "value": "b.example"}},
                ],
            })
        );
        assert_eq!(Kind::BadCsr.urn(), "urn:ietf:params:acme:error:badCSR");
        assert_eq!(Kind::BadPublicKey.urn(), "urn:ietf:params:acme:error:badPublicKey");
    }
}
