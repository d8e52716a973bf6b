//! Groups: by what each member did, in the member's own name, and for the sake of members who are left alone. Users: within their boundary,
//! and beside their groups.

use menagerie_policy::document::Policy;
use menagerie_policy::evaluate::Attached;
use repokid::account::Kind;
use repokid::analysis::{Left, Outcome, Place};
use repokid::proof::{Fences, Member, Refusal, Rewrite, prove};
use repokid::verdict::{Base, How, Judged, Resource, Usage, Use, Verdict};
use serde_json::{Value, json};

use crate::stage::{ACCOUNT, GROUP, MEMBERS, Stage, allow, by, event, group_of, now};

#[test]
fn what_one_member_did_counts_for_the_group_and_for_the_member() {
    let mut account = group_of(&allow(&json!(["ec2:CreateVpc", "ec2:DeleteVpc"])));
    for user in account["UserDetailList"].as_array_mut().expect("a list") {
        let own = allow(&json!(["ec2:CreateVpc"]));
        user["UserPolicyList"] = json!([{"PolicyName": "own", "PolicyDocument": own}]);
    }
    let stage = Stage::new(&account).complete().see(&[by(MEMBERS[1], event("ec2.amazonaws.com", "CreateVpc"))]);
    assert_eq!(stage.verdict_of(GROUP, "ec2:CreateVpc"), Verdict::Used, "though bob has it from elsewhere, too");
    assert_eq!(stage.verdict_of(GROUP, "ec2:DeleteVpc"), Verdict::Unused);
    assert_eq!(stage.verdict_of(MEMBERS[0], "ec2:CreateVpc"), Verdict::Unused);
    assert_eq!(stage.verdict_of(MEMBERS[1], "ec2:CreateVpc"), Verdict::Used, "though bob has it from the group, too");
}

#[test]
fn a_group_is_left_alone_for_a_member_that_is() {
    let mut account = group_of(&allow(&json!(["ec2:CreateVpc", "ec2:DeleteVpc"])));
    account["UserDetailList"][1]["Tags"] = json!([{"Key": "norepo", "Value": "true"}]);
    let stage = Stage::new(&account).complete();
    stage.look(GROUP, |analysis| {
        let Outcome::Left(Left::Member { name, left }) = &analysis.outcome else { panic!("{:?}", analysis.outcome) };
        assert_eq!((name.as_str(), &**left), ("bob", &Left::Tag("norepo".to_owned())));
    });
    stage.look(MEMBERS[0], |analysis| assert_eq!(analysis.outcome, Outcome::Same, "ann is not left alone for bob's sake"));
}

/// A use of an action on a resource.
fn used(stage: &Stage, action: &str, resource: &str) -> Usage {
    let one = Use { resource: Resource::Arn(resource.to_owned()), how: How::Direct, first: now(), last: now(), count: 1 };
    let mut usage = Usage::default();
    usage.actions.insert(stage.universe.named(action).expect("is known"), vec![one]);
    usage
}

fn attached(policy: &Policy) -> Attached<'_> {
    Attached { name: "other", policy }
}

/// Whether a group's policy may become another, given what a member did, what it has beside, and its boundary.
fn replayed(old: &Value, new: &Value, used_on: &str, beside: Option<&Value>, boundary: Option<&Value>) -> Result<usize, Refusal> {
    let stage = Stage::new(&group_of(old)).complete();
    let parse = |value: &Value| Policy::parse(&value.to_string()).expect("a policy");
    let (old, new, beside, boundary) = (parse(old), parse(new), beside.map(parse), boundary.map(parse));
    let usage = used(&stage, "s3:GetObject", used_on);
    let (beside, boundary) = (beside.as_ref().map(attached), boundary.as_ref().map(attached));
    let member = Member { user: MEMBERS[0], usage: &usage, policies: beside.into_iter().collect(), boundary };
    let fences = Fences { principal: GROUP, kind: Kind::Group, boundary: None, controls: None, members: vec![member] };
    let unseen = Usage::default();
    let base = Base::new(stage.universe, &unseen, &stage.sights[ACCOUNT], stage.window, None);
    // What is judged is left out: the replay must find by itself what is lost.
    let judged = Judged { statements: Vec::new() };
    let proof = prove(&[Rewrite { name: "p", old: &old, new: vec![new], judged: &judged }], &[], &fences, &base)?;
    Ok(proof.uses_replayed)
}

fn get(resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]})
}

#[test]
fn a_member_is_replayed_in_its_own_name() {
    let (home, other) = (get("arn:aws:s3:::home/${aws:username}/*"), get("arn:aws:s3:::home/${aws:username}/x/*"));
    assert_eq!(replayed(&home, &home, "arn:aws:s3:::home/ann/file", None, None), Ok(1));
    assert!(matches!(replayed(&home, &other, "arn:aws:s3:::home/ann/file", None, None), Err(Refusal::NewlyDenied { .. })));
    // What the group never allowed is no loss.
    assert_eq!(replayed(&home, &other, "arn:aws:s3:::home/bob/file", None, None), Ok(1));
}

#[test]
fn what_a_member_has_from_elsewhere_is_no_reason_to_take_it_from_the_group() {
    let (all, less) = (get("*"), get("arn:aws:s3:::elsewhere/*"));
    let refused = replayed(&all, &less, "arn:aws:s3:::bucket/key", Some(&get("*")), None);
    assert!(matches!(refused, Err(Refusal::NewlyDenied { .. })), "{refused:?}");
}

/// What a boundary keeps from a member is held against the group's policies alone all the same: the boundary may go.
#[test]
fn a_members_boundary_is_part_of_the_replay() {
    let (all, less) = (get("*"), get("arn:aws:s3:::elsewhere/*"));
    let refused = replayed(&all, &less, "arn:aws:s3:::bucket/key", None, Some(&get("arn:aws:s3:::other/*")));
    assert!(matches!(refused, Err(Refusal::NewlyDenied { .. })), "{refused:?}");
    assert_eq!(replayed(&all, &all, "arn:aws:s3:::bucket/key", None, Some(&get("*"))), Ok(1));
}

/// An account with one user who has a managed policy that is its boundary, too, and an inline one.
fn bounded(own: &Value, boundary: &Value) -> Stage {
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/limit");
    let mut account = group_of(&allow(&json!("sns:Publish")));
    let user = &mut account["UserDetailList"][0];
    user["UserPolicyList"] = json!([{"PolicyName": "own", "PolicyDocument": own}]);
    user["AttachedManagedPolicies"] = json!([{"PolicyName": "limit", "PolicyArn": arn}]);
    user["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
    account["Policies"] = json!([{
        "PolicyName": "limit", "Arn": arn, "DefaultVersionId": "v1", "AttachmentCount": 1,
        "PolicyVersionList": [{"VersionId": "v1", "CreateDate": "2020-01-01T00:00:00Z", "Document": boundary}],
    }]);
    Stage::new(&account).complete().see(&[by(MEMBERS[0], event("ec2.amazonaws.com", "CreateVpc"))])
}

#[test]
fn a_users_boundary_is_held_to_and_never_edited() {
    let own = allow(&json!(["ec2:CreateVpc", "ec2:DeleteVpc", "sns:CreateTopic"]));
    let stage = bounded(&own, &allow(&json!(["ec2:CreateVpc", "ec2:DeleteVpc"])));
    stage.look(MEMBERS[0], |analysis| {
        let Outcome::Narrowed(proof) = &analysis.outcome else { panic!("{:?}", analysis.outcome) };
        assert!(proof.uses_replayed > 0 && proof.newly_denied == 0, "{proof:?}");
        let [own, limit] = analysis.policies.as_slice() else { panic!("two policies") };
        assert!(own.after[0].contains("ec2:CreateVpc") && !own.after[0].contains("DeleteVpc"), "{:?}", own.after);
        assert!(matches!(limit.place, Place::Shared(_)), "a copy takes its place: the boundary itself stays");
        let topic = stage.universe.named("sns:CreateTopic").expect("is known");
        assert!(analysis.blocked.of(topic).is_some_and(|by| by.contains("limit")), "what the boundary does not allow has no effect");
    });
}

#[test]
fn what_a_user_has_from_a_group_is_no_reason_to_take_it_from_the_user() {
    let mut account = group_of(&allow(&json!(["ec2:CreateVpc"])));
    account["UserDetailList"][0]["UserPolicyList"] =
        json!([{"PolicyName": "own", "PolicyDocument": allow(&json!(["ec2:CreateVpc", "ec2:DeleteVpc"]))}]);
    let stage = Stage::new(&account).complete().see(&[by(MEMBERS[0], event("ec2.amazonaws.com", "CreateVpc"))]);
    stage.look(MEMBERS[0], |analysis| {
        assert!(matches!(analysis.outcome, Outcome::Narrowed(_)), "{:?}", analysis.outcome);
        let after = &analysis.policies[0].after[0];
        assert!(after.contains("CreateVpc") && !after.contains("DeleteVpc"), "{after}");
    });
}
