//! `/users`: who may come in. Passwords go in and never come out.

use std::net::{IpAddr, Ipv4Addr};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::id::Id;
use super::query::Asked;
use super::roles::RoleOut;
use super::route::Route;
use super::shape::{Fields, Kind, Shape, optional, required};
use super::signed::Signed;
use super::{Api, Done, List};
use crate::access::permit::Action;
use crate::access::{Email, Login, NewUser, Password, RoleId, User, UserChange, UserId, Username};
use crate::audit::Via;

const NEW: Shape = Shape {
    name: "NewUser",
    fields: &[
        required("username", Kind::Text(254), "The name to sign in by"),
        required("email", Kind::Email, "The address: certificates whose owner it is belong to the user"),
        optional("password", Kind::Text(1_024), "At least 12 characters; without one the user comes in by API keys alone"),
        optional("active", Kind::Flag, "Whether the user may come in"),
        optional("roles", Kind::Associations, "What the user is a member of"),
    ],
};

const CHANGE: Shape = Shape {
    name: "UserChange",
    fields: &[
        optional("username", Kind::Text(254), "The name to sign in by"),
        optional("email", Kind::Email, "The address"),
        optional("password", Kind::Text(1_024), "Another password: every token from before is then void"),
        optional("oldPassword", Kind::Text(1_024), "The password until now: wanted for one's own"),
        optional("code", Kind::Text(16), "A code of the second factor, wanted for one's own password where there is one"),
        optional("active", Kind::Flag, "Whether the user may come in"),
        optional("roles", Kind::Associations, "All that the user is a member of from now on"),
    ],
};

/// A user.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(super) struct UserOut {
    pub(super) id: i64,
    pub(super) username: String,
    /// This and what follows only for oneself, administrators, operators and readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) active: Option<bool>,
    /// Whether a second factor is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) second_factor: Option<bool>,
    /// For `/auth/me`: the API key that the request came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) roles: Option<Vec<RoleOut>>,
}

/// A user where something else refers to one.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = UserRef)]
pub(super) struct UserRef {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) active: bool,
}

impl From<User> for UserOut {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            username: user.username,
            email: Some(user.email),
            active: Some(user.active),
            second_factor: Some(user.second_factor),
            key_id: None,
            roles: Some(user.roles.into_iter().map(RoleOut::from).collect()),
        }
    }
}

impl UserOut {
    /// As much of a user as whoever asks may see.
    pub(super) fn seen_by(signed: &Signed, user: User) -> Self {
        match signed.may(&Action::ReadUser(user.id)) {
            Ok(()) => user.into(),
            Err(_) => {
                Self { id: user.id.0, username: user.username, email: None, active: None, second_factor: None, key_id: None, roles: None }
            }
        }
    }
}

impl From<User> for UserRef {
    fn from(user: User) -> Self {
        Self { id: user.id.0, username: user.username, email: user.email, active: user.active }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/users", list, "List users").paged().lists::<UserOut>(),
        Route::post("/users", create, "Make a user").takes(&NEW).gives::<UserOut>(),
        Route::get("/users/{id}", read, "A user").gives::<UserOut>(),
        Route::put("/users/{id}", update, "Change a user").takes(&CHANGE).gives::<UserOut>(),
        Route::get("/users/{id}/roles", roles, "The roles of a user").windowed().lists::<RoleOut>(),
        Route::delete("/users/{id}/tokens", sign_out, "End every session of a user, and every API key").gives::<Done>(),
        Route::delete("/users/{id}/second_factor", reset_second_factor, "Take another user's second factor away").gives::<Done>(),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<UserOut>>, Fault> {
    signed.may(&Action::LookAtPeople)?;
    let users = api.access.users(asked.window()?).await?;
    let items = users.items.into_iter().map(|user| UserOut::seen_by(&signed, user)).collect::<Vec<_>>();
    Ok(List::of(items, users.total))
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<UserOut>, Fault> {
    signed.may(&Action::LookAtPeople)?;
    Ok(Json(UserOut::seen_by(&signed, api.access.user(UserId(id)).await?)))
}

async fn roles(State(api): State<Api>, signed: Signed, Id(id): Id, asked: Asked) -> Result<Json<List<RoleOut>>, Fault> {
    signed.may(&Action::ReadUser(UserId(id)))?;
    Ok(List::page(api.access.user(UserId(id)).await?.roles, &asked))
}

async fn create(State(api): State<Api>, signed: Signed, body: Bytes) -> Result<Json<UserOut>, Fault> {
    signed.may(&Action::ManageUsers)?;
    let fields = NEW.read(&body)?;
    let user = NewUser {
        username: Username::parse(fields.text("username").unwrap_or_default())?,
        email: Email::parse(fields.text("email").unwrap_or_default())?,
        password: password(&fields)?,
        active: fields.flag("active").unwrap_or(true),
        roles: api.role_ids(&fields, "roles").await?.unwrap_or_default(),
    };
    api.may_give(&signed, &user.roles).await?;
    Ok(Json(api.access.create_user(user, &signed.actor).await?.into()))
}

/// A user changes no more than the own password, and shows that it is the user who asks; the rest is the administrators'.
async fn update(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<UserOut>, Fault> {
    let fields = CHANGE.read(&body)?;
    let own = signed.requester.user() == Some(UserId(id));
    if fields.has("password") {
        signed.may(&if own { Action::ManageOwnAccount(UserId(id)) } else { Action::ResetCredentials(UserId(id)) })?;
    }
    if !fields.has("password") || ["username", "email", "active", "roles"].iter().any(|field| fields.has(field)) {
        signed.may(&Action::ManageUsers)?;
    }
    let user = api.access.user(UserId(id)).await?;
    let password = password(&fields)?;
    if own && password.is_some() {
        let old = fields.text("oldPassword").ok_or_else(|| Fault::field("oldPassword", "Missing data for required field."))?;
        api.prove_again(&signed, old, fields.text("code")).await?;
    }
    let change = UserChange {
        username: fields.text("username").map(Username::parse).transpose()?,
        email: fields.text("email").map(Email::parse).transpose()?,
        password,
        active: fields.flag("active"),
        roles: api.role_ids(&fields, "roles").await?,
    };
    let held: Vec<_> = user.roles.iter().map(|role| role.id).collect();
    let given: Vec<_> = change.roles.iter().flatten().copied().filter(|role| !held.contains(role)).collect();
    api.may_give(&signed, &given).await?;
    Ok(Json(api.access.change_user(user.id, change, &signed.actor).await?.into()))
}

async fn sign_out(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<Done>, Fault> {
    let own = signed.requester.user() == Some(UserId(id));
    signed.may(&if own { Action::ManageOwnAccount(UserId(id)) } else { Action::ResetCredentials(UserId(id)) })?;
    api.access.void_tokens(UserId(id), &signed.actor).await?;
    Ok(Json(Done::result()))
}

async fn reset_second_factor(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<serde_json::Value>, Fault> {
    signed.may(&Action::ResetCredentials(UserId(id)))?;
    api.access.remove_second_factor(UserId(id), &signed.actor).await?;
    Ok(Json(serde_json::json!({"result": true})))
}

/// The password, to the letter: blanks around it are part of it.
fn password(fields: &Fields) -> Result<Option<Password>, Fault> {
    let chosen = fields.text("password").map(|text| Password::chosen(text.to_owned())).transpose();
    chosen.map_err(|reason| Fault::field("password", reason.to_string()))
}

impl Api {
    /// Goes on if whoever is signed in shows it again, by the password, and by a code where a second factor is asked for.
    pub(super) async fn prove_again(&self, signed: &Signed, password: &str, code: Option<&str>) -> Result<(), Fault> {
        let login = Login {
            username: signed.requester.called(),
            password: Zeroizing::new(password.to_owned()),
            code,
            from: signed.actor.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            via: Via::Rest,
            request: signed.actor.request.clone(),
        };
        Ok(self.access.prove_again(signed.user()?, login).await?)
    }

    /// Goes on if the requester may give somebody these roles, besides changing users.
    async fn may_give(&self, signed: &Signed, roles: &[RoleId]) -> Result<(), Fault> {
        for role in roles {
            if self.access.role(*role).await?.administers() {
                signed.may(&Action::GiveAdministration)?;
            }
        }
        Ok(())
    }

    /// The roles that a field names, all of which are there.
    pub(super) async fn role_ids(&self, fields: &Fields, name: &str) -> Result<Option<Vec<RoleId>>, Fault> {
        let Some(named) = fields.associations(name) else { return Ok(None) };
        let mut ids = Vec::with_capacity(named.len());
        for role in named {
            let found = match role {
                super::shape::Named::Id(id) => self.access.role(RoleId(*id)).await,
                super::shape::Named::Name(text) => self.access.role_named(text).await,
            };
            match found {
                Ok(role) => ids.push(role.id),
                Err(crate::access::AccessError::Missing(_)) => return Err(Fault::field(name, "There is no such role.")),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(ids))
    }
}
