//! BLESS's configuration: the INI file's sections and options, each of which the environment can set as `section_option`.
//!
//! Names, defaults and the way values are read are BLESS's. Two sections of ours, which BLESS never had, allow host certificates and
//! name the log; without them host certificates are refused and the log goes where the caller of [`settings`] says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use menagerie_config::Environment;

use super::{
    Authentication, AwsSettings, CaSource, Compression, HostCaller, HostRule, HostSettings, Ini, KmsAuth, LogTarget, MAX_VALIDITY_SECONDS,
    PassphraseSource, RemoteUsernames, ServeSettings, Settings, SettingsError, UserSettings,
};
use crate::certificate::CriticalOptions;
use crate::issue::KeyIdTemplate;
use crate::request::{AddressPolicy, HostnameRule, UserRules, UsernameRule, UsernameRules};

const OPTIONS: &str = "Bless Options";
const CA: &str = "Bless CA";
const KMSAUTH: &str = "KMS Auth";
const HOSTS: &str = "Bless Hosts";
const LOG: &str = "Bless Log";

pub(super) const SECTIONS: [&str; 5] = [OPTIONS, CA, KMSAUTH, HOSTS, LOG];

/// The Region that BLESS falls back to.
const DEFAULT_REGION: &str = "us-west-2";

const KNOWN: [(&str, &[&str]); 5] = [
    (
        OPTIONS,
        &[
            "certificate_validity_before_seconds",
            "certificate_validity_after_seconds",
            "server_certificate_validity_before_seconds",
            "server_certificate_validity_after_seconds",
            "entropy_minimum_bits",
            "random_seed_bytes",
            "logging_level",
            "test_user",
            "certificate_extensions",
            "username_validation",
            "remote_usernames_validation",
            "remote_usernames_blacklist",
            "hostname_validation",
        ],
    ),
    (CA, &["default_password", "ca_private_key_file", "ca_private_key", "ca_private_key_compression", "kms_key_id"]),
    (
        KMSAUTH,
        &[
            "use_kmsauth",
            "kmsauth_key_id",
            "kmsauth_serviceid",
            "kmsauth_remote_usernames_allowed",
            "kmsauth_validate_remote_usernames_against_iam_groups",
            "kmsauth_iam_group_name_format",
        ],
    ),
    (HOSTS, &["allowed"]),
    (LOG, &["target"]),
];

/// Reads the options, the environment's before the file's.
pub(super) fn settings(ini: &Ini, environment: &dyn Environment, base: PathBuf) -> Result<Settings, SettingsError> {
    let source = Source { ini, environment: environment.vars() };
    source.refuse_unknown()?;
    let region = environment.var("AWS_REGION").unwrap_or_else(|| DEFAULT_REGION.to_owned());
    // BLESS topped up the kernel's entropy from KMS below this; kernels since 5.18 seed themselves, so that the numbers are only checked.
    source.number(OPTIONS, "entropy_minimum_bits", 2048)?;
    source.number(OPTIONS, "random_seed_bytes", 256)?;
    let log = source
        .text(LOG, "target")
        .map(|target| LogTarget::parse(&target, &base).map_err(|e| SettingsError::value("[Bless Log] target", e)))
        .transpose()?;
    let level = source.text(OPTIONS, "logging_level").unwrap_or_else(|| "INFO".to_owned());
    Ok(Settings {
        user: source.user()?,
        host: source.host()?,
        authentication: Authentication { required: false, kmsauth: source.kmsauth()?, ..Authentication::default() },
        ca: source.ca(&region, &base)?,
        log,
        serve: ServeSettings::default(),
        aws: AwsSettings { region: Some(region), ..AwsSettings::default() },
        logging_level: level.parse().map_err(|e| SettingsError::value("[Bless Options] logging_level", e))?,
        base,
    })
}

struct Source<'a> {
    ini: &'a Ini,
    environment: BTreeMap<String, String>,
}

impl Source<'_> {
    fn text(&self, section: &str, option: &str) -> Option<String> {
        let value = self.environment.get(&variable(section, option)).map(String::as_str).or_else(|| self.ini.value(section, option))?;
        // BLESS's defaults that are None read as absent; written out, the word means the same.
        (!value.is_empty() && value != "None").then(|| value.to_owned())
    }

    /// A value that may be set to nothing, which is not the same as not being set.
    fn set(&self, section: &str, option: &str) -> Option<String> {
        self.environment.get(&variable(section, option)).cloned().or_else(|| self.ini.value(section, option).map(str::to_owned))
    }

    fn number(&self, section: &str, option: &str, default: u64) -> Result<u64, SettingsError> {
        let Some(text) = self.set(section, option) else { return Ok(default) };
        text.trim().parse().map_err(|_| SettingsError::value(format!("[{section}] {option}"), format!("{text:?} is no whole number")))
    }

    fn seconds(&self, option: &str, default: u64) -> Result<u64, SettingsError> {
        let seconds = self.number(OPTIONS, option, default)?;
        if seconds > MAX_VALIDITY_SECONDS {
            return Err(SettingsError::value(format!("[{OPTIONS}] {option}"), format!("{seconds} seconds are over ten years")));
        }
        Ok(seconds)
    }

    fn validity(&self, option: &str, default: u64) -> Result<u64, SettingsError> {
        match self.seconds(option, default)? {
            0 => Err(SettingsError::value(format!("[{OPTIONS}] {option}"), "a certificate would be over as it is issued")),
            seconds => Ok(seconds),
        }
    }

    /// As Python's `getboolean`: what is set to nothing is no answer.
    fn flag(&self, section: &str, option: &str) -> Result<bool, SettingsError> {
        let Some(text) = self.set(section, option) else { return Ok(false) };
        match text.trim().to_ascii_lowercase().as_str() {
            "1" | "yes" | "true" | "on" => Ok(true),
            "0" | "no" | "false" | "off" => Ok(false),
            other => Err(SettingsError::value(format!("[{section}] {option}"), format!("{other:?} is neither true nor false"))),
        }
    }

    fn refuse_unknown(&self) -> Result<(), SettingsError> {
        for section in self.ini.sections() {
            let known: Vec<&str> = match KNOWN.iter().find(|(name, _)| *name == section) {
                Some((_, options)) => options.to_vec(),
                None if section == "DEFAULT" => KNOWN.iter().flat_map(|(_, options)| *options).copied().collect(),
                None => return Err(SettingsError::Unknown { place: "the file".to_owned(), option: format!("[{section}]") }),
            };
            for option in self.ini.options(section) {
                let password = (section == CA || section == "DEFAULT") && is_region_password(option);
                if !known.contains(&option) && !password {
                    return Err(SettingsError::Unknown { place: format!("[{section}]"), option: option.to_owned() });
                }
            }
        }
        for name in self.environment.keys().filter(|name| is_option_name(name)) {
            let Some((section, options)) = KNOWN.iter().find(|(section, _)| name.starts_with(&variable(section, ""))) else {
                return Err(SettingsError::Unknown { place: "the environment (names are lower case)".to_owned(), option: name.clone() });
            };
            let known = options.iter().any(|option| *name == variable(section, option));
            let password = *section == CA && name.ends_with("_password");
            if !known && !password {
                return Err(SettingsError::Unknown { place: "the environment".to_owned(), option: name.clone() });
            }
        }
        Ok(())
    }

    fn rule(&self, option: &str, default: UsernameRule) -> Result<UsernameRule, SettingsError> {
        let Some(text) = self.text(OPTIONS, option) else { return Ok(default) };
        text.parse().map_err(|e| SettingsError::value(format!("[{OPTIONS}] {option}"), e))
    }

    fn user(&self) -> Result<UserSettings, SettingsError> {
        let extensions = self.set(OPTIONS, "certificate_extensions").unwrap_or_else(|| super::toml_file::DEFAULT_EXTENSIONS.join(","));
        let blacklist = self
            .text(OPTIONS, "remote_usernames_blacklist")
            .map(|text| {
                UsernameRules::compile_blacklist(&text).map_err(|e| SettingsError::value("[Bless Options] remote_usernames_blacklist", e))
            })
            .transpose()?;
        let settings = UserSettings {
            validity_before_seconds: self.seconds("certificate_validity_before_seconds", 120)?,
            validity_after_seconds: self.validity("certificate_validity_after_seconds", 120)?,
            extensions: extensions.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            critical_options: CriticalOptions::default(),
            rules: UserRules {
                bastion_user: self.rule("username_validation", UsernameRule::Useradd)?,
                remote_usernames: UsernameRules { rule: self.rule("remote_usernames_validation", UsernameRule::Principal)?, blacklist },
                addresses: AddressPolicy::default(),
            },
            test_user: self.text(OPTIONS, "test_user"),
            key_id: KeyIdTemplate::bless_user(),
        };
        super::sections::check_extensions(&settings.extensions, "[Bless Options] certificate_extensions")?;
        Ok(settings)
    }

    fn host(&self) -> Result<HostSettings, SettingsError> {
        let hostname_rule = match self.text(OPTIONS, "hostname_validation").as_deref() {
            None | Some("url") => HostnameRule::Url,
            Some("disabled") => HostnameRule::Disabled,
            Some(other) => {
                return Err(SettingsError::value("[Bless Options] hostname_validation", format!("{other:?} is neither url nor disabled")));
            }
        };
        let mut allow = Vec::new();
        for line in self.text(HOSTS, "allowed").unwrap_or_default().split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty()) {
            let (function, names) = line.split_once(char::is_whitespace).ok_or_else(|| {
                SettingsError::value(
                    "[Bless Hosts] allowed",
                    format!("{line:?}: a line is the function's ARN, a space, and a comma list of names"),
                )
            })?;
            let names = names.split(',').map(|name| name.trim().to_owned()).collect();
            let rule = HostRule { who: HostCaller::Function(function.to_owned()), names, wildcards: false };
            super::sections::check_host_rule(&rule).map_err(|e| SettingsError::value("[Bless Hosts] allowed", e))?;
            allow.push(rule);
        }
        Ok(HostSettings {
            validity_before_seconds: self.seconds("server_certificate_validity_before_seconds", 120)?,
            validity_after_seconds: self.validity("server_certificate_validity_after_seconds", 31_536_000)?,
            hostname_rule,
            allow,
            key_id: KeyIdTemplate::bless_host(),
        })
    }

    fn kmsauth(&self) -> Result<Option<KmsAuth>, SettingsError> {
        if !self.flag(KMSAUTH, "use_kmsauth")? {
            return Ok(None);
        }
        let missing = |option: &str| SettingsError::Missing(format!("[KMS Auth] {option} is not set, and use_kmsauth is on"));
        let key_ids = self.text(KMSAUTH, "kmsauth_key_id").ok_or_else(|| missing("kmsauth_key_id"))?;
        let groups = self.flag(KMSAUTH, "kmsauth_validate_remote_usernames_against_iam_groups")?;
        let format = self.text(KMSAUTH, "kmsauth_iam_group_name_format").or_else(|| Some("ssh-{}".to_owned()));
        let others = self.text(KMSAUTH, "kmsauth_remote_usernames_allowed").is_some();
        let kmsauth = KmsAuth {
            key_ids: key_ids.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect(),
            service_id: self.text(KMSAUTH, "kmsauth_serviceid").ok_or_else(|| missing("kmsauth_serviceid"))?,
            remote_usernames: match self.text(KMSAUTH, "kmsauth_remote_usernames_allowed") {
                None => RemoteUsernames::Own,
                Some(list) if list == "*" => RemoteUsernames::Any,
                Some(list) => RemoteUsernames::Listed(list.split(',').map(str::to_owned).collect()),
            },
            // As in BLESS, groups are asked for other principals than the user's own name.
            iam_group_format: format.filter(|_| groups && others),
        };
        super::sections::check_kmsauth(&kmsauth, "[KMS Auth]")?;
        Ok(Some(kmsauth))
    }

    fn ca(&self, region: &str, base: &std::path::Path) -> Result<CaSource, SettingsError> {
        if let Some(key_id) = self.text(CA, "kms_key_id") {
            return Ok(CaSource::Kms { key_id });
        }
        let password = self.text(CA, &format!("{region}_password")).or_else(|| self.text(CA, "default_password"));
        // BLESS's words.
        let password = password.ok_or_else(|| SettingsError::Missing("No Region Specific And No Default Password Provided.".to_owned()))?;
        let compression = match self.text(CA, "ca_private_key_compression").as_deref() {
            None | Some("none") => Compression::None,
            Some("zlib") => Compression::Zlib,
            Some("bz2") => Compression::Bz2,
            Some(other) => {
                return Err(SettingsError::value(
                    "[Bless CA] ca_private_key_compression",
                    format!("{other:?} is none of none, zlib and bz2"),
                ));
            }
        };
        let passphrase = PassphraseSource::Kms(password);
        if let Some(encoded) = self.text(CA, "ca_private_key") {
            let compact: String = encoded.split_whitespace().collect();
            let bytes = BASE64.decode(compact).map_err(|_| SettingsError::value("[Bless CA] ca_private_key", "is not base64"))?;
            return Ok(CaSource::Inline { bytes, compression, passphrase });
        }
        let path = self
            .text(CA, "ca_private_key_file")
            .ok_or_else(|| SettingsError::Missing("[Bless CA] sets neither ca_private_key nor ca_private_key_file".to_owned()))?;
        Ok(CaSource::File { path: base.join(path), compression, passphrase })
    }
}

/// Whether a variable of the environment is meant for BLESS's options, in whatever case it is written: one that is not written as it
/// is read would be a restriction that does nothing.
pub(super) fn is_option_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name != "BLESS_CA_PASSPHRASE" && KNOWN.iter().any(|(section, _)| lower.starts_with(&variable(section, "")))
}

fn is_region_password(option: &str) -> bool {
    option.strip_suffix("_password").is_some_and(|region| region.parse::<menagerie_aws::Region>().is_ok())
}

/// The environment's name of an option: runs of what is no word character become `_`.
fn variable(section: &str, option: &str) -> String {
    let mut name = String::new();
    for part in [section, option] {
        if !name.is_empty() {
            name.push('_');
        }
        let mut gap = false;
        for c in part.chars() {
            if c.is_alphanumeric() || c == '_' {
                name.push(c);
                gap = false;
            } else if !gap {
                name.push('_');
                gap = true;
            }
        }
    }
    name.to_lowercase()
}
