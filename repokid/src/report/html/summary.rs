//! What stands above and below the principals: the totals, what the verdicts stand on, the ranking, the proposals, the problems.

use maud::{Markup, html as markup};
use menagerie_report::shown;

use super::super::{Head, Tail, Totals};
use crate::analysis::Counts;
use crate::permission_set::{Proposal, State};
use crate::ranking::{Entry, Path};
use crate::verdict::Verdict;

/// How many entries of the ranking stand open.
const OPEN: usize = 12;
/// How many paths of an entry are told of in full.
const PATHS: usize = 80;

pub(super) fn header(head: &Head, tail: &Tail<'_>) -> Markup {
    let Totals { principals, narrowed, refused, left, counts } = tail.totals;
    let accounts = if head.accounts.len() == 1 { "account" } else { "accounts" };
    markup! {
        header {
            div.wide {
                p.tool { "repokid report" }
                h1 {
                    (accounts) " " bdi { (list(head.accounts.iter().take(4))) }
                    @if head.accounts.len() > 4 { " and " (head.accounts.len() - 4) " more" }
                }
                p.span {
                    (head.window.days()) " days, " (head.window.from.strftime("%Y-%m-%d")) " to " (head.window.to.strftime("%Y-%m-%d %H:%M UTC"))
                }
                div.totals {
                    (total("narrowed", narrowed, "would change"))
                    (total("refused", refused, "refused"))
                    (total("left", left, "left alone"))
                    (total("same", principals.saturating_sub(narrowed + refused + left), "stay"))
                    div.rest {
                        div.number { b { (grouped(principals)) } span { (if principals == 1 { "principal" } else { "principals" }) } }
                        div.number { b { (grouped(counts.total())) } span { "permissions" } }
                        div.number { b { (grouped(counts.unused)) } span { "proved unused" } }
                    }
                }
            }
        }
    }
}

fn total(class: &str, count: usize, what: &str) -> Markup {
    markup! { div.total.(class).zero[count == 0] { b { (grouped(count)) } span { (what) } } }
}

pub(super) fn overview(head: &Head, tail: &Tail<'_>) -> Markup {
    markup! {
        div.pair {
            section.panel {
                h2 { "Verdicts" }
                (verdicts(tail.totals.counts))
            }
            section.panel {
                h2 { "What they stand on" }
                @if head.notes.is_empty() { p { "Nothing limits what the logs can prove." } }
                ul { @for note in &head.notes { li { (shown(note)) } } }
                p.soft {
                    @for (at, (name, version)) in head.data.iter().enumerate() { @if at > 0 { " · " } (shown(name)) " " (shown(version)) }
                }
            }
        }
        @if !tail.problems.is_empty() {
            details.sources.failed open {
                summary { "Could not be read, which makes verdicts weaker " span.more { (tail.problems.len()) } }
                div.scroll { table {
                    @for problem in tail.problems.iter().take(500) { tr { td.path { bdi { (shown(&problem.source)) } } td { (shown(&problem.reason)) } } }
                } }
                @if tail.problems.len() > 500 { p.soft { "and " (tail.problems.len() - 500) " more" } }
            }
        }
        (ranking(tail.ranking))
        (proposals(tail.proposals))
    }
}

/// A bar for each verdict.
fn verdicts(counts: Counts) -> Markup {
    let rows = [
        (Verdict::Used, counts.used, "events or Access Advisor show it"),
        (Verdict::Unused, counts.unused, "it is proved that it was not used, so it may go"),
        (Verdict::Unobservable, counts.unobservable, "its use would not show, so it stays"),
        (Verdict::Unknown, counts.unknown, "what there is does not suffice, so it stays"),
    ];
    markup! {
        table.bars {
            @for (verdict, count, meaning) in rows {
                tr {
                    th { (verdict) }
                    td.count { (grouped(count)) }
                    td.graph { (bar(&[(verdict.as_str(), count)], counts.total())) div.soft { (meaning) } }
                }
            }
        }
    }
}

/// A bar of parts, drawn as a picture: a style of its own is not let in.
pub(super) fn bar(parts: &[(&str, usize)], total: usize) -> Markup {
    let width = |count: usize| count.saturating_mul(1000).checked_div(total).unwrap_or(0).max(if count > 0 { 4 } else { 0 });
    let mut at = 0;
    markup! {
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
            @for (class, count) in parts {
                @if *count > 0 {
                    rect.(class) x=(at) y="0" width=(width(*count)) height="10" {}
                    ({ at += width(*count); "" })
                }
            }
        }
    }
}

fn ranking(entries: &[Entry]) -> Markup {
    markup! {
        @if !entries.is_empty() {
            section.panel.ranking {
                h2 { "Look at these first " span.more { (entries.len()) } }
                (ranked(&entries[..entries.len().min(OPEN)]))
                @if entries.len() > OPEN {
                    details.fold {
                        summary { (entries.len() - OPEN) " more" }
                        (ranked(&entries[OPEN..]))
                    }
                }
            }
        }
    }
}

fn ranked(entries: &[Entry]) -> Markup {
    markup! {
        div.ranks {
            @for entry in entries {
                div.rank {
                    span.badge.(entry.severity.name()) { (entry.severity.name()) }
                    div.what {
                        b { (entry.kind.title()) }
                        span.where { bdi { (shown(&entry.subject)) } }
                        p { (shown(&entry.reason)) }
                        @if !entry.paths.is_empty() { (paths(&entry.paths)) }
                    }
                }
            }
        }
    }
}

fn paths(paths: &[Path]) -> Markup {
    markup! {
        details.fold {
            summary { @if paths.len() == 1 { "1 path" } @else { (paths.len()) " paths" } }
            table.paths {
                @for path in paths.iter().take(PATHS) {
                    tr {
                        td { span.badge.(path.severity.name()) { (path.severity.name()) } }
                        td { b { (path.name) } " " (path.outcome) div.soft { code { (path.actions.join(" + ")) } } }
                        td.tight { (path.state()) }
                    }
                }
            }
        }
    }
}

fn proposals(proposals: &[Proposal]) -> Markup {
    markup! {
        @if !proposals.is_empty() {
            section.panel {
                h2 { "Permission sets " span.more { (proposals.len()) } }
                @for proposal in proposals {
                    details.fold.set {
                        summary {
                            b { bdi { (shown(&proposal.name)) } } " "
                            span.more {
                                (proposal.roles.len()) @if proposal.roles.len() == 1 { " role" } @else { " roles" }
                                ": " (shown(&proposal.state.to_string()))
                            }
                        }
                        p.soft { @for (at, role) in proposal.roles.iter().enumerate() { @if at > 0 { br; } code { bdi { (shown(role)) } } } }
                        @if let State::Narrowed { policies, proof } = &proposal.state {
                            (super::principal::proof(proof))
                            @for policy in policies {
                                h3 { @if let Some(name) = &policy.managed { "In place of " bdi.plain { (shown(name)) } } @else { "Inline policy" } }
                                (super::diff::between(&policy.before, policy.after.as_deref().into_iter()))
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn toolbar() -> Markup {
    let outcomes = [("narrowed", "would change"), ("refused", "refused"), ("left", "left alone"), ("same", "stays")];
    markup! {
        form #filters .toolbar hidden {
            input #search type="search" placeholder="Search principals, services, actions  ( / )" aria-label="Search" autocomplete="off";
            span.choices role="group" aria-label="What becomes of it" {
                @for (value, title) in outcomes {
                    label.choice.(value) { input type="checkbox" name="outcome" value=(value) checked; (title) }
                }
            }
            select #kind aria-label="Kind" {
                option value="" { "all kinds" }
                @for kind in ["role", "user", "group"] { option value=(kind) { (kind) "s" } }
            }
            select #sort aria-label="Order" {
                option value="" { "by name" }
                option value="unused" { "most unused first" }
                option value="granted" { "most granted first" }
                option value="used" { "most used first" }
            }
            button #open type="button" { "Open all" }
            span #count aria-live="polite" {}
        }
    }
}

pub(super) fn end(head: &Head, version: &str) -> Markup {
    markup! {
        p #none .empty hidden { "No principal is like that." }
        footer { "repokid " (version) " · made " (head.made.strftime("%Y-%m-%d %H:%M UTC")) }
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

fn list<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.map(|text| shown(text).into_owned()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1\u{202f}000");
        assert_eq!(grouped(22_301_007), "22\u{202f}301\u{202f}007");
    }

    #[test]
    fn a_bar_shows_what_is_little_and_not_what_is_none() {
        let bar = bar(&[("used", 1), ("unused", 0), ("unknown", 99_999)], 100_000).into_string();
        assert_eq!(bar.matches("<rect").count(), 2);
        assert!(bar.contains("width=\"4\"") && bar.contains("x=\"4\""), "{bar}");
        assert!(!super::bar(&[("used", 0)], 0).into_string().contains("<rect"));
    }
}
