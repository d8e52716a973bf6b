//! Tokens that say what they are: AWS key IDs, JSON Web Tokens (RFC 7519), prefixes of GitHub, GitLab, Slack and Stripe.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use menagerie_secret::Secret;
use serde_json::Value;

use super::{Clue, Gathered};
use crate::rules::{Checksum, aws_account};

/// Kinds of tokens by their prefix, as the services document them.
const KINDS: &[(&str, &str)] = &[
    // https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    ("ghp_", "personal access token (classic)"),
    ("github_pat_", "fine-grained personal access token"),
    ("gho_", "OAuth access token"),
    ("ghu_", "user access token of a GitHub App, 8 hours unless set otherwise"),
    ("ghs_", "installation access token of a GitHub App, 1 hour"),
    ("ghr_", "refresh token of a GitHub App, 6 months"),
    // https://docs.gitlab.com/security/tokens/
    ("glpat-", "personal, project or group access token"),
    ("gldt-", "deploy token"),
    ("glrt-", "runner authentication token"),
    ("glcbt-", "CI/CD job token, for the length of a job"),
    ("glptt-", "pipeline trigger token"),
    ("glft-", "feed token"),
    ("glimt-", "incoming mail token"),
    ("glagent-", "agent for Kubernetes token"),
    ("gloas-", "OAuth application secret"),
    ("glsoat-", "SCIM token"),
    // https://docs.slack.dev/authentication/tokens
    ("xoxb-", "bot token"),
    ("xoxp-", "user token"),
    ("xapp-", "app-level token"),
    ("xoxe.xoxb-", "bot token with rotation, 12 hours"),
    ("xoxe.xoxp-", "user token with rotation, 12 hours"),
    ("xoxe-", "refresh or configuration token"),
    ("xoxa-", "workspace token (legacy)"),
    ("xoxr-", "workspace refresh token (legacy)"),
    ("xoxs-", "session token"),
    ("xoxc-", "browser session token"),
    ("xoxd-", "browser session cookie"),
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    ("AKIA", "access key of a user, long-term"),
    ("ASIA", "access key of a session, 36 hours at most"),
];

/// What stands at the beginning of a key that works on test data.
const TEST: &[&str] = &["sk_test_", "rk_test_", "pk_test_", "test_sk_", "sk-test-", "test-", "TEST-", "FLWSECK_TEST", "skey_test_"];

pub(super) fn gather(clue: Clue<'_>, gathered: &mut Gathered) {
    if let Some((_, kind)) = KINDS.iter().find(|(prefix, _)| clue.secret.starts_with(prefix.as_bytes())) {
        gathered.tell("type", kind);
    }
    if clue.rule.definition.checksum == Some(Checksum::AwsKeyId)
        && let Some(account) = aws_account(clue.secret)
    {
        gathered.tell("account", format!("{account:012}"));
    }
    if clue.rule.definition.id.split('-').any(|word| word == "test") || TEST.iter().any(|begin| clue.secret.starts_with(begin.as_bytes())) {
        gathered.tell("mode", "test");
        gathered.costs_less("it is a key of the test mode");
    } else if clue.secret.starts_with(b"sk_live_") || clue.secret.starts_with(b"rk_live_") {
        gathered.tell("mode", "live");
    }
    slack_team(clue.secret, gathered);
    if clue.secret.starts_with(b"ey") {
        jwt(clue, gathered);
    }
}

/// `xoxb-<team>-…`, `xoxp-<team>-…`: the workspace's number.
fn slack_team(secret: &[u8], gathered: &mut Gathered) {
    let Some(rest) = secret.strip_prefix(b"xoxb-").or_else(|| secret.strip_prefix(b"xoxp-")) else { return };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (9..=13).contains(&digits) && rest.get(digits) == Some(&b'-') {
        gathered.tell("workspace", String::from_utf8_lossy(&rest[..digits]));
    }
}

/// The issuer, audience, times and algorithm of a token; of its other claims nothing is kept.
fn jwt(clue: Clue<'_>, gathered: &mut Gathered) {
    let mut parts = clue.secret.split(|byte| *byte == b'.');
    let mut object = || -> Option<Value> {
        let bytes = Secret::new(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?);
        serde_json::from_slice(bytes.expose()).ok().filter(Value::is_object)
    };
    let Some(header) = object() else { return };
    if let Some(algorithm) = header["alg"].as_str() {
        gathered.tell("algorithm", algorithm);
        if algorithm.eq_ignore_ascii_case("none") {
            gathered.costs_less("it is not signed");
        }
    }
    let Some(claims) = object() else { return };
    if let Some(issuer) = claims["iss"].as_str() {
        gathered.tell("issuer", issuer);
    }
    match &claims["aud"] {
        Value::String(audience) => gathered.tell("audience", audience),
        Value::Array(several) => {
            gathered.tell("audience", several.iter().take(8).filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
        }
        _ => {}
    }
    if let Some(issued) = time(&claims["iat"]) {
        gathered.tell("issued", issued.to_string());
    }
    match time(&claims["exp"]) {
        Some(expires) => gathered.expires(expires, clue.now),
        None => gathered.tell("expires", "never"),
    }
}

/// A `NumericDate`, which may have a fraction.
fn time(claim: &Value) -> Option<Timestamp> {
    let seconds = claim.as_i64().or_else(|| {
        let seconds = claim.as_f64().filter(|seconds| seconds.abs() < 1e12)?;
        #[expect(clippy::cast_possible_truncation, reason = "it was compared with the bounds")]
        Some(seconds as i64)
    })?;
    Timestamp::from_second(seconds).ok()
}
