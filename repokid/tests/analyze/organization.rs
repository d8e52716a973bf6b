//! `--organization`: what service control policies withhold is told with each permission, and decides nothing.

use serde_json::{Value, json};

use crate::{ACCOUNT, Place, details, policy, role, schema};

const FULL: &str = "FullAWSAccess";

/// As the lines of the documentation print it.
fn saved(levels: &[(&str, &str, &[&str])]) -> String {
    let summary = |name: &&str| {
        let arn = format!("arn:aws:organizations::999988887777:policy/o-exampleorgid/service_control_policy/p-{name}");
        json!({"Id": format!("p-{name}"), "Arn": arn, "Name": name, "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false})
    };
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Sid": "No", "Effect": "Deny", "Action": ["ec2:DescribeVpcs", "iam:*"], "Resource": "*"}]});
    let mut text = json!({"Policy": {"PolicySummary": summary(&"NoVpcs"), "Content": deny.to_string()}}).to_string();
    for (id, parent, names) in levels {
        let policies: Vec<_> = names.iter().map(summary).collect();
        text.push_str(&json!({"Policies": policies, "TargetId": id, "ParentId": parent}).to_string());
    }
    text
}

fn whole() -> String {
    saved(&[("r-root", "", &[FULL]), ("ou-root-1", "r-root", &[FULL, "NoVpcs"]), (ACCOUNT, "ou-root-1", &[FULL])])
}

fn grants(value: &Value) -> Vec<(&str, &str, Option<&str>)> {
    let grants = value["principals"][0]["grants"].as_array().unwrap();
    grants.iter().map(|one| (one["action"].as_str().unwrap(), one["verdict"].as_str().unwrap(), one["blocked_by"].as_str())).collect()
}

#[test]
fn what_is_withheld_is_told_and_proves_nothing() {
    let place = Place::usual();
    place.write("organization.json", whole());
    let withheld = Some("the service control policy NoVpcs denies it");
    let ran = place.assumed(&["--format", "json", "--organization", "organization.json"]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert_eq!(grants(&ran.json()), [("ec2:CreateVpc", "unused", None), ("ec2:DescribeVpcs", "used", withheld)]);
    let notes = ran.json()["notes"].to_string();
    assert!(notes.contains(&format!("4 service control policies and 0 resource control policies bear on account {ACCOUNT}")), "{notes}");
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/analysis.json")).unwrap();
    assert_eq!(schema::faults(&ran.json(), &serde_json::from_str(&text).unwrap()), Vec::<String>::new());
    // The change is what it is without.
    let without = place.assumed(&["--format", "json"]).json();
    assert_eq!(ran.json()["principals"][0]["proof"], without["principals"][0]["proof"]);
    assert_eq!(grants(&without), [("ec2:CreateVpc", "unused", None), ("ec2:DescribeVpcs", "used", None)]);
    // Without logs nothing is proved unused of what is withheld.
    let unproved = place.run(&["--format", "json", "--organization", "organization.json"]);
    assert_eq!((unproved.status, grants(&unproved.json())[1]), (0, ("ec2:DescribeVpcs", "used", withheld)));
    assert_eq!(grants(&unproved.json())[0].1, "unknown");
    let shown = place.assumed(&["--organization", "organization.json"]).out;
    assert!(shown.contains("1 without effect: the service control policy NoVpcs denies it"), "{shown}");
    let page = place.assumed(&["--format", "html", "--organization", "organization.json"]).out;
    assert!(page.contains("1 blocked by a denial, a boundary or the organisation"), "the page tells of it");
}

#[test]
fn a_way_to_more_that_is_withheld_is_none() {
    let place = Place::new(&json!({"Statement": [{"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*"}]}), &[]);
    let escalates = |more: &[&str]| place.run(&[&["--format", "json"], more].concat()).json()["ranking"].to_string().contains("escalation");
    place.write("organization.json", whole());
    assert!(escalates(&[]));
    assert!(!escalates(&["--organization", "organization.json"]));
}

#[test]
fn service_linked_roles_and_the_management_account_are_free() {
    let mut all = details(&policy());
    let mut linked = role("AWSServiceRoleForX", &policy());
    linked["Path"] = json!("/aws-service-role/x.amazonaws.com/");
    linked["Arn"] = json!(format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"));
    all["RoleDetailList"] = json!([linked]);
    let place = Place::usual();
    place.write("details.json", all.to_string());
    place.write("organization.json", whole());
    let ask = || place.assumed(&["--format", "json", "--organization", "organization.json"]).json();
    assert!(grants(&ask()).iter().all(|(_, _, withheld)| withheld.is_none()));
    let place = Place::usual();
    place.write("organization.json", whole().replace("999988887777", ACCOUNT));
    let ran = place.assumed(&["--format", "json", "--organization", "organization.json"]);
    assert!(grants(&ran.json()).iter().all(|(_, _, withheld)| withheld.is_none()), "{}", ran.out);
}

#[test]
fn what_does_not_suffice_is_told_and_what_is_none_is_refused() {
    let place = Place::usual();
    place.write("organization.json", saved(&[("r-root", "", &[FULL]), (ACCOUNT, "ou-root-1", &[FULL])]));
    let ran = place.assumed(&["--format", "json", "--organization", "organization.json"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("what the organisation withholds is not known: nothing is told of ou-root-1"), "{}", ran.err);
    for text in ["", "{}", r#"{"Policies":[]}"#] {
        place.write("organization.json", text);
        let ran = place.assumed(&["--organization", "organization.json"]);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("organization.json cannot be used"), "{}", ran.err);
    }
}
