//! The policies that bear on a request, by kind.

use crate::document::Policy;
use std::fmt;

/// A policy and the name that decisions give it.
#[derive(Debug, Clone, Copy)]
pub struct Attached<'a> {
    /// Its name: that of an inline policy, or an ARN.
    pub name: &'a str,
    /// The policy.
    pub policy: &'a Policy,
}

/// All policies that bear on a request.
#[derive(Debug, Clone, Default)]
pub struct Policies<'a> {
    /// Those of the principal and of its groups, inline and managed.
    pub identity: Vec<Attached<'a>>,
    /// Those of the resource: a bucket's policy, a key's, a role's trust policy.
    pub resource: ResourcePolicies<'a>,
    /// The permissions boundary of the user or role.
    pub boundary: Option<Attached<'a>>,
    /// Those that were passed when the session was made.
    pub session: Vec<Attached<'a>>,
    /// Service control policies of the principal's account: those of the root, of each unit, of the account. Each level must allow.
    /// Empty for accounts over which they have no power (the management account, or no organisation).
    pub scps: Vec<Vec<Attached<'a>>>,
    /// Resource control policies of the resource's account, level by level.
    pub rcps: Vec<Vec<Attached<'a>>>,
}

/// The policies of a resource.
#[derive(Debug, Clone, Default)]
pub enum ResourcePolicies<'a> {
    /// It has none.
    #[default]
    None,
    /// Whether it has some is not known.
    Unknown,
    /// It has these.
    Attached(Vec<Attached<'a>>),
}

/// A kind of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Of the principal.
    Identity,
    /// Of the resource.
    Resource,
    /// A permissions boundary.
    Boundary,
    /// Of the session.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
        })
    }
}
