//! Whether what the use of a user or a group is told by ([`Footing`]) was the same for all of a window. Where it was not, or that is not known,
//! silence proves nothing: the user acted under another name, or others were in the group, or somebody has joined it since who has had no
//! time to show what it needs.
//!
//! Two things tell: each refresh of the cache, from the first one on; and the events of the usage store that change it, for what was before.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Survey;
use crate::account::{Inventory, Kind, Principal};
use crate::compat::config::Config;
use crate::compat::filters::Named;
use crate::state::{Disqualification, Footing, Role, State, StateError, UsageOutcome, UsageTuple};
use crate::verdict::{Sight, Window};

/// What puts users into groups and takes them out.
const MEMBERS: [&str; 2] = ["iam:AddUserToGroup", "iam:RemoveUserFromGroup"];
/// What gives a user another name. The event's resource is the old one.
const NAMES: [&str; 1] = ["iam:UpdateUser"];
/// What a principal is said to be disqualified by.
const FILTER: &str = "FootingFilter";

/// The events of an account that change what a use is told by.
#[derive(Debug, Default)]
pub(super) struct Moves {
    members: Vec<UsageTuple>,
    names: Vec<UsageTuple>,
}

impl Moves {
    /// Reads those that matter to who is looked at.
    pub(super) async fn read(state: &State, config: &Config) -> Result<Self, StateError> {
        let mut moves = Self::default();
        for (kind, actions, into) in [(Kind::Group, &MEMBERS[..], &mut moves.members), (Kind::User, &NAMES[..], &mut moves.names)] {
            if config.principals.contains(&kind) {
                for action in actions {
                    into.extend(state.users_of(action).await?);
                }
                into.retain(|one| one.outcome != UsageOutcome::Denied);
            }
        }
        Ok(moves)
    }
}

/// Whether a use may have been on the principal of this name. A resource is kept as `arn:…:group/*NAME`: the path is not told.
fn may_be(used: &UsageTuple, principal: &Principal) -> bool {
    let account = used.resource.split(':').nth(4).unwrap_or_default();
    let name = used.resource.rsplit(['*', '/']).next().unwrap_or_default();
    (account.is_empty() || account == principal.account()) && (name.is_empty() || name.eq_ignore_ascii_case(&principal.name))
}

/// What the use of a user or a group is told by, as IAM has it now.
fn footing(principal: &Principal, inventory: &Inventory) -> Option<BTreeSet<String>> {
    match principal.kind {
        Kind::Role => None,
        Kind::User => Some(BTreeSet::from([principal.name.clone()])),
        Kind::Group => Some(inventory.members(principal).map(|member| member.id.clone()).collect()),
    }
}

impl Survey {
    /// Takes into a record what the use is told by now. Of one that was not looked at for some time it is not known what was meanwhile.
    pub fn refoot(&self, principal: &Principal, record: &mut Role) {
        let known = record.footing.take().filter(|_| record.active);
        record.footing = footing(principal, &self.inventory).map(|of| match known {
            Some(mut footing) => {
                footing.renew(of, self.now);
                footing
            }
            None => Footing::new(of, self.now),
        });
    }

    /// Why a principal is left alone, by its record and by what IAM says now: filters that name it, or a member of it whose wish that is; and
    /// that what its use is told by was not the same for all of its window.
    #[must_use]
    pub fn disqualified(&self, principal: &Principal, record: &Role) -> Vec<Disqualification> {
        let mut named = self.filters.judge(record, self.now);
        for member in self.inventory.members(principal) {
            let one = Named { account: &self.account, arn: member.arn.as_str(), name: &member.name };
            let wishes = self.filters.wishes(one, self.roles.get(member.arn.as_str()), self.now).into_iter();
            named.extend(wishes.map(|wish| Disqualification { reason: format!("of its member {}: {}", member.name, wish.reason), ..wish }));
        }
        let unsettled = self.unsettled(principal, record, self.window(principal, Some(record)));
        named.extend(unsettled.map(|reason| Disqualification { filter: FILTER.to_owned(), reason }));
        named
    }

    fn unsettled(&self, principal: &Principal, record: &Role, window: Window) -> Option<String> {
        let now = footing(principal, &self.inventory)?;
        let Some(known) = record.footing.as_ref().filter(|known| known.of == now) else {
            return Some(match principal.kind {
                Kind::Group => "its members are others than at the last refresh".to_owned(),
                _ => "it is called otherwise than at the last refresh".to_owned(),
            });
        };
        let changed = known.changed.filter(|changed| *changed > window.from);
        match principal.kind {
            Kind::Role => None,
            Kind::Group => {
                let shown = self.moves.members.iter().filter(|used| used.last > window.from && may_be(used, principal));
                if let Some(changed) = shown.map(|used| used.last).chain(changed).max() {
                    return Some(format!("its members changed on {}, and all of the window must show the same", day(changed)));
                }
                // What is shown by the logs must meet what the refreshes show.
                let is_known = known.known <= window.from || (known.known <= window.to && self.would_show(&MEMBERS, window));
                (!is_known).then(|| format!("who was in it before {} is not known, since no complete logs tell", day(known.known)))
            }
            Kind::User => {
                if let Some(changed) = changed {
                    return Some(format!("it was called otherwise until {}, and what it did then is not known", day(changed)));
                }
                let renamed = self.moves.names.iter().filter(|used| used.last > window.from && used.first <= known.known);
                let renamed = renamed.filter(|used| known.known > window.from && !self.is_still_called_so(used, window));
                let renamed = renamed.map(|used| used.last).max()?;
                Some(format!("a user got another name on {}, and it may be this one", day(renamed)))
            }
        }
    }

    /// Whether the user that an event is on has that name still, and had it when the window began: the event changed something else of it.
    fn is_still_called_so(&self, used: &UsageTuple, window: Window) -> bool {
        let account = used.resource.split(':').nth(4).unwrap_or_default();
        let name = used.resource.rsplit(['*', '/']).next().unwrap_or_default();
        let is = |user: &Principal| {
            let was_there = user.created.is_some_and(|created| created <= window.from);
            user.kind == Kind::User && was_there && user.name.eq_ignore_ascii_case(name)
        };
        !account.is_empty() && (account != self.account.as_str() || self.inventory.principals.iter().any(is))
    }

    /// Whether the logs would have shown each of these actions in a window.
    fn would_show(&self, actions: &[&str], window: Window) -> bool {
        let sights = self.sights(window);
        let of_account = sights.get(self.account.as_str());
        let is_seen = |action: &&str| {
            let seen = self.universe.named(action).zip(of_account).map(|(id, sights)| sights.of(id) == &Sight::Seen);
            seen.unwrap_or(false)
        };
        actions.iter().all(is_seen)
    }
}

fn day(time: Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y-%m-%d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_groups_unless_it_names_another() {
        let may_be = |resource: &str| {
            let used = UsageTuple {
                principal: String::new(),
                action: MEMBERS[0].to_owned(),
                resource: resource.to_owned(),
                outcome: UsageOutcome::Used,
                first: Timestamp::UNIX_EPOCH,
                last: Timestamp::UNIX_EPOCH,
                count: 1,
            };
            may_be(&used, &Principal::bare("arn:aws:iam::111122223333:group/eng/team"))
        };
        for named in [
            "arn:aws:iam::111122223333:group/*team",
            "arn:aws:iam::111122223333:group/other/TEAM",
            "",
            "*",
            "arn:aws:iam::111122223333:group/*",
        ] {
            assert!(may_be(named), "{named}");
        }
        for another in
            ["arn:aws:iam::111122223333:group/*my-team", "arn:aws:iam::444455556666:group/*team", "arn:aws:iam::111122223333:group/team/x"]
        {
            assert!(!may_be(another), "{another}");
        }
    }
}
