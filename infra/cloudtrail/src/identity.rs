//! Who made a request, as `userIdentity` says it, and whose permissions it used ([`Principal`]).
//!
//! - A session of a role counts for the role, whose ARN with its path `sessionContext.sessionIssuer` has. Sessions of Identity Center,
//!   of SAML and of web identities are such sessions too. Where the issuer is left out, the role's name is in the session's ARN, and its
//!   path is not known: [`Principal::RoleNamed`].
//! - A federated session (`GetFederationToken`) counts for the user who asked for it.
//! - A service that acts for a caller (a forward access session) is logged with the caller's identity and the service in `invokedBy`. The
//!   caller's own permissions are what is evaluated, so that it counts for the caller; [`Identity::invoked_by`] says through whom.
//! - A service that acts for itself (`AWSService`) uses nobody's permissions.
//! - `AssumeRole` into another account is logged in both. In the caller's account it counts for the caller; in the role's, the caller is
//!   [`Principal::OtherAccount`], of whom no more than an account and an opaque identifier is known. `SharedEventID` joins the two.
//! - `SourceIdentity` says which person is behind a session. It is told, and nothing counts for it.
//! - `AssumeRoleWithSAML` and `AssumeRoleWithWebIdentity` are asked by somebody who has no permissions in IAM: [`Principal::External`].
//! - Whoever signs in to the console is a user or root; events of the console (`AwsConsoleAction`) name them as requests do.

mod memory;

use std::borrow::Cow;

pub use memory::Principals;

use crate::json::Json;

/// `userIdentity`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// `type`: `IAMUser`, `AssumedRole`, `Root`, `FederatedUser`, `AWSAccount`, `AWSService`, `SAMLUser`, `WebIdentityUser`,
    /// `IdentityCenterUser`, `Role`, `Directory`, `Unknown`.
    pub kind: Option<Cow<'a, str>>,
    /// `arn`: of a session of a role it is the session's, of STS.
    pub arn: Option<Cow<'a, str>>,
    /// `accountId`: the account of who asked.
    pub account: Option<Cow<'a, str>>,
    /// `principalId`.
    pub principal_id: Option<Cow<'a, str>>,
    /// `userName`.
    pub user_name: Option<Cow<'a, str>>,
    /// `accessKeyId`.
    pub access_key_id: Option<Cow<'a, str>>,
    /// `invokedBy`: the service that made the request in turn.
    pub invoked_by: Option<Cow<'a, str>>,
    /// `identityProvider`, of who comes with SAML or a web identity.
    pub identity_provider: Option<Cow<'a, str>>,
    /// `credentialId`, of users of Identity Center.
    pub credential_id: Option<Cow<'a, str>>,
    /// `sessionContext.sessionIssuer`: who a session was made from.
    pub issuer: Option<Issuer<'a>>,
    /// `sessionContext.sourceIdentity`.
    pub source_identity: Option<Cow<'a, str>>,
    /// `sessionContext.webIdFederationData.federatedProvider`.
    pub federated_provider: Option<Cow<'a, str>>,
    /// `onBehalfOf.userId`: the user of Identity Center for whom it was asked.
    pub on_behalf_of: Option<Cow<'a, str>>,
}

/// Who a session was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issuer<'a> {
    /// `type`: `Role`, `User`, `Root`.
    pub kind: Option<Cow<'a, str>>,
    /// `arn`: of a role with its path.
    pub arn: Option<Cow<'a, str>>,
    /// `accountId`.
    pub account: Option<Cow<'a, str>>,
    /// `userName`: of a role it is the role's.
    pub user_name: Option<Cow<'a, str>>,
    /// `principalId`: a role's `AROA…`.
    pub principal_id: Option<Cow<'a, str>>,
}

/// Whose permissions a request used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal<'a> {
    /// A role, by its ARN with its path.
    Role(Cow<'a, str>),
    /// A role of which the log has the name and not the path. There is one of a name in an account at most.
    RoleNamed {
        /// `aws`, `aws-cn`, `aws-us-gov`…
        partition: Cow<'a, str>,
        /// The account that the role is of.
        account: Cow<'a, str>,
        /// Its name.
        name: Cow<'a, str>,
    },
    /// A user, by its ARN.
    User(Cow<'a, str>),
    /// An account's root, by the account.
    Root(Cow<'a, str>),
    /// A service that acts for itself.
    Service(Cow<'a, str>),
    /// Somebody of an account of whom nothing else is said: a caller from another account, as the called one's log has it.
    OtherAccount(Cow<'a, str>),
    /// Somebody who has no permissions in IAM: who asks for a session with SAML or a web identity, and users of Identity Center.
    External(Cow<'a, str>),
    /// Nobody: the request was not signed.
    Anonymous,
    /// What the log has, made nothing of.
    Unknown,
}

impl<'a> Identity<'a> {
    /// Reads a `userIdentity`.
    #[must_use]
    pub fn of(json: Json<'a>) -> Self {
        let mut identity = Self::default();
        for (name, value) in json.fields() {
            let text = match name {
                "type" => &mut identity.kind,
                "arn" => &mut identity.arn,
                "accountId" => &mut identity.account,
                "principalId" => &mut identity.principal_id,
                "userName" => &mut identity.user_name,
                "accessKeyId" => &mut identity.access_key_id,
                "invokedBy" => &mut identity.invoked_by,
                "identityProvider" => &mut identity.identity_provider,
                "credentialId" => &mut identity.credential_id,
                "sessionContext" => {
                    identity.session(value);
                    continue;
                }
                "onBehalfOf" => {
                    identity.on_behalf_of = value.str("userId");
                    continue;
                }
                _ => continue,
            };
            *text = value.as_scalar();
        }
        identity
    }

    fn session(&mut self, session: Json<'a>) {
        for (name, value) in session.fields() {
            match name {
                "sessionIssuer" => self.issuer = Issuer::of(value),
                "sourceIdentity" => self.source_identity = value.as_str(),
                "webIdFederationData" => self.federated_provider = value.str("federatedProvider"),
                _ => {}
            }
        }
    }

    /// Whose permissions were used.
    #[must_use]
    pub fn principal(&self) -> Principal<'a> {
        match self.kind.as_deref() {
            Some("AssumedRole") => self.role(),
            Some("Role") => match &self.arn {
                Some(arn) if resource_of(arn).is_some_and(|resource| resource.starts_with("role/")) => Principal::Role(arn.clone()),
                _ => self.role(),
            },
            Some("IAMUser") => match &self.arn {
                Some(arn) if resource_of(arn).is_some_and(|resource| resource.starts_with("user/")) => Principal::User(arn.clone()),
                _ => Principal::Unknown,
            },
            Some("FederatedUser") => self.issued(),
            Some("Root") => self.account.clone().map_or(Principal::Unknown, Principal::Root),
            Some("AWSService") => {
                self.invoked_by.clone().or_else(|| self.principal_id.clone()).map_or(Principal::Unknown, Principal::Service)
            }
            Some("AWSAccount") => match self.account.as_deref() {
                None => Principal::Unknown,
                Some(account) if is_nobody(account) => Principal::Anonymous,
                Some(_) => self.account.clone().map_or(Principal::Unknown, Principal::OtherAccount),
            },
            Some("SAMLUser" | "WebIdentityUser" | "IdentityCenterUser" | "Directory") => {
                let name = self.on_behalf_of.clone().or_else(|| self.principal_id.clone()).or_else(|| self.user_name.clone());
                name.map_or(Principal::Unknown, Principal::External)
            }
            // Some services leave the kind out and say the service alone.
            None if self.arn.is_none() && self.issuer.is_none() => self.invoked_by.clone().map_or(Principal::Unknown, Principal::Service),
            _ => Principal::Unknown,
        }
    }

    /// The role of a session.
    fn role(&self) -> Principal<'a> {
        match self.issued() {
            Principal::Unknown => self.arn.as_ref().and_then(role_of_session).unwrap_or(Principal::Unknown),
            principal => principal,
        }
    }

    /// Who the session was made from.
    fn issued(&self) -> Principal<'a> {
        let Some(issuer) = &self.issuer else { return Principal::Unknown };
        let resource = issuer.arn.as_deref().and_then(resource_of);
        match (&issuer.arn, resource) {
            (Some(arn), Some(resource)) if resource.starts_with("role/") => Principal::Role(arn.clone()),
            (Some(arn), Some(resource)) if resource.starts_with("user/") => Principal::User(arn.clone()),
            (_, Some("root")) => issuer.account.clone().or_else(|| self.account.clone()).map_or(Principal::Unknown, Principal::Root),
            _ => Principal::Unknown,
        }
    }

    /// The name of a role's session.
    #[must_use]
    pub fn session_name(&self) -> Option<&str> {
        resource_of(self.arn.as_deref()?)?.strip_prefix("assumed-role/")?.rsplit_once('/').map(|(_, name)| name)
    }
}

impl<'a> Issuer<'a> {
    fn of(json: Json<'a>) -> Option<Self> {
        let mut issuer = Self::default();
        for (name, value) in json.fields() {
            let text = match name {
                "type" => &mut issuer.kind,
                "arn" => &mut issuer.arn,
                "accountId" => &mut issuer.account,
                "userName" => &mut issuer.user_name,
                "principalId" => &mut issuer.principal_id,
                _ => continue,
            };
            *text = value.as_scalar();
        }
        (issuer != Self::default()).then_some(issuer)
    }
}

impl Principal<'_> {
    /// The ARN, where it is known.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Role(arn) | Self::User(arn) => Some(arn),
            _ => None,
        }
    }

    /// The same, of its own memory.
    #[must_use]
    pub fn into_owned(self) -> Principal<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Role(arn) => Principal::Role(own(arn)),
            Self::RoleNamed { partition, account, name } => {
                Principal::RoleNamed { partition: own(partition), account: own(account), name: own(name) }
            }
            Self::User(arn) => Principal::User(own(arn)),
            Self::Root(account) => Principal::Root(own(account)),
            Self::Service(name) => Principal::Service(own(name)),
            Self::OtherAccount(account) => Principal::OtherAccount(own(account)),
            Self::External(name) => Principal::External(own(name)),
            Self::Anonymous => Principal::Anonymous,
            Self::Unknown => Principal::Unknown,
        }
    }
}

/// How it is shown: the ARN, or what stands for it.
impl std::fmt::Display for Principal<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(arn) | Self::User(arn) => formatter.write_str(arn),
            Self::RoleNamed { partition, account, name } => write!(formatter, "arn:{partition}:iam::{account}:role/…/{name}"),
            Self::Root(account) => write!(formatter, "root of {account}"),
            Self::Service(name) => write!(formatter, "service {name}"),
            Self::OtherAccount(account) => write!(formatter, "account {account}"),
            Self::External(name) => write!(formatter, "external {name}"),
            Self::Anonymous => formatter.write_str("anonymous"),
            Self::Unknown => formatter.write_str("unknown"),
        }
    }
}

/// What stands for the account of a request that was not signed.
fn is_nobody(account: &str) -> bool {
    account.is_empty() || account.eq_ignore_ascii_case("anonymous") || account.eq_ignore_ascii_case("ANONYMOUS_PRINCIPAL")
}

/// The sixth part of an ARN.
fn resource_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.splitn(5, ':').nth(4)
}

/// The role that `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` is of.
fn role_of_session<'a>(arn: &Cow<'a, str>) -> Option<Principal<'a>> {
    fn parts(arn: &str) -> Option<(&str, &str, &str)> {
        let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':');
        let (partition, _service, _region, account) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let name = parts.next()?.strip_prefix("assumed-role/")?.split('/').next()?;
        (!name.is_empty() && !account.is_empty()).then_some((partition, account, name))
    }
    fn named<'t>((partition, account, name): (&'t str, &'t str, &'t str)) -> Principal<'t> {
        Principal::RoleNamed { partition: Cow::Borrowed(partition), account: Cow::Borrowed(account), name: Cow::Borrowed(name) }
    }
    match arn {
        Cow::Borrowed(text) => parts(text).map(named),
        Cow::Owned(text) => parts(text).map(|found| named(found).into_owned()),
    }
}

#[cfg(test)]
mod tests;
