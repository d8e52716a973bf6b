//! infra/deploy: the templates are valid by AWS's own schemas (`cfn-lint`, which knows SAM), and their policies are as narrow as
//! the README beside them says.

use menagerie_tests::process::{Finished, command, run_within};
use menagerie_tests::{Namespace, venv_program, workspace};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Actions whose resources may hold a wildcard, and why.
const WILDCARDS: &[(&str, &str)] = &[
    ("ec2:CreateNetworkInterface", "Lambda names the network interfaces that it makes"),
    ("ec2:DeleteNetworkInterface", "Lambda names the network interfaces that it makes"),
    ("iam:AttachGroupPolicy", "which groups are to be narrowed or restored is not known beforehand"),
    ("iam:AttachRolePolicy", "which roles are to be narrowed or restored is not known beforehand"),
    ("iam:AttachUserPolicy", "which users are to be narrowed or restored is not known beforehand"),
    ("iam:CreatePolicy", "the names of copies are made of what they are copies of"),
    ("iam:CreatePolicyVersion", "which policies are to be narrowed is not known beforehand"),
    ("iam:DeleteGroupPolicy", "which groups are to be narrowed is not known beforehand"),
    ("iam:DeletePolicy", "the names of copies are made of what they are copies of"),
    ("iam:DeletePolicyVersion", "which policies are to be narrowed is not known beforehand"),
    ("iam:DeleteRolePolicy", "which roles are to be narrowed is not known beforehand"),
    ("iam:DeleteUserPolicy", "which users are to be narrowed is not known beforehand"),
    ("iam:DetachGroupPolicy", "which groups are to be narrowed is not known beforehand"),
    ("iam:DetachRolePolicy", "which roles are to be narrowed is not known beforehand"),
    ("iam:DetachUserPolicy", "which users are to be narrowed is not known beforehand"),
    ("iam:GenerateServiceLastAccessedDetails", "every role, user and group of the account may be looked at"),
    ("iam:GetGroupPolicy", "every group of the account is looked at"),
    ("iam:GetPolicy", "every policy of the account, and AWS's, may be attached"),
    ("iam:GetPolicyVersion", "every policy of the account, and AWS's, may be attached"),
    ("iam:GetRolePolicy", "every role of the account is looked at"),
    ("iam:GetUserPolicy", "every user of the account is looked at"),
    ("iam:ListAttachedGroupPolicies", "every group of the account is looked at"),
    ("iam:ListAttachedRolePolicies", "every role of the account is looked at"),
    ("iam:ListAttachedUserPolicies", "every user of the account is looked at"),
    ("iam:ListEntitiesForPolicy", "every policy of the account, and AWS's, may be attached"),
    ("iam:ListGroupPolicies", "every group of the account is looked at"),
    ("iam:ListGroupsForUser", "which users will ask is not known beforehand"),
    ("iam:ListPolicyVersions", "every policy of the account, and AWS's, may be attached"),
    ("iam:ListRolePolicies", "every role of the account is looked at"),
    ("iam:ListUserPolicies", "every user of the account is looked at"),
    ("iam:PutGroupPolicy", "which groups are to be narrowed or restored is not known beforehand"),
    ("iam:PutRolePolicy", "which roles are to be narrowed or restored is not known beforehand"),
    ("iam:PutUserPolicy", "which users are to be narrowed or restored is not known beforehand"),
    ("iam:SetDefaultPolicyVersion", "which policies are to be narrowed is not known beforehand"),
    ("s3:GetObject", "the keys of a bucket's objects, of inventories and of results are not known beforehand"),
    ("s3:GetObjectVersion", "the keys of a bucket's objects are not known beforehand"),
    ("s3:PutObject", "the keys of results are not known beforehand"),
    ("sso:DescribePermissionSet", "every permission set is looked at"),
    ("sso:GetInlinePolicyForPermissionSet", "every permission set is looked at"),
    ("sso:ListAccountsForProvisionedPermissionSet", "every permission set is looked at"),
    ("sso:ListManagedPoliciesInPermissionSet", "every permission set is looked at"),
    ("sso:ListPermissionSets", "which instance of Identity Center there is is not known beforehand"),
    ("sts:AssumeRole", "the role of this name, in whatever account it was made"),
];

/// Actions that IAM takes for all resources alone.
const WHOLE: &[&str] =
    &["ec2:DescribeNetworkInterfaces", "iam:GetAccountAuthorizationDetails", "iam:GetServiceLastAccessedDetails", "sso:ListInstances"];

fn templates() -> Vec<PathBuf> {
    let folder = workspace().join("infra/deploy");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<_> =
        entries.map(|entry| entry.expect("it can be read").path().join("template.yaml")).filter(|path| path.is_file()).collect();
    found.sort();
    assert!(!found.is_empty(), "no template under {}", folder.display());
    found
}

fn lint(template: &Path) -> Finished {
    let mut lint = command(venv_program("cfn-lint"));
    lint.args(["--regions", "us-east-1", "eu-central-1", "--include-checks", "W", "--"]).arg(template);
    run_within(Duration::from_secs(120), lint, b"")
}

/// The template as JSON: `!Ref X` is `{"Ref": "X"}`, `!Sub X` is `{"Fn::Sub": X}`.
fn read(template: &Path) -> Value {
    let script = "import json, sys\nfrom cfnlint.decode import decode\ntemplate, problems = decode(sys.argv[1])\n\
                  assert not problems, problems\njson.dump(template, sys.stdout)";
    let mut python = command(venv_program("python"));
    python.args(["-c", script]).arg(template);
    serde_json::from_slice(&run_within(Duration::from_secs(120), python, b"").success().stdout).expect("python writes JSON")
}

/// All statements of all policies that give permissions, wherever they stand.
fn statements(value: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == "PolicyDocument" {
                    found.extend(field["Statement"].as_array().expect("a policy has a list of statements"));
                } else {
                    found.extend(statements(field));
                }
            }
        }
        Value::Array(items) => found.extend(items.iter().flat_map(statements)),
        _ => {}
    }
    found
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn resources<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let all = template["Resources"].as_object().expect("a template has resources");
    all.iter().filter(|(_, resource)| resource["Type"] == kind).map(|(name, resource)| (name.as_str(), resource)).collect()
}

#[test]
fn templates_are_valid() {
    for template in templates() {
        let linted = lint(&template);
        assert_eq!(linted.status, Some(0), "{}:\n{}{}", template.display(), linted.text(), linted.stderr);
    }
}

#[test]
fn the_linter_finds_what_is_wrong() {
    let namespace = Namespace::new("lint");
    for template in templates() {
        let text = std::fs::read_to_string(&template).expect("it is there");
        let broken = namespace.write("template.yaml", text.replace("AutoPublishAlias:", "AutoPublishAliaz:"));
        let linted = lint(&broken);
        assert!(linted.status != Some(0) && linted.text().contains("AutoPublishAliaz"), "{}: {}", template.display(), linted.text());
    }
}

#[test]
fn policies_name_their_actions_and_resources() {
    for template in templates() {
        let (path, template) = (template.display().to_string(), read(&template));
        let statements = statements(&template["Resources"]);
        assert!(statements.len() > 3, "{path}: the policies were not found");
        for statement in statements {
            assert_eq!(statement["Effect"], "Allow", "{path}: {statement}");
            assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none(), "{path}: {statement}");
            let (actions, targets) = (texts(&statement["Action"]), texts(&statement["Resource"]));
            assert!(!actions.is_empty() && !targets.is_empty(), "{path}: {statement}");
            assert!(actions.iter().all(|action| action.contains(':') && !action.contains('*')), "{path}: {statement}");
            if targets.contains(&"*") {
                assert!(actions.iter().all(|action| WHOLE.contains(action)), "{path}: {statement}");
            } else if targets.iter().any(|target| target.contains('*') || target.contains('?')) {
                let has_reason = |action: &&str| WILDCARDS.iter().any(|(name, _)| name == action);
                assert!(actions.iter().all(has_reason), "{path}: a wildcard without a reason: {statement}");
            }
        }
        assert!(
            resources(&template, "AWS::Serverless::Function").iter().all(|(_, function)| function["Properties"].get("Policies").is_none())
        );
    }
}

#[test]
fn only_named_roles_may_invoke() {
    for template in templates() {
        let (path, template) = (template.display().to_string(), read(&template));
        let permissions = resources(&template, "AWS::Lambda::Permission");
        // lanius takes its work from a queue and repokid's schedule has a role of its own: nobody else invokes them.
        assert_eq!(permissions.is_empty(), !path.contains("deploy/bless"), "{path}");
        for (name, permission) in permissions {
            let principal = &permission["Properties"]["Principal"];
            let parameter = principal["Ref"].as_str().unwrap_or_else(|| panic!("{path}: {name}: {principal}"));
            let pattern = template["Parameters"][parameter]["AllowedPattern"].as_str().unwrap_or_default();
            assert!(pattern.contains(":role/") && pattern.starts_with('^') && pattern.ends_with('$'), "{path}: {parameter}: {pattern:?}");
        }
        for (name, function) in resources(&template, "AWS::Serverless::Function") {
            let properties = &function["Properties"];
            assert!(properties.get("Events").is_none() && properties.get("FunctionUrlConfig").is_none(), "{path}: {name}");
            assert!(properties["LoggingConfig"]["LogGroup"]["Ref"].is_string(), "{path}: {name} has no log group of its own");
        }
    }
}

#[test]
fn the_audit_log_outlives_the_stack() {
    let template = read(&workspace().join("infra/deploy/bless/template.yaml"));
    for audit in ["AuditLogGroup", "AuditTable"] {
        let resource = &template["Resources"][audit];
        assert_eq!((&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]), (&"Retain".into(), &"Retain".into()), "{audit}");
        assert_eq!(resource["Properties"]["DeletionProtectionEnabled"], true, "{audit}");
    }
    let keys = ["AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::SSM::Parameter"];
    assert!(keys.iter().all(|kind| resources(&template, kind).is_empty()), "the CA key is not the stack's to delete");
}

/// Each action that the policies allow is explained in the README beside the template, and no other is.
#[test]
fn the_readme_explains_each_permission() {
    for path in templates() {
        let template = read(&path);
        let readme = std::fs::read_to_string(path.with_file_name("README.md")).expect("it has a README");
        let (_, section) = readme.split_once("## What each permission is for").expect("the README has the section");
        let section = section.split("\n## ").next().unwrap_or_default();
        for statement in statements(&template["Resources"]) {
            for action in texts(&statement["Action"]) {
                assert!(section.contains(&format!("`{action}`")), "{action} is not explained");
            }
        }
        for parameter in template["Parameters"].as_object().expect("it has parameters").keys() {
            let known = readme.contains(&format!("`{parameter}`")) || readme.contains(&format!("{parameter}="));
            assert!(known, "{parameter} is not explained");
        }
    }
}
