//! Aardvark's questions, pages and rows.

use jiff::Timestamp;
use menagerie_aws::{AccountId, Arn};
use serde_json::{Value, json};

use super::{Advice, AdvisorError, of_map};
use crate::compat::moment;
use crate::state::{AdvisorRow, LastAccess};

/// How many principals a page has, as Repokid asks.
pub const PAGE_ROWS: u64 = 1000;

/// What stands between the ARNs of a page.
pub(super) const COUNTS: [&str; 3] = ["count", "page", "total"];

/// Milliseconds from here on are taken for such, and what is less for seconds: 2015, before which there was no Access Advisor.
const FIRST: Timestamp = Timestamp::constant(1_420_070_400, 0);

/// What Aardvark is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// All principals of an account.
    Account(AccountId),
    /// One principal.
    Principal(Arn),
}

impl Question {
    /// The body of the `POST`.
    #[must_use]
    pub fn body(&self) -> String {
        match self {
            Self::Account(account) => json!({ "phrase": account.as_str() }).to_string(),
            Self::Principal(arn) => json!({ "arn": [arn.as_str()] }).to_string(),
        }
    }

    /// The query of a page, from 1.
    #[must_use]
    pub fn query(page: u64) -> String {
        format!("count={PAGE_ROWS}&page={page}")
    }
}

/// A page of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AardvarkPage {
    /// What it has.
    pub advice: Advice,
    total: u64,
}

impl AardvarkPage {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`AdvisorError`] if it is none. One without `total` is none: whether more follows could not be told.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, AdvisorError> {
        let value: Value = serde_json::from_str(text)?;
        let map = value.as_object().ok_or(AdvisorError::Form { wanted: "an object from ARN to rows" })?;
        let total = map.get("total").and_then(Value::as_u64);
        let total = total.ok_or(AdvisorError::Form { wanted: "`total`, the number of principals on all pages," })?;
        Ok(Self { advice: of_map(map, now), total })
    }

    /// The page to ask for next, when this is page `page`.
    #[must_use]
    pub fn next(&self, page: u64) -> Option<u64> {
        (page.saturating_mul(PAGE_ROWS) < self.total).then(|| page.saturating_add(1))
    }
}

/// A principal's rows, and what is wrong with those that are none.
pub(in crate::compat) fn rows(list: &[Value], now: Timestamp) -> (Vec<AdvisorRow>, Vec<String>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for value in list {
        match row(value, now) {
            Some(row) => rows.push(row),
            None => faults.push("a row has no serviceNamespace".to_owned()),
        }
    }
    (rows, faults)
}

fn row(value: &Value, now: Timestamp) -> Option<AdvisorRow> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Some(AdvisorRow {
        service: text("serviceNamespace").filter(|service| !service.is_empty())?.to_ascii_lowercase(),
        service_name: text("serviceName").unwrap_or_default().to_owned(),
        last_authenticated: value.get("lastAuthenticated").map_or(LastAccess::Unreadable, |time| last(time, now)),
        last_authenticated_entity: text("lastAuthenticatedEntity").filter(|entity| !entity.is_empty()).map(str::to_owned),
        total_authenticated_entities: value.get("totalAuthenticatedEntities").and_then(Value::as_u64).unwrap_or(0),
        actions: Vec::new(),
        last_updated: value.get("lastUpdated").and_then(moment::of_json).filter(|updated| *updated <= now),
    })
}

/// Milliseconds since 1970, or seconds; 0 for never.
fn last(value: &Value, now: Timestamp) -> LastAccess {
    let number = value.as_i64().or_else(|| value.as_f64().and_then(whole));
    let (Some(number), first) = (number, FIRST.as_second()) else { return LastAccess::Unreadable };
    let time = match number {
        0 => return LastAccess::Never,
        millis if millis >= first * 1000 => Timestamp::from_millisecond(millis),
        seconds if seconds >= first => Timestamp::from_second(seconds),
        _ => return LastAccess::Unreadable,
    };
    time.ok().filter(|time| *time <= now).map_or(LastAccess::Unreadable, LastAccess::At)
}

/// `1500000000000.0` as JSON of DynamoDB may have it.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 1e15).then(|| format!("{number:.0}").parse().ok()).flatten()
}
