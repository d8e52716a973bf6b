//! Validity times: seconds since 1970 in the whole range of 64 bits, as local time for people and RFC 3339 for
//! programs. Calendars end at the year 9999 in jiff and never in `ssh-keygen`, so later years are reckoned here.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The text behind `Valid: `.
pub(super) fn validity(after: u64, before: u64, time_zone: &TimeZone) -> String {
    match (after, before) {
        (0, u64::MAX) => "forever".to_owned(),
        (0, before) => format!("before {}", local(before, time_zone)),
        (after, u64::MAX) => format!("after {}", local(after, time_zone)),
        (after, before) => format!("from {} to {}", local(after, time_zone), local(before, time_zone)),
    }
}

/// RFC 3339 in UTC; nothing for years that it cannot express.
pub(super) fn rfc3339(seconds: u64) -> Option<String> {
    timestamp(seconds).map(|time| time.to_string())
}

fn timestamp(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

fn local(seconds: u64, time_zone: &TimeZone) -> String {
    match timestamp(seconds) {
        Some(time) => time_zone.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        None => far(seconds, time_zone.to_offset(Timestamp::MAX).seconds()),
    }
}

/// A time after the year 9999, at the offset that holds at the calendar's end.
fn far(seconds: u64, offset: i32) -> String {
    let local = i128::from(seconds) + i128::from(offset);
    let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    // Reckoned in cycles of 400 years from 0000-03-01, so that a leap day ends a year.
    let since = days + 719_468;
    let (cycle, day) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year_of_cycle = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_cycle + cycle * 400 + i128::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}")
}
