//! One file for each verb of the command line.

mod completions;
mod lint;

use std::ffi::OsString;
use std::process::ExitCode;

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
        Command::Completions { shell } => completions::run(shell),
        Command::Lint(options) => lint::run(&options),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            report::error(format_args!("{error:#}"));
            report::Exit::Incomplete.into()
        }
    }
}
