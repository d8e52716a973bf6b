//! Amazon Route 53: TXT records of hosted zones. The only crate that uses `aws-sdk-route53`.
//!
//! Meanings are those of the service's API reference (`ListHostedZonesByName`, `ListResourceRecordSets`, `ChangeResourceRecordSets`,
//! `GetChange`). A set of records is changed as a whole; [`Route53::replace_text`] names the whole set that it replaces, so that a change
//! by somebody else in between is a conflict and never lost.

use aws_sdk_route53::Client;
use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType};
use menagerie_aws::{CallError, Session};

const SERVICE: &str = "Route 53";

/// How many zones of one name are looked at.
const MOST_ZONES: i32 = 100;

/// A client of Route 53.
#[derive(Debug, Clone)]
pub struct Route53 {
    client: Client,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its ID, without the path before it.
    pub id: String,
    /// Its name, with a dot at its end.
    pub name: String,
    /// Whether only networks of the account see it.
    pub private: bool,
}

/// The TXT records of a name. Values are as in a zone file, in their quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSet {
    /// How long the records may be kept, in seconds.
    pub ttl: i64,
    /// The values.
    pub values: Vec<String>,
}

/// Why a set of records was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It is not what it was said to be, or a change before this one is not done yet: read it again.
    #[error("{0}")]
    Conflict(CallError),
    /// The service did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Route53 {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }

    /// The hosted zones of exactly this name. There may be several.
    ///
    /// # Errors
    /// [`CallError`] as the service answered.
    pub async fn zones(&self, name: &str) -> Result<Vec<Zone>, CallError> {
        let call = self.client.list_hosted_zones_by_name().dns_name(name).max_items(MOST_ZONES);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "ListHostedZonesByName", &error))?;
        // The list begins at the name and goes on with those behind it.
        let zones = answer.hosted_zones.into_iter().filter(|zone| same(&zone.name, name)).map(|zone| Zone {
            id: zone.id.rsplit('/').next().unwrap_or_default().to_owned(),
            private: zone.config.is_some_and(|config| config.private_zone),
            name: zone.name,
        });
        Ok(zones.collect())
    }

    /// The TXT records of a name; nothing if it has none.
    ///
    /// # Errors
    /// [`CallError`] as the service answered, and if the records are of a kind that has more than values (weighted and the like).
    pub async fn text(&self, zone: &str, name: &str) -> Result<Option<TextSet>, CallError> {
        const OPERATION: &str = "ListResourceRecordSets";
        let call = self.client.list_resource_record_sets().hosted_zone_id(zone);
        let call = call.start_record_name(name).start_record_type(RrType::Txt).max_items(1);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, OPERATION, &error))?;
        let found = answer.resource_record_sets.into_iter().next().filter(|set| set.r#type == RrType::Txt && same(&set.name, name));
        let Some(set) = found else { return Ok(None) };
        match (set.ttl, set.resource_records, set.set_identifier, set.alias_target) {
            (Some(ttl), Some(records), None, None) => {
                Ok(Some(TextSet { ttl, values: records.into_iter().map(|record| record.value).collect() }))
            }
            _ => Err(CallError::malformed(SERVICE, OPERATION, "the TXT records of the name are not a simple set")),
        }
    }

    /// Puts one set of TXT records in the place of another, whole or not at all; gives the change's ID.
    ///
    /// # Errors
    /// [`ChangeError::Conflict`] if the records are not `old`.
    pub async fn replace_text(&self, zone: &str, name: &str, old: Option<&TextSet>, new: Option<&TextSet>) -> Result<String, ChangeError> {
        const OPERATION: &str = "ChangeResourceRecordSets";
        let unbuilt = |error: BuildError| CallError::malformed(SERVICE, OPERATION, error.to_string());
        let mut batch = ChangeBatch::builder().comment("lemur");
        if let Some(old) = old {
            batch = batch.changes(change(ChangeAction::Delete, name, old).map_err(unbuilt)?);
        }
        if let Some(new) = new {
            // What is taken away in the same batch is not there any more; what nobody took away makes a creation fail.
            let action = if old.is_some() { ChangeAction::Upsert } else { ChangeAction::Create };
            batch = batch.changes(change(action, name, new).map_err(unbuilt)?);
        }
        let call = self.client.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch.build().map_err(unbuilt)?);
        let answer = call.send().await.map_err(|error| {
            let error = CallError::from_sdk(SERVICE, OPERATION, &error);
            if error.is("InvalidChangeBatch") || error.is("PriorRequestNotComplete") {
                ChangeError::Conflict(error)
            } else {
                ChangeError::Call(error)
            }
        })?;
        let change = answer.change_info.ok_or_else(|| CallError::malformed(SERVICE, OPERATION, "no change"))?;
        Ok(change.id)
    }

    /// Whether all name servers of the zone have a change.
    ///
    /// # Errors
    /// [`CallError`] as the service answered.
    pub async fn is_in_sync(&self, change: &str) -> Result<bool, CallError> {
        let call = self.client.get_change().id(change);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "GetChange", &error))?;
        Ok(answer.change_info.is_some_and(|change| change.status == ChangeStatus::Insync))
    }
}

fn change(action: ChangeAction, name: &str, set: &TextSet) -> Result<Change, BuildError> {
    let mut records = ResourceRecordSet::builder().name(name).r#type(RrType::Txt).ttl(set.ttl);
    for value in &set.values {
        records = records.resource_records(ResourceRecord::builder().value(value).build()?);
    }
    Change::builder().action(action).resource_record_set(records.build()?).build()
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}
