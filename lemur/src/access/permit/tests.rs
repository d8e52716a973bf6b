//! Who may do what, by every kind of requester: what stands in the table is what is decided.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::access::requester::Held;
use crate::access::workload::{Actions, Grant, Presented};

const TEAM: RoleId = RoleId(10);
const CA_ADMIN: RoleId = RoleId(11);
const CA_OPERATOR: RoleId = RoleId(12);

fn requester(id: i64, roles: &[(i64, &str)]) -> Requester {
    Requester::Person(person(id, roles))
}

fn person(id: i64, roles: &[(i64, &str)]) -> Person {
    Person {
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
    CertificateFacts { id: CertificateId(1), names: &[], owner: "team@example.com", creator: Some(UserId(7)), roles: &[TEAM] }
}

fn order<'a>() -> OrderFacts<'a> {
    OrderFacts {
        authority: authority(),
        profile: "tls-server",
        common_name: None,
        names: &[],
        subject: false,
        owner: "team@example.com",
        roles: &[],
        renews: None,
    }
}

fn may(requester: &Requester, action: &Action<'_>) -> bool {
    decide(requester, action).is_ok()
}

/// Actions with facts, and a match over all that there are: one that is new is placed here, or nothing compiles.
macro_rules! every_action {
    ($($kind:pat => $action:expr),+ $(,)?) => {{
        let _all = |action: &Action<'_>| match action { $($kind => {}),+ };
        vec![$($action),+]
    }};
}

/// Every action there is, for a walk.
fn every<'a>() -> Vec<Action<'a>> {
    every_action! {
        Action::Look => Action::Look,
        Action::LookAtPeople => Action::LookAtPeople,
        Action::ReadLog => Action::ReadLog,
        Action::IssueCertificate(_) => Action::IssueCertificate(authority()),
        Action::IssueThis(_) => Action::IssueThis(order()),
        Action::CertifyNames(_, _) => Action::CertifyNames(authority(), NamesFacts { names: &[], common_name: None, limits: &[] }),
        Action::UploadCertificate => Action::UploadCertificate,
        Action::UploadCertificateFor(_) => Action::UploadCertificateFor(certificate()),
        Action::UploadWithoutLimit => Action::UploadWithoutLimit,
        Action::VouchForPending => Action::VouchForPending,
        Action::UpdateCertificate(_) => Action::UpdateCertificate(certificate()),
        Action::ReplaceCertificate(_) => Action::ReplaceCertificate(certificate()),
        Action::RevokeCertificate(_) => Action::RevokeCertificate(certificate()),
        Action::ViewKey(_) => Action::ViewKey(certificate()),
        Action::ExportCertificate => Action::ExportCertificate,
        Action::DeleteCertificate(_) => Action::DeleteCertificate(certificate()),
        Action::CreateRootAuthority => Action::CreateRootAuthority,
        Action::UseNamedKey => Action::UseNamedKey,
        Action::CreateSubAuthority(_) => Action::CreateSubAuthority(authority()),
        Action::UpdateAuthority(_) => Action::UpdateAuthority(authority()),
        Action::VouchForAuthority(_) => Action::VouchForAuthority(authority()),
        Action::VouchForTopAuthority => Action::VouchForTopAuthority,
        Action::CrossSign(_) => Action::CrossSign(authority()),
        Action::ReleaseCertificate(_) => Action::ReleaseCertificate(authority()),
        Action::ReleaseForeignCertificate => Action::ReleaseForeignCertificate,
        Action::SeeProposals => Action::SeeProposals,
        Action::Propose { .. } => Action::Propose { settled: true },
        Action::Approve { .. } => Action::Approve { proposer: UserId(7), settled: true },
        Action::Reject(_) => Action::Reject(UserId(7)),
        Action::ManageExternalKeys => Action::ManageExternalKeys,
        Action::ReadRole(_) => Action::ReadRole(TEAM),
        Action::ReadUser(_) => Action::ReadUser(UserId(7)),
        Action::ManageRoles => Action::ManageRoles,
        Action::ManageUsers => Action::ManageUsers,
        Action::ManageOwnAccount(_) => Action::ManageOwnAccount(UserId(7)),
        Action::GiveAdministration => Action::GiveAdministration,
        Action::ResetCredentials(_) => Action::ResetCredentials(UserId(7)),
        Action::CreateApiKey(_) => Action::CreateApiKey(UserId(7)),
        Action::ReadApiKey(_) => Action::ReadApiKey(UserId(7)),
        Action::ChangeApiKey(_) => Action::ChangeApiKey(UserId(7)),
        Action::ReadAllApiKeys => Action::ReadAllApiKeys,
        Action::ManageDelivery => Action::ManageDelivery,
    }
}

fn allowed(requester: &Requester) -> Vec<String> {
    let name = |action: &Action<'_>| format!("{action:?}").split(['(', ' ']).next().unwrap_or_default().to_owned();
    every().iter().filter(|action| may(requester, action)).map(name).collect()
}

/// Lemur's strict check of roles let everyone through: whoever has no role may here do nothing that changes what is another's.
#[test]
fn who_has_no_role_touches_nothing_of_others() {
    assert_eq!(
        allowed(&requester(1, &[])),
        ["Look", "LookAtPeople", "UploadCertificate", "ExportCertificate", "SeeProposals", "Propose", "Approve"]
    );
}

#[test]
fn each_role_may_what_the_table_says() {
    let of_certificate =
        ["UpdateCertificate", "ReplaceCertificate", "RevokeCertificate", "ViewKey", "ExportCertificate", "DeleteCertificate"];
    let mut member = vec!["Look", "LookAtPeople", "UploadCertificate"];
    member.extend(of_certificate);
    member.extend(["SeeProposals", "Propose", "Approve", "ReadRole"]);
    assert_eq!(allowed(&requester(1, &[(TEAM.0, "team")])), member);
    assert_eq!(
        allowed(&requester(1, &[(CA_OPERATOR.0, "CA_operator")])),
        [
            "Look",
            "LookAtPeople",
            "IssueCertificate",
            "IssueThis",
            "CertifyNames",
            "UploadCertificate",
            "ExportCertificate",
            "SeeProposals",
            "Propose",
            "Approve"
        ]
    );
    assert_eq!(
        allowed(&requester(1, &[(CA_ADMIN.0, "CA_admin")])),
        [
            "Look",
            "LookAtPeople",
            "IssueCertificate",
            "IssueThis",
            "CertifyNames",
            "UploadCertificate",
            "ExportCertificate",
            "CreateSubAuthority",
            "UpdateAuthority",
            "VouchForAuthority",
            "CrossSign",
            "ReleaseCertificate",
            "SeeProposals",
            "Propose",
            "Approve"
        ]
    );
    assert_eq!(
        allowed(&requester(1, &[(2, "operator")])),
        [
            "Look",
            "LookAtPeople",
            "ReadLog",
            "UploadCertificate",
            "ExportCertificate",
            "SeeProposals",
            "Propose",
            "Approve",
            "ReadRole",
            "ReadUser",
            "ManageDelivery"
        ]
    );
    let creator = allowed(&requester(7, &[]));
    for action in of_certificate.iter().chain(&["Reject", "ManageOwnAccount", "CreateApiKey", "ReadApiKey", "ChangeApiKey"]) {
        assert!(creator.iter().any(|allowed| allowed == action), "{action}");
    }
    // All, but what is a user's own.
    assert_eq!(allowed(&requester(1, &[(1, "admin")])).len(), every().len() - 1);
}

#[test]
fn what_is_brought_is_ones_own_or_ones_roles() {
    let brought = |owner, roles| Action::UploadCertificateFor(CertificateFacts { owner, creator: None, roles, ..certificate() });
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
    assert_eq!(
        allowed(&both),
        ["Look", "LookAtPeople", "ReadLog", "ExportCertificate", "SeeProposals", "ReadRole", "ReadUser", "ReadApiKey"]
    );
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
    let owner = CertificateFacts { owner: "USER1@example.com", creator: None, roles: &[], ..certificate() };
    assert!(may(&requester(1, &[]), &Action::ViewKey(owner.clone())));
    assert!(!may(&requester(2, &[]), &Action::ViewKey(owner)));
    let nobody = CertificateFacts { owner: "", creator: None, roles: &[], ..certificate() };
    assert!(!may(&requester(1, &[]), &Action::ViewKey(nobody)));
}

/// Whoever finds an API key does not keep the account by it.
#[test]
fn an_api_key_does_not_change_what_its_user_comes_in_by() {
    for roles in [&[][..], &[(1, "admin")]] {
        let key = Requester::Person(Person { api_key: Some(crate::access::ApiKeyId(3)), ..person(7, roles) });
        for action in [Action::ManageOwnAccount(UserId(7)), Action::ResetCredentials(UserId(7)), Action::CreateApiKey(UserId(7))] {
            assert!(!may(&key, &action), "{action:?} by {roles:?}");
        }
    }
    // Nor another's, nor makes somebody who administers.
    let key = Requester::Person(Person { api_key: Some(crate::access::ApiKeyId(3)), ..person(7, &[(1, "admin")]) });
    assert!(!may(&key, &Action::ResetCredentials(UserId(8))) && !may(&key, &Action::GiveAdministration) && may(&key, &Action::ManageUsers));
    let signed_in = requester(7, &[(1, "admin")]);
    assert!(may(&signed_in, &Action::GiveAdministration) && !may(&requester(7, &[]), &Action::GiveAdministration));
    assert!(may(&signed_in, &Action::ManageOwnAccount(UserId(7))) && may(&signed_in, &Action::CreateApiKey(UserId(7))));
    assert!(!may(&signed_in, &Action::ResetCredentials(UserId(7))), "for oneself it takes the old password");
    assert!(!may(&signed_in, &Action::ManageOwnAccount(UserId(8))) && may(&signed_in, &Action::ResetCredentials(UserId(8))));
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
    let approves = |requester: &Requester, proposer, settled| may(requester, &Action::Approve { proposer, settled });
    let may_approve = |requester: &Requester, proposer| approves(requester, proposer, true);
    let (ann, bob) = (requester(1, &[(1, "admin")]), requester(2, &[(1, "admin")]));
    let by_ann = UserId(1);
    assert!(may_approve(&bob, by_ann));
    // Whose account was in another's hands a moment ago may be that other.
    assert!(!approves(&bob, by_ann, false));
    assert!(!may(&ann, &Action::Propose { settled: false }) && may(&ann, &Action::Propose { settled: true }));
    assert!(!may_approve(&ann, by_ann));
    let by_key = Requester::Person(Person { api_key: Some(crate::access::ApiKeyId(7)), ..person(2, &[(1, "admin")]) });
    let narrowed = Requester::Person(Person { personal: false, ..person(2, &[(1, "admin")]) });
    for other in [by_key, narrowed, Requester::local(0), Requester::local(1_000), requester(2, &[(1, "admin"), (3, "read-only")])] {
        assert!(!may_approve(&other, by_ann), "{other:?}");
    }
    assert!(may(&ann, &Action::UpdateAuthority(authority())), "which is no matter of what else they may");
}

#[test]
fn a_narrowed_api_key_is_not_its_user() {
    let of = Person { personal: false, ..person(7, &[(CA_OPERATOR.0, "CA_operator")]) };
    let narrowed = Requester::Person(of.clone());
    assert!(may(&narrowed, &Action::IssueCertificate(authority())));
    for action in [Action::ViewKey(certificate()), Action::CreateApiKey(UserId(7)), Action::ManageOwnAccount(UserId(7))] {
        assert!(!may(&narrowed, &action), "{action:?}");
    }
    let read_only = Requester::Person(Person { read_only: true, ..of });
    assert!(!may(&read_only, &Action::IssueCertificate(authority())));
}

fn workload(actions: Actions, presented: Option<Presented>) -> Requester {
    Requester::Workload(Workload {
        grant: Arc::new(Grant {
            name: "ci".to_owned(),
            owner: "team@example.com".to_owned(),
            authority: "CA".to_owned(),
            profiles: vec!["tls-server".to_owned()],
            names: vec![".apps.example".parse().expect("names")],
            actions,
            token_lifetime: Duration::from_secs(900),
        }),
        subject: "repo:org/app".to_owned(),
        called: "workload ci: repo:org/app".to_owned(),
        role: TEAM,
        presented,
    })
}

const EVERYTHING: Actions = Actions { issue: true, renew: true, revoke: true, export: true };

fn name(text: &str) -> San {
    San::guess(text).expect("a name")
}

fn row(value: &str) -> NameRow {
    NameRow { kind: "dns".to_owned(), value: value.to_owned() }
}

/// A workload is no member, no operator and no administrator, whatever role it has and whatever its grant says.
#[test]
fn a_workload_does_with_its_own_what_its_grant_says() {
    assert_eq!(allowed(&workload(Actions::default(), None)), ["Look", "ExportCertificate"]);
    assert_eq!(
        allowed(&workload(EVERYTHING, None)),
        [
            "Look",
            "IssueCertificate",
            "IssueThis",
            "CertifyNames",
            "ReplaceCertificate",
            "RevokeCertificate",
            "ViewKey",
            "ExportCertificate"
        ]
    );
    let revokes = Actions { revoke: true, ..Actions::default() };
    assert_eq!(allowed(&workload(revokes, None)), ["Look", "RevokeCertificate", "ExportCertificate"]);
    let others = CertificateFacts { roles: &[CA_ADMIN], ..certificate() };
    for action in [Action::RevokeCertificate(others.clone()), Action::ViewKey(others.clone()), Action::ReplaceCertificate(others)] {
        assert!(!may(&workload(EVERYTHING, None), &action), "its owner's are not its own: {action:?}");
    }
}

#[test]
fn a_workload_issues_what_its_grant_says_and_nothing_beside() {
    let ci = workload(EVERYTHING, None);
    let (good, bad) = ([name("a.apps.example"), name("*.apps.example")], [name("a.apps.example"), name("evil.example")]);
    let right = OrderFacts { names: &good, common_name: Some("a.apps.example"), roles: &[TEAM], ..order() };
    assert!(may(&ci, &Action::IssueThis(right.clone())));
    for wrong in [
        OrderFacts { names: &bad, ..right.clone() },
        OrderFacts { common_name: Some("evil.example"), ..right.clone() },
        OrderFacts { common_name: Some("Some Body"), ..right.clone() },
        OrderFacts { profile: "tls-client", ..right.clone() },
        OrderFacts { owner: "other@example.com", ..right.clone() },
        OrderFacts { roles: &[CA_ADMIN], ..right.clone() },
        OrderFacts { subject: true, ..right.clone() },
        OrderFacts { authority: AuthorityFacts { name: "ca", ..authority() }, ..right.clone() },
    ] {
        assert!(!may(&ci, &Action::IssueThis(wrong.clone())), "{wrong:?}");
    }
    let elsewhere = AuthorityFacts { name: "Root", ..authority() };
    assert!(!may(&ci, &Action::IssueCertificate(elsewhere)));
}

#[test]
fn who_may_only_renew_issues_nothing_new() {
    let renews = workload(Actions { renew: true, ..Actions::default() }, None);
    let names = [name("a.apps.example")];
    let new = OrderFacts { names: &names, ..order() };
    assert!(!may(&renews, &Action::IssueThis(new.clone())));
    assert!(may(&renews, &Action::IssueThis(OrderFacts { renews: Some(certificate()), ..new.clone() })));
    let others = CertificateFacts { roles: &[], ..certificate() };
    assert!(!may(&renews, &Action::IssueThis(OrderFacts { renews: Some(others), ..new })));
}

/// One machine of a workload does not take what is another's of the same workload.
#[test]
fn whoever_came_in_by_a_certificate_is_that_certificate() {
    let rows = [row("a.apps.example")];
    let node = workload(EVERYTHING, Some(Presented { id: CertificateId(5), names: rows.to_vec() }));
    let (same, other) = ([row("a.apps.example")], [row("b.apps.example")]);
    let itself = CertificateFacts { id: CertificateId(5), roles: &[], names: &same, ..certificate() };
    let successor = CertificateFacts { id: CertificateId(6), roles: &[TEAM], names: &same, ..certificate() };
    let stranger = CertificateFacts { id: CertificateId(6), roles: &[], names: &same, ..certificate() };
    let neighbour = CertificateFacts { id: CertificateId(7), roles: &[TEAM], names: &other, ..certificate() };
    for (facts, own) in [(itself.clone(), true), (successor, true), (stranger, false), (neighbour, false)] {
        assert_eq!(may(&node, &Action::RevokeCertificate(facts.clone())), own, "{facts:?}");
    }
    let names = [name("a.apps.example")];
    let new = OrderFacts { names: &names, ..order() };
    assert!(!may(&node, &Action::IssueThis(new.clone())), "it renews, and issues nothing new");
    assert!(may(&node, &Action::IssueThis(OrderFacts { renews: Some(itself), ..new })));
}
