//! What a user sets for the client: the `[client]` table of a TOML file, the `BLESS_*` variables, and the flags, each a layer of the
//! same fields. Flags beat variables, variables beat the file. Nothing is checked here but spelling; [`super::Settings`] does the rest.

use std::path::{Path, PathBuf};

use menagerie_config::Environment;
use serde::Deserialize;

/// One layer of the client's settings; an unset field leaves the word to the layer below.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientConfig {
    /// The Unix socket of `bless serve`.
    pub socket: Option<PathBuf>,
    /// `http://ADDRESS:PORT` of `bless serve --listen`; loopback addresses only.
    pub url: Option<String>,
    /// The file with the token that `url` wants.
    pub token_file: Option<PathBuf>,
    /// The Lambda function, and how to reach it.
    pub lambda: Option<LambdaConfig>,
    /// The kmsauth token to send along.
    pub kmsauth: Option<KmsauthConfig>,
    /// Who asks; the login name if unset.
    pub user: Option<String>,
    /// The principals that the certificate is to name; the user if unset.
    pub principals: Option<Vec<String>>,
    /// The addresses and networks from which the certificate is to be used.
    pub source_addresses: Option<Vec<String>>,
    /// The type of the key that is made; Ed25519 if unset.
    pub key_type: Option<KeyType>,
    /// A public key to certify instead of making one.
    pub key: Option<PathBuf>,
    /// Where keys and certificates are kept.
    pub cache_dir: Option<PathBuf>,
    /// The name under which this key and certificate are kept; `default` (`host` for host certificates) if unset.
    pub identity: Option<String>,
    /// Whether certificates are added to the agent; they are if unset.
    pub agent: Option<bool>,
}

/// A Lambda function, and how to reach it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LambdaConfig {
    /// The function's name, `name:alias` or ARN.
    pub function: Option<String>,
    /// Regions, tried in this order; the environment's or the profile's if empty.
    pub regions: Vec<String>,
    /// A profile of AWS's shared configuration files.
    pub profile: Option<String>,
    /// The ARN of a role to assume.
    pub assume_role: Option<String>,
    /// Another endpoint for every AWS service, for emulators.
    pub endpoint_url: Option<String>,
}

/// What a kmsauth token is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KmsauthConfig {
    /// The KMS key's ID, alias or ARN.
    pub key_id: Option<String>,
    /// The service that the token is for (`kmsauth_serviceid` on its side).
    pub to: Option<String>,
    /// The name that the token speaks for; the user if unset.
    pub user: Option<String>,
    /// The key's Region; that of its ARN or of the function if unset.
    pub region: Option<String>,
    /// How long the token lives, 5 to 60 minutes; 10 if unset.
    pub lifetime_minutes: Option<u8>,
}

/// The types of keys that the client makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
pub enum KeyType {
    /// Ed25519.
    #[default]
    #[serde(rename = "ed25519")]
    Ed25519,
    /// ECDSA on NIST's P-256.
    #[serde(rename = "ecdsa-p256")]
    #[value(name = "ecdsa-p256")]
    EcdsaP256,
    /// RSA of 4096 bits.
    #[serde(rename = "rsa-4096")]
    #[value(name = "rsa-4096")]
    Rsa4096,
}

/// A configuration that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, is no TOML, or its `[client]` table has what no client knows.
    #[error(transparent)]
    File(#[from] menagerie_config::ConfigError),
    /// A variable's value is none of those that it takes.
    #[error("the environment variable {name} is {value:?}: {wanted} is wanted")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it takes.
        wanted: &'static str,
    },
}

/// A file's `[client]` table; its other tables are other commands'.
#[derive(Deserialize)]
struct ClientTable {
    client: ClientConfig,
}

impl ClientConfig {
    /// Reads the `[client]` table of a TOML file. Relative paths in it start at the file's directory, `~/` at `home`.
    ///
    /// # Errors
    /// [`ConfigError`] if the file cannot be read, lacks the table or has an unknown field in it.
    pub fn read(path: &Path, home: Option<&Path>) -> Result<Self, ConfigError> {
        let table: ClientTable = menagerie_config::from_toml(path, &menagerie_config::read(path)?)?;
        let mut config = table.client;
        config.resolve_paths(path.parent().unwrap_or(Path::new("")), home);
        Ok(config)
    }

    /// Makes relative paths start at `base`, and those that begin with `~/` at `home`.
    pub fn resolve_paths(&mut self, base: &Path, home: Option<&Path>) {
        for path in [&mut self.socket, &mut self.token_file, &mut self.key, &mut self.cache_dir].into_iter().flatten() {
            *path = match (path.strip_prefix("~"), home) {
                (Ok(rest), Some(home)) => home.join(rest),
                _ => base.join(&*path),
            };
        }
    }

    /// The layer of the `BLESS_*` variables.
    ///
    /// # Errors
    /// [`ConfigError::Variable`] for a value that is none of those a variable takes.
    pub fn from_environment(env: &dyn Environment) -> Result<Self, ConfigError> {
        let text = |name: &str| env.var(name).filter(|value| !value.is_empty());
        let path = |name: &str| text(name).map(PathBuf::from);
        let list = |name: &str| text(name).map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>());
        let lambda = LambdaConfig {
            function: text("BLESS_LAMBDA"),
            regions: list("BLESS_REGIONS").unwrap_or_default(),
            profile: text("BLESS_AWS_PROFILE"),
            assume_role: text("BLESS_ASSUME_ROLE"),
            endpoint_url: text("BLESS_ENDPOINT_URL"),
        };
        let kmsauth = KmsauthConfig {
            key_id: text("BLESS_KMSAUTH_KEY_ID"),
            to: text("BLESS_KMSAUTH_TO"),
            user: text("BLESS_KMSAUTH_USER"),
            region: text("BLESS_KMSAUTH_REGION"),
            lifetime_minutes: None,
        };
        Ok(Self {
            socket: path("BLESS_SOCKET"),
            url: text("BLESS_URL"),
            token_file: path("BLESS_TOKEN_FILE"),
            lambda: (lambda != LambdaConfig::default()).then_some(lambda),
            kmsauth: (kmsauth != KmsauthConfig::default()).then_some(kmsauth),
            user: text("BLESS_USER"),
            principals: list("BLESS_PRINCIPALS"),
            source_addresses: list("BLESS_SOURCES"),
            key_type: text("BLESS_KEY_TYPE").map(|value| key_type(&value)).transpose()?,
            key: path("BLESS_KEY"),
            cache_dir: path("BLESS_CACHE_DIR"),
            identity: text("BLESS_IDENTITY"),
            agent: text("BLESS_AGENT").map(|value| yes_or_no(&value)).transpose()?,
        })
    }

    /// This layer on top of `lower`. A service named here takes the place of the one named there, of whatever kind.
    #[must_use]
    pub fn over(self, mut lower: Self) -> Self {
        if self.names_service() {
            lower.socket = None;
            lower.url = None;
            if let Some(lambda) = &mut lower.lambda {
                lambda.function = None;
            }
        }
        // A key to take and a type of key to make exclude each other, layer against layer.
        if self.key.is_some() {
            lower.key_type = None;
        } else if self.key_type.is_some() {
            lower.key = None;
        }
        Self {
            socket: self.socket.or(lower.socket),
            url: self.url.or(lower.url),
            token_file: self.token_file.or(lower.token_file),
            lambda: merge(self.lambda, lower.lambda, LambdaConfig::over),
            kmsauth: merge(self.kmsauth, lower.kmsauth, KmsauthConfig::over),
            user: self.user.or(lower.user),
            principals: self.principals.or(lower.principals),
            source_addresses: self.source_addresses.or(lower.source_addresses),
            key_type: self.key_type.or(lower.key_type),
            key: self.key.or(lower.key),
            cache_dir: self.cache_dir.or(lower.cache_dir),
            identity: self.identity.or(lower.identity),
            agent: self.agent.or(lower.agent),
        }
    }

    fn names_service(&self) -> bool {
        self.socket.is_some() || self.url.is_some() || self.lambda.as_ref().is_some_and(|lambda| lambda.function.is_some())
    }
}

impl LambdaConfig {
    fn over(self, lower: Self) -> Self {
        Self {
            function: self.function.or(lower.function),
            regions: if self.regions.is_empty() { lower.regions } else { self.regions },
            profile: self.profile.or(lower.profile),
            assume_role: self.assume_role.or(lower.assume_role),
            endpoint_url: self.endpoint_url.or(lower.endpoint_url),
        }
    }
}

impl KmsauthConfig {
    fn over(self, lower: Self) -> Self {
        Self {
            key_id: self.key_id.or(lower.key_id),
            to: self.to.or(lower.to),
            user: self.user.or(lower.user),
            region: self.region.or(lower.region),
            lifetime_minutes: self.lifetime_minutes.or(lower.lifetime_minutes),
        }
    }
}

fn merge<T>(upper: Option<T>, lower: Option<T>, over: fn(T, T) -> T) -> Option<T> {
    match (upper, lower) {
        (Some(upper), Some(lower)) => Some(over(upper, lower)),
        (upper, lower) => upper.or(lower),
    }
}

fn key_type(value: &str) -> Result<KeyType, ConfigError> {
    use clap::ValueEnum as _;
    KeyType::from_str(value, false).map_err(|_| ConfigError::Variable {
        name: "BLESS_KEY_TYPE",
        value: value.to_owned(),
        wanted: "ed25519, ecdsa-p256 or rsa-4096",
    })
}

fn yes_or_no(value: &str) -> Result<bool, ConfigError> {
    match value {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(ConfigError::Variable { name: "BLESS_AGENT", value: value.to_owned(), wanted: "true or false" }),
    }
}

#[cfg(test)]
mod tests {
    use menagerie_config::MapEnvironment;

    use super::*;

    fn read(text: &str) -> Result<ClientConfig, ConfigError> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("client.toml");
        std::fs::write(&path, text).expect("written");
        ClientConfig::read(&path, Some(Path::new("/home/ada"))).map(|mut config| {
            let base = directory.path().to_owned();
            for path in [&mut config.socket, &mut config.key].into_iter().flatten() {
                if let Ok(rest) = path.strip_prefix(&base) {
                    *path = Path::new("BASE").join(rest);
                }
            }
            config
        })
    }

    #[test]
    fn a_whole_table() {
        let config = read(
            "[ca]\nanything = 1\n[client]\nsocket = \"bless.sock\"\nkey = \"~/.ssh/id.pub\"\nprincipals = [\"a\", \"b\"]\nagent = false\n\
             key_type = \"rsa-4096\"\n[client.lambda]\nfunction = \"bless\"\nregions = [\"us-east-1\"]\n[client.kmsauth]\nkey_id = \"alias/k\"\nto = \"bless\"\n",
        )
        .expect("read");
        assert_eq!(config.socket, Some(PathBuf::from("BASE/bless.sock")));
        assert_eq!(config.key, Some(PathBuf::from("/home/ada/.ssh/id.pub")));
        assert_eq!(config.key_type, Some(KeyType::Rsa4096));
        assert_eq!(config.lambda.expect("a function").regions, ["us-east-1"]);
    }

    #[test]
    fn what_no_client_knows_is_refused_with_its_place() {
        for text in [
            "",
            "[cleint]\n",
            "[client]\nsocet = \"x\"\n",
            "[client]\nkey_type = \"dsa\"\n",
            "[client.lambda]\nname = \"x\"\n",
            "[client\n",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
        let error = read("[client]\nuser = \"a\"\nsocet = \"x\"\n").expect_err("unknown").to_string();
        assert!(error.contains("socet") && error.contains("line 3"), "{error}");
    }

    #[test]
    fn layers() {
        let env = MapEnvironment::from_iter([("BLESS_URL", "http://127.0.0.1:1"), ("BLESS_PRINCIPALS", "a,b"), ("BLESS_USER", "")]);
        let env = ClientConfig::from_environment(&env).expect("good variables");
        let file = ClientConfig {
            socket: Some("/s".into()),
            user: Some("u".into()),
            principals: Some(vec!["p".into()]),
            lambda: Some(LambdaConfig { function: Some("f".into()), regions: vec!["us-east-1".into()], ..LambdaConfig::default() }),
            key: Some("/k.pub".into()),
            ..ClientConfig::default()
        };
        let merged = env.over(file.clone());
        assert_eq!((merged.socket, merged.url.as_deref(), merged.user.as_deref()), (None, Some("http://127.0.0.1:1"), Some("u")));
        assert_eq!(merged.principals.expect("principals"), ["a", "b"]);
        assert_eq!(merged.lambda.expect("kept").function, None);
        let flags = ClientConfig { key_type: Some(KeyType::Ed25519), ..ClientConfig::default() };
        let merged = flags.over(file);
        assert_eq!((merged.key, merged.key_type), (None, Some(KeyType::Ed25519)));
        assert_eq!(merged.socket, Some("/s".into()));
    }

    #[test]
    fn a_bad_variable_is_named() {
        for (name, value) in [("BLESS_KEY_TYPE", "dsa"), ("BLESS_AGENT", "perhaps")] {
            let env = MapEnvironment::from_iter([(name, value)]);
            let error = ClientConfig::from_environment(&env).expect_err("bad").to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}
