//! Brings the state of an account's roles up to date.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobMatcher};
use jiff::{SignedDuration, Timestamp};
use menagerie_aws::AccountId;

use super::{Judgement, repoable_of};
use crate::account::{Inventory, Kind, Principal};
use crate::analysis::Outcome;
use crate::compat::advisor::Advice;
use crate::compat::config::Config;
use crate::compat::filters::Filters;
use crate::state::{NewVersion, Observation, Role, RoleId, State, StateError, Statistic, new_since};
use crate::verdict::Universe;

/// Why an account could not be refreshed.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// What was read is of another account than was asked for: the credentials are another account's.
    #[error("the credentials are of account {found}, and {wanted} was asked for")]
    Account {
        /// What was asked for.
        wanted: AccountId,
        /// What was read.
        found: String,
    },
    /// A glob of the configuration is none.
    #[error("observation: {glob:?} is no pattern of names")]
    Glob {
        /// The glob.
        glob: String,
    },
}

/// What an account is refreshed from.
#[derive(Debug)]
pub struct Source<'a> {
    /// Its principals and policies.
    pub inventory: &'a Inventory,
    /// Whether that is all of them: roles that are not among them are gone.
    pub complete: bool,
    /// Rows of Access Advisor. Roles without an entry keep those that they have, until those are too old.
    pub advice: &'a Advice,
    /// What the counts are counted after: `Scan`, `Repo`, …
    pub occasion: &'a str,
}

/// What a refresh did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Roles that are up to date.
    pub roles: u64,
    /// Those of them that were not known before.
    pub new: u64,
    /// Those whose policies have changed.
    pub changed: u64,
    /// Those that IAM has no more.
    pub gone: u64,
    /// Permissions that could go, of all roles.
    pub repoable: u64,
    /// What could not be done, by role.
    pub problems: Vec<String>,
}

/// Brings the state of an account's roles up to date.
///
/// # Errors
/// [`CacheError`] if the state fails or the inventory is another account's. A role that another run changed in the meantime is a problem of
/// that role alone.
pub async fn refresh(
    state: &State,
    account: &AccountId,
    source: &Source<'_>,
    config: &Config,
    filters: &Filters,
    now: Timestamp,
) -> Result<Refreshed, CacheError> {
    if let Some(stranger) = source.inventory.principals.iter().find(|principal| principal.account() != account.as_str()) {
        return Err(CacheError::Account { wanted: account.clone(), found: stranger.account().to_owned() });
    }
    for (arn, rows) in source.advice.rows.iter().filter(|(arn, _)| arn.account() == account.as_str()) {
        state.replace_advisor(arn, rows).await?;
    }
    let universe = Universe::new();
    let judgement = Judgement::new(&universe, source.inventory, config, now);
    let observation = observation(config)?;
    let mut refreshed = Refreshed::default();
    let mut seen = BTreeSet::new();
    for principal in source.inventory.principals.iter().filter(|principal| principal.kind == Kind::Role) {
        let Ok(id) = principal.id.parse::<RoleId>() else {
            refreshed.problems.push(format!("{}: {:?} is no unique ID of a role", principal.arn, principal.id));
            continue;
        };
        seen.insert(id.clone());
        let one = Refresh { state, source, filters, judgement: &judgement, observation: &observation, config, now };
        match one.role(account, id, principal, &mut refreshed).await {
            Ok(repoable) => {
                refreshed.roles += 1;
                refreshed.repoable += repoable;
            }
            Err(error @ StateError::Stale { .. }) => refreshed.problems.push(error.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    if source.complete {
        refreshed.gone = state.mark_inactive(account, &seen).await?.len() as u64;
    }
    Ok(refreshed)
}

fn observation(config: &Config) -> Result<Vec<(GlobMatcher, Observation)>, CacheError> {
    let compile = |(glob, window): (&String, &Observation)| {
        let matcher = Glob::new(&glob.to_ascii_lowercase()).map_err(|_| CacheError::Glob { glob: glob.clone() })?;
        Ok((matcher.compile_matcher(), *window))
    };
    config.observation.iter().map(compile).collect()
}

struct Refresh<'a> {
    state: &'a State,
    source: &'a Source<'a>,
    filters: &'a Filters,
    judgement: &'a Judgement<'a>,
    observation: &'a [(GlobMatcher, Observation)],
    config: &'a Config,
    now: Timestamp,
}

impl Refresh<'_> {
    /// Brings one role up to date; gives how many permissions could go.
    async fn role(&self, account: &AccountId, id: RoleId, principal: &Principal, refreshed: &mut Refreshed) -> Result<u64, StateError> {
        let known = self.state.role(&id).await?;
        refreshed.new += u64::from(known.is_none());
        let mut role = known.unwrap_or_else(|| Role::new(id, account.clone(), principal.arn.clone(), principal.name.clone()));
        role.arn = principal.arn.clone();
        role.name.clone_from(&principal.name);
        role.created = principal.created.or(role.created);
        role.trust_policy = principal.trust.as_ref().map(|document| document.text().to_owned());
        role.tags.clone_from(&principal.tags);
        role.active = true;
        role.refreshed = Some(self.now);
        role.expire(self.now);
        let name = principal.name.to_ascii_lowercase();
        // Where several globs name it, the longest time counts.
        let windows = self.observation.iter().filter(|(glob, _)| glob.is_match(&name)).map(|(_, window)| *window);
        role.observation = windows.max_by_key(|window| window.length());

        let policies = self.policies(principal);
        let previous = self.state.latest_policy_version(&role.id).await?;
        let changed = previous.as_ref().is_none_or(|previous| previous.version.policies != policies);
        if changed {
            refreshed.changed += u64::from(previous.is_some());
            let days = i64::from(self.config.exclude_new_permissions_for_days);
            let new = new_since(previous.as_ref().map(|previous| &previous.version.policies), &policies);
            if days > 0 {
                new.protect(&mut role.protected, self.now + SignedDuration::from_hours(24 * days));
            }
        }
        role.disqualified_by = self.filters.judge(&role, self.now);
        let mut usage = self.judgement.usage(self.state, &role).await?;
        self.judgement.protect(&mut usage, &role);
        let universe = self.judgement.universe();
        let principal = self.judgement.principal(&principal.arn).expect("it is of this inventory");
        let (repoable, refused) = self.judgement.of(principal, &role, usage, |analysis| {
            let refused = match &analysis.outcome {
                Outcome::Refused(reason) => Some(reason.to_string()),
                _ => None,
            };
            (repoable_of(analysis, universe), refused)
        });
        role.repoable = repoable;
        if let Some(reason) = refused {
            refreshed.problems.push(format!("{}: {reason}", role.arn));
        }
        let permissions = role.repoable.permissions;
        self.state.save(&mut role).await?;
        if changed {
            let source = self.source.occasion.to_owned();
            self.state.add_policy_version(&role.id, &NewVersion { source, discovered: self.now, policies }).await?;
        }
        let statistic = Statistic {
            at: self.now,
            source: self.source.occasion.to_owned(),
            total: role.repoable.total,
            repoable: permissions,
            disqualified_by: role.disqualified_by.iter().map(|by| by.filter.clone()).collect(),
        };
        self.state.add_statistic(&role.id, &statistic).await?;
        Ok(permissions)
    }

    /// The texts of a role's policies: inline ones by name, attached ones by ARN.
    fn policies(&self, principal: &Principal) -> BTreeMap<String, String> {
        let inline = principal.inline.iter().map(|inline| (inline.name.clone(), inline.document.text().to_owned()));
        let attached = principal.attached.iter().filter_map(|arn| {
            let managed = self.source.inventory.managed.get(arn)?;
            Some((arn.clone(), managed.document()?.text().to_owned()))
        });
        inline.chain(attached).collect()
    }
}
