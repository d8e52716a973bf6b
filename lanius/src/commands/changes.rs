//! `lanius scan --staged` and `--diff`: what a change brings to a repository.

use anyhow::bail;
use menagerie_git::Repository;
use menagerie_report as output;

use crate::cli::Sources;
use crate::coverage::Ledger;
use crate::scan::Engine;
use crate::source::Progress;
use crate::source::changes::{Changes, Error};
use crate::triage::Sighting;

/// What was found; none if there was nothing to compare with, which was told.
pub(super) fn gather(sources: &Sources, engine: &Engine, threads: usize) -> anyhow::Result<Option<(Vec<Sighting>, Ledger)>> {
    let repository = match &sources.paths[..] {
        [] => super::hook::here()?,
        [path] => Repository::discover(path)?,
        _ => bail!("--staged and --diff take one repository"),
    };
    let refs = repository.refs();
    let changes = Changes { engine, repository: &repository, refs: &refs, threads, progress: &Progress::default() };
    let Some(base) = &sources.diff else { return Ok(Some(changes.staged()?)) };
    match changes.since(base) {
        Err(error @ Error::Base { shallow, .. }) => {
            output::error(&error);
            if shallow {
                output::hint("this clone is shallow: fetch the whole history (`fetch-depth: 0`, GIT_DEPTH: 0),");
                output::hint("or the base alone: git fetch --depth=1 origin BASE, then --diff FETCH_HEAD");
            } else {
                output::hint(format_args!("is it fetched? git fetch origin {}", output::shown(base)));
            }
            Ok(None)
        }
        other => Ok(Some(other?)),
    }
}
