//! The command line as it is typed.

use std::path::PathBuf;

use crate::hook::Hook;
use crate::redact::SIGNS;
use crate::rules::Level;
use crate::state::Standing;
use crate::verify::Endpoint;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// The headings that options stand under. What has none is what most people look for first.
const WHERE: &str = "What to look at";
const WHAT: &str = "What counts as a finding";
const RUN: &str = "The run";
const POLICY: &str = "What is not to be reported";
const ASK: &str = "Whether a credential lives";

/// Finds secrets and personal data in source, git history, object stores, logs and tables.
#[derive(Debug, Parser)]
#[command(name = "lanius", version, about, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "Begin with:
  lanius scan .                what this folder holds
  lanius scan --git .          what its history holds
  lanius baseline .            from now on, only what is new
  lanius hook install          nothing new is committed or pushed
  lanius explain RULE          what a finding means, and what to do about it

`lanius COMMAND --help` has more examples, and what exit statuses mean.")]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan files, folders, histories, code hosts, buckets, tables
    Scan(Box<Scan>),
    /// Record what is found now, so that only what is new is reported
    Baseline(Box<BaselineOptions>),
    /// Put hooks into a git repository, so that no secret is committed or pushed
    Hook {
        /// What to do with them
        #[command(subcommand)]
        command: HookCommand,
    },
    /// Say what a rule finds, and what to do about it
    Explain {
        /// Its id, as reports name it
        rule: String,
        /// Rule files of your own, beside the rules that come with lanius
        #[arg(long, value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// List rules, test rules
    Rules {
        /// What to do with them
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Tell and list what became of findings
    State {
        /// What to do
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Copy a file or stream with findings covered or tokenised
    Redact(Box<Redact>),
    /// Scan objects in S3 that a queue announces (a build with the feature `aws`)
    Worker(Box<Worker>),
    /// Print what completes commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
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
    List {
        /// How they are shown
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
    },
}

/// How lists are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Human,
    /// One object
    Json,
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

/// Where hooks are.
#[derive(Debug, Args)]
pub struct HookPlace {
    /// The repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub repo: PathBuf,
    /// The folder of hooks, if `core.hooksPath` names one
    #[arg(long, value_name = "DIR")]
    pub hooks_dir: Option<PathBuf>,
}

/// Which hooks to put where.
#[derive(Debug, Args)]
#[command(after_help = "The hooks are put where git looks for them unless `core.hooksPath` is set, which lanius does not read:
  lanius hook install --hooks-dir \"$(git config core.hooksPath)\"")]
pub struct HookInstall {
    /// Which hooks [default: pre-commit and pre-push; pre-receive in a bare repository]
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub types: Vec<Hook>,
    /// Where they are
    #[command(flatten)]
    pub place: HookPlace,
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
    /// Where they are
    #[command(flatten)]
    pub place: HookPlace,
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
    /// SARIF 2.1.0, for code scanning services
    Sarif,
    /// One page that needs nothing else
    Html,
    /// A table, a line for each place
    Csv,
}

/// What to scan.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = WHERE)]
pub struct Sources {
    /// Files and folders; `-` is standard input; `github://OWNER[/REPO]`, `gitlab://GROUP[/PROJECT]`; `s3://BUCKET/PREFIX`. With `--staged` or `--diff`, the repository
    #[arg(help_heading = None::<&str>)]
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
    #[arg(long, help_heading = WHAT, value_name = "CODES", value_delimiter = ',')]
    pub jurisdiction: Vec<String>,
    /// Write what became of each source to a file, a JSON line for each
    #[arg(long, help_heading = RUN, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Least confidence that is reported [default: medium]
    #[arg(long, help_heading = WHAT, value_name = "LEVEL", value_parser = level)]
    pub confidence: Option<Level>,
    /// Rule files beside the rules that come with lanius: ours, or those of Gitleaks, TruffleHog, Kingfisher, Nosey Parker; `pii` searches texts for personal data
    #[arg(long, help_heading = WHAT, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// How many threads work [default: one for each core]
    #[arg(long, help_heading = RUN, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Show no progress
    #[arg(long, help_heading = RUN)]
    pub no_progress: bool,
    /// Of code hosts
    #[command(flatten)]
    pub hosting: crate::hosting::arguments::Hosting,
    /// Of `s3://bucket/prefix`
    #[command(flatten)]
    pub bucket: Bucket,
}

/// What is not to be reported.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = POLICY)]
pub struct Policies {
    /// What was found before: a baseline of ours, .gitleaksignore, a report of Gitleaks in JSON, .secrets.baseline
    #[arg(long, value_name = "FILE")]
    pub baseline: Vec<PathBuf>,
    /// Configuration, in place of the .lanius.toml of what is scanned
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no configuration, ignore file or baseline of what is scanned
    #[arg(long)]
    pub no_config: bool,
    /// What is scanned decides nothing: report what it asks not to report
    #[arg(long)]
    pub untrusted: bool,
    /// File with the key of fingerprints, 16 bytes or more
    #[arg(long, value_name = "FILE", env = "LANIUS_KEY_FILE")]
    pub key_file: Option<PathBuf>,
}

/// What to scan, and how.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lanius scan .                                  the folder, findings for people
  lanius scan --format jsonl src                 a JSON line for each place
  git diff | lanius scan -                       standard input; also <(command) of a shell
  lanius scan --staged                           what the next commit will bring
  lanius scan --diff origin/main                 what a branch brings, in CI
  lanius scan github://ORG                       every repository of an organisation
  lanius scan --git . --state /var/lib/lanius/app.json
                                                 the history; the next time, only its new commits
  lanius scan --baseline old.json --fail-on high .
                                                 exit 1 only if something new is of high confidence
  lanius scan --untrusted --config org.toml --git clone
                                                 somebody else's repository: only org.toml decides

Exit status: 0 nothing found, 1 findings at the level of --fail-on, 2 something could not be scanned.")]
pub struct Scan {
    /// What to scan
    #[command(flatten)]
    pub sources: Sources,
    /// What is not to be reported
    #[command(flatten)]
    pub policies: Policies,
    /// How results are shown
    #[arg(long, help_heading = None::<&str>, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Least confidence that makes the exit status 1 [default: whatever is reported]
    #[arg(long, help_heading = None::<&str>, value_name = "LEVEL", value_parser = level)]
    pub fail_on: Option<Level>,
    /// File with the states of findings, made if it is not there; with it, histories are scanned from where the last scan ended
    #[arg(long, help_heading = None::<&str>, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Show secrets in full
    #[arg(long, help_heading = None::<&str>)]
    pub show_secrets: bool,
    /// Write to a file, in one step, in place of standard output
    #[arg(long, help_heading = None::<&str>, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Whether and how services are asked
    #[command(flatten)]
    pub verification: Verification,
}

/// What goes into a baseline.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lanius baseline .                       what is found now goes into .lanius-baseline.json
  lanius baseline --prune .               and what is gone leaves it
  lanius baseline --git . -o history.json --confidence low
                                          what another baseline here knows goes into it, too
  LANIUS_KEY_FILE=~/.lanius.key lanius baseline .
                                          by value, not by context: a new value in an old place is reported")]
pub struct BaselineOptions {
    /// What to scan
    #[command(flatten)]
    pub sources: Sources,
    /// What is not to be reported, and so not recorded
    #[command(flatten)]
    pub policies: Policies,
    /// The file to make or update
    #[arg(long, help_heading = None::<&str>, short, value_name = "FILE", default_value = ".lanius-baseline.json")]
    pub output: PathBuf,
    /// Drop what is no longer found
    #[arg(long, help_heading = None::<&str>)]
    pub prune: bool,
}

/// What is done with states.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// Say what became of a finding
    #[command(after_help = "Example:
  lanius state set --state app.json c1:6f1e… rotated --note 'new key since 12 May'")]
    Set {
        /// The file that `lanius scan --state` wrote
        #[arg(long, value_name = "FILE")]
        state: PathBuf,
        /// Its fingerprint, or the beginning of it
        fingerprint: String,
        /// What became of it
        value: Standing,
        /// Why, by whom
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// List the findings with their states
    List {
        /// The file that `lanius scan --state` wrote
        #[arg(long, value_name = "FILE")]
        state: PathBuf,
        /// How they are shown
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
}

/// Whether and how services are asked if a credential lives.
#[derive(Debug, Args)]
#[command(next_help_heading = ASK)]
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

/// How objects in S3 are scanned.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Objects in S3 (s3://bucket/prefix, a build with the feature `aws`)")]
pub struct Bucket {
    /// How many objects at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub at_once: u16,
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
    /// Least confidence that is written [default: medium]
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub confidence: Option<Level>,
    /// Rule files of your own, beside the rules that come with lanius
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Configuration, in the form of .lanius.toml: allow-lists, rules that are switched off
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What was found before, as for `lanius scan`
    #[arg(long, value_name = "FILE")]
    pub baseline: Vec<PathBuf>,
    /// File with the key of fingerprints, 16 bytes or more
    #[arg(long, value_name = "FILE", env = "LANIUS_KEY_FILE")]
    pub key_file: Option<PathBuf>,
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
