//! `bless get`: a certificate for this user, or for a host, from the cache or from a service.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::ValueEnum;
use jiff::Timestamp;
use menagerie_config::Environment;
use menagerie_report::{Exit, shown};
use serde::Serialize;
use ssh_key::Certificate;

use crate::client::agent::{self, Agent, Held, HoldError, Holding};
use crate::client::answer::Life;
use crate::client::renew::{Got, RenewError, obtain};
use crate::client::{ClientConfig, Errand, KeyType, KmsauthConfig, LambdaConfig, Places, Settings, Wanted};

/// Which service is asked, for whom, and where the result is kept.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ClientArgs {
    /// A TOML file with a [client] table; bless/client.toml in the user's configuration directory if unset
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The Unix socket of `bless serve`
    #[arg(long, value_name = "PATH", conflicts_with_all = ["url", "lambda"])]
    pub socket: Option<PathBuf>,
    /// The loopback address of `bless serve --listen`, as http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", conflicts_with = "lambda")]
    pub url: Option<String>,
    /// The file with the token that --url wants
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The Lambda function: its name, NAME:ALIAS or ARN
    #[arg(long, value_name = "FUNCTION")]
    pub lambda: Option<String>,
    /// A Region of the function; repeat it for those to try next
    #[arg(long = "region", value_name = "REGION")]
    pub regions: Vec<String>,
    /// A profile of AWS's shared configuration files
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// The ARN of a role to assume before AWS is called
    #[arg(long, value_name = "ARN")]
    pub assume_role: Option<String>,
    /// Another endpoint for every AWS service, for emulators
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// The KMS key for a kmsauth token: its ID, alias or ARN
    #[arg(long, value_name = "KEY")]
    pub kmsauth_key_id: Option<String>,
    /// The service that the kmsauth token is for
    #[arg(long, value_name = "NAME")]
    pub kmsauth_to: Option<String>,
    /// The name that the kmsauth token speaks for; the user if unset
    #[arg(long, value_name = "NAME")]
    pub kmsauth_user: Option<String>,
    /// Who asks; the login name if unset
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// A name to log in as; repeat it for more; the user if unset
    #[arg(long = "principal", value_name = "NAME", value_delimiter = ',')]
    pub principals: Vec<String>,
    /// An address or network to log in from; repeat it for more
    #[arg(long = "source", value_name = "CIDR", value_delimiter = ',')]
    pub sources: Vec<String>,
    /// The public key to certify, a .pub file, instead of a key that is made
    #[arg(long, value_name = "FILE", conflicts_with = "key_type")]
    pub key: Option<PathBuf>,
    /// The type of the key that is made
    #[arg(long, value_name = "TYPE", value_enum)]
    pub key_type: Option<KeyType>,
    /// Where keys and certificates are kept
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
    /// The name that this key and certificate are kept under
    #[arg(long, value_name = "NAME")]
    pub identity: Option<String>,
    /// Do not add the certificate to ssh-agent
    #[arg(long)]
    pub no_agent: bool,
}

/// Gets a certificate from a service, keeps it, and hands it to ssh-agent
#[derive(Debug, Clone, Default, clap::Args)]
#[command(
    after_help = "Examples:\n  bless get --config ca/bless.toml\n  bless get --lambda bless --region us-east-1 --principal ubuntu --source 192.0.2.7"
)]
pub struct Args {
    /// Service, names and places.
    #[command(flatten)]
    pub client: ClientArgs,
    /// What the certificate is for, for the service's log
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub command: String,
    /// Ask for a host's certificate
    #[arg(long)]
    pub host: bool,
    /// A name of the host; repeat it for more
    #[arg(long = "hostname", value_name = "NAME")]
    pub hostnames: Vec<String>,
    /// Where the certificate goes, instead of beside its key
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Ask anew, with a new key, whatever the cache holds
    #[arg(long)]
    pub force: bool,
    /// Say nothing but warnings and errors
    #[arg(long, short)]
    pub quiet: bool,
    /// How the result is told: in words on stderr, or as JSON on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How a result is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// In words, on stderr.
    #[default]
    Human,
    /// As one JSON object, on stdout.
    Json,
}

impl ClientArgs {
    /// The flags, as a layer of settings. Relative paths start at the working directory.
    ///
    /// # Errors
    /// If the working directory is gone.
    pub fn layer(&self) -> anyhow::Result<ClientConfig> {
        let lambda = LambdaConfig {
            function: self.lambda.clone(),
            regions: self.regions.clone(),
            profile: self.profile.clone(),
            assume_role: self.assume_role.clone(),
            endpoint_url: self.endpoint_url.clone(),
        };
        let kmsauth = KmsauthConfig {
            key_id: self.kmsauth_key_id.clone(),
            to: self.kmsauth_to.clone(),
            user: self.kmsauth_user.clone(),
            ..KmsauthConfig::default()
        };
        let list = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
        Ok(ClientConfig {
            socket: absolute(self.socket.as_deref())?,
            url: self.url.clone(),
            token_file: absolute(self.token_file.as_deref())?,
            lambda: (lambda != LambdaConfig::default()).then_some(lambda),
            kmsauth: (kmsauth != KmsauthConfig::default()).then_some(kmsauth),
            user: self.user.clone(),
            principals: list(&self.principals),
            source_addresses: list(&self.sources),
            key_type: self.key_type,
            key: absolute(self.key.as_deref())?,
            cache_dir: absolute(self.cache_dir.as_deref())?,
            identity: self.identity.clone(),
            agent: self.no_agent.then_some(false),
        })
    }

    /// The file that is read for the lowest layer: the one named by flag or variable, else the user's own if it is there.
    ///
    /// # Errors
    /// If the working directory is gone.
    pub fn config_file(&self, places: &Places, env: &dyn Environment) -> anyhow::Result<Option<PathBuf>> {
        let named = self.config.clone().or_else(|| env.var("BLESS_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from));
        match named {
            Some(path) => absolute(Some(&path)),
            None => Ok(places.client_toml().filter(|path| path.exists())),
        }
    }

    /// Flags over variables.
    ///
    /// # Errors
    /// If a variable has a value that it cannot have.
    pub fn overrides(&self, env: &dyn Environment) -> anyhow::Result<ClientConfig> {
        let mut variables = ClientConfig::from_environment(env)?;
        variables.resolve_paths(&std::env::current_dir().unwrap_or_default(), None);
        Ok(self.layer()?.over(variables))
    }

    /// Flags over variables over the file.
    ///
    /// # Errors
    /// If the file or a variable cannot be understood.
    pub fn merged(&self, places: &Places, env: &dyn Environment) -> anyhow::Result<ClientConfig> {
        let overrides = self.overrides(env)?;
        let file = self.config_file(places, env)?.map(|path| ClientConfig::read(&path, places.home())).transpose()?;
        Ok(overrides.over(file.unwrap_or_default()))
    }
}

fn absolute(path: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    path.map(|path| std::path::absolute(path).with_context(|| format!("{} has no absolute form", path.display()))).transpose()
}

/// Gets the certificate and tells of it.
///
/// # Errors
/// If stdout cannot be written to; all else that goes wrong is told, and is in the exit status.
pub fn run(args: &Args, env: &dyn Environment) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    let exit = get(args, env, &mut report);
    if args.format == Format::Json {
        menagerie_report::json(&report)?;
    }
    Ok(exit.into())
}

fn get(args: &Args, env: &dyn Environment, report: &mut Report) -> Exit {
    let settings = match settings(args, env) {
        Ok(settings) => settings,
        Err(error) => return report.failed("settings", &super::sentence(&error), Exit::Incomplete),
    };
    let got = match obtain(&settings, args.force, &SystemTime::now) {
        Ok(got) => got,
        Err(error) => return report.refused(&error),
    };
    if let Some(warning) = &got.warning {
        menagerie_report::warning(format_args!("the old certificate is used, since there is no new one: {warning}"));
        report.error("service", warning);
    }
    report.source = Some(if got.cached { "cache" } else { "service" });
    report.agent = hand_over(&settings, &got, env).unwrap_or_else(|error| {
        if !args.quiet {
            menagerie_report::warning(&error);
        }
        report.error("agent", &error.to_string());
        "failed"
    });
    let described = Described::new(&settings, &got.certificate);
    if !args.quiet && args.format == Format::Human {
        menagerie_report::note(described.sentence(&got, report.agent));
    }
    report.certificates.push(described);
    Exit::Fine
}

fn settings(args: &Args, env: &dyn Environment) -> anyhow::Result<Settings> {
    let places = Places::find(env);
    let config = args.client.merged(&places, env)?;
    let errand = Errand {
        host: args.host,
        hostnames: args.hostnames.clone(),
        command: args.command.clone(),
        output: absolute(args.output.as_deref())?,
    };
    Ok(Settings::resolve(&config, &errand, &places, env)?)
}

/// Hands the certificate to the agent, if there is one and it is wanted there; says what came of it.
fn hand_over(settings: &Settings, got: &Got, env: &dyn Environment) -> Result<&'static str, HoldError> {
    let (true, Some(private_key)) = (settings.agent, &settings.paths.private_key) else { return Ok("off") };
    let Some(agent) = Agent::find(env) else { return Ok("absent") };
    let left = match got.life {
        Life::Now { left, .. } => left,
        Life::Ahead(_) | Life::Over(_) => 0,
    };
    let holding = Holding { certificate: got.certificate.clone(), private_key: private_key.clone(), previous: got.previous.clone(), left };
    let patience = if got.cached { agent::SHORT } else { agent::LONG };
    match agent.hold(holding, patience) {
        Ok(Held::Already) => Ok("held"),
        Ok(Held::Added) => Ok("added"),
        // Windows' agent is a service that may not run; nobody said that it does.
        Err(HoldError::Unreachable { source, .. }) if cfg!(windows) && source.kind() == std::io::ErrorKind::NotFound => Ok("absent"),
        Err(error) => Err(error),
    }
}

/// `bless.get/1`.
#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    tool_version: &'static str,
    source: Option<&'static str>,
    agent: &'static str,
    certificates: Vec<Described>,
    errors: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Problem {
    source: &'static str,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Described {
    path: PathBuf,
    public_key: PathBuf,
    private_key: Option<PathBuf>,
    #[serde(rename = "type")]
    kind: &'static str,
    key_id: String,
    serial: String,
    principals: Vec<String>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
    ca: String,
}

impl Default for Report {
    fn default() -> Self {
        let (schema, tool_version) = ("bless.get/1", env!("CARGO_PKG_VERSION"));
        Self { schema, tool_version, source: None, agent: "off", certificates: Vec::new(), errors: Vec::new() }
    }
}

impl Report {
    fn error(&mut self, source: &'static str, reason: &str) {
        self.errors.push(Problem { source, reason: reason.to_owned() });
    }

    fn failed(&mut self, source: &'static str, reason: &str, exit: Exit) -> Exit {
        menagerie_report::error(reason);
        self.error(source, reason);
        exit
    }

    fn refused(&mut self, error: &RenewError) -> Exit {
        self.failed("service", &error.to_string(), if error.is_refusal() { Exit::Found } else { Exit::Incomplete })
    }
}

impl Described {
    fn new(settings: &Settings, certificate: &Certificate) -> Self {
        let time = |seconds: u64| i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        Self {
            path: settings.paths.certificate.clone(),
            public_key: settings.paths.public_key.clone(),
            private_key: settings.paths.private_key.clone(),
            kind: if matches!(settings.wanted, Wanted::Host { .. }) { "host" } else { "user" },
            key_id: certificate.key_id().to_owned(),
            serial: certificate.serial().to_string(),
            principals: certificate.valid_principals().to_vec(),
            valid_after: time(certificate.valid_after()),
            valid_before: time(certificate.valid_before()),
            ca: certificate.signature_key().fingerprint(ssh_key::HashAlg::Sha256).to_string(),
        }
    }

    fn sentence(&self, got: &Got, agent: &str) -> String {
        let until = self.valid_before.map_or("for ever".to_owned(), |time| format!("until {time}"));
        let place = self.path.display().to_string();
        let agent = match agent {
            "held" | "added" => ", and in ssh-agent",
            _ => "",
        };
        let source = if got.cached { "kept" } else { "new" };
        format!("{source} {} certificate for {}, valid {until}, in {}{agent}", self.kind, shown(&self.principals.join(", ")), shown(&place))
    }
}
