//! The section of one principal.

use maud::{Markup, html as markup};
use menagerie_report::shown;

use super::diff;
use super::service::{self, Shared};
use super::summary::{bar, grouped};
use crate::account::Owner;
use crate::analysis::{Analysis, Counts, Outcome, PolicyAnalysis};
use crate::iac;
use crate::permission_set::set_name;
use crate::proof::Proof;
use crate::verdict::{Universe, Window};

pub(super) fn section(
    analysis: &Analysis<'_>,
    owner: Option<&iac::Owner>,
    universe: &Universe,
    window: &Window,
    number: usize,
    shared: &mut Shared,
) -> Markup {
    let principal = analysis.principal;
    let counts = analysis.counts();
    let Counts { used, unused, unobservable, unknown } = counts;
    let (outcome, title) = match &analysis.outcome {
        Outcome::Narrowed(_) => ("narrowed", "would change"),
        Outcome::Refused(_) => ("refused", "refused"),
        Outcome::Left(_) => ("left", "left alone"),
        Outcome::Same => ("same", "stays"),
    };
    let parts = [("used", used), ("unused", unused), ("unobservable", unobservable), ("unknown", unknown)];
    markup! {
        details.finding.principal.(outcome) data-outcome=(outcome) data-kind=(principal.kind) data-used=(used) data-unused=(unused)
            data-granted=(counts.total()) id={ "p" (number) } {
            summary {
                span.badge.(outcome) { (title) }
                span.what {
                    b { bdi { (shown(&principal.name)) } }
                    span.where { bdi { (shown(principal.arn.as_str())) } }
                }
                (bar(&parts, counts.total()))
                span.tally { b { (grouped(unused)) } " of " (grouped(counts.total())) " unused" }
            }
            div.body {
                (standing(analysis))
                @if let (Owner::IdentityCenter, Some(set)) = (principal.owner(), set_name(&principal.name)) {
                    p.notice.left { b { "To be changed in its permission set: " } bdi { (shown(set)) } ", with what all of its roles used." }
                }
                @if let Some(owner) = owner {
                    p.notice.left { b { "To be changed in code: " } (shown(&owner.to_string())) }
                }
                @if counts.total() > 0 {
                    p.legend {
                        @for (verdict, count) in parts { span.verdict.(verdict) { b { (grouped(count)) } " " (verdict) } " " }
                    }
                }
                @for policy in &analysis.policies { (self::policy(policy)) }
                @if analysis.policies.is_empty() { p.soft { "It has no policies." } }
                (service::tables(analysis, universe, window, shared))
            }
        }
    }
}

fn standing(analysis: &Analysis<'_>) -> Markup {
    markup! {
        @match &analysis.outcome {
            Outcome::Narrowed(proof) => { (self::proof(proof)) }
            Outcome::Refused(reason) => { p.notice.refused { b { "Refused: it stays as it is. " } (shown(&reason.to_string())) } }
            Outcome::Left(left) => { p.notice.left { b { "Left alone: " } (shown(&left.to_string())) } }
            Outcome::Same => { p.notice { "Nothing of it is proved unused, or nothing of it can go." } }
        }
    }
}

/// What was shown of a change.
pub(super) fn proof(proof: &Proof) -> Markup {
    markup! {
        div.proof {
            b { "Proved" }
            ul {
                li { (several(proof.statements_within, "granting statement")) ", within what is there now: nothing is granted that was not" }
                li { (several(proof.permissions_kept, "permission")) " not proved unused, each still granted" }
                @if proof.denials_kept > 0 { li { (several(proof.denials_kept, "denying statement")) ", each still there" } }
                li { (several(proof.uses_replayed, "use")) " of the window, decided anew: " (grouped(proof.newly_denied)) " would be denied" }
            }
        }
    }
}

fn several(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

fn policy(policy: &PolicyAnalysis<'_>) -> Markup {
    let how = policy.fate();
    markup! {
        @if policy.judged.is_none() {
            p.notice.refused { b { bdi { (shown(policy.place.name())) } } " is no policy that can be read, and stays as it is." }
        } @else if policy.changes() {
            h3 { "Policy " bdi.plain { (shown(policy.place.name())) } " " span.more { (how) } }
            (diff::between(policy.document.text(), policy.after.iter().map(String::as_str)))
        }
    }
}
