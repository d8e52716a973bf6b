//! Where narrowed policies go, so that they fit IAM's limits. All inline policies of a principal share one limit, so that to divide them gains
//! nothing: what is too long for it moves to managed policies of the principal's own. A managed policy that is too long is spread over
//! several. Where that takes more of them than may be attached, on the way or in the end, services keep all their actions: those first that
//! lose least for the room that it gives.

use std::collections::{BTreeMap, BTreeSet};

use menagerie_policy::document::limits::{ATTACHED, ATTACHED_MOST};
use menagerie_policy::document::{Policy, size};

use super::{Place, PolicyAnalysis, Reason};
use crate::account::Principal;
use crate::rewrite::{Change, MANAGED_LIMIT, Selection, pack};
use crate::verdict::{Evidence, Per, Universe, Verdict};

/// Gives every narrowed policy its place.
pub(super) fn place(principal: &Principal, policies: &mut [PolicyAnalysis<'_>]) -> Result<(), Reason> {
    for analysis in policies.iter_mut().filter(|analysis| !analysis.is_inline() && analysis.changes()) {
        spread(analysis)?;
    }
    let limit = principal.kind.inline_limit();
    let before: usize = policies.iter().filter(|analysis| analysis.is_inline()).map(|analysis| size(analysis.document.text())).sum();
    let mut after: usize = policies.iter().filter(|analysis| analysis.is_inline()).map(PolicyAnalysis::size).sum();
    let is_too_long = |after: usize| after > limit && after > before;
    if is_too_long(after) {
        // The longest first: few that move are better than many.
        let mut may_move: Vec<_> = policies.iter_mut().filter(|analysis| analysis.is_inline() && analysis.changes()).collect();
        may_move.sort_by_key(|analysis| std::cmp::Reverse(analysis.size()));
        for analysis in may_move {
            if !is_too_long(after) {
                break;
            }
            after -= analysis.size();
            spread(analysis)?;
            analysis.moved = true;
        }
        if is_too_long(after) {
            return Err(Reason::TooLong { size: after, limit });
        }
    }
    // What is new is attached before anything is detached.
    let new: usize = policies.iter().map(|analysis| analysis.made(principal).len()).sum();
    let (count, quota) = (principal.attached.len() + new, quota(principal));
    if new > 0 && count > quota { Err(Reason::TooMany { count, quota }) } else { Ok(()) }
}

/// How many managed policies may be attached to a principal: what IAM allows without being asked, or the most there is where more than that
/// are attached already.
const fn quota(principal: &Principal) -> usize {
    if principal.attached.len() > ATTACHED { ATTACHED_MOST } else { ATTACHED }
}

fn spread(analysis: &mut PolicyAnalysis<'_>) -> Result<(), Reason> {
    let [text] = analysis.after.as_slice() else { return Ok(()) };
    if size(text) <= MANAGED_LIMIT {
        return Ok(());
    }
    let edit = |reason: String| Reason::Edit { policy: analysis.place.name().to_owned(), reason };
    let new = Policy::parse(text).map_err(|error| edit(error.to_string()))?;
    let Some(texts) = pack(&new, MANAGED_LIMIT) else { return Err(Reason::TooLong { size: new.size(), limit: MANAGED_LIMIT }) };
    analysis.after = texts;
    Ok(())
}

impl PolicyAnalysis<'_> {
    fn is_inline(&self) -> bool {
        matches!(self.place, Place::Inline(_))
    }

    /// How many characters it would have.
    fn size(&self) -> usize {
        self.after.iter().map(|text| size(text)).sum()
    }

    /// The patterns of actions that would be written.
    fn patterns(&self) -> impl Iterator<Item = &String> {
        let changes = self.narrowed.iter().flat_map(|narrowed| &narrowed.changes);
        let pieces = changes.flat_map(|change| match change {
            Change::Replace(pieces) => pieces.as_slice(),
            Change::Keep | Change::Drop => &[],
        });
        pieces.filter_map(|piece| piece.actions.as_ref()).flat_map(|(Selection::Only(list) | Selection::AllBut(list))| list)
    }
}

/// Services that keep all their actions where all that stays does not fit.
#[derive(Debug)]
pub(super) struct Spared {
    /// The policies that they are kept in.
    policies: Vec<bool>,
    order: std::vec::IntoIter<Spare>,
}

/// A service that may keep all its actions.
#[derive(Debug, Default)]
struct Spare {
    service: &'static str,
    /// How many actions would not go.
    loss: usize,
    /// How many characters a list of what stays takes beyond `service:*`.
    room: usize,
}

impl Spared {
    /// Of policies that were narrowed and do not fit.
    pub(super) fn new(policies: &[PolicyAnalysis<'_>], universe: &Universe) -> Self {
        let chosen: Vec<_> =
            policies.iter().map(|analysis| analysis.changes() && (analysis.is_inline() || analysis.size() > MANAGED_LIMIT)).collect();
        let mut spares: BTreeMap<&'static str, Spare> = BTreeMap::new();
        let mut lists: BTreeMap<String, usize> = BTreeMap::new();
        for (analysis, _) in policies.iter().zip(&chosen).filter(|(_, chosen)| **chosen) {
            for judged in analysis.judged.iter().flat_map(|judged| &judged.statements) {
                for group in judged.actions.chunk_by(|one, other| universe.action(one.id).service() == universe.action(other.id).service())
                {
                    let loss = group.iter().filter(|action| action.verdicts.is_unused()).count();
                    if loss > 0 {
                        let service = universe.action(group[0].id).service();
                        spares.entry(service).or_insert(Spare { service, ..Spare::default() }).loss += loss;
                    }
                }
            }
            for pattern in analysis.patterns() {
                if let Some((service, _)) = pattern.split_once(':') {
                    // The quotes and the comma.
                    *lists.entry(service.to_ascii_lowercase()).or_default() += pattern.len() + 3;
                }
            }
        }
        let mut order: Vec<_> = spares
            .into_values()
            .filter_map(|spare| {
                let room = lists.get(spare.service)?.checked_sub(spare.service.len() + 5).filter(|room| *room > 0)?;
                Some(Spare { room, ..spare })
            })
            .collect();
        // As fractions, crosswise.
        order.sort_by(|one, other| (one.loss * other.room, one.service).cmp(&(other.loss * one.room, other.service)));
        Self { policies: chosen, order: order.into_iter() }
    }

    /// Keeps as many services as give room for what did not fit, and leaves the policies to be narrowed again. Whether there was any.
    pub(super) fn keep(&mut self, policies: &mut [PolicyAnalysis<'_>], reason: &Reason, universe: &Universe) -> bool {
        let wanted = match reason {
            Reason::TooLong { size, limit } => size - limit,
            Reason::TooMany { count, quota } => self.length_of_last(policies, count - quota),
            Reason::Proof(_) | Reason::Edit { .. } => 0,
        };
        let (mut room, mut kept) = (0, BTreeSet::new());
        while room < wanted {
            let Some(spare) = self.order.next() else { break };
            room += spare.room;
            kept.insert(spare.service);
        }
        if kept.is_empty() {
            return false;
        }
        for (analysis, chosen) in policies.iter_mut().zip(&self.policies) {
            analysis.keep();
            for statement in analysis.judged.iter_mut().filter(|_| *chosen).flat_map(|judged| &mut judged.statements) {
                for action in &mut statement.actions {
                    if action.verdicts.is_unused() && kept.contains(universe.action(action.id).service()) {
                        action.verdicts = Per::All(Verdict::Unknown, Evidence::Fits);
                    }
                }
            }
        }
        true
    }

    /// How many characters the last so many documents have of policies that are spread.
    fn length_of_last(&self, policies: &[PolicyAnalysis<'_>], count: usize) -> usize {
        let chosen = policies.iter().zip(&self.policies).filter(|(_, chosen)| **chosen).map(|(analysis, _)| analysis);
        let mut lengths: Vec<_> = chosen.flat_map(|analysis| &analysis.after).map(|text| size(text)).collect();
        lengths.sort_unstable();
        lengths.iter().take(count).sum::<usize>().max(1)
    }
}
