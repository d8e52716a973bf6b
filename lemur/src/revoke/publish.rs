//! Publishing: what has changed, and what grows old, is signed anew, by one process for all that share the database.
//!
//! A round builds the parts of revocation lists that want it, then the answers that grow old, so many of each; it says whether there is
//! more to do.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use menagerie_store::database::DatabaseError;
use tokio::time::Instant;

use crate::authority::sha256;
use crate::certificate::{Serial, View};
use crate::crl::{Covers, CrlBuilder, CrlError, Reason, Revoked, Scope};
use crate::engine::{Engine, Loaded};
use crate::issue::IssueError;
use crate::name::Uri;
use crate::store::published::{self, Due, PublishedCrl, Window};
use crate::store::{StoreError, revocations};

/// How many parts of lists a round takes.
const LISTS: i64 = 4;
/// How much longer lists rest than the longest of them took to make, so that revoking without end costs a part of the machine and not all.
const REST: u32 = 4;
/// How long they rest at most: a revocation is on its list within a second.
const LONGEST_REST: Duration = Duration::from_millis(500);
/// How many answers a round makes.
const ANSWERS: i64 = 250;
/// How long another process is let alone that builds a part of a list, which takes a fraction of a second: one that died is waited for no
/// longer, and one that is slower than that does its work in vain.
const LEASE_MS: i64 = 5_000;
/// How many of the oldest and of the newest certificates of a part tell where it is, if that was not written down.
const SAMPLE: i64 = 8;
/// How far ahead another's clock may be: what was made later than that was made by a clock that was wrong.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);
/// How long after its end a certificate stays on the list, so that it is on one that was made after its end (RFC 5280, 3.3).
const AFTERLIFE: SignedDuration = SignedDuration::from_hours(24);

impl Engine {
    /// Publishes what wants to be published, up to a bound; whether there is more.
    pub(crate) async fn publish_round(&self) -> Result<bool, StoreError> {
        let window = self.window();
        let kind = self.shared.store.database().kind();
        let (lists, answers) = published::is_due(&mut self.shared.store.read().await?, kind, LEASE_MS, &window).await?;
        let mut more = false;
        if lists {
            // What was revoked since the last list was made comes into the next one together.
            let until = *self.shared.lists_from.lock().await;
            tokio::time::sleep_until(until).await;
            let mut transaction = self.shared.store.write().await?;
            let due = published::lease(&mut transaction, kind, &self.shared.replica, LEASE_MS, &window, LISTS).await?;
            transaction.commit().await?;
            let (mut longest, mut last) = (Duration::ZERO, Instant::now());
            for due in due {
                // A list that cannot be built does not keep the others from it; its lease keeps it from being tried all the time.
                match self.publish_list(&due).await {
                    Ok(()) => more = true,
                    Err(error) => {
                        let (authority, shard) = due.shard;
                        tracing::error!(%authority, shard, %error, "a part of a revocation list could not be built; it is tried again");
                    }
                }
                let began = std::mem::replace(&mut last, Instant::now());
                longest = longest.max(last - began);
            }
            *self.shared.lists_from.lock().await = last + (longest * REST).min(LONGEST_REST);
        }
        if answers {
            // What signs them is to hold for as long as they do.
            self.renew_responders().await;
            more |= self.refresh_answers(ANSWERS).await?;
        }
        Ok(more)
    }

    /// When what is published is made, by the clock of now.
    pub(crate) fn window(&self) -> Window {
        let now = self.now().as_second();
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let (lists, answers) = (seconds(self.shared.settings.crl.refresh), seconds(self.shared.settings.ocsp.refresh));
        Window {
            lists_since: now.saturating_sub(lists),
            lists_until: now.saturating_add(AHEAD.as_secs()),
            answers_since: now,
            answers_until: now.saturating_add(answers).saturating_add(AHEAD.as_secs()),
        }
    }

    /// Makes the responders anew whose time is nearly over, and those that are not there.
    pub(crate) async fn renew_responders(&self) {
        for authority in self.known_authorities() {
            let renewed = async {
                let loaded = self.load(authority).await?;
                if self.wants_responder(&loaded) {
                    self.renew_responder(authority).await?;
                }
                Ok::<_, IssueError>(())
            };
            match renewed.await {
                Ok(()) | Err(IssueError::NotIssuing { .. }) => {}
                Err(error) => tracing::error!(%authority, %error, "an OCSP responder could not be made; it is tried again"),
            }
        }
    }

    /// Builds a part of a list and puts it in the place of what is there.
    async fn publish_list(&self, due: &Due) -> Result<(), IssueError> {
        let (authority, _) = due.shard;
        let issuer = self.load(authority).await?;
        let Some(crl) = self.build_list(&issuer, due).await? else {
            // Its key is not here: what it has published stays until it is.
            return Ok(());
        };
        let mut transaction = self.shared.store.write().await?;
        if published::publish(&mut transaction, due, &crl).await? {
            transaction.commit().await.map_err(StoreError::from)?;
        }
        Ok(())
    }

    async fn build_list(&self, issuer: &Arc<Loaded>, due: &Due) -> Result<Option<PublishedCrl>, IssueError> {
        let Some(signer) = &issuer.signer else { return Ok(None) };
        let now = self.now();
        let next = now + SignedDuration::try_from(self.shared.settings.crl.lifetime).unwrap_or(SignedDuration::MAX);
        let number = due.number + 1;
        let scope = Scope { places: self.places_of(issuer, due).await?, covers: Covers::Everything };
        let broken = |error: CrlError| Loaded::broken(&issuer.row, error);
        let unsigned_number = u64::try_from(number).unwrap_or(0);
        let mut builder = CrlBuilder::new(&issuer.issuer, unsigned_number, now, next, scope, signer.algorithm()).map_err(broken)?;
        let mut transaction = self.shared.store.read().await?;
        let (kind, after) = (self.shared.store.database().kind(), (now - AFTERLIFE).as_second());
        revocations::entries(&mut transaction, kind, due.shard, after, |serial, revoked_ms, reason| {
            let serial = Serial::from_unsigned(serial).map_err(wrong("serial"))?;
            let at = Timestamp::from_millisecond(revoked_ms).map_err(wrong("revoked_ms"))?;
            builder.push(&Revoked { serial, at, reason: reason.parse::<Reason>().map_err(wrong("reason"))? });
            Ok(())
        })
        .await?;
        drop(transaction);
        let list = builder.finish();
        let signature = signer.sign(list.as_der()).await?;
        let der = list.list(&signature)?;
        // Whoever holds the key: what nobody could verify is not published.
        if !issuer.issuer.signed_list(list.as_der(), &signature) {
            return Err(crate::certificate::IssuerError::Signature.into());
        }
        let etag = hex::encode(&sha256(&der)[..16]);
        Ok(Some(PublishedCrl { number, this_update: now.as_second(), next_update: next.as_second(), etag, der }))
    }

    /// Where a part is: what the certificates that it covers say, whatever the service's address is now, since a verifier compares the two
    /// (RFC 5280, 6.3.3, b, 2).
    async fn places_of(&self, issuer: &Loaded, due: &Due) -> Result<Vec<Uri>, IssueError> {
        let mut urls: Vec<String> = due.url.split(' ').filter(|url| !url.is_empty()).map(str::to_owned).collect();
        if urls.is_empty() {
            for der in published::sample(&mut self.shared.store.read().await?, due.shard, SAMPLE).await? {
                let view = View::parse(&der).map_err(|error| Loaded::broken(&issuer.row, error))?;
                let new = view.crl_urls().iter().filter(|url| !urls.contains(url)).cloned().collect::<Vec<_>>();
                urls.extend(new);
            }
            if urls.is_empty() {
                urls.push(self.crl_url(due.shard.0, due.shard.1).as_str().to_owned());
            }
            let mut transaction = self.shared.store.write().await?;
            published::set_url(&mut transaction, due.shard, &urls.join(" ")).await?;
            transaction.commit().await?;
        }
        urls.iter().map(|url| Uri::parse(url).map_err(|error| Loaded::broken(&issuer.row, error))).collect()
    }
}

/// A value of a row that does not belong there.
fn wrong<E: std::fmt::Display>(column: &'static str) -> impl Fn(E) -> DatabaseError {
    move |error| DatabaseError::Value { column, reason: error.to_string() }
}
