//! Narrows a permission set by what all of its roles did: a permission goes only if it is proved unused in every account.

use std::collections::{BTreeMap, BTreeSet};

use menagerie_policy::document::{Effect, Policy};
use menagerie_policy::evaluate::Attached;

use super::{PermissionSet, Proposed, Role, State};
use crate::account::Kind;
use crate::analysis::Setting;
use crate::proof::{Fences, Rewrite, prove};
use crate::rewrite::narrow;
use crate::verdict::{ActionSet, Advice, Base, Freshness, ServiceAdvice, Sight, Sights, Usage, granted_by, judge};

/// The most characters of a permission set's inline policy, white space aside.
const LIMIT: usize = 32_768;

pub(super) fn state(roles: &[Role<'_>], known: Option<&PermissionSet>, setting: &Setting<'_>) -> Result<State, String> {
    let Some(first) = roles.first() else { return Ok(State::Same) };
    check(roles, known)?;
    let mut policies = Vec::new();
    for (managed, document) in &first.documents {
        let name = managed.as_deref().unwrap_or("inline");
        policies.push((managed, name, document.policy().map_err(|error| format!("{name} is no policy that can be read: {error}"))?));
    }
    let usage = usage(roles);
    let sights = sights(roles, setting);
    let too_new = roles.iter().filter_map(|role| setting.guards.too_new(role.principal, setting.window)).max();
    let base = Base::new(setting.universe, &usage, &sights, setting.window, too_new);
    let allows = policies.iter().flat_map(|(_, _, policy)| policy.statements()).filter(|statement| statement.effect() == Effect::Allow);
    let granted: ActionSet = allows.flat_map(|statement| granted_by(statement, setting.universe)).collect();

    let judged: Vec<_> = policies.iter().map(|(_, _, policy)| judge(policy, &base, &granted)).collect();
    let (mut proposed, mut rewrites, mut untouched) = (Vec::new(), Vec::new(), Vec::new());
    for ((managed, name, policy), judged) in policies.iter().zip(&judged) {
        let narrowed = narrow(policy, judged, &base, setting.options).map_err(|error| format!("{name} cannot be rewritten: {error}"))?;
        if !narrowed.is_change() {
            untouched.push(Attached { name, policy });
            continue;
        }
        let new = narrowed.text.as_deref().map(Policy::parse).transpose().map_err(|error| error.to_string())?;
        if new.as_ref().is_some_and(|new| new.size() > LIMIT.max(policy.size())) {
            return Err(format!("{name} would have more than the {LIMIT} characters that a permission set takes"));
        }
        rewrites.push(Rewrite { name, old: policy, new: new.into_iter().collect(), judged });
        let before = first.documents[*managed].text().to_owned();
        proposed.push(Proposed { managed: (*managed).clone(), before, after: narrowed.text });
    }
    if rewrites.is_empty() {
        return Ok(State::Same);
    }
    let mut proof = None;
    for role in roles {
        let fences =
            Fences { principal: role.principal.arn.as_str(), kind: Kind::Role, boundary: None, controls: None, members: Vec::new() };
        let shown = prove(&rewrites, &untouched, &fences, &base).map_err(|refusal| refusal.to_string())?;
        proof.get_or_insert(shown);
    }
    proof.map_or(Ok(State::Same), |proof| Ok(State::Narrowed { policies: proposed, proof }))
}

/// Whether all roles are what the set says.
fn check(roles: &[Role<'_>], known: Option<&PermissionSet>) -> Result<(), String> {
    let says = |role: &Role<'_>| -> Vec<(Option<String>, Option<serde_json::Value>)> {
        role.documents.iter().map(|(name, document)| (name.clone(), serde_json::from_str(document.text()).ok())).collect()
    };
    let first = says(&roles[0]);
    if let Some(other) = roles.iter().find(|role| says(role) != first) {
        return Err(format!("its roles differ, such as {}: provision it in every account first", other.principal.arn.as_str()));
    }
    if let Some(known) = known {
        let looked: BTreeSet<_> = roles.iter().map(|role| role.principal.account()).collect();
        if let Some(other) = known.accounts.iter().flatten().find(|account| !looked.contains(account.as_str())) {
            return Err(format!("it is provisioned in account {other}, too, which was not looked at"));
        }
        let inline = first.iter().find(|(name, _)| name.is_none()).and_then(|(_, value)| value.clone());
        if inline != known.inline() {
            return Err("its inline policy is not what its roles have: provision it in every account first".to_owned());
        }
        let names: BTreeSet<_> = known.managed.iter().filter_map(|arn| arn.rsplit('/').next()).collect();
        if names != first.iter().filter_map(|(name, _)| name.as_deref()).collect() {
            return Err("its managed policies are not those of its roles: provision it in every account first".to_owned());
        }
    }
    Ok(())
}

/// What all roles did. What Access Advisor saw of one of them counts; that it saw nothing does only if it says so of each.
fn usage(roles: &[Role<'_>]) -> Usage {
    let mut usage = Usage::default();
    roles.iter().for_each(|role| usage.merge(&role.usage));
    let advices: Vec<_> = roles.iter().filter_map(|role| role.usage.advice.as_ref()).collect();
    let of_all = |count: usize| count == roles.len();
    let mut advice = Advice::default();
    for name in advices.iter().flat_map(|advice| advice.services.keys()) {
        let rows: Vec<_> = advices.iter().filter_map(|advice| advice.services.get(name)).collect();
        let mut row = ServiceAdvice {
            last: None,
            fresh: if of_all(rows.len()) { Freshness::Fresh } else { Freshness::Undated },
            actions: BTreeMap::new(),
        };
        for one in &rows {
            row.last = row.last.max(one.last);
            row.fresh = row.fresh.join(one.fresh);
        }
        for action in rows.iter().flat_map(|row| row.actions.keys()) {
            let known: Vec<_> = rows.iter().filter_map(|row| row.actions.get(action)).collect();
            let last = known.iter().copied().copied().max().flatten();
            if last.is_some() || of_all(known.len()) {
                row.actions.insert(action.clone(), last);
            }
        }
        advice.services.insert(name.clone(), row);
    }
    usage.advice = (!advices.is_empty()).then_some(advice);
    usage
}

/// What would have shown in every account.
fn sights(roles: &[Role<'_>], setting: &Setting<'_>) -> Sights {
    let accounts: BTreeSet<_> = roles.iter().map(|role| role.principal.account()).collect();
    let each: Vec<_> = accounts.iter().map(|account| setting.sights.get(*account).unwrap_or(setting.blind)).collect();
    Sights::new(setting.universe, |action| {
        let Some(id) = setting.universe.find(action.service(), action.name()) else { return Sight::NotLogged };
        let weight = |sight: &Sight| match sight {
            Sight::Seen => 0,
            Sight::NotLogged | Sight::DataEvent(_) => 1,
            Sight::Gap(_) => 2,
        };
        each.iter().map(|sights| sights.of(id)).max_by_key(|sight| weight(sight)).cloned().unwrap_or(Sight::NotLogged)
    })
}
