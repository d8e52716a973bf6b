//! Taking a pending certificate on: from the order to the certificate, as far as the upstream lets it.
//!
//! The upstream has the order's state; what is stored here is where the order is, and that before each next step. So a process that died
//! is followed by one that asks for the order and goes on. One moment is left, between the upstream's making of an order and the storing
//! of its URL: whoever comes after looks among the account's orders first.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::account::AccountError;
use super::check::{CheckError, Wanted, ends_at};
use super::client::{ClientError, NewOrder, Session};
use super::prove::identifier;
use super::resource::{Identifier, Order, OrderStatus, plain};
use super::store::leases::{self, Lease};
use super::{Known, Pending, PendingState, Upstreams};
use crate::audit::{Actor, Event, shortened, shortened_names};
use crate::authority::sha256;
use crate::certificate::{Chain, View, write_bundle};
use crate::csr::Csr;
use crate::issue::row;
use crate::store::{CertificateId, StoreError, certificates};

/// How long an order may be worked on by the upstream before it is taken for lost.
const LONGEST_ORDER: SignedDuration = SignedDuration::from_hours(24);

/// How long one sleeps at most before the lease is given to others.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A pending certificate that is worked on.
pub(super) struct Work<'a> {
    pub(super) known: &'a Known,
    pub(super) pending: Pending,
    pub(super) lease: &'a Lease,
    /// Until when this process works on it before others get their turn.
    pub(super) until: Instant,
}

/// Why the work stops before there is a certificate.
#[derive(Debug)]
pub(super) enum Stop {
    /// The upstream is not done: ask again after so long.
    Wait(Duration),
    /// It went wrong, and may go well another time.
    Again {
        why: String,
        /// Not before so long.
        after: Option<Duration>,
        /// Whether the order is of no use any more.
        forget_order: bool,
    },
    /// The same would be refused again.
    Never { why: String },
    /// Another process has the lease, or nobody wants the certificate any more.
    Lost,
}

/// Problems that the same request meets again.
const FINAL: [&str; 7] =
    ["rejectedIdentifier", "unsupportedIdentifier", "badCSR", "badPublicKey", "badSignatureAlgorithm", "invalidProfile", "invalidContact"];

impl Stop {
    pub(super) const fn again(why: String) -> Self {
        Self::Again { why, after: None, forget_order: false }
    }

    pub(super) const fn never(why: String) -> Self {
        Self::Never { why }
    }

    /// The same, and another order is made next time.
    pub(super) fn forgetting(self) -> Self {
        match self {
            Self::Again { why, after, .. } => Self::Again { why, after, forget_order: true },
            other => other,
        }
    }
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        let why = plain(&error.to_string());
        match error {
            ClientError::Problem { problem, .. } if FINAL.contains(&problem.word()) => Self::Never { why },
            ClientError::Problem { after, .. } => Self::Again { why, after, forget_order: false },
            _ => Self::again(why),
        }
    }
}

impl From<AccountError> for Stop {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Client(error) => error.into(),
            other => Self::again(plain(&other.to_string())),
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a pending certificate was not taken on");
        Self::again("the server's database failed".to_owned())
    }
}

impl From<menagerie_store::database::DatabaseError> for Stop {
    fn from(error: menagerie_store::database::DatabaseError) -> Self {
        StoreError::from(error).into()
    }
}

impl Upstreams {
    /// Works on a pending certificate until it is issued or there is nothing to do for now.
    pub(super) async fn work(&self, mut work: Work<'_>) -> Result<CertificateId, Stop> {
        let (key, account) = self.open_account(work.known).await?;
        let result = async {
            let mut session = self.session(work.known, (&key, &account)).await?;
            self.go_on(&mut work, &mut session).await
        };
        let result = result.await;
        if let Err(Stop::Again { why, .. }) = &result
            && why.contains("accountDoesNotExist")
        {
            self.forget_account(work.known).await?;
        }
        result
    }

    async fn go_on(&self, work: &mut Work<'_>, session: &mut Session<'_>) -> Result<CertificateId, Stop> {
        let directory = &work.known.config.directory;
        let url = match &work.pending.order {
            Some((of, url)) if of == directory => url.clone(),
            // An order of another directory than the configuration's is nothing to this one.
            _ => self.ordered(work, session).await?,
        };
        loop {
            let (order, after) = match session.see_order(&url).await {
                // The upstream does not know it any more.
                Err(error @ (ClientError::Problem { status: 404, .. } | ClientError::Status { status: 404, .. })) => {
                    return Err(Stop::from(error).forgetting());
                }
                seen => seen?,
            };
            match order.status {
                OrderStatus::Pending => {
                    self.prove(work, session, &order).await?;
                    // It becomes ready within moments.
                    if session.see_order(&url).await?.0.status == OrderStatus::Pending {
                        self.pause(work, after).await?;
                    }
                }
                OrderStatus::Ready => {
                    self.advance(work, PendingState::Finalizing).await?;
                    match session.finalize(&order.finalize, &work.pending.csr).await {
                        Err(ClientError::Problem { problem, .. }) if problem.word() == "orderNotReady" => self.pause(work, None).await?,
                        finalized => finalized?,
                    }
                }
                OrderStatus::Processing => self.pause(work, after).await?,
                OrderStatus::Valid => return self.fetch(work, session, &order).await,
                OrderStatus::Invalid => {
                    let why = order.error.map_or_else(|| "the upstream gave the order up".to_owned(), |problem| problem.to_string());
                    return Err(Stop::again(why).forgetting());
                }
            }
        }
    }

    /// Orders; gives the order's URL, which is stored.
    async fn ordered(&self, work: &mut Work<'_>, session: &mut Session<'_>) -> Result<String, Stop> {
        let identifiers: Vec<Identifier> = work.pending.names.iter().map(identifier).collect();
        let found = match work.pending.state {
            // Whoever was here before may have ordered, and not lived to store it.
            PendingState::Ordering => self.lost_order(session, &identifiers).await,
            _ => None,
        };
        let url = match found {
            Some(url) => url,
            None => {
                self.advance(work, PendingState::Ordering).await?;
                let new = NewOrder {
                    identifiers: &identifiers,
                    not_before: work.pending.not_before,
                    not_after: work.pending.not_after,
                    profile: work.known.config.profile.as_deref(),
                };
                session.order(&new).await?.0
            }
        };
        let engine = &self.shared.engine;
        let mut transaction = engine.store().write().await?;
        let place = (work.known.config.directory.as_str(), url.as_str());
        match leases::ordered(&mut transaction, engine.store().database().kind(), work.lease, place).await {
            Ok(true) => transaction.commit().await?,
            Ok(false) => return Err(Stop::Lost),
            // An upstream that gives an open order of the same names again: that one is another's, and is over first.
            Err(error) if error.is_duplicate() => return Err(Stop::Wait(LONGEST_PAUSE)),
            Err(error) => return Err(error.into()),
        }
        work.pending.state = PendingState::Ordered;
        work.pending.ordered = Some(engine.now());
        Ok(url)
    }

    /// An order of the account for these names that is open and that nobody here knows. An upstream that shows no list of orders has none.
    async fn lost_order(&self, session: &mut Session<'_>, identifiers: &[Identifier]) -> Option<String> {
        let mut wanted = identifiers.to_vec();
        wanted.sort();
        for url in session.orders().await.ok()? {
            let mut transaction = self.shared.engine.store().read().await.ok()?;
            if leases::is_known(&mut transaction, &url).await.ok()? {
                continue;
            }
            drop(transaction);
            let Ok((mut order, _)) = session.see_order(&url).await else { continue };
            order.identifiers.sort();
            if matches!(order.status, OrderStatus::Pending | OrderStatus::Ready) && order.identifiers == wanted {
                return Some(url);
            }
        }
        None
    }

    async fn advance(&self, work: &mut Work<'_>, state: PendingState) -> Result<(), Stop> {
        let store = self.shared.engine.store();
        let mut transaction = store.write().await?;
        if !leases::advance(&mut transaction, store.database().kind(), work.lease, state).await? {
            return Err(Stop::Lost);
        }
        transaction.commit().await?;
        work.pending.state = state;
        Ok(())
    }

    /// Sleeps for as long as the upstream wants, or stops if others are to have their turn meanwhile.
    pub(super) async fn pause(&self, work: &Work<'_>, after: Option<Duration>) -> Result<(), Stop> {
        let ordered = work.pending.ordered.unwrap_or(work.pending.created);
        if self.shared.engine.now().duration_since(ordered) > LONGEST_ORDER {
            return Err(Stop::again("the upstream did not come to an end with the order within a day".to_owned()).forgetting());
        }
        let pause = after.unwrap_or(self.shared.pace.ask).max(self.shared.pace.ask);
        if pause > LONGEST_PAUSE || Instant::now() + pause > work.until {
            return Err(Stop::Wait(pause));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    async fn fetch(&self, work: &Work<'_>, session: &mut Session<'_>, order: &Order) -> Result<CertificateId, Stop> {
        let Some(url) = &order.certificate else {
            return Err(Stop::again("the order is valid and has no certificate".to_owned()));
        };
        let preferred = work.known.config.preferred_chain.as_deref();
        let bodies = session.certificate(url, preferred.is_some()).await?;
        let engine = &self.shared.engine;
        let csr = Csr::from_der(&work.pending.csr).map_err(|error| Stop::never(format!("the stored request cannot be read: {error}")))?;
        let spki = csr.public_key().to_spki_der();
        let usages = engine.settings().profiles.get(&work.pending.profile).map(crate::profile::Profile::extended_key_usages);
        let wanted = Wanted::of(&work.pending, &spki, usages.unwrap_or_default(), &work.known.anchors);
        let now = engine.now();
        let mut bodies = bodies.iter();
        let first = bodies.next().map_or(&[][..], |body| body);
        let mut chosen: Chain = wanted.check(first, now).map_err(|error: CheckError| match error.is_final() {
            // The upstream has issued something else than was ordered: it would again.
            true => Stop::never(plain(&error.to_string())),
            false => Stop::again(plain(&error.to_string())),
        })?;
        if let Some(issuer) = preferred.filter(|issuer| !ends_at(&chosen, issuer)) {
            let leaf = chosen.leaf().as_der().to_vec();
            let others = bodies.filter_map(|body| wanted.check(body, now).ok());
            match others.into_iter().find(|chain| chain.leaf().as_der() == leaf && ends_at(chain, issuer)) {
                Some(chain) => chosen = chain,
                None => tracing::warn!(issuer, upstream = work.known.config.name, "the upstream has no chain that ends there"),
            }
        }
        self.store(work, &chosen).await
    }

    /// Stores the certificate, the key with it, and that it is what was pending: one commit.
    async fn store(&self, work: &Work<'_>, chain: &Chain) -> Result<CertificateId, Stop> {
        let engine = &self.shared.engine;
        let kind = engine.store().database().kind();
        let mut transaction = engine.store().write().await?;
        // The row is this transaction's from here on: what a person changed of it until now goes into the certificate.
        if !leases::advance(&mut transaction, kind, work.lease, PendingState::Finalizing).await? {
            return Err(Stop::Lost);
        }
        let actor = Actor::server();
        let lease = (work.pending.id, Some(work.lease));
        super::change::store_issued(engine, transaction, lease, (chain, None), &actor).await.map_err(|error| match error {
            super::PendingError::Duplicate => Stop::never(error.to_string()),
            super::PendingError::Resolved { .. } | super::PendingError::Unknown { .. } => Stop::Lost,
            super::PendingError::Store(error) => error.into(),
            other => Stop::again(plain(&other.to_string())),
        })
    }
}

/// What goes into the audit log and the table of certificates for a pending certificate's own.
pub(super) fn issued(pending: &Pending, chain: &Chain, now: jiff::Timestamp) -> (certificates::NewCertificate, Event) {
    let leaf: &View = chain.leaf();
    let mut new: certificates::NewCertificate = row(leaf, &pending.record, pending.creator, now.as_millisecond());
    new.authority = Some(pending.authority);
    new.profile.clone_from(&pending.profile);
    new.chain = (!chain.issuers().is_empty()).then(|| write_bundle(chain.issuers().iter().map(View::as_der)));
    new.csr = Some(pending.csr.clone());
    let event = Event::CertificateIssued {
        authority: pending.authority,
        serial: leaf.serial().to_string(),
        fingerprint: hex::encode(sha256(leaf.as_der())),
        profile: pending.profile.clone(),
        owner: shortened(&pending.record.owner),
        names: shortened_names(leaf.names().iter().map(ToString::to_string)),
        not_after: leaf.validity().not_after(),
        key_made_here: pending.has_key,
        proofs: Vec::new(),
    };
    (new, event)
}
