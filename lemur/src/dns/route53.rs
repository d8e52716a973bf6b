//! Amazon Route 53. A name's TXT records are one set, which is read, changed and written whole: the values of others in it stay, and a
//! change that somebody made in between is noticed and taken into account.

use std::time::Duration;

use menagerie_aws::{CallError, Session, SessionError, SessionOptions};
use menagerie_aws_route53::{ChangeError, Route53, TextSet};
use tokio::sync::{Mutex, OnceCell};

use super::record::{Record, TTL};
use super::timed::Writer;
use super::{BoxFuture, DnsError};
use crate::config::dns::Route53Settings;

/// How often a set is read and written anew when others change it meanwhile.
const TRIES: u32 = 8;

/// How long after a conflict the set is read again, the first time.
const PAUSE: Duration = Duration::from_millis(250);

const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How often it is asked whether a change is at all name servers.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Where nothing names a Region. The service has none.
const REGION: &str = "us-east-1";

pub(super) struct Route53Writer {
    settings: Route53Settings,
    client: OnceCell<Route53>,
    /// Held while a set is changed, so that the changes of one process do not meet.
    changing: Mutex<()>,
}

impl Route53Writer {
    pub(super) fn new(settings: Route53Settings) -> Self {
        Self { settings, client: OnceCell::new(), changing: Mutex::new(()) }
    }

    async fn client(&self) -> Result<&Route53, DnsError> {
        let made = self.client.get_or_try_init(|| async {
            let options = |region: Option<String>| SessionOptions {
                region,
                profile: self.settings.profile.clone(),
                endpoint_url: self.settings.endpoint_url.clone(),
                assume_role: self.settings.assume_role.clone(),
            };
            let session = match Session::load(options(self.settings.region.clone())).await {
                Err(SessionError::NoRegion) => Session::load(options(Some(REGION.to_owned()))).await,
                session => session,
            };
            session.map(|session| Route53::new(&session))
        });
        made.await.map_err(|error| DnsError::Refused(error.to_string()))
    }

    /// The public zone that holds the name: the one with the longest name.
    async fn zone(&self, client: &Route53, record: Record<'_>) -> Result<String, DnsError> {
        if let Some(zone) = &self.settings.zone {
            return Ok(zone.clone());
        }
        for name in record.zones() {
            let mut zones = client.zones(name).await.map_err(failed)?.into_iter().filter(|zone| !zone.private);
            match (zones.next(), zones.next()) {
                (None, _) => {}
                (Some(zone), None) => return Ok(zone.id),
                (Some(_), Some(_)) => {
                    return Err(DnsError::Refused(format!(
                        "there are several public zones {name}: name one by `zone` in the configuration"
                    )));
                }
            }
        }
        Err(DnsError::NoZone { name: record.name().to_owned() })
    }

    /// Makes of a set what `to` says, and waits until all name servers have it. `to` gives nothing where nothing is to be done.
    async fn change(&self, record: Record<'_>, to: impl Fn(Option<&TextSet>) -> Option<Option<TextSet>>) -> Result<(), DnsError> {
        let client = self.client().await?;
        let zone = self.zone(client, record).await?;
        let turn = self.changing.lock().await;
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let old = client.text(&zone, record.name()).await.map_err(failed)?;
            let Some(new) = to(old.as_ref()) else { return Ok(()) };
            match client.replace_text(&zone, record.name(), old.as_ref(), new.as_ref()).await {
                Ok(change) => {
                    drop(turn);
                    while !client.is_in_sync(&change).await.map_err(failed)? {
                        tokio::time::sleep(LOOK_AGAIN).await;
                    }
                    return Ok(());
                }
                Err(ChangeError::Conflict(error)) if attempt == TRIES => return Err(failed(error)),
                Err(ChangeError::Conflict(error)) => {
                    tracing::debug!(%error, name = record.name(), "the TXT records were changed by somebody else: reading them again");
                }
                Err(ChangeError::Call(error)) => return Err(failed(error)),
            }
            tokio::time::sleep(pause).await;
            (pause, attempt) = ((pause * 2).min(LONGEST_PAUSE), attempt + 1);
        }
    }
}

impl Writer for Route53Writer {
    fn publish<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
        let value = record.quoted();
        Box::pin(self.change(record, move |old| match old {
            None => Some(Some(TextSet { ttl: i64::from(TTL), values: vec![value.clone()] })),
            Some(old) => {
                let mut new = old.clone();
                // One that is there already is written again: that it is at all name servers is known of a change alone.
                if !new.values.contains(&value) {
                    new.values.push(value.clone());
                }
                Some(Some(new))
            }
        }))
    }

    fn withdraw<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
        let value = record.quoted();
        Box::pin(self.change(record, move |old| {
            let old = old.filter(|old| old.values.contains(&value))?;
            let mut new = old.clone();
            new.values.retain(|other| *other != value);
            Some(Some(new).filter(|new| !new.values.is_empty()))
        }))
    }
}

fn failed(error: CallError) -> DnsError {
    let passes = error.unreachable || ["Throttling", "PriorRequestNotComplete", "ServiceUnavailable"].iter().any(|code| error.is(code));
    let text = error.to_string();
    if passes { DnsError::Unreachable(text) } else { DnsError::Refused(text) }
}
