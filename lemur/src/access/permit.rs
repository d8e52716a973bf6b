//! What a requester may do. [`decide`] is the only place where that is said: every resource names its [`Action`], with the facts that it depends
//! on, and goes on if the answer is yes.
//!
//! | who | may |
//! | --- | --- |
//! | everyone who is signed in | see what is not secret: certificates, authorities; users and roles by name and no more |
//! | member | store a certificate that was made elsewhere, as one's own or one's roles'; make API keys for themselves |
//! | of an authority's roles, or its owner | issue from it, for the names that the role is limited to there, if it is |
//! | of the role `<authority>_admin` of these, or its owner | change it, make an authority under it, and say whether that one's certificate holds |
//! | of a certificate's roles, its owner, who asked for it | change it, replace it, revoke it, take its private key |
//! | `operator` | change what certificates are delivered to; read the log |
//! | `admin` | all of it, and what concerns users, roles and new roots |
//! | `read-only` | change nothing and take no key, whatever else they are |
//! | a workload | what its grant says, with certificates of its own, and nothing else; of what is not secret, not the people |
//!
//! A change to an authority that waits for a second person is approved by one who may make it, is another than who proposed it, and came in by
//! themselves: not by an API key, and not from the server's own command line. Neither account was in anybody else's hands shortly before
//! ([`super::Access::changed_by_another`]): otherwise one administrator is two.

use std::borrow::Cow;

use super::requester::{Person, Requester, Standing};
use super::workload::Workload;
use crate::name::San;
use crate::store::certificates::NameRow;
use crate::store::role_names::RoleNames;
use crate::store::{CertificateId, RoleId, UserId};

/// What is known of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its owner.
    pub owner: &'a str,
    /// The roles whose members issue from it.
    pub roles: &'a [RoleId],
}

/// The names of a certificate that is asked for, and what limits them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamesFacts<'a> {
    /// The names.
    pub names: &'a [San],
    /// The subject's common name.
    pub common_name: Option<&'a str>,
    /// The names that members of some of the authority's roles may have certified.
    pub limits: &'a [RoleNames],
}

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts<'a> {
    /// Which.
    pub id: CertificateId,
    /// Its names.
    pub names: &'a [NameRow],
    /// Its owner.
    pub owner: &'a str,
    /// Who asked for it.
    pub creator: Option<UserId>,
    /// The roles that may use it.
    pub roles: &'a [RoleId],
}

/// What is known of a certificate that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts<'a> {
    /// Who is to issue it.
    pub authority: AuthorityFacts<'a>,
    /// By which profile.
    pub profile: &'a str,
    /// Its common name.
    pub common_name: Option<&'a str>,
    /// Its names.
    pub names: &'a [San],
    /// Whether something is asked for of its subject, besides the common name.
    pub subject: bool,
    /// Its owner.
    pub owner: &'a str,
    /// The roles that are to use it.
    pub roles: &'a [RoleId],
    /// The certificate that it renews: of the same authority, profile and names, and not revoked.
    pub renews: Option<CertificateFacts<'a>>,
}

/// What is asked for, with what the answer depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<'a> {
    /// See what is not secret.
    Look,
    /// See who there is: users, and roles by name.
    LookAtPeople,
    /// Read the audit log.
    ReadLog,
    /// Issue certificates.
    IssueCertificate(AuthorityFacts<'a>),
    /// Issue this certificate.
    IssueThis(OrderFacts<'a>),
    /// Have these names certified, after [`Action::IssueCertificate`].
    CertifyNames(AuthorityFacts<'a>, NamesFacts<'a>),
    /// Store a certificate that was made elsewhere.
    UploadCertificate,
    /// Store one for this owner and these roles.
    UploadCertificateFor(CertificateFacts<'a>),
    /// Store as many as one likes.
    UploadWithoutLimit,
    /// Bring the certificate of a pending one of an authority whose roots are not known here: nothing but who brings it says whose it is.
    VouchForPending,
    /// Change what is said of a certificate, or who answers for it.
    UpdateCertificate(CertificateFacts<'a>),
    /// Say that a new certificate takes the place of this one.
    ReplaceCertificate(CertificateFacts<'a>),
    /// Revoke a certificate.
    RevokeCertificate(CertificateFacts<'a>),
    /// Let a certificate hold again that was put on hold: whoever put it there may have known why. The authority that issued it.
    ReleaseCertificate(AuthorityFacts<'a>),
    /// Be told that a certificate which no authority here issued is on no hold that could be lifted.
    ReleaseForeignCertificate,
    /// Take a certificate's private key, alone or in a file with the certificate.
    ViewKey(CertificateFacts<'a>),
    /// Take a certificate without its private key, in some file.
    ExportCertificate,
    /// Remove a certificate from what is stored.
    DeleteCertificate(CertificateFacts<'a>),
    /// Make a root.
    CreateRootAuthority,
    /// Make an authority under this one.
    CreateSubAuthority(AuthorityFacts<'a>),
    /// Make an authority whose key is elsewhere, one that the configuration names.
    UseNamedKey,
    /// Change an authority: its owner, its roles, whether it issues.
    UpdateAuthority(AuthorityFacts<'a>),
    /// Decide of an authority what only the one above it does: whether its certificate holds and what is kept with that, and by what further
    /// profiles it issues. The facts are those of the authority above.
    VouchForAuthority(AuthorityFacts<'a>),
    /// The same of one above which none of ours stands: a root, or one whose certificate was signed elsewhere.
    VouchForTopAuthority,
    /// Have an authority give another a certificate for its name and key: the one that gives it.
    CrossSign(AuthorityFacts<'a>),
    /// See proposals of changes to authorities.
    SeeProposals,
    /// Propose a change, besides being allowed to make it: whether the own account has been one's alone for as long as is wanted.
    Propose {
        /// Whether it has.
        settled: bool,
    },
    /// Approve what another proposed, besides being allowed to do it.
    Approve {
        /// Who proposed it.
        proposer: UserId,
        /// Whether the account of who approves had been theirs alone for as long as is wanted when it was proposed, and has been since.
        settled: bool,
    },
    /// Refuse what this one proposed, or take it back.
    Reject(UserId),
    /// See, make and revoke keys by which ACME clients make accounts.
    ManageExternalKeys,
    /// Read the members of a role.
    ReadRole(RoleId),
    /// See more of a user than the name: the address, the roles, whether there is a second factor.
    ReadUser(UserId),
    /// Make, change or remove roles.
    ManageRoles,
    /// Make or change users.
    ManageUsers,
    /// Change one's own password or second factor: no API key does, whatever its user may.
    ManageOwnAccount(UserId),
    /// Give somebody a role whose members administer, or change who has one.
    GiveAdministration,
    /// Set another user's password, take another's second factor away, or end another's sessions.
    ResetCredentials(UserId),
    /// Make an API key of a user.
    CreateApiKey(UserId),
    /// See an API key of a user; its token is not to be seen.
    ReadApiKey(UserId),
    /// Rename or revoke an API key of a user.
    ChangeApiKey(UserId),
    /// See the API keys of all users.
    ReadAllApiKeys,
    /// Change what is around certificates: destinations, sources, notifications, endpoints, providers of DNS, domains.
    ManageDelivery,
}

/// The requester may not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(Cow<'static, str>);

/// Whether a requester may do something.
///
/// # Errors
/// [`Refused`], with a sentence that says who may.
pub fn decide(requester: &Requester, action: &Action<'_>) -> Result<(), Refused> {
    match requester {
        Requester::Person(person) => decide_person(person, action),
        Requester::Workload(workload) => decide_workload(workload, action),
    }
}

fn decide_person(requester: &Person, action: &Action<'_>) -> Result<(), Refused> {
    let standing = requester.standing();
    let (allowed, otherwise) = match action {
        Action::Look | Action::LookAtPeople | Action::ExportCertificate => (true, ""),
        Action::ReadRole(role) => (standing != Standing::Member || requester.holds_any(&[*role]), "You are not a member of this role."),
        Action::ReadUser(user) => (standing != Standing::Member || requester.user() == *user, "This user is another."),
        Action::ReadLog => (standing != Standing::Member, "Only administrators, operators and readers see the log."),
        Action::ReadApiKey(user) => (is_or_administers(requester, *user), "This API key is another user's."),
        Action::ReadAllApiKeys => (standing == Standing::Administrator, "Only administrators see the API keys of all."),
        Action::SeeProposals => (true, ""),
        _ if standing == Standing::ReadOnly => (false, "The role read-only changes nothing and takes no keys."),
        // A second person is one whatever else they may: this stands before what administrators may.
        Action::Propose { settled } => (
            *settled,
            "Your account was made or changed by somebody else too short a time ago for you to propose this: see settled_days of [approval].",
        ),
        Action::Approve { proposer, settled } => approves(requester, *proposer, *settled),
        // From here on, whoever asks may change things. What a user comes in by is changed by the user, who signed in, and by no API key: whoever
        // finds one would keep the account by it.
        Action::ManageOwnAccount(user) | Action::CreateApiKey(user) if requester.api_key().is_some() && requester.user() == *user => {
            (false, "An API key does not change what its user comes in by: sign in by name and password.")
        }
        // Nor does it make another account its finder's, or one that administers: whoever revokes the key would not be rid of them.
        Action::ResetCredentials(_) | Action::GiveAdministration if requester.api_key().is_some() => {
            (false, "An API key resets nobody's credentials and gives nobody a role that administers: sign in for that.")
        }
        Action::ManageOwnAccount(user) => (requester.is_user(*user), "You are not authorized to do this for another user."),
        Action::ResetCredentials(user) => (
            standing == Standing::Administrator && requester.user() != *user,
            "Only administrators do this for another user, and nobody without the own password for oneself.",
        ),
        _ if standing == Standing::Administrator => (true, ""),
        Action::UploadCertificate => (true, ""),
        Action::UploadCertificateFor(certificate) => (
            requester.is(certificate.owner) && certificate.roles.iter().all(|role| requester.holds_any(&[*role])),
            "You are not authorized to store a certificate as another's: its owner and its roles are to be your own.",
        ),
        Action::UploadWithoutLimit => (false, "Only administrators store as many certificates as they like."),
        Action::VouchForPending => (
            false,
            "Only administrators bring certificates of this authority: its upstream's issued_under, by which they could be verified, is not set.",
        ),
        Action::IssueCertificate(authority) | Action::IssueThis(OrderFacts { authority, .. }) => {
            (may_issue(requester, authority), "You are not authorized to use this authority: none of your roles is one of its roles.")
        }
        Action::CertifyNames(authority, names) => {
            (may_certify(requester, authority, names), "None of your roles may have all of these names certified by this authority.")
        }
        Action::UpdateCertificate(certificate) | Action::RevokeCertificate(certificate) | Action::DeleteCertificate(certificate) => {
            (answers_for(requester, certificate), "You are not authorized to change this certificate.")
        }
        Action::ReplaceCertificate(certificate) => {
            (answers_for(requester, certificate), "You are not authorized to replace this certificate.")
        }
        Action::ViewKey(certificate) => (answers_for(requester, certificate), "You are not authorized to view this key."),
        Action::CreateRootAuthority => (false, "Only administrators make root authorities."),
        Action::UseNamedKey => (false, "Only administrators use the keys that the configuration names."),
        Action::CreateSubAuthority(parent) => {
            (administers(requester, parent), "You are not authorized to make an authority under this one.")
        }
        Action::UpdateAuthority(authority) => (administers(requester, authority), "You are not authorized to change this authority."),
        Action::VouchForAuthority(above) => {
            (administers(requester, above), "You are not authorized to decide this of an authority: who administers the one above it is.")
        }
        Action::VouchForTopAuthority => (false, "Only administrators decide this of an authority above which there is none here."),
        Action::ReleaseCertificate(issuer) => (
            administers(requester, issuer),
            "You are not authorized to take a certificate off hold: who administers the authority that issued it is.",
        ),
        Action::ReleaseForeignCertificate => (false, "Only administrators take a certificate off hold that no authority here issued."),
        Action::CrossSign(issuer) => (administers(requester, issuer), "You are not authorized to have this authority sign another."),
        Action::Reject(proposer) => (requester.is_user(*proposer), "Only who proposed it and administrators reject a proposal."),
        Action::ManageExternalKeys => (false, "Only administrators see and make keys of ACME accounts."),
        Action::GiveAdministration => (false, "Only administrators say who administers."),
        Action::ManageRoles => (false, "Only administrators make and change roles."),
        Action::ManageUsers => (false, "Only administrators make and change users."),
        Action::CreateApiKey(user) => (requester.is_user(*user), "You are not authorized to do this for another user."),
        Action::ChangeApiKey(user) => (is_or_administers(requester, *user), "This API key is another user's."),
        Action::ManageDelivery => (standing == Standing::Operator, "Only administrators and operators change this."),
    };
    if allowed { Ok(()) } else { Err(Refused(otherwise.into())) }
}

/// A workload may what is written here, and whatever is not is refused: what comes to be an action later, too.
fn decide_workload(requester: &Workload, action: &Action<'_>) -> Result<(), Refused> {
    let grant = requester.grant();
    let actions = grant.actions;
    let (allowed, otherwise) = match action {
        Action::Look | Action::ExportCertificate => (true, ""),
        Action::IssueCertificate(authority) => {
            (authority.name == grant.authority && (actions.issue || actions.renew), "The workload may not use this authority.")
        }
        Action::IssueThis(order) => return decide_order(requester, order),
        Action::CertifyNames(authority, asked) => (
            authority.name == grant.authority && (actions.issue || actions.renew) && has_names(requester, asked.names, asked.common_name),
            "The workload may not have one of these names.",
        ),
        Action::ReplaceCertificate(certificate) => {
            (is_own(requester, certificate) && (actions.issue || actions.renew), "The workload may not replace this certificate.")
        }
        Action::RevokeCertificate(certificate) => {
            (is_own(requester, certificate) && actions.revoke, "The workload may not revoke this certificate.")
        }
        Action::ViewKey(certificate) => (is_own(requester, certificate) && actions.export, "The workload may not take this key."),
        _ => (false, "A workload may not do this."),
    };
    if allowed { Ok(()) } else { Err(Refused(otherwise.into())) }
}

fn decide_order(requester: &Workload, order: &OrderFacts<'_>) -> Result<(), Refused> {
    let grant = requester.grant();
    // Whoever came in by a certificate has it again, and no other.
    let issues = grant.actions.issue && requester.presented().is_none();
    let renews = grant.actions.renew && order.renews.as_ref().is_some_and(|certificate| is_own(requester, certificate));
    if order.authority.name == grant.authority && !grant.profiles.iter().any(|profile| profile == order.profile) {
        let its = grant.profiles.join(", ");
        return Err(Refused(format!("The workload may not use the profile {}: it has {its}.", order.profile).into()));
    }
    let checks = [
        (order.authority.name == grant.authority, "The workload may not use this authority."),
        (order.owner.eq_ignore_ascii_case(&grant.owner), "The owner of a workload's certificates is the workload's."),
        (order.roles.iter().all(|role| *role == requester.role()), "A workload gives no other role a right to its certificates."),
        (!order.subject, "Of the subject a workload may say the common name alone."),
        (has_names(requester, order.names, order.common_name), "The workload may not have one of these names."),
        (
            issues || renews,
            "The workload may only renew a certificate of its own, with the same names, which has to be named in `replaces`.",
        ),
    ];
    checks.into_iter().find(|(fine, _)| !fine).map_or(Ok(()), |(_, otherwise)| Err(Refused(otherwise.into())))
}

/// Whether a workload may have all of these names.
fn has_names(requester: &Workload, names: &[San], common_name: Option<&str>) -> bool {
    let permitted = |name: &San| requester.grant().permits(name);
    names.iter().all(permitted) && common_name.is_none_or(|text| San::guess(text).is_ok_and(|name| permitted(&name)))
}

/// Whether a certificate is a workload's own: it has the workload's role, and, for one that came in by a certificate, is that one or has its names.
fn is_own(requester: &Workload, certificate: &CertificateFacts<'_>) -> bool {
    let has_role = certificate.roles.contains(&requester.role());
    requester
        .presented()
        .map_or(has_role, |presented| certificate.id == presented.id || has_role && same_names(certificate.names, &presented.names))
}

/// Whether two certificates have the same names, in whatever order.
#[must_use]
pub fn same_names(one: &[NameRow], other: &[NameRow]) -> bool {
    let sorted = |names: &[NameRow]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        names
    };
    sorted(one) == sorted(other)
}

fn may_issue(requester: &Person, authority: &AuthorityFacts<'_>) -> bool {
    requester.is(authority.owner) || requester.holds_any(authority.roles)
}

/// By a role without limits, or with limits within which all names are.
fn may_certify(requester: &Person, authority: &AuthorityFacts<'_>, asked: &NamesFacts<'_>) -> bool {
    if !may_issue(requester, authority) || requester.is(authority.owner) {
        return may_issue(requester, authority);
    }
    let mut patterns = Vec::new();
    for held in requester.roles().iter().filter(|held| authority.roles.contains(&held.id)) {
        match asked.limits.iter().find(|limit| limit.role == held.id) {
            Some(limit) if !limit.names.is_empty() => patterns.extend(&limit.names),
            _ => return true,
        }
    }
    let permitted = |name: &San| patterns.iter().any(|pattern| pattern.permits(name));
    // A common name is a name: clients that are old look at it. What is no name cannot be within limits.
    let common_name = asked
        .common_name
        .map(|text| asked.names.iter().any(|name| name.to_string() == text) || San::guess(text).is_ok_and(|name| permitted(&name)));
    asked.names.iter().all(permitted) && common_name.unwrap_or(true)
}

fn approves(requester: &Person, proposer: UserId, settled: bool) -> (bool, &'static str) {
    if !requester.came_in_person() {
        return (false, "A person approves, who has signed in: no API key, no workload, and nobody on the server's own machine.");
    }
    if proposer == requester.user() {
        return (false, "Another person than the one who proposed it has to approve it.");
    }
    (
        settled,
        "Your account was made or changed by somebody else too short a time before this was proposed, or after it: see settled_days of \
            [approval]. Another person has to approve it.",
    )
}

fn administers(requester: &Person, authority: &AuthorityFacts<'_>) -> bool {
    let admin = format!("{}_admin", authority.name);
    let by_role = requester.roles().iter().any(|role| authority.roles.contains(&role.id) && role.name == admin);
    by_role || requester.is(authority.owner)
}

fn answers_for(requester: &Person, certificate: &CertificateFacts<'_>) -> bool {
    requester.is(certificate.owner)
        || requester.holds_any(certificate.roles)
        || certificate.creator.is_some_and(|creator| requester.is_user(creator))
}

fn is_or_administers(requester: &Person, user: UserId) -> bool {
    requester.standing() == Standing::Administrator || requester.is_user(user)
}

#[cfg(test)]
mod tests;
