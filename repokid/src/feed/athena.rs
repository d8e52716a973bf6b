//! Logs by way of Athena: the standard table of CloudTrail's logs, summed up by the query before anything is transferred.
//!
//! Whole days are read, each once, and remembered as `athena://DATABASE/TABLE#DAY`. A row stands for all events of a day with the same
//! identity, operation, error and resources. It has no request parameters, so that what they would have told counts as used: every action
//! that the operation needs at times, the roles that it may hand over, and resources that only they name.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use menagerie_aws_athena::{Athena, Place};
use menagerie_cloudtrail::Event;
use menagerie_cloudtrail::map::{How, Resource};
use menagerie_policy::data::{self, catalogue};
use serde_json::{Value, json};

use super::{Fed, FeedError, Pace};
use crate::state::{Absorbed, State, Taken, UsageFile};
use crate::usage::{Observer, Span, of_events, tuples};

/// How long a query may take: Athena's own limit is half an hour.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// How late a day's last events are delivered.
const LATE: SignedDuration = SignedDuration::from_hours(6);

/// The columns of an answer.
const COLUMNS: usize = 15;

/// The query for the days from the first to before the last, in the order of days.
#[must_use]
pub fn query(table: &str, partition: Option<&str>, first: Date, end: Date) -> String {
    let within = partition.map_or_else(String::new, |column| {
        format!(" AND \"{column}\" >= '{}' AND \"{column}\" <= '{}'", first.strftime("%Y/%m/%d"), end.strftime("%Y/%m/%d"))
    });
    format!(
        "SELECT substr(eventtime, 1, 10) AS day, useridentity.type, useridentity.arn, useridentity.accountid, useridentity.username, \
         useridentity.invokedby, useridentity.sessioncontext.sessionissuer.type, useridentity.sessioncontext.sessionissuer.arn, \
         eventsource, eventname, awsregion, coalesce(errorcode, '') AS error, \
         json_format(CAST(transform(coalesce(resources, ARRAY[]), one -> one.arn) AS JSON)) AS arns, \
         min(eventtime) || ' ' || max(eventtime) AS span, count(*) AS events \
         FROM \"{table}\" WHERE eventtime >= '{first}T00:00:00Z' AND eventtime < '{end}T00:00:00Z'{within} \
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 ORDER BY 1"
    )
}

/// Takes in the whole days of a table that were not read before, up to the day before the last one that is delivered whole.
///
/// # Errors
/// [`FeedError`] if the state fails, Athena does not answer, or its answer has other columns.
pub async fn athena(
    state: &State,
    athena: &Athena,
    table: &str,
    partition: Option<&str>,
    place: &Place,
    pace: Pace,
) -> Result<Fed, FeedError> {
    let day_of = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
    let of = format!("athena://{}/{table}", place.database.as_deref().unwrap_or("default"));
    let (first, end) = (day_of(pace.since), day_of(pace.now - LATE));
    let days: Vec<Date> = first.series(1.day()).take_while(|day| *day < end).collect();
    let names: Vec<_> = days.iter().map(|day| (format!("{of}#{day}"), "whole".to_owned())).collect();
    let known = state.have_read(&names).await?;
    let mut fed = Fed { known: known.iter().filter(|known| **known).count() as u64, ..Fed::default() };
    let unread: Vec<Date> = days.into_iter().zip(known).filter(|(_, known)| !known).map(|(day, _)| day).collect();
    for run in unread.chunk_by(|left, right| left.tomorrow().ok() == Some(*right)) {
        let (first, end) = (run[0], run[run.len() - 1].tomorrow().unwrap_or(Date::MAX));
        let id = athena.start(&query(table, partition, first, end), place).await?;
        athena.wait(&id, PATIENCE).await?;
        let mut day = Day { of: &of, pace, day: first, end, observer: Observer::new(None, None), events: 0 };
        let mut page = None;
        loop {
            let (rows, next) = athena.rows(&id, page).await?;
            for row in rows {
                day.row(state, &row, &mut fed).await?;
            }
            page = next;
            if page.is_none() {
                break;
            }
        }
        day.finish(state, &mut fed).await?;
    }
    Ok(fed)
}

/// The day whose rows are coming.
struct Day<'a> {
    of: &'a str,
    pace: Pace,
    day: Date,
    end: Date,
    observer: Observer,
    events: u64,
}

impl Day<'_> {
    async fn row(&mut self, state: &State, row: &[Option<String>], fed: &mut Fed) -> Result<(), FeedError> {
        let bad = |what: &str| FeedError::Row(what.to_owned());
        let cell = |at: usize| row.get(at).and_then(Option::as_deref).filter(|text| !text.is_empty());
        if row.len() != COLUMNS {
            return Err(bad(&format!("{} columns, not {COLUMNS}", row.len())));
        }
        let of: Date = cell(0).and_then(|text| text.parse().ok()).ok_or_else(|| bad("a day"))?;
        if of < self.day || of >= self.end {
            return Err(bad("a day that was not asked for, or out of order"));
        }
        // The days before it are whole.
        while self.day < of {
            self.whole(state, fed).await?;
        }
        let (first, last) = cell(13).and_then(|text| text.split_once(' ')).ok_or_else(|| bad("the first and the last time"))?;
        let time = |text: &str| text.parse::<Timestamp>().map_err(|_| bad("a time"));
        let count: u64 = cell(14).and_then(|text| text.parse().ok()).ok_or_else(|| bad("a count"))?;
        let span = Span { first: time(first)?, last: time(last)?, count };
        let text = event(&cell, last).to_string();
        match Event::parse(&text) {
            Ok(event) => {
                self.events += count;
                self.observer.take_all(&event, span);
                self.unsaid(&event, span);
            }
            Err(error) => fed.problem(format!("{}#{}: {error}", self.of, self.day)),
        }
        Ok(())
    }

    /// What the request parameters would have told.
    fn unsaid(&mut self, event: &Event<'_>, span: Span) {
        let operation = catalogue().operation(event.source(), event.name());
        let possible = operation.actions().filter(|needed| needed.how == data::How::Possible);
        let mut actions: Vec<_> = possible.map(|needed| format!("{}:{}", needed.service, needed.name)).collect();
        if operation.pass_role_parameters().next().is_some() {
            actions.push("iam:PassRole".to_owned());
        }
        for action in actions {
            let how = if action == "iam:PassRole" { How::PassRole } else { How::Possible };
            self.observer.add_use(event, action.into(), Resource::Unknown, how, span);
        }
    }

    /// The day has no more rows.
    async fn whole(&mut self, state: &State, fed: &mut Fed) -> Result<(), FeedError> {
        let file = UsageFile {
            name: format!("{}#{}", self.of, self.day),
            version: "whole".to_owned(),
            bytes: 0,
            records: self.events,
            faults: 0,
            read: self.pace.now,
        };
        let delivered = of_events(&self.observer);
        let tuples = tuples(self.observer.take_seen());
        if state.absorb(Taken { file: &file, tuples: &tuples, delivered: &delivered }).await? != Absorbed::Known {
            fed.read += 1;
            fed.events += self.events;
        }
        self.events = 0;
        self.day = self.day.tomorrow().unwrap_or(Date::MAX);
        Ok(())
    }

    async fn finish(mut self, state: &State, fed: &mut Fed) -> Result<(), FeedError> {
        while self.day < self.end {
            self.whole(state, fed).await?;
        }
        Ok(())
    }
}

/// The event that a row stands for, as a log would have the last of them.
fn event<'a>(cell: &impl Fn(usize) -> Option<&'a str>, last: &str) -> Value {
    let issuer = cell(7).map(|arn| json!({ "sessionIssuer": { "type": cell(6), "arn": arn } }));
    let arns: Vec<String> = cell(12).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let resources: Vec<_> = arns.iter().map(|arn| json!({ "ARN": arn })).collect();
    json!({
        "eventTime": last,
        "eventSource": cell(8).unwrap_or_default(),
        "eventName": cell(9).unwrap_or_default(),
        "awsRegion": cell(10),
        "errorCode": cell(11),
        "userIdentity": {
            "type": cell(1), "arn": cell(2), "accountId": cell(3), "userName": cell(4), "invokedBy": cell(5), "sessionContext": issuer,
        },
        "resources": resources,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_whole_days() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        let sql = query("cloudtrail_logs", Some("timestamp"), day("2026-01-30"), day("2026-02-01"));
        assert!(sql.contains("eventtime >= '2026-01-30T00:00:00Z' AND eventtime < '2026-02-01T00:00:00Z'"), "{sql}");
        // A day's last events are delivered into the next day's partition.
        assert!(sql.contains("AND \"timestamp\" >= '2026/01/30' AND \"timestamp\" <= '2026/02/01'"), "{sql}");
        assert_eq!(sql.split(" FROM ").next().expect("a list of columns").matches(", ").count() - 5 + 1, COLUMNS, "{sql}");
    }
}
