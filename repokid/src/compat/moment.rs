//! Times as Repokid, Aardvark and AWS's command line write them.
//!
//! A time without a zone is taken as UTC: Repokid wrote some in UTC and some in the zone of its machine, and does not say which.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// A time in one of the forms: RFC 3339 and ISO 8601 with or without a zone, `2017-01-31 12:00`, an HTTP date, or seconds since 1970.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let zoned = || text.parse::<Timestamp>().ok();
    let http = || jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    zoned().or_else(civil).or_else(http)
}

/// A time as JSON has it: a text, or seconds since 1970 with or without a fraction.
pub(super) fn of_json(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(seconds) => match seconds.as_i64() {
            Some(seconds) => Timestamp::from_second(seconds).ok(),
            None => seconds.as_f64().and_then(|seconds| jiff::SignedDuration::try_from_secs_f64(seconds).ok()).and_then(|since| {
                let since = jiff::SignedDuration::from_micros(i64::try_from(since.as_micros()).ok()?);
                Timestamp::UNIX_EPOCH.checked_add(since).ok()
            }),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_is_the_same_moment() {
        let moment: Timestamp = "2020-03-03T10:00:00Z".parse().expect("a time");
        let texts = [
            "2020-03-03T10:00:00Z",
            "2020-03-03T12:00:00+02:00",
            "2020-03-03T10:00:00",
            "2020-03-03T10:00:00.000000",
            "2020-03-03 10:00:00",
            "2020-03-03 10:00",
            "Tue, 03 Mar 2020 10:00:00 GMT",
        ];
        for text in texts {
            assert_eq!(parse(text), Some(moment), "{text}");
        }
        assert_eq!(of_json(&json!(1_583_229_600)), Some(moment));
        assert_eq!(of_json(&json!(1_583_229_600.0)), Some(moment));
        for none in [json!("yesterday"), json!(null), json!({}), json!(1e300), json!(u64::MAX)] {
            assert_eq!(of_json(&none), None, "{none}");
        }
    }
}
