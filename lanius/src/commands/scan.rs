//! `lanius scan`.

use std::sync::Arc;

use menagerie_report::{self as report, Exit, count};

use super::output::{self, Telling};
use super::policy::Prepared;
use super::sources::{Forgetful, Read};
use super::state::Kept;
use super::{policy, sources};
use crate::cli::{Scan, Verification};
use crate::coverage::Ledger;
use crate::policy::{Applied, Idle};
use crate::report::{Run, Shown, least};
use crate::rules::{Level, version};
use crate::scan::Engine;
use crate::state::Standing;
use crate::triage::{Finding, Sighting, group};
use crate::verify::{Options, Verifier};

/// How many waivers that do nothing are told one by one.
const TOLD: usize = 5;

pub(super) fn run(scan: &Scan) -> anyhow::Result<Exit> {
    if !sources::named(&scan.sources, "scan") {
        return Ok(Exit::Incomplete);
    }
    let mut prepared = policy::prepare(&scan.sources, &scan.policies, None)?;
    let engine = Arc::new(sources::engine(&scan.sources, &mut prepared)?);
    let level = scan.sources.confidence.or(prepared.config.scan.confidence).unwrap_or(Level::Medium);
    if let Some(exit) = super::bucket::resumable(scan, &engine, &mut prepared, level)? {
        return Ok(exit);
    }
    let mut kept = scan.state.as_deref().map(|path| Kept::open(path, false)).transpose()?;
    let read = match &mut kept {
        Some(kept) => {
            // Which states' personal data is looked for is no matter of the rules' text.
            kept.rules = version(engine.rules(), &scan.sources.jurisdiction.join(","));
            sources::read(&scan.sources, &prepared, &engine, kept)?
        }
        None => sources::read(&scan.sources, &prepared, &engine, &mut Forgetful)?,
    };
    // A base that is not there was told.
    let Some(Read { sightings, ledger, pending }) = read else { return Ok(Exit::Incomplete) };
    let mut run = settle(sightings, ledger, &engine, &mut prepared, level);
    if scan.verification.verify {
        verifier(&scan.verification)?.verify(&engine, &mut run.findings);
    }
    if let Some(kept) = &mut kept {
        kept.states.see(&mut run.findings, &engine, super::now());
        kept.save()?;
    }
    let telling = Telling {
        format: scan.format,
        shown: Shown { secrets: scan.show_secrets, now: output::now() },
        subject: output::subject(&scan.sources.paths, &scan.sources.git),
        to: scan.output.as_deref(),
    };
    output::write(&run, &engine, &telling)?;
    pending.commit()?;
    tell(&run);
    let fails = least(scan.fail_on.unwrap_or(level));
    Ok(run.exit(|finding| finding.confidence() >= fails && finding.known.is_none_or(|known| known.state != Standing::Rotated)))
}

/// What of the finds is reported.
pub(super) fn settle(mut scanned: Vec<Sighting>, ledger: Ledger, engine: &Engine, prepared: &mut Prepared, level: Level) -> Run {
    if let Some(tokens) = &prepared.tokens {
        scanned.retain(|sighting| !tokens.recognises(sighting.found.secret.expose()));
    }
    let mut findings = group(scanned, engine, &prepared.fingerprints);
    let all = findings.len();
    at_least(&mut findings, least(level));
    let below = all - findings.len();
    let applied = prepared.policy.apply(&mut findings, engine, super::today());
    Run { below, findings, ledger, applied }
}

/// Leaves the places of at least this confidence.
pub(super) fn at_least(findings: &mut Vec<Finding>, least: u8) {
    findings.retain_mut(|finding| {
        finding.places.retain(|place| place.confidence >= least);
        !finding.places.is_empty()
    });
}

/// What a person should know of waivers.
fn tell(run: &Run) {
    let Applied { asked, unused, expired, .. } = &run.applied;
    idle(expired, "waiver no longer counts", "waivers no longer count");
    idle(unused, "waiver matches nothing", "waivers match nothing");
    if !asked.is_empty() {
        let places = count(asked.len(), "place, which is", "places, which are");
        report::warning(format_args!("the source asks not to report {places} reported all the same"));
        for place in asked.iter().take(TOLD) {
            report::note(format_args!("  {}:{} [{}] by {}", report::shown(&place.path), place.line, place.rule, report::shown(&place.by)));
        }
    }
}

fn idle(waivers: &[Idle], one: &str, many: &str) {
    if waivers.is_empty() {
        return;
    }
    report::warning(format_args!("{}:", count(waivers.len() as u64, one, many)));
    for waiver in waivers.iter().take(TOLD) {
        report::note(format_args!("  {}: {}", report::shown(&waiver.waiver), waiver.why));
    }
    if waivers.len() > TOLD {
        report::note(format_args!("  and {} more; --format json lists them", waivers.len() - TOLD));
    }
}

/// What asks the services.
fn verifier(asked: &Verification) -> anyhow::Result<Verifier> {
    let seed = super::now().as_nanosecond().unsigned_abs();
    let options = Options {
        rate: asked.verify_rate,
        proxy: asked.proxy.clone(),
        endpoints: asked.verify_endpoint.clone(),
        seed: u64::try_from(seed & u128::from(u64::MAX)).unwrap_or_default(),
    };
    Ok(Verifier::new(options)?)
}
