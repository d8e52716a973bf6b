//! What is not changed live: what code owns, and what the blocklist in S3 names.

use serde_json::json;

use crate::both;
use crate::place::Place;
use crate::world::World;

both!(what_code_owns_is_changed_there, without_the_code_its_text_is_told, a_blocklist_that_grew_is_kept_to);

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage"],"Resource":"*"}]}"#;

/// Terraform's code of an inline policy `data` of a `role`, a `user` or a `group`.
pub(crate) fn code(kind: &str, name: &str) -> String {
    format!(
        r#"resource "aws_iam_{kind}_policy" "{name}" {{
  name = "data"
  {kind} = "{name}"
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "sqs:SendMessage"]
      Resource = "*"
    }}]
  }})
}}
"#
    )
}

/// A role that Terraform made, and one that nobody did, both of which could do without SQS.
fn roles(world: &World<'_>) -> String {
    let owned = world.role("reader", &[("data", POLICY)]);
    let tag = [("RoleName", "reader"), ("Tags.member.1.Key", "managed-by"), ("Tags.member.1.Value", "terraform")];
    let _ = world.iam("TagRole", &tag);
    let free = world.role("free", &[("data", POLICY)]);
    world.advisor(&[(&owned, &[("s3", true), ("sqs", false)]), (&free, &[("s3", true), ("sqs", false)])])
}

fn what_code_owns_is_changed_there(place: &Place) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("code")).expect("is made");
    std::fs::write(folder.path().join("code/main.tf"), code("role", "reader")).expect("is written");
    let (code, output) = (folder.path().join("code"), folder.path().join("review"));
    let world = World::new("owned", place, json!({ "code": { "folder": code, "output": output } }));
    let (account, advisor) = (world.account.as_str(), roles(&world));
    let round = world.json(&["run", "--account", account, "--access-advisor", &advisor, "-c"]);
    let done = &round["accounts"][0];
    assert_eq!((&done["changed"], &done["left"]), (&json!(1), &json!(1)), "{round}");
    assert_eq!(done["owned"][0]["role"], json!("reader"), "{round}");
    assert_eq!(world.policy("reader", "data"), POLICY, "it is not edited while it lives");
    assert!(!world.policy("free", "data").contains("sqs"));
    let patch = std::fs::read_to_string(output.join(account).join("changes.patch")).expect("is written");
    assert!(patch.contains("-      Action   = [\"s3:GetObject\", \"sqs:SendMessage\"]"), "{patch}");
    let request = std::fs::read_to_string(output.join(account).join("pull-request.md")).expect("is written");
    assert!(request.contains("aws_iam_role_policy.reader"), "{request}");
    // What was scheduled of it is done with.
    let listed = world.json(&["show_scheduled_roles", account]);
    assert_eq!(listed["scheduled"], json!([]), "{listed}");
}

fn without_the_code_its_text_is_told(place: &Place) {
    let world = World::new("told", place, json!({}));
    let (account, advisor) = (world.account.as_str(), roles(&world));
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    let done = world.run(&["repo_role", account, "reader", "-c"]);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("Terraform owns it") && done.text().contains("To be made by hand"), "{}{}", done.text(), done.stderr);
    assert_eq!(world.policy("reader", "data"), POLICY);
    // Nor by what a person names.
    let list = world.namespace.write("roles.json", json!([format!("arn:aws:iam::{account}:role/reader")]).to_string());
    let done = world.run(&["remove_permissions_from_roles", "sqs:SendMessage", "-f", list.to_str().expect("text"), "-c"]);
    assert!(done.stderr.contains("Terraform owns it"), "{}", done.stderr);
    assert_eq!(world.policy("reader", "data"), POLICY);
}

fn a_blocklist_that_grew_is_kept_to(place: &Place) {
    let namespace = menagerie_tests::Namespace::new("blocklist");
    let (moto, bucket) = (menagerie_tests::Moto::shared(), namespace.name("blocklist"));
    moto.create_bucket(&bucket);
    let file = json!({ "bucket": bucket, "key": "blocklist.json", "region": "us-east-1" });
    let config = json!({
        "active_filters": ["repokid.filters.blocklist:BlocklistFilter"],
        "filter_config": { "BlocklistFilter": { "blocklist_bucket": file } },
    });
    let world = World::new("blocked", place, config);
    let block = |names: &[&str]| {
        moto.put_object(&bucket, "blocklist.json", json!({ "names": names.iter().map(|name| ((*name).to_owned(), json!([world.account]))).collect::<serde_json::Map<_, _>>(), "arns": [] }).to_string())
    };
    block(&[]);
    let account = world.account.as_str();
    let policies: Vec<_> = ["one", "two"].into_iter().map(|role| world.role(role, &[("data", POLICY)])).collect();
    let unused: Vec<_> = policies.iter().map(|arn| (arn.as_str(), &[("s3", true), ("sqs", false)][..])).collect();
    let advisor = world.advisor(&unused);
    world.done(&["update_role_cache", account, "--access-advisor", &advisor]);
    world.done(&["schedule_repo", account]);
    block(&["one"]);
    let done = world.run(&["repo_scheduled_roles", account, "-c"]);
    assert!(done.text().contains("1 changed, 1 left"), "{}{}", done.text(), done.stderr);
    assert_eq!(world.policy("one", "data"), POLICY, "it was named in the meantime");
    assert!(!world.policy("two", "data").contains("sqs"));
    let done = world.run(&["repo_role", account, "one", "-c"]);
    assert!(done.stderr.contains("left alone"), "{}", done.stderr);
    assert_eq!(world.policy("one", "data"), POLICY);
}
