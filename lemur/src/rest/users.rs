//! `/users`: who may come in. Passwords go in and never come out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::Fault;
use super::id::Id;
use super::query::Asked;
use super::roles::RoleOut;
use super::route::Route;
use super::shape::{Fields, Kind, Shape, optional, required};
use super::signed::Signed;
use super::{Api, List};
use crate::access::permit::Action;
use crate::access::{Email, NewUser, Password, RoleId, User, UserChange, UserId, Username};

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
    pub(super) email: String,
    pub(super) active: bool,
    /// Whether a second factor is asked for.
    pub(super) second_factor: bool,
    /// For `/auth/me`: the API key that the request came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_id: Option<i64>,
    pub(super) roles: Vec<RoleOut>,
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
            email: user.email,
            active: user.active,
            second_factor: user.second_factor,
            key_id: None,
            roles: user.roles.into_iter().map(RoleOut::from).collect(),
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
        Route::get("/users/{id}/roles", roles, "The roles of a user").lists::<RoleOut>(),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<UserOut>>, Fault> {
    signed.may(&Action::LookAtPeople)?;
    let users = api.access.users(asked.window()?).await?;
    Ok(List::of(users.items, users.total))
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<UserOut>, Fault> {
    signed.may(&Action::LookAtPeople)?;
    Ok(Json(api.access.user(UserId(id)).await?.into()))
}

async fn roles(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<List<RoleOut>>, Fault> {
    signed.may(&Action::LookAtPeople)?;
    Ok(List::whole(api.access.user(UserId(id)).await?.roles))
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
    Ok(Json(api.access.create_user(user, &signed.actor).await?.into()))
}

/// A user changes no more than the own password; the rest is the administrators'.
async fn update(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<UserOut>, Fault> {
    let fields = CHANGE.read(&body)?;
    let user = api.access.user(UserId(id)).await;
    let only_password = fields.has("password") && ["username", "email", "active", "roles"].iter().all(|field| !fields.has(field));
    match &user {
        Ok(user) if only_password => signed.may(&Action::ManageOwnAccount(user.id))?,
        _ => signed.may(&Action::ManageUsers)?,
    }
    let user = user?;
    let change = UserChange {
        username: fields.text("username").map(Username::parse).transpose()?,
        email: fields.text("email").map(Email::parse).transpose()?,
        password: password(&fields)?,
        active: fields.flag("active"),
        roles: api.role_ids(&fields, "roles").await?,
    };
    Ok(Json(api.access.change_user(user.id, change, &signed.actor).await?.into()))
}

fn password(fields: &Fields) -> Result<Option<Password>, Fault> {
    let chosen = fields.filled("password").map(|text| Password::chosen(text.to_owned())).transpose();
    chosen.map_err(|reason| Fault::field("password", reason.to_string()))
}

impl Api {
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
