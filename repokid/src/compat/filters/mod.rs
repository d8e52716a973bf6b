//! Which roles, users and groups may be changed at all.
//!
//! Repokid's five filters by the names that its configuration has, and two that are always asked: roles that belong to a service of AWS
//! or to Identity Center, and who is for breaking glass. A role that a filter names is left alone, with the reason. What a filter cannot tell (an
//! age that is not known, a blocklist that could not be read, a filter in Python) counts as named: unknown is not allowed.

mod age;
mod blocklist;
mod exclusive;
mod glob;
mod lambda;
mod opt_out;
mod reserved;

use jiff::Timestamp;
use menagerie_aws::AccountId;

use super::config::Config;
use crate::state::{Disqualification, Role};

pub use blocklist::{BlocklistError, BlocklistFile};
pub use glob::GlobError;

/// A filter by the name that `active_filters` has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterName {
    /// `repokid.filters.age:AgeFilter`
    Age,
    /// `repokid.filters.lambda:LambdaFilter`
    Lambda,
    /// `repokid.filters.blocklist:BlocklistFilter`, once `repokid.filters.blacklist:BlacklistFilter`
    Blocklist,
    /// `repokid.filters.optout:OptOutFilter`
    OptOut,
    /// `repokid.filters.exclusive:ExclusiveFilter`
    Exclusive,
    /// A filter in Python, by its path.
    Foreign(String),
}

impl FilterName {
    /// Of a module path.
    #[must_use]
    pub fn parse(path: &str) -> Self {
        match path {
            "repokid.filters.age:AgeFilter" => Self::Age,
            "repokid.filters.lambda:LambdaFilter" => Self::Lambda,
            "repokid.filters.blocklist:BlocklistFilter" | "repokid.filters.blacklist:BlacklistFilter" => Self::Blocklist,
            "repokid.filters.optout:OptOutFilter" => Self::OptOut,
            "repokid.filters.exclusive:ExclusiveFilter" => Self::Exclusive,
            other => Self::Foreign(other.to_owned()),
        }
    }

    /// What a role is said to be disqualified by, as Repokid says it.
    #[must_use]
    pub fn class(&self) -> &str {
        match self {
            Self::Age => "AgeFilter",
            Self::Lambda => "LambdaFilter",
            Self::Blocklist => "BlocklistFilter",
            Self::OptOut => "OptOutFilter",
            Self::Exclusive => "ExclusiveFilter",
            Self::Foreign(path) => path.rsplit(':').next().unwrap_or(path),
        }
    }
}

/// The filters of a configuration.
#[derive(Debug)]
pub struct Filters {
    always: Vec<(&'static str, Filter)>,
    active: Vec<(FilterName, Filter)>,
}

/// What a filter that goes by names asks.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The name with its path.
    pub arn: &'a str,
    /// The name without its path.
    pub name: &'a str,
}

#[derive(Debug)]
enum Filter {
    Age(age::Age),
    Lambda,
    Blocklist(blocklist::Blocklist),
    OptOut,
    Exclusive(exclusive::Exclusive),
    BreakGlass(exclusive::BreakGlass),
    Reserved,
    Foreign,
}

impl Filters {
    /// Of a configuration. `listed` is what stands in the file that its blocklist names in S3; without it that filter names every role.
    ///
    /// # Errors
    /// [`GlobError`] if a glob is none.
    pub fn new(config: &Config, listed: Option<&BlocklistFile>) -> Result<Self, GlobError> {
        let make = |name: &FilterName| {
            Ok(match name {
                FilterName::Age => Filter::Age(age::Age::new(config.minimum_age_days)),
                FilterName::Lambda => Filter::Lambda,
                FilterName::Blocklist => Filter::Blocklist(blocklist::Blocklist::new(config, listed)),
                FilterName::OptOut => Filter::OptOut,
                FilterName::Exclusive => Filter::Exclusive(exclusive::Exclusive::new(&config.exclusive)?),
                FilterName::Foreign(_) => Filter::Foreign,
            })
        };
        let active: Result<_, GlobError> = config.active_filters.iter().map(|name| Ok((name.clone(), make(name)?))).collect();
        let break_glass = Filter::BreakGlass(exclusive::BreakGlass::new(&config.break_glass_roles)?);
        Ok(Self { always: vec![("ReservedFilter", Filter::Reserved), ("BreakGlassFilter", break_glass)], active: active? })
    }

    /// The filters that name a role at `now`.
    #[must_use]
    pub fn judge(&self, role: &Role, now: Timestamp) -> Vec<Disqualification> {
        let always = self.always.iter().map(|(name, filter)| (*name, filter));
        let active = self.active.iter().map(|(name, filter)| (name.class(), filter));
        let named = always.chain(active).filter_map(|(name, filter)| Some((name, filter.names(role, now)?)));
        named.map(|(name, reason)| Disqualification { filter: name.to_owned(), reason }).collect()
    }
}

impl Filters {
    /// The filters by which somebody's wish is that a principal stays as it is, by its name, or in its record: blocklist, break-glass, opt-out.
    /// They hold for what it has from elsewhere, too.
    #[must_use]
    pub fn wishes(&self, one: Named<'_>, record: Option<&Role>, now: Timestamp) -> Vec<Disqualification> {
        let always = self.always.iter().map(|(name, filter)| (*name, filter));
        let active = self.active.iter().map(|(name, filter)| (name.class(), filter));
        let named = always.chain(active).filter_map(|(name, filter)| {
            let reason = match filter {
                Filter::Blocklist(_) | Filter::BreakGlass(_) => filter.names_by_name(one),
                Filter::OptOut => opt_out::names(record?, now),
                Filter::Age(_) | Filter::Lambda | Filter::Exclusive(_) | Filter::Reserved | Filter::Foreign => None,
            };
            Some((name, reason?))
        });
        named.map(|(name, reason)| Disqualification { filter: name.to_owned(), reason }).collect()
    }
}

impl Filter {
    /// Why somebody is named by the name alone, if so.
    fn names_by_name(&self, one: Named<'_>) -> Option<String> {
        match self {
            Self::Blocklist(filter) => filter.names(one),
            Self::Exclusive(filter) => filter.names(one),
            Self::BreakGlass(filter) => filter.names(one),
            Self::Foreign => Some("this filter is Python and cannot be run, so what it would say is not known".to_owned()),
            Self::Age(_) | Self::Lambda | Self::OptOut | Self::Reserved => None,
        }
    }

    /// Why a role is named, if it is.
    fn names(&self, role: &Role, now: Timestamp) -> Option<String> {
        match self {
            Self::Age(filter) => filter.names(role, now),
            Self::Lambda => lambda::names(role),
            Self::OptOut => opt_out::names(role, now),
            Self::Reserved => reserved::names(role),
            Self::Blocklist(_) | Self::Exclusive(_) | Self::BreakGlass(_) | Self::Foreign => {
                self.names_by_name(Named { account: &role.account, arn: role.arn.as_str(), name: &role.name })
            }
        }
    }
}

#[cfg(test)]
mod tests;
