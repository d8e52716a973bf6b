//! Roles and users that did nothing in the window, as far as that is known.

use menagerie_finding::Severity;

use super::{Entry, Kind};
use crate::account;
use crate::analysis::{Analysis, Setting};
use crate::verdict::{Freshness, Sight};

/// The entry of a principal that nothing was seen of, if something would have shown it.
pub(super) fn of(analysis: &Analysis<'_>, setting: &Setting<'_>, dangerous: bool) -> Option<Entry> {
    let principal = analysis.principal;
    let kind = match principal.kind {
        account::Kind::Role => Kind::UnusedRole,
        account::Kind::User => Kind::UnusedUser,
        account::Kind::Group => return None,
    };
    let window = setting.window;
    let lately = |time: &jiff::Timestamp| *time >= window.from;
    if !analysis.usage.is_empty() || principal.created.as_ref().is_some_and(lately) || principal.last_used.as_ref().is_some_and(lately) {
        return None;
    }
    let mut reasons = Vec::new();
    if let Some(last) = principal.last_used {
        reasons.push(format!("IAM saw it last on {}", last.strftime("%Y-%m-%d")));
    }
    if let Some(advice) = &analysis.usage.advice {
        if advice.services.values().any(|service| service.last.as_ref().is_some_and(lately)) {
            return None;
        }
        if !advice.services.is_empty() && advice.services.values().all(|service| service.fresh == Freshness::Fresh) {
            reasons.push(format!("Access Advisor saw it use no service in {} days", window.days()));
        }
    }
    let sights = setting.sights.get(principal.account()).unwrap_or(setting.blind);
    // An action whose event every trail of management events has.
    let is_complete = setting.universe.find("ec2", "DescribeInstances").is_some_and(|id| *sights.of(id) == Sight::Seen);
    if is_complete {
        reasons.push(format!("the trail is complete for {} days and shows nothing that it did", window.days()));
    }
    if reasons.is_empty() {
        return None;
    }
    let counts = analysis.counts();
    let severity = match (dangerous, counts.total()) {
        (true, _) => Severity::High,
        (false, 0) => Severity::Low,
        (false, _) => Severity::Medium,
    };
    if counts.unobservable > 0 && principal.last_used.is_none() && analysis.usage.advice.is_none() {
        reasons.push(format!("the use of {} of its permissions would not show", counts.unobservable));
    }
    let mut reason = reasons.join("; ");
    if let Some(first) = reason.get(..1).map(str::to_uppercase) {
        reason.replace_range(..1, &first);
    }
    Some(Entry { severity, kind, subject: principal.arn.as_str().to_owned(), reason: format!("{reason}."), paths: Vec::new() })
}
