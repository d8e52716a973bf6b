//! Taking an order: checked as for an authority of ours, its key made and sealed, its request signed, and all of it stored before it is answered.

use jiff::tz::TimeZone;
use menagerie_sign::Signer as _;

use super::Upstreams;
use super::store::pending::{self, NewPending};
use crate::audit::{Event, shortened, shortened_names};
use crate::authority::sha256;
use crate::config::Proof;
use crate::csr::{Csr, RequestTemplate};
use crate::issue::{IssueError, Key, Order, check_kind, generate, key_type_name, slug};
use crate::name::San;
use crate::profile::{Admitted, Ask};
use crate::store::authorities::{Authority, AuthorityState};
use crate::store::{PendingId, SHORT};
use crate::upstream::Pending;

/// Why an order was not taken.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The authority is one of ours: its certificates are issued at once.
    #[error("the authority {name} issues at once: nothing of it is pending")]
    NotElsewhere {
        /// What it is called.
        name: String,
    },
    /// The configuration does not have the authority's upstream any more.
    #[error("the authority {name} cannot be asked: the configuration has no [upstream.{upstream}]")]
    NotConfigured {
        /// What it is called.
        name: String,
        /// The upstream.
        upstream: String,
    },
    /// A name that ACME has no proof for, or not by the challenge that is configured.
    #[error("{name} cannot be ordered: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// A request that is not for exactly the names that are asked for.
    #[error("the request goes to the authority as it is, and has to name what is asked for and nothing else")]
    OtherNames,
    /// A key that others are known to have.
    #[error("the key with SHA-256 {hash} is known to be compromised: make a new one")]
    CompromisedKey {
        /// Of its SubjectPublicKeyInfo, as hexadecimal digits.
        hash: String,
    },
    /// A key without its request.
    #[error("the authority wants a request that the key signed, and there is none")]
    NoRequest,
    /// What is asked for is refused, or was not stored.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

macro_rules! through_issue {
    ($($source:ty),+) => { $(
        impl From<$source> for OrderError {
            fn from(error: $source) -> Self {
                Self::Issue(error.into())
            }
        }
    )+ };
}
through_issue!(
    crate::store::StoreError,
    menagerie_store::database::DatabaseError,
    crate::profile::ProfileRefusal,
    menagerie_sign::SignError,
    crate::certificate::SignatureMismatch
);

impl OrderError {
    /// Whether the request is at fault and not the server.
    #[must_use]
    pub const fn is_the_requests_fault(&self) -> bool {
        match self {
            Self::Issue(error) => error.is_the_requests_fault(),
            Self::NotConfigured { .. } => false,
            _ => true,
        }
    }
}

impl Upstreams {
    /// Takes an order for a certificate of an authority elsewhere. What is answered is stored, its key with it; a worker does the rest.
    ///
    /// # Errors
    /// [`OrderError`]: nothing was stored.
    pub async fn order(&self, order: Order) -> Result<Pending, OrderError> {
        let engine = &self.shared.engine;
        order.record.check()?;
        let unknown = IssueError::UnknownAuthority { id: order.authority };
        let authority = engine.authority(order.authority).await?.ok_or(unknown)?;
        let proof = self.proof_for(&authority)?;
        let profile = engine.settings().profiles.get(&order.profile);
        let profile = profile.ok_or_else(|| IssueError::UnknownProfile { name: shortened(&order.profile) })?;
        if !authority.profiles.is_empty() && !authority.profiles.contains(&order.profile) {
            return Err(IssueError::ProfileNotAllowed { authority: authority.name, profile: order.profile }.into());
        }
        engine.check_experimental(order.key.kind())?;
        let (public_key, made) = match &order.key {
            Key::Theirs(key) => {
                let hash = sha256(&key.to_spki_der());
                if engine.settings().compromised.contains(&hash) || engine.store().is_compromised(&hash).await? {
                    return Err(OrderError::CompromisedKey { hash: hex::encode(hash) });
                }
                (key.clone(), None)
            }
            Key::Made(kind) => {
                check_kind(profile, *kind)?;
                let signer = generate(*kind).await?;
                (signer.public_key().clone(), Some(signer))
            }
        };
        let ask = Ask { public_key: &public_key, subject: order.subject.clone(), names: order.names.clone(), period: order.period };
        let admitted = profile.admit_elsewhere(ask, engine.now())?;
        check_names(&admitted.names, proof)?;
        let (csr, key) = match made {
            Some(signer) => {
                let template = RequestTemplate::new(&admitted.subject, &admitted.names, &public_key, signer.algorithm());
                let signature = signer.sign(template.as_der()).await?;
                (template.request(&signature)?, Some(engine.seal_key(&public_key, &signer)?.0))
            }
            None => (theirs(order.csr.as_deref(), &admitted)?, None),
        };
        let common_name = admitted.subject.common_name().map(str::to_owned);
        let common_name = common_name.or_else(|| admitted.names.first().map(ToString::to_string)).unwrap_or_default();
        let now = engine.now();
        let day = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string();
        let name = slug(&format!("{}-{}-{day}", common_name.replace('*', "WILDCARD"), authority.name));
        let name: String = order.record.name.clone().unwrap_or(name).chars().take(SHORT).collect();
        let new = NewPending {
            authority: order.authority,
            name: &name,
            common_name: &common_name,
            record: &order.record,
            creator: order.actor.user,
            profile: &order.profile,
            key_type: &key_type_name(&public_key),
            names: &admitted.names,
            not_before: admitted.not_before,
            not_after: admitted.not_after,
            csr: &csr,
            own_csr: key.is_none(),
            key: key.as_ref(),
            created_ms: now.as_millisecond(),
        };
        let mut transaction = engine.store().write().await?;
        let id = pending::insert(&mut transaction, engine.store().database().kind(), &new).await?;
        let names = shortened_names(admitted.names.iter().map(ToString::to_string));
        let event = pending_event(
            "pending_certificate_ordered",
            id,
            [
                ("authority", serde_json::json!(order.authority)),
                ("profile", serde_json::json!(order.profile)),
                ("owner", serde_json::json!(shortened(&order.record.owner))),
                ("names", serde_json::json!(names)),
                ("key_made_here", serde_json::json!(key.is_some())),
            ],
        );
        engine.commit_audited(transaction, &order.actor, &[event]).await?;
        self.shared.told.notify_one();
        let stored = pending::by_id(&mut engine.store().read().await?, id).await?;
        stored.ok_or_else(|| menagerie_store::database::DatabaseError::NoRow.into())
    }

    fn proof_for(&self, authority: &Authority) -> Result<&Proof, OrderError> {
        let name = || authority.name.clone();
        let upstream = authority.upstream().ok_or_else(|| OrderError::NotElsewhere { name: name() })?;
        if authority.state != AuthorityState::Active {
            return Err(IssueError::NotIssuing { name: name(), reason: "it was disabled" }.into());
        }
        self.proof(upstream).ok_or_else(|| OrderError::NotConfigured { name: name(), upstream: upstream.to_owned() })
    }
}

/// A line of the audit log about a pending certificate.
pub(super) fn pending_event<const N: usize>(event: &'static str, id: PendingId, fields: [(&str, serde_json::Value); N]) -> Event {
    let own = [("pending", serde_json::json!(id))];
    let fields = own.into_iter().chain(fields).map(|(name, value)| (name.to_owned(), value)).collect();
    Event::Other { event, fields }
}

fn check_names(names: &[San], proof: &Proof) -> Result<(), OrderError> {
    for name in names {
        let reason = match (name, proof) {
            (San::Email(_) | San::Uri(_), _) => "ACME proves hosts' names and addresses",
            (San::Dns(dns), Proof::Http01) if dns.is_wildcard() => {
                "http-01, by which this authority's names are proved, proves no wildcard"
            }
            (San::Ip(_), Proof::Dns01 { .. }) => "dns-01, by which this authority's names are proved, proves no address",
            _ => continue,
        };
        return Err(OrderError::Name { name: name.to_string(), reason });
    }
    Ok(())
}

/// The request that came, if it is for what was admitted.
fn theirs(csr: Option<&[u8]>, admitted: &Admitted) -> Result<Vec<u8>, OrderError> {
    let csr = csr.and_then(|der| Csr::from_der(der).ok()).ok_or(OrderError::NoRequest)?;
    let asked = csr.all_names();
    let same = asked.len() == admitted.names.len() && asked.iter().all(|name| admitted.names.contains(name));
    if same { Ok(csr.as_der().to_vec()) } else { Err(OrderError::OtherNames) }
}
