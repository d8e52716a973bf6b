//! `/roles`: what rights hang on. Only administrators write.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::Fault;
use super::id::Id;
use super::query::Asked;
use super::route::Route;
use super::shape::{Fields, Kind, Named, Shape, optional, required};
use super::signed::Signed;
use super::users::{UserOut, UserRef};
use super::{Api, Done, List};
use crate::access::permit::Action;
use crate::access::{NewRole, Role, RoleChange, RoleId, RoleName, UserId, Username, administers};

const NEW: Shape = Shape {
    name: "NewRole",
    fields: &[
        required("name", Kind::Text(254), "The role's name"),
        optional("description", Kind::Text(4_096), "What it is for"),
        optional("users", Kind::Associations, "Its members"),
        optional("username", Kind::Text(254), "A credential kept with the role: comes later, and is refused"),
        optional("password", Kind::Text(1_024), "A credential kept with the role: comes later, and is refused"),
    ],
};

const CHANGE: Shape = Shape {
    name: "RoleChange",
    fields: &[
        optional("name", Kind::Text(254), "The role's name"),
        optional("description", Kind::Text(4_096), "What it is for"),
        optional("users", Kind::Associations, "All its members from now on"),
    ],
};

/// A role.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Role)]
pub(super) struct RoleOut {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: String,
    /// Its members, where they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) users: Option<Vec<UserRef>>,
}

impl From<Role> for RoleOut {
    fn from(role: Role) -> Self {
        Self { id: role.id.0, name: role.name, description: role.description, users: None }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/roles", list, "List roles").paged().lists::<RoleOut>(),
        Route::post("/roles", create, "Make a role").takes(&NEW).gives::<RoleOut>(),
        Route::get("/roles/{id}", read, "A role").gives::<RoleOut>(),
        Route::put("/roles/{id}", update, "Change a role").takes(&CHANGE).gives::<RoleOut>(),
        Route::delete("/roles/{id}", remove, "Remove a role").gives::<Done>(),
        Route::get("/roles/{id}/users", members, "The members of a role").windowed().lists::<UserOut>(),
        Route::get("/roles/{id}/credentials", credentials, "A credential kept with a role"),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<RoleOut>>, Fault> {
    signed.may(&Action::LookAtPeople)?;
    let roles = api.access.roles(asked.window()?).await?;
    Ok(List::of(roles.items, roles.total))
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<RoleOut>, Fault> {
    signed.may(&Action::ReadRole(RoleId(id)))?;
    let role = api.access.role(RoleId(id)).await?;
    api.with_members(role).await.map(Json)
}

async fn members(State(api): State<Api>, signed: Signed, Id(id): Id, asked: Asked) -> Result<Json<List<UserOut>>, Fault> {
    signed.may(&Action::ReadRole(RoleId(id)))?;
    let role = api.access.role(RoleId(id)).await?;
    Ok(List::page(api.access.members(role.id).await?, &asked))
}

async fn credentials(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<Done>, Fault> {
    signed.may(&Action::ManageRoles)?;
    api.access.role(RoleId(id)).await?;
    Err(Fault::Missing("credential"))
}

async fn create(State(api): State<Api>, signed: Signed, body: Bytes) -> Result<Json<RoleOut>, Fault> {
    signed.may(&Action::ManageRoles)?;
    let fields = NEW.read(&body)?;
    if fields.filled("username").is_some() || fields.filled("password").is_some() {
        return Err(Fault::Later("role credentials"));
    }
    let role = NewRole {
        name: RoleName::parse(fields.text("name").unwrap_or_default())?,
        description: fields.text("description").unwrap_or_default().to_owned(),
        members: api.user_ids(&fields, "users").await?.unwrap_or_default(),
    };
    if !role.members.is_empty() && administers(role.name.as_str()) {
        signed.may(&Action::GiveAdministration)?;
    }
    let role = api.access.create_role(&role, &signed.actor).await?;
    api.with_members(role).await.map(Json)
}

async fn update(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<RoleOut>, Fault> {
    signed.may(&Action::ManageRoles)?;
    let fields = CHANGE.read(&body)?;
    let change = RoleChange {
        name: fields.text("name").map(RoleName::parse).transpose()?,
        description: fields.text("description").map(str::to_owned),
        members: api.user_ids(&fields, "users").await?,
    };
    let before = api.access.role(RoleId(id)).await?;
    let renamed = change.name.as_ref().is_some_and(|name| administers(name.as_str()));
    if renamed || change.members.is_some() && before.administers() {
        signed.may(&Action::GiveAdministration)?;
    }
    let role = api.access.change_role(RoleId(id), &change, &signed.actor).await?;
    api.with_members(role).await.map(Json)
}

async fn remove(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<Done>, Fault> {
    signed.may(&Action::ManageRoles)?;
    api.access.delete_role(RoleId(id), &signed.actor).await?;
    Ok(Json(Done::message("ok")))
}

impl Api {
    async fn with_members(&self, role: Role) -> Result<RoleOut, Fault> {
        let members = self.access.members(role.id).await?;
        Ok(RoleOut { users: Some(members.into_iter().map(UserRef::from).collect()), ..RoleOut::from(role) })
    }

    /// The users that a field names, all of whom are there.
    async fn user_ids(&self, fields: &Fields, name: &str) -> Result<Option<Vec<UserId>>, Fault> {
        let Some(named) = fields.associations(name) else { return Ok(None) };
        let mut ids = Vec::with_capacity(named.len());
        for user in named {
            let found = match user {
                Named::Id(id) => self.access.user(UserId(*id)).await,
                Named::Name(text) => match Username::parse(text) {
                    Ok(username) => self.access.user_named(&username).await,
                    Err(error) => Err(error),
                },
            };
            match found {
                Ok(user) => ids.push(user.id),
                Err(crate::access::AccessError::Missing(_)) => return Err(Fault::field(name, "There is no such user.")),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(ids))
    }
}
