//! The laws of the house that a machine can check: who may depend on whom, from cargo's own metadata, and what source files
//! may be and say. ARCHITECTURE.md gives the reasons.

mod dependencies;
mod sources;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use menagerie_tests::workspace;
use std::path::{Path, PathBuf};

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(workspace().join("Cargo.toml")).no_deps().exec().expect("cargo reads the workspace")
}

/// The folder of a package, from the root of the workspace: `infra/aws/kms`.
fn folder(package: &Package) -> PathBuf {
    let folder = package.manifest_path.parent().expect("a manifest is in a folder");
    folder.as_std_path().strip_prefix(workspace()).expect("members are in the workspace").to_owned()
}

fn is_infra(package: &Package) -> bool {
    folder(package).starts_with("infra")
}

fn is_harness(package: &Package) -> bool {
    folder(package) == Path::new("tests")
}

/// What is neither shared nor the harness is a tool.
fn is_tool(package: &Package) -> bool {
    !is_infra(package) && !is_harness(package)
}
