//! Signing in by a provider: a link that leads there, and where it comes back.

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use maud::{Markup, html};

use super::super::Api;
use super::super::outside::{Brought, SET_OUT, SignInFault, begun, finished};
use super::{COOKIE, failed, layout, layout_leading_to, sign_in_form};
use crate::audit::Via;

pub(super) fn router() -> Router<Api> {
    Router::new().route("/sign-in/with/{name}", get(begin)).route("/sign-in/with/{name}/callback", get(come_back))
}

/// The providers, for the page where one signs in. Links and no forms: a browser lets no form of this page end at another site.
pub(super) fn links(api: &Api) -> Markup {
    html! {
        @for (provider, _) in api.settings.identity.providers() {
            a.provider href=(format!("/sign-in/with/{}", provider.name)) { "Sign in with " (provider.title) }
        }
    }
}

async fn begin(State(api): State<Api>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    begun(&api, &name, &parts).await.unwrap_or_else(|fault| refused(&api, fault))
}

/// The session's cookie is for this site's own pages alone, and a browser that another site sent here counts as that site's until it follows
/// something of ours: so the way on is a page, and not a redirect.
async fn come_back(
    State(api): State<Api>,
    Path(name): Path<String>,
    brought: Result<Query<Brought>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let Ok(Query(brought)) = brought else {
        return (StatusCode::BAD_REQUEST, sign_in_form(&api, "", Some("What came back from the provider is not understood.")))
            .into_response();
    };
    let session = match finished(&api, &name, &brought, &parts, Via::Web).await {
        Ok(session) => session,
        Err(fault) => return refused(&api, fault),
    };
    let Some(cookie) = COOKIE.set(&session.token, session.lifetime.as_secs()) else {
        return (StatusCode::INTERNAL_SERVER_ERROR, layout("Sign in", None, &html! { p { "The service failed." } })).into_response();
    };
    let body = html! { p { "You are signed in. " a href="/certificates" { "Go on" } } };
    let cookies = axum::response::AppendHeaders([(header::SET_COOKIE, cookie), (header::SET_COOKIE, SET_OUT.clear())]);
    (cookies, layout_leading_to("/certificates", "Sign in", &body)).into_response()
}

fn refused(api: &Api, fault: SignInFault) -> Response {
    if fault.is_ours() {
        tracing::error!(error = &fault as &dyn std::error::Error, "signing in by a provider failed");
        return ([(header::SET_COOKIE, SET_OUT.clear())], failed(fault.into())).into_response();
    }
    tracing::info!(error = &fault as &dyn std::error::Error, "nobody is signed in by a provider");
    let text = fault.to_string();
    let mut letters = text.chars();
    let text = letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()));
    let answer = (fault.status(), sign_in_form(api, "", Some(&text)));
    ([(header::SET_COOKIE, SET_OUT.clear())], answer).into_response()
}
