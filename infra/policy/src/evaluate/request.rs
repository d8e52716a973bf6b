//! What is asked: who wants to do what, with which resource, in which circumstances. Rules: IAM User Guide, "The request
//! context" and "AWS global condition context keys".

use crate::pattern::Lookup;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A request to AWS.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// The action, as policies name it: `s3:GetObject`.
    pub action: String,
    /// The ARN of the resource, or `*` for actions without one.
    pub resource: String,
    /// The account that owns the resource. Where `None`, the ARN's; where that has none (of a bucket, say), it is not known.
    pub resource_account: Option<String>,
    /// The circumstances.
    pub context: Context,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The root user of an account.
    Root {
        /// The account's number.
        account: String,
    },
    /// An IAM user.
    User {
        /// Its ARN, `arn:aws:iam::111122223333:user/division/ann`.
        arn: String,
    },
    /// A session of a role.
    RoleSession {
        /// The role's ARN, with its path: `arn:aws:iam::111122223333:role/division/Name`.
        role: String,
        /// The session's ARN, `arn:aws:sts::111122223333:assumed-role/Name/session`, where it is known.
        session: Option<String>,
    },
    /// A session that a user got from `GetFederationToken`.
    FederatedUser {
        /// The user's ARN.
        user: String,
        /// The session's ARN, `arn:aws:sts::111122223333:federated-user/name`.
        session: String,
    },
    /// A provider of identities, who asks for a role's session: its ARN or name.
    Federated(String),
    /// A service of AWS that asks for itself: `cloudtrail.amazonaws.com`.
    Service(String),
    /// Someone who has not said who they are.
    Anonymous,
}

/// The circumstances of a request, by condition key. Keys are the same in any case.
#[derive(Debug, Clone, Default)]
pub struct Context {
    keys: BTreeMap<String, Option<Vec<String>>>,
    complete: bool,
}

/// What is known of a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    /// The request has it, with these values: more than one for keys of many values.
    Known(Cow<'a, [String]>),
    /// The request lacks it.
    Missing,
    /// It is not known whether the request has it.
    Unknown,
}

impl Context {
    /// A context of which only what is said is known.
    #[must_use]
    pub fn partial() -> Self {
        Self::default()
    }

    /// A context that lacks each key that is not said.
    #[must_use]
    pub fn complete() -> Self {
        Self { complete: true, ..Self::default() }
    }

    /// Adds a key with its values.
    #[must_use]
    pub fn with(mut self, key: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.keys.insert(key.to_ascii_lowercase(), Some(values.into_iter().map(Into::into).collect()));
        self
    }

    /// Says that the request surely lacks a key.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.keys.insert(key.to_ascii_lowercase(), None);
        self
    }
}

impl Principal {
    /// The number of the account that the principal is of.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account } => Some(account),
            Self::User { arn } | Self::RoleSession { role: arn, .. } | Self::FederatedUser { user: arn, .. } => account_of(arn),
            Self::Federated(_) | Self::Service(_) | Self::Anonymous => None,
        }
    }

    /// Whether it is a session of a service-linked role, over which policies of an organisation have no power.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        matches!(self, Self::RoleSession { role, .. } if role.contains(":role/aws-service-role/"))
    }

    /// `aws:PrincipalArn`: of a role's session it is the role's.
    fn arn(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Root { account } => Some(Cow::Owned(format!("arn:aws:iam::{account}:root"))),
            Self::User { arn } | Self::RoleSession { role: arn, .. } | Self::FederatedUser { session: arn, .. } => Some(Cow::Borrowed(arn)),
            Self::Federated(_) | Self::Service(_) | Self::Anonymous => None,
        }
    }

    /// `aws:PrincipalType`.
    const fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Root { .. } => Some("Account"),
            Self::User { .. } => Some("User"),
            Self::RoleSession { .. } => Some("AssumedRole"),
            Self::FederatedUser { .. } => Some("FederatedUser"),
            Self::Anonymous => Some("Anonymous"),
            Self::Federated(_) | Self::Service(_) => None,
        }
    }
}

impl Request {
    /// A request of which the circumstances are not known.
    #[must_use]
    pub fn new(principal: Principal, action: &str, resource: &str) -> Self {
        let (action, resource) = (action.to_owned(), resource.to_owned());
        Self { principal, action, resource, resource_account: None, context: Context::partial() }
    }

    /// The account of the resource, as far as it is known.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.resource_account.as_deref().or_else(|| account_of(&self.resource))
    }

    /// What is known of a condition key: what the context says; else what follows from the principal and the resource.
    #[must_use]
    pub fn values(&self, key: &str) -> Values<'_> {
        let key = key.to_ascii_lowercase();
        match self.context.keys.get(&key) {
            Some(Some(values)) => return Values::Known(Cow::Borrowed(values)),
            Some(None) => return Values::Missing,
            None => {}
        }
        let user = match &self.principal {
            Principal::User { arn } => arn.rsplit('/').next(),
            _ => None,
        };
        let follows = match key.as_str() {
            "aws:principalarn" => self.principal.arn(),
            "aws:principalaccount" => self.principal.account().map(Cow::Borrowed),
            "aws:principaltype" => self.principal.kind().map(Cow::Borrowed),
            "aws:principalisawsservice" => {
                Some(Cow::Borrowed(if matches!(self.principal, Principal::Service(_)) { "true" } else { "false" }))
            }
            "aws:resourceaccount" => self.account().map(Cow::Borrowed),
            "aws:username" => user.map(Cow::Borrowed),
            _ => None,
        };
        match follows {
            Some(value) => Values::Known(Cow::Owned(vec![value.into_owned()])),
            None if self.context.complete => Values::Missing,
            None => Values::Unknown,
        }
    }

    /// The value that stands for a policy variable. A key of many values cannot stand for one.
    pub(super) fn variable(&self, key: &str) -> Lookup {
        match self.values(key) {
            Values::Known(values) if values.len() == 1 => Lookup::Value(values[0].clone()),
            Values::Known(_) | Values::Unknown => Lookup::Unknown,
            Values::Missing => Lookup::Missing,
        }
    }
}

/// The account that an ARN names.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
}
