//! `lanius baseline`: what is found now is not reported again.

use anyhow::{Context as _, bail};
use menagerie_report::{self as output, Exit, count};

use super::sources::{Forgetful, Read};
use super::{policy, sources};
use crate::cli::BaselineOptions;
use crate::durable;
use crate::policy::{Baseline, baseline};
use crate::report::least;
use crate::rules::Level;
use crate::triage::group;

/// The longest baseline that is read.
const LONGEST: u64 = 256 << 20;

pub(super) fn run(options: &BaselineOptions) -> anyhow::Result<Exit> {
    if !sources::named(&options.sources, "baseline") {
        return Ok(Exit::Incomplete);
    }
    let mut prepared = policy::prepare(&options.sources, &options.policies, Some(&options.output))?;
    let engine = std::sync::Arc::new(sources::engine(&options.sources, &mut prepared)?);
    let Some(Read { sightings, ledger, .. }) = sources::read(&options.sources, &prepared, &engine, &mut Forgetful)? else {
        return Ok(Exit::Incomplete);
    };
    let level = options.sources.confidence.or(prepared.config.scan.confidence).unwrap_or(Level::Medium);
    let mut findings = group(sightings, &engine, &prepared.fingerprints);
    super::scan::at_least(&mut findings, least(level));
    let today = super::today();
    prepared.policy.apply(&mut findings, &engine, today);
    for (entry, reason) in ledger.errors() {
        output::error(format_args!("{}: {}", output::shown(&entry.source), output::shown(reason)));
    }
    if ledger.errors().next().is_some() && options.prune {
        bail!("nothing was pruned, since not everything could be read: what was not read is not gone");
    }
    let shown = options.output.display();
    // A pipe or a device has no older content.
    let file = output::descriptor(&options.output).is_none() && !options.output.metadata().is_ok_and(|kind| !kind.is_file());
    let known = file
        .then(|| durable::read(&options.output, LONGEST, true))
        .transpose()
        .map(Option::flatten)
        .with_context(|| format!("{shown} cannot be read"))?;
    let mut recorded = match known {
        Some(text) => baseline::parse(&shown.to_string(), &text, &prepared.fingerprints)?,
        None => Baseline::empty(&prepared.fingerprints),
    };
    let change = recorded.update(&findings, &engine, today, options.prune);
    output::replace(&options.output, recorded.text().as_bytes()).with_context(|| format!("{shown} cannot be written"))?;
    output::note(format_args!(
        "{shown}: {} added, {} kept, {} dropped; {}",
        change.added,
        change.kept,
        change.pruned,
        count(recorded.entries.len(), "entry", "entries")
    ));
    if change.stale > 0 {
        output::hint(format_args!(
            "{} any more; --prune drops them",
            count(change.stale, "entry matches nothing", "entries match nothing")
        ));
    }
    Ok(if ledger.errors().next().is_some() { Exit::Incomplete } else { Exit::Fine })
}
