//! An item of Repokid's table as a role with its history.
//!
//! Without `RoleId` and `Arn` it is no role. Whatever else is missing or cannot be read is taken as not known, with a note, and never as
//! permission: an opt-out whose end cannot be read holds for a year, and a protection without an end for 14 days.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::Arn;
use serde_json::{Map, Value};

use super::attribute;
use crate::compat::advisor;
use crate::compat::moment;
use crate::state::{Disqualification, NewVersion, OptOut, Protected, Role, RoleHistory, Schedule, Statistic};

/// Who has scheduled what was scheduled before.
const BEFORE: &str = "Repokid";

/// A role of an item, and notes; or why it is none.
pub(super) fn history(value: &Value, now: Timestamp) -> Result<(RoleHistory, Vec<String>), String> {
    let item = attribute::item(value)?;
    let mut reader = Reader { item: &item, now, notes: Vec::new() };
    let role = reader.role()?;
    let advisor = reader.advisor(&role.arn);
    let history = RoleHistory { versions: reader.versions(), statistics: reader.statistics(), advisor, role };
    Ok((history, reader.notes))
}

struct Reader<'a> {
    item: &'a Map<String, Value>,
    now: Timestamp,
    notes: Vec<String>,
}

impl Reader<'_> {
    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.item.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn list(&self, key: &str) -> &[Value] {
        self.item.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn texts(&self, key: &str) -> Vec<String> {
        texts(self.list(key))
    }

    fn time(&mut self, key: &str) -> Option<Timestamp> {
        let text = self.text(key)?;
        let time = moment::parse(text);
        if time.is_none() {
            self.note(format!("{key} is no time"));
        }
        time
    }

    fn role(&mut self) -> Result<Role, String> {
        let id = self.text("RoleId").ok_or("RoleId is missing")?.parse().map_err(|error| format!("RoleId: {error}"))?;
        let arn: Arn = self.text("Arn").ok_or("Arn is missing")?.parse().map_err(|error| format!("Arn: {error}"))?;
        let account = self.text("Account").unwrap_or(arn.account()).parse().map_err(|error| format!("Account: {error}"))?;
        let last = arn.resource().strip_prefix("role/").and_then(|path| path.rsplit('/').next());
        let name = self.text("RoleName").or(last).ok_or("Arn: it is no role's")?.to_owned();
        let mut role = Role::new(id, account, arn, name);
        role.created = self.time("CreateDate");
        role.trust_policy = self.item.get("AssumeRolePolicyDocument").and_then(document).filter(|text| text != "{}");
        role.tags = self.list("Tags").iter().filter_map(tag).collect();
        role.active = self.item.get("Active").and_then(Value::as_bool).unwrap_or(true);
        role.refreshed = self.time("Refreshed");
        role.repoed = self.time("Repoed");
        let filters = self.texts("DisqualifiedBy").into_iter().filter(|filter| !filter.is_empty());
        role.disqualified_by = filters.map(|filter| Disqualification { filter, reason: String::new() }).collect();
        role.opt_out = self.opt_out();
        role.protected = self.protected();
        role.repoable.total = count(self.item.get("TotalPermissions"));
        role.repoable.permissions = count(self.item.get("RepoablePermissions"));
        role.repoable.services = self.texts("RepoableServices").into_iter().filter(|entry| !entry.is_empty()).collect();
        role.schedule = self.schedule();
        Ok(role)
    }

    fn opt_out(&mut self) -> Option<OptOut> {
        let wish = self.item.get("OptOut")?.as_object().filter(|wish| !wish.is_empty())?;
        let word = |key: &str| wish.get(key).and_then(Value::as_str).unwrap_or("not said").to_owned();
        let (owner, reason) = (word("owner"), word("reason"));
        let expires = wish.get("expire").and_then(epoch).unwrap_or_else(|| {
            self.note("OptOut has no end that can be read: it is taken to hold for a year");
            self.now + SignedDuration::from_hours(24 * 365)
        });
        Some(OptOut { owner, reason, expires })
    }

    fn protected(&mut self) -> Protected {
        let mut protected = Protected::default();
        for (pattern, until) in self.item.get("NoRepoPermissions").and_then(Value::as_object).into_iter().flatten() {
            let until = epoch(until).unwrap_or_else(|| {
                self.note(format!("NoRepoPermissions: {pattern} has no end that can be read: it is kept for 14 days"));
                self.now + SignedDuration::from_hours(24 * 14)
            });
            protected.keep(pattern.clone(), until);
        }
        protected
    }

    fn schedule(&mut self) -> Option<Schedule> {
        let at = self.item.get("RepoScheduled").filter(|at| at.as_f64() != Some(0.0)).filter(|at| !at.is_null())?;
        let permissions: std::collections::BTreeSet<_> =
            self.texts("ScheduledPerms").into_iter().filter(|entry| !entry.is_empty()).collect();
        match epoch(at) {
            Some(at) if !permissions.is_empty() => Some(Schedule { at, permissions, by: BEFORE.to_owned() }),
            _ => {
                self.note("what was scheduled has no time or no permissions, and is to be scheduled again");
                None
            }
        }
    }

    fn versions(&mut self) -> Vec<NewVersion> {
        let mut versions = Vec::new();
        for (entry, number) in self.list("Policies").to_vec().iter().zip(0_u32..) {
            let policies = entry.get("Policy").and_then(Value::as_object);
            let policies: Option<BTreeMap<_, _>> =
                policies.and_then(|map| map.iter().map(|(name, value)| Some((name.clone(), document(value)?))).collect());
            let Some(policies) = policies else {
                // Its number is kept, so that those behind it stay what `rollback_role -s` called them.
                self.note(format!("Policies: version {number} has no policies that can be read, and cannot be restored"));
                versions.push(NewVersion { source: "Unreadable".to_owned(), discovered: self.now, policies: BTreeMap::new() });
                continue;
            };
            let word = |key: &str| entry.get(key).and_then(Value::as_str);
            let discovered = word("Discovered").and_then(moment::parse);
            if discovered.is_none() {
                self.note(format!("Policies: when version {number} was found cannot be read"));
            }
            let source = word("Source").unwrap_or("Scan").to_owned();
            versions.push(NewVersion { source, discovered: discovered.unwrap_or(self.now), policies });
        }
        versions
    }

    fn statistics(&mut self) -> Vec<Statistic> {
        let read = |entry: &Value| {
            Some(Statistic {
                at: entry.get("Date").and_then(Value::as_str).and_then(moment::parse)?,
                source: entry.get("Source").and_then(Value::as_str).unwrap_or("Scan").to_owned(),
                total: count(entry.get("PermissionsCount")),
                repoable: count(entry.get("RepoablePermissionsCount")),
                disqualified_by: texts(entry.get("DisqualifiedBy").and_then(Value::as_array).map_or(&[], Vec::as_slice)),
            })
        };
        let all = self.list("Stats");
        let statistics: Vec<_> = all.iter().filter_map(read).collect();
        let lost = all.len() - statistics.len();
        if lost > 0 {
            self.note(format!("Stats: {lost} have no time that can be read"));
        }
        statistics
    }

    fn advisor(&mut self, arn: &Arn) -> Vec<crate::state::AdvisorRow> {
        let (rows, faults) = advisor::aardvark_rows(self.list("AAData"), self.now);
        for fault in faults {
            self.note(format!("AAData of {arn}: {fault}"));
        }
        rows
    }
}

fn texts(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn count(value: Option<&Value>) -> u64 {
    value.and_then(Value::as_u64).unwrap_or(0)
}

fn tag(value: &Value) -> Option<(String, String)> {
    let word = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((word("Key")?, word("Value").unwrap_or_default()))
}

/// A document as text: a tree is written as JSON, a text is left as it is.
fn document(value: &Value) -> Option<String> {
    match value {
        Value::Object(_) => Some(value.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Seconds since 1970, as a number or as its text.
fn epoch(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()),
        value => moment::of_json(value),
    }
}
