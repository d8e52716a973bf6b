//! Cloudflare: each value of a name is a record of its own there, made and deleted by API v4.

mod api;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::{Record, TTL, same_name};
use super::timed::Writer;
use super::{BoxFuture, DnsError};
use api::Api;

pub(super) use api::ClientError;

/// How many records of one name are looked through, a page at a time.
const PAGE: usize = 100;
const MOST_PAGES: usize = 10;

/// "The record already exists" and "An identical record already exists".
const IS_THERE: [u64; 2] = [81_057, 81_058];

/// "Record does not exist".
const IS_NOT_THERE: u64 = 81_044;

pub(super) struct CloudflareWriter {
    api: Api,
    /// The zone's ID, where the configuration names it.
    zone: Option<String>,
}

#[derive(Deserialize)]
struct Zone {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Found {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    content: String,
}

#[derive(Serialize)]
struct New<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    content: &'a str,
    ttl: u32,
}

impl CloudflareWriter {
    /// # Errors
    /// [`ClientError`] if the roots that the service is known by cannot be read.
    pub(super) fn new(settings: &crate::config::dns::CloudflareSettings, timeout: Duration) -> Result<Self, ClientError> {
        Ok(Self { api: Api::new(settings, timeout)?, zone: settings.zone.clone() })
    }

    /// The zone that holds the name: the one with the longest name.
    async fn zone(&self, record: Record<'_>) -> Result<String, DnsError> {
        if let Some(zone) = &self.zone {
            return Ok(zone.clone());
        }
        for name in record.zones().filter(|name| name.contains('.')) {
            let zones: Vec<Zone> = self.api.get(&format!("/zones?name={name}&status=active&per_page=5")).await?.result()?;
            let mut zones = zones.into_iter().filter(|zone| same_name(&zone.name, name));
            match (zones.next(), zones.next()) {
                (None, _) => {}
                (Some(zone), None) => return Ok(zone.id),
                (Some(_), Some(_)) => {
                    return Err(DnsError::Refused(format!(
                        "the token reaches several zones {name}: name one by `zone` in the configuration"
                    )));
                }
            }
        }
        Err(DnsError::NoZone { name: record.name().to_owned() })
    }

    /// The IDs of the records that are the one.
    async fn found(&self, zone: &str, record: Record<'_>) -> Result<Vec<String>, DnsError> {
        let mut ids = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("/zones/{zone}/dns_records?type=TXT&name.exact={}&per_page={PAGE}&page={page}", record.name());
            let records: Vec<Found> = self.api.get(&path).await?.result()?;
            let length = records.len();
            let is_it = |found: &Found| {
                found.kind == "TXT" && same_name(&found.name, record.name()) && found.content.trim_matches('"') == record.value()
            };
            ids.extend(records.into_iter().filter(is_it).map(|found| found.id));
            if length < PAGE {
                return Ok(ids);
            }
        }
        Err(DnsError::Refused(format!("{} has more records than are looked through", record.name())))
    }
}

impl Writer for CloudflareWriter {
    fn publish<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(async move {
            let zone = self.zone(record).await?;
            let new = New { kind: "TXT", name: record.name(), content: &record.quoted(), ttl: TTL };
            let reply = self.api.post(&format!("/zones/{}/dns_records", plain(&zone)?), &new).await?;
            if IS_THERE.iter().any(|code| reply.is(*code)) { Ok(()) } else { reply.done() }
        })
    }

    fn withdraw<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(async move {
            let zone = self.zone(record).await?;
            for id in self.found(plain(&zone)?, record).await? {
                let reply = self.api.delete(&format!("/zones/{zone}/dns_records/{}", plain(&id)?)).await?;
                if !reply.is(IS_NOT_THERE) {
                    reply.done()?;
                }
            }
            Ok(())
        })
    }
}

/// An ID that may stand in a path: an answer's is as foreign as all of it.
fn plain(id: &str) -> Result<&str, DnsError> {
    if (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(id)
    } else {
        Err(DnsError::Unreachable("Cloudflare gave an ID that is none".to_owned()))
    }
}
