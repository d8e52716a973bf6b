//! The command line as it is typed.

use std::path::PathBuf;

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
    /// Show, test rules
    Rules {
        /// What to do with them
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Say what a rule finds, and what to do about it
    Explain {
        /// Its id, as reports name it
        rule: String,
        /// Rule files of your own, beside the rules that come with lanius
        #[arg(long, value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
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
    /// Write to a file, in one step, in place of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show no progress
    #[arg(long)]
    pub no_progress: bool,
}

fn level(text: &str) -> Result<Level, String> {
    match text {
        "low" => Ok(Level::Low),
        "medium" => Ok(Level::Medium),
        "high" => Ok(Level::High),
        _ => Err("it is one of low, medium, high".to_owned()),
    }
}
