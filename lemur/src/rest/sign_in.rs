//! `/auth`: signing in, and who is signed in.

use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::outside::WorkloadOut;
use super::route::Route;
use super::shape::{Kind, Shape, optional, required};
use super::signed::{Signed, address, request_id, token};
use super::users::UserOut;
use super::{Api, Done, LARGEST_SMALL_BODY};
use crate::access::{ApiKeyId, Login};
use crate::audit::Via;

const LOGIN: Shape = Shape {
    name: "Login",
    fields: &[
        required("username", Kind::Text(254), "The user's name or address"),
        required("password", Kind::Text(1_024), "The user's password"),
        optional("code", Kind::Text(16), "A code of the second factor, where the user has one"),
    ],
};

const CODE: Shape = Shape { name: "Code", fields: &[required("code", Kind::Text(16), "A code of the secret that was made")] };

const PROOF: Shape = Shape {
    name: "Proof",
    fields: &[
        required("password", Kind::Text(1_024), "The user's password"),
        optional("code", Kind::Text(16), "A code of the second factor, where the user has one"),
    ],
};

#[derive(Serialize, ToSchema)]
struct Token {
    token: String,
}

#[derive(Serialize, ToSchema)]
struct Ping {
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
struct SecondFactor {
    /// For an authenticator, in base 32.
    secret: String,
    /// The same as a URI.
    uri: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/auth/login", login, "Sign in by name and password").open().takes(&LOGIN).gives::<Token>(),
        Route::get("/auth/ping", ping, "Whether signing in is served").open().gives::<Ping>(),
        Route::post("/auth/logout", logout, "End the session of the token").gives::<Done>(),
        Route::get("/auth/me", me, "Who is signed in").gives::<UserOut>().or_gives::<WorkloadOut>(),
        Route::post("/auth/second_factor", enrol, "Make a secret for a second factor").gives::<SecondFactor>(),
        Route::put("/auth/second_factor", confirm, "Ask for the second factor from now on").takes(&CODE).gives::<Done>(),
        Route::delete("/auth/second_factor", remove, "Ask for no second factor any more").takes(&PROOF).gives::<Done>(),
    ]
}

async fn login(State(api): State<Api>, request: Request) -> Result<Json<Token>, Fault> {
    let (parts, body) = request.into_parts();
    let body =
        axum::body::to_bytes(body, LARGEST_SMALL_BODY).await.map_err(|_| Fault::Bad("The body is too large or broke off.".to_owned()))?;
    let fields = LOGIN.read(&body)?;
    let login = Login {
        username: fields.text("username").unwrap_or_default(),
        password: Zeroizing::new(fields.text("password").unwrap_or_default().to_owned()),
        code: fields.text("code"),
        from: address(&parts),
        via: Via::Rest,
        request: request_id(&parts),
    };
    Ok(Json(Token { token: api.access.login(login).await?.token }))
}

/// The token lets nobody in any more, whoever has it. An API key is revoked under `/keys`.
async fn logout(State(api): State<Api>, signed: Signed, headers: http::HeaderMap) -> Result<Json<Done>, Fault> {
    signed.may(&crate::access::permit::Action::Look)?;
    if signed.requester.api_key().is_some() {
        return Err(Fault::Token("An API key has no session that ends: revoke it under /keys"));
    }
    api.access.end_session(token(&headers)?, &signed.actor).await?;
    Ok(Json(Done::result()))
}

async fn ping() -> Json<Ping> {
    Json(Ping { status: "ok" })
}

/// A user, or a workload and what it may.
#[derive(Serialize)]
#[serde(untagged)]
enum Myself {
    User(UserOut),
    Workload(WorkloadOut),
}

async fn me(State(api): State<Api>, signed: Signed) -> Result<Json<Myself>, Fault> {
    if let Some(workload) = signed.requester.workload() {
        return Ok(Json(Myself::Workload(workload.into())));
    }
    let mut user = UserOut::from(api.access.user(signed.user()?).await?);
    user.key_id = signed.requester.api_key().map(|ApiKeyId(id)| id);
    Ok(Json(Myself::User(user)))
}

async fn enrol(State(api): State<Api>, signed: Signed) -> Result<Json<SecondFactor>, Fault> {
    let user = signed.user()?;
    signed.may(&crate::access::permit::Action::ManageOwnAccount(user))?;
    match api.access.enrol_second_factor(user).await {
        Ok(made) => Ok(Json(SecondFactor { secret: made.secret, uri: made.uri })),
        Err(crate::access::AccessError::Taken { .. }) => {
            Err(Fault::Conflict("There is a second factor already: remove it first.".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

async fn confirm(State(api): State<Api>, signed: Signed, body: axum::body::Bytes) -> Result<Json<serde_json::Value>, Fault> {
    let user = signed.user()?;
    signed.may(&crate::access::permit::Action::ManageOwnAccount(user))?;
    let fields = CODE.read(&body)?;
    api.access.confirm_second_factor(user, fields.text("code").unwrap_or_default(), &signed.actor).await?;
    Ok(Json(serde_json::json!({"result": true})))
}

/// With the password and a code: whoever finds a token takes no second factor away.
async fn remove(State(api): State<Api>, signed: Signed, body: axum::body::Bytes) -> Result<Json<serde_json::Value>, Fault> {
    let user = signed.user()?;
    signed.may(&crate::access::permit::Action::ManageOwnAccount(user))?;
    let fields = PROOF.read(&body)?;
    api.prove_again(&signed, fields.text("password").unwrap_or_default(), fields.text("code")).await?;
    api.access.remove_second_factor(user, &signed.actor).await?;
    Ok(Json(serde_json::json!({"result": true})))
}
