//! Times in certificates: UTCTime and GeneralizedTime in the one form of each that RFC 5280, 4.1.2.5 allows.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::tlv::{Broken, Malformed, Reader, tag};

/// A time as it is written, and the moment that it means where it is written well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub text: &'a [u8],
    pub generalized: bool,
    pub at: Option<Timestamp>,
}

/// Reads a Time.
pub(super) fn moment<'a>(reader: &mut Reader<'a>, part: &'static str) -> Result<Moment<'a>, Malformed> {
    let time = reader.any()?;
    let generalized = match time.tag {
        tag::UTC_TIME => false,
        tag::GENERALIZED_TIME => true,
        other => return Err(Malformed::new(part, Broken::Tag(other))),
    };
    let at = if generalized { digits::<7>(time.value).and_then(generalized_time) } else { digits::<6>(time.value).and_then(utc_time) };
    Ok(Moment { text: time.value, generalized, at })
}

/// Numbers of two digits each, with `Z` behind them.
fn digits<const PAIRS: usize>(text: &[u8]) -> Option<[i8; PAIRS]> {
    let (zone, text) = text.split_last()?;
    if *zone != b'Z' || text.len() != 2 * PAIRS || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut numbers = [0; PAIRS];
    for (number, pair) in numbers.iter_mut().zip(text.chunks_exact(2)) {
        *number = i8::try_from(10 * (pair[0] - b'0') + (pair[1] - b'0')).ok()?;
    }
    Some(numbers)
}

fn utc_time([year, rest @ ..]: [i8; 6]) -> Option<Timestamp> {
    moment_of(i16::from(year) + if year < 50 { 2000 } else { 1900 }, rest)
}

fn generalized_time([century, year, rest @ ..]: [i8; 7]) -> Option<Timestamp> {
    moment_of(100 * i16::from(century) + i16::from(year), rest)
}

fn moment_of(year: i16, [month, day, hour, minute, second]: [i8; 5]) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(DateTime::new(year, month, day, hour, minute, second, 0).ok()?).ok()
}
