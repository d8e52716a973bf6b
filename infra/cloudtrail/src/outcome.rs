//! How a request ended, as far as permissions go, and what a denial says of why.
//!
//! An error that is no denial came after the caller had been let in, or cannot be told from one that did: it counts as use, which at worst
//! keeps a permission. So does `Client.DryRunOperation`. A denial counts as no use; only codes that mean nothing else are taken for one,
//! and beside them the sentence that IAM's own denials have ([`Denial`]).
//!
//! A denial may be of another action than the event's: `RunInstances` is refused when the caller may not pass the role, and `PutObject` when
//! the key cannot be used. The event's own action may then have been allowed. [`Denial::action`] says which one was refused.

use std::borrow::Cow;

use crate::event::Event;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It was done.
    Used,
    /// It was refused for want of permission.
    Denied,
    /// It failed of something else: authorization had passed, or it cannot be told that it had not.
    OtherError,
}

impl Outcome {
    /// How the request of an event ended.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Self {
        let Some(code) = event.error_code() else {
            // Sign-ins and a few others say their failure in responseElements or in the message alone.
            return if event.error_message().is_some_and(|message| says_denied(&message)) { Self::Denied } else { Self::Used };
        };
        Self::of_code(&code, || event.error_message())
    }

    /// How a request with this `errorCode` ended; the message is asked for where the code does not say.
    pub fn of_code<'m>(code: &str, message: impl FnOnce() -> Option<Cow<'m, str>>) -> Self {
        if is_denial(code) || message().is_some_and(|message| says_denied(&message)) { Self::Denied } else { Self::OtherError }
    }

    /// Whether it counts as use of the permission.
    #[must_use]
    pub fn is_use(self) -> bool {
        self != Self::Denied
    }

    /// Its name in outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Denied => "denied",
            Self::OtherError => "error",
        }
    }
}

/// Codes that mean a denial and nothing else, in lower case, without what [`bare`] takes away.
const DENIALS: &[&str] = &[
    "403",
    "accessdenied",
    "accessdeniederror",
    "accessdeniedexception",
    "accessdeniedfault",
    "authorizationerror",
    "authorizationerrorexception",
    "clientunauthorizedoperation",
    "forbidden",
    "forbiddenexception",
    "kmsaccessdeniedexception",
    "lambdaaccessdeniedexception",
    "notauthorized",
    "notauthorizederror",
    "unauthorized",
    "unauthorizedaccess",
    "unauthorizedexception",
    "unauthorizedoperation",
    "unauthorizedoperationexception",
];

/// Whether an `errorCode` means a denial. `NotAuthorizedException` is Cognito's for a wrong password and `AuthFailure` EC2's for credentials
/// and images of others: neither is one by itself.
#[must_use]
pub fn is_denial(code: &str) -> bool {
    let bare = bare(code).to_ascii_lowercase();
    DENIALS.binary_search(&bare.as_str()).is_ok()
}

/// A code without the name space before it, the address after it and whose fault it was: `Client.UnauthorizedOperation`,
/// `com.amazon.coral.service#AccessDeniedException`, `AccessDeniedException:http://…`.
fn bare(code: &str) -> &str {
    let code = code.split_once(":http").map_or(code, |(code, _)| code);
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    code.rsplit_once('.').map_or(code, |(_, code)| code).trim()
}

/// What EC2 says before the sentence, and behind it.
const EC2: &str = "You are not authorized to perform this operation. ";
const ENCODED: &str = "Encoded authorization failure message:";

const SENTENCE: &str = "is not authorized to perform: ";

/// Whether a message is IAM's sentence for a denial of the caller. Services tell in the same words that a role which they were given
/// lacks something; those begin with another subject than `User:`.
fn says_denied(message: &str) -> bool {
    message.strip_prefix("User: ").is_some_and(|rest| rest.contains(SENTENCE))
}

/// What a denial says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial<'a> {
    /// Who was refused: the ARN of a user or a role's session.
    pub principal: &'a str,
    /// The action that was refused, such as `s3:GetObject`.
    pub action: &'a str,
    /// The resource, where it is told.
    pub resource: Option<&'a str>,
    /// Why.
    pub reason: Reason,
    /// The ARN of the policy that says so, where it is told.
    pub policy: Option<&'a str>,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// No policy of this kind allows it.
    NotAllowedBy(PolicyKind),
    /// A policy of this kind denies it.
    DeniedBy(PolicyKind),
    /// The message does not say.
    NotSaid,
}

/// The kinds of policy that a denial may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyKind {
    /// Of the principal, its groups included.
    Identity,
    /// Of the resource.
    Resource,
    /// The principal's permissions boundary.
    Boundary,
    /// Of the session.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// Of a VPC endpoint.
    VpcEndpoint,
    /// A role's trust policy.
    Trust,
}

/// How messages name them.
const KINDS: &[(&str, PolicyKind)] = &[
    ("identity-based policy", PolicyKind::Identity),
    ("resource-based policy", PolicyKind::Resource),
    ("permissions boundary", PolicyKind::Boundary),
    ("session policy", PolicyKind::Session),
    ("service control policy", PolicyKind::ServiceControl),
    ("resource control policy", PolicyKind::ResourceControl),
    ("VPC endpoint policy", PolicyKind::VpcEndpoint),
    ("role trust policy", PolicyKind::Trust),
];

impl<'a> Denial<'a> {
    /// Reads an `errorMessage`: `User: ARN is not authorized to perform: ACTION on resource: RESOURCE because no identity-based policy
    /// allows the ACTION action`, or `… with an explicit deny in a service control policy`. `None` if it is none, or encoded as EC2's are.
    #[must_use]
    pub fn parse(message: &'a str) -> Option<Self> {
        let message = message.strip_prefix(EC2).unwrap_or(message).strip_prefix("User: ")?;
        let message = message.split_once(ENCODED).map_or(message, |(message, _)| message.trim_end().trim_end_matches('.'));
        let (principal, rest) = message.split_once(SENTENCE)?;
        let action = rest.split([' ', ',']).next()?.trim_end_matches('.');
        let is_name = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !action.split_once(':').is_some_and(|(service, name)| is_name(service) && is_name(name)) {
            return None;
        }
        let rest = &rest[action.len()..];
        let (before, why, reason) = split_reason(rest);
        let resource = before.split_once("on resource: ").map(|(_, resource)| resource.trim().trim_end_matches('.'));
        let policy = why.find("arn:").map(|at| why[at..].split([' ', ',']).next().unwrap_or_default().trim_end_matches('.'));
        let resource = resource.map(|text| text.trim_matches('"')).filter(|text| !text.is_empty());
        Some(Self { principal: principal.trim(), action, resource, reason, policy })
    }
}

/// Parts what is said of the resource from what is said of why.
fn split_reason(rest: &str) -> (&str, &str, Reason) {
    const NO: &str = "because no ";
    const DENY: &str = "with an explicit deny";
    if let Some((before, why)) = rest.rsplit_once(DENY) {
        let kind = why.trim_start().strip_prefix("in ").and_then(|why| kind_of(why.trim_start_matches("a ").trim_start_matches("an ")));
        return (before, why, kind.map_or(Reason::NotSaid, Reason::DeniedBy));
    }
    if let Some((before, why)) = rest.rsplit_once(NO) {
        return (before, why, kind_of(why).map_or(Reason::NotSaid, Reason::NotAllowedBy));
    }
    (rest, "", Reason::NotSaid)
}

fn kind_of(text: &str) -> Option<PolicyKind> {
    KINDS.iter().find(|(name, _)| text.starts_with(name)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests;
