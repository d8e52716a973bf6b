//! Changes in code: a patch that `git apply` takes, and the text of a pull request.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::account::{ACCOUNT, Account, allows, read};

fn account() -> Account {
    let mut account = Account::new();
    for name in ["app", "web", "job"] {
        account.role(ACCOUNT, "/", name, &json!([]), &[("access", allows(&["ec2:DescribeInstances", "ec2:RunInstances"]))]);
        account.call(ACCOUNT, "/", name, "ec2.amazonaws.com", "DescribeInstances");
    }
    account.role(ACCOUNT, "/", "hand-made", &json!([]), &[("mine", allows(&["ec2:RunInstances"]))]);
    account.write(
        "code/app/main.tf",
        "resource \"aws_iam_role_policy\" \"app\" {\n  name = \"access\"\n  role = aws_iam_role.app.id\n  policy = jsonencode({\n    \
         Statement = [{\n      Effect   = \"Allow\"\n      Action   = [\"ec2:DescribeInstances\", \"ec2:RunInstances\"] # of the app\n      \
         Resource = \"*\"\n    }]\n  })\n}\n",
    );
    account.write(
        "code/web.yaml",
        "Resources:\n  Web:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: web\n      Policies:\n        - PolicyName: access\n          \
         PolicyDocument:\n            Statement:\n              - Effect: Allow\n                Action:\n                  - ec2:DescribeInstances\n\
         \x20                 - ec2:RunInstances\n                Resource: \"*\"\n",
    );
    account.write(
        "code/job.tf",
        "resource \"aws_iam_role_policy\" \"job\" {\n  name   = \"access\"\n  role   = \"job\"\n  policy = file(\"job.json\")\n}\n",
    );
    let resource = |name: &str| {
        let attributes = json!({ "role": name, "name": "access", "policy": "{}" });
        json!({ "mode": "managed", "type": "aws_iam_role_policy", "name": name, "instances": [{ "attributes": attributes }] })
    };
    account.write("state.json", &json!({ "version": 4, "resources": [resource("app"), resource("job")] }).to_string());
    account
}

#[test]
fn a_patch_is_made_for_what_stands_in_code() {
    let account = account();
    account.analyze(&["--iac", "code", "--terraform-state", "state.json", "-o", "out"]);
    let patch = read(&account.path("out/iac/changes.patch"));
    assert_eq!(patch.matches("--- a/").count(), 2, "{patch}");
    let applied = Command::new("git").args(["apply", "../out/iac/changes.patch"]).current_dir(account.path("code")).output().unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    assert!(read(&account.path("code/app/main.tf")).contains("Action   = [\"ec2:DescribeInstances\"] # of the app"));
    let web = read(&account.path("code/web.yaml"));
    assert!(web.contains("- ec2:DescribeInstances\n") && !web.contains("RunInstances"), "{web}");

    let text = read(&account.path("out/iac/pull-request.md"));
    for part in
        ["2 policies in this patch, 1 for a person", "`app/main.tf`", "another expression", "How to undo it", "uses were decided anew"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("hand-made"), "what is not in code is not in the request");
    let after = read(&account.path(&format!("out/iac/policies/{ACCOUNT}/role/job/access.json")));
    assert!(after.contains("ec2:DescribeInstances") && !after.contains("RunInstances"));
    assert!(fs::metadata(account.path("out/iac/policies").join(ACCOUNT).join("role/app")).is_err());
}

#[test]
fn code_of_several_accounts_changes_only_as_all_of_them_would() {
    let mut account = account();
    account.role("444455556666", "/", "web", &json!([]), &[("access", allows(&["ec2:DescribeInstances", "ec2:RunInstances"]))]);
    account.call("444455556666", "/", "web", "ec2.amazonaws.com", "RunInstances");
    account.analyze(&["--iac", "code", "--terraform-state", "state.json", "-o", "out"]);
    let patch = read(&account.path("out/iac/changes.patch"));
    assert!(patch.contains("main.tf") && !patch.contains("web.yaml"), "{patch}");
    assert!(read(&account.path("out/iac/pull-request.md")).contains("not all of them would change alike"));
}

#[test]
fn reports_say_what_is_changed_in_code() {
    let mut account = account();
    let tags = json!([{ "Key": "aws:cloudformation:stack-name", "Value": "<b>stack" }]);
    account.role(ACCOUNT, "/", "stacked", &tags, &[("p", allows(&["ec2:RunInstances"]))]);
    let report = account.json(&["--terraform-state", "state.json"]);
    assert_eq!(report["owners"].as_object().unwrap().len(), 3, "{}", report["owners"]);
    let owner = &report["owners"][format!("arn:aws:iam::{ACCOUNT}:role/stacked")];
    assert_eq!((&owner["tool"], &owner["name"]), (&json!("cloudformation"), &json!("<b>stack")));
    assert!(account.text(&[]).contains("CloudFormation owns it (<b>stack)"));
    assert!(account.text(&["--format", "html"]).contains("CloudFormation owns it (&lt;b&gt;stack)"));
}

#[test]
fn the_map_says_where_to_look() {
    let account = account();
    account.write("map.toml", "\"arn:aws:iam::*:role/web\" = \"other/\"\n\"arn:aws:iam::*:role/hand-*\" = \"other/\"\n");
    account.analyze(&["--iac", "code", "--iac-map", "map.toml", "-o", "out"]);
    let text = read(&account.path("out/iac/pull-request.md"));
    assert!(!read(&account.path("out/iac/changes.patch")).contains("web.yaml"), "the map says it stands elsewhere");
    assert!(text.contains("role/web") && text.contains("it was not found in the code") && text.contains("role/hand-made"), "{text}");
}
