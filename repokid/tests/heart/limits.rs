//! What does not fit IAM's limits: inline policies move to managed ones, what is too long is spread, and only what fits nowhere is kept.

use std::collections::BTreeSet;

use menagerie_policy::document::{Policy, size};
use proptest::prelude::*;
use repokid::analysis::{Analysis, Outcome};
use repokid::proof::within;
use repokid::rewrite::{MANAGED_LIMIT, pack};
use repokid::verdict::{Universe, Verdict};
use serde_json::{Value, json};

use crate::generate::{allows, policy, requests};
use crate::stage::{ACCOUNT, ROLE, Stage, allow, role};

const USER: &str = "arn:aws:iam::111122223333:user/app";

/// A user with one inline policy, `p`.
fn user(policy: &Value) -> Value {
    json!({
        "Path": "/", "UserName": "app", "UserId": "AIDAEXAMPLE", "Arn": USER, "CreateDate": "2020-01-01T00:00:00Z",
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": policy}], "AttachedManagedPolicies": [],
    })
}

/// The role with an inline policy, and so many managed ones.
fn with_managed(policy: &Value, count: usize) -> Value {
    let arn = |number: usize| format!("arn:aws:iam::{ACCOUNT}:policy/m{number}");
    let mut role = role(policy);
    role["AttachedManagedPolicies"] =
        (0..count).map(|number| json!({"PolicyName": format!("m{number}"), "PolicyArn": arn(number)})).collect();
    let managed: Vec<_> = (0..count)
        .map(|number| {
            json!({
                "PolicyName": format!("m{number}"), "Arn": arn(number), "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 1,
                "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": allow(&json!("sqs:SendMessage"))}],
            })
        })
        .collect();
    json!({"RoleDetailList": [role], "Policies": managed})
}

fn documents(analysis: &Analysis<'_>) -> Vec<Policy> {
    analysis.policies[0].after.iter().map(|text| Policy::parse(text).unwrap()).collect()
}

/// That nothing but what is proved unused went, and how much of that did not.
fn kept_unused(analysis: &Analysis<'_>, universe: &Universe) -> usize {
    assert!(matches!(analysis.outcome, Outcome::Narrowed(_)), "{:?}", analysis.outcome);
    let documents = documents(analysis);
    let granted: BTreeSet<_> = documents
        .iter()
        .flat_map(|policy| policy.statements())
        .flat_map(|statement| statement.actions().patterns())
        .flat_map(|pattern| universe.expand(pattern).to_vec())
        .collect();
    let actions = &analysis.policies[0].judged.as_ref().unwrap().statements[0].actions;
    let stays = |verdict: Verdict| actions.iter().filter(|one| one.verdicts.verdict() == verdict && granted.contains(&one.id)).count();
    assert!(actions.iter().all(|one| one.verdicts.is_unused() || granted.contains(&one.id)), "what is not proved unused stays");
    assert!(granted.iter().all(|id| actions.iter().any(|one| one.id == *id)), "nothing is new");
    stays(Verdict::Unused)
}

#[test]
fn an_inline_policy_that_is_too_long_moves_to_managed_ones() {
    let stage = Stage::of(&allow(&json!("*")));
    stage.look(ROLE, |analysis| {
        let moved = &analysis.policies[0];
        assert!(moved.moved && moved.after.len() > 1 && moved.after.len() <= 10, "{}", moved.after.len());
        assert!(moved.after.iter().all(|text| size(text) <= MANAGED_LIMIT));
        assert_eq!(kept_unused(analysis, stage.universe), 0);
        let made = moved.made(analysis.principal);
        let names: BTreeSet<_> = made.iter().map(|(arn, _)| arn.as_str()).collect();
        assert_eq!(names.len(), moved.after.len());
        assert!(names.iter().all(|arn| arn.starts_with("arn:aws:iam::111122223333:policy/repokid/p-app-")), "{names:?}");
        assert_eq!(made.iter().map(|(_, text)| *text).collect::<Vec<_>>(), moved.after);
    });
}

#[test]
fn a_users_policies_move_at_a_users_limit() {
    // `ec2:*` leaves little; with S3's data events it is more than a user may have, and less than a role may.
    let policy = allow(&json!(["s3:*", "ec2:*", "lambda:*", "dynamodb:*", "ssm:*", "glue:*", "sns:*", "sqs:*", "kms:*", "iot:*"]));
    let users = Stage::new(&json!({"UserDetailList": [user(&policy)]})).complete();
    let roles = Stage::of(&policy);
    let length = users.look(USER, |analysis| {
        let moved = &analysis.policies[0];
        assert!(moved.moved && moved.after.len() == 1, "{:?}", moved.after);
        assert_eq!(kept_unused(analysis, users.universe), 0);
        size(&moved.after[0])
    });
    assert!((2_049..10_240).contains(&length), "{length}");
    roles.look(ROLE, |analysis| {
        assert!(!analysis.policies[0].moved && analysis.policies[0].after.len() == 1);
        assert!(analysis.policies[0].made(analysis.principal).is_empty());
        assert_eq!(size(&analysis.policies[0].after[0]), length);
    });
}

#[test]
fn where_too_many_would_be_attached_services_are_kept_whole() {
    let stage = Stage::new(&with_managed(&allow(&json!("*")), 8)).complete();
    stage.look(ROLE, |analysis| {
        let attached: usize = analysis.policies.iter().map(|policy| policy.after.len()).sum();
        assert!(analysis.policies[0].moved && attached <= 10, "{attached}");
        let kept = kept_unused(analysis, stage.universe);
        assert!(kept > 0 && kept < 16_000, "{kept} actions are kept so that it fits");
        let counts = analysis.counts();
        assert!(counts.unused > 16_000 && counts.unknown == 0, "what is kept so that it fits is unused all the same");
    });
}

#[test]
fn where_more_are_attached_than_without_asking_the_higher_quota_counts() {
    let stage = Stage::new(&with_managed(&allow(&json!("*")), 11)).complete();
    stage.look(ROLE, |analysis| {
        let attached: usize = analysis.policies.iter().map(|policy| policy.after.len()).sum();
        assert!(attached > 11 && attached <= 20, "{attached}");
        assert_eq!(kept_unused(analysis, stage.universe), 0);
    });
}

#[test]
fn a_managed_policy_is_not_spread_over_more_than_may_be_attached() {
    let mut details = with_managed(&allow(&json!("sqs:SendMessage")), 9);
    details["Policies"][0]["PolicyVersionList"][0]["Document"] = allow(&json!("*"));
    let stage = Stage::new(&details).complete();
    stage.look(ROLE, |analysis| {
        assert!(matches!(analysis.outcome, Outcome::Narrowed(_)), "{:?}", analysis.outcome);
        let attached: usize = analysis.policies[1..].iter().map(|policy| policy.after.len()).sum();
        assert!(analysis.policies[1].changes() && attached <= 10, "{attached}");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_spread_says_the_same_together(policy in policy(), limit in 150usize..900) {
        let whole = Policy::parse(&policy.to_string()).unwrap();
        let Some(texts) = pack(&whole, limit) else { return Ok(()) };
        let parts: Vec<_> = texts.iter().map(|text| Policy::parse(text).unwrap()).collect();
        for (text, part) in texts.iter().zip(&parts) {
            prop_assert!(size(text) <= limit, "{text}");
            let sids: Vec<_> = part.statements().iter().filter_map(|one| one.sid()).collect();
            prop_assert_eq!(sids.len(), sids.iter().collect::<BTreeSet<_>>().len());
        }
        for request in requests() {
            prop_assert_eq!(allows(std::slice::from_ref(&whole), &request), allows(&parts, &request), "{:?} of {:?}", request, texts);
        }
        // A part that denies nothing less than the whole is within it by itself.
        if let [only] = parts.as_slice() {
            prop_assert!(within("p", &whole, only.clone()).is_ok());
        }
    }
}
