//! The first start: a root and an authority under it, so that a server on an empty folder issues at once, its own certificate first.

use crate::access::{Access, AccessError};
use crate::audit::Actor;
use crate::authority::{AuthorityError, AuthorityOrder, Parent};
use crate::engine::Engine;
use crate::name::Subject;
use crate::store::authorities::AuthorityChange;
use crate::store::{AuthorityId, StoreError};

/// The authority that is made when there is none. The root above it is called this with `-root` behind it.
pub const AUTHORITY: &str = "internal";

const ROOT: &str = "internal-root";

/// Who answers for what the server makes by itself.
const OWNER: &str = "admin@localhost";

/// Why there is no first authority.
#[derive(Debug, thiserror::Error)]
pub enum FirstError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was not made.
    #[error("cannot make the first authority: {0}")]
    Authority(#[from] AuthorityError),
    /// It has no roles.
    #[error("cannot make the roles of the first authority: {0}")]
    Roles(#[from] AccessError),
}

/// Makes the first authority where it is needed: on an empty database, where another process was stopped (or still is) between its root and
/// it, and where the server's own certificate is to come from it.
pub(super) async fn authority(engine: &Engine, access: &Access, issues_to_server: bool) -> Result<(), FirstError> {
    let all = engine.authorities().await?;
    let is_there = |name: &str| all.iter().any(|authority| authority.name == name);
    if is_there(AUTHORITY) || !(issues_to_server || all.is_empty() || is_there(ROOT)) {
        return Ok(());
    }
    let root = match all.iter().find(|authority| authority.name == ROOT) {
        Some(root) => Some(root.id),
        None => match made(engine, access, ROOT, "Lemur internal root", Parent::Itself, 1).await? {
            Some(root) => Some(root),
            None => engine.authority_by_name(ROOT).await?.map(|root| root.id),
        },
    };
    if let Some(root) = root {
        made(engine, access, AUTHORITY, "Lemur internal authority", Parent::Ours(root), 0).await?;
    }
    Ok(())
}

/// Makes an authority with its roles. Nothing if another replica made it at the same moment.
async fn made(
    engine: &Engine,
    access: &Access,
    name: &str,
    common_name: &str,
    parent: Parent,
    below: u8,
) -> Result<Option<AuthorityId>, FirstError> {
    let subject = Subject::of_common_name(common_name).expect("a short text without signs");
    let order = AuthorityOrder {
        description: "Made at the first start".to_owned(),
        path_length: Some(below),
        ..AuthorityOrder::new(name, OWNER, subject, parent, Actor::server())
    };
    let id = match engine.create_authority(order).await {
        Ok(created) => created.id,
        Err(AuthorityError::NameTaken { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match access.create_authority_roles(name, None, &Actor::server()).await {
        Ok(roles) => {
            let change = AuthorityChange { roles: Some(roles.to_vec()), ..AuthorityChange::default() };
            engine.change_authority(id, &change, &Actor::server()).await?;
        }
        // Whoever made a role of this name before did not mean this authority: an administrator allows it.
        Err(AccessError::Taken { .. }) => tracing::warn!(authority = name, "there is a role of this authority's name already: it has none"),
        Err(error) => return Err(error.into()),
    }
    Ok(Some(id))
}
