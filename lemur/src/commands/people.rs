//! `lemur user` and `lemur role`.

use anyhow::Context as _;
use menagerie_report::{self as report, Exit, shown};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::authority;
use super::backend::{self, Backend, id, text};
use super::place::{self, Missing};
use crate::access::Password;
use crate::cli::{RoleAllow, RoleCommand, Target, UserAdd, UserCommand, UserKey};

pub(super) fn user(target: &Target, command: &UserCommand) -> anyhow::Result<Exit> {
    backend::on(target, async |backend| match command {
        UserCommand::Add(options) => add(backend, options).await,
        UserCommand::List => list(backend).await,
        UserCommand::Password { name, password_file } => {
            let password = password(password_file)?;
            change(backend, name, json!({"password": password.expose()}), "has another password").await
        }
        UserCommand::ResetTotp { name } => {
            let user = backend.user(name).await?;
            backend.call("DELETE", &format!("/users/{}/second_factor", id(&user)), None).await?;
            report::note(format_args!("{} has no second factor any more", shown(text(&user, "username"))));
            Ok(Exit::Fine)
        }
        UserCommand::AddKey(options) => add_key(backend, options).await,
        UserCommand::Keys { name } => keys(backend, name).await,
        UserCommand::RevokeKey { id } => {
            match backend.put(&format!("/keys/{id}"), json!({"revoked": true})).await {
                Err(refusal) if refusal.is_missing() => anyhow::bail!("there is no API key {id}: `lemur user keys` lists a user's"),
                done => done?,
            };
            report::note(format_args!("revoked the API key {id}"));
            Ok(Exit::Fine)
        }
        UserCommand::SignOut { name } => {
            let user = backend.user(name).await?;
            backend.call("DELETE", &format!("/users/{}/tokens", id(&user)), None).await?;
            report::note(format_args!("{} is signed out everywhere, and every API key has ended", shown(text(&user, "username"))));
            Ok(Exit::Fine)
        }
        UserCommand::Roles { name, roles, none } if *none || !roles.is_empty() => set_roles(backend, name, roles).await,
        UserCommand::Roles { name, .. } => {
            for role in roles_of(&backend.user(name).await?) {
                report::data(format_args!("{}\n", shown(role)))?;
            }
            Ok(Exit::Fine)
        }
        UserCommand::Disable { name } => change(backend, name, json!({"active": false}), "may not come in any more").await,
        UserCommand::Enable { name } => change(backend, name, json!({"active": true}), "may come in").await,
    })
}

pub(super) fn role(target: &Target, command: &RoleCommand) -> anyhow::Result<Exit> {
    backend::on_in(command.emergency(), target, Missing::Refused, async |backend| match command {
        RoleCommand::Add { name, description } => {
            backend.post("/roles", json!({"name": name, "description": description})).await?;
            Ok(Exit::Fine)
        }
        RoleCommand::List => {
            for role in backend.all("/roles", "").await? {
                let (name, description) = (shown(text(&role, "name")), shown(text(&role, "description")));
                report::data(format_args!("{:<5} {name:<24} {description}\n", id(&role)))?;
            }
            Ok(Exit::Fine)
        }
        RoleCommand::Allow(options) => allow(backend, options).await,
        RoleCommand::Deny { name, authority, .. } => deny(backend, name, authority).await,
    })
}

/// The password in a file's first line.
pub(super) fn password(path: &std::path::Path) -> anyhow::Result<Password> {
    let line = place::first_line(path)?;
    Password::chosen(line.expose().clone()).with_context(|| format!("the password in {}", path.display()))
}

async fn add(backend: &Backend, options: &UserAdd) -> anyhow::Result<Exit> {
    let password = options.password_file.as_deref().map(password).transpose()?;
    let roles: Vec<_> = options.roles.iter().map(|role| json!({"name": role})).collect();
    let mut body = json!({"username": options.name, "email": options.email, "roles": roles});
    if let Some(password) = &password {
        body["password"] = json!(password.expose());
    }
    let user = backend.post("/users", body).await?;
    report::note(format_args!("made the user {}", shown(text(&user, "username"))));
    Ok(Exit::Fine)
}

async fn list(backend: &Backend) -> anyhow::Result<Exit> {
    for user in backend.all("/users", "").await? {
        let (name, email, roles) = (shown(text(&user, "username")), shown(text(&user, "email")), roles_of(&user).join(","));
        let state = if user["active"] == true { "" } else { "disabled" };
        report::data(format_args!("{:<5} {name:<24} {email:<32} {state:<9} {}\n", id(&user), shown(&roles)))?;
    }
    Ok(Exit::Fine)
}

/// Makes an API key. Its token alone is data, so that it goes into a file.
async fn add_key(backend: &Backend, options: &UserKey) -> anyhow::Result<Exit> {
    let user = backend.user(&options.name).await?;
    let mut body = json!({"name": options.label, "ttl": options.days});
    if !options.roles.is_empty() {
        body["roles"] = options.roles.iter().map(|role| json!({"name": role})).collect();
    }
    let mut made = backend.post(&format!("/users/{}/keys", id(&user)), body).await?;
    let token = Zeroizing::new(if let Value::String(token) = made["token"].take() { token } else { String::new() });
    report::data(format_args!("{}\n", shown(&token)))?;
    let (number, until) = (id(&made), shown(text(&made, "expires")));
    report::note(format_args!("this is the API key {number} of {}, until {until}: it is not shown again", shown(text(&user, "username"))));
    Ok(Exit::Fine)
}

async fn keys(backend: &Backend, name: &str) -> anyhow::Result<Exit> {
    let user = backend.user(name).await?;
    let keys = backend.all(&format!("/users/{}/keys", id(&user)), "").await?;
    if keys.is_empty() {
        report::note(format_args!("{} has no API key", shown(text(&user, "username"))));
    }
    for key in keys {
        let until = key["expires"].as_str().map_or("no end", |moment| moment.split('T').next().unwrap_or_default());
        let state = if key["revoked"] == true { "revoked" } else { "" };
        report::data(format_args!("{:<5} {:<12} {state:<8} {}\n", id(&key), shown(until), shown(text(&key, "name"))))?;
    }
    Ok(Exit::Fine)
}

/// What a user is a member of, by name.
fn roles_of(user: &Value) -> Vec<&str> {
    user["roles"].as_array().into_iter().flatten().map(|role| text(role, "name")).collect()
}

/// Sets what a user is a member of, and says what that is now.
async fn set_roles(backend: &Backend, name: &str, roles: &[String]) -> anyhow::Result<Exit> {
    let user = backend.user(name).await?;
    let roles: Vec<_> = roles.iter().map(|role| json!({"name": role})).collect();
    let changed = backend.put(&format!("/users/{}", id(&user)), json!({"roles": roles})).await?;
    let now = roles_of(&changed).join(", ");
    let (name, now) = (shown(text(&user, "username")), shown(&now));
    report::note(format_args!("{name} has {}", if now.is_empty() { "no roles".to_owned() } else { format!("the roles {now}") }));
    Ok(Exit::Fine)
}

async fn change(backend: &Backend, name: &str, body: Value, done: &str) -> anyhow::Result<Exit> {
    let user = backend.user(name).await?;
    backend.put(&format!("/users/{}", id(&user)), body).await?;
    report::note(format_args!("{} {done}", shown(text(&user, "username"))));
    Ok(Exit::Fine)
}

/// Lets a role's members issue from an authority, for some names or for all.
async fn allow(backend: &Backend, options: &RoleAllow) -> anyhow::Result<Exit> {
    let (authority, role) = (backend.authority(&options.authority).await?, backend.role(&options.name).await?);
    let mut roles = role_ids(&authority);
    if !roles.contains(&id(&role)) {
        roles.push(id(&role));
    }
    let names = json!([{"role": {"id": id(&role)}, "names": options.names}]);
    authority::put(backend, &authority, &json!({"roles": associations(&roles), "roleNames": names})).await
}

async fn deny(backend: &Backend, name: &str, authority: &str) -> anyhow::Result<Exit> {
    let (authority, role) = (backend.authority(authority).await?, backend.role(name).await?);
    let mut roles = role_ids(&authority);
    anyhow::ensure!(roles.contains(&id(&role)), "the role {name} is none of this authority's");
    roles.retain(|kept| *kept != id(&role));
    authority::put(backend, &authority, &json!({"roles": associations(&roles)})).await
}

fn role_ids(authority: &Value) -> Vec<i64> {
    authority["roles"].as_array().into_iter().flatten().map(id).collect()
}

fn associations(ids: &[i64]) -> Value {
    ids.iter().map(|id| json!({"id": id})).collect()
}
