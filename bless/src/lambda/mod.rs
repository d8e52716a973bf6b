//! The service on AWS Lambda (`provided.al2023`): settings from the function's files and environment, then one event after the other.
//!
//! The protocol is AWS's Lambda Runtime API ([`menagerie_lambda`]). Nothing that an invocation holds ends the process: what is no request
//! gets an answer that says so. Only what is wrong before the first invocation does, and then the Runtime API is told why.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use menagerie_config::Environment;
use menagerie_lambda::{Function, Invocation, RuntimeApi};
use menagerie_secret::Secret;
use menagerie_telemetry::{Format, Level};

use crate::authority::AuthoritySource;
use crate::certificate::Kind;
use crate::config::{self, LogTarget, Settings};
use crate::issue::{Answer, AwsClients, Call, Caller, Issuer, Refusal};

/// The time for an event that does not say how long there is.
const DEFAULT_TIME: Duration = Duration::from_secs(8);

/// The most that Lambda gives.
const MAX_TIME: Duration = Duration::from_secs(900);

/// Serves invocations until the Runtime API is gone.
pub async fn run(environment: &dyn Environment) -> ExitCode {
    let Some(api) = environment.var("AWS_LAMBDA_RUNTIME_API") else {
        menagerie_report::error("AWS_LAMBDA_RUNTIME_API is not set: this is the bootstrap of an AWS Lambda function");
        menagerie_report::hint("off Lambda, `bless serve` and `bless handle` answer the same events");
        return ExitCode::from(2);
    };
    let mut api = RuntimeApi::new(api, "bless-lambda");
    let issuer = match issuer(environment).await {
        Ok(issuer) => issuer,
        Err(error) => {
            let message = crate::commands::sentence(&error);
            menagerie_telemetry::start(Format::Json, Level::Info);
            tracing::error!(error = message, "the function cannot start");
            if let Err(error) = api.init_error("Configuration.Invalid", &message).await {
                tracing::error!(%error, "the Runtime API was not told");
            }
            return ExitCode::from(1);
        }
    };
    let kind = handler_kind(&environment.var("_HANDLER").unwrap_or_default());
    menagerie_lambda::serve(&mut api, &Certification { issuer: &issuer, kind }).await;
    ExitCode::from(1)
}

/// The handler that the function's setting names, if it names one of BLESS's.
fn handler_kind(handler: &str) -> Option<Kind> {
    let handler = handler.to_ascii_lowercase();
    if handler.contains("host") {
        Some(Kind::Host)
    } else if handler.contains("user") || handler.contains("bless_lambda.lambda_handler") {
        Some(Kind::User)
    } else {
        None
    }
}

/// The function: every event is a request for a certificate.
struct Certification<'a> {
    issuer: &'a Issuer,
    kind: Option<Kind>,
}

impl Function for Certification<'_> {
    async fn answer(&self, invocation: &Invocation) -> menagerie_lambda::Answer {
        said(&answer(self.issuer, self.kind, invocation).await)
    }

    async fn too_large(&self, request_id: &str, function_arn: &str) -> menagerie_lambda::Answer {
        let call = Call { request_id: request_id.to_owned(), function_arn: function_arn.to_owned(), caller: Caller::Lambda };
        said(&self.issuer.refuse(self.kind, &call, Refusal::invalid("the event is larger than any request")).await)
    }
}

/// A refusal is an answer too: BLESS's clients read it from the response.
fn said(answer: &Answer) -> menagerie_lambda::Answer {
    menagerie_lambda::Answer::Response(answer.to_json())
}

async fn answer(issuer: &Issuer, kind: Option<Kind>, invocation: &Invocation) -> Answer {
    let call = Call { request_id: invocation.request_id.clone(), function_arn: invocation.function_arn.clone(), caller: Caller::Lambda };
    let time = invocation.time_left(SystemTime::now()).unwrap_or(DEFAULT_TIME).min(MAX_TIME);
    match AssertUnwindSafe(tokio::time::timeout(time, issuer.answer(kind, &invocation.event, &call))).catch_unwind().await {
        Ok(Ok(answer)) => answer,
        // What is still under way may yet stand in the log as issued: nobody gets that certificate.
        Ok(Err(_)) => Answer::Refused(Refusal::unavailable("the answer took longer than the function's time: KMS, IAM or the log is slow")),
        Err(_) => {
            tracing::error!(request_id = call.request_id, "a fault in this program: the request is refused");
            issuer.refuse(kind, &call, Refusal::unavailable("the service failed; its log says where")).await
        }
    }
}

async fn issuer(environment: &dyn Environment) -> anyhow::Result<Issuer> {
    let settings = settings(environment)?;
    menagerie_telemetry::start(Format::Json, settings.logging_level);
    let target = settings
        .log
        .clone()
        .or_else(|| own_log_group(environment))
        .ok_or_else(|| anyhow::anyhow!("there is no log for issuances: set BLESS_LOG to cloudwatch:GROUP or dynamodb:TABLE"))?;
    let clients = Arc::new(AwsClients::in_function(settings.aws.clone()));
    if let LogTarget::File(path) = &target {
        tracing::warn!(path = %path.display(), "on Lambda this log goes away with the execution environment: use cloudwatch:GROUP or dynamodb:TABLE there");
    }
    let log = crate::record::open_in_function(&target, &clients).await?;
    let passphrase = environment.var("BLESS_CA_PASSPHRASE").map(|text| Secret::new(text.into_bytes()));
    let authority = AuthoritySource::new(settings.ca.clone(), passphrase);
    if let Err(error) = authority.load(&clients).await {
        // Not the end: what KMS refuses now it may give at the next call, and until then every caller is told.
        tracing::error!(%error, "the CA's key could not be loaded");
    }
    Ok(Issuer::new(settings, authority, clients, log, Arc::new(SystemTime::now))?)
}

/// The log group that Lambda gives the function, where the roles that BLESS runs under may already write.
fn own_log_group(environment: &dyn Environment) -> Option<LogTarget> {
    let group = environment.var("AWS_LAMBDA_LOG_GROUP_NAME")?;
    Some(LogTarget::CloudWatch { group, prefix: LogTarget::DEFAULT_PREFIX.to_owned() })
}

/// The file that `BLESS_CONFIG` names; else `bless_deploy.cfg` or `bless.toml` beside the function's code; else the environment alone.
fn settings(environment: &dyn Environment) -> Result<Settings, config::SettingsError> {
    let root = environment.var("LAMBDA_TASK_ROOT").map_or_else(|| PathBuf::from("."), PathBuf::from);
    if let Some(path) = environment.var("BLESS_CONFIG") {
        return config::load(&root.join(path), environment);
    }
    let files: Vec<PathBuf> = ["bless_deploy.cfg", "bless.toml"].iter().map(|name| root.join(name)).filter(|path| path.exists()).collect();
    match files.as_slice() {
        [] => config::from_environment(environment, root),
        [path] => config::load(path, environment),
        _ => Err(config::SettingsError::Missing(
            "both bless_deploy.cfg and bless.toml are there: name the one that holds with BLESS_CONFIG".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handler_setting_tells_the_kind() {
        assert_eq!(handler_kind("bless_lambda_user.lambda_handler_user"), Some(Kind::User));
        assert_eq!(handler_kind("bless_lambda_host.lambda_handler_host"), Some(Kind::Host));
        assert_eq!(handler_kind("bless_lambda.lambda_handler"), Some(Kind::User));
        assert_eq!(handler_kind("bootstrap"), None);
        assert_eq!(handler_kind(""), None);
    }
}
