//! Who may depend on whom.

use super::{folder, is_harness, is_infra, is_tool, metadata};
use cargo_metadata::{DependencyKind, Metadata, Package};
use menagerie_tests::process::run_within;
use menagerie_tests::workspace;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

/// Each member's dependencies on members: who, on whom, of what kind.
fn edges(metadata: &Metadata) -> Vec<(&Package, &Package, DependencyKind)> {
    let members: BTreeMap<&str, &Package> = metadata.packages.iter().map(|package| (package.name.as_str(), package)).collect();
    let edges = metadata.packages.iter().flat_map(|package| package.dependencies.iter().map(move |dependency| (package, dependency)));
    edges
        .filter(|(_, dependency)| dependency.path.is_some())
        .map(|(package, dependency)| {
            let on = members.get(dependency.name.as_str());
            (package, *on.unwrap_or_else(|| panic!("{} depends on a path outside: {}", package.name, dependency.name)), dependency.kind)
        })
        .collect()
}

#[test]
fn the_workspace_has_tools_and_infra() {
    let metadata = metadata();
    assert!(metadata.packages.iter().any(is_tool) && metadata.packages.iter().any(is_infra) && metadata.packages.iter().any(is_harness));
    assert!(!edges(&metadata).is_empty());
}

#[test]
fn a_tool_depends_on_infra_only() {
    for (from, on, _) in edges(&metadata()) {
        assert!(!is_tool(on), "{} depends on the tool {}", from.name, on.name);
    }
}

#[test]
fn the_harness_is_for_tests_only() {
    for (from, on, kind) in edges(&metadata()) {
        assert!(!is_harness(on) || kind == DependencyKind::Development, "{} depends on the harness beyond its tests", from.name);
    }
}

#[test]
fn infra_has_no_cycle() {
    let metadata = metadata();
    let mut waiting: BTreeMap<&str, BTreeSet<&str>> =
        metadata.packages.iter().filter(|package| is_infra(package)).map(|package| (package.name.as_str(), BTreeSet::new())).collect();
    for (from, on, kind) in edges(&metadata) {
        if is_infra(from) && kind != DependencyKind::Development {
            assert!(is_infra(on), "{} is shared and depends on {}", from.name, on.name);
            waiting.entry(from.name.as_str()).or_default().insert(on.name.as_str());
        }
    }
    while !waiting.is_empty() {
        let free: BTreeSet<&str> = waiting.iter().filter(|(_, on)| on.is_empty()).map(|(name, _)| *name).collect();
        assert!(!free.is_empty(), "these depend on each other in a circle: {:?}", waiting.keys());
        waiting.retain(|name, _| !free.contains(name));
        waiting.values_mut().for_each(|on| on.retain(|name| !free.contains(name)));
    }
}

#[test]
fn each_aws_sdk_has_one_adapter() {
    let metadata = metadata();
    let mut users: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in &metadata.packages {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.name.starts_with("aws-sdk-")) {
            users.entry(&dependency.name).or_default().insert(folder(package).display().to_string());
        }
    }
    assert!(!users.is_empty());
    let mut adapters = BTreeSet::new();
    for (sdk, users) in users {
        let user = users.first().expect("an entry has a user");
        assert!(users.len() == 1 && user.starts_with("infra/aws/"), "{sdk} is used by {users:?} and not by one adapter under infra/aws");
        assert!(adapters.insert(user.clone()), "{user} is the adapter of two services");
    }
}

#[test]
fn a_name_says_what_a_crate_is() {
    for package in &metadata().packages {
        let vague = ["util", "common", "helper", "misc", "manager"].iter().find(|word| package.name.contains(**word));
        assert_eq!(vague, None, "{}", package.name);
        if is_infra(package) || is_harness(package) {
            assert!(package.name.starts_with("menagerie-"), "{}", package.name);
        } else {
            assert_eq!(folder(package).to_str(), Some(package.name.as_str()), "a tool's folder has its name");
        }
    }
}

fn tree(package: &str, target: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace());
    cargo.args(["tree", "--locked", "--package", package, "--target", target, "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let text = run_within(Duration::from_secs(300), cargo, b"").success().text();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).filter(|name| !name.is_empty()).collect()
}

/// The client is for macOS and Windows too. Building for them needs their toolchains; what they would build is known without.
#[test]
fn the_client_builds_on_other_systems() {
    let linux_only = [
        "inotify",
        "inotify-sys",
        "procfs",
        "epoll",
        "io-uring",
        "tokio-uring",
        "landlock",
        "seccompiler",
        "caps",
        "libsystemd",
        "netlink-sys",
        "linux-raw-sys",
        "keyutils",
    ];
    let unix_only = ["rustix", "nix", "signal-hook-registry", "signal-hook", "users", "uzers", "xattr", "termios"];
    for (target, absent) in
        [("aarch64-apple-darwin", linux_only.to_vec()), ("x86_64-pc-windows-msvc", linux_only.into_iter().chain(unix_only).collect())]
    {
        let tree = tree("bless", target);
        assert!(tree.contains("bless") && tree.contains("tokio"), "{tree:?}");
        let found: Vec<_> = absent.into_iter().filter(|name| tree.contains(*name)).collect();
        assert!(found.is_empty(), "bless for {target} depends on {found:?}");
    }
}
