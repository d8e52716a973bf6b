//! What is to go from whom, and when: Repokid's schedule, which gives owners time to object.

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::AccountId;

use crate::account::Whom;
use crate::compat::config::Config;
use crate::compat::eligibility::{Ineligible, eligible};
use crate::state::{Activity, Role, Schedule, State, StateError};

/// What the turn of a role, a user or a group has come to.
#[derive(Debug, Clone)]
pub enum Planned {
    /// It is due then.
    Scheduled(Box<Role>, Schedule),
    /// It was scheduled before, and stays so.
    Already(Box<Role>),
    /// Its turn has not come.
    Not(Box<Role>, Ineligible),
    /// Another run changed it in the meantime.
    Stale(Box<Role>),
}

/// What the active roles, users and groups of an account would come to, by name: those that the configuration names. Nothing is written.
///
/// # Errors
/// [`StateError`] if the database fails, or holds no such thing.
pub async fn planned(state: &State, account: &AccountId, config: &Config, now: Timestamp, by: &str) -> Result<Vec<Planned>, StateError> {
    let at = now + SignedDuration::from_hours(24 * i64::from(config.repo_schedule_period_days));
    let logged = state.has_logs(account.as_str()).await?;
    let mut planned = Vec::new();
    for role in state.roles(account, Activity::Active).await? {
        if !config.principals.contains(&role.kind()) {
            continue;
        }
        let rows = state.advisor(&role.arn).await?;
        let role = Box::new(role);
        planned.push(match eligible(&role, &rows, logged, config, now) {
            _ if role.schedule.is_some() => Planned::Already(role),
            Err(reason) => Planned::Not(role, reason),
            Ok(()) => {
                let schedule = Schedule { at, permissions: role.repoable.services.clone(), by: by.to_owned() };
                Planned::Scheduled(role, schedule)
            }
        });
    }
    Ok(planned)
}

/// Schedules what could go from everyone of an account whose turn has come.
///
/// # Errors
/// [`StateError`] if the database fails, or holds no such thing.
pub async fn schedule(state: &State, account: &AccountId, config: &Config, now: Timestamp, by: &str) -> Result<Vec<Planned>, StateError> {
    let mut done = Vec::new();
    for one in planned(state, account, config, now, by).await? {
        let Planned::Scheduled(mut role, schedule) = one else {
            done.push(one);
            continue;
        };
        role.schedule = Some(schedule.clone());
        done.push(match state.save(&mut role).await {
            Ok(()) => Planned::Scheduled(role, schedule),
            Err(StateError::Stale { .. }) => Planned::Stale(role),
            Err(error) => return Err(error),
        });
    }
    Ok(done)
}

/// Cancels what was scheduled, of one ([`Whom`]) or of all; gives those that something was scheduled for.
///
/// # Errors
/// [`StateError`] if the database fails, or another run changes a role at the same time.
pub async fn cancel(state: &State, account: &AccountId, role: Option<&str>) -> Result<Vec<Role>, StateError> {
    let roles = state.scheduled_roles(account).await?.into_iter();
    let mut roles: Vec<Role> = roles.filter(|one| role.is_none_or(|whom| Whom::parse(whom).is(&one.arn, &one.name))).collect();
    roles.iter_mut().for_each(|role| role.schedule = None);
    state.save_all(&mut roles).await?;
    Ok(roles)
}
