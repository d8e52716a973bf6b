//! Workloads: pipelines, pods and machines, which come in by what somebody else says of them and not by a secret of ours. The configuration
//! says what each may ([`Grant`]); what it may not, no role and no database gives it.
//!
//! A workload has a role, `workload:NAME`, which its certificates have and by which they are known as its own. Members of that role may use
//! them as those of any other role. The token is short-lived, and says by whose word it was given; what the workload may is looked up each time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::Access;
use super::requester::Requester;
use super::role::{Role, RoleName};
use super::token::TokenError;
use crate::audit::{self, Actor, Event, shortened};
use crate::identity::NamePattern;
use crate::name::San;
use crate::store::certificates::{self, Certificate, NameRow};
use crate::store::{CertificateId, RoleId};

/// What stands before a workload's name in a token's subject and a role's name.
pub(super) const PREFIX: &str = "workload:";

/// The most bytes of what is said of a subject.
const LONGEST_SUBJECT: usize = 512;

/// What a workload may do with certificates that are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Actions {
    /// Have certificates issued for its names.
    pub issue: bool,
    /// Have its own certificates issued anew, with the same names.
    pub renew: bool,
    /// Revoke its own.
    pub revoke: bool,
    /// Take the private keys of its own.
    pub export: bool,
}

/// What a workload may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its name.
    pub name: String,
    /// Who answers for its certificates.
    pub owner: String,
    /// The authority that it may use.
    pub authority: String,
    /// The profiles that it may use.
    pub profiles: Vec<String>,
    /// The names that it may have certified.
    pub names: Vec<NamePattern>,
    /// What it may do.
    pub actions: Actions,
    /// How long a token lasts.
    pub token_lifetime: Duration,
}

impl Grant {
    /// Whether it may have a name certified.
    #[must_use]
    pub fn permits(&self, name: &San) -> bool {
        self.names.iter().any(|pattern| pattern.permits(name))
    }
}

/// The certificate that a workload came in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// Which.
    pub id: CertificateId,
    /// Its names.
    pub names: Vec<NameRow>,
}

/// A workload that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    pub(super) grant: Arc<Grant>,
    pub(super) subject: String,
    /// What the audit log calls it.
    pub(super) called: String,
    pub(super) role: RoleId,
    pub(super) presented: Option<Presented>,
}

impl Workload {
    /// What it may.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Whose word it came in by: a token's subject, an ARN, a certificate.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The role that its certificates have.
    #[must_use]
    pub const fn role(&self) -> RoleId {
        self.role
    }

    /// The certificate that it came in by, if it did.
    #[must_use]
    pub const fn presented(&self) -> Option<&Presented> {
        self.presented.as_ref()
    }
}

/// A workload that showed who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The workload's name.
    pub name: String,
    /// Whose word it came in by.
    pub subject: String,
    /// The certificate that it came in by: the token ends with it.
    pub certificate: Option<CertificateId>,
}

impl Admitted {
    /// What the audit log calls it.
    #[must_use]
    pub fn called(&self) -> String {
        called(&self.name, &self.subject)
    }
}

/// A token for a workload.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "holds a token")]
pub struct Pass {
    /// The token.
    pub token: String,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
    /// What may be done with it.
    pub grant: Arc<Grant>,
}

fn called(name: &str, subject: &str) -> String {
    shortened(&format!("workload {name}: {subject}"))
}

fn cut(subject: &str) -> String {
    let end = subject.char_indices().map(|(at, one)| at + one.len_utf8()).take_while(|end| *end <= LONGEST_SUBJECT).last();
    subject[..end.unwrap_or(0)].to_owned()
}

impl Access {
    /// Gives a workload that showed who it is a token, with a line of the audit log.
    ///
    /// # Errors
    /// [`TokenError::User`] if it is not configured, or its certificate does not hold any more.
    pub async fn admit(&self, admitted: &Admitted, actor: &Actor) -> Result<Pass, TokenError> {
        let grant = self.0.settings.workloads.get(&admitted.name).ok_or(TokenError::User)?;
        let now = self.now();
        let lifetime = i64::try_from(grant.token_lifetime.as_secs()).unwrap_or(i64::MAX);
        let mut expires = now.saturating_add(lifetime);
        let mut transaction = self.0.store.write().await?;
        if let Some(id) = admitted.certificate {
            let certificate = certificates::by_id(&mut transaction, id).await?;
            let certificate = certificate.filter(|certificate| holds(certificate, now)).ok_or(TokenError::User)?;
            expires = expires.min(certificate.not_after.as_second());
        }
        let name = RoleName::parse(&format!("{PREFIX}{}", admitted.name))?;
        let sql = "INSERT INTO access_roles (name, name_key, description) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let description = format!("Certificates of the workload {}", admitted.name);
        let made = transaction.execute(sql, &[name.as_str().into(), (&name.key()).into(), (&description).into()]).await? > 0;
        let sql = "SELECT id, name, description FROM access_roles WHERE name_key = $1";
        let role = Role::of(&transaction.one(sql, &[(&name.key()).into()]).await?)?;
        let line = |event, fields: serde_json::Value| {
            let fields = if let serde_json::Value::Object(fields) = fields { fields } else { serde_json::Map::new() };
            audit::entry(self.0.clock.now(), actor, &Event::Other { event, fields })
        };
        let mut lines = Vec::with_capacity(2);
        if made {
            lines.push(line("role_created", json!({"role": role.id, "name": role.name, "members": []})));
        }
        let fields = json!({"workload": admitted.name, "subject": shortened(&admitted.subject), "certificate": admitted.certificate, "expires": expires});
        lines.push(line("workload_admitted", fields));
        self.0.store.commit(transaction, lines).await?;
        let token = self.sign_workload(admitted, &cut(&admitted.subject), (now, expires))?;
        Ok(Pass { token, expires, grant: Arc::clone(grant) })
    }

    /// Whom a workload's token is of, as it is at this moment.
    pub(super) async fn workload(
        &self,
        name: &str,
        subject: Option<String>,
        certificate: Option<i64>,
        now: i64,
    ) -> Result<Requester, TokenError> {
        let grant = self.0.settings.workloads.get(name).ok_or(TokenError::User)?;
        let subject = subject.ok_or(TokenError::Foreign)?;
        let mut transaction = self.0.store.read().await?;
        let role = "SELECT id FROM access_roles WHERE name_key = $1";
        let role = transaction.optional(role, &[(&format!("{PREFIX}{name}")).into()]).await?.ok_or(TokenError::User)?;
        let presented = match certificate {
            None => None,
            Some(id) => {
                let found = certificates::by_id(&mut transaction, CertificateId(id)).await?;
                let found = found.filter(|found| holds(found, now)).ok_or(TokenError::User)?;
                Some(Presented { id: found.id, names: found.names })
            }
        };
        Ok(Requester::Workload(Workload {
            grant: Arc::clone(grant),
            called: called(name, &subject),
            subject,
            role: RoleId(role.integer("id")?),
            presented,
        }))
    }
}

/// Whether a certificate lets its holder in.
pub(crate) fn holds(certificate: &Certificate, now: i64) -> bool {
    certificate.authority.is_some()
        && certificate.revoked.is_none()
        && (certificate.not_before.as_second()..=certificate.not_after.as_second()).contains(&now)
}
