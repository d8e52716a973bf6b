//! One file for each verb of the command line.

mod baseline;
mod bucket;
mod changes;
mod completions;
mod explain;
mod hook;
mod hosting;
mod output;
mod panics;
mod policy;
mod progress;
mod redact;
mod rules;
mod scan;
mod sources;
mod state;
mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

#[cfg(feature = "aws")]
pub use worker::function;

use clap::Parser as _;
use menagerie_report as report;

use crate::cli::{Cli, Command};

/// Runs the command line `arguments`, the first of which is the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { report::Exit::Incomplete.into() } else { report::Exit::Fine.into() };
        }
    };
    let _quiet = panics::Quiet::new();
    let done = match cli.command {
        Command::Scan(scan) => scan::run(&scan),
        Command::Hook { command } => hook::run(&command),
        Command::Baseline(options) => baseline::run(&options),
        Command::State { command } => state::run(command),
        Command::Worker(worker) => worker::run(&worker),
        Command::Rules { command } => rules::run(command),
        Command::Explain { rule, rules } => explain::run(&rule, &rules),
        Command::Completions { shell } => completions::run(shell),
        Command::Redact(redact) => redact::run(&redact),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            report::error(format_args!("{error:#}"));
            report::Exit::Incomplete.into()
        }
    }
}

/// Now, for records.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Today, in UTC, for what expires.
fn today() -> jiff::civil::Date {
    now().to_zoned(jiff::tz::TimeZone::UTC).date()
}
