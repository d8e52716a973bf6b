//! Finding roles by permission, and removing permissions by name.

use crate::world::{UNUSED, WIDE, World};

#[test]
fn what_is_found_is_removed() {
    let world = World::new("find");
    let (reader, other) = (world.role("reader", &[("wide", WIDE)]), world.role("other", &[("unused", UNUSED)]));
    let file = world.namespace.file("roles.json");
    let file = file.to_str().expect("text");
    let found = world.run(&["find_roles_with_permissions", "S3:getobject", "-o", file]).success().text();
    assert!(found.contains("role/reader: S3:getobject") && !found.contains("role/other"), "{found}");
    let list: Vec<String> = serde_json::from_str(&std::fs::read_to_string(file).expect("is written")).expect("a list");
    assert_eq!(list, [reader.to_string()]);

    let remove = ["remove_permissions_from_roles", "s3:GetObject", "sns:Publish", "-f", file];
    let shown = world.run(&remove).success();
    assert!(shown.text().contains("is changed") && world.written().is_empty(), "{}", shown.text());
    world.done(&[&remove[..], &["-c"]].concat());
    assert_eq!(world.written(), ["PutRolePolicy"]);
    assert!(!world.allows(&reader, "s3:GetObject") && world.allows(&reader, "sqs:ListQueues"), "what was named goes, and nothing else");
    assert_eq!(world.live(&other)["unused"], UNUSED);
    assert_eq!(world.changes(&reader)[0].change.purpose.as_str(), "remove");
}

#[test]
fn what_is_no_permission_is_refused() {
    let world = World::new("words");
    let run = world.run(&["find_roles_with_permissions", "not a permission"]);
    assert!(run.status == Some(2) && run.stderr.contains("is no permission"), "{}", run.stderr);
}
