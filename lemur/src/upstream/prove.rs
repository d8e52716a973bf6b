//! Showing to an upstream that names are held: what is shown is noted in the database first, so that whoever comes after a crash can take it away.

use std::time::Duration;

use tokio::time::Instant;

use super::client::Session;
use super::resource::{Authorization, Challenge, Identifier, Order, plain};
use super::step::{Stop, Work};
use super::store::challenges::{self, Shown};
use super::{Ready, Upstreams};
use crate::name::San;
use crate::store::StoreError;

/// How long is waited between two questions to a name server.
const ASK_NAMES: Duration = Duration::from_secs(2);

/// A proof that is wanted.
struct Wanted {
    /// The authorization's URL.
    url: String,
    challenge: Challenge,
    shown: Shown,
}

/// What a name is called in an order.
pub(super) fn identifier(name: &San) -> Identifier {
    let kind = if matches!(name, San::Ip(_)) { "ip" } else { "dns" };
    Identifier { kind: kind.to_owned(), value: name.to_string() }
}

/// The name that an authorization is for, if it is one of ours.
fn name_of<'a>(authorization: &Authorization, names: &'a [San]) -> Option<&'a San> {
    names.iter().find(|name| match name {
        San::Dns(dns) => {
            let Identifier { kind, value } = &authorization.identifier;
            kind == "dns" && value.eq_ignore_ascii_case(dns.base()) && authorization.wildcard == dns.is_wildcard()
        }
        San::Ip(address) => authorization.identifier.kind == "ip" && authorization.identifier.value.parse() == Ok(*address),
        San::Email(_) | San::Uri(_) => false,
    })
}

impl Upstreams {
    /// Shows what an order's authorizations want, and waits for what the upstream makes of it: done if it may be asked on.
    pub(super) async fn prove(&self, work: &Work<'_>, session: &mut Session<'_>, order: &Order) -> Result<(), Stop> {
        // Each name has one authorization; an upstream that sends us to more of them gets no answer.
        if order.authorizations.len() > work.pending.names.len() {
            return Err(Stop::again("the order has more authorizations than names".to_owned()).forgetting());
        }
        let mut wanted = Vec::new();
        for url in &order.authorizations {
            let (authorization, _) = session.see_authorization(url).await?;
            match authorization.status.as_str() {
                "valid" => {}
                "pending" => wanted.push(self.wanted(work, session, url, authorization)?),
                _ => return Err(refused(&authorization)),
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        self.show(work, &wanted).await?;
        for one in &wanted {
            if one.challenge.status == "pending" {
                session.answered(&one.challenge.url).await?;
            }
        }
        self.await_verdicts(work, session, &wanted).await
    }

    fn wanted(&self, work: &Work<'_>, session: &Session<'_>, url: &str, authorization: Authorization) -> Result<Wanted, Stop> {
        // Whatever an upstream asks for, nothing is shown for a name that was not ordered.
        let name = name_of(&authorization, &work.pending.names);
        let name = name.ok_or_else(|| Stop::again("an authorization is for a name that was not ordered".to_owned()).forgetting())?;
        let (kind, provider) = match &work.known.proof {
            Ready::Elsewhere => return Err(Stop::Wait(Duration::from_secs(1))),
            Ready::Http01 => (challenges::HTTP, String::new()),
            Ready::Dns01 { name, .. } => (challenges::DNS, name.clone()),
        };
        let challenge = authorization.challenges.into_iter().find(|challenge| challenge.kind == kind);
        let challenge = challenge.ok_or_else(|| Stop::never(format!("the upstream takes no {kind} for {name}")))?;
        if !challenge.has_token() {
            return Err(Stop::again("a challenge's token is none".to_owned()).forgetting());
        }
        let key = session.key();
        let (shown_name, value) = match (kind, name) {
            (challenges::DNS, San::Dns(dns)) => (format!("_acme-challenge.{}", dns.base()), key.record(&challenge.token)),
            _ => (challenge.token.clone(), key.authorization(&challenge.token)),
        };
        let shown = Shown { kind, name: shown_name, value, pending: work.pending.id, provider };
        Ok(Wanted { url: url.to_owned(), challenge, shown })
    }

    async fn show(&self, work: &Work<'_>, wanted: &[Wanted]) -> Result<(), Stop> {
        let engine = &self.shared.engine;
        let shown: Vec<Shown> = wanted.iter().map(|one| one.shown.clone()).collect();
        let mut transaction = engine.store().write().await?;
        challenges::insert(&mut transaction, &shown, engine.now().as_millisecond()).await?;
        transaction.commit().await?;
        let Ready::Dns01 { provider, resolver, propagation, .. } = &work.known.proof else { return Ok(()) };
        for one in &shown {
            provider
                .publish(&one.name, &one.value)
                .await
                .map_err(|error| Stop::again(plain(&format!("the provider of DNS did not publish {}: {error}", one.name))))?;
        }
        let Some(resolver) = resolver else { return Ok(()) };
        let until = Instant::now() + *propagation;
        for one in &shown {
            loop {
                let found = resolver.has_text(&one.name, &one.value).await;
                if found.as_ref().is_ok_and(|found| *found) {
                    break;
                }
                if Instant::now() >= until {
                    let said = found.err().map_or_else(|| "the name servers do not have it".to_owned(), |failure| failure.to_string());
                    return Err(Stop::again(plain(&format!("{} was published and is not seen: {said}", one.name))));
                }
                tokio::time::sleep(ASK_NAMES.min(until.saturating_duration_since(Instant::now()))).await;
            }
        }
        Ok(())
    }

    async fn await_verdicts(&self, work: &Work<'_>, session: &mut Session<'_>, wanted: &[Wanted]) -> Result<(), Stop> {
        for one in wanted {
            loop {
                let (authorization, after) = session.see_authorization(&one.url).await?;
                match authorization.status.as_str() {
                    "valid" => break,
                    "pending" => self.pause(work, after).await?,
                    _ => {
                        self.withdraw(work.pending.id).await?;
                        return Err(refused(&authorization));
                    }
                }
            }
        }
        Ok(self.withdraw(work.pending.id).await?)
    }

    /// Takes away what was shown for a pending certificate. What cannot be taken away now is tried again later.
    pub(super) async fn withdraw(&self, pending: crate::store::PendingId) -> Result<(), StoreError> {
        let shown = challenges::of(&mut self.shared.engine.store().read().await?, pending).await?;
        for one in &shown {
            self.withdraw_one(one).await?;
        }
        Ok(())
    }

    pub(super) async fn withdraw_one(&self, shown: &Shown) -> Result<(), StoreError> {
        if shown.kind == challenges::DNS {
            let provider = self.shared.by_name.values().find_map(|known| match &known.proof {
                Ready::Dns01 { name, provider, .. } if *name == shown.provider => Some(provider),
                _ => None,
            });
            let Some(provider) = provider else {
                tracing::warn!(name = shown.name, provider = shown.provider, "a record stays: its provider is not configured any more");
                return Ok(());
            };
            if let Err(error) = provider.withdraw(&shown.name, &shown.value).await {
                tracing::warn!(name = shown.name, %error, "a record could not be taken away; it is tried again");
                return Ok(());
            }
        }
        let mut transaction = self.shared.engine.store().write().await?;
        challenges::remove(&mut transaction, shown).await?;
        Ok(transaction.commit().await?)
    }
}

/// That a name was not shown to be held, with what the upstream says of it.
fn refused(authorization: &Authorization) -> Stop {
    let said = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref());
    let said = said.map_or_else(|| format!("the authorization is {}", plain(&authorization.status)), ToString::to_string);
    Stop::again(plain(&format!("{}: {said}", plain(&authorization.identifier.value)))).forgetting()
}
