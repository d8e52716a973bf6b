//! The number in a path. What is no number names nothing.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::fault::Fault;

/// The number in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Fault::Missing("resource"))?;
        text.parse().ok().filter(|id| *id > 0).map(Self).ok_or(Fault::Missing("resource"))
    }
}
