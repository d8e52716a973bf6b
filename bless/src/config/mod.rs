//! What the certificate authority is told: one validated [`Settings`], read from BLESS's INI file and environment, or from `bless.toml`.
//!
//! `--config` tells the two apart by content ([`load`]). Whatever is not known is an error: a misspelt restriction would else be none.

mod ini;
mod log_target;
mod netflix;
mod sections;
mod toml_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use menagerie_config::{ConfigError, Environment};
use menagerie_telemetry::Level;

pub use ini::{Ini, IniError};
pub use log_target::{LogTarget, LogTargetError};
pub use sections::TomlFile;
pub(crate) use sections::check_extensions;
pub use toml_file::TEMPLATE;

use crate::certificate::CriticalOptions;
use crate::issue::KeyIdTemplate;
use crate::request::{HostnameRule, UserRules};

/// The most seconds that a certificate may be valid for: ten years of a host's.
pub const MAX_VALIDITY_SECONDS: u64 = 10 * 366 * 86_400;

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read, or is no TOML that is known.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The file is no INI.
    #[error("{path}: {source}")]
    Ini {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: IniError,
    },
    /// An option, or an environment variable, that is not known.
    #[error("{place}: unknown option {option:?}; an option that does nothing could hide a restriction")]
    Unknown {
        /// The section, or the environment.
        place: String,
        /// The option.
        option: String,
    },
    /// A value that cannot be used.
    #[error("{option}: {reason}")]
    Value {
        /// Section and option.
        option: String,
        /// Why, and what is wanted.
        reason: String,
    },
    /// What must be there and is not.
    #[error("{0}")]
    Missing(String),
}

impl SettingsError {
    fn value(option: impl Into<String>, reason: impl ToString) -> Self {
        Self::Value { option: option.into(), reason: reason.to_string() }
    }
}

/// Everything that the service is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For user certificates.
    pub user: UserSettings,
    /// For host certificates.
    pub host: HostSettings,
    /// Who may ask.
    pub authentication: Authentication,
    /// The CA's key.
    pub ca: CaSource,
    /// Where every issuance and refusal is written; none if the file does not say (BLESS's has no option for it).
    pub log: Option<LogTarget>,
    /// For `bless serve`.
    pub serve: ServeSettings,
    /// How to reach AWS.
    pub aws: AwsSettings,
    /// The least severe line of the program's own log.
    pub logging_level: Level,
    /// The directory that relative paths are below: the file's own.
    pub base: PathBuf,
}

/// How user certificates look.
#[derive(Debug, Clone)]
pub struct UserSettings {
    /// Seconds before now that a certificate is valid from, for clocks that differ.
    pub validity_before_seconds: u64,
    /// Seconds from now that it is valid for.
    pub validity_after_seconds: u64,
    /// Extensions of every certificate.
    pub extensions: Vec<String>,
    /// Critical options of every certificate, which a caller can narrow and not replace.
    pub critical_options: CriticalOptions,
    /// Rules for the request's fields.
    pub rules: UserRules,
    /// This user gets a certificate that has expired, to try the service with.
    pub test_user: Option<String>,
    /// The key ID.
    pub key_id: KeyIdTemplate,
}

/// How host certificates look, and who gets them for which names.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// Seconds before now that a certificate is valid from.
    pub validity_before_seconds: u64,
    /// Seconds from now that it is valid for.
    pub validity_after_seconds: u64,
    /// How names are checked.
    pub hostname_rule: HostnameRule,
    /// Who may have which names; nobody if it is empty.
    pub allow: Vec<HostRule>,
    /// The key ID.
    pub key_id: KeyIdTemplate,
}

/// Lets somebody have host certificates for some names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    /// Who.
    pub who: HostCaller,
    /// Names, or patterns such as `*.web.example.com`, where `*` stands for one character or more, dots included.
    pub names: Vec<String>,
    /// Whether a pattern itself may be asked for as a principal.
    pub wildcards: bool,
}

/// Whom a [`HostRule`] is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostCaller {
    /// Whoever may invoke the function by this ARN, which IAM decides.
    Function(String),
    /// A user whom kmsauth, the Unix socket or the token verified.
    User(String),
}

/// Who may ask for certificates.
#[derive(Debug, Clone, Default)]
pub struct Authentication {
    /// Whether a caller whom nothing verifies is refused.
    pub required: bool,
    /// Tokens that KMS encrypted.
    pub kmsauth: Option<KmsAuth>,
    /// Users of this machine, by uid, on the Unix socket.
    pub local: BTreeMap<u32, LocalUser>,
    /// Who holds the token of the TCP listener.
    pub token: Option<LocalUser>,
}

/// A user whom this machine vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalUser {
    /// The name, which `bastion_user` must equal.
    pub user: String,
    /// The principals that the user may have.
    pub principals: Vec<String>,
}

/// Tokens of kmsauth.
#[derive(Debug, Clone)]
pub struct KmsAuth {
    /// ARNs of the keys whose tokens are taken.
    pub key_ids: Vec<String>,
    /// The encryption context's `to`.
    pub service_id: String,
    /// Principals other than the user's own name.
    pub remote_usernames: RemoteUsernames,
    /// The group that a user must be in for a principal, with `{}` for the principal.
    pub iam_group_format: Option<String>,
}

/// Which principals a verified user may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteUsernames {
    /// The user's own name.
    Own,
    /// Any.
    Any,
    /// These.
    Listed(Vec<String>),
}

/// Where the CA's key comes from.
#[derive(Debug, Clone)]
pub enum CaSource {
    /// An encrypted key file.
    File {
        /// The file.
        path: PathBuf,
        /// How the file is packed.
        compression: Compression,
        /// Where the passphrase comes from.
        passphrase: PassphraseSource,
    },
    /// An encrypted key in the configuration itself.
    Inline {
        /// The key file's bytes, packed.
        bytes: Vec<u8>,
        /// How they are packed.
        compression: Compression,
        /// Where the passphrase comes from.
        passphrase: PassphraseSource,
    },
    /// A key that stays in AWS KMS.
    Kms {
        /// ID, ARN or alias.
        key_id: String,
    },
}

/// How a CA key file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// zlib (RFC 1950).
    Zlib,
    /// bzip2.
    Bz2,
}

/// Where the passphrase of a CA key comes from, if neither `--passphrase-file` nor `BLESS_CA_PASSPHRASE` gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassphraseSource {
    /// A person at the terminal.
    Prompt,
    /// A file.
    File(PathBuf),
    /// What KMS makes of this ciphertext (base64).
    Kms(String),
}

/// Where `bless serve` listens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServeSettings {
    /// The Unix socket.
    pub socket: Option<PathBuf>,
    /// The token that TCP callers show.
    pub token_file: Option<PathBuf>,
}

/// How to reach AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsSettings {
    /// The Region.
    pub region: Option<String>,
    /// A profile of the shared configuration.
    pub profile: Option<String>,
    /// An endpoint for every service, for emulators.
    pub endpoint_url: Option<String>,
}

/// Reads `path`, which is BLESS's INI or `bless.toml`, with the environment's overrides.
///
/// # Errors
/// [`SettingsError`], which names the option.
pub fn load(path: &Path, environment: &dyn Environment) -> Result<Settings, SettingsError> {
    let text = menagerie_config::read(path)?;
    parse(path, &text, environment)
}

/// Reads the text of a configuration file; relative paths are below the directory of `path`.
///
/// # Errors
/// [`SettingsError`], which names the option.
pub fn parse(path: &Path, text: &str, environment: &dyn Environment) -> Result<Settings, SettingsError> {
    let base = path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let mut settings = if is_ini(text) {
        let ini = Ini::parse(text).map_err(|source| SettingsError::Ini { path: path.to_owned(), source })?;
        netflix::settings(&ini, environment, base)?
    } else {
        menagerie_config::from_toml::<TomlFile>(path, text)?.settings(base)?
    };
    if let Some(target) = environment.var("BLESS_LOG") {
        settings.log = Some(LogTarget::parse(&target, &settings.base).map_err(|e| SettingsError::value("BLESS_LOG", e))?);
    }
    if settings.aws.region.is_none() {
        settings.aws.region = environment.var("AWS_REGION").or_else(|| environment.var("AWS_DEFAULT_REGION"));
    }
    Ok(settings)
}

/// Settings of BLESS's environment variables alone, as on a function without a file.
///
/// # Errors
/// [`SettingsError`], which names the option.
pub fn from_environment(environment: &dyn Environment, base: PathBuf) -> Result<Settings, SettingsError> {
    parse(&base.join("bless_deploy.cfg"), "[Bless CA]\n", environment)
}

/// BLESS's file has one of its section names, which hold a space and so cannot be TOML's bare table names; a TOML file has none. In a
/// file that says nothing, everything comes from BLESS's environment variables.
fn is_ini(text: &str) -> bool {
    let says_nothing = text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with(['#', ';']));
    says_nothing
        || text
            .lines()
            .map(str::trim)
            .any(|line| netflix::SECTIONS.iter().any(|name| line.strip_prefix('[').and_then(|l| l.split(']').next()) == Some(name)))
}

#[cfg(test)]
mod tests;
