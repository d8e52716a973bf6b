//! Access Advisor's data as it is handed around: Aardvark's answers, AWS's, and both saved in one file.
//!
//! Aardvark answers `POST {"phrase": ACCOUNT}` or `{"arn": [ARN]}` with `?count=1000&page=N` by an object from ARN to rows, with `count`,
//! `page` and `total` between them ([`AardvarkPage`]). AWS's `get-service-last-accessed-details` answers for one ARN, by service or by
//! action. A saved file is an object from ARN to Aardvark's rows or to AWS's answers ([`saved`]).
//!
//! What cannot be read is a [`Fault`] of its ARN and no row: a row that is missing proves nothing. A time that is none becomes
//! [`LastAccess::Unreadable`](crate::state::LastAccess::Unreadable), which counts as used.

mod aardvark;
mod aws;

use std::collections::BTreeMap;

use jiff::Timestamp;
use menagerie_aws::Arn;
use serde_json::{Map, Value};

use crate::state::AdvisorRow;

pub(super) use aardvark::rows as aardvark_rows;
pub use aardvark::{AardvarkPage, PAGE_ROWS, Question};

/// Rows by principal, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    /// The rows of each principal. One that is here without rows was asked for and has none.
    pub rows: BTreeMap<Arn, Vec<AdvisorRow>>,
    /// What could not be read.
    pub faults: Vec<Fault>,
}

/// What could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: an ARN, or what stands in its place.
    pub of: String,
    /// What is wrong.
    pub reason: String,
}

/// Why a text is no data of Access Advisor at all.
#[derive(Debug, thiserror::Error)]
pub enum AdvisorError {
    /// It is no JSON.
    #[error("this is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another form.
    #[error("this is no data of Access Advisor: {wanted} is wanted")]
    Form {
        /// What should be there.
        wanted: &'static str,
    },
}

/// Reads a saved file: an object from ARN to Aardvark's rows, or to an answer of AWS's or a list of such answers (pages). `now` tells times
/// that lie ahead, which are none.
///
/// # Errors
/// [`AdvisorError`] if it is no such object.
pub fn saved(text: &str, now: Timestamp) -> Result<Advice, AdvisorError> {
    match serde_json::from_str(text)? {
        Value::Object(map) if map.contains_key("ServicesLastAccessed") => {
            Err(AdvisorError::Form { wanted: "an object from ARN to such answers" })
        }
        Value::Object(map) => Ok(of_map(&map, now)),
        _ => Err(AdvisorError::Form { wanted: "an object from ARN to rows" }),
    }
}

/// Reads one answer of AWS's `get-service-last-accessed-details`.
///
/// # Errors
/// [`AdvisorError`] if it is none, or the job was not done.
pub fn answer(text: &str, now: Timestamp) -> Result<Vec<AdvisorRow>, AdvisorError> {
    let value: Value = serde_json::from_str(text)?;
    aws::rows(&value, now).map_err(|wanted| AdvisorError::Form { wanted })
}

fn of_map(map: &Map<String, Value>, now: Timestamp) -> Advice {
    let mut advice = Advice::default();
    for (key, value) in map.iter().filter(|(key, _)| !aardvark::COUNTS.contains(&key.as_str())) {
        let mut fault = |reason: String| advice.faults.push(Fault { of: key.clone(), reason });
        let arn = match key.parse::<Arn>() {
            Ok(arn) => arn,
            Err(error) => {
                fault(error.to_string());
                continue;
            }
        };
        match rows(value, now) {
            Ok((rows, reasons)) => {
                reasons.into_iter().for_each(&mut fault);
                advice.rows.insert(arn, rows);
            }
            Err(reason) => fault(reason.to_owned()),
        }
    }
    advice
}

type Rows = (Vec<AdvisorRow>, Vec<String>);

fn rows(value: &Value, now: Timestamp) -> Result<Rows, &'static str> {
    let is_answer = |value: &Value| value.get("ServicesLastAccessed").is_some() || value.get("JobStatus").is_some();
    match value {
        answer if is_answer(answer) => Ok((aws::rows(answer, now)?, Vec::new())),
        Value::Array(pages) if pages.first().is_some_and(is_answer) => {
            let pages: Result<Vec<_>, _> = pages.iter().map(|page| aws::rows(page, now)).collect();
            Ok((pages?.concat(), Vec::new()))
        }
        Value::Array(list) => Ok(aardvark::rows(list, now)),
        _ => Err("a list of rows is wanted, or an answer of get-service-last-accessed-details"),
    }
}

#[cfg(test)]
mod tests;
