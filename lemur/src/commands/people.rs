//! `lemur user` and `lemur role`.

use anyhow::Context as _;
use menagerie_report::{self as report, Exit, shown};

use super::place::{self, Opened};
use crate::access::{Access, Email, NewRole, NewUser, Password, RoleName, Settings, UserChange, Username, Window};
use crate::cli::{Place, RoleCommand, UserAdd, UserCommand};

pub(super) fn user(place: &Place, command: &UserCommand) -> anyhow::Result<Exit> {
    place::on(place, async |opened| {
        let access = access(opened).await?;
        match command {
            UserCommand::Add(options) => add(&access, options).await,
            UserCommand::List => list(&access).await,
            UserCommand::Password { name, password_file } => {
                let password = Some(password(password_file)?);
                change(&access, name, UserChange { password, ..UserChange::default() }, "has another password").await
            }
            UserCommand::ResetTotp { name } => {
                let user = access.user_named(&Username::parse(name)?).await?;
                access.remove_second_factor(user.id, &place::actor()).await?;
                report::note(format_args!("{} has no second factor any more", shown(&user.username)));
                Ok(Exit::Fine)
            }
            UserCommand::Disable { name } => {
                change(&access, name, UserChange { active: Some(false), ..UserChange::default() }, "may not come in any more").await
            }
            UserCommand::Enable { name } => {
                change(&access, name, UserChange { active: Some(true), ..UserChange::default() }, "may come in").await
            }
        }
    })
}

pub(super) fn role(place: &Place, command: &RoleCommand) -> anyhow::Result<Exit> {
    place::on(place, async |opened| {
        let access = access(opened).await?;
        match command {
            RoleCommand::Add { name, description } => {
                let role = NewRole { name: RoleName::parse(name)?, description: description.clone(), members: Vec::new() };
                access.create_role(&role, &place::actor()).await?;
            }
            RoleCommand::List => {
                for role in access.roles(Window::ALL).await?.items {
                    report::data(format_args!("{:<5} {:<24} {}\n", role.id, shown(&role.name), shown(&role.description)))?;
                }
            }
        }
        Ok(Exit::Fine)
    })
}

/// Who may come in, as it is in the database that is open.
pub(super) async fn access(opened: &Opened) -> anyhow::Result<Access> {
    let engine = &opened.engine;
    Ok(Access::open(engine.store().clone(), engine.ring().clone(), place::clock(), Settings::default()).await?)
}

/// The password in a file's first line.
pub(super) fn password(path: &std::path::Path) -> anyhow::Result<Password> {
    let line = place::first_line(path)?;
    Password::chosen(line.expose().clone()).with_context(|| format!("the password in {}", path.display()))
}

async fn add(access: &Access, options: &UserAdd) -> anyhow::Result<Exit> {
    let mut roles = Vec::new();
    for name in &options.roles {
        roles.push(access.role_named(name).await?.id);
    }
    let user = NewUser {
        username: Username::parse(&options.name)?,
        email: Email::parse(&options.email)?,
        password: Some(password(&options.password_file)?),
        active: true,
        roles,
    };
    let user = access.create_user(user, &place::actor()).await?;
    report::note(format_args!("made the user {}", shown(&user.username)));
    Ok(Exit::Fine)
}

async fn list(access: &Access) -> anyhow::Result<Exit> {
    for user in access.users(Window::ALL).await?.items {
        let roles: Vec<_> = user.roles.iter().map(|role| role.name.as_str()).collect();
        let (name, email, roles) = (shown(&user.username), shown(&user.email), roles.join(","));
        let state = if user.active { "" } else { "disabled" };
        report::data(format_args!("{:<5} {name:<24} {email:<32} {state:<9} {}\n", user.id, shown(&roles)))?;
    }
    Ok(Exit::Fine)
}

async fn change(access: &Access, name: &str, change: UserChange, done: &str) -> anyhow::Result<Exit> {
    let user = access.user_named(&Username::parse(name)?).await?;
    access.change_user(user.id, change, &place::actor()).await?;
    report::note(format_args!("{} {done}", shown(&user.username)));
    Ok(Exit::Fine)
}
