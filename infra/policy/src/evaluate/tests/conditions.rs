//! Condition operators, each with a match, a mismatch, a missing key and one that is not known.

use super::super::condition::holds;
use super::*;
use crate::pattern::Truth;
use Truth::{No, Unknown, Yes};

/// Whether `{operator: {key: values}}` holds in a context.
fn check(operator: &str, values: &str, context: Context) -> Truth {
    let condition = format!(r#"{{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{{"{operator}":{{"test:Key":{values}}}}}}}"#);
    let policy = policy(&condition);
    holds(&policy.statements()[0].conditions()[0], &Request { context, ..read(user()) }, policy.has_variables())
}

fn with(value: &str) -> Context {
    Context::complete().with("TEST:key", [value])
}

fn many(values: &[&str]) -> Context {
    Context::complete().with("test:key", values.iter().copied())
}

fn rows(rows: &[(&str, &str, &str, Truth)]) {
    for (operator, policy, value, expected) in rows {
        assert_eq!(check(operator, policy, with(value)), *expected, "{operator} {policy} {value}");
    }
}

#[test]
fn strings() {
    rows(&[
        ("StringEquals", r#""Ann""#, "Ann", Yes),
        ("StringEquals", r#""Ann""#, "ann", No),
        ("StringEquals", r#"["Bob","Ann"]"#, "Ann", Yes),
        ("StringEquals", r#""A*""#, "Ann", No),
        ("StringEquals", r#""A${*}""#, "A*", Yes),
        ("StringNotEquals", r#"["Bob","Ann"]"#, "Ann", No),
        ("StringNotEquals", r#"["Bob","Ann"]"#, "Eve", Yes),
        ("StringEqualsIgnoreCase", r#""ANN""#, "ann", Yes),
        ("StringEqualsIgnoreCase", r#""É""#, "é", Unknown),
        ("StringNotEqualsIgnoreCase", r#""ANN""#, "ann", No),
        ("StringLike", r#""A?n*""#, "Anna", Yes),
        ("StringLike", r#""a?n*""#, "Anna", No),
        ("StringLike", r#""home/${aws:username}/*""#, "home/ann/x", Yes),
        ("StringLike", r#""home/${aws:username}/*""#, "home/bob/x", No),
        ("StringLike", r#""home/${aws:nothing}/*""#, "home/bob/x", Unknown),
        ("StringNotLike", r#""A*""#, "Anna", No),
        ("stringlike", r#""A*""#, "Anna", Yes),
    ]);
}

#[test]
fn numbers() {
    rows(&[
        ("NumericEquals", "10", "10", Yes),
        ("NumericEquals", r#""10""#, "10.0", Yes),
        ("NumericNotEquals", "10", "11", Yes),
        ("NumericLessThan", "10", "9", Yes),
        ("NumericLessThan", "10", "10", No),
        ("NumericLessThanEquals", "10", "10", Yes),
        ("NumericGreaterThan", "10", "9", No),
        ("NumericGreaterThan", "9007199254740992", "9007199254740993", Yes),
        ("NumericGreaterThanEquals", "-1.5", "-1.5", Yes),
        ("NumericEquals", "10", "ten", Unknown),
        ("NumericEquals", "10", "NaN", Unknown),
    ]);
}

#[test]
fn dates() {
    rows(&[
        ("DateLessThan", r#""2026-06-30T00:00:00Z""#, "2026-06-29T23:59:59Z", Yes),
        ("DateLessThan", r#""2026-06-30""#, "2026-06-30T00:00:00Z", No),
        ("DateLessThanEquals", r#""2026-06-30T02:00:00+02:00""#, "2026-06-30T00:00:00Z", Yes),
        ("DateGreaterThan", "1782777600", "2026-06-30T00:00:01Z", Yes),
        ("DateGreaterThanEquals", r#""2026-06""#, "2026-06-01T00:00:00Z", Yes),
        ("DateEquals", r#""2026""#, "2026-01-01T00:00:00Z", Yes),
        ("DateNotEquals", r#""2026-06-30""#, "2026-06-30T00:00:00Z", No),
        ("DateEquals", r#""yesterday""#, "2026-06-30T00:00:00Z", Unknown),
    ]);
}

#[test]
fn booleans_and_binaries() {
    rows(&[
        ("Bool", "true", "true", Yes),
        ("Bool", r#""TRUE""#, "true", Yes),
        ("Bool", "false", "true", No),
        ("Bool", r#""${test:key}""#, "true", Yes),
        ("BinaryEquals", r#""QmluYXJ5""#, "QmluYXJ5", Yes),
        ("BinaryEquals", r#""QmluYXJ5""#, "QmluYXJ6", No),
        ("BinaryEquals", r#""%""#, "QmluYXJ5", Unknown),
    ]);
}

#[test]
fn addresses() {
    rows(&[
        ("IpAddress", r#""203.0.113.0/24""#, "203.0.113.7", Yes),
        ("IpAddress", r#""203.0.113.9/24""#, "203.0.113.7", Yes),
        ("IpAddress", r#""203.0.113.7""#, "203.0.113.7", Yes),
        ("IpAddress", r#"["203.0.113.0/24","2001:DB8:1234:5678::/64"]"#, "2001:db8:1234:5678::9", Yes),
        ("IpAddress", r#""203.0.113.0/24""#, "198.51.100.1", No),
        ("NotIpAddress", r#""203.0.113.0/24""#, "198.51.100.1", Yes),
        ("IpAddress", r#""203.0.113.0/24""#, "cloudformation.amazonaws.com", Unknown),
        ("IpAddress", r#""203.0.113.0/99""#, "203.0.113.7", Unknown),
    ]);
}

#[test]
fn arns_part_by_part() {
    let topic = "arn:aws:sns:us-east-1:111122223333:topic";
    rows(&[
        ("ArnEquals", r#""arn:aws:sns:us-east-1:111122223333:topic""#, topic, Yes),
        ("ArnLike", r#""arn:aws:sns:*:111122223333:to?ic""#, topic, Yes),
        ("ArnEquals", r#""arn:aws:sns:*:*:*""#, topic, Yes),
        ("ArnLike", r#""arn:aws:sqs:*:*:*""#, topic, No),
        ("ArnNotLike", r#""arn:aws:sqs:*:*:*""#, topic, Yes),
        ("ArnNotEquals", r#""arn:aws:sns:*:*:*""#, topic, No),
        ("ArnLike", r#""arn:aws:sns:*:topic""#, topic, Unknown),
        ("ArnLike", r#""*""#, topic, Unknown),
        ("ArnLike", r#""arn:aws:iam::*:user/${aws:username}""#, "arn:aws:iam::111122223333:user/ann", Yes),
        ("ArnLike", r#""arn:aws:iam::*:user/${aws:nothing}""#, "arn:aws:iam::111122223333:user/ann", Unknown),
    ]);
    // The principal of a role's session is the role, and a wildcard does not pass a colon that it need not.
    let policy = policy(
        r#"{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/team/*"}}}"#,
    );
    assert_eq!(holds(&policy.statements()[0].conditions()[0], &read(role()), true), Yes);
}

/// A missing key: no match, so that negated operators hold; `IfExists` holds; `Null` tells.
#[test]
fn missing_keys() {
    let missing = || Context::complete();
    for operator in ["StringEquals", "StringLike", "NumericLessThan", "DateEquals", "Bool", "BinaryEquals", "IpAddress", "ArnLike"] {
        assert_eq!(check(operator, r#""1""#, missing()), No, "{operator}");
        assert_eq!(check(&format!("{operator}IfExists"), r#""1""#, missing()), Yes, "{operator}");
    }
    for operator in [
        "StringNotEquals",
        "StringNotEqualsIgnoreCase",
        "StringNotLike",
        "NumericNotEquals",
        "DateNotEquals",
        "NotIpAddress",
        "ArnNotEquals",
        "ArnNotLike",
    ] {
        assert_eq!(check(operator, r#""1""#, missing()), Yes, "{operator}");
    }
    assert_eq!(check("StringEqualsIfExists", r#""1""#, with("2")), No);
    assert_eq!((check("Null", "true", missing()), check("Null", "false", missing())), (Yes, No));
    assert_eq!((check("Null", r#""true""#, with("x")), check("Null", r#""false""#, with("x"))), (No, Yes));
    assert_eq!(check("Null", "true", many(&[])), Yes, "an empty set of values is as none");
    assert_eq!((check("Null", "true", Context::partial()), check("Null", "true", Context::partial().without("test:KEY"))), (Unknown, Yes));
}

/// The guide's examples with `aws:TagKeys`.
#[test]
fn keys_of_many_values() {
    let all = "ForAllValues:StringEquals";
    let any = "ForAnyValue:StringEquals";
    let policy = r#"["environment","webserver"]"#;
    assert_eq!(check(all, policy, many(&["environment"])), Yes);
    assert_eq!(check(all, policy, many(&["environment", "owner"])), No);
    assert_eq!(check(all, policy, Context::complete()), Yes, "holds without the key");
    assert_eq!(check(any, policy, many(&["owner", "webserver"])), Yes);
    assert_eq!(check(any, policy, many(&["owner"])), No);
    assert_eq!(check(any, policy, Context::complete()), No);
    assert_eq!(check("ForAnyValue:StringEqualsIfExists", policy, Context::complete()), Unknown);
    assert_eq!(check("ForAllValues:StringNotEquals", policy, many(&["owner", "webserver"])), No);
    assert_eq!(check("ForAllValues:StringNotEquals", policy, many(&["owner", "cost"])), Yes);
    assert_eq!(check("ForAnyValue:StringNotEquals", policy, many(&["owner", "webserver"])), Yes);
    assert_eq!(check("ForAnyValue:StringNotEquals", policy, many(&["environment", "webserver"])), No);
    assert_eq!(check("forallvalues:StringLike", r#""env*""#, many(&["environment", "envy"])), Yes);
    // Without a quantifier: clear only where all values agree.
    assert_eq!(check("StringEquals", policy, many(&["environment", "owner"])), Unknown);
    assert_eq!(check("StringEquals", policy, many(&["environment", "webserver"])), Yes);
}

#[test]
fn what_is_not_known_stays_open() {
    for operator in
        ["StringEquals", "StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringLike", "ForAnyValue:Bool", "Null", "Newer"]
    {
        assert_eq!(check(operator, r#""true""#, Context::partial()), Unknown, "{operator}");
    }
    assert_eq!(check("Newer", r#""true""#, with("true")), Unknown);
    assert_eq!(check("StringEquals", "[]", with("x")), No, "of no values none fits");
}

/// All operators and keys of a block must hold; of a key's values one is enough.
#[test]
fn a_block_is_all_of_its_keys() {
    let own = policy(
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{
            "StringEquals":{"aws:PrincipalTag/Team":["red","blue"],"aws:RequestedRegion":"eu-west-1"},"Bool":{"aws:SecureTransport":"true"}}}"#,
    );
    let context = |team: &str, secure: &str| {
        Context::complete()
            .with("aws:principaltag/team", [team])
            .with("aws:RequestedRegion", ["eu-west-1"])
            .with("aws:SecureTransport", [secure])
    };
    let decide = |context| evaluate_identity(&[attached("own", &own)], &Request { context, ..read(user()) }).outcome;
    assert_eq!(decide(context("blue", "true")), Outcome::Allowed);
    assert_eq!(decide(context("green", "true")), Outcome::ImplicitDeny);
    assert_eq!(decide(context("red", "false")), Outcome::ImplicitDeny);
    assert_eq!(decide(context("red", "true").without("aws:RequestedRegion")), Outcome::ImplicitDeny);
}
