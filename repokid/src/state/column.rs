//! How values of the domain stand in columns.

use jiff::Timestamp;
use menagerie_store::database::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StateError;

/// A column's time.
pub(super) fn time(row: &Row, column: &'static str) -> Result<Timestamp, StateError> {
    moment(row.integer(column)?)
}

/// A column's time, where it has one.
pub(super) fn optional_time(row: &Row, column: &'static str) -> Result<Option<Timestamp>, StateError> {
    row.optional_integer(column)?.map(moment).transpose()
}

fn moment(microseconds: i64) -> Result<Timestamp, StateError> {
    Timestamp::from_microsecond(microseconds).map_err(|error| bad("a time", &error))
}

/// A column's JSON.
pub(super) fn json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StateError> {
    serde_json::from_str(text).map_err(|error| bad(what, &error))
}

/// JSON for a column.
pub(super) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("records have text keys, and nothing that JSON does not have")
}

/// A column's text as a type that parses.
pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    row: &Row,
    column: &'static str,
    what: &'static str,
) -> Result<T, StateError> {
    row.text(column)?.parse().map_err(|error| bad(what, &error))
}

/// A count of a column.
pub(super) fn count(row: &Row, column: &'static str) -> Result<u64, StateError> {
    u64::try_from(row.integer(column)?).map_err(|error| bad("a count", &error))
}

/// A count for a column. More than 2^63 of anything is not counted.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn bad(what: &'static str, reason: &impl std::fmt::Display) -> StateError {
    StateError::Record { what, reason: reason.to_string() }
}
