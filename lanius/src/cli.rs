//! The command line as it is typed.

use std::path::PathBuf;

use crate::hook::Hook;
use crate::rules::Level;
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
    /// Put hooks into a git repository, so that no secret is committed or pushed
    Hook {
        /// What to do with them
        #[command(subcommand)]
        command: HookCommand,
    },
    /// Scan objects in S3 that a queue announces (a build with the feature `aws`)
    Worker(Box<Worker>),
    /// Show, test rules
    Rules {
        /// What to do with them
        #[command(subcommand)]
        command: RulesCommand,
    },
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

/// What to do with hooks.
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Put hooks into a repository
    Install(HookInstall),
    /// Take them out again
    Uninstall(HookUninstall),
    /// What the hooks call: scans what git says it is about to take
    Run(HookRun),
}

/// What a hook reports.
#[derive(Debug, Args)]
pub struct Judging {
    /// Least confidence that is reported [default: medium]
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub confidence: Option<Level>,
    /// Rule files of your own, beside the rules that come with lanius
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
}

/// Which hooks to put where.
#[derive(Debug, Args)]
#[command(after_help = "The hooks are put where git looks for them unless `core.hooksPath` is set, which lanius does not read:
  lanius hook install --hooks-dir \"$(git config core.hooksPath)\"")]
pub struct HookInstall {
    /// Which hooks [default: pre-commit and pre-push; pre-receive in a bare repository]
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub types: Vec<Hook>,
    /// The repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub repo: PathBuf,
    /// The folder of hooks, if `core.hooksPath` names one
    #[arg(long, value_name = "DIR")]
    pub hooks_dir: Option<PathBuf>,
    /// Write over a hook of someone else
    #[arg(long, conflicts_with = "chain")]
    pub force: bool,
    /// Keep a hook of someone else, and call it first
    #[arg(long)]
    pub chain: bool,
    /// What they report
    #[command(flatten)]
    pub judging: Judging,
}

/// Which hooks to take from where.
#[derive(Debug, Args)]
pub struct HookUninstall {
    /// Which hooks [default: all of lanius]
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub types: Vec<Hook>,
    /// The repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub repo: PathBuf,
    /// The folder of hooks, if `core.hooksPath` names one
    #[arg(long, value_name = "DIR")]
    pub hooks_dir: Option<PathBuf>,
}

/// Which hook runs.
#[derive(Debug, Args)]
pub struct HookRun {
    /// Which hook it is
    #[arg(value_name = "TYPE", value_enum)]
    pub hook: Hook,
    /// What it reports
    #[command(flatten)]
    pub judging: Judging,
    /// What git says to the hook
    #[arg(last = true, value_name = "ARGUMENT")]
    pub git: Vec<String>,
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
  git diff | lanius scan -             standard input
  lanius scan --staged                 what the next commit will bring
  lanius scan --diff origin/main       what a branch brings, in CI")]
pub struct Scan {
    /// Files and folders; `-` is standard input. With `--staged` or `--diff`, the repository
    #[arg(required_unless_present_any = ["git", "staged", "diff"])]
    pub paths: Vec<PathBuf>,
    /// What the next commit will bring to a repository
    #[arg(long, conflicts_with_all = ["git", "diff"])]
    pub staged: bool,
    /// What the commits of HEAD brought that BASE does not have
    #[arg(long, value_name = "BASE", conflicts_with = "git")]
    pub diff: Option<String>,
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
    /// Of each table, read about so many rows, evenly spread; of s3://bucket/prefix, the N newest objects of each folder
    #[arg(long, value_name = "N")]
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
    /// Of `s3://bucket/prefix`
    #[command(flatten)]
    pub bucket: Bucket,
}

/// How objects in S3 are scanned.
#[derive(Debug, Args)]
#[command(next_help_heading = "Objects in S3 (s3://bucket/prefix, a build with the feature `aws`)")]
pub struct Bucket {
    /// How many objects at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub at_once: u16,
    /// Of each folder of keys, only the N newest objects
    #[arg(long, value_name = "N")]
    pub sample: Option<u64>,
    /// A file of progress: run the same again, and the scan goes on where it stood. Needs `--format jsonl`
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Accept the charge for requests to buckets that ask for it
    #[arg(long)]
    pub requester_pays: bool,
}

/// How results of a worker are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// An object a line
    Jsonl,
    /// A Parquet file for each object
    Parquet,
}

/// What a worker takes, and where its results go.
#[derive(Debug, Args)]
#[command(after_help = "Messages are S3's event notifications (also through SNS or EventBridge) and parts of an S3 Inventory. A message is
deleted once the results of all its objects are written; what fails is left to the queue's redrive policy.")]
pub struct Worker {
    /// The queue's URL
    #[arg(long, value_name = "URL")]
    pub queue: String,
    /// Where results go: s3://bucket/prefix
    #[arg(long, value_name = "PLACE")]
    pub results: String,
    /// How results are written
    #[arg(long, value_enum, default_value_t = ResultFormat::Jsonl)]
    pub format: ResultFormat,
    /// Where inventories arrive (s3://bucket/prefix): a manifest.json there is one
    #[arg(long, value_name = "PLACE")]
    pub inventory: Option<String>,
    /// Least confidence that is written
    #[arg(long, value_name = "LEVEL", value_parser = level, default_value = "medium")]
    pub confidence: Level,
    /// Rule files of your own, beside the rules that come with lanius
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// How many objects at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub at_once: u16,
    /// Open archives: zip, tar, gz, xz, zst, jar, container images, notebooks
    #[arg(long)]
    pub archives: bool,
    /// How long a message is hidden from other workers before that is renewed, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u32).range(3..=43_200))]
    pub visibility: u32,
    /// Accept the charge for requests to buckets that ask for it
    #[arg(long)]
    pub requester_pays: bool,
    /// End when the queue is empty
    #[arg(long)]
    pub once: bool,
}

fn level(text: &str) -> Result<Level, String> {
    match text {
        "low" => Ok(Level::Low),
        "medium" => Ok(Level::Medium),
        "high" => Ok(Level::High),
        _ => Err("it is one of low, medium, high".to_owned()),
    }
}
