//! Repokid's `config.json`, read unchanged.
//!
//! One form: JSON with Repokid's keys and a few of ours beside them. What has a meaning here is checked and typed; a value of the wrong kind
//! is an error that names the key. What is not known is kept ([`Config::original`]) and warned of, never dropped in silence. The template's
//! placeholders (`<AARDVARK_API_LOCATION>`) count as not set.
//!
//! Repokid's keys: `filter_config`, `active_filters`, `aardvark_api_location`, `connection_iam`, `dynamo_db` (where its table is; the state
//! is in `state`), `hooks` (Python: they are not run), `opt_out_period_days`, `repo_requirements`, `repo_schedule_period_days`,
//! `dispatcher`, `warnings`. `logging`, `query_role_data_in_batch` and `batch_processing_size` are taken, and have no effect.
//!
//! Ours: `state` (a path or a URL of `postgres://`), `principals` (`role`, `user`, `group`: who is looked at), `observation` (globs of
//! names to `"quarterly"`, `"yearly"` or a number of days), `break_glass_roles` (globs of names, as `ExclusiveFilter` has them: who is
//! named so is never changed), `code` (what code owns, and where it stands), `usage_retention_days`, `regions` (opted into),
//! `identity_center`.

mod error;
mod locate;
mod section;
mod template;
mod warning;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use menagerie_aws::AccountId;
use serde_json::Value;

use super::filters::FilterName;
use crate::account::Kind;
use crate::state::Observation;
use section::Section;

pub use error::ConfigError;
pub use locate::{candidates, find};
pub use template::TEMPLATE;
pub use warning::Warning;

/// The configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The filters that are asked, in their order.
    pub active_filters: Vec<FilterName>,
    /// `AgeFilter.minimum_age`: days that a role must be old, and that a service must be unused. 90.
    pub minimum_age_days: u32,
    /// `BlocklistFilter` (`BlacklistFilter` before): names and ARNs.
    pub blocklist: PerAccount,
    /// Where more of the blocklist is.
    pub blocklist_bucket: Option<BucketFile>,
    /// `ExclusiveFilter`: globs of role names.
    pub exclusive: PerAccount,
    /// Where Aardvark answers.
    pub aardvark_api_location: Option<String>,
    /// How to reach IAM.
    pub connection_iam: Connection,
    /// Where Repokid's table is.
    pub dynamo_db: Option<Table>,
    /// Repokid's hooks, in their order. None is run.
    pub hooks: Vec<String>,
    /// Days that an opt-out holds. 90.
    pub opt_out_period_days: u32,
    /// Days after which a row of Access Advisor is too old to act on. 5.
    pub oldest_aa_data_days: u32,
    /// Days that a new permission is kept. 14.
    pub exclude_new_permissions_for_days: u32,
    /// Days between scheduling and doing. 7.
    pub repo_schedule_period_days: u32,
    /// The queues of Repokid's dispatcher.
    pub dispatcher: Option<Dispatcher>,
    /// Whether permissions that no data set knows are warned of.
    pub warn_unknown_permissions: bool,
    /// Ours: where the state is.
    pub state: Option<String>,
    /// Ours: who is looked at and changed in an account. Roles alone, as with Repokid.
    pub principals: BTreeSet<Kind>,
    /// Ours: globs of names, and how far back the usage of who is named so is looked at.
    pub observation: BTreeMap<String, Observation>,
    /// Ours: globs of names of roles, users and groups that are never changed.
    pub break_glass_roles: PerAccount,
    /// Ours: what code owns, and where it stands.
    pub code: CodeFiles,
    /// Ours: how Identity Center is reached, whose permission sets are proposed for.
    pub identity_center: Option<IdentityCenter>,
    /// Ours: Regions that are looked at beside those that AWS enables for every account.
    pub regions: Vec<String>,
    /// Ours: days that the usage store keeps what it has. 400, and never less than any role's use is looked at.
    pub usage_retention_days: u32,
    /// What was found that has no effect, or another than with Repokid.
    pub warnings: Vec<Warning>,
    original: Value,
}

/// How Identity Center is reached: in the organisation's own account, or one that it is delegated to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityCenter {
    /// `account_number`: the account, where it is not that of the credentials.
    pub account: Option<AccountId>,
    /// `region`, in which it is, `assume_role` and `session_name`.
    pub connection: Connection,
}

/// What code owns, and where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeFiles {
    /// `map`: from globs of ARNs, or of stacks, to paths.
    pub map: Option<PathBuf>,
    /// `terraform_state`: Terraform's states.
    pub terraform_state: Vec<PathBuf>,
    /// `terraform_tags`: tags by which what Terraform made is known, as `KEY=GLOB`, beside the customary ones.
    pub terraform_tags: Vec<String>,
    /// `folder`: the folder of code.
    pub folder: Option<PathBuf>,
    /// `output`: the folder that patches and the texts of pull requests are written to.
    pub output: Option<PathBuf>,
}

/// Texts for all accounts, and for single ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PerAccount {
    /// For every account.
    pub all: Vec<String>,
    /// For one.
    pub accounts: BTreeMap<AccountId, Vec<String>>,
}

impl PerAccount {
    /// Those that count in an account.
    pub fn of<'a>(&'a self, account: &AccountId) -> impl Iterator<Item = &'a str> {
        self.all.iter().chain(self.accounts.get(account).into_iter().flatten()).map(String::as_str)
    }

    /// All, wherever they count.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().chain(self.accounts.values().flatten()).map(String::as_str)
    }
}

/// A file in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketFile {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// How to reach it.
    pub connection: Connection,
    /// The account of the role to assume.
    pub account: Option<AccountId>,
}

/// How to reach AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// The role to assume.
    pub assume_role: Option<String>,
    /// The session's name.
    pub session_name: Option<String>,
    /// The Region.
    pub region: Option<String>,
}

/// A table of DynamoDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The account.
    pub account: Option<AccountId>,
    /// The endpoint.
    pub endpoint: Option<String>,
    /// How to reach it.
    pub connection: Connection,
}

/// The queues of Repokid's dispatcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatcher {
    /// The URL of the queue that commands come by.
    pub to_rr_queue: Option<String>,
    /// The ARN of the topic that answers go to.
    pub from_rr_sns: Option<String>,
    /// How to reach them.
    pub connection: Connection,
}

impl Default for Config {
    fn default() -> Self {
        Self::from_value(&Value::Object(serde_json::Map::new())).expect("every key has a default")
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`] if it cannot be read, is no JSON, or has a value of the wrong kind.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&menagerie_config::read(path)?).map_err(|error| error.in_file(path))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no JSON, or has a value of the wrong kind.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let value = serde_json::from_str(text).map_err(|error| ConfigError::json(&error))?;
        Self::from_value(&value)
    }

    /// How long the usage store keeps what it has: as long as is said, and at least as long as any role's use is looked at.
    #[must_use]
    pub fn usage_retention(&self) -> SignedDuration {
        let days = |count: u32| SignedDuration::from_hours(24 * i64::from(count));
        let longest = self.observation.values().map(|observation| observation.length()).max().unwrap_or_default();
        // The window ends where the logs do, which is some days before now.
        let needed = longest.max(days(self.minimum_age_days)) + days(self.oldest_aa_data_days) + days(2);
        needed.max(days(self.usage_retention_days))
    }

    /// The JSON that was read, with everything that is not known.
    #[must_use]
    pub fn original(&self) -> &Value {
        &self.original
    }

    fn from_value(value: &Value) -> Result<Self, ConfigError> {
        let mut warnings = Vec::new();
        let mut root = Section::root(value)?;
        let mut filters = root.section("filter_config")?;
        let mut age = filters.section("AgeFilter")?;
        let minimum_age_days = age.whole("minimum_age")?.unwrap_or(90);
        age.finish(&mut warnings);
        let (blocklist, blocklist_bucket) = blocklist(&mut filters, &mut warnings)?;
        let exclusive = per_account(filters.section("ExclusiveFilter")?, &mut warnings)?;
        filters.nothing_of(&["LambdaFilter", "OptOutFilter"]);
        filters.finish(&mut warnings);
        let mut requirements = root.section("repo_requirements")?;
        let oldest_aa_data_days = requirements.whole("oldest_aa_data_days")?.unwrap_or(5);
        let exclude_new_permissions_for_days = requirements.whole("exclude_new_permissions_for_days")?.unwrap_or(14);
        requirements.finish(&mut warnings);
        let mut said = root.section("warnings")?;
        let warn_unknown_permissions = said.flag("unknown_permissions")?.unwrap_or(false);
        said.finish(&mut warnings);
        let active_filters = match root.texts("active_filters")? {
            Some(paths) => paths.iter().map(|path| FilterName::parse(path)).collect(),
            None => vec![FilterName::Age, FilterName::Lambda, FilterName::Blocklist, FilterName::OptOut],
        };
        let config = Self {
            active_filters,
            minimum_age_days,
            blocklist,
            blocklist_bucket,
            exclusive,
            aardvark_api_location: root.set("aardvark_api_location", &mut warnings)?,
            connection_iam: whole_connection(root.section("connection_iam")?, &mut warnings)?,
            dynamo_db: table(root.section("dynamo_db")?, &mut warnings)?,
            hooks: root.texts("hooks")?.unwrap_or_default(),
            opt_out_period_days: root.whole("opt_out_period_days")?.unwrap_or(90),
            oldest_aa_data_days,
            exclude_new_permissions_for_days,
            repo_schedule_period_days: root.whole("repo_schedule_period_days")?.unwrap_or(7),
            dispatcher: dispatcher(root.section("dispatcher")?, &mut warnings)?,
            warn_unknown_permissions,
            state: root.set("state", &mut warnings)?,
            principals: principals(&mut root)?,
            observation: observation(root.section("observation")?)?,
            break_glass_roles: per_account(root.section("break_glass_roles")?, &mut warnings)?,
            code: code(root.section("code")?, &mut warnings)?,
            identity_center: identity_center(root.section("identity_center")?, &mut warnings)?,
            regions: root.texts("regions")?.unwrap_or_default(),
            usage_retention_days: root.whole("usage_retention_days")?.unwrap_or(400),
            warnings: Vec::new(),
            original: value.clone(),
        };
        root.nothing_of(&["logging", "query_role_data_in_batch", "batch_processing_size"]);
        root.finish(&mut warnings);
        warnings.extend(config.active_filters.iter().filter_map(Warning::of_filter));
        warnings.extend(config.hooks.iter().filter_map(|hook| Warning::of_hook(hook)));
        Ok(Self { warnings, ..config })
    }
}

/// The newer name wins where both are there; what each lists counts.
fn blocklist(filters: &mut Section<'_>, warnings: &mut Vec<Warning>) -> Result<(PerAccount, Option<BucketFile>), ConfigError> {
    let (mut all, mut file) = (PerAccount::default(), None);
    for filter in ["BlocklistFilter", "BlacklistFilter"] {
        let mut section = filters.section(filter)?;
        for key in ["blocklist_bucket", "blacklist_bucket"] {
            let found = bucket(section.section(key)?, warnings)?;
            file = file.or(found);
        }
        // Repokid writes this one into its own configuration while it runs.
        section.nothing_of(&["current_account"]);
        let listed = per_account(section, warnings)?;
        all.all.extend(listed.all);
        for (account, names) in listed.accounts {
            all.accounts.entry(account).or_default().extend(names);
        }
    }
    Ok((all, file))
}

fn bucket(mut section: Section<'_>, warnings: &mut Vec<Warning>) -> Result<Option<BucketFile>, ConfigError> {
    // Repokid's template says `bucket`, and its code reads `bucket_name`.
    let named = section.set("bucket_name", warnings)?;
    let bucket = section.set("bucket", warnings)?.or(named);
    let key = section.set("key", warnings)?;
    let account = section.account("account_number", warnings)?;
    let connection = connection(&mut section, warnings)?;
    section.finish(warnings);
    match (bucket, key) {
        (Some(bucket), Some(key)) => Ok(Some(BucketFile { bucket, key, connection, account })),
        (None, None) => Ok(None),
        (bucket, _) => Err(section.lacks(if bucket.is_none() { "bucket" } else { "key" })),
    }
}

fn per_account(mut section: Section<'_>, warnings: &mut Vec<Warning>) -> Result<PerAccount, ConfigError> {
    let all = section.texts("all")?.unwrap_or_default().into_iter().filter(|text| !section::is_placeholder(text)).collect();
    let mut accounts = BTreeMap::new();
    for key in section.unread() {
        if let Ok(account) = key.parse::<AccountId>() {
            accounts.insert(account, section.texts(&key)?.unwrap_or_default());
        } else if section::is_placeholder(&key) {
            section.nothing_of(&[&key]);
        }
    }
    section.finish(warnings);
    Ok(PerAccount { all, accounts })
}

fn connection(section: &mut Section<'_>, warnings: &mut Vec<Warning>) -> Result<Connection, ConfigError> {
    Ok(Connection {
        assume_role: section.set("assume_role", warnings)?,
        session_name: section.set("session_name", warnings)?,
        region: section.set("region", warnings)?,
    })
}

fn whole_connection(mut section: Section<'_>, warnings: &mut Vec<Warning>) -> Result<Connection, ConfigError> {
    let read = connection(&mut section, warnings)?;
    section.finish(warnings);
    Ok(read)
}

fn table(mut section: Section<'_>, warnings: &mut Vec<Warning>) -> Result<Option<Table>, ConfigError> {
    let account = section.account("account_number", warnings)?;
    let endpoint = section.set("endpoint", warnings)?;
    let connection = connection(&mut section, warnings)?;
    let is_there = section.is_there();
    section.finish(warnings);
    Ok(is_there.then_some(Table { account, endpoint, connection }))
}

fn dispatcher(mut section: Section<'_>, warnings: &mut Vec<Warning>) -> Result<Option<Dispatcher>, ConfigError> {
    let to_rr_queue = section.set("to_rr_queue", warnings)?;
    let from_rr_sns = section.set("from_rr_sns", warnings)?;
    let connection = connection(&mut section, warnings)?;
    let is_there = section.is_there();
    section.finish(warnings);
    Ok(is_there.then_some(Dispatcher { to_rr_queue, from_rr_sns, connection }))
}

fn identity_center(mut section: Section<'_>, warnings: &mut Vec<Warning>) -> Result<Option<IdentityCenter>, ConfigError> {
    let account = section.account("account_number", warnings)?;
    let connection = connection(&mut section, warnings)?;
    let is_there = section.is_there();
    section.finish(warnings);
    Ok(is_there.then_some(IdentityCenter { account, connection }))
}

fn code(mut section: Section<'_>, warnings: &mut Vec<Warning>) -> Result<CodeFiles, ConfigError> {
    let read = CodeFiles {
        map: section.set("map", warnings)?.map(PathBuf::from),
        terraform_state: section.texts("terraform_state")?.unwrap_or_default().into_iter().map(PathBuf::from).collect(),
        terraform_tags: section.texts("terraform_tags")?.unwrap_or_default(),
        folder: section.set("folder", warnings)?.map(PathBuf::from),
        output: section.set("output", warnings)?.map(PathBuf::from),
    };
    section.finish(warnings);
    Ok(read)
}

fn principals(root: &mut Section<'_>) -> Result<BTreeSet<Kind>, ConfigError> {
    let Some(words) = root.texts("principals")? else { return Ok(BTreeSet::from([Kind::Role])) };
    let kinds: Option<BTreeSet<Kind>> = words.iter().map(|word| Kind::named(word)).collect();
    let wanted = "a list of \"role\", \"user\" and \"group\", of which there is one at least";
    kinds.filter(|kinds| !kinds.is_empty()).ok_or_else(|| {
        let value = root.value("principals");
        root.wrong("principals", wanted, value)
    })
}

fn observation(mut section: Section<'_>) -> Result<BTreeMap<String, Observation>, ConfigError> {
    let wanted = "\"quarterly\", \"yearly\" or a whole number of days up to 400";
    let mut windows = BTreeMap::new();
    for glob in section.unread() {
        let window = match section.value(&glob) {
            Some(Value::String(word)) if word == "quarterly" => Observation::Quarterly,
            Some(Value::String(word)) if word == "yearly" => Observation::Yearly,
            Some(Value::Number(days)) if days.as_u64().is_some_and(|days| (1..=400).contains(&days)) => {
                Observation::Days(days.as_u64().and_then(|days| u16::try_from(days).ok()).unwrap_or(400))
            }
            other => return Err(section.wrong(&glob, wanted, other)),
        };
        windows.insert(glob, window);
    }
    Ok(windows)
}

#[cfg(test)]
mod tests;
