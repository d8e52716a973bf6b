//! Knowing more never turns an answer round: what is allowed or denied with a part of the circumstances unknown, is so however the
//! unknown part turns out. And a narrower policy never allows more.

use super::*;
use proptest::prelude::*;

fn patterns(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::subsequence(of.to_vec(), 1..=2).prop_map(|patterns| format!("[\"{}\"]", patterns.join("\",\"")))
}

fn condition() -> impl Strategy<Value = String> {
    let operators = vec![
        "StringEquals",
        "StringNotEquals",
        "StringLikeIfExists",
        "StringNotLike",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringNotEquals",
        "ForAnyValue:StringLikeIfExists",
        "Null",
        "Bool",
        "NumericLessThan",
        "Unheard",
    ];
    let key = prop::sample::select(vec!["test:One", "test:two"]);
    let values = patterns(&["a", "b", "a*", "true", "false", "7", "${test:one}", "${test:two, 'a'}"]);
    let one =
        (prop::sample::select(operators), key, values).prop_map(|(operator, key, values)| format!("\"{operator}\":{{\"{key}\":{values}}}"));
    prop::option::of(one).prop_map(|one| one.map_or(String::new(), |one| format!(",\"Condition\":{{{one}}}")))
}

fn statement(principals: &'static [&'static str]) -> impl Strategy<Value = String> {
    let actions = (prop::sample::select(vec!["Action", "NotAction"]), patterns(&["s3:*", "s3:Get*", "*", "sqs:*", "S3:?etObject"]));
    let resources = (
        prop::sample::select(vec!["Resource", "NotResource"]),
        patterns(&["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/${test:one}", "arn:aws:s3:::a/${test:two, 'a'}", "arn:aws:*:b"]),
    );
    let effect = prop::sample::select(vec!["Allow", "Allow", "Deny"]);
    (effect, prop::sample::select(principals.to_vec()), actions, resources, condition()).prop_map(
        |(effect, principal, (action, actions), (resource, resources), condition)| {
            format!("{{\"Effect\":\"{effect}\",{principal}\"{action}\":{actions},\"{resource}\":{resources}{condition}}}")
        },
    )
}

fn policies(principals: &'static [&'static str]) -> impl Strategy<Value = Policy> {
    prop::collection::vec(statement(principals), 1..4).prop_map(|statements| policy(&statements.join(",")))
}

const PRINCIPALS: &[&str] = &[
    r#""Principal":"*","#,
    r#""Principal":{"AWS":"111122223333"},"#,
    r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/team/Reader"},"#,
    r#""NotPrincipal":{"AWS":"arn:aws:iam::111122223333:role/team/Reader"},"#,
    r#""Principal":{"CanonicalUser":"79a5"},"#,
];

/// What the two keys can turn out to be.
fn completions(partial: &Context) -> Vec<Context> {
    let mut contexts = vec![partial.clone()];
    for key in ["test:one", "test:two"] {
        let each = contexts.iter().flat_map(|context| {
            let values = [&["a"][..], &["b"], &["a", "b"], &["true"], &["7"], &[]];
            let known = values.into_iter().map(|values| context.clone().with(key, values.iter().copied()));
            known.chain([context.clone().without(key)]).collect::<Vec<_>>()
        });
        contexts = each.collect();
    }
    contexts
}

proptest! {
    #[test]
    fn knowing_more_turns_nothing_round(
        identity in policies(&[""]), boundary in prop::option::of(policies(&[""])), resource in prop::option::of(policies(PRINCIPALS)),
        owner in prop::sample::select(vec![None, Some(ACCOUNT), Some(OTHER)]),
    ) {
        let policies = Policies {
            identity: vec![attached("own", &identity)],
            boundary: boundary.as_ref().map(|boundary| attached("edge", boundary)),
            resource: resource.as_ref().map_or(ResourcePolicies::Unknown, |resource| ResourcePolicies::Attached(vec![attached("bucket", resource)])),
            ..Policies::default()
        };
        let partial = Request { resource_account: owner.map(str::to_owned), context: Context::partial(), ..request(role(), "s3:GetObject", "arn:aws:s3:::a/b") };
        let before = outcome(&policies, &partial);
        for context in completions(&partial.context) {
            for account in [ACCOUNT, OTHER] {
                if owner.is_some_and(|owner| owner != account) {
                    continue;
                }
                let known = Request { context: context.clone(), resource_account: Some(account.to_owned()), ..partial.clone() };
                let after = outcome(&policies, &known);
                match before {
                    Outcome::Allowed => prop_assert_eq!(after, Outcome::Allowed, "{:?}", known),
                    Outcome::ExplicitDeny => prop_assert_eq!(after, Outcome::ExplicitDeny, "{:?}", known),
                    Outcome::ImplicitDeny => prop_assert!(after.is_denied(), "{:?} {:?}", after, known),
                    Outcome::Unknown => {}
                }
            }
        }
    }

    /// Without one of its statements that allow, a policy allows no more; without one that denies, it denies no more.
    #[test]
    fn a_narrower_policy_allows_no_more(identity in policies(&[""]), dropped in any::<prop::sample::Index>(), at in 0_usize..49) {
        let index = dropped.index(identity.statements().len());
        let narrower = identity.edit().drop_statement(index).finish().expect("there is such a statement");
        let context = completions(&Context::complete()).swap_remove(at);
        let asked = Request { context, ..request(user(), "s3:GetObject", "arn:aws:s3:::a/b") };
        let decide = |policy: &Policy| evaluate_identity(&[attached("own", policy)], &asked).outcome;
        let (before, after) = (decide(&identity), decide(&narrower));
        match identity.statements()[index].effect() {
            crate::document::Effect::Allow => prop_assert!(!after.is_allowed() || before.is_allowed()),
            crate::document::Effect::Deny => prop_assert!(!before.is_allowed() || after.is_allowed()),
        }
    }
}
