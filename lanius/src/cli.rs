//! The command line as it is typed.

use std::path::PathBuf;

use crate::redact::SIGNS;
use crate::rules::Level;
use crate::verify::Endpoint;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Finds secrets and personal data in source, git history, object stores, logs and tables.
#[derive(Debug, Parser)]
#[command(name = "lanius", version, about, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan files, folders, standard input
    Scan(Box<Scan>),
    /// Show, test rules
    Rules {
        /// What to do with them
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Copy a file or stream with findings covered or tokenised
    Redact(Box<Redact>),
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Run every rule's examples
    Test {
        /// Rule files, beside the rules of our own
        files: Vec<PathBuf>,
    },
    /// List the rules
    List,
}

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One object
    Json,
    /// An object a line, one for each place
    Jsonl,
}

/// What to scan, and how.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lanius scan .                        the folder, findings for people
  lanius scan --format jsonl src       a JSON line for each place
  git diff | lanius scan -             standard input")]
pub struct Scan {
    /// Files and folders; `-` is standard input
    #[arg(required_unless_present = "git")]
    pub paths: Vec<PathBuf>,
    /// The whole history of a repository
    #[arg(long, value_name = "REPO")]
    pub git: Vec<PathBuf>,
    /// Of a history, only what these revisions do not lead to
    #[arg(long, value_name = "REV", requires = "git")]
    pub since: Vec<String>,
    /// Of a history, only these branches
    #[arg(long, value_name = "BRANCH", requires = "git")]
    pub branch: Vec<String>,
    /// Of a history, also what no ref leads to: dropped stashes, amended commits
    #[arg(long, requires = "git")]
    pub unreachable: bool,
    /// Open archives: zip, tar, gz, xz, zst, jar, container images, notebooks
    #[arg(long)]
    pub archives: bool,
    /// Read tables by column, for personal data too: CSV, JSON lines, Parquet, Avro, Arrow, SQLite; a PATH may be postgres://…
    #[arg(long)]
    pub tables: bool,
    /// Of each table, read about so many rows, evenly spread
    #[arg(long, value_name = "ROWS", requires = "tables")]
    pub sample: Option<u64>,
    /// Personal data of these states only: two letters each, such as DE,FR
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub jurisdiction: Vec<String>,
    /// Write what became of each source to a file, a JSON line for each
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// How results are shown
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Least confidence that is reported
    #[arg(long, value_name = "LEVEL", value_parser = level, default_value = "medium")]
    pub confidence: Level,
    /// Rule files of your own, beside the rules that come with lanius; `pii` searches texts for personal data
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// How many threads work [default: one for each core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Show secrets in full
    #[arg(long)]
    pub show_secrets: bool,
    /// The file that holds the key of fingerprints and tokens; tokens that `redact` made with it are no findings
    #[arg(long, value_name = "FILE", env = "LANIUS_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// Whether and how services are asked
    #[command(flatten)]
    pub verification: Verification,
}

/// Whether and how services are asked if a credential lives.
#[derive(Debug, Args)]
pub struct Verification {
    /// Ask the services whether what was found lives: each secret is sent to the service that its rule names, by a call that only reads
    #[arg(long)]
    pub verify: bool,
    /// Calls a second for each service
    #[arg(long, value_name = "N", default_value_t = 2.0, requires = "verify", value_parser = rate)]
    pub verify_rate: f64,
    /// Where the calls for a host go instead, such as api.github.com=https://github.example.com/api/v3
    #[arg(long, value_name = "HOST=URL", requires = "verify")]
    pub verify_endpoint: Vec<Endpoint>,
    /// The HTTP proxy that calls go through
    #[arg(long, value_name = "URL", env = "HTTPS_PROXY", hide_env_values = true)]
    pub proxy: Option<String>,
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|rate| (0.01..=1000.0).contains(rate)).ok_or_else(|| "it is a number from 0.01 to 1000".to_owned())
}

/// What to copy, and what stands in place of findings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  app | lanius redact > app.log                     findings become [REDACTED:rule]
  lanius redact dump.sql -o safe.sql --pii          personal data too
  lanius redact in.log -o out.log --tokenise --key-file key
                                                    the same value becomes the same token")]
pub struct Redact {
    /// The file to copy [default: standard input]
    pub file: Option<PathBuf>,
    /// Where the copy goes; it appears when it is whole [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Cover findings by marks that name the rule: the default
    #[arg(long, conflicts_with = "tokenise")]
    pub mask: bool,
    /// Cover findings by as many of this sign, `*` or `#`
    #[arg(long, value_name = "SIGN", value_parser = sign, conflicts_with = "tokenise")]
    pub mask_char: Option<u8>,
    /// Replace findings by keyed tokens of the same form; the same value has the same token
    #[arg(long)]
    pub tokenise: bool,
    /// The file that holds the key
    #[arg(long, value_name = "FILE", env = "LANIUS_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// Personal data too
    #[arg(long)]
    pub pii: bool,
    /// Least confidence of what is replaced
    #[arg(long, value_name = "LEVEL", value_parser = level, default_value = "low")]
    pub confidence: Level,
    /// Rule files of your own, beside the rules that come with lanius
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// The name that standard input is judged by, such as app.log
    #[arg(long, value_name = "NAME")]
    pub path: Option<String>,
}

fn sign(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [sign] if SIGNS.contains(sign) => Ok(*sign),
        _ => Err("it is * or #".to_owned()),
    }
}

fn level(text: &str) -> Result<Level, String> {
    match text {
        "low" => Ok(Level::Low),
        "medium" => Ok(Level::Medium),
        "high" => Ok(Level::High),
        _ => Err("it is one of low, medium, high".to_owned()),
    }
}
