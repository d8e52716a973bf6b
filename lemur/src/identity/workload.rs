//! Workloads at the door: each shows what its section of the configuration asks for, and is let in or not. One token may be shown again until
//! it ends, as those who run a job's steps apart need it; what it is exchanged for is as short-lived as the configuration says.

use std::sync::Arc;

use serde_json::Value;

use super::issuer::{Issuer as TokenIssuer, VerifyError};
use super::names::NamePattern;
use super::pattern::{Claims, Pattern};
use super::settings::Way;
use super::sts::{SignedRequest, StsError};
use super::web::Web;
use super::{Identity, Inner, Issuers, OpenError, jwt};
use crate::access::{Admitted, holds};
use crate::certificate::{ExtendedKeyUsage, Issuer, View};
use crate::store::StoreError;
use crate::store::authorities::{Authority, AuthorityKind, AuthorityState};

/// What a workload shows.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds tokens")]
pub enum Credential<'a> {
    /// A token that its issuer signed.
    Token(&'a str),
    /// A request to AWS STS that it signed.
    Aws(&'a Value),
    /// The certificate of its connection, whose key it has, DER.
    Certificate(&'a [u8]),
}

/// Why a workload is not let in. No text here holds anything of what it showed.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// There is none of this name.
    #[error("there is no such workload")]
    Unknown,
    /// It shows something else than it has to.
    #[error("this workload comes in by {0}")]
    Other(&'static str),
    /// Its token.
    #[error(transparent)]
    Token(#[from] VerifyError),
    /// Its request to AWS.
    #[error(transparent)]
    Aws(#[from] StsError),
    /// A claim that is not as the configuration wants it.
    #[error("the token's claim {0:?} is not one of this workload")]
    Claim(String),
    /// An ARN that is none of the configuration's.
    #[error("the caller is not one of this workload")]
    Caller,
    /// The certificate of the connection.
    #[error("the client certificate is not accepted: {0}")]
    Certificate(&'static str),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How one workload comes in.
pub(super) enum Door {
    Token { issuer: Arc<TokenIssuer>, audience: String, claims: Claims },
    Aws { web: Web, arns: Vec<Pattern>, endpoint: Option<String> },
    Certificate { authority: String, names: Vec<NamePattern> },
}

impl Door {
    pub(super) fn open(way: &Way, issuers: &mut Issuers) -> Result<Self, OpenError> {
        Ok(match way {
            Way::Token { issuer, audience, keys, ca_file, claims } => Self::Token {
                issuer: issuers.issuer(issuer, ca_file.as_deref(), keys)?,
                audience: audience.clone(),
                claims: claims.clone(),
            },
            Way::Aws { arns, endpoint, ca_file } => {
                Self::Aws { web: issuers.web(ca_file.as_deref())?, arns: arns.clone(), endpoint: endpoint.clone() }
            }
            Way::Certificate { authority, names } => Self::Certificate { authority: authority.clone(), names: names.clone() },
        })
    }

    const fn wants(&self) -> &'static str {
        match self {
            Self::Token { .. } => "a token of its issuer, in the field `token`",
            Self::Aws { .. } => "a signed request to AWS STS, in the field `aws`",
            Self::Certificate { .. } => "a client certificate",
        }
    }
}

impl Identity {
    /// Lets a workload in that shows what its section asks for.
    ///
    /// # Errors
    /// [`WorkloadError`].
    pub async fn admit(&self, name: &str, credential: Credential<'_>) -> Result<Admitted, WorkloadError> {
        let inner = self.0.as_ref().ok_or(WorkloadError::Unknown)?;
        let door = inner.workloads.get(name).ok_or(WorkloadError::Unknown)?;
        let (subject, certificate) = match (door, credential) {
            (Door::Token { issuer, audience, claims }, Credential::Token(token)) => {
                let said = issuer.verify(token, audience, inner.engine.now().as_second()).await?;
                claims.check(&said).map_err(|claim| WorkloadError::Claim(claim.to_owned()))?;
                (jwt::text(&said, "sub").unwrap_or_default().to_owned(), None)
            }
            (Door::Aws { web, arns, endpoint }, Credential::Aws(request)) => {
                let request = SignedRequest::read(request, &inner.url, endpoint.as_deref(), inner.engine.now())?;
                let caller = request.caller(web).await?;
                if !arns.iter().any(|pattern| pattern.matches(&caller.arn)) {
                    return Err(WorkloadError::Caller);
                }
                (caller.session.map_or_else(|| caller.arn.clone(), |session| format!("{} {session}", caller.arn)), None)
            }
            (Door::Certificate { authority, names }, Credential::Certificate(der)) => {
                let (subject, id) = inner.holder(authority, names, der).await?;
                (subject, Some(id))
            }
            (other, _) => return Err(WorkloadError::Other(other.wants())),
        };
        // What goes into logs has no line breaks.
        let subject = subject.chars().filter(|character| !character.is_control()).collect();
        Ok(Admitted { name: name.to_owned(), subject, certificate })
    }

    /// Refuses workloads that come in by a certificate of an authority whose key is not ours: what it signs, nobody here knows.
    ///
    /// # Errors
    /// [`OpenError::Elsewhere`] names the workload and its authority; or the database failed.
    pub async fn check_authorities(&self) -> Result<(), OpenError> {
        let Some(inner) = &self.0 else { return Ok(()) };
        for (name, door) in &inner.workloads {
            let Door::Certificate { authority, .. } = door else { continue };
            // One that is not there yet is looked at when somebody comes.
            if inner.engine.authority_by_name(authority).await?.is_some_and(|found| !is_ours(&found)) {
                return Err(OpenError::Elsewhere { workload: name.clone(), authority: authority.clone() });
            }
        }
        Ok(())
    }

    /// Whether a workload of this name comes in by a certificate.
    #[must_use]
    pub fn wants_certificate(&self, name: &str) -> bool {
        let door = self.0.as_ref().and_then(|inner| inner.workloads.get(name));
        matches!(door, Some(Door::Certificate { .. }))
    }
}

/// Whether the key of an authority of ours signed a certificate. One that is elsewhere has no certificate here by which that could be said.
fn has_signed(authority: &Authority, certificate: &View) -> bool {
    let own = authority.der.as_deref().filter(|_| is_ours(authority)).and_then(|der| View::parse(der).ok());
    own.and_then(|own| Issuer::new(&own).ok()).is_some_and(|issuer| issuer.check_signature(certificate).is_ok())
}

/// Whether an authority's key is ours.
const fn is_ours(authority: &Authority) -> bool {
    matches!(authority.kind, AuthorityKind::Root | AuthorityKind::Intermediate)
}

impl Inner {
    /// Whether a certificate lets its holder in. What counts is what is stored of it: that its bytes are those that were issued.
    async fn holder(
        &self,
        authority: &str,
        names: &[NamePattern],
        der: &[u8],
    ) -> Result<(String, crate::store::CertificateId), WorkloadError> {
        let wrong = WorkloadError::Certificate;
        let view = View::parse(der).map_err(|_| wrong("it cannot be read"))?;
        let stored = self.engine.certificate_by_fingerprint(view.serial().as_unsigned(), &view.sha256()).await?;
        let stored = stored.filter(|stored| stored.der == der).ok_or(wrong("it is none that was issued here"))?;
        let issuer = self.engine.authority_by_name(authority).await?;
        let issuer = issuer.filter(|issuer| stored.authority == Some(issuer.id));
        let issuer = issuer.ok_or(wrong("another authority than this workload's issued it"))?;
        if !has_signed(&issuer, &view) {
            return Err(wrong("its authority did not sign it"));
        }
        if issuer.state != AuthorityState::Active {
            return Err(wrong("its authority is not active"));
        }
        if !holds(&stored, self.engine.now().as_second()) {
            return Err(wrong("it is revoked or has expired"));
        }
        if !view.extended_key_usages().contains(&ExtendedKeyUsage::CLIENT_AUTH) {
            return Err(wrong("it is not for clients"));
        }
        let permitted = |name| names.iter().any(|pattern: &NamePattern| pattern.permits(name));
        if view.names().is_empty() || !view.other_names().is_empty() || !view.names().iter().all(permitted) {
            return Err(wrong("one of its names is not this workload's"));
        }
        let first = view.names().first().map(ToString::to_string).unwrap_or_default();
        Ok((format!("{first} (certificate {}, serial {})", stored.id, view.serial()), stored.id))
    }
}
