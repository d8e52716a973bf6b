//! `bless.toml` as it is written, before it is checked; and the checks that both kinds of file share.

use std::path::PathBuf;

use serde::Deserialize;

use super::{HostCaller, HostRule, KmsAuth, SettingsError};
use crate::client::ClientConfig;

/// The whole file. Every table is closed: an unknown key is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TomlFile {
    pub(super) ca: Option<Ca>,
    #[serde(default)]
    pub(super) user: User,
    #[serde(default)]
    pub(super) host: Host,
    #[serde(default)]
    pub(super) authentication: Auth,
    pub(super) log: Option<Log>,
    #[serde(default)]
    pub(super) serve: Serve,
    #[serde(default)]
    pub(super) aws: Aws,
    pub(super) logging_level: Option<String>,
    /// What `bless get` reads.
    pub client: Option<ClientConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ca {
    pub(super) key_file: Option<PathBuf>,
    pub(super) compression: Option<String>,
    pub(super) kms_key: Option<String>,
    pub(super) passphrase_file: Option<PathBuf>,
    pub(super) passphrase_kms: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) validity: Option<String>,
    pub(super) backdate: Option<String>,
    pub(super) extensions: Option<Vec<String>>,
    pub(super) force_command: Option<String>,
    #[serde(default)]
    pub(super) verify_required: bool,
    pub(super) username_validation: Option<String>,
    pub(super) principal_validation: Option<String>,
    pub(super) principal_blacklist: Option<String>,
    pub(super) test_user: Option<String>,
    pub(super) key_id: Option<String>,
    #[serde(default)]
    pub(super) source_address: SourceAddress,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceAddress {
    pub(super) shortest_ipv4_prefix: Option<u8>,
    pub(super) shortest_ipv6_prefix: Option<u8>,
    #[serde(default)]
    pub(super) within: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    pub(super) validity: Option<String>,
    pub(super) backdate: Option<String>,
    pub(super) hostname_validation: Option<String>,
    pub(super) key_id: Option<String>,
    #[serde(default)]
    pub(super) allow: Vec<HostAllow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostAllow {
    pub(super) function: Option<String>,
    pub(super) user: Option<String>,
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) wildcards: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) required: Option<bool>,
    pub(super) kmsauth: Option<KmsAuthTable>,
    #[serde(default)]
    pub(super) local: Vec<Local>,
    pub(super) token: Option<Token>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KmsAuthTable {
    pub(super) key_ids: Vec<String>,
    pub(super) service_id: String,
    pub(super) principals: Option<Vec<String>>,
    pub(super) iam_group_format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    pub(super) uid: u32,
    pub(super) user: String,
    pub(super) principals: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub(super) user: String,
    pub(super) principals: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub(super) target: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Serve {
    pub(super) socket: Option<PathBuf>,
    pub(super) token_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Aws {
    pub(super) region: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) endpoint_url: Option<String>,
}

/// The extensions that OpenSSH knows; others must be of the form `name@domain`.
const EXTENSIONS: [&str; 6] =
    ["no-touch-required", "permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"];

pub(crate) fn check_extensions(names: &[String], option: &str) -> Result<(), SettingsError> {
    for (index, name) in names.iter().enumerate() {
        let domain = name.split_once('@').is_some_and(|(own, domain)| !own.is_empty() && domain.contains('.'));
        let plain = name.bytes().all(|b| b.is_ascii_graphic() && b != b',');
        if !plain || !(EXTENSIONS.contains(&name.as_str()) || domain) {
            return Err(SettingsError::value(option, format!("{name:?} is no extension of OpenSSH ({})", EXTENSIONS.join(", "))));
        }
        if names[..index].contains(name) {
            return Err(SettingsError::value(option, format!("{name:?} is there twice")));
        }
    }
    Ok(())
}

pub(super) fn check_host_rule(rule: &HostRule) -> Result<(), String> {
    if let HostCaller::Function(arn) = &rule.who {
        let arn: menagerie_aws::Arn = arn.parse().map_err(|e: menagerie_aws::NameError| e.to_string())?;
        if arn.service() != "lambda" || !arn.resource().starts_with("function:") {
            return Err(format!("{arn} is not the ARN of a Lambda function or alias"));
        }
    }
    if rule.names.is_empty() {
        return Err("no names are allowed; leave the entry out instead".to_owned());
    }
    for name in &rule.names {
        let bare = name.strip_prefix("*.").unwrap_or(name);
        let good = !bare.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'*' | b':'));
        if !good || name.trim_matches(['*', '.']).is_empty() {
            return Err(format!("{name:?} is no name or pattern of hosts; a pattern is *.example.com or web-*.example.com"));
        }
    }
    Ok(())
}

pub(super) fn check_kmsauth(kmsauth: &KmsAuth, place: &str) -> Result<(), SettingsError> {
    if kmsauth.key_ids.is_empty() {
        return Err(SettingsError::Missing(format!("{place} names no key whose tokens are taken")));
    }
    if kmsauth.service_id.is_empty() {
        return Err(SettingsError::Missing(format!("{place} names no service ID")));
    }
    match &kmsauth.iam_group_format {
        Some(format) if format.matches("{}").count() != 1 => {
            Err(SettingsError::value(format!("{place} IAM group format"), format!("{format:?} must hold {{}} once, for the principal")))
        }
        _ => Ok(()),
    }
}
