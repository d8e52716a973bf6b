//! Clients of AWS, made when the first call needs one: a CA with a local key and a local log never reads AWS's configuration.

use std::future::Future;
use std::pin::Pin;

use menagerie_aws::{Session, SessionError, SessionOptions};
use menagerie_aws_iam::Iam;
use menagerie_aws_kms::Kms;
use menagerie_config::ProcessEnvironment;
use tokio::sync::OnceCell;

use crate::config::AwsSettings;

type Loading = Pin<Box<dyn Future<Output = Result<Session, SessionError>> + Send>>;

/// Clients of AWS that share one session.
#[derive(Debug)]
pub struct AwsClients {
    options: SessionOptions,
    // A pointer, so that the function's program holds only the one way that it uses.
    load: fn(SessionOptions) -> Loading,
    session: OnceCell<Session>,
    kms: OnceCell<Kms>,
    iam: OnceCell<Iam>,
}

impl AwsClients {
    /// Clients by the configuration's `[aws]`, with credentials by the SDK's default chain.
    #[must_use]
    pub fn new(settings: AwsSettings) -> Self {
        Self::loaded_by(settings, |options| Box::pin(Session::load(options)))
    }

    /// Clients of a Lambda function, with credentials from its environment.
    #[must_use]
    pub fn in_function(settings: AwsSettings) -> Self {
        use menagerie_config::Environment as _;
        Self::loaded_by(settings, |options| Box::pin(async { Session::in_function(options, |name| ProcessEnvironment.var(name)) }))
    }

    fn loaded_by(settings: AwsSettings, load: fn(SessionOptions) -> Loading) -> Self {
        let AwsSettings { region, profile, endpoint_url } = settings;
        let options = SessionOptions { region, profile, endpoint_url, assume_role: None };
        Self { options, load, session: OnceCell::new(), kms: OnceCell::new(), iam: OnceCell::new() }
    }

    /// The session.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn session(&self) -> Result<&Session, SessionError> {
        self.session.get_or_try_init(|| (self.load)(self.options.clone())).await
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
