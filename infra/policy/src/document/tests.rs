use super::*;
use crate::pattern::BadAction;
use proptest::prelude::*;

const SPACIOUS: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "One",
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:\u0050utObject",
                "sqs:*"
            ],
            "Resource": "*"
        },
        {
            "Effect":"Deny",  "NotAction" : ["iam:*", "sts:*"],
            "Resource": ["*"], "X-Note": {"b": [1.50, null]}
        }
    ]
}
"#;

const COMPACT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

fn parse(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn reason(text: &str) -> Reason {
    Policy::parse(text).map(|policy| policy.to_text()).expect_err("a text that is no policy").reason
}

fn statement(elements: &str) -> String {
    format!(r#"{{"Statement":{{{elements}}}}}"#)
}

#[test]
fn what_is_read_is_what_is_printed() {
    for text in [SPACIOUS, COMPACT] {
        let policy = parse(text);
        assert_eq!(policy.to_text(), text);
        assert_eq!(parse(&policy.to_canonical_text()), policy);
    }
    let policy = parse(SPACIOUS);
    assert!(policy.statements()[1].text().starts_with("{\n            \"Effect\":\"Deny\",  \"NotAction\""));
    assert_eq!(policy.statements()[0].actions().patterns()[1].text(), "s3:PutObject", "escapes are read");
    assert_eq!(policy.statements()[1].others(), [Element { name: "X-Note".to_owned(), value: r#"{"b":[1.50,null]}"#.to_owned() }]);
}

#[test]
fn every_documented_form_is_read() {
    let text = r#"{"version":"2008-10-17","ID":"i","STATEMENT":{"sid":"a","effect":"Deny","notprincipal":{"AWS":["111122223333","*"],
        "Service":"ec2.amazonaws.com","Federated":"accounts.google.com","CanonicalUser":"79a5","New":"x"},"notaction":"s3:*",
        "notresource":"arn:aws:s3:::a${b}","condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a*","b"]},
        "Bool":{"aws:SecureTransport":false},"NumericLessThan":{"aws:MultiFactorAuthAge":3.50e2},"Future:Op":{"k":[]}}}}"#;
    let policy = parse(text);
    let statement = &policy.statements()[0];
    assert_eq!(
        (policy.version(), policy.id(), statement.sid(), statement.effect()),
        (Some(Version::V2008), Some("i"), Some("a"), Effect::Deny)
    );
    let Some(Principals::AllBut(principals)) = statement.principals() else { panic!("{statement:?}") };
    let aws = |value: &str| PrincipalPattern::Aws(value.to_owned());
    assert_eq!(principals[..2], [aws("111122223333"), aws("*")]);
    assert_eq!(principals[5], PrincipalPattern::Other { kind: "New".to_owned(), value: "x".to_owned() });
    assert!(matches!(statement.actions(), Actions::AllBut(actions) if actions[0].text() == "s3:*"));
    assert!(
        matches!(statement.resources(), Some(Resources::AllBut(resources)) if resources[0].variables().is_empty()),
        "2008 has no variables"
    );
    let [tags, secure, age, future] = statement.conditions() else { panic!("{statement:?}") };
    assert_eq!(
        (tags.operator.quantifier(), tags.operator.base(), tags.operator.if_exists()),
        (Some(Quantifier::AllValues), Base::StringLike, true)
    );
    assert_eq!((secure.values.as_slice(), age.values.as_slice()), (&["false".to_owned()][..], &["3.50e2".to_owned()][..]));
    assert_eq!((future.operator.base(), future.operator.text(), future.values.len()), (Base::Unknown, "Future:Op", 0));
    assert_eq!(parse(&policy.to_canonical_text()), policy);
    assert_eq!(parse(r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#).statements()[0].resources(), None);
}

#[test]
fn operators_that_are_not_known_are_kept() {
    for text in ["NullIfExists", "ForSomeValues:StringEquals", "StringMatches", "IfExists", ":", ""] {
        let operator = Operator::parse(text);
        assert_eq!((operator.base(), operator.text()), (Base::Unknown, text));
    }
    assert_eq!(Operator::parse("foranyvalue:arnlikeifexists").base(), Base::ArnLike);
}

#[test]
fn what_iam_refuses_is_refused_with_its_place() {
    let duplicate = |name: &str| Reason::Duplicate { name: format!("{name:?}") };
    assert_eq!(reason(r#"{"Statement":[],"Statement":[]}"#), duplicate("Statement"));
    assert_eq!(reason(r#"{"Statement":[],"statement":[]}"#), duplicate("Statement"));
    assert_eq!(reason(r#"{"Statement":[],"X":{"a":1,"\u0061":2}}"#), duplicate("a"));
    assert_eq!(reason(&statement(r#""Effect":"Allow","Action":"s3:*","ACTION":"s3:*""#)), duplicate("Action"));
    assert_eq!(
        reason(&statement(r#""Effect":"Allow","Action":"a:b","NotAction":"a:b""#)),
        Reason::Both { one: "Action", other: "NotAction" }
    );
    assert_eq!(reason(&statement(r#""Effect":"Allow","Action":[]"#)), Reason::Empty { element: "Action" });
    assert_eq!(reason(&statement(r#""Effect":"allow","Action":"a:b""#)), Reason::Effect { found: "\"allow\"".to_owned() });
    let action = Reason::Action { found: "\"s3\"".to_owned(), source: BadAction };
    assert_eq!(reason(&statement(r#""Effect":"Allow","Action":"s3""#)), action);
    assert!(matches!(reason(&statement(r#""Effect":"Allow""#)), Reason::Missing { element: "Action", .. }));
    assert!(matches!(reason(&statement(r#""Action":"a:b""#)), Reason::Missing { element: "Effect", .. }));
    assert!(matches!(reason("{}"), Reason::Missing { element: "Statement", .. }));
    assert!(matches!(reason("[]"), Reason::Kind { element: "a policy", .. }));
    assert!(matches!(reason(r#"{"Version":"2020-01-01","Statement":[]}"#), Reason::Version { .. }));
    let error = Policy::parse("{\n \"Statement\": [\n  \"é\", x").expect_err("it is no JSON");
    assert_eq!(error.to_string(), "line 3, column 8: this is not JSON: a value must stand here");
}

#[test]
fn documents_without_measure_are_refused() {
    assert_eq!(reason(&"x".repeat(100_000_000)), Reason::TooLong { bytes: 100_000_000 });
    assert_eq!(reason(&"[".repeat(1_000_000)), Reason::TooDeep);
    let many: Vec<_> = (0..60_000).map(|at| format!("\"k{at}\":1")).collect();
    assert!(matches!(reason(&format!("{{{}}}", many.join(","))), Reason::Missing { .. }));
    assert!(matches!(reason(&format!("{{{},\"k7\":1}}", many.join(","))), Reason::Duplicate { .. }));
    let kinds = format!(r#""Effect":"Allow","Action":"a:b","Principal":{{{}}}"#, many.join(",").replace(":1", ":\"1\""));
    assert_eq!(parse(&statement(&kinds)).statements()[0].principals().map(|principals| principals.patterns().len()), Some(60_000));
    assert_eq!(reason(&statement(&kinds.replace("\"k7\"", "\"K8\""))), Reason::Duplicate { name: "\"k8\"".to_owned() });
}

#[test]
fn size_counts_no_white_space_between_signs() {
    assert_eq!(parse(COMPACT).size(), COMPACT.len());
    let spaced = COMPACT.replace(',', " ,\n\t").replace(':', ": ").replace("s3: *", "s3:*");
    assert_eq!(parse(&spaced).size(), COMPACT.len());
    assert_eq!(parse(&COMPACT.replace("\"s3:*\"", "\"s3:é \\\" \"")).size(), COMPACT.len() + 4, "characters, and those in strings all");
}

#[test]
fn new_actions_stand_as_the_old_ones_did() {
    let edited = parse(SPACIOUS).edit().replace_actions(0, ["s3:PutObject", "sqs:SendMessage"]).finish().expect("an edit");
    let lines = "\"s3:\\u0050utObject\",\n                \"sqs:SendMessage\"\n            ],";
    let expected =
        SPACIOUS.replace("\"s3:GetObject\",\n                \"s3:\\u0050utObject\",\n                \"sqs:*\"\n            ],", lines);
    assert_eq!(edited.text(), expected);
    let edited = parse(SPACIOUS).edit().replace_actions(1, ["ec2:*"]).replace_resources(0, ["a:b", "c:d"]).finish().expect("an edit");
    let expected = SPACIOUS
        .replace("\"NotAction\" : [\"iam:*\", \"sts:*\"]", "\"Action\" : [\"ec2:*\"]")
        .replace("\"Resource\": \"*\"", "\"Resource\": [\n                \"a:b\",\n                \"c:d\"\n            ]");
    assert_eq!(edited.text(), expected);
    let edited = parse(COMPACT).edit().replace_actions(0, ["s3:GetObject", "s3:PutObject"]).finish().expect("an edit");
    assert_eq!(edited.text(), COMPACT.replace("\"s3:*\"", "[\"s3:GetObject\",\"s3:PutObject\"]"));
    let edited = parse(COMPACT).edit().replace_actions(0, ["s3:Get*"]).finish().expect("an edit");
    assert_eq!(edited.text(), COMPACT.replace("s3:*", "s3:Get*"), "a string stays a string");
}

#[test]
fn statements_are_dropped_with_their_comma() {
    let text = "{\"Statement\": [ 1 ,\n 2,3 ]}";
    let fill = |number: &str| format!("{{\"Effect\":\"Allow\",\"Action\":\"a:{number}\"}}");
    let text = text.replace('1', &fill("One")).replace('2', &fill("Two")).replace('3', &fill("Three"));
    let policy = parse(&text);
    let without = |indices: &[usize]| {
        let edit = indices.iter().fold(policy.edit(), |edit, index| edit.drop_statement(*index));
        edit.finish().expect("an edit").to_text()
    };
    let (one, two, three) = (fill("One"), fill("Two"), fill("Three"));
    assert_eq!(without(&[]), text);
    assert_eq!(without(&[0]), format!("{{\"Statement\": [ {two},{three} ]}}"));
    assert_eq!(without(&[1]), format!("{{\"Statement\": [ {one},{three} ]}}"));
    assert_eq!(without(&[2]), format!("{{\"Statement\": [ {one} ,\n {two} ]}}"));
    assert_eq!(without(&[0, 1, 2]), "{\"Statement\": []}");
    assert_eq!(
        parse(&statement(r#""Effect":"Allow","Action":"a:b""#)).edit().drop_statement(0).finish().expect("an edit").text(),
        r#"{"Statement":[]}"#
    );
}

#[test]
fn an_added_statement_is_laid_out_as_the_document() {
    let added = r#"{"Effect":"Allow","Action":["a:b"],"Resource":"*"}"#;
    let compact = parse(COMPACT).edit().add_statement(added).finish().expect("an edit");
    assert_eq!(compact.text(), COMPACT.replace("}]}", &format!("}},{added}]}}")));
    let spacious = parse(SPACIOUS).edit().drop_statement(1).add_statement(added).finish().expect("an edit");
    let end = ",\n        {\n            \"Effect\": \"Allow\",\n            \"Action\": [\n                \"a:b\"\n            ],\n            \"Resource\": \"*\"\n        }\n    ]\n}\n";
    assert_eq!(
        spacious.text(),
        format!("{}{end}", &SPACIOUS[..SPACIOUS.find(",\n        {\n            \"Effect\":\"Deny\"").expect("it has a second")])
    );
    let single = parse(&statement(r#""Effect":"Allow","Action":"a:c""#)).edit().add_statement(added).finish().expect("an edit");
    assert_eq!(single.text(), format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"a:c"}},{added}]}}"#));
    let moved = parse(SPACIOUS).statements()[1].text().to_owned();
    let both = parse(COMPACT).edit().add_statement(moved.clone()).finish().expect("an edit");
    assert_eq!(both.statements()[1].text(), moved, "what has lines of its own is moved to the letter");
    let first = parse("{\n  \"Statement\": []\n}").edit().add_statement(added).finish().expect("an edit");
    assert!(first.text().starts_with("{\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\","), "{first}");
}

#[test]
fn an_edit_makes_policies_only() {
    let policy = parse(COMPACT);
    assert_eq!(policy.edit().drop_statement(1).finish(), Err(EditError::NoStatement { index: 1, count: 1 }));
    assert!(matches!(policy.edit().replace_actions(0, ["s3"]).finish(), Err(EditError::Result(_))));
    assert!(matches!(policy.edit().replace_actions(0, [""; 0]).finish(), Err(EditError::Result(_))));
    assert!(matches!(policy.edit().add_statement("{}").finish(), Err(EditError::Added(_))));
    assert!(matches!(policy.edit().add_statement(r#"{"Effect":"Allow","Action":"a:b"},{}"#).finish(), Err(EditError::Added(_))));
    let trust = parse(&statement(r#""Effect":"Allow","Action":"a:b""#));
    assert_eq!(trust.edit().replace_resources(0, ["*"]).finish(), Err(EditError::NoResources { index: 0 }));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_filter("JSON has no such numbers", |number| number.is_finite()).prop_map(Into::into),
        ".{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map(".{0,3}", inner, 0..4).prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What is JSON to serde_json is JSON here, and nothing else is.
    #[test]
    fn the_grammar_is_jsons(value in json(), at in any::<prop::sample::Index>(), junk in "[\\[\\]{}\",:\\\\u0e+.a-]") {
        let text = serde_json::to_string_pretty(&value).expect("it is JSON");
        prop_assert!(json::parse(&text).is_ok(), "{}", text);
        let place = at.index(text.len() + 1);
        if text.is_char_boundary(place) {
            let broken = format!("{}{junk}{}", &text[..place], &text[place..]);
            let ours = json::parse(&broken);
            match serde_json::from_str::<serde_json::Value>(&broken) {
                Ok(_) => prop_assert!(matches!(&ours, Ok(_) | Err(ParseError { reason: Reason::Duplicate { .. }, .. })), "{} {:?}", broken, ours.err()),
                // A number too large for serde_json's tree is JSON all the same.
                Err(error) => prop_assert!(ours.is_err() || error.to_string().contains("number out of range"), "{} {}", broken, error),
            }
        }
    }

    #[test]
    fn an_edit_leaves_the_rest_to_the_letter(dropped in prop::collection::btree_set(0_usize..4, 0..4), space in "[ \n\t]{0,3}", replaced in 0_usize..4) {
        let fill = |number: usize| format!("{{{space}\"Effect\":\"Allow\",{space}\"Action\":[\"a:b{number}\",{space}\"c:d\"]{space}}}");
        let statements: Vec<_> = (0..4).map(fill).collect();
        let policy = parse(&format!("{{\"Statement\":{space}[{}]}}", statements.join(&format!("{space},{space}"))));
        let edit = dropped.iter().fold(policy.edit(), |edit, index| edit.drop_statement(*index));
        let edited = edit.replace_actions(replaced, ["x:y"]).finish().expect("an edit");
        let left: Vec<_> = (0..4).filter(|index| !dropped.contains(index)).collect();
        prop_assert_eq!(edited.statements().len(), left.len());
        for (statement, index) in edited.statements().iter().zip(left) {
            if index == replaced {
                prop_assert_eq!(statement.actions().patterns()[0].text(), "x:y");
            } else {
                prop_assert_eq!(statement.text(), &statements[index]);
            }
        }
    }
}
