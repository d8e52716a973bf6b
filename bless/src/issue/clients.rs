//! Clients of AWS, made when the first call needs one: a CA with a local key and a local log never reads AWS's configuration.

use menagerie_aws::{Session, SessionError, SessionOptions};
use menagerie_aws_iam::Iam;
use menagerie_aws_kms::Kms;
use tokio::sync::OnceCell;

use crate::config::AwsSettings;

/// Clients of AWS that share one session.
#[derive(Debug, Default)]
pub struct AwsClients {
    settings: AwsSettings,
    session: OnceCell<Session>,
    kms: OnceCell<Kms>,
    iam: OnceCell<Iam>,
}

impl AwsClients {
    /// Clients by the configuration's `[aws]`.
    #[must_use]
    pub fn new(settings: AwsSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// The session.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn session(&self) -> Result<&Session, SessionError> {
        self.session
            .get_or_try_init(|| {
                Session::load(SessionOptions {
                    region: self.settings.region.clone(),
                    profile: self.settings.profile.clone(),
                    endpoint_url: self.settings.endpoint_url.clone(),
                    assume_role: None,
                })
            })
            .await
    }

    /// KMS.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn kms(&self) -> Result<&Kms, SessionError> {
        self.kms.get_or_try_init(|| async { Ok(Kms::new(self.session().await?)) }).await
    }

    /// IAM.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn iam(&self) -> Result<&Iam, SessionError> {
        self.iam.get_or_try_init(|| async { Ok(Iam::new(self.session().await?)) }).await
    }
}
