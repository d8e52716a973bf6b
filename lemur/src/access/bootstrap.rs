//! The first start: the service's roles, and an administrator `admin` when there is no user yet.

use super::password::Password;
use super::role::{self, ADMIN, OPERATOR, READ_ONLY, RoleName};
use super::user::{self, Email, Username};
use super::{Access, AccessError};

/// What the first start made.
#[expect(missing_debug_implementations, reason = "holds a password")]
pub enum Bootstrap {
    /// There were users already.
    Nothing,
    /// The administrator `admin`, with this password. It is stored as a hash only: whoever starts the service shows it, or puts it where only its
    /// owner can read it.
    Administrator(Password),
}

impl Access {
    /// Makes the service's roles, and the administrator if there is no user. With several replicas one of them does.
    ///
    /// # Errors
    /// [`AccessError`] if the database fails.
    pub async fn bootstrap(&self, password: Option<Password>) -> Result<Bootstrap, AccessError> {
        let password = match password {
            Some(password) => password,
            None => Password::random()?,
        };
        let mut transaction = self.0.store.write().await?;
        for (name, description) in [
            (ADMIN, "May do everything"),
            (OPERATOR, "Looks after what certificates are delivered to, and reads the log"),
            (READ_ONLY, "Changes nothing"),
        ] {
            let sql = "INSERT INTO access_roles (name, name_key, description) VALUES ($1, $1, $2) ON CONFLICT DO NOTHING";
            transaction.execute(sql, &[name.into(), description.into()]).await?;
        }
        let users = transaction.one("SELECT count(*) AS users FROM access_users", &[]).await?.integer("users")?;
        if users > 0 {
            transaction.commit().await?;
            return Ok(Bootstrap::Nothing);
        }
        transaction.commit().await?;
        let hash = self.0.passwords.hash(Password::chosen(password.expose().to_owned())?).await?;
        let mut transaction = self.0.store.write().await?;
        let (username, email) = (Username::parse(ADMIN)?, Email::parse("admin@localhost")?);
        let id = match user::insert(&mut transaction, &username, &email, Some(&hash), true, self.now()).await {
            Ok(id) => id,
            // Another replica was first, and shows its password.
            Err(AccessError::Taken { .. }) => return Ok(Bootstrap::Nothing),
            Err(error) => return Err(error),
        };
        let admin = role::named(&mut transaction, &RoleName::parse(ADMIN)?).await?;
        user::set_roles(&mut transaction, id, &[admin]).await?;
        let fields = serde_json::json!({"user": id, "username": ADMIN, "roles": [ADMIN]});
        self.commit(transaction, &crate::audit::Actor::server(), "user_created", fields).await?;
        Ok(Bootstrap::Administrator(password))
    }
}
