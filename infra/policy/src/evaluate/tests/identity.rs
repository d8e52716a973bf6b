//! Identity-based policies alone: default denial, explicit denial, what a statement is about, and who decided.

use super::*;

fn by(policies: &[&Policy], request: &Request) -> Decision {
    let attached: Vec<_> = policies.iter().map(|policy| Attached { name: "own", policy }).collect();
    evaluate_identity(&attached, request)
}

fn is(statement: &str, action: &str, resource: &str) -> Outcome {
    by(&[&policy(statement)], &request(user(), action, resource)).outcome
}

#[test]
fn what_nothing_allows_is_denied() {
    let decision = by(&[&allow(r#""s3:Get*""#)], &request(user(), "s3:PutObject", OBJECT));
    assert_eq!((decision.outcome, decision.by.len()), (Outcome::ImplicitDeny, 0));
    assert_eq!(decision.why, "No identity-based policy allows s3:PutObject.");
    assert_eq!(by(&[], &read(user())).outcome, Outcome::ImplicitDeny);
}

#[test]
fn an_allowing_statement_is_named() {
    let decision = by(&[&allow(r#""sqs:*""#), &allow(r#"["ec2:*", "S3:get*"]"#)], &read(user()));
    assert_eq!(decision.outcome, Outcome::Allowed);
    let sid = Some("Grant".to_owned());
    assert_eq!(decision.by, [DecidingStatement { policy: "own".to_owned(), kind: Kind::Identity, index: 0, sid }]);
    assert_eq!(
        decision.why,
        "The statement 0 (\"Grant\") of the identity-based policy \"own\" allows s3:GetObject, and nothing denies it."
    );
}

#[test]
fn an_explicit_denial_overrides() {
    let decision = by(&[&allow(r#""*""#), &deny(r#""s3:*""#)], &read(user()));
    assert_eq!((decision.outcome, decision.by.len()), (Outcome::ExplicitDeny, 1));
    assert_eq!(decision.why, "The statement 0 of the identity-based policy \"own\" denies s3:GetObject.");
}

/// The guide's example of `NotAction` with `Allow`: all of S3 but deleting buckets, on S3's resources only.
#[test]
fn not_action_is_all_else_on_the_resources_named() {
    let all_but = r#"{"Effect":"Allow","NotAction":"s3:DeleteBucket","Resource":"arn:aws:s3:::*"}"#;
    assert_eq!(is(all_but, "s3:DeleteBucket", BUCKET), Outcome::ImplicitDeny);
    assert_eq!(is(all_but, "s3:ListBucket", BUCKET), Outcome::Allowed);
    assert_eq!(is(all_but, "sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:q"), Outcome::ImplicitDeny);
    // And with `Deny`: all but IAM is denied without MFA; this grants nothing.
    let deny =
        r#"{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#;
    assert_eq!(is(deny, "iam:GetUser", "*"), Outcome::ImplicitDeny);
    assert_eq!(is(deny, "s3:ListBucket", BUCKET), Outcome::ExplicitDeny);
}

/// The guide's example of `NotResource`: a denial of everything outside a bucket.
#[test]
fn not_resource_is_all_else() {
    let outside = r#"{"Effect":"Deny","Action":"s3:*","NotResource":["arn:aws:s3:::shelf","arn:aws:s3:::shelf/*"]}"#;
    let all = allow(r#""s3:*""#);
    assert_eq!(by(&[&all, &policy(outside)], &read(user())).outcome, Outcome::Allowed);
    let elsewhere = request(user(), "s3:GetObject", "arn:aws:s3:::cellar/book");
    assert_eq!(by(&[&all, &policy(outside)], &elsewhere).outcome, Outcome::ExplicitDeny);
}

/// The guide's example of a variable: a folder of one's own.
#[test]
fn variables_take_the_requests_values() {
    let home = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shelf/home/${aws:username}/*"}"#;
    assert_eq!(is(home, "s3:GetObject", "arn:aws:s3:::shelf/home/ann/a"), Outcome::Allowed);
    assert_eq!(is(home, "s3:GetObject", "arn:aws:s3:::shelf/home/bob/a"), Outcome::ImplicitDeny);
    let home = policy(home);
    let of_role = request(role(), "s3:GetObject", "arn:aws:s3:::shelf/home/ann/a");
    assert_eq!(by(&[&home], &of_role).outcome, Outcome::ImplicitDeny, "a role's session has no user name");
    let unknown = Request { context: Context::partial(), ..of_role };
    assert_eq!(by(&[&home], &unknown).outcome, Outcome::Unknown);
    let old =
        Policy::parse(r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}"}}"#).expect("a policy");
    assert_eq!(by(&[&old], &request(user(), "s3:ListBucket", "arn:aws:s3:::ann")).outcome, Outcome::ImplicitDeny, "2008 has no variables");
    assert_eq!(by(&[&old], &request(user(), "s3:ListBucket", "arn:aws:s3:::${aws:username}")).outcome, Outcome::Allowed);
}

#[test]
fn what_is_not_known_is_neither_allowed_nor_denied() {
    let unknown = Request { context: Context::partial(), ..read(user()) };
    let conditional = |effect: &str| {
        policy(&format!(
            r#"{{"Effect":"{effect}","Action":"s3:*","Resource":"*","Condition":{{"StringEquals":{{"aws:RequestedRegion":"eu-west-1"}}}}}}"#
        ))
    };
    let decision = by(&[&conditional("Allow")], &unknown);
    assert_eq!((decision.outcome, decision.by.len()), (Outcome::Unknown, 1));
    assert_eq!(decision.why, "It is not known whether the statement 0 of the identity-based policy \"own\" applies.");
    assert_eq!(by(&[&allow(r#""s3:*""#), &conditional("Deny")], &unknown).outcome, Outcome::Unknown);
    assert_eq!(by(&[&allow(r#""s3:*""#), &conditional("Allow")], &unknown).outcome, Outcome::Allowed);
    assert_eq!(by(&[&conditional("Deny")], &unknown).outcome, Outcome::ImplicitDeny, "denied either way");
    assert_eq!(by(&[&conditional("Allow"), &deny(r#""s3:*""#)], &unknown).outcome, Outcome::ExplicitDeny);
    // An operator or an element that nobody knows, however much of the context is known.
    let future = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringResembles":{"aws:username":"ann"}}}"#;
    assert_eq!(is(future, "s3:GetObject", OBJECT), Outcome::Unknown);
    let element = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Unless":"full moon"}"#;
    assert_eq!(by(&[&allow(r#""s3:*""#), &policy(element)], &read(user())).outcome, Outcome::Unknown);
    let misplaced = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#;
    assert_eq!(is(misplaced, "s3:GetObject", OBJECT), Outcome::Unknown, "a principal has no place in an identity's policy");
    assert_eq!(is(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#, "s3", OBJECT), Outcome::Unknown, "no action of the form");
}
