//! The ranking, in every format.

use serde_json::{Value, json};

use crate::account::{ACCOUNT, Account, allows};

fn kinds<'a>(ranking: &'a Value, subject: &str) -> Vec<(&'a str, &'a str)> {
    let entries = ranking.as_array().unwrap().iter().filter(|entry| entry["subject"].as_str().unwrap().ends_with(subject));
    entries.map(|entry| (entry["severity"].as_str().unwrap(), entry["kind"].as_str().unwrap())).collect()
}

fn account() -> Account {
    let mut account = Account::new();
    account.role(ACCOUNT, "/", "builder", &json!([]), &[("p", allows(&["iam:PutRolePolicy", "ec2:DescribeInstances"]))]);
    account.call(ACCOUNT, "/", "builder", "ec2.amazonaws.com", "DescribeInstances");
    account.role(ACCOUNT, "/", "idle", &json!([]), &[("p", allows(&["ec2:DescribeInstances"]))]);
    account.role(ACCOUNT, "/", "admin", &json!([]), &[("p", allows(&["*"]))]);
    account.role(ACCOUNT, "/", "break-glass", &json!([]), &[("p", allows(&["*"]))]);
    let denied = json!({ "Statement": [
        { "Effect": "Allow", "Action": ["iam:PutRolePolicy", "ec2:DescribeInstances"], "Resource": "*" },
        { "Effect": "Deny", "Action": "iam:*", "Resource": "*" },
    ] });
    account.role(ACCOUNT, "/", "fenced", &json!([]), &[("p", denied)]);
    account.call(ACCOUNT, "/", "fenced", "ec2.amazonaws.com", "DescribeInstances");
    account.user("alice", &[("p", allows(&["iam:PutRolePolicy", "ec2:DescribeInstances"]))]);
    account
}

#[test]
fn who_is_unused_and_who_can_get_more_is_told() {
    let ranking = &account().json(&[])["ranking"];
    assert_eq!(kinds(ranking, "role/builder"), [("critical", "escalation")]);
    assert_eq!(kinds(ranking, "role/idle"), [("medium", "unused-role")]);
    assert_eq!(kinds(ranking, "role/admin"), [("critical", "administrator"), ("high", "unused-role")]);
    assert_eq!(kinds(ranking, "role/break-glass"), [("medium", "administrator")], "it is meant to be idle");
    assert_eq!(kinds(ranking, "role/fenced"), [], "a denial closes the way");
    assert_eq!(kinds(ranking, "user/alice"), [("critical", "escalation"), ("high", "unused-user")]);
    let builder = ranking.as_array().unwrap().iter().find(|entry| entry["subject"].as_str().unwrap().ends_with("builder")).unwrap();
    assert_eq!(builder["paths"][0]["closed"], true, "what is proposed takes it");
    assert_eq!(builder["paths"][0]["used"], false);
}

#[test]
fn limits_weigh_and_named_roles_are_no_way() {
    let mut account = Account::new();
    let of = |statement: Value| json!({ "Statement": [statement, { "Effect": "Allow", "Action": "ec2:*", "Resource": "*" }] });
    let limited = json!({ "Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::111122223333:role/app-*" });
    let conditional = json!({ "Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*", "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } } });
    let assume = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::444455556666:role/deploy" });
    let names = json!({ "Effect": "Allow", "NotAction": ["ec2:*", "s3:*", "IAM:put*"], "Resource": "*" });
    for (name, statement) in [("limited", limited), ("conditional", conditional), ("deploy", assume)] {
        account.role(ACCOUNT, "/", name, &json!([]), &[("p", of(statement))]);
    }
    account.role(ACCOUNT, "/", "but", &json!([]), &[("p", of(names))]);
    let report = account.json(&[]);
    let entries = report["ranking"].as_array().unwrap();
    let path = |role: &str, path: &str| {
        let entry = entries.iter().find(|entry| entry["kind"] == "escalation" && entry["subject"].as_str().unwrap().ends_with(role));
        entry.and_then(|entry| entry["paths"].as_array().unwrap().iter().find(|one| one["name"] == path)).cloned()
    };
    for role in ["role/limited", "role/conditional"] {
        let path = path(role, "put-role-policy").unwrap();
        assert_eq!((&path["severity"], &path["limited"]), (&json!("high"), &json!(true)), "{role}");
    }
    assert_eq!(path("role/deploy", "assume-role"), None, "to take on a role that is named is what the grant is for");
    assert_eq!(path("role/but", "put-role-policy"), None, "it is left out, in any case");
    assert!(path("role/but", "new-policy-version").is_some());
}

#[test]
fn keys_are_told_of_by_the_credential_report() {
    let account = account();
    account.write(
        "credentials.csv",
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,\
         access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
         access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,\
         cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n\
         bob,arn:aws:iam::111122223333:user/bob,2020-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,2021-01-01T00:00:00+00:00,N/A,N/A,N/A,\
         false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n",
    );
    let options = ["--credential-report", "credentials.csv"];
    assert_eq!(kinds(&account.json(&options)["ranking"], "user/bob"), [("medium", "unused-key")]);
    for format in ["human", "html"] {
        let text = account.text(&[&options[..], &["--format", format]].concat());
        for part in ["Unused access key", "user/bob", "Everything is granted", "Look at these first"] {
            assert!(text.contains(part), "{format}: {part}");
        }
    }
}
