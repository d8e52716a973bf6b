//! Two plain pages: signing in, and the list of certificates. No script runs on them, and what is shown is escaped by the way it is written
//! ([`maud`]). A session is the token of the REST interface in a cookie that no script reads and no other site's page sends.

mod outside;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use menagerie_web::{PAGE_POLICY, SessionCookie, same_origin};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Api;
use super::fault::Fault;
use super::query::Asked;
use super::signed::{Signed, address, request_id};
use crate::access::permit::Action;
use crate::access::{Login, LoginError, TokenError};
use crate::audit::Via;
use crate::certificate::written;
use crate::crl::Reason;
use crate::store::certificates::Certificate;
use crate::store::list::{Filter, Order, Page};

const COOKIE: SessionCookie = SessionCookie::new("__Host-lemur");
const STYLE: &str = include_str!("style.css");
const ICON: &str = include_str!("icon.svg");
const ON_A_PAGE: i64 = 50;
/// How many names of a certificate are shown beside its common name.
const NAMES: usize = 6;
/// What is shown of a certificate: above the columns, or where the page is narrow beside each value.
const COLUMNS: [&str; 5] = ["For", "Issuer", "Owner", "Until", "State"];

pub(super) fn router() -> Router<Api> {
    Router::new()
        .route("/", get(async || Redirect::to("/certificates")))
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .merge(outside::router())
        .route("/certificates", get(certificates))
        .route("/style.css", get(async || ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .route("/icon.svg", get(icon))
        .route("/favicon.ico", get(icon))
        .layer(middleware::from_fn(page))
}

/// What browsers show beside the title, also where they ask for it by its old name.
async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=86400")], ICON)
}

/// What a person is told where nothing is: with the page's headers, since no route of theirs is in between.
pub async fn nothing_here(headers: HeaderMap) -> Response {
    // A program that asks for no page gets none.
    if !headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html")) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let body = html! {
        h1 { "Nothing is here" }
        p { "The address may be mistyped, or of another version. " a href="/certificates" { "Certificates" } }
    };
    let mut response = (StatusCode::NOT_FOUND, layout("Nothing is here", None, &body)).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    response
}

/// What every page has, and that no other site's page may send a form here.
async fn page(request: Request, next: Next) -> Response {
    if !request.method().is_safe() && same_origin(request.uri(), request.headers()).is_err() {
        return (StatusCode::FORBIDDEN, "The request comes from another site's page.").into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    response
}

fn layout(title: &str, user: Option<&str>, body: &Markup) -> Html<String> {
    page_of(title, user, None, body)
}

/// A page that leads on by itself.
fn layout_leading_to(path: &str, title: &str, body: &Markup) -> Html<String> {
    page_of(title, None, Some(path), body)
}

fn page_of(title: &str, user: Option<&str>, leads_to: Option<&str>, body: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(path) = leads_to { meta http-equiv="refresh" content=(format!("0;url={path}")); }
                title { (title) " · lemur" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" type="image/svg+xml" href="/icon.svg";
            }
            body {
                header {
                    strong { "lemur" }
                    @if let Some(user) = user {
                        form method="post" action="/sign-out" { span { (user) } button { "Sign out" } }
                    }
                }
                main { (body) }
            }
        }
    };
    Html(page.into_string())
}

fn sign_in_form(api: &Api, name: &str, problem: Option<&str>) -> Html<String> {
    let body = html! {
        form.sign-in method="post" action="/sign-in" {
            h1 { "Sign in" }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            label { "Name" input name="username" autocomplete="username" value=(name) required autofocus[name.is_empty()]; }
            label {
                "Password"
                input name="password" type="password" autocomplete="current-password" required autofocus[!name.is_empty()];
            }
            label { "Code of the second factor, if you have one" input name="code" inputmode="numeric" autocomplete="one-time-code"; }
            button.main { "Sign in" }
            (outside::links(api))
        }
    };
    layout("Sign in", None, &body)
}

async fn form(State(api): State<Api>) -> Html<String> {
    sign_in_form(&api, "", None)
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    #[serde(default)]
    code: String,
}

async fn sign_in(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (from, request_id) = (address(&parts), request_id(&parts));
    let request = Request::from_parts(parts, body);
    let Ok(Form(typed)) = <Form<Credentials> as axum::extract::FromRequest<()>>::from_request(request, &()).await else {
        return (StatusCode::BAD_REQUEST, sign_in_form(&api, "", Some("Name and password are wanted."))).into_response();
    };
    let login = Login {
        username: &typed.username,
        password: Zeroizing::new(typed.password),
        code: Some(typed.code.as_str()),
        from,
        via: Via::Web,
        request: request_id,
    };
    match api.access.login(login).await {
        Ok(session) => match COOKIE.set(&session.token, session.lifetime.as_secs()) {
            Some(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/certificates")).into_response(),
            None => failed(Fault::Internal("a token is no cookie".to_owned())),
        },
        Err(LoginError::Access(error)) => failed(error.into()),
        Err(error) => {
            let (status, text) = match &error {
                LoginError::CodeWanted => (StatusCode::FORBIDDEN, "A code of your second factor is wanted."),
                LoginError::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "There were too many tries. Wait a few minutes."),
                _ => (StatusCode::FORBIDDEN, "Name, password or code is wrong."),
            };
            (status, sign_in_form(&api, &typed.username, Some(text))).into_response()
        }
    }
}

/// Ends the session here too: a copy of the cookie lets nobody in any more.
async fn sign_out(State(api): State<Api>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Some(token) = COOKIE.read(&parts.headers) {
        let ended = match api.access.requester(token).await {
            Ok(requester) => api.access.end_session(token, &Signed::new(requester, &parts, Via::Web).actor).await,
            Err(error) => Err(error),
        };
        if let Err(TokenError::Access(error)) = ended {
            return failed(error.into());
        }
    }
    ([(header::SET_COOKIE, COOKIE.clear())], Redirect::to("/sign-in")).into_response()
}

async fn certificates(State(api): State<Api>, mut asked: Asked, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Some(token) = COOKIE.read(&parts.headers) else { return Redirect::to("/sign-in").into_response() };
    let signed = match api.access.requester(token).await {
        Ok(requester) => Signed::new(requester, &parts, Via::Web),
        // It says nothing of the session.
        Err(TokenError::Access(error)) => return failed(error.into()),
        Err(_) => return ([(header::SET_COOKIE, COOKIE.clear())], Redirect::to("/sign-in")).into_response(),
    };
    asked.count = ON_A_PAGE;
    match list(&api, &signed, &asked).await {
        Ok(page) => page.into_response(),
        Err(fault) => failed(fault),
    }
}

/// A page that says why there is no other, with the status and the headers that the REST interface would answer with.
fn failed(fault: Fault) -> Response {
    let body = html! { h1 { "That did not work" } p.problem role="alert" { (fault.answer().message()) } };
    let (head, _) = fault.into_response().into_parts();
    let mut response = (head.status, layout("That did not work", None, &body)).into_response();
    if let Some(seconds) = head.headers.get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
    }
    response
}

async fn list(api: &Api, signed: &Signed, asked: &Asked) -> Result<Html<String>, Fault> {
    signed.may(&Action::Look)?;
    let text = asked.parameter("name");
    let filter = Filter { text: text.map(str::to_owned), ..Filter::default() };
    let skip = u64::try_from(asked.skip()).unwrap_or(u64::MAX);
    let limit = u64::try_from(ON_A_PAGE).unwrap_or(0);
    let listing = api.engine.certificates(&filter, Order::default(), Page::Offset { offset: skip, limit }).await?;
    let now = api.engine.now();
    let link = |page: i64| {
        let named = text.map(|text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string());
        format!("/certificates?page={page}&name={}", named.unwrap_or_default())
    };
    let body = html! {
        h1 { "Certificates" }
        form.find method="get" action="/certificates" {
            input name="name" type="search" aria-label="Name" placeholder="Part of a name" value=(text.unwrap_or_default());
            button { "Find" }
        }
        p.quiet { (listing.total) @if !listing.exact { " or more" } @if listing.total == 1 { " certificate" } @else { " certificates" } }
        @if listing.items.is_empty() {
            @if skip > 0 && listing.total > 0 {
                p { "This page is behind the last one. " a href=(link(last_page(listing.total))) { "The last page" } }
            } @else {
                p { "Nothing found." }
            }
        } @else {
            div.table { table {
                thead { tr { @for column in COLUMNS { th { (column) } } } }
                tbody { @for certificate in &listing.items { (row(certificate, now)) } }
            } }
        }
        nav {
            @if asked.page > 1 { a href=(link((asked.page - 1).min(last_page(listing.total)))) { "Before" } }
            @if skip.saturating_add(listing.items.len() as u64) < listing.total { a href=(link(asked.page + 1)) { "After" } }
        }
    };
    Ok(layout("Certificates", Some(signed.requester.called()), &body))
}

fn last_page(total: u64) -> i64 {
    i64::try_from(total.div_ceil(u64::try_from(ON_A_PAGE).unwrap_or(1)).max(1)).unwrap_or(1)
}

fn row(certificate: &Certificate, now: Timestamp) -> Markup {
    let (class, state) = match &certificate.revoked {
        Some(revoked) if revoked.reason == Reason::CertificateHold.name() => ("badge revoked", "on hold".to_owned()),
        Some(revoked) => ("badge revoked", format!("revoked: {}", revoked.reason)),
        None if certificate.not_after < now => ("badge ended", "ended".to_owned()),
        // What was brought nobody here answers for.
        None if certificate.authority.is_none() => ("badge", "not known".to_owned()),
        None => ("badge holds", "holds".to_owned()),
    };
    let days = certificate.not_after.duration_since(now).as_hours() / 24;
    let [names, issuer, owner, until, of_state] = COLUMNS;
    html! {
        tr {
            td.names data-column=(names) title=(certificate.name) {
                strong { (certificate.common_name) }
                @for name in certificate.names.iter().filter(|name| name.value != certificate.common_name).take(NAMES) {
                    div { (name.value) }
                }
                @if certificate.names.len() > NAMES + 1 { div.quiet { "and more" } }
            }
            td data-column=(issuer) { (certificate.issuer) }
            td data-column=(owner) { (certificate.owner) }
            td.whole data-column=(until) {
                (written(certificate.not_after).chars().take(10).collect::<String>())
                @if certificate.revoked.is_none() && days >= 0 { div.quiet { "in " (days) @if days == 1 { " day" } @else { " days" } } }
            }
            td.whole data-column=(of_state) { span class=(class) { (state) } }
        }
    }
}
