//! One file for each verb of the command line.

mod bucket;
mod changes;
mod hook;
mod rules;
mod scan;
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
    let done = match cli.command {
        Command::Scan(scan) => scan::run(&scan),
        Command::Hook { command } => hook::run(&command),
        Command::Worker(worker) => worker::run(&worker),
        Command::Rules { command } => rules::run(command),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            report::error(format_args!("{error:#}"));
            report::Exit::Incomplete.into()
        }
    }
}
