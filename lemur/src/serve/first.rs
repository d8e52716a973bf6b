//! The first start: a root and an authority under it, so that a server on an empty folder issues at once, its own certificate first.

use crate::audit::Actor;
use crate::authority::{AuthorityError, AuthorityOrder, Parent};
use crate::engine::Engine;
use crate::name::Subject;
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
}

/// Makes the first authority where it is needed: on an empty database, where another process was stopped (or still is) between its root and
/// it, and where the server's own certificate is to come from it.
pub(super) async fn authority(engine: &Engine, issues_to_server: bool) -> Result<(), FirstError> {
    let all = engine.authorities().await?;
    let is_there = |name: &str| all.iter().any(|authority| authority.name == name);
    if is_there(AUTHORITY) || !(issues_to_server || all.is_empty() || is_there(ROOT)) {
        return Ok(());
    }
    let root = match all.iter().find(|authority| authority.name == ROOT) {
        Some(root) => Some(root.id),
        None => match made(engine, ROOT, "Lemur internal root", Parent::Itself, 1).await? {
            Some(root) => Some(root),
            None => engine.authority_by_name(ROOT).await?.map(|root| root.id),
        },
    };
    if let Some(root) = root {
        made(engine, AUTHORITY, "Lemur internal authority", Parent::Ours(root), 0).await?;
    }
    Ok(())
}

/// Nothing if another replica made it at the same moment.
async fn made(engine: &Engine, name: &str, common_name: &str, parent: Parent, below: u8) -> Result<Option<AuthorityId>, FirstError> {
    let subject = Subject::of_common_name(common_name).expect("a short text without signs");
    let order = AuthorityOrder {
        description: "Made at the first start".to_owned(),
        path_length: Some(below),
        ..AuthorityOrder::new(name, OWNER, subject, parent, Actor::server())
    };
    match engine.create_authority(order).await {
        Ok(created) => Ok(Some(created.id)),
        Err(AuthorityError::NameTaken { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
