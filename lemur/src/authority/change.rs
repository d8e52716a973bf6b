//! Changing what is kept with an authority. Its certificate and its key are not among that.

use super::AuthorityError;
use crate::audit::{Actor, Changes, Event};
use crate::engine::Engine;
use crate::store::authorities::{self, AuthorityChange, AuthorityState};
use crate::store::{ADDRESS, AuthorityId, DOCUMENT, LONG, check_text};

impl Engine {
    /// Changes an authority. One that is disabled issues no more, and what it issued is still answered for.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing was changed.
    pub async fn change_authority(&self, id: AuthorityId, change: &AuthorityChange, actor: &Actor) -> Result<(), AuthorityError> {
        self.check_authority_change(change)?;
        let fields = [
            ("owner", change.owner.is_some()),
            ("description", change.description.is_some()),
            ("active", change.active.is_some()),
            ("roles", change.roles.is_some()),
            ("profiles", change.profiles.is_some()),
            ("options", change.options.is_some()),
            ("role_names", change.role_names.is_some()),
        ];
        let fields = fields.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect();
        let mut transaction = self.shared.store.write().await?;
        let before = authorities::by_id(&mut transaction, id).await?.ok_or(AuthorityError::Unknown { id })?;
        if !authorities::change(&mut transaction, id, change).await? {
            return Err(AuthorityError::Unknown { id });
        }
        // The options are the interface's own, and may hold what is not for everybody.
        let changes = Changes::new()
            .with("owner", &before.owner, change.owner.as_ref())
            .with("description", &before.description, change.description.as_ref())
            .with("active", before.state != AuthorityState::Disabled, change.active)
            .with("roles", &before.roles, change.roles.as_ref())
            .with("profiles", &before.profiles, change.profiles.as_ref());
        self.commit_audited(transaction, actor, &[Event::AuthorityChanged { authority: id, fields, changes }]).await?;
        // Those under it are held to its profiles.
        self.shared.cache.forget_all();
        Ok(())
    }

    /// Whether a change can be made, as far as it says so itself.
    ///
    /// # Errors
    /// [`AuthorityError`] if a text is too long, or there is no such profile.
    pub fn check_authority_change(&self, change: &AuthorityChange) -> Result<(), AuthorityError> {
        for (field, text, longest) in
            [("owner", &change.owner, ADDRESS), ("description", &change.description, LONG), ("options", &change.options, DOCUMENT)]
        {
            check_text(field, text.as_deref().unwrap_or_default(), longest)?;
        }
        self.check_profiles(change.profiles.as_deref().unwrap_or_default())
    }
}
