//! The command line as it is typed.

mod lint;

use clap::{Parser, Subcommand};

pub use lint::{LintArgs, LintFormat, LintProfile, LintSeverity};

/// TLS certificates for a fleet: an authority that deploy pipelines use by REST and ACME
#[derive(Debug, Parser)]
#[command(name = "lemur", version, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check certificates by RFC 5280 and the Baseline Requirements
    Lint(LintArgs),
    /// Print what completes commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}
