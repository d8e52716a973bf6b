//! What a requester may do. [`decide`] is the only place where that is said: every resource names its [`Action`], with the facts that it depends
//! on, and goes on if the answer is yes.
//!
//! | who | may |
//! | --- | --- |
//! | everyone who is signed in | see what is not secret: certificates, authorities; users and roles by name and no more |
//! | member | store a certificate that was made elsewhere, as one's own or one's roles'; make API keys for themselves |
//! | of an authority's roles, or its owner | issue from it |
//! | of the role `<authority>_admin` of these, or its owner | change it, make an authority under it, and say whether that one's certificate holds |
//! | of a certificate's roles, its owner, who asked for it | change it, replace it, revoke it, take its private key |
//! | `operator` | change what certificates are delivered to; read the log |
//! | `admin` | all of it, and what concerns users, roles and new roots |
//! | `read-only` | change nothing and take no key, whatever else they are |

use super::requester::{Requester, Standing};
use crate::store::RoleId;
use crate::store::UserId;

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
    /// Store a certificate that was made elsewhere.
    UploadCertificate,
    /// Store one for this owner and these roles.
    UploadCertificateFor(CertificateFacts<'a>),
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
    /// Decide of an authority what only the one above it does: whether its certificate holds and what is kept with that, and by what further
    /// profiles it issues. The facts are those of the authority above, `None` where that is elsewhere or it is a root.
    VouchForAuthority(Option<AuthorityFacts<'a>>),
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
    /// Set another user's password, or take another's second factor away.
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
        Action::ReadUser(user) => (standing != Standing::Member || requester.user() == *user, "This user is another."),
        Action::ReadLog => (standing != Standing::Member, "Only administrators, operators and readers see the log."),
        Action::ReadApiKey(user) => (is_or_administers(requester, *user), "This API key is another user's."),
        Action::ReadAllApiKeys => (standing == Standing::Administrator, "Only administrators see the API keys of all."),
        _ if standing == Standing::ReadOnly => (false, "The role read-only changes nothing and takes no keys."),
        // From here on, whoever asks may change things. What a user comes in by is changed by the user, who signed in, and by no API key: whoever
        // finds one would keep the account by it.
        Action::ManageOwnAccount(user) | Action::CreateApiKey(user) if requester.api_key().is_some() && requester.user() == *user => {
            (false, "An API key does not change what its user comes in by: sign in by name and password.")
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
        Action::IssueCertificate(authority) => {
            (may_issue(requester, authority), "You are not authorized to use this authority: none of your roles is one of its roles.")
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
        Action::VouchForAuthority(above) => (
            above.as_ref().is_some_and(|above| administers(requester, above)),
            "You are not authorized to decide this of an authority: who administers the one above it is.",
        ),
        Action::ManageRoles => (false, "Only administrators make and change roles."),
        Action::ManageUsers => (false, "Only administrators make and change users."),
        Action::CreateApiKey(user) => (requester.is_user(*user), "You are not authorized to do this for another user."),
        Action::ChangeApiKey(user) => (is_or_administers(requester, *user), "This API key is another user's."),
        Action::ManageDelivery => (standing == Standing::Operator, "Only administrators and operators change this."),
    };
    if allowed { Ok(()) } else { Err(Refused(otherwise)) }
}

fn may_issue(requester: &Requester, authority: &AuthorityFacts<'_>) -> bool {
    requester.is(authority.owner) || requester.holds_any(authority.roles)
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
            Action::UploadCertificate,
            Action::UploadCertificateFor(certificate()),
            Action::UpdateCertificate(certificate()),
            Action::ReplaceCertificate(certificate()),
            Action::RevokeCertificate(certificate()),
            Action::ViewKey(certificate()),
            Action::ExportCertificate,
            Action::DeleteCertificate(certificate()),
            Action::CreateRootAuthority,
            Action::CreateSubAuthority(authority()),
            Action::UpdateAuthority(authority()),
            Action::VouchForAuthority(Some(authority())),
            Action::VouchForAuthority(None),
            Action::ReadRole(TEAM),
            Action::ReadUser(UserId(7)),
            Action::ManageRoles,
            Action::ManageUsers,
            Action::ManageOwnAccount(UserId(7)),
            Action::ResetCredentials(UserId(7)),
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
        assert_eq!(allowed(&requester(1, &[])), ["Look", "UploadCertificate", "ExportCertificate"]);
    }

    #[test]
    fn each_role_may_what_the_table_says() {
        let of_certificate =
            ["UpdateCertificate", "ReplaceCertificate", "RevokeCertificate", "ViewKey", "ExportCertificate", "DeleteCertificate"];
        let mut member = vec!["Look", "UploadCertificate"];
        member.extend(of_certificate);
        member.push("ReadRole");
        assert_eq!(allowed(&requester(1, &[(TEAM.0, "team")])), member);
        assert_eq!(
            allowed(&requester(1, &[(CA_OPERATOR.0, "CA_operator")])),
            ["Look", "IssueCertificate", "UploadCertificate", "ExportCertificate"]
        );
        assert_eq!(
            allowed(&requester(1, &[(CA_ADMIN.0, "CA_admin")])),
            [
                "Look",
                "IssueCertificate",
                "UploadCertificate",
                "ExportCertificate",
                "CreateSubAuthority",
                "UpdateAuthority",
                "VouchForAuthority"
            ]
        );
        assert_eq!(
            allowed(&requester(1, &[(2, "operator")])),
            ["Look", "ReadLog", "UploadCertificate", "ExportCertificate", "ReadRole", "ReadUser", "ManageDelivery"]
        );
        let creator = allowed(&requester(7, &[]));
        for action in of_certificate.iter().chain(&["ManageOwnAccount", "CreateApiKey", "ReadApiKey", "ChangeApiKey"]) {
            assert!(creator.iter().any(|allowed| allowed == action), "{action}");
        }
        // All, but what is a user's own.
        assert_eq!(allowed(&requester(1, &[(1, "admin")])).len(), every().len() - 1);
    }

    #[test]
    fn what_is_brought_is_ones_own_or_ones_roles() {
        let brought = |owner, roles| Action::UploadCertificateFor(CertificateFacts { owner, creator: None, roles });
        let ann = requester(1, &[(TEAM.0, "team@example.com")]);
        for (owner, roles, fine) in [
            ("user1@example.com", &[][..], true),
            ("user1@example.com", &[TEAM][..], true),
            ("team@example.com", &[TEAM][..], true),
            ("user2@example.com", &[][..], false),
            ("user2@example.com", &[TEAM][..], false),
            ("user1@example.com", &[TEAM, CA_ADMIN][..], false),
        ] {
            assert_eq!(may(&ann, &brought(owner, roles)), fine, "{owner} {roles:?}");
        }
    }

    #[test]
    fn read_only_beats_every_other_role() {
        let both = requester(7, &[(1, "admin"), (3, "read-only"), (TEAM.0, "team"), (CA_ADMIN.0, "CA_admin")]);
        assert_eq!(allowed(&both), ["Look", "ReadLog", "ExportCertificate", "ReadRole", "ReadUser", "ReadApiKey"]);
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

    /// Whoever finds an API key does not keep the account by it.
    #[test]
    fn an_api_key_does_not_change_what_its_user_comes_in_by() {
        for roles in [&[][..], &[(1, "admin")]] {
            let key = Requester { api_key: Some(crate::access::ApiKeyId(3)), ..requester(7, roles) };
            for action in [Action::ManageOwnAccount(UserId(7)), Action::ResetCredentials(UserId(7)), Action::CreateApiKey(UserId(7))] {
                assert!(!may(&key, &action), "{action:?} by {roles:?}");
            }
        }
        let signed_in = requester(7, &[(1, "admin")]);
        assert!(may(&signed_in, &Action::ManageOwnAccount(UserId(7))) && may(&signed_in, &Action::CreateApiKey(UserId(7))));
        assert!(!may(&signed_in, &Action::ResetCredentials(UserId(7))), "for oneself it takes the old password");
        assert!(!may(&signed_in, &Action::ManageOwnAccount(UserId(8))) && may(&signed_in, &Action::ResetCredentials(UserId(8))));
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
