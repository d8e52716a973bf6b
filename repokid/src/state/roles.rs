//! Roles, users and groups in the database, all in one table: read, written with care for other runs, marked as gone.

use std::collections::BTreeSet;

use jiff::Timestamp;
use menagerie_aws::AccountId;
use menagerie_store::database::{DatabaseError, Row, Transaction, Value};

use super::State;
use super::column::{bad, count, json, number, optional_time, parsed, to_json};
use super::error::StateError;
use super::role::{Repoable, Role, RoleId};
use crate::account::Whom;

/// Which roles, users and groups are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Those that IAM had at the last refresh.
    Active,
    /// Those that it had not.
    Inactive,
    /// All that were ever seen.
    All,
}

/// `$1` is the account; `$2` is 1 for active, 0 for inactive roles, and -1 for all.
const OF_ACCOUNT: &str = "SELECT * FROM role WHERE account = $1 AND ($2 = -1 OR active = $2) ORDER BY name, role_id";

const INSERT: &str =
    "INSERT INTO role (role_id, revision, account, arn, name, created_at, trust_policy, tags, active, refreshed_at, repoed_at,
    disqualified_by, opt_out, protected, total_permissions, repoable_permissions, repoable, scheduled_at, schedule, observation, kind, footing)
    VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
    ON CONFLICT (role_id) DO NOTHING";

const UPDATE: &str =
    "UPDATE role SET revision = revision + 1, account = $2, arn = $3, name = $4, created_at = $5, trust_policy = $6, tags = $7,
    active = $8, refreshed_at = $9, repoed_at = $10, disqualified_by = $11, opt_out = $12, protected = $13, total_permissions = $14,
    repoable_permissions = $15, repoable = $16, scheduled_at = $17, schedule = $18, observation = $19, kind = $20, footing = $21
    WHERE role_id = $1 AND revision = $22";

impl State {
    /// A role by its unique ID.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn role(&self, id: &RoleId) -> Result<Option<Role>, StateError> {
        let mut transaction = self.database.read().await?;
        let row = transaction.optional("SELECT * FROM role WHERE role_id = $1", &[id.as_str().into()]).await?;
        row.as_ref().map(read).transpose()
    }

    /// A role by its name, in any case, as IAM takes it, a user or a group by `user/NAME` and `group/NAME`, or any by the ARN
    /// ([`Whom`]): the active one, else the one of that name that was refreshed last.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn role_named(&self, account: &AccountId, name: &str) -> Result<Option<Role>, StateError> {
        let by_name = "SELECT * FROM role WHERE account = $1 AND kind = $2 AND lower(name) = $3
            ORDER BY active DESC, coalesce(refreshed_at, 0) DESC, role_id LIMIT 1";
        let by_arn = "SELECT * FROM role WHERE account = $1 AND arn = $2
            ORDER BY active DESC, coalesce(refreshed_at, 0) DESC, role_id LIMIT 1";
        let mut transaction = self.database.read().await?;
        let row = match Whom::parse(name) {
            Whom::Arn(arn) => transaction.optional(by_arn, &[account.as_str().into(), arn.into()]).await?,
            Whom::Name(kind, name) => {
                let name = name.to_ascii_lowercase();
                transaction.optional(by_name, &[account.as_str().into(), kind.as_str().into(), Value::from(&name)]).await?
            }
        };
        row.as_ref().map(read).transpose()
    }

    /// The roles, users and groups of an account, by name.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn roles(&self, account: &AccountId, which: Activity) -> Result<Vec<Role>, StateError> {
        let which = match which {
            Activity::Active => 1_i64,
            Activity::Inactive => 0,
            Activity::All => -1,
        };
        let mut transaction = self.database.read().await?;
        let rows = transaction.all(OF_ACCOUNT, &[account.as_str().into(), which.into()]).await?;
        rows.iter().map(read).collect()
    }

    /// The active roles, users and groups of an account that something is scheduled for, the earliest first.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn scheduled_roles(&self, account: &AccountId) -> Result<Vec<Role>, StateError> {
        let find = "SELECT * FROM role WHERE account = $1 AND active = 1 AND scheduled_at IS NOT NULL ORDER BY scheduled_at, name, role_id";
        let mut transaction = self.database.read().await?;
        let rows = transaction.all(find, &[account.as_str().into()]).await?;
        rows.iter().map(read).collect()
    }

    /// The accounts that it knows roles of.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, StateError> {
        let mut transaction = self.database.read().await?;
        let rows = transaction.all("SELECT DISTINCT account FROM role ORDER BY account", &[]).await?;
        rows.iter().map(|row| parsed(row, "account", "an account")).collect()
    }

    /// Writes a role: a new one, or one that was read and has not been changed by others since.
    ///
    /// # Errors
    /// [`StateError::Stale`] if another run has written it since; [`StateError`] if the database fails.
    pub async fn save(&self, role: &mut Role) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        let revision = write(&mut transaction, role).await?;
        transaction.commit().await?;
        role.revision = revision;
        Ok(())
    }

    /// Writes roles, all or none.
    ///
    /// # Errors
    /// [`StateError::Stale`] if another run has written one of them since; [`StateError`] if the database fails.
    pub async fn save_all(&self, roles: &mut [Role]) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        let mut revisions = Vec::with_capacity(roles.len());
        for role in roles.iter() {
            revisions.push(write(&mut transaction, role).await?);
        }
        transaction.commit().await?;
        roles.iter_mut().zip(revisions).for_each(|(role, revision)| role.revision = revision);
        Ok(())
    }

    /// Marks the roles, users and groups of an account that are not among `seen` as inactive; gives those that were active. What was
    /// scheduled for them is cancelled. Call it only when the account was read to its end.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn mark_inactive(&self, account: &AccountId, seen: &BTreeSet<RoleId>) -> Result<Vec<RoleId>, StateError> {
        let mut transaction = self.database.write().await?;
        let rows = transaction.all(OF_ACCOUNT, &[account.as_str().into(), Value::from(1_i64)]).await?;
        let mut gone = Vec::new();
        for row in &rows {
            let id: RoleId = parsed(row, "role_id", "a role's ID")?;
            if !seen.contains(&id) {
                let mark = "UPDATE role SET revision = revision + 1, active = 0, scheduled_at = NULL, schedule = NULL WHERE role_id = $1";
                transaction.execute(mark, &[id.as_str().into()]).await?;
                gone.push(id);
            }
        }
        transaction.commit().await?;
        Ok(gone)
    }
}

/// Writes a role; gives its new revision.
pub(super) async fn write(transaction: &mut Transaction, role: &Role) -> Result<i64, StateError> {
    let micros = |time: Option<Timestamp>| time.map(Timestamp::as_microsecond);
    let (tags, disqualified) = (to_json(&role.tags), to_json(&role.disqualified_by));
    let (opt_out, protected) = (role.opt_out.as_ref().map(to_json), to_json(&role.protected));
    let (repoable, schedule) = (to_json(&role.repoable.services), role.schedule.as_ref().map(to_json));
    let observation = role.observation.as_ref().map(to_json);
    let footing = role.footing.as_ref().map(to_json);
    let mut values: Vec<Value<'_>> = vec![
        role.id.as_str().into(),
        role.account.as_str().into(),
        role.arn.as_str().into(),
        Value::from(&role.name),
        micros(role.created).into(),
        role.trust_policy.as_deref().into(),
        Value::from(&tags),
        role.active.into(),
        micros(role.refreshed).into(),
        micros(role.repoed).into(),
        Value::from(&disqualified),
        opt_out.as_deref().into(),
        Value::from(&protected),
        number(role.repoable.total).into(),
        number(role.repoable.permissions).into(),
        Value::from(&repoable),
        micros(role.schedule.as_ref().map(|schedule| schedule.at)).into(),
        schedule.as_deref().into(),
        observation.as_deref().into(),
        role.kind().as_str().into(),
        footing.as_deref().into(),
    ];
    let written = if role.revision == 0 {
        transaction.execute(INSERT, &values).await?
    } else {
        values.push(role.revision.into());
        transaction.execute(UPDATE, &values).await?
    };
    if written == 1 { Ok(role.revision + 1) } else { Err(StateError::Stale { role: role.id.clone() }) }
}

fn read(row: &Row) -> Result<Role, StateError> {
    let optional = |column| -> Result<Option<String>, DatabaseError> { row.optional_text(column) };
    Ok(Role {
        id: parsed(row, "role_id", "a role's ID")?,
        account: parsed(row, "account", "an account")?,
        arn: parsed(row, "arn", "a role's ARN")?,
        name: row.text("name")?,
        created: optional_time(row, "created_at")?,
        trust_policy: optional("trust_policy")?,
        tags: json(&row.text("tags")?, "tags")?,
        active: row.flag("active")?,
        refreshed: optional_time(row, "refreshed_at")?,
        repoed: optional_time(row, "repoed_at")?,
        disqualified_by: json(&row.text("disqualified_by")?, "filters")?,
        opt_out: optional("opt_out")?.map(|text| json(&text, "an opt-out")).transpose()?,
        protected: json(&row.text("protected")?, "protected permissions")?,
        repoable: Repoable {
            total: count(row, "total_permissions")?,
            permissions: count(row, "repoable_permissions")?,
            services: json(&row.text("repoable")?, "repoable permissions")?,
        },
        schedule: optional("schedule")?.map(|text| json(&text, "a schedule")).transpose()?,
        observation: optional("observation")?.map(|text| json(&text, "a window")).transpose()?,
        footing: optional("footing")?.map(|text| json(&text, "what a use is told by")).transpose()?,
        revision: Some(row.integer("revision")?)
            .filter(|revision| *revision > 0)
            .ok_or_else(|| bad("a revision", &"it is not positive"))?,
    })
}

/// That the state has a role, which no other run writes to before the transaction's end.
pub(super) async fn demand(transaction: &mut Transaction, id: &RoleId) -> Result<(), StateError> {
    let touched = transaction.execute("UPDATE role SET revision = revision WHERE role_id = $1", &[id.as_str().into()]).await?;
    if touched == 1 { Ok(()) } else { Err(StateError::NoRole { role: id.clone() }) }
}
