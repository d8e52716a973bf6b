//! An account as it is now, with what the state knows of its use: all that an analysis of its principals needs.
//!
//! What the configuration and the state keep from being changed counts here: filters (opt-outs among them), permissions that are too new,
//! and, for what is scheduled, permissions that were not. What IAM holds is compared with the version that the state has last: what is new
//! since then is too new, too, whether a refresh of the cache has seen it or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSetBuilder};
use jiff::{SignedDuration, Timestamp};
use menagerie_aws::{AccountId, CallError};
use menagerie_aws_iam::Iam;
use menagerie_policy::pattern::ActionPattern;

use crate::account::{Inventory, Kind, Principal, Problem, inventory};
use crate::advice;
use crate::analysis::{Analysis, Guards, Setting, analyze, remove};
use crate::apply::Snapshot;
use crate::compat::config::Config;
use crate::compat::filters::{FilterName, Filters, GlobError};
use crate::rewrite::Options;
use crate::state::{Activity, Disqualification, Role, Schedule, State, StateError, new_since};
use crate::usage::{of_tuples, principals_of};
use crate::verdict::{ActionId, Sights, Universe, Usage, Window};

/// Names that stay out of it whatever is said.
pub const BREAK_GLASS: [&str; 2] = ["*break-glass*", "*breakglass*"];

/// Why an account could not be surveyed.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// AWS refused a call, or could not be reached.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// A glob of the configuration is none.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// The names of break-glass roles are no globs.
    #[error("the names of break-glass roles cannot be used: {0}")]
    BreakGlass(#[from] globset::Error),
    /// The credentials are of another account.
    #[error("the credentials are of account {found}, not {wanted}: set connection_iam.assume_role, or use that account's credentials")]
    OtherAccount {
        /// The account that was asked for.
        wanted: String,
        /// The account that answered.
        found: String,
    },
}

/// An account as it is now.
#[derive(Debug)]
pub struct Survey {
    /// Roles, users, groups and policies.
    pub inventory: Inventory,
    /// The roles as the state knows them, by ARN.
    pub roles: BTreeMap<String, Role>,
    /// What IAM's answer lacked.
    pub problems: Vec<Problem>,
    universe: Universe,
    filters: Filters,
    guards: Guards,
    blind: Sights,
    usage: BTreeMap<String, Usage>,
    windows: BTreeMap<String, Window>,
    sights: BTreeMap<String, Sights>,
    minimum_days: u32,
    oldest_days: u32,
    new_days: u32,
    observation: Vec<(globset::GlobMatcher, crate::state::Observation)>,
    now: Timestamp,
}

/// Why a principal is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skipped {
    /// The state has never seen it.
    NotCached,
    /// Filters name it.
    Disqualified(Vec<Disqualification>),
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotCached => f.write_str("the state has not seen it yet: run update_role_cache first"),
            Self::Disqualified(filters) => {
                let each = filters.iter().map(|by| match by.reason.as_str() {
                    "" => by.filter.clone(),
                    reason => format!("{}: {reason}", by.filter),
                });
                f.write_str(&each.collect::<Vec<_>>().join("; "))
            }
        }
    }
}

impl Survey {
    /// Reads the account from IAM, and its roles from the state.
    ///
    /// # Errors
    /// [`SurveyError`] if a call fails, or the credentials are of another account.
    pub async fn new(iam: &Iam, state: &State, config: &Config, account: &AccountId, now: Timestamp) -> Result<Self, SurveyError> {
        let (inventory, problems) = inventory(iam.details().await?);
        if let Some(other) = inventory.principals.iter().find(|principal| principal.account() != account.as_str()) {
            return Err(SurveyError::OtherAccount { wanted: account.to_string(), found: other.account().to_owned() });
        }
        let roles = state.roles(account, Activity::Active).await?;
        let universe = Universe::new();
        let mut protected = GlobSetBuilder::new();
        for glob in config.break_glass_roles.of(account).chain(BREAK_GLASS) {
            protected.add(GlobBuilder::new(&glob.to_ascii_lowercase()).build()?);
        }
        let mut observation = Vec::new();
        for (glob, length) in &config.observation {
            observation.push((GlobBuilder::new(glob).case_insensitive(true).build()?.compile_matcher(), *length));
        }
        let by_age = config.active_filters.contains(&FilterName::Age);
        Ok(Self {
            inventory,
            roles: roles.into_iter().map(|role| (role.arn.as_str().to_owned(), role)).collect(),
            problems,
            filters: Filters::new(config, None)?,
            guards: Guards { protected: protected.build()?, minimum_age_days: if by_age { config.minimum_age_days } else { 0 } },
            blind: Sights::none(&universe, "the state does not say what the trail logs"),
            universe,
            usage: BTreeMap::new(),
            windows: BTreeMap::new(),
            sights: BTreeMap::new(),
            minimum_days: config.minimum_age_days,
            oldest_days: config.oldest_aa_data_days,
            new_days: config.exclude_new_permissions_for_days,
            observation,
            now,
        })
    }

    /// The actions.
    #[must_use]
    pub const fn universe(&self) -> &Universe {
        &self.universe
    }

    /// The principal that a person means ([`named`]).
    #[must_use]
    pub fn named(&self, text: &str) -> Option<&Principal> {
        named(&self.inventory, text)
    }

    /// How far back the use of a principal is looked at: as the state says of the role, else the configuration of its name, else as long as
    /// a role has to be old.
    #[must_use]
    pub fn window(&self, principal: &Principal) -> Window {
        let role = self.roles.get(principal.arn.as_str());
        let by_name = || self.observation.iter().find(|(glob, _)| glob.is_match(&principal.name)).map(|(_, length)| *length);
        match role.and_then(|role| role.observation).or_else(by_name) {
            Some(observation) => {
                let from = self.now.checked_sub(observation.length()).unwrap_or(Timestamp::MIN);
                Window { from, to: self.now }
            }
            None => Window::of_days(self.minimum_days, self.now),
        }
    }

    /// Why a principal is left alone before it is looked at. Users and groups have no record in the state.
    #[must_use]
    pub fn skipped(&self, principal: &Principal) -> Option<Skipped> {
        if principal.kind != Kind::Role {
            return None;
        }
        let Some(role) = self.roles.get(principal.arn.as_str()) else { return Some(Skipped::NotCached) };
        let mut role = role.clone();
        // What IAM says now counts, not what it said when the cache was made.
        role.tags.clone_from(&principal.tags);
        role.created = principal.created.or(role.created);
        role.trust_policy = principal.trust.as_ref().map(|trust| trust.text().to_owned()).or(role.trust_policy);
        let named = self.filters.judge(&role, self.now);
        (!named.is_empty()).then_some(Skipped::Disqualified(named))
    }

    /// Reads from the state what is known of the use of a principal, and of a group's members. With a schedule, only what it names may go.
    ///
    /// # Errors
    /// [`SurveyError`] if the state fails.
    pub async fn load(&mut self, state: &State, arn: &str, only: Option<&Schedule>) -> Result<(), SurveyError> {
        let Some(principal) = self.inventory.principals.iter().find(|principal| principal.arn.as_str() == arn) else { return Ok(()) };
        let window = self.window(principal);
        let is_member =
            |user: &&Principal| principal.kind == Kind::Group && user.kind == Kind::User && user.groups.contains(&principal.name);
        let members = self.inventory.principals.iter().filter(is_member);
        let mut loaded = Vec::new();
        for whose in members.chain([principal]) {
            let mut tuples = Vec::new();
            for name in principals_of(&whose.arn) {
                tuples.extend(state.usage(&name).await?);
            }
            let mut usage = of_tuples(&tuples, &self.universe, window.from);
            let rows = state.advisor(&whose.arn).await?;
            if !rows.is_empty() {
                usage.advice = Some(advice::of_rows(&rows, self.now, self.oldest_days));
            }
            loaded.push((whose.arn.as_str().to_owned(), usage));
        }
        if let Some((_, usage)) = loaded.last_mut() {
            self.protect(state, principal, usage).await?;
            if let Some(schedule) = only {
                let reason: Arc<str> = "it was not scheduled".into();
                let ids = self.universe.ids().filter(|id| !schedule.names(&self.universe.text(*id)));
                usage.kept.extend(ids.map(|id| (id, Arc::clone(&reason))));
            }
        }
        self.windows.insert(arn.to_owned(), window);
        self.usage.extend(loaded);
        Ok(())
    }

    /// Keeps what is too new to be judged.
    async fn protect(&self, state: &State, principal: &Principal, usage: &mut Usage) -> Result<(), SurveyError> {
        let Some(role) = self.roles.get(principal.arn.as_str()) else { return Ok(()) };
        let mut protected = role.protected.clone();
        if let Some(live) = Snapshot::of(principal, &self.inventory) {
            let last = state.latest_policy_version(&role.id).await?;
            let new = new_since(last.as_ref().map(|last| &last.version.policies), &live.into_version());
            new.protect(&mut protected, self.now + SignedDuration::from_hours(24 * i64::from(self.new_days)));
        }
        for (text, until) in protected.at(self.now) {
            let reason: Arc<str> = format!("{text} is new: it is kept until {until}").into();
            // A bare word is a service, and what is neither keeps everything.
            let pattern = ActionPattern::parse(text).or_else(|_| ActionPattern::parse(&format!("{text}:*")));
            match pattern {
                Ok(pattern) => usage.kept.extend(self.universe.expand(&pattern).iter().map(|id| (*id, Arc::clone(&reason)))),
                Err(_) => usage.kept.extend(self.universe.ids().map(|id| (id, Arc::clone(&reason)))),
            }
        }
        Ok(())
    }

    /// Analyses a principal that was [`load`](Self::load)ed.
    #[must_use]
    pub fn analyze<'a>(&'a self, principal: &'a Principal, attachments: &'a BTreeMap<&'a str, usize>, options: Options) -> Analysis<'a> {
        analyze(principal, &self.setting(principal, attachments, options))
    }

    /// What would become of a principal without the actions that a person names.
    #[must_use]
    pub fn remove<'a>(
        &'a self,
        principal: &'a Principal,
        attachments: &'a BTreeMap<&'a str, usize>,
        named: &BTreeSet<ActionId>,
    ) -> Analysis<'a> {
        remove(principal, &self.setting(principal, attachments, Options::default()), |id| named.contains(&id))
    }

    fn setting<'a>(&'a self, principal: &Principal, attachments: &'a BTreeMap<&'a str, usize>, options: Options) -> Setting<'a> {
        let window = self.windows.get(principal.arn.as_str()).copied().unwrap_or_else(|| self.window(principal));
        Setting {
            universe: &self.universe,
            inventory: &self.inventory,
            attachments,
            usage: &self.usage,
            sights: &self.sights,
            blind: &self.blind,
            window,
            guards: &self.guards,
            options,
        }
    }
}

/// The principal that a person means: a role by its name, `user/NAME` or `group/NAME`, or an ARN. Case does not count in names.
#[must_use]
pub fn named<'a>(inventory: &'a Inventory, text: &str) -> Option<&'a Principal> {
    let (kind, name) = match text.split_once('/') {
        Some(("user", name)) => (Kind::User, name),
        Some(("group", name)) => (Kind::Group, name),
        Some(("role", name)) => (Kind::Role, name),
        _ => (Kind::Role, text),
    };
    let is =
        |principal: &&Principal| principal.arn.as_str() == text || (principal.kind == kind && principal.name.eq_ignore_ascii_case(name));
    inventory.principals.iter().find(is)
}
