//! The AWS side of the client: the Lambda function that issues certificates, in each Region until one answers, and the kmsauth token.

use jiff::Timestamp;
use menagerie_aws::{Region, Session, SessionOptions};
use menagerie_aws_kms::Kms;
use menagerie_aws_lambda::Lambda;
use menagerie_secret::Secret;

use super::answer::{Answer, excerpt};
use super::kmsauth::{self, Plain};
use super::service::{AwsAccess, LambdaFunction};
use super::settings::Settings;
use super::transport::TransportError;

/// Asks the function, in each of its Regions until one answers. A refusal is an answer.
///
/// # Errors
/// [`TransportError`] if no Region answers, with what each said.
pub(super) async fn ask_lambda(
    settings: &Settings,
    lambda: &LambdaFunction,
    public_line: &str,
    now: Timestamp,
) -> Result<Answer, TransportError> {
    if lambda.regions.is_empty() {
        return ask_region(settings, lambda, None, public_line, now).await;
    }
    let mut failures = Vec::new();
    for region in &lambda.regions {
        match ask_region(settings, lambda, Some(region), public_line, now).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failures.push(failure),
        }
    }
    match failures.len() {
        1 => Err(failures.remove(0)),
        _ => Err(TransportError::Regions(failures)),
    }
}

async fn ask_region(
    settings: &Settings,
    lambda: &LambdaFunction,
    region: Option<&Region>,
    public_line: &str,
    now: Timestamp,
) -> Result<Answer, TransportError> {
    let session = session(&lambda.access, region).await?;
    let token = token(settings, Some(&session), now).await?;
    let event = settings.wanted.event(public_line, &settings.command, token.as_deref());
    let region = session.region().to_owned();
    let invoked = Lambda::new(&session)
        .invoke(&lambda.function, event)
        .await
        .map_err(|source| TransportError::Call { region: region.clone(), source })?;
    match invoked.function_error {
        Some(kind) => {
            Err(TransportError::Function { region, kind: menagerie_report::shown(&kind).into_owned(), reason: excerpt(&invoked.payload) })
        }
        None => Answer::parse(&invoked.payload).map_err(|source| TransportError::Answer { service: region, source }),
    }
}

async fn session(access: &AwsAccess, region: Option<&Region>) -> Result<Session, TransportError> {
    let options = SessionOptions {
        region: region.map(|region| region.as_str().to_owned()),
        profile: access.profile.clone(),
        endpoint_url: access.endpoint_url.clone(),
        assume_role: access.assume_role.clone(),
    };
    Ok(Session::load(options).await?)
}

/// The kmsauth token, if one is wanted: from the key's own Region or, if that is not known, from the one of `near`.
///
/// # Errors
/// [`TransportError`] if KMS does not encrypt it.
pub(super) async fn token(settings: &Settings, near: Option<&Session>, now: Timestamp) -> Result<Option<String>, TransportError> {
    let Some(wanted) = &settings.kmsauth else { return Ok(None) };
    let session = match (near, &wanted.region) {
        (Some(near), None) => near.clone(),
        (Some(near), Some(region)) if near.region() == region.as_str() => near.clone(),
        (_, region) => session(&settings.aws, region.as_ref()).await?,
    };
    let plain = Plain::new(wanted, now);
    let ciphertext = Kms::new(&session)
        .encrypt(&wanted.key_id, &Secret::new(plain.text.into_bytes()), &plain.context)
        .await
        .map_err(|source| TransportError::Call { region: session.region().to_owned(), source })?;
    Ok(Some(kmsauth::token(&ciphertext)))
}
