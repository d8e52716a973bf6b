//! OCSP answers, signed beforehand by the authority's responder: one that names its certificate by SHA-1 and one by SHA-256, since clients ask
//! by either, and an answer with both names is none to some of them.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use menagerie_sign::Signer as _;
use menagerie_store::database::Transaction;

use crate::certificate::{Serial, View};
use crate::crl::Reason;
use crate::engine::{Engine, Loaded};
use crate::issue::{IssueError, SignedCertificate};
use crate::ocsp::{Answer, HashKind, OcspToBeSigned, Status};
use crate::store::published::{self, OcspRow};
use crate::store::revocations::Revocation;
use crate::store::{AuthorityId, StoreError, certificates};

/// How often, and how long, another process is waited for that makes a responder: longer than its lease lasts, if it was killed.
const LOOKS: u32 = 120;
const PAUSE: Duration = Duration::from_millis(100);
/// How long after its end a certificate is answered for: a clock that is ahead for a while deletes nothing of what holds.
const AFTERLIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is known of a serial number: when and why it was revoked, if it was.
pub(crate) type Known = Option<(i64, String)>;

impl Engine {
    /// An authority that issues, with a responder whose certificate holds for as long as an answer does, and with a key that can be reached.
    pub(crate) async fn load_issuing(&self, id: AuthorityId) -> Result<Arc<Loaded>, IssueError> {
        let mut issuer = self.load(id).await?;
        issuer.signer()?;
        let (name, validity, now) = (&issuer.row.name, issuer.issuer.validity(), self.now());
        if now < validity.not_before() {
            return Err(IssueError::NotYet { name: name.clone(), from: validity.not_before() });
        }
        if !validity.contains(now) {
            return Err(IssueError::Ended { name: name.clone(), until: validity.not_after() });
        }
        issuer.ready().await?;
        for _ in 0..LOOKS {
            if issuer.responder(self.now().as_second(), self.next_update(&issuer).as_second()).is_some() {
                return Ok(issuer);
            }
            issuer = self.renew_responder(id).await?;
            if issuer.responder.is_some() {
                return Ok(issuer);
            }
            // Another process is about to make it.
            tokio::time::sleep(PAUSE).await;
        }
        Err(Loaded::broken(&issuer.row, "it has no OCSP responder"))
    }

    /// Until when an answer holds that is made now: never longer than the authority itself.
    fn next_update(&self, issuer: &Loaded) -> Timestamp {
        let lifetime = SignedDuration::try_from(self.shared.settings.ocsp.lifetime).unwrap_or(SignedDuration::MAX);
        (self.now() + lifetime).min(issuer.issuer.validity().not_after())
    }

    /// The answer for a certificate that was just signed.
    pub(crate) fn answer_good(&self, issuer: &Arc<Loaded>, signed: &SignedCertificate) -> Result<OcspRow, IssueError> {
        self.answer(issuer, &signed.serial, signed.view.validity().not_after().as_second(), None)
    }

    /// Signs what is known of a serial number.
    pub(crate) fn answer(&self, issuer: &Loaded, serial: &Serial, not_after: i64, known: Known) -> Result<OcspRow, IssueError> {
        let responder = issuer.responder.as_ref().ok_or_else(|| Loaded::broken(&issuer.row, "it has no OCSP responder"))?;
        let now = self.now();
        let status = match &known {
            None => Status::Good,
            Some((at, reason)) => Status::Revoked {
                at: Timestamp::from_millisecond(*at).map_err(|error| Loaded::broken(&issuer.row, error))?,
                reason: reason.parse::<Reason>().map_err(|error| Loaded::broken(&issuer.row, error))?,
            },
        };
        let next_update = self.next_update(issuer).min(timestamp(responder.until));
        let answer = Answer { status, this_update: now, next_update };
        let (key, algorithm) = (responder.signer.public_key(), responder.signer.algorithm());
        let signed = |hash| {
            let id = issuer.ids.id(hash, *serial);
            let to_be_signed =
                OcspToBeSigned::new(&id, &answer, key, now, algorithm).map_err(|error| Loaded::broken(&issuer.row, error))?;
            let signature = responder.signer.sign_now(to_be_signed.as_der())?;
            Ok::<_, IssueError>(to_be_signed.response(&signature, responder.view.as_der())?)
        };
        let refresh = SignedDuration::try_from(self.shared.settings.ocsp.refresh).unwrap_or(SignedDuration::MAX);
        Ok(OcspRow {
            authority: issuer.row.id,
            serial: serial.as_unsigned().to_vec(),
            revoked: known,
            not_after,
            refresh: (now + refresh).min(next_update).as_second(),
            next_update: next_update.as_second(),
            by_sha1: signed(HashKind::Sha1)?,
            by_sha256: signed(HashKind::Sha256)?,
        })
    }

    /// Puts answers in place that say that serial numbers are revoked.
    pub(crate) async fn answer_revoked(&self, transaction: &mut Transaction, rows: &[Revocation]) -> Result<(), StoreError> {
        let mut answers = Vec::with_capacity(rows.len());
        for row in rows {
            let known = (row.revoked_ms, row.reason.clone());
            let signed = async {
                let issuer = self.load(row.authority).await?;
                self.answer(&issuer, &serial(&row.serial, &issuer)?, row.not_after, Some(known.clone()))
            };
            answers.push(signed.await.unwrap_or_else(|error| {
                // That it is revoked is known and on the list; the answer is signed as soon as there is a responder.
                tracing::warn!(authority = %row.authority, %error, "an OCSP answer waits to be signed");
                unsigned(row.authority, row.serial.clone(), row.not_after, Some(known))
            }));
        }
        Ok(published::put_ocsp(transaction, &answers).await?)
    }

    /// Whether a certificate that is answered for has no answer, as after a clock was far ahead: it is signed with those that are due then.
    pub(crate) async fn answer_is_missing(&self, authority: AuthorityId, serial: &Serial) -> Result<bool, StoreError> {
        let found = certificates::by_serial(&mut self.shared.store.read().await?, authority, serial.as_unsigned()).await?;
        let Some(certificate) = found.filter(|found| found.not_after >= self.now() - AFTERLIFE) else { return Ok(false) };
        // One that cannot be revoked names no list.
        if View::parse(&certificate.der).map_or(true, |view| view.crl_urls().is_empty()) {
            return Ok(false);
        }
        let known = certificate.revoked.map(|revoked| (revoked.at.as_millisecond(), revoked.reason));
        let mut transaction = self.shared.store.write().await?;
        let row = unsigned(authority, certificate.serial, certificate.not_after.as_second(), known);
        // One that a revocation put there meanwhile stays.
        published::add_ocsp(&mut transaction, &row).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Makes answers anew that grow old, up to a bound; whether there are more.
    pub(crate) async fn refresh_answers(&self, limit: i64) -> Result<bool, StoreError> {
        let now = self.now();
        let kind = self.shared.store.database().kind();
        let mut transaction = self.shared.store.write().await?;
        let stale = published::stale_ocsp(&mut transaction, kind, &self.window(), limit).await?;
        let mut answers = Vec::with_capacity(stale.len());
        let mut over = Vec::new();
        for row in &stale {
            if row.not_after < (now - AFTERLIFE).as_second() {
                over.push((row.authority, row.serial.as_slice()));
                continue;
            }
            let anew = async {
                let issuer = self.load(row.authority).await?;
                self.answer(&issuer, &serial(&row.serial, &issuer)?, row.not_after, row.revoked.clone())
            };
            match anew.await {
                Ok(answer) => answers.push(answer),
                // The others do not wait for it, and it is looked at again when they have had their turn.
                Err(error) => {
                    tracing::error!(authority = %row.authority, %error, "an OCSP answer could not be made anew; it is tried again");
                    answers.push(OcspRow { refresh: now.as_second() + 60, ..row.clone() });
                }
            }
        }
        published::put_ocsp(&mut transaction, &answers).await?;
        published::forget_ocsp(&mut transaction, &over).await?;
        transaction.commit().await?;
        Ok(i64::try_from(stale.len()).is_ok_and(|found| found == limit))
    }
}

/// What stands for an answer that cannot be signed yet, and is to be signed as soon as it can.
fn unsigned(authority: AuthorityId, serial: Vec<u8>, not_after: i64, revoked: Known) -> OcspRow {
    OcspRow { authority, serial, revoked, not_after, refresh: 0, next_update: 0, by_sha1: Vec::new(), by_sha256: Vec::new() }
}

fn serial(bytes: &[u8], issuer: &Loaded) -> Result<Serial, IssueError> {
    Serial::from_unsigned(bytes).map_err(|error| Loaded::broken(&issuer.row, error))
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
