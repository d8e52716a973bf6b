//! An answer of AWS's `get-service-last-accessed-details`, as its command line prints it.
//!
//! A service or an action without a time was not used within the tracking period (400 days in most Regions). All of an answer was true when
//! its job was done. Action-level answers list actions of the services that AWS tracks so; others have none.

use jiff::Timestamp;
use serde_json::Value;

use crate::compat::moment;
use crate::state::{AdvisorAction, AdvisorRow, LastAccess};

/// The rows of an answer; the error is what was wanted.
pub(super) fn rows(answer: &Value, now: Timestamp) -> Result<Vec<AdvisorRow>, &'static str> {
    match answer.get("JobStatus").and_then(Value::as_str) {
        Some("COMPLETED") => {}
        Some(_) => return Err("the answer of a job whose JobStatus is COMPLETED"),
        None => return Err("JobStatus"),
    }
    let updated = answer.get("JobCompletionDate").and_then(moment::of_json).filter(|updated| *updated <= now);
    let services = answer.get("ServicesLastAccessed").and_then(Value::as_array).ok_or("the list ServicesLastAccessed")?;
    services.iter().map(|service| row(service, updated, now).ok_or("a ServiceNamespace in each of ServicesLastAccessed")).collect()
}

fn row(service: &Value, updated: Option<Timestamp>, now: Timestamp) -> Option<AdvisorRow> {
    let text = |key: &str| service.get(key).and_then(Value::as_str);
    let actions = match service.get("TrackedActionsLastAccessed") {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => list.as_array()?.iter().map(|tracked| action(tracked, now)).collect::<Option<_>>()?,
    };
    Some(AdvisorRow {
        service: text("ServiceNamespace").filter(|service| !service.is_empty())?.to_ascii_lowercase(),
        service_name: text("ServiceName").unwrap_or_default().to_owned(),
        last_authenticated: last(service.get("LastAuthenticated"), now),
        last_authenticated_entity: text("LastAuthenticatedEntity").map(str::to_owned),
        total_authenticated_entities: service.get("TotalAuthenticatedEntities").and_then(Value::as_u64).unwrap_or(0),
        actions,
        last_updated: updated,
    })
}

fn action(tracked: &Value, now: Timestamp) -> Option<AdvisorAction> {
    let name = tracked.get("ActionName").and_then(Value::as_str).filter(|name| !name.is_empty())?;
    Some(AdvisorAction { name: name.to_owned(), last_accessed: last(tracked.get("LastAccessedTime"), now) })
}

fn last(time: Option<&Value>, now: Timestamp) -> LastAccess {
    match time {
        None | Some(Value::Null) => LastAccess::Never,
        Some(time) => moment::of_json(time).filter(|time| *time <= now).map_or(LastAccess::Unreadable, LastAccess::At),
    }
}
