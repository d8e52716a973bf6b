use serde_json::json;

use super::*;
use crate::state::OptOut;

const NOW: &str = "2026-06-01T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn role(name: &str) -> Role {
    let arn = format!("arn:aws:iam::111122223333:role/{name}").parse().expect("an ARN");
    let account = "111122223333".parse().expect("an account");
    let mut role = Role::new("AROAEXAMPLE".parse().expect("an ID"), account, arn, name.rsplit('/').next().expect("a name").to_owned());
    role.created = Some("2020-01-01T00:00:00Z".parse().expect("a time"));
    role.trust_policy = Some(r#"{"Statement":[{"Principal":{"Service":"ec2.amazonaws.com"}}]}"#.to_owned());
    role
}

fn config(value: serde_json::Value) -> Config {
    Config::parse(&value.to_string()).expect("is read")
}

fn named_by(config: &Config, listed: Option<&BlocklistFile>, role: &Role) -> Vec<String> {
    let filters = Filters::new(config, listed).expect("globs are globs");
    filters.judge(role, now()).into_iter().map(|by| by.filter).collect()
}

#[test]
fn an_old_plain_role_is_named_by_none_of_the_defaults() {
    assert_eq!(named_by(&Config::default(), None, &role("app")), [""; 0]);
}

#[test]
fn age_is_counted_to_the_second_and_unknown_age_is_no_age() {
    let age = |created: Option<&str>| {
        let mut role = role("app");
        role.created = created.map(|time| time.parse().expect("a time"));
        named_by(&Config::default(), None, &role)
    };
    assert_eq!(age(Some("2026-03-03T00:00:01Z")), ["AgeFilter"]);
    assert_eq!(age(Some("2026-03-03T00:00:00Z")), [""; 0]);
    assert_eq!(age(None), ["AgeFilter"]);
}

#[test]
fn a_trust_policy_that_names_lambda_in_any_case_is_enough() {
    let trusted = |document: Option<&str>| {
        let mut role = role("app");
        role.trust_policy = document.map(str::to_owned);
        named_by(&Config::default(), None, &role)
    };
    assert_eq!(trusted(Some(r#"{"Service":"Lambda.amazonaws.com"}"#)), ["LambdaFilter"]);
    assert_eq!(trusted(None), ["LambdaFilter"], "a trust policy that is not known may name it");
}

#[test]
fn the_blocklist_takes_names_in_any_case_and_arns() {
    let filter = |list: serde_json::Value| config(json!({"filter_config": {"BlocklistFilter": list}}));
    let is_named = |list| named_by(&filter(list), None, &role("path/App")) == ["BlocklistFilter"];
    assert!(is_named(json!({"all": ["aPP"]})));
    assert!(is_named(json!({"111122223333": ["app"]})));
    assert!(!is_named(json!({"444455556666": ["app"]})), "another account's list");
    assert!(is_named(json!({"all": ["arn:aws:iam::111122223333:role/path/App"]})));
    assert!(!is_named(json!({"all": ["arn:aws:iam::444455556666:role/path/App"]})));
    assert!(!is_named(json!({"all": ["Ap*"]})), "these are names, not globs");
}

#[test]
fn the_blocklists_file_counts_and_its_absence_is_no_permission() {
    let config = config(json!({"filter_config": {"BlocklistFilter": {"blocklist_bucket": {"bucket": "b", "key": "k"}}}}));
    let file = |text: &str| BlocklistFile::parse(text).expect("a blocklist");
    let is_named = |text| named_by(&config, Some(&file(text)), &role("App")) == ["BlocklistFilter"];
    assert!(is_named(r#"{"arns": [], "names": {"app": ["all"]}}"#));
    assert!(is_named(r#"{"arns": [], "names": {"APP": ["111122223333"]}}"#));
    assert!(!is_named(r#"{"arns": [], "names": {"app": ["444455556666"]}}"#));
    assert!(is_named(r#"{"arns": ["arn:aws:iam::111122223333:role/App"], "names": {}}"#));
    assert_eq!(named_by(&config, None, &role("App")), ["BlocklistFilter"], "a list that was not read may name anyone");
    for text in ["{}", "[]", r#"{"arns": []}"#, r#"{"arns": [], "names": {}, "more": 1}"#, r#"{"arns": [], "names": []}"#] {
        assert!(BlocklistFile::parse(text).is_err(), "{text}");
    }
}

#[test]
fn an_opt_out_holds_until_it_ends() {
    let until = |expires: &str| {
        let mut role = role("app");
        role.opt_out = Some(OptOut { owner: "o".to_owned(), reason: "r".to_owned(), expires: expires.parse().expect("a time") });
        named_by(&Config::default(), None, &role)
    };
    assert_eq!(until("2026-06-01T00:00:01Z"), ["OptOutFilter"]);
    assert_eq!(until(NOW), [""; 0]);
}

#[test]
fn exclusive_names_all_but_those_of_its_globs() {
    let filter = |list: serde_json::Value| {
        config(json!({"active_filters": ["repokid.filters.exclusive:ExclusiveFilter"], "filter_config": {"ExclusiveFilter": list}}))
    };
    let is_named = |list, name: &str| named_by(&filter(list), None, &role(name)) == ["ExclusiveFilter"];
    assert!(!is_named(json!({"all": ["APP-*"]}), "app-one"));
    assert!(is_named(json!({"all": ["app-*"]}), "my-app-one"), "a glob stands for the whole name");
    assert!(!is_named(json!({"111122223333": ["app-[a-c]?"]}), "App-b1"));
    assert!(is_named(json!({"111122223333": ["app-[!a-c]?"]}), "app-b1"));
    assert!(is_named(json!({"444455556666": ["*"]}), "app"), "another account's globs");
    assert!(is_named(json!({"all": ["{app,web}"]}), "app"), "braces are letters");
    assert!(is_named(json!({}), "app"), "without globs none is meant");
    let bad = filter(json!({"all": ["app-["]}));
    assert_eq!(Filters::new(&bad, None).expect_err("no glob").glob, "app-[");
}

#[test]
fn reserved_and_break_glass_roles_are_named_whatever_is_active() {
    let none = config(json!({"active_filters": [], "break_glass_roles": {"all": ["Emergency*"]}}));
    assert_eq!(named_by(&none, None, &role("app")), [""; 0]);
    assert_eq!(named_by(&none, None, &role("emergency-admin")), ["BreakGlassFilter"]);
    assert_eq!(named_by(&none, None, &role("aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")), ["ReservedFilter"]);
    assert_eq!(named_by(&none, None, &role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123")), ["ReservedFilter"]);
    assert_eq!(named_by(&none, None, &role("team/aws-service-role/app")), [""; 0], "only at the path's beginning");
}

#[test]
fn a_filter_in_python_names_every_role() {
    let config = config(json!({"active_filters": ["ours.filters:TeamFilter"]}));
    assert_eq!(named_by(&config, None, &role("app")), ["TeamFilter"]);
}
