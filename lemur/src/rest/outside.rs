//! `/auth` for those who come in by somebody else's word: the providers by which people sign in, and workloads.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{StatusCode, header};
use jiff::Timestamp;
use menagerie_web::{ClientCertificate, RequestId, SessionCookie};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fault::Fault;
use super::route::Route;
use super::shape::{Kind, Shape, optional, required};
use super::signed::address;
use super::{Api, LARGEST_SMALL_BODY};
use crate::access::{AccessError, Actions, OutsideError, Session, Workload};
use crate::audit::{Actor, Via};
use crate::identity::{Answered, COOKIE_LASTS, Credential, SignInError, WorkloadError};

/// What a browser sets out with to a provider, and brings back.
pub(super) const SET_OUT: SessionCookie = SessionCookie::new("__Host-lemur-sign-in").coming_back();

const WORKLOAD: Shape = Shape {
    name: "WorkloadCredential",
    fields: &[
        required("workload", Kind::Text(64), "The workload's name in the configuration"),
        optional("token", Kind::Text(16 * 1024), "A token of the workload's issuer"),
        optional("aws", Kind::Any, "A signed GetCallerIdentity: url, headers, and method and body if they are said"),
    ],
};

/// A provider by which people sign in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = IdentityProvider)]
struct ProviderOut {
    name: String,
    title: String,
    /// Where a browser begins.
    url: String,
    /// The same.
    authorization_endpoint: String,
    client_id: String,
    redirect_uri: String,
    response_type: &'static str,
    scope: Vec<String>,
    scope_delimiter: &'static str,
    /// Of OAuth.
    r#type: &'static str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OutsideSession)]
struct SessionOut {
    token: String,
    redirect: &'static str,
}

/// A workload's token, and what may be done with it.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkloadPass)]
struct PassOut {
    token: String,
    /// When the token ends.
    expires: String,
    #[serde(flatten)]
    may: GrantOut,
}

#[derive(Serialize, ToSchema)]
#[schema(as = WorkloadGrant)]
struct GrantOut {
    workload: String,
    owner: String,
    authority: String,
    profiles: Vec<String>,
    names: Vec<String>,
    actions: Vec<&'static str>,
}

/// A workload that asks who it is.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkloadSelf)]
pub(super) struct WorkloadOut {
    subject: String,
    #[serde(flatten)]
    may: GrantOut,
}

/// What a provider lets a browser bring. What is there twice is refused.
#[derive(Deserialize)]
pub(super) struct Brought {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/auth/providers", providers, "Providers of identities that are configured").open().gives_several::<ProviderOut>(),
        Route::get("/auth/google", google, "Sign in by Google").open(),
        Route::get("/auth/oauth2", oauth2, "Begin to sign in by a provider, or end it with what the provider let the browser bring")
            .open()
            .query(&[
                ("provider", "Which, where there are several"),
                ("code", "The code"),
                ("state", "What it was sent with"),
                ("iss", "Who says so"),
            ])
            .gives::<SessionOut>(),
        Route::post("/auth/workload", workload, "Exchange a workload's credential for a token").open().takes(&WORKLOAD).gives::<PassOut>(),
    ]
}

async fn providers(State(api): State<Api>) -> Json<Vec<ProviderOut>> {
    let begin = |name: &str, redirect: &str| redirect.strip_suffix("/callback").map_or_else(|| name.to_owned(), str::to_owned);
    let of = |(provider, redirect): (&crate::identity::Provider, &str)| ProviderOut {
        name: provider.name.clone(),
        title: provider.title.clone(),
        url: begin(&provider.name, redirect),
        authorization_endpoint: begin(&provider.name, redirect),
        client_id: provider.client_id.clone(),
        redirect_uri: redirect.to_owned(),
        response_type: "code",
        scope: provider.scopes.clone(),
        scope_delimiter: " ",
        r#type: "2.0",
    };
    Json(api.settings.identity.providers().map(of).collect())
}

async fn google() -> Fault {
    Fault::Bad("No such provider of identities is configured.".to_owned())
}

#[derive(Deserialize)]
struct Asked {
    provider: Option<String>,
}

async fn oauth2(
    State(api): State<Api>,
    asked: Result<Query<Asked>, QueryRejection>,
    brought: Result<Query<Brought>, QueryRejection>,
    request: Request,
) -> Result<Response, Fault> {
    let (Ok(Query(asked)), Ok(Query(brought))) = (asked, brought) else {
        return Err(Fault::Bad("The parameters are not understood.".to_owned()));
    };
    let mut names = api.settings.identity.providers().map(|(provider, _)| provider.name.clone());
    let name = match (asked.provider, names.next(), names.next()) {
        (Some(name), _, _) | (None, Some(name), None) => name,
        (None, None, _) => return Err(SignInError::NoProvider.into()),
        (None, Some(_), Some(_)) => return Err(Fault::field("provider", "Say which: there are several.")),
    };
    drop(names);
    let (parts, _) = request.into_parts();
    if brought.state.is_none() {
        return Ok(begun(&api, &name, &parts).await?);
    }
    let session = finished(&api, &name, &brought, &parts, Via::Rest).await?;
    let body = Json(SessionOut { token: session.token, redirect: "/certificates" });
    Ok(([(header::SET_COOKIE, SET_OUT.clear())], body).into_response())
}

/// Sends a browser to a provider.
pub(super) async fn begun(api: &Api, name: &str, parts: &Parts) -> Result<Response, SignInFault> {
    let identity = &api.settings.identity;
    identity.count(address(parts)).map_err(SignInFault::TooMany)?;
    let begun = identity.begin(name).await?;
    let cookie = SET_OUT.set(&begun.cookie, COOKIE_LASTS).ok_or(SignInFault::SignIn(SignInError::Internal))?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&begun.location)).into_response())
}

/// Signs in whom a provider sends back.
pub(super) async fn finished(api: &Api, name: &str, brought: &Brought, parts: &Parts, via: Via) -> Result<Session, SignInFault> {
    let identity = &api.settings.identity;
    identity.count(address(parts)).map_err(SignInFault::TooMany)?;
    let answered = Answered {
        code: brought.code.as_deref(),
        state: brought.state.as_deref(),
        issuer: brought.iss.as_deref(),
        error: brought.error.as_deref(),
    };
    let actor = |name| actor(name, parts, via);
    Ok(identity.finish(name, SET_OUT.read(&parts.headers), answered, &api.access, actor).await?)
}

fn actor(name: String, parts: &Parts, via: Via) -> Actor {
    let request = parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned());
    Actor { name, user: None, via, address: Some(address(parts)), request }
}

async fn workload(State(api): State<Api>, request: Request) -> Result<Json<PassOut>, Fault> {
    let (parts, body) = request.into_parts();
    let identity = &api.settings.identity;
    identity.count(address(&parts)).map_err(Fault::TooMany)?;
    let body =
        axum::body::to_bytes(body, LARGEST_SMALL_BODY).await.map_err(|_| Fault::Bad("The body is too large or broke off.".to_owned()))?;
    let fields = WORKLOAD.read(&body)?;
    let name = fields.text("workload").unwrap_or_default();
    let shown = parts.extensions.get::<Option<ClientCertificate>>().and_then(Option::as_ref);
    let credential = match (fields.text("token"), fields.any("aws"), shown) {
        (Some(token), None, _) => Credential::Token(token),
        (None, Some(aws), _) => Credential::Aws(aws),
        (None, None, Some(certificate)) => Credential::Certificate(certificate.as_der()),
        (Some(_), Some(_), _) => return Err(Fault::field("aws", "There is a token, too.")),
        (None, None, None) if identity.wants_certificate(name) => {
            return Err(Fault::Token("This workload comes in by a client certificate, and the connection has none"));
        }
        (None, None, None) => return Err(Fault::field("token", "Missing data for required field.")),
    };
    let admitted = identity.admit(name, credential).await.map_err(|error| {
        tracing::info!(workload = name, error = &error as &dyn std::error::Error, "a workload is not let in");
        Fault::from(error)
    })?;
    let actor = actor(admitted.called(), &parts, Via::Rest);
    let pass = api.access.admit(&admitted, &actor).await?;
    let expires = Timestamp::from_second(pass.expires).map_err(|error| Fault::Internal(error.to_string()))?;
    Ok(Json(PassOut { token: pass.token, expires: expires.to_string(), may: GrantOut::from(pass.grant.as_ref()) }))
}

impl From<&crate::access::Grant> for GrantOut {
    fn from(grant: &crate::access::Grant) -> Self {
        let Actions { issue, renew, revoke, export } = grant.actions;
        let actions = [(issue, "issue"), (renew, "renew"), (revoke, "revoke"), (export, "export")];
        Self {
            workload: grant.name.clone(),
            owner: grant.owner.clone(),
            authority: grant.authority.clone(),
            profiles: grant.profiles.clone(),
            names: grant.names.iter().map(ToString::to_string).collect(),
            actions: actions.into_iter().filter(|(may, _)| *may).map(|(_, action)| action).collect(),
        }
    }
}

impl From<&Workload> for WorkloadOut {
    fn from(workload: &Workload) -> Self {
        Self { subject: workload.subject().to_owned(), may: workload.grant().into() }
    }
}

/// Why nobody is signed in by a provider.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignInFault {
    /// There were too many tries.
    #[error("there were too many tries; wait a minute")]
    TooMany(std::time::Duration),
    /// It was refused, or failed.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl SignInFault {
    /// Whether the service failed, and not who asks.
    pub(super) const fn is_ours(&self) -> bool {
        matches!(self, Self::SignIn(SignInError::Internal | SignInError::Outside(OutsideError::Access(_))))
    }

    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::SignIn(SignInError::NoProvider) => StatusCode::NOT_FOUND,
            Self::SignIn(SignInError::State) => StatusCode::BAD_REQUEST,
            Self::SignIn(SignInError::Issuer(_)) => StatusCode::BAD_GATEWAY,
            _ if self.is_ours() => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        }
    }
}

impl From<SignInFault> for Fault {
    fn from(fault: SignInFault) -> Self {
        match fault {
            SignInFault::TooMany(wait) => Self::TooMany(wait),
            SignInFault::SignIn(error) => error.into(),
        }
    }
}

impl From<SignInError> for Fault {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::NoProvider | SignInError::State => Self::Bad(sentence(&error)),
            SignInError::Outside(OutsideError::Access(AccessError::LastAdministrator)) => Self::Conflict(sentence(&error)),
            SignInError::Outside(OutsideError::Access(error)) => error.into(),
            SignInError::Internal => Self::Internal(error.to_string()),
            other => Self::NotLetIn(sentence(&other)),
        }
    }
}

impl From<WorkloadError> for Fault {
    fn from(error: WorkloadError) -> Self {
        match error {
            WorkloadError::Store(error) => error.into(),
            other => Self::NotLetIn(sentence(&other)),
        }
    }
}

fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
