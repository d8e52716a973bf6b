//! From `bless.toml` as it is written to [`Settings`]; and the file that `bless ca init` writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::sections::{
    Auth, Aws, Ca, Host, HostAllow, KmsAuthTable, Serve, TomlFile, User, check_extensions, check_host_rule, check_kmsauth,
};
use super::{
    Authentication, AwsSettings, CaSource, Compression, HostCaller, HostRule, HostSettings, KmsAuth, LocalUser, LogTarget,
    MAX_VALIDITY_SECONDS, PassphraseSource, RemoteUsernames, ServeSettings, Settings, SettingsError, UserSettings,
};
use crate::certificate::{CriticalOptions, SourceAddress};
use crate::issue::KeyIdTemplate;
use crate::request::{AddressPolicy, HostnameRule, UserRules, UsernameRule, UsernameRules};

/// What `ssh-keygen -s` puts into a user certificate.
pub(super) const DEFAULT_EXTENSIONS: [&str; 5] =
    ["permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"];

/// What `bless ca init` writes; `{…}` are filled in.
pub const TEMPLATE: &str = include_str!("bless.toml.template");

impl TomlFile {
    /// Checks every value.
    ///
    /// # Errors
    /// [`SettingsError`], which names the key.
    pub fn settings(self, base: PathBuf) -> Result<Settings, SettingsError> {
        let log =
            self.log.map(|log| LogTarget::parse(&log.target, &base).map_err(|e| SettingsError::value("[log] target", e))).transpose()?;
        let ca = self.ca.ok_or_else(|| SettingsError::Missing("there is no [ca] table: where is the CA's key?".to_owned()))?;
        let level = self.logging_level.unwrap_or_else(|| "INFO".to_owned());
        Ok(Settings {
            user: user(self.user)?,
            host: host(self.host)?,
            authentication: authentication(self.authentication)?,
            ca: ca_source(ca, &base)?,
            log,
            serve: serve(self.serve, &base),
            aws: aws(self.aws),
            logging_level: level.parse().map_err(|e| SettingsError::value("logging_level", e))?,
            base,
        })
    }
}

fn aws(table: Aws) -> AwsSettings {
    AwsSettings { region: table.region, profile: table.profile, endpoint_url: table.endpoint_url }
}

fn serve(table: Serve, base: &Path) -> ServeSettings {
    ServeSettings { socket: table.socket.map(|path| base.join(path)), token_file: table.token_file.map(|path| base.join(path)) }
}

fn seconds(text: Option<String>, default: u64, option: &str) -> Result<u64, SettingsError> {
    let Some(text) = text else { return Ok(default) };
    let seconds = menagerie_config::parse_seconds(&text).map_err(|e| SettingsError::value(option, e))?;
    if seconds > MAX_VALIDITY_SECONDS {
        return Err(SettingsError::value(option, format!("{text} is over ten years")));
    }
    Ok(seconds)
}

fn validity(text: Option<String>, default: u64, option: &str) -> Result<u64, SettingsError> {
    match seconds(text, default, option)? {
        0 => Err(SettingsError::value(option, "a certificate would never be valid")),
        seconds => Ok(seconds),
    }
}

fn rule(text: Option<String>, default: UsernameRule, option: &str) -> Result<UsernameRule, SettingsError> {
    text.map_or(Ok(default), |text| text.parse().map_err(|e| SettingsError::value(option, e)))
}

fn user(table: User) -> Result<UserSettings, SettingsError> {
    let extensions = table.extensions.unwrap_or_else(|| DEFAULT_EXTENSIONS.map(str::to_owned).to_vec());
    check_extensions(&extensions, "[user] extensions")?;
    let blacklist = table
        .principal_blacklist
        .map(|text| UsernameRules::compile_blacklist(&text).map_err(|e| SettingsError::value("[user] principal_blacklist", e)))
        .transpose()?;
    let within = match table.source_address.within.as_slice() {
        [] => Ok(Vec::new()),
        networks => SourceAddress::parse(&networks.join(",")).map(|list| list.networks().to_vec()),
    };
    let default = AddressPolicy::default();
    let addresses = AddressPolicy {
        shortest_v4: prefix(table.source_address.shortest_ipv4_prefix, default.shortest_v4, 32, "shortest_ipv4_prefix")?,
        shortest_v6: prefix(table.source_address.shortest_ipv6_prefix, default.shortest_v6, 128, "shortest_ipv6_prefix")?,
        within: within.map_err(|e| SettingsError::value("[user.source_address] within", e))?,
    };
    if table.force_command.as_deref().is_some_and(|command| command.is_empty() || command.chars().any(char::is_control)) {
        return Err(SettingsError::value("[user] force_command", "must be a command without control characters"));
    }
    Ok(UserSettings {
        validity_before_seconds: seconds(table.backdate, 120, "[user] backdate")?,
        validity_after_seconds: validity(table.validity, 3_600, "[user] validity")?,
        extensions,
        critical_options: CriticalOptions {
            force_command: table.force_command,
            source_address: None,
            verify_required: table.verify_required,
        },
        rules: UserRules {
            bastion_user: rule(table.username_validation, UsernameRule::Useradd, "[user] username_validation")?,
            remote_usernames: UsernameRules {
                rule: rule(table.principal_validation, UsernameRule::Principal, "[user] principal_validation")?,
                blacklist,
            },
            addresses,
        },
        test_user: table.test_user,
        key_id: template(table.key_id, KeyIdTemplate::bless_user(), "[user] key_id")?,
    })
}

fn prefix(value: Option<u8>, default: u8, most: u8, option: &str) -> Result<u8, SettingsError> {
    match value.unwrap_or(default) {
        prefix if prefix <= most => Ok(prefix),
        prefix => Err(SettingsError::value(format!("[user.source_address] {option}"), format!("{prefix} is over {most}"))),
    }
}

fn template(text: Option<String>, default: KeyIdTemplate, option: &str) -> Result<KeyIdTemplate, SettingsError> {
    text.map_or(Ok(default), |text| KeyIdTemplate::parse(&text).map_err(|e| SettingsError::value(option, e)))
}

fn host(table: Host) -> Result<HostSettings, SettingsError> {
    let hostname_rule = match table.hostname_validation.as_deref() {
        None | Some("url") => HostnameRule::Url,
        Some("disabled") => HostnameRule::Disabled,
        Some(other) => return Err(SettingsError::value("[host] hostname_validation", format!("{other:?} is neither url nor disabled"))),
    };
    Ok(HostSettings {
        validity_before_seconds: seconds(table.backdate, 120, "[host] backdate")?,
        validity_after_seconds: validity(table.validity, 31_536_000, "[host] validity")?,
        hostname_rule,
        allow: table.allow.into_iter().map(host_rule).collect::<Result<_, _>>()?,
        key_id: template(table.key_id, KeyIdTemplate::bless_host(), "[host] key_id")?,
    })
}

fn host_rule(table: HostAllow) -> Result<HostRule, SettingsError> {
    let who = match (table.function, table.user) {
        (Some(arn), None) => HostCaller::Function(arn),
        (None, Some(user)) => HostCaller::User(user),
        _ => return Err(SettingsError::value("[[host.allow]]", "name one of function (its ARN) and user (a verified one)")),
    };
    let rule = HostRule { who, names: table.names, wildcards: table.wildcards };
    check_host_rule(&rule).map_err(|e| SettingsError::value("[[host.allow]]", e))?;
    Ok(rule)
}

fn authentication(table: Auth) -> Result<Authentication, SettingsError> {
    let mut local = BTreeMap::new();
    for entry in table.local {
        let user = local_user(entry.user, entry.principals, "[[authentication.local]]")?;
        if local.insert(entry.uid, user).is_some() {
            return Err(SettingsError::value("[[authentication.local]]", format!("uid {} is there twice", entry.uid)));
        }
    }
    let token = table.token.map(|entry| local_user(entry.user, entry.principals, "[authentication.token]")).transpose()?;
    // Who may ask is not left to a default that a reader has to know: without the key, callers must be verified.
    Ok(Authentication { required: table.required.unwrap_or(true), kmsauth: table.kmsauth.map(kmsauth).transpose()?, local, token })
}

fn local_user(user: String, principals: Vec<String>, place: &str) -> Result<LocalUser, SettingsError> {
    let rules = UsernameRules::default();
    for name in principals.iter().chain([&user]) {
        rules.check(name).map_err(|e| SettingsError::value(place, format!("{name:?}: {e}")))?;
    }
    Ok(LocalUser { user, principals })
}

fn kmsauth(table: KmsAuthTable) -> Result<KmsAuth, SettingsError> {
    let remote_usernames = match table.principals {
        None => RemoteUsernames::Own,
        Some(names) if names == ["*"] => RemoteUsernames::Any,
        Some(names) => RemoteUsernames::Listed(names),
    };
    let kmsauth =
        KmsAuth { key_ids: table.key_ids, service_id: table.service_id, remote_usernames, iam_group_format: table.iam_group_format };
    check_kmsauth(&kmsauth, "[authentication.kmsauth]")?;
    Ok(kmsauth)
}

fn ca_source(table: Ca, base: &Path) -> Result<CaSource, SettingsError> {
    let compression = match table.compression.as_deref() {
        None | Some("none") => Compression::None,
        Some("zlib") => Compression::Zlib,
        Some("bz2") => Compression::Bz2,
        Some(other) => return Err(SettingsError::value("[ca] compression", format!("{other:?} is none of none, zlib and bz2"))),
    };
    let passphrase = match (table.passphrase_file, table.passphrase_kms) {
        (None, None) => PassphraseSource::Prompt,
        (Some(path), None) => PassphraseSource::File(base.join(path)),
        (None, Some(ciphertext)) => PassphraseSource::Kms(ciphertext),
        (Some(_), Some(_)) => return Err(SettingsError::value("[ca]", "set one of passphrase_file and passphrase_kms")),
    };
    match (table.key_file, table.kms_key) {
        (Some(path), None) => Ok(CaSource::File { path: base.join(path), compression, passphrase }),
        (None, Some(key_id)) => Ok(CaSource::Kms { key_id }),
        _ => Err(SettingsError::value("[ca]", "set one of key_file and kms_key")),
    }
}
