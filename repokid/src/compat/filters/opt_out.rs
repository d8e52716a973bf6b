//! `OptOutFilter`: a role whose owner wishes it not to be changed, until the wish has run out.

use jiff::Timestamp;

use crate::state::Role;

pub(super) fn names(role: &Role, now: Timestamp) -> Option<String> {
    let wish = role.opt_out.as_ref().filter(|wish| wish.holds(now))?;
    Some(format!("{} opted out until {}: {}", wish.owner, wish.expires.strftime("%Y-%m-%d"), wish.reason))
}
