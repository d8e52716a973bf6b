//! How accounts are reached: with the credentials that there are, or by assuming the role that the configuration names in each.

use menagerie_aws::{AccountId, Arn, Session, SessionError, SessionOptions};

use crate::compat::config::Connection;

/// The Region where no other is said: IAM has but one.
const REGION: &str = "us-east-1";

/// The name of a session, where the configuration has none.
const SESSION: &str = "repokid";

/// The way to every account.
#[derive(Debug, Clone)]
pub struct Reach {
    base: Session,
    role: Option<String>,
    session: String,
}

impl Reach {
    /// By a connection of the configuration. No call is made.
    ///
    /// # Errors
    /// [`SessionError`] if the settings of the environment make no session.
    pub async fn new(connection: &Connection) -> Result<Self, SessionError> {
        let options = |region: Option<String>| SessionOptions { region, ..SessionOptions::default() };
        let base = match Session::load(options(connection.region.clone())).await {
            Err(SessionError::NoRegion) => Session::load(options(Some(REGION.to_owned()))).await?,
            loaded => loaded?,
        };
        let session = connection.session_name.clone().unwrap_or_else(|| SESSION.to_owned());
        Ok(Self { base, role: connection.assume_role.clone(), session })
    }

    /// The session of the credentials that there are.
    #[must_use]
    pub const fn own(&self) -> &Session {
        &self.base
    }

    /// The session of an account.
    pub async fn account(&self, account: &AccountId) -> Session {
        match self.role.as_deref().and_then(|role| role_in(account, role, self.base.region())) {
            Some(arn) => self.base.assume(&arn, &self.session).await,
            None => self.base.clone(),
        }
    }
}

/// The role of this name in an account; one that has an ARN already keeps its name and path.
fn role_in(account: &AccountId, role: &str, region: &str) -> Option<Arn> {
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let name = role.split_once(":role/").map_or(role, |(_, name)| name);
    format!("arn:{partition}:iam::{account}:role/{}", name.trim_start_matches('/')).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_of_the_account_and_its_partition() {
        let account = "111122223333".parse().expect("an account");
        let of = |role: &str, region: &str| role_in(&account, role, region).map(|arn| arn.to_string());
        assert_eq!(of("RepokidRole", "eu-central-1").as_deref(), Some("arn:aws:iam::111122223333:role/RepokidRole"));
        assert_eq!(of("RepokidRole", "cn-north-1").as_deref(), Some("arn:aws-cn:iam::111122223333:role/RepokidRole"));
        let other = "arn:aws:iam::999999999999:role/team/RepokidRole";
        assert_eq!(of(other, "us-east-1").as_deref(), Some("arn:aws:iam::111122223333:role/team/RepokidRole"));
    }
}
