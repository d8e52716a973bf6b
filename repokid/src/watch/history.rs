//! The denials that CloudTrail itself still knows, in every Region: the event history is one of each Region.
//!
//! Events come newest first, and there may be more than can be asked for in time: of each Region so many pages are read, and what is not
//! reached is told. A Region that cannot be asked does not keep others from being asked.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::time::SystemTime;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use menagerie_aws::{CallError, Session};
use menagerie_aws_cloudtrail::CloudTrail;
use menagerie_cloudtrail::Event;

use super::{Denials, Denied};

/// How many Regions are asked at once.
const AT_ONCE: usize = 6;

/// What the event history has.
#[derive(Debug, Default)]
pub struct Looked {
    /// The denials, in the order of time.
    pub found: Vec<Denied>,
    /// What is missing of it, in sentences.
    pub problems: Vec<String>,
}

/// Looks for denials in a span of time in these Regions, in no more than so many pages of each.
pub async fn looked_up(session: &Session, regions: &BTreeSet<String>, from: Timestamp, to: Timestamp, pages: NonZero<usize>) -> Looked {
    let asked = regions.iter().map(|region| async move { (region, region_of(session, region, from, to, pages).await) });
    let mut answers: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    answers.sort_by_key(|(region, _)| *region);
    let mut looked = Looked::default();
    for (region, answer) in answers {
        match answer {
            Ok((found, problems)) => {
                looked.found.extend(found);
                looked.problems.extend(problems.into_iter().map(|problem| format!("{region}: {problem}")));
            }
            Err(error) => looked.problems.push(format!("{region}: {error}")),
        }
    }
    looked.found.sort_by(|left, right| (left.at, &left.event).cmp(&(right.at, &right.event)));
    looked.found.dedup_by(|left, right| left.event == right.event);
    looked
}

async fn region_of(
    session: &Session,
    region: &str,
    from: Timestamp,
    to: Timestamp,
    pages: NonZero<usize>,
) -> Result<(Vec<Denied>, Vec<String>), CallError> {
    let trail = CloudTrail::new(&session.in_region(region));
    let (mut denials, mut page, mut broken) = (Denials::new(Some(from)), None, 0_u64);
    let mut problems = Vec::new();
    let mut oldest = to;
    for number in 1.. {
        let answer = trail.lookup(SystemTime::from(from), SystemTime::from(to), None, page).await?;
        for text in &answer.events {
            match Event::parse(text) {
                Ok(event) => {
                    oldest = oldest.min(event.time());
                    denials.take(&event);
                }
                Err(_) => broken += 1,
            }
        }
        page = answer.next;
        if page.is_none() {
            break;
        }
        if number >= pages.get() {
            problems.push(format!("there are more events than are asked for: what was before {oldest} was not looked at"));
            break;
        }
    }
    if broken > 0 {
        problems.push(format!("{broken} events are not what CloudTrail writes"));
    }
    if denials.dropped > 0 {
        problems.push(format!("there are {} more denials than are looked at", denials.dropped));
    }
    Ok((denials.found, problems))
}
