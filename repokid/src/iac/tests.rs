//! Changes in code keep what they do not touch, read again as they are meant, and are refused where that cannot be.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use menagerie_policy::document::Policy;

use super::{Map, Owner, Ownership, Sources, State, Tool, Unpatched};
use crate::account::{Principal, read};
use crate::analysis::Place;
use crate::rewrite::{Change, Narrowed, Piece, Selection};

const OLD: &str = r#"{"Statement":[{"Effect":"Allow","Action":["s3:*","sqs:SendMessage"],"Resource":"arn:aws:s3:::b"},{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
const NEW: &str = r#"{"Statement":[{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage"],"Resource":"arn:aws:s3:::b"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;

fn principal(tags: &str) -> Principal {
    let text = format!(
        r#"{{"RoleDetailList":[{{"Path":"/","RoleName":"app","RoleId":"AROA1","Arn":"arn:aws:iam::111122223333:role/app","CreateDate":"2020-01-01T00:00:00Z","Tags":[{tags}],"RolePolicyList":[],"AttachedManagedPolicies":[]}}],"UserDetailList":[],"GroupDetailList":[],"Policies":[]}}"#
    );
    let details = read(&text, "test");
    assert!(details.problems.is_empty(), "{:?}", details.problems);
    details.inventory.principals.into_iter().next().unwrap()
}

fn narrowed() -> Narrowed {
    let list = vec!["s3:GetObject".to_owned(), "sqs:SendMessage".to_owned()];
    let piece = Piece { actions: Some(Selection::Only(list)), resources: None };
    Narrowed { changes: vec![Change::Replace(vec![piece]), Change::Drop, Change::Keep], text: Some(NEW.to_owned()), removed: vec![] }
}

fn changed(path: &str, text: &str) -> Result<String, Unpatched> {
    let mut sources = Sources::of([(PathBuf::from(path), text.to_owned())]);
    let (role, old) = (principal(""), Policy::parse(OLD).unwrap());
    let site = sources.find(&role, Place::Inline("access"), &old, None, None)?;
    sources.change(&site, &old, &narrowed())?;
    assert!(sources.diff().starts_with(&format!("--- a/{path}\n+++ b/{path}\n@@")), "{}", sources.diff());
    Ok(sources.text(Path::new(path)).unwrap().to_owned())
}

#[test]
fn jsonencode_keeps_its_references_and_comments() {
    let before = r#"resource "aws_iam_role_policy" "access" {
  name = "access"
  role = aws_iam_role.app.id # the app
  # The policy.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:*", "sqs:SendMessage"]
        Resource = aws_s3_bucket.b.arn
      },
      {
        Effect = "Allow", Action = "ec2:*", Resource = "*"
      },
      # Nobody touches identities.
      { Effect = "Deny", Action = "iam:*", Resource = "*" },
    ]
  })
}
"#;
    assert_eq!(changed("app/main.tf", before), Err(Unpatched::NotFound), "it may be another role's");
    let before = &format!("resource \"aws_iam_role\" \"app\" {{\n  name = \"app\"\n}}\n{before}");
    let after = changed("app/main.tf", before).unwrap();
    assert!(after.contains(r#"Action   = ["s3:GetObject", "sqs:SendMessage"]"#), "{after}");
    assert!(
        after.contains("aws_s3_bucket.b.arn")
            && after.contains("# the app")
            && after.contains("# Nobody touches identities.")
            && !after.contains("ec2:*"),
        "{after}"
    );
}

#[test]
fn a_heredoc_and_a_document_are_changed_where_they_stand() {
    let heredoc = format!(
        "resource \"aws_iam_role_policy\" \"x\" {{\n  name   = \"access\"\n  role   = \"app\"\n  policy = <<-EOF\n    {}\n  EOF\n}}\n",
        OLD.replace("arn:aws:s3:::b", "${aws_s3_bucket.b.arn}")
    );
    let after = changed("x.tf", &heredoc).unwrap();
    assert_eq!(
        after,
        heredoc
            .replace(r#"["s3:*","sqs:SendMessage"]"#, r#"["s3:GetObject", "sqs:SendMessage"]"#)
            .replace(r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"},"#, "")
    );

    let document = r#"data "aws_iam_policy_document" "d" {
  statement {
    actions = [
      "s3:*",
      "sqs:SendMessage",
    ]
    resources = [aws_s3_bucket.b.arn]
  }

  statement {
    actions   = ["ec2:*"]
    resources = ["*"]
  }

  statement {
    effect    = "Deny"
    actions   = ["iam:*"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "access" {
  name   = "access"
  role   = "app"
  policy = data.aws_iam_policy_document.d.json
}
"#;
    let after = changed("d.tf", document).unwrap();
    let expected = document
        .replace("\"s3:*\"", "\"s3:GetObject\"")
        .replace("  statement {\n    actions   = [\"ec2:*\"]\n    resources = [\"*\"]\n  }\n\n", "");
    assert_eq!(after, expected);
}

#[test]
fn templates_are_changed_in_either_form() {
    let yaml = r#"AWSTemplateFormatVersion: "2010-09-09"
Resources:
  App: # ä comment
    Type: AWS::IAM::Role
    Properties:
      RoleName: app
      Policies:
        - PolicyName: access
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action:
                  - s3:*
                  - sqs:SendMessage
                Resource: !GetAtt Bucket.Arn
              - Effect: Allow
                Action: ec2:*
                Resource: "*"
              - Effect: Deny
                Action: iam:*
                Resource: "*"
  Bucket:
    Type: AWS::S3::Bucket
"#;
    let after = changed("app.yaml", yaml).unwrap();
    let expected = yaml
        .replace("- s3:*\n", "- s3:GetObject\n")
        .replace("              - Effect: Allow\n                Action: ec2:*\n                Resource: \"*\"\n", "");
    assert_eq!(after, expected);

    let json = format!(
        r#"{{"Resources": {{"App": {{"Type": "AWS::IAM::Role", "Properties": {{"RoleName": "app", "Policies": [{{"PolicyName": "access", "PolicyDocument": {OLD}}}]}}}}}}}}"#
    );
    let after = changed("app.template", &json).unwrap();
    assert_eq!(
        after,
        json.replace(r#"["s3:*","sqs:SendMessage"]"#, r#"["s3:GetObject", "sqs:SendMessage"]"#)
            .replace(r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"},"#, "")
    );
}

#[test]
fn a_policy_of_a_template_is_its_roles() {
    let template = |roles: &str, role: &str| {
        format!(
            r#"{{"Resources": {{"App": {{"Type": "AWS::IAM::Role", "Properties": {{"RoleName": "{role}"}}}}, "P": {{"Type": "AWS::IAM::Policy", "Properties": {{"PolicyName": "access", "Roles": {roles}, "PolicyDocument": {OLD}}}}}}}}}"#
        )
    };
    assert!(changed("x.json", &template(r#"["app"]"#, "app")).is_ok());
    assert_eq!(changed("x.json", &template(r#"["web"]"#, "web")), Err(Unpatched::NotFound));
    assert_eq!(changed("x.json", &template(r#"["app", "web"]"#, "app")), Err(Unpatched::NotFound), "it is of several");
    assert_eq!(changed("x.json", &template(r#"[{"Ref": "Web"}]"#, "app")), Err(Unpatched::NotFound));
}

#[test]
fn statements_that_look_alike_are_not_mixed_up() {
    let of = |actions: &str| format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":"*"}}"#);
    let same = format!(r#"{{"Statement":[{},{},{{"Effect":"Deny","Action":"iam:*","Resource":"*"}}]}}"#, of("\"ec2:*\""), of("\"ec2:*\""));
    let code =
        format!("resource \"aws_iam_role_policy\" \"x\" {{\n  name = \"access\"\n  role = \"app\"\n  policy = <<EOF\n{same}\nEOF\n}}\n");
    let mut sources = Sources::of([(PathBuf::from("x.tf"), code)]);
    let (role, old) = (principal(""), Policy::parse(&same).unwrap());
    let site = sources.find(&role, Place::Inline("access"), &old, None, None).unwrap();
    let narrowed = Narrowed { changes: vec![Change::Keep, Change::Drop, Change::Keep], text: Some(NEW.to_owned()), removed: vec![] };
    assert!(
        matches!(sources.change(&site, &old, &narrowed), Err(Unpatched::Form { reason, .. }) if reason.contains("not both change alike"))
    );
    assert_eq!(sources.diff(), "");
}

#[test]
fn what_cannot_be_changed_to_the_letter_is_refused() {
    let of = |policy: &str| {
        format!("resource \"aws_iam_role_policy\" \"x\" {{\n  name = \"access\"\n  role = \"app\"\n  policy = {policy}\n}}\n")
    };
    let reason = |text: &str| match changed("x.tf", text) {
        Err(Unpatched::Form { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason(&of("file(\"policy.json\")")).contains("another expression"));
    assert!(reason(&of("jsonencode(local.policy)")).contains("to the letter"));
    assert!(reason(&of("jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"s3:*\" }] })")).contains("it has 1 statements"));
    let other = of(
        "jsonencode({ Statement = [{ Effect = \"Allow\", Action = var.actions }, { Effect = \"Allow\", Action = \"ec2:*\" }, { Effect = \"Deny\", Action = \"iam:*\" }] })",
    );
    assert!(reason(&other).contains("the actions of statement 1"));
    assert_eq!(
        changed("x.tf", "resource \"aws_iam_role_policy\" \"x\" {\n  name = \"other\"\n  policy = \"\"\n}\n"),
        Err(Unpatched::NotFound)
    );
    let live = of(&format!("<<EOF\n{OLD}\nEOF"));
    assert!(matches!(changed("x.tf", &format!("{live}{}", live.replace("\"x\"", "\"y\""))), Err(Unpatched::Several(_))));
}

#[test]
fn hostile_code_is_no_harm() {
    for text in
        ["resource \"aws_iam_role_policy\" \"x\" {", "AWS::IAM::\n[[[[", "{\"Resources\": {\"AWS::IAM::\": *a}}", "AWS::IAM:: &a [*a]"]
    {
        for path in ["x.tf", "x.yaml"] {
            assert_eq!(changed(path, text), Err(Unpatched::NotFound));
        }
    }
    let deep = format!("AWS::IAM::: {}{}", "[".repeat(2_000), "]".repeat(2_000));
    assert_eq!(changed("x.yaml", &deep), Err(Unpatched::NotFound));
    assert_eq!(changed("x.tf", &format!("aws_iam_x = {}1{}", "(".repeat(5_000), ")".repeat(5_000))), Err(Unpatched::NotFound));
}

#[test]
fn tags_map_and_state_tell_of_owners() {
    let mut ownership = Ownership::default();
    let place = Place::Inline("access");
    let tag = |key: &str, value: &str| principal(&format!(r#"{{"Key":"{key}","Value":"{value}"}}"#));
    assert_eq!(ownership.owner(&principal(""), place), None);
    assert_eq!(ownership.owner(&tag("ManagedBy", "Terraform Cloud"), place).unwrap().tool, Tool::Terraform);
    assert_eq!(ownership.owner(&tag("managed-by", "people"), place), None);
    let stack = ownership.owner(&tag("aws:cloudformation:stack-name", "web"), place).unwrap();
    assert_eq!((stack.tool, stack.name.as_deref()), (Tool::CloudFormation, Some("web")));

    ownership.tags.add(super::TagRule::parse("squad=infra*").unwrap());
    assert_eq!(ownership.owner(&tag("Squad", "infra-1"), place).unwrap().tool, Tool::Terraform);
    ownership.map =
        Map::parse("\"arn:aws:iam::*:role/a*\" = \"roles/\"\n\"arn:aws:iam::*:role/app\" = \"app/\"\n\"stack:w*\" = \"web.yaml\"\n")
            .unwrap();
    let mapped: Owner = ownership.owner(&principal(""), place).unwrap();
    assert_eq!((mapped.tool, mapped.path), (Tool::Other, Some(PathBuf::from("app/"))));
    ownership.map = Map::parse(r#"{"stack:w*": "web.yaml"}"#).unwrap();
    assert_eq!(ownership.owner(&tag("aws:cloudformation:stack-name", "web"), place).unwrap().path, Some(PathBuf::from("web.yaml")));

    let state = |account: &str| {
        let mut state = State::default();
        state.add(&format!(r#"{{"version":4,"resources":[{{"module":"module.m","mode":"managed","type":"aws_iam_role_policy","name":"x","instances":[{{"index_key":"k","attributes":{{"role":"app","name":"access","policy":"{{}}"}}}}]}},{{"mode":"managed","type":"aws_iam_role","name":"app","instances":[{{"attributes":{{"name":"app","arn":"arn:aws:iam::{account}:role/app"}}}}]}}]}}"#)).unwrap();
        state
    };
    ownership.state = state("111122223333");
    assert_eq!(ownership.owner(&principal(""), place).unwrap().name.as_deref(), Some("module.m.aws_iam_role_policy.x[\"k\"]"));
    assert_eq!(ownership.owner(&principal(""), Place::Inline("other")).unwrap().name.as_deref(), Some("aws_iam_role.app"));
    ownership.state = state("444455556666");
    assert_eq!(ownership.owner(&principal(""), place), None, "the state is of another account");
    assert!(State::default().add(r#"{"version":3}"#).is_err());
}
