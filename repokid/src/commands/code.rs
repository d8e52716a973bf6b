//! What code owns, from the files that the configuration or the command line names.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::text;
use crate::account::MAX_BYTES;
use crate::compat::config::CodeFiles;
use crate::iac::{Code, Map, Ownership, Sources, TagRule};

/// What tells of owners.
pub(super) fn ownership(tags: &[TagRule], map: Option<&Path>, states: &[PathBuf]) -> anyhow::Result<Ownership> {
    let mut ownership = Ownership::default();
    tags.iter().for_each(|rule| ownership.tags.add(rule.clone()));
    if let Some(path) = map {
        let text = text(path, MAX_BYTES)?;
        ownership.map = Map::parse(&text).with_context(|| format!("{} cannot be used", path.display()))?;
    }
    for path in states {
        let text = text(path, MAX_BYTES)?;
        ownership.state.add(&text).with_context(|| format!("{} cannot be used", path.display()))?;
    }
    Ok(ownership)
}

/// The folder of code.
pub(super) fn sources(folder: &Path) -> anyhow::Result<Sources> {
    Sources::load(folder).with_context(|| format!("{} cannot be used", folder.display()))
}

/// What the configuration names.
pub(super) fn of(files: &CodeFiles) -> anyhow::Result<Code> {
    let rule = |text: &String| TagRule::parse(text).map_err(|reason| anyhow::anyhow!("code.terraform_tags: {reason}"));
    let tags = files.terraform_tags.iter().map(rule).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Code {
        ownership: ownership(&tags, files.map.as_deref(), &files.terraform_state)?,
        sources: files.folder.as_deref().map(sources).transpose()?.unwrap_or_default(),
        output: files.output.clone(),
    })
}
