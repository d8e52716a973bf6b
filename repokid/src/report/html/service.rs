//! A principal's permissions by service: what was used, each with its evidence; the rest as ranges, by reason.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use maud::{Markup, PreEscaped, html as markup};
use menagerie_report::shown;

use super::summary::{bar, grouped};
use crate::analysis::{Analysis, Counts};
use crate::verdict::{ActionId, Evidence, Per, Universe, Verdict, Window};

/// The most used actions of a service that are told of.
const USED: usize = 150;
/// The most ranges of a list.
const RANGES: usize = 60;
/// The most reasons that a service gives.
const REASONS: usize = 12;

/// What a principal has of one service.
#[derive(Default)]
struct Service {
    counts: Counts,
    blocked: usize,
    used: BTreeMap<ActionId, BTreeSet<String>>,
    rest: BTreeMap<(Verdict, String), BTreeSet<ActionId>>,
}

/// What a principal has.
#[derive(Default)]
struct Grants {
    services: BTreeMap<&'static str, Service>,
    /// Patterns of actions that the data do not know, and why nothing is known of them.
    patterns: BTreeMap<String, String>,
}

fn grants(analysis: &Analysis<'_>, universe: &Universe, window: &Window) -> Grants {
    let mut grants = Grants::default();
    for policy in &analysis.policies {
        let Some(judged) = &policy.judged else { continue };
        for (number, statement) in judged.statements.iter().enumerate() {
            // Neighbours mostly have the same evidence.
            let mut said: Option<(&Evidence, String)> = None;
            for action in &statement.actions {
                let service = grants.services.entry(universe.action(action.id).service()).or_default();
                if analysis.blocked.of(action.id).is_some() {
                    service.blocked += 1;
                }
                let mut add = |verdict: Verdict, evidence, times: usize| {
                    service.counts.add(verdict, times);
                    if said.as_ref().is_none_or(|(last, _)| *last != evidence) {
                        said = Some((evidence, evidence.text(universe, window)));
                    }
                    let text = said.as_ref().map(|(_, text)| text.clone()).unwrap_or_default();
                    if verdict == Verdict::Used {
                        service.used.entry(action.id).or_default().insert(text);
                    } else {
                        service.rest.entry((verdict, text)).or_default().insert(action.id);
                    }
                };
                match &action.verdicts {
                    Per::All(verdict, evidence) => add(*verdict, evidence, statement.resources.len()),
                    Per::Each(each) => each.iter().for_each(|(verdict, evidence)| add(*verdict, evidence, 1)),
                }
            }
            let patterns = policy.policy().map(|policy| policy.statements()[number].actions().patterns()).unwrap_or_default();
            let open = statement.open.iter().map(|(at, evidence)| (*at, evidence));
            for (at, evidence) in statement.strange.iter().map(|at| (*at, &Evidence::NotInData)).chain(open) {
                if let Some(pattern) = patterns.get(at) {
                    grants.patterns.insert(pattern.text().to_owned(), evidence.text(universe, window));
                }
            }
        }
    }
    grants
}

/// Services of which nothing was used, as principals have them. Many have the same: each is shown once, at the end of the page.
#[derive(Debug, Default)]
pub(super) struct Shared {
    numbers: HashMap<String, usize>,
}

impl Shared {
    /// Where a service is shown.
    fn place(&mut self, service: Markup) -> String {
        let next = self.numbers.len() + 1;
        format!("s{}", self.numbers.entry(service.into_string()).or_insert(next))
    }

    /// All of them.
    pub(super) fn section(&self) -> Markup {
        let mut services: Vec<_> = self.numbers.iter().collect();
        services.sort_by_key(|(_, number)| **number);
        markup! {
            @if !services.is_empty() {
                section #services {
                    h2 { "Services with several verdicts" }
                    @for (service, number) in services { div id={ "s" (number) } { (PreEscaped(service)) } }
                }
            }
        }
    }
}

/// Of so many services with several verdicts a principal's section has the names alone.
const MIXED: usize = 8;

/// The tables of a principal.
pub(super) fn tables(analysis: &Analysis<'_>, universe: &Universe, window: &Window, shared: &mut Shared) -> Markup {
    let grants = grants(analysis, universe, window);
    let (used, idle): (Vec<_>, Vec<_>) = grants.services.iter().partition(|(_, service)| !service.used.is_empty());
    let (whole, mixed): (Vec<_>, Vec<_>) = idle.into_iter().partition(|(_, service)| service.rest.len() == 1);
    let mut alike: BTreeMap<&(Verdict, String), Vec<(&str, usize)>> = BTreeMap::new();
    for (name, service) in &whole {
        for reason in service.rest.keys() {
            alike.entry(reason).or_default().push((name, service.counts.total()));
        }
    }
    let named: Vec<_> = if mixed.len() > MIXED {
        let place = |(name, service): &(&&'static str, &Service)| {
            (shared.place(self::service(name, service, universe)), (**name).to_owned(), service.counts.total())
        };
        mixed.iter().map(place).collect()
    } else {
        Vec::new()
    };
    markup! {
        @if !used.is_empty() {
            h3 { "Services that were used " span.more { (used.len()) } }
            @for (name, service) in &used { (self::service(name, service, universe)) }
        }
        @if !alike.is_empty() || !mixed.is_empty() || !grants.patterns.is_empty() {
            h3 { "Services that were not seen in use " span.more { (whole.len() + mixed.len()) } }
            @for ((verdict, reason), services) in &alike {
                details.fold.alike {
                    summary {
                        span.verdict.(verdict.as_str()) { (verdict) } " "
                        @let total: usize = services.iter().map(|(_, count)| count).sum();
                        (grouped(total)) @if total == 1 { " permission of " } @else { " permissions of " }
                        @if services.len() == 1 { code { (services[0].0) } } @else { (services.len()) " services" }
                        span.soft { ": " (shown(reason)) }
                    }
                    p.names { @for (at, (name, count)) in services.iter().enumerate() { @if at > 0 { ", " } (name) " " span.soft { (count) } } }
                }
            }
            @if !named.is_empty() {
                details.fold.alike {
                    summary { (mixed.len()) " services with several verdicts" }
                    p.names {
                        @for (at, (place, name, count)) in named.iter().enumerate() {
                            @if at > 0 { ", " } a href={ "#" (place) } { (name) } " " span.soft { (count) }
                        }
                    }
                }
            } @else {
                @for (name, service) in &mixed { (self::service(name, service, universe)) }
            }
            @if !grants.patterns.is_empty() {
                table.evidence {
                    @for (pattern, reason) in grants.patterns.iter().take(200) {
                        tr { td { span.verdict.unknown { "unknown" } } td { code { bdi { (shown(pattern)) } } } td { (shown(reason)) } }
                    }
                }
            }
        }
    }
}

fn service(name: &str, service: &Service, universe: &Universe) -> Markup {
    let Counts { used, unused, unobservable, unknown } = service.counts;
    let total = service.counts.total();
    markup! {
        details.service {
            summary {
                code { (name) }
                (bar(&[("used", used), ("unused", unused), ("unobservable", unobservable), ("unknown", unknown)], total))
                span.numbers {
                    (grouped(total)) " granted"
                    @for (verdict, count) in [("used", used), ("unused", unused), ("unobservable", unobservable), ("unknown", unknown)] {
                        @if count > 0 { " · " span.verdict.(verdict) { (grouped(count)) " " (verdict) } }
                    }
                    @if service.blocked > 0 { " · " (grouped(service.blocked)) " blocked by a denial, a boundary or the organisation" }
                }
            }
            table.evidence {
                @for (id, evidence) in service.used.iter().take(USED) {
                    tr {
                        td { span.verdict.used { "used" } }
                        td { code { (universe.action(*id).name()) } }
                        td { @for (at, text) in evidence.iter().take(4).enumerate() { @if at > 0 { br; } (shown(text)) } }
                    }
                }
                @if service.used.len() > USED { tr { td {} td { "and " (service.used.len() - USED) " more" } td {} } }
                @for ((verdict, reason), ids) in service.rest.iter().take(REASONS) {
                    tr { td { span.verdict.(verdict.as_str()) { (verdict) } } td { (ranges(ids, universe)) } td { (shown(reason)) } }
                }
                @if service.rest.len() > REASONS { tr { td {} td { "and " (service.rest.len() - REASONS) " more reasons" } td {} } }
            }
        }
    }
}

/// Actions as ranges of the service's list.
fn ranges(ids: &BTreeSet<ActionId>, universe: &Universe) -> Markup {
    let ids: Vec<_> = ids.iter().copied().collect();
    let all = ids.first().map_or(0, |id| universe.catalogue().actions(universe.action(*id).service()).len());
    let runs: Vec<&[ActionId]> = ids.chunk_by(|left, right| left.index() + 1 == right.index()).collect();
    let name = |id: ActionId| universe.action(id).name();
    let list = markup! {
        @for (at, run) in runs.iter().take(RANGES).enumerate() {
            @if at > 0 { ", " }
            code { (name(run[0])) }
            @if run.len() == 2 { ", " code { (name(run[1])) } }
            @if run.len() > 2 { " … " code { (name(run[run.len() - 1])) } " " span.soft { "(" (run.len()) ")" } }
        }
        @if runs.len() > RANGES { " and " (runs[RANGES..].iter().map(|run| run.len()).sum::<usize>()) " more" }
    };
    markup! {
        @if ids.len() == all && all > 1 {
            "all " (all) " actions"
        } @else if ids.len() > 12 {
            details.fold { summary { (ids.len()) " actions" } (list) }
        } @else {
            (list)
        }
    }
}
