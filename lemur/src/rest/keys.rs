//! `/keys`: API keys. A token is shown when its key is made, and never again.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::fault::Fault;
use super::id::Id;
use super::query::Asked;
use super::route::Route;
use super::shape::{Fields, Kind, Named, Shape, optional, required};
use super::signed::Signed;
use super::users::UserRef;
use super::{Api, Done, List};
use crate::access::permit::{Action, decide};
use crate::access::{ApiKey, ApiKeyChange, ApiKeyId, Lifetime, NewApiKey, UserId, Username};

const NEW: Shape = Shape {
    name: "NewApiKey",
    fields: &[
        required("name", Kind::Text(254), "The key's name"),
        optional("description", Kind::Text(4_096), "What it is for"),
        optional("user", Kind::Any, "Whose it is, by id or username: of who asks, if not given"),
        optional("ttl", Kind::Integer(-1, 3_650), "How many days it lasts, -1 for no end; 30 if not given"),
        optional("roles", Kind::Associations, "Which of the user's roles count, and nothing else of the user's: all, if not given"),
    ],
};

const CHANGE: Shape = Shape {
    name: "ApiKeyChange",
    fields: &[
        optional("name", Kind::Text(254), "The key's name"),
        optional("description", Kind::Text(4_096), "What it is for"),
        optional("revoked", Kind::Flag, "Whether it is revoked: this is not undone"),
        optional("active", Kind::Flag, "The opposite of revoked"),
        optional("ttl", Kind::Integer(-1, i64::MAX), "Taken only as it is: the token has it in it"),
        optional("user", Kind::Any, "Taken only as it is"),
    ],
};

/// An API key.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub(super) struct KeyOut {
    id: i64,
    name: String,
    description: String,
    user: Option<UserRef>,
    /// Days, -1 for no end.
    ttl: i64,
    /// Seconds since 1970.
    issued_at: i64,
    /// When it ends, if it does.
    expires: Option<String>,
    revoked: bool,
    /// Whether it is narrowed to some of its user's roles, or to none.
    narrowed: bool,
    /// The roles that it is narrowed to, if it is.
    roles: Vec<RoleRef>,
    /// Only when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<String>,
    /// The same as `jwt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct RoleRef {
    id: i64,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/keys", list, "List API keys: one's own, or all for administrators").paged().lists::<KeyOut>(),
        Route::post("/keys", create, "Make an API key").takes(&NEW).gives::<KeyOut>(),
        Route::get("/keys/{id}", read, "An API key").gives::<KeyOut>(),
        Route::put("/keys/{id}", update, "Rename or revoke an API key").takes(&CHANGE).gives::<KeyOut>(),
        Route::delete("/keys/{id}", remove, "Remove an API key").gives::<Done>(),
        Route::get("/keys/{id}/described", read, "An API key").gives::<KeyOut>(),
        Route::get("/users/{id}/keys", of_user, "The API keys of a user").paged().lists::<KeyOut>(),
        Route::post("/users/{id}/keys", create_for, "Make an API key of a user").takes(&NEW).gives::<KeyOut>(),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<KeyOut>>, Fault> {
    signed.may(&Action::Look)?;
    // A narrowed key sees none: not even those of its user.
    let of = match decide(&signed.requester, &Action::ReadAllApiKeys) {
        Ok(()) => None,
        Err(_) => {
            let user = signed.user()?;
            signed.may(&Action::ReadApiKey(user))?;
            Some(user)
        }
    };
    api.keys(of, &asked).await
}

async fn of_user(State(api): State<Api>, signed: Signed, Id(id): Id, asked: Asked) -> Result<Json<List<KeyOut>>, Fault> {
    signed.may(&Action::ReadApiKey(UserId(id)))?;
    let user = api.access.user(UserId(id)).await?;
    api.keys(Some(user.id), &asked).await
}

async fn create(State(api): State<Api>, signed: Signed, body: Bytes) -> Result<Json<KeyOut>, Fault> {
    let fields = NEW.read(&body)?;
    let holder = match fields.any("user") {
        None => signed.user()?,
        Some(user) => api.holder(user).await?,
    };
    api.make_key(&signed, &fields, holder).await
}

async fn create_for(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<KeyOut>, Fault> {
    let fields = NEW.read(&body)?;
    api.make_key(&signed, &fields, UserId(id)).await
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<KeyOut>, Fault> {
    let key = api.key(&signed, id, Action::ReadApiKey).await?;
    api.describe_key(key).await.map(Json)
}

async fn update(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<KeyOut>, Fault> {
    let key = api.key(&signed, id, Action::ChangeApiKey).await?;
    let fields = CHANGE.read(&body)?;
    if fields.integer("ttl").is_some_and(|ttl| ttl != key.lifetime.days()) {
        return Err(Fault::field("ttl", "How long a key lasts stands in its token: make another key."));
    }
    if let Some(user) = fields.any("user")
        && api.holder(user).await? != key.holder
    {
        return Err(Fault::field("user", "A key stays its user's: make another key."));
    }
    let revoke = fields.flag("revoked") == Some(true) || fields.flag("active") == Some(false);
    if key.revoked && !revoke && (fields.flag("revoked") == Some(false) || fields.flag("active") == Some(true)) {
        return Err(Fault::field("revoked", "Revoking is not undone: make another key."));
    }
    let change =
        ApiKeyChange { name: fields.filled("name").map(str::to_owned), description: fields.text("description").map(str::to_owned), revoke };
    let key = api.access.change_api_key(key.id, &change, &signed.actor).await?;
    api.describe_key(key).await.map(Json)
}

async fn remove(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<Done>, Fault> {
    let key = api.key(&signed, id, Action::ChangeApiKey).await?;
    api.access.delete_api_key(key.id, &signed.actor).await?;
    Ok(Json(Done::result()))
}

impl Api {
    async fn keys(&self, of: Option<UserId>, asked: &Asked) -> Result<Json<List<KeyOut>>, Fault> {
        let keys = self.access.api_keys(of, asked.window()?).await?;
        Ok(List::of(self.describe_keys(keys.items).await?, keys.total))
    }

    /// A key, if the requester may do this with it. One that is not there and one that may not be seen answer alike to whoever is no administrator.
    async fn key(&self, signed: &Signed, id: i64, action: fn(UserId) -> Action<'static>) -> Result<ApiKey, Fault> {
        match self.access.api_key(ApiKeyId(id)).await {
            Ok(key) => signed.may(&action(key.holder)).map(|()| key),
            Err(error) => {
                signed.may(&Action::ReadAllApiKeys)?;
                Err(error.into())
            }
        }
    }

    async fn holder(&self, user: &serde_json::Value) -> Result<UserId, Fault> {
        let wrong = || Fault::field("user", "There is no such user.");
        let named = match (user["id"].as_i64(), user["username"].as_str()) {
            (Some(id), _) => Named::Id(id),
            (None, Some(name)) => Named::Name(name.to_owned()),
            (None, None) => return Err(Fault::field("user", "Must be an object with id or username.")),
        };
        let found = match named {
            Named::Id(id) => self.access.user(UserId(id)).await,
            Named::Name(name) => self.access.user_named(&Username::parse(&name).map_err(|_| wrong())?).await,
        };
        match found {
            Ok(user) => Ok(user.id),
            Err(crate::access::AccessError::Missing(_)) => Err(wrong()),
            Err(error) => Err(error.into()),
        }
    }

    async fn make_key(&self, signed: &Signed, fields: &Fields, holder: UserId) -> Result<Json<KeyOut>, Fault> {
        signed.may(&Action::CreateApiKey(holder))?;
        let key = NewApiKey {
            name: fields.filled("name").ok_or_else(|| Fault::field("name", "Missing data for required field."))?.to_owned(),
            description: fields.text("description").unwrap_or_default().to_owned(),
            holder,
            lifetime: Lifetime::parse(fields.integer("ttl").unwrap_or(30))?,
            // An empty list is a key of no role, and not one of all.
            roles: self.role_ids(fields, "roles").await?,
        };
        let (key, token) = match self.access.create_api_key(&key, &signed.actor).await {
            Err(crate::access::AccessError::Missing(crate::access::Subject::Role)) => {
                return Err(Fault::field("roles", "The user is not a member of this role."));
            }
            made => made?,
        };
        let described = self.describe_key(key).await?;
        Ok(Json(KeyOut { jwt: Some(token.clone()), token: Some(token), ..described }))
    }

    async fn describe_key(&self, key: ApiKey) -> Result<KeyOut, Fault> {
        self.describe_keys(vec![key]).await?.pop().ok_or(Fault::Missing("API key"))
    }

    /// Keys as they are shown. Their users are read for all at once.
    async fn describe_keys(&self, keys: Vec<ApiKey>) -> Result<Vec<KeyOut>, Fault> {
        let holders: BTreeSet<_> = keys.iter().map(|key| key.holder).collect();
        let directory = self.access.directory(&Vec::from_iter(holders), &[]).await?;
        let described = keys.into_iter().map(|key| KeyOut {
            id: key.id.0,
            expires: key.expires().and_then(|expires| Timestamp::from_second(expires).ok()).map(|expires| expires.to_string()),
            name: key.name,
            description: key.description,
            user: directory.users.get(&key.holder).cloned().map(UserRef::from),
            ttl: key.lifetime.days(),
            issued_at: key.issued_at,
            revoked: key.revoked,
            narrowed: key.roles.is_some(),
            roles: key.roles.unwrap_or_default().into_iter().map(|role| RoleRef { id: role.0 }).collect(),
            jwt: None,
            token: None,
        });
        Ok(described.collect())
    }
}
