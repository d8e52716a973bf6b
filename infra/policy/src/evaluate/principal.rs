//! Whether a statement of a resource's policy is about the principal, and how directly it names it: that tells which other
//! policies limit what it grants. Rules: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

use super::request::{Principal, Request, Values, account_of};
use crate::document::{PrincipalPattern, Principals};
use crate::pattern::Truth;

/// How a statement names a principal. In its own account it is granted access
/// - by its account: only what its own policies grant;
/// - by its role, or the user who federated: what boundary and session policies do not withhold;
/// - by itself: all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) itself: Truth,
    pub(super) role: Truth,
    pub(super) everyone: Truth,
    pub(super) account: Truth,
}

impl Named {
    const NOT: Self = Self { itself: Truth::No, role: Truth::No, everyone: Truth::No, account: Truth::No };

    pub(super) fn at_all(self) -> Truth {
        self.itself.or(self.role).or(self.everyone).or(self.account)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            itself: self.itself.or(other.itself),
            role: self.role.or(other.role),
            everyone: self.everyone.or(other.everyone),
            account: self.account.or(other.account),
        }
    }

    pub(super) fn and(self, truth: Truth) -> Self {
        let Self { itself, role, everyone, account } = self;
        Self { itself: itself.and(truth), role: role.and(truth), everyone: everyone.and(truth), account: account.and(truth) }
    }

    pub(super) const fn nobody() -> Self {
        Self::NOT
    }

    pub(super) const fn unknown() -> Self {
        Self { itself: Truth::Unknown, ..Self::NOT }
    }
}

/// How the statement is about the request's principal. `has_boundary`: a boundary makes `NotPrincipal` with `Deny` deny always.
pub(super) fn named(principals: &Principals, request: &Request, denies: bool, has_boundary: bool) -> Named {
    match principals {
        Principals::Only(patterns) => patterns.iter().fold(Named::NOT, |found, pattern| found.or(names(pattern, request))),
        Principals::AllBut(_) if denies && has_boundary => Named { everyone: Truth::Yes, ..Named::NOT },
        Principals::AllBut(patterns) => {
            let found = patterns.iter().fold(Named::NOT, |found, pattern| found.or(names(pattern, request)));
            Named { everyone: !spared(found, &request.principal), ..Named::NOT }
        }
    }
}

/// Whether `NotPrincipal` leaves the principal out. Whoever is more than one principal at once (a session, its role, its account)
/// must be named as each; where only some are named, AWS does not say.
fn spared(found: Named, principal: &Principal) -> Truth {
    let wanted = match principal {
        Principal::RoleSession { .. } | Principal::FederatedUser { .. } => vec![found.itself, found.role, found.account],
        Principal::User { .. } => vec![found.itself, found.account],
        _ => vec![found.itself],
    };
    match (Truth::all(wanted.iter().copied()).or(found.everyone), Truth::any(wanted).or(found.everyone)) {
        (Truth::Yes, _) => Truth::Yes,
        (_, Truth::No) => Truth::No,
        _ => Truth::Unknown,
    }
}

fn names(pattern: &PrincipalPattern, request: &Request) -> Named {
    let itself = |truth: Truth| Named { itself: truth, ..Named::NOT };
    match (pattern, &request.principal) {
        (PrincipalPattern::Everyone, _) => Named { everyone: Truth::Yes, ..Named::NOT },
        (PrincipalPattern::Aws(value), _) if value == "*" => Named { everyone: Truth::Yes, ..Named::NOT },
        (PrincipalPattern::Aws(value), _) => aws(value, request),
        (PrincipalPattern::Service(value), Principal::Service(name)) => itself(value.eq_ignore_ascii_case(name).into()),
        (PrincipalPattern::Federated(value), Principal::Federated(name)) => itself((value == name).into()),
        (PrincipalPattern::Service(_) | PrincipalPattern::Federated(_), _) => Named::NOT,
        (PrincipalPattern::CanonicalUser(_), Principal::Service(_) | Principal::Federated(_) | Principal::Anonymous) => Named::NOT,
        // The number that stands for an account in S3 does not tell which account it is.
        (PrincipalPattern::CanonicalUser(_) | PrincipalPattern::Other { .. }, _) => itself(Truth::Unknown),
    }
}

fn aws(value: &str, request: &Request) -> Named {
    let equals = |arn: &str| Truth::from(value == arn);
    let account = if let Some(account) = account_of(value).filter(|_| value.ends_with(":root")) {
        Some(account)
    } else {
        (value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit())).then_some(value)
    };
    if let Some(account) = account {
        let own = Truth::from(request.principal.account() == Some(account));
        return match request.principal {
            Principal::Root { .. } => Named { itself: own, account: own, ..Named::NOT },
            _ => Named { account: own, ..Named::NOT },
        };
    }
    if !value.starts_with("arn:") {
        return unique_id(value, request);
    }
    match &request.principal {
        Principal::User { arn } => Named { itself: equals(arn), ..Named::NOT },
        Principal::RoleSession { role, session } => {
            let unnamed = Truth::from(value.contains(":assumed-role/") && account_of(value) == account_of(role)).and(Truth::Unknown);
            Named { itself: session.as_deref().map_or(unnamed, equals), role: equals(role), ..Named::NOT }
        }
        Principal::FederatedUser { user, session } => Named { itself: equals(session), role: equals(user), ..Named::NOT },
        Principal::Root { .. } | Principal::Federated(_) | Principal::Service(_) | Principal::Anonymous => Named::NOT,
    }
}

/// The unique ID that IAM leaves in a policy where a user or role has been deleted: it stands at the beginning of `aws:userid`.
fn unique_id(value: &str, request: &Request) -> Named {
    if request.principal.account().is_none() {
        return Named::NOT;
    }
    let truth = match request.values("aws:userid") {
        Values::Known(ids) => Truth::any(ids.iter().map(|id| Truth::from(id.split(':').next() == Some(value) || id == value))),
        Values::Missing => Truth::No,
        Values::Unknown => Truth::Unknown,
    };
    match request.principal {
        Principal::RoleSession { .. } | Principal::FederatedUser { .. } => Named { role: truth, ..Named::NOT },
        _ => Named { itself: truth, ..Named::NOT },
    }
}
