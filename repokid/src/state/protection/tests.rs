use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;

fn now() -> Timestamp {
    "2026-01-15T00:00:00Z".parse().expect("a time")
}

fn policies(statements: &Value) -> BTreeMap<String, String> {
    BTreeMap::from([("p".to_owned(), json!({"Version": "2012-10-17", "Statement": statements}).to_string())])
}

fn allow(action: &Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": "*"})
}

/// The patterns that are new from one list of statements to another.
fn new(before: &Value, after: &Value) -> Vec<String> {
    let new = new_since(Some(&policies(before)), &policies(after));
    assert_eq!(new.unreadable, [""; 0]);
    new.patterns.into_iter().collect()
}

/// Defect 2 of Repokid: it stores the wildcard, looks for it among names, and finds nothing.
#[test]
fn protection_of_new_permissions_stays_when_wildcards_are_stored() {
    let before = policies(&json!([allow(&json!("sqs:*"))]));
    let after = policies(&json!([allow(&json!(["sqs:*", "s3:*", "ec2:Describe?pcs"]))]));
    let mut protected = Protected::default();
    let until = now() + SignedDuration::from_hours(24 * 14);
    new_since(Some(&before), &after).protect(&mut protected, until);
    assert_eq!(protected.at(now()).map(|(pattern, _)| pattern).collect::<Vec<_>>(), ["ec2:Describe?pcs", "s3:*"]);
    for (service, action) in [("s3", "GetObject"), ("S3", "GETOBJECT"), ("s3", "NotYetInvented"), ("ec2", "DescribeVpcs")] {
        assert!(protected.keeps(service, action, now()), "{service}:{action}");
        assert!(!protected.keeps(service, action, until), "not for ever");
    }
    assert!(!protected.keeps("sqs", "SendMessage", now()) && !protected.keeps("ec2", "DescribeSubnets", now()));
    // What Repokid has stored is kept as well.
    let mut stored = Protected::default();
    for pattern in ["s3:*", "sqs", "dynamodb:getitem"] {
        stored.keep(pattern.to_owned(), until);
    }
    assert!(
        stored.keeps("s3", "PutObject", now()) && stored.keeps("sqs", "SendMessage", now()) && stored.keeps("dynamodb", "GetItem", now())
    );
    assert!(!stored.keeps("dynamodb", "PutItem", now()));
}

/// Defect 3 of Repokid: one action that its data set does not know, and nothing is protected.
#[test]
fn one_action_unknown_to_the_data_set_does_not_switch_protection_off() {
    let before = json!([allow(&json!("sqs:SendMessage"))]);
    let after = json!([allow(&json!(["sqs:SendMessage", "s3:GetObject", "brandnew:DoThing", "s3:MadeTomorrow"]))]);
    assert_eq!(new(&before, &after), ["brandnew:DoThing", "s3:GetObject", "s3:MadeTomorrow"]);
}

#[test]
fn nothing_is_new_in_what_stays_moves_or_narrows() {
    let before =
        json!([allow(&json!(["s3:*", "ec2:Describe*"])), {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "arn:aws:s3:::b/*"}]);
    for after in [
        before.clone(),
        json!([allow(&json!("S3:get*")), allow(&json!(["ec2:DescribeVpcs", "s3:PutObject"]))]),
        json!({"Sid": "Other", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}),
        json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]),
        json!([{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "arn:aws:s3:::b/c"}]),
        json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:s3:::b/c/*"}]),
        json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]),
        json!([]),
    ] {
        assert_eq!(new(&before, &after), [""; 0], "{after}");
    }
    let old = BTreeMap::from([("a".to_owned(), policies(&before)["p"].clone())]);
    assert!(new_since(Some(&old), &policies(&before)).patterns.is_empty(), "a policy may get another name");
}

#[test]
fn what_widens_is_new() {
    let narrow = json!([{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]);
    let with = |action: &str, resource: &str, condition: Value| json!([{"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}]);
    let secure = json!({"Bool": {"aws:SecureTransport": "true"}});
    assert_eq!(new(&narrow, &with("s3:Get*", "arn:aws:s3:::b/*", secure.clone())), [""; 0]);
    assert_eq!(new(&narrow, &with("s3:G*", "arn:aws:s3:::b/*", secure.clone())), ["s3:G*"]);
    assert_eq!(new(&narrow, &with("s3:Get*", "arn:aws:s3:::*/*", secure)), ["s3:Get*"], "more resources");
    assert_eq!(new(&narrow, &with("s3:Get*", "arn:aws:s3:::b/*", json!({}))), ["s3:Get*"], "a condition less");
    assert_eq!(new(&narrow, &json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}])), ["*"]);
    let but_iam = json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]);
    assert_eq!(new(&but_iam, &json!([{"Effect": "Allow", "NotAction": "iam:Create*", "Resource": "*"}])), ["*"], "fewer exceptions");
    assert_eq!(new(&but_iam, &json!([allow(&json!(["s3:*", "iam:GetUser", "i*:*"]))])), ["i*:*", "iam:GetUser"]);
    let but_b = json!([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"}]);
    assert_eq!(new(&but_b, &json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::c/*"}])), [""; 0]);
    assert_eq!(new(&but_b, &json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/x"}])), ["s3:*"]);
    let but = |resource: &str| json!([{"Effect": "Allow", "Action": "s3:*", "NotResource": resource}]);
    assert_eq!(new(&but("arn:aws:s3:::b/*"), &but("arn:aws:s3:::b/x")), ["s3:*"], "fewer exceptions");
    assert_eq!(new(&but("arn:aws:s3:::b/x"), &but("arn:aws:s3:::b/*")), [""; 0], "more exceptions");
}

#[test]
fn what_is_no_longer_denied_is_new() {
    let deny = |action: &str| json!({"Effect": "Deny", "Action": action, "Resource": "*"});
    let all = allow(&json!("s3:*"));
    assert_eq!(new(&json!([all, deny("s3:Put*")]), &json!([all])), ["s3:Put*"]);
    assert_eq!(new(&json!([all, deny("s3:Put*")]), &json!([deny("s3:Put*"), all])), [""; 0]);
    let but = json!({"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"});
    assert_eq!(new(&json!([all, but]), &json!([all])), ["*"]);
}

#[test]
fn what_is_not_known_is_new() {
    let current = policies(&json!([allow(&json!(["s3:*", "sqs:SendMessage"]))]));
    let first: Vec<_> = new_since(None, &current).patterns.into_iter().collect();
    assert_eq!(first, ["s3:*", "sqs:SendMessage"], "when it was granted is not known");
    let broken = BTreeMap::from([("p".to_owned(), "{".to_owned())]);
    assert_eq!(new_since(Some(&broken), &current).patterns.len(), 2);
    let unreadable = new_since(Some(&current), &broken);
    assert_eq!((unreadable.patterns.into_iter().collect::<Vec<_>>(), unreadable.unreadable), (vec!["*".to_owned()], vec!["p".to_owned()]));
    let mut odd = Protected::default();
    odd.keep(":".to_owned(), now() + SignedDuration::from_hours(1));
    assert!(odd.keeps("s3", "GetObject", now()), "an entry that is no pattern keeps everything");
}

#[test]
fn a_grant_is_kept_where_a_part_of_it_is() {
    let mut protected = Protected::default();
    protected.keep("s3:Put*".to_owned(), now() + SignedDuration::from_hours(1));
    let granted = |text: &str| protected.keeps_some_of(&ActionPattern::parse(text).expect("a pattern"), now());
    assert!(granted("s3:*") && granted("*") && granted("s3:PutObject") && granted("s3:*Object"));
    assert!(!granted("s3:Get*") && !granted("sqs:*"));
}

#[test]
fn what_has_run_out_is_forgotten_and_the_rest_kept() {
    let later = now() + SignedDuration::from_hours(1);
    let mut protected = Protected::default();
    protected.keep("s3:*".to_owned(), later);
    protected.keep("s3:*".to_owned(), now());
    protected.keep("sqs:SendMessage".to_owned(), now());
    assert_eq!(protected.at(now()).collect::<Vec<_>>(), [("s3:*", later)], "a shorter time does not end a longer one");
    protected.expire(now());
    assert_eq!(serde_json::to_value(&protected).expect("is JSON"), json!({"s3:*": "2026-01-15T01:00:00Z"}));
}
