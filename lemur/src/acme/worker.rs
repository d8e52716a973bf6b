//! Looking at challenges that clients answered, apart from their requests. Each is leased to the replica that took the answer; when that is
//! not heard of in time, another takes it over.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

use super::id::Id;
use super::order::MARGIN;
use super::problem::{Kind, Problem};
use super::settings::Offer;
use super::state::{Acme, after};
use super::store::{Account, Attempt, Authorization, Job};
use super::turns::{Place, Waiting};
use crate::validate::{CaaQuestion, Challenge, Failure, Host, Method, Proof};

/// How long a wait is for which the lease need not be renewed.
const AT_ONCE: Duration = Duration::from_secs(5);

/// How long a replica may look at a challenge: three attempts with what waits between them.
const LEASE: Duration = Duration::from_secs(180);

/// How often a replica looks for what others have left.
const ROUND: Duration = Duration::from_secs(15);

/// How often the nonces' key is looked at.
const KEY_LOOK: Duration = Duration::from_secs(1);

/// How much is taken at a time.
const BATCH: u32 = 100;

/// How often what is old is forgotten: every so many rounds.
const FORGET: u32 = 20;

/// Takes a client's answer, and begins to look. `None` if another answer was quicker.
pub(super) async fn begin(
    acme: &Acme,
    authorization: &Authorization,
    method: Method,
    account: &Account,
) -> Result<Option<JoinHandle<Option<Attempt>>>, Problem> {
    let Some(waiting) = acme.0.turns.line_up(account.party()) else {
        let detail = "as many challenges wait to be looked at as may: answer this one again in a minute";
        return Err(Problem::new(Kind::RateLimited, detail).with_retry_after(60));
    };
    let now = acme.now();
    let lease_until = after(now, LEASE);
    if !acme.0.store.attempt(&authorization.id, method, &acme.0.replica, lease_until, now).await? {
        return Ok(None);
    }
    let (acme, thumbprint) = (acme.clone(), account.thumbprint.clone());
    let authorization = Authorization { attempted: Some(method), ..authorization.clone() };
    Ok(Some(tokio::spawn(async move { look(&acme, &authorization, method, &thumbprint, waiting).await })))
}

/// Looks at one challenge, and notes what came of it; gives that if it was noted.
async fn look(acme: &Acme, authorization: &Authorization, method: Method, thumbprint: &str, waiting: Waiting) -> Option<Attempt> {
    let _place = turn(acme, &authorization.id, waiting).await?;
    let attempt = match verdict(acme, authorization, method, thumbprint).await {
        Ok(attempt) => attempt,
        Err(problem) => Attempt::Invalid(problem.document()),
    };
    let id = &authorization.id;
    match acme.0.store.settle(id, &acme.0.replica, &attempt, acme.now()).await {
        Ok(true) => {
            let valid = matches!(attempt, Attempt::Valid { .. });
            tracing::debug!(authorization = %id, method = method.name(), valid, "a challenge was looked at");
            return Some(attempt);
        }
        // The client gave the authorization up meanwhile, or the lease has gone to another.
        Ok(false) => tracing::debug!(authorization = %id, "what came of a challenge is of no use any more"),
        // Another replica takes it over when the lease has run out.
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, authorization = %id, "what came of a challenge was not kept");
        }
    }
    None
}

/// Waits for its turn. The lease is held meanwhile, so that no replica takes over what only waits; none if it has gone to another.
async fn turn(acme: &Acme, id: &Id, mut waiting: Waiting) -> Option<Place> {
    if let Ok(place) = tokio::time::timeout(AT_ONCE, &mut waiting).await {
        return place.ok();
    }
    while hold(acme, id).await {
        if let Ok(place) = tokio::time::timeout(LEASE / 3, &mut waiting).await {
            let place = place.ok()?;
            return hold(acme, id).await.then_some(place);
        }
    }
    None
}

/// Whether the challenge is this replica's still, for as long as a look takes.
async fn hold(acme: &Acme, id: &Id) -> bool {
    let held = acme.0.store.renew(id, &acme.0.replica, after(acme.now(), LEASE)).await;
    held.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, authorization = %id, "a lease was not renewed");
        true
    })
}

async fn verdict(acme: &Acme, authorization: &Authorization, method: Method, thumbprint: &str) -> Result<Attempt, Problem> {
    let standing = acme.offer(&authorization.offer).await?;
    let offer = &standing.offer;
    let account = acme.account_url(&authorization.account);
    let host = authorization.identifier.host();
    let now = acme.now();
    let challenge = Challenge {
        method,
        host: &host,
        wildcard: authorization.identifier.is_wildcard(),
        token: &authorization.token,
        key_authorization: &format!("{}.{thumbprint}", authorization.token),
        account: &account,
        issuers: &acme.0.settings.caa_identities,
        reach: &offer.reach,
        now: now.as_second(),
    };
    let refused = |failure: &Failure| Problem::new(Kind::from(failure), failure.to_string());
    let proof = acme.0.validator.validate(&challenge).await.map_err(|failure| refused(&failure))?;
    let caa = check_caa(acme, offer, authorization, method).await.map_err(|failure| refused(&failure))?;
    Ok(Attempt::Valid { expires: after(acme.now(), life(proof, acme.0.settings.proof_life)), caa })
}

/// How long a proof is in force. One that may be reused for less than an order takes, or never, serves its own order for that long and no
/// other: a later order uses a proof only if it holds for longer ([`MARGIN`]).
fn life(proof: Proof, most: Duration) -> Duration {
    proof.life.unwrap_or(most).min(most).max(MARGIN)
}

/// Asks for CAA records where the offer claims the baseline; whether it did.
pub(super) async fn check_caa(acme: &Acme, offer: &Offer, authorization: &Authorization, method: Method) -> Result<bool, Failure> {
    let Host::Name(domain) = authorization.identifier.host() else { return Ok(false) };
    if !offer.baseline {
        return Ok(false);
    }
    let account = acme.account_url(&authorization.account);
    let question = CaaQuestion {
        domain: &domain,
        wildcard: authorization.identifier.is_wildcard(),
        issuers: &acme.0.settings.caa_identities,
        account: &account,
        method,
    };
    question.check(acme.0.validator.resolver()).await.map(|()| true)
}

/// Looks, for as long as it is waited for, whether the nonces' key is another since the database crashed.
pub(super) async fn keep_nonces(acme: &Acme) {
    while acme.0.nonces.is_shared() {
        tokio::time::sleep(KEY_LOOK).await;
        // The engine says that the database is away, and a request that wants a nonce of it.
        if let Err(error) = acme.0.nonces.refresh(&acme.0.store.database).await {
            tracing::debug!(%error, "the nonces' key was not looked at");
        }
    }
    std::future::pending().await
}

/// Takes over what other replicas have left, and forgets what is old, until `end`.
pub(super) async fn run(acme: &Acme, end: impl Future<Output = ()> + Send) {
    let mut end = std::pin::pin!(end.fuse());
    let mut round = 0_u32;
    loop {
        if let Err(problem) = take_over(acme).await {
            tracing::error!(?problem, "challenges of other replicas were not taken over");
        }
        if round.is_multiple_of(FORGET)
            && let Err(error) = forget(acme).await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "old orders were not forgotten");
        }
        round = round.wrapping_add(1);
        tokio::select! {
            () = &mut end => return,
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

/// One round of what [`run`] does first: how many challenges it began to look at.
pub(super) async fn take_over(acme: &Acme) -> Result<usize, Problem> {
    let now = acme.now();
    let store = &acme.0.store;
    for (order, certificate) in store.abandoned(now, BATCH).await? {
        match certificate {
            Some((certificate, not_after)) => store.fulfil(&order, certificate, not_after).await?,
            // What may have been signed is the issuer's to revoke.
            None => {
                let error = Problem::new(Kind::ServerInternal, "the server ended while it made the certificate: order again");
                store.fail(&order, &error.document()).await?;
            }
        }
    }
    let jobs = store.take_over(&acme.0.replica, after(now, LEASE), now, BATCH).await?;
    let count = jobs.len();
    for Job { authorization } in jobs {
        let Some(method) = authorization.attempted else { continue };
        let Some(account) = store.account(&authorization.account, acme.now()).await? else { continue };
        // Where too many wait, it is taken over again when there are fewer.
        let Some(waiting) = acme.0.turns.line_up(account.party()) else { continue };
        let acme = acme.clone();
        tokio::spawn(async move { look(&acme, &authorization, method, &account.thumbprint, waiting).await });
    }
    Ok(count)
}

async fn forget(acme: &Acme) -> Result<(), menagerie_store::database::DatabaseError> {
    let now = acme.now();
    acme.0.nonces.sweep(&acme.0.store.database, now).await?;
    acme.0.store.forget(now, 1_000).await
}
