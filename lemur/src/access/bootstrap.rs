//! The first start: an administrator `admin` when nobody is one yet, also where the command line made users before.

use super::password::Password;
use super::role::{self, ADMIN, RoleName};
use super::user::{self, Email, Username};
use super::{Access, AccessError};

/// How many names are tried: others may have `admin` without being one.
const MOST_NAMES: u32 = 100;

/// What the first start made.
#[expect(missing_debug_implementations, reason = "holds a password")]
pub enum Bootstrap {
    /// There was an administrator already.
    Nothing,
    /// An administrator with this password. It is stored as a hash only: whoever starts the service shows it, or puts it where only its owner
    /// can read it.
    Administrator(NewAdministrator),
}

/// An administrator that the first start made.
#[expect(missing_debug_implementations, reason = "holds a password")]
pub struct NewAdministrator {
    /// The name to sign in by: `admin`, unless another user has it.
    pub username: String,
    /// The password.
    pub password: Password,
}

impl Access {
    /// Makes the administrator if no user is one. With several replicas one of them does.
    ///
    /// # Errors
    /// [`AccessError`] if the database fails.
    pub async fn bootstrap(&self, password: Option<Password>) -> Result<Bootstrap, AccessError> {
        if role::has_an_administrator(&mut self.0.store.read().await?).await? {
            return Ok(Bootstrap::Nothing);
        }
        let password = match password {
            Some(password) => password,
            None => Password::random()?,
        };
        let hash = self.0.passwords.hash(Password::chosen(password.expose().to_owned())?).await?;
        for number in 1..=MOST_NAMES {
            let name = if number == 1 { ADMIN.to_owned() } else { format!("{ADMIN}{number}") };
            let mut transaction = self.0.store.write().await?;
            // Another replica may have been first: it shows its password.
            if role::has_an_administrator(&mut transaction).await? {
                return Ok(Bootstrap::Nothing);
            }
            let (username, email) = (Username::parse(&name)?, Email::parse(&format!("{name}@localhost"))?);
            let id = match user::insert(&mut transaction, &username, &email, Some(&hash), true, self.0.clock.now()).await {
                Ok(id) => id,
                // Another replica's, and the next look finds an administrator; or somebody's who is none.
                Err(AccessError::Taken { .. }) => continue,
                Err(error) => return Err(error),
            };
            let admin = role::named(&mut transaction, &RoleName::parse(ADMIN)?).await?;
            user::set_roles(&mut transaction, id, &[admin]).await?;
            let fields = serde_json::json!({"user": id, "username": name, "roles": [ADMIN]});
            match self.commit(transaction, &crate::audit::Actor::server(), "user_created", fields).await {
                Ok(()) => return Ok(Bootstrap::Administrator(NewAdministrator { username: name, password })),
                Err(AccessError::Store(error)) if error.is_duplicate() => {}
                Err(error) => return Err(error),
            }
        }
        Err(AccessError::Invalid { field: "username", reason: "no name for an administrator is free" })
    }
}
