//! What could go from a role, in Repokid's words: whole services by their name, and single permissions of services that stay.

use std::collections::{BTreeMap, BTreeSet};

use menagerie_policy::document::Effect;

use crate::analysis::{Analysis, PolicyAnalysis};
use crate::state::Repoable;
use crate::verdict::{ActionId, Universe, granted_by};

/// The known actions that a role's policies grant, of all statements that allow.
#[must_use]
pub fn permissions_of(analysis: &Analysis<'_>, universe: &Universe) -> BTreeSet<ActionId> {
    let policies = analysis.policies.iter().filter_map(PolicyAnalysis::policy);
    let allowing = policies.flat_map(|policy| policy.statements()).filter(|statement| statement.effect() == Effect::Allow);
    allowing.flat_map(|statement| granted_by(statement, universe)).collect()
}

/// What an analysis says could go: what no statement of the new policies grants any more.
#[must_use]
pub fn repoable_of(analysis: &Analysis<'_>, universe: &Universe) -> Repoable {
    let granted = permissions_of(analysis, universe);
    let removed: BTreeSet<ActionId> = analysis.removed().into_iter().filter(|id| granted.contains(id)).collect();
    let by_service = |ids: &BTreeSet<ActionId>| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        ids.iter().for_each(|id| *counts.entry(universe.action(*id).service()).or_default() += 1);
        counts
    };
    let (had, goes) = (by_service(&granted), by_service(&removed));
    let is_whole = |service: &str| had.get(service) == goes.get(service);
    let services = removed.iter().map(|id| {
        let service = universe.action(*id).service();
        if is_whole(service) { service.to_ascii_lowercase() } else { universe.text(*id).to_ascii_lowercase() }
    });
    Repoable { total: granted.len() as u64, permissions: removed.len() as u64, services: services.collect() }
}
