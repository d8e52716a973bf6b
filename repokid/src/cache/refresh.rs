//! Brings the state of an account's principals up to date.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::repoable_of;
use crate::account::{Kind, Principal};
use crate::analysis::Outcome;
use crate::compat::advisor::Advice;
use crate::rewrite::Options;
use crate::state::{NewVersion, Role, RoleId, State, StateError, Statistic};
use crate::survey::{Survey, SurveyError};

/// What an account is refreshed from, beside what stands in IAM.
#[derive(Debug)]
pub struct Source<'a> {
    /// Whether the survey has all principals: those that are not among them are gone.
    pub complete: bool,
    /// Rows of Access Advisor. Principals without an entry keep those that they have, until those are too old.
    pub advice: &'a Advice,
    /// What the counts are counted after: `Scan`, `Repo`, …
    pub occasion: &'a str,
}

/// What a refresh did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Roles that are up to date.
    pub roles: u64,
    /// Users that are, if they are looked at.
    pub users: u64,
    /// Groups that are, if they are looked at.
    pub groups: u64,
    /// Those of them that were not known before.
    pub new: u64,
    /// Those whose policies have changed.
    pub changed: u64,
    /// Those that IAM has no more, and those that are looked at no more.
    pub gone: u64,
    /// Permissions that could go, of all.
    pub repoable: u64,
    /// What could not be done, by principal.
    pub problems: Vec<String>,
}

/// Brings the state of an account's principals up to date: of those that the survey looks at.
///
/// # Errors
/// [`SurveyError`] if the state fails. A principal that another run changed in the meantime is a problem of that one alone.
pub async fn refresh(state: &State, survey: &Survey, source: &Source<'_>, now: Timestamp) -> Result<Refreshed, SurveyError> {
    let account = survey.account();
    for (arn, rows) in source.advice.rows.iter().filter(|(arn, _)| arn.account() == account.as_str()) {
        state.replace_advisor(arn, rows).await?;
    }
    let attachments = survey.inventory.attachments();
    let mut refreshed = Refreshed::default();
    let mut seen = BTreeSet::new();
    for principal in survey.inventory.principals.iter().filter(|principal| survey.looks_at(principal.kind)) {
        let Ok(id) = principal.id.parse::<RoleId>() else {
            refreshed.problems.push(format!("{}: {:?} is no unique ID", principal.arn, principal.id));
            continue;
        };
        seen.insert(id.clone());
        let known = state.role(&id).await?;
        refreshed.new += u64::from(known.is_none());
        let mut role = known.unwrap_or_else(|| Role::new(id, account.clone(), principal.arn.clone(), principal.name.clone()));
        survey.refoot(principal, &mut role);
        update(&mut role, principal, survey, now);
        let renewed = survey.renew(state, principal, &mut role).await?;
        refreshed.changed += u64::from(renewed.changed && renewed.known);
        role.disqualified_by = survey.disqualified(principal, &role);
        let known = survey.known(state, principal, Some(&role), None).await?;
        let analysis = survey.analyze(principal, &known, &attachments, Options { resources: false });
        role.repoable = repoable_of(&analysis, survey.universe());
        if let Outcome::Refused(reason) = &analysis.outcome {
            refreshed.problems.push(format!("{}: {reason}", role.arn));
        }
        let version =
            renewed.changed.then(|| NewVersion { source: source.occasion.to_owned(), discovered: now, policies: renewed.policies });
        match write(state, &mut role, version, source.occasion, now).await {
            Ok(()) => {
                *refreshed.of(principal.kind) += 1;
                refreshed.repoable += role.repoable.permissions;
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

impl Refreshed {
    fn of(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Role => &mut self.roles,
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        }
    }

    /// How many are up to date: `12 roles`, and users and groups where there are some.
    #[must_use]
    pub fn counted(&self) -> String {
        let one = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let others = [(self.users, "user"), (self.groups, "group")].into_iter().filter(|(count, _)| *count > 0);
        [one(self.roles, "role")].into_iter().chain(others.map(|(count, what)| one(count, what))).collect::<Vec<_>>().join(", ")
    }
}

/// Takes over what IAM says of a principal.
fn update(role: &mut Role, principal: &Principal, survey: &Survey, now: Timestamp) {
    role.arn = principal.arn.clone();
    role.name.clone_from(&principal.name);
    role.created = principal.created.or(role.created);
    role.trust_policy = principal.trust.as_ref().map(|document| document.text().to_owned());
    role.tags.clone_from(&principal.tags);
    role.active = true;
    role.refreshed = Some(now);
    role.expire(now);
    role.observation = survey.length(&principal.name);
}

/// Writes a record, and then its new version: what is protected of the version must be there before it.
async fn write(state: &State, role: &mut Role, version: Option<NewVersion>, occasion: &str, now: Timestamp) -> Result<(), StateError> {
    state.save(role).await?;
    if let Some(version) = version {
        state.add_policy_version(&role.id, &version).await?;
    }
    let statistic = Statistic {
        at: now,
        source: occasion.to_owned(),
        total: role.repoable.total,
        repoable: role.repoable.permissions,
        disqualified_by: role.disqualified_by.iter().map(|by| by.filter.clone()).collect(),
    };
    state.add_statistic(&role.id, &statistic).await?;
    Ok(())
}
