//! Making an authority known that is elsewhere.

use serde_json::json;

use super::Upstreams;
use crate::audit::{Actor, Event, shortened};
use crate::authority::AuthorityError;
use crate::store::authorities::{self, AuthorityKind, AuthorityState, NewAuthority, upstream_reference};
use crate::store::{ADDRESS, AuthorityId, DOCUMENT, LONG, RoleId, check_text};

const LONGEST_NAME: usize = 128;

/// An authority whose certificates are ordered from an upstream.
#[derive(Debug, Clone)]
pub struct UpstreamAuthority {
    /// What it shall be called here.
    pub name: String,
    /// Who answers for it, an e-mail address.
    pub owner: String,
    /// What people say about it.
    pub description: String,
    /// The upstream, by its name in the configuration.
    pub upstream: String,
    /// The profiles by which certificates are ordered from it; none means all.
    pub profiles: Vec<String>,
    /// What the interface keeps with it, a JSON document.
    pub options: String,
    /// The roles that may use it.
    pub roles: Vec<RoleId>,
}

impl Upstreams {
    /// Makes an authority known. Nothing is asked of the upstream yet.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing was stored.
    pub async fn add_authority(&self, new: UpstreamAuthority, actor: &Actor) -> Result<AuthorityId, AuthorityError> {
        let engine = &self.shared.engine;
        if !self.shared.by_name.contains_key(&new.upstream) {
            return Err(AuthorityError::UnknownUpstream { name: shortened(&new.upstream) });
        }
        if new.name.trim().is_empty() || new.name.chars().count() > LONGEST_NAME {
            return Err(AuthorityError::Name);
        }
        for (field, text, longest) in [
            ("name", &new.name, LONGEST_NAME),
            ("owner", &new.owner, ADDRESS),
            ("description", &new.description, LONG),
            ("options", &new.options, DOCUMENT),
        ] {
            check_text(field, text, longest)?;
        }
        engine.check_profiles(&new.profiles)?;
        let row = NewAuthority {
            name: new.name.clone(),
            kind: AuthorityKind::Upstream,
            state: AuthorityState::Active,
            owner: new.owner,
            description: new.description,
            creator: actor.user,
            created_ms: engine.now().as_millisecond(),
            parent: None,
            certificate: None,
            der: None,
            csr: None,
            spki: Vec::new(),
            subject: Vec::new(),
            sealed_key: None,
            key_reference: Some(upstream_reference(&new.upstream)),
            profiles: new.profiles,
            options: new.options,
            roles: new.roles,
        };
        let mut transaction = engine.store().write().await?;
        let id = authorities::insert(&mut transaction, &row).await.map_err(|error| match error.is_duplicate() {
            true => AuthorityError::NameTaken { name: new.name.clone() },
            false => error.into(),
        })?;
        let fields = [("name", &new.name), ("upstream", &new.upstream)];
        let fields = fields.into_iter().map(|(name, text)| (name.to_owned(), json!(shortened(text)))).collect();
        engine.commit_audited(transaction, actor, &[Event::Other { event: "upstream_authority_created", fields }]).await?;
        engine.notice_changes().await?;
        Ok(id)
    }
}
