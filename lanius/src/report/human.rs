//! For people: a finding is a few lines, with its places.

use std::fmt::Write as _;

use menagerie_report::shown as plain;

use super::{Run, Shown, secret};
use crate::scan::Engine;

/// How many places of a finding are listed.
const PLACES: usize = 5;

/// The findings as text.
#[must_use]
pub fn human(run: &Run, engine: &Engine, shown: Shown) -> String {
    let mut text = String::new();
    let mut findings: Vec<_> = run.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse((finding.rule(engine).definition.severity, finding.confidence())));
    for finding in findings {
        let definition = &finding.rule(engine).definition;
        let severity = format!("{:?}", definition.severity).to_lowercase();
        let _ = writeln!(text, "{severity}: {} [{}], {} % sure", definition.name, definition.id, finding.confidence());
        let _ = writeln!(text, "  secret: {}", plain(&secret(finding, engine, shown)));
        for place in finding.places.iter().take(PLACES) {
            let _ = write!(text, "  {}:{}:{}", plain(&place.path), place.line, place.column);
            if let Some(lineage) = &place.lineage {
                let state = if lineage.in_head { "still in HEAD" } else { "no longer in HEAD" };
                let _ = write!(
                    text,
                    "  since {} by {}, {state}",
                    &lineage.first.id[..lineage.first.id.len().min(10)],
                    plain(&lineage.first.author)
                );
            }
            text.push('\n');
        }
        if finding.places.len() > PLACES {
            let _ = writeln!(text, "  and {} more places", finding.places.len() - PLACES);
        }
        if let Some(verification) = &finding.verification {
            let _ = writeln!(text, "  verification: {}, {}", verification.state.name(), verification.reason);
        }
        let _ = writeln!(text, "  because {}", finding.best().reasons.join(", "));
        text.push('\n');
    }
    text
}
