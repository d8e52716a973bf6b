//! IAM's own answers: a job for each principal, several at once, at action level where IAM has that.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use menagerie_aws::{Arn, CallError};
use menagerie_aws_iam::{Granularity, Iam, LastAccessed};

use crate::compat::advisor::{Advice, Fault};
use crate::state::{AdvisorAction, AdvisorRow, LastAccess};

/// How many principals are asked about at once. IAM throttles an account's calls.
const AT_ONCE: usize = 8;
/// How long a job may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks IAM about each of the principals. One that fails is a fault of its own, and has no rows: nothing is proved of it.
pub async fn live(iam: &Iam, principals: impl IntoIterator<Item = Arn>) -> Advice {
    let answers = stream::iter(principals).map(|arn| async move {
        let answer = one(iam, &arn).await;
        (arn, answer)
    });
    let mut answers = answers.buffer_unordered(AT_ONCE);
    let mut advice = Advice::default();
    while let Some((arn, answer)) = answers.next().await {
        match answer {
            Ok(rows) => drop(advice.rows.insert(arn, rows)),
            Err(error) => advice.faults.push(Fault { of: arn.to_string(), reason: error.to_string() }),
        }
    }
    advice.faults.sort_by(|left, right| left.of.cmp(&right.of));
    advice
}

async fn one(iam: &Iam, arn: &Arn) -> Result<Vec<AdvisorRow>, CallError> {
    let job = iam.generate_last_accessed(arn.as_str(), Granularity::Action).await?;
    Ok(rows(iam.last_accessed(&job, PATIENCE).await?))
}

fn rows(answer: LastAccessed) -> Vec<AdvisorRow> {
    let updated = Timestamp::try_from(answer.completed).ok();
    let row = |service: menagerie_aws_iam::ServiceAccess| AdvisorRow {
        service: service.namespace.to_ascii_lowercase(),
        service_name: service.name,
        last_authenticated: last(service.last_authenticated),
        last_authenticated_entity: service.entity,
        total_authenticated_entities: service.total.unwrap_or(0),
        actions: service
            .actions
            .into_iter()
            .filter(|action| !action.name.is_empty())
            .map(|action| AdvisorAction { name: action.name, last_accessed: last(action.last_accessed) })
            .collect(),
        last_updated: updated,
    };
    answer.services.into_iter().filter(|service| !service.namespace.is_empty()).map(row).collect()
}

fn last(time: Option<SystemTime>) -> LastAccess {
    match time {
        None => LastAccess::Never,
        Some(time) => Timestamp::try_from(time).map_or(LastAccess::Unreadable, LastAccess::At),
    }
}
