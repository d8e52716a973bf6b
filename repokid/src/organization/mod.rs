//! What an organisation of AWS withholds from its accounts: service control policies, which limit their principals, and resource control
//! policies, which limit what may be done to their resources. Each level from the root down to the account must allow; neither has power
//! over the management account, nor over service-linked roles.
//!
//! They only narrow, and are of today: a use that was seen was allowed then, and a policy that withholds something now may be gone tomorrow.
//! So they prove nothing unused and excuse no loss. What they withhold is told with each permission, and what was used is replayed with them
//! and without.

mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use menagerie_policy::document::{Effect, Policy};
use menagerie_policy::evaluate::Attached;

use crate::account::Problem;
use crate::analysis::Blocked;
use crate::verdict::Universe;

pub use read::{OrganizationError, saved};

/// The most levels between an account and its root. AWS has units in five.
const DEEPEST: usize = 16;

/// The policy of AWS that allows everything, which need not be described: by its ID.
const FULL: [(&str, &str); 2] = [("p-FullAWSAccess", "FullAWSAccess"), ("p-RCPFullAWSAccess", "RCPFullAWSAccess")];

/// The organisation of nobody.
pub const NONE: &BTreeMap<String, Controls<'static>> = &BTreeMap::new();

/// A kind of policy of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Control {
    /// Limits principals.
    Service,
    /// Limits what is done to resources.
    Resource,
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service control policy",
            Self::Resource => "resource control policy",
        })
    }
}

/// What was told of an organisation.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    /// The management account, if that is told.
    management: Option<String>,
    /// By ID.
    policies: BTreeMap<String, Described>,
    /// By ID: the root, units, accounts.
    targets: BTreeMap<String, Target>,
}

#[derive(Debug, Clone)]
struct Described {
    name: String,
    policy: Result<Policy, String>,
}

#[derive(Debug, Clone, Default)]
struct Target {
    parent: Option<String>,
    attached: BTreeSet<(Control, String)>,
}

/// Why it is not known what an organisation withholds from an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Nothing is told of the account, or of a level above it.
    #[error("nothing is told of {0}")]
    Target(String),
    /// What is told leads to no root.
    #[error("what {0} is in is not told")]
    Parent(String),
    /// There is always a policy of a kind that is in use.
    #[error("no {1} of {0} is told of, and AWS always has one")]
    Bare(String, Control),
    /// A policy's text is not told.
    #[error("the policy {0} is not described")]
    Policy(String),
    /// A policy's text is none.
    #[error("the policy {0} cannot be read: {1}")]
    Text(String, String),
}

/// What an organisation withholds from an account, level by level from the root.
#[derive(Debug)]
pub struct Controls<'a> {
    /// Service control policies.
    pub service: Vec<Vec<Attached<'a>>>,
    /// Resource control policies.
    pub resource: Vec<Vec<Attached<'a>>>,
    /// What they withhold from every principal, on every resource and under every condition.
    pub blocked: Blocked,
}

impl Controls<'_> {
    /// What a reader must know of them.
    #[must_use]
    pub fn note(&self, account: &str) -> String {
        let count = |levels: &[Vec<Attached<'_>>]| levels.iter().map(Vec::len).sum::<usize>();
        let (service, resource) = (count(&self.service), count(&self.resource));
        format!("{service} service control policies and {resource} resource control policies bear on account {account}")
    }
}

impl Organization {
    /// What it withholds from each of these accounts. Of an account of which that is not known nothing is withheld, which is a problem.
    pub fn controls<'a>(
        &'a self,
        accounts: impl IntoIterator<Item = &'a str>,
        universe: &Universe,
        source: &str,
        problems: &mut Vec<Problem>,
    ) -> BTreeMap<String, Controls<'a>> {
        let mut controls = BTreeMap::new();
        for account in accounts {
            match self.of(account, universe) {
                Ok(Some(of)) => drop(controls.insert(account.to_owned(), of)),
                Ok(None) => {}
                Err(missing) => problems.push(Problem::new(
                    format!("{source}: account {account}"),
                    format!("what the organisation withholds is not known: {missing}"),
                )),
            }
        }
        controls
    }

    /// What it withholds from an account. Nothing from the one that manages it.
    ///
    /// # Errors
    /// What is not told.
    pub fn of(&self, account: &str, universe: &Universe) -> Result<Option<Controls<'_>>, Missing> {
        if self.management.as_deref() == Some(account) {
            return Ok(None);
        }
        let levels = self.levels(account)?;
        let service = self.attached(&levels, Control::Service)?;
        let resource = self.attached(&levels, Control::Resource)?;
        let mut blocked = Blocked::default();
        for ((id, _), attached) in levels.iter().zip(&service) {
            for one in attached {
                blocked.by_denials(one.policy, &format!("the {} {}", Control::Service, one.name), universe);
            }
            let allowing = attached.iter().flat_map(|one| one.policy.statements());
            let allowing = allowing.filter(|statement| statement.effect() == Effect::Allow);
            blocked.by_limit(allowing, format!("no {} of {id} allows it", Control::Service), universe);
        }
        Ok(Some(Controls { service, resource, blocked }))
    }

    /// The account and what it is in, from the root.
    fn levels(&self, account: &str) -> Result<Vec<(&str, &Target)>, Missing> {
        let mut levels = Vec::new();
        let mut next = account;
        loop {
            let (id, target) = self.targets.get_key_value(next).ok_or_else(|| Missing::Target(next.to_owned()))?;
            levels.push((id.as_str(), target));
            if id.starts_with("r-") {
                levels.reverse();
                return Ok(levels);
            }
            match &target.parent {
                Some(parent) if levels.len() < DEEPEST => next = parent,
                _ => return Err(Missing::Parent(id.clone())),
            }
        }
    }

    /// The policies of a kind, level by level; none at all if the kind is not in use.
    fn attached(&self, levels: &[(&str, &Target)], kind: Control) -> Result<Vec<Vec<Attached<'_>>>, Missing> {
        let ids =
            |target: &Target| -> Vec<String> { target.attached.iter().filter(|(of, _)| *of == kind).map(|(_, id)| id.clone()).collect() };
        if levels.iter().all(|(_, target)| ids(target).is_empty()) {
            return Ok(Vec::new());
        }
        let mut attached = Vec::new();
        for (id, target) in levels {
            let ids = ids(target);
            if ids.is_empty() {
                return Err(Missing::Bare((*id).to_owned(), kind));
            }
            attached.push(ids.iter().map(|id| self.policy(id)).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(attached)
    }

    fn policy(&self, id: &str) -> Result<Attached<'_>, Missing> {
        static ANYTHING: LazyLock<[Policy; 2]> = LazyLock::new(|| {
            let text = |principal: &str| {
                format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{principal}"Action":"*","Resource":"*"}}]}}"#)
            };
            [String::new(), r#""Principal":"*","#.to_owned()].map(|principal| Policy::parse(&text(&principal)).expect("it is a policy"))
        });
        match self.policies.get(id) {
            Some(Described { name, policy: Ok(policy) }) => Ok(Attached { name, policy }),
            Some(Described { policy: Err(reason), .. }) => Err(Missing::Text(id.to_owned(), reason.clone())),
            None => {
                let full = FULL.iter().zip(ANYTHING.iter()).find(|((full, _), _)| *full == id);
                full.map(|((_, name), policy)| Attached { name, policy }).ok_or_else(|| Missing::Policy(id.to_owned()))
            }
        }
    }
}
