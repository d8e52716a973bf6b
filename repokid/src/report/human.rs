//! The analysis for people: a block for each principal, the totals at the end.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use menagerie_finding::Severity;
use menagerie_report::shown;

use super::{Head, Tail, Totals};
use crate::analysis::{Analysis, Counts, Outcome, PolicyAnalysis};
use crate::iac::Owner;
use crate::permission_set::Proposal;
use crate::ranking::Entry;
use crate::verdict::{ActionSet, Universe, Verdict};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// The most actions of a service that are named.
const NAMED: usize = 6;
/// The most services of which what goes is listed.
const SERVICES: usize = 12;

/// The most reasons why grants have no effect.
const REASONS: usize = 3;

/// The most entries of the ranking that are told of.
const RANKED: usize = 15;

/// Writes blocks.
#[derive(Debug)]
pub struct Human<'a> {
    universe: &'a Universe,
}

impl<'a> Human<'a> {
    /// With the names of the actions.
    #[must_use]
    pub const fn new(universe: &'a Universe) -> Self {
        Self { universe }
    }

    /// What holds for the whole.
    #[must_use]
    pub fn head(&self, head: &Head) -> String {
        let mut text = format!(
            "{BOLD}{} days{BOLD:#}, {} to {}\n",
            head.window.days(),
            head.window.from.strftime("%Y-%m-%d"),
            head.window.to.strftime("%Y-%m-%d %H:%M UTC")
        );
        for note in &head.notes {
            let _ = writeln!(text, "{DIM}{}{DIM:#}", shown(note));
        }
        text.push('\n');
        text
    }

    /// The block of a principal.
    #[must_use]
    pub fn principal(&self, analysis: &Analysis<'_>) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.block(&mut text, analysis);
        text
    }

    fn block(&self, out: &mut String, analysis: &Analysis<'_>) -> fmt::Result {
        let principal = analysis.principal;
        writeln!(out, "{BOLD}{}{BOLD:#}", shown(principal.arn.as_str()))?;
        writeln!(out, "  {}", counts(analysis.counts()))?;
        self.withheld(out, analysis)?;
        match &analysis.outcome {
            Outcome::Same => writeln!(out, "  {DIM}nothing is proved unused{DIM:#}")?,
            Outcome::Left(left) => writeln!(out, "  {YELLOW}left alone{YELLOW:#}: {}", shown(&left.to_string()))?,
            Outcome::Refused(reason) => writeln!(out, "  {RED}change refused{RED:#}: {}", shown(&reason.to_string()))?,
            Outcome::Narrowed(proof) => writeln!(
                out,
                "  {GREEN}would change{GREEN:#}, proved: {} statements within the old, {} permissions kept, {} uses replayed, {} newly denied",
                proof.statements_within, proof.permissions_kept, proof.uses_replayed, proof.newly_denied
            )?,
        }
        for policy in analysis.policies.iter().filter(|policy| policy.changes()) {
            self.policy(out, policy)?;
        }
        for policy in analysis.policies.iter().filter(|policy| policy.judged.is_none()) {
            writeln!(out, "  {RED}{}{RED:#} is no policy that can be read, and stays as it is", shown(policy.place.name()))?;
        }
        out.push('\n');
        Ok(())
    }

    /// What is granted without effect.
    fn withheld(&self, out: &mut String, analysis: &Analysis<'_>) -> fmt::Result {
        let mut withheld: BTreeMap<&str, usize> = BTreeMap::new();
        for statement in analysis.policies.iter().flat_map(|policy| &policy.judged).flat_map(|judged| &judged.statements) {
            for reason in statement.actions.iter().filter_map(|action| analysis.blocked.of(action.id)) {
                *withheld.entry(reason).or_default() += statement.resources.len();
            }
        }
        let mut reasons: Vec<_> = withheld.into_iter().collect();
        reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
        for (reason, count) in reasons.iter().take(REASONS) {
            writeln!(out, "  {YELLOW}{count} without effect{YELLOW:#}: {}", shown(reason))?;
        }
        if reasons.len() > REASONS {
            let more: usize = reasons[REASONS..].iter().map(|(_, count)| count).sum();
            writeln!(out, "  {YELLOW}{more} without effect{YELLOW:#} for other reasons")?;
        }
        Ok(())
    }

    fn policy(&self, out: &mut String, policy: &PolicyAnalysis<'_>) -> fmt::Result {
        let how = policy.fate();
        writeln!(out, "  {BOLD}{}{BOLD:#} {DIM}({how}){DIM:#}", shown(policy.place.name()))?;
        let mut services: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let ids: ActionSet = policy.narrowed.iter().flat_map(|narrowed| narrowed.removed.iter().flatten().copied()).collect();
        let actions: Vec<_> = ids.iter().map(|id| self.universe.action(id)).collect();
        for group in actions.chunk_by(|left, right| left.service() == right.service()) {
            services.insert(group[0].service(), group.iter().map(|action| action.name()).collect());
        }
        let more = services.len().saturating_sub(SERVICES);
        for (service, names) in services.iter().take(SERVICES) {
            let all = self.universe.catalogue().actions(service).len();
            let listed = match names.len() {
                count if count == all && count > 1 => format!("all {count} actions"),
                count if count > NAMED => format!("{} and {} more", names[..NAMED].join(", "), count - NAMED),
                _ => names.join(", "),
            };
            writeln!(out, "    {RED}-{RED:#} {service}: {listed}")?;
        }
        if more > 0 {
            writeln!(out, "    {RED}-{RED:#} and actions of {more} more services")?;
        }
        if policy.narrowed.as_ref().is_some_and(|narrowed| narrowed.removed.iter().all(Vec::is_empty)) {
            writeln!(out, "    {DIM}resources only{DIM:#}")?;
        }
        Ok(())
    }

    /// The end.
    #[must_use]
    pub fn tail(&self, tail: &Tail<'_>) -> String {
        let Totals { principals, narrowed, refused, left, counts: all } = tail.totals;
        let several = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
        let mut text = format!(
            "{BOLD}{}{BOLD:#}: {narrowed} would change, {refused} refused, {left} left alone\n{}\n",
            several(principals, "principal"),
            counts(all)
        );
        // Writing to a string cannot fail.
        let _ = owners(&mut text, tail.owners)
            .and_then(|()| proposals(&mut text, tail.proposals))
            .and_then(|()| ranking(&mut text, tail.ranking));
        text
    }
}

fn owners(out: &mut String, owners: &BTreeMap<String, Owner>) -> fmt::Result {
    if !owners.is_empty() {
        writeln!(out, "\n{BOLD}To be changed in code{BOLD:#} {DIM}(--iac DIR makes a patch of what stands in it){DIM:#}")?;
    }
    for (arn, owner) in owners.iter().take(RANKED) {
        writeln!(out, "  {BOLD}{}{BOLD:#}: {}", shown(arn), shown(&owner.to_string()))?;
    }
    if owners.len() > RANKED {
        writeln!(out, "  {DIM}and {} more{DIM:#}", owners.len() - RANKED)?;
    }
    Ok(())
}

fn proposals(out: &mut String, proposals: &[Proposal]) -> fmt::Result {
    if !proposals.is_empty() {
        writeln!(out, "\n{BOLD}Permission sets{BOLD:#}")?;
    }
    for proposal in proposals {
        writeln!(out, "  {BOLD}{}{BOLD:#}: {}", shown(&proposal.name), shown(&proposal.state.to_string()))?;
    }
    Ok(())
}

fn ranking(out: &mut String, entries: &[Entry]) -> fmt::Result {
    if !entries.is_empty() {
        writeln!(out, "\n{BOLD}Look at these first{BOLD:#}")?;
    }
    for entry in entries.iter().take(RANKED) {
        let style = if entry.severity >= Severity::High { RED } else { YELLOW };
        let (severity, subject) = (entry.severity.name(), shown(&entry.subject));
        writeln!(out, "  {style}{severity:<8}{style:#} {}: {BOLD}{subject}{BOLD:#}", entry.kind.title())?;
        writeln!(out, "           {DIM}{}{DIM:#}", shown(&entry.reason))?;
        let paths: Vec<_> = entry.paths.iter().take(NAMED).map(|path| path.name).collect();
        if !paths.is_empty() {
            let more = entry.paths.len() - paths.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(out, "           {DIM}{}{more}{DIM:#}", paths.join(", "))?;
        }
    }
    if entries.len() > RANKED {
        writeln!(out, "  {DIM}and {} more; --format json and html have them all{DIM:#}", entries.len() - RANKED)?;
    }
    Ok(())
}

fn counts(counts: Counts) -> String {
    let part = |verdict: Verdict, count: usize, style: Style| format!("{style}{count} {verdict}{style:#}");
    format!(
        "{} granted: {}, {}, {}, {}",
        counts.total(),
        part(Verdict::Used, counts.used, GREEN),
        part(Verdict::Unused, counts.unused, RED),
        part(Verdict::Unobservable, counts.unobservable, YELLOW),
        part(Verdict::Unknown, counts.unknown, YELLOW),
    )
}
