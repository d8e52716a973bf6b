//! The section of one principal.

use maud::{Markup, html as markup};
use menagerie_report::shown;

use super::summary::{bar, grouped};
use super::{diff, service};
use crate::analysis::{Analysis, Counts, Outcome, Place, PolicyAnalysis};
use crate::iac::Owner;
use crate::proof::Proof;
use crate::verdict::{Universe, Window};

pub(super) fn section(analysis: &Analysis<'_>, owner: Option<&Owner>, universe: &Universe, window: &Window, number: usize) -> Markup {
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
                (service::tables(analysis, universe, window))
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
                li { (grouped(proof.statements_within)) " granting statements, each within one that is there now: nothing is granted that was not" }
                li { (grouped(proof.permissions_kept)) " permissions that are not proved unused, each still granted" }
                @if proof.denials_kept > 0 { li { (grouped(proof.denials_kept)) " denying statements, each still there" } }
                li { (grouped(proof.uses_replayed)) " uses of the window, decided anew: " (grouped(proof.newly_denied)) " would be denied" }
            }
        }
    }
}

fn policy(policy: &PolicyAnalysis<'_>) -> Markup {
    let how = match (policy.place, policy.after.len()) {
        (Place::Inline(_), 0) => "inline, goes".to_owned(),
        (Place::Inline(_), _) => "inline".to_owned(),
        (Place::Own(_) | Place::Shared(_), 0) => "managed, is detached".to_owned(),
        (Place::Own(_), 1) => "managed, gets a new version".to_owned(),
        (Place::Shared(_), 1) => "managed, a narrowed copy takes its place".to_owned(),
        (_, several) => format!("managed, {several} narrowed policies take its place"),
    };
    markup! {
        @if policy.judged.is_none() {
            p.notice.refused { b { bdi { (shown(policy.place.name())) } } " is no policy that can be read, and stays as it is." }
        } @else if policy.changes() {
            h3 { "Policy " bdi.plain { (shown(policy.place.name())) } " " span.more { (how) } }
            (diff::between(policy.document.text(), policy.after.iter().map(String::as_str)))
        }
    }
}
