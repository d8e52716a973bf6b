//! `bless ssh-config`: the snippet for `~/.ssh/config` that makes plain `ssh host` get its certificate by itself.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum as _;
use menagerie_config::Environment;
use menagerie_report::Exit;

use super::get::ClientArgs;
use crate::client::ssh_config::{Shell, Snippet, text_of};
use crate::client::{ClientConfig, Errand, KeyChoice, Places, Settings};

/// Prints the snippet for ~/.ssh/config that gets a certificate before ssh logs in
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "Example:\n  bless ssh-config --config ca/bless.toml --match '*.example.com' >> ~/.ssh/config")]
pub struct Args {
    /// The settings that `bless get` is to have.
    #[command(flatten)]
    pub client: ClientArgs,
    /// A pattern of host names; repeat it for more; all hosts if unset
    #[arg(long = "match", value_name = "PATTERN")]
    pub patterns: Vec<String>,
    /// The bless program that ssh is to run; this one if unset
    #[arg(long, value_name = "PATH")]
    pub bless: Option<PathBuf>,
}

/// Prints the snippet.
///
/// # Errors
/// If the settings are not ones that `bless get` can work with, or cannot be written safely.
pub fn run(args: &Args, env: &dyn Environment) -> anyhow::Result<ExitCode> {
    let snippet = snippet(args, env)?;
    menagerie_report::data(&snippet)?;
    Ok(Exit::Fine.into())
}

fn snippet(args: &Args, env: &dyn Environment) -> anyhow::Result<Snippet> {
    let places = Places::find(env);
    let merged = args.client.merged(&places, env)?;
    let settings = Settings::resolve(&merged, &Errand::default(), &places, env)?;
    let bless = match &args.bless {
        Some(path) => std::path::absolute(path)?,
        None => std::env::current_exe().context("this program's own path is unknown: give --bless")?,
    };
    let mut command = vec![text_of(&bless)?.to_owned(), "get".to_owned(), "--quiet".to_owned()];
    if let Some(config) = args.client.config_file(&places, env)? {
        push(&mut command, "--config", text_of(&config)?);
    }
    // What variables say now must hold when ssh runs the command as well; so must the places that the snippet names.
    let mut overrides = args.client.overrides(env)?;
    overrides.cache_dir = settings.paths.directory.parent().map(PathBuf::from);
    overrides.user = Some(settings.wanted.user().to_owned());
    arguments(&mut command, &overrides)?;
    if cfg!(windows) {
        command = command.into_iter().map(|word| word.replace('\\', "/")).collect();
    }
    let patterns = if args.patterns.is_empty() { vec!["*".to_owned()] } else { args.patterns.clone() };
    let snippet = Snippet::new(&patterns, &command, &identity(&settings), &settings.paths.certificate, Shell::here())?;
    Ok(snippet)
}

/// The file that tells ssh which key is meant: the private one, or the public one of a key that is elsewhere.
fn identity(settings: &Settings) -> PathBuf {
    match (&settings.paths.private_key, &settings.key) {
        (Some(private), _) => private.clone(),
        (None, KeyChoice::Taken(public)) if public.with_extension("").is_file() => public.with_extension(""),
        (None, _) => settings.paths.public_key.clone(),
    }
}

fn push(command: &mut Vec<String>, flag: &str, value: &str) {
    // One word, so that a value in front of which a dash stands is still a value.
    command.push(format!("{flag}={value}"));
}

/// The flags of `bless get` that say what `config` says.
fn arguments(command: &mut Vec<String>, config: &ClientConfig) -> anyhow::Result<()> {
    let lambda = config.lambda.clone().unwrap_or_default();
    let kmsauth = config.kmsauth.clone().unwrap_or_default();
    for (flag, path) in
        [("--socket", &config.socket), ("--token-file", &config.token_file), ("--key", &config.key), ("--cache-dir", &config.cache_dir)]
    {
        if let Some(path) = path {
            push(command, flag, text_of(path)?);
        }
    }
    for (flag, value) in [
        ("--url", &config.url),
        ("--lambda", &lambda.function),
        ("--profile", &lambda.profile),
        ("--assume-role", &lambda.assume_role),
        ("--endpoint-url", &lambda.endpoint_url),
        ("--kmsauth-key-id", &kmsauth.key_id),
        ("--kmsauth-to", &kmsauth.to),
        ("--kmsauth-user", &kmsauth.user),
        ("--user", &config.user),
        ("--identity", &config.identity),
    ] {
        if let Some(value) = value {
            push(command, flag, value);
        }
    }
    for (flag, values) in
        [("--region", Some(&lambda.regions)), ("--principal", config.principals.as_ref()), ("--source", config.source_addresses.as_ref())]
    {
        values.into_iter().flatten().for_each(|value| push(command, flag, value));
    }
    if let Some(kind) = config.key_type.and_then(|kind| kind.to_possible_value()) {
        push(command, "--key-type", kind.get_name());
    }
    if config.agent == Some(false) {
        command.push("--no-agent".to_owned());
    }
    Ok(())
}
