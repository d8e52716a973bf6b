//! An account as it is now, with what the state knows of its use: all that an analysis of its principals needs, for the cache as for changes.
//!
//! What the configuration and the state keep from being changed counts here: filters (opt-outs among them), permissions that are too new,
//! users who were called otherwise and groups whose members were others, and, for what is scheduled, permissions that were not. What IAM
//! holds is compared with the version that the state has last: what is new since then is too new, too, whether a refresh of the cache has
//! seen it or not.
//!
//! Two things prove that something was not used: fresh rows of Access Advisor, and the silence of logs that the usage store knows to be
//! complete ([`Observation::stored`]), judged as `repokid analyze` judges files. The window ends where those logs end.

mod footing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use globset::{GlobBuilder, GlobMatcher, GlobSetBuilder};
use jiff::{SignedDuration, Timestamp};
use menagerie_aws::AccountId;
use menagerie_policy::pattern::ActionPattern;

use crate::account::{Inventory, Kind, Owner, Principal, Problem, Whom};
use crate::advice;
use crate::analysis::{Analysis, Guards, Setting, analyze, remove};
use crate::compat::config::Config;
use crate::compat::filters::{BlocklistFile, FilterName, Filters, GlobError};
use crate::organization;
use crate::permission_set::Reserved;
use crate::rewrite::Options;
use crate::sight::{Observation, regions_of_use};
use crate::state::{Activity, Disqualification, Observation as Length, Role, Schedule, State, StateError, new_since};
use crate::usage::{names_of, of_tuples};
use crate::verdict::{ActionId, Sights, Universe, Usage, Window};
use footing::Moves;

/// Names that stay out of it whatever is said.
pub const BREAK_GLASS: [&str; 2] = ["*break-glass*", "*breakglass*"];

/// Why an account could not be surveyed.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// AWS refused a call, or could not be reached.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Call(#[from] menagerie_aws::CallError),
    /// The state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// A glob of the configuration is none.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// The names of break-glass roles are no globs.
    #[error("the names of break-glass roles cannot be used: {0}")]
    BreakGlass(#[source] globset::Error),
    /// A key of the configuration's `observation` is no glob.
    #[error("observation: {0}")]
    Observation(#[source] globset::Error),
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
    /// The roles, users and groups that are looked at as the state knows them, by ARN.
    pub roles: BTreeMap<String, Role>,
    /// What IAM's answer lacked, and what makes verdicts weaker.
    pub problems: Vec<Problem>,
    account: AccountId,
    /// Who is looked at.
    kinds: BTreeSet<Kind>,
    moves: Moves,
    universe: Universe,
    filters: Filters,
    guards: Guards,
    blind: Sights,
    logs: Observation,
    /// What the logs would have shown, by where the window begins.
    sights: Mutex<BTreeMap<Timestamp, Arc<BTreeMap<String, Sights>>>>,
    minimum_days: u32,
    oldest_days: u32,
    /// Regions of which logs must be there beside those that AWS enables for every account.
    regions: BTreeSet<String>,
    new_days: u32,
    lengths: Vec<(GlobMatcher, Length)>,
    now: Timestamp,
}

/// What is known of a principal's use.
#[derive(Debug)]
pub struct Known {
    usage: BTreeMap<String, Usage>,
    sights: Arc<BTreeMap<String, Sights>>,
    window: Window,
}

/// How a principal's policies stand to the last version that the state has.
#[derive(Debug)]
pub struct Renewed {
    /// Their texts: inline ones by name, attached ones by ARN.
    pub policies: BTreeMap<String, String>,
    /// Whether they are others than the last version's, or the first.
    pub changed: bool,
    /// Whether there is a version before.
    pub known: bool,
}

/// Why a principal is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skipped {
    /// The state has never seen it.
    NotCached,
    /// Filters name it.
    Disqualified(Vec<Disqualification>),
    /// The configuration does not name its kind.
    NotNamed(Kind),
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotCached => f.write_str("the state has not seen it yet: run update_role_cache first"),
            Self::NotNamed(kind) => write!(f, "`principals` of the configuration has no \"{kind}\""),
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
    /// Reads the account from IAM, and its principals from the state.
    ///
    /// # Errors
    /// [`SurveyError`] if a call fails, or the credentials are of another account.
    #[cfg(feature = "aws")]
    pub async fn live(
        iam: &menagerie_aws_iam::Iam,
        state: &State,
        config: &Config,
        blocklist: Option<&BlocklistFile>,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Self, SurveyError> {
        let (inventory, problems) = crate::account::inventory(iam.details().await?);
        Self::new((inventory, problems), state, config, blocklist, account, now).await
    }

    /// Of an inventory, with what it lacks. `blocklist` is what stands in the file that the configuration names.
    ///
    /// # Errors
    /// [`SurveyError`] if the state fails, or the inventory is another account's.
    pub async fn new(
        (inventory, mut problems): (Inventory, Vec<Problem>),
        state: &State,
        config: &Config,
        blocklist: Option<&BlocklistFile>,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Self, SurveyError> {
        if let Some(other) = inventory.principals.iter().find(|principal| principal.account() != account.as_str()) {
            return Err(SurveyError::OtherAccount { wanted: account.to_string(), found: other.account().to_owned() });
        }
        let mut roles = state.roles(account, Activity::Active).await?;
        roles.retain(|role| config.principals.contains(&role.kind()));
        let universe = Universe::new();
        let mut protected = GlobSetBuilder::new();
        for glob in config.break_glass_roles.of(account).chain(BREAK_GLASS) {
            protected.add(GlobBuilder::new(&glob.to_ascii_lowercase()).build().map_err(SurveyError::BreakGlass)?);
        }
        let mut lengths = Vec::new();
        for (glob, length) in &config.observation {
            let glob = GlobBuilder::new(glob).case_insensitive(true).build().map_err(SurveyError::Observation)?;
            lengths.push((glob.compile_matcher(), *length));
        }
        let longest = config.observation.values().copied().chain(roles.iter().filter_map(|role| role.observation)).map(Length::length);
        let longest = longest.max().unwrap_or_default().max(days(config.minimum_age_days));
        // The window ends where the logs end, which is before now.
        let first = now.checked_sub(longest + days(config.oldest_aa_data_days) + days(1)).unwrap_or(Timestamp::MIN);
        let kept = state.deliveries(account.as_str(), first).await?;
        let logs = Observation::stored(account.as_str(), kept, now, config.oldest_aa_data_days);
        problems.extend(logs.notes().iter().map(|note| Problem::new("usage store", note.as_str())));
        let by_age = config.active_filters.contains(&FilterName::Age);
        let survey = Self {
            inventory,
            roles: roles.into_iter().map(|role| (role.arn.as_str().to_owned(), role)).collect(),
            problems,
            account: account.clone(),
            kinds: config.principals.clone(),
            moves: Moves::read(state, config).await?,
            filters: Filters::new(config, blocklist)?,
            guards: Guards {
                protected: protected.build().map_err(SurveyError::BreakGlass)?,
                minimum_age_days: if by_age { config.minimum_age_days } else { 0 },
                whole_window: true,
            },
            blind: Sights::none(&universe, "the usage store has no logs of the account"),
            universe,
            logs,
            sights: Mutex::default(),
            minimum_days: config.minimum_age_days,
            oldest_days: config.oldest_aa_data_days,
            regions: config.regions.iter().cloned().collect(),
            new_days: config.exclude_new_permissions_for_days,
            lengths,
            now,
        };
        Ok(survey.with_gaps_told())
    }

    /// That most of what was done would not have shown is a problem: the verdicts are weaker for it.
    fn with_gaps_told(mut self) -> Self {
        if self.logs.was_asked() {
            let window = self.window_of(days(self.minimum_days));
            let sights = self.sights(window);
            let missing = sights.get(self.account.as_str()).and_then(Sights::mostly_missing);
            let problem = missing.map(|reason| Problem::new("usage store", format!("most verdicts are unknown: {reason}")));
            self.problems.extend(problem);
        }
        self
    }

    /// The actions.
    #[must_use]
    pub const fn universe(&self) -> &Universe {
        &self.universe
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Whether principals of this kind are looked at.
    #[must_use]
    pub fn looks_at(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// The principal that a person means ([`named`]).
    #[must_use]
    pub fn named(&self, text: &str) -> Option<&Principal> {
        named(&self.inventory, text)
    }

    /// How far back a principal's use is looked at by its name; the longest counts where several globs name it.
    #[must_use]
    pub fn length(&self, name: &str) -> Option<Length> {
        let lengths = self.lengths.iter().filter(|(glob, _)| glob.is_match(name)).map(|(_, length)| *length);
        lengths.max_by_key(|length| length.length())
    }

    /// The span that the use of a principal is looked at in: as long as the state says of it, else the configuration of its name, else as long
    /// as a role has to be old; of a group as long as of any of its members. It ends where the logs end, or now.
    #[must_use]
    pub fn window(&self, principal: &Principal, role: Option<&Role>) -> Window {
        let of_one = |principal: &Principal, role: Option<&Role>| {
            let length = role.and_then(|role| role.observation).or_else(|| self.length(&principal.name));
            length.map_or_else(|| days(self.minimum_days), Length::length)
        };
        let members = self.inventory.members(principal).map(|member| of_one(member, self.roles.get(member.arn.as_str())));
        self.window_of(members.fold(of_one(principal, role), SignedDuration::max))
    }

    fn window_of(&self, length: SignedDuration) -> Window {
        let to = self.logs.reach().map_or(self.now, |reach| reach.min(self.now));
        Window { from: to.checked_sub(length).unwrap_or(Timestamp::MIN), to }
    }

    /// What the logs would have shown in a window.
    fn sights(&self, window: Window) -> Arc<BTreeMap<String, Sights>> {
        let mut known = self.sights.lock().unwrap_or_else(PoisonError::into_inner);
        let sights = known.entry(window.from).or_insert_with(|| {
            let mut also = regions_of_use(&self.inventory, window.from).remove(self.account.as_str()).unwrap_or_default();
            also.extend(self.regions.iter().cloned());
            let of_account = self.logs.sights(self.account.as_str(), window, &also, &self.universe);
            Arc::new(BTreeMap::from([(self.account.to_string(), of_account)]))
        });
        Arc::clone(sights)
    }

    /// Why a principal is left alone before it is looked at. What has no record in the state is: the age of its permissions is not known.
    #[must_use]
    pub fn skipped(&self, principal: &Principal) -> Option<Skipped> {
        if !self.looks_at(principal.kind) {
            return Some(Skipped::NotNamed(principal.kind));
        }
        let Some(role) = self.roles.get(principal.arn.as_str()) else { return Some(Skipped::NotCached) };
        let mut role = role.clone();
        // What IAM says now counts, not what it said when the cache was made.
        role.tags.clone_from(&principal.tags);
        role.created = principal.created.or(role.created);
        role.trust_policy = principal.trust.as_ref().map(|trust| trust.text().to_owned()).or(role.trust_policy);
        let named = self.disqualified(principal, &role);
        (!named.is_empty()).then_some(Skipped::Disqualified(named))
    }

    /// The texts of a principal's policies: inline ones by name, attached ones by ARN.
    fn policies(&self, principal: &Principal) -> BTreeMap<String, String> {
        let inline = principal.inline.iter().map(|inline| (inline.name.clone(), inline.document.text().to_owned()));
        let attached = principal.attached.iter().filter_map(|arn| {
            let managed = self.inventory.managed.get(arn)?;
            Some((arn.clone(), managed.document()?.text().to_owned()))
        });
        inline.chain(attached).collect()
    }

    /// Compares a principal's policies with the last version that the state has, and protects in its record what is new of them. Nothing is written.
    ///
    /// # Errors
    /// [`SurveyError`] if the state fails.
    pub async fn renew(&self, state: &State, principal: &Principal, role: &mut Role) -> Result<Renewed, SurveyError> {
        let policies = self.policies(principal);
        let last = state.latest_policy_version(&role.id).await?;
        let changed = last.as_ref().is_none_or(|last| last.version.policies != policies);
        if changed && self.new_days > 0 {
            let new = new_since(last.as_ref().map(|last| &last.version.policies), &policies);
            new.protect(&mut role.protected, self.now + days(self.new_days));
        }
        Ok(Renewed { policies, changed, known: last.is_some() })
    }

    /// Reads from the state what is known of the use of a principal, and of a group's members. What its record protects stays; with a schedule,
    /// only what it names may go.
    ///
    /// # Errors
    /// [`SurveyError`] if the state fails.
    pub async fn known(
        &self,
        state: &State,
        principal: &Principal,
        role: Option<&Role>,
        only: Option<&Schedule>,
    ) -> Result<Known, SurveyError> {
        let window = self.window(principal, role);
        let members = self.inventory.members(principal);
        let mut usage = BTreeMap::new();
        for whose in members.chain([principal]) {
            let mut tuples = Vec::new();
            for name in names_of(whose) {
                tuples.extend(state.usage_under(&name).await?);
            }
            let mut of_one = of_tuples(&tuples, &self.universe, window.from);
            let rows = state.advisor(&whose.arn).await?;
            if !rows.is_empty() {
                of_one.advice = Some(advice::of_rows(&rows, self.now, self.oldest_days));
            }
            usage.insert(whose.arn.as_str().to_owned(), of_one);
        }
        if let Some(own) = usage.get_mut(principal.arn.as_str()) {
            if let Some(role) = role {
                self.protect(role, own);
            }
            if let Some(schedule) = only {
                let reason: Arc<str> = "it was not scheduled".into();
                let ids = self.universe.ids().filter(|id| !schedule.names(&self.universe.text(*id)));
                own.kept.extend(ids.map(|id| (id, Arc::clone(&reason))));
            }
        }
        Ok(Known { usage, sights: self.sights(window), window })
    }

    /// Keeps what is too new to be judged.
    fn protect(&self, role: &Role, usage: &mut Usage) {
        for (text, until) in role.protected.at(self.now) {
            let reason: Arc<str> = format!("{text} is new: it is kept until {until}").into();
            // A bare word is a service, and what is neither keeps everything.
            let pattern = ActionPattern::parse(text).or_else(|_| ActionPattern::parse(&format!("{text}:*")));
            match pattern {
                Ok(pattern) => usage.kept.extend(self.universe.expand(&pattern).iter().map(|id| (*id, Arc::clone(&reason)))),
                Err(_) => usage.kept.extend(self.universe.ids().map(|id| (id, Arc::clone(&reason)))),
            }
        }
    }

    /// The roles of permission sets, with what is known of their use, to be put together with other accounts'.
    ///
    /// # Errors
    /// [`SurveyError`] if the state fails.
    pub async fn reserved(mut self, state: &State) -> Result<Reserved, SurveyError> {
        let mut reserved = Reserved::default();
        self.inventory.principals.retain(|principal| principal.owner() == Owner::IdentityCenter);
        for principal in &self.inventory.principals {
            let mut role = self.roles.get(principal.arn.as_str()).cloned();
            if let Some(role) = &mut role {
                self.renew(state, principal, role).await?;
            }
            let known = self.known(state, principal, role.as_ref(), None).await?;
            let whole = reserved.window.map_or(known.window.from, |window| window.from.min(known.window.from));
            reserved.window = Some(Window { from: whole, to: known.window.to });
            reserved.usage.extend(known.usage);
            // What would have shown in the longest window would have in each.
            if known.window.from == whole {
                reserved.sights = (*known.sights).clone();
            }
        }
        let had: BTreeSet<&String> = self.inventory.principals.iter().flat_map(|principal| &principal.attached).collect();
        self.inventory.managed.retain(|arn, _| had.contains(arn));
        reserved.inventory = self.inventory;
        Ok(reserved)
    }

    /// Analyses a principal.
    #[must_use]
    pub fn analyze<'a>(
        &'a self,
        principal: &'a Principal,
        known: &'a Known,
        attachments: &'a BTreeMap<&'a str, usize>,
        options: Options,
    ) -> Analysis<'a> {
        analyze(principal, &self.setting(known, attachments, options))
    }

    /// What would become of a principal without the actions that a person names.
    #[must_use]
    pub fn remove<'a>(
        &'a self,
        principal: &'a Principal,
        known: &'a Known,
        attachments: &'a BTreeMap<&'a str, usize>,
        named: &BTreeSet<ActionId>,
    ) -> Analysis<'a> {
        remove(principal, &self.setting(known, attachments, Options::default()), |id| named.contains(&id))
    }

    /// What analyses of what is known are made with.
    #[must_use]
    pub fn setting<'a>(&'a self, known: &'a Known, attachments: &'a BTreeMap<&'a str, usize>, options: Options) -> Setting<'a> {
        Setting {
            universe: &self.universe,
            inventory: &self.inventory,
            attachments,
            usage: &known.usage,
            sights: &known.sights,
            blind: &self.blind,
            window: known.window,
            guards: &self.guards,
            organization: organization::NONE,
            options,
        }
    }
}

fn days(count: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(count))
}

/// The principal that a person means ([`Whom`]).
#[must_use]
pub fn named<'a>(inventory: &'a Inventory, text: &str) -> Option<&'a Principal> {
    let whom = Whom::parse(text);
    inventory.principals.iter().find(|principal| whom.is(&principal.arn, &principal.name))
}
