//! Policies of resources: in one account and across two, and how a grant's naming of the principal decides what limits it.

use super::*;

struct Case {
    identity: Option<Policy>,
    boundary: Option<Policy>,
    session: Option<Policy>,
    resource: Policy,
}

impl Case {
    fn new(principal: &str) -> Self {
        Self { identity: None, boundary: None, session: None, resource: grants(principal) }
    }

    fn limited(self) -> Self {
        Self { boundary: Some(allow(r#""ec2:*""#)), session: Some(allow(r#""ec2:*""#)), ..self }
    }

    fn owning(self) -> Self {
        Self { identity: Some(allow(r#""s3:*""#)), ..self }
    }

    fn outcome(&self, request: &Request) -> Outcome {
        let list = |policy: &'_ Option<Policy>| policy.clone();
        let (identity, boundary, session) = (list(&self.identity), list(&self.boundary), list(&self.session));
        let policies = Policies {
            identity: identity.iter().map(|policy| attached("own", policy)).collect(),
            boundary: boundary.as_ref().map(|policy| attached("edge", policy)),
            session: session.iter().map(|policy| attached("session", policy)).collect(),
            resource: ResourcePolicies::Attached(vec![attached("bucket", &self.resource)]),
            ..Policies::default()
        };
        outcome(&policies, request)
    }
}

const USER: &str = r#"{"AWS":"arn:aws:iam::111122223333:user/ann"}"#;
const ROLE: &str = r#"{"AWS":"arn:aws:iam::111122223333:role/team/Reader"}"#;
const SESSION: &str = r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/Reader/now"}"#;
const FEDERATED: &str = r#"{"AWS":"arn:aws:sts::111122223333:federated-user/ann"}"#;

fn federated() -> Principal {
    let (user, session) = (format!("arn:aws:iam::{ACCOUNT}:user/ann"), format!("arn:aws:sts::{ACCOUNT}:federated-user/ann"));
    Principal::FederatedUser { user, session }
}

/// The guide's table "Resource-based policies and implicit denies in other policy types (same account)".
#[test]
fn in_one_account_it_matters_how_a_grant_names_the_principal() {
    let rows = [
        (role(), ROLE, Outcome::ImplicitDeny),
        (role(), SESSION, Outcome::Allowed),
        (user(), USER, Outcome::Allowed),
        (federated(), FEDERATED, Outcome::Allowed),
        (federated(), USER, Outcome::ImplicitDeny),
    ];
    for (principal, named, limited) in rows {
        assert_eq!(Case::new(named).outcome(&read(principal.clone())), Outcome::Allowed, "{named}: without the identity's word");
        assert_eq!(Case::new(named).limited().outcome(&read(principal.clone())), limited, "{named}: by boundary and session");
    }
    assert_eq!(Case::new(ROLE).outcome(&read(user())), Outcome::ImplicitDeny);
}

#[test]
fn an_account_is_named_to_let_its_own_policies_grant() {
    for named in [r#"{"AWS":"111122223333"}"#, r#"{"AWS":"arn:aws:iam::111122223333:root"}"#] {
        assert_eq!(Case::new(named).outcome(&read(user())), Outcome::ImplicitDeny, "{named}");
        assert_eq!(Case::new(named).owning().outcome(&read(user())), Outcome::Allowed, "{named}");
        assert_eq!(Case::new(named).outcome(&read(Principal::Root { account: ACCOUNT.to_owned() })), Outcome::Allowed, "{named}");
    }
}

#[test]
fn everyone_is_everyone() {
    for named in [r#""*""#, r#"{"AWS":"*"}"#] {
        for principal in [user(), role(), Principal::Anonymous, Principal::Service("logs.amazonaws.com".to_owned())] {
            assert_eq!(Case::new(named).outcome(&read(principal)), Outcome::Allowed, "{named}");
        }
        assert_eq!(Case::new(named).limited().outcome(&read(role())), Outcome::Unknown, "the guide does not say");
    }
    assert_eq!(Case::new(USER).outcome(&read(Principal::Anonymous)), Outcome::ImplicitDeny);
}

#[test]
fn across_accounts_both_must_allow() {
    let far = |principal| Request { resource_account: Some(OTHER.to_owned()), ..read(principal) };
    for named in [USER, r#"{"AWS":"111122223333"}"#, r#""*""#] {
        assert_eq!(Case::new(named).outcome(&far(user())), Outcome::ImplicitDeny, "{named}: the identity's word is missing");
        assert_eq!(Case::new(named).owning().outcome(&far(user())), Outcome::Allowed, "{named}");
        assert_eq!(Case::new(named).owning().limited().outcome(&far(user())), Outcome::ImplicitDeny, "{named}");
    }
    let stranger = Case::new(r#"{"AWS":"444455556666"}"#).owning();
    assert_eq!(stranger.outcome(&far(user())), Outcome::ImplicitDeny);
    let own = allow(r#""s3:*""#);
    let decision = evaluate(&Policies { identity: vec![attached("own", &own)], ..Policies::default() }, &far(user()));
    assert_eq!(decision.why, "No policy of the resource, as one must, allows s3:GetObject.");
}

#[test]
fn of_whom_a_resource_is_can_be_unknown() {
    let own = allow(r#""s3:*""#);
    let policies = Policies { identity: vec![attached("own", &own)], ..Policies::default() };
    let whose = Request { resource_account: None, ..read(user()) };
    assert_eq!(outcome(&policies, &whose), Outcome::Unknown, "a bucket's ARN names no account");
    assert_eq!(outcome(&Policies { identity: vec![], ..policies.clone() }, &whose), Outcome::ImplicitDeny, "denied in either case");
    let unknown = Policies { resource: ResourcePolicies::Unknown, ..policies };
    assert_eq!(outcome(&unknown, &read(user())), Outcome::Unknown);
}

#[test]
fn a_role_and_a_key_must_allow_by_themselves() {
    let own = allow(r#"["sts:*", "kms:*"]"#);
    let role_arn = "arn:aws:iam::111122223333:role/Writer";
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd";
    let decide = |statement: &str, asked: &Request, identity: bool| {
        let trust = policy(statement);
        let resource =
            if statement.is_empty() { ResourcePolicies::None } else { ResourcePolicies::Attached(vec![attached("trust", &trust)]) };
        let identity = if identity { vec![attached("own", &own)] } else { vec![] };
        outcome(&Policies { identity, resource, ..Policies::default() }, asked)
    };
    let trusts = |principal: &str| format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":["sts:AssumeRole","kms:*"]}}"#);
    for asked in [request(user(), "sts:AssumeRole", role_arn), request(user(), "kms:Decrypt", key)] {
        assert_eq!(decide("", &asked, true), Outcome::ImplicitDeny);
        assert_eq!(decide(&trusts(r#"{"AWS":"111122223333"}"#), &asked, true), Outcome::Allowed);
        assert_eq!(decide(&trusts(r#"{"AWS":"111122223333"}"#), &asked, false), Outcome::ImplicitDeny);
        assert_eq!(decide(&trusts(USER), &asked, false), Outcome::Allowed);
        assert_eq!(decide(&trusts(r#"{"Service":"ec2.amazonaws.com"}"#), &asked, true), Outcome::ImplicitDeny);
    }
    let trust = trusts(r#"{"Federated":"accounts.google.com","Service":"ec2.amazonaws.com"}"#);
    let service = request(Principal::Service("ec2.amazonaws.com".to_owned()), "sts:AssumeRole", role_arn);
    assert_eq!(decide(&trust, &service, false), Outcome::Allowed);
    let google = request(Principal::Federated("accounts.google.com".to_owned()), "sts:AssumeRole", role_arn);
    assert_eq!(decide(&trust, &google, false), Outcome::Allowed);
}

/// `NotPrincipal` with `Deny` spares a session only where session, role and account are all named.
#[test]
fn not_principal_spares_who_is_named_in_full() {
    let denies =
        |principals: &str| policy(&format!(r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":{principals}}},"Action":"s3:*","Resource":"*"}}"#));
    let all = r#"["arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:role/team/Reader","arn:aws:sts::111122223333:assumed-role/Reader/now"]"#;
    let decide = |resource: Policy, boundary: Option<Policy>| {
        let case = Case { boundary, resource, ..Case::new(ROLE).owning() };
        case.outcome(&read(role()))
    };
    assert_eq!(decide(denies(all), None), Outcome::Allowed);
    assert_eq!(decide(denies(r#""arn:aws:iam::111122223333:role/team/Reader""#), None), Outcome::Unknown);
    assert_eq!(decide(denies(r#""arn:aws:iam::111122223333:role/Other""#), None), Outcome::ExplicitDeny);
    assert_eq!(decide(denies(all), Some(allow(r#""*""#))), Outcome::ExplicitDeny, "with a boundary it always denies");
}

#[test]
fn a_deleted_principals_id_names_whoever_has_it() {
    let case = Case::new(r#"{"AWS":"AROAEXAMPLEID"}"#);
    let with = |id: &str| Request { context: Context::complete().with("aws:userid", [id]), ..read(role()) };
    assert_eq!(case.outcome(&with("AROAEXAMPLEID:now")), Outcome::Allowed);
    assert_eq!(case.outcome(&with("AROAANOTHERID:now")), Outcome::ImplicitDeny);
    assert_eq!(case.outcome(&Request { context: Context::partial(), ..read(role()) }), Outcome::Unknown);
    let canonical = Case::new(r#"{"CanonicalUser":"79a59df900b949e5"}"#);
    assert_eq!(canonical.outcome(&read(user())), Outcome::Unknown);
    assert_eq!(canonical.outcome(&read(Principal::Anonymous)), Outcome::ImplicitDeny);
    let session = Principal::RoleSession { role: format!("arn:aws:iam::{ACCOUNT}:role/team/Reader"), session: None };
    assert_eq!(Case::new(SESSION).outcome(&read(session)), Outcome::Unknown, "which session it is, is not known");
}
