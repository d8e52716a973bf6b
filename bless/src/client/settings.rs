//! The client's settings, resolved and checked: one service, one wanted certificate, one key and one place to keep them.
//! Everything after this stands on these values and asks neither environment nor configuration again.

use std::path::{Path, PathBuf};

use menagerie_aws::{Arn, NameError, Region};
use menagerie_config::Environment;

use super::config::{ClientConfig, KeyType, KmsauthConfig, LambdaConfig};
use super::places::Places;
use super::request::Wanted;
use super::service::{AwsAccess, LambdaFunction, Loopback, Service, UrlError};
use crate::certificate::{SourceAddress, SourceAddressError};

/// What one call wants beyond the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errand {
    /// A host's certificate instead of a user's.
    pub host: bool,
    /// The names of a host's certificate.
    pub hostnames: Vec<String>,
    /// The command that the certificate is for, informational.
    pub command: String,
    /// Where the certificate goes instead of beside its key.
    pub output: Option<PathBuf>,
}

/// The key that is certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChoice {
    /// One that the client makes and keeps.
    Made(KeyType),
    /// The public key in this file; its private half is elsewhere.
    Taken(PathBuf),
}

/// What a kmsauth token is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kmsauth {
    /// The KMS key's ID, alias or ARN.
    pub key_id: String,
    /// The service that it is for.
    pub to: String,
    /// The name that it speaks for.
    pub from: String,
    /// The key's Region, if it is known.
    pub region: Option<Region>,
    /// How long it lives, in minutes, 5 to 60; it begins three minutes back.
    pub lifetime_minutes: u8,
}

/// Where a key and its certificate are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The directory of this identity, which is the user's alone.
    pub directory: PathBuf,
    /// The private key; none if it is elsewhere.
    pub private_key: Option<PathBuf>,
    /// The public key.
    pub public_key: PathBuf,
    /// The certificate.
    pub certificate: PathBuf,
}

/// The client's settings, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who issues the certificate.
    pub service: Service,
    /// The token to send along, if one is wanted.
    pub kmsauth: Option<Kmsauth>,
    /// How KMS is reached for that token.
    pub aws: AwsAccess,
    /// The certificate that is wanted.
    pub wanted: Wanted,
    /// What it is for, informational.
    pub command: String,
    /// The key to certify.
    pub key: KeyChoice,
    /// Where all of it is kept.
    pub paths: Paths,
    /// Whether it is added to the agent.
    pub agent: bool,
}

/// Why a configuration is none to work with.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No service is named.
    #[error(
        "no service is named: give --socket, --url or --lambda, set BLESS_SOCKET, BLESS_URL or BLESS_LAMBDA, or write one into the [client] table of {}",
        .0.as_deref().unwrap_or(Path::new("bless/client.toml")).display()
    )]
    NoService(Option<PathBuf>),
    /// More than one service is named at one place.
    #[error("both {0} and {1} name a service at the same place: only one can be asked")]
    TwoServices(&'static str, &'static str),
    /// A loopback address without a token.
    #[error("the service at {0} wants a token: give --token-file, set BLESS_TOKEN_FILE, or write token_file into the [client] table")]
    NoTokenFile(std::net::SocketAddr),
    /// The address of a service is none.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// An AWS name does not parse.
    #[error(transparent)]
    Aws(#[from] NameError),
    /// Nobody knows who asks.
    #[error("no user is named and the environment has no login name: give --user")]
    NoUser,
    /// A name that no request can carry.
    #[error("{what} {name:?} is none: it is empty, or has a comma, a space or a control character in it")]
    Name {
        /// Whose name it is.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// An address or network that no certificate can carry.
    #[error(transparent)]
    Source(#[from] SourceAddressError),
    /// No source address is given to a service on another machine.
    #[error(
        "no source address is given: say with --source (or source_addresses in the [client] table) from which addresses you will log in"
    )]
    NoSource,
    /// A host's certificate without names.
    #[error("a host's certificate wants at least one --hostname")]
    NoHostname,
    /// Names of hosts for a user's certificate.
    #[error("--hostname goes with --host: a user's certificate names principals")]
    HostnameOfUser,
    /// The identity is no plain file name.
    #[error("{0:?} is no name of an identity: letters, digits, dots, dashes and underscores are wanted, and no dot in front")]
    Identity(String),
    /// No directory to keep keys in.
    #[error("there is no home directory to keep the key in: give --cache-dir")]
    NoCacheDirectory,
    /// A key and a type of key.
    #[error("both a key and a key type are set at the same place: a key that is taken has its type already")]
    KeyAndType,
    /// A private key where a public one is wanted.
    #[error("{}: the public key is wanted, a file that ends in .pub", .0.display())]
    NotPublic(PathBuf),
    /// A kmsauth table that lacks something.
    #[error("kmsauth wants {0}")]
    Kmsauth(&'static str),
}

impl Settings {
    /// Resolves what all layers together say.
    ///
    /// # Errors
    /// [`SettingsError`] for whatever is missing, contradictory or malformed.
    pub fn resolve(config: &ClientConfig, errand: &Errand, places: &Places, env: &dyn Environment) -> Result<Self, SettingsError> {
        let aws = access(config.lambda.as_ref())?;
        let service = service(config, places)?;
        let user = user(config, env)?;
        let wanted = wanted(config, errand, &service, &user)?;
        let key = key(config)?;
        let paths = paths(config, errand, &key, places)?;
        let agent = config.agent.unwrap_or(true) && !errand.host && matches!(key, KeyChoice::Made(_));
        let kmsauth = config.kmsauth.as_ref().map(|config| kmsauth(config, &user)).transpose()?;
        Ok(Self { service, kmsauth, aws, wanted, command: errand.command.clone(), key, paths, agent })
    }
}

fn service(config: &ClientConfig, places: &Places) -> Result<Service, SettingsError> {
    let function = config.lambda.as_ref().and_then(|lambda| lambda.function.as_ref().map(|function| (lambda, function)));
    match (&config.socket, &config.url, function) {
        (Some(socket), None, None) => Ok(Service::Socket(socket.clone())),
        (None, Some(url), None) => {
            let address = Loopback::parse_url(url)?;
            let token_file = config.token_file.clone().ok_or(SettingsError::NoTokenFile(address))?;
            Ok(Service::Loopback(Loopback { address, token_file }))
        }
        (None, None, Some((lambda, function))) => Ok(Service::Lambda(LambdaFunction {
            function: name("the function", function)?,
            regions: lambda.regions.iter().map(|region| region.parse()).collect::<Result<_, _>>()?,
            access: access(Some(lambda))?,
        })),
        (None, None, None) => Err(SettingsError::NoService(places.client_toml())),
        (Some(_), Some(_), _) => Err(SettingsError::TwoServices("socket", "url")),
        (Some(_), None, Some(_)) => Err(SettingsError::TwoServices("socket", "lambda")),
        (None, Some(_), Some(_)) => Err(SettingsError::TwoServices("url", "lambda")),
    }
}

fn access(lambda: Option<&LambdaConfig>) -> Result<AwsAccess, SettingsError> {
    let Some(lambda) = lambda else { return Ok(AwsAccess::default()) };
    Ok(AwsAccess {
        profile: lambda.profile.clone(),
        assume_role: lambda.assume_role.as_deref().map(str::parse::<Arn>).transpose()?,
        endpoint_url: lambda.endpoint_url.clone(),
    })
}

fn user(config: &ClientConfig, env: &dyn Environment) -> Result<String, SettingsError> {
    let login = || crate::login::login_name(env);
    name("the user", &config.user.clone().or_else(login).ok_or(SettingsError::NoUser)?)
}

fn wanted(config: &ClientConfig, errand: &Errand, service: &Service, user: &str) -> Result<Wanted, SettingsError> {
    let user = user.to_owned();
    if errand.host {
        if errand.hostnames.is_empty() {
            return Err(SettingsError::NoHostname);
        }
        let hostnames = errand.hostnames.iter().map(|host| name("the host name", host)).collect::<Result<_, _>>()?;
        return Ok(Wanted::Host { user, hostnames });
    }
    if !errand.hostnames.is_empty() {
        return Err(SettingsError::HostnameOfUser);
    }
    let principals = match config.principals.as_deref() {
        None | Some([]) => vec![user.clone()],
        Some(principals) => principals.iter().map(|principal| name("the principal", principal)).collect::<Result<_, _>>()?,
    };
    let sources = match config.source_addresses.as_deref() {
        None | Some([]) if service.is_local() => vec!["127.0.0.1".to_owned(), "::1".to_owned()],
        None | Some([]) => return Err(SettingsError::NoSource),
        Some(sources) => sources.iter().map(|text| source(text)).collect::<Result<_, _>>()?,
    };
    Ok(Wanted::User { user, principals, sources })
}

fn name(what: &'static str, name: &str) -> Result<String, SettingsError> {
    let bad = |c: char| c == ',' || c.is_whitespace() || c.is_control();
    if name.is_empty() || name.chars().any(bad) { Err(SettingsError::Name { what, name: name.to_owned() }) } else { Ok(name.to_owned()) }
}

fn source(text: &str) -> Result<String, SettingsError> {
    SourceAddress::parse_entry(text)?;
    Ok(text.to_owned())
}

fn key(config: &ClientConfig) -> Result<KeyChoice, SettingsError> {
    match (&config.key, config.key_type) {
        (Some(_), Some(_)) => Err(SettingsError::KeyAndType),
        (Some(path), None) if path.extension().is_some_and(|extension| extension == "pub") => Ok(KeyChoice::Taken(path.clone())),
        (Some(path), None) => Err(SettingsError::NotPublic(path.clone())),
        (None, key_type) => Ok(KeyChoice::Made(key_type.unwrap_or_default())),
    }
}

fn paths(config: &ClientConfig, errand: &Errand, key: &KeyChoice, places: &Places) -> Result<Paths, SettingsError> {
    let identity = config.identity.as_deref().unwrap_or(if errand.host { "host" } else { "default" });
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if identity.is_empty() || identity.starts_with('.') || identity.len() > 100 || !identity.chars().all(plain) {
        return Err(SettingsError::Identity(identity.to_owned()));
    }
    let cache = config.cache_dir.clone().or_else(|| places.bless_cache()).ok_or(SettingsError::NoCacheDirectory)?;
    let directory = cache.join(identity);
    let (private_key, public_key) = match key {
        KeyChoice::Made(_) => (Some(directory.join("id")), directory.join("id.pub")),
        KeyChoice::Taken(path) => (None, path.clone()),
    };
    let beside = || {
        let stem = public_key.file_stem().unwrap_or_default().to_string_lossy();
        public_key.with_file_name(format!("{stem}-cert.pub"))
    };
    let certificate = errand.output.clone().unwrap_or_else(beside);
    Ok(Paths { directory, private_key, public_key, certificate })
}

fn kmsauth(config: &KmsauthConfig, user: &str) -> Result<Kmsauth, SettingsError> {
    let key_id = config.key_id.clone().ok_or(SettingsError::Kmsauth("key_id, the KMS key that the service decrypts tokens with"))?;
    let to = config.to.clone().ok_or(SettingsError::Kmsauth("to, the name of the service (its kmsauth_serviceid)"))?;
    let region = match (&config.region, key_id.parse::<Arn>()) {
        (Some(region), _) => Some(region.parse()?),
        (None, Ok(arn)) => Some(arn.region().parse()?),
        (None, Err(_)) => None,
    };
    let lifetime_minutes = config.lifetime_minutes.unwrap_or(10);
    if !(5..=60).contains(&lifetime_minutes) {
        return Err(SettingsError::Kmsauth("lifetime_minutes from 5 to 60"));
    }
    let from = name("the kmsauth user", config.user.as_deref().unwrap_or(user))?;
    Ok(Kmsauth { key_id, to, from, region, lifetime_minutes })
}

#[cfg(test)]
mod tests;
