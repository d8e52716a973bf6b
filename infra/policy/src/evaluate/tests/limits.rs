//! What limits: boundaries, session policies, service and resource control policies.

use super::*;

/// The guide's example of a boundary: S3, `CloudWatch` and EC2 at most; the user's policy allows creating users.
#[test]
fn a_boundary_limits_and_grants_nothing() {
    let boundary = allow(r#"["s3:*", "cloudwatch:*", "ec2:*"]"#);
    let (users, reading) = (allow(r#""iam:CreateUser""#), allow(r#""s3:GetObject""#));
    let with = |identity| Policies {
        identity: vec![attached("own", identity)],
        boundary: Some(attached("edge", &boundary)),
        ..Policies::default()
    };
    let create = request(user(), "iam:CreateUser", "arn:aws:iam::111122223333:user/bob");
    let decision = evaluate(&with(&users), &create);
    assert_eq!(
        (decision.outcome, decision.why.as_str()),
        (Outcome::ImplicitDeny, "The permissions boundary does not allow iam:CreateUser.")
    );
    assert_eq!(outcome(&with(&users), &read(user())), Outcome::ImplicitDeny);
    let decision = evaluate(&with(&reading), &read(user()));
    assert_eq!(decision.outcome, Outcome::Allowed);
    assert_eq!(decision.by.iter().map(|by| by.kind).collect::<Vec<_>>(), [Kind::Identity, Kind::Boundary]);
    let denies = deny(r#""s3:*""#);
    let policies = Policies { boundary: Some(attached("edge", &denies)), ..with(&reading) };
    assert_eq!(outcome(&policies, &read(user())), Outcome::ExplicitDeny);
}

#[test]
fn a_session_policy_limits_the_session() {
    let (own, session) = (allow(r#""s3:*""#), allow(r#""s3:List*""#));
    let policies = Policies { identity: vec![attached("own", &own)], session: vec![attached("session", &session)], ..Policies::default() };
    let decision = evaluate(&policies, &read(role()));
    assert_eq!((decision.outcome, decision.why.as_str()), (Outcome::ImplicitDeny, "No session policy allows s3:GetObject."));
    assert_eq!(outcome(&policies, &request(role(), "s3:ListBucket", BUCKET)), Outcome::Allowed);
    assert_eq!(outcome(&policies, &request(role(), "ec2:RunInstances", "*")), Outcome::ImplicitDeny);
}

#[test]
fn each_level_of_service_control_policies_must_allow() {
    let (full, narrow, own) = (allow(r#""*""#), allow(r#""ec2:*""#), allow(r#""*""#));
    let with = |levels: Vec<Vec<&Policy>>| -> Outcome {
        let scps = levels.into_iter().map(|level| level.into_iter().map(|policy| attached("scp", policy)).collect()).collect();
        outcome(&Policies { identity: vec![attached("own", &own)], scps, ..Policies::default() }, &read(role()))
    };
    assert_eq!(with(vec![]), Outcome::Allowed);
    assert_eq!(with(vec![vec![&full], vec![&full]]), Outcome::Allowed);
    assert_eq!(with(vec![vec![&full], vec![&narrow]]), Outcome::ImplicitDeny);
    assert_eq!(with(vec![vec![&full], vec![&narrow, &full]]), Outcome::Allowed, "one of a level's policies is enough");
    assert_eq!(with(vec![vec![&full], vec![]]), Outcome::ImplicitDeny, "a level without any allows nothing");
    assert_eq!(with(vec![vec![&full, &deny(r#""s3:*""#)]]), Outcome::ExplicitDeny);
}

#[test]
fn service_control_policies_bind_the_root_user_and_no_linked_role() {
    let (narrow, own) = (allow(r#""ec2:*""#), allow(r#""*""#));
    let policies = Policies { scps: vec![vec![attached("scp", &narrow)]], identity: vec![attached("own", &own)], ..Policies::default() };
    let root = Principal::Root { account: ACCOUNT.to_owned() };
    assert_eq!(outcome(&policies, &read(root.clone())), Outcome::ImplicitDeny);
    assert_eq!(outcome(&Policies::default(), &read(root.clone())), Outcome::Allowed, "the root user has full access");
    let decision = evaluate(&Policies::default(), &read(root));
    assert_eq!(decision.why, "The root user of an account is allowed s3:GetObject, since nothing denies it.");
    let role = format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
    assert_eq!(outcome(&policies, &read(Principal::RoleSession { role, session: None })), Outcome::Allowed);
}

#[test]
fn resource_control_policies_bind_everyone_who_asks() {
    let own = allow(r#""*""#);
    let full = policy(r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#);
    let perimeter = policy(
        r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{
            "StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-ours"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}"#,
    );
    let policies = Policies {
        identity: vec![attached("own", &own)],
        rcps: vec![vec![attached("full", &full), attached("perimeter", &perimeter)]],
        ..Policies::default()
    };
    let of = |organisation: &str| Request { context: Context::complete().with("aws:PrincipalOrgID", [organisation]), ..read(user()) };
    assert_eq!(outcome(&policies, &of("o-ours")), Outcome::Allowed);
    assert_eq!(outcome(&policies, &of("o-theirs")), Outcome::ExplicitDeny);
    assert_eq!(outcome(&policies, &Request { context: Context::partial(), ..of("o-ours") }), Outcome::Unknown);
    let service = grants(r#"{"Service":"logs.amazonaws.com"}"#);
    let resource = ResourcePolicies::Attached(vec![attached("bucket", &service)]);
    let asked = read(Principal::Service("logs.amazonaws.com".to_owned()));
    assert_eq!(outcome(&Policies { resource, ..policies.clone() }, &asked), Outcome::Allowed, "the perimeter spares services");
    assert_eq!(outcome(&Policies { rcps: vec![vec![]], ..policies }, &of("o-ours")), Outcome::ImplicitDeny);
}
