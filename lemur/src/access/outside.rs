//! People whom a provider of identities knows: which user of ours each is, and the roles that the provider gives them.
//!
//! A person is known by issuer and subject, never by an address alone: who is not known yet becomes a new user where the provider's policy says
//! so, and is a user who is there already only where it says that, too, and the provider has verified the address. Roles that the provider gave
//! are taken away when it gives them no more; those that were given here stay.

use std::collections::BTreeSet;

use jiff::Timestamp;
use menagerie_store::database::{Migration, Migrations, Transaction};
use serde_json::{Map, Value, json};

use super::login::Session;
use super::user::{self, Email, Username};
use super::{Access, AccessError, Subject, settled};
use crate::audit::{self, Actor, Event, shortened};
use crate::store::{RoleId, StoreError, UserId};

/// The schema of the component `lemur-outside`: it needs that of `lemur-access`.
pub(super) const MIGRATIONS: Migrations = Migrations {
    component: "lemur-outside",
    steps: &[Migration {
        sqlite: "
            CREATE TABLE outside_people (
                issuer TEXT NOT NULL,
                subject TEXT NOT NULL,
                member INTEGER NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
                PRIMARY KEY (issuer, subject)
            ) STRICT;
            CREATE INDEX outside_people_of_member ON outside_people (member);
            CREATE TABLE outside_roles (
                member INTEGER NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
                role INTEGER NOT NULL REFERENCES access_roles (id) ON DELETE CASCADE,
                issuer TEXT NOT NULL,
                PRIMARY KEY (member, role, issuer)
            ) STRICT;
        ",
        postgres: "
            CREATE TABLE outside_people (
                issuer TEXT NOT NULL,
                subject TEXT NOT NULL,
                member BIGINT NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
                PRIMARY KEY (issuer, subject)
            );
            CREATE INDEX outside_people_of_member ON outside_people (member);
            CREATE TABLE outside_roles (
                member BIGINT NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
                role BIGINT NOT NULL REFERENCES access_roles (id) ON DELETE CASCADE,
                issuer TEXT NOT NULL,
                PRIMARY KEY (member, role, issuer)
            );
        ",
    }],
};

/// Somebody whom a provider has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside<'a> {
    /// The provider's issuer.
    pub issuer: &'a str,
    /// Whom it means, for ever.
    pub subject: &'a str,
    /// What a new user is called.
    pub username: &'a Username,
    /// The address, which is theirs.
    pub email: &'a Email,
    /// Whether whoever is not known yet becomes a user.
    pub create: bool,
    /// Whether a user with the same address is taken for them.
    pub link: bool,
    /// The roles that the provider gives, by name.
    pub roles: &'a BTreeSet<String>,
}

/// Why somebody whom a provider has signed in does not come in.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The user is deactivated.
    #[error("the user may not come in")]
    Disabled,
    /// There is no user, and none is made.
    #[error("there is no user for this person: an administrator has to make one")]
    Unknown,
    /// There is a user already with that name or address, and the policy does not say that they are the same.
    #[error("there is a user already with this name or address, and nothing says that they are the same person")]
    Exists,
    /// The user has a second factor, which the provider does not ask for.
    #[error("the user of this address has a second factor: they have to remove it before the provider signs them in")]
    SecondFactor,
    /// It could not be looked up or stored.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl From<menagerie_store::database::DatabaseError> for OutsideError {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        Self::Access(error.into())
    }
}

impl From<StoreError> for OutsideError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl Access {
    /// Signs somebody in whom a provider has signed in.
    ///
    /// # Errors
    /// [`OutsideError`]; then nothing was changed.
    pub async fn sign_in_from(&self, person: &Outside<'_>, actor: &Actor) -> Result<Session, OutsideError> {
        let now = self.now();
        let mut transaction = self.0.store.write().await?;
        let mut lines = Vec::new();
        let mut line = |event, fields: Value| {
            let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
            lines.push((event, fields));
        };
        let user = match known(&mut transaction, person).await? {
            Some(user) => user,
            None => {
                let (user, event) = met(&mut transaction, person, self.0.clock.now()).await?;
                let sql = "INSERT INTO outside_people (issuer, subject, member) VALUES ($1, $2, $3)";
                transaction.execute(sql, &[person.issuer.into(), person.subject.into(), user.0.into()]).await?;
                let fields = json!({"user": user, "username": person.username.as_str(), "email": person.email.as_str(),
                    "issuer": person.issuer, "subject": shortened(person.subject)});
                line(event, fields);
                user
            }
        };
        let row = transaction.one("SELECT active, generation FROM access_users WHERE id = $1", &[user.0.into()]).await?;
        if !row.flag("active")? {
            return Err(OutsideError::Disabled);
        }
        let generation = row.integer("generation")?;
        let (given, taken) = sync(&mut transaction, user, person).await?;
        if !given.is_empty() || !taken.is_empty() {
            // What the provider says is its administrators' doing.
            settled::by_another(&mut transaction, user, self.0.clock.now()).await?;
            line("user_roles_synced", json!({"user": user, "issuer": person.issuer, "given": given, "taken": taken}));
        }
        if lines.is_empty() {
            drop(transaction);
        } else {
            let actor = Actor { user: Some(user), ..actor.clone() };
            let entry = |(event, fields)| audit::entry(self.0.clock.now(), &actor, &Event::Other { event, fields });
            let committed = self.0.store.commit(transaction, lines.into_iter().map(entry).collect()).await;
            self.0.recent.forget();
            committed?;
        }
        let lifetime = self.0.settings.token_lifetime;
        let until = now.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        let token = self.sign(user, generation, None, (now, Some(until)))?;
        Ok(Session { token, user, lifetime })
    }
}

async fn known(transaction: &mut Transaction, person: &Outside<'_>) -> Result<Option<UserId>, OutsideError> {
    let sql = "SELECT member FROM outside_people WHERE issuer = $1 AND subject = $2";
    let found = transaction.optional(sql, &[person.issuer.into(), person.subject.into()]).await?;
    Ok(found.map(|row| row.integer("member")).transpose()?.map(UserId))
}

/// The user for somebody who comes for the first time, and what is said of it.
async fn met(transaction: &mut Transaction, person: &Outside<'_>, now: Timestamp) -> Result<(UserId, &'static str), OutsideError> {
    let sql = "SELECT id, totp_confirmed FROM access_users WHERE email_key = $1";
    if let Some(row) = transaction.optional(sql, &[(&person.email.key()).into()]).await? {
        if !person.link {
            return Err(OutsideError::Exists);
        }
        if row.flag("totp_confirmed")? {
            return Err(OutsideError::SecondFactor);
        }
        let user = UserId(row.integer("id")?);
        settled::by_another(transaction, user, now).await?;
        return Ok((user, "user_linked"));
    }
    if !person.create {
        return Err(OutsideError::Unknown);
    }
    match user::insert(transaction, person.username, person.email, None, true, now).await {
        Ok(user) => Ok((user, "user_created")),
        Err(AccessError::Taken { subject: Subject::User, .. }) => Err(OutsideError::Exists),
        Err(error) => Err(error.into()),
    }
}

/// Makes the roles that the provider gave those that it gives; says which were given and which taken.
async fn sync(transaction: &mut Transaction, user: UserId, person: &Outside<'_>) -> Result<(Vec<RoleId>, Vec<RoleId>), OutsideError> {
    let mut wanted = BTreeSet::new();
    for name in person.roles {
        let found = transaction.optional("SELECT id FROM access_roles WHERE name_key = $1", &[(&name.to_lowercase()).into()]).await?;
        match found {
            Some(row) => drop(wanted.insert(RoleId(row.integer("id")?))),
            None => tracing::warn!(role = name, issuer = person.issuer, "a provider gives a role that there is not"),
        }
    }
    let ids = |rows: Vec<menagerie_store::database::Row>| {
        rows.iter().map(|row| row.integer("role").map(RoleId)).collect::<Result<BTreeSet<_>, _>>()
    };
    let before = "SELECT role FROM outside_roles WHERE member = $1 AND issuer = $2";
    let before = ids(transaction.all(before, &[user.0.into(), person.issuer.into()]).await?)?;
    let held = ids(transaction.all("SELECT role FROM access_members WHERE member = $1", &[user.0.into()]).await?)?;
    // One that was given here is not the provider's to take away.
    let given: Vec<_> = wanted.difference(&held).copied().collect();
    let gone: Vec<_> = before.difference(&wanted).copied().collect();
    for role in &given {
        transaction.execute("INSERT INTO access_members (member, role) VALUES ($1, $2)", &[user.0.into(), role.0.into()]).await?;
        let sql = "INSERT INTO outside_roles (member, role, issuer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        transaction.execute(sql, &[user.0.into(), role.0.into(), person.issuer.into()]).await?;
    }
    let mut taken = Vec::with_capacity(gone.len());
    for role in gone {
        let sql = "DELETE FROM outside_roles WHERE member = $1 AND role = $2 AND issuer = $3";
        transaction.execute(sql, &[user.0.into(), role.0.into(), person.issuer.into()]).await?;
        let others = "SELECT issuer FROM outside_roles WHERE member = $1 AND role = $2";
        if transaction.all(others, &[user.0.into(), role.0.into()]).await?.is_empty() {
            transaction.execute("DELETE FROM access_members WHERE member = $1 AND role = $2", &[user.0.into(), role.0.into()]).await?;
            taken.push(role);
        }
    }
    if !given.is_empty() || !taken.is_empty() {
        super::role::keep_an_administrator(transaction).await?;
    }
    Ok((given, taken))
}
