//! One value of a request against one value of a policy, by operator; of a negated operator, what it negates. What cannot be
//! read as what the operator compares is unknown.

use super::request::Request;
use crate::document::Base;
use crate::pattern::{Glob, Resolved, ResourcePattern, Truth};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::cmp::Ordering;
use std::net::IpAddr;

pub(super) fn compare(base: Base, value: &str, policy: &str, request: &Request, variables: bool) -> Truth {
    let number = |holds: fn(Ordering) -> bool| ordered(number_order(value, policy), holds);
    let date = |holds: fn(Ordering) -> bool| ordered(date_order(value, policy), holds);
    match base {
        Base::StringEquals | Base::StringNotEquals => string(Glob::literal(policy, variables), value, request),
        Base::StringEqualsIgnoreCase | Base::StringNotEqualsIgnoreCase => ignoring_case(policy, value, request, variables),
        Base::StringLike | Base::StringNotLike => {
            string(if variables { Glob::with_variables(policy) } else { Glob::new(policy) }, value, request)
        }
        Base::ArnEquals | Base::ArnLike | Base::ArnNotEquals | Base::ArnNotLike => arn(policy, value, request, variables),
        Base::NumericEquals | Base::NumericNotEquals => number(Ordering::is_eq),
        Base::NumericLessThan => number(Ordering::is_lt),
        Base::NumericLessThanEquals => number(Ordering::is_le),
        Base::NumericGreaterThan => number(Ordering::is_gt),
        Base::NumericGreaterThanEquals => number(Ordering::is_ge),
        Base::DateEquals | Base::DateNotEquals => date(Ordering::is_eq),
        Base::DateLessThan => date(Ordering::is_lt),
        Base::DateLessThanEquals => date(Ordering::is_le),
        Base::DateGreaterThan => date(Ordering::is_gt),
        Base::DateGreaterThanEquals => date(Ordering::is_ge),
        Base::Bool => string(Glob::literal(policy, variables).folded(), value, request),
        Base::BinaryEquals => binary(policy, value),
        Base::IpAddress | Base::NotIpAddress => address(policy, value),
        Base::Null | Base::Unknown => Truth::Unknown,
    }
}

/// A variable without a value leaves open what no value could decide: AWS does not say what it is then.
fn string(glob: Glob, value: &str, request: &Request) -> Truth {
    match glob.resolve(|key| request.variable(key)) {
        Resolved::Glob(glob) => glob.matches(value),
        Resolved::Never => glob.matches(value),
    }
}

fn ignoring_case(policy: &str, value: &str, request: &Request, variables: bool) -> Truth {
    let found = string(Glob::literal(policy, variables).folded(), value, request);
    // How letters beyond ASCII are folded is not said.
    if found.is_no() && !(policy.is_ascii() && value.is_ascii()) { Truth::Unknown } else { found }
}

/// Each of the six parts of the ARN is checked separately, with wildcards.
fn arn(policy: &str, value: &str, request: &Request, variables: bool) -> Truth {
    let pattern = if variables { ResourcePattern::new(policy) } else { ResourcePattern::without_variables(policy) };
    let lookup = |key: &str| request.variable(key);
    let found = if pattern.lacks_value(lookup) { pattern.matches(value) } else { pattern.matches_with(value, lookup) };
    // Text that is no whole ARN is compared with one: the guide has nothing on it but for what matches in no reading.
    let whole = pattern.fields().is_some() && policy.split(':').count() >= 6 && value.split(':').count() >= 6;
    if whole || found.is_no() { found } else { Truth::Unknown }
}

fn ordered(order: Option<Ordering>, holds: fn(Ordering) -> bool) -> Truth {
    order.map_or(Truth::Unknown, |order| holds(order).into())
}

fn number_order(value: &str, policy: &str) -> Option<Ordering> {
    if let (Ok(value), Ok(policy)) = (value.parse::<i128>(), policy.parse::<i128>()) {
        return Some(value.cmp(&policy));
    }
    let decimal = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    decimal(value)?.partial_cmp(&decimal(policy)?)
}

fn date_order(value: &str, policy: &str) -> Option<Ordering> {
    Some(instant(value)?.cmp(&instant(policy)?))
}

/// A date as W3C's profile of ISO 8601 has it, or seconds since 1970.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        // Four digits are a year.
        return if text.len() == 4 { midnight(&format!("{text}-01-01")) } else { Timestamp::from_second(seconds).ok() };
    }
    let month = text.len() == 7 && text.as_bytes()[4] == b'-';
    text.parse::<Timestamp>().ok().or_else(|| if month { midnight(&format!("{text}-01")) } else { midnight(text) })
}

fn midnight(date: &str) -> Option<Timestamp> {
    let date = (date.len() == 10).then(|| date.parse::<Date>().ok())??;
    date.to_zoned(TimeZone::UTC).ok().map(|start| start.timestamp())
}

fn binary(policy: &str, value: &str) -> Truth {
    match (STANDARD.decode(policy), STANDARD.decode(value)) {
        (Ok(policy), Ok(value)) => Truth::from(policy == value),
        _ => Truth::Unknown,
    }
}

fn address(policy: &str, value: &str) -> Truth {
    let net = policy.parse::<IpNet>().ok().or_else(|| policy.parse::<IpAddr>().ok().map(IpNet::from));
    match (net, value.parse::<IpAddr>()) {
        (Some(net), Ok(address)) => Truth::from(net.contains(&address)),
        _ => Truth::Unknown,
    }
}
