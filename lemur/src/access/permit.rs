//! What a requester may do. [`decide`] is the only place where that is said: every resource names its [`Action`], with the facts that it depends
//! on, and goes on if the answer is yes.
//!
//! | who | may |
//! | --- | --- |
//! | everyone who is signed in | see what is not secret: certificates, authorities, users and roles by name |
//! | member | store a certificate that was made elsewhere; make API keys for themselves |
//! | of an authority's roles, or its owner | issue from it, for the names that the role is limited to there, if it is |
//! | of the role `<authority>_admin` of these, or its owner | change it, and make an authority under it |
//! | of a certificate's roles, its owner, who asked for it | change it, replace it, revoke it, take its private key |
//! | `operator` | change what certificates are delivered to; read the log |
//! | `admin` | all of it, and what concerns users, roles and new roots |
//! | `read-only` | change nothing and take no key, whatever else they are |
//!
//! A change to an authority that waits for a second person is approved by one who may make it, is another than who proposed it, and came in by
//! themselves: not by an API key, and not from the server's own command line.

use super::requester::{Requester, Standing};
use crate::name::San;
use crate::store::RoleId;
use crate::store::UserId;
use crate::store::role_names::RoleNames;

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
    /// Its owner.
    pub owner: &'a str,
    /// Who asked for it.
    pub creator: Option<UserId>,
    /// The roles that may use it.
    pub roles: &'a [RoleId],
}

/// What is asked for, with what the answer depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<'a> {
    /// See what is not secret.
    Look,
    /// Read the audit log.
    ReadLog,
    /// Issue a certificate.
    IssueCertificate(AuthorityFacts<'a>),
    /// Have these names certified, after [`Action::IssueCertificate`].
    CertifyNames(AuthorityFacts<'a>, NamesFacts<'a>),
    /// Store a certificate that was made elsewhere.
    UploadCertificate,
    /// Change what is said of a certificate, or who answers for it.
    UpdateCertificate(CertificateFacts<'a>),
    /// Say that a new certificate takes the place of this one.
    ReplaceCertificate(CertificateFacts<'a>),
    /// Revoke a certificate.
    RevokeCertificate(CertificateFacts<'a>),
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
    /// Change an authority: its owner, its roles, whether it issues.
    UpdateAuthority(AuthorityFacts<'a>),
    /// Have an authority give another a certificate for its name and key: the one that gives it.
    CrossSign(AuthorityFacts<'a>),
    /// See proposals of changes to authorities.
    SeeProposals,
    /// Approve what this one proposed, besides being allowed to do it.
    Approve(&'a Proposer),
    /// Refuse what this one proposed, or take it back.
    Reject(&'a Proposer),
    /// See, make and revoke keys by which ACME clients make accounts.
    ManageExternalKeys,
    /// Read the members of a role.
    ReadRole(RoleId),
    /// Make, change or remove roles.
    ManageRoles,
    /// Make or change users.
    ManageUsers,
    /// Change one's own password or second factor.
    ManageOwnAccount(UserId),
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

/// Who proposed a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposer {
    /// A user, in person or by an API key.
    User(UserId),
    /// Whoever has this number on the server's own machine.
    Local(u32),
}

/// The requester may not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(&'static str);

/// Whether a requester may do something.
///
/// # Errors
/// [`Refused`], with a sentence that says who may.
pub fn decide(requester: &Requester, action: &Action<'_>) -> Result<(), Refused> {
    let standing = requester.standing();
    let (allowed, otherwise) = match action {
        Action::Look | Action::ExportCertificate => (true, ""),
        Action::ReadRole(role) => (standing != Standing::Member || requester.holds_any(&[*role]), "You are not a member of this role."),
        Action::ReadLog => (standing != Standing::Member, "Only administrators, operators and readers see the log."),
        Action::ReadApiKey(user) => (is_or_administers(requester, *user), "This API key is another user's."),
        Action::ReadAllApiKeys => (standing == Standing::Administrator, "Only administrators see the API keys of all."),
        Action::SeeProposals => (true, ""),
        _ if standing == Standing::ReadOnly => (false, "The role read-only changes nothing and takes no keys."),
        // A second person is one whatever else they may: this stands before what administrators may.
        Action::Approve(proposer) => approves(requester, proposer),
        // From here on, whoever asks may change things.
        _ if standing == Standing::Administrator => (true, ""),
        Action::UploadCertificate => (true, ""),
        Action::IssueCertificate(authority) => {
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
        Action::CreateSubAuthority(parent) => {
            (administers(requester, parent), "You are not authorized to make an authority under this one.")
        }
        Action::UpdateAuthority(authority) => (administers(requester, authority), "You are not authorized to change this authority."),
        Action::CrossSign(issuer) => (administers(requester, issuer), "You are not authorized to have this authority sign another."),
        Action::Reject(proposer) => (
            matches!(proposer, Proposer::User(user) if requester.is_user(*user)),
            "Only who proposed it and administrators reject a proposal.",
        ),
        Action::ManageExternalKeys => (false, "Only administrators see and make keys of ACME accounts."),
        Action::ManageRoles => (false, "Only administrators make and change roles."),
        Action::ManageUsers => (false, "Only administrators make and change users."),
        Action::ManageOwnAccount(user) | Action::CreateApiKey(user) => {
            // An API key that was narrowed makes none that is wider.
            (requester.is_user(*user), "You are not authorized to do this for another user.")
        }
        Action::ChangeApiKey(user) => (is_or_administers(requester, *user), "This API key is another user's."),
        Action::ManageDelivery => (standing == Standing::Operator, "Only administrators and operators change this."),
    };
    if allowed { Ok(()) } else { Err(Refused(otherwise)) }
}

fn may_issue(requester: &Requester, authority: &AuthorityFacts<'_>) -> bool {
    requester.is(authority.owner) || requester.holds_any(authority.roles)
}

/// By a role without limits, or with limits within which all names are.
fn may_certify(requester: &Requester, authority: &AuthorityFacts<'_>, asked: &NamesFacts<'_>) -> bool {
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

fn approves(requester: &Requester, proposer: &Proposer) -> (bool, &'static str) {
    if !requester.is_person() {
        return (
            false,
            "A person approves, signed in by name and password: no API key, no workload, and nobody on the server's own machine.",
        );
    }
    match proposer {
        Proposer::User(user) if *user == requester.user() => (false, "Another person than the one who proposed it has to approve it."),
        Proposer::User(_) | Proposer::Local(_) => (true, ""),
    }
}

fn administers(requester: &Requester, authority: &AuthorityFacts<'_>) -> bool {
    let admin = format!("{}_admin", authority.name);
    let by_role = requester.roles().iter().any(|role| authority.roles.contains(&role.id) && role.name == admin);
    by_role || requester.is(authority.owner)
}

fn answers_for(requester: &Requester, certificate: &CertificateFacts<'_>) -> bool {
    requester.is(certificate.owner)
        || requester.holds_any(certificate.roles)
        || certificate.creator.is_some_and(|creator| requester.is_user(creator))
}

fn is_or_administers(requester: &Requester, user: UserId) -> bool {
    requester.standing() == Standing::Administrator || requester.is_user(user)
}

#[cfg(test)]
mod tests {
    use super::super::requester::Held;
    use super::*;

    const TEAM: RoleId = RoleId(10);
    const CA_ADMIN: RoleId = RoleId(11);
    const CA_OPERATOR: RoleId = RoleId(12);

    fn requester(id: i64, roles: &[(i64, &str)]) -> Requester {
        Requester {
            user: UserId(id),
            username: format!("user{id}"),
            email: format!("user{id}@example.com"),
            roles: roles.iter().map(|(id, name)| Held { id: RoleId(*id), name: (*name).to_owned() }).collect(),
            api_key: None,
            personal: true,
            read_only: false,
        }
    }

    fn authority<'a>() -> AuthorityFacts<'a> {
        AuthorityFacts { name: "CA", owner: "pki@example.com", roles: &[CA_ADMIN, CA_OPERATOR] }
    }

    fn certificate<'a>() -> CertificateFacts<'a> {
        CertificateFacts { owner: "team@example.com", creator: Some(UserId(7)), roles: &[TEAM] }
    }

    fn may(requester: &Requester, action: &Action<'_>) -> bool {
        decide(requester, action).is_ok()
    }

    /// Every action there is, for a walk.
    fn every<'a>() -> Vec<Action<'a>> {
        vec![
            Action::Look,
            Action::ReadLog,
            Action::IssueCertificate(authority()),
            Action::CertifyNames(authority(), NamesFacts { names: &[], common_name: None, limits: &[] }),
            Action::UploadCertificate,
            Action::UpdateCertificate(certificate()),
            Action::ReplaceCertificate(certificate()),
            Action::RevokeCertificate(certificate()),
            Action::ViewKey(certificate()),
            Action::ExportCertificate,
            Action::DeleteCertificate(certificate()),
            Action::CreateRootAuthority,
            Action::CreateSubAuthority(authority()),
            Action::UpdateAuthority(authority()),
            Action::CrossSign(authority()),
            Action::SeeProposals,
            Action::Reject(&Proposer::User(UserId(7))),
            Action::ManageExternalKeys,
            Action::ReadRole(TEAM),
            Action::ManageRoles,
            Action::ManageUsers,
            Action::ManageOwnAccount(UserId(7)),
            Action::CreateApiKey(UserId(7)),
            Action::ReadApiKey(UserId(7)),
            Action::ChangeApiKey(UserId(7)),
            Action::ReadAllApiKeys,
            Action::ManageDelivery,
        ]
    }

    fn allowed(requester: &Requester) -> Vec<String> {
        let name = |action: &Action<'_>| format!("{action:?}").split(['(', ' ']).next().unwrap_or_default().to_owned();
        every().iter().filter(|action| may(requester, action)).map(name).collect()
    }

    /// Lemur's strict check of roles let everyone through: whoever has no role may here do nothing that changes what is another's.
    #[test]
    fn who_has_no_role_touches_nothing_of_others() {
        assert_eq!(allowed(&requester(1, &[])), ["Look", "UploadCertificate", "ExportCertificate", "SeeProposals"]);
    }

    #[test]
    fn each_role_may_what_the_table_says() {
        let of_certificate =
            ["UpdateCertificate", "ReplaceCertificate", "RevokeCertificate", "ViewKey", "ExportCertificate", "DeleteCertificate"];
        let mut member = vec!["Look", "UploadCertificate"];
        member.extend(of_certificate);
        member.extend(["SeeProposals", "ReadRole"]);
        assert_eq!(allowed(&requester(1, &[(TEAM.0, "team")])), member);
        assert_eq!(
            allowed(&requester(1, &[(CA_OPERATOR.0, "CA_operator")])),
            ["Look", "IssueCertificate", "CertifyNames", "UploadCertificate", "ExportCertificate", "SeeProposals"]
        );
        assert_eq!(
            allowed(&requester(1, &[(CA_ADMIN.0, "CA_admin")])),
            [
                "Look",
                "IssueCertificate",
                "CertifyNames",
                "UploadCertificate",
                "ExportCertificate",
                "CreateSubAuthority",
                "UpdateAuthority",
                "CrossSign",
                "SeeProposals"
            ]
        );
        assert_eq!(
            allowed(&requester(1, &[(2, "operator")])),
            ["Look", "ReadLog", "UploadCertificate", "ExportCertificate", "SeeProposals", "ReadRole", "ManageDelivery"]
        );
        let creator = allowed(&requester(7, &[]));
        for action in of_certificate.iter().chain(&["Reject", "ManageOwnAccount", "CreateApiKey", "ReadApiKey", "ChangeApiKey"]) {
            assert!(creator.iter().any(|allowed| allowed == action), "{action}");
        }
        assert_eq!(allowed(&requester(1, &[(1, "admin")])).len(), every().len());
    }

    #[test]
    fn read_only_beats_every_other_role() {
        let both = requester(7, &[(1, "admin"), (3, "read-only"), (TEAM.0, "team"), (CA_ADMIN.0, "CA_admin")]);
        assert_eq!(allowed(&both), ["Look", "ReadLog", "ExportCertificate", "SeeProposals", "ReadRole", "ReadApiKey"]);
    }

    /// A role that merely has the right name gives nothing: it must be one of the authority's.
    #[test]
    fn a_name_alone_makes_no_administrator() {
        let imposter = requester(1, &[(99, "CA_admin")]);
        assert!(!may(&imposter, &Action::UpdateAuthority(authority())));
        assert!(!may(&imposter, &Action::CreateSubAuthority(authority())));
        assert!(!may(&imposter, &Action::IssueCertificate(authority())));
    }

    #[test]
    fn an_owner_is_known_by_address_or_by_role() {
        let by_role = requester(1, &[(50, "Team@Example.com")]);
        assert!(may(&by_role, &Action::ViewKey(certificate())));
        let owner = CertificateFacts { owner: "USER1@example.com", creator: None, roles: &[] };
        assert!(may(&requester(1, &[]), &Action::ViewKey(owner.clone())));
        assert!(!may(&requester(2, &[]), &Action::ViewKey(owner)));
        let nobody = CertificateFacts { owner: "", creator: None, roles: &[] };
        assert!(!may(&requester(1, &[]), &Action::ViewKey(nobody)));
    }

    /// Whoever may issue could have every name that the authority allows: a role may be limited.
    #[test]
    fn a_role_has_the_names_that_it_is_limited_to() {
        let limits = [RoleNames { role: CA_OPERATOR, names: vec!["*.team.example".parse().expect("a pattern")] }];
        let may_have = |requester: &Requester, names: &[&str], common_name: Option<&str>| {
            let names: Vec<_> = names.iter().map(|name| San::guess(name).expect("a name")).collect();
            may(requester, &Action::CertifyNames(authority(), NamesFacts { names: &names, common_name, limits: &limits }))
        };
        let team = requester(1, &[(CA_OPERATOR.0, "CA_operator")]);
        assert!(may_have(&team, &["www.team.example", "*.team.example"], Some("www.team.example")));
        assert!(may_have(&team, &["www.team.example"], None) && may_have(&team, &[], Some("a.team.example")));
        for (names, common_name) in [
            (&["www.other.example"][..], None),
            (&["www.team.example", "www.other.example"], None),
            (&["www.team.example"], Some("www.other.example")),
            (&["10.1.2.3"], None),
            (&[], Some("The Team")),
        ] {
            assert!(!may_have(&team, names, common_name), "{names:?} {common_name:?}");
        }
        // Another role without limits, the owner, and administrators have any; who has no role of the authority has none.
        for free in [
            requester(1, &[(CA_OPERATOR.0, "CA_operator"), (CA_ADMIN.0, "CA_admin")]),
            requester(1, &[(9, "PKI@example.com")]),
            requester(1, &[(1, "admin")]),
        ] {
            assert!(may_have(&free, &["www.other.example"], None));
        }
        assert!(!may_have(&requester(1, &[]), &["www.team.example"], None));
        assert!(!may_have(&requester(1, &[(TEAM.0, "team")]), &[], None));
    }

    #[test]
    fn a_second_person_is_another_and_comes_in_by_themselves() {
        let may_approve = |requester: &Requester, proposer: Proposer| may(requester, &Action::Approve(&proposer));
        let (ann, bob) = (requester(1, &[(1, "admin")]), requester(2, &[(1, "admin")]));
        let by_ann = Proposer::User(UserId(1));
        assert!(may_approve(&bob, by_ann) && may_approve(&bob, Proposer::Local(0)));
        assert!(!may_approve(&ann, by_ann));
        let by_key = Requester { api_key: Some(super::super::ApiKeyId(7)), ..requester(2, &[(1, "admin")]) };
        let workload = Requester { personal: false, ..requester(2, &[(1, "admin")]) };
        for other in [by_key, workload, Requester::local(0), Requester::local(1_000), requester(2, &[(1, "admin"), (3, "read-only")])] {
            assert!(!may_approve(&other, by_ann) && !may_approve(&other, Proposer::Local(0)), "{other:?}");
        }
        assert!(may(&ann, &Action::UpdateAuthority(authority())), "which is no matter of what else they may");
    }

    #[test]
    fn a_narrowed_api_key_is_not_its_user() {
        let narrowed = Requester { personal: false, ..requester(7, &[(CA_OPERATOR.0, "CA_operator")]) };
        assert!(may(&narrowed, &Action::IssueCertificate(authority())));
        for action in [Action::ViewKey(certificate()), Action::CreateApiKey(UserId(7)), Action::ManageOwnAccount(UserId(7))] {
            assert!(!may(&narrowed, &action), "{action:?}");
        }
        let read_only = Requester { read_only: true, ..narrowed };
        assert!(!may(&read_only, &Action::IssueCertificate(authority())));
    }
}
