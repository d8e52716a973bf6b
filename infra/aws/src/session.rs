//! Credentials, Region and endpoint, shared by the adapters; and the error of a call.
//!
//! Credentials come from the SDK's default chain (environment, profile, IAM Identity Center, container, instance), with the role to
//! assume on top. `AWS_ENDPOINT_URL` and its per-service forms are honoured by the SDK itself.

use std::fmt;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::Arn;

const CONNECT_TIME: Duration = Duration::from_secs(2);
const ATTEMPT_TIME: Duration = Duration::from_secs(3);

/// A call with all its retries. Shorter than the time that a Lambda function is given (infra/deploy), so that its caller gets an answer.
const CALL_TIME: Duration = Duration::from_secs(7);

/// How to reach AWS. The default is what the environment and the shared configuration files say.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// The Region; else the environment's or the profile's.
    pub region: Option<String>,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// The endpoint for every service, for emulators.
    pub endpoint_url: Option<String>,
    /// A role to assume before the first call.
    pub assume_role: Option<Arn>,
}

/// Why no session could be made.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Nothing says which Region is meant.
    #[error("no AWS Region is set: set AWS_REGION, or a region in the profile or the configuration")]
    NoRegion,
}

/// Credentials, Region and endpoint for calls to AWS.
#[derive(Debug, Clone)]
pub struct Session {
    config: SdkConfig,
    region: String,
}

impl Session {
    /// Reads the environment and the shared configuration files; makes no call.
    ///
    /// # Errors
    /// [`SessionError::NoRegion`] if no Region is given anywhere.
    pub async fn load(options: SessionOptions) -> Result<Self, SessionError> {
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).http_client(https_client()).retry_config(retries()).timeout_config(timeouts());
        if let Some(region) = &options.region {
            loader = loader.region(aws_config::Region::new(region.clone()));
        }
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string).ok_or(SessionError::NoRegion)?;
        if let Some(role) = &options.assume_role {
            return Ok(Self { config, region }.assume(role, "menagerie").await);
        }
        Ok(Self { config, region })
    }

    /// The session of a Lambda function, whose credentials are in its environment and nowhere else: without the profiles, metadata
    /// services and sign-in flows of [`Session::load`], which would be half of a small program.
    ///
    /// # Errors
    /// [`SessionError::NoRegion`] if no Region is given.
    pub fn in_function(
        options: SessionOptions,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Self, SessionError> {
        let region = options.region.or_else(|| environment("AWS_REGION")).ok_or(SessionError::NoRegion)?;
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
            .http_client(https_client())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(SharedTimeSource::new(SystemTimeSource::new()))
            .identity_cache(IdentityCache::lazy().build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(retries())
            .timeout_config(timeouts());
        if let Some(url) = options.endpoint_url.or_else(|| environment("AWS_ENDPOINT_URL")) {
            config = config.endpoint_url(url);
        }
        let config = config.service_config(OfEnvironment(environment)).build();
        Ok(Self { config, region })
    }

    /// The same with the credentials of a role, which these credentials assume when they are first needed. `name` is the session's, which
    /// logs show.
    pub async fn assume(&self, role: &Arn, name: &str) -> Self {
        let provider = AssumeRoleProvider::builder(role.as_str()).session_name(name).configure(&self.config).build().await;
        let config = self.config.clone().into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
        Self { config, region: self.region.clone() }
    }

    /// The same in another Region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let config = self.config.clone().into_builder().region(aws_config::Region::new(region.to_owned())).build();
        Self { config, region: region.to_owned() }
    }

    /// What the adapters make their clients of.
    #[must_use]
    pub const fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// The Region's code.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

fn https_client() -> SharedHttpClient {
    Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIME).operation_attempt_timeout(ATTEMPT_TIME).operation_timeout(CALL_TIME).build()
}

/// Settings of one service: `AWS_ENDPOINT_URL_KMS` and the like.
struct OfEnvironment<F>(F);

impl<F> fmt::Debug for OfEnvironment<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfEnvironment")
    }
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> LoadServiceConfig for OfEnvironment<F> {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (self.0)(&format!("{}_{}", key.env(), key.service_id().to_ascii_uppercase().replace(' ', "_")))
    }
}

/// A call to AWS that failed: what the service answered, or that it could not be reached.
#[derive(Debug, Clone)]
pub struct CallError {
    /// The service, such as `KMS`.
    pub service: &'static str,
    /// The operation, such as `Decrypt`.
    pub operation: &'static str,
    /// The service's error code, such as `AccessDeniedException`; none if it gave no answer.
    pub code: Option<String>,
    /// What the service, or the way to it, said.
    pub message: String,
    /// Whether no answer came: no credentials, no connection, a time-out.
    pub unreachable: bool,
}

impl CallError {
    /// Reads the SDK's error of `operation`.
    pub fn from_sdk<E>(service: &'static str, operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let inner = answer.err();
                Self {
                    service,
                    operation,
                    code: Some(inner.code().unwrap_or("Unknown").to_owned()),
                    message: inner.message().unwrap_or("no message").to_owned(),
                    unreachable: false,
                }
            }
            other => Self { service, operation, code: None, message: reasons(other), unreachable: true },
        }
    }

    /// An answer that lacks what the service's description promises.
    #[must_use]
    pub fn malformed(service: &'static str, operation: &'static str, message: impl Into<String>) -> Self {
        Self { service, operation, code: None, message: message.into(), unreachable: false }
    }

    /// Whether the service's error code is `code`.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// What an error and its causes say, each once: the SDK's own text is the outermost's alone.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

impl fmt::Display for CallError {
    /// As botocore words it, which is what BLESS's callers have seen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "An error occurred ({code}) when calling the {} operation: {}", self.operation, self.message),
            None if self.unreachable => write!(f, "{} could not be reached for {}: {}", self.service, self.operation, self.message),
            None => write!(f, "{} gave an answer to {} that cannot be used: {}", self.service, self.operation, self.message),
        }
    }
}

impl std::error::Error for CallError {}
