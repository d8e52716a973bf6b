//! The event history of an account and Region, which CloudTrail keeps for 90 days without a trail: management events alone.
//!
//! Whole hours are read, each once, and remembered as `lookup://ACCOUNT/REGION#HOUR`. Events come newest first, so that an hour is whole
//! when one of an earlier hour has come. The last two hours are left for the next run: events come late.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws_cloudtrail::CloudTrail;
use menagerie_cloudtrail::Event;

use super::{Fed, FeedError, Pace};
use crate::state::{Absorbed, State, Taken, UsageFile};
use crate::usage::{Observer, of_events, tuples};

/// How far back the history goes.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);
/// How late events may come.
const LATE: i64 = 2;

/// Takes in the hours of the event history that were not read before. `of` is whose history it is: `ACCOUNT/REGION`.
///
/// # Errors
/// [`FeedError`] if the state fails or CloudTrail does not answer.
pub async fn lookup(state: &State, trail: &CloudTrail, of: &str, pace: Pace) -> Result<Fed, FeedError> {
    let hour = |time: Timestamp| time.as_second().div_euclid(3600);
    // The first hour is there whole.
    let first = hour(pace.since.max(pace.now - KEPT)) + 1;
    let end = hour(pace.now) - LATE + 1;
    let mut fed = Fed::default();
    let names: Vec<_> = (first..end).map(|hour| (name(of, hour), "whole".to_owned())).collect();
    let known = state.have_read(&names).await?;
    let mut unread: Vec<i64> = Vec::new();
    for (hour, known) in (first..end).zip(known) {
        if known { fed.known += 1 } else { unread.push(hour) }
    }
    // The latest first, and in one go what stands together.
    for run in unread.chunk_by(|left, right| left + 1 == *right).rev() {
        read(state, trail, of, (run[0], run[run.len() - 1] + 1), pace, &mut fed).await?;
    }
    Ok(fed)
}

fn name(of: &str, hour: i64) -> String {
    let time = Timestamp::from_second(hour * 3600).map(|time| time.strftime("%Y-%m-%dT%H").to_string()).unwrap_or_default();
    format!("lookup://{of}#{time}")
}

/// Reads the hours from the first to before the last.
async fn read(state: &State, trail: &CloudTrail, of: &str, (first, end): (i64, i64), pace: Pace, fed: &mut Fed) -> Result<(), FeedError> {
    let moment = |hour: i64| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(hour * 3600).unwrap_or_default());
    // Both ends of the service's span count.
    let (from, to) = (moment(first), moment(end) - std::time::Duration::from_secs(1));
    let mut hours: BTreeMap<i64, Hour> = (first..end).map(|hour| (hour, Hour::default())).collect();
    let mut page = None;
    loop {
        let answer = trail.lookup(from, to, None, page).await?;
        for text in &answer.events {
            let event = match Event::parse(text) {
                Ok(event) => event,
                Err(error) => {
                    fed.problem(format!("lookup://{of}: {error}"));
                    // What hour it was of is not known: none of those that are not whole yet may be taken for whole and faultless.
                    if let Some((_, last)) = hours.iter_mut().next_back() {
                        last.faults += 1;
                    }
                    continue;
                }
            };
            let hour = event.time().as_second().div_euclid(3600);
            // Newest first: what is later than this is whole.
            for whole in hours.split_off(&(hour + 1)) {
                absorb(state, of, whole, pace, fed).await?;
            }
            if let Some(open) = hours.get_mut(&hour) {
                open.events += 1;
                open.bytes += text.len() as u64;
                open.observer.take(&event);
            }
        }
        page = answer.next;
        if page.is_none() {
            break;
        }
    }
    while let Some(whole) = hours.pop_last() {
        absorb(state, of, whole, pace, fed).await?;
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Hour {
    observer: Observer,
    events: u64,
    bytes: u64,
    faults: u64,
}

async fn absorb(state: &State, of: &str, (hour, mut whole): (i64, Hour), pace: Pace, fed: &mut Fed) -> Result<(), FeedError> {
    let file = UsageFile {
        name: name(of, hour),
        version: "whole".to_owned(),
        bytes: whole.bytes,
        records: whole.events,
        faults: whole.faults,
        read: pace.now,
    };
    let delivered = of_events(&whole.observer);
    let tuples = tuples(whole.observer.take_seen());
    if state.absorb(Taken { file: &file, tuples: &tuples, delivered: &delivered }).await? != Absorbed::Known {
        fed.read += 1;
        fed.events += whole.events;
        fed.bytes += whole.bytes;
    }
    Ok(())
}
