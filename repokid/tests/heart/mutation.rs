//! A rewriter that is wrong is caught: what it writes is changed at random, and each change that matters must be refused by the proof.
//! Whether one matters is decided by the evaluator, request by request.

use menagerie_policy::document::Policy;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use repokid::account::Kind;
use repokid::proof::{Fences, Rewrite, prove};
use repokid::verdict::Base;
use serde_json::{Value, json};

use crate::generate::{Oracle, allows, policy, requests, seen, stage};
use crate::stage::{ACCOUNT, ROLE};

const CASES: usize = 40;

/// Every change of one document that this knows to make, each with its name.
fn mutants(document: &Value) -> Vec<(&'static str, Value)> {
    let mut mutants = Vec::new();
    let mut whole = |name, change: &dyn Fn(&mut Value)| {
        let mut mutant = document.clone();
        change(&mut mutant);
        if mutant != *document {
            mutants.push((name, mutant));
        }
    };
    whole("another version", &|one| one["Version"] = json!(if one["Version"] == "2012-10-17" { "2008-10-17" } else { "2012-10-17" }));
    whole("no version", &|one| drop(one.as_object_mut().unwrap().remove("Version")));
    whole("a denial more", &|one| push(one, json!({"Effect": "Deny", "Action": "sns:*", "Resource": "*"})));
    whole("a grant more", &|one| push(one, json!({"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"})));
    let count = document["Statement"].as_array().map_or(0, Vec::len);
    for at in 0..count {
        whole("a statement less", &|one| drop(one["Statement"].as_array_mut().unwrap().remove(at)));
        let mut statement = |name, change: &dyn Fn(&mut Value)| whole(name, &|one| change(&mut one["Statement"][at]));
        statement("the other effect", &|one| one["Effect"] = json!(if one["Effect"] == "Allow" { "Deny" } else { "Allow" }));
        statement("no condition", &|one| drop(one.as_object_mut().unwrap().remove("Condition")));
        statement("another condition", &|one| one["Condition"] = json!({"StringEquals": {"aws:SourceVpc": "vpc-2"}}));
        statement("another operator", &|one| {
            if one["Condition"]["StringEquals"].is_object() {
                one["Condition"] = json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}});
            } else if one["Condition"].is_null() {
                drop(one.as_object_mut().unwrap().remove("Condition"));
            }
        });
        statement("a principal", &|one| one["Principal"] = json!("*"));
        for (key, other) in [("Action", "NotAction"), ("NotAction", "Action"), ("Resource", "NotResource"), ("NotResource", "Resource")] {
            statement("what it names turned round", &|one| {
                if let Some(value) = one.as_object_mut().unwrap().remove(key) {
                    one[other] = value;
                }
            });
        }
        for key in ["Action", "NotAction", "Resource", "NotResource"] {
            let length = match &document["Statement"][at][key] {
                Value::Null => continue,
                Value::Array(list) => list.len(),
                _ => 1,
            };
            let wider: &[&str] = if key.ends_with("Action") {
                &["*", "sns:*", "sqs:*", "sns:CreateTopi?", "sqs:Create*"]
            } else {
                &["*", "arn:aws:sns:*:*:*", "arn:aws:sns:us-east-1:111122223333:t?"]
            };
            for item in 0..length {
                statement("one less of a list", &|one| {
                    if let Some(list) = one[key].as_array_mut() {
                        list.remove(item);
                    }
                });
                for text in wider {
                    statement("a pattern for another", &|one| match &mut one[key] {
                        Value::Array(list) => list[item] = json!(text),
                        one => *one = json!(text),
                    });
                }
            }
            for text in wider {
                statement("one more of a list", &|one| match &mut one[key] {
                    Value::Array(list) => list.push(json!(text)),
                    one => *one = json!([one.clone(), text]),
                });
            }
        }
    }
    mutants
}

fn push(document: &mut Value, statement: Value) {
    if let Some(list) = document["Statement"].as_array_mut() {
        list.push(statement);
    }
}

#[test]
fn each_change_that_matters_is_refused() {
    let mut runner = TestRunner::deterministic();
    let requests = requests();
    let (mut mattered, mut harmless) = (0_usize, 0_usize);
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..CASES {
        let (json, seen) = (policy(), seen()).new_tree(&mut runner).unwrap().current();
        let stage = stage(&json, &seen, false);
        let old = Policy::parse(&json.to_string()).unwrap();
        let oracle = Oracle::new(&old);
        stage.look(ROLE, |analysis| {
            let analysed = &analysis.policies[0];
            let judged = analysed.judged.as_ref().unwrap();
            let base = Base::new(stage.universe, &analysis.usage, &stage.sights[ACCOUNT], stage.window, None);
            let fences = Fences { principal: ROLE, kind: Kind::Role, boundary: None, controls: None, members: Vec::new() };
            let prove = |new: Vec<Policy>| prove(&[Rewrite { name: "p", old: &old, new, judged }], &[], &fences, &base);
            let facts: Vec<_> = requests
                .iter()
                .map(|request| {
                    let was = allows(std::slice::from_ref(&old), request);
                    (request, was, was && oracle.keeps(request, &old, judged, stage.universe))
                })
                .collect();
            let after: Vec<_> = analysed.after.iter().map(|text| Policy::parse(text).unwrap()).collect();
            prove(after).expect("what the rewriter wrote stands");
            let mut all: Vec<(&str, Vec<Policy>)> = vec![("nothing", Vec::new())];
            for text in &analysed.after {
                let mutants = mutants(&serde_json::from_str(text).unwrap());
                all.extend(mutants.into_iter().filter_map(|(name, mutant)| Some((name, vec![Policy::parse(&mutant.to_string()).ok()?]))));
            }
            for (name, mutant) in all {
                let matters = facts.iter().find(|(request, was, kept)| {
                    let is = allows(&mutant, request);
                    (is && !was) || (*kept && !is)
                });
                let Some((request, was, kept)) = matters else {
                    harmless += 1;
                    continue;
                };
                mattered += 1;
                kinds.insert(name);
                let texts: Vec<_> = mutant.iter().map(|policy| policy.text().to_owned()).collect();
                assert!(prove(mutant).is_err(), "{name}: {texts:?} for {json} passes, though {request:?} was {was}, kept {kept}");
            }
        });
    }
    // The test must have had something to catch, of every kind.
    assert!(mattered > 20 * CASES && harmless > 0, "{mattered} mattered, {harmless} did not");
    let wanted = [
        "a denial more",
        "a grant more",
        "a pattern for another",
        "a principal",
        "a statement less",
        "another condition",
        "another operator",
        "another version",
        "no condition",
        "no version",
        "nothing",
        "one less of a list",
        "one more of a list",
        "the other effect",
        "what it names turned round",
    ];
    assert!(wanted.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}
