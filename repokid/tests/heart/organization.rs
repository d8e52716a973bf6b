//! What an organisation withholds excuses no loss: what was used is replayed without it, too.

use menagerie_policy::document::Policy;
use repokid::account::Kind;
use repokid::organization::saved;
use repokid::proof::{Fences, Refusal, Rewrite, prove};
use repokid::verdict::{Base, Judged};
use serde_json::{Value, json};

use crate::stage::{ACCOUNT, ROLE, Stage, allow, event};

fn organization(denied: &str) -> String {
    let content = json!({"Statement": [{"Effect": "Deny", "Action": denied, "Resource": "*"}]}).to_string();
    let summary = |id: &str| json!({"Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY"});
    let target = |id: &str, parent: Value, more: &[&str]| {
        let ids = ["p-FullAWSAccess"].iter().chain(more).map(|id| summary(id)).collect::<Vec<_>>();
        json!({"TargetId": id, "ParentId": parent, "Policies": ids})
    };
    json!([
        {"Policy": {"PolicySummary": summary("p-deny"), "Content": content}},
        target("r-root", json!(null), &[]),
        target(ACCOUNT, json!("r-root"), &["p-deny"]),
    ])
    .to_string()
}

#[test]
fn a_use_that_is_withheld_today_is_still_a_use() {
    let old = Policy::parse(&allow(&json!(["ec2:DescribeVpcs", "ec2:CreateVpc"])).to_string()).unwrap();
    let stage = Stage::of(&allow(&json!(["ec2:DescribeVpcs", "ec2:CreateVpc"]))).see(&[event("ec2.amazonaws.com", "DescribeVpcs")]);
    // Nothing is judged, so that the replay alone stands between.
    let judged = Judged { statements: Vec::new() };
    stage.look(ROLE, |analysis| {
        let base = Base::new(stage.universe, &analysis.usage, &stage.sights[ACCOUNT], stage.window, None);
        let ask = |organization: Option<&str>, left: &str| {
            let organization = organization.map(|text| saved(text).unwrap());
            let controls = organization.as_ref().map(|organization| organization.of(ACCOUNT, stage.universe).unwrap().unwrap());
            let fences = Fences { principal: ROLE, kind: Kind::Role, boundary: None, controls: controls.as_ref(), members: Vec::new() };
            let new = vec![Policy::parse(&allow(&json!([left])).to_string()).unwrap()];
            prove(&[Rewrite { name: "p", old: &old, new, judged: &judged }], &[], &fences, &base).map(|proof| proof.uses_replayed)
        };
        let (all, other) = (organization("ec2:*"), organization("s3:*"));
        for organization in [None, Some(all.as_str()), Some(other.as_str())] {
            assert_eq!(ask(organization, "ec2:DescribeVpcs"), Ok(1), "{organization:?}");
            let refused = ask(organization, "ec2:CreateVpc").unwrap_err();
            assert!(matches!(&refused, Refusal::NewlyDenied { action, .. } if action == "ec2:DescribeVpcs"), "{organization:?}: {refused}");
        }
    });
}
