//! Texts that people wrote beside a repository: issues, requests, comments. Lists are read latest change first, so that what changes while
//! they are read moves to where the next run begins, and what an earlier run saw is passed over.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::state::Mark;
use super::{Error, Host};

/// A text.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// Where: `issues/12`, `pull/7#comment-99`.
    pub(super) place: String,
    pub(super) body: &'a str,
}

/// What has a number and a time of change.
pub(super) trait Dated {
    fn id(&self) -> u64;
    fn updated(&self) -> &str;
}

fn time(text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| Error::Form { reason: "a time of change is none".to_owned() })
}

/// Whether something changed before what `mark` says, and so was seen.
pub(super) fn is_older(item: &impl Dated, mark: Option<&Mark>) -> Result<bool, Error> {
    match mark {
        Some(mark) => Ok(time(item.updated())? < time(&mark.since)?),
        None => Ok(false),
    }
}

/// Visits what changed since `mark`, latest first, and says where the next run begins. `parameter` is what the host calls the time to begin at.
pub(super) fn changed<T: DeserializeOwned + Dated>(
    host: &Host,
    path: &str,
    parameter: Option<&str>,
    mark: Option<&Mark>,
    mut visit: impl FnMut(&T) -> Result<(), Error>,
) -> Result<Mark, Error> {
    let begin = match (parameter, mark) {
        (Some(name), Some(mark)) => format!("&{name}={}", time(&mark.since)?),
        _ => String::new(),
    };
    let mut next: Option<Mark> = None;
    host.list::<T>(&format!("{path}{begin}"), |page| {
        if next.is_none() {
            next = latest(&page, mark)?;
        }
        for item in &page {
            if is_older(item, mark)? {
                return Ok(false);
            }
            let seen = mark.is_some_and(|mark| mark.since == item.updated() && mark.seen.contains(&item.id()));
            if !seen {
                visit(item)?;
            }
        }
        Ok(true)
    })?;
    Ok(next.or_else(|| mark.cloned()).unwrap_or_default())
}

/// The latest time of change on the first page, with what has it.
fn latest<T: Dated>(page: &[T], mark: Option<&Mark>) -> Result<Option<Mark>, Error> {
    let mut next: Option<(Timestamp, Mark)> = None;
    for item in page {
        let at = time(item.updated())?;
        match &mut next {
            Some((time, mark)) if *time == at => mark.seen.push(item.id()),
            Some((time, _)) if *time > at => {}
            _ => next = Some((at, Mark { since: item.updated().to_owned(), seen: vec![item.id()] })),
        }
    }
    let Some((_, mut next)) = next else { return Ok(None) };
    if let Some(mark) = mark.filter(|mark| mark.since == next.since) {
        next.seen.extend(&mark.seen);
        next.seen.sort_unstable();
        next.seen.dedup();
    }
    Ok(Some(next))
}
