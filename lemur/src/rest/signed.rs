//! Whose request it is. What is not open is behind [`known`], so that no resource can forget to ask.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, header};
use menagerie_web::RequestId;

use super::Api;
use super::fault::Fault;
use crate::access::Requester;
use crate::access::permit::{Action, decide};
use crate::audit::{Actor, Via};
use crate::store::UserId;

/// Whoever asks, as access control and as the audit log know them.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) requester: Requester,
    pub(crate) actor: Actor,
    /// Whether it is somebody on the server's own machine, with the data in hands.
    pub(crate) local: bool,
    /// Why a change is made that a second person should have approved.
    pub(crate) break_glass: Option<Arc<str>>,
}

impl Signed {
    pub(crate) fn new(requester: Requester, parts: &Parts, via: Via) -> Self {
        let request = request_id(parts);
        let actor = Actor { name: requester.called().to_owned(), user: requester.user(), via, address: Some(address(parts)), request };
        Self { requester, actor, local: false, break_glass: None }
    }

    /// The user who asks: what is asked for is no matter of workloads.
    pub(crate) fn user(&self) -> Result<UserId, Fault> {
        self.requester.user().ok_or(Fault::Token("This is for users, and a workload is none"))
    }

    /// Goes on if the requester may.
    pub(crate) fn may(&self, action: &Action<'_>) -> Result<(), Fault> {
        Ok(decide(&self.requester, action)?)
    }
}

/// A request's ID.
pub(crate) fn request_id(parts: &Parts) -> Option<String> {
    parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned())
}

/// Where a request comes from.
pub(crate) fn address(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip().to_canonical())
}

/// Lets a request through that has a token, and notes whose it is.
pub(crate) async fn known(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let requester = match token(&parts.headers) {
        Ok(token) => api.access.requester(token).await.map_err(Fault::from),
        Err(fault) => Err(fault),
    };
    match requester.and_then(|requester| api.within_rate(&requester).map(|()| requester)) {
        Ok(requester) => {
            let signed = Signed::new(requester, &parts, Via::Rest);
            parts.extensions.insert(signed);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(fault) => fault.into_response(),
    }
}

pub(crate) fn token(headers: &HeaderMap) -> Result<&str, Fault> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Fault::Anonymous)?;
    let invalid = || Fault::Token("Token is invalid");
    if values.next().is_some() {
        return Err(invalid());
    }
    let (scheme, token) = value.to_str().map_err(|_| invalid())?.trim().split_once(' ').ok_or_else(invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(invalid()) }
}

impl<S: Sync> FromRequestParts<S> for Signed {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or(Fault::Anonymous)
    }
}
